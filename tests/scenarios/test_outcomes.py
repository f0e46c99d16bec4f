"""Answers: the five outcomes, reasons, the party's own law, conditions and what holds them (items 9, 10)."""
import json

from city import CHILD, PARENT
from house import check, wait_for
from test_requests import about, case_of, held_by

POLICE = ("politie-meldingen-overlast", "politie-huisbezoek", "politie-betrokkenheid", "politie-zorgmelding")


# ---- outcomes and conditions (items 9, 10)

def release(city, party, transaction, *args, **kw):
    held_by(city, party, transaction)
    return city.inbox(party, "release", transaction, *args, "--by", "jeugdarts-7", **kw)


def test_outcomes_by_attribute(city):
    """One answer with all five: given, refused, not possible, not known, each with its reason; and the law weighed."""
    case = city.open_case([(PARENT, "client")])
    t = city.file(case, 1, "politie", POLICE)["verzoekId"]
    given, refused_, impossible, unknown = POLICE
    values = city.root / "values.json"
    values.write_text(json.dumps({given: "3"}))
    reasons = city.root / "reasons.json"
    reasons.write_text(json.dumps({
        refused_: {"reason": "belang-van-het-kind", "explanation": "Schaadt het contact."},
        impossible: {"reason": "bewaartermijn-verstreken", "outcome": "not-possible"},
        unknown: {"reason": "niet-beschikbaar", "outcome": "not-known"},
    }))
    release(city, "politie", t, "--fields", given, "--values", values, "--reasons", reasons, "--law", "wpg",
            "--judgement", "-", "--conditions", "bron-noemen", stdin="Verstrekking past bij artikel 18 Wpg.")
    state = city.answered(t)
    got = {r["naam"]: (r["uitkomst"], r.get("reden")) for r in state["uitkomsten"]}
    check(got == {given: ("verstrekt", None), refused_: ("geweigerd", "belang-van-het-kind"),
                  impossible: ("niet-mogelijk", "bewaartermijn-verstreken"), unknown: ("niet-bekend", "niet-beschikbaar")}, f"{got}")
    told = {"wet": "wpg", "oordeel": "Verstrekking past bij artikel 18 Wpg."}
    check(state["oordeelPartij"] == told, f"{state}")
    answer = [e for e in city.dossier(case, 1) if e["soort"] == "antwoord"][-1]
    check(answer["oordeelPartij"] == told, f"the client does not read how the law was weighed: {answer}")


def test_a_decision_that_cannot_stand_comes_back(city):
    """The gateway refuses a reason that is none; the person at the party reads why and decides again."""
    case = case_of(city)
    t = city.file(case, 2, "ggd", ["jgz-gewicht"])["verzoekId"]
    held_by(city, "ggd", t)
    city.inbox("ggd", "refuse", t, "--reason", "niet-beschikbaar", "--by", "jeugdarts-7")
    item = wait_for("it to come back", lambda: next((i for i in city.inbox("ggd", "list")
                                                     if i["id"] == t and i["state"] == "held" and i["note"]), None))
    check("niet-beschikbaar says that it is not possible: that is no refusal" in item["note"], f"{item}")
    city.inbox("ggd", "refuse", t, "--reason", "onzin", "--by", "jeugdarts-7")
    item = wait_for("it to come back", lambda: next((i for i in city.inbox("ggd", "list") if i["id"] == t and i["state"] == "held"
                                                     and "coded list" in i["note"]), None))
    check("possible: opsporingsbelang, veiligheid-betrokkene, beroepsgeheim, " in item["note"] and "niet-beschikbaar" not in item["note"], f"{item}")
    city.inbox("ggd", "refuse", t, "--reason", "niet-beschikbaar", "--outcome", "not-possible", "--by", "jeugdarts-7")
    check(city.answered(t)["uitkomsten"][0]["uitkomst"] == "niet-mogelijk", "the second decision")
    code, out, err = city.inbox("ggd", "release", t, "--fields", "jgz-gewicht", "--conditions", "geldig-tot=gisteren",
                                "--by", "jeugdarts-7", want=None)
    check(code == 4 and "until is a day, YYYY-MM-DD" in out + err, f"{code} {out}{err}")


def shown(city, case, member, name, app="wmo-intake"):
    return [d for d in city.view(case, member, app=app)["gegevens"] if d["naam"] == name]


def give(city, case, name, conditions, how=None):
    t = city.file(case, 2, "ggd", [name], **({"how": how} if how else {}))["verzoekId"]
    release(city, "ggd", t, "--fields", name, "--conditions", conditions)
    city.answered(t)


def under_way(city, case, name, app="wmo-intake", how=None):
    """Whether the party is asked: the register does not answer."""
    state = city.file(case, 2, "ggd", [name], app=app, **({"how": how} if how else {}))
    if state["status"] == "open":
        about(city, state["verzoekId"], "intrekking", {"motivering": "Alleen nagegaan wat het register weet."}, app=app, raw=False)
    return state["status"] == "open"


def test_conditions_are_held(city):
    laws = ("wmo", "jeugdwet", "participatiewet", "wgs")
    one, two = (city.open_case([(PARENT, "ouder"), (CHILD, "kind")], laws=laws) for _ in range(2))
    give(city, one, "jgz-lengte", "alleen-deze-zaak")
    check(shown(city, one, 2, "jgz-lengte")[0]["voorwaarden"] == ["alleen-deze-zaak"], "the condition stands beside the datum")
    check(not shown(city, two, 2, "jgz-lengte"), "another case sees it")
    check(not under_way(city, one, "jgz-lengte") and under_way(city, two, "jgz-lengte"), "the register answers in its case alone")

    give(city, one, "jgz-gehoor", "niet-verder-gebruiken")
    check(shown(city, one, 2, "jgz-gehoor"), "who asked sees it")
    check(not shown(city, one, 2, "jgz-gehoor", app="jeugd-intake"), "another application sees it")
    check(under_way(city, one, "jgz-gehoor"), "it answers no other request")

    give(city, one, "jgz-gewicht", "alleen-dit-doel,geldig-tot=2099-12-31")
    check(shown(city, one, 2, "jgz-gewicht")[0]["voorwaarden"] == ["alleen-dit-doel", "geldig-tot 2100-01-01"], f"{shown(city, one, 2, 'jgz-gewicht')}")
    check(not under_way(city, one, "jgz-gewicht"), "its own purpose")


