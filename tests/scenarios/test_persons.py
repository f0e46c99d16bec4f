"""Persons without BSN, by the municipality's own name; merged with who they are once the number is known (item 39)."""
import threading
import time

import flips
from city import CHILD, PARENT, PARTNER
from house import check, seeded, wait_for
from test_cases import decisions, refused


def opened(city, members, raw=False):
    """A case with these members, each a dictionary; its id."""
    a = city.call("POST", "/v1/zaken", city.token("wmo-intake"), {
        "soort": "huishouden" if len(members) > 1 else "client", "leden": members,
        "bereik": {"wetten": ["wmo", "jeugdwet"], "domeinen": ["onderwijs", "ggd"]}, "aanleiding": "Gezien op het spreekuur"})
    if raw:
        return a
    check(a.status == 201, f"{a.status} {a.body[:300]!r}")
    return a.json()["zaakId"]


def own(name, role="client"):
    return {"eigenKenmerk": name, "rol": role}


def link(city, case, bsn, member=1, raw=False, **kw):
    return city.change(case, f"leden/{member}/bsn", {"bsn": bsn, "motivering": "Paspoort gezien"}, raw=raw, **kw)


def test_known_later(city):
    """No party is asked about a person without number; once it is known, both files are one person's."""
    theirs = opened(city, [{"bsn": CHILD, "rol": "client"}])
    city.ask(theirs, 1, "school", ["school-jaargroep"])
    case, other = opened(city, [own("jz-1")]), opened(city, [own("jz-1")])
    refused(city.file(case, 1, "school", ["school-naam"], raw=True), 409, "conflict",
            "van deze persoon is geen BSN bekend: een partij kan de persoon niet vinden; koppel eerst het BSN")
    check(city.values(case, 1) == {}, f"{city.values(case, 1)}")
    before = len(city.dossier(case, 1))
    link(city, case, CHILD)
    for c in (case, other):
        check("school-jaargroep" in city.values(c, 1), "the data are not the member's")
    check(decisions(city, case, 1).count("bsn-gekoppeld") == 1, f"{decisions(city, case, 1)}")
    check(len(city.dossier(case, 1)) > before and decisions(city, case, 1)[0] == "geopend", "the dossier did not follow")
    check(decisions(city, other, 1)[0] == "geopend", "the other case's dossier did not follow")
    check(city.file(case, 1, "school", ["school-naam"])["status"] in ("open", "beantwoord"), "no party can be asked")
    third = opened(city, [own("jz-1")])
    check("school-jaargroep" in city.values(third, 1), "the name means somebody else")


def test_a_number_that_is_new_here(city):
    case = opened(city, [own("jz-2")])
    link(city, case, PARTNER)
    again = opened(city, [{"bsn": PARTNER, "rol": "client"}])
    check(city.case(again)["leden"][0]["lid"] == 1, "the case is not there")
    t = city.file(case, 1, "ggd", ["jgz-visus"])["verzoekId"]
    city.answered(t)


def test_refused(city):
    refused(opened(city, [{"rol": "client"}], raw=True), 400, "invalid", "lid 1: geef een bsn, of een eigenKenmerk")
    refused(opened(city, [dict(own("jz-3"), bsn=CHILD)], raw=True), 400, "invalid", "lid 1: geef een bsn, of een eigenKenmerk")
    digits, letters = ("lid 1: kleine letters, cijfers en . _ : -, en geen negen cijfers",
                       "een naam bestaat uit kleine letters, cijfers en . _ : - (ten hoogste 64)")
    for name, text in (("123456789", digits), (CHILD, letters), ("Jansen", letters)):
        refused(opened(city, [own(name)], raw=True), 400, "invalid", text)
    refused(opened(city, [own("jz-3"), own("jz-3", "partner")], raw=True), 400, "invalid", "de leden 1 en 2 zijn dezelfde persoon")
    case = opened(city, [{"bsn": PARENT, "rol": "ouder"}, own("jz-4", "kind")])
    refused(link(city, case, PARENT, 2, raw=True), 409, "conflict", "dit is een ander lid van dezelfde zaak: twee leden van een zaak zijn niet één persoon")
    refused(link(city, case, PARENT, 1, raw=True), 409, "conflict", "dit lid heeft dit BSN al")
    refused(link(city, case, CHILD, 1, raw=True), 409, "conflict", "dit lid heeft al een ander BSN: personen met elk een BSN gaan niet samen")
    refused(link(city, case, CHILD, 3, raw=True), 404, "not-found", "Het bestaat niet, of u mag het niet zien.")
    refused(link(city, case, CHILD, 2, raw=True, function="teamleider"), 403, "forbidden", "geen geldende regel laat deze functie bsn-koppelen")
    refused(link(city, case, "999990018", 2, raw=True), 400, "invalid", "geen geldig burgerservicenummer (negen cijfers, elfproef)")
    check(decisions(city, case, 2) == ["geopend"], f"a refusal changed something: {decisions(city, case, 2)}")


