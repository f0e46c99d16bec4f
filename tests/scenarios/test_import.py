"""An existing file of data goes into the register: whole or not at all, line by line under its source, and on again from
where it ended."""
import contextlib
import json
import os
import pty
import subprocess
import threading
import time

from city import CHILD, PARENT, PARTIES
import house
from house import GATEWAY_OIN, NAME, check, seeded

FRESH = True
BASIS = "wmo-5.1.1"


def write(city, lines, name="data.jsonl"):
    path = city.root / name
    path.write_text("".join((x if isinstance(x, str) else json.dumps(x, ensure_ascii=False)) + "\n" for x in lines), encoding="utf-8")
    return path


def bring(city, path, *more, want=0):
    return city.ctl("register", "import", path, "--basis", BASIS, "--by", "beheer-1", "--reason", "overgang", "--socket", city.control, *more,
                    want=want)


def on_a_terminal(city, path):
    """What a person at a terminal reads while the file is brought in."""
    ours, theirs = pty.openpty()
    argv = [city.bin / "sluisctl", "register", "import", path, "--basis", BASIS, "--by", "beheer-1", "--reason", "overgang", "--socket", city.control]
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=theirs, env=city.env, timeout=120)
    os.close(theirs)
    told = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while part := os.read(ours, 65536):
            told += part
    os.close(ours)
    check(done.returncode == 0, f"exit {done.returncode}: {told!r}")
    return told.decode()


def line(bsn, naam="wmo-hulpvraag", waarde="Hulp in het huishouden", **more):
    return {"bsn": bsn, "naam": naam, "waarde": waarde, **more}


def verified(city):
    return city.ctl("journal", "verify", city.copy(city.root / f"copy{time.monotonic_ns()}"), "--name", NAME, "--log-key",
                    city.keys / "log.key.pub", "--master-key", city.keys / "master.key")


def test_what_is_brought_in_is_there(city):
    """Seen in a view with its source and its days; the same file again is nothing new; a later file is a next version."""
    city.up(parties=("school",))
    path = write(city, [line(CHILD, verkregen="2025-03-01", geldigVan="2025-03-01", geldigTot="2099-01-01"),
                        line(CHILD, "wmo-voorziening", "Huishoudelijke hulp", voorkomen="V-1"),
                        line(CHILD, "wmo-voorziening", "Vervoer", voorkomen="V-2"), line(PARENT, "wmo-mantelzorg", "true")])
    before = city.status()["journal_entries"]
    done = bring(city, path)
    check(city.status()["journal_entries"] == before + 1, "an entry a batch")
    check(done == {"lines": 4, "new": 4, "same": 0, "newer": 0, "discrepancies": 0}, f"{done}")
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    seen = {}
    for d in city.view(case, 2)["gegevens"]:
        seen.setdefault(d["naam"], []).append(d)
    check(sorted(d["waarde"] for d in seen["wmo-voorziening"]) == ["Huishoudelijke hulp", "Vervoer"], f"{seen}")
    d = seen["wmo-hulpvraag"][0]
    check((d["waarde"], d["bron"], d["verkregen"][:10], d["geldigTot"][:10]) ==
          ("Hulp in het huishouden", GATEWAY_OIN, "2025-03-01", "2099-01-01"), f"{d}")
    again = bring(city, path)
    check(again == {"lines": 4, "new": 0, "same": 0, "newer": 0, "discrepancies": 0}, f"{again}")
    done = bring(city, write(city, [line(CHILD, waarde="Hulp bij het koken"), line(PARENT, "wmo-mantelzorg", "true")], "next.jsonl"))
    check(done == {"lines": 2, "new": 0, "same": 1, "newer": 1, "discrepancies": 0}, f"{done}")
    check("Hulp bij het koken" in json.dumps(city.view(case, 2)), "the next version")
    check(verified(city)["ok"], "the store")
    for p in city.processes():
        check(CHILD not in p.tail(1000) and "koken" not in p.tail(1000), f"{p.name} logs a person or a value")


