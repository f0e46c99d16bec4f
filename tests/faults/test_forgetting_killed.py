"""A kill before every write, sync, allocation and change of a name of the gateway's files while a person is forgotten: from the
second person's word until nothing is left to be cleared away.

After each the gateway starts, and the person is wholly there, key and all, or wholly gone; there, it is forgotten then. Then
no file holds a key of the person's, and everything verifies. Bounded: every fourth call, from a seeded one."""
import json
import shutil

import flips
import opener
from city import CHILD
from house import check, seeded, wait_for
from judge import long_or
from shim import ALLOCATE, FOREVER, KILL, META, NAME, SYNC, TRUNCATE, WRITE, Shim
from test_forget import OWN, cleared, files_with, forget, known_twice

FRESH = True
SKIPPED = "a preloaded library and a sanitizer do not go together"
ALL = WRITE | SYNC | ALLOCATE | TRUNCATE | META | NAME


def say_again(city, at):
    """The second person's word; whether it was carried out before the kill."""
    code, _, err = forget(city, CHILD, "fg-2", want=None)
    check(code in (0, 3), f"{at}: exit {code}: {err}")
    return code == 0


def all_done(city):
    code, out, _ = city.ctl("status", "--socket", city.control, want=None)
    return code == 0 and json.loads(out)["being_cleared"] == 0


def test_every_call(city):
    if city.bin.parent.name != "rel":
        return SKIPPED
    city.up(parties=("school",))
    data, kept, who = city.root / "data", city.root / "kept", opener.Opener(city.keys)
    known_twice(city)
    check(forget(city, CHILD, "fg-1")["outcome"] == "proposed", "not proposed")
    keys = [s.wrapped for s in (who.slot(data / "keys.slots", CHILD), who.slot(data / "keys.slots", OWN, "sluis1-own-id"))]
    for p in city.processes():
        p.stop()
    data.rename(kept)
    shim, (rng, seed) = Shim(city), seeded()
    city.gateway.env = shim.env(city.gateway.env)
    step = long_or(4, 1)
    call, kills, undone = 1 + rng.randrange(step), 0, 0
    while True:
        at = f"killed before call {call}, seed {seed}"
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(kept, data)
        shim.heal()
        city.start_gateway()
        shim.fail(ALL, KILL, after=call, count=FOREVER)
        done = say_again(city, at)
        wait_for("all of it, or a kill", lambda: not city.gateway.running() or (done and all_done(city)), pause=0.005)
        shim.heal()
        killed = shim.failed() > 0
        if killed:
            wait_for("the end of it", lambda: not city.gateway.running())
            city.gateway.start("sluisd.ready")
            left = files_with(data, keys[0]) + files_with(data, keys[1])
            check(left in ([], ["keys.slots"] * 2), f"{at}: a key is left, another is not: {left}")
            if left:
                check(forget(city, CHILD, "fg-2")["outcome"] == "forgotten", f"{at}: not forgotten afterwards")
                undone += 1
        cleared(city)
        city.gateway.stop()
        check(not files_with(data, keys[0]) and not files_with(data, keys[1]), f"{at}: a key is still there")
        check(city.ctl(*flips.verify_args(city, data))["ok"], f"{at}: it does not verify")
        if not killed:
            break
        kills, call = kills + 1, call + step
    check(kills >= long_or(4, 16) and undone < kills, f"{kills} kills, {undone} before it was done")
    print(f"forgetting: {kills} kills, {undone} of them before it was done; seed {seed}")
