#!/usr/bin/python3
"""make bench-large: what a journal of ten million entries costs beside one of ten thousand. Looks for disk space first.
Prints a table (medians of BENCH_RUNS runs, 3 unless said, with their spread) and writes build/bench-large.json.

Both journals are made by our own journal in large batches. The ratios: a batch of 256 entries appended and synced as
core does it; a receipt of a random entry, checked, once its pages are in memory (the first time the disk may be
asked, which prove_first_us tells). The verifier reads everything: leaves, tree, tiles, records, indexes."""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SCALE = float(os.environ.get("BENCH_SCALE", "1"))
LARGE, SMALL = int(10_000_000 * SCALE), 10_000
BYTES_AN_ENTRY = 700  # on disk, with room to spare
SPARE = 5 << 30


def tool(build, *args):
    done = subprocess.run([build / "bench" / "bench_journal", *map(str, args)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench-large: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main():
    build = Path(sys.argv[1]).resolve()
    out = TREE / "build" / "bench-large.json"
    needed, free = LARGE * BYTES_AN_ENTRY + SPARE, shutil.disk_usage(build).free
    if free < needed:
        sys.exit(f"bench-large: {needed >> 30} GiB of disk space are needed in {build}, there are {free >> 30}")
    series = {}

    def note(name, value):
        series.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory(prefix="bench-large-", dir=build) as folder:
        names = {"1e4": (Path(folder) / "small", SMALL), "1e7": (Path(folder) / "large", LARGE)}
        for name, (path, count) in names.items():
            print(f"bench-large: making {count} entries", flush=True)
            made = tool(build, "make", path, count)
            note(f"journal_bytes_per_entry_{name}", made["bytes_per_entry"])
        for run in range(RUNS):
            print(f"bench-large: run {run + 1} of {RUNS}", flush=True)
            for name, (path, _) in names.items():
                note(f"journal_append_us_{name}", tool(build, "append", path)["append_us"])
                proofs = tool(build, "prove", path)
                note(f"journal_prove_us_{name}", proofs["prove_us"])
                note(f"journal_prove_first_us_{name}", proofs["prove_first_us"])
            note("journal_verify_entries_per_s", tool(build, "verify", names["1e7"][0])["entries_per_s"])
    for what in ("append", "prove"):
        large, small = series[f"journal_{what}_us_1e7"], series[f"journal_{what}_us_1e4"]
        series[f"journal_{what}_ratio_1e7_1e4"] = [a / b for a, b in zip(large, small)]
    print(f"\n{'figure':34} {'median':>12} {'min':>12} {'max':>12}   ({RUNS} runs, {LARGE} entries, {os.cpu_count()} cores)")
    for name, v in series.items():
        print(f"{name:34} {statistics.median(v):12.2f} {min(v):12.2f} {max(v):12.2f}")
    out.write_text(json.dumps({k: round(statistics.median(v), 3) for k, v in series.items()}, indent=1) + "\n")
    print(f"bench-large: {out.relative_to(TREE)}")


if __name__ == "__main__":
    main()
