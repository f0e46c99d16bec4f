"""Cases: phases, the client's scope, who sees whom, secret addresses, acute danger; and what each of these refuses."""
import http.client
import re
import threading
import time

import flips
from city import CHILD, NOBODY, PARENT, PARTNER, PARTIES, PURPOSES, RESEARCH, WORK
from house import check, seeded, wait_for

COORDINATOR = {"wie": "gemeente", "niveau": "licht"}


def refused(answer, status, code, text):
    """text: all that it says, with {} for what differs from run to run."""
    check(answer.status == status, f"{answer.status} {answer.body[:300]!r}")
    problem = answer.json()
    check(problem["code"] == code and re.fullmatch(re.escape(text).replace(r"\{\}", ".+"), problem["detail"]), f"{text}: {problem}")
    return problem


def names(page):
    return [d["naam"] for d in page["gegevens"]]


def decisions(city, case, member, **kw):
    return [e.get("besluit") for e in city.dossier(case, member, **kw)]


def events(city, case, app="wmo-intake", function="consulent"):
    """[(kind, particulars)], all pages."""
    out, after = [], 0
    while True:
        a = city.call("GET", f"/v1/zaken/{case}/gebeurtenissen?limit=2&vanaf={after}", city.token(app, function))
        check(a.status == 200, f"{a.status} {a.body[:300]!r}")
        out += [(e["soort"], e.get("bijzonderheid", "")) for e in a.json()["gebeurtenissen"]]
        if "volgende" not in a.json():
            return out
        after = a.json()["volgende"]


def notices(city, case):
    """What the client is told, as the portal hears it."""
    told = events(city, case, "clientportaal", "client")
    check(all(kind == "bericht-aan-client" for kind, _ in told), f"the portal hears more than notices: {told}")
    return [what for _, what in told]


# ---- phases and coordination (items 25, 26, 29)

def test_phases(city):
    case = city.open_case([(PARENT, "client")], laws=("wmo", "wgs"), domains=("onderwijs",))
    now = city.case(case)
    check(now["fase"] == "onderzoek" and now["coordinatie"] == "verplicht", f"{now}")
    check("start-coordinatie" in now["mogelijk"] and "sluiten" not in now["mogelijk"], f"{now['mogelijk']}")
    refused(city.change(case, "fase", {"overgang": "sluiten"}, raw=True), 409, "conflict",
            "met twee wetten of meer is coördinatie verplicht: begin die eerst; sluiten kan nu niet; mogelijk: {}")
    refused(city.change(case, "coordinator", {"coordinator": COORDINATOR}, raw=True), 409, "conflict",
            "de zaak is in onderzoek: coordinator-aanwijzen kan niet; mogelijk: {}")
    refused(city.change(case, "fase", {"overgang": "start-coordinatie", "motivering": " . "}, raw=True), 422, "no-motivation", "schrijf waarom")
    refused(city.change(case, "fase", {"overgang": "start-coordinatie"}, function="teamleider", raw=True), 403, "forbidden",
            "geen geldende regel laat deze functie start-coordinatie")
    refused(city.change(case, "fase", {"overgang": "start-coordinatie"}, raw=True), 400, "invalid", "schrijf gemeente, extern of client")
    now = city.change(case, "fase", {"overgang": "start-coordinatie", "coordinator": COORDINATOR})
    check(now["fase"] == "coordinatie" and now["coordinator"] == COORDINATOR, f"{now}")
    refused(city.change(case, "fase", {"overgang": "stoppen"}, raw=True), 409, "conflict",
            "de zaak is in coördinatie: stoppen kan niet; mogelijk: {}")
    refused(city.change(case, "coordinator", {"coordinator": {"wie": "client", "niveau": "licht"}}, raw=True), 409, "conflict",
            "de cliënt coördineert alleen wanneer is beoordeeld dat dit verantwoord is")
    refused(city.change(case, "coordinator", {"coordinator": {"wie": "extern", "niveau": "zwaar", "partij": "00000099000000007777"}}, raw=True),
            422, "unknown-party", "deze partij is niet op deze gateway aangesloten")
    now = city.change(case, "coordinator", {"coordinator": {"wie": "extern", "niveau": "zwaar", "partij": PARTIES["ggd"][0]}})
    check(now["coordinator"]["partij"] == PARTIES["ggd"][0] and now["coordinator"]["niveau"] == "zwaar", f"{now}")
    now = city.change(case, "coordinator", {"coordinator": {"wie": "client", "niveau": "licht", "verantwoord": True}})
    check(now["coordinator"]["wie"] == "client", f"{now}")
    now = city.change(case, "fase", {"overgang": "sluiten"})
    check(now["fase"] == "gesloten" and now["mogelijk"] == ["noodinzage-beoordelen"] and now["beeindigd"], f"{now}")
    refused(city.change(case, "fase", {"overgang": "sluiten"}, raw=True), 409, "conflict",
            "de zaak is gesloten: sluiten kan niet; mogelijk: noodinzage-beoordelen")
    check(notices(city, case) == ["onderzoek-gestart", "onderzoek-afgerond", "zaak-beeindigd"], f"{notices(city, case)}")
    check([k for k, _ in events(city, case) if k != "bericht-aan-client"] ==
          ["zaak-geopend", "coordinatie-gestart", "coordinator-aangewezen", "coordinator-aangewezen", "gesloten"], f"{events(city, case)}")
    told = decisions(city, case, 1)
    for d in ("geopend", "coordinatie-gestart", "coordinator-aangewezen", "gesloten"):
        check(d in told, f"the client does not read of {d}: {told}")


