#!/usr/bin/env python3
"""Every refusal of a request, a case or a read has a test that names its whole text.

Reads the texts that `fail_set` gets in FOLDERS, and all strings of the tests. A text counts as seen when a string of a test is
that text from beginning to end, with anything where the source fills something in. What has no test stands in
tests/refusals.tsv with the reason; a row there that is not needed any more is an error, too.

    refusals.py           the check
    refusals.py --list    every text without a test, with its place
"""
import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("gateway/core", "gateway/cases", "gateway/flow", "gateway/read")
EXCEPTIONS = ROOT / "tests" / "refusals.tsv"
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
CONVERSION = re.compile(r'%(?:%|[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:hh|h|ll|l|z|j|t)?[a-zA-Z])')
GAP = "\0"


def unquoted(text):
    return text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def gaps(text):
    return CONVERSION.sub(lambda m: "%" if m.group() == "%%" else GAP, text)


def arguments(source, start):
    """The arguments of the call whose opening bracket stands before `start`, as written."""
    out, depth, at, i = [], 0, start, start
    while True:
        c = source[i]
        if c == '"':
            i = LITERAL.match(source, i).end()
            continue
        if c in "([{":
            depth += 1
        elif c in ")]}":
            if depth == 0:
                return out + [source[at:i]]
            depth -= 1
        elif c == "," and depth == 0:
            out.append(source[at:i])
            at = i + 1
        i += 1


def texts(source):
    """(line, text) of every refusal; GAP where something is filled in. A choice between texts is each of them."""
    source = re.sub(r'"\s*PRI[a-zA-Z0-9]+\s*"', "lu", re.sub(r'"\s*PRI[a-zA-Z0-9]+(?=\s*[,)])', 'lu"', source))
    for call in re.finditer(r"\bfail_set\(", source):
        args = arguments(source, call.end())
        line = source.count("\n", 0, call.start()) + 1
        for choice in re.split(r"[?:](?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", args[3]):
            parts = LITERAL.findall(choice)
            if not parts:
                continue
            text = gaps("".join(unquoted(p) for p in parts))
            if text == GAP:  # the text comes from elsewhere: what is passed on, or a choice made here
                for given in args[4:]:
                    for choice in re.split(r"[?:](?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", given):
                        parts = LITERAL.findall(choice)
                        if parts and "(" not in choice:
                            yield line, "".join(unquoted(p) for p in parts)
            else:
                yield line, text


def python_strings(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield gaps(node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(v.value if isinstance(v, ast.Constant) else GAP for v in node.values)


def c_strings(path):
    for run in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*(?:PRI\w+\s*)?"(?:[^"\\\n]|\\.)*")*', path.read_text()):
        yield gaps("".join(unquoted(p) for p in LITERAL.findall(run.group())))


def said(path):
    for text in re.findall(r"says=(\S+)", path.read_text()):
        yield text.replace("_", " ")


def test_strings():
    out = set()
    for suffix, read in ((".py", python_strings), (".c", c_strings), (".h", c_strings), (".conv", said)):
        for path in (ROOT / "tests").rglob("*" + suffix):
            if path.parent.name not in ("tools", "fuzz"):
                out.update(read(path))
    return out


def seen(text, strings):
    pattern = re.compile(".+?".join(re.escape(p) for p in text.split(GAP)), re.S)
    return any(pattern.fullmatch(s) for s in strings)


def shown(text):
    return text.replace(GAP, "{}")


def self_test():
    """It finds what stands in a call, and does not take a part of a text, or another one, for the text."""
    found = [t for _, t in texts("""x = fail_set(f, E, "a, b", n ? "no %u, or (%s)" : "none", 1, y);
                                 fail_set(f, E, "c", "in two "
                                          "parts: %" PRIu64 " s", s);""")]
    assert found == [f"no {GAP}, or ({GAP})", "none", f"in two parts: {GAP} s"], found
    assert seen(found[0], {"no 7, or (that)"}) and not seen(found[0], {"no 7", "so no 7, or (that)"})


def main():
    self_test()
    strings, without, count = test_strings(), {}, 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.c")):
            for line, text in texts(path.read_text()):
                count += 1
                if not seen(text, strings):
                    without.setdefault(shown(text), []).append(f"{path.relative_to(ROOT)}:{line}")
    if sys.argv[1:] == ["--list"]:
        for text, places in without.items():
            print(f"{' '.join(places)}\t{text}")
        return 0
    rows = [l.split("\t") for l in EXCEPTIONS.read_text().splitlines() if l and not l.startswith("#")]
    bad = [f"tests/refusals.tsv: a text and a reason, by a tab: {r}" for r in rows if len(r) != 2 or not r[1]]
    excused = {r[0] for r in rows}
    bad += [f"{' '.join(at)}: no test sees \"{t}\": write one, or say in tests/refusals.tsv why there is none"
            for t, at in without.items() if t not in excused]
    bad += [f"tests/refusals.tsv: \"{t}\" is no refusal without a test: take the row out" for t in excused - set(without)]
    print("\n".join(bad) if bad else f"refusals: {count} texts, {len(excused)} without a test, with a reason each")
    return 1 if bad or count < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
