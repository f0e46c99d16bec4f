"""An application that calls too often waits; others, health and metrics do not."""
from city import CHILD
from house import check

FRESH = True


def metric(city, name):
    text = city.call("GET", "/metrics").body.decode()
    return int([x for x in text.splitlines() if x.startswith(f"sluis_{name} ")][0].split()[1])


def test_an_application_waits(city):
    city.up(parties=(), limits="calls_per_minute = 40; ")
    case = city.open_case([(CHILD, "kind")])
    seen = [city.call("GET", f"/v1/zaken/{case}", city.token("wmo-intake")) for _ in range(60)]
    codes = [a.status for a in seen]
    check(set(codes) == {200, 429} and 39 <= codes.count(200) <= 42, codes)
    late = next(a for a in seen if a.status == 429)
    check(late.headers["Content-Type"].startswith("application/problem+json") and late.json()["code"] == "too-many", f"{late.headers} {late.body!r}")
    check(1 <= int(late.headers["Retry-After"]) <= 2, f"{late.headers}")
    check("40 keer in een minuut" in late.json()["detail"], late.body)
    check(metric(city, "api_limited") == codes.count(429), "the metric")
    entries = city.status()["journal_entries"]
    check(city.call("GET", f"/v1/zaken/{case}", city.token("wmo-intake")).status == 429, "at once again")
    check(city.status()["journal_entries"] == entries, "a refused call is an entry")
    check(city.call("GET", f"/v1/zaken/{case}", city.token("jeugd-intake")).status != 429, "another application")
    check(city.call("GET", "/health/ready").status == 200, "health")
