#!/usr/bin/python3
"""make bench-large: what a journal of ten million entries costs beside one of ten thousand, and a register of ten million
data beside one of a hundred thousand. Looks for disk space first. Prints a table (medians of BENCH_RUNS runs, 3 unless said,
with their spread) and writes build/bench-large.json.

The journals are made by our own journal in large batches. The ratios: a batch of 256 entries appended and synced as core does
it; a receipt of a random entry, checked, once its pages are in memory (the first time the disk may be asked, which
prove_first_us tells). The verifier reads everything: leaves, tree, tiles, records, indexes.

The registers: two gateways, filled by `sluisctl register import` as a municipality would. The view of make bench (50
attributes of one of the same 400 persons, 16 connections) is asked of one and the other in turn; the ratio is that of the
time a view takes."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))
from bench_views import Views  # noqa: E402
from figures import medians, write  # noqa: E402
from house import seeded  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SCALE = float(os.environ.get("BENCH_SCALE", "1"))
LARGE, SMALL = int(10_000_000 * SCALE), 10_000
BYTES_AN_ENTRY = 700  # on disk, with room to spare
DATA = {"1e5": 100_000, "1e7": LARGE}
BYTES_A_DATUM = 900  # the same, with the file that is brought in
MARKED = ("journal_append_ratio_1e7_1e4", "journal_prove_ratio_1e7_1e4", "journal_verify_entries_per_s", "view_ratio_1e7_1e5")
SPARE = 5 << 30
VIEWED, WARM_UP, COUNTED = 400, 1000, 10000


def tool(build, *args):
    done = subprocess.run([build / "bench" / "bench_journal", *map(str, args)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench-large: {done.stderr.strip()}")
    return json.loads(done.stdout)


def room(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed:
        sys.exit(f"bench-large: {needed >> 30} GiB of disk space are needed in {folder}, there are {free >> 30}")


def measure_journals(build, note):
    with tempfile.TemporaryDirectory(prefix="bench-large-", dir=build) as folder:
        names = {"1e4": (Path(folder) / "small", SMALL), "1e7": (Path(folder) / "large", LARGE)}
        for name, (path, count) in names.items():
            print(f"bench-large: making {count} entries", flush=True)
            made = tool(build, "make", path, count)
            note(f"journal_bytes_per_entry_{name}", made["bytes_per_entry"])
        for run in range(RUNS):
            print(f"bench-large: journals, run {run + 1} of {RUNS}", flush=True)
            for name, (path, _) in names.items():
                note(f"journal_append_us_{name}", tool(build, "append", path)["append_us"])
                proofs = tool(build, "prove", path)
                note(f"journal_prove_us_{name}", proofs["prove_us"])
                note(f"journal_prove_first_us_{name}", proofs["prove_first_us"])
            note("journal_verify_entries_per_s", tool(build, "verify", names["1e7"][0])["entries_per_s"])


def measure_registers(build, note):
    rng, _ = seeded()
    views = {}
    try:
        for name, data in DATA.items():
            print(f"bench-large: bringing in {data} data", flush=True)
            one = views[name] = Views(build, rng, VIEWED)
            one.start()
            before = one.used_bytes()
            one.fill(data)
            note(f"import_per_s_{name}", one.brought / one.seconds)
            note(f"register_bytes_per_datum_{name}", (one.used_bytes() - before) / one.brought)
            one.open_cases()
        for run in range(RUNS):
            print(f"bench-large: registers, run {run + 1} of {RUNS}", flush=True)
            for name, one in views.items():
                r = one.run(16, WARM_UP, COUNTED)
                note(f"views50_per_s_{name}", r["per_s"])
                note(f"view50_sluisd_cpu_us_{name}", r["sluisd_cpu_us"])
        for one in views.values():
            one.city.stop()
    finally:
        for one in views.values():
            one.close()


def main():
    build = Path(sys.argv[1]).resolve()
    room(build, LARGE * BYTES_AN_ENTRY + SPARE)
    room(tempfile.gettempdir(), sum(DATA.values()) * BYTES_A_DATUM + SPARE)
    series = {}

    def note(name, value):
        series.setdefault(name, []).append(value)

    measure_journals(build, note)
    measure_registers(build, note)
    for what in ("append", "prove"):
        large, small = series[f"journal_{what}_us_1e7"], series[f"journal_{what}_us_1e4"]
        series[f"journal_{what}_ratio_1e7_1e4"] = [a / b for a, b in zip(large, small)]
    series["view_ratio_1e7_1e5"] = [a / b for a, b in zip(series["views50_per_s_1e5"], series["views50_per_s_1e7"])]
    write("bench-large", series, medians(series), MARKED, f"{RUNS} runs, {LARGE} entries and data")


if __name__ == "__main__":
    main()
