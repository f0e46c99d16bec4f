"""A person is forgotten, by two persons' word: after it, no file of the gateway holds what could open the person's data."""
import hashlib
import threading
import time

from city import CHILD, PARENT, PARTNER
from house import NAME, SLOW, check, seeded, wait_for

FRESH = True
SECRET = slice(21, 53)  # of a keyfile without a passphrase: proto/crypto/keyfile.h


def blake(tag, key, message):
    return hashlib.blake2b(message, digest_size=32, key=key, person=tag.encode().ljust(16, b"\0")).digest()


def key_of(city, bsn):
    """The person's place in the key file, as whoever holds the master key finds it: (P, the wrapped key); DESIGN, key slots."""
    km = (city.keys / "master.key").read_bytes()[SECRET]
    p = blake("sluis1-subject", blake("sluis1-k-pseud", km, b""), bsn.encode())
    data = (city.root / "data" / "keys.slots").read_bytes()
    at = data.find(p)
    check(at > 0, "no slot of this person")
    return p, data[at + 32 + 16 + 24:at + 32 + 16 + 24 + 48]


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


def test_forgotten(city):
    city.up(parties=("school",))
    data = city.root / "data"
    case = story(city)
    p, wrapped = key_of(city, CHILD)
    other = key_of(city, PARENT)[1]
    check(files_with(data, wrapped) == ["keys.slots"], "the wrapped key is elsewhere, or not there")

    code, _, err = forget(city, CHILD, "fg-1", want=None)
    check(code == 4 and "open case" in err, f"in an open case: {code} {err}")
    code, _, err = forget(city, "999990032", "fg-1", want=None)
    check(code in (1, 4), f"somebody nobody knows: {code} {err}")
    close(city, case)
    check(forget(city, CHILD, "fg-1")["outcome"] == "proposed", "not proposed")
    code, _, err = forget(city, CHILD, "fg-1", want=None)
    check(code == 4 and "another" in err, f"one person alone: {code} {err}")
    check(forget(city, CHILD, "fg-2")["outcome"] == "forgotten", "not forgotten")

    check(not files_with(data, wrapped) and not files_with(data, p), "the key is still in a file")
    check(files_with(data, other) == ["keys.slots"], "somebody else's key went too")
    copy = city.copy(city.root / "copy")
    check(not files_with(copy, wrapped), "the key is in a copy")
    city.ctl("journal", "verify", copy, "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key", city.keys / "master.key")
    for log in (city.root / "log").glob("*"):
        check(CHILD not in log.read_text(errors="replace"), f"{log.name} holds a person number")

    # who comes back is a new subject: nothing is known, and everything works
    again = city.open_case([(CHILD, "client")])
    check(not city.values(again, 1), f"known: {city.values(again, 1)}")
    city.ask(again, 1, "school", ["school-naam"])
    check(city.values(again, 1).get("school-naam"), "a person who returned is not registered")
    check(key_of(city, CHILD)[1] != wrapped, "under the old key")


def test_reports_of_concern_go_too(city):
    """Not while one waits for its decision; after it, its row is gone as well."""
    city.up(parties=())
    concern = {"zorg": "Zorg over het gezin", "melder": "Buur"}
    decision = {"onderzoek": False, "motivering": "Geen aanleiding"}

    def rows(name):
        cleared(city)
        report = city.ctl("journal", "verify", city.copy(city.root / name), "--name", NAME, "--log-key", city.keys / "log.key.pub",
                          "--master-key", city.keys / "master.key")
        return report["rows"]

    def gone(bsn, reports):
        """The rows that go with somebody about whom so many concerns were reported."""
        for _ in range(reports):
            path = "/v1/meldingen/" + city.call("POST", "/v1/meldingen", city.token("wmo-intake"), dict(concern, bsn=bsn)).json()["meldingId"]
            code, _, err = forget(city, bsn, "fg-1", want=None)
            check(code == 4 and "waits for its decision" in err, f"{code} {err}")
            check(city.call("POST", path + "/uitkomst", city.token("wmo-intake"), decision).status == 200, "not decided")
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
    for n in range(6):
        case = story(city) if n == 0 or gone == n else None
        if case:
            close(city, case)
        wrapped = key_of(city, CHILD)[1]
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
        copy = city.copy(city.root / f"copy{n}")
        city.ctl("journal", "verify", copy, "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key",
                 city.keys / "master.key")
