"""Single-byte flips over a copy of the gateway's store and key file: each must be detected by `journal verify`, or
lie in a range that the verifier of the sound copy names as holding nothing."""
import bisect
import json
import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from house import NAME, SANITIZER, SLOW, check


class Result:
    def __init__(self):
        self.detected = self.free = 0
        self.missed, self.examples = [], []


def verify_args(city, copy, *more):
    return ("journal", "verify", copy, "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key",
            city.keys / "master.key", "--directory-key", city.keys / "directory.key.pub", *more)


class FreeRanges:
    """The byte ranges [from, to) of each file that hold nothing."""

    def __init__(self, listed):
        self.by_file = {}
        for r in listed:
            self.by_file.setdefault(r["file"], []).append((r["from"], r["to"]))
        for ranges in self.by_file.values():
            ranges.sort()

    def holds(self, name, offset):
        ranges = self.by_file.get(name, [])
        i = bisect.bisect_right(ranges, (offset, float("inf"))) - 1
        return i >= 0 and ranges[i][0] <= offset < ranges[i][1]


def plan(copy, n, seed):
    """n flips: (file, offset, mask). Each file gets its share by size, but a large, mostly empty file not everything."""
    rng = random.Random(seed)
    files = sorted(p.relative_to(copy) for p in copy.rglob("*") if p.is_file() and p.stat().st_size and p.name != "lock.mdb")
    check(files, "the copy holds no files")
    out = []
    for i in range(n):
        name = files[i % len(files)]
        out.append((str(name), rng.randrange((copy / name).stat().st_size), 1 << rng.randrange(8)))
    return out


def flip(path, offset, mask):
    with open(path, "r+b") as f:
        f.seek(offset)
        old = f.read(1)
        f.seek(offset)
        f.write(bytes([old[0] ^ mask]))


def run(city, copy, n, seed, workers=2):
    free = FreeRanges(city.ctl(*verify_args(city, copy, "--free"))["free"])
    flips = plan(copy, n, seed)
    result = Result()

    def work(k):
        """One verifier for all its flips: it reads folders from stdin, and says a line of each."""
        mine = copy.with_name(f"{copy.name}-{k}")
        shutil.copytree(copy, mine)
        argv = [str(city.bin / "sluisctl"), *map(str, verify_args(city, "-")), "--json"]
        out, p = [], None
        for name, offset, mask in flips[k::workers]:
            if p is None:
                p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                     env=city.env)
            flip(mine / name, offset, mask)
            p.stdin.write(f"{mine}\n")
            p.stdin.flush()
            line = p.stdout.readline()
            flip(mine / name, offset, mask)
            if line:
                out.append((name, offset, mask, json.loads(line), ""))
            else:
                out.append((name, offset, mask, None, f"exit {p.wait()}: {p.stderr.read()[-2000:]}"))
                p = None
        if p:
            _, err = p.communicate(timeout=60 * SLOW)
            check(not SANITIZER.search(err), f"the verifier: {err[-2000:]}")
        shutil.rmtree(mine)
        return out

    with ThreadPoolExecutor(workers) as pool:
        done = [d for part in pool.map(work, range(workers)) for d in part]
    for name, offset, mask, finding, died in done:
        at = f"{name} byte {offset} bit {mask.bit_length() - 1}"
        if finding is None:
            result.missed.append(f"{at}: the verifier ended: {died}")
        elif not finding["ok"]:
            check(finding["where"], f"{at}: detected, but the verifier names nothing: {finding}")
            result.detected += 1
            at = f"{at}: {finding['where']}: {finding['text']}"
            result.examples.insert(0 if "entry" in finding["where"] else len(result.examples), at)
        elif free.holds(name, offset):
            result.free += 1
        else:
            result.missed.append(at)
    return result
