"""A write, sync or allocation of the gateway's store and key file fails, under load (shim_io.c preloaded into sluisd).

EIO: the gateway ends by itself, and the next start verifies and goes on. ENOSPC: it refuses, and goes on when there is
room again, without a restart. Bounded: some points of each kind. Long (make torture): every point of a start, and
hundreds under load."""
import errno
import http.client
import shutil
import time

import flips
from city import CHILD
from house import check, seeded, wait_for
from judge import KILLED_MS, judge, long_or
from load import Load
from shim import ALLOCATE, FOREVER, META, SYNC, TRUNCATE, WRITE, Shim

FRESH = True
ENDED = (1, 70)  # refused to start; stopped by itself


def shimmable(city):
    return city.bin.parent.name == "rel"  # a sanitizer's runtime insists on being loaded first


def shimmed(city):
    """The city up, its gateway restarted with the shim; None: not with this build."""
    if not shimmable(city):
        return None
    shim = Shim(city)
    city.up(parties=("school",))
    city.gateway.stop()
    city.gateway.env = shim.env(city.gateway.env)
    city.start_gateway()
    wait_for("the API again", lambda: city.alive("/health/ready"))
    return shim


SKIPPED = "a preloaded library and a sanitizer do not go together"


def started(gateway):
    """Waits until it runs or has ended: which."""
    wait_for("a start, or its end",
             lambda: not gateway.running() or any(e.get("event") == "sluisd.ready" for e in gateway.events()), pause=0.005)
    return gateway.running()


def test_first_start_fails(city):
    """Each write, sync and allocation of a first start fails, with EIO and with ENOSPC: refused in words, and the next
    start finishes it."""
    if not shimmable(city):
        return SKIPPED
    shim = Shim(city)
    city.make()
    city.env = shim.env(city.env)
    city.start_gateway()
    city.gateway.stop()
    points = refused = 0
    step = long_or(3, 1)
    for error in (errno.EIO, errno.ENOSPC):
        at = 1 if step == 1 else 1 + (error == errno.ENOSPC)
        while True:
            shutil.rmtree(city.root / "data")
            shim.fail(WRITE | SYNC | ALLOCATE | TRUNCATE | META, error, after=at)
            city.gateway.start()
            ok = started(city.gateway)
            failed = shim.failed()
            shim.heal()
            if not ok:
                code = city.gateway.child.returncode
                check(code in ENDED, f"point {at}, errno {error}: ended with {code}: {city.gateway.tail()}")
                city.gateway.start("sluisd.ready")
                refused += 1
            copy = city.copy(city.root / f"copy-{error}-{at}")
            check(city.ctl(*flips.verify_args(city, copy))["ok"], f"point {at}, errno {error}")
            shutil.rmtree(copy)
            city.gateway.stop()
            if not failed:
                break
            points += failed
            at += step
    check(points >= 4, f"only {points} points")
    print(f"first start: {points} points failed, {refused} starts refused and done again")


def test_io_error_under_load(city):
    city.call_ms = KILLED_MS
    shim = shimmed(city)
    if not shim:
        return SKIPPED
    rng, seed = seeded()
    load = Load(city, rng)
    load.pace = 0.03
    load.start()
    ended = points = 0
    try:
        for i in range(long_or(6, 150)):
            before = load.acked_count()
            wait_for("requests under way", lambda: load.acked_count() > before or load.error, 20)
            shim.fail((WRITE, SYNC, META)[i % 3], errno.EIO, after=rng.randrange(1, 12))
            wait_for("the failure", lambda: shim.failed() or not city.gateway.running())
            wait_for(f"seed {seed}: an end after a failed {('write', 'sync', 'meta write')[i % 3]}", lambda: not city.gateway.running())
            code = city.gateway.child.returncode
            check(code == 70, f"seed {seed}: ended with {code}: {city.gateway.tail()}")
            ended, points = ended + 1, points + shim.failed()
            shim.heal()
            load.pause()
            city.start_gateway()
            missing = load.missing()
            check(not missing, f"seed {seed}: acknowledged and gone after {i + 1}: {missing[:3]}")
            load.resume()
    finally:
        load.stop()
    judge(city, load, seed)
    print(f"I/O errors: {points} points failed, {ended} ends and starts; {load.acked_count()} acknowledged, 0 lost; seed {seed}")


def accepts(city, case, n):
    """The status of a further request."""
    try:
        return city.file(case, 1, "school", [("school-naam", "school-soort", "school-advies", "school-brincode")[n % 4]],
                         raw=True).status
    except (OSError, http.client.HTTPException):
        return 0


def test_full_under_load(city):
    """No room for a moment, at seeded points: refused or done, never ended, and everything acknowledged stands."""
    shim = shimmed(city)
    if not shim:
        return SKIPPED
    rng, seed = seeded()
    load = Load(city, rng)
    load.pace = 0.03
    load.start()
    first = city.gateway.child.pid
    points = 0
    try:
        for i in range(long_or(4, 60)):
            shim.fail((WRITE, ALLOCATE, WRITE | ALLOCATE)[i % 3], errno.ENOSPC, after=rng.randrange(1, 12),
                      count=rng.choice((1, 3, FOREVER)))
            time.sleep(rng.uniform(0.05, 0.3))
            points += shim.failed()
            shim.heal()
            before = load.acked_count()
            wait_for(f"seed {seed}: requests again when there is room",
                     lambda: load.acked_count() > before or load.error or not city.gateway.running(), 20)
            check(city.gateway.running(), f"seed {seed}: ended: {city.gateway.tail()}")
    finally:
        load.stop()
    check(city.gateway.child.pid == first, "another process")
    judge(city, load, seed)
    print(f"no room: {points} points failed, healed without a restart; {load.acked_count()} acknowledged, 0 lost; seed {seed}")


def test_full_refuses(city):
    """While there is no room a request is refused with a code that says so; what is known is still read."""
    shim = shimmed(city)
    if not shim:
        return SKIPPED
    case = city.open_case([(CHILD, "client")])
    city.ask(case, 1, "school", ["school-groepsnaam"])
    shim.fail(WRITE | ALLOCATE, errno.ENOSPC, count=FOREVER)
    got = city.file(case, 1, "school", ["school-naam"], raw=True)
    check(got.status in (503, 507), f"without room: {got.status} {got.body[:300]!r}")
    check(city.call("GET", "/health/live").status == 200, "not alive without room")
    shim.heal()
    wait_for("a request when there is room again", lambda: accepts(city, case, 1) in (200, 201, 202))
    print(f"no room at all: {got.status} {got.json().get('code') or got.json().get('type')}")
