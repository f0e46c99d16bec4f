#!/usr/bin/python3
"""The tables of tests/requirements.tsv (the domain's items, by number) and tests/promises.tsv (the trust core's, by letter).

  requirements.py              prints a line `item N: …` for each row; fails when an item of the list below has none and is not
                               named as not yet, when a test does not exist, or when a line is not once in its file
  requirements.py --sabotage BUILD [N...]
                               makes the change of each row (of items N, or of those that begin with a letter) in a copy of the
                               tree, builds it there, runs the row's test and demands that it fails; ends in "N passed, N failed,
                               N skipped"
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
REQUIREMENTS, PROMISES = TREE / "tests" / "requirements.tsv", TREE / "tests" / "promises.tsv"
ITEMS = [*range(1, 16), *range(21, 45)]
COLUMNS = ("item", "what", "scenario", "refusal", "file", "line", "becomes", "test")
SHORT = ("item", "what", "test", "file", "line", "becomes")  # a promise is shown and refused by one test
BUILD_SECONDS, TEST_SECONDS = 600, 300
QUIET = "WARN=-std=c11 -w"  # a change may leave a name unused


def read(table, columns, form):
    """Rows as dictionaries, and the items that are named as not yet there."""
    rows, later, wrong = [], set(), []
    for number, text in enumerate(table.read_text().splitlines(), 1):
        if text.startswith("# not yet:"):
            later = {int(n) for n in re.findall(r"\d+", text)}
        if not text or text.startswith("#"):
            continue
        cells = text.split("\t")
        if len(cells) != len(columns) or not re.fullmatch(form, cells[0]) or not all(c.strip() for c in cells):
            wrong.append(f"{table.name}:{number}: {len(columns)} filled columns are needed, the first of the form {form}")
            continue
        row = dict(zip(columns, cells))
        rows.append({"scenario": row["test"], "refusal": row["test"], **row, "at": f"{table.name}:{number}"})
    return rows, later, wrong


def shared(promises):
    """A promise is one row; an item may take several."""
    taken = {}
    return [f"{r['at']}: {r['item']} is the promise of {taken[r['item']]}: give it a number of its own"
            for r in promises if taken.setdefault(r["item"], r["at"]) != r["at"]]


def source_of(test):
    """The file of a test: module.function of a scenario, program.function (or .conversation) in C, or a program as a whole."""
    module, _, name = test.partition(".")
    for path in (TREE / "tests").glob(f"*/{module}.py"):
        if name and f"\ndef {name}(" in path.read_text():
            return path
    for path in (TREE / "tests").glob(f"*/{module}.c"):
        if not name or re.search(rf"\b{name}\(", path.read_text()) or (path.parent / f"{name}.conv").is_file():
            return path
    return None


def lines_of(path, line):
    """Numbers of the lines that are this one, indentation aside."""
    return [i for i, text in enumerate(path.read_text().splitlines()) if text.strip() == line]


def check(rows, later):
    wrong = []
    for r in rows:
        for column in ("scenario", "refusal", "test"):
            if not source_of(r[column]):
                wrong.append(f"{r['at']}: there is no test {r[column]}")
        path = TREE / r["file"]
        n = len(lines_of(path, r["line"])) if path.is_file() else 0
        if n != 1:
            wrong.append(f"{r['at']}: the line stands {n} times in {r['file']}, once is needed")
    have = {int(r["item"]) for r in rows if r["item"].isdigit()}
    wrong += [f"item {n} has no row" for n in ITEMS if n not in have and n not in later]
    wrong += [f"item {n} has a row: take it from the list of those not yet there" for n in sorted(later & have)]
    return wrong


def show(rows, later):
    for r in sorted(rows, key=lambda r: (len(r["item"]), r["item"])):
        refused = f"; refused: {r['refusal']}" if r["item"].isdigit() else ""
        print(f"item {r['item']}: {r['what']} ({r['scenario']}{refused})")
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
    shared = {"SLUIS_SHARED": str(TREE.parent / "shared"), **os.environ}  # others' vectors lie beside the tree, not the copy
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=seconds, env=shared)


def is_scenario(test):
    return source_of(test).suffix == ".py"


def test_argv(test):
    if is_scenario(test):
        return ["/usr/bin/python3", "tests/scenarios/run.py", "build/rel", test]
    return [f"build/rel/tests/{test.split('.')[0]}"]


def targets(test):
    return ["build"] if is_scenario(test) else [f"build/rel/tests/{test.split('.')[0]}"]


def failed_as_said(test, output):
    """Whether it was this test that failed, and not something before it."""
    if is_scenario(test):
        return re.search(r"^0 passed, [1-9]|^\d+ passed, [1-9]\d* failed", output, re.M)
    name = test.partition(".")[2]
    return not name or re.search(rf"^\[  FAILED  \] (\S*/)?{name}(\.conv)?$", output, re.M)


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
        if not failed_as_said(r["test"], done.stdout + done.stderr):
            return f"{r['test']} did not fail: {(done.stdout + done.stderr)[-400:]}"
        return None
    except subprocess.TimeoutExpired as e:
        return f"{r['test']} does not end within {e.timeout:.0f} s"
    finally:
        path.write_text(sound)


def fails_soundly(tree, test):
    """Sound code passes, or a failure would prove nothing."""
    run(["make", "-j2", "build", *targets(test)], tree, BUILD_SECONDS)
    try:
        done = run(test_argv(test), tree, TEST_SECONDS)
    except subprocess.TimeoutExpired:
        return f"{test} does not end without any change"
    return f"{test} fails without any change:\n{(done.stdout + done.stderr)[-600:]}" if done.returncode else None


def sabotage_all(rows, build):
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="sabotage-", dir=TREE / "build") as folder:
        tree = Path(folder)
        copy_tree(tree, build)
        unsound = {}
        for test in {tuple(test_argv(r["test"])): r["test"] for r in rows}.values():
            wrong = fails_soundly(tree, test)
            if wrong:
                print(wrong, flush=True)
                unsound[tuple(test_argv(test))] = wrong
        for r in rows:
            wrong = unsound.get(tuple(test_argv(r["test"]))) or sabotage(tree, r)
            print(f"item {r['item']}: {r['file']}: {'found by ' + r['test'] if not wrong else 'NOT FOUND: ' + wrong}", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
    return passed, failed


def main():
    os.chdir(TREE)
    rows, later, wrong = read(REQUIREMENTS, COLUMNS, r"\d+")
    promises, _, more = read(PROMISES, SHORT, r"[A-Z]\d\d")
    rows += promises
    wrong += more + check(rows, later) + shared(promises)
    if wrong:
        print("\n".join(wrong))
        return 1
    if sys.argv[1:2] != ["--sabotage"]:
        show(rows, later)
        return 0
    wanted = sys.argv[3:]
    chosen = [r for r in rows if not wanted or r["item"] in wanted or r["item"][0] in wanted and not r["item"].isdigit()]
    passed, failed = sabotage_all(chosen, Path(sys.argv[2]).resolve())
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
