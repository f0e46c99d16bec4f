"""A case is handed over to another municipality's gateway, whole or in part, by a link that cannot read it (item 38)."""
import shutil
import time

from city import CHILD, PARENT, City
from house import TREE, Process, check, wait_for
from test_cases import decisions, refused
from test_document import document
from test_dossier import ask_right, decide, filed
from test_import import bring, line, write
from test_intake import join
from test_outcomes import release, shown
from test_persons import link, opened, own
from test_rules import TODAY, add_rule, reload

FRESH = True
OTHER_OIN = "00000099000000006000"
BASIS = "wams-5.4.1"
DATA = ["school-jaargroep", "geslachtsnaam"]
JOINED = "een zaak die aan een andere gemeente is aangeboden, of deels is overgedragen, gaat niet met een andere samen"


class Pair:
    """Two municipalities, each enrolled at the other's gateway with a covenant, and the link between them."""

    def __init__(self, city, limits="", parties=("school",), gives=("ordinary", "financial", "identification"), change=None):
        self.here = city
        city.up(parties=parties, limits=limits)
        self.there = City(city.bin)
        self.there.oin, self.there.name = OTHER_OIN, "sluis.ander.test"
        rules = self.there.root / "rules"
        shutil.copytree(TREE / "config" / "rules", rules)
        text = (rules / "applications.conf").read_text()
        (rules / "applications.conf").write_text(text.replace(f'"{city.oin}"', f'"{OTHER_OIN}"'))
        if change:
            change(rules)
        self.there.up(parties=(), rules=rules, limits=limits)
        self.folder = city.root / "link"
        self.folder.mkdir()
        self.enrol(self.there, at=self.here, name="ander", gives=gives)
        self.enrol(self.here, at=self.there, name="hier", gives=gives)
        (self.folder / "link.conf").write_text(self.config())
        self.link = Process("sluis-link", [city.bin / "sluis-link", "--config", self.folder / "link.conf"],
                            city.root / "log" / "link.log", city.env)
        city.adapters["link"] = self.link
        self.link.start()

    def enrol(self, who, at, name, gives):
        """What two operators do: a key for the link, the enrolment, the covenant."""
        keys = self.folder / name
        who.ctl("key", "new", "--for", "link", "--dir", keys)
        who.ctl("key", "link", "--dir", who.keys, "--curve", keys / "curve.key.pub", "--out", keys / "enrolment.json")
        at.ctl("party", "enrol", "--request", keys / "enrolment.json", "--name", f"Gemeente {name}", "--domain", "andere-gemeente",
               "--by", "beheer-1", "--socket", at.control)
        text = self.folder / "convenant.txt"
        text.write_text("Wij dragen zaken over van wie verhuist.\n")
        out = self.folder / f"{name}-convenant.json"
        who.ctl("agreement", "propose", "--dir", who.keys, "--municipality", at.oin, "--covenant", "overdracht", "--version", 1,
                "--text", text, "--until", "2099-01-01", "--out", out, "--purposes", "overdracht",
                "--gives", ",".join(gives), "--asks", ",".join(gives))
        by = ("--by", "anna", "--socket", at.control)
        at.ctl("agreement", "accept", at.ctl("agreement", "file", out, *by)["id"], *by)

    def config(self):
        side = '''  {{ oin = "{0.oin}"; name = "{0.name}"; endpoint = "{0.endpoint}"; curve_pk = "{0.keys}/curve.key.pub";
    root_pk = "{0.keys}/root.pub"; key = "{1}/curve.key"; }}'''
        return "test_mode = true;\nreconnect_max_ms = 200;\nsides = (\n" + ",\n".join(
            side.format(house, self.folder / keys) for house, keys in ((self.here, "ander"), (self.there, "hier"))) + "\n);\n"

    def ready(self):
        """Each gateway knows the other's sealing key: the link brings it."""
        for house, other in ((self.here, self.there), (self.there, self.here)):
            wait_for("the other gateway's sealing key", lambda: any(
                k["use"] == "seal" for p in house.ctl("party", "list", "--socket", house.control) if p["oin"] == other.oin
                for k in p["keys"]), 30)
        return self

    def close(self):
        self.link.stop()
        self.there.stop()
        self.there.close()

    # ---- both ends

    def offer(self, case, members, data=DATA, raw=False, function="regisseur", **kw):
        body = {"gemeente": OTHER_OIN, "leden": members, "attributen": list(data), "doel": "overdracht", "grondslag": BASIS,
                "motivering": "Het gezin verhuist en wil verder geholpen worden", **kw}
        a = self.here.call("POST", f"/v1/zaken/{case}/overdracht", self.here.token("wmo-intake", function), body)
        if raw:
            return a
        check(a.status == 202, f"{a.status} {a.body!r}")
        return a.json()["overdracht"]["overdrachtId"]

    def there_call(self, method, path, body=None, function="regisseur"):
        return self.there.call(method, f"/v1/overdrachten{path}", self.there.token("wmo-intake", function), body)

    def received(self, offer, seconds=15.0):
        def probe():
            a = self.there_call("GET", f"/{offer}")
            return a.json() if a.status == 200 else None
        return wait_for("the offer at the other municipality", probe, seconds)

    def decide(self, offer, accept, why="Het gezin staat hier ingeschreven"):
        a = self.there_call("POST", f"/{offer}/besluit", {"overnemen": accept, "motivering": why})
        check(a.status == 200, f"{a.status} {a.body!r}")
        return a.json()

    def status(self, case):
        return self.here.case(case)["overdracht"]["status"]

    def wait_status(self, case, status, seconds=15.0):
        def probe():
            a = self.here.call("GET", f"/v1/zaken/{case}", self.here.token("wmo-intake"))
            check(a.status in (200, 409), f"{a.status} {a.body!r}")  # 409: it changed while it was read
            return a.status == 200 and a.json()["overdracht"]["status"] == status
        wait_for(f"the hand-over {status}", probe, seconds)

    def events(self, house, case):
        a = house.call("GET", f"/v1/zaken/{case}/gebeurtenissen", house.token("wmo-intake"))
        check(a.status == 200, f"{a.status} {a.body!r}")
        return [(e["soort"], e.get("bijzonderheid", "")) for e in a.json()["gebeurtenissen"]]


