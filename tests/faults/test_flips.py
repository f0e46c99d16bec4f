"""A bit flipped in, or the end cut off, any file that the gateway or an adapter keeps.

Of a copy, `journal verify` must find it (or it lies where nothing is). A program started on such a file refuses, ends, or serves
only what is right: never another value."""
import http.client
import os
import shutil
import subprocess
import time

import flips
from city import CHILD, PARENT
from house import SLOW, TREE, Failed, check, seeded, wait_for
from judge import long_or

FRESH = True
SAID = ("refused", "ended", "unreadable", "said so", "served right")
ASKED = ("school-naam", "school-soort", "school-groepsnaam", "school-advies")


def prepared(city, **how):
    """A city with answered requests, its processes stopped; (case, values, data folder kept aside)."""
    city.up(parties=("school",), **how)
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    city.ask(case, 1, "school", list(ASKED))
    city.ask(case, 1, "school", ["school-datum-inschrijving"])
    values = city.values(case, 1)
    check(len(values) >= len(ASKED), f"{values}")
    return case, values


def files_of(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*")
                  if p.is_file() and p.stat().st_size and p.name not in ("lock.mdb", "writer.lock"))


def damage(rng, folder, name, where=None):
    """One flipped bit, or a cut; what was done, in words."""
    path = folder / name
    size = path.stat().st_size
    if rng.random() < 0.25:
        to = rng.randrange(size)
        os.truncate(path, to)
        return f"{name} cut to {to} of {size} bytes"
    at = rng.choice(written(path)) + rng.randrange(4096)
    at = min(at, size - 1)
    flips.flip(path, at, 1 << rng.randrange(8))
    return f"{name} byte {at} flipped"


def written(path):
    """Pages that hold something: not the room that a store keeps ahead."""
    data, nothing = path.read_bytes(), bytes(4096)
    return [i for i in range(0, len(data), 4096) if data[i:i + 4096] != nothing]


def restore(good, folder):
    """The folder as it was; the room kept ahead is not written out."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cp", "-r", "--sparse=always", good, folder], check=True)


def readiness(city):
    """What the running gateway says is wrong with it, by itself and for good; empty: nothing."""
    end = time.monotonic() + 3 * SLOW
    while city.gateway.running() and time.monotonic() < end:
        try:
            answer = city.call("GET", "/health/ready")
        except (OSError, http.client.HTTPException):
            continue
        if answer.status == 200:
            return []
        time.sleep(0.02)
    return [answer.json()] if city.gateway.running() else []


def start_on_damage(city, case, values, what, counts):
    """The gateway on a damaged file: it refuses, ends, says what is wrong with it, or serves what it did before."""
    city.gateway.start()
    wait_for(f"{what}: a start, or its end", lambda: not city.gateway.running() or
             any(e.get("event") == "sluisd.ready" for e in city.gateway.events()), pause=0.005)
    if not city.gateway.running():
        counts["refused"] += 1
    else:
        says = readiness(city)
        answer = city.call("GET", f"/v1/zaken/{case}/leden/1/weergave", city.token("wmo-intake"))
        if not city.gateway.running():
            counts["ended"] += 1
        elif answer.status != 200:
            counts["unreadable"] += 1
        else:
            got = {}
            for d in answer.json()["gegevens"]:
                got.setdefault(d["naam"], []).append(d["waarde"])
            got = {k: " / ".join(sorted(v)) for k, v in got.items()}
            wrong = {k: v for k, v in got.items() if values.get(k) != v}
            check(not wrong, f"{what}: served what fails its check: {wrong}")
            check(says or set(got) == set(values), f"{what}: served without {set(values) - set(got)}, and said nothing")
            counts["said so" if says else "served right"] += 1
    city.gateway.kill()
    code = city.gateway.child.returncode
    check(code in (0, 1, 70, 78, -9), f"{what}: ended with {code}: {city.gateway.tail()}")


def damaged_one_by_one(city, folders, n, **how):
    """Of each file in these folders in turn, so many times in all, with the gateway started on it."""
    rng, seed = seeded()
    case, values = prepared(city, **how)
    city.adapters["school"].stop()
    city.gateway.stop()
    counts = dict.fromkeys(SAID, 0)
    files = []
    for folder in folders:
        good = city.root / f"{folder.name}.good"
        restore(folder, good)
        files += [(folder, good, name) for name in files_of(good)]
    rng.shuffle(files)
    for i in range(n):
        folder, good, name = files[i % len(files)]
        restore(good, folder)
        start_on_damage(city, case, values, f"seed {seed}: {folder.name}: {damage(rng, folder, name)}", counts)
        restore(good, folder)
    city.start_gateway()
    return f"{n} damaged ({', '.join(f'{v} {k}' for k, v in counts.items())}), 0 served wrong; seed {seed}"


def test_gateway_files(city):
    """The daemon itself on damaged files of its data."""
    print(f"gateway's files: {damaged_one_by_one(city, [city.root / 'data'], long_or(7, 400))}")


def test_gateway_keys_and_rules(city):
    """The daemon on damaged keys and rules: a key is refused, and rules that held do not change."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    print(f"gateway's keys and rules: {damaged_one_by_one(city, [city.keys, rules], long_or(12, 400), rules=rules)}")


