"""The journal's tree as plain files, read by a script that knows nothing but the public specifications."""
import base64
import sys

from city import CHILD, PARENT
from house import NAME, TREE, check

sys.path.insert(0, str(TREE / "tests" / "tools"))
import tlog_reader  # noqa: E402


def log_key(city):
    return bytes.fromhex((city.keys / "log.key.pub").read_text().split()[1])


def export(city, name, out, want=0):
    return city.ctl("journal", "export", city.copy(city.root / name), "--out", out, "--name", NAME, "--log-key",
                    city.keys / "log.key.pub", want=want)


def grow(city, n):
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    for _ in range(n):
        city.view(case, 1, raw=True)


def test_export_is_read_by_another(city):
    out = city.root / "export"
    grow(city, 20)
    first = export(city, "copy1", out)
    size, _ = tlog_reader.check(out, NAME, log_key(city))
    check(first["ok"] and first["size"] == size and first["standing"] == 0, f"{first}")
    grow(city, 270)
    second = export(city, "copy2", out)
    grown, hashes = tlog_reader.check(out, NAME, log_key(city))
    check(grown == second["size"] > 270 and second["written"] >= 5, f"{second}")
    again = export(city, "copy3", out)
    check(again["written"] == 0 and again["standing"] == second["written"] or again["size"] > grown, f"{again}")

    # consistency proofs, against the same made from the leaves alone
    for old in (1, 2, 3, size, 255, 256, 257, grown - 1):
        file = city.root / f"prove-{old}"
        got = city.ctl("journal", "prove", "--old", old, "--out", file, "--socket", city.control)
        head, _, text = file.read_text().partition("\n\n")
        check(tlog_reader.note(text)[1] == got["size"] == grown, f"the journal grew meanwhile: {got}")
        lines = head.split("\n")
        check(lines[0] == f"old {old}", lines[0])
        proof = [base64.b64decode(line) for line in lines[1:]]
        check(proof == tlog_reader.consistency(old, hashes), f"the proof from {old} to {grown} is another")


def test_any_difference_is_refused(city):
    out = city.root / "differing"
    grow(city, 256)
    export(city, "sound", out)
    tile = out / "tile" / "0" / "000"
    sound = tile.read_bytes()
    for bad in (sound[:40] + bytes([sound[40] ^ 1]) + sound[41:], sound[:-1], b""):
        tile.write_bytes(bad)
        try:
            tlog_reader.check(out, NAME, log_key(city))
            check(False, "the reader saw nothing")
        except ValueError:
            pass
        code, answer, _ = export(city, f"copy-{len(bad)}-{bad[40:41].hex()}", out, None)
        check(code == 1 and "tile/0/000" in answer, f"exit {code} {answer}")
        check(tile.read_bytes() == bad, "it was overwritten")
    tile.write_bytes(sound)
    code, _, _ = city.ctl("journal", "export", city.root / "sound", "--out", city.root / "other", "--name", "sluis.elders.test",
                          "--log-key", city.keys / "log.key.pub", want=None)
    check(code == 1 and not (city.root / "other").exists(), f"another log: exit {code}")
    check(city.ctl("journal", "export", city.root / "none", "--out", city.root / "other", "--name", NAME, "--log-key",
                   city.keys / "log.key.pub", want=None)[0] in (1, 5), "no copy at all")
