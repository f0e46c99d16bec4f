"""The key file fills up, which is told in time; it is enlarged by a start, and goes on with the persons of before."""
import json
import shutil
import subprocess

import house
import opener
from house import LIMITS, check, seeded, small_disk, wait_for
from test_forget import cleared, files_with, forget
from test_import import bring, line, verified, write

FRESH = True
NAMES = ("--name", house.NAME, "--none-newer")


def configure(city, slots):
    limits = LIMITS.replace("4096", str(slots)).replace(str(house.QUOTA), str(64 << 20))
    city.write_gateway(limits.replace("{", "{ calls_per_minute = 1000000; ", 1))


def up(city, slots):
    city.make()
    configure(city, slots)
    city.start_gateway()
    city.start_http()


def said(city, event):
    """What the log says under this event since the last start: without time and the like."""
    return [{k: v for k, v in e.items() if k not in ("time", "level", "event", "program")}
            for e in city.gateway.events() if e.get("event") == event]


def again(city, slots):
    """Restarted with so many slots in the configuration; what the log says of them."""
    check(city.gateway.stop() == 0, "it did not stop well")
    configure(city, slots)
    city.start_gateway()
    wait_for("the API again", lambda: city.alive("/health/ready"))
    return said(city, "sluisd.key-slots")


def room(city):
    s = city.status()
    return s["new_persons"], s["key_slots"]


def bring_in(city, persons, want=0):
    return bring(city, write(city, [line(b) for b in persons]), want=want)


def slots_in(path):
    raw = path.read_bytes()
    return [raw[i:i + opener.SLOT] for i in range(opener.HEADER, len(raw), opener.SLOT)]