def test_coordination_optional_or_not_at_all(city):
    one = city.open_case([(PARENT, "client")], laws=("wmo",), domains=())
    check(city.case(one)["coordinatie"] == "niet", "one law alone")
    refused(city.change(one, "fase", {"overgang": "start-coordinatie", "coordinator": COORDINATOR}, raw=True), 409, "conflict",
            "met één wet en geen aanpalend domein valt er niets te coördineren; start-coordinatie kan nu niet; mogelijk: {}")
    check(city.change(one, "fase", {"overgang": "sluiten"})["fase"] == "gesloten", "one law alone may close")
    two = city.open_case([(PARENT, "client")], laws=("wmo",), domains=("onderwijs",))
    check(city.case(two)["coordinatie"] == "mogelijk", "one law and a domain")
    check(city.change(two, "fase", {"overgang": "niet-samenhangend"})["fase"] == "niet-samenhangend", "not related")
    # where it may, it need not; and who coordinates may be the client
    two = city.open_case([(PARENT, "client")], laws=("wmo",), domains=("onderwijs",))
    check(city.change(two, "fase", {"overgang": "sluiten"})["fase"] == "gesloten", "one law and a domain may close without it")
    two = city.open_case([(PARENT, "client")], laws=("wmo",), domains=("onderwijs",))
    itself = {"wie": "client", "niveau": "licht"}
    refused(city.change(two, "fase", {"overgang": "start-coordinatie", "coordinator": itself}, raw=True), 409, "conflict",
            "de cliënt coördineert alleen wanneer is beoordeeld dat dit verantwoord is")
    check(city.case(two)["fase"] == "onderzoek", "it began all the same")
    now = city.change(two, "fase", {"overgang": "start-coordinatie", "coordinator": dict(itself, verantwoord=True)})
    check(now["fase"] == "coordinatie" and now["coordinator"]["wie"] == "client" and now["coordinator"]["niveau"] == "licht", f"{now}")
    check(notices(city, two) == ["onderzoek-gestart", "onderzoek-afgerond"], f"{notices(city, two)}")
    check("coordinatie-gestart" in decisions(city, two, 1), "the client reads of it")
    for level in ("zwaar", "licht"):  # and back
        check(city.change(two, "coordinator", {"coordinator": {"wie": "gemeente", "niveau": level}})["coordinator"]["niveau"] == level, level)


def test_end_takes_everything_back(city):
    """Closed, stopped, not related: no view, open requests withdrawn at the party too, answers refused."""
    for how in ("stoppen", "niet-samenhangend", "sluiten"):
        case = city.open_case([(CHILD, "kind")], domains=("onderwijs", "ggd"))
        city.ask(case, 1, "school", ["school-naam"])
        check(city.view(case, 1)["gegevens"], "seen before")
        held = city.file(case, 1, "ggd", ["jgz-visus"])["verzoekId"]
        wait_for("held", lambda: [i for i in city.inbox("ggd", "list") if i["id"] == held and i["state"] == "held"])
        if how == "sluiten":  # with three laws only after coordination
            city.change(case, "fase", {"overgang": "start-coordinatie", "coordinator": COORDINATOR})
        city.change(case, "fase", {"overgang": how})
        check(city.view(case, 1, raw=True).status == 404, "a view of a case that is over")
        state = city.request(held)
        check(state["status"] == "ingetrokken" and state["reden"] == "no-case", f"{state}")
        refused(city.file(case, 1, "school", ["school-soort"], raw=True), 422, "no-case", "er is geen open zaak met dit kenmerk: open die eerst")
        wait_for("withdrawn at the GGD", lambda: [i for i in city.inbox("ggd", "list") if i["id"] == held and i["state"] == "withdrawn"])
        kinds = [(e["type"], e["decision"]) for e in city.trace(held)]
        check(any(d == "withdrawn" for _, d in kinds), f"{kinds}")


# ---- the client's scope (item 21)

def test_scope(city):
    case = city.open_case([(CHILD, "kind")], laws=("wmo",), domains=("onderwijs",), scope={"problemen": ["school"]})
    city.ask(case, 1, "school", ["school-naam"])
    refused(city.file(case, 1, "ggd", ["jgz-visus"], raw=True), 403, "denied",
            "niet toegestaan: buiten wat de cliënt koos: wet, domein of probleem (scope); vraag wat een geldende regel toelaat")
    # narrowed to other parties and to no school
    wait = city.open_case([(CHILD, "kind")], laws=("wmo",), domains=("onderwijs", "ggd"))
    held = city.file(wait, 1, "ggd", ["jgz-visus"])["verzoekId"]
    now = city.change(wait, "bereik", {"bereik": {"wetten": ["wmo"], "domeinen": ["onderwijs", "ggd"], "partijen": [PARTIES["school"][0]]}})
    check(now["bereik"]["partijen"] == [PARTIES["school"][0]], f"{now}")
    check(city.request(held)["status"] == "ingetrokken", "an open request outside the new scope")
    refused(city.file(wait, 1, "ggd", ["jgz-visus"], raw=True), 403, "denied",
            "niet toegestaan: buiten wat de cliënt koos: wet, domein of probleem (scope); vraag wat een geldende regel toelaat")
    city.ask(wait, 1, "school", ["school-soort"])
    # a purpose for other problems than the chosen
    work = city.open_case([(PARENT, "client")], laws=("participatiewet", "wgs"), domains=(), scope={"problemen": ["schulden"]})
    refused(city.file(work, 1, "wgs", ["wgs-totaal-schuldbedrag"], app="pw-intake", how=WORK, raw=True), 403, "denied",
            "niet toegestaan: buiten wat de cliënt koos: wet, domein of probleem (scope); vraag wat een geldende regel toelaat")
    refused(city.change(work, "bereik", {"bereik": {"wetten": ["avg"], "domeinen": []}}, raw=True), 400, "invalid",
            "nummer 1 is geen wet van laws.conf")


