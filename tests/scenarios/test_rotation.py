"""The gateway's own keys go over to others: messages flow over the change, a party that was away comes back, and what was
proved under an old key stays proved."""
import time

from city import CHILD, PARENT
from house import GATEWAY_OIN, NAME, check, wait_for

FRESH = True


def up(city):
    city.up(parties=("school",))
    return city.open_case([(CHILD, "kind"), (PARENT, "ouder")])


def restart(city):
    city.gateway.stop()
    start(city)


def start(city):
    city.start_gateway()
    wait_for("the API", lambda: city.call("GET", "/health/ready").status == 200)


def rotate(city, use, *args, **kw):
    return city.ctl("key", "rotate", "--dir", city.keys, "--use", use, *args, **kw)


def finish(city, use, **kw):
    return rotate(city, use, "--finish", "--overlap", "0", **kw)


def key_id(city, name):
    return city.ctl("key", "inspect", city.keys / name)["id"]


def own_keys(city, use):
    own = next(p for p in city.ctl("party", "list", "--socket", city.control) if p["oin"] == GATEWAY_OIN)
    return {k["id"]: k for k in own["keys"] if k["use"] == use}


def newest(city):
    """What the journal's newest entry records."""
    city.ctl("journal", "prove", "--old", "0", "--out", city.root / "proof", "--socket", city.control)
    index = int((city.root / "proof").read_text().split("\n\n")[1].split("\n")[1]) - 1
    (city.root / "proof").unlink()
    city.ctl("receipt", "get", str(index), "--by", "auditor", "--out", city.root / "newest", "--socket", city.control)
    record = city.ctl("receipt", "verify", str(city.root / "newest"), "--name", NAME, "--log-key", city.keys / "log.key.pub")
    (city.root / "newest").unlink()
    return record


def answered(city, case, attribute):
    city.wait_connected("school")
    check(city.ask(case, 1, "school", [attribute])[attribute]["uitkomst"] == "verstrekt", f"{attribute} was not answered")


def test_refused_in_words(city):
    city.make()
    code, _, err = city.ctl("key", "rotate", "--dir", city.keys, want=None, plain=True)
    check(code == 2 and "--use" in err, f"{code} {err}")
    code, _, err = rotate(city, "seal", want=None)
    check(code == 5 and "renew themselves" in err, f"{code} {err}")
    code, _, err = finish(city, "sign", want=None)
    check(code == 1 and "no rotation is under way" in err, f"{code} {err}")
    rotate(city, "curve")
    code, _, err = rotate(city, "curve", want=None)
    check(code == 5 and "--finish" in err, f"{code} {err}")
    code, _, err = rotate(city, "curve", "--finish", want=None)
    check(code == 5 and "so that everyone learns the new one" in err, f"{code} {err}")
    rotate(city, "directory")
    code, _, err = finish(city, "directory", want=None)
    check(code == 1 and "key delegate" in err, f"{code} {err}")
    city.ctl("key", "delegate", "--root", city.keys / "offline" / "root.key", "--key", city.keys / "directory.key.pub", "--name", NAME,
             "--out", city.keys / "delegation.new.bin")
    code, _, err = finish(city, "directory", want=None)
    check(code == 5 and "for another key" in err, f"{code} {err}")


def test_sign(city):
    """What the old key signed and is under way counts; what comes after bears the new one."""
    case = up(city)
    old = key_id(city, "sign.key")
    city.adapters["school"].stop()
    waiting = city.file(case, 1, "school", ["school-naam"])["verzoekId"]
    rotate(city, "sign")
    new = key_id(city, "sign.new.key")
    restart(city)
    keys = own_keys(city, "sign")
    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 36 * 86400))
    check(set(keys) == {old, new} and keys[old]["valid_until"][:10] <= soon < keys[new]["valid_until"][:10], keys)
    city.adapters["school"].start()
    check(city.answered(waiting)["status"] == "beantwoord", "signed by the old key")
    answered(city, case, "school-soort")
    restart(city)
    check(own_keys(city, "sign") == keys, "another start gives the old key more days")
    finish(city, "sign")
    check(not list(city.keys.glob("sign.new*")) and key_id(city, "sign.key") == new == key_id(city, "sign.key.pub"), "in its place")
    restart(city)
    check(own_keys(city, "sign") == keys, "the old key is listed until it is over")
    answered(city, case, "school-type")


