"""Receipts as an auditor meets them: fetched, verified offline, and refused when anything in them is changed."""
import subprocess
import sys

from city import CHILD, PARENT
from house import GATEWAY_OIN, NAME, TREE, check, seeded
from test_document import Page, document

sys.path.insert(0, str(TREE / "tests" / "tools"))
import receipt_reader  # noqa: E402

FLIPS = 40


def verify(city, file, want=0, name=NAME, key="log.key.pub", *more):
    return city.ctl("receipt", "verify", file, "--name", name, "--log-key", city.keys / key, *more, want=want)


def fetched(city, index, name):
    file = city.root / name
    got = city.ctl("receipt", "get", "--by", "controleur-1", index, "--out", file, "--socket", city.control)
    check(got["index"] == index and got["bytes"] == file.stat().st_size, f"{got}")
    return file


def test_get_and_verify(city):
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    transaction = city.file(case, 2, "school", ["school-naam", "school-soort"])["verzoekId"]
    city.answered(transaction)
    entries = city.ctl("trace", transaction, "--by", "beheer-1", "--socket", city.control)
    check(len(entries) >= 2, f"{entries}")
    for entry in entries:
        facts = verify(city, fetched(city, entry["index"], f"{entry['index']}.receipt"))
        check(facts["ok"] and facts["grade"] == "logged" and facts["index"] == entry["index"], f"{facts}")
        check(facts["transaction"] == transaction and facts["origin"] == f"{NAME}/journal/1", f"{facts}")
        for key in ("when", "type", "kind", "from", "to", "decision"):
            check(facts[key] == entry[key], f"{key}: {facts[key]} is not {entry[key]}")
        check(facts["size"] > facts["index"] and facts["keep_until"] > facts["when"][:10], f"{facts}")
    text = city.ctl("receipt", "verify", city.root / f"{entries[0]['index']}.receipt", "--name", NAME, "--log-key",
                    city.keys / "log.key.pub", plain=True)
    check("grade" in text and "logged" in text, text)


def test_a_stranger_checks_it_by_hand(city):
    """The README's steps with the standard library alone say what our own verifier says; of anything changed, no."""
    rng, seed = seeded()
    key = bytes.fromhex((city.keys / "log.key.pub").read_text().split()[1])
    for index in (0, 1, 2, city.status()["journal_entries"] - 1):
        file = fetched(city, index, f"{index}.by-hand")
        facts, ours = receipt_reader.check(file.read_bytes(), NAME, key), verify(city, file)
        for name in ("index", "origin", "size", "message_hash", "from", "to", "decision"):
            check(facts[name] == ours[name], f"entry {index}: {name} {facts[name]} is not {ours[name]}")
    raw = file.read_bytes()
    for at in sorted({*rng.sample(range(len(raw)), FLIPS), *range(len(raw) - 8, len(raw))}):
        changed = raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1:]
        try:
            receipt_reader.check(changed, NAME, key)
        except (ValueError, KeyError, IndexError):
            continue
        check(False, f"seed {seed}: taken with byte {at} changed")
    for name, other in ((NAME + "x", key), (NAME, bytes([key[0] ^ 1]) + key[1:])):
        try:
            receipt_reader.check(raw, name, other)
        except ValueError:
            continue
        check(False, f"taken under {name}")


def example():
    """The program and what it says, as the README gives them: the two indented blocks of "An example"."""
    text = (TREE / "gateway" / "journal" / "README.md").read_text()
    part = text.partition("### An example\n")[2].partition("\n## ")[0]
    program, _, said = part.partition("\nIt says:\n")

    def block(of):
        lines = of.split("\n")
        first = next(i for i, line in enumerate(lines) if line.startswith("    "))
        last = max(i for i, line in enumerate(lines) if line.startswith("    "))
        return "".join(line[4:] + "\n" for line in lines[first:last + 1])
    return block(program), block(said)


def test_the_example_of_the_readme(city):
    """It runs as it stands, and says what is written under it; with another root in the receipt it does not."""
    program, said = example()
    done = subprocess.run(["/usr/bin/python3", "-c", program], cwd=TREE, capture_output=True, text=True, timeout=60)
    check(done.returncode == 0 and done.stdout == said, f"{done.stdout}{done.stderr} instead of\n{said}")
    lines = {line[:12].strip(): line[12:].split() for line in said.splitlines()}
    check(lines["key hash"][0] == lines["key hash"][1] and lines["commitment"] == lines["in the leaf"], said)
    check(lines["node"][0] == lines["root"][0] and lines["root"][-1] == "0" and "Successfully" in lines["signature"], said)
    other = program.replace('["raw"])', '["raw"].replace("0103000000006693", "0103000000006694"))')
    check(other != program, "the vector is another")
    done = subprocess.run(["/usr/bin/python3", "-c", other], cwd=TREE, capture_output=True, text=True, timeout=60)
    changed = {line[:12].strip(): line[12:].split() for line in done.stdout.splitlines()}
    check(done.returncode == 0 and changed["node"][0] != changed["root"][0], done.stdout + done.stderr)


