"""The client's dossier: whole, page after page; what is restricted in it, and by whom; what passed outside the bus; the
client's own requests about the data; and the file to take away (items 22, 33, 43)."""
import calendar
import datetime
import json
import re

from city import CHILD, PARENT, PARTIES, PARTNER, REFUSING
from house import GATEWAY_OIN, SLOW, TREE, check, wait_for
from test_cases import events, refused
from test_deadlines import GGD, body, post, soon
from test_known import ask as ask_known
from test_rules import explain


def kinds(entries):
    return [e["soort"] for e in entries]


# ---- complete (item 22)

def test_pages(city):
    """Page after page gives the same as one page does, and no entry twice."""
    case = city.open_case([(CHILD, "kind")])
    for name in ("school-soort", "school-naam", "school-jaargroep"):
        city.ask(case, 1, "school", [name])
    whole = city.dossier(case, 1)
    parts = city.dossier(case, 1, limit=2)
    check(len(whole) >= 7, f"{kinds(whole)}")
    check(parts[:len(whole)] == whole, f"{kinds(parts)} is not {kinds(whole)}")
    numbers = [e["journaalnummer"] for e in parts]
    check(len(set(numbers)) == len(numbers), f"twice: {numbers}")
    # Each page was a look, and stands there as one.
    check(kinds(city.dossier(case, 1)).count("dossier") >= 3, "the looks into the dossier itself")
    a = city.call("GET", f"/v1/zaken/{case}/leden/1/dossier?namens=1&limit=501", city.token("clientportaal", "client", "client-1"))
    check(a.status == 400, f"a page without a bound: {a.status}")


def look(city, case, query="", employee="client-1", viewer=1):
    a = city.call("GET", f"/v1/zaken/{case}/leden/1/dossier?namens={viewer}&{query}", city.token("clientportaal", "client", employee))
    return a.json() if a.status == 200 else a


def test_since(city):
    """With `sinds` only the entries that came, and those whose request changed; the whole when something may be read no more."""
    case = city.open_case([(CHILD, "kind")])
    t = city.file(case, 1, "ggd", ["jgz-gewicht"])["verzoekId"]
    wait_for("held", lambda: [i for i in city.inbox("ggd", "list") if i["id"] == t and i["state"] == "held"])
    city.ask(case, 1, "school", ["school-soort"])
    first = look(city, case)
    check(first["volledig"] and "volgende" not in first, f"{first}")
    city.inbox("ggd", "release", t, "--fields", "jgz-gewicht", "--by", "arts-1")
    city.answered(t)
    now = look(city, case, f"sinds={first['sinds']}")
    check(not now["volledig"] and kinds(now["verloop"]) == ["verzoek", "dossier", "antwoord"], f"{now}")
    check([e["stand"] for e in now["verloop"] if e["soort"] == "verzoek"] == ["beantwoord"], f"{now}")
    held = {e["journaalnummer"]: e for e in first["verloop"] + now["verloop"]}
    again = look(city, case, f"sinds={now['sinds']}")
    check(not again["volledig"] and kinds(again["verloop"]) == ["dossier"], f"more than the look before: {again}")
    held.update({e["journaalnummer"]: e for e in again["verloop"]})
    check([held[n] for n in sorted(held)] == look(city, case)["verloop"][:len(held)], "what was told is not what there is")

    number = [e["journaalnummer"] for e in now["verloop"] if e["soort"] == "verzoek"][0]
    a = restrict(city, case, 1, number, {"reden": "Eerst met de bron bespreken: Zonnebloem", "toetsing": soon(3600)})
    check(a.status == 201, f"{a.status} {a.body!r}")
    then = look(city, case, f"sinds={again['sinds']}")
    check(then["volledig"] and "beperkt" in kinds(then["verloop"]) and t not in str(then["verloop"]), f"{then}")

    other = city.open_case([(CHILD, "kind")])
    for a in (look(city, other, f"sinds={then['sinds']}"), look(city, case, f"sinds={then['sinds']}", employee="client-2")):
        refused(a, 400, "invalid", "deze bladwijzer hoort niet bij dit dossier: begin zonder sinds")
    refused(look(city, case, f"na={then['sinds']}"), 400, "invalid", "deze bladwijzer hoort niet bij dit dossier: begin zonder na")


