"""One adapter program of a party serves two municipalities, each with its own store and inbox (item 38)."""
import shutil

from city import CHILD, PARENT, PARTIES, City
from house import Process, check, wait_for

FRESH = True
OIN, TITLE, DOMAIN = PARTIES["ggd"]


def other_municipality(city):
    """A gateway of its own, with its own root, that has let the same GGD join."""
    other = City(city.bin)
    other.up(parties=())
    folder = other.root / "adapters" / "ggd"
    folder.mkdir()
    shutil.copytree(city.root / "adapters" / "ggd" / "keys", folder / "keys")
    other.ctl("party", "enrol", "--request", folder / "keys" / "enrolment.json", "--name", TITLE, "--domain", DOMAIN,
              "--by", "beheer-1", "--socket", other.control)
    other.agree("ggd", **other.agreed("ggd"))
    return other


def one_program(city, texts):
    """Started with a configuration a municipality; it is the city's to stop."""
    configs = []
    for house, text in texts.items():
        path = house.root / "adapters" / "ggd" / "adapter.conf"
        path.write_text(text)
        configs += ["--config", path]
    both = city.adapters["ggd"] = Process("sluis-adapter ggd", [city.bin / "sluis-adapter", *configs], city.root / "log" / "both.log", city.env)
    both.start()
    return both


def connected(house):
    try:
        return house.command(house.adapter_control("ggd"), {"cmd": "status"}).get("connected")
    except OSError:  # it does not listen yet
        return False


def held(house, transaction):
    return next((i for i in house.inbox("ggd", "list") if i["id"] == transaction and i["state"] == "held"), None)


def test_one_program_two_municipalities(city):
    city.up(parties=("ggd",))
    city.adapters["ggd"].stop()
    other = other_municipality(city)
    try:
        both = one_program(city, {house: house.adapter_config("ggd") for house in (city, other)})
        for house in (city, other):
            wait_for("a connection", lambda: connected(house))
        case = {}
        asked = {}
        for house in (city, other):
            case[house] = house.open_case([(PARENT, "ouder"), (CHILD, "kind")])
            asked[house] = house.file(case[house], 2, "ggd", ["jgz-lengte"])["verzoekId"]
        for house in (city, other):
            wait_for("the request", lambda: held(house, asked[house]))
            check([i["id"] for i in house.inbox("ggd", "list")] == [asked[house]], "another municipality's request in this inbox")
        city.inbox("ggd", "release", asked[city], "--fields", "jgz-lengte", "--by", "jeugdarts-7")
        city.answered(asked[city])
        check(other.request(asked[other])["status"] == "open", "released for one, it left to the other as well")
        check(not other.inbox("ggd", "disclosed") and len(city.inbox("ggd", "disclosed")) == 1, "one log each")

        # one gateway away: the other goes on; and what was held survives a kill of the program
        city.gateway.kill()
        both.kill()
        both.start()
        wait_for("the connection that is left", lambda: connected(other))
        other.inbox("ggd", "release", asked[other], "--fields", "jgz-lengte", "--by", "jeugdarts-8")
        other.answered(asked[other])
        city.start_gateway()
        wait_for("both connections", lambda: connected(city) and connected(other))
        check(both.stop() == 0, f"the program ended badly: {both.tail()}")
    finally:
        other.stop()
        other.close()


def test_a_wrong_own_oin_is_named(city):
    """A configuration with another party's OIN than the keys are known by ends the program, which says what to write."""
    city.up(parties=("ggd",))
    city.adapters["ggd"].stop()
    path = city.root / "adapters" / "ggd" / "adapter.conf"
    own, wrong = PARTIES["ggd"][0], "00000099000000007770"
    path.write_text(path.read_text().replace(f'oin = "{own}"', f'oin = "{wrong}"'))
    p = Process("sluis-adapter wrong", [city.bin / "sluis-adapter", "--config", path], city.root / "log" / "wrong.log", city.env)
    p.start()
    check(p.child.wait(20) == 78, "it goes on under a wrong OIN")
    check(f"oin is {wrong} in the configuration, but the gateway knows these keys as those of {own}: set it to that" in p.tail(), p.tail())


def test_one_gateways_word_ends_no_other(city):
    """A gateway that knows our keys as another party's ends what serves it; the other municipality is served on."""
    city.up(parties=("ggd",))
    city.adapters["ggd"].stop()
    other = other_municipality(city)
    try:
        wrong = other.adapter_config("ggd").replace(f'oin = "{OIN}"', 'oin = "00000099000000007770"')
        both = one_program(city, {city: city.adapter_config("ggd"), other: wrong})
        wait_for("it says so", lambda: any(e.get("event") == "adapter.wrong-oin" for e in both.events()))
        wait_for("its inbox is closed", lambda: not other.adapter_control("ggd").exists())
        wait_for("the other is connected", lambda: connected(city))
        asked = city.file(city.open_case([(PARENT, "ouder"), (CHILD, "kind")]), 2, "ggd", ["jgz-lengte"])["verzoekId"]
        wait_for("the request", lambda: held(city, asked))
        city.inbox("ggd", "release", asked, "--fields", "jgz-lengte", "--by", "jeugdarts-7")
        city.answered(asked)
        check(both.stop() == 78, f"the program's end does not say that a configuration is wrong: {both.tail()}")
    finally:
        other.stop()
        other.close()


def test_two_configurations_share_nothing(city):
    """The same store, or the same inbox, for two municipalities is refused at the start."""
    city.up(parties=("ggd",))
    city.adapters["ggd"].stop()
    path = city.root / "adapters" / "ggd" / "adapter.conf"
    second = city.root / "adapters" / "ggd" / "second.conf"
    text = path.read_text()
    for change in ((str(city.adapter_control("ggd")), f"{city.root}/second.sock"), (f"{city.root}/adapters/ggd/store", f"{city.root}/adapters/ggd/store2")):
        second.write_text(text.replace(*change))
        p = Process("sluis-adapter twice", [city.bin / "sluis-adapter", "--config", path, "--config", second],
                    city.root / "log" / "twice.log", city.env)
        p.start()
        check(p.child.wait(10) == 1, "two configurations that share something start")
        check("another program" in p.tail(), p.tail())