def link_quietly(city, case):
    try:
        link(city, case, CHILD, raw=True)
    except OSError:
        pass


def test_killed_in_the_merge(city):
    """The gateway dies around a merge: the member is wholly the one or wholly the other; and the journal verifies."""
    rng, seed = seeded()
    city.impatient()
    theirs = opened(city, [{"bsn": CHILD, "rol": "client"}])
    city.ask(theirs, 1, "school", ["school-jaargroep"])
    for n in range(8):
        cases = [opened(city, [own(f"dood-{n}")]) for _ in range(12)]
        for c in cases:
            city.view(c, 1)  # an entry each in the dossier
        worker = threading.Thread(target=link_quietly, args=(city, cases[0]))
        worker.start()
        time.sleep(rng.random() * 0.02)
        city.gateway.kill()
        worker.join()
        city.start_gateway()
        wait_for("the API again", lambda: city.alive("/health/ready"))
        known = ["school-jaargroep" in city.values(c, 1) for c in cases]
        check(len(set(known)) == 1, f"seed {seed}, round {n}: {known}")
        told = "bsn-gekoppeld" in decisions(city, cases[0], 1)
        check(told == known[0], f"seed {seed}, round {n}: merged {known[0]}, in the dossier {told}")
        check(all(decisions(city, c, 1)[0] == "geopend" for c in cases), f"seed {seed}, round {n}: a dossier is gone")
        if not told:
            wait_for("the dossier before it moved", lambda: city.ctl("status", "--socket", city.control)["being_merged"] == 0)
            link(city, cases[0], CHILD)
            check(all("school-jaargroep" in city.values(c, 1) for c in cases), f"seed {seed}, round {n}: not merged after all")
    report = city.ctl(*flips.verify_args(city, city.copy(city.root / "copy-persons")))
    check(report["ok"], f"{report}")


def read_by_many(city, case, count):
    """So many entries in the dossier: a read is one."""
    def some():
        for _ in range(count // 8):
            city.view(case, 1)

    threads = [threading.Thread(target=some) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def test_a_long_dossier_goes_along(city):
    """It follows in steps after the merge: whoever reads meanwhile reads all of it, also after a kill in between."""
    theirs = opened(city, [{"bsn": PARTNER, "rol": "client"}])
    case = opened(city, [own("jz-lang")])
    read_by_many(city, case, 800)
    before = [e["journaalnummer"] for e in city.dossier(case, 1)]
    check(len(before) > 800, f"{len(before)} entries")
    moving = lambda: city.ctl("status", "--socket", city.control)["being_merged"]

    def whole(when):
        now = [e["journaalnummer"] for e in city.dossier(case, 1)]
        check(now[:len(before)] == before and now == sorted(set(now)), f"{when}: {len(now)} entries of {len(before)} and more")

    link(city, case, PARTNER)
    seen = moving()
    city.gateway.kill()
    city.start_gateway()
    wait_for("the API again", lambda: city.alive("/health/ready"))
    whole("after a kill")
    while moving():
        seen += 1
        whole("on its way")
    whole("when all has moved")
    check(decisions(city, case, 1).count("bsn-gekoppeld") == 1, f"{decisions(city, case, 1)[-5:]}")
    check(decisions(city, theirs, 1)[0] == "geopend", "the other file is gone")
    report = city.ctl(*flips.verify_args(city, city.copy(city.root / "copy-long")))
    check(report["ok"], f"{report}")
    print(f"a long dossier: seen on its way {seen} times")


def test_secret_by_either_name(city):
    """Two files become one person's: the address is secret in the cases of both when either said so."""
    hidden, theirs, here = (opened(city, [who]) for who in (own("jz-9"), {"bsn": PARENT, "rol": "client"}, own("jz-9")))
    city.change(hidden, "leden/1", {"geheimAdres": True, "zichtbaarVoor": []})
    check(not city.case(theirs)["leden"][0]["geheimAdres"], "nobody knows yet that it is the same person")
    link(city, here, PARENT)
    for case in (hidden, theirs, here):
        check(city.case(case)["leden"][0]["geheimAdres"], "told of one of the two names")
    city.change(here, "leden/1", {"geheimAdres": False, "zichtbaarVoor": []})
