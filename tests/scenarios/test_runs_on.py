"""What runs about a person when it turns out who that is: a look in acute danger, one into a colleague's view, what the client asked, what is
restricted (item 39)."""
import flips
from city import CHILD
from house import check, wait_for
from test_cases import decisions, refused
from test_deadlines import soon
from test_dossier import decide, filed, restrict
from test_persons import link, opened, own
from test_views import LOOK, look

FRESH = True


def forget(city, person, want=0):
    """By two persons' word; the error of the one who may not, else nothing."""
    for by in ("fg-1", "fg-2"):
        code, _, err = city.ctl("subject", "forget", "--by", by, "--reason", "avg-17", "--socket", city.control, stdin=person + "\n",
                                want=None)
        if code != want:
            return f"{code} {err}"
        if want:
            return err
    return ""


def test_what_runs_goes_on(city):
    """A look in acute danger, one into a colleague's view, and what the client asked: and what is restricted: each holds after the
    merge, once."""
    city.up(parties=("school",))
    theirs = city.open_case([(CHILD, "client")])
    city.ask(theirs, 1, "school", ["school-aandachtspunten"])
    a = city.call("POST", "/v1/zaken", city.token("wmo-intake"), {
        "soort": "client", "leden": [own("jz-loopt")], "bereik": {"wetten": ["wmo", "participatiewet", "wgs"], "domeinen": ["onderwijs"]},
        "aanleiding": "Gezien op het spreekuur"})
    check(a.status == 201, f"{a.status} {a.body!r}")
    case = a.json()["zaakId"]
    glass = {"lid": 1, "attributen": ["school-aandachtspunten"], "minuten": 30, "motivering": "In acuut gevaar, adres leeg"}
    city.change(case, "noodinzage", glass, app="pw-intake")
    check(city.view(case, 1, app="pw-intake", attributes=glass["attributen"])["gegevens"] == [], "nothing is known of who has no number")
    city.change(case, "fase", {"overgang": "start-coordinatie", "coordinator": {"wie": "gemeente", "niveau": "licht"}})
    city.change(case, "inzage", LOOK)
    city.change(case, "inzage/1/besluit", {"verleend": True}, app="wgs-intake", function="regisseur", employee="rg-1")
    check(look(city, case, 1).json()["gegevens"] == [], "nothing here either")
    asked = filed(city, case, 1, "inzage")
    number = [e["journaalnummer"] for e in city.dossier(case, 1) if e.get("besluit") == "over-inzage-besloten"][0]
    check(restrict(city, case, 1, number, {"reden": "Zonnebloem", "toetsing": soon(30 * 86400)}).status == 201, "not restricted")
    hidden = [e for e in city.dossier(case, 1) if e["journaalnummer"] == number]
    check([e["soort"] for e in hidden] == ["beperkt"], f"{hidden}")
    mark = city.view(case, 1)["sinds"]
    before = decisions(city, case, 1)
    link(city, case, CHILD)

    seen = city.view(case, 1, app="pw-intake", attributes=glass["attributen"])
    check(seen["weergave"] == "noodinzage" and len(seen["gegevens"]) == 1, f"{seen}")
    check(look(city, case, 1).status == 200 and look(city, case, 1, employee="mw-2").status == 404, "whose look it is")
    now = city.case(case)
    check([x["status"] for x in now["inzages"]] == ["open"] and len(now["noodinzages"]) == 1, f"{now}")
    check(decisions(city, case, 1)[:len(before)] == before, "what the client read of it is gone")
    check([e for e in city.dossier(case, 1) if e["journaalnummer"] == number] == hidden, "what was restricted is told")
    a = restrict(city, case, 1, number, {"reden": "Nagegaan"}, end="/opheffing")
    check(a.status == 201, f"{a.status} {a.body!r}")
    check([e.get("besluit") for e in city.dossier(case, 1) if e["journaalnummer"] == number] == ["over-inzage-besloten"], "not opened again")
    since = [d for d in decisions(city, case, 1)[len(before) + 1:] if d != "toegestaan"]  # with the one that was restricted; reads
    check(since == ["bsn-gekoppeld", "noodinzage", "inzage-bij-collega", "beperking-opgeheven"], f"{since}")
    city.change(case, "noodinzage/1/beoordeling", {"terecht": True, "motivering": "Bevestigd"}, app="pw-intake", function="teamleider",
                employee="tl-1")
    a = city.call("GET", f"/v1/zaken/{case}/leden/1/weergave?sinds={mark}", city.token("wmo-intake"))
    refused(a, 400, "invalid", "deze bladwijzer hoort niet bij deze weergave: begin zonder sinds")
    for c in (case, theirs):  # the client's, in every case of the client
        a = city.call("GET", f"/v1/zaken/{c}/leden/1/avg-verzoeken?namens=1", city.token("clientportaal", "client", "client-1"))
        check([(x["avgVerzoekId"], x["stand"], x["uiterlijk"]) for x in a.json()["avgVerzoeken"]] ==
              [(asked["avgVerzoekId"], "ontvangen", asked["uiterlijk"])], f"{a.body!r}")
    decide(city, case, 1, asked["avgVerzoekId"], "toewijzen")
    decide(city, case, 1, asked["avgVerzoekId"], "afronden", "Uitgereikt")

    check("is a member of an open case: close it first" in forget(city, "jz-loopt", 4), "forgotten by the old name")
    for c in (case, theirs):
        city.change(c, "fase", {"overgang": "niet-samenhangend"} if c == theirs else {"overgang": "sluiten"})
    err = forget(city, "jz-loopt")
    check(not err, f"{err}")
    wait_for("the rows gone", lambda: city.ctl("status", "--socket", city.control)["being_cleared"] == 0)
    check(city.values(opened(city, [own("jz-loopt")]), 1) == {}, "the name leads to who was forgotten")
    report = city.ctl(*flips.verify_args(city, city.copy(city.root / "copy-runs")))
    check(report["ok"], f"{report}")
