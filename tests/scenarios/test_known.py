"""Whether a person is known to a party, and nothing else (item 13)."""
import json

from city import CHILD, PARENT, PARTIES, PARTNER, RESEARCH
from house import check, wait_for
from test_cases import refused
from test_requests import about, held_by


def ask(city, case, member, party, raw=False, function="consulent", **kw):
    body = {"lid": member, "partij": PARTIES[party][0], "doel": RESEARCH["purpose"], "grondslag": RESEARCH["basis"],
            "motivering": "Om te weten wie wij iets kunnen vragen", **kw}
    a = city.call("POST", f"/v1/zaken/{case}/bekend", city.token("wmo-intake", function), body)
    if raw:
        return a
    check(a.status == 202, f"{a.status} {a.body!r}")
    return a.json()["verzoekId"]


def case_of_three(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind"), (PARTNER, "partner")])


def test_known_and_unknown(city):
    """A party whose system can tell answers by itself: yes for its pupil, no for another; no datum, no result."""
    case = case_of_three(city)
    for member, answer in ((2, "ja"), (3, "nee")):
        state = city.answered(ask(city, case, member, "school"))
        check(state["bekend"] == answer and state["uitkomsten"] == [], f"{state}")
        check(not city.view(case, member)["gegevens"], "the question registered a datum")
    t = ask(city, case, 2, "school")
    city.answered(t)
    kinds = [e.get("kind") for e in city.trace(t)]
    check(kinds == ["known-query", "known-answer"], f"{kinds}")
    types = [e["soort"] for e in city.dossier(case, 2)]
    check("vraag-of-bekend" in types and "antwoord-of-bekend" in types, f"{types}")
    check(CHILD not in json.dumps(city.request(t)), "the number of a person in the answer")


def test_a_person_answers_where_persons_release(city):
    case = case_of_three(city)
    t = ask(city, case, 2, "ggd")
    held_by(city, "ggd", t)
    check("bekend" not in city.request(t), "answered before a person did")
    code, out, err = city.inbox("ggd", "release", t, "--fields", "jgz-lengte", "--by", "jeugdarts-7", want=None)
    check(code == 4 and "it asks only whether the person is known: inbox known" in out + err, f"{code} {out}{err}")
    code, out, err = city.inbox("ggd", "known", t, "--answer", "misschien", "--by", "jeugdarts-7", want=None)
    check(code == 4 and "answer is yes or no" in out + err, f"{code} {out}{err}")
    city.inbox("ggd", "known", t, "--answer", "yes", "--by", "jeugdarts-7")
    check(city.answered(t)["bekend"] == "ja", "the person's answer")
    entry = [e for e in city.inbox("ggd", "disclosed") if e["id"] == t]
    check([e["decision"] for e in entry] == ["known"] and entry[0]["given"] == [], f"the party's own log: {entry}")
    other = city.file(case, 2, "ggd", ["jgz-gewicht"])["verzoekId"]
    held_by(city, "ggd", other)
    code, out, err = city.inbox("ggd", "known", other, "--answer", "yes", "--by", "jeugdarts-7", want=None)
    check(code == 4 and "it asks for data: inbox release or refuse" in out + err, f"{code} {out}{err}")


def test_no_answer_without_an_agreement(city):
    """Whether a person is known there is said under an agreement in force, or not at all."""
    case = case_of_three(city)
    t = ask(city, case, 2, "ggd")
    held_by(city, "ggd", t)
    id_ = [r["id"] for r in city.ctl("agreement", "list", "--socket", city.control) if r["oin"] == PARTIES["ggd"][0]][0]
    for who in ("anna", "bram"):
        city.ctl("agreement", "revoke", id_, "--reason", "opgezegd", "--by", who, "--socket", city.control)
    city.inbox("ggd", "known", t, "--answer", "yes", "--by", "jeugdarts-7", want=None)
    wait_for("the refusal", lambda: any(e["decision"] == "agreement-revoked" and e.get("kind") == "known-answer" for e in city.trace(t)))
    check("bekend" not in city.request(t), f"answered all the same: {city.request(t)}")
    city.agree("ggd", 2, **city.agreed("ggd"))


def test_withdrawn(city):
    case = case_of_three(city)
    t = ask(city, case, 2, "ggd")
    held_by(city, "ggd", t)
    about(city, t, "intrekking", {"motivering": "Niet meer nodig."}, raw=False)
    wait_for("the inbox", lambda: next(i["state"] for i in city.inbox("ggd", "list") if i["id"] == t) == "withdrawn")


def test_refused(city):
    case = case_of_three(city)
    refused(ask(city, case, 2, "school", raw=True, motivering=" - "), 422, "no-motivation", "schrijf waarom dit voor deze zaak nodig is")
    refused(ask(city, case, 2, "school", raw=True, doel="casusoverleg"), 403, "denied",
            "niet toegestaan: geen regel staat het toe (default-deny); vraag wat een geldende regel toelaat")
    refused(ask(city, case, 2, "school", raw=True, function="client"), 403, "denied",
            "niet toegestaan: geen regel staat het toe (default-deny); vraag wat een geldende regel toelaat")
    refused(ask(city, case, 9, "school", raw=True), 400, "invalid", "dit lid is er niet")
    refused(ask(city, "0" * 31 + "1", 2, "school", raw=True), 422, "no-case", "er is geen open zaak met dit kenmerk: open die eerst")
    refused(ask(city, case, 2, "school", raw=True, partij="00000099000000007777"), 422, "unknown-party",
            "deze partij is niet op deze gateway aangesloten")
    city.make_party("los", "00000099000000008000", "School zonder convenant", "onderwijs")
    refused(ask(city, case, 2, "school", raw=True, partij="00000099000000008000"), 422, "agreement-missing",
            "Met School zonder convenant is geen convenant gesloten.")


def parties(city, name, function="consulent", more=""):
    return city.call("GET", f"/v1/partijen?gegeven={name}{more}", city.token("wmo-intake", function))


def test_which_party_may_hold_it(city):
    """Found by the datum: of its domain, and with an agreement in force; a suspended one is not there. And then asked."""
    (oin, title, domain), extra = PARTIES["school"], "00000099000000008100"
    city.make_party("geen-convenant", "00000099000000008050", "School zonder", "onderwijs")
    city.make_party("tweede-school", extra, "Tweede school", "onderwijs", city.agreed("school"))

    def found(name, more=""):
        a = parties(city, name, more=more)
        check(a.status == 200, f"{a.status} {a.body!r}")
        return a.json()
    first, second = {"oin": oin, "naam": title, "domein": domain}, {"oin": extra, "naam": "Tweede school", "domein": "onderwijs"}
    check(found("school-naam") == {"partijen": [first, second]}, f"{found('school-naam')}")
    check(found("school-naam", "&limit=1") == {"partijen": [first], "volgende": oin}, "the first page")
    check(found("school-naam", f"&limit=1&na={oin}") == {"partijen": [second]}, "the last page")
    check([p["oin"] for p in found("jgz-lengte")["partijen"]] == [PARTIES["ggd"][0]], f"{found('jgz-lengte')}")
    city.ctl("party", "suspend", extra, "--reason", "proef", "--by", "beheer-1", "--socket", city.control)
    left = found("school-naam")["partijen"]
    check(left == [first], f"a suspended one is named: {left}")
    case = case_of_three(city)
    check(city.ask(case, 2, left[0]["oin"], ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", "found, and no answer")
    refused(parties(city, "school-naam", "client"), 403, "forbidden", "geen geldende regel laat deze functie iets vragen")
    refused(parties(city, "bestaat-niet"), 400, "invalid", "noem een gegeven uit de catalogus")
