"""Programs that die or are away: what was held is still held, what waits arrives, once. Under load: tests/faults."""
import signal
import time

from city import CHILD, PARENT
from house import SLOW, check, seeded, wait_for

FRESH = True


def test_adapter_killed(city):
    """An adapter dies with requests in hand: they are answered, once, after its restart; a held one is still held."""
    rng, seed = seeded()
    city.up(parties=("school", "ggd"))
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    held = city.file(case, 1, "ggd", ["jgz-visus"])["verzoekId"]
    wait_for("held", lambda: [i for i in city.inbox("ggd", "list") if i["state"] == "held"])
    city.adapters["ggd"].kill()
    transactions = []
    for a in ("school-naam", "school-soort", "school-jaargroep", "school-groepsnaam", "school-advies"):
        transactions.append(city.file(case, 1, "school", [a])["verzoekId"])
        if rng.random() < 0.6:
            city.adapters["school"].kill()
            city.adapters["school"].start()
    city.adapters["ggd"].start()
    for t in transactions:
        city.answered(t, seconds=45)
        kinds = [e["kind"] for e in city.trace(t) if "MESSAGE" in e["type"]]
        check(kinds.count("response") == 1, f"seed {seed}: {t} was answered {kinds.count('response')} times")
    city.wait_connected("ggd")
    still = [i for i in city.inbox("ggd", "list") if i["state"] == "held"]
    check([i["id"] for i in still] == [held], f"after the restart the GGD holds {still}")
    city.inbox("ggd", "release", held, "--fields", "jgz-visus", "--by", "arts-1")
    city.answered(held, seconds=45)


def test_http_restarted(city):
    city.up(parties=("school",))
    case = city.open_case([(CHILD, "kind")])
    city.http.kill()
    city.start_http()
    check(city.call("GET", f"/v1/zaken/{case}", city.token("wmo-intake")).status == 200, "the case after a restart of sluis-http")


def test_party_away(city):
    """A request to a party that is not connected waits for it."""
    city.up(parties=("school",))
    city.adapters["school"].stop()
    case = city.open_case([(CHILD, "kind")])
    t = city.file(case, 1, "school", ["school-naam"])["verzoekId"]
    time.sleep(0.3)
    check(city.request(t)["status"] == "open", "answered by nobody")
    city.adapters["school"].start()
    check(city.answered(t, seconds=45)["uitkomsten"][0]["uitkomst"] == "verstrekt", "not given after it came back")


def test_party_stopped(city):
    """An adapter that is stopped in mid-air (SIGSTOP: its connection stands, it reads nothing) delays no other party."""
    city.up(parties=("school", "ggd"))
    case = city.open_case([(CHILD, "kind"), (PARENT, "ouder")])
    city.ask(case, 1, "school", ["school-naam"])
    ggd = city.adapters["ggd"]
    ggd.child.send_signal(signal.SIGSTOP)
    try:
        waits = {city.file(case, 1, "ggd", ["jgz-visus"])["verzoekId"] for _ in range(60)}
        for a in ("school-soort", "school-jaargroep", "school-groepsnaam"):
            began = time.monotonic()
            check(city.ask(case, 1, "school", [a])[a]["uitkomst"] == "verstrekt", f"{a} was not given")
            check(time.monotonic() - began < 3 * SLOW, f"{a} took {time.monotonic() - began:.1f} s")
        check(all(city.request(t)["status"] == "open" for t in waits), "answered by nobody")
    finally:
        ggd.child.send_signal(signal.SIGCONT)
    wait_for("all of them at the GGD", lambda: {i["id"] for i in city.inbox("ggd", "list") if i["state"] == "held"} == waits, 30, 0.2)