def verified(house, name):
    return house.ctl("journal", "verify", house.copy(house.root / name), "--name", house.name, "--log-key",
                     house.keys / "log.key.pub", "--master-key", house.keys / "master.key", "--directory-key",
                     house.keys / "directory.key.pub")


def household(city, **kw):
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], domains=("onderwijs",), **kw)
    city.ask(case, 2, "school", ["school-jaargroep"])
    return case


def test_whole_case(city):
    """Offered, carried, seen, taken over: members, data and their source are there, and here the case is over."""
    pair = Pair(city).ready()
    try:
        case = household(city)
        offer = pair.offer(case, [1, 2])
        seen = pair.received(offer)
        check(seen["van"] == city.oin and seen["status"] == "ontvangen", f"{seen}")
        check([(m["bsn"], m["rol"], m["attributen"]) for m in seen["leden"]] ==
              [(PARENT, "ouder", []), (CHILD, "kind", ["school-jaargroep"])], f"{seen}")
        check(pair.status(case) == "aangeboden" and city.case(case)["fase"] == "onderzoek", "it goes on until the other decides")
        check(pair.offer(case, [1], raw=True).status == 409, "offered twice")
        done = pair.decide(offer, True)
        there = done["zaakId"]
        pair.wait_status(case, "overgenomen")
        state = city.case(case)
        check(state["fase"] == "overgedragen" and state["beeindigd"] and all(m.get("overgedragen") for m in state["leden"]), f"{state}")
        check(state["mogelijk"] == ["noodinzage-beoordelen"], f"{state['mogelijk']}")
        check(city.view(case, 2, raw=True).status == 404, "a view of a case that is another's")
        check(city.file(case, 2, "school", ["school-jaargroep"], raw=True).status == 404, "a request about who left")
        # there: the case, its datum, who gave it and who brought it
        taken = pair.there.case(there)
        check((taken["fase"], taken["overgenomenVan"]) == ("onderzoek", city.oin), f"{taken}")
        datum = pair.there.view(there, 2)["gegevens"]
        mine = [d for d in datum if d["naam"] == "school-jaargroep"]
        check(len(mine) == 1 and mine[0]["bron"] == "00000099000000002000" and mine[0]["overgedragenDoor"] == city.oin, f"{datum}")
        check(mine[0]["waarde"], "no value")
        for house, id_, said in ((city, case, "Een andere gemeente heeft de zaak overgenomen."),
                                 (pair.there, there, "Uw zaak is overgenomen van een andere gemeente")):
            a = document(house, id_, 2, raw=True)
            check(a.status == 200 and said in a.body.decode(), f"{a.status} {a.body[:300]!r}")
        said = document(pair.there, there, 2)
        check(said.count("Uw zaak is overgenomen van een andere gemeente") == 1, "said twice")
        check(said.count("De andere gemeente heeft bericht gekregen dat uw zaak is overgenomen") == 1, "the reply stands in it")
        # both clients are told, both dossiers and journals have it
        check(("bericht-aan-client", "overdracht-aangeboden") in pair.events(city, case), f"{pair.events(city, case)}")
        check(("bericht-aan-client", "overgenomen-door-andere-gemeente") in pair.events(city, case), f"{pair.events(city, case)}")
        check(("bericht-aan-client", "overgenomen") in pair.events(pair.there, there), f"{pair.events(pair.there, there)}")
        for house, id_ in ((city, case), (pair.there, there)):
            texts = [e.get("motivering") for e in house.dossier(id_, 2)]
            check("Het gezin verhuist en wil verder geholpen worden" in texts, f"{texts}")
            check("Het gezin staat hier ingeschreven" in texts, f"{texts}")
            kinds = [e.get("kind") for e in house.trace(offer)]
            check(kinds.count("case-handover") >= 1 and "case-handover-reply" in kinds, f"{kinds}")
        # the link has read nothing
        for log in (city.root / "log").glob("link.log"):
            text = log.read_text()
            check(CHILD not in text and "school" not in text, "content in the link's log")
        a = pair.there_call("POST", f"/{offer}/besluit", {"overnemen": True, "motivering": "nog eens"})
        refused(a, 409, "conflict", "er is al over besloten: overgenomen; mogelijk: niets meer (een nieuw aanbod is een nieuw besluit)")
    finally:
        pair.close()


