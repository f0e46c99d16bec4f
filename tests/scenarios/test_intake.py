"""One case with services applied for under several laws, and cases opened apart that go on as one (item 6)."""
import http.client
import json
import threading
import time

import flips
from city import CHILD, PARENT, PARTIES, PARTNER
from house import check, seeded, wait_for
from test_cases import COORDINATOR, decisions, events, notices, refused
from test_dossier import decide, filed
from test_persons import opened, own


def applied(city, services, laws=("wmo", "wgs"), members=((PARENT, "client"),), raw=False, **kw):
    """A case opened with these services, each (law, service) or (law, service, party)."""
    a = city.call("POST", "/v1/zaken", city.token("wmo-intake", **kw), {
        "soort": "huishouden" if len(members) > 1 else "client", "leden": [{"bsn": b, "rol": r} for b, r in members],
        "bereik": {"wetten": list(laws), "domeinen": []}, "aanleiding": "Eén gesprek over alles",
        "aanvragen": [dict(zip(("wet", "dienst", "partij"), s)) for s in services]})
    if raw:
        return a
    check(a.status == 201, f"{a.status} {a.body[:300]!r}")
    return a.json()


def join(city, case, other, raw=False, function="consulent", **fields):
    return city.change(case, "samenvoeging", dict({"zaakId": other}, **fields), function=function, raw=raw)


def services(case):
    return {(d.get("wet"), d["dienst"]): d["status"] for d in case["diensten"]}


# ---- several laws in one go

def test_several_laws_at_once(city):
    case = applied(city, [("wmo", "huishoudelijke-hulp"), ("wgs", "schuldregeling", PARTIES["wgs"][0])])
    check(services(case) == {("wmo", "huishoudelijke-hulp"): "aangevraagd", ("wgs", "schuldregeling"): "aangevraagd"}, f"{case}")
    check(case["coordinatie"] == "verplicht" and case["bereik"]["wetten"] == ["wmo", "wgs"], f"{case}")
    told = [e for e in city.dossier(case["zaakId"], 1) if e.get("besluit") == "dienst-aangevraagd"]
    check([e["motivering"] for e in told] == ["huishoudelijke-hulp (wmo): Eén gesprek over alles", "schuldregeling (wgs): Eén gesprek over alles"],
          f"{told}")
    check([d for k, d in events(city, case["zaakId"]) if k == "dienst-aangevraagd"] == ["huishoudelijke-hulp", "schuldregeling"], "an event each")
    # each goes its own way
    now = city.change(case["zaakId"], "diensten", {"dienst": "huishoudelijke-hulp", "status": "afgewezen"})
    check(services(now) == {("wmo", "huishoudelijke-hulp"): "afgewezen", ("wgs", "schuldregeling"): "aangevraagd"}, f"{now['diensten']}")
    refused(city.change(case["zaakId"], "diensten", {"dienst": "huishoudelijke-hulp", "status": "geleverd"}, raw=True), 409, "conflict",
            "de dienst is afgewezen en wordt niet geleverd; mogelijk: niets meer (meld een nieuwe dienst)")
    refused(city.change(case["zaakId"], "diensten", {"dienst": "nieuw", "status": "afgewezen"}, raw=True), 409, "conflict",
            "deze dienst is hier niet aangevraagd")


def test_all_or_nothing(city):
    """What is wrong with one refuses all, and leaves no case."""
    good = ("wmo", "begeleiding")
    for bad, status, code, text in ((("jeugdwet", "jeugdhulp"), 400, "invalid", "aanvraag 2: deze wet staat niet in het bereik dat de cliënt koos"),
                                    (("wgs", "schuldhulp", PARTIES["school"][0]), 403, "denied", "aanvraag 2: deze partij voert wgs niet uit"),
                                    (("wgs", "schuldhulp", "00000099000000007777"), 422, "unknown-party",
                                     "aanvraag 2: deze partij is niet op deze gateway aangesloten"),
                                    (good, 409, "conflict", "deze dienst is bij deze partij al aangevraagd")):
        refused(applied(city, [good, bad], raw=True), status, code, text)
    refused(applied(city, [good], function="teamleider", raw=True), 403, "forbidden", "geen geldende regel laat deze functie een zaak openen")


# ---- opened apart, joined later

def two(city, person=CHILD):
    """The one that is to go on, and the other; the same client's."""
    return (city.open_case([(person, "client")], laws=("jeugdwet",), domains=("politie",)),
            city.open_case([(person, "client")], laws=("wmo",), domains=("onderwijs", "ggd")))


