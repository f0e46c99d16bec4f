"""A person is forgotten, by two persons' word: after it, nothing of the gateway's holds what could open the person's data."""
import shutil
import threading
import time

import opener
from city import CHILD, PARENT, PARTNER
from house import NAME, SLOW, check, seeded, wait_for
from test_persons import link, own, opened

FRESH = True
WHY = "Nodig om te bepalen welke hulp past"  # city.file
OWN = "jz-2041"  # how the municipality named the child, before it knew the number
VALUES = ["school-naam", "school-soort", "school-jaargroep"]
ERASE = "Liever vandaag dan morgen weg"


def forget(city, bsn, by, want=0):
    return city.ctl("subject", "forget", "--by", by, "--reason", "avg-17", "--socket", city.control, stdin=bsn + "\n", want=want)


def cleared(city):
    """Nothing is left to be cleared away of who was forgotten."""
    wait_for("rows of who was forgotten to be gone", lambda: city.ctl("status", "--socket", city.control)["being_cleared"] == 0)


def close(city, case):
    city.change(case, "fase", {"overgang": "stoppen", "motivering": "De client wil het niet meer"})


def files_with(folder, needle):
    return [p.name for p in folder.rglob("*") if p.is_file() and needle in p.read_bytes()]


def story(city):
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.ask(case, 2, "school", ["school-naam", "school-soort", "school-jaargroep"])
    city.ask(case, 2, "school", ["school-advies"])
    check(city.values(case, 2).get("school-naam"), "nothing is registered")
    return case


def known_twice(city):
    """A child of whom there is everything: data, requests, a dossier, what was asked about the own data; known by another name
    before its number. (case, the raw bytes of each value)."""
    case, before = city.open_case([(PARENT, "ouder"), (CHILD, "kind")]), opened(city, [own(OWN)])
    city.view(before, 1)
    city.ask(case, 2, "school", VALUES)
    link(city, before, CHILD)
    a = city.call("POST", f"/v1/zaken/{case}/leden/2/avg-verzoeken", city.token("wmo-intake"), {"soort": "verwijdering", "tekst": ERASE})
    check(a.status == 201, f"{a.status} {a.body[:300]!r}")
    values = [str(v).encode() for v in city.values(case, 2).values()]
    check(len(values) == len(VALUES), f"{values}")
    for c in (case, before):
        close(city, c)
    return case, values


def copy(city, name, only):
    city.ctl("journal", "copy", "--dir", city.root / name, "--only", only, "--socket", city.control)
    return city.root / name


def verified(city, folder):
    return city.ctl("journal", "verify", folder, "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key",
                    city.keys / "master.key")


