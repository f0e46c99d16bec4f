"""A gateway whose disk is lost: its backup goes back under the journal's next origin, and what it had acknowledged since
comes back from the parties. And the ways in which it must not go back."""
import json
import re
import shutil
import subprocess
import sys

from city import CHILD, PARENT
from house import NAME, TREE, check, wait_for
from test_cases import refused

sys.path.insert(0, str(TREE / "tests" / "tools"))
import tlog_reader  # noqa: E402
from test_log import follow, get, up  # noqa: E402

FRESH = True
KNOWN = ["school-naam", "school-soort", "school-jaargroep", "school-groepsnaam", "school-brincode"]


def size(city, token):
    return tlog_reader.note(get(city, "checkpoint", token).body.decode())[1]


def restore(city, copy, *more, want=0, data=None):
    return city.ctl("restore", str(copy), "--data", data or city.root / "data", "--name", NAME, "--log-key", city.keys / "log.key.pub", *more,
                    want=want)


def verify(city, copy):
    return city.ctl("journal", "verify", copy, "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key",
                    city.keys / "master.key", "--directory-key", city.keys / "directory.key.pub")


A_COPY = ("this is a copy, made for backup or verification: started as it is, it would write a second history under the first one's "
          "name. Put a backup in place with `sluisctl restore`")


def start_refused(city, text):
    """sluisd ends by itself, and says why."""
    done = subprocess.run([city.bin / "sluisd", "--config", city.root / "sluisd.conf"], capture_output=True, text=True, timeout=60)
    said = [json.loads(line).get("text") for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]
    check(done.returncode != 0 and text in said, f"exit {done.returncode}: {(done.stdout + done.stderr)[-600:]}")


def start_again(city):
    city.start_gateway()
    wait_for("sluis-http is ready", lambda: city.alive("/health/ready"))
    for name in city.adapters:
        city.wait_connected(name)


def messages(city, transaction):
    return sorted(e["kind"] for e in city.trace(transaction) if "MESSAGE" in e["type"])


def test_what_was_acknowledged_comes_back(city):
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    token = up(city, parties=("school", "ggd"), rules=rules)
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    before = city.file(case, 2, "school", [KNOWN[0]])["verzoekId"]
    city.answered(before)
    waiting = city.file(case, 2, "ggd", ["jgz-visus"])["verzoekId"]  # in the backup without its answer
    wait_for("held", lambda: [i for i in city.inbox("ggd", "list") if i["state"] == "held"])
    follow(city, "--init")
    copy = city.copy(city.root / "backup")
    kept = size(city, token)

    lost = [city.file(case, 2, "school", [a])["verzoekId"] for a in KNOWN[1:]]
    for t in lost:
        city.answered(t)
    held = city.file(case, 2, "ggd", ["jgz-gehoor"])["verzoekId"]
    city.inbox("ggd", "release", waiting, "--fields", "jgz-visus", "--by", "arts-1")
    city.answered(waiting)
    wait_for("held", lambda: [i["id"] for i in city.inbox("ggd", "list") if i["state"] == "held"] == [held])
    values = city.values(case, 2)
    index = next(e["index"] for e in city.trace(lost[0]) if e["kind"] == "response")
    city.inbox("school", "receipt", lost[0], "--out", city.root / "old.receipt")
    follow(city)
    last = city.root / "witness" / "last"
    cosigned = tlog_reader.note(last.read_text())[1]

    mark = city.call("GET", "/v1/verzoeken", city.token("wmo-intake")).json()["sinds"]
    city.gateway.kill()
    shutil.rmtree(city.root / "data" / "store")
    done = restore(city, copy, "--checkpoint", last)
    check(done["size"] == kept and done["known_size"] == cosigned and done["own_keys"], f"{done}")
    with (rules / "rules.conf").open("a") as f:  # something to write down at the start, which the next origin comes before
        f.write("\n# since the backup\n")
    start_again(city)
    restored = [e for e in city.gateway.events() if e.get("event") == "core.restored"]
    check(restored and restored[0]["origin"] == f"{NAME}/journal/2" and "--restored" in restored[0]["text"], f"{restored}")
    refused(city.call("GET", f"/v1/verzoeken?sinds={mark}", city.token("wmo-intake")), 400, "invalid",
            "deze bladwijzer is van voor een herstel van de gateway: begin zonder sinds")

    for t in (before, *lost, waiting):
        city.answered(t, seconds=30)
        check(messages(city, t) == ["request", "response"], f"{t}: {messages(city, t)}")
    check(city.values(case, 2) == values, f"{city.values(case, 2)} instead of {values}")
    check(not city.stood_before(case, 2) & set(KNOWN), "registered twice")
    wait_for("still held, and open again", lambda: city.request(held, raw=True).status == 200)
    check(city.request(held)["status"] == "open", f"{city.request(held)}")
    city.inbox("ggd", "release", held, "--fields", "jgz-gehoor", "--by", "arts-1")
    city.answered(held)

    old = city.ctl("receipt", "verify", city.root / "old.receipt", "--name", NAME, "--log-key", city.keys / "log.key.pub")
    check(old["origin"] == f"{NAME}/journal/1" and old["index"] == index, f"{old}")
    city.inbox("school", "receipt", lost[0], "--out", city.root / "new.receipt")
    new = city.ctl("receipt", "verify", city.root / "new.receipt", "--name", NAME, "--log-key", city.keys / "log.key.pub")
    check(new["origin"] == f"{NAME}/journal/2" and new["message_hash"] == old["message_hash"], f"{new}")

    # the adapters' next welcome gives nothing back again
    n = size(city, token)
    city.adapters["school"].stop()
    city.adapters["school"].start()
    city.wait_connected("school")
    check(size(city, token) == n, "something came back twice")

    report = verify(city, city.copy(city.root / "after"))
    check(report["restores"] == 1 and report["lost"] == cosigned - kept, f"{report}")
    code, out, _ = follow(city, want=None)
    check(code == 1 and "--restored" in out, f"the witness: exit {code} {out}")
    took = follow(city, "--restored")
    check(took["origin"] == f"{NAME}/journal/2", f"{took}")
    check(tlog_reader.note((city.root / "witness" / "last.1").read_text())[1] == cosigned, "the old origin's last note is gone")
    city.open_case([(PARENT, "ouder")])
    check(follow(city)["size"] > took["size"], "the witness does not go on")

    # a second loss: the next origin, and nothing is mistaken for the first
    city.gateway.kill()
    shutil.rmtree(city.root / "data")
    restore(city, city.root / "after", "--checkpoint", last)
    start_again(city)
    for t in (before, *lost, waiting, held):
        city.answered(t, seconds=30)
        check(messages(city, t) == ["request", "response"], f"{t}: {messages(city, t)}")
    report = verify(city, city.copy(city.root / "again"))
    check(report["restores"] == 2, f"{report}")