def test_course_is_complete(city):
    """What had no entry of its own: whether a party knows the person, a request that ended without an answer, an operator's look."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind"), (PARTNER, "partner")])
    for member, answer in ((2, "ja"), (3, "nee")):
        city.answered(ask_known(city, case, member, "school"))
        said = [e for e in city.dossier(case, member) if e["soort"] == "antwoord-of-bekend"]
        check([e["bekend"] for e in said] == [answer], f"{said}")
        asked = [e for e in city.dossier(case, member) if e["soort"] == "vraag-of-bekend"]
        check(asked[0]["stand"] == "beantwoord" and asked[0]["motivering"], f"{asked}")
    t = city.file(case, 2, "school", ["school-soort"])["verzoekId"]
    city.answered(t)
    index = city.trace(t)[0]["index"]
    before = kinds(city.dossier(case, 2)).count("inzage")
    city.ctl("receipt", "get", "--by", "controleur-1", index, "--out", city.root / "looked", "--socket", city.control)
    looks = [e for e in city.dossier(case, 2) if e["soort"] == "inzage"]
    check(len(looks) == before + 1 and looks[-1]["verzoekId"] == t, f"the operator's look: {looks}")
    check(kinds(city.dossier(case, 1)).count("inzage") == 0, "the look stands with another member")


def test_a_concern_stands_with_whom_it_is_about(city):
    """When it came and what was decided, with its motivation; not who reported, nor in which words."""
    report = {"bsn": CHILD, "zorg": "Waterlelie: al weken niet op school", "melder": "Buurvrouw Wilg"}
    def reported():
        a = city.call("POST", "/v1/meldingen", city.token("wmo-intake"), report)
        check(a.status == 201, f"{a.status} {a.body!r}")
        return a.json()["meldingId"]
    def decide(concern, **kw):
        a = city.call("POST", f"/v1/meldingen/{concern}/uitkomst", city.token("wmo-intake", employee="mw-2"), kw)
        check(a.status == 200, f"{a.status} {a.body!r}")
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    decide(reported(), onderzoek=True, zaakId=case, motivering="Nader onderzoek nodig")
    decide(reported(), onderzoek=False, motivering="Al bekend bij het team")
    for viewer, wanted in ((2, ["Nader onderzoek nodig", "Al bekend bij het team"]), (1, None)):
        a = city.dossier(case, 2, viewer=viewer, raw=True)
        if wanted is None:
            check(a.status == 404, f"a parent who was not let in: {a.status}")
            continue
        told = [e for e in a.json()["verloop"] if e["soort"] == "uitkomst-melding"]
        check([e["motivering"] for e in told] == wanted and all("meldingOntvangen" in e for e in told), f"{told}")
        check("Waterlelie" not in a.body.decode() and "Wilg" not in a.body.decode(), "who reported, or in which words")


def test_ended_without_an_answer(city):
    """Nobody answered in time, as with what was returned: an entry, and the request says how it ended."""
    city.adapters["politie"].stop()
    case = city.open_case([(PARENT, "ouder")])
    t = city.file(case, 1, "politie", ["politie-betrokkenheid"])["verzoekId"]
    city.ctl("party", "suspend", PARTIES["politie"][0], "--by", "anna", "--reason", "onderzoek", "--socket", city.control)
    wait_for("the end of the request", lambda: city.request(t)["status"] in ("teruggestuurd", "verlopen"))
    course = city.dossier(case, 1)
    ended = [e for e in course if e["soort"] == "teruggestuurd"]
    check(len(ended) == 1 and ended[0]["verzoekId"] == t and ended[0]["aanNaam"] == PARTIES["politie"][1], f"{ended}")
    asked = [e for e in course if e["soort"] == "verzoek"]
    check(asked[0]["stand"] == "teruggestuurd" and asked[0]["afloop"], f"{asked}")
    city.ctl("party", "resume", PARTIES["politie"][0], "--by", "anna", "--reason", "onderzoek", "--socket", city.control)
    city.start_adapter("politie", city.adapter_config("politie"))
    city.wait_connected("politie")


# ---- restricted, and by whom (item 22)

def restrict(city, case, member, number, body, function="regisseur", end="", app="wmo-intake"):
    return city.call("POST", f"/v1/zaken/{case}/leden/{member}/dossier/{number}/beperking{end}", city.token(app, function, "mw-7"), body)


def police_case(city):
    """A case with an exchange with the police in it: (case, its transaction, the number of the request's entry)."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    t = city.file(case, 1, "politie", ["politie-verdenking"])["verzoekId"]
    city.answered(t)
    number = [e["journaalnummer"] for e in city.dossier(case, 1) if e.get("verzoekId") == t and e["soort"] == "verzoek"][0]
    return case, t, number


def test_restriction(city):
    """The client reads that something is restricted, by whom as a function, and until when; nothing of what it is."""
    case, t, number = police_case(city)
    why, until = "Het onderzoek van de politie loopt nog: Zonnebloem", soon(3600)
    whole = city.dossier(case, 1)
    a = restrict(city, case, 1, number, {"reden": why, "toetsing": until})
    check(a.status == 201, f"{a.status} {a.body!r}")
    shown = city.dossier(case, 1)
    text = json.dumps(shown)
    check(t not in text and "politie" not in text.lower() and "Zonnebloem" not in text and "mw-7" not in text, f"{shown}")
    hidden = [e for e in shown if e["soort"] == "beperkt"]
    check(len(hidden) == 1, f"request and answer are one exchange, told once each or not at all: {hidden}")
    check(hidden[0]["beperking"].keys() == {"door", "sinds", "toetsing"} and hidden[0]["beperking"]["door"] == "regisseur"
          and hidden[0]["beperking"]["toetsing"] == until, f"{hidden}")
    check(hidden[0].keys() == {"wanneer", "soort", "beperking", "journaalnummer"}, f"more than that: {hidden}")
    told = [e for e in shown if e.get("besluit") == "regel-beperkt"]
    check(len(told) == 1 and told[0]["betreft"] == number and "motivering" not in told[0], f"{told}")
    check(city.dossier(case, 1, viewer=1) and len(shown) >= len(whole) - 1, "entries are missing")

    a = city.call("GET", f"/v1/zaken/{case}/leden/1/dossier", city.token("wmo-intake"))
    mine = [e for e in a.json()["verloop"] if e.get("verzoekId") == t and e["soort"] == "verzoek"][0]
    check(mine["beperking"]["reden"] == why and mine["beperking"]["medewerker"] == "mw-7" and mine["attributen"], f"{mine}")

    a = restrict(city, case, 1, number, {"reden": "Het onderzoek is afgerond"}, end="/opheffing")
    check(a.status == 201, f"{a.status} {a.body!r}")
    again = city.dossier(case, 1)
    check([e for e in again if e.get("verzoekId") == t] == [e for e in whole if e.get("verzoekId") == t], "not as it was")
    ended = [e for e in again if e.get("besluit") == "beperking-opgeheven"]
    check(len(ended) == 1 and ended[0]["motivering"] == "Het onderzoek is afgerond", f"{ended}")


def test_restriction_refused(city):
    case, _, number = police_case(city)
    good = {"reden": "Het onderzoek loopt nog", "toetsing": soon(3600)}
    refused(restrict(city, case, 1, number, good, function="consulent"), 403, "forbidden",
            "geen geldende regel laat deze functie een dossier beperken")
    refused(restrict(city, case, 1, number, dict(good, reden=" - ")), 422, "no-motivation", "schrijf waarom")
    refused(restrict(city, case, 1, number, dict(good, toetsing=soon(-60))), 400, "invalid", "noem een moment dat nog komt, binnen 366 dagen")
    refused(restrict(city, case, 1, number, dict(good, toetsing=soon(400 * 86400))), 400, "invalid",
            "noem een moment dat nog komt, binnen 366 dagen")
    check(restrict(city, case, 1, number, {"reden": "Zonder datum"}).status == 400, "without a date of review")
    check(restrict(city, case, 1, number, {"toetsing": soon(60)}).status == 400, "without a reason")
    check(restrict(city, case, 2, number, good).status == 404, "an entry of another member")
    check(restrict(city, case, 1, number + 100000, good).status == 404, "no such entry")
    refused(restrict(city, case, 1, number, {"reden": "Niets beperkt"}, end="/opheffing"), 409, "conflict",
            "deze regel is niet beperkt: er is niets op te heffen")
    check(restrict(city, case, 1, number, good).status == 201, "in order")
    told = [e["journaalnummer"] for e in city.dossier(case, 1) if e.get("besluit") == "regel-beperkt"][0]
    refused(restrict(city, case, 1, told, good), 400, "invalid", "dat iets beperkt is, leest de cliënt altijd: beperk de regel waar het om gaat")


def test_restriction_is_looked_at_again(city):
    """At its date the author and the coordinator hear of it, and it holds until somebody decides; a kill -9 changes nothing."""
    case, t, number = police_case(city)
    check(restrict(city, case, 1, number, {"reden": "Het onderzoek loopt nog", "toetsing": soon(1 + SLOW)}).status == 201, "restricted")
    city.gateway.kill()
    city.start_gateway()
    wait_for("the gateway", lambda: city.call("GET", "/health/ready").status == 200)
    wait_for("the date of review", lambda: "beperking-te-toetsen" in [k for k, _ in events(city, case)], 20)
    shown = [e for e in city.dossier(case, 1) if e["soort"] == "beperkt"]
    check(len(shown) == 1 and shown[0]["beperking"]["toetsingTeLaat"], f"it ended by itself: {shown}")
    check(restrict(city, case, 1, number, {"reden": "Nog steeds", "toetsing": soon(3600)}).status == 201, "again")
    shown = [e for e in city.dossier(case, 1) if e["soort"] == "beperkt"]
    check(len(shown) == 1 and "toetsingTeLaat" not in shown[0]["beperking"], f"{shown}")


# ---- outside the bus (item 33)

NOTE = {"wijze": "telefoon", "richting": "gegeven", "met": "Huisarts Voorbeeld", "categorieen": ["gezondheid"],
        "doel": "onderzoek-meervoudige-problematiek", "grondslag": "wams-5.4.1", "motivering": "De huisarts belde terug"}


def note(city, case, member, function="consulent", **changes):
    made = {k: v for k, v in {**NOTE, "wanneer": soon(-3600), **changes}.items() if v is not None}
    return city.call("POST", f"/v1/zaken/{case}/leden/{member}/dossier/uitwisselingen", city.token("wmo-intake", function), made)


def test_outside_the_bus(city):
    """With whom, when, what, on what basis and why; a correction is a new note, and the first one stays."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    a = note(city, case, 2)
    check(a.status == 201, f"{a.status} {a.body!r}")
    first = a.json()["journaalnummer"]
    a = note(city, case, 2, met="Huisarts Andere", attributen=["jgz-gehoor"], categorieen=None, corrigeert=first, motivering="Verkeerde naam")
    check(a.status == 201, f"{a.status} {a.body!r}")
    noted = [e for e in city.dossier(case, 2) if e["soort"] == "uitwisseling-buiten-de-bus"]
    check(len(noted) == 2 and noted[0]["journaalnummer"] == first, f"{noted}")
    old, new = noted
    check(old["buitenDeBus"]["met"] == NOTE["met"] and old["buitenDeBus"]["categorieen"] == ["gezondheid"]
          and old["buitenDeBus"]["wijze"] == "telefoon" and old["buitenDeBus"]["richting"] == "gegeven", f"{old}")
    check(old["motivering"] == NOTE["motivering"] and old["doelNaam"] and old["grondslag"] == NOTE["grondslag"]
          and old["functie"] == "consulent", f"{old}")
    check(new["buitenDeBus"]["corrigeert"] == first and new["attributen"] == ["jgz-gehoor"], f"{new}")
    check(not [e for e in city.dossier(case, 1) if "buitenDeBus" in e], "it stands with another member")
    check([k for k, _ in events(city, case)].count("uitwisseling-genoteerd") == 2, f"{events(city, case)}")


def test_outside_the_bus_refused(city):
    case = city.open_case([(CHILD, "kind")])
    course = len(city.dossier(case, 1))
    refused(note(city, case, 1, function="teamleider"), 403, "forbidden", "geen geldende regel laat deze functie een uitwisseling noteren")
    refused(note(city, case, 1, motivering=" - "), 422, "no-motivation", "schrijf waarom")
    refused(note(city, case, 1, categorieen=None), 400, "invalid", "noem gegevens, of de categorieën ervan")
    refused(note(city, case, 1, wanneer=soon(3600)), 400, "invalid", "noem een moment dat geweest is")
    refused(note(city, case, 1, doel="geen-doel"), 400, "invalid", "noem een doel uit de regels")
    refused(note(city, case, 1, attributen=["geen-gegeven"]), 400, "invalid", "nummer 1 staat niet in de catalogus")
    refused(note(city, case, 1, corrigeert=999999), 400, "invalid", "noem het journaalnummer van een genoteerde uitwisseling in dit dossier")
    check(note(city, case, 1, wijze="postduif").status == 400, "a channel that is none")
    check(note(city, case, 2).status == 404, "no such member")
    after = [e for e in city.dossier(case, 1) if e["soort"] != "dossier"]
    check(len(after) == course, f"something was noted: {after}")


def test_a_case_of_another_law(city):
    """For an application whose law is not in the client's choice it does not exist, nor does its dossier; who decides on what clients
    ask does so for every law."""
    case = city.open_case([("999970045", "ouder")], laws=("wmo", "participatiewet"))  # whom no other test asks anything for
    pw = city.token("pw-intake", "regisseur")
    check(city.call("GET", f"/v1/zaken/{case}/leden/1/dossier", pw).status == 200, "chosen")
    number = city.dossier(case, 1)[0]["journaalnummer"]
    city.change(case, "bereik", {"bereik": {"wetten": ["wmo"], "domeinen": ["onderwijs"]}})
    at = f"/v1/zaken/{case}/leden/1"
    limit = {"reden": "Veiligheid", "toetsing": soon(3600)}
    for method, path, body in (("GET", "/dossier", None), ("GET", "/dossier/uitvoer?namens=1", None), ("POST", "/dossier/uitwisselingen", {**NOTE, "wanneer": soon(-3600)}),
                               ("POST", f"/dossier/{number}/beperking", limit),
                               ("POST", "/avg-verzoeken", {"soort": "inzage", "tekst": "Graag"})):
        refused(city.call(method, at + path, pw, body), 404, "not-found", "Het bestaat niet, of u mag het niet zien.")
    check([e["besluit"] for e in city.dossier(case, 1) if e["soort"] == "dossier" and e["toepassing"] == "pw-intake"] == ["toegestaan"],
          "read once, before")
    right = filed(city, case, 1, "inzage")["avgVerzoekId"]
    a = city.call("POST", f"{at}/avg-verzoeken/{right}/besluit", city.token("pw-intake", "privacyfunctionaris", "pf-1"),
                  {"overgang": "toewijzen", "motivering": "Zo besloten"})
    check(a.status == 200 and a.json()["stand"] == "toegewezen", f"{a.status} {a.body!r}")


# ---- what the client asks about the own data (item 43)

OFFICER = {"function": "privacyfunctionaris"}


def ask_right(city, case, member, kind, app="clientportaal", function="client", viewer=None, **more):
    query = f"?namens={viewer or member}" if app == "clientportaal" else ""
    return city.call("POST", f"/v1/zaken/{case}/leden/{member}/avg-verzoeken{query}", city.token(app, function, "client-1"),
                     {"soort": kind, "tekst": "Dat wil ik graag", **more})


def decide(city, case, member, right, step, why="Zo besloten", function="privacyfunctionaris", by="pf-1", raw=False):
    a = city.call("POST", f"/v1/zaken/{case}/leden/{member}/avg-verzoeken/{right}/besluit", city.token("wmo-intake", function, by),
                  {"overgang": step, "motivering": why})
    if raw:
        return a
    check(a.status == 200, f"{step}: {a.status} {a.body!r}")
    return a.json()


def filed(city, case, member, kind, **more):
    a = ask_right(city, case, member, kind, **more)
    check(a.status == 201, f"{a.status} {a.body!r}")
    return a.json()


def months_after(n, now=None):
    """The end of the day n calendar months from today (now), moved to a working day, as Regulation 1182/71 counts."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    year, month = now.year + (now.month - 1 + n) // 12, (now.month - 1 + n) % 12 + 1
    day = datetime.date(year, month, min(now.day, calendar.monthrange(year, month)[1]))
    holidays = set(re.findall(r'"(\d{4}-\d\d-\d\d)"', (TREE / "config/rules/holidays.conf").read_text()))
    while day.weekday() > 4 or day.isoformat() in holidays:
        day += datetime.timedelta(days=1)
    return (day + datetime.timedelta(days=1)).strftime("%Y-%m-%dT00:00:00.000Z")


def test_rights(city):
    """Filed by the client, due in a month, extended once by two with reasons, granted, done: each step told to the client."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    right = filed(city, case, 1, "inzage")
    check(right["stand"] == "ontvangen" and right["uiterlijk"] == months_after(1) and right["doorClient"], f"{right}")
    check("AVG art. 15" in right["artikel"], f"{right}")
    id_ = right["avgVerzoekId"]
    longer = decide(city, case, 1, id_, "verlengen", "Veel stukken")
    check(longer["stand"] == "verlengd" and longer["uiterlijk"] == months_after(3) and longer["redenVerlenging"] == "Veel stukken", f"{longer}")
    refused(decide(city, case, 1, id_, "verlengen", raw=True), 409, "conflict", "de termijn is al verlengd; mogelijk: toewijzen, weigeren")
    refused(decide(city, case, 1, id_, "afronden", raw=True), 409, "conflict", "de termijn is al verlengd; mogelijk: toewijzen, weigeren")
    check(decide(city, case, 1, id_, "toewijzen")["stand"] == "toegewezen", "granted")
    check(decide(city, case, 1, id_, "afronden", "Uitgereikt")["redenAfronding"] == "Uitgereikt", "done")
    course = [(e["besluit"], e.get("motivering")) for e in city.dossier(case, 1) if e.get("verzoekId") == id_]
    check(course == [("avg-verzoek-ingediend", "Dat wil ik graag"), ("avg-verzoek-verlengd", "Veel stukken"),
                     ("avg-verzoek-toegewezen", "Zo besloten"), ("avg-verzoek-afgerond", "Uitgereikt")], f"{course}")
    check([k for k, w in events(city, case) if k.startswith("avg-")] == [b for b, _ in course], f"{events(city, case)}")
    a = city.call("GET", f"/v1/zaken/{case}/leden/1/avg-verzoeken?namens=1", city.token("clientportaal", "client", "client-1"))
    check([(x["avgVerzoekId"], x["stand"]) for x in a.json()["avgVerzoeken"]] == [(id_, "afgerond")], f"{a.body!r}")
    erase = filed(city, case, 1, "verwijdering")
    granted = decide(city, case, 1, erase["avgVerzoekId"], "toewijzen")
    check(granted["uitvoerenVoor"] == months_after(3), f"{granted}")


def test_terms_run_from_when_it_was_received(city):
    """A letter is filed days after it came: its term runs from then (AVG art. 12 lid 3)."""
    case = city.open_case([(PARENT, "ouder")])
    staff = {"app": "wmo-intake", "function": "consulent"}
    now = datetime.datetime.now(datetime.timezone.utc)

    def moment(days):
        return (now - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    right = filed(city, case, 1, "verwijdering", ontvangen=moment(20), **staff)
    then = now - datetime.timedelta(days=20)
    check(right["ingediend"] == moment(20) and right["uiterlijk"] == months_after(1, then) and not right["doorClient"], f"{right}")
    longer = decide(city, case, 1, right["avgVerzoekId"], "verlengen", "Veel stukken")
    check(longer["uiterlijk"] == months_after(3, then), f"{longer}")
    granted = decide(city, case, 1, right["avgVerzoekId"], "toewijzen")
    check(granted["uitvoerenVoor"] == months_after(3, then), f"{granted}")
    late = filed(city, case, 1, "inzage", ontvangen=moment(100), **staff)
    refused(decide(city, case, 1, late["avgVerzoekId"], "verlengen", raw=True), 409, "conflict", "verlengen kan alleen binnen de eerste termijn: besluit nu")
    for days in (-1, 367):
        refused(ask_right(city, case, 1, "inzage", ontvangen=moment(days), **staff), 400, "invalid",
                "schrijf een moment dat voorbij is, van het laatste jaar")
    refused(ask_right(city, case, 1, "inzage", ontvangen=moment(1)), 400, "invalid", "wat de cliënt zelf indient, is nu ontvangen: laat dit weg")


def test_rights_refused(city):
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    check(ask_right(city, case, 1, "inzage", viewer=2).status == 404, "for a member who did not let one in")
    check(ask_right(city, case, 1, "vergetelheid").status == 400, "a kind that is none")
    refused(ask_right(city, case, 1, "inzage", tekst=" - "), 422, "no-motivation", "schrijf waarom")
    refused(ask_right(city, case, 1, "bezwaar", attributen=["geen-gegeven"]), 400, "invalid", "nummer 1 staat niet in de catalogus")
    refused(ask_right(city, case, 1, "inzage", app="wmo-intake", function="teamleider"), 403, "forbidden",
            "geen geldende regel laat deze functie een AVG-verzoek indienen")
    a = city.call("POST", f"/v1/zaken/{case}/leden/1/avg-verzoeken", city.token("clientportaal", "client"), {"soort": "inzage", "tekst": "Graag"})
    refused(a, 400, "invalid", "noem het lid dat dit vraagt")
    id_ = filed(city, case, 1, "inzage")["avgVerzoekId"]
    refused(decide(city, case, 1, id_, "toewijzen", function="consulent", raw=True), 403, "forbidden",
            "geen geldende regel laat deze functie over AVG-verzoeken besluiten")
    refused(decide(city, case, 1, id_, "weigeren", why=" - ", raw=True), 422, "no-motivation", "schrijf waarom")
    check(decide(city, case, 2, id_, "toewijzen", raw=True).status == 404, "of another member")
    refused(city.call("GET", "/v1/avg-verzoeken", city.token("wmo-intake")), 403, "forbidden",
            "geen geldende regel laat deze functie AVG-verzoeken zien")
    own = city.call("POST", f"/v1/zaken/{case}/leden/1/avg-verzoeken", city.token("wmo-intake", "privacyfunctionaris", "pf-1"),
                    {"soort": "inzage", "tekst": "Aan de balie gevraagd"}).json()["avgVerzoekId"]
    for step in ("verlengen", "toewijzen", "weigeren", "afronden"):
        refused(decide(city, case, 1, own, step, raw=True), 403, "forbidden",
                "wie het indiende, besluit er niet zelf over: laat een collega met deze functie besluiten")
    check(decide(city, case, 1, own, "toewijzen", by="pf-2")["stand"] == "toegewezen", "by a colleague")
    check(decide(city, case, 1, id_, "weigeren", "Al ingezien")["stand"] == "geweigerd", "refused with reasons")
    refused(decide(city, case, 1, id_, "toewijzen", raw=True), 409, "conflict",
            "het verzoek is geweigerd; mogelijk: niets meer (een nieuw verzoek mag altijd)")


def officer_list(city, query=""):
    out, after = [], ""
    while True:
        a = city.call("GET", f"/v1/avg-verzoeken?limit=3{query}{after}", city.token("wmo-intake", **OFFICER))
        check(a.status == 200, f"{a.status} {a.body!r}")
        out += a.json()["avgVerzoeken"]
        if "volgende" not in a.json():
            return out
        after = f"&na={a.json()['volgende']}"


def test_rights_are_listed(city):
    """For who decides: what waits, page after page, and with stand=alle what is over."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind"), (PARTNER, "partner")])
    mine = [filed(city, case, m, k)["avgVerzoekId"] for m in (1, 2, 3) for k in ("inzage", "bezwaar")]
    decide(city, case, 1, mine[0], "weigeren")
    waiting = [x["avgVerzoekId"] for x in officer_list(city)]
    check(set(mine[1:]) <= set(waiting) and mine[0] not in waiting and len(set(waiting)) == len(waiting), f"{waiting}")
    check(mine[0] in [x["avgVerzoekId"] for x in officer_list(city, "&stand=alle")], "what is over")


