"""The check that is always the same, whatever went wrong before: what was acknowledged is stored, was delivered to the
registry exactly once, the journal is consistent, and nothing is served that fails its check."""
import os

import flips
from house import SLOW, check

# The long form (make torture) says how many kills; nothing: the bounded form of make check.
KILLS = int(os.environ.get("TORTURE_KILLS") or 0)
# sluis-http's patience where the gateway is killed under a load that asks again.
KILLED_MS = int(500 * SLOW)


def long_or(bounded, long):
    return long if KILLS else bounded


def verify(city, name="judged"):
    """Verifies a copy of the running gateway's data; the report."""
    copy = city.copy(city.root / name)
    report = city.ctl(*flips.verify_args(city, copy))
    check(report["ok"] and report["records"] == report["entries"], f"{report}")
    return report


def judge(city, load, seed, seconds=40):
    """The load is over and every process runs."""
    at = f"seed {seed}"
    check(not load.error, f"{at}: {load.error}")
    gone = load.missing(None)
    check(not gone, f"{at}: acknowledged and gone: {gone[:3]}")
    late = load.wait_answered(seconds)
    check(not late, f"{at}: acknowledged, never answered: {late[:3]}")
    twice = load.twice()
    check(not twice, f"{at}: twice in the journal: {twice[:3]}")
    wrong = load.wrong_outcomes()
    check(not wrong, f"{at}: answered with what the party did not say: {wrong[:3]}")
    once = load.not_once()
    check(not once, f"{at}: registered twice, or not at all: {once}")
    return verify(city)
