"""The journal as its readers meet it over HTTP (tlog-tiles), and a witness that follows it as a service."""
import json
import mmap
import shutil
import sys
import time

import flips
from city import CHILD, PARENT
from house import NAME, TREE, Process, check, wait_for

sys.path.insert(0, str(TREE / "tests" / "tools"))
import receipt_reader  # noqa: E402
import tlog_reader  # noqa: E402

FRESH = True
WITNESS = "getuige.voorbeeld.test"


def up(city, parties=("school",), **more):
    """A gateway that serves its journal to one reader and knows one witness; the reader's token."""
    token = city.ctl("journal", "reader", "--name", "getuige", "--file", city.root / "readers")["token"]
    city.ctl("witness", "new-key", "--dir", city.root / "witness", "--name", WITNESS)
    shutil.copy(city.root / "witness" / "witness.vkey", city.root / "witnesses")
    (city.root / "token").write_text(token + "\n")
    city.up(parties=parties, extra=f'journal = {{ readers = "{city.root}/readers"; witnesses = "{city.root}/witnesses"; }};\n', **more)
    return token


def get(city, path, token, **kw):
    return city.call("GET", f"/v1/journaal/{path}", token, **kw)


def grow(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind")])


def log_pk(city):
    return bytes.fromhex((city.keys / "log.key.pub").read_text().split()[1])


def follow(city, *more, want=0, folder="witness", **how):
    return city.ctl("witness", "follow", "--dir", city.root / folder, "--log", NAME, "--log-key", city.keys / "log.key.pub",
                    "--url", f"http://127.0.0.1:{city.ports['http']}/v1/journaal", "--token-file", city.root / "token",
                    "--once", *more, want=want, **how)


def download(city, token, folder):
    """The log as plain files, over HTTP."""
    note = get(city, "checkpoint", token)
    check(note.status == 200, f"checkpoint: {note.status} {note.body[:300]!r}")
    size, paths = tlog_reader.note(note.body.decode())[1], ["checkpoint"]
    for level in range(8):
        count = size >> 8 * level
        for n in range((count + 255) // 256):
            width = min(256, count - 256 * n)
            paths += [tlog_reader.tile_path(str(level), n, width)] + ([tlog_reader.tile_path("entries", n, width)] if level == 0 else [])
    for path in paths:
        a = note if path == "checkpoint" else get(city, path, token)
        check(a.status == 200, f"{path}: {a.status} {a.body[:300]!r}")
        if path != "checkpoint":
            check(a.headers["Cache-Control"] == "private, max-age=31536000, immutable", f"{path}: {a.headers['Cache-Control']}")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(a.body)
    check(note.headers["Cache-Control"] == "no-store", "a checkpoint may not be kept")
    return size


def test_served_to_its_readers(city):
    token = up(city)
    case = grow(city)
    for _ in range(265):
        city.view(case, 1)
    size = download(city, token, city.root / "served")
    check(size > 260, f"only {size} entries")
    done, _ = tlog_reader.check(city.root / "served", NAME, log_pk(city))
    check(done == size, f"{done} of {size}")
    for who in (None, "x" * 64, token[:-1], token.upper(), city.token("wmo-intake")):
        a = get(city, "checkpoint", who)
        check(a.status == 401, f"{who}: {a.status}")
        check(get(city, "tile/entries/000", who).status == 401, "leaves to a stranger")
    for path, status in (("tile/0/000", 200), ("tile/0/000.p/7", 200), ("tile/0/001.p/255", 404), ("tile/0/001", 404),
                         ("tile/1/000.p/1", 200), ("tile/1/000", 404), ("tile/7/000", 404), ("tile/8/000", 400),
                         ("tile/0/0", 400), ("tile/0/000.p/256", 400), ("tile/0/x001/000", 404), ("tile/0/000/000", 400),
                         ("tile/entries/000.p/1", 200), ("tile/0/x018/x446/x744/x073/x709/x551/615", 400), ("tile/0/x072/x057/x594/x037/x927/935", 404),
                         ("vervolg/na-1", 200), (f"vervolg/na-{1 << 40}", 404), ("vervolg/1", 400), ("medeondertekend", 404)):
        a = get(city, path, token)
        check(a.status == status, f"{path}: {a.status} {a.body[:200]!r}")
    check(get(city, "tile/0/000.p/7", token).body == get(city, "tile/0/000", token).body[:7 * 32], "a part differs from its whole")
    text = get(city, "checkpoint", token).body + get(city, "tile/entries/000", token).body
    check(CHILD.encode() not in text and b"wmo-intake" not in text, "a record leaked")


def test_a_witness_follows(city):
    token = up(city)
    grow(city)
    check(follow(city, want=None)[0] == 5, "without its last note a witness must be told --init")
    first = follow(city, "--init")
    check(first["witness"] == WITNESS and first["size"] > 1, f"{first}")
    grow(city)
    second = follow(city)
    check(second["size"] > first["size"], f"{second}")
    note = get(city, "medeondertekend", token).body.decode()
    _, size, _, _, lines = tlog_reader.note(note)
    check(size == second["size"] and {s[0] for s in lines} == {NAME, WITNESS}, f"{lines}")
    city.gateway.stop()
    city.start_gateway()
    wait_for("the cosignature after a restart", lambda: city.alive("/health/ready") and
             get(city, "medeondertekend", token).body.decode() == note)
    city.ctl("receipt", "get", "--by", "controleur-1", 1, "--out", city.root / "r", "--witnessed", "--socket", city.control)
    facts = city.ctl("receipt", "verify", city.root / "r", "--name", NAME, "--log-key", city.keys / "log.key.pub",
                     "--witness-key", city.root / "witness" / "witness.vkey")
    check(facts["grade"] == "witnessed" and facts["size"] == size, f"{facts}")
    vkey = (city.root / "witness" / "witness.vkey").read_text()
    by_hand = receipt_reader.check((city.root / "r").read_bytes(), NAME, log_pk(city), vkey)
    check(by_hand["witnessed"] and by_hand["size"] == size, f"{by_hand}")
    # what a witness that nobody knows brings is not taken, nor a checkpoint without a witness's line, nor another log's
    city.ctl("witness", "new-key", "--dir", city.root / "other", "--name", "vreemde.test")
    check(follow(city, "--init", folder="other", want=None)[0] == 4, "an unknown witness was taken")
    for text, status in ((get(city, "checkpoint", token).body.decode(), 400), (note.replace(NAME, "andere.test"), 400),
                         (note.replace("/journal/1", "/journal/2"), 400), ("x", 400), ("", 400)):
        a = city.call("POST", "/v1/journaal/medeondertekend", token, {"notitie": text})
        check(a.status == status, f"{text[:60]!r}: {a.status} {a.body[:200]!r}")
    check(city.call("POST", "/v1/journaal/medeondertekend", None, {"notitie": note}).status == 401, "without a token")
    check(get(city, "medeondertekend", token).body.decode() == note, "it changed")


def test_a_partys_receipts(city):
    """What a party keeps of request and answer, each of the second grade once a witness has cosigned; no read of a
    record is needed for that, so none is journalled."""
    up(city)
    case = grow(city)
    t = city.file(case, 2, "school", ["school-naam"])["verzoekId"]
    city.answered(t)
    wait_for("sent", lambda: [i for i in city.inbox("school", "list") if i["state"] == "sent"])
    before = len(city.trace(t))

    def verify(file, *more, want=0):
        return city.ctl("receipt", "verify", file, "--name", NAME, "--log-key", city.keys / "log.key.pub", *more, want=want)

    facts = {}
    for of in ("request", "answer"):
        city.inbox("school", "receipt", t, "--of", of, "--out", city.root / of)
        facts[of] = verify(city.root / of)
        check(facts[of]["transaction"] == t and facts[of]["kind"] == {"request": "request", "answer": "response"}[of] and
              facts[of]["grade"] == "logged", f"{facts[of]}")
        code, _, _ = city.inbox("school", "receipt", t, "--of", of, "--out", city.root / "never", "--witnessed", want=None)
        check(code == 1 and not (city.root / "never").exists(), f"witnessed before there was a witness: {code}")
    follow(city, "--init")
    for of in ("request", "answer"):
        file = city.root / f"{of}.witnessed"
        city.inbox("school", "receipt", t, "--of", of, "--out", file, "--witnessed")
        now = verify(file, "--witness-key", city.root / "witness" / "witness.vkey")
        check(now["grade"] == "witnessed" and now["index"] == facts[of]["index"] and now["message_hash"] == facts[of]["message_hash"], f"{now}")
    check(len(city.trace(t)) == before, "a renewal was journalled as a read")
    check(city.inbox("school", "receipt", t, "--of", "elders", "--out", city.root / "x", want=None)[0] == 4, "of what?")


def swap(city, folder):
    """The gateway goes on with another state of its data folder, kept aside while it stood still."""
    for p in city.adapters.values():
        p.stop()
    city.gateway.stop()
    shutil.rmtree(city.root / "data")
    shutil.copytree(folder, city.root / "data")
    city.start_gateway()
    wait_for("sluis-http is ready", lambda: city.alive("/health/ready"))


def test_a_fork_is_refused(city):
    """Two histories of one log under one key: the witness refuses the one it did not cosign, at every size."""
    token = up(city)
    grow(city)
    follow(city, "--init")
    for p in city.adapters.values():
        p.stop()
    city.gateway.stop()
    shutil.copytree(city.root / "data", city.root / "before")
    city.start_gateway()
    wait_for("sluis-http is ready", lambda: city.alive("/health/ready"))
    grow(city)
    grow(city)
    cosigned = follow(city)
    seen = (city.root / "witness" / "last").read_bytes()
    note = get(city, "medeondertekend", token).body.decode()
    swap(city, city.root / "before")
    code, out, _ = follow(city, want=None)
    check(code == 1 and "smaller" in out, f"rolled back: exit {code} {out}")
    while tlog_reader.note(get(city, "checkpoint", token).body.decode())[1] < cosigned["size"]:
        grow(city)
    code, out, _ = follow(city, want=None)
    check(code == 1 and "rewritten" in out, f"forked, as large: exit {code} {out}")
    grow(city)
    code, out, _ = follow(city, want=None)
    check(code == 1 and "rewritten" in out, f"forked, larger: exit {code} {out}")
    check((city.root / "witness" / "last").read_bytes() == seen, "a refusal changed what the witness knows")
    city.impatient()
    # shown what it signed in its other life, the gateway stops and says why
    try:
        city.call("POST", "/v1/journaal/medeondertekend", token, {"notitie": note})
    except OSError:
        pass
    wait_for("sluisd ended", lambda: not city.gateway.running(), 10)
    told = [e for e in city.gateway.events() if e.get("event") == "journal.rolled-back"]
    check(told and "restore" in told[0]["text"], city.gateway.tail())
    city.gateway.child = None  # it ended by itself, as it should


def flip_everywhere(path, what):
    """One bit of these bytes, wherever they stand in the file; how often they did."""
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        found, at = 0, m.find(what)
        while at >= 0:
            m[at] ^= 1
            found, at = found + 1, m.find(what, at)
        return found


def test_a_damaged_tile_is_no_rewritten_log(city):
    """A flipped bit in a stored tile: the gateway proves nothing with it, and a witness keeps what it knows."""
    token = up(city, parties=(), limits="person_cases = 1000; ")
    grow(city)
    first = follow(city, "--init")["size"]
    while first % 4 == 0:  # so that the proof goes over the hash that is damaged below
        grow(city)
        first = follow(city)["size"]
    seen = (city.root / "witness" / "last").read_bytes()
    while tlog_reader.note(get(city, "checkpoint", token).body.decode())[1] < 260:
        grow(city)
    tile = get(city, "tile/0/000", token).body
    city.gateway.stop()
    check(flip_everywhere(city.root / "data" / "store" / "data.mdb", tile[32 * first:32 * first + 32]), "the hash is not in the store")
    city.start_gateway()
    wait_for("sluis-http is ready", lambda: city.alive("/health/ready"))
    for _ in range(2):
        code, _, err = follow(city, want=None, plain=True)
        check((code, err) == (3, f"sluisctl witness follow: vervolg/na-{first}: HTTP status 500\n"), f"exit {code} {err}")
        check((city.root / "witness" / "last").read_bytes() == seen, "a refusal changed what the witness knows")
    check([e["event"] for e in city.gateway.events() if e["level"] == "error"] == ["read.corrupt"] * 2, city.gateway.tail())
    code, out, _ = city.ctl(*flips.verify_args(city, city.copy(city.root / "copy")), want=None)
    found = json.loads(out)
    check(code == 1 and (found["code"], found["where"]) == ("corrupt", "tile 0/0"), f"exit {code} {out}")


def test_follows_by_itself(city):
    """The service looks again and again, and outlives a gateway that is away."""
    token = up(city, parties=())
    grow(city)
    p = Process("witness", [city.bin / "sluisctl", "witness", "follow", "--dir", city.root / "witness", "--log", NAME,
                            "--log-key", city.keys / "log.key.pub", "--url",
                            f"http://127.0.0.1:{city.ports['http']}/v1/journaal", "--token-file", city.root / "token",
                            "--every", 1, "--init"], city.root / "log" / "witness.log", city.env)
    p.start()
    def size():
        a = get(city, "medeondertekend", token)
        return tlog_reader.note(a.body.decode())[1] if a.status == 200 else 0
    first = wait_for("cosigned", size)
    city.gateway.stop()
    time.sleep(1.5)
    city.start_gateway()
    wait_for("sluis-http is ready", lambda: city.alive("/health/ready"))
    grow(city)
    wait_for("cosigned again", lambda: size() > first, 20)
    check(p.stop() == 0, p.tail())
