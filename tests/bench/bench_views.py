"""Views through the API: what bench.py and bench_large.py measure of the register.

The case: households of 10 members; of each member 50 attributes of one source each, which the view of wmo-intake shows, and
beside them others' data, as many as asked for. 16 connections that stay open, each asks for the next view as soon as it
has the one before; every view is decided, decrypted, written in the journal and in the person's dossier, synced, and only
then answered. The client (bench_views) looks at status and length of every answer; what is in one is looked at before."""
import json
import os
import re
import subprocess
import time
from pathlib import Path

from city import City, PARTIES
from house import GATEWAY_OIN, TREE, check, test_bsns

SHOWN = 50  # attributes of the view that are registered
MEMBERS = 10
APP = "wmo-intake"
# a large file of keys; no bound on calls, which are bounded a minute
LIMITS = "limits = { key_slots = 65536; calls_per_minute = 10000000; quota_bytes = 1099511627776L; map_bytes = 2199023255552L; instances = 65536; };"
SOURCES = {"gemeente": GATEWAY_OIN, "wmo": GATEWAY_OIN, "jeugdwet": GATEWAY_OIN, "participatiewet": GATEWAY_OIN,
           "onderwijs": PARTIES["school"][0], "ggd": PARTIES["ggd"][0]}
VALUES = {"text": "Zo besproken met de cliënt, zie het verslag van 12 maart", "code": "A1", "date": "2026-03-12", "number": "12",
          "amount": "120.50", "bool": "true", "brin": "12AB", "tlv-categorie": "Nvt"}
HIDDEN = "pw-vermogen"  # registered of who is viewed, and not in the view
RESERVED = 900  # persons that are viewed, at most; the others' data are of the rest of the test range


def catalogue():
    """{name: (format, list of codes or type: what VALUES has a value of, source, category)}."""
    text = (TREE / "config/rules/catalogue.conf").read_text()
    out = {}
    for m in re.finditer(r"\{ id = \d+;([^}]*)\}", text):
        field = dict(re.findall(r'(\w+) = "([^"]*)"', m[1]))
        kind = field.get("format") or field.get("code_list") or field["type"]
        out[field["name"]] = (kind, field["source"], field["category"])
    return out


def listed():
    """The names of all attributes of the view."""
    text = (TREE / "config/rules/views.conf").read_text()
    return re.findall(r'"([^"]+)"', re.search(r'id = "wmo-zicht";.*?attributes = \[(.*?)\]', text, re.S)[1])


def shown():
    """The first SHOWN attributes of the view that an import may fill: [(name, kind, source)]."""
    known = catalogue()
    found = [(n, *known[n][:2]) for n in listed()
             if known[n][1] in SOURCES and known[n][2] in ("ordinary", "identification", "health")]
    check(len(found) >= SHOWN, f"the view has {len(found)} attributes that can be brought in, {SHOWN} are needed")
    return found[:SHOWN]


class Views:
    """A municipality with a register of so many data, and households to look at."""

    def __init__(self, build, rng, persons):
        self.city, self.tool = City(build / "bin"), build / "bench" / "bench_views"
        self.persons = test_bsns(rng, 9000)
        self.viewed, self.others = self.persons[:persons], self.persons[RESERVED:]
        self.paths, self.brought, self.seconds = [], 0, 0.0

    def start(self):
        self.city.make(LIMITS)
        self.city.start_gateway()
        for name in ("school", "ggd"):
            self.city.make_party(name, *PARTIES[name], self.city.agreed(name))
        self.city.start_http()

    def bring(self, oin, lines, name):
        path = self.city.root / name
        with open(path, "w", encoding="utf-8") as f:
            for line in lines:
                f.write(json.dumps(line, ensure_ascii=False) + "\n")
        began = time.monotonic()
        done = subprocess.run([self.city.bin / "sluisctl", "register", "import", path, "--basis", "wmo-5.1.1", "--by", "beheer-1", "--reason",
                               "meting", "--socket", self.city.control, "--json", "--source", oin], capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"import: {done.stderr}")
        self.seconds += time.monotonic() - began
        self.brought += json.loads(done.stdout)["new"]
        path.unlink()

    def fill(self, data):
        """The data of who is viewed, and others', to so many in all."""
        by_source = {GATEWAY_OIN: [(HIDDEN, "120.50")]}
        for name, kind, source in shown():
            by_source.setdefault(SOURCES[source], []).append((name, VALUES[kind]))
        for oin, pairs in by_source.items():
            self.bring(oin, ({"bsn": b, "naam": n, "waarde": v, "verkregen": "2026-01-05"} for b in self.viewed for n, v in pairs),
                       "viewed.jsonl")
        rest = data - self.brought
        check(rest >= 0, f"{self.brought} data are more than {data}")
        if rest:
            each = -(-rest // len(self.others))  # a person's data together, as a file of a back office has them
            self.bring(GATEWAY_OIN, ({"bsn": self.others[i // each], "naam": "wmo-voorziening", "waarde": VALUES["text"],
                                      "voorkomen": f"V-{i}", "verkregen": "2026-01-05"} for i in range(rest)), "others.jsonl")

    def open_cases(self):
        for at in range(0, len(self.viewed), MEMBERS):
            members = self.viewed[at:at + MEMBERS]
            case = self.city.open_case([(b, "lid") for b in members], app=APP, laws=("wmo", "jeugdwet"), domains=("ggd", "onderwijs"))
            self.paths += [f"/v1/zaken/{case}/leden/{m + 1}/weergave" for m in range(len(members))]
        for path in self.paths[:3]:
            a = self.city.call("GET", path, self.city.token(APP, ttl=3600))
            names = {d["naam"] for d in a.json()["gegevens"]}
            check(a.status == 200 and len(names) == SHOWN, f"{len(names)} attributes are shown: {a.body[:300]!r}")

    def run(self, connections, warmup, count, paths=None, status=200, least=5000):
        """What bench_views says, and CPU time of gateway and front a view."""
        config = self.city.root / "views.json"
        config.write_text(json.dumps({"port": self.city.ports["http"], "token": self.city.token(APP, ttl=3600), "connections": connections,
                                      "warmup": warmup, "count": count, "status": status, "least": least, "paths": paths or self.paths}))
        pids = {"sluisd": self.city.gateway.child.pid, "http": self.city.http.child.pid}
        before = {n: cpu_us(p) for n, p in pids.items()}
        done = subprocess.run([self.tool, config], capture_output=True, text=True, timeout=300)
        check(done.returncode == 0, f"bench_views: {done.stderr[:500]} {self.city.gateway.tail()}")
        out = json.loads(done.stdout)
        out["client_cpu_us"] = out["cpu_us"]
        for name, pid in pids.items():
            out[f"{name}_cpu_us"] = (cpu_us(pid) - before[name]) / (warmup + count)
        return out

    def refused(self):
        """Addresses of what is answered with 404: an attribute that is not there, and one that this application may not see."""
        path = self.paths[0] + "?attributen="
        return {"absent": path + "bestaat-niet-in-de-catalogus", "forbidden": path + HIDDEN}

    def used_bytes(self):
        """Of the live pages of the gateway's store."""
        text = self.city.call("GET", "/metrics").body.decode()
        return int(re.search(r"^sluis_store_used_bytes (\d+)$", text, re.M)[1])

    def close(self):
        self.city.close()


def cpu_us(pid):
    """CPU time of a process, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")