def test_curve(city):
    """A party that was connected when the key was announced comes back after the change, even when it was away meanwhile."""
    case = up(city)
    old = key_id(city, "curve.key")
    configured = city.root / "configured.pub"
    configured.write_bytes((city.keys / "curve.key.pub").read_bytes())
    conf = city.root / "adapters" / "school" / "adapter.conf"
    conf.write_text(conf.read_text().replace(f"{city.keys}/curve.key.pub", str(configured)))
    city.adapters["school"].stop()
    city.adapters["school"].start()
    rotate(city, "curve")
    restart(city)
    answered(city, case, "school-naam")
    check(set(own_keys(city, "curve")) == {old, key_id(city, "curve.new.key")}, "announced")
    finish(city, "curve")
    restart(city)  # connected meanwhile
    answered(city, case, "school-soort")
    check(old not in own_keys(city, "curve"), "the old one is gone")
    rotate(city, "curve")
    restart(city)
    answered(city, case, "school-type")
    city.adapters["school"].stop()
    finish(city, "curve")
    restart(city)
    waiting = city.file(case, 1, "school", ["school-advies"])["verzoekId"]
    city.adapters["school"].start()  # away meanwhile; configured with the first key of three
    check(city.answered(waiting)["status"] == "beantwoord", "it came back")


def test_directory(city):
    """A new directory key by the offline root's word; every entry and agreement is signed again."""
    case = up(city)
    city.adapters["school"].stop()
    waiting = city.file(case, 1, "school", ["school-naam"])["verzoekId"]
    rotate(city, "directory")
    city.ctl("key", "delegate", "--root", city.keys / "offline" / "root.key", "--key", city.keys / "directory.new.key.pub", "--name", NAME,
             "--out", city.keys / "delegation.new.bin")
    word = (city.keys / "delegation.new.bin").read_bytes()
    new = key_id(city, "directory.new.key")
    before = city.ctl("agreement", "list", "--socket", city.control)
    finish(city, "directory")
    check(key_id(city, "directory.key") == new and (city.keys / "delegation.bin").read_bytes() == word, "both in their place")
    restart(city)
    said = newest(city)
    check(said["decision"] == "directory-key-renewed" and said["detail"] == new, said)
    check(city.ctl("agreement", "list", "--socket", city.control) == before, "the agreements are as they were")
    city.adapters["school"].start()
    check(city.answered(waiting)["status"] == "beantwoord", "the party takes the new key's directory")
    answered(city, case, "school-soort")
    copy = city.root / "copy"
    city.ctl("journal", "copy", "--dir", copy, "--socket", city.control)
    verified = city.ctl("journal", "verify", str(copy), "--name", NAME, "--log-key", city.keys / "log.key.pub", "--master-key",
                        city.keys / "master.key", "--directory-key", city.keys / "directory.key.pub")
    check(verified["ok"] and verified["parties"] == 2, verified)
    # the word alone, for longer
    city.ctl("key", "delegate", "--root", city.keys / "offline" / "root.key", "--key", city.keys / "directory.key.pub", "--name", NAME,
             "--days", "700", "--out", city.keys / "delegation.new.bin")
    finish(city, "directory")
    rows = {r["key"]: r for r in city.ctl("key", "needs-renewal", "--dir", city.keys)}
    check(690 < rows["directory"]["days"] <= 700, rows)
    restart(city)
    answered(city, case, "school-type")


