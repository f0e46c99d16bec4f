"""Data that stay at their source: a view shows that they are there, and fetches them (item 4)."""
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

from city import CHILD, PARTIES, RESEARCH
from house import SLOW, TREE, check, wait_for
from test_forget import cleared, close, forget
from test_import import BASIS, bring, line, verified, write
from test_persons import link, own, opened
from test_requests import back, held_by

FRESH = True
SHIPPED = "politie-inzet-deze-week"  # stays at its source in the rules as they are shipped
SECONDS = 2 + int(SLOW)  # a value that was fetched is here so long


def up(city, names, parties=("school",)):
    """A city in which these data stay at their source, of which the register knows that they are there."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    catalogue = rules / "catalogue.conf"
    text = catalogue.read_text()
    for name in names:
        text, n = re.subn(rf'(name = "{name}";[^\n]*?) \}}', rf'\1 at_source_s = {SECONDS}; }}', text)
        check(n == 1, name)
    catalogue.write_text(text)
    city.up(parties=parties, rules=rules)
    for party, prefix in (("school", "school"), ("ggd", "jgz")):
        mine = [n for n in names if n.startswith(prefix)]
        if mine:
            path = write(city, [line(CHILD, n, "") for n in mine], f"{party}.jsonl")
            bring(city, path, "--source", PARTIES[party][0])


def datum(city, case, name, app="wmo-intake"):
    found = [d for d in city.view(case, 1, app)["gegevens"] if d["naam"] == name]
    check(len(found) == 1, f"{found}")
    return found[0]


def of(told):
    return told["status"], told.get("reden"), told.get("verzoekId")


def fetched(city, case, name):
    return wait_for("the value", lambda: d if (d := datum(city, case, name))["bijDeBron"]["status"] == "opgehaald" else None)


def test_fetched_when_read(city):
    """Asked once on the reader's behalf, shown for a short time in this case, gone after, and fetched again."""
    up(city, ["school-naam"])
    for bad, text in ((line(CHILD, "school-naam", "De Wilg"), "stays at its source"), (line(CHILD, "school-soort", ""), "waarde is missing")):
        told = city.ctl("register", "import", write(city, [bad], "bad.jsonl"), "--basis", BASIS, "--by", "beheer-1", "--reason", "overgang",
                        "--source", PARTIES["school"][0], "--socket", city.control, want=None)
        check(told[0] and text in told[2], f"{told}")
    case, other = (city.open_case([(CHILD, "client")], laws=("wmo", "jeugdwet")) for _ in range(2))
    first = datum(city, case, "school-naam")
    check(first["waarde"] == "" and first["verwijzing"] and first["bron"] == PARTIES["school"][0], f"{first}")
    check(first["bijDeBron"]["status"] == "wordt-opgehaald", f"{first}")
    got = fetched(city, case, "school-naam")
    check(got["waarde"] and got["bijDeBron"]["tot"] and "verzoekId" not in got["bijDeBron"], f"{got}")
    t = first["bijDeBron"]["verzoekId"]
    check(city.request(t)["doel"] == RESEARCH["purpose"] and t in [e.get("verzoekId") for e in city.dossier(case, 1)], "no request like any other")
    check(datum(city, other, "school-naam")["waarde"] == "", "shown in another case")
    fetched(city, other, "school-naam")
    again = datum(city, case, "school-naam")
    check(again["waarde"] == "" and again["bijDeBron"]["verzoekId"] != t, f"still kept for the case before: {again}")
    fetched(city, case, "school-naam")
    wait_for("over", lambda: datum(city, case, "school-naam")["waarde"] == "")
    third = city.open_case([(CHILD, "client")], laws=("jeugdwet",))
    check(datum(city, third, "school-naam", "jeugd-intake")["bijDeBron"]["status"] == "bij-de-bron", "another law has no fetch of its own")


