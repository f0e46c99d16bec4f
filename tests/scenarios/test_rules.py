"""The rules change under a running gateway: checked, put in force without a restart, or refused whole; every set that was
in force is kept, and what was decided can be judged again by the rules of its own moment."""
import json
import shutil
import signal
from datetime import datetime, timedelta, timezone

from city import CHILD, PARTIES, RESEARCH, City
from house import NAME, TREE, check, wait_for

FRESH = True
TODAY = datetime.now(timezone.utc).strftime("%Y-%m-%d")
TOMORROW = (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%Y-%m-%d")
CONSENT = dict(RESEARCH, basis="avg-6.1.d")
RULE = f'''  ,{{ id = "proef-vitaal"; article = "AVG art. 6 lid 1 onder d"; from = "{TODAY}";
    laws = ["wmo"]; functions = ["consulent"]; phases = ["research"]; purposes = ["onderzoek-meervoudige-problematiek"];
    legal_bases = ["avg-6.1.d"]; domains = ["onderwijs"]; categories = ["ordinary"]; obligations = ["notify-client"]; }}
);
'''


def up(city):
    """A house with rules of its own, the school alone, and a case."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    city.up(parties=("school",), rules=rules)
    return rules, city.open_case([(CHILD, "client")])


def add_rule(rules, text=RULE):
    path = rules / "rules.conf"
    path.write_text(path.read_text().rstrip().removesuffix(");") + text)


def reload(city, want=0):
    return city.ctl("config", "reload", "--reason", "proef", "--by", "beheer-1", "--socket", city.control, want=want)


def asks(city, case):
    return city.file(case, 1, "school", ["school-naam"], how=CONSENT, raw=True).status


def test_a_rule_comes_without_a_restart(city):
    rules, case = up(city)
    check(asks(city, case) == 403, "the basis is permitted before there is a rule")
    before = reload(city)
    check(before["outcome"] == "unchanged", f"{before}")
    add_rule(rules)
    done = reload(city)
    check(done["outcome"] == "changed" and done["hash"] != before["hash"], f"{done}")
    check(asks(city, case) in (200, 202), "the rule does not hold after the reload")
    sets = city.ctl("config", "history", "--socket", city.control)
    check([s["hash"] for s in sets] == [before["hash"], done["hash"]], f"{sets}")

    city.stop()
    city.start_gateway()
    check(city.ctl("config", "history", "--socket", city.control) == sets, "a start with the same rules is no change")


def unused(city, rules):
    """A datum that nothing fills, or no view shows, comes into no set: by the check, a reload and a start."""
    catalogue = rules / "catalogue.conf"
    sound = catalogue.read_text()
    row = next(x for x in sound.splitlines() if '"wmo-hulpvraag"' in x)
    more = row.rstrip(",").replace("wmo-hulpvraag", "wmo-proef").replace(row.split(";")[0], "{ id = 8999")
    for text, words in ((more, 'no view shows "wmo-proef": add it to the attributes of one (views.conf): '),
                        (more.replace(" form = true;", ""), 'nothing fills "wmo-proef": name the mapping that does '
                         '(mapping = "..."), or say that a person types it (form = true): ')):
        catalogue.write_text(sound.replace(row, f"  {text},\n{row}"))
        where = f"{catalogue}:{sound[:sound.index(row)].count(chr(10)) + 1}"
        check(catalogue.read_text() != sound, text)
        want = {"where": where, "text": f'{words}"{text[:120]}..."'}
        for code, _, err in (city.ctl("config", "check", "--rules", rules, want=None), reload(city, want=None)):
            said = json.loads(err)
            check(code in (1, 4) and {k: said[k] for k in want} == want, f"exit {code}: {said}, not {want}")
    catalogue.write_text(sound)


def test_what_is_wrong_is_refused_whole(city):
    rules, case = up(city)
    sound = (rules / "rules.conf").read_text()
    history = city.ctl("config", "history", "--socket", city.control)
    unused(city, rules)
    wrong = {
        "no purpose is called": (sound.replace('purposes = ["arbeidstoeleiding"]', 'purposes = ["zomaar"]', 1), "zomaar"),
        "was changed": (sound.replace('["release-by-person"]', '["notify-client"]', 1), "notify-client"),
        "is gone or changed": (sound.replace('id = "toestemming"', 'id = "toestemmingen"', 1), "rules = ("),
    }
    for words, (text, on) in wrong.items():
        (rules / "rules.conf").write_text(text)
        code, _, err = reload(city, want=None)
        check(code == 4, f"{words}: exit {code} {err}")
        said = json.loads(err)
        check(words in said["text"], f"{words}: {said}")
        name, line = said["where"].rsplit(":", 1)
        check(name.endswith("rules.conf"), f"{said}")
        near = text.splitlines()[int(line) - 1:int(line) + 5]
        check(any(on in x for x in near), f"{words}: line {line} is {near}")
    check(city.ctl("config", "history", "--socket", city.control) == history, "a refused set is kept")
    check(asks(city, case) == 403, "a refused set decides")
    ask = city.ask(case, 1, "school", ["school-naam"])
    check(ask, "the old rules do not hold any more")

    # the same at the start: an edit while nobody looked
    views = (rules / "views.conf").read_text()
    edits = {"was changed": ("rules.conf", sound, wrong["was changed"][0], "rules.conf:"),
             'no view shows "politie-huisverbod"': ("views.conf", views, views.replace(', "politie-huisverbod"', ""), "catalogue.conf:")}
    city.gateway.stop()
    for words, (name, right, edited, where) in edits.items():
        check(edited != right, words)
        (rules / name).write_text(edited)
        try:
            city.start_gateway()
            check(False, "it starts with rules that were edited")
        except AssertionError as e:
            check("ended" in str(e), str(e))
        starts = [e for e in city.gateway.events() if e.get("event") == "sluisd.start"]
        check(starts and words in starts[-1]["text"] and where in starts[-1]["where"], f"{starts}")
        (rules / name).write_text(right)
    city.start_gateway()


def test_by_signal(city):
    rules, case = up(city)
    (rules / "rules.conf").write_text("rules = (")
    city.gateway.child.send_signal(signal.SIGHUP)
    city.gateway.wait_event("rules.refused")
    refused = [e for e in city.gateway.events() if e["event"] == "rules.refused"]
    check("rules.conf:1" in refused[0]["where"] and refused[0]["text"], f"{refused}")
    check(asks(city, case) == 403, "half a set decides")

    shutil.copy(TREE / "config" / "rules" / "rules.conf", rules)
    add_rule(rules)
    city.gateway.child.send_signal(signal.SIGHUP)
    city.gateway.wait_event("rules.reloaded")
    check(asks(city, case) in (200, 202), "the rule does not hold after the signal")


def test_checked_before(city):
    rules, _ = up(city)
    old = city.root / "old"
    city.ctl("config", "export", "--out", old, "--socket", city.control)
    for path in sorted(old.iterdir()):
        check(path.read_bytes() == (rules / path.name).read_bytes(), f"{path.name} is not what was read")
    check(len(list(old.iterdir())) == 11, "eleven files")
    good = city.ctl("config", "check", "--config", city.root / "sluisd.conf", "--against", old)
    readme = (TREE / "config" / "README.md").read_text()
    check(f"has {good['attributes']} data " in readme, f"config/README.md says another number than {good['attributes']}")
    named = (rules / "catalogue.conf").read_text().count('ggm = "')
    check(f"; {named} have a name in the\nGemeentelijk" in readme, f"config/README.md says another number than {named}")
    check(good["attributes"] >= 120 and good["hash"] == city.ctl("config", "check", "--rules", old)["hash"], f"{good}")
    short = city.root / "short.conf"
    short.write_text((city.root / "sluisd.conf").read_text().replace("jwks.json", "jwks.jsn"))
    code, _, err = city.ctl("config", "check", "--config", short, want=None)
    check(code == 1 and "tokens.jwks of" in json.loads(err)["text"], f"{code} {err}")
    path = rules / "rules.conf"
    path.write_text(path.read_text().replace("from = \"2026-01-01\";", f"from = \"2026-01-01\"; until = \"{TOMORROW}\";", 1))
    city.ctl("config", "check", "--rules", rules, "--against", old)
    path.write_text(path.read_text().replace(TOMORROW, TODAY, 1))
    code, _, err = city.ctl("config", "check", "--rules", rules, "--against", old, want=None)
    check(code == 1 and "tomorrow or later" in json.loads(err)["text"], f"{code} {err}")
    code, _, err = city.ctl("config", "check", want=None)
    check(code in (1, 2) and "--rules" in err, f"{code} {err}")


def explain(city, case, *more, plain=False, want=0, basis="avg-6.1.d", attributes="school-naam,school-diagnose,nergens"):
    return city.ctl("policy", "explain", "--case", case, "--application", "wmo-intake", "--function", "consulent", "--domain",
                    "onderwijs", "--purpose", "onderzoek-meervoudige-problematiek", "--basis", basis, "--attributes",
                    attributes, "--socket", city.control, *more, plain=plain, want=want)


def explained_for_a_party(city, case):
    """What a request to one party would be told, and by which agreement; the request itself is told the same."""
    school = PARTIES["school"][0]

    def judged(party=school, want=0, plain=False, attributes="school-naam", purpose="onderzoek-meervoudige-problematiek", **more):
        options = [x for key, value in more.items() for x in (f"--{key}", value)]
        return city.ctl("policy", "explain", "--case", case, "--application", "wmo-intake", "--function", "consulent",
                        "--party", party, "--purpose", purpose, "--basis", "wams-5.4.1", "--attributes", attributes, *options,
                        "--socket", city.control, plain=plain, want=want)

    said = judged()["answers"][0]
    name, version = said["covenant"], said["version"]
    check(said["decision"] == "permit" and said["rules"] == ["onderzoek-gewoon"] and name and version == 1 and said["own_law"], f"{said}")
    text = judged(plain=True)
    check(f"  covenant    {name}, version 1\n" in text and f"  own law     {said['own_law']}\n" in text, text)

    code, _, err = judged(party=PARTIES["ggd"][0], want=None)
    check(code == 4 and json.loads(err)["text"] == "not in the directory: see `party list`", f"{code} {err}")
    code, _, err = judged(domain="ggd", want=None)
    check(code and json.loads(err)["text"] == "the party is in the domain onderwijs", f"{code} {err}")
    code, _, err = city.ctl("policy", "explain", "--rules", TREE / "config/rules", "--party", school, "--application", "a", "--function",
                            "f", "--purpose", "p", "--basis", "b", "--attributes", "x", want=None)
    check(code and "a folder of rules knows no party" in err, f"{code} {err}")

    city.ctl("party", "suspend", school, "--reason", "proef", "--by", "beheer-1", "--socket", city.control)
    said = judged()["answers"][0]
    check(said["decision"] == "deny" and said["rules"] == ["suspended"] and said["obligations"] == [], f"{said}")
    city.ctl("party", "resume", school, "--reason", "proef", "--by", "beheer-1", "--socket", city.control)
    check(judged()["answers"][0]["decision"] == "permit", "resumed, and still denied")

    agreed = city.ctl("agreement", "list", "--socket", city.control)
    for who in ("anna", "bram"):
        city.ctl("agreement", "revoke", agreed[0]["id"], "--reason", "proef", "--by", who, "--socket", city.control)
    said = judged()["answers"][0]
    check(said["decision"] == "deny" and said["rules"] == ["agreement"] and said["covenant"] == name and "revoked" in said["why"], f"{said}")
    asked = city.file(case, 1, "school", ["school-naam"], raw=True)
    check(asked.status == 422 and name in asked.json()["detail"], f"{asked.status} {asked.body!r}")


def test_explained_by_the_rules_of_the_moment(city):
    rules, case = up(city)
    denied = explain(city, case)["answers"]
    check([a["decision"] for a in denied] == ["deny"] * 3, f"{denied}")
    check([a["rules"] for a in denied] == [["default-deny"], ["default-deny"], ["catalogue"]], f"{denied}")
    near = {n["rule"]: n["does_not_fit"] for n in denied[0]["near"]}
    check(near["onderzoek-gewoon"] == ["legal basis"], f"{near}")
    permitted = explain(city, case, basis="wams-5.4.1")["answers"][1]
    check(permitted["decision"] == "permit" and permitted["rules"] == ["onderzoek-gezondheid"] and permitted["articles"]
          and permitted["obligations"] == ["release-by-person", "notify-client"], f"{permitted}")

    before = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    add_rule(rules)
    now_in_force = reload(city)["hash"]
    after = explain(city, case)
    check(after["hash"] == now_in_force and after["answers"][0]["rules"] == ["proef-vitaal"], f"{after}")
    check(after["answers"][1]["decision"] == "deny", f"{after}")
    then = explain(city, case, "--at", before)
    check(then["hash"] != now_in_force and then["answers"] == denied, f"the rules of then: {then}")
    code, _, err = explain(city, case, "--at", "2020-01-01", want=None)
    check(code == 1 and "no rules were in force yet" in err, f"{code} {err}")
    code, _, err = explain(city, "0" * 32, want=None)
    check(code == 1 and "no such case" in err, f"{code} {err}")

    # an auditor has the exported set and no gateway
    out = city.root / "then"
    city.ctl("config", "export", "--at", before, "--out", out, "--socket", city.control)
    alone = city.ctl("policy", "explain", "--rules", out, "--application", "wmo-intake", "--function", "consulent", "--domain",
                     "onderwijs", "--phase", "research", "--purpose", "onderzoek-meervoudige-problematiek", "--basis",
                     "avg-6.1.d", "--attributes", "school-naam,school-diagnose,nergens")
    check(alone["hash"] == then["hash"] and alone["answers"] == denied, f"{alone}")
    text = explain(city, case, plain=True)
    check("permit  school-naam" in text and "proef-vitaal" in text and "because" in text, text)
    explained_for_a_party(city, case)


def test_every_entry_names_its_rules(city):
    """Refused, then permitted by a rule that came: each entry is judged again by the rules of its own moment, and by those alone."""
    rules, case = up(city)
    sets = [reload(city)["hash"]]
    first = city.file(case, 1, "school", ["school-naam"])["verzoekId"]
    check(asks(city, case) == 403, "permitted before there is a rule")
    add_rule(rules)
    sets.append(reload(city)["hash"])
    second = city.file(case, 1, "school", ["school-jaargroep"], how=CONSENT)["verzoekId"]
    add_rule(rules, RULE.replace("proef-vitaal", "proef-later").replace('"avg-6.1.d"', '"avg-6.1.a"'))
    sets.append(reload(city)["hash"])
    check(len(set(sets)) == 3, f"{sets}")
    for t in (first, second):
        city.answered(t)
    city.gateway.kill()  # and started again: the sets are read back from the journal's own store
    city.start_gateway()
    check([s["hash"] for s in city.ctl("config", "history", "--socket", city.control)] == sets, "the sets that were in force")
    for t, by, own, basis, name in ((first, "onderzoek-gewoon", sets[0], "wams-5.4.1", "school-naam"),
                                    (second, "proef-vitaal", sets[1], "avg-6.1.d", "school-jaargroep")):
        entry = next(e for e in city.trace(t) if e["kind"] == "request")
        check((entry["rules"], entry["rule_set"]) == ([by], own), f"{entry}")
        then = explain(city, case, "--at", entry["when"], basis=basis, attributes=name)
        check(then["hash"] == own and then["answers"][0]["rules"] == [by], f"{then}")
        receipt = city.root / f"{entry['index']}.receipt"
        city.ctl("receipt", "get", "--by", "controleur-1", entry["index"], "--out", receipt, "--socket", city.control)
        facts = city.ctl("receipt", "verify", receipt, "--name", NAME, "--log-key", city.keys / "log.key.pub")
        check((facts["rules"], facts["rule_set"]) == ([by], own), f"{facts}")
        out = city.root / own
        city.ctl("config", "export", "--at", entry["when"], "--out", out, "--socket", city.control)
        check(city.ctl("config", "check", "--rules", out)["hash"] == own, "the exported set is another")
    before = explain(city, case, "--at", next(e for e in city.trace(first) if e["kind"] == "request")["when"], attributes="school-naam")
    check(before["answers"][0]["rules"] == ["default-deny"], f"a rule that came later decides about what was before: {before}")


def add_application(rules, name):
    """An application as wmo-intake is, which may do what that does from today on."""
    path = rules / "applications.conf"
    text = path.read_text()
    begin = text.index('  { id = "wmo-intake"')
    end = text.index("\n    ); }", begin) + len("\n    ); }")
    copy = text[begin:end].replace('"wmo-intake"', f'"{name}"').replace('"2026-01-01"', f'"{TODAY}"')
    path.write_text(text[:begin] + copy + ",\n" + text[begin:])


def test_who_joins_is_configuration(city):
    """An application and a party come to a running gateway by a file and by commands: both talk to it alone (item 5)."""
    rules, of_others = up(city)
    new = "wmo-loket-noord"
    a = city.call("GET", f"/v1/zaken/{of_others}", city.token(new))
    check(a.status == 403 and "deze toepassing mag niet" in a.json()["detail"], f"{a.status} {a.body!r}")
    add_application(rules, new)
    check(reload(city)["outcome"] == "changed", "an application more is no change")
    case = city.open_case([(CHILD, "client")], app=new)

    oin, title, domain = PARTIES["ggd"]
    before = city.file(case, 1, "ggd", ["jgz-lengte"], app=new, raw=True)
    check(before.status == 422 and before.json()["code"] == "unknown-party", f"{before.status} {before.body!r}")
    city.make_party("ggd", oin, title, domain, city.agreed("ggd"))
    city.start_adapter("ggd", city.adapter_config("ggd"))
    city.wait_connected("ggd")
    filed = city.file(case, 1, "ggd", ["jgz-lengte"], app=new)["verzoekId"]
    waiting = wait_for("the request in the party's inbox", lambda: city.ctl("inbox", "list", "--socket", city.adapter_control("ggd")))
    check([r["id"] for r in waiting] == [filed], f"{waiting}")
    city.inbox("ggd", "release", filed, "--fields", "jgz-lengte", "--by", "arts-1")
    check(city.answered(filed, new)["uitkomsten"][0]["uitkomst"] == "verstrekt", "no answer")