def test_part_of_a_case(city):
    """One member goes, and what was asked about that one is withdrawn; the others stay, and their case goes on."""
    pair = Pair(city, parties=("school", "ggd")).ready()
    try:
        case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], domains=("onderwijs", "ggd"))
        city.ask(case, 2, "school", ["school-jaargroep"])
        open_request = city.file(case, 2, "ggd", ["jgz-lengte"])["verzoekId"]
        offer = pair.offer(case, [2], ["school-jaargroep", "school-naam"])
        check(city.case(case)["overdracht"]["attributen"] == ["school-jaargroep"], "what the register does not have is not said to go")
        check([m["bsn"] for m in pair.received(offer)["leden"]] == [CHILD], "another member went along")
        there = pair.decide(offer, True)["zaakId"]
        pair.wait_status(case, "overgenomen")
        state = city.case(case)
        check(state["fase"] == "onderzoek" and "beeindigd" not in state, f"{state}")
        check([m.get("overgedragen", False) for m in state["leden"]] == [False, True], f"{state}")
        check(city.request(open_request)["status"] == "ingetrokken", "a request about who left")
        check(city.view(case, 1, raw=True).status == 200 and city.view(case, 2, raw=True).status == 404, "views after it")
        check(city.dossier(case, 2), "the dossier stays, for the client")
        check(pair.there.case(there)["soort"] == "client", "one person is a client, not a household")
        refused(pair.offer(case, [2], raw=True), 400, "invalid", "lid 2 is er niet, of niet meer")
    finally:
        pair.close()


def test_refused_by_the_other(city):
    """The reason comes back, nothing of it stays there, the case goes on here and can be offered again."""
    pair = Pair(city).ready()
    try:
        case = household(city)
        offer = pair.offer(case, [1, 2])
        pair.received(offer)
        keys = verified(pair.there, "before")["keys"]
        refused(pair.there_call("POST", f"/{offer}/besluit", {"overnemen": True, "motivering": "-"}), 422, "no-motivation",
                "schrijf waarom: de andere gemeente leest dit")
        refused(pair.there_call("GET", f"/{offer}", function="consulent"), 403, "forbidden",
                "geen geldende regel laat deze functie aangeboden zaken zien")
        refused(pair.there_call("POST", f"/{offer}/besluit", {"overnemen": True, "motivering": "Ja"}, "consulent"), 403, "forbidden",
                "geen geldende regel laat deze functie een zaak overnemen")
        pair.decide(offer, False, "Zij wonen hier niet")
        pair.wait_status(case, "geweigerd")
        check(city.case(case)["fase"] == "onderzoek", "the case goes on")
        check("Zij wonen hier niet" in [e.get("motivering") for e in city.dossier(case, 1)], "the reason is not in the dossier")
        check(("overdracht-geweigerd", "") in pair.events(city, case), f"{pair.events(city, case)}")
        shown = pair.there_call("GET", f"/{offer}").json()
        check(shown["status"] == "geweigerd" and "leden" not in shown and "motivering" not in shown, f"{shown}")
        check(verified(pair.there, "after")["keys"] == keys, "a key for somebody who was refused: a person was registered")
        again = pair.offer(case, [1, 2])
        pair.received(again)
        listed = pair.there_call("GET", "").json()["overdrachten"]
        check([(x["overdrachtId"], x["status"]) for x in listed] == [(offer, "geweigerd"), (again, "ontvangen")], f"{listed}")
        check(all("leden" not in x for x in listed), "content in a list")
        refused(pair.there_call("GET", "", function="consulent"), 403, "forbidden",
                "geen geldende regel laat deze functie aangeboden zaken zien")
    finally:
        pair.close()