def test_nothing_opens_what_is_left(city):
    """The master key in hand: not from the store, its free pages included, nor from a backup that was made before, at rest or
    restored. And who comes back is a new subject."""
    city.up(parties=("school",))
    data, who = city.root / "data", opener.Opener(city.keys)
    early = copy(city, "early", "keys")
    case, values = known_twice(city)
    slots = [who.slot(data / "keys.slots", CHILD), who.slot(data / "keys.slots", OWN, "sluis1-own-id")]
    parent = who.slot(data / "keys.slots", PARENT)
    keys = [who.key(s) for s in slots]
    check(all(keys), "the instrument does not open a slot")
    for secret in (x for s in slots for x in (s.p, s.wrapped, s.nonce)):
        check(files_with(data, secret) == ["keys.slots"], "the instrument does not find what is to go")
    backup = copy(city, "backup", "store")
    check(not (backup / "keys.slots").exists() and not (early / "store").exists(), "a copy holds what it was not to hold")

    def about(folder):
        raw = (folder / "store" / "data.mdb").read_bytes()
        return [r for s in slots for r in opener.all_rows(raw, s.sid)]

    rows = about(backup)
    for folder, there in ((backup, rows), (data, about(data))):
        plain = b"".join(opener.opened(keys, there))
        for said in (*values, WHY.encode(), ERASE.encode()):
            check(said in plain, f"before, with the keys, {folder.name}'s {len(there)} rows do not say {said!r}")
    secrets = [x for s in slots for x in (s.p, s.wrapped, s.nonce)] + keys

    code, _, err = forget(city, "999990032", "fg-1", want=None)
    check(code in (1, 4), f"somebody nobody knows: {code} {err}")
    check(forget(city, CHILD, "fg-1")["outcome"] == "proposed", "not proposed")
    code, _, err = forget(city, CHILD, "fg-1", want=None)
    check(code == 4 and "another" in err, f"one person alone: {code} {err}")
    check(forget(city, OWN, "fg-2")["outcome"] == "forgotten", "by the name of before: not the same person")

    long = [v for v in values if len(v) >= 8]  # a word of two letters stands anywhere
    secrets += long + [CHILD.encode(), OWN.encode(), WHY.encode(), ERASE.encode()]
    check(long, f"no value to look for: {values}")

    def gone():
        """At once: nothing in any file, backups and logs included, is a key, a value or a number; no key opens a row."""
        for path in (p for folder in (data, backup, city.root / "log") for p in folder.rglob("*") if p.is_file()):
            raw = path.read_bytes()
            found = [n for n, secret in enumerate(secrets) if secret in raw]
            check(not found, f"{path} holds secrets {found}")
        left = [who.key(s) for s in who.slots(data / "keys.slots")]
        check(all(left) and len(left) > 1, "a key of somebody else went too")
        there = about(data) + about(backup)
        check(len(there) >= len(rows), "nothing was tried")
        check(not opener.opened(left + [who.wrap, who.pseud], rows + there), "a row was opened")
        check(files_with(data, parent.wrapped) == ["keys.slots"], "somebody else's key went too")

    gone()
    cleared(city)
    gone()
    after = city.copy(city.root / "after")
    verified(city, after)

    # the backup of before goes back: the same, and the next start forgets again
    city.gateway.stop()
    shutil.rmtree(data / "store")
    more = ("--name", NAME, "--log-key", city.keys / "log.key.pub", "--none-newer")
    code, out, _ = city.ctl("restore", str(backup), "--data", city.root / "elsewhere", *more, "--keys", early / "keys.slots", want=None)
    check(code == 1 and "older than the backup" in out, f"a key file of before: {code} {out}")
    code, _, err = city.ctl("restore", str(backup), "--data", city.root / "elsewhere", *more, want=None)
    check(code == 5 and "--keys" in err, f"no key file: {code} {err}")
    done = city.ctl("restore", str(backup), "--data", data, *more)
    check(done["own_keys"] and done["forgotten_since"] == 1, f"{done}")
    gone()
    city.start_gateway()
    wait_for("the API", lambda: city.alive("/health/ready"))
    cleared(city)
    gone()
    verified(city, city.copy(city.root / "again"))
    check(city.view(case, 2, raw=True).status == 404, "the member is still there")
    city.wait_connected("school")

    # who comes back is a new subject: nothing is known, and everything works
    again = city.open_case([(CHILD, "client")])
    check(not city.values(again, 1), f"known: {city.values(again, 1)}")
    check([e.get("besluit") for e in city.dossier(again, 1)].count("geopend") == 1, f"{city.dossier(again, 1)}")
    city.ask(again, 1, "school", ["school-naam"])
    check(city.values(again, 1).get("school-naam"), "a person who returned is not registered")
    new = who.slot(data / "keys.slots", CHILD)
    check(new.sid != slots[0].sid and new.wrapped != slots[0].wrapped, "under the old id or key")


def test_by_a_name_of_its_own(city):
    """Of a person whose number nobody knows: the same words, the same proof."""
    name = "jz-mus-2077"
    city.up(parties=())
    data, who = city.root / "data", opener.Opener(city.keys)
    case = opened(city, [own(name)])
    city.view(case, 1)
    slot = who.slot(data / "keys.slots", name, "sluis1-own-id")
    key = who.key(slot)
    backup = copy(city, "backup", "store")
    rows = list(opener.data_rows((backup / "store" / "data.mdb").read_bytes(), slot.sid))
    check(any(name.encode() in r for r in opener.opened([key], rows)), f"before, with its key, the rows say it: {len(rows)}")
    for text in ("jz mus", "123456789", name + "\n" + name, name + "\0"):
        code, _, err = forget(city, text, "fg-1", want=None)
        check(code == 5 and "one line is needed" in err and text not in err, f"{text!r}: {code} {err}")
    code, _, err = forget(city, name, "fg-1", want=None)
    check(code == 4 and "is a member of an open case: close it first" in err and name not in err, f"in an open case: {code} {err}")
    close(city, case)
    code, _, err = forget(city, "jz-nobody", "fg-1", want=None)
    check(code in (1, 4) and "nobody with this number or name is registered here" in err, f"{code} {err}")
    check(forget(city, name, "fg-1")["outcome"] == "proposed", "not proposed")
    code, _, err = forget(city, name, "fg-1", want=None)
    check(code == 4 and "another" in err, f"one person alone: {code} {err}")
    check(forget(city, name, "fg-2")["outcome"] == "forgotten", "not forgotten")

    def gone():
        secrets = (slot.p, slot.wrapped, slot.nonce, key, name.encode())
        for path in (p for f in (data, backup, city.root / "log") for p in f.rglob("*") if p.is_file()):
            raw = path.read_bytes()
            check(not [n for n, s in enumerate(secrets) if s in raw], f"{path} holds a secret")
        left = [who.key(s) for s in who.slots(data / "keys.slots")] + [who.wrap, who.pseud]
        check(not opener.opened(left, rows), "a row was opened")

    gone()
    cleared(city)
    gone()
    verified(city, city.copy(city.root / "after"))
    city.gateway.stop()
    shutil.rmtree(data / "store")
    done = city.ctl("restore", str(backup), "--data", data, "--name", NAME, "--log-key", city.keys / "log.key.pub", "--none-newer")
    check(done["forgotten_since"] == 1, f"{done}")
    city.start_gateway()
    wait_for("the API", lambda: city.alive("/health/ready"))
    cleared(city)
    gone()
    again = opened(city, [own(name)])
    check([e.get("besluit") for e in city.dossier(again, 1)] == ["geopend"], f"{city.dossier(again, 1)}")
    check(who.slot(data / "keys.slots", name, "sluis1-own-id").sid != slot.sid, "under the old id")


