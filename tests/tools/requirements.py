#!/usr/bin/python3
"""The table of tests/requirements.tsv.

  requirements.py              prints a line `item N: …` for each row; fails when an item of the list below has none and is not
                               named as not yet, when a test does not exist, or when a line is not once in its file
  requirements.py --sabotage BUILD [N...]
                               makes the change of each row (of items N) in a copy of the tree, builds it there, runs the row's
                               test and demands that it fails; ends in "N passed, N failed, N skipped"
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
TABLE = TREE / "tests" / "requirements.tsv"
ITEMS = [1, 2, 3, *range(7, 16), 21, *range(23, 32), 34, 35, 36, 37, 38, 39, 40, 41, 42]
COLUMNS = ("item", "what", "scenario", "refusal", "file", "line", "becomes", "test")
BUILD_SECONDS, TEST_SECONDS = 600, 300
QUIET = "WARN=-std=c11 -w"  # a change may leave a name unused


def read():
    """Rows as dictionaries, and the items that are named as not yet there."""
    rows, later, wrong = [], set(), []
    for number, text in enumerate(TABLE.read_text().splitlines(), 1):
        if text.startswith("# not yet:"):
            later = {int(n) for n in re.findall(r"\d+", text)}
        if not text or text.startswith("#"):
            continue
        cells = text.split("\t")
        if len(cells) != len(COLUMNS) or not cells[0].isdigit() or not all(c.strip() for c in cells):
            wrong.append(f"{TABLE.name}:{number}: {len(COLUMNS)} filled columns are needed, the first a number")
            continue
        rows.append({**dict(zip(COLUMNS, cells)), "item": int(cells[0]), "at": f"{TABLE.name}:{number}"})
    return rows, later, wrong


def exists(test):
    if "." not in test:
        return any((TREE / "tests").glob(f"*/{test}.c"))
    module, function = test.split(".", 1)
    return any(f"\ndef {function}(" in p.read_text() for p in (TREE / "tests").glob(f"*/{module}.py"))


def lines_of(path, line):
    """Numbers of the lines that are this one, indentation aside."""
    return [i for i, text in enumerate(path.read_text().splitlines()) if text.strip() == line]


def check(rows, later):
    wrong = []
    for r in rows:
        for column in ("scenario", "refusal", "test"):
            if not exists(r[column]):
                wrong.append(f"{r['at']}: there is no test {r[column]}")
        path = TREE / r["file"]
        n = len(lines_of(path, r["line"])) if path.is_file() else 0
        if n != 1:
            wrong.append(f"{r['at']}: the line stands {n} times in {r['file']}, once is needed")
    have = {r["item"] for r in rows}
    wrong += [f"item {n} has no row" for n in ITEMS if n not in have and n not in later]
    wrong += [f"item {n} has a row: take it from the list of those not yet there" for n in sorted(later & have)]
    return wrong


def show(rows, later):
    for r in sorted(rows, key=lambda r: r["item"]):
        print(f"item {r['item']}: {r['what']} ({r['scenario']}; refused: {r['refusal']})")
    for n in sorted(later):
        print(f"item {n}: not yet")


def copy_tree(to, build):
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TREE, check=True,
                           capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source = TREE / name
        if source.is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)
    shutil.copytree(build, to / "build" / "rel", copy_function=shutil.copy2)


def run(argv, cwd, seconds):
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=seconds)


def test_argv(test):
    return ["/usr/bin/python3", "tests/scenarios/run.py", "build/rel", test] if "." in test else [f"build/rel/tests/{test}"]


def targets(test):
    return ["build"] if "." in test else [f"build/rel/tests/{test}"]


def sabotage(tree, r):
    """None when the change was found; else what is wrong."""
    path = tree / r["file"]
    sound = path.read_text()
    lines = sound.splitlines()
    at = lines_of(path, r["line"])[0]
    lines[at] = lines[at].replace(r["line"], r["becomes"])
    path.write_text("\n".join(lines) + "\n")
    try:
        built = run(["make", "-j2", QUIET, *targets(r["test"])], tree, BUILD_SECONDS)
        if built.returncode:
            return "does not build: " + built.stderr[-400:]
        done = run(test_argv(r["test"]), tree, TEST_SECONDS)
        if done.returncode == 0:
            return f"{r['test']} passes all the same"
        if "." in r["test"] and not re.search(r"^0 passed, [1-9]|^\d+ passed, [1-9]\d* failed", done.stdout, re.M):
            return f"{r['test']} did not run: {(done.stdout + done.stderr)[-400:]}"
        return None
    finally:
        path.write_text(sound)


def sabotage_all(rows, build):
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="sabotage-", dir=TREE / "build") as folder:
        tree = Path(folder)
        copy_tree(tree, build)
        for test in sorted({r["test"] for r in rows}):  # sound code passes, or a failure would prove nothing
            run(["make", "-j2", "build", *targets(test)], tree, BUILD_SECONDS)
            done = run(test_argv(test), tree, TEST_SECONDS)
            if done.returncode:
                print(f"{test} fails without any change:\n{(done.stdout + done.stderr)[-600:]}")
                return 0, len(rows)
        for r in rows:
            wrong = sabotage(tree, r)
            print(f"item {r['item']}: {r['file']}: {'found by ' + r['test'] if not wrong else 'NOT FOUND: ' + wrong}", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
    return passed, failed


def main():
    os.chdir(TREE)
    rows, later, wrong = read()
    wrong += check(rows, later)
    if wrong:
        print("\n".join(wrong))
        return 1
    if sys.argv[1:2] != ["--sabotage"]:
        show(rows, later)
        return 0
    wanted = {int(n) for n in sys.argv[3:]}
    passed, failed = sabotage_all([r for r in rows if not wanted or r["item"] in wanted], Path(sys.argv[2]).resolve())
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
