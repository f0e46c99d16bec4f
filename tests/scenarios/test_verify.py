"""Offline verification of a copy, and of a copy that someone changed."""
import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import subprocess

import flips
from city import CHILD, PARENT
from house import NAME, SLOW, check, seeded, wait_for

FLIPS = 100


def copy_of(city, name):
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.ask(case, 2, "school", ["school-naam", "school-soort"])
    city.ask(case, 1, "wgs", ["wgs-totaal-schuldbedrag"])
    return city.copy(city.root / name)


def test_sound(city):
    copy = copy_of(city, "sound")
    report = city.ctl(*flips.verify_args(city, copy))
    check(report["ok"] and report["entries"] >= 5 and report["records"] == report["entries"], f"{report}")
    tree = city.ctl("journal", "verify", copy, "--name", "sluis.voorbeeld.test", "--log-key", city.keys / "log.key.pub")
    check(tree["root"] == report["root"], "the tree alone gives another root")


def test_progress(city):
    """On a terminal it says how far it is, on one line; into a file it says nothing of it."""
    copy = copy_of(city, "long")
    argv = [city.bin / "sluisctl", *map(str, flips.verify_args(city, copy))]
    ours, theirs = pty.openpty()
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=theirs, text=True, env=city.env, timeout=60 * SLOW)
    os.close(theirs)
    shown = b""
    with open(ours, "rb", buffering=0) as screen, contextlib.suppress(OSError):  # at the end, since nobody has the other side
        while more := screen.read(4096):
            shown += more
    entries = int(re.search(r"^entries +(\d+)$", done.stdout, re.M)[1])
    check(done.returncode == 0 and shown.decode().endswith(f"\r{entries} of {entries} entries\r\n") and shown.count(b"\n") == 1,
          f"{done} {shown}")
    quiet = subprocess.run(argv, capture_output=True, text=True, env=city.env, timeout=60 * SLOW)
    check(quiet.returncode == 0 and not quiet.stderr and quiet.stdout == done.stdout, f"{quiet}")


def test_a_running_gateway(city):
    """Its own folder is not read under its hands, and is when it has stopped; what lies elsewhere is never held."""
    city.open_case([(CHILD, "kind")])
    data, tree = city.root / "data", ("--name", NAME, "--log-key", city.keys / "log.key.pub")
    for args in (flips.verify_args(city, data), ("journal", "export", data, "--out", city.root / "tiles", *tree),
                 ("restore", str(data), "--data", city.root / "elsewhere", "--none-newer", *tree)):
        code, out, err = city.ctl(*args, want=None)
        check(code == 5 and json.loads(err or out) == {
            "ok": False, "code": "permission", "where": str(data / "store"),
            "text": "a gateway runs on it, and what changes while it is read looks damaged: take a copy (`sluisctl journal copy`) and "
                    "name that, or stop the gateway"}, f"{args[:2]}: {code} {out}{err}")
    city.gateway.stop()
    check(city.ctl(*flips.verify_args(city, data))["ok"], "stopped")
    with open(data / "store" / "writer.lock", "rb") as reads:
        fcntl.flock(reads, fcntl.LOCK_SH)  # as one that verifies
        check(city.ctl(*flips.verify_args(city, data))["ok"], "two at once")
        city.gateway.start()
        check(city.gateway.child.wait(20 * SLOW) == 1 and "another program holds this store" in city.gateway.tail(), city.gateway.tail())
    city.start_gateway()
    wait_for("sluis-http is ready", lambda: city.alive("/health/ready"))


def test_wrong_key_or_name(city):
    copy = copy_of(city, "other")
    for args in (("--name", "sluis.voorbeeld.test", "--log-key", city.keys / "sign.key.pub"),):
        code, _, _ = city.ctl("journal", "verify", copy, *args, want=None)
        check(code == 5, f"a key of another use: exit {code}")
    code, out, _ = city.ctl("journal", "verify", copy, "--name", "sluis.elders.test", "--log-key", city.keys / "log.key.pub", want=None)
    check(code == 1, f"another gateway's name: exit {code} {out}")


def test_flips(city):
    rng, seed = seeded()
    copy = copy_of(city, "flips")
    result = flips.run(city, copy, FLIPS, seed)
    check(not result.missed, f"seed {seed}: {result.missed[:5]}")
    check(result.detected and result.free, f"seed {seed}: {result.detected} detected, {result.free} free")


def test_cut_short(city):
    copy = copy_of(city, "cut")
    data = copy / "store" / "data.mdb"
    with open(data, "r+b") as f:
        f.truncate(data.stat().st_size - 4096)
    code, out, err = city.ctl(*flips.verify_args(city, copy), want=None)
    check(code == 1, f"a file cut short: exit {code} {out} {err}")
    shutil.rmtree(copy / "store")
    code, _, _ = city.ctl(*flips.verify_args(city, copy), want=None)
    check(code in (1, 5), f"no store at all: exit {code}")
