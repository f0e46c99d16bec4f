#!/usr/bin/python3
"""Holds the pages of config/man against the programs: every configuration key with its default and bounds, every
command of sluisctl with its options, every exit code; and no page names one that does not exist.
Usage: manual.py [--self-test] BUILD, from the root of the repository."""
import functools
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
PAGES = TREE / "config" / "man"
# A page of keys, and the program that lists them.
LISTINGS = {
    "sluisd.conf.5": ("sluisctl", "config"),
    "sluis-http.8": ("sluis-http", "--settings"),
    "adapter.conf.5": ("sluis-adapter", "--settings"),
    "sluis-link.8": ("sluis-link", "--settings"),
}
EXITS = {"sluisctl.1": "sluisctl", "sluisd.8": "sluisd", "sluis-http.8": "sluis-http", "sluis-adapter.8": "sluis-adapter",
         "sluis-link.8": "sluis-link"}
faults = []


@functools.cache
def say(build, program, *args):
    return subprocess.run([build / "bin" / program, *args], capture_output=True, text=True, timeout=60).stdout


def items(page, macro):
    """What stands behind each '.It MACRO' of a page, with its quotes as they are read."""
    text = (PAGES / page).read_text()
    return [line.replace(r"\(dq", '"') for line in re.findall(rf"^\.It {macro} (.*)$", text, re.M)]


def compare(page, what, has, wants):
    for entry in sorted(set(wants) - set(has)):
        faults.append(f"{page}: {what} is not there: {entry}")
    for entry in sorted(set(has) - set(wants)):
        faults.append(f"{page}: there is no such {what}: {entry}")
    if len(set(has)) != len(has):
        faults.append(f"{page}: a {what} stands twice")
    if not wants:
        faults.append(f"{page}: no {what} to compare with")


def keys(build, page, command):
    rows = [line.split(None, 1) for line in say(build, *command).splitlines() if not line.startswith(" ")]
    compare(page, "key", items(page, "Cm"), [f"{key} Pq {value}" for key, value in rows])


def synopsis(build, name):
    """A command as the page writes it, from its own --help: required options first, each kind in alphabetical order."""
    usage, listed = say(build, "sluisctl", *name.split(), "--help").split("\n\n")[:2]
    operand = re.search(r"\[OPTION\.\.\.\] (\S+)", usage)
    needed, free = [], []
    for line in re.sub(r"\n {20,}", " ", listed).splitlines():
        option = re.match(r" {6}--([a-z-]+)(?:=(\S+))?(.*)", line)
        if not option or option[0].strip().startswith(("--json ", "--usage ")):
            continue
        text = f"Fl -{option[1]}" + (f" Ar {option[2]}" if option[2] else "")
        (needed if option[3].endswith("(required)") else free).append(text)
    return " ".join([name, *([f"Ar {operand[1]}"] if operand else []), *needed, *(f"Oo {o} Oc" for o in free)])


def commands(build, page):
    listed = re.findall(r"^  ([a-z]+(?: [a-z-]+)?)(?: [A-Z]+)?  +\S", say(build, "sluisctl", "--help"), re.M)
    compare(page, "command", items(page, "Ic"), [synopsis(build, name) for name in listed])


def exits(build, page, program):
    told = re.findall(r"^  (\d+)  (\S.*)$", say(build, program, "--help").split("Exit codes:")[1], re.M)
    has = re.findall(r"^\.It (\d+)\n(.*)$", (PAGES / page).read_text(), re.M)
    compare(page, "exit code", [" ".join(e) for e in has], [" ".join(e) for e in told])