def test_what_may_not_go(city):
    """Rules, covenant, secret addresses, and what cannot be: each refused by name, and nothing leaves."""
    pair = Pair(city, parties=("school", "ggd"), gives=("ordinary", "identification", "health")).ready()
    try:
        case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], domains=("onderwijs", "ggd"))

        def no(status, code, text, members=(1, 2), **kw):
            return refused(pair.offer(case, list(members), raw=True, **kw), status, code, text)
        no(403, "forbidden", "geen geldende regel laat deze functie een zaak overdragen", function="consulent")
        no(422, "no-motivation", "schrijf waarom: de andere gemeente en de cliënt lezen dit", motivering=" . ")
        no(403, "denied", "niet toegestaan: geen regel staat het toe (default-deny); vraag wat een geldende regel toelaat", data=["jgz-lengte"])
        no(403, "denied", "niet toegestaan: van zijn eigen wet mag dit domein dit soort gegevens nu niet geven (domain); vraag wat een geldende regel toelaat", data=["politie-verdenking"])
        no(403, "denied", "niet toegestaan: geen regel staat het toe (default-deny); vraag wat een geldende regel toelaat", doel="jeugdhulp")
        no(403, "denied", "niet toegestaan: geen regel staat het toe (default-deny); vraag wat een geldende regel toelaat", grondslag="wams-4.3.3")
        no(403, "agreement-category", "Volgens convenant overdracht, versie 1, krijgt Gemeente ander dit gegeven niet.",
           data=["wgs-totaal-schuldbedrag"])
        no(400, "invalid", "deze partij is geen andere gemeente", gemeente="00000099000000002000")
        no(422, "unknown-party", "deze partij is niet op deze gateway aangesloten", gemeente="00000099000000007000")
        no(400, "invalid", "lid 3 is er niet, of niet meer", members=(1, 3))
        no(400, "invalid", "nummer 1 staat niet in de catalogus", data=["bestaat-niet"])
        no(400, "invalid", "nummer 1 gaat altijd mee", data=["bsn"])
        # a request is not put to another municipality: it is handed cases, and asked nothing
        refused(city.file(case, 1, OTHER_OIN, ["school-jaargroep"], raw=True, function="regisseur",
                          how={"purpose": "overdracht", "basis": BASIS, "phase": "onderzoek"}), 403, "denied",
                "niet toegestaan: van zijn eigen wet mag dit domein dit soort gegevens nu niet geven (domain); vraag wat een geldende regel toelaat")
        city.change(case, "leden/1", {"geheimAdres": True, "zichtbaarVoor": []})
        no(403, "denied", "niet toegestaan: het zegt waar iemand woont wiens adres geheim is (secret-address); vraag wat een geldende regel toelaat", data=["woonplaats"])
        no(403, "denied", "niet toegestaan: het zegt waar iemand woont wiens adres geheim is (secret-address); vraag wat een geldende regel toelaat", data=["woonplaats"], members=(2,))
        check("overdracht" not in city.case(case) and not pair.there_call("GET", "").json()["overdrachten"], "something left")
        city.change(case, "fase", {"overgang": "niet-samenhangend"})
        no(409, "conflict", "de zaak is niet samenhangend: overdragen kan niet; mogelijk: noodinzage-beoordelen")
        case = opened(city, [own("jz-2041")])
        no(409, "conflict", "lid 1 heeft hier nog geen BSN: koppel dat eerst", members=(1,))
    finally:
        pair.close()


def test_the_other_gateway_does_not_take_it(city):
    """Without a covenant there it comes back at once, with the reason, and the case can be offered again."""
    pair = Pair(city).ready()
    try:
        case = household(city)
        there = pair.there
        for by in ("anna", "bert"):
            id_ = next(a["id"] for a in there.ctl("agreement", "list", "--socket", there.control))
            there.ctl("agreement", "revoke", id_, "--reason", "proef", "--by", by, "--socket", there.control)
        pair.offer(case, [1, 2])
        pair.wait_status(case, "teruggestuurd")
        check(("overdracht-teruggestuurd", "agreement-revoked") in pair.events(city, case), f"{pair.events(city, case)}")
        check(not pair.there_call("GET", "").json()["overdrachten"], "it is there all the same")
        check(pair.offer(case, [1, 2], raw=True).status == 202, "it cannot be offered again")
    finally:
        pair.close()