def test_reading_the_list_of_rights_is_told(city):
    """One entry a page, for the log; and it stands in the dossier of each person on it, and in nobody else's."""
    one, two, three = "999970008", "999970021", "999970033"  # whom no other test asks anything for
    case = city.open_case([(one, "ouder"), (two, "kind"), (three, "partner")])
    other = city.open_case([(one, "ouder")])
    for c, m in ((case, 1), (case, 2)):
        filed(city, c, m, "inzage")

    def looks(c, m):
        return [(e["soort"], e["van"], e["functie"]) for e in city.dossier(c, m) if e["soort"] == "inzage"]
    before = [len(looks(case, m)) for m in (1, 2, 3)]
    entries = city.status()["journal_entries"]
    a = city.call("GET", "/v1/avg-verzoeken?limit=100", city.token("wmo-intake", **OFFICER))
    check(a.status == 200 and "volgende" not in a.json(), f"{a.status} {a.body!r}")
    check(city.status()["journal_entries"] == entries + 1, "one entry for the page")
    after = [len(looks(case, m)) for m in (1, 2, 3)]
    check([y - x for x, y in zip(before, after)] == [1, 1, 0], f"{before} {after}")
    check(looks(case, 1)[-1] == ("inzage", GATEWAY_OIN, "privacyfunctionaris"), f"{looks(case, 1)[-1]}")
    check(not looks(other, 1), "in a dossier of a case that none of it is about")
    filed(city, other, 1, "bezwaar")
    officer_list(city)
    check(len(looks(other, 1)) == len(looks(case, 1)) - after[0] == 1, "of two cases, it is in the person's dossier in both")