# Pages of files that no program lists: whose source has the tables of keys, and where a table is found in the file, the list
# whose rows it describes ("": the file itself).
TABLES = {
    "sluis-rules.5": (("gateway/policy/*.[ch]", "proto/base/bounds.[ch]"), {
        "attribute_keys": "attributes", "function_keys": "functions", "application_keys": "applications",
        "may_keys": "applications.may", "level_keys": "levels", "look_keys": "looks", "law_keys": "laws",
        "basis_keys": "legal_bases", "problem_keys": "problems", "purpose_keys": "purposes", "domain_keys": "domains",
        "gives_keys": "domains.gives", "reason_keys": "reasons", "condition_keys": "conditions", "term_keys": "retention",
        "rule_keys": "rules", "ask_keys": "templates.asks", "template_keys": "templates", "right_keys": "rights",
        "view_keys": "views", "reuse_keys": "reuse", "fetch_keys": "fetch",
        "list_keys": "code_lists", "code_keys": "code_lists.codes", "bound_keys": "attributes",
    }),
    "sluis-mapping.5": (("adapters/mapping/mapping_load.c",), {
        "root_keys": "", "ns_keys": "namespaces", "check_keys": "checks", "gate_keys": "gates", "attribute_keys": "attributes",
    }),
}
ROW = re.compile(r'"(\w+)", CONFIG_\w+, (true|false),[^"]*?"[^"]*", (NULL|"[^"]*")|SHARE\("(\w+)"|(KEY_\w+)')


def rule_key(key, required, dflt):
    value = "required" if required else "optional" if dflt == "NULL" else dflt
    return key, value if value in ("required", "optional", "true", "false") or value.isdigit() else f'"{value}"'


def rule_rows(source, shared):
    for key, required, dflt, share, macro in ROW.findall(source):
        yield shared[macro] if macro else rule_key(share or key, share or required == "true", dflt.strip('"'))


def files(page, globs, lists):
    text = "".join(s.read_text() for g in globs for s in sorted(TREE.glob(g)))
    for rows, body in re.findall(r"#define (\w+_KEYS?)\b((?:.*\\\n)+.*\n)", text):
        text = re.sub(rf"(?<!#define )\b{rows}\b", lambda m, body=body: body, text)
    shared = {}
    for macro, row in re.findall(r"#define (KEY_\w+)((?:.*\\\n)*.*\n)", text):
        shared.update({macro: r for r in rule_rows(row, {})})
    wants = []
    for table, source in re.findall(r"static const config_key (\w+)\[\] = \{(.*?)\};", text, re.S):
        if not table.endswith("_file") and table not in lists:
            faults.append(f"manual.py: say in TABLES which list {table} describes")
            continue
        for key, value in rule_rows(source, shared):
            wants.append(f"{lists[table] + '.' if lists.get(table) else ''}{key} Pq {value}")
    compare(page, "key", items(page, "Cm"), wants)


def where_it_is_configured():
    """The README's table names every file of the rules and of the programs, and none that is not there."""
    table = (TREE / "README.md").read_text().split("## What a municipality configures, and where\n")[1].split("\n\n")[0]
    named = re.findall(r"`(?:rules/)?([\w-]+\.conf)`", table)
    there = {p.name for folder in ("rules", "examples") for p in (TREE / "config" / folder).glob("*.conf")}
    kinds = {n for n in there if not n.startswith("adapter-") or n in named}  # one adapter stands for all
    compare("README.md", "file in the table of what is configured", named, kinds)


def check(build):
    faults.clear()
    where_it_is_configured()
    for page, command in LISTINGS.items():
        keys(build, page, command)
    for page, program in EXITS.items():
        exits(build, page, program)
    commands(build, "sluisctl.1")
    for page, (globs, lists) in TABLES.items():
        files(page, globs, lists)
    return len(faults)


def self_test(build):
    """Of each page in turn the first item is misspelt: a fault each."""
    global PAGES
    whole = PAGES
    with tempfile.TemporaryDirectory() as d:
        for page in whole.iterdir():
            PAGES = Path(shutil.copytree(whole, Path(d) / page.name))
            (PAGES / page.name).write_text(re.sub(r"^\.It (Cm|Ic|\d+)\b", r".It \g<1>9", page.read_text(), count=1, flags=re.M))
            if not check(build):
                print(f"manual --self-test: a defect of {page.name} was not found")
                return 1
    print("manual --self-test: the defects are found")
    return 0


def main():
    build = Path(sys.argv[-1]).resolve()
    if "--self-test" in sys.argv:
        return self_test(build)
    check(build)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"manual: {len(list(PAGES.iterdir()))} pages, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
