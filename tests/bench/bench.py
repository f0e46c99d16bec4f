#!/usr/bin/python3
"""make bench: figures of the whole path through the real gateway, and of the floors under it in the same run.
Prints a table (medians of the runs, with their spread) and writes build/bench.json, one flat object.

The case: 1,000 open cases with 10,000 members (the test range of person numbers holds 9,091 valid ones, so some
persons are a member of two cases), the project's full rule set, a request for ten attributes with a body of about
1 KiB and an answer with ten values of about 90 bytes. The requester and the party are processes of their own that
sign, seal, verify and open as an adapter does; everything runs on this machine's cores together."""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))
from city import City, PARTIES, RESEARCH, BENCH  # noqa: E402
from house import BENCH_OIN, GATEWAY_OIN, TREE, Process, check, seeded, test_bsns  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
CASES, MEMBERS, PERSONS = 1000, 10, 9000
LOADS = [  # outstanding, warm-up, counted
    (256, 1000, 8000),
    (16, 500, 4000),
    (1, 50, 600),
]


def pub(path):
    """The key of a .pub file: '<use> <hex key> <hex id>'."""
    return Path(path).read_text().split()[1]


def attributes(domain, category, n):
    """Ids of n text attributes that this domain gives."""
    text = (TREE / "config/rules/catalogue.conf").read_text()
    ids = [int(m[1]) for m in re.finditer(r"\{ id = (\d+);([^}]*)\}", text)
           if f'source = "{domain}"' in m[2] and f'category = "{category}"' in m[2] and 'type = "text"' in m[2]]
    check(len(ids) >= n, f"{domain} has {len(ids)} text attributes of category {category}, {n} are needed")
    return sorted(ids)[:n]


def cpu_us(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def open_cases(city, rng):
    """[{case, bsn}] for every member of every case, opened by the application on the bus."""
    persons = test_bsns(rng, PERSONS)
    token = city.token("bench", "consulent", "mw-1", oin=BENCH_OIN, ttl=3600)
    subjects = []
    for _ in range(CASES):
        members = rng.sample(persons, MEMBERS)
        a = city.call("POST", "/v1/zaken", token, {
            "soort": "huishouden",
            "leden": [{"bsn": b, "rol": "lid"} for b in members],
            "bereik": {"wetten": ["wmo"], "domeinen": ["ggd"]},
            "aanleiding": "Meting",
        })
        check(a.status == 201, f"a case was not opened: {a.status} {a.body[:200]!r}")
        subjects += [{"case": a.json()["zaakId"], "bsn": b} for b in members]
    return subjects


class Ends:
    """The requester's and the party's configuration, and the party's process."""

    def __init__(self, city, bench_dir, subjects):
        self.city, self.bench = city, bench_dir
        self.common = {
            "endpoint": city.endpoint, "server_pk": pub(city.keys / "curve.key.pub"), "root_pk": pub(city.keys / "root.pub"),
            "gateway_oin": GATEWAY_OIN, "party_oin": PARTIES["ggd"][0], "attributes": attributes("ggd", "health", 10),
            "application": "bench", "function": "consulent", "legal_basis": RESEARCH["basis"], "purpose": RESEARCH["purpose"],
        }
        self.subjects = subjects
        self.party = None

    def config(self, name, oin, **more):
        path = self.city.root / f"{name}.json"
        path.write_text(json.dumps({**self.common, "oin": oin, "keys": str(self.city.root / "adapters" / name / "keys"), **more}))
        return path

    def start_party(self):
        path = self.config("ggd", PARTIES["ggd"][0])
        self.party = Process("party", [self.bench / "bench_roundtrip", "party", path], self.city.root / "log" / "party.log").start()

    def run(self, outstanding, warmup, count):
        path = self.config("bench", BENCH_OIN, outstanding=outstanding, warmup=warmup, count=count, subjects=self.subjects)
        pid = self.city.gateway.child.pid
        before = cpu_us(pid)
        done = subprocess.run([self.bench / "bench_roundtrip", "requester", path], capture_output=True, text=True, timeout=600)
        check(done.returncode == 0, f"the requester failed: {done.stderr} {self.party.tail()} {self.city.gateway.tail()}")
        out = json.loads(done.stdout)
        out["broker_cpu_us"] = (cpu_us(pid) - before) / (warmup + count)
        return out


def floors(bench_dir):
    with tempfile.TemporaryDirectory(prefix="sluis-floors-", dir=TREE / "build") as folder:
        done = subprocess.run([bench_dir / "bench_floors", folder], capture_output=True, text=True, timeout=120)
        check(done.returncode == 0, f"bench_floors: {done.stderr}")
        return json.loads(done.stdout)


def main():
    build = Path(sys.argv[1]).resolve()
    rng, seed = seeded()
    series = {}

    def note(name, value):
        series.setdefault(name, []).append(value)

    city = City(build / "bin")
    try:
        city.make()
        city.start_gateway()
        note("idle_rss_mb", rss_mb(city.gateway.child.pid))
        city.make_party("ggd", *PARTIES["ggd"])
        city.make_party(*BENCH)
        city.start_http()
        print(f"bench: opening {CASES} cases with {MEMBERS} members each (seed {seed})", flush=True)
        ends = Ends(city, build / "bench", open_cases(city, rng))
        ends.start_party()
        for run in range(RUNS):
            for name, value in floors(build / "bench").items():
                note(name, value)
            for load in LOADS:
                r = ends.run(*load)
                print(f"bench: run {run + 1}, {load[0]} outstanding: {r['roundtrips_per_s']:.0f}/s", flush=True)
                if load[0] == 1:
                    note("roundtrip_p50_us_w1", r["p50_us"])
                    note("roundtrip_p99_us_w1", r["p99_us"])
                else:
                    note(f"roundtrips_per_s_w{load[0]}", r["roundtrips_per_s"])
                if load[0] == 256:
                    note("broker_cpu_us_per_roundtrip", r["broker_cpu_us"])
        ends.party.kill()
        city.stop()
    finally:
        if "ends" in locals() and ends.party:
            ends.party.kill()
        city.close()
    figures = {name: statistics.median(values) for name, values in series.items()}
    fig = figures.get
    commit_us = 1e6 / fig("floor_lmdb_sync_commits_per_s")
    figures["ratio_w256_to_curve_echo"] = fig("roundtrips_per_s_w256") / fig("floor_curve_echo_per_s_w256")
    # A round trip has four verifications of other people's signatures: two at the gateway, one at each end.
    figures["ratio_w256_to_ed25519_verify"] = fig("roundtrips_per_s_w256") * 4 / (fig("floor_ed25519_verify_per_s") * os.cpu_count())
    figures["ratio_w16_to_lmdb_commits"] = fig("roundtrips_per_s_w16") / fig("floor_lmdb_sync_commits_per_s")
    figures["ratio_p50_w1_to_two_commits"] = fig("roundtrip_p50_us_w1") / (2 * commit_us)
    figures["roundtrip_over_floor_us"] = fig("roundtrip_p50_us_w1") - 2 * commit_us
    print(f"\n{'figure':36} {'median':>12} {'min':>12} {'max':>12}   ({RUNS} runs, {os.cpu_count()} cores)")
    for name in figures:
        values = series.get(name, [figures[name]])
        print(f"{name:36} {figures[name]:12.2f} {min(values):12.2f} {max(values):12.2f}")
    out = TREE / "build" / "bench.json"
    out.write_text(json.dumps({k: round(v, 3) for k, v in figures.items()}, indent=1) + "\n")
    print(f"bench: {out.relative_to(TREE)}")


if __name__ == "__main__":
    main()
