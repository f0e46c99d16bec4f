"""A municipality and its parties as real processes in one temporary folder: keys, configuration, start, kill,
restart, HTTP, control, and the check that no sanitizer complained. Shared by the demo and the scenarios."""
import atexit
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
NAME = "sluis.voorbeeld.test"
ISSUER = "https://id.voorbeeld.test"
GATEWAY_OIN = "00000099000000001000"
BENCH_OIN = "00000099000000009000"
# Of every gateway that names no limits: small, for a quick verification; and a reservation that fits ThreadSanitizer's
# memory, which the default of a terabyte does not always.
QUOTA = 8589934592
LIMITS = "limits = { key_slots = 4096; map_bytes = 17179869184L; quota_bytes = 8589934592L; };"  # QUOTA
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|FATAL: ThreadSanitizer")
# How much slower a build may be: the sanitizers' flavours set it in run.py.
SLOW = float(os.environ.get("SLUIS_SLOW", "1"))


class Failed(AssertionError):
    """What went wrong, in words."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def wait_for(what, probe, seconds=15.0, pause=0.02):
    """The first true value that probe returns; Failed after the time."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds * SLOW:.0f} s")
        time.sleep(pause)


def claim(port):
    """A name among all tests that run, which the kernel lets go of with the socket; None: another has it."""
    s = socket.socket(socket.AF_UNIX)
    try:
        s.bind(f"\0sluis-port-{port}")
        return s
    except OSError:
        s.close()
        return None


CLAIMED = {}  # port: the socket that holds its name


def free_port():
    """Ours until give_back() or our end, also while the program that listens is down. Below the ports that connections
    are given: one of those may be taken meanwhile."""
    rng = random.SystemRandom()
    while True:
        port = rng.randrange(10000, 20000)
        name = claim(port)
        if not name:
            continue
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                CLAIMED[port] = name
                return port
            except OSError:  # in use by another program
                name.close()


def give_back(port):
    CLAIMED.pop(port).close()


def bsn_valid(bsn):
    return sum(int(d) * w for d, w in zip(bsn, (9, 8, 7, 6, 5, 4, 3, 2, -1))) % 11 == 0


def test_bsns(rng, n):
    """n distinct person numbers of the test range."""
    found = set()
    while len(found) < n:
        bsn = f"9999{rng.randrange(100000):05d}"
        if bsn_valid(bsn):
            found.add(bsn)
    return sorted(found)


class Process:
    """A program with its log file; started with a death signal, so that nothing outlives us."""

    def __init__(self, name, argv, log, env=None):
        self.name, self.argv, self.log, self.env = name, [str(a) for a in argv], Path(log), env
        self.child = None
        self.offset = 0

    def start(self, ready=None, seconds=20.0):
        self.offset = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *self.argv], stdin=subprocess.DEVNULL,
                                          stdout=out, stderr=out, env=self.env)
        if ready:
            self.wait_event(ready, seconds)
        return self

    def events(self):
        """The log's lines since the last start, as objects; other lines are left out."""
        with open(self.log, "rb") as f:
            f.seek(self.offset)
            for line in f:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue

    def wait_event(self, event, seconds=20.0):
        def probe():
            check(self.running(), f"{self.name} ended (exit {self.child.returncode}): {self.tail()}")
            return any(e.get("event") == event for e in self.events())
        wait_for(f"{self.name}: {event}", probe, seconds, 0.005)

    def running(self):
        return self.child is not None and self.child.poll() is None

    def tail(self, lines=6):
        if not self.log.exists():
            return "no log"
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join(text[-lines:])

    def kill(self):
        if self.running():
            self.child.kill()
        if self.child:
            self.child.wait()

    def stop(self, seconds=20.0):
        """SIGTERM; the exit code. A program that does not stop is killed, and that is a failure."""
        if not self.running():
            return self.child.returncode if self.child else None
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop within {seconds * SLOW:.0f} s of SIGTERM: {self.tail()}") from None


