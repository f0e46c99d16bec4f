"""A store that an earlier version left (tests/data/stores) is taken up by this one: nothing of it is lost, whatever breaks on
the way, and what this program cannot read it says in words."""
import errno
import json
import lzma
import shutil
import struct
import subprocess
import tarfile

from city import CHILD, PARENT, RESEARCH, City
from house import LIMITS, NAME, TREE, check, free_port, wait_for
from shim import KILL, META, NAME as NAMES, SYNC, WRITE, Shim

FRESH = True
STORES = TREE / "tests" / "data" / "stores"
PAST = sorted(p.name.split(".")[0] for p in STORES.glob("v*.tar.xz"))
EVERY = WRITE | SYNC | META | NAMES
FORMAT = b"sluis-gateway"


def take_up(city, version):
    """Its files in the city's folder, with the rules it was judged by; what stands in them."""
    for archive in (version, "rules"):
        with lzma.open(STORES / f"{archive}.tar.xz") as x, tarfile.open(fileobj=x) as t:
            t.extractall(city.root)
    city.ports = {"bus": free_port(), "http": free_port()}
    city.rules = city.root / "rules"
    city.write_gateway(LIMITS.replace("4096", "256"))
    city.write_http()
    return json.loads((city.root / "known.json").read_text())


def upgrade(city, folder, env=None):
    """`store upgrade`: the process when it ended."""
    return subprocess.run([city.bin / "sluisctl", "store", "upgrade", folder, "--master-key", city.keys / "master.key"],
                          capture_output=True, text=True, env=env or city.env, timeout=120)


def verified(city, folder):
    """Every entry, record, row and key slot, offline."""
    return city.ctl("journal", "verify", folder, "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key",
                    city.keys / "master.key", "--directory-key", city.keys / "directory.key.pub")


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def set_version(folder, version):
    """As a program of that version would have written it."""
    path = folder / "store" / "data.mdb"
    data = bytearray(path.read_bytes())
    at, found = data.find(FORMAT), 0
    while at >= 0:
        struct.pack_into(">I", data, at - 4, version)
        at, found = data.find(FORMAT, at + 1), found + 1
    check(found, "no format in the store")
    path.write_bytes(data)


def each(city, play):
    """play(a city with the store of a past version, what stands in it), for each of them."""
    for version in PAST:
        one = City(city.bin)
        try:
            play(one, take_up(one, version))
        finally:
            one.close()


def test_a_gateway_takes_it_up(city):
    """At its start, by itself: the same tree, the same data, the same dossier; and work goes on."""
    def play(one, known):
        one.start_gateway()
        lines = [e for e in one.gateway.events() if e["event"] == "sluisd.upgrade"]
        check(lines and lines[-1]["rows"] == lines[-1]["of"] and int(lines[-1]["of"]) > 40, f"{lines}")
        check(names(one.root / "data") == ["keys.slots", "store"], f"{names(one.root / 'data')}")
        one.start_http()
        wait_for("sluis-http is ready", lambda: one.alive("/health/ready"))
        check(one.values(known["case"], 2) == known["values"], f"{one.values(known['case'], 2)}")
        old = {e["journaalnummer"]: e for e in known["dossier"]}
        new = {e["journaalnummer"]: e for e in one.dossier(known["case"], 2)}
        for index, entry in old.items():
            check({k: new[index].get(k) for k in entry} == entry, f"entry {index}: {entry} is now {new.get(index)}")
        for transaction, types in known["trace"].items():
            seen = [e["type"] for e in one.trace(transaction)]
            check(seen[:len(types)] == types, f"{transaction}: {types} are now {seen}")
        parties = sorted(p["oin"] for p in one.ctl("party", "list", "--socket", one.control))
        check(parties == known["parties"], f"{parties}")
        before = one.status()["journal_entries"]
        check(before >= known["head"]["entries"], f"{before}")
        one.start_adapter("school", one.adapter_config("school"))
        one.wait_connected("school")
        if not one.ctl("agreement", "list", "--socket", one.control):  # of a version that had none
            one.agree("school", **{**one.agreed("school"), "purposes": (RESEARCH["purpose"],)})  # what its rules know
        case = one.open_case([(PARENT, "ouder"), (CHILD, "kind")])
        got = one.ask(case, 2, "school", ["school-soort"])
        check(got["school-soort"]["uitkomst"] == "verstrekt", f"{got}")
        one.stop()
    each(city, play)


