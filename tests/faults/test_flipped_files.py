"""A bit flipped in, or the end cut off, a file that an operator, an auditor, a witness or a start reads: refused in words, or the
result is the one of the sound file. Text may become another valid text: of a configuration that is counted, and only an end that
is none (a crash, a hang, a sanitizer's word) is wrong. Stores, keys and rules: test_flips."""
import json
import shutil

import flips
from city import CHILD, PARTIES, City
from house import NAME, check, seeded, wait_for
from judge import long_or
from test_import import bring, line, write
from test_upgrade import PAST, take_up, upgrade
from test_flips import SAID, files_of, prepared, restore, start_on_damage

FRESH = True
REFUSED = (1, 4, 5)  # sluisctl's exit codes: found wrong, refused by the gateway, a file of this machine


def damaged(rng, sound):
    """(bytes, what was done in words)"""
    if rng.random() < 0.25:
        to = rng.randrange(len(sound))
        return sound[:to], f"cut to {to} of {len(sound)} bytes"
    at, bit = rng.randrange(len(sound)), rng.randrange(8)
    return sound[:at] + bytes([sound[at] ^ 1 << bit]) + sound[at + 1:], f"byte {at} bit {bit} flipped"


class Tally:
    def __init__(self):
        self.rng, self.seed = seeded()
        self.rows = {}

    def count(self, what, word):
        row = self.rows.setdefault(what, {})
        row[word] = row.get(word, 0) + 1

    def __str__(self):
        return "; ".join(f"{what}: {', '.join(f'{n} {word}' for word, n in sorted(row.items()))}" for what, row in self.rows.items())

    def each(self, what, path, n, judge):
        """judge(bytes, in words) with the damaged file in its place: the word to count."""
        sound = path.read_bytes()
        try:
            for _ in range(n):
                bad, how = damaged(self.rng, sound)
                path.write_bytes(bad)
                self.count(what, judge(bad, f"seed {self.seed}: {path.name} {how}"))
        finally:
            path.write_bytes(sound)


def same_or_refused(tally, what, path, n, run):
    """run() = sluisctl's (code, stdout, stderr): as with the sound file, or refused in words."""
    code, want, err = run()
    check(code == 0, f"{what}: the sound file: {code} {want} {err}")

    def judge(_, how):
        code, out, err = run()
        if code == 0:
            check(out == want, f"{how}: {what} said {out}, not {want}")
            return "the same"
        check(code in REFUSED and (err or out).strip(), f"{how}: {what}: exit {code} {out} {err}")
        return "refused"
    tally.each(what, path, n, judge)


def test_what_people_bring(city):
    """Receipts, checkpoints, keys of others, enrolments and agreements, by sluisctl."""
    city.up(parties=("school",))
    case = city.open_case([(CHILD, "kind")])
    city.ask(case, 1, "school", ["school-naam"])
    tally, n = Tally(), long_or(6, 400)
    log_key, receipt, request, seen = (city.root / x for x in ("log.pub", "receipt", "checkpoint", "witness"))
    shutil.copy(city.keys / "log.key.pub", log_key)
    city.ctl("witness", "new-key", "--dir", seen, "--name", "getuige.voorbeeld.test")
    city.ctl("journal", "prove", "--old", 0, "--out", request, "--socket", city.control)

    def cosign(*more):
        (city.root / "cosigned").unlink(missing_ok=True)
        return city.ctl("witness", str(request), "--dir", seen, "--log", NAME, "--log-key", log_key, "--out", city.root / "cosigned",
                        *more, want=None)
    check(cosign("--init")[0] == 0, "the first checkpoint")
    size = json.loads(cosign()[1])["last"]
    request.unlink()
    city.ctl("journal", "prove", "--old", size, "--out", request, "--socket", city.control)
    check(cosign()[0] == 0, "the same again")
    city.ctl("receipt", "get", 1, "--by", "controleur-1", "--out", receipt, "--note", city.root / "cosigned", "--socket", city.control)

    def verify():
        return city.ctl("receipt", "verify", receipt, "--name", NAME, "--log-key", log_key, "--witness-key", seen / "witness.vkey",
                        want=None)
    for path in (receipt, log_key, seen / "witness.vkey"):
        same_or_refused(tally, f"receipt verify with {path.name}", path, n, verify)
    for path in (request, log_key, seen / "last", seen / "witness.key"):
        same_or_refused(tally, f"witness with {path.name}", path, n, cosign)
    for name in ("curve.key.pub", "sign.key.pub"):
        path = city.root / "adapters" / "school" / "keys" / name
        same_or_refused(tally, f"key inspect {name}", path, n, lambda path=path: city.ctl("key", "inspect", str(path), want=None))

    oin, title, domain = PARTIES["school"]
    enrolment = city.root / "adapters" / "school" / "keys" / "enrolment.json"

    def entry():
        return next(p["keys"] for p in city.ctl("party", "list", "--socket", city.control) if p["oin"] == oin)
    before = entry()

    def enrol(_, how):
        code, out, err = city.ctl("party", "enrol", "--request", enrolment, "--name", title, "--domain", domain, "--replace",
                                  "--by", "beheer-1", "--socket", city.control, want=None)
        check([k["id"] for k in entry()] == [k["id"] for k in before], f"{how}: the directory has other keys")
        check(code in (0, *REFUSED) and (out or err).strip(), f"{how}: exit {code} {out} {err}")
        return "refused" if code else "the same"
    tally.each("party enrol", enrolment, n, enrol)

    proposal = city.propose("school", covenant="gewijzigd", **city.agreed("school"))

    def filed():
        return [a["id"] for a in city.ctl("agreement", "list", "--socket", city.control) if a["covenant"] == "gewijzigd"]

    def bring(_, how):
        code, out, err = city.ctl("agreement", "file", proposal, "--by", "anna", "--socket", city.control, want=None)
        check(code in (0, *REFUSED) and (out or err).strip(), f"{how}: exit {code} {out} {err}")
        return "refused" if code else "taken"
    tally.each("agreement file", proposal, n, bring)
    taken = filed()
    code, out, err = city.ctl("agreement", "file", proposal, "--by", "anna", "--socket", city.control, want=None)
    check(len(filed()) == 1 and taken in ([], filed()), f"seed {tally.seed}: filed from damaged files: {taken}, then {filed()} {code} {out} {err}")
    print(f"what people bring: {tally}; 0 other results; seed {tally.seed}")


