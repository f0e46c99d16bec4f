"""A witness in a process of its own: cosigns what goes on, refuses what does not; and receipts that are witnessed."""
import base64
import sys

from city import CHILD, PARENT
from house import NAME, TREE, check

sys.path.insert(0, str(TREE / "tests" / "tools"))
import tlog_reader  # noqa: E402

WITNESS = "getuige.voorbeeld.test"


def prove(city, old, name):
    file = city.root / name
    city.ctl("journal", "prove", "--old", old, "--out", file, "--socket", city.control)
    return file


def witness(city, request, out="cosigned", *more, want=0, log=NAME, folder="witness"):
    return city.ctl("witness", str(request), "--dir", city.root / folder, "--log", log, "--log-key", city.keys / "log.key.pub",
                    "--out", city.root / out, *more, want=want)


def grow(city):
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.ask(case, 2, "school", ["school-naam", "school-soort"])


def last_size(city, folder="witness"):
    return tlog_reader.note((city.root / folder / "last").read_text())[1]


def verify(city, file, *more, want=0):
    return city.ctl("receipt", "verify", file, "--name", NAME, "--log-key", city.keys / "log.key.pub", *more, want=want)


def new_witness(city, folder="witness", name=WITNESS):
    return city.ctl("witness", "new-key", "--dir", city.root / folder, "--name", name)


def test_cosigns_what_goes_on(city):
    made = new_witness(city)
    name, digest, key = made["verifier_key"].split("+", 2)
    raw = base64.b64decode(key)
    check(raw[0] == 4 and bytes.fromhex(digest) == tlog_reader.key_hash(name, 4, raw[1:]), made["verifier_key"])
    grow(city)
    first = prove(city, 0, "first")
    check(witness(city, first, want=None)[0] == 5, "without its last note a witness must be told --init")
    done = witness(city, first, "cosigned", "--init")
    check(done["old"] == 0 and done["size"] == last_size(city), f"{done}")
    check(witness(city, first, "again", "--init", want=None)[0] == 5, "--init twice")
    grow(city)
    done = witness(city, prove(city, last_size(city), "second"))
    check(done["size"] > done["old"] > 0 and done["size"] == last_size(city), f"{done}")
    again = witness(city, prove(city, last_size(city), "same"))
    check(again["size"] == again["old"] == done["size"], f"the same checkpoint again: {again}")
    origin, size, root, text, lines = tlog_reader.note((city.root / "cosigned").read_text())
    ours = [s for s in lines if s[0] == WITNESS]
    check(len(lines) == 2 and len(ours) == 1 and len(ours[0][2]) == 72, f"{lines}")
    check(ours[0][1] == tlog_reader.key_hash(WITNESS, 4, raw[1:]), "the key hash is another")


def test_refuses_what_does_not(city):
    folder = "refusing"

    def witness_of(request, out, *more, want=0, log=NAME):
        return witness(city, request, out, *more, want=want, log=log, folder=folder)

    new_witness(city, folder)
    for name, more in (("older", ("--init",)), ("newer", ())):
        grow(city)
        witness_of(prove(city, 0 if more else last_size(city, folder), name), f"cosigned-{name}", *more)
    before = (city.root / folder / "last").read_bytes()
    grow(city)
    request = prove(city, last_size(city, folder), "sound").read_text()
    head, _, note = request.partition("\n\n")
    lines = head.split("\n")
    check(len(lines) > 1, "a proof with hashes is needed here")
    flipped = base64.b64encode(bytes([base64.b64decode(lines[1])[0] ^ 1]) + base64.b64decode(lines[1])[1:]).decode()
    older = (city.root / "newer").read_text()
    cases = {
        "a changed proof": ("\n".join([lines[0], flipped, *lines[2:]]) + "\n\n" + note, "corrupt"),
        "no proof": (lines[0] + "\n\n" + note, "corrupt"),
        "one hash too many": ("\n".join([*lines, flipped]) + "\n\n" + note, "corrupt"),
        "another start": (head.replace(lines[0], "old 1") + "\n\n" + note, "conflict"),
        "an older request": (older, "conflict"),
        "an older checkpoint": (lines[0] + "\n\n" + (city.root / "older").read_text().partition("\n\n")[2], "conflict"),
        "a changed checkpoint": (request.replace(NAME + "/journal/1", NAME + "/journal/2"), "bad-signature"),
        "no first line": (request[4:], "invalid"),
        "a leading zero": ("old 0" + request[4:], "invalid"),
        "nothing": ("", "invalid"),
    }
    for what, (text, code) in cases.items():
        bad = city.root / "bad-request"
        bad.write_text(text)
        exit_code, out, _ = witness_of(bad, "refused", want=None)
        check(exit_code == 1 and f'"{code}"' in out.replace("_", "-"), f"{what}: exit {exit_code} {out}")
    check(witness_of(city.root / "sound", "refused", want=None, log="sluis.elders.test")[0] in (1, 5), "another log")
    check((city.root / folder / "last").read_bytes() == before and not (city.root / "refused").exists(),
          "a refusal left something")
    witness_of(city.root / "sound", "cosigned-sound")


def test_witnessed_receipts(city):
    new_witness(city, "witness1")
    vkey, fresh = city.root / "witness1" / "witness.vkey", city.root / "witness2"
    new_witness(city, "witness2", "tweede.voorbeeld.test")
    grow(city)
    witness(city, prove(city, 0, "fresh"), "cosigned2", "--init", folder="witness2")
    file = city.root / "1.receipt"
    city.ctl("receipt", "get", "--by", "controleur-1", 1, "--out", file, "--note", city.root / "cosigned2", "--socket", city.control)
    facts = verify(city, file, "--witness-key", fresh / "witness.vkey")
    check(facts["grade"] == "witnessed" and facts["witness"] == "tweede.voorbeeld.test", f"{facts}")
    check(facts["witnessed"].startswith("20") and facts["index"] == 1, f"{facts}")
    check(verify(city, file)["grade"] == "logged", "without a witness's key it is a receipt of the first grade")
    check(verify(city, file, "--witness-key", vkey, want=None)[0] == 1, "the other witness did not cosign it")
    check(verify(city, file, "--witness-key", city.keys / "log.key.pub", want=None)[0] == 5, "that is no witness's key")
    plain = city.root / "plain.receipt"
    city.ctl("receipt", "get", "--by", "controleur-1", 1, "--out", plain, "--socket", city.control)
    check(verify(city, plain, "--witness-key", fresh / "witness.vkey", want=None)[0] == 1, "a logged receipt passed as witnessed")
    raw = file.read_bytes()
    at = raw.index(b"tweede.voorbeeld.test ") + 30
    file.write_bytes(raw[:at] + bytes([raw[at] ^ 2]) + raw[at + 1:])
    check(verify(city, file, "--witness-key", fresh / "witness.vkey", want=None)[0] == 1, "a changed cosignature passed")

    def get(index, note):
        return city.ctl("receipt", "get", "--by", "controleur-1", index, "--out", city.root / "no.receipt", "--note", note, "--socket", city.control,
                        want=None)[0]
    check(get(1 << 30, city.root / "cosigned2") == 1, "an entry beyond the checkpoint")
    check(get(1, vkey) == 4, "a note that is none")
    check(get(1, city.root / "seen.none") == 5, "no such file")
