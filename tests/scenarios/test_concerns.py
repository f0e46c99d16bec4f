"""Reports of concern: so many a day of one party and no more, and who decides on them (item 25)."""
import shutil

from city import CHILD, PARENT, PURPOSES
from house import TREE, check
from test_cases import concern_api, refused

FRESH = True


def concern(bsn):
    return {"kind": "concern", "body": {"subject": {"bsn": bsn}, "concern": "Mishandeling vermoed", "reporter": "huisarts"}}


def test_so_many_a_day(city):
    city.up(parties=(), limits="concerns_per_day = 2; ")
    gp, ggd = (city.bus_party(name, oin, name, "huisarts", {"purposes": PURPOSES, "gives": ("health",)})
               for name, oin in (("huisarts", "00000099000000006300"), ("jeugdarts", "00000099000000006301")))
    check([gp.say(concern(bsn))["code"] for bsn in (CHILD, CHILD, PARENT)] == ["ok", "ok", "too-many"], "the third of a day")
    city.gateway.kill()
    city.start_gateway()
    last = gp.say(concern(PARENT))
    check(last["code"] == "too-many" and "at most 2 reports" in last["text"] and PARENT not in last["text"], last)
    check(ggd.say(concern(PARENT))["code"] == "ok", "another party's is taken")
    gp.close()
    ggd.close()


def test_who_reports_decides_where_the_rules_say_so(city):
    """Another person decides, but for the applications with same_person in force."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    path = rules / "applications.conf"
    text, right = path.read_text(), '{ act = "decide-concern"; functions = ["consulent", "regisseur"]; '
    at = text.index(right, text.index('id = "jeugd-intake"')) + len(right)
    path.write_text(text[:at] + "same_person = true; " + text[at:])
    city.up(parties=(), rules=rules)
    for app, alone in (("wmo-intake", False), ("jeugd-intake", True)):
        a = concern_api(city, "POST", "", {"bsn": CHILD, "zorg": "Het kind komt zonder eten op school"}, app, employee="mw-7")
        check(a.status == 201, f"{a.status} {a.body!r}")
        say = {"onderzoek": False, "motivering": "De school helpt al"}
        a = concern_api(city, "POST", f"/{a.json()['meldingId']}/uitkomst", say, app, employee="mw-7")
        if alone:
            check(a.status == 200 and a.json()["status"] == "geen-onderzoek", f"{a.status} {a.body!r}")
        else:
            refused(a, 403, "forbidden", "wie het indiende, besluit er niet zelf over: laat een collega met deze functie besluiten")
