"""A kill before every write, sync and change of a name with which `sluisctl key rotate` changes a folder of keys.

After a kill the gateway runs on the folder as it lies there, and the same command, given again, does the whole of it: the
keys that are to be there are there, whole, and nothing else is. Bounded: every third call, from a seeded one."""
import shutil
import subprocess

from city import PARTIES
from house import NAME, check, seeded
from judge import long_or
from shim import KEYS, KILL, Shim

FRESH = True
SKIPPED = "a preloaded library and a sanitizer do not go together"


def runs(city, at):
    """The gateway starts on its keys as they are, and clears away what the kill left; its store is of no matter here."""
    shutil.rmtree(city.root / "data", ignore_errors=True)
    try:
        city.start_gateway()
    except AssertionError as e:
        raise AssertionError(f"{at}: {e}") from None
    city.gateway.stop()
    check(not list(city.keys.glob("*.part")) + list(city.keys.glob("*.gone")), f"{at}: left over after a start")


def each_kill(city, shim, folder, argv, judge, killed=lambda at, n: None):
    """Plays the command on the folder with a kill before one of its calls after the other, and then without one. judge is
    called when it was done again, killed before that. The folder is as the command leaves it; the number of kills."""
    kept, kills, step = city.root / "kept", 0, long_or(3, 1)
    rng, seed = seeded()
    call = 1 + rng.randrange(step)
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    argv = [city.bin / "sluisctl", *map(str, argv)]
    while True:
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        shim.fail(KEYS, KILL, after=call)
        done = subprocess.run(argv, env=shim.env(city.env), capture_output=True, text=True, timeout=60)
        at = f"{' '.join(argv[2:])}, killed before call {call}, seed {seed}"
        if done.returncode != 0:
            check(done.returncode == -9, f"{at}: exit {done.returncode} {done.stderr}")
            killed(at, kills)
            again = subprocess.run(argv, env=city.env, capture_output=True, text=True, timeout=60)
            fine = again.returncode == 0 or "is under way" in again.stderr  # killed behind its last step
            check(fine, f"{at}: given again: exit {again.returncode} {again.stderr}")
        whole(folder, at)
        judge(at, kept)
        if done.returncode == 0:
            return kills
        kills, call = kills + 1, call + step


def whole(folder, at):
    """No key is without its public half; nothing is left over but what the next start takes away."""
    names = {p.name for p in folder.iterdir()}
    bare = [n for n in names if n.endswith(".key") and n not in ("master.key", "store.key") and f"{n}.pub" not in names]
    check(not bare, f"{at}: without a public half: {bare}")
    over = [n for n in names if n.endswith((".next", ".key.new")) or
            (n.endswith(".part") and not (folder / n).samefile(folder / n.removesuffix(".part")))]
    check(not over, f"{at}: left over: {over}")


def same(folder, name, kept, other, at):
    """The key of this name is that other one of before."""
    for end in (".key", ".key.pub"):
        check((folder / f"{name}{end}").read_bytes() == (kept / f"{other}{end}").read_bytes(), f"{at}: {name}{end} is not {other}{end}")


def test_a_gateways(city):
    if city.bin.parent.name != "rel":
        return SKIPPED
    city.make()
    shim, keys, points, starts = Shim(city), city.keys, {}, 0

    def started(at, n):
        nonlocal starts
        if n % long_or(4, 1) == 0:
            runs(city, at)
            starts += 1

    for use in ("sign", "curve", "log", "directory"):
        def begun(at, kept):
            same(keys, use, kept, use, at)
            new = city.ctl("key", "inspect", keys / f"{use}.new.key")["id"]
            check(new == (keys / f"{use}.new.key.pub").read_text().split()[2], f"{at}: halves of two keys")
            if use in ("log", "directory"):
                known = (keys / f"{use}.pub").read_text().split()[2::3]
                check(known == [(keys / f"{use}.key.pub").read_text().split()[2], new], f"{at}: {use}.pub holds {known}")

        def finished(at, kept):
            same(keys, use, kept, f"{use}.new", at)
            check(not list(keys.glob(f"{use}.new.key")) + list(keys.glob("delegation.new.bin")), f"{at}: still there")

        rotate = ("key", "rotate", "--dir", keys, "--use", use)
        points[use] = each_kill(city, shim, keys, rotate, begun, started)
        if use == "directory":
            city.ctl("key", "delegate", "--root", keys / "offline" / "root.key", "--key", keys / "directory.new.key.pub",
                     "--name", NAME, "--out", keys / "delegation.new.bin")
        points[use] += each_kill(city, shim, keys, (*rotate, "--finish", "--overlap", "0"), finished, started)
        runs(city, f"{use} has gone over")
    check(all(n >= long_or(10, 30) for n in points.values()), f"points: {points}")
    print(f"a gateway's keys: {sum(points.values())} kills of key rotate ({points}), {starts} starts in between, each done again")


def test_a_partys(city):
    if city.bin.parent.name != "rel":
        return SKIPPED
    shim, keys = Shim(city), city.root / "adapters" / "school" / "keys"
    keys.parent.mkdir(parents=True)
    city.ctl("key", "new", "--dir", keys, "--oin", PARTIES["school"][0])

    def begun(at, kept):
        for use in ("sign", "seal", "curve"):
            same(keys, use, kept, use, at)
            check((keys / f"{use}.new.key").stat().st_size == (keys / f"{use}.key").stat().st_size, f"{at}: {use}.new.key")
            new = (keys / f"{use}.new.key.pub").read_text().split()[1]
            check(new in (keys / "rotation.json").read_text(), f"{at}: {use} is not in rotation.json")

    def finished(at, kept):
        for use in ("sign", "seal", "curve"):
            same(keys, use, kept, f"{use}.new", at)
        same(keys, "seal.old", kept, "seal", at)
        check((keys / "enrolment.json").read_bytes() == (kept / "rotation.json").read_bytes(), f"{at}: enrolment.json")
        check(not (keys / "rotation.json").exists(), f"{at}: rotation.json is still there")

    rotate = ("key", "rotate", "--dir", keys)
    points = each_kill(city, shim, keys, rotate, begun) + each_kill(city, shim, keys, (*rotate, "--finish"), finished)
    check(points >= long_or(20, 60), f"only {points} points")
    print(f"a party's keys: {points} kills of key rotate, each done again")
