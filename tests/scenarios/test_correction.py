"""Corrections of an answer already given, and who is told of them (item 37; GDPR art. 19)."""
import json
import time

from city import CHILD, PARENT, PARTIES, PURPOSES
from house import check, wait_for
from test_outcomes import shown
from test_requests import back, case_of, held_by, lines, state_at


def answer(city, case, name, value):
    """The GGD answers with this value; the transaction, settled at the party."""
    values = city.root / "first.json"
    values.write_text(json.dumps({name: value}))
    t = city.file(case, 2, "ggd", [name])["verzoekId"]
    held_by(city, "ggd", t)
    city.inbox("ggd", "release", t, "--fields", name, "--values", values, "--by", "jeugdarts-7")
    city.answered(t)
    wait_for("the acknowledgement", lambda: state_at(city, "ggd", t) == "sent")
    return t


def correct(city, t, values=None, reasons=None, why="Verkeerd overgenomen uit het dossier.", want=0):
    args = []
    for option, content in (("--values", values), ("--reasons", reasons)):
        if content is not None:
            path = city.root / f"correct{option}.json"
            path.write_text(json.dumps(content))
            args += [option, path]
    return city.inbox("ggd", "correct", t, *args, "--why", "-", "--by", "jeugdarts-7", stdin=why, want=want)


def settled(city, t):
    """The newest line of the request at the party, once the gateway has answered it."""
    return wait_for("the gateway's word", lambda: next((x for x in lines(city, "ggd", t)[-1:] if x["state"] != "sending"), None))


def notices(city, t):
    return [e for e in city.trace(t) if e.get("kind") == "correction-notice"]


def test_correction_reaches_who_read(city):
    """Two applications read the old value, a third did not: the two are told, once, and all see the new one."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], laws=("wmo", "jeugdwet", "participatiewet", "wgs"))
    t = answer(city, case, "jgz-stemming", "Somber")
    for app in ("wmo-intake", "jeugd-intake", "wmo-intake"):
        check([d["waarde"] for d in shown(city, case, 2, "jgz-stemming", app=app)] == ["Somber"], f"{app} reads the first value")
    city.view(case, 2, app="pw-intake")  # not in its view
    correct(city, t, {"jgz-stemming": "Opgewekt"})
    check(settled(city, t)["state"] == "sent", f"{lines(city, 'ggd', t)}")
    for app in ("wmo-intake", "jeugd-intake"):
        d = shown(city, case, 2, "jgz-stemming", app=app)
        check([x["waarde"] for x in d] == ["Opgewekt"] and d[0]["gecorrigeerd"], f"{app}: {d}")
    told = wait_for("two notices", lambda: n if len(n := notices(city, t)) == 2 else None)
    check(sorted(e["application"] for e in told) == ["jeugd-intake", "wmo-intake"], f"{told}")
    check({e["to"] for e in told} == {"00000099000000001000"}, f"{told}")
    state = wait_for("the count", lambda: s if (s := city.request(t))["correcties"][0]["gemeldAan"] == 2 else None)
    check(state["status"] == "beantwoord" and state["correcties"][0]["attributen"] == ["jgz-stemming"], f"{state}")
    check(state["correcties"][0]["reden"] == "Verkeerd overgenomen uit het dossier.", f"{state}")
    time.sleep(1.2)  # the next look at what is due
    check(len(notices(city, t)) == 2, "somebody was told twice")
    types = [e["soort"] for e in city.dossier(case, 2)]
    check("correctie" in types and types.count("bericht-van-correctie") == 2, f"the client's dossier: {types}")
    log = city.inbox("ggd", "disclosed")
    check([e["decision"] for e in log if e["id"] == t] == ["given", "corrected"], f"the party's own log: {log}")


def test_two_corrections_at_once(city):
    """Each tells who read what it corrects, also when the second comes before the first one's notices went."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], laws=("wmo", "jeugdwet"))
    values = city.root / "both.json"
    values.write_text(json.dumps({"jgz-interactie-ouder-kind": "Somber", "jgz-cognitieve-ontwikkeling": "Druk"}))
    t = city.file(case, 2, "ggd", ["jgz-interactie-ouder-kind", "jgz-cognitieve-ontwikkeling"])["verzoekId"]
    held_by(city, "ggd", t)
    city.inbox("ggd", "release", t, "--fields", "jgz-interactie-ouder-kind,jgz-cognitieve-ontwikkeling", "--values", values, "--by", "jeugdarts-7")
    city.answered(t)
    wait_for("the acknowledgement", lambda: state_at(city, "ggd", t) == "sent")
    city.view(case, 2, app="jeugd-intake", attributes=["jgz-interactie-ouder-kind"])
    city.view(case, 2, app="wmo-intake", attributes=["jgz-cognitieve-ontwikkeling"])
    correct(city, t, {"jgz-interactie-ouder-kind": "Opgewekt"})
    correct(city, t, {"jgz-cognitieve-ontwikkeling": "Rustig"})
    wait_for("both", lambda: len(city.request(t).get("correcties", [])) == 2)
    told = wait_for("two notices", lambda: n if len(n := notices(city, t)) == 2 else None)
    check(sorted(e["application"] for e in told) == ["jeugd-intake", "wmo-intake"], f"{told}")
    check([c["gemeldAan"] for c in city.request(t)["correcties"]] == [1, 1], f"{city.request(t)}")


