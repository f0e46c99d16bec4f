"""Views of one case by a hundred applications at once, while core writes as fast as it can: each shows one moment, also when
clients and the HTTP front go away in the middle, and no snapshot is left open."""
import hashlib
import http.client
import json
import shutil
import socket
import struct
import threading
import time

from city import CHILD, PARENT
import house
from house import GATEWAY_OIN, TREE, check, seeded, wait_for

FRESH = True
APPLICATIONS = 100
FIRST, LAST = "huishouden-aantal-leden", "wmo-hulpvraag"  # registered together, with the same number; the data between are read between
BETWEEN = 200


def more_applications(city):
    """The project's rules, with as many applications that do the Wmo's intake."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config/rules", rules)
    path = rules / "applications.conf"
    text = path.read_text()
    old = "applications = (\n"
    check(text.count(old) == 1, "applications.conf: where do they begin?")
    more = "".join(f'  {{ id = "loket-{i}"; title = "Loket {i}"; law = "wmo"; oins = ["{GATEWAY_OIN}"]; }},\n' for i in range(APPLICATIONS))
    path.write_text(text.replace(old, old + more))
    return rules


def bring(city, lines):
    """One batch, which is one transaction."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    city.ask_gateway({"cmd": "register.import", "file": hashlib.sha256(text.encode()).hexdigest(), "basis": "wmo-5.1.1", "by": "beheer-1",
                      "reason": "proef", "check": False, "first": 1, "text": text})


def pair(n):
    return [{"bsn": CHILD, "naam": name, "waarde": str(n)} for name in (FIRST, LAST)]


class Writer(threading.Thread):
    """Registers the pair again and again, and between these others' data."""

    def __init__(self, city, rng):
        super().__init__(daemon=True)
        self.city, self.stopping, self.registered, self.error = city, threading.Event(), 1, None
        self.others = [b for b in house.test_bsns(rng, 300) if b not in (CHILD, PARENT)]

    def run(self):
        try:
            while not self.stopping.is_set():
                bring(self.city, pair(self.registered + 1))
                self.registered += 1
                if self.registered % 8 == 0:
                    bring(self.city, [{"bsn": b, "naam": "wmo-voorziening", "waarde": "Vervoer", "voorkomen": str(self.registered)}
                                      for b in self.others])
        except Exception as e:  # told by the test
            self.error = e


class Caller(threading.Thread):
    """One application on one connection: what it saw, as (first, last) of each view."""

    def __init__(self, city, path, token):
        super().__init__(daemon=True)
        self.city, self.path, self.token = city, path, token
        self.seen, self.error, self.broken, self.stopping = [], None, 0, threading.Event()
        self.conn = None

    def once(self):
        self.conn = self.conn or http.client.HTTPConnection("127.0.0.1", self.city.ports["http"], timeout=60)
        self.conn.request("GET", self.path, headers={"Authorization": f"Bearer {self.token}"})
        r = self.conn.getresponse()
        body = r.read()
        if r.status in (503, 504):  # the front was killed, or gave up waiting
            self.broken += 1
            return
        check(r.status == 200, f"{r.status} {body[:300]!r}")
        data = json.loads(body)["gegevens"]
        value = {d["naam"]: d["waarde"] for d in data}
        check(len(data) == BETWEEN + 2, f"{len(data)} data")
        self.seen.append((value[FIRST], value[LAST]))

    def run(self):
        while not self.stopping.is_set() and not self.error:
            try:
                self.once()
            except (OSError, http.client.HTTPException):
                self.broken += 1
                self.conn = None
                time.sleep(0.05)
            except Exception as e:
                self.error = e


def ask_and_go(city, path, token):
    """Asks for a view and resets the connection before the answer."""
    with socket.create_connection(("127.0.0.1", city.ports["http"]), timeout=30) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())


def enough(callers, views):
    wrong = [str(c.error) for c in callers if c.error]
    check(not wrong, "; ".join(wrong[:3]))
    return all(len(c.seen) >= views for c in callers)


def test_a_hundred_views_of_one_moment_each(city):
    rng, _ = seeded()
    city.up(parties=(), rules=more_applications(city))
    bring(city, pair(1) + [{"bsn": CHILD, "naam": "wmo-voorziening", "waarde": "Huishoudelijke hulp", "voorkomen": str(i)} for i in range(BETWEEN)])
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    path = f"/v1/zaken/{case}/leden/1/weergave"
    tokens = [city.token(f"loket-{i}", "consulent") for i in range(APPLICATIONS)]
    writer, callers = Writer(city, rng), [Caller(city, path, t) for t in tokens]
    for t in (writer, *callers):
        t.start()
    wait_for("three views each", lambda: enough(callers, 3), 30)
    for t in tokens[:40]:
        ask_and_go(city, path, t)
    city.http.kill()  # with a hundred calls under way
    city.start_http()
    before = {c: len(c.seen) for c in callers}
    wait_for("three more", lambda: enough(callers, 3) and all(len(c.seen) >= before[c] + 3 for c in callers), 30)
    for t in (writer, *callers):
        t.stopping.set()
    for t in (writer, *callers):
        t.join(60)
        check(not t.is_alive(), "a thread hangs")
    check(not writer.error and enough(callers, 6), f"{writer.error}")
    seen = [s for c in callers for s in c.seen]
    torn = [s for s in seen if s[0] != s[1]]
    check(not torn, f"{len(torn)} of {len(seen)} views show two moments: {torn[:5]}")
    check(all([int(a) for a, _ in c.seen] == sorted(int(a) for a, _ in c.seen) for c in callers), "a later view shows an earlier moment")
    check(len(set(seen)) > 5 and writer.registered > 5, f"{writer.registered} registrations, of which {len(set(seen))} were seen")
    check(sum(c.broken for c in callers) > 0, "nobody was cut off: the front was not killed in the middle")
    wait_for("every snapshot is closed but the one that tells", lambda: city.metric("store_readers") == 1, 10)
    check(city.metric("store_stale_readers") == 0, "no reader was left behind")
    check(city.metric("views_served") >= len(seen), "each was served")