def test_restored_twice_while_a_party_was_away(city):
    """What the first restore lost comes back also when its party was away until after the second, which goes back to a later entry."""
    city.up(parties=("school", "ggd"))
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    first = city.copy(city.root / "first")
    lost = city.file(case, 2, "ggd", ["jgz-gehoor"])["verzoekId"]
    wait_for("held", lambda: [i["id"] for i in city.inbox("ggd", "list") if i["state"] == "held"] == [lost])
    index = next(e["index"] for e in city.trace(lost) if e["kind"] == "request")
    away = city.adapters.pop("ggd")
    away.stop()

    def lose(copy):
        city.gateway.kill()
        shutil.rmtree(city.root / "data" / "store")
        done = restore(city, copy, "--none-newer")
        start_again(city)
        return done["size"]

    check(lose(first) <= index, "the request is in the backup")
    check(city.request(lost, raw=True).status == 404, "nothing was lost")
    for a in KNOWN:
        city.answered(city.file(case, 2, "school", [a])["verzoekId"])
    check(lose(city.copy(city.root / "second")) > index, "the second backup is too early to prove anything")

    city.adapters["ggd"] = away
    away.start()
    city.wait_connected("ggd")
    wait_for("it is back", lambda: city.request(lost, raw=True).status == 200)
    city.inbox("ggd", "release", lost, "--fields", "jgz-gehoor", "--by", "arts-1")
    city.answered(lost)
    check(messages(city, lost) == ["request", "response"], f"{messages(city, lost)}")


def test_a_bookmark_of_the_same_backup(city):
    """One backup put in place twice: both times the journal goes on at the same index, and a bookmark of the first time is refused."""
    token = up(city, parties=("school",))
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    copy = city.copy(city.root / "backup")

    def put_back(*known):
        city.gateway.kill()
        shutil.rmtree(city.root / "data" / "store")
        restore(city, copy, *known)
        start_again(city)

    put_back("--none-newer")
    mark = city.call("GET", "/v1/verzoeken", city.token("wmo-intake")).json()["sinds"]
    check(city.call("GET", f"/v1/verzoeken?sinds={mark}", city.token("wmo-intake")).status == 200, "a bookmark of now")
    (city.root / "late").write_bytes(get(city, "checkpoint", token).body)
    put_back("--checkpoint", city.root / "late")
    city.answered(city.file(case, 2, "school", [KNOWN[0]])["verzoekId"])
    refused(city.call("GET", f"/v1/verzoeken?sinds={mark}", city.token("wmo-intake")), 400, "invalid",
            "deze bladwijzer is van voor een herstel van de gateway: begin zonder sinds")


