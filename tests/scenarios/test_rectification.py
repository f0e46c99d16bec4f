"""Correction at the client's request: by the municipality itself, or by the party that said it; and the client's own statement with
what stays as it was (items 37, 43; AVG articles 16 and 19)."""
import json

from city import CHILD, PARENT, PARTIES
from house import GATEWAY_OIN, check, wait_for
from test_cases import refused
from test_correction import answer, correct
from test_dossier import ask_right, decide, filed
from test_import import bring, line, write
from test_outcomes import shown
from test_requests import about, held_by

RIGHT = "Dat ben ik niet: ik heb hulp bij het koken nodig."


def household(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind")], laws=("wmo", "jeugdwet"))


def asked(city, case, name, value, **more):
    return filed(city, case, 2, "rectificatie", tekst=RIGHT, attributen=[name], waarde=value, **more)["avgVerzoekId"]


def right(city, case, id_):
    a = city.call("GET", f"/v1/zaken/{case}/leden/2/avg-verzoeken?namens=2", city.token("clientportaal", "client", "client-1"))
    return next(x for x in a.json()["avgVerzoeken"] if x["avgVerzoekId"] == id_)


def told(city, case):
    return sorted(e["toepassing"] for e in city.dossier(case, 2) if e["soort"] == "bericht-van-correctie")


def decisions(city, case):
    return [e["besluit"] for e in city.dossier(case, 2) if e["soort"] == "zaak" and e.get("besluit")]


def test_what_the_municipality_says(city):
    """Corrected with the decision: a version that says so, the old one behind it; who read the old one is told, once."""
    bring(city, write(city, [line(CHILD, "wmo-hulpvraag", "Schoonmaken"), line(CHILD, "wmo-mantelzorg", "true")]))
    case = household(city)
    before = shown(city, case, 2, "wmo-hulpvraag")[0]
    check((before["waarde"], before["bron"]) == ("Schoonmaken", GATEWAY_OIN) and "opVerzoekVanClient" not in before, f"{before}")
    mark = city.view(case, 2)["sinds"]
    id_ = asked(city, case, "wmo-hulpvraag", "Koken")
    check(shown(city, case, 2, "wmo-hulpvraag")[0]["waarde"] == "Schoonmaken", "corrected before it was granted")
    done = decide(city, case, 2, id_, "toewijzen", "De cliënt heeft gelijk")
    check((done["stand"], done["waarde"], done["redenAfronding"]) == ("afgerond", "Koken", "De cliënt heeft gelijk"), f"{done}")
    now = shown(city, case, 2, "wmo-hulpvraag")[0]
    check((now["waarde"], now["bron"], now["opVerzoekVanClient"]) == ("Koken", GATEWAY_OIN, True) and now["versie"] > before["versie"], f"{now}")
    a = city.call("GET", f"/v1/zaken/{case}/leden/2/weergave?sinds={mark}", city.token("wmo-intake"))
    check([(d["naam"], d["waarde"]) for d in a.json()["gegevens"]] == [("wmo-hulpvraag", "Koken")], f"{a.body!r}")
    wait_for("the notice", lambda: told(city, case) == ["wmo-intake"])
    check("gegeven-verbeterd-op-verzoek" in decisions(city, case), f"{decisions(city, case)}")
    page = city.call("GET", f"/v1/zaken/{case}/leden/2/dossier/uitvoer?namens=2", city.token("clientportaal", "client", "client-1"), headers={"Accept": "text/html"})
    check("verbeterd omdat u dat vroeg" in page.body.decode() and "Wat volgens u klopt" in page.body.decode(), "the client's document")
    refused(decide(city, case, 2, asked(city, case, "wmo-hulpvraag", "Koken"), "toewijzen", raw=True), 409, "conflict",
            "het register zegt dit al: er is niets te verbeteren")


def test_refused_by_the_municipality(city):
    """The datum stays, and the client's statement with it: until it says something else."""
    bring(city, write(city, [line(CHILD, "wmo-zelfredzaamheid", "Slecht")]))
    case = household(city)
    version = shown(city, case, 2, "wmo-zelfredzaamheid")[0]["versie"]
    mark = city.view(case, 2)["sinds"]
    check(decide(city, case, 2, asked(city, case, "wmo-zelfredzaamheid", "Goed"), "weigeren", "Het klopt zo")["stand"] == "geweigerd", "refused")
    d = shown(city, case, 2, "wmo-zelfredzaamheid")[0]
    check((d["waarde"], d["verklaringVanClient"]) == ("Slecht", RIGHT) and d["versie"] > version, f"{d}")
    a = city.call("GET", f"/v1/zaken/{case}/leden/2/weergave?sinds={mark}", city.token("wmo-intake"))
    check([(x["naam"], x["verklaringVanClient"]) for x in a.json()["gegevens"]] == [("wmo-zelfredzaamheid", RIGHT)], f"{a.body!r}")
    bring(city, write(city, [line(CHILD, "wmo-zelfredzaamheid", "Slecht", geldigTot="2099-01-01")]))
    check(shown(city, case, 2, "wmo-zelfredzaamheid")[0].get("verklaringVanClient") == RIGHT, "on other terms it is the same datum")
    bring(city, write(city, [line(CHILD, "wmo-zelfredzaamheid", "Redelijk")]))
    check("verklaringVanClient" not in shown(city, case, 2, "wmo-zelfredzaamheid")[0], "it says something else now")


def test_what_a_party_says(city):
    """The party is asked, and answers with another value: that closes the request, and who read the old one is told."""
    case = household(city)
    answer(city, case, "jgz-stemming", "Somber")
    for app in ("wmo-intake", "jeugd-intake"):
        check([d["waarde"] for d in shown(city, case, 2, "jgz-stemming", app=app)] == ["Somber"], f"{app} reads it")
    restrict = filed(city, case, 2, "beperking", attributen=["jgz-stemming"])["avgVerzoekId"]
    decide(city, case, 2, restrict, "toewijzen")  # while it is disputed nobody uses it, and its source is asked all the same
    id_ = asked(city, case, "jgz-stemming", "Opgewekt")
    granted = decide(city, case, 2, id_, "toewijzen")
    check((granted["stand"], granted["bron"], granted["bronUitkomst"]) == ("toegewezen", PARTIES["ggd"][0], "gevraagd"), f"{granted}")
    check(granted["uitvoerenVoor"] > granted["uiterlijk"], f"a term: {granted}")
    t = granted["bronVerzoekId"]
    held_by(city, "ggd", t)
    values = city.root / "right.json"
    values.write_text(json.dumps({"jgz-stemming": "Opgewekt"}))
    city.inbox("ggd", "release", t, "--fields", "jgz-stemming", "--values", values, "--by", "jeugdarts-7")
    wait_for("closed", lambda: right(city, case, id_)["stand"] == "afgerond")
    check(right(city, case, id_)["bronUitkomst"] == "verbeterd", f"{right(city, case, id_)}")
    decide(city, case, 2, restrict, "afronden")
    d = shown(city, case, 2, "jgz-stemming")
    check([(x["waarde"], x["bron"]) for x in d] == [("Opgewekt", PARTIES["ggd"][0])] and "verklaringVanClient" not in d[0], f"{d}")
    wait_for("two notices", lambda: told(city, case) == ["jeugd-intake", "wmo-intake"])
    check("gegeven-verbeterd-op-verzoek" in decisions(city, case), f"{decisions(city, case)}")


def test_refused_by_its_source(city):
    """Its reason is recorded, and the client's statement stands with the datum; a later correction of the first answer takes it away."""
    case = household(city)
    first = answer(city, case, "jgz-gedrag", "Druk")
    id_ = asked(city, case, "jgz-gedrag", "Rustig")
    t = decide(city, case, 2, id_, "toewijzen")["bronVerzoekId"]
    held_by(city, "ggd", t)
    city.inbox("ggd", "refuse", t, "--reason", "beroepsgeheim", "--by", "jeugdarts-7")
    wait_for("closed", lambda: right(city, case, id_)["stand"] == "geweigerd")
    r = right(city, case, id_)
    check((r["bronUitkomst"], r["bronReden"]) == ("geweigerd", "beroepsgeheim"), f"{r}")
    for app in ("wmo-intake", "jeugd-intake"):
        d = shown(city, case, 2, "jgz-gedrag", app=app)
        check([(x["waarde"], x["verklaringVanClient"]) for x in d] == [("Druk", RIGHT)], f"{app}: {d}")
    check("bron-verbetert-niet" in decisions(city, case), f"{decisions(city, case)}")
    correct(city, first, {"jgz-gedrag": "Rustig"})
    wait_for("corrected later", lambda: [(x["waarde"], x.get("verklaringVanClient")) for x in shown(city, case, 2, "jgz-gedrag")] == [("Rustig", None)])


def test_its_source_does_not_answer(city):
    """The client's request stays granted, within its term, and says so; whoever decides finishes it."""
    case = household(city)
    answer(city, case, "jgz-spraak-taalontwikkeling", "Traag")
    id_ = asked(city, case, "jgz-spraak-taalontwikkeling", "Vlot")
    t = decide(city, case, 2, id_, "toewijzen")["bronVerzoekId"]
    held_by(city, "ggd", t)
    about(city, t, "intrekking", {"motivering": "De GGD antwoordt niet."}, raw=False)
    wait_for("heard", lambda: right(city, case, id_)["bronUitkomst"] == "niet-beantwoord")
    r = right(city, case, id_)
    check((r["stand"], r["bronReden"]) == ("toegewezen", "ingetrokken") and r["uitvoerenVoor"], f"{r}")
    check(decisions(city, case).count("bron-antwoordt-niet") == 1, f"{decisions(city, case)}")
    check(decide(city, case, 2, id_, "afronden", "De GGD is gebeld en blijft erbij")["stand"] == "afgerond", "finished")
    d = shown(city, case, 2, "jgz-spraak-taalontwikkeling")
    check([(x["waarde"], x["verklaringVanClient"]) for x in d] == [("Traag", RIGHT)], f"{d}")


def test_its_source_decides_nothing(city):
    """That it cannot, or does not know the datum, is no refusal: the request stays granted, in words of its own."""
    case = household(city)
    for name, old, new, outcome, said, decision, text in (
            ("jgz-verzorging-hygiene", "Matig", "Goed", "not-possible", "niet-mogelijk", "bron-kan-niet-verbeteren", "kon het niet verbeteren"),
            ("jgz-psychosociale-ontwikkeling", "Slecht", "Goed", "not-known", "niet-bekend", "bron-kent-gegeven-niet", "kent het niet")):
        answer(city, case, name, old)
        id_ = asked(city, case, name, new)
        t = decide(city, case, 2, id_, "toewijzen")["bronVerzoekId"]
        held_by(city, "ggd", t)
        city.inbox("ggd", "refuse", t, "--reason", "niet-beschikbaar", "--outcome", outcome, "--by", "jeugdarts-7")
        wait_for("heard", lambda: right(city, case, id_)["bronUitkomst"] == said)
        r = right(city, case, id_)
        check((r["stand"], r["bronReden"]) == ("toegewezen", "niet-beschikbaar") and r["uitvoerenVoor"] and "afgerond" not in r, f"{r}")
        check(decisions(city, case).count(decision) == 1, f"{decisions(city, case)}")
        page = city.call("GET", f"/v1/zaken/{case}/leden/2/dossier/uitvoer?namens=2", city.token("clientportaal", "client", "client-1"), headers={"Accept": "text/html"})
        check(text in page.body.decode(), f"{outcome}: the client's document")
        d = shown(city, case, 2, name)
        check([(x["waarde"], x.get("verklaringVanClient")) for x in d] == [(old, None)], f"{d}")
        check(decide(city, case, 2, id_, "afronden", "De GGD is gebeld")["stand"] == "afgerond", "finished")
        d = shown(city, case, 2, name)
        check([(x["waarde"], x["verklaringVanClient"]) for x in d] == [(old, RIGHT)], f"{d}")


def test_corrected_by_itself(city):
    """The party corrects its first answer instead of answering: that closes the request, too."""
    case = household(city)
    first = answer(city, case, "jgz-gehoor", "Goed")
    id_ = asked(city, case, "jgz-gehoor", "Slecht")
    decide(city, case, 2, id_, "toewijzen")
    correct(city, first, {"jgz-gehoor": "Slecht"})
    wait_for("closed", lambda: right(city, case, id_)["stand"] == "afgerond")
    check(right(city, case, id_)["bronUitkomst"] == "verbeterd", f"{right(city, case, id_)}")


def test_refused(city):
    case = household(city)
    said = dict(tekst=RIGHT, attributen=["jgz-visus"], waarde="1,0")

    def tried(**more):
        return ask_right(city, case, 2, "rectificatie", **{k: v for k, v in {**said, **more}.items() if v is not None})
    refused(tried(attributen=["jgz-visus", "jgz-gehoor"]), 400, "invalid", "noem het ene gegeven dat niet klopt")
    refused(tried(attributen=None), 400, "invalid", "noem het ene gegeven dat niet klopt")
    refused(tried(attributen=["wmo-mantelzorg"], waarde="misschien"), 400, "invalid", "dit kan dit gegeven niet zijn: zie de catalogus")
    refused(tried(waarde=None), 400, "invalid", "dit kan dit gegeven niet zijn: zie de catalogus")
    refused(tried(attributen=["bsn"], waarde=CHILD), 400, "invalid",
            "aan dit gegeven is te zien wie iemand is: rectificatie gaat buiten dit systeem om")
    refused(tried(tekst="a" * 7900), 413, "too-big", "waarde en tekst: samen ten hoogste 7800 bytes")
    refused(ask_right(city, case, 2, "bezwaar", waarde="1,0"), 400, "invalid", "alleen een verzoek om rectificatie noemt een waarde")
    id_ = asked(city, case, "jgz-visus", "1,0")
    entries = city.status()["journal_entries"]
    refused(decide(city, case, 2, id_, "toewijzen", raw=True), 409, "conflict",
            "dit gegeven staat niet (meer) in het register: er is niets te verbeteren")
    refused(decide(city, case, 2, id_, "toewijzen", function="consulent", raw=True), 403, "forbidden",
            "geen geldende regel laat deze functie over AVG-verzoeken besluiten")
    check(city.status()["journal_entries"] == entries + 2, "nothing but the two refusals is written")
    check(right(city, case, id_)["stand"] == "ontvangen", "it waits")
    check(decide(city, case, 2, id_, "weigeren", "Er is niets")["stand"] == "geweigerd", "there is no datum to state anything of")


def test_a_covenant_without_the_purpose(city):
    """The decision is refused and says what lacks, the request waits; with a new version of the covenant it goes on."""
    case = household(city)
    answer(city, case, "jgz-algemene-indruk", "Traag")
    id_ = asked(city, case, "jgz-algemene-indruk", "Vlot")
    agreed = city.agreed("ggd")
    city.agree("ggd", 2, **{**agreed, "purposes": tuple(p for p in agreed["purposes"] if p != "rectificatie")})
    a = decide(city, case, 2, id_, "toewijzen", raw=True)
    p = a.json()
    check((a.status, p["code"], p["waar"]) == (403, "agreement-purpose", "doel"), f"{a.status} {p}")
    check(p["detail"] == f"Convenant samenwerking, versie 2, met {PARTIES['ggd'][1]} noemt het doel rectificatie niet: "
                         "daarvoor is een nieuwe versie nodig.", f"{p}")
    check(right(city, case, id_)["stand"] == "ontvangen", "it waits")
    city.agree("ggd", 3, **agreed)
    check(decide(city, case, 2, id_, "toewijzen")["bronUitkomst"] == "gevraagd", "asked now")
