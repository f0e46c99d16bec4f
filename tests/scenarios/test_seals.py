"""The registry's sealing keys: renewed while messages flow, destroyed when their time is over, whole after a kill."""
import time

from city import CHILD, PARENT, PARTIES
from house import GATEWAY_OIN, NAME, SLOW, check, seeded, wait_for

FRESH = True
ATTRIBUTES = ("school-brincode", "school-naam", "school-soort", "school-type", "school-jaargroep", "school-groepsnaam",
              "school-datum-inschrijving", "school-onderwijs-sinds", "school-verzuim-geoorloofd", "school-verzuim-ongeoorloofd",
              "school-contact-leerplicht", "school-advies", "school-eindtoets-advies", "school-eindtoets-datum")
SECRET = slice(21, 53)  # of a keyfile without a passphrase: proto/crypto/keyfile.h


def key_files(city):
    return sorted(p for p in city.keys.glob("seal*.key"))


def current(city):
    """The registry's sealing key in the directory."""
    parties = city.ctl("party", "list", "--socket", city.control)
    own = next(p for p in parties if p["oin"] == GATEWAY_OIN)
    seals = [k["id"] for k in own["keys"] if k["use"] == "seal"]
    check(len(seals) == 1, f"the directory lists {seals}")
    return seals[0]


def events(city, name):
    return [e for e in city.gateway.events() if e.get("event") == name]


def test_renewed_under_way(city):
    city.up(parties=("school",), limits=f"seal_renew_s = {int(SLOW)}; seal_keep_s = {int(4 * SLOW)};")
    first = current(city)
    secret = (city.keys / "seal.key").read_bytes()[SECRET]
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    for a in ATTRIBUTES:  # each is another message: nothing of it is known yet
        city.ask(case, 1, "school", [a])
        time.sleep(0.4 * SLOW)
    wait_for("two keys are destroyed", lambda: len(events(city, "seal.destroyed")) >= 2, 30)
    check(len(events(city, "seal.renewed")) >= 4, "hardly renewed")
    check(not events(city, "seal.failed"), f"{events(city, 'seal.failed')}")
    check(not (city.keys / "seal.key").exists() and not (city.keys / "seal.key.pub").exists(), "the first key is still there")
    check(all(secret not in p.read_bytes() for p in city.keys.rglob("*") if p.is_file()), "its bytes are still there")
    check(2 <= len(key_files(city)) <= 7, f"{key_files(city)}")
    check(current(city) != first, "the directory has the first key")
    copy = city.root / "copy"
    city.ctl("journal", "copy", "--dir", copy, "--socket", city.control)
    city.ctl("journal", "verify", copy, "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key", city.keys / "master.key")


