"""Requests under way while something goes wrong, and what became of each."""
import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from city import CHILD, REFUSING
from house import SLOW, test_bsns


class Load:
    """Requests through the API from a few threads, and what became of them."""

    def __init__(self, city, rng, threads=4):
        self.city = city
        self.acked = {}  # transaction: (case, member, attribute)
        self.error = None
        self.pace = 0.01
        self.going, self.stopping = threading.Event(), threading.Event()
        self.going.set()
        self.lock = threading.Lock()
        self.known = ["school-brincode", "school-naam", "school-soort", "school-groepsnaam", "school-datum-inschrijving",
                      "school-verzuim-geoorloofd", "school-advies", "school-ondersteuning-gericht-op",
                      "school-ondersteuning-startdatum"]
        self.known_case = city.open_case([(CHILD, "client")])
        self.work = iter(self.plan(rng))
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]

    def plan(self, rng):
        """(case, member, party, attribute) in order: data the school knows of the child, sprinkled over questions
        about persons it does not know."""
        c = self.city
        persons = [b for b in test_bsns(rng, 310) if b not in (CHILD, REFUSING)][:300]
        rest = []
        for at in range(0, len(persons), 30):
            members = [(b, "partner" if i else "client") for i, b in enumerate(persons[at:at + 30])]
            case = c.open_case(members)
            rest += [(case, m + 1, "school", a) for m in range(len(members))
                     for a in ("school-naam", "school-soort", "school-jaargroep", "school-groepsnaam", "school-advies")]
        rng.shuffle(rest)
        for i, a in enumerate(self.known):
            rest.insert(i * len(rest) // (4 * len(self.known)), (self.known_case, 1, "school", a))
        return rest

    def start(self):
        for t in self.threads:
            t.start()

    def next(self):
        with self.lock:
            return next(self.work, None)

    def run(self):
        while not self.stopping.is_set():
            self.going.wait()
            item = self.next()
            if not item:
                self.error = "ran out of requests"
                return
            case, member, party, attribute = item
            time.sleep(self.pace)
            try:
                a = self.city.file(case, member, party, [attribute], raw=True)
            except (OSError, http.client.HTTPException):  # broke half-way: nobody promised anything
                continue
            if a.status in (200, 201, 202):
                with self.lock:
                    self.acked[a.json()["verzoekId"]] = (case, member, attribute)
            elif a.status not in (502, 503, 504):
                self.error = f"{a.status} {a.body[:200]!r}"
                return

    def acked_count(self):
        with self.lock:
            return len(self.acked)

    def pause(self):
        self.going.clear()

    def resume(self):
        self.going.set()

    def stop(self):
        self.stopping.set()
        self.going.set()
        for t in self.threads:
            t.join(30 * SLOW)

    def state(self, transaction):
        """(HTTP status, state) of a request; waits out the moments in which sluis-http has no gateway."""
        end = time.monotonic() + 10 * SLOW
        while True:
            a = self.city.request(transaction, raw=True)
            if a.status not in (502, 503, 504) or time.monotonic() > end:
                return a.status, a.json().get("status")
            time.sleep(0.05)

    def states(self, transactions):
        with ThreadPoolExecutor(4) as pool:
            return dict(zip(transactions, pool.map(self.state, transactions)))

    def missing(self, newest=60):
        """Acknowledged requests that the gateway does not know, among the newest; all of them with None."""
        with self.lock:
            every = list(self.acked)
        return [(t, status) for t, (status, _) in self.states(every[-newest:] if newest else every).items() if status != 200]

    def wait_answered(self, seconds):
        open_ = list(self.acked)
        end = time.monotonic() + seconds * SLOW
        while open_ and time.monotonic() < end:
            open_ = [t for t, state in self.states(open_).items() if state != (200, "beantwoord")]
            if open_:
                time.sleep(0.1)
        return open_

    def twice(self):
        """Transactions whose journal does not hold one request and one answer, or the one entry of an answer from the
        register (when somebody asked for the same datum of the same person before)."""
        def look(t):
            entries = self.city.ask_gateway({"cmd": "trace", "transaction": t, "by": "beheer-1"})["entries"]
            kinds = [e["kind"] for e in entries if "MESSAGE" in e["type"]]
            register = sum("FROM_REGISTER" in e["type"] for e in entries)
            once = (kinds.count("request"), kinds.count("response"), register) in ((1, 1, 0), (0, 0, 1))
            return None if once else t
        with ThreadPoolExecutor(2) as pool:
            return [t for t in pool.map(look, self.acked) if t]

    def wrong_outcomes(self):
        """Acknowledged and answered otherwise than the party's files say: (transaction, outcome)."""
        def look(t):
            case, _, attribute = self.acked[t]
            got = [(r["naam"], r["uitkomst"]) for r in self.city.request(t)["uitkomsten"]]
            want = "verstrekt" if case == self.known_case else "niet-bekend"
            return None if got == [(attribute, want)] else (t, got)
        with ThreadPoolExecutor(4) as pool:
            return [w for w in pool.map(look, self.acked) if w]

    def not_once(self):
        """Data of the known case that were answered and are not there, or were registered more than once."""
        asked = {attribute for case, _, attribute in self.acked.values() if case == self.known_case}
        there = {d["naam"] for d in self.city.view(self.known_case, 1)["gegevens"]} if asked else set()
        before = self.city.stood_before(self.known_case, 1) if asked else set()
        return [n for n in self.known if n in before or (n in asked and n not in there)]
