"""The HTTP edge as strangers use it: health, descriptions, hostile bytes."""
import json
import os
import resource
import socket
import time

from city import CHILD
from house import TREE, check, wait_for


REFUSED = ("400", "408", "411", "413", "431", "501")


def first_line(raw):
    return raw.split(b"\r\n", 1)[0].decode("latin-1")


def test_health_and_metrics(city):
    check(city.call("GET", "/health/live").status == 200, "live")
    ready = city.call("GET", "/health/ready")
    check(ready.status == 200, f"ready: {ready.status} {ready.body!r}")
    names = {c["naam"] for c in ready.json()["controles"]}
    check(len(names) >= 3, f"ready really tries store, bus and journal: {names}")
    metrics = city.call("GET", "/metrics")
    check(metrics.status == 200 and b"sluis" in metrics.body, f"metrics: {metrics.status}")
    check(CHILD.encode() not in metrics.body, "content in the metrics")


def test_not_ready_without_gateway(city):
    city.gateway.stop()
    try:
        check(city.call("GET", "/health/live").status == 200, "live does not need the gateway")
        check(city.call("GET", "/health/ready").status == 503, "ready without a gateway")
    finally:
        city.start_gateway()


def test_openapi(city):
    served = city.call("GET", "/v1/openapi.json")
    check(served.status == 200, f"{served.status}")
    check(served.headers.get("API-Version"), "no API-Version")
    ours = json.loads((TREE / "gateway" / "http" / "openapi.json").read_text())
    check(set(served.json()["paths"]) == set(ours["paths"]), "the description served is not the one in the tree")


def test_problems(city):
    for method, path, status in (("GET", "/v1/bestaat-niet", 404), ("DELETE", "/v1/openapi.json", 405), ("GET", "/v1/zaken/../x", 404)):
        a = city.call(method, path, city.token("wmo-intake"))
        check(a.status == status or (status == 404 and a.status == 400), f"{method} {path}: {a.status}")
        check(a.headers.get("Content-Type", "").startswith("application/problem+json"), f"{method} {path}: {a.headers}")


def test_smuggling(city):
    host = f"Host: 127.0.0.1:{city.ports['http']}\r\n"
    cases = {
        "two lengths": f"POST /v1/zaken HTTP/1.1\r\n{host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}x",
        "length and chunked": f"POST /v1/zaken HTTP/1.1\r\n{host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two hosts": f"GET /health/live HTTP/1.1\r\n{host}Host: other\r\n\r\n",
        "length with a sign": f"POST /v1/zaken HTTP/1.1\r\n{host}Content-Length: +2\r\n\r\n{{}}",
        "space before the colon": f"GET /health/live HTTP/1.1\r\n{host}Content-Length : 0\r\n\r\n",
        "NUL in the head": f"GET /health/live HTTP/1.1\r\n{host}X: a\0b\r\n\r\n",
        "no request at all": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    }
    for name, text in cases.items():
        back = city.raw(text.encode("latin-1"))
        answers = back.count(b"HTTP/1.1 ")
        check(not back or (answers == 1 and first_line(back).split()[1] in REFUSED), f"{name}: {back[:200]!r}")
        check(b"200 OK" not in back, f"{name}: {back[:200]!r}")
    check(city.call("GET", "/health/live").status == 200, "alive after all that")


def test_json(city):
    token = city.token("wmo-intake")
    head = {"Content-Type": "application/json"}
    for name, body in {
        "no JSON": b"{",
        "a raw NUL": b'{"soort": "client\0"}',
        "a key twice": b'{"soort": "client", "soort": "huishouden"}',
        "an unknown key": b'{"soort": "client", "leden": [], "bereik": {}, "aanleiding": "x", "bijvangst": 1}',
        "an array": b"[]",
        "deep": b"[" * 5000 + b"]" * 5000,
        "no UTF-8": b'{"soort": "\xff"}',
    }.items():
        a = city.call("POST", "/v1/zaken", token, body, head)
        check(a.status in (400, 413, 422), f"{name}: {a.status} {a.body[:200]!r}")
    a = city.call("POST", "/v1/zaken", token, b"x" * (1 << 20), head)
    check(a.status == 413, f"too large: {a.status}")
    a = city.call("POST", "/v1/zaken", token, {"soort": "client", "leden": [{"bsn": "123456789", "rol": "client"}],
                                               "bereik": {"wetten": ["wmo"], "domeinen": []}, "aanleiding": "x"})
    check(a.status in (400, 422) and b"123456789" not in a.body, f"a wrong person number: {a.status} {a.body[:200]!r}")


def test_refusals_do_not_fill_the_log(city):
    """Ten lines a second of a kind; what was left out is counted in the next."""
    def lines(event):
        return [e for e in city.http.events() if e.get("event") == event]

    def told(event):
        return sum(1 + int(e.get("left_out", 0)) for e in lines(event))

    for event, one, n in (("http.refused", b"GET /v1/verzoeken HTTP/1.1\r\nHost: a\r\n\r\n", 300),
                          ("http.gate", b"GET /v1/verzoeken HTTP/1.1\r\n\r\n", 30)):
        before, counted, begun = len(lines(event)), told(event), time.monotonic()
        if event == "http.refused":
            check(city.raw(one * (n - 1) + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), 30).count(b"HTTP/1.1 401") == n, event)
        else:
            for _ in range(n):
                check(city.raw(one).startswith(b"HTTP/1.1 400"), event)
        wait_for("a line that counts the others", lambda: city.raw(one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) and
                 told(event) > counted + n)
        seconds = int(time.monotonic() - begun) + 2
        check(len(lines(event)) - before <= 10 * seconds, f"{event}: {len(lines(event)) - before} lines in {seconds} s")


def test_no_files_left(city):
    """Who calls when no file is left waits; the front neither spins nor fills its log, and goes on afterwards."""
    def told():  # no more of it than this: a front that spins writes faster than we read
        with open(city.http.log, "rb") as f:
            return f.read(4 << 20)

    def rested():
        return told().count(b'"http.accept"') >= 2 or b"Error from accept()" in told()

    pid = city.http.child.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 4, hard))
    # more than the connections of earlier tests that may end meanwhile
    callers = [socket.create_connection(("127.0.0.1", city.ports["http"])) for _ in range(64)]
    try:
        wait_for("two failed accepts, told", rested)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        for s in callers:
            s.close()
    check(b"Error from accept()" not in told(), "libevent wrote a line for each failed accept")
    check(wait_for("sluis-http answers again", lambda: city.alive("/health/live")), "alive")
    lines = told().count(b'"http.accept"')
    check(lines < 200, f"{lines} lines of failed accepts")