def test_offline_nothing_changes_but_the_form(city):
    def play(one, known):
        data = one.root / "data"
        done = upgrade(one, data)
        check(done.returncode == 0, done.stderr)
        after = verified(one, data)
        check({k: after[k] for k in known["head"]} == known["head"], f"{after}")
        form = (data / "store" / "data.mdb").read_bytes()
        done = upgrade(one, data)  # a second time: nothing to do
        check(done.returncode == 0 and (data / "store" / "data.mdb").read_bytes() == form, done.stderr)
    each(city, play)


def test_killed_at_every_write_it_is_old_or_new(city):
    """Killed before each write, sync and change of names: the next run finishes it."""
    def play(one, known):
        data, kept = one.root / "data", one.root / "kept"
        shutil.copytree(data, kept)
        shim = Shim(one)
        env = shim.env(one.env)
        kills = 0
        while True:
            shutil.rmtree(data)
            shutil.copytree(kept, data)
            shim.fail(EVERY, KILL, after=kills + 1)
            done = upgrade(one, data, env)
            if done.returncode == 0:
                break
            check(done.returncode == -9, f"kill {kills}: exit {done.returncode} {done.stderr}")
            kills += 1
            done = upgrade(one, data)
            check(done.returncode == 0, f"after kill {kills}: {done.stderr}")
            check(names(data) == ["keys.slots", "store"], f"after kill {kills}: {names(data)}")
            after = verified(one, data)
            check({k: after[k] for k in known["head"]} == known["head"], f"after kill {kills}: {after}")
        check(kills > 12, f"only {kills} points")
        print(f"  {kills} kills of an upgrade of {known['head']['entries']} entries")
    if city.bin.parent.name != "rel":
        return "a preloaded library and a sanitizer do not go together"
    return each(city, play)


def test_no_room_leaves_the_old_one(city):
    if city.bin.parent.name != "rel":
        return "a preloaded library and a sanitizer do not go together"
    known = take_up(city, PAST[-1])
    data = city.root / "data"
    before = (data / "store" / "data.mdb").read_bytes()
    shim = Shim(city)
    for after in (1, 4, 7):
        shim.fail(WRITE | META, errno.ENOSPC, after=after, count=1 << 60)
        done = upgrade(city, data, shim.env(city.env))
        check(done.returncode == 5 and "no space" in done.stderr.lower(), f"exit {done.returncode} {done.stderr}")
        check((data / "store" / "data.mdb").read_bytes() == before, "the old store was changed")
    check(upgrade(city, data).returncode == 0, "with room again")
    check(verified(city, data)["root"] == known["head"]["root"], "another tree")
    return None


def test_a_changed_row_stops_it(city):
    """A flipped bit in a row with a check of its own: named, and the old store stays as it is."""
    take_up(city, PAST[-1])
    path = city.root / "data" / "store" / "data.mdb"
    data = bytearray(path.read_bytes())
    at = data.find(b"research")  # the phase of the case, in each copy of its row
    check(at > 0, "no case")
    while at > 0:
        data[at] ^= 1
        at = data.find(b"research")
    path.write_bytes(data)
    done = upgrade(city, city.root / "data")
    check(done.returncode == 1 and "case" in done.stderr and "fails its check" in done.stderr, f"exit {done.returncode} {done.stderr}")
    check(path.read_bytes() == data, "the store was changed")


def test_what_cannot_be_read_is_said(city):
    """A newer version, one from before the first that is read, and half a store."""
    take_up(city, PAST[-1])
    data = city.root / "data"
    check(upgrade(city, data).returncode == 0, "the upgrade")
    now = city.ctl("store", "upgrade", data, "--master-key", city.keys / "master.key")["version"]
    check(PAST == [f"v{n}" for n in range(1, now)], f"a store of each past version is kept (tests/tools/make_store.py): {PAST} before {now}")
    for version, words in ((now + 1, "newer release"), (0, "reads from")):
        set_version(data, version)
        done = upgrade(city, data)
        check(done.returncode != 0 and f"format version {version}" in done.stderr and words in done.stderr, done.stderr)
        done = subprocess.run([city.bin / "sluisd", "--config", city.root / "sluisd.conf"], capture_output=True, text=True, timeout=60)
        check(done.returncode != 0 and f"format version {version}" in done.stderr and words in done.stderr, done.stderr)
    set_version(data, now)
    check(upgrade(city, data).returncode == 0, "its own version again")
    (data / "store").rename(data / "store.next")
    done = upgrade(city, data)
    check(done.returncode != 0 and "half a store" in done.stderr and (data / "store.next").exists(), done.stderr)
