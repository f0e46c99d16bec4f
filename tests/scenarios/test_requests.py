"""Requests under way: clarification and withdrawal; and what each of these refuses (items 11, 37)."""
import json

from city import CHILD, PARENT, PARTIES, WORK
from house import check, wait_for
from test_cases import refused

ABSENT = "01890000-0000-7000-8000-000000000000"


def case_of(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind")])


def held_by(city, party, transaction):
    """Waits until the party's inbox holds the request; the item."""
    def probe():
        return next((i for i in city.inbox(party, "list") if i["id"] == transaction and i["state"] == "held"), None)
    return wait_for(f"{transaction} in the inbox of {party}", probe)


def state_at(city, party, transaction):
    return next(i["state"] for i in city.inbox(party, "list") if i["id"] == transaction)


def lines(city, party, transaction):
    return city.inbox(party, "show", transaction)["dialogue"]


def about(city, transaction, what, body, app="wmo-intake", raw=True, function="consulent"):
    a = city.call("POST", f"/v1/verzoeken/{transaction}/{what}", city.token(app, function), body)
    if raw:
        return a
    check(a.status == 200, f"{what}: {a.status} {a.body[:300]!r}")
    return a.json()


def back(city):
    """The gateway again, and its HTTP front connected to it."""
    city.start_gateway()
    wait_for("the HTTP front", lambda: city.call("GET", "/health/ready").status == 200)


def dossier_types(city, case, member):
    return [e["soort"] for e in city.dossier(case, member)]


# ---- clarification (item 11)

def test_clarification(city):
    case = case_of(city)
    t = city.file(case, 2, "ggd", ["jgz-lengte", "jgz-gehoor"])["verzoekId"]
    held_by(city, "ggd", t)
    question = "Gaat het om de laatste meting?"
    city.inbox("ggd", "ask", t, "--question", "-", "--by", "jeugdarts-7", stdin=question + "\n")
    asked = wait_for("the question", lambda: city.request(t).get("toelichtingen"))
    check(asked[0]["nummer"] == 1 and asked[0]["vraag"] == question and "antwoord" not in asked[0], f"{asked}")
    check(city.request(t)["status"] == "open", "a question does not close a request")
    wait_for("the question acknowledged", lambda: lines(city, "ggd", t)[0]["state"] == "sent")

    refused(about(city, t, "toelichting", {"vraag": 2, "antwoord": "Ja."}), 400, "not-asked", "deze vraag heeft de partij niet gesteld")
    refused(about(city, t, "toelichting", {"vraag": 1, "antwoord": " . "}), 422, "no-motivation", "schrijf wat u bedoelt")
    refused(about(city, t, "toelichting", {"vraag": 1, "antwoord": "Ja."}, app="pw-intake"), 404, "not-found",
            "Het bestaat niet, of u mag het niet zien.")
    refused(about(city, ABSENT, "toelichting", {"vraag": 1, "antwoord": "Ja."}), 404, "not-found", "Het bestaat niet, of u mag het niet zien.")

    answer = "De laatste meting volstaat; eerdere zijn niet nodig."
    now = about(city, t, "toelichting", {"vraag": 1, "antwoord": answer}, raw=False)
    check(now["toelichtingen"][0]["antwoord"] == answer and now["toelichtingen"][0]["beantwoord"], f"{now}")
    refused(about(city, t, "toelichting", {"vraag": 1, "antwoord": "Nog eens."}), 409, "conflict", "deze vraag is al beantwoord")
    told = wait_for("the answer at the party", lambda: [x for x in lines(city, "ggd", t) if x["state"] == "received"])
    check(told[0]["text"] == answer and told[0]["kind"] == "clarification-answer", f"{told}")

    city.inbox("ggd", "release", t, "--fields", "jgz-lengte,jgz-gehoor", "--by", "jeugdarts-7")
    city.answered(t)
    refused(about(city, t, "toelichting", {"vraag": 1, "antwoord": "Te laat."}), 409, "conflict",
            "het verzoek is beantwoord; dit kan alleen zolang het open is; mogelijk: niets meer (vraag opnieuw)")
    code, _, err = city.inbox("ggd", "ask", t, "--question", "-", "--by", "jeugdarts-7", stdin="Nog iets?", want=None)
    check(code == 4 and "a question can be asked while a request waits for a decision: it is " in err + _, f"{code} {err}{_}")

    types = dossier_types(city, case, 2)
    check("vraag-om-toelichting" in types and "toelichting" in types, f"{types}")
    text = json.dumps(city.dossier(case, 2), ensure_ascii=False)
    check(question in text and answer in text, "the client does not read what was asked and answered")
    kinds = [e.get("kind") for e in city.trace(t)]
    check(kinds == ["request", "clarification-question", "clarification-answer", "response"], f"the journal: {kinds}")


def test_clarification_survives_a_kill(city):
    """A question stored at the party goes out after a restart, once; one at the gateway is there after kill -9."""
    case = case_of(city)
    t = city.file(case, 2, "ggd", ["jgz-gewicht"])["verzoekId"]
    held_by(city, "ggd", t)
    city.gateway.kill()
    city.inbox("ggd", "ask", t, "--question", "-", "--by", "jeugdarts-7", stdin="Waarvoor?")
    city.adapters["ggd"].kill()
    city.adapters["ggd"].start()
    back(city)
    city.wait_connected("ggd")
    wait_for("the question", lambda: city.request(t).get("toelichtingen"))
    city.gateway.kill()
    back(city)
    check([x["vraag"] for x in city.request(t)["toelichtingen"]] == ["Waarvoor?"], "the question, once")
    wait_for("the question acknowledged", lambda: lines(city, "ggd", t)[0]["state"] == "sent")


def test_who_asks_nothing_says_nothing(city):
    """A function that no rule lets ask neither withdraws what was asked nor answers a question about it."""
    case = city.open_case([(PARENT, "client")], laws=("participatiewet", "wgs"), domains=())
    t = city.file(case, 1, "wgs", ["wgs-totaal-schuldbedrag"], app="pw-intake", how=WORK)["verzoekId"]
    for what, body in (("intrekking", {"motivering": "Niet meer nodig."}), ("toelichting", {"vraag": 1, "antwoord": "Ja."})):
        refused(about(city, t, what, body, app="pw-intake", function="teamleider"), 403, "forbidden", "geen geldende regel laat deze functie iets vragen")
    check(city.answered(t, app="pw-intake")["status"] == "beantwoord", "it stands")


# ---- withdrawal (item 37)

def test_withdrawal(city):
    case = case_of(city)
    t = city.file(case, 2, "ggd", ["jgz-lengte", "jgz-gewicht"])["verzoekId"]
    held_by(city, "ggd", t)
    refused(about(city, t, "intrekking", {"motivering": "- -"}), 422, "no-motivation", "schrijf wat u bedoelt")
    refused(about(city, t, "intrekking", {"motivering": "Weg."}, app="pw-intake"), 404, "not-found", "Het bestaat niet, of u mag het niet zien.")
    a = about(city, t, "intrekking", {"motivering": "x" * 4001})
    check(a.status == 400, f"too long: {a.status}")
    why = "Het gezin is verhuisd; het gegeven is niet meer nodig."
    now = about(city, t, "intrekking", {"motivering": why}, raw=False)
    check(now["status"] == "ingetrokken", f"{now}")
    refused(about(city, t, "intrekking", {"motivering": "Nog eens."}), 409, "withdrawn",
            "het verzoek is ingetrokken; dit kan alleen zolang het open is; mogelijk: niets meer (vraag opnieuw)")
    wait_for("the inbox", lambda: state_at(city, "ggd", t) == "withdrawn")
    item = next(i for i in city.inbox("ggd", "list") if i["id"] == t)
    check(item["note"] == why, f"the party does not read why: {item}")
    code, out, err = city.inbox("ggd", "release", t, "--fields", "jgz-lengte", "--by", "jeugdarts-7", want=None)
    check(code == 4 and "this request does not wait for a decision: it is withdrawn" in out + err, f"{code} {out}{err}")
    entry = [e for e in city.dossier(case, 2) if e["soort"] == "intrekking"]
    check(len(entry) == 1 and entry[0]["motivering"] == why, f"{entry}")
    check([e.get("kind") for e in city.trace(t)] == ["request", "withdrawal"], f"{city.trace(t)}")


def test_answered_is_not_withdrawn(city):
    case = case_of(city)
    t = city.file(case, 2, "school", ["school-jaargroep"])["verzoekId"]
    city.answered(t)
    refused(about(city, t, "intrekking", {"motivering": "Toch niet nodig."}), 409, "conflict",
            "het verzoek is beantwoord; dit kan alleen zolang het open is; mogelijk: niets meer (vraag opnieuw)")


def test_late_answer_is_refused_by_name(city):
    """Decided at the party while the withdrawal is on its way: the gateway refuses the answer as withdrawn."""
    case = case_of(city)
    t = city.file(case, 2, "ggd", ["jgz-gewicht"])["verzoekId"]
    held_by(city, "ggd", t)
    city.gateway.kill()
    city.inbox("ggd", "release", t, "--fields", "jgz-gewicht", "--by", "jeugdarts-7")
    wait_for("the answer stored", lambda: state_at(city, "ggd", t) == "sending")
    city.adapters["ggd"].kill()
    back(city)
    about(city, t, "intrekking", {"motivering": "Niet meer nodig."}, raw=False)
    city.adapters["ggd"].start()
    city.wait_connected("ggd")
    wait_for("the refusal", lambda: state_at(city, "ggd", t) == "nacked")
    item = next(i for i in city.inbox("ggd", "list") if i["id"] == t)
    check(item["note"].startswith("withdrawn: "), f"{item}")
    check(city.request(t)["status"] == "ingetrokken", "the late answer changed the request")
    check(not [d for d in city.view(case, 2)["gegevens"] if d["naam"] == "jgz-gewicht"], "the late answer was registered")


# ---- the list, and what changed since (item 3)

def listed(city, query="", employee="mw-3", app="wmo-intake"):
    a = city.call("GET", f"/v1/verzoeken?{query}", city.token(app, employee=employee))
    check(a.status == 200, f"the list: {a.status} {a.body[:300]!r}")
    return a.json()


def pages(city, query="", limit=2):
    """All pages of one listing: (is it whole, what it tells, the bookmark for what changes next)."""
    first = now = listed(city, f"limit={limit}&{query}")
    told = first["verzoeken"]
    while "volgende" in now:
        check("sinds" not in now, "a page in the middle has no bookmark for changes")
        now = listed(city, f"limit={limit}&na={now['volgende']}")
        told += now["verzoeken"]
    return first["volledig"], told, now["sinds"]


def test_list_since(city):
    """A list polled with `sinds` is, after each change, the list as a whole; a bookmark is of one list and one reader."""
    case = case_of(city)
    first = city.file(case, 2, "ggd", ["jgz-visus"])["verzoekId"]
    held_by(city, "ggd", first)
    whole, told, mark = pages(city)
    held = {v["verzoekId"]: v for v in told}
    check(whole and len(held) == len(told) and held[first]["status"] == "open", f"{told}")

    def poll():
        nonlocal mark
        whole, told, mark = pages(city, f"sinds={mark}")
        check(not whole, "all of it again")
        held.update({v["verzoekId"]: v for v in told})
        return {v["verzoekId"] for v in told}
    check(poll() & {first} == set(), "what did not change is told")
    second = city.file(case, 1, "politie", ["politie-verdenking"])["verzoekId"]
    city.answered(second)
    seen = poll()
    check(second in seen and first not in seen and held[second]["status"] == "beantwoord", f"{seen}")
    old = mark
    about(city, first, "intrekking", {"motivering": "Niet meer nodig."})
    city.gateway.stop()
    back(city)
    seen = poll()
    check(first in seen and second not in seen and held[first]["status"] == "ingetrokken", f"{seen}")
    wait_for("the list as a whole", lambda: poll() is not None and {v["verzoekId"]: v for v in pages(city)[1]} == held)

    for query, kw, words in ((f"sinds={mark}", {"app": "pw-intake"}, "lijst: begin zonder sinds"),
                             (f"sinds={mark}", {"employee": "mw-4"}, "lijst: begin zonder sinds"),
                             (f"na={mark}", {}, "lijst: begin zonder na"),
                             (f"sinds={city.view(case, 2)['sinds']}", {}, "lijst: begin zonder sinds")):
        a = city.call("GET", f"/v1/verzoeken?{query}", city.token(kw.get("app", "wmo-intake"), employee=kw.get("employee", "mw-3")))
        refused(a, 400, "invalid", f"deze bladwijzer hoort niet bij deze {words}")
    check(first in {v["verzoekId"] for v in pages(city, f"sinds={old}")[1]}, "an older bookmark tells it again")