def test_backups_and_exports(city):
    """A backup that is restored, an export that is brought up to date."""
    case, values = prepared(city)
    tally = Tally()
    backup, export = city.copy(city.root / "backup"), city.root / "export"
    gateway = ("--name", NAME, "--log-key", city.keys / "log.key.pub")

    def bring_up():
        return city.ctl("journal", "export", str(backup), "--out", export, *gateway, want=None)
    check(bring_up()[0] == 0, "an export")
    want = {name: (export / name).read_bytes() for name in files_of(export)}
    names = files_of(export)

    def exported(_, how):
        code, out, err = bring_up()
        if code == 0:
            got = {name: (export / name).read_bytes() for name in files_of(export)}
            check(got == want, f"{how}: an export that is not the journal's: {[x for x in want if got.get(x) != want[x]]}")
            return "mended"
        check(code in REFUSED and (err or out).strip(), f"{how}: exit {code} {out} {err}")
        return "refused"
    for i in range(long_or(6, 200)):
        tally.each("journal export", export / names[i % len(names)], 1, exported)

    good, data = city.root / "good", city.root / "data"
    restore(backup, good)
    names = files_of(good)
    city.gateway.stop()

    def back(_, how):
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        code, out, err = city.ctl("restore", str(backup), "--data", data, *gateway, "--none-newer", want=None)
        if code:
            check(code in REFUSED and (err or out).strip(), f"{how}: exit {code} {out} {err}")
            return "refused"
        said = dict.fromkeys(SAID, 0)
        start_on_damage(city, case, values, how, said)
        return next(word for word in SAID if said[word])
    check(back(None, "the sound backup") == "served right", "the sound backup")
    for i in range(long_or(6, 200)):
        tally.each("restore", backup / names[i % len(names)], 1, back)
        restore(good, backup)
    back(None, "the sound backup")
    city.start_gateway()
    print(f"backups and exports: {tally}; 0 other results; seed {tally.seed}")


def test_what_a_start_reads(city):
    """Configurations of the three programs, and the issuer's keys; and tokens."""
    city.up(parties=("school",))
    case = city.open_case([(CHILD, "kind")])
    tally, n = Tally(), long_or(6, 300)
    school, path = city.adapters["school"], city.root / "sluisd.conf"

    def checked(_, how):
        code, out, err = city.ctl("config", "check", "--config", path, want=None)
        check(code in (0, *REFUSED) and (out or err).strip(), f"{how}: exit {code} {out} {err}")
        return "refused" if code else "still valid"
    tally.each("config check", path, long_or(12, 1000), checked)

    def starts(program, ready):
        def judge(_, how):
            program.start()
            wait_for(f"{how}: a start, or its end",
                     lambda: not program.running() or any(e.get("event") == ready for e in program.events()), pause=0.005)
            code = program.stop()
            check(code in (0, 1, 64, 70, 78) and (code == 0 or program.tail()), f"{how}: ended with {code}: {program.tail()}")
            return "refused" if code else "still valid"
        return judge
    for program, conf, ready in ((school, city.root / "adapters" / "school" / "adapter.conf", "adapter.start"),
                                 (city.http, city.root / "sluis-http.conf", "http.start"), (city.gateway, path, "sluisd.ready")):
        program.stop()
        tally.each(conf.name, conf, n, starts(program, ready))

    city.start_gateway()
    city.start_http()
    token = city.token("wmo-intake")

    def view():
        return city.call("GET", f"/v1/zaken/{case}", token).status

    def opened(bad, how):
        city.gateway.stop()
        city.gateway.start()
        wait_for(f"{how}: a start, or its end", lambda: not city.gateway.running() or
                 any(e.get("event") == "sluisd.ready" for e in city.gateway.events()), pause=0.005)
        if not city.gateway.running():
            code = city.gateway.child.returncode
            check(code in (1, 78), f"{how}: ended with {code}: {city.gateway.tail()}")
            return "refused"
        wait_for(f"{how}: the API", lambda: city.alive("/health/ready"))
        status = view()
        check(status in (200, 401), f"{how}: {status}")
        return "the same" if status == 200 else "no token is taken"
    tally.each("jwks.json", city.root / "issuer" / "jwks.json", n, opened)
    city.gateway.stop()
    city.start_gateway()
    wait_for("the API", lambda: city.alive("/health/ready"))
    check(view() == 200, "the sound token")
    sound = token
    for _ in range(long_or(60, 2000)):
        bad, how = damaged(tally.rng, sound.encode())
        if not all(0x21 <= c <= 0x7e for c in bad):  # no header may hold it
            continue
        token = bad.decode()
        status = view()
        check(status == 401, f"seed {tally.seed}: a token {how}: {status}")
        tally.count("token", "refused")
    print(f"what a start reads: {tally}; 0 other ends; seed {tally.seed}")


