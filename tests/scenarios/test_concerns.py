"""A party brings so many reports of concern a day and no more; what else it sends is taken all the same."""
from city import CHILD, PARENT, PURPOSES
from house import check

FRESH = True


def concern(bsn):
    return {"kind": "concern", "body": {"subject": {"bsn": bsn}, "concern": "Mishandeling vermoed", "reporter": "huisarts"}}


def test_so_many_a_day(city):
    city.up(parties=(), limits="concerns_per_day = 2; ")
    gp, ggd = (city.bus_party(name, oin, name, "huisarts", {"purposes": PURPOSES, "gives": ("health",)})
               for name, oin in (("huisarts", "00000099000000006300"), ("jeugdarts", "00000099000000006301")))
    check([gp.say(concern(bsn))["code"] for bsn in (CHILD, CHILD, PARENT)] == ["ok", "ok", "too-many"], "the third of a day")
    city.gateway.kill()
    city.start_gateway()
    last = gp.say(concern(PARENT))
    check(last["code"] == "too-many" and "at most 2 reports" in last["text"] and PARENT not in last["text"], last)
    check(ggd.say(concern(PARENT))["code"] == "ok", "another party's is taken")
    gp.close()
    ggd.close()
