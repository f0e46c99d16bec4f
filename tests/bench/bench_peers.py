#!/usr/bin/python3
"""make bench-peers: the same payload and concurrency through others' programs, in the run that measures us. Prints a table of
ratios, with what each does and does not do, and writes build/bench-peers.json. A peer that is not installed is left out
in words (make deps-peers installs those of Debian)."""
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench import OFTEN, Ends, SCALE, W16, W256, let_senders_act, scaled  # noqa: E402
from city import BENCH, City, PARTIES  # noqa: E402
from house import TREE, check, free_port, seeded, wait_for  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
BYTES = 1024
SECONDS = max(1, int(5 * SCALE))
RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# What one unit of each is, and what stands behind it when it is said to be done.
ROWS = {
    "sluis_w256": ("Sluis, 256 outstanding: request and answer", "signed, sealed, judged, registered, logged, synced"),
    "sluis_w16": ("Sluis, 16 outstanding", "the same"),
    "sluis_routed_w256": ("Sluis, 256 outstanding, routed only", "signed, sealed, judged, logged, synced"),
    "rabbitmq_w256": ("RabbitMQ quorum queue, 256 unconfirmed: a publish", "synced; one way; no signature, seal, log or judgement"),
    "rabbitmq_w16": ("RabbitMQ quorum queue, 16 unconfirmed", "the same"),
    "mtls_keepalive_c256": ("two nginx, mutual TLS kept alive, 256 at once: a POST", "no durability, signature, log or judgement"),
    "mtls_keepalive_c16": ("two nginx, mutual TLS kept alive, 16 at once", "the same"),
    "mtls_new_c16": ("two nginx, a new mutual TLS connection each, 16 at once", "the same"),
}


class Rabbit:
    """A node of its own, in a folder of its own."""

    def __init__(self, build, folder):
        self.tool = build / "bench" / "peer_amqp"
        self.port, self.folder = free_port(), folder / "rabbitmq"
        self.folder.mkdir()
        (self.folder / "plugins").write_text("[].\n")
        (self.folder / "rabbit.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\nlog.console.level = error\n")
        self.env = dict(os.environ, HOME=str(self.folder), RABBITMQ_NODENAME=f"sluis{os.getpid()}@localhost",
                        RABBITMQ_NODE_PORT=str(self.port), RABBITMQ_DIST_PORT=str(free_port()), ERL_EPMD_PORT=str(free_port()),
                        RABBITMQ_MNESIA_BASE=str(self.folder / "data"), RABBITMQ_LOG_BASE=str(self.folder / "log"),
                        RABBITMQ_CONFIG_FILE=str(self.folder / "rabbit.conf"), RABBITMQ_CONF_ENV_FILE="/dev/null",
                        RABBITMQ_ENABLED_PLUGINS_FILE=str(self.folder / "plugins"), RABBITMQ_PID_FILE=str(self.folder / "pid"))
        with open(self.folder / "out", "wb") as out:
            self.child = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", RABBIT], env=self.env, stdout=out,
                                          stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_for("RabbitMQ", self.ready, 90, 0.5)

    def ready(self):
        check(self.child.poll() is None, f"RabbitMQ ended: {(self.folder / 'out').read_text()[-600:]}")
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def run(self, load):
        argv = [self.tool, str(self.port), *map(str, load), str(BYTES)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
        check(done.returncode == 0, f"peer_amqp: {done.stderr} {(self.folder / 'out').read_text()[-600:]}")
        return json.loads(done.stdout)["per_s"]

    def close(self):
        os.killpg(self.child.pid, 15)
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, 9)
        subprocess.run(["epmd", "-port", self.env["ERL_EPMD_PORT"], "-kill"], capture_output=True)


