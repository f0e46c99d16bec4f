"""Templates, deadlines, reminders and escalation; necessity of each datum (items 11, 15, 40)."""
import datetime
import re

from city import CHILD, PARENT, RESEARCH
from house import SLOW, check, wait_for
from test_cases import events, refused
from test_requests import back, case_of, held_by


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def soon(seconds):
    return iso(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds))


def body(party_oin, member=2, **kw):
    made = {"lid": member, "partij": party_oin, "doel": RESEARCH["purpose"], "grondslag": RESEARCH["basis"],
            "fase": RESEARCH["phase"], "motivering": "Nodig om te bepalen welke hulp past"}
    return {**made, **kw}


def post(city, case, made):
    return city.call("POST", f"/v1/zaken/{case}/verzoeken", city.token("wmo-intake"), made)


SCHOOL, GGD = "00000099000000002000", "00000099000000004000"


def working_days(n):
    """The end of the n-th working day from today; holidays as the rules have them."""
    text = (__import__("pathlib").Path(__file__).parents[2] / "config/rules/holidays.conf").read_text()
    holidays = set(re.findall(r'"(\d{4}-\d\d-\d\d)"', text))
    day = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    while n:
        day += datetime.timedelta(days=1)
        n -= day.weekday() < 5 and day.strftime("%Y-%m-%d") not in holidays
    return iso(day + datetime.timedelta(days=1))


def test_template(city):
    """A template in place of the data: what it lists is asked, with its necessity, within its working days."""
    case = case_of(city)
    a = post(city, case, body(GGD, sjabloon="onderzoek-ggd"))
    check(a.status == 202, f"{a.status} {a.body!r}")
    state = a.json()
    check([r["naam"] for r in state["uitkomsten"]] == ["jgz-status-in-zorg", "jgz-psychosociale-ontwikkeling"], f"{state}")
    check(state["antwoordVoor"] == working_days(10), f"{state['antwoordVoor']}, not {working_days(10)}")
    held_by(city, "ggd", state["verzoekId"])
    shown = city.inbox("ggd", "show", state["verzoekId"])
    check(shown["answer_by"] == state["antwoordVoor"], f"{shown['answer_by']}")
    why = {f["name"]: f["necessity"] for f in shown["fields"]}
    check(why["jgz-psychosociale-ontwikkeling"] == "Om te bepalen of hulp voor het kind nodig is", f"{why}")

    refused(post(city, case, body(SCHOOL, sjabloon="onderzoek-ggd")), 400, "invalid", "dit sjabloon is voor onderzoek-meervoudige-problematiek in het domein ggd")
    refused(post(city, case, body(GGD, sjabloon="bestaat-niet")), 400, "invalid", "dit sjabloon geldt niet")
    refused(post(city, case, body(GGD)), 400, "invalid", "noem 1 tot 64 gegevens")


def test_necessity_of_each(city):
    case = case_of(city)
    a = city.file(case, 2, "school", ["school-naam"], necessity=" - ", raw=True)
    refused(a, 422, "no-motivation", "schrijf van elk gegeven waarom het nodig is")
    b = post(city, case, body(SCHOOL, attributen=[{"naam": "school-naam"}]))
    check(b.status == 400, f"without necessity: {b.status}")


def test_late_and_escalated(city):
    """Not answered in time: marked late, once, and a kill -9 in between changes nothing."""
    case = case_of(city)
    before = city.metric("requests_late")
    ask = [{"naam": "jgz-gewicht", "noodzaak": "Om de groei te beoordelen"}]
    until = soon(2 + SLOW)
    a = post(city, case, body(GGD, attributen=ask, antwoordVoor=until))
    check(a.status == 202, f"{a.status} {a.body!r}")
    t = a.json()["verzoekId"]
    late = "teLaat" in city.request(t)
    check(not late or soon(0) >= until, "late before its time")
    city.gateway.kill()
    back(city)
    wait_for("the escalation", lambda: city.request(t).get("teLaat"))
    check(city.request(t)["status"] == "open", "late, and still to be answered")
    check([e for e, _ in events(city, case)].count("verzoek-te-laat") == 1, f"{events(city, case)}")
    check(city.metric("requests_late") == 1, f"{before} {city.metric('requests_late')}")
    refused(post(city, case, body(GGD, attributen=ask, antwoordVoor=soon(-5))), 400, "invalid", "een moment dat nog komt, binnen 28 dagen")
    refused(post(city, case, body(GGD, attributen=ask, antwoordVoor=soon(40 * 86400))), 400, "invalid",
            "een moment dat nog komt, binnen 28 dagen")


# ---- no more than is needed (item 8)

def test_given_with_a_request(city):
    """The party reads the number, the motivation, what is asked, and what it was handed; nothing else of the person."""
    case = case_of(city)
    ask = [{"naam": "jgz-gehoor", "noodzaak": "Om te bepalen of een hulpmiddel nodig is"}]
    a = post(city, case, body(GGD, attributen=ask, meegegeven=[{"naam": "school-jaargroep", "waarde": "5"}]))
    check(a.status == 202, f"{a.status} {a.body!r}")
    held_by(city, "ggd", a.json()["verzoekId"])
    shown = city.inbox("ggd", "show", a.json()["verzoekId"])
    check(shown["given"] == [{"name": "school-jaargroep", "value": "5"}], f"{shown['given']}")
    check(shown["subject"] == CHILD and PARENT not in str(shown), "more about the household than was needed")


def test_more_than_needed_is_refused(city):
    case = case_of(city)
    ask = [{"naam": "jgz-gehoor", "noodzaak": "Om te bepalen of een hulpmiddel nodig is"}]

    def given(name, value):
        return post(city, case, body(GGD, attributen=ask, meegegeven=[{"naam": name, "waarde": value}]))
    refused(given("wgs-totaal-schuldbedrag", "100.00"), 403, "denied", "niet mee te geven: gevoelig, of niet in de eigen weergave")
    refused(given("jgz-lengte", "120"), 403, "denied", "niet mee te geven: gevoelig, of niet in de eigen weergave")
    refused(given("bsn", PARENT), 400, "invalid", "gegeven 1 wordt nooit meegegeven")
    refused(given("school-brincode", "Testschool"), 400, "invalid", "school-brincode is niet geschreven zoals de catalogus zegt: "
            "het moet zijn: een BRIN, geschreven als 12AB")
    refused(given("school-tlv-categorie", "X"), 400, "invalid", "school-tlv-categorie is niet geschreven zoals de catalogus zegt: "
            "het moet zijn: een code uit de lijst van de catalogus")
    coded = city.file(case, 2, "school", ["school-tlv-categorie"])["verzoekId"]
    city.answered(coded)
    codes = city.inbox("school", "show", coded)["fields"][0]["codes"]
    check(codes[:2] == [{"code": "Nvt", "title": "Niet van toepassing"}, {"code": "H", "title": "Hoog"}] and len(codes) == 4, f"{codes}")
    refused(given("bestaat-niet", "x"), 400, "invalid", "nummer 1 staat niet in de catalogus")
