"""The house with its inhabitants: the parties of the story, a household, and the API in the words of openapi.json."""
import json
import shutil
import subprocess

from house import BENCH_OIN, LIMITS, QUOTA, TREE, House, check, wait_for

# name: (OIN, how people call it, domain)
PARTIES = {
    "school": ("00000099000000002000", "Basisschool De Sluis", "onderwijs"),
    "politie": ("00000099000000003000", "Politie, basisteam Voorbeeld", "politie"),
    "ggd": ("00000099000000004000", "GGD Voorbeeldregio", "ggd"),
    "wgs": ("00000099000000005000", "Schuldhulpverlening Voorbeeld", "wgs"),
}
# name: (kind, mapping file, mode, the party's own law)
ADAPTERS = {
    "school": ("school", "school/oso-2019.1.conf", "automatic", ""),
    "politie": ("police", None, "release",
                'rules = ( { category = "criminal"; action = "refuse"; reason = "opsporingsbelang"; } );'),
    "ggd": ("ggd", "ggd/jgz-dossieroverdracht.conf", "release", ""),
    "wgs": ("wgs", "wgs/ddas-1.0.conf", "automatic", ""),
}
BENCH = ("bench", BENCH_OIN, "Toepassing op de bus", "gemeente")

# For what the parties take part, and what each gives or asks.
PURPOSES = ("onderzoek-meervoudige-problematiek", "gecoordineerde-aanpak", "casusoverleg", "arbeidstoeleiding",
            "schuldhulpverlening", "maatwerkvoorziening", "jeugdhulp", "acuut-gevaar", "rectificatie")
AGREED = {
    "school": {"gives": ("ordinary", "health")},
    "politie": {"gives": ("ordinary", "criminal")},
    "ggd": {"gives": ("ordinary", "health")},
    "wgs": {"gives": ("financial",)},
    "bench": {"asks": ("ordinary", "financial", "health", "criminal", "identification")},
}

# Persons of adapters/README.md.
PARENT = "999990019"
CHILD = "999990020"
PARTNER = "999990032"  # known to no party
NOBODY = "000000012"  # outside the test range and nobody's: numbers are issued with eight or nine digits, leading zeros aside
REFUSING = "999990044"  # a pupil whose parents did not agree

RESEARCH = {"purpose": "onderzoek-meervoudige-problematiek", "basis": "wams-5.4.1", "phase": "onderzoek"}
WORK = {"purpose": "arbeidstoeleiding", "basis": "wams-5.4.1", "phase": "onderzoek"}


