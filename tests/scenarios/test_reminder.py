"""What nobody answers or reviews in time, by a daemon whose clock goes on: reminder and escalation as events (items 11, 40, 41)."""
from datetime import datetime, timezone

from city import CHILD, PARENT
from house import check, wait_for
from test_cases import events
from test_deadlines import GGD, body, post
from test_requests import held_by
from test_retention import SKIPPED, days_later

FRESH = True
REVIEW_DAYS = 7  # after the look, by default


def test_reminded_then_late(city):
    if city.bin.parent.name != "rel":
        return SKIPPED
    city.up(parties=("ggd",))
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    a = post(city, case, body(GGD, sjabloon="onderzoek-ggd"))
    check(a.status == 202, f"{a.status} {a.body!r}")
    t, until = a.json()["verzoekId"], datetime.fromisoformat(a.json()["antwoordVoor"].replace("Z", "+00:00"))
    held_by(city, "ggd", t)

    def said():
        return [kind for kind, _ in events(city, case) if kind.startswith("verzoek-")]

    check(said() == ["verzoek-ingediend"], f"{said()}")
    days = (until - datetime.now(timezone.utc)).days - 1  # the template reminds three working days before
    days_later(city, days)
    wait_for("the reminder", lambda: len(said()) > 1)
    check(said() == ["verzoek-ingediend", "verzoek-nadert-termijn"] and not city.request(t).get("teLaat"), f"{said()}")
    days_later(city, days + 2)
    wait_for("the escalation", lambda: len(said()) > 2)
    check(said() == ["verzoek-ingediend", "verzoek-nadert-termijn", "verzoek-te-laat"], f"{said()}")
    check(city.request(t)["teLaat"] and city.request(t)["status"] == "open" and city.metric("requests_late") == 1, f"{city.request(t)}")


def test_a_look_that_nobody_reviews(city):
    """In acute danger one looks first; that nobody judged it in time is an event, a line of the log and a figure, once."""
    if city.bin.parent.name != "rel":
        return SKIPPED
    city.up(parties=())
    case = city.open_case([(CHILD, "kind")], laws=("wmo",), domains=("onderwijs",))
    look = {"lid": 1, "attributen": ["school-aandachtspunten"], "motivering": "Kind in acuut gevaar"}
    for _ in range(2):
        city.change(case, "noodinzage", look)
    city.change(case, "noodinzage/1/beoordeling", {"terecht": False, "motivering": "Er was tijd genoeg om te vragen"}, function="teamleider",
                employee="tl-1")

    def said(kind):
        return [what for x, what in events(city, case) if x == kind]

    check(said("noodinzage-beoordeeld") == ["onterecht"] and not said("noodinzage-niet-beoordeeld"), f"{events(city, case)}")
    days_later(city, REVIEW_DAYS + 1)
    wait_for("the event", lambda: said("noodinzage-niet-beoordeeld"))
    logged = [e for e in city.gateway.events() if e.get("event") == "case.glass-unreviewed"]
    check([e["case"] for e in logged] == [case] and city.metric("glass_unreviewed") == 1, f"{logged}")
    days_later(city, REVIEW_DAYS + 3)
    check(len(said("noodinzage-niet-beoordeeld")) == 1, "said twice")