def test_scope_of_what_is_known(city):
    """What a party gave that the client leaves out since, or that is held for a law left out, is not there in this case."""
    case = city.open_case([(CHILD, "kind")], laws=("wmo",), domains=("onderwijs", "ggd"))
    city.ask(case, 1, "school", ["school-naam"])
    shown = city.view(case, 1)
    check("school-naam" in names(shown), f"{shown}")
    path = f"/v1/zaken/{case}/leden/1"

    def since():
        return city.call("GET", f"{path}/weergave?sinds={shown['sinds']}", city.token("wmo-intake")).json()
    check(not since()["volledig"], "nothing changed")
    for left_out in ({"domeinen": ["ggd"]}, {"domeinen": ["onderwijs", "ggd"], "partijen": [PARTIES["ggd"][0]]}):
        city.change(case, "bereik", {"bereik": dict({"wetten": ["wmo"]}, **left_out)})
        check("school-naam" not in names(city.view(case, 1)), f"{left_out}: still shown")
        never = [city.view(case, 1, attributes=[name]) for name in ("school-naam", "school-tlv-categorie")]
        for page in never:
            del page["sinds"], page["gemaakt"]
        check(never[0] == never[1], f"{left_out}: told apart from what was never given: {never}")
        check(since()["volledig"] and "school-naam" not in names(since()), f"{left_out}: {since()}")
        refused(city.file(case, 1, "school", ["school-naam"], raw=True), 403, "denied",
                "niet toegestaan: buiten wat de cliënt koos: wet, domein of probleem (scope); vraag wat een geldende regel toelaat")
    # the client reads all of it
    own = city.call("GET", f"{path}/dossier/uitvoer?namens=1", city.token("clientportaal", "client", "client-1")).json()
    check([d["waarde"] for d in own["gegevens"] if d["naam"] == "school-naam"] == [d["waarde"] for d in shown["gegevens"] if d["naam"] == "school-naam"], f"{own['gegevens']}")
    # another case is not bound by it; there the register answers
    other = city.open_case([(CHILD, "kind")], laws=("wmo",), domains=("onderwijs",))
    check("school-naam" in names(city.view(other, 1)), "hidden where the client chose it")
    check(city.file(other, 1, "school", ["school-naam"])["status"] == "beantwoord", "the register knows it")
    # against the client's choice, motivated
    wider = {"bereik": {"wetten": ["wmo"], "domeinen": ["onderwijs"], "partijen": [PARTIES["school"][0]], "problemen": ["veiligheid"]},
             "tegenKeuzeClient": True, "motivering": "Ernstige zorgen over de veiligheid"}
    city.change(case, "bereik", wider, function="regisseur")
    check("school-naam" in names(city.view(case, 1)), "the override shows it again")
    # held for a law that the client leaves out, of a party that stays
    debts = city.open_case([(PARENT, "client")], laws=("wmo", "participatiewet", "wgs"), domains=())
    city.ask(debts, 1, "wgs", ["wgs-totaal-schuldbedrag"], app="pw-intake", how=WORK)
    check("wgs-totaal-schuldbedrag" in names(city.view(debts, 1)), f"a rule lets it be reused: {city.view(debts, 1)}")
    city.change(debts, "bereik", {"bereik": {"wetten": ["wmo", "wgs"], "domeinen": []}})
    check("wgs-totaal-schuldbedrag" not in names(city.view(debts, 1)), "reused from a law that the client left out")


def test_override(city):
    """Against the client's choice: named serious problems, a motivation, another function; recorded and told."""
    case = city.open_case([(CHILD, "kind")], laws=("wmo",), domains=("onderwijs",), scope={"problemen": ["school"]})
    wider = {"bereik": {"wetten": ["wmo"], "domeinen": ["ggd"], "problemen": ["veiligheid"]}, "tegenKeuzeClient": True,
             "motivering": "Ernstige zorgen over de veiligheid"}
    refused(city.change(case, "bereik", wider, raw=True), 403, "forbidden", "geen geldende regel laat deze functie bereik-verruimen")
    refused(city.change(case, "bereik", dict(wider, motivering=" "), function="regisseur", raw=True), 422, "no-motivation", "schrijf waarom")
    nothing = dict(wider, bereik={"wetten": ["wmo"], "domeinen": ["ggd"]})
    refused(city.change(case, "bereik", nothing, function="regisseur", raw=True), 400, "invalid",
            "tegen de keuze van de cliënt in kan alleen bij ernstige problemen: noem welke")
    now = city.change(case, "bereik", wider, function="regisseur")
    check(sorted(now["bereik"]["domeinen"]) == ["ggd", "onderwijs"], f"{now}")
    check(now["keuzeClient"]["domeinen"] == ["onderwijs"] and now["keuzeClient"]["problemen"] == ["school"], f"{now}")
    check(city.file(case, 1, "ggd", ["jgz-visus"])["status"] == "open", "what the override allows")
    entry = [e for e in city.dossier(case, 1) if e.get("besluit") == "bereik-verruimd-tegen-keuze-client"]
    check(notices(city, case) == ["onderzoek-gestart", "bereik-verruimd-tegen-keuze-client"], f"{notices(city, case)}")
    check(len(entry) == 1 and entry[0]["motivering"] == wider["motivering"] and entry[0]["functie"] == "regisseur", f"{entry}")


# ---- members (items 38, 39)

