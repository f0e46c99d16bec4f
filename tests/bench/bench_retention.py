"""The writer's latency while retention deletes, and without.

A register is filled by a gateway whose clock is a day behind; when that gateway starts again with the right clock, the day's
pass begins, and the data of all but those who are viewed are over. Views are asked for meanwhile (each is a commit of the
writer's before it is answered) over 16 connections, and over one, which leaves the gateway idle most often and so lets it
delete the most; and again when the pass has ended. A run lasts for more than a second at any scale: so often retention
takes a turn beside traffic."""
import re

from bench_views import Views
from house import GATEWAY_OIN, check, wait_for

OVER = "2001-01-01"  # a file of the Wmo is kept for 15 years


def removed(views):
    """Rows of persons' files that were deleted since the start."""
    return int(re.search(r"^sluis_retention_removed(?:_total)? (\d+)$", views.city.call("GET", "/metrics").body.decode(), re.M)[1])


def passed(views):
    """The day of the last whole pass, when nobody is still to be cleared away; else None."""
    told = views.city.ctl("retention", "check", "--socket", views.city.control)
    return None if told["being_cleared"] else told["last_pass"]


def measure_retention(build, rng, note, runs, scaled):
    views, over, seen = Views(build, rng, 20), max(100000, scaled(400000)), 0
    city = views.city
    city.env.update(LD_PRELOAD=str(build / "bench" / "clock_shift.so"), SLUIS_CLOCK_DAYS="-1")
    try:
        views.start()
        views.fill(1100)
        views.open_cases()
        views.bring(GATEWAY_OIN, ({"bsn": views.others[i * 1000 // over], "naam": "wmo-voorziening", "waarde": "Voorziening",
                                   "voorkomen": f"O-{i}", "verkregen": OVER} for i in range(over)), "over.jsonl")
        city.gateway.stop()
        for name in ("LD_PRELOAD", "SLUIS_CLOCK_DAYS"):
            del city.env[name]
        city.gateway.env = city.env
        city.tokens.clear()
        city.start_gateway()
        wait_for("the front", lambda: city.alive("/health/ready"))
        wait_for("the pass", lambda: removed(views) > 0)
        last = views.city.ctl("retention", "check", "--socket", city.control)["last_pass"]
        for when in ("_while_deleting", ""):
            if not when:
                wait_for("the end of the pass", lambda: passed(views) not in (None, last), 300, 0.5)
            for connections, count in ((16, max(8000, scaled(10000))), (1, max(2000, scaled(2000)))):
                for _ in range(runs):
                    before = removed(views)
                    r = views.run(connections, scaled(200), count)
                    seen = removed(views)
                    check((before < seen < over) if when else before == seen, f"{connections} connections{when}: {before} to {seen} of {over}")
                    note(f"writer_p99{when}_us_c{connections}", r["p99_us"])
                    if when:
                        print(f"bench: {seen - before} rows deleted beside {connections} connections, {r['per_s']:.0f} views/s", flush=True)
        city.stop()
    finally:
        views.close()


def ratios(figures):
    for c in (16, 1):
        figures[f"writer_p99_ratio_c{c}"] = figures[f"writer_p99_while_deleting_us_c{c}"] / figures[f"writer_p99_us_c{c}"]
    figures["writer_p99_ratio"] = max(figures["writer_p99_ratio_c16"], figures["writer_p99_ratio_c1"])