def test_joined(city):
    """Requests, services, dossier and events of the other go on in this one; the other refers to it."""
    case, other = two(city)
    city.ask(other, 1, "school", ["school-naam"])
    held = city.file(other, 1, "ggd", ["jgz-visus"])["verzoekId"]
    city.change(other, "diensten", {"dienst": "budgetbeheer", "status": "gepland", "gepland": "2030-01-01T00:00:00Z"})
    now = join(city, case, other)
    check(now["opgenomen"] == [other] and now["coordinatie"] == "verplicht" and now["fase"] == "onderzoek", f"{now}")
    check(now["bereik"]["wetten"] == ["jeugdwet", "wmo"] and now["bereik"]["domeinen"] == ["politie", "onderwijs", "ggd"], f"{now['bereik']}")
    check(services(now) == {(None, "budgetbeheer"): "gepland"}, f"{now['diensten']}")
    was = city.case(other)
    check(was["fase"] == "opgegaan" and was["opgegaanIn"] == case and was["beeindigd"] and not was["diensten"] and not was["mogelijk"], f"{was}")
    refused(city.file(other, 1, "ggd", ["jgz-visus"], raw=True), 422, "no-case", "er is geen open zaak met dit kenmerk: open die eerst")
    check(city.view(other, 1, raw=True).status == 404, "a view of a case that is over")
    check("school-naam" in city.values(case, 1), "what was given there is not seen here")
    check(city.request(held)["status"] in ("open", "aangehouden"), "an open request did not go on")
    release(city, held)
    check(city.answered(held)["status"] == "beantwoord", "its answer was refused")
    check("jgz-visus" in city.values(case, 1), "its answer is not seen here")
    told = decisions(city, case, 1)
    check("zaken-samengevoegd" in told and "opgegaan-in-andere-zaak" in told and told.count("geopend") == 2, f"{told}")
    check("verzoek-beantwoord" in [k for k, _ in events(city, case)], f"{events(city, case)}")
    check(notices(city, case)[-1] == "zaken-samengevoegd", f"{notices(city, case)}")
    # asked again: nothing changes
    count = len(city.dossier(case, 1))
    check(join(city, case, other)["opgenomen"] == [other], "not the same answer")
    check(decisions(city, case, 1).count("zaken-samengevoegd") == 1, f"{decisions(city, case, 1)[count:]}")
    # the whole goes on in a third
    third = city.open_case([(CHILD, "client")], laws=("participatiewet",), domains=())
    now = join(city, third, case)
    check(sorted(now["opgenomen"]) == sorted([case, other]) and city.case(other)["opgegaanIn"] == third, f"{now}")
    check("jgz-visus" in city.values(third, 1), "a case that was joined twice")


def release(city, transaction):
    wait_for("held", lambda: [i for i in city.inbox("ggd", "list") if i["id"] == transaction and i["state"] == "held"])
    values = city.root / "values"
    values.write_text(json.dumps({"jgz-visus": "0,8"}))
    city.inbox("ggd", "release", transaction, "--fields", "jgz-visus", "--values", values, "--by", "jeugdarts-7")


def test_ends_with_the_case_it_goes_on_in(city):
    """A request of the other is withdrawn when the case that goes on ends, or does not cover it."""
    case, other = two(city)
    held = city.file(other, 1, "ggd", ["jgz-gehoor"])["verzoekId"]
    join(city, case, other)
    check(city.request(held)["status"] in ("open", "aangehouden"), "withdrawn too early")
    city.change(case, "fase", {"overgang": "niet-samenhangend"})
    check(city.request(held)["status"] == "ingetrokken", "not withdrawn with the case")
    case, other = two(city)
    held = city.file(other, 1, "ggd", ["jgz-gehoor"])["verzoekId"]
    join(city, case, other, bereik={"wetten": ["wmo", "jeugdwet"], "domeinen": ["onderwijs"]})
    check(city.case(case)["bereik"]["domeinen"] == ["onderwijs"] and city.request(held)["status"] == "ingetrokken", "the client's choice")


def test_late_once(city):
    """What is late in either is said once of each in the case that goes on."""
    case, other = two(city)
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    for c, service in ((case, "eigen-dienst"), (other, "andere-dienst")):
        city.change(c, "diensten", {"dienst": service, "status": "gepland", "gepland": soon})
    join(city, case, other)
    late = lambda: sorted(d for k, d in events(city, case) if k == "dienst-te-laat")
    wait_for("both", lambda: "eigen-dienst" in late() and "andere-dienst" in late(), 10)
    check(late() == ["andere-dienst", "eigen-dienst"], f"{late()}")