def test_away_and_refused(city):
    """The source is away: asked once and not again; it refuses: said, and not asked again at once; nobody may ask: said."""
    up(city, ["school-naam", "jgz-gehoor"], parties=("school", "ggd", "politie"))
    city.adapters["school"].kill()
    case = city.open_case([(CHILD, "client")])
    first = datum(city, case, "school-naam")["bijDeBron"]
    check(first["status"] == "wordt-opgehaald" and datum(city, case, "school-naam")["bijDeBron"] == first, "asked twice")
    city.start_adapter("school", city.adapter_config("school"))
    fetched(city, case, "school-naam")
    t = datum(city, case, "jgz-gehoor")["bijDeBron"]["verzoekId"]
    held_by(city, "ggd", t)
    city.inbox("ggd", "refuse", t, "--reason", "opsporingsbelang", "--by", "jeugdarts-7")
    city.answered(t)
    told = datum(city, case, "jgz-gehoor")
    check(told["waarde"] == "" and of(told["bijDeBron"]) == ("geweigerd", "opsporingsbelang", t), f"{told}")
    bring(city, write(city, [line(CHILD, SHIPPED, "")], "shipped.jsonl"), "--source", PARTIES["politie"][0])
    t = datum(city, case, SHIPPED)["bijDeBron"]["verzoekId"]
    held_by(city, "politie", t)
    values = city.root / "values.json"
    values.write_text(json.dumps({SHIPPED: "true"}))
    city.inbox("politie", "release", t, "--fields", SHIPPED, "--values", values, "--by", "wijkagent-4")
    city.answered(t)
    check(fetched(city, case, SHIPPED)["waarde"] == "true", "what the shipped catalogue leaves at the police")
    narrow = city.open_case([(CHILD, "client")], laws=("wmo",), domains=("ggd",))
    told = city.view(narrow, 1, attributes=["school-naam"])["gegevens"]
    check(told == [], f"told that a source has it that the client leaves out: {told}")
    later = city.open_case([(CHILD, "client")], laws=("wmo", "wgs"), domains=("onderwijs",))
    city.change(later, "fase", {"overgang": "start-coordinatie", "coordinator": {"wie": "gemeente", "niveau": "licht"}})
    told = datum(city, later, "school-naam")["bijDeBron"]
    check(of(told) == ("niet-opgehaald", "niet-toegestaan", None) and told["uitleg"], f"{told}")


def test_shared_and_killed(city):
    """Readers at once share one request, as do those of another application of that law; it outlives kill -9; a correction that
    takes the datum back takes away that it is there."""
    up(city, ["school-naam"])
    city.adapters["school"].kill()
    case = city.open_case([(CHILD, "client")])
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: datum(city, case, "school-naam")["bijDeBron"], range(16)))
    t = {x["verzoekId"] for x in told}
    check(len(t) == 1 and {x["status"] for x in told} == {"wordt-opgehaald"} and told[0]["uitleg"], f"{told}")
    t = t.pop()
    city.gateway.kill()
    back(city)
    check(datum(city, case, "school-naam")["bijDeBron"].get("verzoekId") == t, "asked again after the kill")
    city.start_adapter("school", city.adapter_config("school"))
    got = fetched(city, case, "school-naam")
    check(city.values(case, 1)["school-naam"] == got["waarde"], "two readers, two values")
    check(len([e for e in city.dossier(case, 1) if e["soort"] == "verzoek"]) == 1, "more than one request")
    wait_for("over", lambda: datum(city, case, "school-naam")["waarde"] == "")


def test_forgotten_meanwhile(city):
    """A person who is forgotten while a source is asked: what it says after that finds nobody, and nothing of it stays."""
    up(city, ["school-naam"])
    other = opened(city, [own("jz-9")])
    check(city.values(other, 1) == {}, "of somebody whom no party can be asked")
    link(city, other, CHILD)
    city.adapters["school"].kill()
    case = city.open_case([(CHILD, "client")])
    for c in (case, other):
        check(datum(city, c, "school-naam")["bijDeBron"]["status"] == "wordt-opgehaald", "not asked")
        close(city, c)
    forget(city, CHILD, "beheer-1")
    forget(city, CHILD, "beheer-2")
    city.start_adapter("school", city.adapter_config("school"))
    cleared(city)
    again = city.open_case([(CHILD, "client")])
    check(city.values(again, 1) == {}, "of who was forgotten")
    check(verified(city)["ok"], "the store")
