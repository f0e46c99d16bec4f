"""A party takes part by agreement: proposed, filed, signed by both, judged at routing, ending, revoked by two."""
import json
import re

import flips
from city import CHILD, PARENT, PARTIES
from house import GATEWAY_OIN, check, wait_for

SCHOOL = PARTIES["school"][0]
HOUSING = ("woonplein", "00000099000000006000", "GGD Woonplein", "ggd")
RESEARCH = ("onderzoek-meervoudige-problematiek",)


def case_of(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind")])


def by(city, who="anna"):
    return ("--by", who, "--socket", city.control)


def refused(city, case, party, attributes, status, code, text):
    a = city.file(case, 2, party, attributes, raw=True)
    p = a.json()
    check(a.status == status and p["code"] == code, f"wanted {status} {code}: {a.status} {p}")
    check(re.fullmatch(re.escape(text).replace(r"\{\}", ".+"), p["detail"]), f"{text}: {p}")
    check(CHILD not in json.dumps(p), p)
    return p


def test_each_refusal_by_http(city):
    """In Dutch, as a civil servant reads it; which covenant, and what it lacks."""
    case = case_of(city)
    name, oin, title, domain = HOUSING
    city.make_party(name, oin, title, domain)
    # who judges learns of a party just after it is in the directory
    wait_for("the party is known", lambda: city.file(case, 2, oin, ["jgz-activiteit"], raw=True).json()["code"] != "unknown-party", 10)
    p = refused(city, case, oin, ["jgz-activiteit"], 422, "agreement-missing", f"Met {title} is geen convenant gesloten.")
    check(p["title"] == "Geen convenant" and p["waar"] == "partij", p)
    file = city.propose(name, purposes=RESEARCH, gives=("ordinary",))
    id_ = city.ctl("agreement", "file", file, *by(city))["id"]
    refused(city, case, oin, ["jgz-activiteit"], 422, "agreement-one-signature",
            f"Convenant samenwerking, versie 1, met {title} is nog niet door de gemeente ondertekend.")
    city.ctl("agreement", "accept", id_, *by(city, "bram"))
    p = refused(city, case, oin, ["jgz-activiteit", "jgz-lengte"], 403, "agreement-category",
                f"Volgens convenant samenwerking, versie 1, geeft {title} dit gegeven niet.")
    check(p["waar"] == "jgz-lengte", p)
    city.agree(name, 2, purposes=("casusoverleg",), gives=("ordinary",))
    p = refused(city, case, oin, ["jgz-activiteit"], 403, "agreement-purpose",
                f"Convenant samenwerking, versie 2, met {title} noemt het doel {RESEARCH[0]} niet: daarvoor is een nieuwe versie nodig.")
    check(p["waar"] == "doel", p)
    city.agree(name, 3, purposes=RESEARCH, gives=("ordinary",), attributes=("jgz-a*",))
    check(city.file(case, 2, oin, ["jgz-activiteit"], raw=True).status == 202, "what it names passes")
    p = refused(city, case, oin, ["jgz-activiteit", "jgz-vorm-activiteit"], 403, "agreement-category",
                f"Volgens convenant samenwerking, versie 3, geeft {title} dit gegeven niet.")
    check(p["waar"] == "jgz-vorm-activiteit", "of one category, and not of the classes it names")


def test_the_party_signs_offline(city):
    file = city.propose("ggd", 7, covenant="toekomst", purposes=RESEARCH, gives=("health",))
    text = json.loads(file.read_text())
    check(text["agreement"]["party"] == PARTIES["ggd"][0] and text["agreement"]["municipality"] == GATEWAY_OIN, text)
    check(len(text["party_signature"]) == 128 and "municipality_signature" not in text, text)
    code, _, err = city.ctl("agreement", "propose", "--dir", city.root / "adapters" / "ggd" / "keys", "--municipality", GATEWAY_OIN,
                            "--covenant", "x", "--text", file, "--purposes", "jeugdhulp", "--until", "2099-01-01", "--out", file,
                            want=None)
    check(code == 5 and "gives" in err, f"nothing given, nothing asked: {code} {err}")
    text["agreement"]["gives"] = ["health", "criminal"]  # more than was signed
    file.write_text(json.dumps(text))
    code, _, err = city.ctl("agreement", "file", file, *by(city), want=None)
    check(code == 4 and "bad-signature" in err, f"{code} {err}")
    code, _, err = city.ctl("agreement", "file", city.root / "convenant.txt", *by(city), want=None)
    check(code == 5 and "line 1" in err, f"{code} {err}")


def test_list_show_and_renewal(city):
    rows = city.ctl("agreement", "list", "--socket", city.control)
    mine = [r for r in rows if r["oin"] == SCHOOL]
    check(len(mine) == 1 and mine[0]["state"] == "in-force" and mine[0]["covenant"] == "samenwerking", mine)
    shown = city.ctl("agreement", "show", mine[0]["id"], "--socket", city.control)
    check(shown["file"]["agreement"]["gives"] == ["ordinary", "health"] and shown["accepted"][:2] == "20", shown)
    check("samenwerking" in city.ctl("agreement", "list", "--socket", city.control, plain=True), "the table")
    check(city.ctl("agreement", "needs-renewal", "--socket", city.control) == [], "nothing ends soon")
    due = city.ctl("agreement", "needs-renewal", "--days", "3660", "--socket", city.control)
    check(due == [], f"nor in ten years: {due}")
    city.agree("ggd", covenant="proef", until="2027-01-01", purposes=("jeugdhulp",), gives=("ordinary",))
    due = city.ctl("agreement", "needs-renewal", "--days", "3660", "--socket", city.control, want=1)
    check([(r["covenant"], r["valid_until"]) for r in due] == [("proef", "2027-01-01")], due)
    lines = city.call("GET", "/metrics").body.decode().splitlines()
    ends = [int(x.split()[1]) for x in lines if x.startswith("sluis_party_agreements_end_seconds ")]
    check(ends == [1798761600], f"the metric names the first end, 2027-01-01: {ends}")
    city.agree("ggd", 2, covenant="proef", until="2099-01-01", purposes=("jeugdhulp",), gives=("ordinary",))
    check(city.ctl("agreement", "needs-renewal", "--days", "3660", "--socket", city.control) == [], "it goes on")


def test_revocation(city):
    case = case_of(city)
    id_ = [r["id"] for r in city.ctl("agreement", "list", "--socket", city.control) if r["oin"] == SCHOOL][0]
    city.adapters["school"].stop()
    waiting = city.file(case, 2, "school", ["school-naam"])["verzoekId"]
    why = ("--reason", "opgezegd")
    check(city.ctl("agreement", "revoke", id_, *why, *by(city))["outcome"] == "proposed", "one is not enough")
    city.ctl("agreement", "revoke", id_, *why, *by(city), want=4)
    check(city.request(waiting)["status"] == "open", "nothing has happened yet")
    check(city.ctl("agreement", "revoke", id_, *why, *by(city, "bram"))["outcome"] == "revoked", "two are")
    r = city.request(waiting)
    check(r["status"] == "teruggestuurd" and r["reden"] == "agreement-revoked", r)
    refused(city, case, "school", ["school-naam"], 422, "agreement-revoked",
            "Convenant samenwerking, versie 1, met Basisschool De Sluis is ingetrokken op {}.")
    # it stays revoked when the gateway was killed, and a new version puts it right
    city.gateway.kill()
    city.start_gateway()
    wait_for("the API is back", lambda: city.alive("/health/ready"))
    refused(city, case, "school", ["school-naam"], 422, "agreement-revoked",
            "Convenant samenwerking, versie 1, met Basisschool De Sluis is ingetrokken op {}.")
    city.agree("school", 2, **city.agreed("school"))
    city.adapters["school"].start()
    city.wait_connected("school")
    check(city.ask(case, 2, "school", ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", "it takes part again")


def test_the_copy_verifies(city):
    """With the directory key all signatures of the agreements are checked; a flipped bit of one is found."""
    copy = city.copy(city.root / "agreed-copy")
    sound = city.ctl(*flips.verify_args(city, copy, "--free"))
    free = flips.FreeRanges(sound["free"])
    name = "store/data.mdb"
    raw = (copy / name).read_bytes()
    places = [at for at in range(len(raw)) if raw.startswith(b"samenwerking", at)]
    found = 0
    for at in places:
        flips.flip(copy / name, at, 1)
        code, out, _ = city.ctl(*flips.verify_args(city, copy), want=None)
        flips.flip(copy / name, at, 1)
        check(code == 1 or free.holds(name, at), f"byte {at} was changed, and the verifier says {code}: {out}")
        found += code == 1
    check(found >= 5, f"{found} of {len(places)} found: five agreements at least stand in the copy")
