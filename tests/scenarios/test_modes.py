"""Test and production do not mix, and a clock that is wrong is named (item 42).

Numbers of nobody stand for real ones: city.NOBODY, and OINs with the prefix 99999999, which no register hands out."""
import json
import re

from city import CHILD, NOBODY, PARTIES, PURPOSES
from house import GATEWAY_OIN, TREE, check, wait_for
from test_cases import refused
from test_operators import OPERATORS

FRESH = True  # each its own mode
NOBODYS_CITY = "99999999000000001000"
NOBODYS_GP = "99999999000000006300"
NOBODYS_SCHOOL = "99999999000000002000"
CLOCK_MS = 300000  # ahead


def in_production(city):
    """The gateway of a municipality that is nobody's, in production, with the example's rules for its OIN."""
    rules = city.root / "rules"
    rules.mkdir()
    for file in (TREE / "config" / "rules").glob("*.conf"):
        (rules / file.name).write_text(file.read_text().replace(GATEWAY_OIN, NOBODYS_CITY))
    city.oin, city.mode = NOBODYS_CITY, "production"
    city.make(OPERATORS, rules=rules)
    city.start_gateway()
    city.start_http()
    check(city.status()["mode"] == "production", f"{city.status()}")


def enrol(city, name, oin, want):
    folder = city.root / "adapters" / name
    city.ctl("key", "new", "--dir", folder, "--oin", oin)
    return city.ctl("party", "enrol", "--request", folder / "enrolment.json", "--name", name, "--domain", "onderwijs", "--by", "anna",
                    "--socket", city.control, want=want)


def not_enrolled(ended, text):
    code, out, err = ended
    check(code == 4 and json.loads(err or out) == {"ok": False, "code": "mode", "where": "oin", "text": text}, f"{code} {out}{err}")


def does_not_start(process, text):
    process.start()
    wait_for(f"{process.name} ends", lambda: not process.running())
    check(process.child.returncode != 0 and text in process.tail(), f"exit {process.child.returncode}: {process.tail()}")


def opening(city, bsn, oin):
    return city.call("POST", "/v1/zaken", city.token("wmo-intake", oin=oin), {
        "soort": "client", "leden": [{"bsn": bsn, "rol": "client"}], "bereik": {"wetten": ["wmo"], "domeinen": []},
        "aanleiding": "Meervoudige problematiek"})


def concern(bsn, **kw):
    return {"kind": "concern", "body": {"subject": {"bsn": bsn}, "concern": "Mishandeling vermoed", "reporter": "huisarts"}, **kw}


def test_production_takes_no_test_identifier(city):
    in_production(city)
    not_enrolled(enrol(city, "proefschool", PARTIES["school"][0], want=None), "a test OIN in production")
    enrol(city, "school", NOBODYS_SCHOOL, want=0)
    check([p["oin"] for p in city.ctl("party", "list", "--socket", city.control)].count(NOBODYS_SCHOOL) == 1, "not enrolled")

    a = opening(city, NOBODY, GATEWAY_OIN)
    refused(a, 422, "mode", "een test-OIN in productie")
    a = opening(city, CHILD, NOBODYS_CITY)
    refused(a, 422, "mode", "lid 1: testpersonen en echte personen gaan niet samen")
    check(CHILD not in a.body.decode(), "a person number in a problem")
    a = opening(city, NOBODY, NOBODYS_CITY)
    check(a.status == 201, f"{a.status} {a.body!r}")

    gp = city.bus_party("huisarts", NOBODYS_GP, "Huisarts", "huisarts", {"purposes": PURPOSES, "gives": ("health",)})
    answer = gp.say(concern(CHILD))
    check((answer["code"], answer["text"]) == ("mode", "test and real persons do not mix"), f"{answer}")
    check(gp.say(concern(NOBODY))["code"] == "ok", "no test person, refused")
    gp.close()


def test_test_takes_no_real_identifier(city):
    city.up(parties=())
    not_enrolled(enrol(city, "school", NOBODYS_SCHOOL, want=None), "a real OIN in test mode")
    enrol(city, "proefschool", PARTIES["school"][0], want=0)

    refused(opening(city, CHILD, NOBODYS_CITY), 422, "mode", "een echte OIN in testmodus")
    refused(opening(city, NOBODY, GATEWAY_OIN), 422, "mode", "lid 1: testpersonen en echte personen gaan niet samen")
    check(opening(city, CHILD, GATEWAY_OIN).status == 201, "a test person in test mode, refused")

    gp = city.bus_party("huisarts", "00000099000000006300", "Huisarts", "huisarts")
    answer = gp.say(concern(NOBODY))
    check((answer["code"], answer["text"]) == ("mode", "test and real persons do not mix"), f"{answer}")
    gp.close()


def test_no_program_starts_in_the_wrong_mode(city):
    """The gateway by its own OIN; an adapter by its own, and by the persons in its party's files."""
    city.up(parties=("school",))
    school = city.adapters["school"]
    right = city.adapter_config("school")
    real_mode = right.replace("test_mode = true", "test_mode = false")

    def with_config(text):
        school.stop()
        (city.root / "adapters" / "school" / "adapter.conf").write_text(text)

    with_config(real_mode)
    does_not_start(school, "a test organisation (00000099...) without test_mode")
    with_config(right.replace(PARTIES["school"][0], NOBODYS_SCHOOL))
    does_not_start(school, "test_mode takes test organisations (00000099...) only")
    with_config(real_mode.replace("00000099", "99999999"))
    school.start("source.file-refused")
    said = [(e["code"], e["text"]) for e in school.events() if e["event"] == "source.file-refused"]
    check(set(said) == {("mode", "holds test persons, and this is not test mode")}, f"{said}")

    city.gateway.stop()
    for oin, mode in ((GATEWAY_OIN, "production"), (NOBODYS_CITY, "test")):
        city.oin, city.mode = oin, mode
        city.write_gateway()
        does_not_start(city.gateway, 'prefix 00000099 belongs to mode \\"test\\", and to it alone')


def test_a_wrong_clock_is_named(city):
    """How far it is ahead, in milliseconds, and how much is allowed."""
    city.up(parties=())
    gp = city.bus_party("huisarts", "00000099000000006300", "Huisarts", "huisarts", {"purposes": PURPOSES, "gives": ("ordinary",)})
    answer = gp.say(concern(CHILD, ahead_ms=CLOCK_MS))
    named = re.fullmatch(r"created (\d+) ms ahead of this clock, at most 120000 are allowed: compare the clocks", answer["text"])
    check(answer["code"] == "not-yet-valid" and named, f"{answer}")
    check(CLOCK_MS - 30000 <= int(named[1]) <= CLOCK_MS, f"{answer}")
    check(gp.say(concern(CHILD, ahead_ms=60000))["code"] == "ok", "a minute ahead, refused")
    answer = gp.say(concern(CHILD, ahead_ms=-CLOCK_MS * 12))
    named = re.fullmatch(r"expired (\d+) ms ago: send it anew", answer["text"])
    check(answer["code"] == "expired" and named and 3000000 - 1000 <= int(named[1]) <= 3030000, f"{answer}")
    gp.close()