def test_a_file_with_a_fault_is_refused_whole(city):
    """Each fault names its line and member, never a value; nothing of the file is taken."""
    city.up(parties=("school",))
    good = line(CHILD)
    faults = {
        "is not one JSON object": "{bsn",
        "bsn is missing": {"naam": "wmo-hulpvraag", "waarde": "x"},
        "eleven-test": line("999990021"),
        "test persons and real ones": line("000000012"),
        "catalogue has no such attribute": line(CHILD, "schoenmaat", "44"),
        "no such attribute to be filled": line(CHILD, "bsn", CHILD),
        "--source is not this": line(CHILD, "school-naam", "De Sluis"),
        "wmo-mantelzorg": line(CHILD, "wmo-mantelzorg", "misschien"),
        "lies in the future": line(CHILD, verkregen="2990-01-01"),
        "before geldigVan": line(CHILD, geldigVan="2025-01-02", geldigTot="2025-01-01"),
        "write YYYY-MM-DD": line(CHILD, verkregen="gisteren"),
        "not known": line(CHILD, kleur="rood"),
        "a string is needed": {**good, "waarde": 3},
    }
    before = city.status()
    for text, bad in faults.items():
        code, _, said = bring(city, write(city, [good] * 700 + [bad] + [good]), want=None)
        check(code == 4 and "line 701" in said and text in said, f"{text}: exit {code} {said}")
        check("misschien" not in said and "gisteren" not in said and CHILD not in said, f"a value is named: {said}")
    code, _, said = bring(city, write(city, [good]), "--source", "00000099000000007777", want=None)
    check(code == 4 and "unknown-party" in said, said)
    code, _, said = bring(city, write(city, [line(CHILD, "school-naam", "x")]), "--source", PARTIES["school"][0], "--basis", "niets", want=None)
    check(code == 4 and "the rules in force know no such legal basis" in said, said)
    code, _, said = bring(city, write(city, [good]), "--law", "awb", want=None)
    check(code == 4 and "the rules in force know no such law" in said, said)
    path = city.root / "cut.jsonl"
    path.write_text(json.dumps(good))
    code, _, said = bring(city, path, want=None)
    check(code != 0 and "line feed" in said, said)
    after = city.status()
    check(after["journal_entries"] == before["journal_entries"] and after["key_slots_used"] == before["key_slots_used"], f"{before} {after}")
    done = bring(city, write(city, [line(CHILD, "school-naam", "De Sluis")]), "--source", PARTIES["school"][0])
    check(done["new"] == 1, f"{done}")


def test_progress_is_told(city):
    """On a terminal: how many of how many lines are looked at, then taken; when it goes on after a stop, from where."""
    city.up(parties=())
    persons = house.test_bsns(seeded()[0], 1200)
    path = write(city, [line(b) for b in persons])
    told = on_a_terminal(city, path)
    for what in ("checked", "taken"):
        for n in (512, 1024, 1200):
            check(f"{what} {n} of 1200 lines" in told, f"{what} {n}: {told!r}")
    check(told.index("checked 1200") < told.index("taken 512"), f"taken before all was looked at: {told!r}")
    told = on_a_terminal(city, path)
    check("1200 of 1200 lines were taken before: going on from there" in told and "checked" not in told, f"{told!r}")


def test_more_persons_than_fit_stop_it(city):
    """The batch that does not fit is refused, those before it are in, and journal and messages keep their room."""
    city.up(parties=("school",))
    persons = house.test_bsns(seeded()[0], 3000)
    path = write(city, [line(b) for b in persons])
    code, _, said = bring(city, path, want=None)
    check(code == 4 and "the key file has no room for this person: raise limits.key_slots and restart" in said, f"exit {code} {said}")
    used = city.status()["key_slots_used"]
    check(2300 < used < 2817, f"{used} slots")
    code, _, said = bring(city, path, want=None)
    check(code == 4 and "key_slots" in said and city.status()["key_slots_used"] == used, f"exit {code} {said}")
    check(verified(city)["ok"], "the store")


def test_killed_in_the_middle_it_goes_on(city):
    """kill -9 of the gateway at moments within the import: the same command goes on, every line is taken once."""
    rng, seed = seeded()
    city.up(parties=())
    persons = house.test_bsns(rng, 2500)
    path = write(city, [line(b, "wmo-voorziening", f"Voorziening {i % 7}", voorkomen=f"V-{i}") for i in range(8) for b in persons])
    kills, taken_before = 0, 0
    for _ in range(40):
        result = []
        importing = threading.Thread(target=lambda: result.append(bring(city, path, want=None)))
        importing.start()
        if kills < 6:
            time.sleep(rng.uniform(0.02, 0.3))
            city.gateway.kill()
            kills += 1
        importing.join(120)
        code, out, said = result[0]
        if not city.gateway.running():
            city.start_gateway()
        if code == 0:
            break
        check(code in (3, 4), f"seed {seed}: exit {code} {said}")
    check(code == 0 and kills >= 2, f"seed {seed}: exit {code} after {kills} kills: {said}")
    done = json.loads(out)
    check(done["lines"] == 20000, f"{done}")
    report = verified(city)
    check(report["ok"], f"{report}")
    again = bring(city, path)
    check(again["new"] == 0 and again["lines"] == 20000, f"{again}")
    other = write(city, [*path.read_text().splitlines(), json.dumps(line(persons[0], "wmo-mantelzorg", "true"))], "other.jsonl")
    done = bring(city, other)
    check((done["new"], done["same"]) == (1, 20000), f"seed {seed}: {done}")
