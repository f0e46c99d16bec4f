"""The fullest answer that there can be, 64 attributes with 32 values each, through adapter, register, view and the client's file."""
import json
import shutil
import time

from city import CHILD
from house import SLOW, TREE, check

FRESH = True  # a catalogue and a school of its own
ATTRIBUTES, VALUES = 64, 32  # of one message (proto/wire)
NAMES = [f"vol-{n:02}" for n in range(ATTRIBUTES)]
LENGTH = 90  # bytes: 2048 of them, with their instances, fill a frame of 256 KiB
SECONDS = 20  # for each step; on an idle machine none takes one


def value(name, i):
    return f"{name} {i:02} ".ljust(LENGTH, "abcdefghij"[i % 10])


def rules_of(city):
    """The example's rules with 64 data more, in the view of the Wmo."""
    rules = city.root / "rules"
    shutil.copytree(TREE / "config" / "rules", rules)
    rows = "".join(f'  {{ id = {60000 + i}; name = "{n}"; title = "Proef"; type = "text"; max_length = {LENGTH}; mapping = "vol"; '
                   'category = "ordinary"; source = "onderwijs"; retention = "wmo-dossier"; valid_days = 30; },\n'
                   for i, n in enumerate(NAMES))
    for file, after, more in (("catalogue.conf", "attributes = (\n", rows),
                              ("views.conf", 'id = "wmo-zicht"', ", ".join(f'"{n}"' for n in NAMES) + ", ")):
        text = (rules / file).read_text()
        at = text.index(after) + len(after)
        if file == "views.conf":
            at = text.index("attributes = [", at) + len("attributes = [")
        (rules / file).write_text(text[:at] + more + text[at:])
    return rules


def school_with_all(city):
    """A party's own JSON, and the mapping that finds 32 values of each of 64 data in it."""
    folder = city.root / "adapters" / "school" / "vol"
    folder.mkdir()
    (folder / "vol.json").write_text(json.dumps({"bsn": CHILD, **{
        n: [{"k": str(i), "w": value(n, i)} for i in range(VALUES)] for n in NAMES}}))
    mapping = city.root / "vol.conf"
    rows = ",\n".join(f'{{ name = "{n}"; path = "/{n}/*/w"; key = "/{n}/*/k"; }}' for n in NAMES)
    mapping.write_text(f'standard = "Proef"; format = "json"; person = "/bsn"; attributes = (\n{rows}\n);\n')
    config = city.adapter_config("school").replace('party = "school"', 'party = "wgs"')
    config = config.replace(f"{TREE}/adapters/school/oso-2019.1.conf", str(mapping))
    city.start_adapter("school", config.replace(str(city.samples("school")), str(folder)))
    city.wait_connected("school")


def in_time(what, step):
    begin = time.monotonic()
    result = step()
    took = time.monotonic() - begin
    check(took < SECONDS * SLOW, f"{what} took {took:.1f} s")
    return result


def whole_view(city, case):
    data, query = [], ""
    while True:
        a = city.call("GET", f"/v1/zaken/{case}/leden/1/weergave{query}", city.token("wmo-intake"), timeout=SECONDS)
        check(a.status == 200, f"{a.status} {a.body[:300]!r}")
        page = a.json()
        data += page["gegevens"]
        if "volgende" not in page:
            return data
        query = f"?na={page['volgende']}"


def test_every_place_filled(city):
    city.up(parties=(), rules=rules_of(city))
    city.make_party("school", "00000099000000002000", "Basisschool De Sluis", "onderwijs", city.agreed("school"))
    school_with_all(city)
    case = city.open_case([(CHILD, "client")])

    filed = city.file(case, 1, "school", NAMES)
    state = in_time("the answer", lambda: city.answered(filed["verzoekId"], seconds=SECONDS))
    check([r["uitkomst"] for r in state["uitkomsten"]] == ["verstrekt"] * ATTRIBUTES, f"{state['uitkomsten'][:3]}")

    data = [d for d in in_time("the view", lambda: whole_view(city, case)) if d["naam"] in NAMES]
    want = {(n, value(n, i)) for n in NAMES for i in range(VALUES)}
    check(len(data) == ATTRIBUTES * VALUES and {(d["naam"], d["waarde"]) for d in data} == want, f"{len(data)} data")
    check(len({(d["naam"], d["voorkomen"]) for d in data}) == len(data), "two values under one instance")

    again = in_time("the register's answer", lambda: city.file(case, 1, "school", NAMES))
    check(again["status"] == "beantwoord" and len(again["uitkomsten"]) == ATTRIBUTES, f"{str(again)[:300]}")

    a = in_time("the client's file", lambda: city.call(
        "GET", f"/v1/zaken/{case}/leden/1/dossier/uitvoer?namens=1", city.token("clientportaal", "client"),
        headers={"Accept": "application/json"}, timeout=SECONDS))
    check(a.status == 200, f"{a.status} {a.body[:300]!r}")
    own = [d for d in a.json()["gegevens"] if d["naam"] in NAMES]
    check(len(own) == len(want) and {(d["naam"], d["waarde"]) for d in own} == want, f"{len(own)} data in the client's file")
