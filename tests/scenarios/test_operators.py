"""Whose word the control socket takes: an operator is an account of the machine, and two persons are two accounts (item 43).

Accounts that every Debian has stand for people's. Who does not run this as root has one account, and speaks for it alone."""
import json
import os
import pwd
import subprocess

from city import CHILD, PARENT, PARTIES
from house import check
from test_forget import cleared, close

OWN, OTHER, STRANGER = pwd.getpwuid(os.geteuid()).pw_name, "daemon", "games"
OPERATORS = f'operators = ( {{ name = "anna"; account = "{OWN}"; }}, {{ name = "bert"; account = "{OTHER}"; }} );\n'
ROOT = os.geteuid() == 0
CLIENT = """import contextlib, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
with contextlib.suppress(BrokenPipeError):  # it may have answered and hung up before it was asked
    s.sendall(sys.stdin.buffer.read())
print(s.makefile().readline(), end="")"""
FRESH = True


def up(city, **kw):
    city.up(parties=("school",), extra=OPERATORS + ('control_group = "daemon";\n' if ROOT else ""), **kw)
    city.root.chmod(0o711)


def ask_as(city, account, **request):
    """What the gateway says to this account; a member of the socket's group."""
    who = {"user": account, "group": OTHER, "extra_groups": []} if ROOT else {}
    done = subprocess.run(["/usr/bin/python3", "-I", "-c", CLIENT, str(city.control)], input=json.dumps(request) + "\n",
                          capture_output=True, text=True, cwd="/", timeout=30, **who)
    check(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


def forget(bsn, by):
    return {"cmd": "subject.forget", "person": bsn, "by": by, "reason": "avg-17"}


def refused(reply, text):
    check(reply == {"ok": False, "code": "permission", "where": "by", "text": text}, f"{reply}")


def test_nobody_speaks_for_another(city):
    """Every command that has a name in it, from one account under two names."""
    up(city)
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    request = city.file(case, 2, "school", ["school-jaargroep"])["verzoekId"]
    city.answered(request)
    close(city, case)
    school = next(p for p in city.ctl("party", "list", "--socket", city.control) if p["oin"] == PARTIES["school"][0])
    key = next(k["id"] for k in school["keys"] if k["use"] == "sign")
    covenant = city.ctl("agreement", "list", "--socket", city.control)[0]["id"]
    words = {"by": "bert", "reason": "misbruik"}
    for q in ({"cmd": "party.suspend", "oin": school["oin"], **words}, {"cmd": "party.resume", "oin": school["oin"], **words},
              {"cmd": "key.suspend", "key": key, **words}, {"cmd": "key.resume", "key": key, **words},
              {"cmd": "key.revoke", "key": key, **words}, {"cmd": "agreement.accept", "id": covenant, "by": "bert"},
              {"cmd": "party.enrol", "request": {}, "name": "De School", "domain": "onderwijs", "by": "bert"},
              {"cmd": "agreement.revoke", "id": covenant, **words}, {"cmd": "config.reload", **words},
              {"cmd": "retention.confirm", **words}, {"cmd": "trace", "transaction": request, "by": "bert"},
              {"cmd": "receipt.get", "index": 1, "by": "bert"}, {"cmd": "register.import", **words}, forget(CHILD, "bert")):
        refused(ask_as(city, OWN, **q), "the account that asks is that of anna: nobody speaks for another")
    check(city.ask_gateway(forget(CHILD, "anna"))["outcome"] == "proposed", "the first person's word")
    code, out, err = city.ctl("subject", "forget", "--by", "bert", "--reason", "avg-17", "--socket", city.control, stdin=CHILD, want=None)
    check(code == 4 and "the account that asks is that of anna: nobody speaks for another" in out + err, f"{code} {out}{err}")
    check(city.values(city.open_case([(CHILD, "kind")]), 1), "nobody was forgotten")
    city.copy(city.root / "copy")  # nobody's decision, but seen
    copied = [(e["what"], e["by"], e["account"]) for e in city.gateway.events() if e["event"] == "journal.copied"]
    check(copied == [("store and keys", "anna", str(os.geteuid()))], f"{copied}")


def test_two_accounts_are_two_persons(city):
    if not ROOT:
        return "skipped: asks from three accounts, which takes root"
    up(city)
    check(oct(city.control.stat().st_mode)[-3:] == "660", "the group may connect")
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.ask(case, 2, "school", ["school-jaargroep"])
    close(city, case)
    stranger = ask_as(city, STRANGER, cmd="status")
    check(stranger == {"ok": False, "code": "permission", "where": "request",
                       "text": "only operators, root and the daemon's own user may ask"}, f"{stranger}")
    check(ask_as(city, OTHER, **forget(CHILD, "bert"))["outcome"] == "proposed", "the first person's word")
    check(ask_as(city, OWN, **forget(CHILD, "anna"))["outcome"] == "forgotten", "another carries it out")
    cleared(city)


def test_an_account_that_is_no_operators(city):
    """Root may look how it goes; it decides nothing, and looks at nobody's transactions."""
    if not ROOT:
        return "skipped: asks as root"
    city.up(parties=(), extra='operators = ( { name = "bert"; account = "daemon"; }, { name = "cor"; account = "bin"; } );\n')
    check(city.ctl("status", "--socket", city.control)["mode"] == "test", "root may ask how it goes")
    text = "the account that asks is no operator's: ask from one that sluisd.conf names in operators"
    for by in ("bert", "root"):
        refused(ask_as(city, "root", **forget(CHILD, by)), text)
    folder = city.root / "adapters" / "school"
    city.ctl("key", "new", "--dir", folder, "--oin", PARTIES["school"][0])
    code, out, err = city.ctl("party", "enrol", "--request", folder / "enrolment.json", "--name", "De School", "--domain", "onderwijs",
                              "--by", "bert", "--socket", city.control, want=None)
    check(code == 4 and json.loads(err or out)["text"] == text, f"{code} {out}{err}")
