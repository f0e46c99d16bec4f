#!/usr/bin/python3
"""Plays the scenarios against the programs of a build. Usage: run.py BUILD [NAME...]

BUILD is build/rel, build/asan or build/tsan. Each test_*.py, here and in tests/faults, holds functions test_*(city):
the functions of a file share one city unless the file says FRESH = True. A function may return a string: skipped, and
why. A complaint of a sanitizer in any log fails the file's last function. Each file is a process of its own, two at a
time: a scenario waits more than it works. Ends in "N passed, N failed, N skipped"."""
import importlib
import os
import re
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDERS = (HERE, HERE.parent / "faults")
sys.path[:0] = map(str, FOLDERS)

# Slower builds get more time and the sanitizers' options.
FLAVOURS = {
    "asan": {"SLUIS_SLOW": "4", "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
             "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"},
    "tsan": {"SLUIS_SLOW": "8", "TSAN_OPTIONS": "halt_on_error=0:exitcode=99:history_size=4:second_deadlock_stack=1:"
                                                f"suppressions={HERE.parent / 'tools' / 'tsan.supp'}"},
}


def functions(module):
    return [(n, f) for n, f in vars(module).items() if n.startswith("test_") and callable(f)]


def chosen(name, wanted):
    module = importlib.import_module(name)
    return module, [(n, f) for n, f in functions(module) if not wanted or any(w in f"{name}.{n}" for w in wanted)]


def run_file(name, build, wanted):
    from city import City
    module, run = chosen(name, wanted)
    fresh = getattr(module, "FRESH", False)
    passed = failed = skipped = 0
    city = None
    for i, (fn, f) in enumerate(run):
        began = time.monotonic()
        word, detail = "ok", ""
        try:
            if city is None:
                city = City(build / "bin")
                if not fresh:
                    city.up(bench=True)
            why = f(city)
            if isinstance(why, str):
                word, detail = "skipped", why
            if fresh or i == len(run) - 1:
                city.stop()
        except AssertionError as e:
            word, detail = "FAILED", str(e) or traceback.format_exc()
        except Exception:  # any defect of the scenario is a failure of it, not of the run
            word, detail = "FAILED", traceback.format_exc()
        if word == "FAILED" and city:
            detail += "".join(f"\n{c}" for c in city.complaints())
            detail += "".join(f"\n-- {p.name}: {p.tail(4)}" for p in city.processes())
        passed, failed, skipped = passed + (word == "ok"), failed + (word == "FAILED"), skipped + (word == "skipped")
        print(f"{word:8} {name}.{fn}  {time.monotonic() - began:.1f} s" + (f"\n{detail}" if detail else ""), flush=True)
        if city and (fresh or word == "FAILED"):
            city.close()
            city = None
    if city:
        city.close()
    return passed, failed, skipped


TOTALS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped\n\Z", re.M)


def in_a_process(name, build, wanted):
    """What it printed but its last line, and the numbers there."""
    done = subprocess.run([sys.executable, __file__, "--file", name, build, *wanted], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    end = TOTALS.search(done.stdout)
    if not end:
        return f"{done.stdout}FAILED   {name}: its process ended with {done.returncode}\n", (0, 1, 0)
    return done.stdout[:end.start()], tuple(map(int, end.groups()))


def main():
    args = sys.argv[1:]
    name = args[1] if args[:1] == ["--file"] else None
    args = args[2:] if name else args
    if not args:
        print(__doc__, file=sys.stderr)
        return 2
    build, wanted = Path(args[0]).resolve(), args[1:]
    for key, value in FLAVOURS.get(build.name, {}).items():
        os.environ.setdefault(key, value)
    totals = [0, 0, 0]
    if name:
        totals = run_file(name, build, wanted)
    else:
        names = [p.stem for folder in FOLDERS for p in sorted(folder.glob("test_*.py")) if chosen(p.stem, wanted)[1]]
        with ThreadPoolExecutor(2) as pool:
            for task in as_completed([pool.submit(in_a_process, n, str(build), wanted) for n in names]):
                text, counts = task.result()
                print(text, end="", flush=True)
                totals = [a + b for a, b in zip(totals, counts)]
    if sum(totals) == 0:
        print("scenarios: nothing was run")
        totals[1] = 1
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return totals[1] != 0


if __name__ == "__main__":
    sys.exit(main())