class Answer:
    """An HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Failed(f"the answer ({self.status}) is no JSON: {self.body[:200]!r}") from None


def small_disk(folder, size):
    """Makes the folder, a file system in memory of so much. What it returns says why it cannot."""
    if os.geteuid() != 0:
        return "needs root, for a small tmpfs"
    folder.mkdir(mode=0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", folder], capture_output=True).returncode:
        return "no tmpfs can be mounted here"
    return None


class House:
    """Starts nothing by itself: make(), then start_...()."""

    def __init__(self, bin_dir, keep_files=False):
        self.bin = Path(bin_dir).resolve()
        self.root = Path(tempfile.mkdtemp(prefix="sluis-"))
        self.keep_files = keep_files
        self.closed = False
        self.oin, self.name, self.mode = GATEWAY_OIN, NAME, "test"
        self.lock = threading.Lock()
        self.tokens = {}
        self.env = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8")
        (self.root / "log").mkdir()
        (self.root / "adapters").mkdir()
        self.gateway = self.http = None
        self.call_ms = int(8000 * SLOW)  # sluis-http's patience: a disk that stalls for a second or two fails nothing
        self.adapters = {}  # and what else is started beside the gateway, by name
        self.ports = {}
        atexit.register(self.close)

    # ---- the command-line tool

    def ctl(self, *args, stdin=None, want=0, plain=False):
        """Runs sluisctl; its JSON (or its text when plain). want None: (exit code, stdout, stderr)."""
        argv = [str(self.bin / "sluisctl"), *map(str, args)]
        if not plain:
            argv.append("--json")
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, env=self.env, timeout=120 * SLOW)
        check(not SANITIZER.search(done.stderr), f"sluisctl {' '.join(args[:2])}: {done.stderr}")
        if want is None:
            return done.returncode, done.stdout, done.stderr
        check(done.returncode == want, f"sluisctl {' '.join(map(str, args[:2]))}: exit {done.returncode}: {(done.stderr.strip() or done.stdout.strip())[:600]}")
        if plain:
            return done.stdout
        return json.loads(done.stdout) if done.stdout.strip() else None

    @property
    def control(self):
        return self.root / "sluisd.sock"

    def adapter_control(self, name):
        return self.root / "adapters" / f"{name}.sock"

    def command(self, socket_path, request):
        """A request to a control socket without sluisctl between: the reply."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30 * SLOW)
            s.connect(str(socket_path))
            s.sendall(json.dumps(request).encode() + b"\n")
            line = b""
            while not line.endswith(b"\n"):
                part = s.recv(65536)
                check(part, f"{socket_path} closed in the middle of a reply")
                line += part
        return json.loads(line)

    def inbox(self, name, verb, *args, **kw):
        return self.ctl("inbox", verb, *args, "--socket", self.adapter_control(name), **kw)

    def ask_gateway(self, request):
        """One command on the gateway's control socket, without a program in between; its reply, which must be ok."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10 * SLOW)
            s.connect(str(self.control))
            s.sendall(json.dumps(request).encode() + b"\n")
            with s.makefile("rb") as f:
                reply = json.loads(f.readline())
        check(reply["ok"], f"{request['cmd']}: {reply}")
        return reply

    # ---- making

    def make(self, extra="", rules=TREE / "config" / "rules"):
        """Keys of the gateway, an issuer of tokens, and the configuration."""
        self.ctl("key", "new", "--dir", self.keys, "--for", "gateway", "--oin", self.oin, "--name", self.name)
        self.ctl("token", "new-issuer", "--dir", self.root / "issuer")
        self.ports = {"bus": free_port(), "http": free_port()}
        self.rules = rules
        self.write_gateway(extra)
        self.write_http()

    @property
    def keys(self):
        return self.root / "keys"

    @property
    def endpoint(self):
        return f"tcp://127.0.0.1:{self.ports['bus']}"

    def write_gateway(self, extra=""):
        if "limits" not in extra:
            extra += LIMITS
        (self.root / "sluisd.conf").write_text(f'''name = "{self.name}";
oin = "{self.oin}";
mode = "{self.mode}";
data = "{self.root}/data";
keys = "{self.keys}";
rules = "{self.rules}";
control = "{self.control}";
bus = {{ endpoint = "{self.endpoint}"; }};
api = {{ endpoint = "ipc://{self.root}/api.sock"; }};
tokens = {{ jwks = "{self.root}/issuer/jwks.json"; issuer = "{ISSUER}"; }};
{extra}''')

    def write_http(self, extra=""):
        (self.root / "sluis-http.conf").write_text(f'''listen = "127.0.0.1";
port = {self.ports["http"]};
gateway = "ipc://{self.root}/api.sock";
call_ms = {self.call_ms};
municipality = "Gemeente Voorbeeld";
contact = "Bel 14 000 of schrijf naar dossier@gemeente.example.";
privacy_officer = "Schrijf naar fg@gemeente.example.";
complaints = "Bel 14 000 of kijk op www.gemeente.example/klacht.";
{extra}''')

    def make_party(self, name, oin, title, domain, agreed=None):
        """Keys of a party, enrolled with the running gateway; the folder of its keys. agreed: how, for agree."""
        folder = self.root / "adapters" / name
        folder.mkdir(exist_ok=True)
        self.ctl("key", "new", "--dir", folder / "keys", "--oin", oin)
        self.ctl("party", "enrol", "--request", folder / "keys" / "enrolment.json", "--name", title, "--domain", domain,
                 "--by", "anna", "--socket", self.control)
        if agreed:
            self.agree(name, **agreed)
        return folder

    def propose(self, name, version=1, covenant="samenwerking", until="2099-01-01", **lists):
        """The party signs an agreement: lists = purposes, gives, asks, attributes. Its file."""
        out = self.root / "adapters" / name / f"{covenant}-{version}.json"
        text = self.root / "convenant.txt"
        text.write_text("Wij delen alleen wat nodig is.\n")
        options = [x for key, names in lists.items() for x in (f"--{key}", ",".join(names))]
        self.ctl("agreement", "propose", "--dir", self.root / "adapters" / name / "keys", "--municipality", self.oin,
                 "--covenant", covenant, "--version", version, "--text", text, "--until", until, "--out", out, *options)
        return out

    def agree(self, name, *args, **kw):
        """The party signs, the municipality files and signs; the agreement's id."""
        by = ("--by", "anna", "--socket", self.control)
        id_ = self.ctl("agreement", "file", self.propose(name, *args, **kw), *by)["id"]
        return self.ctl("agreement", "accept", id_, *by)["id"]

    # ---- processes

    def start_gateway(self):
        if not self.gateway:
            self.gateway = Process("sluisd", [self.bin / "sluisd", "--config", self.root / "sluisd.conf"],
                                   self.root / "log" / "sluisd.log", self.env)
        self.gateway.start("sluisd.ready")

    def start_http(self):
        self.http = self.http or Process("sluis-http", [self.bin / "sluis-http", "--config", self.root / "sluis-http.conf"],
                                         self.root / "log" / "sluis-http.log", self.env)
        self.http.start()
        wait_for("sluis-http is ready", lambda: self.alive("/health/ready"))

    def impatient(self):
        """The front gives up on the gateway after half a second: where it is killed under a call."""
        self.call_ms = int(500 * SLOW)
        self.write_http()
        self.http.stop()
        self.start_http()

    def alive(self, path):
        check(self.http.running(), f"sluis-http ended: {self.http.tail()}")
        try:
            return self.call("GET", path).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def start_adapter(self, name, config):
        """config: the text of its configuration."""
        path = self.root / "adapters" / name / "adapter.conf"
        path.write_text(config)
        p = Process(f"sluis-adapter {name}", [self.bin / "sluis-adapter", "--config", path],
                    self.root / "log" / f"{name}.log", self.env)
        self.adapters[name] = p
        p.start()
        return p

    def wait_connected(self, name):
        def probe():
            p = self.adapters[name]
            check(p.running(), f"{p.name} ended: {p.tail()}")
            code, out, _ = self.ctl("status", "--socket", self.adapter_control(name), want=None)
            return code == 0 and json.loads(out).get("connected")
        wait_for(f"{name} connected", probe)

    # ---- HTTP

    def token(self, app, function="consulent", employee="mw-1", oin=None, ttl=600):
        oin = oin or self.oin
        key = (app, function, employee, oin, ttl)
        with self.lock:
            if key not in self.tokens:
                out = self.ctl("token", "--dir", self.root / "issuer", "--issuer", ISSUER, "--app", app, "--oin", oin,
                               "--function", function, "--employee", employee, "--ttl", ttl)
                self.tokens[key] = out["token"]
            return self.tokens[key]

    def metric(self, name):
        text = self.call("GET", "/metrics").body.decode()
        return next(int(x.split()[1]) for x in text.splitlines() if x.startswith(f"sluis_{name} "))

    def call(self, method, path, token=None, body=None, headers=None, timeout=10.0):
        """One HTTP request on a connection of its own."""
        conn = http.client.HTTPConnection("127.0.0.1", self.ports["http"], timeout=timeout * SLOW)
        head = dict(headers or {})
        if token:
            head["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        try:
            conn.request(method, path, body=body, headers=head)
            r = conn.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            conn.close()

    def raw(self, data, seconds=5.0):
        """Bytes to the HTTP port; everything that comes back until it closes."""
        with socket.create_connection(("127.0.0.1", self.ports["http"]), timeout=seconds * SLOW) as s:
            s.sendall(data)
            out = b""
            try:
                while len(out) < 1 << 20:
                    part = s.recv(65536)
                    if not part:
                        break
                    out += part
            except (TimeoutError, ConnectionError):
                pass
            return out

    # ---- the end

    def processes(self):
        return [p for p in (*self.adapters.values(), self.http, self.gateway) if p]

    def complaints(self):
        """What sanitizers wrote in any log."""
        found = []
        for log in sorted((self.root / "log").glob("*")):
            text = log.read_text(errors="replace")
            at = SANITIZER.search(text)
            if at:
                found.append(f"{log.name}:\n{text[max(0, at.start() - 200):at.start() + 4000]}")
        return found

    def stop(self):
        """Stops every process politely; Failed when one does not, or ends badly."""
        wrong = []
        for p in self.processes():
            if p.running():
                code = p.stop()
                if code != 0:
                    wrong.append(f"{p.name} ended with {code}: {p.tail()}")
        wrong += self.complaints()
        check(not wrong, "\n".join(wrong))

    def close(self):
        if self.closed:
            return
        self.closed = True
        for p in self.processes():
            p.kill()
        for port in self.ports.values():
            give_back(port)
        if not self.keep_files:
            shutil.rmtree(self.root, ignore_errors=True)


def seeded(seed=None):
    """A random generator and its seed (SLUIS_SEED, or a fresh one)."""
    seed = int(seed if seed is not None else os.environ.get("SLUIS_SEED") or random.SystemRandom().randrange(1 << 32))
    return random.Random(seed), seed