def test_a_copy_does_not_start(city):
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    city.up(parties=("school",), rules=rules)
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.ask(case, 2, "school", ["school-naam"])
    copy = city.copy(city.root / "backup")
    city.gateway.stop()
    shutil.rmtree(city.root / "data" / "store")
    shutil.copytree(copy / "store", city.root / "data" / "store")
    with (rules / "rules.conf").open("a") as f:
        f.write("\n# since the backup\n")
    before = verify(city, copy)["entries"]
    start_refused(city, A_COPY)
    start_refused(city, A_COPY)
    shutil.copy(city.root / "data" / "keys.slots", copy)
    shutil.rmtree(copy / "store")
    shutil.copytree(city.root / "data" / "store", copy / "store")
    check(verify(city, copy)["entries"] == before, "a copy was written to")


def test_an_older_store_is_found_out(city):
    """Data put back by other means, behind the gateway's back: the first party that comes shows what it was promised."""
    city.up(parties=("school",))
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.gateway.stop()
    shutil.copytree(city.root / "data", city.root / "before")
    start_again(city)
    city.ask(case, 2, "school", ["school-naam"])
    city.gateway.stop()
    shutil.rmtree(city.root / "data")
    shutil.copytree(city.root / "before", city.root / "data")
    city.gateway.start()
    wait_for("sluisd ended", lambda: not city.gateway.running(), 20)
    told = [e for e in city.gateway.events() if e.get("event") == "journal.rolled-back"]
    check(told and "sluisctl restore" in told[0]["text"], city.gateway.tail())
    city.gateway.child = None  # it ended by itself, as it should


def test_what_is_not_restored(city):
    token = up(city)
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.ask(case, 2, "school", ["school-naam"])
    (city.root / "early").write_bytes(get(city, "checkpoint", token).body)
    first = city.copy(city.root / "first")
    city.ask(case, 2, "school", ["school-soort"])
    copy = city.copy(city.root / "backup")
    (city.root / "late").write_bytes(get(city, "checkpoint", token).body)
    late = ("--checkpoint", city.root / "late")

    def refused(code, *args, **kw):
        got, out, err = restore(city, *args, want=None, **kw)
        check(got == code, f"{[str(a) for a in args]}: exit {got} {out}{err}")
        return out + err

    check("move it away" in refused(5, copy, *late), "over a store that is there")
    elsewhere = city.root / "elsewhere"
    check("none-newer" in refused(5, copy, data=elsewhere), "without a word about the newest checkpoint")
    refused(5, copy, *late, "--none-newer", data=elsewhere)
    check("older than the copy" in refused(1, copy, "--checkpoint", city.root / "early", data=elsewhere), "an older checkpoint")
    forged = (city.root / "late").read_text().replace("/journal/1", "/journal/7")
    (city.root / "forged").write_text(forged)
    refused(1, copy, "--checkpoint", city.root / "forged", data=elsewhere)
    check(not elsewhere.exists(), "a refusal left something")

    # key files: an older one would bring back what was erased
    slots = bytearray((copy / "keys.slots").read_bytes())
    at = next(i for i in range(4096, len(slots), 128) if slots[i] == 1)
    slots[at] = 0
    (city.root / "older.slots").write_bytes(slots)
    check("newest key" in refused(1, copy, *late, "--keys", city.root / "older.slots", data=elsewhere), "an older key file")
    erased = bytearray((copy / "keys.slots").read_bytes())
    erased[at] = 2
    (city.root / "newer.slots").write_bytes(erased)
    done = restore(city, copy, *late, "--keys", city.root / "newer.slots", data=elsewhere)
    check(done["forgotten_since"] == 1 and not done["own_keys"], f"{done}")
    check((elsewhere / "keys.slots").read_bytes() == bytes(erased), "another key file was put in place")
    third = city.root / "third"
    third.mkdir()
    shutil.copy(copy / "keys.slots", third / "keys.slots")
    done = restore(city, first, *late, data=third)
    check(done["own_keys"], f"the newest key file lay there: {done}")
    raw = bytearray((copy / "store" / "data.mdb").read_bytes())
    bad = city.root / "bad"
    shutil.copytree(copy, bad)
    for leaf in re.finditer(rb"\x01\x06\x00\x00\x00\x00", bytes(raw)):  # version, class, keep-until below 65536 days
        raw[leaf.start() + 9] ^= 1
    (bad / "store" / "data.mdb").write_bytes(raw)
    refused(1, bad, *late, data=city.root / "fourth")