def test_members_see_what_they_may(city):
    case = city.open_case([(PARENT, "client"), (PARTNER, "ex-partner"), (CHILD, "kind")], more={3: {"zichtbaarVoor": [1]}})
    check(city.dossier(case, 3, viewer=1) and city.dossier(case, 1, viewer=1), "the mother sees herself and the child")
    for viewer, member in ((2, 3), (2, 1), (1, 2), (3, 1)):
        refused(city.dossier(case, member, viewer=viewer, raw=True), 404, "not-found", "Het bestaat niet, of u mag het niet zien.")
    refused(city.call("GET", f"/v1/zaken/{case}/leden/3/dossier", city.token("clientportaal", "client", "client-1")), 400, "invalid",
            "noem het lid dat in het dossier kijkt")
    refused(city.call("GET", f"/v1/zaken/{case}", city.token("clientportaal", "client", "client-1")), 403, "forbidden",
            "een cliëntportaal leest het dossier van een lid, niet de zaak")
    refused(city.change(case, "leden/1", {"geheimAdres": False, "zichtbaarVoor": [2]}, raw=True), 400, "invalid",
            "lid 1: ex-partners zien elkaars dossier niet")
    city.change(case, "leden/3", {"geheimAdres": False, "zichtbaarVoor": [1, 2]})
    check(city.dossier(case, 3, viewer=2), "the other parent, once he may")
    check("lid-gewijzigd" not in decisions(city, case, 2), "what changed about a child stands in another's dossier")


def test_secret_address(city):
    """Nothing that tells where they live leaves, of no member, by no way: request, view, acute danger."""
    case = city.open_case([(PARENT, "client"), (CHILD, "kind")], laws=("wmo",), domains=("gemeente", "onderwijs"))
    oin, title = "00000099000000006000", "Basisregistratie Voorbeeld"
    if "brp" not in PARTIES:
        city.make_party("brp", oin, title, "gemeente", {"purposes": PURPOSES, "gives": ("ordinary", "identification")})
    how = dict(RESEARCH)
    waiting = city.file(case, 2, oin, ["woonplaats"], how=how)["verzoekId"]
    other = city.file(case, 2, oin, ["geboortedatum"], how=how)["verzoekId"]
    now = city.change(case, "leden/1", {"geheimAdres": True, "zichtbaarVoor": []})
    check(now["leden"][0]["geheimAdres"], f"{now}")
    check(city.request(waiting)["status"] == "ingetrokken" and city.request(other)["status"] == "open", "open requests for it")
    for member in (1, 2):
        refused(city.file(case, member, oin, ["woonplaats"], how=how, raw=True), 403, "denied",
                "niet toegestaan: het zegt waar iemand woont wiens adres geheim is (secret-address); vraag wat een geldende regel toelaat")
        outside = city.view(case, member, attributes=["woonplaats"], raw=True)
        nowhere = city.view(case, member, attributes=["woonplaatsx"], raw=True)
        check(outside.status == nowhere.status == 404 and outside.body == nowhere.body, f"{outside.body!r} {nowhere.body!r}")
    city.ask(case, 2, "school", ["school-soort"])
    look = {"lid": 2, "attributen": ["woonplaats", "school-naam", "school-soort"], "motivering": "Acuut gevaar"}
    city.change(case, "noodinzage", look)
    for name in ("woonplaats", "school-naam"):  # at a child's school one finds the parent
        check(city.view(case, 2, attributes=[name], raw=True).status == 404, f"{name}: not in acute danger either")
    check(city.view(case, 2, attributes=["school-soort"], raw=True).status == 200, "the rest is")
    city.change(case, "leden/1", {"geheimAdres": False, "zichtbaarVoor": []})


def secret(city, case):
    return [m["geheimAdres"] for m in city.case(case)["leden"]]


def test_secret_address_is_the_persons(city):
    """Said in one case it holds in every case of the person: those of before, of later, and what is under way in them."""
    cases = [city.open_case([(PARENT, "client"), (PARTNER, "ex-partner")], domains=("onderwijs", "ggd"),
                            **{"app": app}) for app in ("wmo-intake", "pw-intake")]
    held = city.file(cases[0], 1, "school", ["school-naam"])["verzoekId"]
    city.change(cases[1], "leden/1", {"geheimAdres": True, "zichtbaarVoor": []}, app="pw-intake")
    check(secret(city, cases[0]) == [True, False], "the case of before does not know")
    refused(city.file(cases[0], 1, "school", ["school-naam"], raw=True), 403, "denied",
            "niet toegestaan: het zegt waar iemand woont wiens adres geheim is (secret-address); vraag wat een geldende regel toelaat")
    check(city.request(held)["status"] in ("ingetrokken", "beantwoord"), "under way, and it stays so")
    check("lid-gewijzigd" in decisions(city, cases[0], 1), "the client does not read of it in the other case")
    check("lid-gewijzigd" not in decisions(city, cases[0], 2), "the ex-partner reads of it")
    later = city.open_case([(PARENT, "client")])
    check(secret(city, later) == [True], "a case of later does not know")
    city.change(later, "leden/1", {"geheimAdres": False, "zichtbaarVoor": []})
    check(secret(city, cases[0]) == [False, False] and secret(city, later) == [False], "no longer secret, in every case")
    before = decisions(city, cases[0], 1)
    city.change(later, "leden/1", {"geheimAdres": False, "zichtbaarVoor": []})
    check(decisions(city, cases[0], 1)[:-1] == before, "told where nothing changed")  # but that it was read
    told = city.open_case([(PARENT, "client")], more={1: {"geheimAdres": True}})
    check(secret(city, cases[0]) == [True, False], "said when a case is opened")
    city.change(told, "leden/1", {"geheimAdres": False, "zichtbaarVoor": []})


