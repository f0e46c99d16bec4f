"""Views: pages, what changed since, what they refuse."""
from city import CHILD
from house import check
from test_cases import refused

SCHOOL = ["school-naam", "school-jaargroep", "school-soort", "school-aandachtspunten"]


def page(city, case, query="", app="wmo-intake", raw=False, member=1):
    a = city.call("GET", f"/v1/zaken/{case}/leden/{member}/weergave?{query}", city.token(app))
    if raw:
        return a
    check(a.status == 200, f"{a.status} {a.body[:300]!r}")
    return a.json()


def names(v):
    return [d["naam"] for d in v["gegevens"]]


# ---- views (item 3)

def test_pages_and_changes(city):
    case = city.open_case([(CHILD, "kind")])
    city.ask(case, 1, "school", SCHOOL[:3])
    first = page(city, case, "limit=1")
    check(len(first["gegevens"]) == 1 and first["volledig"] and "sinds" not in first, f"{first}")
    city.ask(case, 1, "school", SCHOOL[3:])  # while the reader turns the page
    got, now = names(first), first
    while "volgende" in now:
        now = page(city, case, f"limit=1&na={now['volgende']}")
        got += names(now)
    check(sorted(got) == sorted(SCHOOL[:3]), f"{got}")
    check(now["gemaakt"] == first["gemaakt"], "every page is of the same moment")
    changed = page(city, case, f"sinds={now['sinds']}")
    check(names(changed) == SCHOOL[3:] and changed["vervallen"] == [] and not changed["volledig"], f"{changed}")
    check(names(page(city, case, f"sinds={changed['sinds']}")) == [], "nothing changed since")
    check(sorted(names(page(city, case))) == sorted(SCHOOL), "all of it")
    condition = {d["naam"]: d["voorwaarden"] for d in page(city, case)["gegevens"]}
    check(set(condition) == set(SCHOOL), f"conditions stand with each: {condition}")
    # Another law's view, and a bookmark that is not ours.
    mark = now["sinds"]
    refused(page(city, case, f"sinds={mark}", app="pw-intake", raw=True), 400, "invalid", "hoort niet bij deze weergave")
    refused(page(city, case, f"na={mark}", raw=True), 400, "invalid", "begin zonder na")
    refused(page(city, case, f"sinds={mark[:-2]}00", raw=True), 400, "invalid", "begin zonder sinds")
    refused(page(city, case, f"sinds={mark[:-1]}", raw=True), 400, "invalid", "bladwijzer")
    refused(page(city, case, "na=geen", raw=True), 400, "invalid", "bladwijzer")
    refused(page(city, case, "limit=0", raw=True), 400, "invalid")
    check(page(city, case, f"sinds={mark}&attributen=school-naam")["volledig"], "another listing begins anew")
    outside = page(city, case, f"sinds={mark}&attributen=bsn", raw=True)
    nowhere = page(city, case, f"sinds={mark}&attributen=bestaat-niet", raw=True)
    check(outside.status == nowhere.status == 404 and outside.body == nowhere.body, f"{outside.body!r} {nowhere.body!r}")
    # Each page was a read, and is in the dossier.
    reads = [e for e in city.dossier(case, 1) if e["soort"] == "inzage"]
    check(len(reads) >= len(got) + 2, f"{len(reads)} reads in the dossier")