def test_conditions_stand_wherever_the_datum_does(city):
    """Who asked, another law's view, whoever looks in acute danger, the client in dossier and document. (What the register answers
    over the bus: conversations/register.conv.)"""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], laws=("wmo", "jeugdwet"))
    name, wanted = "jgz-psychosociale-ontwikkeling", ["bron-noemen", "geldig-tot 2100-01-01"]
    values = city.root / "ontwikkeling.json"
    values.write_text(json.dumps({name: "Naar leeftijd"}))
    t = city.file(case, 2, "ggd", [name])["verzoekId"]
    release(city, "ggd", t, "--fields", name, "--values", values, "--conditions", "bron-noemen,geldig-tot=2099-12-31")
    given = city.answered(t)["uitkomsten"][0]
    check(given["voorwaarden"] == wanted, f"the answer: {given}")
    for app in ("wmo-intake", "jeugd-intake"):
        check(shown(city, case, 2, name, app=app)[0]["voorwaarden"] == wanted, f"the view of {app}")
    city.change(case, "noodinzage", {"lid": 2, "attributen": [name]}, app="pw-intake")
    check(shown(city, case, 2, name, app="pw-intake")[0]["voorwaarden"] == wanted, "in acute danger")
    entry = [e for e in city.dossier(case, 2, viewer=2) if e["soort"] == "antwoord"][0]
    check(entry["uitkomsten"][0]["voorwaarden"] == wanted, f"the dossier: {entry}")
    page = city.call("GET", f"/v1/zaken/{case}/leden/2/dossier/uitvoer?namens=2", city.token("clientportaal", "client", "client-1"),
                     headers={"Accept": "application/json"}).json()
    mine = [d for d in page["gegevens"] if d["naam"] == name]
    check(len(mine) == 1 and mine[0]["voorwaarden"] == wanted, f"the document: {mine}")


def test_household_condition(city):
    """The client reads of it, another member who may look in the dossier does not."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], more={2: {"zichtbaarVoor": [1]}})
    values = city.root / "visus.json"
    values.write_text(json.dumps({"jgz-visus": "0,8", "jgz-stemming": "Wisselend"}))
    t = city.file(case, 2, "ggd", ["jgz-visus", "jgz-stemming"])["verzoekId"]
    release(city, "ggd", t, "--fields", "jgz-visus,jgz-stemming", "--values", values, "--conditions", "niet-aan-huisgenoten")
    city.answered(t)
    def results(viewer):
        entry = [e for e in city.dossier(case, 2, viewer=viewer) if e["soort"] == "antwoord"][-1]
        return entry.get("attributen", []), [r["naam"] for r in entry.get("uitkomsten", [])]
    check(sorted(results(2)[1]) == ["jgz-stemming", "jgz-visus"], f"the client: {results(2)}")
    check(results(1) == ([], []), f"another member of the household: {results(1)}")
    # A name tells, too: no line about it has it, and what is not held back is there.
    give(city, case, "jgz-lengte", "bron-noemen")
    shown(city, case, 2, "jgz-visus")  # a read of it

    def named(viewer):
        return {a for e in city.dossier(case, 2, viewer=viewer) for a in e.get("attributen", [])}
    check({"jgz-visus", "jgz-stemming", "jgz-lengte"} <= named(2), f"the client: {named(2)}")
    check(named(1) & {"jgz-visus", "jgz-stemming", "jgz-lengte"} == {"jgz-lengte"}, f"another member: {named(1)}")
    page = city.call("GET", f"/v1/zaken/{case}/leden/2/dossier/uitvoer?namens=1", city.token("clientportaal", "client", "client-1"))
    check(page.status == 200 and b"jgz-lengte" in page.body and b"jgz-visus" not in page.body, "the document for another member")


def test_first_discussed_with_the_source(city):
    """Until the source was consulted nobody of the household reads of it, the client neither; who asked does. The source then
    corrects its answer to one without the condition."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], more={2: {"zichtbaarVoor": [1]}})
    values = city.root / "gedrag.json"
    values.write_text(json.dumps({"jgz-gedrag": "Somber"}))
    t = city.file(case, 2, "ggd", ["jgz-gedrag"])["verzoekId"]
    release(city, "ggd", t, "--fields", "jgz-gedrag", "--values", values, "--conditions", "eerst-bespreken")
    city.answered(t)
    check(shown(city, case, 2, "jgz-gedrag")[0]["voorwaarden"] == ["eerst-bespreken"], "who asked does not read of the condition")

    def read(viewer):
        entry = [e for e in city.dossier(case, 2, viewer=viewer) if e["soort"] in ("antwoord", "correctie")][-1]
        return [r["naam"] for r in entry.get("uitkomsten", [])]
    check(read(2) == [] and read(1) == [], f"{read(2)} {read(1)}")
    check(not any("jgz-gedrag" in e.get("attributen", []) for e in city.dossier(case, 2)), "its name is in a line")
    city.inbox("ggd", "correct", t, "--values", values, "--why", "-", "--by", "jeugdarts-7", stdin="Besproken met de consulent.")
    wait_for("the correction", lambda: read(2) == ["jgz-gedrag"])