def test_granted_restriction_stops_use(city):
    """Nothing new is done with the data: not asked, not shown, not answered from the register, in any case; until it is over."""
    case = city.open_case([(CHILD, "kind")])
    names = ["school-soort", "school-naam"]
    city.ask(case, 1, "school", names)
    check(set(city.values(case, 1)) >= set(names), "registered")
    id_ = filed(city, case, 1, "beperking", attributen=["school-soort"])["avgVerzoekId"]
    check("school-soort" in city.values(case, 1), "stopped before it was granted")
    decide(city, case, 1, id_, "toewijzen")
    check("school-soort" not in city.values(case, 1) and "school-naam" in city.values(case, 1), f"{city.values(case, 1)}")
    check(city.view(case, 1, attributes=["school-soort"], raw=True).status == 404, "shown by name")
    denied = city.file(case, 1, "school", ["school-soort"], raw=True)
    refused(denied, 403, "denied", "niet toegestaan: het verzoek van de cliënt om dit gebruik te staken is toegewezen (processing-restricted); vraag wat een geldende regel toelaat")
    other = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    refused(city.file(other, 2, "school", ["school-soort"], raw=True), 403, "denied",
            "niet toegestaan: het verzoek van de cliënt om dit gebruik te staken is toegewezen (processing-restricted); vraag wat een geldende regel toelaat")
    for member, wanted in (("2", "processing-restricted"), ("1", "onderzoek-gewoon")):  # an operator is told the same
        told = explain(city, other, "--member", member, basis="wams-5.4.1", attributes="school-soort")["answers"][0]
        check(told["rules"] == [wanted] and ("granted" in told["why"]) == (member == "2"), f"{told}")
    code, _, err = explain(city, other, "--member", "3", want=None)
    check(code == 1 and "no member of this number" in err, f"{code} {err}")
    check(city.file(other, 1, "school", ["school-soort"], raw=True).status == 202, "another person's")
    whole = filed(city, other, 2, "bezwaar")["avgVerzoekId"]
    decide(city, other, 2, whole, "toewijzen")
    check(not city.values(case, 1), f"an objection to all of it, in the other case: {city.values(case, 1)}")
    refused(ask_known(city, case, 1, "school", raw=True), 403, "denied",
            "niet toegestaan: het verzoek van de cliënt om dit gebruik te staken is toegewezen (processing-restricted); vraag wat een geldende regel toelaat")
    decide(city, other, 2, whole, "afronden", "Belangen afgewogen")
    check("school-naam" in city.values(case, 1) and "school-soort" not in city.values(case, 1), "one of the two is over")
    decide(city, case, 1, id_, "afronden", "Gegeven gecorrigeerd")
    check("school-soort" in city.values(case, 1), "both are over")