class Proxies:
    """Two nginx: the first takes plain HTTP and speaks mutual TLS to the second, which answers."""

    def __init__(self, folder):
        self.folder = folder / "nginx"
        self.folder.mkdir()
        self.ports = {"keep": free_port(), "new": free_port(), "tls": free_port()}
        self.certificates()
        (self.folder / "post.lua").write_text(f'wrk.method = "POST"\nwrk.body = string.rep("x", {BYTES})\n')
        self.children = [self.start("far", self.far()), self.start("near", self.near())]
        for port in self.ports.values():
            wait_for("nginx", lambda p=port: socket.socket().connect_ex(("127.0.0.1", p)) == 0, 20)

    def certificates(self):
        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=self.folder, check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                "-subj", "/CN=ca", "-days", "2")
        for name in ("near", "far"):
            openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                    f"{name}.csr", "-subj", f"/CN={name}")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", f"{name}.pem", "-days", "2")

    def start(self, name, http):
        conf = self.folder / f"{name}.conf"
        conf.write_text(f"""daemon off; worker_processes auto; pid {self.folder}/{name}.pid; error_log {self.folder}/{name}.log error;
events {{ worker_connections 2048; }}
http {{ access_log off; client_body_temp_path {self.folder}/{name}.body; proxy_temp_path {self.folder}/{name}.proxy;
fastcgi_temp_path {self.folder}/{name}.f; uwsgi_temp_path {self.folder}/{name}.u; scgi_temp_path {self.folder}/{name}.s;
keepalive_requests 1000000000;
{http} }}
""")
        return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", "nginx", "-c", conf, "-p", self.folder], stdin=subprocess.DEVNULL)

    def far(self):
        return f"""server {{ listen 127.0.0.1:{self.ports['tls']} ssl; ssl_certificate far.pem; ssl_certificate_key far.key;
ssl_client_certificate ca.pem; ssl_verify_client on; ssl_protocols TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
location / {{ return 200 "{'x' * BYTES}"; }} }}"""

    def near(self):
        tls = "proxy_ssl_certificate near.pem; proxy_ssl_certificate_key near.key; proxy_ssl_trusted_certificate ca.pem;" \
              "proxy_ssl_verify on; proxy_ssl_name far; proxy_ssl_protocols TLSv1.3; proxy_ssl_session_reuse off;"
        return f"""upstream far {{ server 127.0.0.1:{self.ports['tls']}; keepalive 512; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{self.ports['keep']}; location / {{ proxy_pass https://far; proxy_http_version 1.1;
proxy_set_header Connection ""; {tls} }} }}
server {{ listen 127.0.0.1:{self.ports['new']}; location / {{ proxy_pass https://127.0.0.1:{self.ports['tls']};
proxy_set_header Connection close; {tls} }} }}"""

    def run(self, how, connections):
        argv = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", self.folder / "post.lua", f"http://127.0.0.1:{self.ports[how]}/"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        check(done.returncode == 0 and "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout,
              f"wrk: {done.stdout} {done.stderr} {''.join(p.read_text()[-300:] for p in self.folder.glob('*.log'))}")
        return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])

    def close(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait(20)


def missing(build):
    """What is not there: in words."""
    out = []
    if not (build / "bench" / "peer_amqp").exists() or not RABBIT.exists():
        out.append("RabbitMQ (rabbitmq-server, librabbitmq-dev)")
    if not shutil.which("nginx") or not shutil.which("wrk"):
        out.append("nginx (nginx-light, wrk)")
    return out


def measure(ends, rabbit, proxies, note):
    note("sluis_w256", ends.run(ends.one, W256)["roundtrips_per_s"])
    note("sluis_routed_w256", ends.run(ends.one, W256, "meeting")["roundtrips_per_s"])
    note("sluis_w16", ends.run(ends.one, W16)["roundtrips_per_s"])
    if rabbit:
        note("rabbitmq_w256", rabbit.run((256, scaled(2000), scaled(30000))))
        note("rabbitmq_w16", rabbit.run((16, scaled(1000), scaled(15000))))
    if proxies:
        note("mtls_keepalive_c256", proxies.run("keep", 256))
        note("mtls_keepalive_c16", proxies.run("keep", 16))
        note("mtls_new_c16", proxies.run("new", 16))


def main():
    build = Path(sys.argv[1]).resolve()
    rng, seed = seeded()
    series, ends, rabbit, proxies = {}, None, None, None
    gone = missing(build)

    def note(name, value):
        series.setdefault(name, []).append(value)
        print(f"bench-peers: {name} {value:.0f}/s", flush=True)

    city = City(build / "bin")
    try:
        city.make(OFTEN)
        let_senders_act(city)
        city.start_gateway()
        city.make_party("ggd", *PARTIES["ggd"], city.agreed("ggd"))
        city.make_party(*BENCH, city.agreed("bench"))
        city.start_http()
        ends = Ends(city, build / "bench", rng, senders=0)
        ends.start_party()
        rabbit = None if any("RabbitMQ" in g for g in gone) else Rabbit(build, city.root)
        proxies = None if any("nginx" in g for g in gone) else Proxies(city.root)
        time.sleep(1)
        for run in range(RUNS):
            print(f"bench-peers: run {run + 1} of {RUNS} (seed {seed})", flush=True)
            measure(ends, rabbit, proxies, note)
    finally:
        for one in (rabbit, proxies):
            if one:
                one.close()
        if ends and ends.party:
            ends.party.kill()
        city.close()
    figures = {f"peer_{k}_per_s": round(statistics.median(v), 1) for k, v in series.items()}
    ours = statistics.median(series["sluis_w256"])
    print(f"\n{'':60} {'per s':>9} {'min':>9} {'max':>9} {'of ours':>8}   ({BYTES} bytes, {RUNS} runs, {os.cpu_count()} cores)")
    for name, (unit, behind) in ROWS.items():
        if name in series:
            v = series[name]
            figures[f"ratio_to_{name}"] = round(ours / statistics.median(v), 3)
            print(f"{unit:60} {statistics.median(v):9.0f} {min(v):9.0f} {max(v):9.0f} {statistics.median(v) / ours:8.2f}   {behind}")
    for name in gone:
        print(f"left out, not installed: {name}")
    print("Everything runs on this machine: one RabbitMQ node is a quorum of one; the second nginx answers by itself.")
    out = TREE / "build" / "bench-peers.json"
    out.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"bench-peers: {out.relative_to(TREE)}")


if __name__ == "__main__":
    main()