def test_killed_under_way(city):
    """However it dies: the newest key on disk is the one in the directory, and answers come."""
    rng, seed = seeded()
    city.up(parties=("school",), limits=f"seal_renew_s = 1; seal_keep_s = {int(3 * SLOW)};")
    for _ in range(6):
        time.sleep(0.3 + rng.random())
        city.gateway.kill()
        city.start_gateway()
    city.wait_connected("school")
    newest = max(key_files(city), key=lambda p: int(p.name.split(".")[1]) if p.name != "seal.key" else 0)
    wait_for(f"seed {seed}: the newest key in the directory",
             lambda: current(city) == city.ctl("key", "inspect", max(key_files(city), key=lambda p: p.stat().st_mtime_ns))["id"], 20, 0.2)
    check(newest.name != "seal.key", f"seed {seed}: never renewed")
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    check(city.ask(case, 1, "school", ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", f"seed {seed}: not answered")


# ---- a party's own

PERIOD, KEEP = 2 * SLOW, 5 * SLOW
TERMS = f"seal_period_ms = {int(1000 * PERIOD)}; seal_keep_ms = {int(1000 * KEEP)};"


def listed(city, name="school"):
    """The party's sealing keys in the directory, oldest first."""
    parties = city.ctl("party", "list", "--socket", city.control)
    keys = next(p for p in parties if p["oin"] == PARTIES[name][0])["keys"]
    return sorted((k for k in keys if k["use"] == "seal"), key=lambda k: k["valid_from"])


def renewing(city, name="school"):
    """The party's adapter, renewing all the time."""
    city.up(parties=(name,), limits="party_renew_s = 1; ")
    city.adapters[name].stop()
    return again(city, name)


def again(city, name="school", extra=TERMS):
    city.start_adapter(name, city.adapter_config(name, extra))
    city.wait_connected(name)
    return city.root / "adapters" / name / "keys"


def told(city, name, event):
    return [e for e in city.adapters[name].events() if e.get("event") == event]


def test_party_renews(city):
    """No message is lost over many keys; what is over is refused, and its private half is nowhere."""
    city.up(parties=("school",), limits="party_renew_s = 1; ")
    city.adapters["school"].stop()
    keys = city.root / "adapters" / "school" / "keys"
    first, secret = city.ctl("key", "inspect", keys / "seal.key")["id"], (keys / "seal.key").read_bytes()[SECRET]
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    # sealed to the first key, and opened with it when that is succeeded
    waiting = city.file(case, 1, "school", [ATTRIBUTES[0]])["verzoekId"]
    again(city)
    check(city.answered(waiting)["status"] == "beantwoord", "mail to the first key")
    for a in ATTRIBUTES[1:]:
        city.ask(case, 1, "school", [a])
        time.sleep(0.8 * SLOW)
    wait_for("two keys are destroyed", lambda: len(told(city, "school", "seal.destroyed")) >= 2, 30)
    check(len(told(city, "school", "seal.renewed")) >= 4, "hardly renewed")
    for name in ("seal.failed", "seal.refused", "intake.refused"):
        check(not told(city, "school", name), f"{name}: {told(city, 'school', name)}")
    check(first not in [k["id"] for k in listed(city)], "the first key is still in the directory")
    check(2 <= len(listed(city)) <= 6, f"{listed(city)}")
    check(not (keys / "seal.key").exists() and not (keys / "seal.key.pub").exists(), "the first key is still there")
    check(all(secret not in p.read_bytes() for p in keys.rglob("*") if p.is_file()), "its bytes are still there")
    entries = [e for e in city.ctl("party", "list", "--socket", city.control) if e["oin"] == PARTIES["school"][0]]
    check(len(entries) == 1 and not entries[0]["suspended"], f"{entries}")


def test_party_killed(city):
    """Killed at any moment: the newest key held is announced, what is listed can be opened, and answers come."""
    rng, seed = seeded()
    keys = renewing(city)
    for _ in range(8):
        time.sleep(0.2 + rng.random() * 1.5)
        city.adapters["school"].kill()
        again(city)
    wait_for(f"seed {seed}: renewed", lambda: told(city, "school", "seal.renewed"), 20)

    def held():
        return {city.ctl("key", "inspect", p)["id"] for p in keys.glob("seal*.key")}
    wait_for(f"seed {seed}: the newest in the directory is held", lambda: listed(city)[-1]["id"] in held(), 10, 0.2)
    check(not [p.name for p in keys.iterdir() if p.name.endswith((".new", ".gone"))], f"seed {seed}: {sorted(keys.iterdir())}")
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    check(city.ask(case, 1, "school", ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", f"seed {seed}: not answered")


def test_party_rotates_after_renewing(city):
    """`key rotate` works when the first sealing key is gone, and does not take the renewed ones away."""
    keys = renewing(city)
    wait_for("the first key is gone", lambda: not (keys / "seal.key").exists(), 30)
    city.adapters["school"].stop()
    again(city, extra="")  # weekly: nothing more happens
    before = [k["id"] for k in listed(city)]
    request = city.ctl("key", "rotate", "--dir", keys)["enrolment"]
    oin, title, domain = PARTIES["school"]
    city.ctl("party", "enrol", "--replace", "--request", request, "--name", title, "--domain", domain, "--by", "beheer-1", "--socket",
             city.control)
    check(before[-1] in [k["id"] for k in listed(city)], f"{before} became {listed(city)}")
    city.ctl("key", "rotate", "--dir", keys, "--finish")
    city.adapters["school"].stop()
    again(city, extra="")
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    check(city.ask(case, 1, "school", ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", "after the rotation")