def test_covenant_ends_before_the_decision(city):
    """What came in under a covenant that is over is not taken over: nothing of it is registered, and no case opens."""
    pair = Pair(city).ready()
    try:
        there = pair.there
        offer = pair.offer(household(city), [1, 2])
        pair.received(offer)
        keys = verified(there, "before")["keys"]
        for by in ("anna", "bert"):
            id_ = next(a["id"] for a in there.ctl("agreement", "list", "--socket", there.control))
            there.ctl("agreement", "revoke", id_, "--reason", "proef", "--by", by, "--socket", there.control)
        refused(pair.there_call("POST", f"/{offer}/besluit", {"overnemen": True, "motivering": "Het gezin staat hier ingeschreven"}),
                409, "conflict", "de regels of het convenant zijn veranderd: laat de zaak opnieuw aanbieden")
        check(pair.received(offer)["status"] == "ontvangen", "decided all the same")
        check(verified(there, "after")["keys"] == keys, "a person was registered")
    finally:
        pair.close()


def without(rules, rule):
    """The rules without this one."""
    path = rules / "rules.conf"
    text = path.read_text()
    start = text.index(f'  {{ id = "{rule}"')
    end = text.index("},\n", start) + 3
    path.write_text(text[:start] + text[end:])
    return text[start:end]


def test_what_comes_is_judged_by_the_rules_there(city):
    """The basis it was obtained on, when it comes in; all of it again when it is decided on. What is for all here goes for its case's laws."""
    rule = []

    def change(rules):
        rule.append(without(rules, "overdracht-wmo"))
        views = (rules / "views.conf").read_text()  # without reuse each law sees its own alone
        (rules / "views.conf").write_text(views.replace('from_laws = ["wmo", "jeugdwet", "participatiewet", "wgs"]', 'from_laws = ["wgs"]'))

    pair = Pair(city, change=change).ready()
    try:
        there = pair.there
        rules = there.root / "rules"
        case = household(city, laws=("wmo", "participatiewet"))
        bring(city, write(city, [line(CHILD, "geboortedatum", "2014-05-01")]))
        data = ["school-jaargroep", "geboortedatum"]
        pair.offer(case, [1, 2], data)
        pair.wait_status(case, "teruggestuurd")
        check(("overdracht-teruggestuurd", "niet-toegestaan") in pair.events(city, case), f"{pair.events(city, case)}")
        said = [(e["gateway"], e["code"], e["text"]) for e in pair.link.events() if e.get("event") == "link.refused"]
        check(said == [(there.name, "denied", "attribute 2 was obtained on wmo-5.1.1: no rule in force here allows it on that basis")], f"{said}")
        add_rule(rules, ",\n" + rule[0].rstrip().rstrip(",").replace("2026-01-01", TODAY) + "\n);\n")
        reload(there)
        offer = pair.offer(case, [1, 2], data)
        pair.received(offer)
        catalogue = (rules / "catalogue.conf").read_text()
        (rules / "catalogue.conf").write_text(catalogue.replace('name = "school-jaargroep";', 'name = "school-jaargroep"; at_source_s = 900;'))
        reload(there)
        refused(pair.there_call("POST", f"/{offer}/besluit", {"overnemen": True, "motivering": "Het gezin staat hier ingeschreven"}),
                409, "conflict", "de regels of het convenant zijn veranderd: laat de zaak opnieuw aanbieden")
        (rules / "catalogue.conf").write_text(catalogue)
        reload(there)
        taken = pair.decide(offer, True)["zaakId"]
        check(sorted(d["naam"] for d in there.view(taken, 2)["gegevens"]) == sorted(data), f"{there.view(taken, 2)}")
        other = there.open_case([(CHILD, "client")], app="jeugd-intake", laws=("jeugdwet",))
        check(not there.view(other, 1, app="jeugd-intake")["gegevens"], "it went for the laws of its case")
    finally:
        pair.close()


