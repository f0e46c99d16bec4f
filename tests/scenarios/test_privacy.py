"""What is stored and what is logged names no person and holds no content: every file and log of a whole story is read
through for the person numbers, values and words that went round in it."""
import json
import re

from city import CHILD, PARENT, PARTNER, REFUSING, WORK
from house import check, wait_for

SECRET_WORDS = ("Zonnebloemvraag", "Waterlelienoodzaak", "Korenveldaanleiding", "Wilgentoelichting", "Lindewaarde")
# Shorter ones ("7", "true") are met by accident.
SHORTEST = 6


def story(city):
    """Full, refused, held and released, typed, not known, from the register, refused by the gateway, looked at.
    Returns every value that was given."""
    ask, need, reason, say, typed = SECRET_WORDS
    words = {"motivation": f"Nodig om te bepalen welke hulp past: {ask}", "necessity": f"Zonder dit gaat het niet: {need}"}
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind"), (PARTNER, "partner"), (REFUSING, "kind")],
                          reason=f"Meervoudige problematiek: {reason}")
    city.ask(case, 2, "school", ["school-naam", "school-aandachtspunten", "school-advies-toelichting"], **words)
    city.ask(case, 4, "school", ["school-naam"], **words)
    city.ask(case, 1, "wgs", ["wgs-totaal-schuldbedrag", "wgs-vrij-te-laten-bedrag"], **words)
    city.ask(case, 3, "wgs", ["wgs-toekenningsdatum"], **words)
    city.answered(city.file(case, 1, "wgs", ["wgs-totaal-schuldbedrag"], app="pw-intake", how=WORK, **words)["verzoekId"],
                  app="pw-intake")
    t = city.file(case, 1, "politie", ["politie-betrokkenheid"], **words)["verzoekId"]
    held(city, "politie", t)
    city.inbox("politie", "release", t, "--fields", "politie-betrokkenheid", "--values", "-", "--by", "wijkagent-3",
               stdin=json.dumps({"politie-betrokkenheid": typed}))
    city.answered(t)
    t = city.file(case, 2, "ggd", ["jgz-gedrag", "jgz-stemming"], **words)["verzoekId"]
    held(city, "ggd", t)
    city.inbox("ggd", "show", t)
    city.inbox("ggd", "release", t, "--fields", "jgz-gedrag", "--by", "arts-1")
    city.answered(t)
    t = city.file(case, 2, "ggd", ["jgz-gehoor"], **words)["verzoekId"]
    held(city, "ggd", t)
    city.inbox("ggd", "refuse", t, "--reason", "beroepsgeheim", "--explanation", "-", "--by", "arts-1", stdin=say)
    city.answered(t)
    city.file(case, 1, "school", ["school-naam"], how=dict(WORK, basis="avg-6.1.e"), raw=True, **words)
    city.call("GET", f"/v1/personen/{PARENT}", city.token("wmo-intake"))
    city.call("GET", f"/v1/verzoeken?bsn={PARENT}", city.token("wmo-intake"))
    values = set()
    for member in (1, 2, 3, 4):
        values.update(d["waarde"] for d in city.view(case, member)["gegevens"])
        values.update(d["waarde"] for d in city.view(case, member, app="pw-intake")["gegevens"])
        city.dossier(case, member)
    check(typed in values and len(values) >= 5, f"the story gave too little to look for: {values}")
    return values


def held(city, party, transaction):
    wait_for(f"{party} holds it", lambda: any(i["id"] == transaction and i["state"] == "held"
                                              for i in city.inbox(party, "list")))


def findings(city, needles):
    """[(file, needle)]: the parties' own source files apart, everything below the city's folder, names included."""
    found = []
    seen = 0
    for path in sorted(city.root.rglob("*")):
        below = path.relative_to(city.root)
        if not path.is_file() or "files" in below.parts:
            continue
        data = str(below).encode() + b"\0" + path.read_bytes()
        seen += 1
        found += [(str(below), n) for n in needles if n.encode() in data or n.encode().hex().encode() in data]
    check(seen > 20, f"only {seen} files were there to look at")
    return found


def test_nothing_in_clear(city):
    values = story(city)
    needles = {v for v in values if len(v) >= SHORTEST} | set(SECRET_WORDS) | {PARENT, CHILD, PARTNER, REFUSING}
    (city.root / "canary").write_text(f"x{CHILD}x")
    found = findings(city, needles)
    check(found == [("canary", CHILD)], f"in clear bytes: {found}")
    (city.root / "canary").unlink()


def test_operators_see_no_content(city):
    """What operators and monitoring are shown: numbers and codes."""
    needles = {PARENT, CHILD, PARTNER, REFUSING, *SECRET_WORDS}
    case = city.open_case([(CHILD, "kind")], reason=SECRET_WORDS[2])
    state = city.file(case, 1, "school", ["school-soort"], motivation=f"Waarom: {SECRET_WORDS[0]}", necessity=SECRET_WORDS[1])
    city.answered(state["verzoekId"])
    shown = {
        "trace": json.dumps(city.trace(state["verzoekId"])),
        "status": json.dumps(city.status()),
        "inbox list": json.dumps(city.inbox("school", "list")),
        "metrics": city.call("GET", "/metrics").body.decode(),
        "ready": city.call("GET", "/health/ready").body.decode(),
        "problem": city.call("GET", f"/v1/personen/{CHILD}", city.token("wmo-intake")).body.decode(),
        "case": city.call("GET", f"/v1/zaken/{case}", city.token("wmo-intake")).body.decode(),
    }
    for name, text in shown.items():
        check(text and not any(n in text for n in needles), f"{name} shows content: {text[:300]}")


def test_a_number_is_no_name(city):
    """Roles, pseudonyms and scopes stand in clear rows and in headers: a person number is not taken for one."""
    def opened(**changes):
        body = {"soort": "client", "leden": [{"bsn": CHILD, "rol": "kind"}],
                "bereik": {"wetten": ["wmo"], "domeinen": ["onderwijs"]}, "aanleiding": "Proef", **changes}
        return city.call("POST", "/v1/zaken", city.token("wmo-intake"), body).status
    check(opened() == 201, "the case itself is in order")
    check(opened(leden=[{"bsn": CHILD, "rol": CHILD}]) == 400, "a person number as a role")
    check(opened(bereik={"wetten": ["wmo"], "domeinen": [f"kind:{CHILD}"]}) == 400, "a person number in the scope")


def test_reads_are_in_the_dossier(city):
    """Who looked stands in the client's dossier: organisation, application, function, attributes, and the look itself."""
    case = city.open_case([(CHILD, "kind")])
    city.ask(case, 1, "school", ["school-soort"])
    city.view(case, 1)
    reads = [e for e in city.dossier(case, 1) if e["soort"] == "inzage"]
    check(len(reads) == 1, f"one look, {len(reads)} lines")
    for field in ("wanneer", "van", "toepassing", "functie", "attributen", "journaalnummer"):
        check(reads[0].get(field) is not None, f"the line lacks {field}: {reads[0]}")
    check("school-soort" in reads[0]["attributen"], f"{reads[0]}")
    again = city.dossier(case, 1)
    check([e["soort"] for e in again].count("dossier") == 1, f"the look into the dossier itself: {again}")


def test_no_core_dumps(city):
    """The memory of the programs holds keys and data of persons; no crash writes it to a file."""
    for p in city.processes():
        limits = open(f"/proc/{p.child.pid}/limits", encoding="ascii").read()
        check(re.search(r"Max core file size +1 +1 ", limits), f"{p.name}: {limits.splitlines()[5]}")
