"""Offline verification of a copy, and of a copy that someone changed."""
import shutil

import flips
from city import CHILD, PARENT
from house import check, seeded

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
