"""Cooperation that goes badly, as a signal per party and domain (item 35)."""
from city import PARTIES, PARTNER, REFUSING
from house import SLOW, check, wait_for
from test_deadlines import body, post, soon
from test_requests import back, case_of

PER_REQUEST = ("politie-verdenking", "politie-antecedenten", "politie-huiselijk-geweld")


def of(city, oin):
    return next((p for p in city.ctl("cooperation", "list", "--socket", city.control) if p["party"] == oin), None)


def test_refusals_are_signalled(city):
    """The police refuses all: signalled once, it survives kill -9; the school, which answers, is not."""
    case = case_of(city)
    police, school = PARTIES["politie"][0], PARTIES["school"][0]
    check(of(city, police) is None, "an account before the first request")
    for _ in range(15):
        t = city.file(case, 1, "politie", PER_REQUEST)["verzoekId"]
        city.answered(t)
    names = ("school-naam", "school-jaargroep", "school-soort", "school-type", "school-groepsnaam")
    for name in names:
        city.ask(case, 2, "school", [name])
    bad = wait_for("the account of all fifteen", lambda: p if (p := of(city, police)) and p["requests"] == 15 else None)
    check(bad["signals"] == ["refusal"] and bad["domain"] == "politie" and bad["requests"] == 15, f"{bad}")
    check(0.5 < bad["refused"] < 0.6 and bad["late"] == 0 and bad["failed"] == 0, f"{bad}")
    good = wait_for("the school's account", lambda: p if (p := of(city, school)) and p["requests"] == len(names) else None)
    check(good["signals"] == [] and good["refused"] == 0, f"{good}")
    check(city.metric("cooperation_signals") == 1, "the metric")
    check(len([e for e in city.gateway.events() if e.get("event") == "cooperation.bad"]) == 1, "said once in the log")
    city.gateway.kill()
    back(city)
    check(of(city, police)["signals"] == ["refusal"] and city.metric("cooperation_signals") == 1, "after a kill")
    for _ in range(2):
        city.wait_connected("politie")
        city.answered(city.file(case, 1, "politie", PER_REQUEST)["verzoekId"])
    wait_for("two more", lambda: of(city, police)["requests"] == 17)
    check(not [e for e in city.gateway.events() if e.get("event") == "cooperation.bad"], "said again after the restart")


def test_it_goes_well_again(city):
    """Bad from half of them on, well again below a quarter; what goes to and fro between the two is said once, and no more."""
    school = PARTIES["school"][0]
    case = city.open_case([(PARTNER, "ouder"), (REFUSING, "kind")], domains=("onderwijs",))
    count = (of(city, school) or {"requests": 0})["requests"]

    def end(how, n=1):
        """So many requests more that end so; the account with them."""
        nonlocal count
        count += n
        member, outcome = {"refused": (2, "geweigerd"), "answered": (1, "niet-bekend")}[how]
        for _ in range(n):
            check(city.ask(case, member, "school", ["school-naam"])["school-naam"]["uitkomst"] == outcome, how)
        return wait_for("the account with them", lambda: p if (p := of(city, school)) and p["requests"] == count else None)

    def until(how, met):
        while not met(now := end(how)):
            check(count < 100, f"{now}")
        return now

    def said():
        return [e["event"] for e in city.gateway.events() if e.get("party") == school and e["event"].startswith("cooperation.")]

    check(end("refused", 8)["signals"] == [], "a signal before there were ten")
    now = until("refused", lambda p: p["signals"])
    check(now["signals"] == ["refusal"] and now["refused"] >= 0.5 and now["requests"] >= 10, f"{now}")
    for how in ("answered", "answered", "refused", "refused", "answered"):  # about the half of them
        now = end(how)
        check(now["signals"] == ["refusal"] and 0.25 < now["refused"] < 0.6, f"it flaps: {now}")
    check(said() == ["cooperation.bad"], f"{said()}")
    check(end("answered", 10)["signals"] == ["refusal"], "well again above a quarter")
    now = until("answered", lambda p: not p["signals"])
    check(0.2 < now["refused"] < 0.25, f"{now}")
    for how in ("refused", "answered", "refused", "answered"):  # about a quarter
        now = end(how)
        check(now["signals"] == [], f"it flaps: {now}")
    check(now["refused"] > 0.25 and said() == ["cooperation.bad", "cooperation.restored"], f"{now} {said()}")


def test_lateness_is_signalled(city):
    """The GGD lets twelve requests lie beyond their day: that is lateness and nothing else, and by its own level of cooperation."""
    ggd, case = PARTIES["ggd"][0], case_of(city)
    check(of(city, ggd) is None, "an account before the first request")
    ask = [{"naam": "jgz-visus", "noodzaak": "Om te bepalen of een hulpmiddel nodig is"}]
    filed = [post(city, case, body(ggd, attributen=ask, antwoordVoor=soon(4 * SLOW))) for _ in range(12)]
    check([a.status for a in filed] == [202] * 12, f"{filed[-1].body!r}")
    bad = wait_for("the account of all twelve", lambda: p if (p := of(city, ggd)) and p["requests"] == 12 else None)
    check(bad["signals"] == ["lateness"] and bad["late"] > 0.25 and bad["refused"] == bad["failed"] == 0, f"{bad}")


def test_nobody_else_reads_it(city):
    code, out, err = city.ctl("cooperation", "list", "--socket", city.adapter_control("school"), want=None)
    check(code == 4 and "an adapter has no such command: the gateway's socket may be meant" in out + err, f"an adapter answers it: {code} {out}{err}")