def test_a_case_that_comes_back(city):
    """What its source held to the case goes on in the case that comes back, as that source said it: nobody has anything to resolve."""
    pair = Pair(city, parties=("ggd",), gives=("ordinary", "health")).ready()
    try:
        there = pair.there
        case = city.open_case([(CHILD, "client")], laws=("wmo",), domains=("ggd",))
        t = city.file(case, 1, "ggd", ["jgz-lengte"])["verzoekId"]
        release(city, "ggd", t, "--fields", "jgz-lengte", "--conditions", "alleen-deze-zaak")
        city.answered(t)
        before = [(d["waarde"], d["bron"], ["alleen-deze-zaak"], None) for d in shown(city, case, 1, "jgz-lengte")]
        offer = pair.offer(case, [1], ["jgz-lengte"], grondslag="avg-6.1.a")
        pair.received(offer)
        taken = pair.decide(offer, True)["zaakId"]
        pair.wait_status(case, "overgenomen")
        check(shown(there, taken, 1, "jgz-lengte")[0]["voorwaarden"] == ["alleen-deze-zaak"], "held to the case there")
        a = there.call("POST", f"/v1/zaken/{taken}/overdracht", there.token("wmo-intake", "regisseur"), {
            "gemeente": city.oin, "leden": [1], "attributen": ["jgz-lengte"], "doel": "overdracht", "grondslag": "avg-6.1.a",
            "motivering": "Het kind woont weer hier"})
        check(a.status == 202, f"{a.status} {a.body!r}")
        back = a.json()["overdracht"]["overdrachtId"]
        by = city.token("wmo-intake", "regisseur")
        wait_for("it is back", lambda: city.call("GET", f"/v1/overdrachten/{back}", by).status == 200)
        a = city.call("POST", f"/v1/overdrachten/{back}/besluit", by, {"overnemen": True, "motivering": "Het kind staat hier weer"})
        check(a.status == 200, f"{a.status} {a.body!r}")
        again = a.json()["zaakId"]
        now = shown(city, again, 1, "jgz-lengte")
        check([(d["waarde"], d["bron"], d["voorwaarden"], d.get("overgedragenDoor")) for d in now] == before and before, f"{now}")
        check("discrepantie-gevonden" not in [e[0] for e in pair.events(city, again)], f"{pair.events(city, again)}")
    finally:
        pair.close()


def test_nobody_decides(city):
    """A gateway that is away, and one where nobody decides: it lapses at both ends, with events, and can go again."""
    pair = Pair(city, limits="handover_s = 3; redeliver_ms = 200; attempts_max = 2;").ready()
    try:
        case = household(city)
        pair.there.gateway.kill()
        pair.offer(case, [1, 2])
        wait_for("the sender told", lambda: ("overdracht-niet-bezorgd", "verlopen") in pair.events(city, case), 20)
        check(pair.status(case) == "aangeboden" and pair.offer(case, [1], raw=True).status == 409,
              "until no reply can come any more it is offered to nobody else")
        pair.wait_status(case, "vervallen", 20)
        check(("overdracht-vervallen", "") in pair.events(city, case), f"{pair.events(city, case)}")
        pair.there.start_gateway()
        offer = pair.offer(case, [1, 2])
        pair.received(offer)
        wait_for("the offer gone", lambda: pair.there_call("GET", f"/{offer}").status == 404, 20)
        refused(pair.there_call("POST", f"/{offer}/besluit", {"overnemen": True, "motivering": "Te laat"}), 404, "not-found",
                "Het bestaat niet, of u mag het niet zien.")
        check([e["decision"] for e in pair.there.trace(offer)][-1] != "taken-over", "taken over after its time")
        check("handover-lapsed" in [e["decision"] for e in pair.there.trace(offer)], "its journal does not say that it lapsed")
        pair.wait_status(case, "vervallen", 20)
    finally:
        pair.close()


def forget(house, want=0):
    """By two persons' word; the error of the one who may not, else nothing."""
    for by in ("fg-1", "fg-2"):
        code, _, err = house.ctl("subject", "forget", "--by", by, "--reason", "avg-17", "--socket", house.control, stdin=CHILD + "\n",
                                 want=None)
        if code != want:
            return f"{code} {err}"
        if want:
            return err
    wait_for("the rows gone", lambda: house.ctl("status", "--socket", house.control)["being_cleared"] == 0)
    return ""


def test_who_is_offered_is_not_forgotten(city):
    """Neither here nor there while an offer about them waits; once it is decided both forget, and the offer names nobody."""
    pair = Pair(city).ready()
    try:
        there = pair.there
        case = household(city)
        known = there.open_case([(CHILD, "client")])
        there.change(known, "fase", {"overgang": "niet-samenhangend"})
        offer = pair.offer(case, [1, 2])
        pair.received(offer)
        city.change(case, "fase", {"overgang": "niet-samenhangend"})
        err = forget(city, 4)
        check("a case is offered to another municipality: wait for its decision, or until it lapses" in err, f"here: {err}")
        err = forget(there, 4)
        check("another municipality's offer about this person waits: decide first" in err, f"there: {err}")
        pair.decide(offer, False, "Zij wonen hier niet")
        pair.wait_status(case, "geweigerd")
        for house in (city, there):
            err = forget(house)
            check(not err, f"{house.name}: {err}")
        shown = pair.there_call("GET", f"/{offer}").json()
        check(shown["status"] == "geweigerd" and "leden" not in shown, f"{shown}")
        check([m["lid"] for m in city.case(case)["leden"]] == [1], f"{city.case(case)}")
        verified(there, "there")
        verified(city, "here")
    finally:
        pair.close()