def test_what_was_elsewhere(city):
    """A passphrase, a file of existing data, a store that an earlier version left: whole, or refused with nothing changed."""
    city.up(parties=("school",))
    tally, n = Tally(), long_or(2, 200)
    phrase, sealed = city.root / "passphrase", city.root / "sealed"
    phrase.write_text("zes woorden die niemand raadt\n")
    phrase.chmod(0o600)
    city.ctl("key", "new", "--dir", sealed, "--oin", PARTIES["school"][0], "--passphrase-file", phrase)
    proposal = city.propose("school", covenant="verzegeld", **city.agreed("school"))
    options = ("--municipality", city.oin, "--covenant", "c", "--version", 1, "--text", city.root / "convenant.txt", "--until", "2099-01-01",
               "--purposes", city.agreed("school")["purposes"][0], "--gives", "ordinary", "--out", proposal)
    first_line = phrase.read_bytes().split(b"\n")[0]

    def opened(bad, how):
        proposal.unlink(missing_ok=True)
        code, out, err = city.ctl("agreement", "propose", "--dir", sealed, "--passphrase-file", phrase, *options, want=None)
        same = bad.split(b"\n")[0] == first_line
        check(code == (0 if same else 5) and proposal.exists() == same, f"{how}: exit {code} {out} {err}")
        check(same or first_line.decode() not in out + err, f"{how}: the passphrase is told: {out} {err}")
        return "the same" if same else "refused"
    tally.each("passphrase", phrase, n, opened)

    path = write(city, [line(CHILD, waarde=f"Vraag {i}") if i == 0 else line(CHILD, "wmo-voorziening", f"Hulp {i}", voorkomen=f"V-{i}")
                        for i in range(5)])

    def brought(bad, how):
        before = city.status()["journal_entries"]
        code, out, err = bring(city, path, want=None)
        if code == 0:
            taken = [json.loads(x) for x in bad.decode().splitlines()]
            check(json.loads(out)["lines"] == len(taken) and all(x["bsn"] == CHILD for x in taken), f"{how}: taken: {out}")
            return "still valid"
        check(code in REFUSED and (err or out).strip() and CHILD not in out + err, f"{how}: exit {code} {out} {err}")
        check(city.status()["journal_entries"] == before, f"{how}: refused, and something of it is there")
        return "refused"
    tally.each("register import", path, long_or(8, 1000), brought)
    city.stop()

    one = City(city.bin)
    try:
        version = PAST[tally.rng.randrange(len(PAST))]
        known, data, kept = take_up(one, version), one.root / "data", one.root / "kept"
        shutil.copytree(data, kept)

        def taken_up(_, how):
            done = upgrade(one, data)
            check(done.returncode in (0, *REFUSED) and (done.returncode == 0 or done.stderr.strip()), f"{version}: {how}: {done}")
            word = "refused"
            if done.returncode == 0:
                code, out, err = one.ctl(*flips.verify_args(one, data), want=None)
                check(code in (0, 1) and (out or err).strip(), f"{version}: {how}: verify: exit {code} {out} {err}")
                found = json.loads(out)
                check(code == 1 or {k: found[k] for k in known["head"]} == known["head"], f"{version}: {how}: another journal: {out}")
                word = "found by verify" if code else "the same"
            restore(kept, data)
            return word
        for name in ("store/data.mdb", "keys.slots"):
            tally.each(f"store upgrade, {name}", data / name, n, taken_up)
    finally:
        one.close()
    print(f"what was elsewhere: {tally}; 0 other results; seed {tally.seed}")
