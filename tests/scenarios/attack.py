"""The hostile party (tests/tools/attacker.c) against a city; for the demo and the scenarios."""
import json
import subprocess

from city import BENCH, PARTIES
from house import GATEWAY_OIN, SANITIZER, SLOW, check


def attack(city, bsn, party="school", attribute=1006):
    """Its verdicts: [{"attack", "code", "text", "duplicate", "want"}]. The city was made with bench=True."""
    name, oin, *_ = BENCH
    case = city.open_case([(bsn, "client")], app="bench", oin=oin)
    adapters = city.root / "adapters"
    done = subprocess.run(
        [city.bin.parent / "tests" / "attacker", "--endpoint", city.endpoint, "--keys", adapters / name / "keys", "--oin", oin,
         "--other-keys", adapters / "wgs" / "keys", "--other-oin", PARTIES["wgs"][0], "--server", city.keys / "curve.key.pub",
         "--root", city.keys / "root.pub", "--case", case, "--party", PARTIES[party][0], "--gateway", GATEWAY_OIN,
         "--attribute", str(attribute), "--json"],
        input=json.dumps({"bsn": bsn}), capture_output=True, text=True, timeout=60 * SLOW, env=city.env)
    check(not SANITIZER.search(done.stderr), f"the hostile party itself: {done.stderr}")
    check(done.stdout, f"the hostile party could not begin: {done.stderr.strip()}")
    return json.loads(done.stdout)
