"""Data whose term is over really go, by a daemon whose wall clock stands days ahead: not before a person has said that the clock
is right; then from store, views and dossier, and from the journal's records; what an open case needs stays (item 36)."""
import json
import re
import shutil

import opener
from city import CHILD, PARENT, PARTIES
from house import NAME, TREE, check, wait_for
from test_import import bring, line, write

FRESH = True
SKIPPED = "a preloaded library and a sanitizer do not go together"
TERM, AHEAD = 20, 30  # days
POLICE = "politie-contactpersoon"


def short_terms(city):
    """The shipped rules, but every term that ends is TERM days."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    path = rules / "retention.conf"
    path.write_text(re.sub(r"days = [1-9][0-9]*; journal_class", f"days = {TERM}; journal_class", path.read_text()))
    return rules


def days_later(city, days):
    """Gateway and front begin again, in a time that is so many days ahead; the parties do not."""
    for p in city.processes():
        p.stop()
    city.env.update(LD_PRELOAD=str(city.bin.parent / "bench" / "clock_shift.so"), SLUIS_CLOCK_DAYS=str(days))
    for p in (city.gateway, city.http):
        p.env = city.env
    city.tokens.clear()
    city.start_gateway()
    city.start_http()


def terms(city, want=0):
    code, out, _ = city.ctl("retention", "check", "--socket", city.control, want=None)
    check(code == want or want is None, f"retention check: {code} {out}")
    return json.loads(out)


def copied(city, name):
    return city.copy(city.root / name)


def verified(city, name):
    return city.ctl("journal", "verify", city.root / name, "--name", NAME, "--log-key", city.keys / "log.key.pub",
                    "--master-key", city.keys / "master.key")


def test_what_is_over_goes(city):
    if city.bin.parent.name != "rel":
        return SKIPPED
    city.up(parties=("school", "politie"), rules=short_terms(city))
    data, who = city.root / "data", opener.Opener(city.keys)
    going_on, over = city.open_case([(CHILD, "client")]), city.open_case([(PARENT, "client")])
    request = city.file(going_on, 1, "school", ["school-naam", "school-jaargroep"])["verzoekId"]
    city.answered(request)
    bring(city, write(city, [line(CHILD, POLICE, "Wijkagent De Vries")], "police.jsonl"), "--source", PARTIES["politie"][0])
    bring(city, write(city, [line(PARENT, "wmo-hulpvraag", "Hulp na een operatie")]))
    check(city.values(over, 1) == {"wmo-hulpvraag": "Hulp na een operatie"}, f"{city.values(over, 1)}")
    city.change(over, "fase", {"overgang": "stoppen"})
    seen = city.values(going_on, 1)
    check(seen[POLICE] == "Wijkagent De Vries" and len(seen) == 3, f"{seen}")
    slot = who.slot(data / "keys.slots", PARENT)
    rows = list(opener.data_rows((copied(city, "early") / "store" / "data.mdb").read_bytes(), slot.sid))
    check(b"operatie" in b"".join(opener.opened([who.key(slot)], rows)), f"the instrument opens nothing of {len(rows)} rows")
    first = verified(city, "early")
    check(first["erased"] == 0 and len(city.trace(request)) == 2, f"{first}")

    days_later(city, AHEAD)
    held = terms(city, want=1)
    check(held["held"] and city.status()["retention"] == "held", f"{held}")
    check(city.values(going_on, 1) == seen and len(city.dossier(over, 1)) > 0, "gone, by a clock that nobody believes")
    check(who.slot(data / "keys.slots", PARENT) is not None and len(city.trace(request)) == 2, "a key or a record went")

    done = city.ctl("retention", "confirm", "--by", "beheer-1", "--reason", "stilgestaan", "--socket", city.control)
    check(done["outcome"] == "confirmed", f"{done}")

    def passed():  # until then it says that it is late
        now = terms(city, want=None)
        return now["last_pass"] == held["clock"][:10] and not now["being_cleared"]

    wait_for("the pass of the day", passed, pause=0.1)
    check(not terms(city)["late"], "the pass is over and late")
    wait_for("the journal's records to go", lambda: not city.trace(request), pause=0.1)
    left = {k: v for k, v in seen.items() if k != POLICE}
    check(city.values(going_on, 1) == left, f"an open case keeps its law's data, not the police's: {city.values(going_on, 1)}")
    check(any(e.get("verzoekId") == request for e in city.dossier(going_on, 1)), "the open case's dossier went")
    for path in (f"/v1/zaken/{over}", f"/v1/zaken/{over}/leden/1/weergave"):
        check(city.call("GET", path, city.token("wmo-intake")).status == 404, f"{path} is still there")
    check(city.dossier(over, 1, raw=True).status == 404, "the dossier is still there")
    check(who.slot(data / "keys.slots", PARENT) is None, "the key of who ended is still there")
    keys = [who.key(s) for s in who.slots(data / "keys.slots")] + [who.wrap, who.pseud]
    check(len(keys) > 2 and not opener.opened(keys, rows), "what is left opens a row of who ended")
    copied(city, "late")
    last = verified(city, "late")
    check(last["ok"] and last["erased"] >= 10 and last["records"] + last["erased"] == last["entries"], f"{last}")
    again = city.open_case([(PARENT, "client")])
    check(city.values(again, 1) == {}, f"who comes back is known: {city.values(again, 1)}")
