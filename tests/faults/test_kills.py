"""kill -9 and SIGSTOP of the gateway and of an adapter at seeded moments under load.

Bounded: a few of each. Long (TORTURE_KILLS=n, make torture): n kills, in rounds with a city of their own."""
import signal
import time

from city import CHILD, City
from house import SLOW, check, seeded, wait_for
from judge import KILLED_MS, KILLS, judge, long_or
from load import Load

FRESH = True
BOUNDED = 8
ROUND = 50  # kills in one city


def pause(p, seconds):
    """SIGSTOP, and SIGCONT after a while."""
    p.child.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    p.child.send_signal(signal.SIGCONT)


def kill_gateway(city, load):
    city.gateway.kill()
    load.pause()
    city.start_gateway()
    missing = load.missing()
    load.resume()
    check(not missing, f"acknowledged and gone: {missing[:3]}")


def kill_adapter(city):
    city.adapters["school"].kill()
    city.adapters["school"].start()


def play_round(city, rng, seed, kills, figures):
    city.call_ms = KILLED_MS
    city.up(parties=("school",))
    load = Load(city, rng)
    load.pace = long_or(0.04, 0.02) * SLOW
    load.start()
    try:
        for i in range(kills):
            before = load.acked_count()
            wait_for("requests under way", lambda: load.acked_count() > before or load.error, 20)
            time.sleep(rng.uniform(0.0, 0.15) * SLOW)
            what = rng.choice(("gateway", "adapter", "both"))
            if i < 2:  # each at least once, whatever the seed
                what = ("gateway", "adapter")[i]
            if what != "gateway":
                kill_adapter(city)
            if what != "adapter":
                kill_gateway(city, load)
            figures[what] += 1
            if i % 4 == 3:
                stopped = rng.choice((city.gateway, city.adapters["school"]))
                pause(stopped, rng.uniform(0.1, 0.5))
                figures["stops"] += 1
    except AssertionError as e:
        raise AssertionError(f"seed {seed}, kill {i + 1}: {e}") from None
    finally:
        load.stop()
    city.wait_connected("school")
    report = judge(city, load, seed)
    figures["acknowledged"] += load.acked_count()
    figures["entries"] += report["entries"]


def test_kills(city):
    rng, seed = seeded()
    left = KILLS or BOUNDED
    figures = dict.fromkeys(("gateway", "adapter", "both", "stops", "acknowledged", "entries"), 0)
    first = True
    while left > 0:
        here = city if first else City(city.bin)
        try:
            play_round(here, rng, seed, min(left, ROUND), figures)
            if not first:
                here.stop()
        finally:
            if not first:
                here.close()
        first, left = False, left - ROUND
        if KILLS:
            print(f"kills: {KILLS - max(left, 0)} of {KILLS}: {figures}", flush=True)
    kills = figures["gateway"] + figures["adapter"] + figures["both"]
    print(f"kills: {kills} (gateway {figures['gateway']}, adapter {figures['adapter']}, both {figures['both']}), "
          f"{figures['stops']} stops; {figures['acknowledged']} requests acknowledged, 0 lost, 0 doubled; "
          f"{figures['entries']} journal entries verified; seed {seed}")


def test_stopped_party_slows_nobody(city):
    """While an adapter stands still, another party is answered as ever; afterwards everything arrives, once."""
    city.up(parties=("school", "wgs"))
    case = city.open_case([(CHILD, "client")])
    city.adapters["school"].child.send_signal(signal.SIGSTOP)
    waiting = [city.file(case, 1, "school", [a])["verzoekId"] for a in ("school-naam", "school-soort", "school-advies")]
    took = []
    for a in ("wgs-totaal-schuldbedrag", "wgs-vrij-te-laten-bedrag"):
        began = time.monotonic()
        city.ask(case, 1, "wgs", [a])
        took.append(time.monotonic() - began)
    check(max(took) < 2 * SLOW, f"beside a party that stands still another one took {max(took):.2f} s")
    check(all(city.request(t)["status"] == "open" for t in waiting), "answered by a party that stands still")
    city.adapters["school"].child.send_signal(signal.SIGCONT)
    for t in waiting:
        city.answered(t, seconds=30)
        kinds = [e["kind"] for e in city.trace(t) if "MESSAGE" in e["type"]]
        check(kinds.count("response") == 1, f"{t} was answered {kinds.count('response')} times")
    print(f"one adapter stopped: another party answered within {max(took) * 1000:.0f} ms")


def test_stopped_gateway(city):
    """The gateway stands still under load: callers hear of it, and what it had taken goes on afterwards."""
    rng, seed = seeded()
    city.up(parties=("school",))
    load = Load(city, rng)
    load.pace = 0.04 * SLOW
    load.start()
    for _ in range(long_or(2, 20)):
        before = load.acked_count()
        wait_for("requests under way", lambda: load.acked_count() > before or load.error, 20)
        pause(city.gateway, rng.uniform(0.3, 0.8))
    load.stop()
    judge(city, load, seed)