def test_an_open_case_is_closed_first(city):
    city.up(parties=())
    case = city.open_case([(CHILD, "client")])
    code, _, err = forget(city, CHILD, "fg-1", want=None)
    check(code == 4 and "is a member of an open case: close it first" in err, f"in an open case: {code} {err}")
    close(city, case)
    check(forget(city, CHILD, "fg-1")["outcome"] == "proposed", "not proposed")


def test_reports_of_concern_go_too(city):
    """Not while one waits for its decision; after it, its row is gone as well."""
    city.up(parties=())
    concern = {"zorg": "Zorg over het gezin", "melder": "Buur"}
    decision = {"onderzoek": False, "motivering": "Geen aanleiding"}

    def rows(name):
        cleared(city)
        return verified(city, city.copy(city.root / name))["rows"]

    def gone(bsn, reports):
        """The rows that go with somebody about whom so many concerns were reported."""
        for _ in range(reports):
            path = "/v1/meldingen/" + city.call("POST", "/v1/meldingen", city.token("wmo-intake"), dict(concern, bsn=bsn)).json()["meldingId"]
            code, _, err = forget(city, bsn, "fg-1", want=None)
            check(code == 4 and "a report of concern waits for its decision: decide first" in err, f"{code} {err}")
            check(city.call("POST", path + "/uitkomst", city.token("wmo-intake", employee="mw-2"), decision).status == 200, "not decided")
        check(forget(city, bsn, "fg-1")["outcome"] == "proposed", "not proposed")
        before = rows(f"before-{reports}")
        check(forget(city, bsn, "fg-2")["outcome"] == "forgotten", "not forgotten")
        check(city.call("GET", path, city.token("wmo-intake")).status == 404, "still shown")
        return before - rows(f"after-{reports}")

    one, two = gone(PARTNER, 1), gone(CHILD, 2)
    check(two == one + 5, f"of each report its row, its link, its dossier entry and its two events go: {one}, {two}")


def test_killed_while_forgetting(city):
    """However it dies, the person is wholly there or wholly gone, and the journal verifies."""
    rng, seed = seeded()
    city.up(parties=("school",))
    data, gone = city.root / "data", 0
    for n in range(3):
        case = story(city) if n == 0 or gone == n else None
        if case:
            close(city, case)
        wrapped = opener.Opener(city.keys).slot(data / "keys.slots", CHILD).wrapped
        forget(city, CHILD, "fg-1", want=None)
        t = threading.Thread(target=lambda: forget(city, CHILD, "fg-2", want=None))
        t.start()
        time.sleep(rng.random() * 0.03 * SLOW)
        city.gateway.kill()
        t.join()
        city.start_gateway()
        city.wait_connected("school")
        wait_for("the API", lambda: city.alive("/health/ready"))
        left = files_with(data, wrapped)
        check(left in ([], ["keys.slots"]), f"seed {seed}: {left}")
        if left:  # not done: it is done now
            forget(city, CHILD, "fg-1", want=None)
            check(forget(city, CHILD, "fg-2")["outcome"] == "forgotten", f"seed {seed}: round {n}")
            check(not files_with(data, wrapped), f"seed {seed}: round {n}")
        gone += 1
        verified(city, city.copy(city.root / f"copy{n}"))
