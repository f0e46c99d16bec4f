"""No space left: intake stops with `no-space` while deliveries, answers and dones go on; it heals without a restart."""
import subprocess
import time

from city import CHILD, PARENT
from house import check, small_disk, wait_for

FRESH = True
LONG = "Nodig om te bepalen welke hulp past. " * 100  # 3,700 bytes: a request takes about 12 kB
MiB = 1 << 20


def fill(city, case, most=600):
    """Files requests to the school until the gateway takes no more: what was taken."""
    taken = []
    for _ in range(most):
        a = city.file(case, 1, "school", ["school-naam"], motivation=LONG, raw=True)
        if a.status != 202:
            check(a.status == 503 and a.json().get("code") == "no-space", f"refused otherwise: {a.status} {a.body[:300]!r}")
            check(a.headers.get("Content-Type", "").startswith("application/problem+json"), f"{a.headers}")
            return taken
        taken.append(a.json()["verzoekId"])
    check(False, f"{most} requests and still room")


def goes_on(city, case):
    """While intake stands still: health says so, and who reads waits, too: a read is an entry, and the reserve is not for those."""
    ready = city.call("GET", "/health/ready")
    check(ready.status == 503 and b"geen ruimte" in ready.body, f"health: {ready.status} {ready.body[:300]!r}")
    check(city.call("GET", "/health/live").status == 200, "not alive")
    def refused():
        a = city.view(case, 1, raw=True)
        check(a.status == 200 or (a.status == 503 and a.json()["code"] == "no-space"), f"a view while full: {a.status} {a.body[:200]!r}")
        return a.status == 503
    # what was too little for a request may do for some reads
    check(any(refused() for _ in range(1000)), "a thousand reads while full")
    entries = city.status()["journal_entries"]
    check(all(refused() for _ in range(20)), "a read that found room again")
    check(city.status()["journal_entries"] == entries, "reads ate the reserve")
    check(city.status()["intake"] == "no-space", f"status: {city.status()}")
    a = city.call("POST", "/v1/zaken", city.token("wmo-intake"), {
        "soort": "client", "leden": [{"bsn": PARENT, "rol": "client"}], "bereik": {"wetten": ["wmo"], "domeinen": ["onderwijs"]},
        "aanleiding": "Vraag om hulp"})
    check(a.status == 503 and a.json()["code"] == "no-space", f"a case was opened: {a.status} {a.body[:200]!r}")


def answer_came(city, t, seconds):
    """As the operator sees it: who asked reads nothing without space."""
    wait_for(f"an answer to {t}", lambda: any(e["kind"] == "response" for e in city.trace(t) if "MESSAGE" in e["type"]), seconds, 0.02)


def heals(city, case):
    pid = city.gateway.child.pid
    wait_for("ready again", lambda: city.call("GET", "/health/ready").status == 200, 20, 0.1)
    t = city.file(case, 1, "school", ["school-soort"])["verzoekId"]
    city.answered(t, seconds=20)
    check(city.gateway.child.pid == pid, "it was restarted")
    check(city.status()["intake"] == "open", f"status: {city.status()}")
    events = [e["event"] for e in city.gateway.events() if e.get("event") in ("core.full", "core.room")]
    check(events == ["core.full", "core.room"], f"the log says {events}")


def test_quota(city):
    """The school is away while requests pile up to the quota; it comes back, answers them all, and that makes room."""
    city.up(parties=("school",), quota=6 * MiB)
    case = city.open_case([(CHILD, "kind")])
    check(city.ask(case, 1, "school", ["school-jaargroep"])["school-jaargroep"]["uitkomst"] == "verstrekt", "not answered")
    city.adapters["school"].stop()
    taken = fill(city, case)
    check(len(taken) > 20, f"only {len(taken)} fitted")
    goes_on(city, case)
    city.adapters["school"].start()  # in its queue: all that was taken in, and no more
    for t in taken:
        answer_came(city, t, seconds=60)
    heals(city, case)


def test_disk(city):
    """A full disk: a file of somebody else's takes all of it, and goes away again."""
    data = city.root / "data"
    if (why := small_disk(data, "48m")):
        return why
    try:
        city.up(parties=("school",), quota=64 * MiB)
        case = city.open_case([(CHILD, "kind")])
        check(city.ask(case, 1, "school", ["school-jaargroep"])["school-jaargroep"]["uitkomst"] == "verstrekt", "not answered")
        city.adapters["school"].stop()
        waits = city.file(case, 1, "school", ["school-naam"])["verzoekId"]
        with open(data / "ballast", "wb") as f:
            try:
                while True:
                    f.write(bytes(65536))
                    f.flush()
            except OSError:
                pass
        fill(city, case)
        goes_on(city, case)
        city.adapters["school"].start()
        answer_came(city, waits, seconds=30)
        check(city.call("GET", "/health/ready").status == 503, "ready, with the disk still full")
        time.sleep(0.2)
        (data / "ballast").unlink()
        heals(city, case)
        check(city.answered(waits)["uitkomsten"][0]["uitkomst"] == "verstrekt", "not given")
        city.stop()
    finally:
        for p in city.processes():
            p.kill()
        subprocess.run(["umount", "-l", data], check=False)