def test_log(city):
    """Both keys sign for a while; receipts of before hold under the old key, those of after under the new, and log.pub knows
    both."""
    case = up(city)
    old_pub = city.root / "old.pub"
    old_pub.write_bytes((city.keys / "log.key.pub").read_bytes())

    def receipt(name):
        city.ctl("receipt", "get", "0", "--by", "auditor", "--out", city.root / name, "--socket", city.control)
        return city.root / name

    def holds(path, key):
        code, _, _ = city.ctl("receipt", "verify", str(path), "--name", NAME, "--log-key", key, want=None)
        return code == 0

    answered(city, case, "school-naam")
    first = receipt("first")
    witness = city.root / "witness"
    city.ctl("witness", "new-key", "--dir", witness, "--name", "getuige.voorbeeld.test")
    size = cosign(city, witness, 0, old_pub, "--init")
    rotate(city, "log")
    both = city.keys / "log.pub"
    new_pub = city.keys / "log.new.key.pub"
    check([k["id"] for k in city.ctl("key", "inspect", both)] == [key_id(city, "log.key"), key_id(city, "log.new.key")], "oldest first")
    restart(city)
    said = newest(city)
    check(said["decision"] == "log-key-renewed" and said["detail"] == key_id(city, "log.new.key"), said)
    answered(city, case, "school-soort")
    second = receipt("second")
    check(holds(second, old_pub) and holds(second, new_pub), "both sign")
    check(holds(first, old_pub) and not holds(first, new_pub) and holds(first, both), "the first receipt")
    size = cosign(city, witness, size, both)
    finish(city, "log")
    restart(city)
    answered(city, case, "school-type")
    third = receipt("third")
    now_pub = city.keys / "log.key.pub"
    check(not holds(third, old_pub) and holds(third, now_pub) and holds(third, both), "the new key alone")
    check(holds(first, both) and holds(second, now_pub), "receipts of before")
    cosign(city, witness, size, both)
    copy = city.root / "copy"
    city.ctl("journal", "copy", "--dir", copy, "--socket", city.control)
    for key in (now_pub, both):
        check(city.ctl("journal", "verify", str(copy), "--name", NAME, "--log-key", key, "--master-key", city.keys / "master.key")["ok"], key)
    check(city.ctl("journal", "verify", str(copy), "--name", NAME, "--log-key", old_pub, want=1)["code"] == "unknown-key", "the old key is over")
    city.ctl("journal", "export", copy, "--out", city.root / "export", "--name", NAME, "--log-key", both)


def cosign(city, witness, old, key, *args):
    """The witness cosigns the newest checkpoint; its size."""
    request, note = city.root / f"request-{old}", city.root / f"note-{old}"
    city.ctl("journal", "prove", "--old", old, "--out", request, "--socket", city.control)
    city.ctl("witness", str(request), "--dir", witness, "--log", NAME, "--log-key", key, "--out", note, *args)
    return int(note.read_text().split("\n")[1])


def test_killed_between(city):
    """However far a change came: the gateway runs on the old key or the new, and the same command goes on."""
    case = up(city)
    asked = iter(("school-naam", "school-soort", "school-type", "school-advies", "school-jaargroep"))
    city.gateway.stop()
    for use in ("sign", "curve", "log"):
        rotate(city, use)
        # as after a kill between the two files: the new key is in its place, and its copy still there
        new = (city.keys / f"{use}.new.key").read_bytes(), (city.keys / f"{use}.new.key.pub").read_bytes()
        start(city)
        answered(city, case, next(asked))
        city.gateway.stop()
        finish(city, use)
        (city.keys / f"{use}.new.key").write_bytes(new[0])
        (city.keys / f"{use}.new.key").chmod(0o600)
        (city.keys / f"{use}.new.key.pub").write_bytes(new[1])
        start(city)
        city.wait_connected("school")
        city.gateway.stop()
        finish(city, use)
        check(not list(city.keys.glob(f"{use}.new*")), f"{use}: {sorted(city.keys.iterdir())}")
    rotate(city, "directory")
    city.ctl("key", "delegate", "--root", city.keys / "offline" / "root.key", "--key", city.keys / "directory.new.key.pub", "--name", NAME,
             "--out", city.keys / "delegation.new.bin")
    old_word, new_word = (city.keys / "delegation.bin").read_bytes(), (city.keys / "delegation.new.bin").read_bytes()
    finish(city, "directory")
    (city.keys / "delegation.bin").write_bytes(old_word)  # killed between key and word
    (city.keys / "delegation.new.bin").write_bytes(new_word)
    start(city)
    answered(city, case, next(asked))
    finish(city, "directory")
    check((city.keys / "delegation.bin").read_bytes() == new_word and not (city.keys / "delegation.new.bin").exists(), "its end")
    city.gateway.stop()
    (city.keys / "delegation.bin").write_bytes(old_word)
    city.gateway.start()
    check(city.gateway.child.wait(20) == 1 and "key delegate" in city.gateway.tail(), city.gateway.tail())
    (city.keys / "delegation.bin").write_bytes(new_word)
    start(city)
    answered(city, case, next(asked))