def test_known_by_another_name_while_an_offer_waits(city):
    """Here another member of the case gets a number, there the one who is offered: the offer is decided as if nothing had been."""
    pair = Pair(city).ready()
    try:
        there = pair.there
        case = opened(city, [{"bsn": CHILD, "rol": "kind"}, own("jz-ouder", "ouder")])
        city.ask(case, 1, "school", ["school-jaargroep"])
        known, unnamed = there.open_case([(CHILD, "client")]), opened(there, [own("jz-kind")])
        offer = pair.offer(case, [1])
        pair.received(offer)
        link(city, case, PARENT, 2)
        link(there, unnamed, CHILD)
        check(decisions(city, case, 2)[-1] == "bsn-gekoppeld", f"{decisions(city, case, 2)}")
        for house, person in ((city, CHILD), (there, "jz-kind")):
            code, _, err = house.ctl("subject", "forget", "--by", "fg-1", "--reason", "avg-17", "--socket", house.control,
                                     stdin=person + "\n", want=None)
            check(code == 4 and "open case" in err, f"{house.name}: {code} {err}")
        taken = pair.decide(offer, True)["zaakId"]
        pair.wait_status(case, "overgenomen")
        check([m["lid"] for m in city.case(case)["leden"] if not m.get("overgedragen")] == [2], f"{city.case(case)['leden']}")
        check("bsn-gekoppeld" in decisions(city, case, 2), "who stays lost the dossier")
        for c in (taken, known, unnamed):  # one person there, by every name
            check("school-jaargroep" in there.values(c, 1), f"not in {c}")
        check(there.case(taken)["leden"][0]["lid"] == 1 and pair.status(case) == "overgenomen", f"{there.case(taken)}")
        verified(there, "there")
        verified(city, "here")
    finally:
        pair.close()


def test_who_went_is_forgotten_here(city):
    """A member that another municipality took over is forgotten here while the case of the others goes on."""
    pair = Pair(city).ready()
    try:
        case = household(city)
        offer = pair.offer(case, [2])
        pair.received(offer)
        there = pair.decide(offer, True)["zaakId"]
        pair.wait_status(case, "overgenomen")
        err = forget(city)
        check(not err, f"{err}")
        check([m["lid"] for m in city.case(case)["leden"]] == [1] and city.case(case)["fase"] == "onderzoek", f"{city.case(case)}")
        check(city.dossier(case, 1), "the other member's file went too")
        check("open case" in forget(pair.there, 4), "forgotten in the open case there")
        check([d["naam"] for d in pair.there.view(there, 2)["gegevens"]].count("school-jaargroep") == 1, "what went there is gone")
        verified(city, "here")
    finally:
        pair.close()


def test_what_else_holds_of_the_person(city):
    """Limited use at the client's request goes with nobody; offered cases are not joined; a secret address is one at both."""
    pair = Pair(city).ready()
    try:
        there = pair.there
        case, other = household(city), city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
        right = filed(city, case, 2, "beperking", attributen=["school-naam"])["avgVerzoekId"]
        check(pair.offer(case, [1], ["school-naam"], raw=True).status == 202, "of another member")
        refused(join(city, case, other, raw=True), 409, "conflict", JOINED)
        refused(join(city, other, case, raw=True), 409, "conflict", JOINED)
        limited = household(city)
        decide(city, case, 2, right, "toewijzen")
        refused(pair.offer(limited, [1, 2], ["school-naam"], raw=True), 403, "denied", "het gebruik is beperkt op verzoek van lid 2")
        offer = pair.offer(limited, [1, 2])
        check([m["attributen"] for m in pair.received(offer)["leden"]] == [[], ["school-jaargroep"]], "what may go does not")
        before = there.open_case([(CHILD, "client")])
        whole = filed(there, before, 1, "beperking")["avgVerzoekId"]
        decide(there, before, 1, whole, "toewijzen")
        there.change(before, "leden/1", {"geheimAdres": True, "zichtbaarVoor": []})
        taken = pair.decide(offer, True)["zaakId"]
        check([m["geheimAdres"] for m in there.case(taken)["leden"]] == [False, True], f"{there.case(taken)['leden']}")
        check(not there.view(taken, 2)["gegevens"], f"shown although its use is limited: {there.view(taken, 2)}")
        pair.wait_status(limited, "overgenomen")
        check(ask_right(city, limited, 2, "inzage").status == 201, "who went asks about what is kept here")
        verified(there, "there")
    finally:
        pair.close()


