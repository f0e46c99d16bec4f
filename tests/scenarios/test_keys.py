"""Keys and parties over time: rotation with mail under way, suspension, what ends soon."""
import json

from city import CHILD, PARENT, PARTIES
from house import GATEWAY_OIN, ISSUER, NAME, SLOW, check, wait_for
from test_requests import back, held_by, state_at

OIN = PARTIES["school"][0]


def case_of(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind")])


def keys_of(city, name="school"):
    return city.root / "adapters" / name / "keys"


def enrol_again(city, request, name="school"):
    oin, title, domain = PARTIES[name]
    city.ctl("party", "enrol", "--replace", "--request", request, "--name", title, "--domain", domain, "--by", "beheer-1", "--socket",
             city.control)


def test_inspect(city):
    keys = keys_of(city)
    private, public = city.ctl("key", "inspect", keys / "sign.key"), city.ctl("key", "inspect", keys / "sign.key.pub")
    check(private["use"] == "sign" and private["version"] == 1 and private["created"][:2] == "20", private)
    check(private["id"] == public["id"] and private["pk"] == public["pk"], f"{private} {public}")
    check("secret" not in json.dumps(private), private)
    check(city.ctl("key", "inspect", city.keys / "master.key")["use"] == "bare secret", "the master key")
    code, _, err = city.ctl("key", "inspect", keys / "enrolment.json", want=None)
    check(code == 5, f"{code} {err}")


def test_needs_renewal(city):
    keys = keys_of(city)
    rows = city.ctl("key", "needs-renewal", "--dir", keys)
    check([r["key"] for r in rows] == ["sign", "seal", "curve"] and all(330 < r["days"] <= 365 for r in rows), rows)
    rows = city.ctl("key", "needs-renewal", "--dir", keys, "--days", "400", want=1)
    check(all(r["needs_renewal"] for r in rows), rows)
    rows = city.ctl("key", "needs-renewal", "--dir", city.keys)
    check([r["key"] for r in rows] == ["sign", "curve", "log", "directory"], rows)
    check(all(720 < r["days"] <= 730 for r in rows[:3]), rows)
    check([r["needs_renewal"] for r in city.ctl("key", "needs-renewal", "--dir", city.keys, "--days", "500", want=1)] ==
          [False, False, False, True], "the delegation alone")
    code, _, _ = city.ctl("key", "needs-renewal", "--dir", city.root / "nowhere", want=None)
    check(code == 5, f"a folder that is not there: {code}")
    text = city.call("GET", "/metrics").body.decode()
    for name in ("own_keys_expire_seconds", "party_keys_expire_seconds"):
        line = [x for x in text.splitlines() if x.startswith(f"sluis_{name} ")]
        check(line and int(line[0].split()[1]) > 1_700_000_000, f"{name}: {line}")


def test_keys_of_the_issuer(city):
    """Tokens are judged by the file as it stands: a key that comes counts, one that goes counts no more, and a file that is wrong
    changes nothing but the log."""
    case, file, next_ = case_of(city), city.root / "issuer" / "jwks.json", city.root / "next-issuer"
    city.ctl("token", "new-issuer", "--dir", next_)
    for name in ("issuer.jwk", "jwks.json"):
        told = json.loads((next_ / name).read_text())
        for key in told.get("keys", [told]):
            key["kid"] = "tweede"
        (next_ / name).write_text(json.dumps(told))
    first, second = (json.loads(f.read_text())["keys"] for f in (file, next_ / "jwks.json"))
    old = city.token("wmo-intake")
    new = city.ctl("token", "--dir", next_, "--issuer", ISSUER, "--app", "wmo-intake", "--oin", city.oin, "--function", "consulent",
                   "--employee", "mw-1", "--ttl", 600)["token"]

    def put(text):
        beside = file.with_suffix(".next")
        beside.write_text(text)
        beside.rename(file)

    def status(token):
        return city.call("GET", f"/v1/zaken/{case}", token).status

    def told():
        return [e for e in city.gateway.events() if e.get("event") == "verify.keys" and e["level"] == "error"]

    try:
        check((status(old), status(new)) == (200, 401), "before")
        put(json.dumps({"keys": first + second}))
        wait_for("the key that came", lambda: status(new) == 200)
        check(status(old) == 200, "the other one")
        put(json.dumps({"keys": second}))
        wait_for("the key that went", lambda: status(old) == 401)
        check(status(new) == 200, "the one that stayed")
        put("{")
        wait_for("what is wrong with the file", lambda: status(new) == 200 and told())
        check(all(e["file"] == str(file) and "is not JSON" in e["text"] and e["keys"] == "those of before" for e in told()), told())
        check((status(old), status(new)) == (401, 200), "by the keys of before")
    finally:
        put(json.dumps({"keys": first}))
    wait_for("the first key again", lambda: status(old) == 200)


def test_rotation(city):
    keys, case = keys_of(city), case_of(city)
    old = city.ctl("key", "inspect", keys / "seal.key")["id"]
    code, _, err = city.ctl("key", "rotate", "--dir", keys, "--finish", want=None)
    check(code == 1, f"finished what was not begun: {code} {err}")
    # mail is under way, sealed to the old key, while the adapter is down
    city.adapters["school"].stop()
    waiting = city.file(case, 2, "school", ["school-naam"])["verzoekId"]
    request = city.ctl("key", "rotate", "--dir", keys)["enrolment"]
    city.ctl("key", "rotate", "--dir", keys, want=5)
    check(city.ctl("key", "inspect", keys / "seal.key")["id"] == old, "the old key stays in use")
    enrol_again(city, request)
    listed = [p for p in city.ctl("party", "list", "--socket", city.control) if p["oin"] == OIN][0]
    check(len(listed["keys"]) == 6, listed)
    city.adapters["school"].start()
    city.wait_connected("school")
    check(city.answered(waiting)["status"] == "beantwoord", "mail to the old key is opened")
    check(city.ask(case, 2, "school", ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", "mail to the new key, before --finish")
    city.ctl("key", "rotate", "--dir", keys, "--finish")
    check(city.ctl("key", "inspect", keys / "seal.key")["id"] != old, "the new key is in place")
    check(city.ctl("key", "inspect", keys / "seal.old.key")["id"] == old, "the old one is kept")
    check(city.ctl("key", "inspect", keys / "seal.old.key.pub")["id"] == old, "with its public half")
    city.adapters["school"].stop()
    city.adapters["school"].start()
    city.wait_connected("school")
    check(city.ask(case, 2, "school", ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", "after the restart")
    # the next one must wait for mail to the key before
    city.ctl("key", "rotate", "--dir", keys)
    code, _, err = city.ctl("key", "rotate", "--dir", keys, "--finish", want=None)
    check(code == 5 and "may come until" in err, f"{code} {err}")


def test_rotation_while_connected(city):
    keys, case = keys_of(city, "ggd"), case_of(city)
    enrol_again(city, city.ctl("key", "rotate", "--dir", keys)["enrolment"], "ggd")
    asked = city.file(case, 2, "ggd", ["jgz-visus"], raw=True)
    check(asked.status in (200, 202), asked.body)
    wait_for("the request in the inbox, sealed to the new key", lambda: city.inbox("ggd", "list"))


def test_suspension(city):
    case = case_of(city)
    why = ("--by", "anna", "--reason", "sleutel-verloren", "--socket", city.control)
    city.ctl("party", "suspend", OIN, *why)
    city.ctl("party", "suspend", OIN, *why, want=4)
    refused = city.file(case, 2, "school", ["school-naam"], raw=True)
    check(refused.status == 422 and refused.json()["code"] == "suspended", refused.body)
    wait_for("the adapter knows", lambda: not city.ctl("status", "--socket", city.adapter_control("school"))["connected"])
    city.adapters["school"].stop()
    city.adapters["school"].start()
    wait_for("it is turned away, and counted", lambda: city.metric("bus_turned_away") > 0)
    city.ctl("party", "resume", OIN, *why)
    city.adapters["school"].stop()
    city.adapters["school"].start()
    city.wait_connected("school")
    check(city.ask(case, 2, "school", ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", "it takes part again")


def test_one_key(city):
    """One key of a party is stopped by one person, and only that: with new keys beside it the party goes on."""
    keys, case = keys_of(city, "politie"), case_of(city)
    old = city.ctl("key", "inspect", keys / "seal.key")["id"]
    why = ("--by", "anna", "--reason", "sleutel-verloren", "--socket", city.control)
    city.adapters["politie"].stop()
    waiting = city.file(case, 2, "politie", ["politie-meldingen-overlast"])["verzoekId"]
    check(city.ctl("key", "suspend", old, *why)["outcome"] == "suspended", "by one person")
    check(city.request(waiting)["status"] == "teruggestuurd", city.request(waiting))
    enrol_again(city, city.ctl("key", "rotate", "--dir", keys)["enrolment"], "politie")  # which does not lift it
    listed = [p for p in city.ctl("party", "list", "--socket", city.control) if p["oin"] == PARTIES["politie"][0]][0]
    check([k["id"] for k in listed["keys"] if k["suspended"]] == [old] and not listed["suspended"], listed)
    city.adapters["politie"].start()
    city.wait_connected("politie")
    asked = city.file(case, 2, "politie", ["politie-meldingen-overlast"])["verzoekId"]
    wait_for("the request is opened with the new key", lambda: [r for r in city.inbox("politie", "list") if r["id"] == asked])
    city.ctl("key", "resume", old, *why)
    city.ctl("key", "resume", old, *why, want=4)


def test_revocation(city):
    def revoke(by, key, **kw):
        return city.ctl("key", "revoke", key, "--by", by, "--reason", "sleutel-verloren", "--socket", city.control, **kw)
    case = case_of(city)
    key = city.ctl("key", "inspect", keys_of(city, "wgs") / "seal.key")["id"]
    city.adapters["wgs"].stop()
    waiting = city.file(case, 1, "wgs", ["wgs-totaal-schuldbedrag"])["verzoekId"]
    check(revoke("anna", key)["outcome"] == "proposed", "one is not enough")
    revoke("anna", key, want=4)
    check(city.request(waiting)["status"] == "open", "nothing has happened yet")
    check(revoke("bram", key)["outcome"] == "revoked", "two are")
    revoke("carla", key, want=4)
    check(city.request(waiting)["status"] == "teruggestuurd", city.request(waiting))
    entries = city.trace(waiting)
    check(entries[-1]["type"] == "R_RETURNED" and entries[-1]["decision"] == "key-not-valid", entries)
    refused = city.file(case, 1, "wgs", ["wgs-totaal-schuldbedrag"], raw=True)
    check(refused.status == 400 and refused.json()["code"] == "key-not-valid", refused.body)


def other_keys(city, name):
    """New keys alone, with nothing of the old beside them, in the place of the old ones; the request to enrol them."""
    keys, new = keys_of(city, name), city.root / f"{name}-new"
    city.ctl("key", "new", "--dir", new, "--oin", PARTIES[name][0])
    for f in new.iterdir():
        f.replace(keys / f.name)
    return keys / "enrolment.json"


def test_an_answer_under_a_key_that_was_taken_away(city):
    """Answers stored and not yet taken when all keys are replaced: signed anew, what a person decided as it was decided."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    queued, done = city.metric("outbox_queued"), city.metric("outbox_done")
    decided = city.file(case, 2, "ggd", ["jgz-gewicht"])["verzoekId"]
    held_by(city, "ggd", decided)
    wait_for("the confirmations", lambda: city.metric("outbox_done") - done >= city.metric("outbox_queued") - queued > 0)
    city.gateway.kill()
    city.inbox("ggd", "release", decided, "--fields", "jgz-gewicht", "--by", "jeugdarts-7")
    wait_for("the answer stored", lambda: state_at(city, "ggd", decided) == "sending")
    city.adapters["ggd"].stop()
    back(city)
    request = other_keys(city, "ggd")
    city.adapters["ggd"].start("adapter.start")  # the gateway does not know its keys yet
    check(state_at(city, "ggd", decided) == "sending", "nothing is lost on the way")
    enrol_again(city, request, "ggd")
    city.wait_connected("ggd")
    given = city.answered(decided)
    check([u["uitkomst"] for u in given["uitkomsten"]] == ["verstrekt"], given)
    wait_for("the acknowledgement", lambda: state_at(city, "ggd", decided) == "sent")
    kinds = [e.get("kind") for e in city.trace(decided)]
    check(kinds == ["request", "response"], f"the journal: {kinds}")
    told = [d for d in city.ctl("inbox", "disclosed", "--socket", city.adapter_control("ggd")) if d["id"] == decided]
    check(len(told) == 1, f"the party's own log: {told}")
    wrote = [e for e in city.adapters["ggd"].events() if e.get("event") == "answer.again"]
    check([(e["transaction"], e["code"]) for e in wrote] == [(decided, "key-not-valid")], wrote)


def test_passphrase(city):
    """A gateway and a party whose keys are sealed: they start with the passphrase, and only with it."""
    name = city.root / "passphrase"
    name.write_text("zes woorden die niemand raadt\n")
    name.chmod(0o600)
    sealed = city.root / "sealed"
    city.ctl("key", "new", "--dir", sealed, "--oin", "00000099000000006000", "--passphrase-file", name)
    check(city.ctl("key", "inspect", sealed / "sign.key")["version"] == 2, "sealed")
    city.ctl("key", "rotate", "--dir", sealed, want=5)
    city.ctl("key", "rotate", "--dir", sealed, "--passphrase-file", name)
    check(city.ctl("key", "inspect", sealed / "seal.new.key")["version"] == 2, "so is the next")
    house = type(city)(city.bin)
    try:
        house.make(f'passphrase_file = "{name}";')
        for f in (*house.keys.glob("*.key"), *house.keys.glob("*.pub"), *house.keys.glob("*.bin"), *house.keys.glob("*.json"),
                  *house.keys.glob("offline/*")):
            f.unlink()
        house.ctl("key", "new", "--dir", house.keys, "--for", "gateway", "--oin", GATEWAY_OIN, "--name", NAME, "--passphrase-file", name)
        house.start_gateway()
        check(len(house.ctl("party", "list", "--socket", house.control)) == 1, "it runs")
        house.gateway.stop()
        house.write_gateway()
        house.gateway.start()
        check(house.gateway.child.wait(20 * SLOW) == 1 and "passphrase_file" in house.gateway.tail(), house.gateway.tail())
    finally:
        house.close()
    city.adapters["school"].stop()
    keys = keys_of(city)
    for f in keys.iterdir():
        f.unlink()
    city.ctl("key", "new", "--dir", keys, "--oin", OIN, "--passphrase-file", name)
    enrol_again(city, keys / "enrolment.json")
    (city.root / "adapters" / "school" / "store").rename(city.root / "old-store")
    city.start_adapter("school", city.adapter_config("school", f'passphrase_file = "{name}";'))
    city.wait_connected("school")
    check(city.ctl("key", "inspect", keys / "store.key")["version"] == 2, "the key it made itself is sealed, too")
    check(city.ask(case_of(city), 2, "school", ["school-naam"])["school-naam"]["uitkomst"] == "verstrekt", "it answers")


def test_passphrase_later(city):
    """Keys that exist go under a passphrase, another, and none; never while a program runs on them."""
    keys, one, two = keys_of(city, "ggd"), city.root / "one", city.root / "two"
    for path, text in ((one, "eerste zin van vier woorden\n"), (two, "tweede zin van vier woorden\n")):
        path.write_text(text)
        path.chmod(0o600)
    case = case_of(city)

    def convert(*args, want=0):
        return city.ctl("key", "passphrase", "--dir", keys, *args, want=want)

    def versions():
        return {city.ctl("key", "inspect", p)["version"] for p in keys.glob("*.key")}

    def again(extra, attribute):
        city.adapters["ggd"].env = dict(city.env, CREDENTIALS_DIRECTORY=str(city.root))
        (city.root / "adapters" / "ggd" / "adapter.conf").write_text(city.adapter_config("ggd", extra))
        city.adapters["ggd"].start()
        city.wait_connected("ggd")
        asked = city.file(case, 2, "ggd", [attribute], raw=True)
        check(asked.status in (200, 202), asked.body)
        wait_for("the request is opened", lambda: [r for r in city.inbox("ggd", "list") if r["id"] == asked.json()["verzoekId"]])

    code, _, err = city.ctl("key", "passphrase", "--dir", keys, "--to", one, want=None)
    check(code == 5 and "stop it first" in err and versions() == {1}, f"{code} {err}")
    city.adapters["ggd"].stop()
    convert(want=2)
    count = len(list(keys.glob("*.key")))
    done = convert("--to", one)
    check(done["keys"] == count >= 4 and done["passphrase"] and versions() == {2}, done)
    again('passphrase_file = "credential:one";', "jgz-visus")
    city.adapters["ggd"].stop()
    convert("--from", two, "--to", one, want=0)  # as after a run that was cut off at its very end
    convert("--from", two, want=5)
    # cut off half way: one key is under the new passphrase already
    half = city.root / "half"
    half.mkdir()
    (keys / "sign.key").rename(half / "sign.key")
    convert("--from", one, "--to", two)
    (half / "sign.key").rename(keys / "sign.key")
    convert("--from", one, "--to", two)
    again('passphrase_file = "credential:two";', "jgz-gehoor")
    city.adapters["ggd"].stop()
    convert("--from", two)
    check(versions() == {1}, versions())
    check(not [p.name for p in keys.iterdir() if p.suffix in (".new", ".gone")], sorted(keys.iterdir()))
    again("", "jgz-lengte")