def test_the_narrower(city):
    """Limits of either hold; who looks in a dossier might in both; a secret address stays one."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind"), (PARTNER, "ex-partner")], laws=("wmo",), domains=("onderwijs",),
                          more={2: {"zichtbaarVoor": [1, 3]}}, scope={"problemen": ["school", "schulden"]})
    other = city.open_case([(CHILD, "kind"), (PARENT, "ouder")], laws=("wgs",), domains=(),
                           more={1: {"zichtbaarVoor": [2]}, 2: {"geheimAdres": True}}, scope={"problemen": ["schulden"], "partijen": [PARTIES["wgs"][0]]})
    now = join(city, case, other)
    check(now["bereik"]["problemen"] == ["schulden"] and now["bereik"]["partijen"] == [PARTIES["wgs"][0]], f"{now['bereik']}")
    check([m["zichtbaarVoor"] for m in now["leden"]] == [[], [1], []] and now["leden"][0]["geheimAdres"], f"{now['leden']}")
    check(city.dossier(case, 2, viewer=1) and city.dossier(case, 2, viewer=3, raw=True).status == 404, "who sees whom")
    check(city.dossier(other, 1, viewer=2, raw=True).status == 404, "by way of the case that is over")
    schools = city.open_case([(PARENT, "ouder")], laws=("jeugdwet",), domains=(), scope={"problemen": ["school"]})
    refused(join(city, case, schools, raw=True), 409, "conflict",
            "wat de zaken aan problemen of partijen toelaten sluit elkaar uit: laat de cliënt het bereik kiezen en noem dat")
    now = join(city, case, schools, bereik={"wetten": ["wmo", "jeugdwet"], "domeinen": [], "problemen": ["school"]})
    check(now["bereik"]["problemen"] == ["school"] and "partijen" in now["bereik"] and not now["bereik"]["partijen"], f"{now['bereik']}")


def test_join_refused(city):
    case, other = two(city, person=PARENT)
    refused(join(city, case, other, motivering=" ", raw=True), 422, "no-motivation", "schrijf waarom")
    refused(join(city, case, other, function="teamleider", raw=True), 403, "forbidden", "geen geldende regel laat deze functie samenvoegen")
    refused(join(city, case, other, bezwaarClient=True, raw=True), 403, "denied", "de cliënt maakt bezwaar: de zaken blijven twee zaken")
    refused(join(city, case, case, raw=True), 400, "invalid", "een zaak gaat niet in zichzelf op: noem een andere")
    refused(join(city, case, "0" * 32, raw=True), 404, "not-found", "Het bestaat niet, of u mag het niet zien.")
    strangers = city.open_case([(PARTNER, "client")])
    refused(join(city, case, strangers, raw=True), 409, "conflict",
            "lid 1 van de andere zaak is geen lid van deze: alleen zaken van dezelfde cliënt of hetzelfde huishouden gaan samen")
    city.change(other, "fase", {"overgang": "start-coordinatie", "coordinator": COORDINATOR})
    refused(join(city, case, other, raw=True), 409, "conflict", "de andere zaak is al in coördinatie: laat die voortgaan, en deze daarin opgaan")
    check(join(city, other, case)["opgenomen"] == [case], "the other way about")
    refused(join(city, case, other, raw=True), 409, "conflict", "de zaak is opgegaan in een andere zaak: samenvoegen kan niet; mogelijk: niets meer")
    refused(join(city, strangers, case, raw=True), 409, "conflict", "de zaak is opgegaan in een andere zaak: opgaan kan niet; mogelijk: niets meer")
    check(decisions(city, strangers, 1) == ["geopend"], f"a refusal changed something: {decisions(city, strangers, 1)}")


def test_an_objection_keeps_them_apart(city):
    """As long as it is not decided, or was granted."""
    case, other = (opened(city, [own("bezwaar-1")]) for _ in range(2))
    right = filed(city, other, 1, "bezwaar")["avgVerzoekId"]
    refused(join(city, case, other, raw=True), 403, "denied", "lid 1 maakt bezwaar tegen het gebruik van gegevens: de zaken blijven twee zaken")
    decide(city, other, 1, right, "weigeren")
    check(join(city, case, other)["opgenomen"] == [other], "the objection was refused")


def join_quietly(city, case, other):
    try:
        join(city, case, other, raw=True)
    except (OSError, http.client.HTTPException):
        pass


def test_killed_in_the_join(city):
    """The gateway dies around a join: both cases say the same, and so do both dossiers; and the journal verifies."""
    rng, seed = seeded()
    city.impatient()
    for n in range(6):
        case, other = two(city)
        held = city.file(other, 1, "ggd", ["jgz-gehoor"])["verzoekId"]
        worker = threading.Thread(target=join_quietly, args=(city, case, other))
        worker.start()
        time.sleep(rng.random() * 0.012)
        city.gateway.kill()
        worker.join()
        city.start_gateway()
        wait_for("the API again", lambda: city.alive("/health/ready"))
        done = city.case(case).get("opgenomen") == [other]
        check((city.case(other)["fase"] == "opgegaan") == done, f"seed {seed}, round {n}: joined {done}, the other is {city.case(other)}")
        told = decisions(city, case, 1)
        check(("zaken-samengevoegd" in told) == done and ("opgegaan-in-andere-zaak" in told) == done, f"seed {seed}, round {n}: {done} {told}")
        check(join(city, case, other)["opgenomen"] == [other], f"seed {seed}, round {n}: not joined after all")
        check(city.request(held)["status"] in ("open", "aangehouden"), f"seed {seed}, round {n}: {city.request(held)}")
    report = city.ctl(*flips.verify_args(city, city.copy(city.root / "copy-intake")))
    check(report["ok"], f"{report}")