def test_words_go_to_whom_they_concern(city):
    """What a change says of one member stands in nobody else's dossier; that there was a change does."""
    case = city.open_case([(PARENT, "client"), (PARTNER, "ex-partner")], laws=("wmo", "wgs"), domains=(), reason="Zij is bang voor hem")
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    words = {"fase": "Zij wil verder zonder hem", "bereik": "Zijn schulden", "diensten": "Opvang voor haar"}
    city.change(case, "diensten", {"dienst": "opvang", "status": "gepland", "gepland": soon, "lid": 1, "motivering": words["diensten"]})
    city.change(case, "bereik", {"bereik": {"wetten": ["wmo", "wgs"], "domeinen": []}, "lid": 2, "motivering": words["bereik"]})
    city.change(case, "fase", {"overgang": "start-coordinatie", "coordinator": COORDINATOR, "motivering": words["fase"]})

    def read(member):
        return {e["besluit"]: e.get("motivering") for e in city.dossier(case, member) if e["soort"] == "zaak"}
    hers, his = read(1), read(2)
    check(hers == {"geopend": "Zij is bang voor hem", "dienst-gemeld": words["diensten"], "bereik-gekozen": None,
                   "coordinatie-gestart": words["fase"]}, f"hers: {hers}")
    check(his == {"geopend": None, "bereik-gekozen": words["bereik"], "coordinatie-gestart": None}, f"his: {his}")
    refused(city.change(case, "bereik", {"bereik": {"wetten": ["wmo"], "domeinen": []}, "lid": 3}, raw=True), 400, "invalid", "dit lid is er niet")
    check(city.case(case)["diensten"][0]["lid"] == 1, f"for whom the service is: {city.case(case)['diensten']}")


def test_a_case_is_there_under_its_laws(city):
    """Another law's application neither sees nor changes it, and its absence looks as that of any other; in acute danger it is there."""
    case = city.open_case([(PARENT, "client")], laws=("wmo",), domains=("onderwijs", "ggd"))
    wgs = city.token("wgs-intake")
    nowhere = "0" * len(case)
    for what in ("", "/gebeurtenissen"):
        answers = [city.call("GET", f"/v1/zaken/{x}{what}", wgs) for x in (case, nowhere)]
        problems = [refused(a, 404, "not-found", "Het bestaat niet, of u mag het niet zien.") for a in answers]
        check({k: v for k, v in problems[0].items() if k != "instance"} == {k: v for k, v in problems[1].items() if k != "instance"}, f"{problems}")
    refused(city.change(case, "fase", {"overgang": "stoppen"}, app="wgs-intake", raw=True), 404, "not-found",
            "Het bestaat niet, of u mag het niet zien.")
    check(city.case(case)["fase"] == "onderzoek", "another law ended it")
    look = {"lid": 1, "attributen": ["school-soort"], "minuten": 5, "motivering": "Acuut gevaar voor de cliënt"}
    now = city.change(case, "noodinzage", look, app="wgs-intake")
    check(len(now["noodinzages"]) == 1, f"not in acute danger either: {now}")
    refused(city.call("GET", f"/v1/zaken/{case}/gebeurtenissen", city.token("clientportaal", "consulent")), 403, "forbidden", "geen geldende regel laat deze functie iets doen")
    city.change(case, "bereik", {"bereik": {"wetten": ["wmo", "wgs"], "domeinen": []}})
    check(city.call("GET", f"/v1/zaken/{case}", wgs).status == 200, "in the scope it is there")


# ---- acute danger (item 41)

def test_break_glass(city):
    case = city.open_case([(CHILD, "kind")], laws=("wmo", "participatiewet"), domains=("onderwijs",))
    city.ask(case, 1, "school", ["school-aandachtspunten"])
    check(city.view(case, 1, app="pw-intake", attributes=["school-aandachtspunten"], raw=True).status == 404, "outside its view")
    look = {"lid": 1, "attributen": ["school-aandachtspunten"], "minuten": 5, "motivering": "Kind in acuut gevaar, adres leeg"}
    refused(city.change(case, "noodinzage", look, app="pw-intake", function="teamleider", raw=True), 403, "forbidden",
            "geen geldende regel laat deze functie noodinzage")
    refused(city.change(case, "noodinzage", dict(look, motivering="-"), app="pw-intake", raw=True), 422, "no-motivation", "schrijf waarom")
    refused(city.change(case, "noodinzage", dict(look, minuten=61), app="pw-intake", raw=True), 413, "too-big", "ten hoogste 60 minuten")
    now = city.change(case, "noodinzage", look, app="pw-intake")
    check(len(now["noodinzages"]) == 1 and not now["noodinzages"][0]["beoordeeld"], f"{now}")
    seen = city.view(case, 1, app="pw-intake", attributes=["school-aandachtspunten"])
    check(seen["weergave"] == "noodinzage" and len(seen["gegevens"]) == 1, f"{seen}")
    other = city.call("GET", f"/v1/zaken/{case}/leden/1/weergave?attributen=school-aandachtspunten", city.token("pw-intake", employee="mw-2"))
    check(other.status == 404, f"a colleague looks along: {other.status}")
    check(any(e.get("event") == "case.glass-broken" for e in city.gateway.events()), "the log says nothing")
    check("noodinzage" in decisions(city, case, 1), "the client does not read of it")
    check("noodinzage" in notices(city, case), "the client is not told")
    review = {"terecht": True, "motivering": "Gevaar bevestigd door de politie"}
    refused(city.change(case, "noodinzage/1/beoordeling", review, app="pw-intake", raw=True), 403, "forbidden",
            "geen geldende regel laat deze functie noodinzage-beoordelen")
    refused(city.change(case, "noodinzage/1/beoordeling", review, app="pw-intake", function="teamleider", raw=True), 403, "forbidden", "wie keek, beoordeelt het niet zelf")
    now = city.change(case, "noodinzage/1/beoordeling", review, app="pw-intake", function="teamleider", employee="tl-1")
    check(now["noodinzages"][0]["beoordeeld"] and now["noodinzages"][0]["terecht"], f"{now}")
    refused(city.change(case, "noodinzage/1/beoordeling", review, app="pw-intake", function="teamleider", employee="tl-1", raw=True), 409, "conflict",
            "deze noodinzage is al beoordeeld")
    metrics = city.call("GET", "/metrics").body.decode()
    check("sluis_glass_broken" in metrics, "no metric")
    for app in ("pw-intake", "wmo-intake"):  # who looked does not judge it under another application either
        city.change(case, "noodinzage", look, app="pw-intake")
        number = len(city.case(case)["noodinzages"])
        refused(city.change(case, f"noodinzage/{number}/beoordeling", review, app=app, function="teamleider", raw=True), 403, "forbidden",
                "wie keek, beoordeelt het niet zelf")
    check(city.view(case, 1, app="pw-intake", attributes=["school-aandachtspunten"])["weergave"] == "noodinzage", "still open")
    city.change(case, "fase", {"overgang": "niet-samenhangend"})
    check(city.view(case, 1, app="pw-intake", attributes=["school-aandachtspunten"], raw=True).status == 404, "the case is over, the look is not")
    city.change(case, f"noodinzage/{number}/beoordeling", review, app="pw-intake", function="teamleider", employee="tl-1")


