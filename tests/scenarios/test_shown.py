"""What a view shows: by the phase of the case and the function of who looks, how old it is, and until when (items 1, 3, 31)."""
import shutil
from datetime import datetime, timedelta, timezone

from city import CHILD, PARTIES
from house import TREE, check
from test_import import bring, line, write
from test_retention import SKIPPED as NOT_HERE, days_later
from test_views import LOOK, coordinated, look, names, same

FRESH = True
SCHOOL = ("--source", PARTIES["school"][0])
WMO = '''{ id = "wmo-zicht"; law = "wmo"; functions = ["consulent", "regisseur"];
    phases = ["research", "coordination", "meeting"];'''
TOGETHER = '''{ id = "wmo-zicht-samen"; law = "wmo"; functions = ["consulent"]; phases = ["coordination"]; from = "2026-01-01";
    attributes = ["school-naam"]; },
  '''


def day(ago):
    return (datetime.now(timezone.utc) - timedelta(days=ago)).strftime("%Y-%m-%d")


def test_by_phase_and_function(city):
    """What the research showed is no more shown in the coordination, where the rules say so; to who has no view the member is not there."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    views = rules / "views.conf"
    text = views.read_text()
    check(text.count(WMO) == 1, "views.conf: where is the view of the Wmo?")
    views.write_text(text.replace(WMO, TOGETHER + WMO.replace('"research", "coordination", "meeting"', '"research"')))
    city.up(parties=("school",), rules=rules)
    case = city.open_case([(CHILD, "client")])
    bring(city, write(city, [line(CHILD, "school-naam", "De Wilg"), line(CHILD, "school-jaargroep", "4")]), *SCHOOL)
    bring(city, write(city, [line(CHILD, "wmo-voorziening", "Vervoer")], "own.jsonl"))

    def shown(function):
        v = city.view(case, 1, function=function)
        return v["weergave"], sorted(names(v))

    everything = ("wmo-zicht", ["school-jaargroep", "school-naam", "wmo-voorziening"])
    for function, want in (("consulent", everything), ("regisseur", everything), ("teamleider", ("wmo-zicht-teamleider", ["wmo-voorziening"]))):
        check(shown(function) == want, f"{function} in the research: {shown(function)}")
    city.change(case, "fase", {"overgang": "start-coordinatie", "coordinator": {"wie": "gemeente", "niveau": "licht"}})
    for function, want in (("consulent", ("wmo-zicht-samen", ["school-naam"])), ("teamleider", ("wmo-zicht-teamleider", ["wmo-voorziening"]))):
        check(shown(function) == want, f"{function} in the coordination: {shown(function)}")
    nobody, nowhere = (city.view(case, m, function="regisseur", raw=True) for m in (1, 9))
    check(nobody.status == nowhere.status == 404 and nobody.json()["detail"] == nowhere.json()["detail"], f"{nobody.body!r} {nowhere.body!r}")


def test_how_old_it_is(city):
    """What is older than the catalogue lets it be, and what is no longer valid, is shown as such, and asked of its source again;
    what is neither the register answers."""
    city.up(parties=("school",))
    case = city.open_case([(CHILD, "client")])
    days = {"school-advies": (366, {}), "school-soort": (10, {"geldigVan": day(9), "geldigTot": day(1)}), "school-naam": (364, {})}
    bring(city, write(city, [line(CHILD, name, "Vroeger", verkregen=day(ago), **more) for name, (ago, more) in days.items()]), *SCHOOL)

    def shown():
        return {d["naam"]: d for d in city.view(case, 1)["gegevens"]}

    for name, (ago, more) in days.items():
        d = shown()[name]
        check((d["waarde"], d["verkregen"][:10], d["verouderd"]) == ("Vroeger", day(ago), name != "school-naam"), f"{d}")
        check({k: d.get(k, "")[:10] for k in more} == more, f"{d}")
    for name in days:
        t = city.file(case, 1, "school", [name])
        check((t["status"] == "beantwoord") == (name == "school-naam"), f"{name}: {t}")
        got = city.answered(t["verzoekId"])["uitkomsten"][0]
        check(got["uitkomst"] == "verstrekt", f"{got}")
    after = shown()
    check([n for n in days if after[n]["verouderd"]] == [], f"{after}")
    check([n for n in days if after[n]["waarde"] == "Vroeger"] == ["school-naam"], f"{after}")


def test_looks_end_at_their_time(city):
    """One into a colleague's view and one in acute danger, by a clock that stands a day ahead: over, and like what never was."""
    if city.bin.parent.name != "rel":
        return NOT_HERE
    city.up(parties=())
    case, danger = coordinated(city), ["school-aandachtspunten"]
    city.change(case, "inzage", LOOK)
    city.change(case, "inzage/1/besluit", {"verleend": True}, app="wgs-intake", function="regisseur", employee="rg-1")
    city.change(case, "noodinzage", {"lid": 1, "attributen": danger, "minuten": 60}, app="pw-intake")

    def in_danger():
        return city.view(case, 1, app="pw-intake", attributes=danger, raw=True)

    check(look(city, case, 1).status == in_danger().status == 200, "granted")
    days_later(city, 1)
    now = city.case(case)
    check([x["status"] for x in now["inzages"]] == ["voorbij"] and len(now["noodinzages"]) == 1, f"{now}")
    check(same(look(city, case, 1), look(city, case, 9)), "a look that is over can be told from one that never was")
    check(in_danger().status == 404, f"it goes on: {in_danger().body!r}")
