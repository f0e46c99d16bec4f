"""A request that nobody answers: reminder and escalation as events, on working days, by a daemon whose clock goes on (items 11, 40)."""
from datetime import datetime, timezone

from city import CHILD, PARENT
from house import check, wait_for
from test_cases import events
from test_deadlines import GGD, body, metric, post
from test_requests import held_by
from test_retention import SKIPPED, days_later

FRESH = True


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
    check(city.request(t)["teLaat"] and city.request(t)["status"] == "open" and metric(city, "requests_late") == 1, f"{city.request(t)}")