# ---- services (item 28)

def test_services(city):
    case = city.open_case([(PARENT, "client")], laws=("wmo", "wgs"), domains=())
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    said = {"dienst": "budgetbeheer", "status": "gepland", "gepland": soon}
    now = city.change(case, "diensten", said)
    check(now["diensten"][0]["status"] == "gepland" and not now["diensten"][0]["teLaat"], f"{now}")
    refused(city.change(case, "diensten", {"dienst": "budgetbeheer", "status": "gepland"}, raw=True), 400, "invalid",
            "noem het moment waarop de dienst geleverd moet zijn")
    wait_for("late", lambda: city.case(case)["diensten"][0]["teLaat"], 10)
    wait_for("the event", lambda: ("dienst-te-laat", "budgetbeheer") in events(city, case), 10)
    now = city.change(case, "diensten", {"dienst": "budgetbeheer", "status": "geleverd", "werkelijk": soon})
    check(now["diensten"][0]["status"] == "geleverd" and not now["diensten"][0]["teLaat"], f"{now}")
    refused(city.change(case, "diensten", said, raw=True), 409, "conflict",
            "de dienst is geleverd en wordt niet gepland; mogelijk: niets meer (meld een nieuwe dienst)")


def test_services_by_their_party(city):
    """DELIVERY_STATUS on the bus: from a party in the case's scope, and nobody else."""
    care = city.bus_party("zorg", "00000099000000006100", "Thuiszorg Voorbeeld", "wmo", {"purposes": PURPOSES, "gives": ("ordinary",)})
    stranger = city.bus_party("vreemd", "00000099000000006150", "Zonder convenant", "wmo")
    school = city.bus_party("andere-school", "00000099000000006200", "Andere school", "onderwijs")
    case = city.open_case([(PARENT, "client")], laws=("wmo", "wgs"), domains=())
    soon = int(time.time() * 1000) + 1500
    said = {"kind": "delivery-status", "case": case, "body": {"service": "begeleiding", "status": "planned", "planned": soon}}
    first = care.say(said)
    check(first["code"] == "ok", f"{first}")
    check([e["kind"] for e in city.trace(first["transaction"])] == ["delivery-status"], "not in the journal")
    wait_for("late", lambda: city.case(case)["diensten"][0]["teLaat"], 10)
    reported = city.case(case)["diensten"][0]["gemeld"]
    again = care.say(said)
    check(again["code"] == "ok", f"{again}")
    check([e["decision"] for e in city.trace(again["transaction"])] == ["unchanged"], "not in the journal, or as a change")
    check(city.case(case)["diensten"][0]["gemeld"] == reported, "the same said again changed the case")
    check([e["soort"] for e in city.dossier(case, 1)].count("leveringsstatus") == 1, "the same said again is in the dossier")
    answer = stranger.say(said)
    check(answer["code"].startswith("agreement") and answer["text"] == "no agreement with this party is in force", f"a party without an agreement: {answer}")
    answer = school.say(said)
    check(answer["code"] == "no-case", f"a party outside the scope: {answer}")
    done = care.say(dict(said, body={"service": "begeleiding", "status": "delivered", "actual": soon + 1000}))
    check(done["code"] == "ok" and city.case(case)["diensten"][0]["status"] == "geleverd", f"{done}")
    answer = care.say(said)
    check(answer["code"] == "conflict" and "the service is delivered and does not become planned; possible: nothing more" in answer["text"],
          f"{answer}")
    answer = care.say(dict(said, body={"service": "nieuw", "status": "gauw", "planned": soon}))
    check(answer["code"] == "invalid" and "planned, started, delivered, stopped or declined is needed" in answer["text"], f"{answer}")
    hers = dict(said, body={"service": "begeleiding", "status": "planned", "planned": soon, "subject": {"bsn": PARENT}})
    check(care.say(hers)["code"] == "ok", "the same service, for one of them")
    check([s.get("lid") for s in city.case(case)["diensten"]] == [None, 1], f"{city.case(case)['diensten']}")
    answer = care.say(dict(hers, body=dict(hers["body"], subject={"bsn": PARTNER})))
    check(answer["code"] != "ok" and PARTNER not in answer["text"], f"a service for who is no member: {answer}")
    city.change(case, "fase", {"overgang": "niet-samenhangend"})
    answer = care.say(dict(said, body={"service": "nieuw", "status": "planned", "planned": soon}))
    check(answer["code"] == "conflict" and "the case is not-related: no service is reported in it any more" in answer["text"], f"{answer}")
    care.close()
    stranger.close()
    school.close()


