"""What a state does not let through is refused with what it does: every such pair, through the API of a running gateway."""
from city import CHILD, PARENT, RESEARCH
from house import check
from test_cases import COORDINATOR, refused
from test_handover import BASIS, OTHER_OIN, Pair
from test_intake import join
from test_requests import about

FRESH = True

LOOK = {"lid": 1, "wet": "wgs", "doel": "regie", "attributen": ["wgs-totaal-schuldbedrag"]}
SCOPE = {"wetten": ["wmo"], "domeinen": ["onderwijs"], "problemen": ["veiligheid"]}
# what is asked for: the address behind the case, its body, the function that may; "opgaan" is the other end of "samenvoegen"
CALLS = {
    "start-coordinatie": ("fase", {"overgang": "start-coordinatie", "coordinator": COORDINATOR}, "consulent"),
    "sluiten": ("fase", {"overgang": "sluiten"}, "consulent"),
    "stoppen": ("fase", {"overgang": "stoppen"}, "consulent"),
    "niet-samenhangend": ("fase", {"overgang": "niet-samenhangend"}, "consulent"),
    "bereik-kiezen": ("bereik", {"bereik": SCOPE}, "consulent"),
    "bereik-verruimen": ("bereik", {"bereik": SCOPE, "tegenKeuzeClient": True}, "regisseur"),
    "lid-wijzigen": ("leden/1", {"geheimAdres": False, "zichtbaarVoor": []}, "consulent"),
    "coordinator-aanwijzen": ("coordinator", {"coordinator": COORDINATOR}, "consulent"),
    "interventies-vragen": ("interventies", {"lid": 1, "probleem": "schulden", "doel": RESEARCH["purpose"], "grondslag": RESEARCH["basis"]},
                            "consulent"),
    "dienst-melden": ("diensten", {"dienst": "begeleiding", "status": "gestart"}, "consulent"),
    "bsn-koppelen": ("leden/1/bsn", {"bsn": CHILD}, "consulent"),
    "noodinzage": ("noodinzage", {"lid": 1, "attributen": ["school-naam"]}, "consulent"),
    "noodinzage-beoordelen": ("noodinzage/1/beoordeling", {"terecht": True}, "teamleider"),
    "inzage-vragen": ("inzage", LOOK, "consulent"),
    "inzage-besluiten": ("inzage/1/besluit", {"verleend": True}, "regisseur"),
    "inzage-beeindigen": ("inzage/1/einde", {}, "consulent"),
    "samenvoegen": ("samenvoeging", None, "consulent"),
    "overdragen": ("overdracht", {"gemeente": OTHER_OIN, "leden": [1], "doel": "overdracht", "grondslag": BASIS}, "regisseur"),
}
OPEN = [e for e in CALLS if e not in ("start-coordinatie", "stoppen", "coordinator-aanwijzen", "inzage-vragen", "inzage-besluiten",
                                      "inzage-beeindigen")]
OVER = ["noodinzage-beoordelen"]
# the state in words, and what it lets through; "opgaan" is what "samenvoegen" does to the other case
STATES = {
    "onderzoek": ("in onderzoek", ["start-coordinatie", "stoppen", *OPEN]),
    "coordinatie": ("in coördinatie", ["coordinator-aanwijzen", "inzage-vragen", "inzage-besluiten", "inzage-beeindigen", *OPEN]),
    "gesloten": ("gesloten", OVER),
    "gestopt": ("gestopt door de cliënt", OVER),
    "niet-samenhangend": ("niet samenhangend", OVER),
    "opgegaan": ("opgegaan in een andere zaak", []),
    "overgedragen": ("overgedragen aan een andere gemeente", OVER),
}


def opened(city):
    return city.open_case([(PARENT, "ouder"), (CHILD, "kind")], laws=("wmo",), domains=("onderwijs",))


def in_state(city, pair, state):
    case = opened(city)
    if state == "coordinatie":
        city.change(case, *CALLS["start-coordinatie"][:2])
    elif state == "opgegaan":
        join(city, opened(city), case)
    elif state == "overgedragen":
        offer = pair.offer(case, [1, 2])
        pair.received(offer)
        pair.decide(offer, True)
        pair.wait_status(case, "overgenomen")
    elif state != "onderzoek":
        city.change(case, "fase", {"overgang": {"gesloten": "sluiten", "gestopt": "stoppen"}.get(state, state)})
    return case


def test_a_case(city):
    """Each state against each transition: what is not in the table is refused with the whole of what is."""
    pair = Pair(city).ready()
    try:
        other, count = opened(city), 0
        for state, (said, may) in STATES.items():
            case = in_state(city, pair, state)
            now = city.case(case)
            check(now["fase"] == state and sorted(e for e in now["mogelijk"] if e != "opgaan") == sorted(may), f"{state}: {now['mogelijk']}")
            possible = ", ".join(now["mogelijk"]) or "niets meer"
            for event, (what, body, function) in CALLS.items():
                if event in may:
                    continue
                a = city.change(case, what, {"zaakId": other} if body is None else body, function=function, raw=True)
                refused(a, 409, "conflict", f"de zaak is {said}: {event} kan niet; mogelijk: {possible}")
                count += 1
            check(city.case(case) == now, f"{state}: something changed")
    finally:
        pair.close()


def test_a_request(city):
    """What is answered or withdrawn takes no withdrawal and no clarification."""
    city.up(parties=("school", "ggd"))
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    answered = city.file(case, 2, "school", ["school-jaargroep"])["verzoekId"]
    city.answered(answered)
    withdrawn = city.file(case, 2, "ggd", ["jgz-lengte"])["verzoekId"]
    about(city, withdrawn, "intrekking", {"motivering": "Het gezin is verhuisd"}, raw=False)
    for transaction, said, code in ((answered, "beantwoord", "conflict"), (withdrawn, "ingetrokken", "withdrawn")):
        for what, body in (("intrekking", {"motivering": "Toch niet nodig"}), ("toelichting", {"vraag": 1, "antwoord": "Te laat"})):
            refused(about(city, transaction, what, body), 409, code,
                    f"het verzoek is {said}; dit kan alleen zolang het open is; mogelijk: niets meer (vraag opnieuw)")


def test_a_hand_over(city):
    """One offer at a time, decided once, whichever way."""
    pair = Pair(city).ready()
    try:
        for accept, said in ((False, "geweigerd"), (True, "overgenomen")):
            case = opened(city)
            offer = pair.offer(case, [1, 2])
            refused(pair.offer(case, [1], raw=True), 409, "conflict",
                    "de zaak is al aangeboden: wacht op het besluit van de andere gemeente")
            pair.received(offer)
            pair.decide(offer, accept)
            for again in (True, False):
                a = pair.there_call("POST", f"/{offer}/besluit", {"overnemen": again, "motivering": "Nog eens"})
                refused(a, 409, "conflict", f"er is al over besloten: {said}; mogelijk: niets meer (een nieuw aanbod is een nieuw besluit)")
    finally:
        pair.close()
