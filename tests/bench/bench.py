#!/usr/bin/python3
"""make bench: figures of the whole path through the real gateway, and of the floors under it in the same run.
Prints a table (medians of the runs, with their spread) and writes build/bench.json, one flat object.

The case: 1,000 open cases with 10,000 members (the test range of person numbers holds 9,091 valid ones, so some
persons are a member of two cases), the project's full rule set, a request for ten attributes with a body of about
1 KiB and an answer with ten values of about 90 bytes; routed: an invitation and a reply of 1 KiB each, sealed to each
other alone, which the gateway cannot read. The requesters and the party are processes of their own that sign, seal,
verify and open as an adapter does; everything runs on this machine's cores together. BENCH_RUNS (3) runs; BENCH_SCALE (1)
of the counts, to see whether it works at all."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))
import bench_postgres  # noqa: E402
from bench_retention import measure_retention, ratios  # noqa: E402
from bench_views import Views, cpu_us  # noqa: E402
from city import City, PARTIES, RESEARCH, BENCH  # noqa: E402
from figures import medians, write  # noqa: E402
from house import BENCH_OIN, GATEWAY_OIN, LIMITS, TREE, Process, check, seeded, test_bsns, wait_for  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SCALE = float(os.environ.get("BENCH_SCALE", "1"))


def scaled(n):
    return max(10, int(n * SCALE))


CASES, MEMBERS, PERSONS = scaled(1000), 10, 9000
W256 = (256, scaled(1000), scaled(8000))  # outstanding a sender, warm-up, counted
W16 = (16, scaled(500), scaled(4000))
W1 = (1, scaled(50), scaled(600))
SENDERS = [f"00000099{100000 + i:09d}000" for i in range(64)]
W64X4 = (4, scaled(1000), scaled(8000))
IDLE = scaled(1000)
IMPORTED = scaled(200000)  # lines of an existing file
VIEWED = scaled(400)  # persons, of 50 data each
REGISTER = scaled(100000)  # data
MARKED = ("roundtrips_per_s_w256", "routed_roundtrips_per_s_w256", "broker_cpu_us_per_roundtrip", "broker_cpu_us_per_routed_roundtrip",
          "roundtrip_p50_us_w1", "roundtrip_over_floor_us", "roundtrips_per_s_w16", "roundtrips_per_s_64x4",
          "ratio_64x4_to_ed25519_bound", "idle_adapter_kb", "idle_adapters_drop_pct", "policy_decision_us", "judging_drop_pct", "views50_per_s",
          "register_bytes_per_datum", "import_per_s", "writer_p99_ratio")
MARKED_BESIDE = ("views50_postgres_per_s", "views50_ratio_to_postgres")  # where PostgreSQL is installed
OFTEN = "limits = { calls_per_minute = 1000000; };"  # the cases are opened as fast as they can be


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


def rss_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def open_cases(city, rng, n, oin):
    """[{case, bsn}] for every member of n cases, opened by this organisation's application."""
    persons = test_bsns(rng, PERSONS)
    token = city.token("bench", "consulent", "mw-1", oin=oin, ttl=3600)
    subjects = []
    for _ in range(n):
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


def let_senders_act(city):
    """The project's rules, in which the measuring application is every sender's, too."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config/rules", rules)
    text = (rules / "applications.conf").read_text()
    old = f'oins = ["{BENCH_OIN}"]'
    check(text.count(old) == 1, "applications.conf: where is the measuring application?")
    (rules / "applications.conf").write_text(text.replace(old, f"oins = {json.dumps([BENCH_OIN, *SENDERS])}"))
    conf = city.root / "sluisd.conf"
    conf.write_text(conf.read_text().replace(f'rules = "{TREE}/config/rules"', f'rules = "{rules}"'))


class Ends:
    """The requesters' and the party's configuration, and the party's process."""

    def __init__(self, city, bench_dir, rng, senders=len(SENDERS)):
        self.city, self.bench = city, bench_dir
        self.common = {
            "endpoint": city.endpoint, "server_pk": pub(city.keys / "curve.key.pub"), "root_pk": pub(city.keys / "root.pub"),
            "gateway_oin": GATEWAY_OIN, "party_oin": PARTIES["ggd"][0], "attributes": attributes("ggd", "health", 10),
            "application": "bench", "function": "consulent", "legal_basis": RESEARCH["basis"], "purpose": RESEARCH["purpose"],
        }
        self.one = [self.sender("bench", BENCH_OIN, open_cases(city, rng, CASES, BENCH_OIN))]
        self.many = [self.sender(oin, oin, open_cases(city, rng, 1, oin)) for oin in SENDERS[:senders]]
        self.party = None

    def keys(self, name):
        return str(self.city.root / "adapters" / name / "keys")

    def sender(self, name, oin, subjects):
        return {"keys": self.keys(name), "oin": oin, "subjects": subjects}

    def config(self, name, **more):
        path = self.city.root / f"{name}.json"
        path.write_text(json.dumps({**self.common, **more}))
        return path

    def start_party(self):
        path = self.config("ggd", keys=self.keys("ggd"), oin=PARTIES["ggd"][0])
        self.party = Process("party", [self.bench / "bench_roundtrip", "party", path], self.city.root / "log" / "party.log",
                             self.city.env).start()

    def run(self, senders, load, kind="request"):
        outstanding, warmup, count = load
        path = self.config("requesters", kind=kind, outstanding=outstanding, warmup=warmup, count=count, senders=senders)
        pid = self.city.gateway.child.pid
        before = cpu_us(pid)
        done = subprocess.run([self.bench / "bench_roundtrip", "requesters", path], capture_output=True, text=True, timeout=600,
                              env=self.city.env)
        check(done.returncode == 0, f"the requester failed: {done.stderr} {self.party.tail()} {self.city.gateway.tail()}")
        out = json.loads(done.stdout)
        out["broker_cpu_us"] = (cpu_us(pid) - before) / (warmup + count)
        print(f"bench: {kind}, {len(senders)} x {outstanding} outstanding: {out['roundtrips_per_s']:.0f}/s", flush=True)
        return out