# ---- concerns (item 25)

def concern_api(city, method, path, body=None, app="wmo-intake", function="consulent", employee="mw-1"):
    return city.call(method, f"/v1/meldingen{path}", city.token(app, function, employee), body)


def test_concern_by_application(city):
    body = {"bsn": CHILD, "zorg": "Het kind komt al weken zonder eten op school", "melder": "Leerkracht"}
    refused(concern_api(city, "POST", "", dict(body, zorg=" . ")), 422, "no-motivation", "schrijf wat de zorg is")
    refused(concern_api(city, "POST", "", dict(body, bsn=NOBODY)), 422, "mode", "testpersonen en echte personen gaan niet samen")
    refused(concern_api(city, "POST", "", body, "clientportaal", "client"), 403, "forbidden", "geen geldende regel laat deze functie melden")
    a = concern_api(city, "POST", "", body, "jeugd-intake", employee="mw-2")
    check(a.status == 201 and a.json()["status"] == "ontvangen" and CHILD not in a.body.decode(), f"{a.status} {a.body!r}")
    path = "/" + a.json()["meldingId"]
    check(a.headers["Location"] == "/v1/meldingen" + path, f"{a.headers}")
    whole = concern_api(city, "GET", path).json()
    check(whole["bsn"] == CHILD and whole["zorg"] == body["zorg"] and whole["melder"] == "Leerkracht", f"{whole}")
    listed = concern_api(city, "GET", "").json()["meldingen"]
    check(path[1:] in [m["meldingId"] for m in listed] and all("bsn" not in m and "zorg" not in m for m in listed), f"{listed}")
    refused(concern_api(city, "GET", "", function="teamleider"), 403, "forbidden", "geen geldende regel laat deze functie meldingen zien")
    refused(concern_api(city, "GET", path, app="pw-intake", function="teamleider"), 404, "not-found",
            "Het bestaat niet, of u mag het niet zien.")
    refused(concern_api(city, "GET", path[:-4] + "0000"), 404, "not-found", "Het bestaat niet, of u mag het niet zien.")
    # the decision
    say = {"onderzoek": True, "motivering": "Samen met school besproken: er komt onderzoek"}
    refused(concern_api(city, "POST", path + "/uitkomst", say), 422, "no-case", "onderzoek gebeurt in een open zaak: open die eerst")
    other = city.open_case([(PARENT, "client")])
    refused(concern_api(city, "POST", path + "/uitkomst", dict(say, zaakId=other)), 422, "no-case", "wie het betreft is geen lid van deze zaak")
    refused(concern_api(city, "POST", path + "/uitkomst", dict(say, motivering="-")), 422, "no-motivation",
            "schrijf waarom: de melder leest dit")
    refused(concern_api(city, "POST", path + "/uitkomst", say, function="teamleider"), 403, "forbidden",
            "geen geldende regel laat deze functie over meldingen besluiten")
    case = city.open_case([(CHILD, "kind")])
    refused(concern_api(city, "POST", path + "/uitkomst", dict(say, onderzoek=False, zaakId=case)), 400, "invalid",
            "zonder onderzoek hoort er geen zaak bij")
    refused(concern_api(city, "POST", path + "/uitkomst", dict(say, zaakId=case), employee="mw-2"), 403, "forbidden",
            "wie het indiende, besluit er niet zelf over: laat een collega met deze functie besluiten")
    a = concern_api(city, "POST", path + "/uitkomst", dict(say, zaakId=case))
    check(a.status == 200 and a.json()["status"] == "onderzoek" and a.json()["zaakId"] == case, f"{a.status} {a.body!r}")
    refused(concern_api(city, "POST", path + "/uitkomst", dict(say, zaakId=case)), 409, "conflict",
            "er is al over besloten: onderzoek; mogelijk: niets meer (een nieuw feit is een nieuwe melding)")
    own = concern_api(city, "GET", path, app="jeugd-intake", function="teamleider").json()
    check(own["status"] == "onderzoek" and own["motivering"] == say["motivering"] and "bsn" not in own and "zaakId" not in own, f"{own}")
    check("melding-wordt-onderzocht" in decisions(city, case, 1), "not in the dossier")


def test_concern_by_party(city):
    """CONCERN on the bus; the outcome comes back to its reporter, sealed, without the case."""
    gp = city.bus_party("huisarts", "00000099000000006300", "Huisarts Voorbeeld", "huisarts")
    answer = gp.say({"kind": "concern", "body": {"subject": {"bsn": PARTNER}, "concern": "Mishandeling vermoed", "reporter": "huisarts"}})
    check(answer["code"] == "agreement-missing", f"{answer}")
    city.agree("huisarts", purposes=PURPOSES, gives=("health",))
    said = {"kind": "concern", "body": {"subject": {"bsn": PARTNER}, "concern": "Mishandeling vermoed", "reporter": "huisarts"}}
    answer = gp.say(dict(said, body=dict(said["body"], concern="")))
    check(answer["code"] == "no-motivation", f"{answer}")
    answer = gp.say(dict(said, body=dict(said["body"], subject={"bsn": "999990018"})))
    check(answer["code"] == "invalid" and "999990018" not in answer["text"], f"{answer}")
    first = gp.say(said)
    check(first["code"] == "ok", f"{first}")
    a = concern_api(city, "POST", f"/{first['transaction']}/uitkomst", {"onderzoek": False, "motivering": "Veilig Thuis doet al onderzoek"})
    check(a.status == 200 and a.json()["status"] == "geen-onderzoek", f"{a.status} {a.body!r}")
    back = gp.say({"wait": 15})
    check(back.get("kind") == "concern-outcome" and back["answers"] == first["hash"] and back["case"] == "", f"{back}")
    check(back["body"] == {"research": False, "motivation": "Veilig Thuis doet al onderzoek"}, f"{back}")
    check(len(city.trace(first["transaction"])) >= 3, "report, decision and outcome in the journal")
    gp.close()