def test_verifier(city):
    """Every file of a copy, with the verifier: found, or where nothing is."""
    rng, seed = seeded()
    prepared(city)
    copy = city.copy(city.root / "flips")
    result = flips.run(city, copy, long_or(60, 3000), seed)
    check(not result.missed, f"seed {seed}: {result.missed[:5]}")
    cuts = found = 0
    for name in files_of(copy):
        for _ in range(long_or(3, 40)):
            other = city.root / "cut"
            restore(copy, other)
            size = (other / name).stat().st_size
            to = rng.randrange(size)
            os.truncate(other / name, to)
            code, out, err = city.ctl(*flips.verify_args(city, other), want=None)
            cuts += 1
            check(code in (1, 5), f"seed {seed}: {name} cut to {to} of {size}: exit {code} {out[:300]} {err[:300]}")
            found += 1
    print(f"verifier: {result.detected} flips found, {result.free} where nothing is; {found} of {cuts} cuts found; seed {seed}")


def test_adapter_files(city):
    """An adapter on damaged files: it refuses, ends, or goes on and answers what its files say."""
    rng, seed = seeded()
    case, values = prepared(city)
    school = city.adapters["school"]
    school.stop()
    store, good = city.root / "adapters" / "school" / "store", city.root / "store.good"
    restore(store, good)
    names = files_of(good)
    attributes = ("school-brincode", "school-naam", "school-soort", "school-advies")
    counts = dict.fromkeys(("refused", "ended", "silent", "answered right"), 0)
    n = long_or(6, 150)
    for i in range(n):
        restore(good, store)
        what = f"seed {seed}: {damage(rng, store, names[i % len(names)])}"
        school.start()
        try:
            city.wait_connected("school")
        except Failed:
            check(not school.running(), f"{what}: neither connected nor ended")
            counts["refused"] += 1
            check(school.child.returncode > 0, f"{what}: ended with {school.child.returncode}: {school.tail()}")
            continue
        new = city.open_case([(CHILD, "kind")])
        t = city.file(new, 1, "school", [attributes[i % 4]])["verzoekId"]
        end = time.monotonic() + 2
        while time.monotonic() < end and school.running() and city.request(t)["status"] != "beantwoord":
            time.sleep(0.05)
        state = city.request(t)
        if state["status"] == "beantwoord":
            got = [(r["naam"], r["uitkomst"]) for r in state["uitkomsten"]]
            check(got == [(attributes[i % 4], "verstrekt")], f"{what}: answered {got}")
            counts["answered right"] += 1
        else:
            counts["silent" if school.running() else "ended"] += 1
        school.kill()
        check(school.child.returncode in (0, 1, 70, -9), f"{what}: ended with {school.child.returncode}: {school.tail()}")
    restore(good, store)
    school.start()
    city.wait_connected("school")
    print(f"adapter's files: {n} damaged ({', '.join(f'{v} {k}' for k, v in counts.items())}), 0 wrong; seed {seed}")