def test_new_sealing_keys(city):
    """The gateways renew their sealing keys; the link brings each to the other, and hand-overs go on."""
    pair = Pair(city, limits="seal_renew_s = 3; seal_keep_s = 60; party_renew_s = 1;").ready()
    try:
        def keys(house, other):
            return {k["id"] for p in house.ctl("party", "list", "--socket", house.control) if p["oin"] == other.oin
                    for k in p["keys"] if k["use"] == "seal"}
        before = keys(city, pair.there)
        wait_for("another key", lambda: len(keys(city, pair.there) - before) >= 1, 90)
        case = household(city)
        offer = pair.offer(case, [1, 2])
        pair.received(offer)
        pair.decide(offer, True)
        pair.wait_status(case, "overgenomen")
    finally:
        pair.close()


def test_new_signing_key(city):
    """What was signed before the other gateway's key was rotated arrives; what is signed with the new key waits until that
    is enrolled here."""
    pair = Pair(city, limits="redeliver_ms = 300;").ready()
    there = pair.there
    try:
        before, after = household(city), household(city)
        offers = [pair.offer(case, [1, 2]) for case in (before, after)]
        for offer in offers:
            pair.received(offer)
        pair.link.stop()
        pair.decide(offers[0], True)
        there.ctl("key", "rotate", "--dir", there.keys, "--use", "sign")
        there.gateway.stop()
        there.start_gateway()
        there.gateway.stop()
        there.ctl("key", "rotate", "--dir", there.keys, "--use", "sign", "--finish", "--overlap", "0")
        there.start_gateway()
        wait_for("the API", lambda: there.alive("/health/ready"))
        pair.decide(offers[1], True)
        pair.link.start()
        pair.wait_status(before, "overgenomen")
        wait_for("the new key is refused, and again", lambda: [e.get("code") for e in pair.link.events()
                                                              if e.get("event") == "link.refused"][:2] == ["unknown-key"] * 2)
        check(pair.status(after) == "aangeboden", "a decision under an unknown key was taken")
        keys = pair.folder / "ander"
        there.ctl("key", "link", "--dir", there.keys, "--curve", keys / "curve.key.pub", "--out", keys / "again.json")
        city.ctl("party", "enrol", "--request", keys / "again.json", "--name", "Gemeente ander", "--domain", "andere-gemeente", "--replace",
                 "--by", "beheer-1", "--socket", city.control)
        pair.wait_status(after, "overgenomen")
        dead = there.ctl("deadletters", "list", "--socket", there.control)
        check(not dead, f"{dead}")
    finally:
        pair.close()


def test_killed_at_every_step(city):
    """Each program is killed at each step: one offer there, one case there, one decision here, in two journals that verify."""
    pair = Pair(city, limits="redeliver_ms = 300;").ready()
    try:
        there = pair.there
        cases = []

        def offers():
            a = pair.there_call("GET", "")
            return [x["overdrachtId"] for x in a.json()["overdrachten"]] if a.status == 200 else None

        def again(*programs):
            for p in programs:
                p.kill()
            for p in programs:
                p.start(None if p is pair.link else "sluisd.ready")
            for house in (city, there):
                wait_for("the API again", lambda: house.alive("/health/ready"))

        for pause in (0.0, 0.004, 0.012, 0.03):
            for victims in ((city.gateway,), (there.gateway,), (pair.link,), (city.gateway, there.gateway, pair.link)):
                case = household(city)
                offer = pair.offer(case, [1, 2])
                time.sleep(pause)
                again(*victims)
                pair.received(offer, 30)
                check(offers().count(offer) == 1, "an offer twice")
                taken = pair.decide(offer, True)["zaakId"]
                time.sleep(pause)
                again(*victims)
                pair.wait_status(case, "overgenomen", 30)
                cases.append((case, offer, taken))
        for case, offer, taken in cases:
            check(sum(e["besluit"] == "overgenomen-door-andere-gemeente" for e in city.dossier(case, 1)) == 1, "decided twice here")
            check(pair.there_call("GET", f"/{offer}").json()["zaakId"] == taken, "another case there")
            for house in (city, there):
                kinds = [e.get("kind") for e in house.trace(offer) if e["type"] == "R_MESSAGE"]
                check(kinds == ["case-handover", "case-handover-reply"], f"{kinds}")
        verified(there, "there")
        verified(city, "here")
    finally:
        pair.close()