def test_what_waits_for_stopped_data_is_withdrawn(city):
    """What is open at a party is withdrawn there when the use of what it asks for is stopped; what asks for other data is not."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], domains=("onderwijs", "ggd"))
    held = {n: city.file(case, 2, "ggd", ns)["verzoekId"] for n, ns in (("both", ["jgz-visus", "jgz-lengte"]), ("other", ["jgz-gehoor"]))}
    wait_for("held", lambda: set(held.values()) <= {i["id"] for i in city.inbox("ggd", "list") if i["state"] == "held"})
    right = filed(city, case, 2, "beperking", attributen=["jgz-visus"])["avgVerzoekId"]
    check(city.request(held["both"])["status"] == "open", "filed is not granted")
    decide(city, case, 2, right, "toewijzen")
    wait_for("withdrawn", lambda: city.request(held["both"])["status"] == "ingetrokken")
    wait_for("the GGD knows", lambda: [i for i in city.inbox("ggd", "list") if i["id"] == held["both"] and i["state"] == "withdrawn"])
    told = [e for e in city.dossier(case, 2) if e.get("besluit") == "ingetrokken"]
    check([(e["bijzonderheid"], sorted(e["attributen"])) for e in told] == [("gebruik-beperkt", ["jgz-lengte", "jgz-visus"])], f"{told}")
    check(city.request(held["other"])["status"] == "open", "it asks for nothing that was stopped")
    decide(city, case, 2, filed(city, case, 2, "bezwaar")["avgVerzoekId"], "toewijzen")
    wait_for("withdrawn, too", lambda: city.request(held["other"])["status"] == "ingetrokken")


def test_granted_erasure_is_carried_out(city):
    """By two operators, as every forgetting; then nothing of it is listed any more."""
    case = city.open_case([(REFUSING, "client")], laws=("wmo",), domains=("onderwijs",))
    id_ = filed(city, case, 1, "verwijdering")["avgVerzoekId"]
    decide(city, case, 1, id_, "toewijzen")
    check(id_ in [x["avgVerzoekId"] for x in officer_list(city)], "granted, and still to be carried out")
    city.change(case, "fase", {"overgang": "sluiten"})
    for who in ("anna", "bram"):
        city.ctl("subject", "forget", "--by", who, "--reason", "avg-17", "--socket", city.control, stdin=REFUSING + "\n")
    wait_for("the list without it", lambda: id_ not in [x["avgVerzoekId"] for x in officer_list(city, "&stand=alle")])
