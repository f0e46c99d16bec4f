#!/usr/bin/python3
"""The main job, played by real processes, each step checked here. Last line: "demo: ok", or what went wrong (exit 1).

    demo.py [--keep] [--seed N] BIN      BIN = the folder of the programs, build/rel/bin
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))
import flips
from attack import attack
from city import CHILD, PARENT, PARTIES, PARTNER, WORK, City
from house import GATEWAY_OIN, ISSUER, Failed, check, seeded, wait_for
from load import Load
from opener import Opener
from test_discrepancies import differ, listed, resolve
from test_document import document
from test_dossier import filed
from test_forget import files_with, forget
from test_views import LOOK, decisions, look

KILLS = 20
FLIPS = 1000
TTY = sys.stdout.isatty()


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if TTY else text


class Teller:
    """What people see."""

    def __init__(self):
        self.began = self.step_began = time.monotonic()

    def step(self, n, title):
        self.step_began = time.monotonic()
        print(f"\n{paint('1', f'{n}. {title}')}", flush=True)

    def ok(self, text, ms=None):
        took = "" if ms is None else paint("2", f"  {ms:.0f} ms")
        print(f"   {paint('32', 'ok')} {text}{took}", flush=True)

    def line(self, text):
        print(f"      {text}", flush=True)

    def took(self):
        print(paint("2", f"   {time.monotonic() - self.step_began:.1f} s"), flush=True)


class Story:
    def __init__(self, city, rng, say):
        self.city, self.rng, self.say = city, rng, say
        self.case = None
        self.others = []  # cases of the child beside it, still open
        self.asked = {}

    # 1
    def set_up(self):
        c, say = self.city, self.say
        say.step(1, "Keys, parties, processes")
        c.up(bench=True)
        say.ok(f"sluisd       pid {c.gateway.child.pid:<7} bus  {c.endpoint} (CURVE)")
        say.ok(f"sluis-http   pid {c.http.child.pid:<7} http://127.0.0.1:{c.ports['http']}/v1")
        for name, (oin, title, domain) in PARTIES.items():
            say.ok(f"adapter      pid {c.adapters[name].child.pid:<7} {title} ({domain}, {oin})")
        listed = c.ctl("party", "list", "--socket", c.control)
        oins = {p["oin"] for p in listed}
        check({oin for oin, *_ in PARTIES.values()} <= oins, f"the directory lists only {sorted(oins)}")
        agreed = c.ctl("agreement", "list", "--socket", c.control)
        check(len(agreed) == 5 and all(a["state"] == "in-force" for a in agreed), f"the agreements: {agreed}")
        say.ok(f"{len(agreed)} agreements, signed by both: without one nothing is routed")
        ready = c.call("GET", "/health/ready")
        check(ready.status == 200, f"/health/ready: {ready.status} {ready.body!r}")
        say.ok("/health/ready: store, bus and journal really tried")
        say.took()

    # 2
    def ask(self):
        c, say = self.city, self.say
        say.step(2, "The Wmo application opens a household case and asks four parties")
        self.case = c.open_case([(PARENT, "ouder"), (CHILD, "kind"), (PARTNER, "partner")])
        say.ok(f"case {self.case}: three members, scope wmo, participatiewet, wgs, onderwijs, politie, ggd")
        for key, member, party, attributes in (
            ("school", 2, "school", ["school-jaargroep", "school-verzuim-ongeoorloofd", "school-aandachtspunten"]),
            ("politie", 1, "politie", ["politie-verdenking"]),
            ("ggd", 2, "ggd", ["jgz-lengte", "jgz-gewicht", "jgz-gehoor"]),
            ("wgs", 1, "wgs", ["wgs-totaal-schuldbedrag", "wgs-begeleiding-soort"]),
            ("partner", 3, "wgs", ["wgs-totaal-schuldbedrag"]),
        ):
            began = time.monotonic()
            state = c.file(self.case, member, party, attributes)
            self.asked[key] = (state["verzoekId"], began, attributes)
            say.ok(f"{PARTIES[party][1]}, member {member}: {', '.join(attributes)}", (time.monotonic() - began) * 1000)
        say.took()

    def answer(self, key):
        """Waits for the answer; its results by attribute, and its time."""
        transaction, began, attributes = self.asked[key]
        state = self.city.answered(transaction)
        results = {r["naam"]: r for r in state["uitkomsten"]}
        check(set(results) == set(attributes), f"{key}: asked {attributes}, results for {sorted(results)}")
        return results, (time.monotonic() - began) * 1000

    def tell(self, key, results, ms):
        outcome = ", ".join(f"{a}: {r['uitkomst']}" + (f" ({r['reden']})" if r.get("reden") else "") for a, r in results.items())
        self.say.ok(f"{key}: {outcome}", ms)

    def expect(self, key, wanted):
        results, ms = self.answer(key)
        got = {a: r["uitkomst"] for a, r in results.items()}
        check(got == wanted, f"{key}: {got}, wanted {wanted}")
        for a, r in results.items():
            check(r["uitkomst"] == "verstrekt" or r.get("reden"), f"{key}: {a} is {r['uitkomst']} without a reason")
        self.tell(key, results, ms)
        return results

    # 3
    def answers(self):
        c, say = self.city, self.say
        say.step(3, "The answers")
        self.expect("school", {a: "verstrekt" for a in self.asked["school"][2]})
        refused = self.expect("politie", {"politie-verdenking": "geweigerd"})
        check(refused["politie-verdenking"]["reden"] == "opsporingsbelang", f"the police's reason: {refused}")
        transaction, began, attributes = self.asked["ggd"]
        held = wait_for("the GGD's inbox", lambda: [i for i in c.inbox("ggd", "list") if i["state"] == "held"])
        check(len(held) == 1, f"the GGD holds {len(held)} requests")
        time.sleep(0.2)
        check(c.request(transaction)["status"] != "beantwoord", "the GGD's answer left before a person released it")
        say.ok("ggd: held; nothing leaves before a person at the GGD decides")
        self.clarify(transaction, held[0]["id"])
        c.inbox("ggd", "release", held[0]["id"], "--fields", "jgz-lengte,jgz-gehoor", "--by", "jeugdarts-7")
        self.expect("ggd", {"jgz-lengte": "verstrekt", "jgz-gewicht": "geweigerd", "jgz-gehoor": "verstrekt"})
        self.expect("wgs", {a: "verstrekt" for a in self.asked["wgs"][2]})
        self.expect("partner", {"wgs-totaal-schuldbedrag": "niet-bekend"})
        say.took()

    def clarify(self, transaction, at_ggd):
        """The GGD asks before it decides; the Wmo consultant answers."""
        c, say = self.city, self.say
        question, answer = "Gaat het om de laatste meting?", "Ja, de laatste meting volstaat."
        c.inbox("ggd", "ask", at_ggd, "--question", "-", "--by", "jeugdarts-7", stdin=question)
        began = time.monotonic()
        asked = wait_for("the GGD's question", lambda: c.request(transaction).get("toelichtingen"), 10, 0.01)
        check(asked[0]["vraag"] == question, f"the question: {asked}")
        a = c.call("POST", f"/v1/verzoeken/{transaction}/toelichting", c.token("wmo-intake"), {"vraag": 1, "antwoord": answer})
        check(a.status == 200, f"the clarification: {a.status} {a.body!r}")
        wait_for("the answer at the GGD", lambda: [x for x in c.inbox("ggd", "show", at_ggd)["dialogue"] if x["text"] == answer], 10, 0.05)
        say.ok(f"ggd asks: {question} wmo-intake answers: {answer}", (time.monotonic() - began) * 1000)

    def correct(self):
        """The GGD corrects what it gave; who read the old value is told."""
        c, say = self.city, self.say
        transaction = self.asked["ggd"][0]
        values = c.root / "correction.json"
        values.write_text(json.dumps({"jgz-lengte": "131"}))
        old = c.values(self.case, 2)["jgz-lengte"]
        c.inbox("ggd", "correct", transaction, "--values", values, "--why", "-", "--by", "jeugdarts-7", stdin="Verkeerd overgenomen.")
        wait_for("the correction", lambda: c.values(self.case, 2)["jgz-lengte"] == "131", 10, 0.05)
        say.ok(f"ggd corrects jgz-lengte: {old} becomes 131 in every view")
        told = wait_for("the notice", lambda: [e for e in c.ctl("trace", transaction, "--by", "beheer-1", "--socket", c.control)
                                               if e.get("kind") == "correction-notice"], 10, 0.05)
        check([e["application"] for e in told] == ["wmo-intake"], f"told: {told}")
        say.ok("who read the old value is told (GDPR art. 19): wmo-intake; in journal, dossier and events")

    # 4
    def from_register(self):
        c, say = self.city, self.say
        say.step(4, "The Participatiewet application asks what is registered already")
        before = c.status()
        began = time.monotonic()
        state = c.file(self.case, 1, "wgs", ["wgs-totaal-schuldbedrag"], app="pw-intake", how=WORK)
        ms = (time.monotonic() - began) * 1000
        state = c.answered(state["verzoekId"], app="pw-intake", seconds=2)
        check(state["uitkomsten"][0]["uitkomst"] == "verstrekt", f"not given: {state}")
        say.ok("wgs-totaal-schuldbedrag: answered from the register", ms)
        entries = c.ctl("trace", state["verzoekId"], "--by", "beheer-1", "--socket", c.control)
        types = [e["type"] for e in entries]
        check(any("FROM_REGISTER" in t for t in types), f"the journal of this transaction: {types}")
        sent = [e for e in entries if "MESSAGE" in e["type"] and e.get("to") == PARTIES["wgs"][0]]
        check(not sent, f"a message went to the party after all: {sent}")
        say.ok(f"the journal of this transaction: {', '.join(types)}; no message to {PARTIES['wgs'][1]}")
        data = [d for d in c.view(self.case, 1, app="pw-intake")["gegevens"] if d["naam"] == "wgs-totaal-schuldbedrag"]
        check(data, "its view does not show the datum")
        for d in data:
            say.ok(f"its view shows {d['waarde']} euro, source {PARTIES['wgs'][1]} ({d['bron']})")
        say.took()

    # 5
    def views(self):
        c, say = self.city, self.say
        say.step(5, "Two views of one case, and a correction")
        wmo = {m: c.values(self.case, m) for m in (1, 2)}
        pw = {m: c.values(self.case, m, app="pw-intake") for m in (1, 2)}
        names = sorted(set(wmo[1]) | set(wmo[2]) | set(pw[1]) | set(pw[2]))
        say.line(f"{'datum':34} {'wmo-intake':24} pw-intake")
        for n in names:
            cells = [next((str(v[m][n])[:22] for m in (1, 2) if n in v[m]), "-") for v in (wmo, pw)]
            say.line(f"{n:34} {cells[0]:24} {cells[1]}")
        check(wmo != pw and set(wmo[2]) - set(pw[2]), "the two views do not differ")
        check("jgz-lengte" in wmo[2] and "jgz-lengte" not in pw[2], "the health datum is in the wrong views")
        outside = c.view(self.case, 2, app="pw-intake", attributes=["jgz-lengte"], raw=True)
        nowhere = c.view(self.case, 2, app="pw-intake", attributes=["bestaat-niet"], raw=True)
        same = outside.body.replace(b"jgz-lengte", b"bestaat-niet") == nowhere.body or outside.body == nowhere.body
        check(outside.status == nowhere.status and same, f"outside: {outside.status} {outside.body!r}; nowhere: {nowhere.status} {nowhere.body!r}")
        say.ok(f"outside the view and not existing: both {outside.status}, the same {len(outside.body)} bytes")
        self.correct()
        say.took()

    # 6
    def differences(self):
        """Two GGDs say something else; somebody decides. A colleague gets a limited look."""
        c, say = self.city, self.say
        say.step(6, "Two sources differ, and a colleague looks along")
        case = differ(c, "jgz-stemming")
        self.others.append(case)
        open_ = listed(c, case, "jgz-stemming")
        check(len(open_) == 1, f"the discrepancies: {open_}")
        d = open_[0]
        check((d["huidig"]["waarde"], d["anders"]["waarde"]) == ("Somber", "Opgewekt"), f"{d}")
        say.ok(f"jgz-stemming: {d['huidig']['waarde']} ({PARTIES['ggd'][1]}) stays current, {d['anders']['waarde']} (GGD Buurregio) stands beside it")
        resolve(c, case, d, "overnemen", why="Nagegaan bij het gezin")
        check(c.values(case, 2)["jgz-stemming"] == "Opgewekt" and not listed(c, case, "jgz-stemming"), "not resolved")
        say.ok("an employee decides, with a reason: Opgewekt is current, the other goes to history, who read it is told")
        case = c.open_case([(PARENT, "client")])
        c.ask(case, 1, "wgs", ["wgs-traject-startdatum", "wgs-totaal-schuldbedrag"], app="pw-intake", how=WORK)
        c.change(case, "fase", {"overgang": "start-coordinatie", "coordinator": {"wie": "gemeente", "niveau": "licht"}})
        before = look(c, case, 1)
        check(before.status == 404, f"a look that nobody granted: {before.status}")
        c.change(case, "inzage", LOOK)
        now = c.change(case, "inzage/1/besluit", {"verleend": True}, app="wgs-intake", function="regisseur", employee="rg-1")
        seen = look(c, case, 1).json()
        check({g["naam"] for g in seen["gegevens"]} == {"wgs-traject-startdatum"}, f"{seen}")
        check("inzage-bij-collega" in decisions(c, case, 1), "the look is not in the dossier")
        say.ok(f"wmo-intake looks along at wgs-traject-startdatum until {now['inzages'][0]['tot'][11:16]} UTC: nothing else, logged, told to the client")
        c.change(case, "inzage/1/einde", {})
        check(look(c, case, 1).body == before.body, "the look is over, and shows something")
        say.ok("ended: 404 again, in the same bytes as before it was granted")
        say.took()

    # 7
    def attacks(self):
        c, say = self.city, self.say
        say.step(7, "What must be refused")
        a = c.file(self.case, 2, "school", ["school-groepsnaam"], motivation="", raw=True)
        check(400 <= a.status < 500, f"without motivation: {a.status}")
        say.ok(f"HTTP, without motivation: {a.status} {a.json().get('title')}")
        a = c.file("0" * 31 + "1", 2, "school", ["school-groepsnaam"], raw=True)
        check(400 <= a.status < 500, f"without case: {a.status}")
        say.ok(f"HTTP, without an existing case: {a.status} {a.json().get('title')}")
        verdicts = attack(c, PARENT)
        for v in verdicts:
            check(v["code"] == v["want"], f"attack {v['attack']}: {v['code']} ({v['text']}), wanted {v['want']}")
            say.ok(f"bus, {v['attack']}: {v['code']}  {v['text']}")
        say.took()

    # 8
    def dossier(self):
        c, say = self.city, self.say
        say.step(8, "The client's dossier")
        shown = 0
        for member, who in ((1, "ouder"), (2, "kind")):
            entries = c.dossier(self.case, member)
            say.line(f"member {member} ({who}): {len(entries)} entries")
            for e in entries[:6]:
                who = e.get("vanNaam") or e.get("van", "")
                to = f" -> {e['aanNaam']}" if e.get("aanNaam") else ""
                say.line(paint("36", f"  {e['wanneer'][11:19]} {e['soort']}: ") + f"{who}{to} ({e.get('functie') or e.get('fase', '')})")
                what = "; ".join(f"{r['naam']} {r['uitkomst']}" for r in e.get("uitkomsten", []))
                what = what or ", ".join(e.get("attributen", []))
                for text in (what, e.get("motivering")):
                    if text:
                        say.line(f"           {text[:110]}")
            shown += len(entries)
            check(entries, f"the dossier of member {member} is empty")
        child = c.dossier(self.case, 2)
        text = json.dumps(child, ensure_ascii=False)
        check("Nodig om te bepalen welke hulp past" in text, "the dossier does not say why")
        check("jgz-lengte" in text and "school-jaargroep" in text, "the dossier does not say what")
        check(CHILD not in text and PARENT not in text, "a person number stands in the dossier")
        say.ok(f"who asked what, when, why, and what came: {shown} entries")
        self.override()
        self.take_away()
        say.took()

    def take_away(self):
        """The whole dossier as a document for its client, and the same for a program."""
        c, say = self.city, self.say
        filed(c, self.case, 1, "inzage")
        course = c.dossier(self.case, 1)
        text = document(c, self.case, 1)
        program = document(c, self.case, 1, accept="application/json")
        check(program["verloop"][:len(course)] == course and program["aantal"] == len(program["verloop"]), "the file is not the dossier")
        for e in course:
            check(f'id="regel-{e["journaalnummer"]}"' in text, f"entry {e['journaalnummer']} is not in the document")
        check("Nodig om te bepalen welke hulp past" in text and "De politie of justitie is nog bezig met een onderzoek" in text
              and "Inzage in mijn gegevens" in text, "what was asked, refused, and asked by the client")
        check("<script" not in text and CHILD not in text and PARENT not in text, "a script or a person number")
        path = c.bin.resolve().parent.parent / "demo" / "dossier.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        say.ok(f"to take away, in plain Dutch and for a program: {len(course)} entries, in {path.as_uri()}")

    def override(self):
        """The client chose a narrow scope; widening it against that choice is motivated, recorded, and told."""
        c, say = self.city, self.say
        case = c.open_case([(CHILD, "kind")], laws=("wmo",), domains=("onderwijs",), scope={"problemen": ["school"]})
        a = c.file(case, 1, "ggd", ["jgz-visus"], raw=True)
        check(a.status in (403, 422), f"outside the client's choice: {a.status}")
        say.ok(f"outside what the client chose: {a.status} {a.json().get('title')}")
        wider = {"bereik": {"wetten": ["wmo"], "domeinen": ["ggd"], "problemen": ["veiligheid"]}, "tegenKeuzeClient": True,
                 "motivering": "Ernstige zorgen over de veiligheid"}
        now = c.change(case, "bereik", wider, function="regisseur")
        check(now["keuzeClient"]["domeinen"] == ["onderwijs"] and "ggd" in now["bereik"]["domeinen"], f"{now}")
        check(c.file(case, 1, "ggd", ["jgz-visus"])["status"] == "open", "not even after the override")
        self.others.append(case)
        told = [e for e in c.dossier(case, 1) if e.get("besluit") == "bereik-verruimd-tegen-keuze-client"]
        check(len(told) == 1 and told[0]["motivering"] == wider["motivering"], f"the dossier: {told}")
        say.ok("widened against that choice, with serious problems named: it stands in the client's dossier, with its motivation")

    # 9
    def forgetting(self):
        """The child is forgotten by two people; whoever holds the master key finds nothing that opens its data."""
        c, say = self.city, self.say
        say.step(9, "A person is forgotten, by two people")
        data = c.root / "data"
        wrapped = Opener(c.keys).slot(data / "keys.slots", CHILD).wrapped
        check(files_with(data, wrapped) == ["keys.slots"], "the child's key is elsewhere, or not there")
        code, _, err = forget(c, CHILD, "fg-1", want=None)
        check(code == 4 and "open case" in err, f"in an open case: {code} {err}")
        say.ok(f"in an open case: refused ({json.loads(err)['text']})")
        for case in (self.case, *self.others):
            c.change(case, "fase", {"overgang": "stoppen", "motivering": "De cliënt wil het niet meer"})
        check(forget(c, CHILD, "fg-1")["outcome"] == "proposed", "not proposed")
        code, _, err = forget(c, CHILD, "fg-1", want=None)
        check(code == 4 and "another" in err, f"one person alone: {code} {err}")
        check(forget(c, CHILD, "fg-2")["outcome"] == "forgotten", "not forgotten")
        say.ok("one person proposes and cannot confirm; another does: forgotten")
        check(not files_with(data, wrapped), "the key is still in a file")
        again = c.open_case([(CHILD, "kind")])
        check(not c.values(again, 1) and all(e["soort"] in ("zaak", "inzage") for e in c.dossier(again, 1)), "somebody remembers")
        say.ok("no file holds the key any more; who comes back is new: nothing registered, an empty dossier")
        say.took()

    # 10
    def kills(self):
        c, say = self.city, self.say
        say.step(10, f"kill -9 of the gateway at {KILLS} seeded moments")
        load = Load(c, self.rng)
        load.start()
        try:
            for i in range(KILLS):
                before = load.acked_count()
                wait_for("requests under way", lambda: load.acked_count() > before or load.error, 20)
                time.sleep(self.rng.uniform(0.0, 0.12))
                c.gateway.kill()
                load.pause()
                c.start_gateway()
                lost = load.missing()
                check(not lost, f"after kill {i + 1}: {len(lost)} acknowledged requests are gone: {lost[:3]}")
                load.resume()
        finally:
            load.stop()
        check(not load.error, f"the load stopped: {load.error}")
        say.ok(f"{len(load.acked)} requests acknowledged; after each of {KILLS} restarts every one was there")
        open_ = load.wait_answered(40)
        check(not open_, f"{len(open_)} acknowledged requests were never answered, such as {open_[:3]}")
        say.ok("every one was delivered and answered")
        twice = load.twice()
        check(not twice, f"in the journal more than once: {twice[:3]}")
        check(not load.not_once(), f"registered twice, or not at all: {load.not_once()}")
        say.ok("none twice: one request and one answer each in the journal, one version of each datum")
        say.took()

    # 11
    def verify(self, seed):
        c, say = self.city, self.say
        say.step(11, "Offline verification of a copy")
        copy = c.root / "copy"
        c.ctl("journal", "copy", "--dir", copy, "--socket", c.control)
        args = flips.verify_args(c, copy)
        report = c.ctl(*args)
        say.ok(f"journal verify: {report['entries']} entries, {report['records']} records, root {report['root'][:16]}...")
        result = flips.run(c, copy, FLIPS, seed, workers=2)
        check(not result.missed, f"{len(result.missed)} flips were neither detected nor in free space: {result.missed[:5]}")
        say.ok(f"{FLIPS} single-byte flips: {result.detected} detected, {result.free} in free space")
        for name in result.examples[:5]:
            say.line(name)
        say.took()


def keep(city, say):
    """The parties stay up until Ctrl-C."""
    city.up()
    print("\nThe parties are running; Ctrl-C stops them all.\n")
    base = f"http://127.0.0.1:{city.ports['http']}"
    tool = os.path.relpath(city.bin / "sluisctl")
    print(f"  API               {base}/v1   (description: {base}/v1/openapi.json)")
    print(f"  health, figures   {base}/health/ready   {base}/metrics")
    print(f"  bus               {city.endpoint}")
    print(f"  gateway           {tool} status --socket {city.control}")
    for name, (oin, title, domain) in PARTIES.items():
        print(f"  {title:30} {oin}  {tool} inbox list --socket {city.adapter_control(name)}")
    print(f"  a token           {tool} token --dir {city.root}/issuer --issuer {ISSUER} --app wmo-intake "
          f"--oin {GATEWAY_OIN} --function consulent --employee mw-1")
    print(f"  persons           ouder {PARENT}, kind {CHILD}, partner {PARTNER}\n", flush=True)
    while all(p.running() for p in city.processes()):
        time.sleep(0.5)
    dead = [p for p in city.processes() if not p.running()]
    raise Failed(f"{dead[0].name} ended: {dead[0].tail()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="keep the parties running until Ctrl-C")
    parser.add_argument("--seed", type=int, help="of the moments of step 10 and the flips of step 11")
    parser.add_argument("bin", help="folder of the programs")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rng, seed = seeded(args.seed)
    say = Teller()
    city = City(args.bin)
    city.call_ms = 500  # it is killed under calls
    try:
        if args.keep:
            keep(city, say)
        print(f"Seed {seed} (repeat with --seed {seed})")
        story = Story(city, rng, say)
        story.set_up()
        story.ask()
        story.answers()
        story.from_register()
        story.views()
        story.differences()
        story.attacks()
        story.dossier()
        story.forgetting()
        story.kills()
        story.verify(seed)
        city.stop()
        print(f"\n{time.monotonic() - say.began:.1f} s in all")
        print(paint("1;32", "demo: ok"))
        return 0
    except KeyboardInterrupt:
        print("\nstopped")
        return 0 if args.keep else 1
    except (Failed, OSError, subprocess.SubprocessError) as e:
        sys.stdout.flush()
        print(paint("1;31", f"demo: {e}"))
        return 1
    finally:
        city.close()


if __name__ == "__main__":
    sys.exit(main())