class Idle:
    """A process that holds many connected parties which do nothing."""

    def __init__(self, city, bench_dir):
        self.city, self.tool, self.keys = city, bench_dir / "bench_idle", city.root / "idle.keys"

    def enrol(self):
        subprocess.run([self.tool, "enrol", self.city.root / "data" / "store", self.city.keys, str(IDLE), self.keys], check=True)

    def __enter__(self):
        curve = pub(self.city.keys / "curve.key.pub")
        self.child = subprocess.Popen([self.tool, "hold", self.city.endpoint, curve, self.keys, str(IDLE)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        check(self.child.stdout.readline() == "ready\n", f"bench_idle: {self.city.gateway.tail()}")
        time.sleep(2)  # what was queued for them has gone out
        return self

    def __exit__(self, *_):
        self.child.communicate(timeout=60)


def on_the_disk(bench_dir, tool):
    """What the libraries alone do in an empty folder on the disk that we measure on."""
    with tempfile.TemporaryDirectory(prefix=f"sluis-{tool}-", dir=TREE / "build") as folder:
        done = subprocess.run([bench_dir / tool, folder], capture_output=True, text=True, timeout=120)
        check(done.returncode == 0, f"{tool}: {done.stderr}")
        return json.loads(done.stdout)


def policy(bench_dir):
    done = subprocess.run([bench_dir / "bench_policy", TREE / "config/rules"], capture_output=True, text=True, timeout=120)
    check(done.returncode == 0, f"bench_policy: {done.stderr}")
    return json.loads(done.stdout)


def measure(ends, note):
    for name, value in {**on_the_disk(ends.bench, "bench_floors"), **on_the_disk(ends.bench, "bench_limit"), **policy(ends.bench)}.items():
        note(name, value)
    r = ends.run(ends.one, W256)
    note("roundtrips_per_s_w256", r["roundtrips_per_s"])
    note("broker_cpu_us_per_roundtrip", r["broker_cpu_us"])
    r = ends.run(ends.one, W256, "meeting")
    note("routed_roundtrips_per_s_w256", r["roundtrips_per_s"])
    note("broker_cpu_us_per_routed_roundtrip", r["broker_cpu_us"])
    r = ends.run(ends.many, W64X4)
    note("roundtrips_per_s_64x4", r["roundtrips_per_s"])
    note("signs_per_roundtrip_64x4", r["signs"] / r["count"])
    note("verifies_per_roundtrip_64x4", r["verifies"] / r["count"])
    note("roundtrips_per_s_w16", ends.run(ends.one, W16)["roundtrips_per_s"])
    r = ends.run(ends.one, W1)
    note("roundtrip_p50_us_w1", r["p50_us"])
    note("roundtrip_p99_us_w1", r["p99_us"])


def measure_judging(city, ends, note):
    """The same load through a gateway with a clock around the judging of its careful core (judging_clock.c): what it takes of a round trip, of
    the gateway's CPU time, and at most of what core could carry without it: core does one thing after another."""
    clock = city.root / "judging"
    clock.write_bytes(bytes(8))
    plain, city.gateway = city.gateway, Process("sluisd", [ends.bench / "sluisd_timed", "--config", city.root / "sluisd.conf"],
                                                city.root / "log" / "sluisd.log", {**city.env, "SLUIS_JUDGING": str(clock)})
    city.gateway.start("sluisd.ready")
    for _ in range(RUNS):
        before = int.from_bytes(clock.read_bytes(), sys.byteorder)
        r = ends.run(ends.one, W256)
        us = (int.from_bytes(clock.read_bytes(), sys.byteorder) - before) / 1000 / (W256[1] + W256[2])
        note("judging_us_per_roundtrip", us)
        note("judging_cpu_share_pct", 100 * us / r["broker_cpu_us"])
        note("judging_drop_pct", 100 * us * r["roundtrips_per_s"] / 1e6)
    city.gateway.stop()
    city.gateway = plain


def measure_idle(city, ends, idle, note):
    """The same load with many connected parties that do nothing, and without. A gateway that has just begun, after some
    load: what that leaves behind is not the idle parties'."""
    city.gateway.stop()
    city.start_gateway()
    ends.run(ends.one, W256)
    pid = city.gateway.child.pid
    before, open_before = rss_mb(pid), open_files(pid)
    with idle:
        note("idle_adapter_kb", (rss_mb(pid) - before) * 1024 / IDLE)
        beside = ends.run(ends.one, W256)["roundtrips_per_s"]
    wait_for("the end of their connections", lambda: open_files(pid) < open_before + IDLE / 2, 60)
    alone = ends.run(ends.one, W256)["roundtrips_per_s"]
    note("idle_adapters_drop_pct", 100 * (1 - beside / alone))


def measure_import(bin_dir, rng, note):
    """An existing file of data into an empty register: looked at first, then taken, a line a datum."""
    city = City(bin_dir)
    try:
        city.make(LIMITS.replace("4096", "65536"))
        city.start_gateway()
        persons = test_bsns(rng, PERSONS)
        path = city.root / "data.jsonl"
        with open(path, "w", encoding="utf-8") as f:
            for i in range(IMPORTED):
                f.write(json.dumps({"bsn": persons[i % len(persons)], "naam": "wmo-voorziening", "waarde": f"Voorziening {i % 97}",
                                    "voorkomen": f"V-{i}", "verkregen": "2025-01-01"}) + "\n")
        began = time.monotonic()
        done = city.ctl("register", "import", path, "--basis", "wmo-5.1.1", "--by", "beheer-1", "--reason", "meting", "--socket", city.control)
        note("import_per_s", IMPORTED / (time.monotonic() - began))
        check(done["new"] == IMPORTED, f"{done}")
        city.stop()
    finally:
        city.close()


def measure_views(build, rng, note):
    """A view of 50 attributes, 16 clients at once; the same by SQL beside it; and what is refused because it is not there, or
    not allowed."""
    views, sql = Views(build, rng, VIEWED), None
    try:
        views.start()
        before = views.used_bytes()
        views.fill(REGISTER)
        note("register_bytes_per_datum", (views.used_bytes() - before) / views.brought)
        views.open_cases()
        if not bench_postgres.missing():
            sql = bench_postgres.Postgres(VIEWED, REGISTER)
        for run in range(RUNS):
            r = views.run(16, scaled(1000), scaled(10000))
            print(f"bench: views of 50, run {run + 1} of {RUNS}: {r['per_s']:.0f}/s", flush=True)
            note("views50_per_s", r["per_s"])
            note("view50_p50_us_c16", r["p50_us"])
            for who in ("sluisd", "http", "client"):
                note(f"view50_{who}_cpu_us", r[f"{who}_cpu_us"])
            if sql:
                note("views50_postgres_per_s", sql.run(16, scaled(1000), scaled(10000)))
            for name, path in views.refused().items():
                note(f"view_{name}_us", views.run(1, scaled(200), scaled(2000), [path], 404, 100)["p50_us"])
        views.city.stop()
    finally:
        views.close()
        if sql:
            sql.close()


def add_ratios(figures):
    fig = figures.get
    cores = os.cpu_count()
    commit_us = 1e6 / fig("floor_lmdb_sync_commits_per_s")
    figures["ratio_w256_to_curve_echo"] = fig("roundtrips_per_s_w256") / fig("floor_curve_echo_per_s_w256")
    figures["ratio_routed_w256_to_curve_echo"] = fig("routed_roundtrips_per_s_w256") / fig("floor_curve_echo_per_s_w256")
    # A round trip has four verifications of other people's signatures: two at the gateway, one at each end.
    figures["ratio_w256_to_ed25519_verify"] = fig("roundtrips_per_s_w256") * 4 / (fig("floor_ed25519_verify_per_s") * cores)
    # What the cores could do if they did nothing but the signatures that all processes made and verified.
    busy = fig("signs_per_roundtrip_64x4") / fig("floor_ed25519_sign_128_per_s") \
        + fig("verifies_per_roundtrip_64x4") / fig("floor_ed25519_verify_128_per_s")
    figures["ed25519_bound_per_s_64x4"] = cores / busy
    figures["ratio_64x4_to_ed25519_bound"] = fig("roundtrips_per_s_64x4") / figures["ed25519_bound_per_s_64x4"]
    figures["ratio_w16_to_lmdb_commits"] = fig("roundtrips_per_s_w16") / fig("floor_lmdb_sync_commits_per_s")
    figures["ratio_p50_w1_to_two_commits"] = fig("roundtrip_p50_us_w1") / (2 * commit_us)
    if "views50_postgres_per_s" in figures:
        figures["views50_ratio_to_postgres"] = fig("views50_per_s") / fig("views50_postgres_per_s")
    figures["view_absent_to_forbidden"] = fig("view_absent_us") / fig("view_forbidden_us")
    figures["roundtrip_over_floor_us"] = fig("roundtrip_p50_us_w1") - 2 * commit_us
    # How far the libraries and the disk would let it go, and what two full cores would make of their CPU time.
    figures["limit_over_floor_us_w1"] = fig("limit_us_w1") - 2 * commit_us
    figures["limit_cpu_bound_per_s_w256"] = cores * 1e6 / fig("limit_whole_cpu_us")
    figures["limit_cpu_bound_routed_per_s_w256"] = cores * 1e6 / fig("limit_routed_cpu_us")
    figures["ratio_w256_to_limit"] = fig("roundtrips_per_s_w256") / fig("limit_roundtrips_per_s_w256")
    figures["ratio_routed_w256_to_limit"] = fig("routed_roundtrips_per_s_w256") / fig("limit_routed_roundtrips_per_s_w256")
    figures["ratio_w16_to_limit"] = fig("roundtrips_per_s_w16") / fig("limit_roundtrips_per_s_w16")
    figures["ratio_64x4_to_limit"] = fig("roundtrips_per_s_64x4") / fig("limit_roundtrips_per_s_64x4")
    figures["limit_ratio_64x4_to_ed25519_bound"] = fig("limit_roundtrips_per_s_64x4") / figures["ed25519_bound_per_s_64x4"]
    figures["limit_cpu_bound_per_s_w16"] = cores * 1e6 / fig("limit_w16_cpu_us")
    figures["limit_cpu_bound_per_s_64x4"] = cores * 1e6 / fig("limit_64x4_cpu_us")
    figures["ratio_p50_w1_to_limit"] = fig("roundtrip_p50_us_w1") / fig("limit_us_w1")


def main():
    build = Path(sys.argv[1]).resolve()
    rng, seed = seeded()
    series, ends = {}, None

    def note(name, value):
        series.setdefault(name, []).append(value)

    city = City(build / "bin")
    count = city.root / "count"
    count.write_bytes(bytes(16))
    city.env.update(LD_PRELOAD=str(build / "bench" / "count_ed25519.so"), SLUIS_COUNT=str(count))
    idle = Idle(city, build / "bench")
    try:
        city.make(OFTEN)
        let_senders_act(city)
        city.start_gateway()
        note("idle_rss_mb", rss_mb(city.gateway.child.pid))
        city.make_party("ggd", *PARTIES["ggd"], city.agreed("ggd"))
        city.make_party(*BENCH, city.agreed("bench"))
        for oin in SENDERS:
            city.make_party(oin, oin, "Toepassing op de bus", "gemeente", city.agreed("bench"))
        city.start_http()
        print(f"bench: opening {CASES} cases with {MEMBERS} members each (seed {seed})", flush=True)
        ends = Ends(city, build / "bench", rng)
        ends.start_party()
        for run in range(RUNS):
            print(f"bench: run {run + 1} of {RUNS}", flush=True)
            measure(ends, note)
        city.gateway.stop()
        measure_judging(city, ends, note)
        idle.enrol()
        city.start_gateway()
        for run in range(RUNS):
            print(f"bench: {IDLE} idle adapters, run {run + 1} of {RUNS}", flush=True)
            measure_idle(city, ends, idle, note)
        ends.party.kill()
        city.stop()
        for run in range(RUNS):
            print(f"bench: import, run {run + 1} of {RUNS}", flush=True)
            measure_import(build / "bin", rng, note)
        measure_views(build, rng, note)
        measure_retention(build, rng, note, RUNS, scaled)
    finally:
        if ends and ends.party:
            ends.party.kill()
        city.close()
    figures = medians(series)
    add_ratios(figures)
    ratios(figures)
    left_out = bench_postgres.missing()
    if left_out:
        print(f"bench: left out, not installed: {left_out}")
    write("bench", series, figures, MARKED + (() if left_out else MARKED_BESIDE), f"{RUNS} runs")


if __name__ == "__main__":
    main()
