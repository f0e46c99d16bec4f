"""The client's dossier: whole, page after page; what is restricted in it, and by whom; what passed outside the bus; the
client's own requests about the data; and the file to take away (items 22, 33, 43)."""
import json

from city import CHILD, PARENT, PARTIES, PARTNER
from house import check, wait_for
from test_cases import events, refused
from test_deadlines import GGD, body, post, soon
from test_known import ask as ask_known


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
        a = city.call("POST", f"/v1/meldingen/{concern}/uitkomst", city.token("wmo-intake"), kw)
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
