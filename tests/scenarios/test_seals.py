"""The registry's sealing keys: renewed while messages flow, destroyed when their time is over, whole after a kill."""
import time

from city import CHILD, PARENT
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
