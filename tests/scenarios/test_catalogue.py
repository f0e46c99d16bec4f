"""The catalogue as an application's developer reads it: what this application's view can show, and nothing else."""
import re
import shutil

from house import TREE, check
from test_cases import refused
from test_rules import add_rule, reload

FRESH = True  # rules of its own
TYPES = {"text": "tekst", "date": "datum", "number": "getal", "amount": "bedrag", "bool": "ja-nee", "code": "code"}
CATEGORIES = {"ordinary": "gewoon", "financial": "financieel", "health": "gezondheid", "criminal": "strafrechtelijk",
              "identification": "identificatie"}


def rows():
    """Each row of catalogue.conf, by name, as the API should tell it."""
    out = {}
    for line in (TREE / "config/rules/catalogue.conf").read_text().splitlines():
        row = dict(re.findall(r'(\w+) = "?([^";]*)"?;', line)) if line.startswith("  { id = ") and "name" in line else None
        if row:
            told = {"nummer": int(row["id"]), "naam": row["name"], "omschrijving": row["title"], "type": TYPES[row["type"]],
                    "categorie": CATEGORIES[row["category"]], "bron": row["source"], "formaat": row.get("format"),
                    "lengte": int(row["max_length"]) if "max_length" in row else None, "codelijst": row.get("code_list"),
                    "ggm": row.get("ggm"), "bijDeBron": True if "at_source_s" in row else None}
            out[row["name"]] = {k: v for k, v in told.items() if v is not None}
    return out


def viewed(name):
    text = (TREE / "config/rules/views.conf").read_text()
    text = text[text.index(f'id = "{name}"'):]
    return set(re.findall(r'"([a-z0-9-]+)"', text[text.index("attributes = ["):text.index("]; }")]))


def catalogue(city, app, function="consulent"):
    a = city.call("GET", "/v1/catalogus", city.token(app, function))
    check(a.status == 200, f"{a.status} {a.body[:300]!r}")
    return a.json()


def test_what_a_view_can_show(city):
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    city.up(parties=(), rules=rules)
    before = city.status()["journal_entries"]
    all_rows = rows()
    for app, function, view in (("wmo-intake", "consulent", "wmo-zicht"), ("wmo-intake", "teamleider", "wmo-zicht-teamleider"),
                                ("pw-intake", "regisseur", "pw-zicht"), ("wgs-intake", "consulent", "wgs-zicht")):
        told = catalogue(city, app, function)
        check(len(viewed(view)) >= 4, view)
        want = sorted((all_rows[n] for n in viewed(view)), key=lambda row: row["nummer"])
        check(told["gegevens"] == want, f"{view}: {[x for x in told['gegevens'] if x not in want]} {[x for x in want if x not in told['gegevens']]}")
        lists = {x["naam"]: x["codes"] for x in told["codelijsten"]}
        check(set(lists) == {row["codelijst"] for row in want if "codelijst" in row}, f"{view}: {set(lists)}")
        if "tlv-categorie" in lists:
            check(lists["tlv-categorie"][1] == {"code": "H", "omschrijving": "Hoog"}, f"{lists}")
    check(catalogue(city, "clientportaal", "client")["gegevens"] == [], "a portal has no view")
    refused(city.call("GET", "/v1/catalogus", city.token("wmo-intake", "schoonmaker")), 403, "forbidden",
            "geen geldende regel laat deze functie iets doen")
    check(city.call("GET", "/v1/catalogus").status == 401, "without a token")
    check(city.status()["journal_entries"] == before + 1, "reading it is no entry; that it was refused is one")

    told = catalogue(city, "wmo-intake")
    check(told["regelset"] == city.ctl("config", "check", "--rules", rules)["hash"], f"{told['regelset']}")
    add_rule(rules)
    check(catalogue(city, "wmo-intake")["regelset"] == told["regelset"], "before the reload")
    now = reload(city)["hash"]
    check(catalogue(city, "wmo-intake")["regelset"] == now != told["regelset"], "after the reload")
