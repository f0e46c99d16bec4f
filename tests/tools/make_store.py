#!/usr/bin/python3
"""Makes tests/data/stores/vN.tar.xz: a gateway's data and keys as a past version left them, and what stands in them.

Usage: make_store.py TREE OUT.tar.xz, where TREE is a built checkout of that version. Run once, when a version becomes a
past one: the test of the upgrade (tests/scenarios/test_upgrade.py) reads the result ever after. The keys are valid for
long, and are nobody's."""
import json
import lzma
import shutil
import sys
import tarfile
from pathlib import Path

TREE, OUT = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
sys.path.insert(0, str(TREE / "tests" / "scenarios"))
import city as city_module  # noqa: E402
from city import CHILD, PARENT, City  # noqa: E402
from house import NAME, wait_for  # noqa: E402

PARTIES = ("school", "politie", "ggd")
SCHOOL = ["school-naam", "school-jaargroep", "school-groepsnaam"]
DAYS = "3660"


class Lasting(City):
    def ctl(self, *args, **kw):
        if args[:2] == ("key", "new"):
            args += ("--days", DAYS)
        return super().ctl(*args, **kw)


def main():
    city_module.LIMITS = city_module.LIMITS.replace("4096", "256")
    city = Lasting(TREE / "build" / "rel" / "bin")
    city.up(parties=PARTIES)
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    answered = city.file(case, 2, "school", SCHOOL)["verzoekId"]
    city.answered(answered)
    if "correct" in (TREE / "gateway" / "ctl" / "commands.c").read_text():  # the first value becomes history
        right = city.root / "right.json"
        right.write_text(json.dumps({"school-groepsnaam": "7B"}))
        city.inbox("school", "correct", answered, "--values", right, "--why", "-", "--by", "directie-1", stdin="Overgeplaatst.")
        wait_for("the correction", lambda: "7B" in json.dumps(city.values(case, 2)))
    held = city.file(case, 2, "ggd", ["jgz-visus"])["verzoekId"]
    wait_for("held", lambda: [i for i in city.inbox("ggd", "list") if i["state"] == "held"])
    city.adapters["politie"].stop()
    waiting = city.file(case, 1, "politie", ["politie-huisbezoek"])["verzoekId"]  # stays in the outbox
    for _ in range(260):  # each an entry: more than one tile of the journal's tree
        city.view(case, 2, attributes=SCHOOL[:1])
    known = {
        "case": case, "answered": answered, "held": held, "waiting": waiting,
        "values": city.values(case, 2), "dossier": city.dossier(case, 2),
        "trace": {t: [e["type"] for e in city.trace(t)] for t in (answered, held, waiting)},
        "parties": sorted(p["oin"] for p in city.ctl("party", "list", "--socket", city.control)),
    }
    city.stop()
    shutil.copytree(city.root / "data", city.root / "copy")
    head = city.ctl("journal", "verify", city.root / "copy", "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key",
                    city.keys / "master.key")
    known["head"] = {k: head[k] for k in ("entries", "root")}
    (city.root / "known.json").write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with lzma.open(OUT, "wb", preset=9) as x, tarfile.open(fileobj=x, mode="w") as t:
        for name in ("known.json", "data", "keys", "issuer"):
            t.add(city.root / name, name)
        for name in PARTIES:
            for part in ("keys", "store"):
                t.add(city.root / "adapters" / name / part, f"adapters/{name}/{part}")
    print(json.dumps(known, indent=1, ensure_ascii=False))
    print(OUT, OUT.stat().st_size, "bytes")


main()
