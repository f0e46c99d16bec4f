"""What was registered for one law serves another only by a rule (item 1)."""
import json
import re
import shutil
from datetime import datetime, timezone

from city import CHILD
from house import TREE, check
from test_discrepancies import says
from test_outcomes import shown
from test_requests import held_by
from test_rules import reload

FRESH = True
TODAY = datetime.now(timezone.utc).strftime("%Y-%m-%d")
RULE = f'''reuse = (
  {{ id = "proef-hergebruik"; article = "Wams art. 5.4.1"; from = "{TODAY}";
    from_laws = ["wmo"]; laws = ["jeugdwet"]; attributes = ["jgz-gedrag"]; }}
);
'''


def asked(city, case, name, app):
    """The state of a request by this application, just filed."""
    return city.file(case, 1, "ggd", [name], app=app)


def test_reuse_by_rule(city):
    """Without a rule the other law sees nothing and asks the source; with one it sees, and the register answers it."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    views = rules / "views.conf"
    shipped = views.read_text()
    views.write_text(re.sub(r"\nreuse = \(.*?\n\);\n", "\nreuse = ( );\n", shipped, flags=re.S))
    city.up(parties=("ggd",), rules=rules)
    case = city.open_case([(CHILD, "client")], laws=("wmo", "jeugdwet"))
    for name, value in (("jgz-gedrag", "Druk"), ("jgz-stemming", "Somber")):
        says(city, "ggd", asked(city, case, name, "wmo-intake")["verzoekId"], name, value)
        check([d["waarde"] for d in shown(city, case, 1, name)] == [value], f"{name}: its own law")
        check(shown(city, case, 1, name, app="jeugd-intake") == [], f"{name}: another law, without a rule")

    state = asked(city, case, "jgz-stemming", "jeugd-intake")
    check(state["status"] == "open", f"the register answers another law: {state}")
    path = city.root / "again.json"
    path.write_text(json.dumps({"jgz-stemming": "Somber"}))
    t = state["verzoekId"]
    held_by(city, "ggd", t)
    city.inbox("ggd", "release", t, "--fields", "jgz-stemming", "--values", path, "--by", "jeugdarts-7")
    city.answered(t, "jeugd-intake")
    for app in ("wmo-intake", "jeugd-intake"):
        check([d["waarde"] for d in shown(city, case, 1, "jgz-stemming", app=app)] == ["Somber"], f"{app}: asked for both laws")

    views.write_text(re.sub(r"\nreuse = \( \);\n", "\n" + RULE, views.read_text()))
    reload(city)
    check([d["waarde"] for d in shown(city, case, 1, "jgz-gedrag", app="jeugd-intake")] == ["Druk"], "the rule does not hold")
    state = asked(city, case, "jgz-gedrag", "jeugd-intake")
    check(state["status"] == "beantwoord", f"the register does not answer: {state}")
