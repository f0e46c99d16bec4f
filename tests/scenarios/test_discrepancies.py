"""What sources say differently: kept beside, and resolved by someone (items 2, 37)."""
import json

from city import CHILD, PARENT, PARTIES, PURPOSES, RESEARCH
from house import check, wait_for
from test_dossier import decide, filed
from test_outcomes import shown
from test_requests import back, held_by

SECOND = "00000099000000004200"
LAWS = ("wmo", "jeugdwet", "participatiewet", "wgs")


def household(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind")], laws=LAWS)


def second_ggd(city):
    if "ggd2" not in city.adapters:
        city.make_party("ggd2", SECOND, "GGD Buurregio", "ggd", {"purposes": PURPOSES, "gives": ("ordinary", "health")})
        config = city.adapter_config("politie").replace(PARTIES["politie"][0], SECOND)
        city.start_adapter("ggd2", config.replace("/adapters/politie", "/adapters/ggd2"))
        city.wait_connected("ggd2")


def says(city, party, t, name, value):
    """The party answers request t with this value."""
    path = city.root / f"{party}-{name}.json"
    path.write_text(json.dumps({name: value}))
    held_by(city, party, t)
    city.inbox(party, "release", t, "--fields", name, "--values", path, "--by", "jeugdarts-7")
    city.answered(t)


def differ(city, name, one="Somber", other="Opgewekt", case=None):
    """Two sources, asked at once, say this of it; the case."""
    second_ggd(city)
    case = case or household(city)
    asked = [city.file(case, 2, who, [name])["verzoekId"] for who in ("ggd", SECOND)]
    says(city, "ggd", asked[0], name, one)
    says(city, "ggd2", asked[1], name, other)
    return case


def listed(city, case, name, app="wmo-intake", function="consulent", raw=False):
    a = city.call("GET", f"/v1/zaken/{case}/leden/2/discrepanties", city.token(app, function))
    if raw:
        return a
    check(a.status == 200, f"{a.status} {a.body[:300]!r}")
    return [d for d in a.json()["discrepanties"] if d["huidig"]["naam"] == name]


def resolve(city, case, d, decision, app="wmo-intake", function="consulent", employee="mw-1", why="Nagegaan bij het gezin", want=200, **more):
    body = {"naam": d["huidig"]["naam"], "huidig": d["huidig"]["nummer"], "anders": d["anders"]["nummer"], "besluit": decision, "motivering": why, **more}
    a = city.call("POST", f"/v1/zaken/{case}/leden/2/discrepanties", city.token(app, function, employee), body)
    check(a.status == want, f"{decision}: {a.status} {a.body[:300]!r}")
    return a.json()


def events(city, case, kind):
    a = city.call("GET", f"/v1/zaken/{case}/gebeurtenissen", city.token("wmo-intake"))
    check(a.status == 200, f"{a.status} {a.body[:300]!r}")
    return [e for e in a.json()["gebeurtenissen"] if e["soort"] == kind]


def test_accepted(city):
    """The other statement becomes current; who read the old one is told, once; a second employee comes too late."""
    case = differ(city, "jgz-stemming")
    check(len(events(city, case, "discrepantie-gevonden")) == 1, "nobody heard of it")
    for app in ("wmo-intake", "jeugd-intake", "wmo-intake"):
        d = shown(city, case, 2, "jgz-stemming", app=app)
        check([(x["waarde"], x["weersproken"], x["verouderd"]) for x in d] == [("Somber", True, False)], f"{app}: {d}")
    open_ = listed(city, case, "jgz-stemming")
    check(len(open_) == 1 and open_[0]["bronVolgensCatalogus"] == "ggd", f"{open_}")
    d = open_[0]
    check((d["huidig"]["waarde"], d["huidig"]["bron"]) == ("Somber", PARTIES["ggd"][0]), f"{d}")
    check((d["anders"]["waarde"], d["anders"]["bron"]) == ("Opgewekt", SECOND), f"{d}")
    moved = dict(d, huidig=dict(d["huidig"], nummer=d["huidig"]["nummer"] + 1))  # read before another value became current
    resolve(city, case, moved, "overnemen", want=409)
    done = resolve(city, case, d, "overnemen", why="De jeugdarts van de buurregio zag het kind laatst.")
    check(done["besluit"] == "discrepantie-overgenomen", f"{done}")
    late = resolve(city, case, d, "behouden", employee="mw-2", want=409)
    check(late["code"] == "conflict" and late["detail"] == "het register is intussen veranderd: lees de discrepanties opnieuw", f"{late}")
    x = shown(city, case, 2, "jgz-stemming")
    check([(v["waarde"], v["bron"], v["weersproken"]) for v in x] == [("Opgewekt", SECOND, False)], f"{x}")
    check(not listed(city, case, "jgz-stemming"), "still open")
    wait_for("two notices", lambda: len(events(city, case, "bericht-van-correctie")) == 2)
    entries = city.dossier(case, 2)
    mine = [e for e in entries if e.get("besluit") == "discrepantie-overgenomen"]
    check([e["motivering"] for e in mine] == ["De jeugdarts van de buurregio zag het kind laatst."], f"{mine}")
    check([e["soort"] for e in entries].count("bericht-van-correctie") == 2, f"{[e['soort'] for e in entries]}")
    told = [e for e in entries if e["soort"] == "bericht-van-correctie"]
    check(sorted(e["toepassing"] for e in told) == ["jeugd-intake", "wmo-intake"], f"{told}")


def test_since(city):
    """A view with `sinds` tells that a datum is disputed now, and that it is so no more; of a statement that may not be heard in
    this case it tells nothing."""
    def since(case, mark, app="wmo-intake"):
        a = city.call("GET", f"/v1/zaken/{case}/leden/2/weergave?sinds={mark}", city.token(app))
        check(a.status == 200, f"{a.status} {a.body[:300]!r}")
        v = a.json()
        return [(d["naam"], d["waarde"], d["weersproken"]) for d in v["gegevens"]], v.get("vervallen"), v["volledig"], v["sinds"]

    second_ggd(city)
    case, other = household(city), household(city)
    name = "jgz-algemene-indruk"
    first, t = [city.file(case, 2, who, [name])["verzoekId"] for who in ("ggd", SECOND)]
    says(city, "ggd", first, name, "Somber")
    marks = {c: city.view(c, 2)["sinds"] for c in (case, other)}
    path = city.root / "since.json"
    path.write_text(json.dumps({name: "Opgewekt"}))
    held_by(city, "ggd2", t)
    city.inbox("ggd2", "release", t, "--fields", name, "--values", path, "--conditions", "alleen-deze-zaak", "--by", "jeugdarts-7")
    city.answered(t)
    *told, mark = since(case, marks[case])
    check(told == [[(name, "Somber", True)], [], False], f"{told}")
    *told, marks[other] = since(other, marks[other])
    check(told == [[], [], False], f"where it may not be heard: {told}")
    *told, mark = since(case, mark)
    check(told == [[], [], False], f"twice: {told}")
    resolve(city, case, listed(city, case, name)[0], "behouden")
    *told, mark = since(case, mark)
    check(told == [[(name, "Somber", False)], [], False], f"{told}")
    *told, _ = since(other, marks[other])
    check(told == [[], [], False], f"where it was not heard: {told}")
    *told, mark = since(case, mark)
    check(told == [[], [], False], f"twice: {told}")
    right = filed(city, case, 2, "beperking", attributen=[name])["avgVerzoekId"]
    decide(city, case, 2, right, "toewijzen")
    told = since(case, mark)
    check(told[2] and name not in [d[0] for d in told[0]], f"restricted: all that is to be seen now, without it: {told}")
    decide(city, case, 2, right, "afronden")


def test_kept(city):
    """The current value stays, nobody is told; the statement is open no more. Who may not is refused."""
    case = differ(city, "jgz-interactie-ouder-kind")
    d = listed(city, case, "jgz-interactie-ouder-kind")[0]
    no = resolve(city, case, d, "behouden", want=403, function="teamleider")
    check(no["detail"] == "geen geldende regel laat deze functie een discrepantie oplossen", f"{no}")
    resolve(city, case, d, "behouden", want=404, app="pw-intake")
    check(listed(city, case, "jgz-interactie-ouder-kind", app="pw-intake") == [], "outside its view")
    none = resolve(city, case, d, "behouden", why=" ", want=422)
    check(none["code"] == "no-motivation", f"{none}")
    check(listed(city, case, "jgz-interactie-ouder-kind") == [d], "a refusal changed something")
    resolve(city, case, d, "behouden")
    check(not listed(city, case, "jgz-interactie-ouder-kind"), "still open")
    check([x["waarde"] for x in shown(city, case, 2, "jgz-interactie-ouder-kind")] == ["Somber"], "the current value changed")
    check(not events(city, case, "bericht-van-correctie"), "somebody was told of nothing")


def test_source_is_asked(city):
    """The source's answer resolves it; a party that is no source is not asked."""
    case = differ(city, "jgz-gedrag", "Druk", "Rustig")
    d = listed(city, case, "jgz-gedrag")[0]
    how = {"doel": RESEARCH["purpose"], "grondslag": RESEARCH["basis"]}
    no = resolve(city, case, d, "navragen", want=403, partij=PARTIES["school"][0], **how)
    check(no["detail"] == "de bron van dit gegeven is het domein ggd", f"{no}")
    shown(city, case, 2, "jgz-gedrag")
    t = resolve(city, case, d, "navragen", partij=PARTIES["ggd"][0], **how)["verzoekId"]
    check(listed(city, case, "jgz-gedrag")[0]["verzoekId"] == t, "the list does not say that the source is asked")
    says(city, "ggd", t, "jgz-gedrag", "Rustig")
    check(not listed(city, case, "jgz-gedrag"), "the answer resolved nothing")
    x = shown(city, case, 2, "jgz-gedrag")
    check([(v["waarde"], v["weersproken"]) for v in x] == [("Rustig", False)], f"{x}")
    wait_for("the notice", lambda: len(events(city, case, "bericht-van-correctie")) == 1)


def test_withdrawn_statement(city):
    """Its party takes back what stood beside: nothing differs any more."""
    case = differ(city, "jgz-visus", "0,8", "1,0")
    check(len(listed(city, case, "jgz-visus")) == 1, "it is there")
    t = next(i["id"] for i in city.inbox("ggd2", "list") if i["state"] == "sent" and "jgz-visus" in i["attributes"])
    reasons = city.root / "back.json"
    reasons.write_text(json.dumps({"jgz-visus": {"reason": "niet-noodzakelijk", "outcome": "refused"}}))
    city.inbox("ggd2", "correct", t, "--reasons", reasons, "--why", "-", "--by", "jeugdarts-7", stdin="Van een ander kind.")
    wait_for("it to be gone", lambda: not listed(city, case, "jgz-visus"))
    check([x["waarde"] for x in shown(city, case, 2, "jgz-visus")] == ["0,8"], "the current value changed")


def test_restricted(city):
    """What the client's granted request stops the use of is no more shown, nor resolved, as a difference."""
    case = differ(city, "jgz-verzorging-hygiene")
    d = listed(city, case, "jgz-verzorging-hygiene")[0]
    id_ = filed(city, case, 2, "beperking", attributen=["jgz-verzorging-hygiene"])["avgVerzoekId"]
    decide(city, case, 2, id_, "toewijzen")
    check(listed(city, case, "jgz-verzorging-hygiene") == [], "shown while its use is restricted")
    resolve(city, case, d, "behouden", want=404)
    decide(city, case, 2, id_, "afronden", "Nagegaan")
    check(listed(city, case, "jgz-verzorging-hygiene") == [d], "the restriction is over")


def test_decision_survives_a_kill(city):
    """Killed once the decision was answered: it stands, and the notice still goes, once."""
    case = differ(city, "jgz-gehoor", "Onvolledig", "Volledig")
    shown(city, case, 2, "jgz-gehoor")
    resolve(city, case, listed(city, case, "jgz-gehoor")[0], "overnemen")
    city.gateway.kill()
    back(city)
    check([x["waarde"] for x in shown(city, case, 2, "jgz-gehoor")] == ["Volledig"], "the decision is gone")
    wait_for("the notice", lambda: len(events(city, case, "bericht-van-correctie")) == 1)
