"""What an application, a party and a client meet when all goes well, and when a party says no."""
import time

from city import CHILD, PARENT, PARTIES, PARTNER, REFUSING, RESEARCH, WORK
from house import check, wait_for


def household(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind"), (PARTNER, "partner")])


def test_full_answer(city):
    case = household(city)
    got = city.ask(case, 2, "school", ["school-jaargroep", "school-naam"])
    check(all(r["uitkomst"] == "verstrekt" for r in got.values()), f"{got}")
    values = city.values(case, 2)
    check(values.get("school-naam") and values.get("school-jaargroep"), f"the view lacks them: {values}")
    source = {d["naam"]: d["bron"] for d in city.view(case, 2)["gegevens"]}
    check(source["school-naam"] == PARTIES["school"][0], f"source: {source}")


def test_one_member_only(city):
    """What is known of one member shows with that member alone."""
    case = household(city)
    city.ask(case, 2, "school", ["school-soort"])
    check("school-soort" in city.values(case, 2), "the child's datum is missing")
    check("school-soort" not in city.values(case, 1), "the child's datum shows with the parent")


def test_not_known(city):
    case = household(city)
    got = city.ask(case, 3, "wgs", ["wgs-toekenningsdatum"])
    check(got["wgs-toekenningsdatum"]["uitkomst"] == "niet-bekend", f"{got}")


def test_school_without_agreement(city):
    case = city.open_case([(REFUSING, "kind")])
    got = city.ask(case, 1, "school", ["school-naam"])["school-naam"]
    check(got["uitkomst"] == "geweigerd" and got.get("reden"), f"{got}")
    check(not city.values(case, 1), "refused, and yet in the view")


def test_police_refuses_criminal(city):
    case = household(city)
    got = city.ask(case, 1, "politie", ["politie-antecedenten"])["politie-antecedenten"]
    check(got["uitkomst"] == "geweigerd" and got["reden"] == "opsporingsbelang", f"{got}")


def held(city, party, transaction):
    def probe():
        return [i for i in city.inbox(party, "list") if i["id"] == transaction and i["state"] == "held"]
    return wait_for(f"{party} holds it", probe)[0]


def test_police_types_an_answer(city):
    case = household(city)
    t = city.file(case, 1, "politie", ["politie-betrokkenheid", "politie-contactpersoon"])["verzoekId"]
    held(city, "politie", t)
    city.inbox("politie", "release", t, "--fields", "politie-betrokkenheid", "--values", "-", "--by", "wijkagent-3",
               stdin='{"politie-betrokkenheid": "Wijkagent kent het gezin"}')
    got = {r["naam"]: r for r in city.answered(t)["uitkomsten"]}
    check(got["politie-betrokkenheid"]["uitkomst"] == "verstrekt", f"{got}")
    check(got["politie-contactpersoon"]["uitkomst"] == "geweigerd", f"{got}")
    check(city.values(case, 1)["politie-betrokkenheid"] == "Wijkagent kent het gezin", "the typed value is not in the view")


def test_ggd_holds_until_released(city):
    case = household(city)
    t = city.file(case, 2, "ggd", ["jgz-visus", "jgz-meertaligheid"])["verzoekId"]
    held(city, "ggd", t)
    time.sleep(0.3)
    check(city.request(t)["status"] in ("open", "aangehouden"), "answered before release")
    check("jgz-visus" not in city.values(case, 2), "the datum left before release")
    shown = city.inbox("ggd", "show", t)
    check(CHILD not in str(city.inbox("ggd", "list")), "the list shows a person number")
    check("jgz-visus" in str(shown), f"the professional does not see what would be given: {shown}")
    city.inbox("ggd", "release", t, "--fields", "jgz-visus", "--by", "arts-1")
    got = {r["naam"]: r["uitkomst"] for r in city.answered(t)["uitkomsten"]}
    check(got == {"jgz-visus": "verstrekt", "jgz-meertaligheid": "geweigerd"}, f"{got}")


def test_rules_ask_for_a_person(city):
    """What a rule permits with release-by-person waits at a school that answers by itself; what another rule permits does not."""
    case = household(city)
    t = city.file(case, 2, "school", ["school-diagnose", "school-medicijngebruik", "school-type"])["verzoekId"]
    held(city, "school", t)
    check(city.request(t)["status"] in ("open", "aangehouden"), "answered before a person looked")
    decisions = {x["name"]: x["decision"] for x in city.inbox("school", "show", t)["fields"]}
    check(decisions == {"school-diagnose": "release", "school-medicijngebruik": "release", "school-type": "give"}, f"{decisions}")
    city.inbox("school", "release", t, "--fields", "school-medicijngebruik,school-type", "--by", "ib-1")
    got = {r["naam"]: r["uitkomst"] for r in city.answered(t)["uitkomsten"]}
    check(got == {"school-diagnose": "geweigerd", "school-medicijngebruik": "verstrekt", "school-type": "verstrekt"}, f"{got}")
    check(city.ask(case, 2, "school", ["school-groepsnaam"])["school-groepsnaam"]["uitkomst"] == "verstrekt", "by itself")


def test_consent_is_one_basis(city):
    """What the client consented to is asked on that basis, of whom a rule names for it; each exchange says on which it rests."""
    consent = dict(RESEARCH, basis="avg-6.1.a")
    case = household(city)
    t = city.file(case, 2, "ggd", ["jgz-activiteit"], how=consent, motivation="De moeder gaf toestemming")["verzoekId"]
    held(city, "ggd", t)
    values = city.root / "activiteit.json"
    values.write_text('{"jgz-activiteit": "Zwemt elke week"}')
    city.inbox("ggd", "release", t, "--fields", "jgz-activiteit", "--values", values, "--by", "arts-1")
    city.answered(t)
    shown = [d for d in city.view(case, 2)["gegevens"] if d["naam"] == "jgz-activiteit"]
    check(shown[0]["waarde"] == "Zwemt elke week", f"{shown}")
    for attribute in ("politie-antecedenten", "politie-huisbezoek"):
        p = city.file(case, 1, "politie", [attribute], how=consent, raw=True)
        check(p.status == 403 and p.json()["detail"] == "niet toegestaan: geen regel staat het toe (default-deny); vraag wat een geldende regel toelaat", f"{p.body!r}")
    other = city.ask(case, 2, "school", ["school-datum-inschrijving"])
    check(other["school-datum-inschrijving"]["uitkomst"] == "verstrekt", f"{other}")
    lines = {(e["soort"], e["grondslag"], e["fase"]) for e in city.dossier(case, 2) if e["soort"] in ("verzoek", "antwoord")}
    check(lines == {(kind, basis, "onderzoek") for kind in ("verzoek", "antwoord") for basis in ("avg-6.1.a", "wams-5.4.1")}, f"{lines}")


def test_ggd_refuses(city):
    case = household(city)
    t = city.file(case, 2, "ggd", ["jgz-gehoor"])["verzoekId"]
    held(city, "ggd", t)
    city.inbox("ggd", "refuse", t, "--reason", "beroepsgeheim", "--explanation", "-", "--by", "arts-1",
               stdin="Het kind heeft bezwaar gemaakt.\n")
    got = city.answered(t)["uitkomsten"][0]
    check((got["uitkomst"], got["reden"]) == ("geweigerd", "beroepsgeheim"), f"{got}")
    check(got.get("toelichting") == "Het kind heeft bezwaar gemaakt.", f"{got}")


def test_inbox_refuses_nonsense(city):
    case = household(city)
    t = city.file(case, 2, "ggd", ["jgz-gedrag"])["verzoekId"]
    held(city, "ggd", t)
    for args in (("--fields", "school-naam"), ("--fields", "jgz-bestaat-niet")):
        code, _, err = city.inbox("ggd", "release", t, *args, "--by", "arts-1", want=None)
        check(code == 4, f"release with {args}: exit {code} {err}")
    code, _, _ = city.inbox("ggd", "show", "018f0000-0000-7000-8000-000000000000", want=None)
    check(code == 1, f"a request that is not there: exit {code}")
    check(city.request(t)["status"] in ("open", "aangehouden"), "nonsense answered it")


def test_answered_from_register(city):
    case = household(city)
    city.ask(case, 1, "wgs", ["wgs-totaal-schuldbedrag"])
    state = city.file(case, 1, "wgs", ["wgs-totaal-schuldbedrag"], app="pw-intake", how=WORK)
    state = city.answered(state["verzoekId"], app="pw-intake", seconds=3)
    check(state["uitkomsten"][0]["uitkomst"] == "verstrekt", f"{state}")
    entries = city.ctl("trace", state["verzoekId"], "--by", "beheer-1", "--socket", city.control)
    check(entries == city.trace(state["verzoekId"]), "sluisctl trace says something else")
    check(all(e.get("to") != PARTIES["wgs"][0] for e in entries if "MESSAGE" in e["type"]), f"a message left: {entries}")


def test_views_differ(city):
    case = household(city)
    city.ask(case, 1, "wgs", ["wgs-totaal-schuldbedrag", "wgs-vrij-te-laten-bedrag"])
    wmo, pw = city.values(case, 1), city.values(case, 1, app="pw-intake")
    check("wgs-vrij-te-laten-bedrag" in pw and "wgs-vrij-te-laten-bedrag" not in wmo, f"wmo {list(wmo)}, pw {list(pw)}")


def test_dossier(city):
    case = household(city)
    city.ask(case, 2, "school", ["school-advies"], motivation="Het schooladvies bepaalt de vervolgstap")
    lines = city.dossier(case, 2)
    text = str(lines)
    check("Het schooladvies bepaalt de vervolgstap" in text and "school-advies" in text, f"{lines}")
    check(CHILD not in text, "a person number in the dossier")
    other = str(city.dossier(case, 3))
    check("Het schooladvies bepaalt de vervolgstap" not in other, "another member's exchange shows")