# ---- the standard question (item 27)

def ask_interventions(city, case, raw=False, **kw):
    body = dict({"lid": 1, "probleem": "schulden", "doel": RESEARCH["purpose"], "grondslag": RESEARCH["basis"],
                 "motivering": "Wat liep er al, en wat loopt er nu?"}, **kw)
    a = city.call("POST", f"/v1/zaken/{case}/interventies", city.token("wmo-intake"), body)
    check(raw or a.status == 202, f"{a.status} {a.body[:300]!r}")
    return a if raw else a.json()


def test_interventions(city):
    """One call: a request to each party of each law in the scope; what is not asked is named."""
    for name, oin, law in (("bo-wmo", "00000099000000006400", "wmo"), ("bo-jeugd", "00000099000000006500", "jeugdwet"),
                           ("bo-pw", "00000099000000006600", "participatiewet")):
        city.make_party(name, oin, f"Uitvoering {law}", law, {"purposes": PURPOSES, "gives": ("ordinary",)})
    case = city.open_case([(PARENT, "client")], laws=("wmo", "jeugdwet", "participatiewet", "wgs"), domains=())
    out = ask_interventions(city, case)
    asked = {r["partij"] for r in out["verzoeken"]}
    check({"00000099000000006400", "00000099000000006500", "00000099000000006600", PARTIES["wgs"][0]} <= asked and not out["nietGevraagd"], f"{out}")
    wgs = [r for r in out["verzoeken"] if r["partij"] == PARTIES["wgs"][0]][0]
    answer = city.answered(wgs["verzoekId"])
    check({r["naam"] for r in answer["uitkomsten"]} == {"wgs-traject-omschrijving", "wgs-traject-startdatum", "wgs-traject-einddatum"}, f"{answer}")
    for r in out["verzoeken"]:
        check(city.request(r["verzoekId"])["zaakId"] == case, "a request of another case")
    small = city.open_case([(PARENT, "client")], laws=("wmo", "wgs"), domains=(), scope={"problemen": ["schulden"], "partijen": [PARTIES["wgs"][0]]})
    out = ask_interventions(city, small)
    check([r["partij"] for r in out["verzoeken"]] == [PARTIES["wgs"][0]], f"{out}")
    check({n["wet"]: n["reden"] for n in out["nietGevraagd"]} == {"wmo": "buiten-bereik", "jeugdwet": "buiten-bereik", "participatiewet": "buiten-bereik"},
          f"{out['nietGevraagd']}")
    city.make_party("bo-extra", "00000099000000006700", "Zonder convenant", "jeugdwet")
    only = city.open_case([(PARENT, "client")], laws=("wmo", "jeugdwet"), domains=(), scope={"partijen": ["00000099000000006700"]})
    refused(ask_interventions(city, only, raw=True), 403, "denied", "geen enkele wet kan worden gevraagd; wmo: buiten-bereik")
    out = ask_interventions(city, case)
    check("00000099000000006700" not in {r["partij"] for r in out["verzoeken"]}, "a party without an agreement was asked")
    refused(ask_interventions(city, small, raw=True, probleem="school"), 403, "denied", "dit probleem valt buiten het bereik dat de cliënt koos")
    refused(ask_interventions(city, small, raw=True, probleem="pech"), 400, "invalid", "dit is geen probleem van purposes.conf")
    refused(ask_interventions(city, small, raw=True, motivering="-"), 422, "no-motivation", "schrijf waarom")
    refused(ask_interventions(city, small, raw=True, grondslag="wams-9.9.9"), 400, "invalid", "noem een doel en een grondslag uit de regels")
    refused(ask_interventions(city, small, raw=True, grondslag="wams-5.4.4"), 403, "denied",
            "geen enkele wet kan worden gevraagd; wmo: buiten-bereik")
    city.change(small, "fase", {"overgang": "stoppen"})
    refused(ask_interventions(city, small, raw=True), 409, "conflict",
            "de zaak is gestopt door de cliënt: interventies-vragen kan niet; mogelijk: noodinzage-beoordelen")


# ---- whole or not at all

def end_quietly(city, case):
    try:
        city.change(case, "fase", {"overgang": "niet-samenhangend"}, raw=True)
    except (OSError, http.client.HTTPException):
        pass


def test_killed_in_the_middle(city):
    """The gateway dies around the end of a case with open requests: the case is over and all of them are withdrawn, or
    neither; and the journal verifies."""
    rng, seed = seeded()
    city.impatient()
    for n in range(6):
        case = city.open_case([(CHILD, "kind")], domains=("onderwijs", "ggd"))
        waiting = [city.file(case, 1, "ggd", ["jgz-visus"])["verzoekId"] for _ in range(8)]
        worker = threading.Thread(target=end_quietly, args=(city, case))
        worker.start()
        time.sleep(rng.random() * 0.012)
        city.gateway.kill()
        worker.join()
        city.start_gateway()
        wait_for("the API again", lambda: city.alive("/health/ready"))
        over = city.case(case)["fase"] == "niet-samenhangend"
        states = {city.request(t)["status"] for t in waiting}
        check(states == ({"ingetrokken"} if over else {"open"}) or (not over and states <= {"open", "aangehouden"}),
              f"seed {seed}, round {n}: the case is {'over' if over else 'open'} and its requests are {states}")
        told = "niet-samenhangend" in decisions(city, case, 1)
        check(told == over, f"seed {seed}, round {n}: over {over}, in the dossier {told}")
    report = city.ctl(*flips.verify_args(city, city.copy(city.root / "copy-cases")))
    check(report["ok"], f"{report}")
