"""Views: pages, what changed since, what they refuse; a look into a colleague's."""
from city import CHILD, PARENT, WORK
from house import check
from test_cases import decisions, notices, refused

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
    refused(page(city, case, f"sinds={mark}", app="pw-intake", raw=True), 400, "invalid",
            "deze bladwijzer hoort niet bij deze weergave: begin zonder sinds")
    refused(page(city, case, f"na={mark}", raw=True), 400, "invalid", "deze bladwijzer hoort niet bij deze weergave: begin zonder na")
    refused(page(city, case, f"sinds={mark[:-2]}00", raw=True), 400, "invalid",
            "deze bladwijzer hoort niet bij deze weergave: begin zonder sinds")
    refused(page(city, case, f"sinds={mark[:-1]}", raw=True), 400, "invalid", "neem een bladwijzer over zoals een eerder antwoord die gaf")
    refused(page(city, case, "na=geen", raw=True), 400, "invalid", "neem een bladwijzer over zoals een eerder antwoord die gaf")
    refused(page(city, case, "limit=0", raw=True), 400, "invalid", "het getal moet tussen 1 en 500 liggen")
    check(page(city, case, f"sinds={mark}&attributen=school-naam")["volledig"], "another listing begins anew")
    outside = page(city, case, f"sinds={mark}&attributen=bsn", raw=True)
    nowhere = page(city, case, f"sinds={mark}&attributen=bestaat-niet", raw=True)
    check(outside.status == nowhere.status == 404 and outside.body == nowhere.body, f"{outside.body!r} {nowhere.body!r}")
    # Each page was a read, and is in the dossier.
    reads = [e for e in city.dossier(case, 1) if e["soort"] == "inzage"]
    check(len(reads) >= len(got) + 2, f"{len(reads)} reads in the dossier")


# ---- a look into a colleague's view (item 31)

LOOK = {"lid": 1, "wet": "wgs", "doel": "gecoordineerde-aanpak", "attributen": ["wgs-traject-startdatum"], "minuten": 30,
        "motivering": "Traject en voorziening op elkaar afstemmen"}


def look(city, case, number, app="wmo-intake", employee="mw-1", member=1, more=""):
    return city.call("GET", f"/v1/zaken/{case}/leden/{member}/weergave?inzage={number}{more}", city.token(app, employee=employee))


def same(a, b):
    """The same answer, but for the address that it repeats."""
    x, y = a.json(), b.json()
    return a.status == b.status == 404 and dict(x, instance="") == dict(y, instance="")


def coordinated(city, level="licht", **kw):
    case = city.open_case([(PARENT, "client")], **kw)
    city.change(case, "fase", {"overgang": "start-coordinatie", "coordinator": {"wie": "gemeente", "niveau": level}})
    return case