class BusParty:
    """tests/tools/party.c, started."""

    def __init__(self, city, oin, keys):
        self.child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", city.bin.parent / "tests" / "party", "--endpoint", city.endpoint, "--keys", keys,
             "--oin", oin, "--server", city.keys / "curve.key.pub", "--root", city.keys / "root.pub", "--gateway", city.oin],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=city.env)

    def say(self, line):
        """One line; the answer."""
        self.child.stdin.write(json.dumps(line) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline()
        check(answer, f"the party ended: {line}")
        return json.loads(answer)

    def close(self):
        self.child.stdin.close()
        check(self.child.wait(30) == 0, "the party ended badly")
        self.child.stdout.close()


class City(House):
    """Everything up: gateway, HTTP, the four parties."""

    def up(self, parties=tuple(PARTIES), bench=False, quota=QUOTA, extra="", limits="", rules=TREE / "config" / "rules"):
        if "calls_per_minute" not in limits:
            limits += "calls_per_minute = 1000000; "  # scenarios ask again and again whether something has happened
        self.make(LIMITS.replace(str(QUOTA), str(quota)).replace("{", "{ " + limits, 1) + extra, rules)
        self.start_gateway()
        for name in parties:
            oin, title, domain = PARTIES[name]
            self.make_party(name, oin, title, domain, self.agreed(name))
        if bench:
            self.make_party(*BENCH, self.agreed("bench"))
        self.start_http()
        for name in parties:
            self.start_adapter(name, self.adapter_config(name))
        for name in parties:
            self.wait_connected(name)
        return self

    def agreed(self, name):
        return {"purposes": PURPOSES, **AGREED[name]}

    def adapter_config(self, name, extra=""):
        folder = self.root / "adapters" / name
        kind, mapping, mode, rules = ADAPTERS[name]
        files = f'''mapping = "{TREE}/adapters/{mapping}";
source = {{ folder = "{self.samples(name)}"; }};''' if mapping else ""
        return f'''party = "{kind}";
oin = "{PARTIES[name][0]}";
mode = "{mode}";
test_mode = true;
keys = "{folder}/keys";
store = "{folder}/store";
control = "{self.adapter_control(name)}";
catalogue = "{self.rules}/catalogue.conf";
reconnect_max_ms = 200;
gateway = {{ endpoint = "{self.endpoint}"; oin = "{self.oin}"; name = "{self.name}";
  curve_pk = "{self.keys}/curve.key.pub"; root_pk = "{self.keys}/root.pub"; }};
{files}
{rules}
{extra}'''

    def samples(self, name):
        """The folder of the party's files: a copy, so that a scenario may change it."""
        folder = self.root / "adapters" / name / "files"
        if not folder.exists():
            shutil.copytree(TREE / "adapters" / ADAPTERS[name][0] / "samples", folder)
        return folder

    def bus_party(self, name, oin, title, domain, agreed=None):
        """A party without an adapter, enrolled, and spoken to by lines: see tests/tools/party.c."""
        folder = self.root / "adapters" / name
        if not folder.exists():
            self.make_party(name, oin, title, domain, agreed)
        return BusParty(self, oin, folder / "keys")

    # ---- the API, in the words of gateway/http/openapi.json

    def open_case(self, members, app="wmo-intake", laws=("wmo", "participatiewet", "wgs"),
                  domains=("onderwijs", "politie", "ggd"), reason="Meervoudige problematiek in het gezin", oin=None,
                  more=None, scope=None):
        """members: [(BSN, role)]; more: {number: further fields of that member}; scope: further fields. The case's id."""
        a = self.call("POST", "/v1/zaken", self.token(app, oin=oin), {
            "soort": "huishouden" if len(members) > 1 else "client",
            "leden": [dict({"bsn": bsn, "rol": role}, **(more or {}).get(i, {})) for i, (bsn, role) in enumerate(members, 1)],
            "bereik": dict({"wetten": list(laws), "domeinen": list(domains)}, **(scope or {})),
            "aanleiding": reason,
        })
        check(a.status == 201, f"the case was not opened: {a.status} {a.body[:300]!r}")
        return a.json()["zaakId"]

    def case(self, case, app="wmo-intake"):
        a = self.call("GET", f"/v1/zaken/{case}", self.token(app))
        check(a.status == 200, f"case: {a.status} {a.body[:300]!r}")
        return a.json()

    def change(self, case, what, body, method=None, app="wmo-intake", function="consulent", employee="mw-1", raw=False):
        """A change of a case: what = the address behind it ("fase", "bereik", ...); the case as it then is."""
        method = method or ("PUT" if what.split("/")[0] in ("bereik", "coordinator", "leden") else "POST")
        a = self.call(method, f"/v1/zaken/{case}/{what}", self.token(app, function, employee),
                      dict({"motivering": "Zo besproken met de cliënt"}, **body))
        if raw:
            return a
        check(a.status == 200, f"{what}: {a.status} {a.body[:300]!r}")
        return a.json()

    def file(self, case, member, party, attributes, app="wmo-intake", motivation="Nodig om te bepalen welke hulp past",
             necessity="Zonder dit gegeven is de vraag niet te beantwoorden", how=RESEARCH, headers=None, raw=False,
             function="consulent"):
        """Files a request; its state as the API gives it (or the whole answer when raw). None leaves a field out."""
        body = {
            "lid": member,
            "partij": PARTIES[party][0] if party in PARTIES else party,
            "attributen": [{"naam": a, "noodzaak": necessity} for a in attributes],
            "doel": how["purpose"],
            "grondslag": how["basis"],
            "fase": how["phase"],
            "motivering": motivation,
        }
        body = {k: v for k, v in body.items() if v is not None}
        a = self.call("POST", f"/v1/zaken/{case}/verzoeken", self.token(app, function), body, headers)
        if raw:
            return a
        check(a.status in (200, 202), f"the request was not filed: {a.status} {a.body[:300]!r}")
        return a.json()

    def request(self, transaction, app="wmo-intake", raw=False):
        a = self.call("GET", f"/v1/verzoeken/{transaction}", self.token(app))
        if raw:
            return a
        check(a.status == 200, f"request {transaction}: {a.status} {a.body[:300]!r}")
        return a.json()

    def answered(self, transaction, app="wmo-intake", seconds=15.0):
        """Waits until the request is answered; its state."""
        def probe():
            r = self.request(transaction, app)
            return r if r["status"] == "beantwoord" else None
        return wait_for(f"answer to {transaction}", probe, seconds, 0.01)

    def ask(self, *args, **kw):
        """Files and waits for the answer: {attribute: result}."""
        state = self.file(*args, **kw)
        state = self.answered(state["verzoekId"], kw.get("app", "wmo-intake"))
        return {r["naam"]: r for r in state["uitkomsten"]}

    def view(self, case, member, app="wmo-intake", attributes=(), raw=False, function="consulent"):
        query = f"?attributen={','.join(attributes)}" if attributes else ""
        a = self.call("GET", f"/v1/zaken/{case}/leden/{member}/weergave{query}", self.token(app, function))
        if raw:
            return a
        check(a.status == 200, f"view: {a.status} {a.body[:300]!r}")
        return a.json()

    def values(self, case, member, app="wmo-intake"):
        """{attribute: value} of a view; instances of one attribute joined."""
        out = {}
        for d in self.view(case, member, app)["gegevens"]:
            out.setdefault(d["naam"], []).append(d["waarde"])
        return {name: " / ".join(sorted(values)) for name, values in out.items()}

    def dossier(self, case, member, app="clientportaal", function="client", raw=False, viewer=None, limit=None):
        """viewer: the member who looks; the member itself when nobody is named. All pages, or (raw) the first one's answer."""
        found, after = [], None
        while True:
            query = f"namens={viewer or member}" + (f"&na={after}" if after else "") + (f"&limit={limit}" if limit else "")
            a = self.call("GET", f"/v1/zaken/{case}/leden/{member}/dossier?{query}", self.token(app, function, "client-1"))
            if raw:
                return a
            check(a.status == 200, f"dossier: {a.status} {a.body[:300]!r}")
            found += a.json()["verloop"]
            after = a.json().get("volgende")
            if not after:
                return found

    def stood_before(self, case, member):
        """Names of data of which an earlier value is kept."""
        a = self.call("GET", f"/v1/zaken/{case}/leden/{member}/dossier/uitvoer?namens={member}", self.token("clientportaal", "client", "client-1"))
        check(a.status == 200, f"the document: {a.status} {a.body[:300]!r}")
        return {d["naam"] for d in a.json()["eerdereGegevens"]}

    # ---- what the journal holds

    def trace(self, transaction):
        """The journal's entries of a transaction; as `sluisctl trace` gives them."""
        reply = self.command(self.control, {"cmd": "trace", "transaction": transaction, "by": "beheer-1"})
        check(reply["ok"] or reply["code"] == "not-found", f"trace: {reply}")
        return reply.get("entries", [])

    def status(self):
        return self.ctl("status", "--socket", self.control)

    def copy(self, to):
        self.ctl("journal", "copy", "--dir", to, "--socket", self.control)
        return to
