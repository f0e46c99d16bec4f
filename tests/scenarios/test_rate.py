"""An application that calls too often waits; others, health and metrics do not."""
from city import CHILD
from house import check, wait_for

FRESH = True


def test_tokens_that_are_not_good(city):
    """So many a minute are looked at, of everybody; whoever was known goes on, and a new one waits."""
    city.up(parties=(), limits="bad_tokens_per_minute = 30; ")
    good, new = city.token("wmo-intake"), city.token("wmo-intake", employee="mw-2")
    case = city.open_case([(CHILD, "kind")])
    bad = [good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"), "a.b.c", city.token("geen-app")]
    seen = [city.call("GET", f"/v1/zaken/{case}", bad[i % 3]) for i in range(45)]
    codes = [a.status for a in seen]
    check(set(codes) == {401, 403, 429} and 30 <= 45 - codes.count(429) <= 33, codes)
    late = next(a for a in seen if a.status == 429)
    seconds = int(late.headers["Retry-After"])
    check(late.json()["code"] == "too-many" and 1 <= seconds <= 2, f"{late.headers} {late.body!r}")
    check(late.json()["detail"] == "er komen te veel tokens die niet geldig zijn: een token dat de gateway nog niet kent, neemt zij "
          f"over {seconds} s weer aan", late.body)
    check(city.metric("api_limited") == codes.count(429), "the metric")
    check(city.call("GET", f"/v1/zaken/{case}", new).status == 429, "a token that was never looked at")
    check(city.call("GET", f"/v1/zaken/{case}", good).status == 200, "a token that was good before")
    check(city.call("GET", "/health/ready").status == 200, "health")
    wait_for("a new token is taken", lambda: city.call("GET", f"/v1/zaken/{case}", new).status == 200)


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
    check(city.metric("api_limited") == codes.count(429), "the metric")
    entries = city.status()["journal_entries"]
    check(city.call("GET", f"/v1/zaken/{case}", city.token("wmo-intake")).status == 429, "at once again")
    check(city.status()["journal_entries"] == entries, "a refused call is an entry")
    check(city.call("GET", f"/v1/zaken/{case}", city.token("jeugd-intake")).status != 429, "another application")
    check(city.call("GET", "/health/ready").status == 200, "health")
