"""What must not pass: by HTTP, by the bus, by a token, by a rule."""
import json

from city import CHILD, PARENT, PARTIES, RESEARCH, WORK
from house import GATEWAY_OIN, check


def case_of(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind")])


def refused(answer, statuses, text=""):
    check(answer.status in statuses, f"{text}: {answer.status} {answer.body[:200]!r}")
    check(answer.headers.get("Content-Type", "").startswith("application/problem+json"), f"{text}: {answer.headers}")
    problem = answer.json()
    check(problem.get("title") and problem.get("status") == answer.status, f"{text}: {problem}")
    check(CHILD not in answer.body.decode() and PARENT not in answer.body.decode(), "a person number in a problem")
    return problem


def test_motivation(city):
    case = case_of(city)
    for text in ("", "   ", None):
        refused(city.file(case, 2, "school", ["school-naam"], motivation=text, raw=True), (400, 422), f"motivation {text!r}")


def test_case(city):
    refused(city.file("0" * 32, 2, "school", ["school-naam"], raw=True), (404, 422), "no such case")
    refused(city.file("zz", 2, "school", ["school-naam"], raw=True), (400, 404), "no case id")
    refused(city.file(case_of(city), 9, "school", ["school-naam"], raw=True), (404, 422), "no such member")


def test_rules(city):
    case = case_of(city)
    denied = (403, 422)
    refused(city.file(case, 2, "school", ["school-naam"], how=WORK, raw=True), denied, "a purpose of another law")
    refused(city.file(case, 1, "politie", ["politie-antecedenten"], app="pw-intake", how=WORK, raw=True), denied, "criminal data")
    refused(city.file(case, 2, "school", ["school-naam"], how=dict(RESEARCH, basis="wams-9.9.9"), raw=True), (400, 403, 422), "no basis")
    small = city.open_case([(CHILD, "client")], domains=())
    refused(city.file(small, 1, "school", ["school-naam"], raw=True), denied, "outside the client's scope")


def test_meeting(city):
    """No case is in a meeting: what its rules would permit is asked nowhere, whoever asks, and nothing comes to the register."""
    meeting = {"purpose": "casusoverleg", "basis": "wams-4.3.3", "phase": "overleg"}
    case = case_of(city)
    for step in ({}, {"overgang": "start-coordinatie", "coordinator": {"wie": "gemeente", "niveau": "zwaar"}}):
        if step:
            city.change(case, "fase", step, function="regisseur")
        p = refused(city.file(case, 2, "school", ["school-naam"], how=meeting, function="regisseur", raw=True), (403,), "in a meeting")
        check(p["detail"] == "niet toegestaan: niet in deze fase van de zaak (phase); vraag wat een geldende regel toelaat", f"{p}")
        now = dict(meeting, phase="coordinatie" if step else "onderzoek")
        p = refused(city.file(case, 2, "school", ["school-naam"], how=now, function="regisseur", raw=True), (403,), "outside one")
        check(p["detail"] == "niet toegestaan: geen regel staat het toe (default-deny); vraag wat een geldende regel toelaat", f"{p}")
    check(not city.view(case, 2)["gegevens"], "a datum of a meeting in the register")


def test_outside_the_view(city):
    case = case_of(city)
    city.ask(case, 2, "school", ["school-aandachtspunten"])
    outside = city.view(case, 2, app="pw-intake", attributes=["school-aandachtspunten"], raw=True)
    nowhere = city.view(case, 2, app="pw-intake", attributes=["school-aandachtspuntenx"], raw=True)
    same = outside.body.replace(b"school-aandachtspunten", b"school-aandachtspuntenx") == nowhere.body or outside.body == nowhere.body
    check(outside.status == nowhere.status and same, f"{outside.body!r} against {nowhere.body!r}")


def test_tokens(city):
    case = case_of(city)
    path = f"/v1/zaken/{case}"
    good = city.token("wmo-intake")
    check(city.call("GET", path, good).status == 200, "a good token")
    refused(city.call("GET", path), (401,), "no token")
    refused(city.call("GET", path, "x.y.z"), (401,), "no JWT")
    head, body, sig = good.split(".")
    refused(city.call("GET", path, f"{head}.{body}.{sig[:-4]}AAAA"), (401,), "another signature")
    refused(city.call("GET", path, f"eyJhbGciOiJub25lIn0.{body}."), (401,), "alg none")
    refused(city.call("GET", path, city.token("bestaat-niet")), (401, 403), "no such application")
    refused(city.call("GET", path, city.token("wmo-intake", oin=PARTIES["wgs"][0])), (401, 403), "another's application")
    check(city.token("wmo-intake", ttl=1), "a short token")
    refused(city.view(case, 2, function="schoonmaker", raw=True), (403, 404), "no function")
    p = refused(city.dossier(case, 2, app="clientportaal", function="consulent", raw=True), (403,), "the portal, not the client")
    check(p["detail"] == "geen geldende regel laat deze functie een dossier lezen", p)


def test_the_bus(city):
    from attack import attack
    verdicts = attack(city, CHILD)
    wrong = [v for v in verdicts if v["code"] != v["want"]]
    check(not wrong and len(verdicts) >= 10, f"{wrong or verdicts}")


def test_enrolment(city):
    folder = city.root / "stranger"
    city.ctl("key", "new", "--dir", folder, "--oin", "00000099000000007000")
    request = folder / "enrolment.json"
    entry = json.loads(request.read_text())
    entry["keys"][0]["pk"] = entry["keys"][1]["pk"]
    request.write_text(json.dumps(entry))
    code, _, err = city.ctl("party", "enrol", "--request", request, "--name", "Vreemd", "--domain", "onderwijs", "--by", "beheer-1",
                            "--socket", city.control, want=None)
    check(code == 4, f"a key without its own signature was enrolled: exit {code} {err}")
    listed = city.ctl("party", "list", "--socket", city.control)
    check(all(p["oin"] != "00000099000000007000" for p in listed), "it stands in the directory")
    again = city.root / "adapters" / "wgs" / "keys" / "enrolment.json"
    code, _, _ = city.ctl("party", "enrol", "--request", again, "--name", "Dubbel", "--domain", "wgs", "--by", "beheer-1", "--socket",
                          city.control, want=None)
    check(code == 4, "the same OIN was enrolled twice")


def test_logs_hold_no_content(city):
    for log in (city.root / "log").glob("*"):
        text = log.read_text(errors="replace")
        for word in (CHILD, PARENT, "Nodig om te bepalen"):
            check(word not in text, f"{log.name} holds content or a person number")