def test_look_into_a_colleagues_view(city):
    case = city.open_case([(PARENT, "client")])
    given = city.ask(case, 1, "wgs", ["wgs-traject-startdatum", "wgs-totaal-schuldbedrag"], app="pw-intake", how=WORK)
    check(given["wgs-traject-startdatum"]["uitkomst"] == "verstrekt", f"{given}")
    refused(city.change(case, "inzage", LOOK, raw=True), 409, "conflict",
            "de zaak is in onderzoek: inzage-vragen kan niet; mogelijk: {}")
    city.change(case, "fase", {"overgang": "start-coordinatie", "coordinator": {"wie": "gemeente", "niveau": "licht"}})
    now = city.change(case, "inzage", LOOK)
    check([x["status"] for x in now["inzages"]] == ["gevraagd"] and now["inzages"][0]["wet"] == "wgs", f"{now['inzages']}")
    nothing = look(city, case, 9)
    early = look(city, case, 1)
    check(same(early, nothing), "asked is not granted, and looks like nothing")
    refused(city.change(case, "inzage/1/besluit", {"verleend": True}, function="consulent", raw=True), 403, "forbidden",
            "geen geldende regel laat deze functie inzage-besluiten")
    refused(city.change(case, "inzage/1/besluit", {"verleend": True}, function="regisseur", raw=True), 403, "forbidden", "wie vraagt, besluit niet zelf")
    now = city.change(case, "inzage/1/besluit", {"verleend": True}, app="wgs-intake", function="regisseur", employee="rg-1")
    check(now["inzages"][0]["status"] == "open" and now["inzages"][0]["tot"] > now["inzages"][0]["gevraagd"], f"{now['inzages']}")
    refused(city.change(case, "inzage/1/besluit", {"verleend": True}, app="wgs-intake", function="regisseur", employee="rg-1", raw=True),
            409, "conflict", "over deze inzage is al besloten, of zij is ingetrokken")
    seen = look(city, case, 1).json()
    check(set(names(seen)) == {"wgs-traject-startdatum"} and (seen["weergave"], seen["wet"]) == ("inzage", "wgs"), f"{seen}")
    # Nobody else, nothing else, nobody else's.
    for other in (look(city, case, 1, employee="mw-2"), look(city, case, 1, app="pw-intake"), look(city, case, 1, member=2),
                  look(city, case, 1, more="&attributen=wgs-totaal-schuldbedrag")):
        check(same(other, nothing), f"{other.status} {other.body!r}")
    told = decisions(city, case, 1)
    check(told.count("inzage-bij-collega") == 1 and "inzage-gevraagd" in told and "over-inzage-besloten" in told, f"{told}")
    check("inzage-verleend" in notices(city, case), "the client is not told")
    # It ends by hand, at once.
    refused(city.change(case, "inzage/1/einde", {}, app="pw-intake", employee="mw-9", raw=True), 403, "forbidden",
            "wie kijkt of wie coördineert beëindigt een inzage")
    city.change(case, "inzage/1/einde", {})
    check(same(look(city, case, 1), nothing), "it is over, and looks like nothing")
    refused(city.change(case, "inzage/1/einde", {}, raw=True), 409, "conflict", "deze inzage is al voorbij")


def test_look_by_rule_and_what_it_refuses(city):
    case = coordinated(city)
    asked = {"lid": 1, "wet": "wmo", "doel": "gecoordineerde-aanpak", "attributen": ["wmo-voorziening"], "motivering": "Afstemmen"}
    now = city.change(case, "inzage", asked, app="pw-intake")
    check(now["inzages"][0]["status"] == "open", f"the rule grants it: {now['inzages']}")
    check(look(city, case, 1, app="pw-intake").status == 200, "and it is used")
    outside = ("geen regel geeft deze functie voor dit doel inzage bij deze wet, of een van beide wetten ligt buiten het bereik van de "
               "zaak")
    for body, status, code, text in (
            (dict(asked, attributen=["wmo-mantelzorg"]), 403, "denied", "nummer 1: geen regel laat daar een collega in kijken"),
            (dict(asked, attributen=["wmo-voorziening", "bestaat-niet"]), 403, "denied", "nummer 2: geen regel laat daar een collega in kijken"),
            (dict(asked, doel="acuut-gevaar"), 403, "denied", outside),
            (dict(asked, wet="jeugdwet"), 403, "denied", outside),
            (dict(asked, minuten=481), 413, "too-big", "ten hoogste 480 minuten"),
            (dict(asked, lid=2), 400, "invalid", "dit lid is er niet"),
            (dict(asked, motivering=" . "), 422, "no-motivation", "schrijf waarom")):
        refused(city.change(case, "inzage", body, app="pw-intake", raw=True), status, code, text)
    refused(city.change(case, "inzage", asked, app="pw-intake", function="teamleider", raw=True), 403, "forbidden",
            "geen geldende regel laat deze functie inzage-vragen")
    # Heavy coordination has its meeting; and an end of the case ends every look.
    city.change(case, "coordinator", {"coordinator": {"wie": "gemeente", "niveau": "zwaar"}})
    check(look(city, case, 1, app="pw-intake").status == 404, "not in heavy coordination")
    refused(city.change(case, "inzage", asked, app="pw-intake", raw=True), 409, "conflict",
            "inzage bij een collega hoort bij lichte coördinatie; bij zware is er het casusoverleg")
    city.change(case, "coordinator", {"coordinator": {"wie": "gemeente", "niveau": "licht"}})
    check(look(city, case, 1, app="pw-intake").status == 200, "light again, and the time is not over")
    city.change(case, "fase", {"overgang": "sluiten"})
    check(look(city, case, 1, app="pw-intake").status == 404, "the case is over")