def test_every_exit_code(city):
    file = fetched(city, 0, "origin.receipt")
    facts = verify(city, file)
    check(facts["type"] == "R_ORIGIN" and facts["keep_until"] == "always", f"{facts}")
    check(verify(city, file, None, "sluis.elders.test")[0] == 1, "another gateway's name")
    check(verify(city, file, None, NAME, "sign.key.pub")[0] == 5, "a key of another use")
    check(verify(city, city.root / "none", None)[0] == 5, "no such file")
    check(city.ctl("receipt", "verify", file, "--name", NAME, want=None)[0] == 2, "no key given")

    def get(index, out, socket=city.control):
        return city.ctl("receipt", "get", "--by", "controleur-1", index, "--out", city.root / out, "--socket", socket, want=None)[0]
    check(get(0, "origin.receipt") == 5, "a file was overwritten")
    check(get(1 << 40, "beyond") == 1, "beyond the journal")
    check(get("first", "word") == 2, "no number")
    check(get(0, "unreached", city.root / "no.sock") == 3, "no gateway")
    check(not (city.root / "beyond").exists() and not (city.root / "unreached").exists(), "a file was made all the same")


def test_any_change_is_found(city):
    rng, seed = seeded()
    file = fetched(city, 1, "flip.receipt")
    raw = file.read_bytes()
    bad = city.root / "bad.receipt"
    for _ in range(FLIPS):
        at, bit = rng.randrange(len(raw)), rng.randrange(8)
        bad.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1:])
        code, out, err = verify(city, bad, None)
        check(code == 1, f"seed {seed}: byte {at} bit {bit}: exit {code} {out} {err}")
    for cut in (0, 1, len(raw) // 2, len(raw) - 1):
        bad.write_bytes(raw[:cut])
        check(verify(city, bad, None)[0] == 1, f"cut at {cut}")
    bad.write_bytes(raw + b"\0")
    check(verify(city, bad, None)[0] == 1, "a byte behind it")


def noted(city, act):
    """What the journal's entries of reads say that the act left: [detail]."""
    before = city.status()["journal_entries"]
    act()
    after = city.status()["journal_entries"]
    facts = [verify(city, fetched(city, i, f"read-{i}.receipt")) for i in range(before, after)]
    return [f["detail"] for f in facts if f["type"] == "R_READ"]


def test_reads_are_entries(city):
    """Who looks at a case, at requests, at what happened, or at a trace is written down; what shows nothing is not."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    transaction = city.file(case, 2, "school", ["school-soort"])["verzoekId"]
    city.answered(transaction)
    token = city.token("wmo-intake")

    def get(path):
        return lambda: check(city.call("GET", f"/v1/{path}", token).status == 200, path)
    check(noted(city, get(f"zaken/{case}")) == ["case"], "the case")
    check(noted(city, get(f"verzoeken/{transaction}")) == ["request"], "a request")
    check(noted(city, get("verzoeken")) == ["requests"], "the list of requests")
    check(noted(city, get(f"zaken/{case}/gebeurtenissen")) == ["events"], "what happened")
    check(noted(city, get(f"zaken/{case}/gebeurtenissen?vanaf=99999999")) == [], "an empty page")
    report = city.call("POST", "/v1/meldingen", token, {"bsn": CHILD, "zorg": "Komt niet op school", "melder": "Leerkracht"})
    check(report.status == 201, f"{report.status} {report.body!r}")
    check(noted(city, get("meldingen")) == ["concerns"], "the list of reports of concern")
    check(noted(city, get(f"meldingen?na={'f' * 8}-{'f' * 4}-7fff-bfff-{'f' * 12}")) == [], "an empty page of it")
    check(noted(city, lambda: city.trace(transaction)) == [f"trace {transaction}"], "a trace")
    def told():
        return [e for e in city.dossier(case, 2) if e["soort"] == "inzage" and e["besluit"] == "nagezocht"]
    before = told()
    city.trace(transaction)
    new = told()[len(before):]
    check(len(new) == 1 and new[0]["van"] == GATEWAY_OIN and "attributen" not in new[0], f"whom it is about does not read of the trace: {new}")
    check("Een beheerder zocht na hoe een uitwisseling" in Page(document(city, case, 2)).lines[f"regel-{new[0]['journaalnummer']}"], "in words")
    reply = city.command(city.control, {"cmd": "trace", "transaction": transaction})
    check(not reply["ok"] and reply["where"] == "by", f"a trace by nobody: {reply}")
