"""A datum that no file of the party holds and the catalogue gives a form is typed by a person there (items 9, 14)."""
import json

from city import CHILD, PARENT
from house import NAME, check
from test_requests import case_of, held_by

ASKED = ["school-naam", "school-startkwalificatie", "school-zorgcoordinator"]
WRONG = (  # what is typed, the attribute, what is said
    ({"school-startkwalificatie": "ja"}, "school-startkwalificatie", "school-startkwalificatie must be true or false"),
    ({"school-startkwalificatie": "true", "school-zorgcoordinator": "\u00eb" * 201}, "school-zorgcoordinator",
     "school-zorgcoordinator must be at most 200 characters"),
    ({"school-startkwalificatie": "true", "school-zorgcoordinator": ""}, "school-zorgcoordinator",
     "school-zorgcoordinator must be 1 to 4096 bytes"),
)


def release(city, transaction, typed, fields=ASKED, **kw):
    return city.inbox("school", "release", transaction, "--fields", ",".join(fields), "--values", "-", "--by", "secretaris-1",
                      stdin=json.dumps(typed), **kw)


def test_one_is_typed_and_another_left_out(city):
    case = case_of(city)
    t = city.file(case, 2, "school", ASKED[1:])["verzoekId"]
    held_by(city, "school", t)
    release(city, t, {ASKED[1]: "false"}, fields=ASKED[1:2])
    got = {r["naam"]: (r["uitkomst"], r.get("reden")) for r in city.answered(t)["uitkomsten"]}
    check(got == {ASKED[1]: ("verstrekt", None), ASKED[2]: ("geweigerd", "niet-noodzakelijk")}, f"{got}")


def test_a_secretary_types_what_no_file_holds(city):
    """Held at a school that answers by itself; refused with the attribute and what to do; then sealed and signed as any."""
    case = case_of(city)
    t = city.file(case, 2, "school", ASKED)["verzoekId"]
    held_by(city, "school", t)
    fields = {f["name"]: f for f in city.inbox("school", "show", t)["fields"]}
    check([n for n in ASKED if fields[n]["to_type"]] == ASKED[1:], f"{fields}")
    check(fields[ASKED[0]]["values"] == ["Basisschool De Waterlelie"] and not fields[ASKED[1]]["values"], f"{fields}")
    check((fields[ASKED[1]]["type"], fields[ASKED[2]]["type"], fields[ASKED[2]]["max_length"]) == ("bool", "text", 200), f"{fields}")

    for typed, where, text in WRONG:
        code, out, err = release(city, t, typed, want=None)
        said = {"ok": False, "code": "invalid", "where": where, "text": f"{text}: type it so, or leave it out"}
        check(code == 4 and json.loads(err or out) == said, f"{code} {out}{err}")
    code, out, err = release(city, t, {ASKED[1]: "true"}, want=None)
    said = {"ok": False, "code": "invalid", "where": ASKED[2], "text": f"there is no value of {ASKED[2]} to release: type one, or leave it out"}
    check(code == 4 and json.loads(err or out) == said, f"{code} {out}{err}")
    check(city.request(t)["status"] != "beantwoord", "answered by what was refused")

    name = "\u00eb" * 200
    release(city, t, {ASKED[1]: "true", ASKED[2]: name})
    outcomes = {r["naam"]: r["uitkomst"] for r in city.answered(t)["uitkomsten"]}
    check(outcomes == dict.fromkeys(ASKED, "verstrekt"), f"{outcomes}")
    values = city.values(case, 2)
    check([values.get(n) for n in (ASKED[0], ASKED[2])] == ["Basisschool De Waterlelie", name], f"{values}")
    given = [d for d in city.inbox("school", "disclosed") if d["id"] == t]
    check([(d["by"], d["given"]) for d in given] == [("secretaris-1", ASKED)], f"{given}")
    receipt = city.root / "form.receipt"
    city.inbox("school", "receipt", t, "--of", "answer", "--out", receipt)
    facts = city.ctl("receipt", "verify", receipt, "--name", NAME, "--log-key", city.keys / "log.key.pub")
    check(facts["ok"] and facts["kind"] == "response" and facts["transaction"] == t, f"{facts}")


def test_nobody_types_of_whom_the_school_does_not_know(city):
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    got = city.ask(case, 1, "school", ASKED[1:])
    check({r["reden"] for r in got.values()} == {"persoon-niet-bekend"}, f"{got}")
