"""Teams and deputies at a party: whose a request is, who decides, and the party's own log of it (item 40)."""
from datetime import date, timedelta

from city import CHILD, PARENT
from house import check
from test_requests import held_by

FRESH = True


def day(n):
    return (date.today() + timedelta(days=n)).isoformat()


def staff():
    return f'''
staff = {{
  persons = ( {{ who = "jeugdarts-7"; teams = ["jgz"]; }}, {{ who = "jeugdarts-9"; teams = ["jgz"]; }},
              {{ who = "assistent-3"; teams = ["balie"]; }}, {{ who = "assistent-4"; teams = ["balie"]; }} );
  work = ( {{ owner = "jgz"; categories = ["health"]; }}, {{ owner = "balie"; }} );
  deputies = ( {{ who = "assistent-3"; for = "jeugdarts-7"; from = "{day(-1)}"; until = "{day(2)}"; }},
               {{ who = "assistent-4"; for = "jeugdarts-7"; from = "{day(-9)}"; until = "{day(-1)}"; }} );
}};
'''


def refused(city, *args, **kw):
    code, out, err = city.inbox("ggd", *args, want=None, **kw)
    check(code == 4, f"exit {code}: {out}{err}")
    return out + err


def test_teams_and_deputies(city):
    city.up(parties=("ggd",))
    city.adapters["ggd"].stop()
    city.start_adapter("ggd", city.adapter_config("ggd", staff()))
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    first, second = (city.file(case, 2, "ggd", [a])["verzoekId"] for a in ("jgz-lengte", "jgz-gewicht"))
    for t in (first, second):
        held_by(city, "ggd", t)
    check({i["owner"] for i in city.inbox("ggd", "list")} == {"jgz"}, "health data belong to the team")
    check(len(city.inbox("ggd", "list", "--who", "assistent-3")) == 2, "what a deputy may decide today")
    check(city.inbox("ggd", "list", "--who", "assistent-4") == [], "a deputy whose time is over")
    for who, words in (("assistent-4", "this request is team jgz's"), ("stagiair", "not among the party's staff")):
        for verb in (("release", first, "--fields", "jgz-lengte"), ("refuse", first, "--reason", "beroepsgeheim"),
                     ("ask", first, "--question", "-")):
            said = refused(city, *verb, "--by", who, stdin="Waarvoor?")
            check(words in said, f"{verb[0]} by {who}: {said}")
    check(city.request(first)["status"] == "open", "nothing left")
    city.inbox("ggd", "release", first, "--fields", "jgz-lengte", "--by", "assistent-3")
    city.answered(first)
    check("no person and no team" in refused(city, "assign", second, "--to", "niemand", "--by", "jeugdarts-9"), "to whom")
    check("team jgz's" in refused(city, "assign", second, "--to", "balie", "--by", "assistent-4"), "by whom")
    check("by is a pseudonym" in refused(city, "assign", second, "--to", "jeugdarts-9", "--by", "Jan Jansen"), "a name")
    city.inbox("ggd", "assign", second, "--to", "jeugdarts-9", "--by", "jeugdarts-7")
    said = refused(city, "release", second, "--fields", "jgz-gewicht", "--by", "assistent-3")
    check("this request is jeugdarts-9's" in said, said)
    city.inbox("ggd", "release", second, "--fields", "jgz-gewicht", "--by", "jeugdarts-9")
    city.answered(second)
    log = {e["id"]: (e["by"], e["for"], e["given"]) for e in city.inbox("ggd", "disclosed")}
    check(log == {first: ("assistent-3", "jeugdarts-7", ["jgz-lengte"]), second: ("jeugdarts-9", "", ["jgz-gewicht"])}, f"{log}")
    right = city.root / "right.json"
    right.write_text('{"jgz-lengte": "121"}')
    said = refused(city, "correct", first, "--values", right, "--why", "-", "--by", "assistent-4", stdin="Verkeerd gemeten")
    check("team jgz's" in said, said)