def test_it_fills_and_grows(city):
    """Warned at half, refused in words at 11/16, enlarged by the next start: who was known is known, who was forgotten is not."""
    up(city, 256)
    persons, file, who = house.test_bsns(seeded()[0], 330), city.root / "data" / "keys.slots", opener.Opener(city.keys)
    check(room(city) == ("room", 256) and not said(city, "sluisd.key-slots"), f"{city.status()}")
    bring_in(city, persons[:100])
    check(room(city) == ("room", 256) and not said(city, "core.key-slots"), f"{city.status()}")
    old_keys = city.root / "old-keys"
    city.ctl("journal", "copy", "--dir", old_keys, "--only", "keys", "--socket", city.control)
    bring_in(city, persons[100:140])
    wait_for("a warning", lambda: said(city, "core.key-slots"))
    check(room(city) == ("little-room", 256), f"{city.status()}")
    check(said(city, "core.key-slots") == [{"text": "half of the key file is in use: at 11/16 no new person can be registered; "
                                                    "raise limits.key_slots and restart before that"}], f"{said(city, 'core.key-slots')}")
    gone = who.slot(file, persons[0])
    for by in ("fg-1", "fg-2"):
        forget(city, persons[0], by)
    cleared(city)
    bring_in(city, persons[140:165])
    for b in persons[165:]:  # one by one: 512 lines are a batch, which is refused whole
        code, _, err = bring_in(city, [b], want=None)
        if code:
            break
    check(code == 4 and json.loads(err)["where"] == "line 1" and
          json.loads(err)["text"] == "the key file has no room for this person: raise limits.key_slots and restart", f"exit {code} {err}")
    used = city.status()["key_slots_used"]
    check(used == 176 and room(city) == ("no-room", 256), f"{city.status()}")
    wait_for("an error", lambda: len(said(city, "core.key-slots")) == 2)
    check(said(city, "core.key-slots")[1] == {"text": "no new person can be registered: raise limits.key_slots and restart"}, "another text")
    a = city.call("POST", "/v1/zaken", city.token("wmo-intake"), {
        "soort": "client", "leden": [{"bsn": b, "rol": "client"}], "bereik": {"wetten": ["wmo"], "domeinen": ["onderwijs"]},
        "aanleiding": "Vraag om hulp"})
    check(a.json().get("code") == "register-full", f"{a.status} {a.body[:300]!r}")

    before, backup = slots_in(file), city.root / "backup"
    city.ctl("journal", "copy", "--dir", backup, "--only", "store", "--socket", city.control)
    check(again(city, 1024) == [{"from": "256", "to": "1024", "text": "the key file was enlarged"}], f"{said(city, 'sluisd.key-slots')}")
    used, after = city.status()["key_slots_used"], slots_in(file)
    check(room(city) == ("room", 1024) and 176 <= used < 180, f"{city.status()}")  # the key of a day may have come
    wait_for("the metrics", lambda: (city.metric("key_slots"), city.metric("key_slots_used")) == (1024, used))
    check(len(after) == 1024 and sum(map(any, after)) == used, f"{len(after)} slots")
    check(all(was == now or not any(was) for was, now in zip(before, after)), "a slot was changed that was in use")
    bring_in(city, persons)  # all of them, and the one who was forgotten as somebody new
    check(city.status()["key_slots_used"] >= 330, f"{city.status()}")
    check(sum(who.slot(file, b) is not None for b in persons) == 330, "somebody is not in the file")
    check(any(map(any, slots_in(file)[256:])), "nothing is in what was added")
    for secret in (gone.wrapped, gone.nonce):
        check(not files_with(city.root / "data", secret), "who was forgotten is in the file")
    check(verified(city)["ok"], "the store")

    check(again(city, 1024) == [], "something was said of it again")
    check(again(city, 256) == [{"slots": "1024", "configured": "256", "text": "the key file has more slots than limits.key_slots, and never "
                                                                              "gets fewer: all are used"}], "fewer are configured")
    check(room(city) == ("room", 1024), f"{city.status()}")

    # the store of before it was enlarged goes back, under the key file of now; not under the smaller one of before
    for p in city.processes():
        p.stop()
    shutil.rmtree(city.root / "data" / "store")
    elsewhere = ("--data", city.root / "elsewhere", *NAMES, "--log-key", city.keys / "log.key.pub")
    code, out, _ = city.ctl("restore", str(backup), *elsewhere, "--keys", old_keys / "keys.slots", want=None)
    check(code == 1 and "older than the backup" in out, f"{code} {out}")
    done = city.ctl("restore", str(backup), "--data", city.root / "data", *NAMES, "--log-key", city.keys / "log.key.pub")
    check(done["own_keys"] and done["forgotten_since"] == 0, f"{done}")
    city.start_gateway()
    check(room(city) == ("room", 1024) and verified(city)["ok"], f"{city.status()}")


def test_no_space(city):
    """The disk has no room for what is configured: it goes on as it is, says so, and enlarges once there is."""
    data = city.root / "data"
    if (why := small_disk(data, "48m")):
        return why
    try:
        up(city, 256)
        persons = house.test_bsns(seeded()[0], 300)
        bring_in(city, persons[:100])
        size = (data / "keys.slots").stat().st_size
        check(again(city, 1 << 20) == [{"code": "no-space", "slots": "256", "configured": "1048576",
                                        "text": "no space to enlarge the key file: it goes on as it is; make room and restart"}],
              f"{said(city, 'sluisd.key-slots')}")
        check(room(city) == ("room", 256) and (data / "keys.slots").stat().st_size == size, f"{city.status()}")
        bring_in(city, persons[:120])
        subprocess.run(["mount", "-o", "remount,size=256m", data], check=True)
        check(again(city, 1 << 20)[0]["to"] == "1048576", f"{said(city, 'sluisd.key-slots')}")
        bring_in(city, persons)
        check(room(city) == ("room", 1 << 20) and verified(city)["ok"], f"{city.status()}")
        city.stop()
    finally:
        for p in city.processes():
            p.kill()
        subprocess.run(["umount", "-l", data], check=False)