def test_taken_back(city):
    """Given by mistake: no view shows it any more, and the register answers no request with it."""
    case = case_of(city)
    t = answer(city, case, "jgz-gedrag", "Van een ander kind")
    check(shown(city, case, 2, "jgz-gedrag"), "shown first")
    correct(city, t, reasons={"jgz-gedrag": {"reason": "niet-noodzakelijk", "outcome": "refused"}}, why="Van een ander kind.")
    check(settled(city, t)["state"] == "sent", f"{lines(city, 'ggd', t)}")
    check(not shown(city, case, 2, "jgz-gedrag"), "still shown")
    check(city.request(t)["uitkomsten"][0]["uitkomst"] == "geweigerd", f"{city.request(t)}")
    again = city.file(case, 2, "ggd", ["jgz-gedrag"])
    check(again["status"] == "open", "the register answers with what was taken back")
    wait_for("the notice", lambda: len(notices(city, t)) == 1)


def test_corrections_refused(city):
    case = case_of(city)
    values = city.root / "two.json"
    values.write_text(json.dumps({"jgz-visus": "0,8"}))
    t = city.file(case, 2, "ggd", ["jgz-visus", "jgz-sdq-screening"])["verzoekId"]
    held_by(city, "ggd", t)
    code, out, err = correct(city, t, {"jgz-visus": "1,0"}, want=None)
    check(code == 4 and "only an answer that was sent can be corrected: it is held" in out + err, f"{code} {out}{err}")
    city.inbox("ggd", "release", t, "--fields", "jgz-visus", "--values", values, "--by", "jeugdarts-7")
    city.answered(t)
    wait_for("the acknowledgement", lambda: state_at(city, "ggd", t) == "sent")
    correct(city, t, {"jgz-sdq-screening": "Nooit gegeven"})
    line = settled(city, t)
    check(line["state"] == "refused" and line["note"].startswith("not-asked: jgz-sdq-screening it was never given in this answer"), f"{line}")
    code, out, err = correct(city, t, {"jgz-lengte": "120"}, want=None)
    check(code == 4 and "values and reasons name attributes of this request, each once" in out + err, f"{code} {out}{err}")
    code, out, err = correct(city, t, {"jgz-visus": "1,0"}, why=" ", want=None)
    check(code == 4 and "reason is needed, in words" in out + err, f"{code} {out}{err}")
    check("correcties" not in city.request(t), f"{city.request(t)}")


def test_no_secret_address_by_correction(city):
    """Given while it was known, secret since: a correction tells nobody where they live now; taken back it may be."""
    oin, title = "00000099000000006100", "Burgerzaken Voorbeeld"
    city.make_party("burgerzaken", oin, title, "gemeente", {"purposes": PURPOSES, "gives": ("ordinary", "identification")})
    config = city.adapter_config("politie").replace(PARTIES["politie"][0], oin)
    city.start_adapter("burgerzaken", config.replace("/adapters/politie", "/adapters/burgerzaken"))
    city.wait_connected("burgerzaken")
    case = city.open_case([(PARENT, "client")], laws=("wmo",), domains=("gemeente",))
    files = {}
    for place in ("Oudstad", "Nieuwstad"):
        files[place] = city.root / f"{place}.json"
        files[place].write_text(json.dumps({"woonplaats": place}))
    t = city.file(case, 1, oin, ["woonplaats"])["verzoekId"]
    held_by(city, "burgerzaken", t)
    city.inbox("burgerzaken", "release", t, "--fields", "woonplaats", "--values", files["Oudstad"], "--by", "bz-1")
    city.answered(t)
    wait_for("the acknowledgement", lambda: state_at(city, "burgerzaken", t) == "sent")
    city.change(case, "leden/1", {"geheimAdres": True, "zichtbaarVoor": []})

    def said(*args):
        city.inbox("burgerzaken", "correct", t, *args, "--why", "-", "--by", "bz-1", stdin="Verhuisd.")
        return wait_for("the gateway's word", lambda: next((x for x in lines(city, "burgerzaken", t)[-1:] if x["state"] != "sending"), None))

    line = said("--values", files["Nieuwstad"])
    check(line["state"] == "refused" and line["note"] == "denied: woonplaats not permitted now: leave it out of the answer", f"{line}")
    check("correcties" not in city.request(t), f"{city.request(t)}")
    reasons = city.root / "back.json"
    reasons.write_text(json.dumps({"woonplaats": {"reason": "veiligheid-betrokkene", "outcome": "refused"}}))
    line = said("--reasons", reasons)
    check(line["state"] == "sent", f"{line}")


def test_notices_survive_a_kill(city):
    """Killed after the correction was acknowledged: the notice still goes, once."""
    case = case_of(city)
    t = answer(city, case, "jgz-gehoor", "Onvolledig")
    check(shown(city, case, 2, "jgz-gehoor"), "read")
    correct(city, t, {"jgz-gehoor": "Volledig"})
    settled(city, t)
    city.gateway.kill()
    back(city)
    wait_for("the notice", lambda: len(notices(city, t)) == 1)
    check([d["waarde"] for d in shown(city, case, 2, "jgz-gehoor")] == ["Volledig"], "the new value")
