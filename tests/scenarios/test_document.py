"""The client's dossier to take away, as a document to read and as JSON: whole, the same, hostile to nobody (items 22, 43)."""
import base64
import hashlib
import html
import html.parser
import re

from city import CHILD, PARENT, PARTIES
from house import check
from test_correction import answer, correct, settled
from test_deadlines import soon
from test_import import bring, write
from test_dossier import ask_right, decide, filed, note, restrict

# Marks up, ends an attribute, controls, turns direction, and no character at all in HTML.
HOSTILE = "</dd><script>alert(1)</script>\"'&amp;<img src=x onerror=alert(2)>\u202egnirts\u2066 \x01\x1b[31m\x7f \u05e9\u05dc\u05d5\u05dd"
SEEN = "</dd><script>alert(1)</script>\"'&amp;<img src=x onerror=alert(2)>\ufffdgnirts\ufffd \ufffd\ufffd[31m\ufffd \u05e9\u05dc\u05d5\u05dd"


def document(city, case, member, viewer=None, accept="text/html", app="clientportaal", function="client", raw=False):
    a = city.call("GET", f"/v1/zaken/{case}/leden/{member}/dossier/uitvoer" + (f"?namens={viewer or member}" if viewer != 0 else ""),
                  city.token(app, function, "client-1"), headers={"Accept": accept} if accept else {})
    if raw:
        return a
    check(a.status == 200, f"{a.status} {a.body[:300]!r}")
    return a.body.decode() if accept == "text/html" else a.json()


class Page(html.parser.HTMLParser):
    """What a browser makes of it: elements, attributes, and the text of each entry."""

    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.attributes, self.lines, self.text = [], set(), [], {}, []
        self.style = self.line = None
        self.feed(text)
        self.close()
        check(not self.open, f"left open: {self.open}")

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "article":
            self.line = dict(attrs).get("id")
            self.lines[self.line] = ""

    def handle_endtag(self, tag):
        check(self.open and self.open.pop() == tag, f"</{tag}> closes nothing")
        if tag == "article":
            self.line = None

    def handle_data(self, data):
        if self.open[-1:] == ["style"]:
            self.style = (self.style or "") + data
            return
        self.text.append(data)
        if self.line:
            self.lines[self.line] += data


def rich_case(city):
    """A case with something of everything: (case, the hidden transaction)."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.ask(case, 1, "wgs", ["wgs-totaal-schuldbedrag"], motivation=HOSTILE)
    city.ask(case, 1, "politie", ["politie-antecedenten"])
    hidden = city.file(case, 1, "politie", ["politie-verdenking"])["verzoekId"]
    city.answered(hidden)
    number = [e["journaalnummer"] for e in city.dossier(case, 1) if e.get("verzoekId") == hidden and e["soort"] == "verzoek"][0]
    check(restrict(city, case, 1, number, {"reden": "Zonnebloem", "toetsing": soon(30 * 86400)}).status == 201, "restricted")
    check(note(city, case, 1, met=HOSTILE, motivering="De huisarts belde terug").status == 201, "noted")
    city.view(case, 1)
    refused = filed(city, case, 1, "bezwaar", tekst=HOSTILE)["avgVerzoekId"]
    decide(city, case, 1, refused, "weigeren", "Het onderzoek is nodig")
    check(ask_right(city, case, 1, "inzage").status == 201, "asked")
    return case, hidden


def test_to_read(city):
    """Every entry stands in it, in sentences; a value stays a value; nothing of what is hidden, and nothing from outside."""
    case, hidden = rich_case(city)
    course = city.dossier(case, 1)
    a = document(city, case, 1, raw=True)
    check(a.status == 200 and a.headers["Content-Type"] == "text/html; charset=utf-8", f"{a.status} {a.headers}")
    text = a.body.decode()
    page = Page(text)
    lines = {f"regel-{e['journaalnummer']}" for e in course}
    check(lines <= page.lines.keys(), f"not in the document: {lines - page.lines.keys()}")
    data = text.count('class="gegeven"')
    check(f"Het telt {len([n for n in page.lines if n])} regels en {data} gegevens, en is volledig" in "".join(page.text), "the count at its end")

    check(not page.elements & {"script", "img", "link", "iframe", "object", "form", "base"}, f"{page.elements}")
    check(not [x for x in page.attributes if x[0].startswith("on") or x[0] in ("src", "style")], f"{page.attributes}")
    check(not [v for k, v in page.attributes if k == "href" and not v.startswith("#")], "an address outside")
    check(len(re.findall(re.escape(html.escape(SEEN).replace("&#x27;", "&#39;")), text)) == 4, "the hostile text, each time as text")
    check(not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text), "a control character")
    policy = a.headers["Content-Security-Policy"]
    style = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    check(policy == f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'", policy)
    check(("content", policy) in page.attributes and "url(" not in page.style and "@import" not in page.style, "the policy, kept with the file")

    said = page.lines
    asked = said[[f"regel-{e['journaalnummer']}" for e in course if e["soort"] == "verzoek"][0]]
    for part in ("vroeg " + PARTIES["wgs"][1] + " om gegevens over u", "Totaal", "Onderzoek naar meervoudige", "Consulent (Wmo-intake)", "beantwoord"):
        check(part in asked, f"{part!r} is not in {asked!r}")
    refused = [said[f"regel-{e['journaalnummer']}"] for e in course if any(r["uitkomst"] == "geweigerd" for r in e.get("uitkomsten", []))]
    check(len(refused) == 1 and "niet gegeven" in refused[0] and "De politie of justitie is nog bezig met een onderzoek" in refused[0], f"{refused}")
    closed = [s for s in said.values() if "mag deze regel nu niet lezen" in s]
    check(len(closed) == 1 and "Casusregisseur" in closed[0], f"{closed}")
    check(hidden not in text and "Zonnebloem" not in text and "verdenking" not in text.lower(), "something of what is hidden")
    outside = [s for s in said.values() if "buiten de computer om" in s]
    check(len(outside) == 1 and "telefoon" in outside[0] and "gezondheid" in outside[0], f"{outside}")
    own = said[None]
    check("Het onderzoek is nodig" in own or "wees het verzoek af" in "".join(page.text), "what became of the objection")
    whole = "".join(page.text)
    for part in ("Uw rechten", "AVG art. 17", "Autoriteit Persoonsgegevens", "Gemeente Voorbeeld", "fg@gemeente.example", "gemeente.example/klacht", "Bel 14 000 of schrijf", "U hoort het uiterlijk op"):
        check(part in whole, f"{part!r} is missing")
    for part in ("Hoe lang dit bewaard blijft", "Wmo-dossierTot 15 jaar nadat uw laatste zaak is gesloten.", "Participatiewet-dossierTot 10 jaar",
                 "Door de politie verstrektTot 6 maanden nadat het gebeurde, of de gemeente het kreeg."):
        check(part in whole, f"{part!r} is missing")
    check("partijenTot" not in whole, "what is kept for ever is of no person")
    check("de cliënt" not in whole.lower(), "it speaks about its reader")
    check(PARENT not in text and CHILD not in text and "00000099" not in text, "a number of a person or an organisation")
    # It was a look, and stands there as one.
    check([e["soort"] for e in city.dossier(case, 1)].count("dossier") >= [e["soort"] for e in course].count("dossier") + 2, "the look")


def test_for_a_program(city):
    """The same, whole, for a program: every entry as the pages give it, and what its names stand for."""
    case, hidden = rich_case(city)
    course = city.dossier(case, 1)
    for accept in ("application/json", None, "*/*", "application/json, text/html"):
        got = document(city, case, 1, accept=accept)
        check(got["verloop"][:len(course)] == course and got["aantal"] == len(got["verloop"]), f"{accept}: not the same")
    check([r["soort"] for r in got["avgVerzoeken"] if r["zaakId"] == case] == ["bezwaar", "inzage"] and len(got["rechten"]) >= 4, f"{got['avgVerzoeken']}")
    check(got["zaak"]["fase"] == "onderzoek" and got["zaak"]["geopend"] and got["gemeente"] == "Gemeente Voorbeeld", f"{got['zaak']}")
    kept = {k["naam"]: (k["dagen"], k["vanaf"]) for k in got["bewaartermijnen"]}
    check(len(kept) == 6 and kept["Wmo-dossier"] == (5479, "einde-laatste-zaak") and kept["Door de politie verstrekt"] == (183, "verkrijging"), f"{kept}")
    words = {w["naam"]: w["tekst"] for w in got["woordenlijst"]}
    named = {n for e in course for n in e.get("attributen", [])}
    check(named <= words.keys() and words["opsporingsbelang"].startswith("De politie"), f"{named - words.keys()}")
    check(hidden not in str(got), "something of what is hidden")
    a = document(city, case, 1, accept="application/json", raw=True)
    check("attachment" in a.headers["Content-Disposition"], "to keep")


def test_the_data_themselves(city):
    """What is registered of the person stands in it, with source, days, law and conditions; not what a restricted exchange brought,
    what the party wants to discuss first, a number of a person, or the value of what is about others too."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.ask(case, 2, "school", ["school-jaargroep", "school-naam"])
    hidden = city.file(case, 2, "school", ["school-soort"])["verzoekId"]
    city.answered(hidden)
    gezin = {"bsn": CHILD, "naam": "gezag-minderjarige", "waarde": "Mevrouw Zilverschoon", "verkregen": "2026-03-01"}
    bring(city, write(city, [gezin, {**gezin, "naam": "geboortedatum", "waarde": "2015-02-03"}], "own.jsonl"))
    values = {d["naam"]: d for d in city.view(case, 2)["gegevens"]}
    before = {d["naam"]: d for d in document(city, case, 2, accept="application/json")["gegevens"]}
    for name in ("school-jaargroep", "school-naam", "geboortedatum", "school-soort"):
        check(before[name]["waarde"] == values[name]["waarde"], f"{before.get(name)}")
    got = before["school-naam"]
    check((got["bron"], got["bronNaam"], got["wetten"]) == (PARTIES["school"][0], PARTIES["school"][1], ["wmo"]) and got["grondslag"] and
          got["verkregen"] == values["school-naam"]["verkregen"] and got["voorwaarden"] == values["school-naam"]["voorwaarden"], f"{got}")
    check("waarde" not in before["gezag-minderjarige"] and before["gezag-minderjarige"]["nietGetoond"] == "over-anderen", "about others")
    check("waarde" not in before["bsn"] and before["bsn"]["nietGetoond"] == "persoonsnummer", f"{before.get('bsn')}")
    number = [e["journaalnummer"] for e in city.dossier(case, 2) if e.get("verzoekId") == hidden and e["soort"] == "verzoek"][0]
    check(restrict(city, case, 2, number, {"reden": "Zonnebloem", "toetsing": soon(30 * 86400)}).status == 201, "restricted")
    after = document(city, case, 2, accept="application/json")
    check([d["naam"] for d in after["gegevens"]] == [n for n in before if n != "school-soort"] and after["beperkt"] == [number], f"{after['beperkt']}")
    text = document(city, case, 2)
    page = Page(text)
    check(f'<a href="#regel-{number}">regel {number}</a>' in text and f"regel-{number}" in page.lines, "where it says who decided")
    for part in (values["school-naam"]["waarde"], "3 februari 2015", "Naam van de school", "Dit gaat ook over iemand anders", "verkeerde handen", "Wet maatschappelijke"):
        check(part in "".join(page.text), f"{part!r} is not in it")
    for part in (CHILD, PARENT, "Zilverschoon", values["school-soort"]["waarde"], "00000099"):
        check(part not in text, f"{part!r} is in it")


def test_what_stood_before(city):
    """A value that was corrected stays in the copy, with its days, its source and why it stands no more: for the person alone, and not
    when the exchange that brought it is restricted."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    city.change(case, "leden/2", {"geheimAdres": False, "zichtbaarVoor": [1]})
    t = answer(city, case, "jgz-stemming", "Somber")
    correct(city, t, {"jgz-stemming": "Opgewekt"})
    settled(city, t)
    of = lambda got, part: [d for d in got[part] if d["naam"] == "jgz-stemming"]
    got = document(city, case, 2, accept="application/json")
    check([d["waarde"] for d in of(got, "gegevens")] == ["Opgewekt"], f"{of(got, 'gegevens')}")
    was = of(got, "eerdereGegevens")
    check([(d["waarde"], d["reden"], d["bron"], d["bronNaam"]) for d in was] == [("Somber", "verbeterd", PARTIES["ggd"][0], PARTIES["ggd"][1])], f"{was}")
    check(was[0]["vastgelegd"] < was[0]["vervallen"] == of(got, "gegevens")[0]["vastgelegd"], f"{was}")
    text = document(city, case, 2)
    for part in ("Dit stond er eerder", "Somber", "De organisatie heeft dit verbeterd", "keer stond er eerder iets anders"):
        check(part in "".join(Page(text).text), f"{part!r} is not in it")
    parent = document(city, case, 2, 1, accept="application/json")
    check([d["waarde"] for d in of(parent, "gegevens")] == ["Opgewekt"] and not of(parent, "eerdereGegevens"), f"{of(parent, 'eerdereGegevens')}")
    number = [e["journaalnummer"] for e in city.dossier(case, 2) if e.get("verzoekId") == t and e["soort"] == "verzoek"][0]
    check(restrict(city, case, 2, number, {"reden": "Zonnebloem", "toetsing": soon(30 * 86400)}).status == 201, "restricted")
    after = document(city, case, 2, accept="application/json")
    check(not of(after, "gegevens") and not of(after, "eerdereGegevens") and number in after["beperkt"], f"{after['beperkt']}")
    text = document(city, case, 2)
    check("Somber" not in text and "Opgewekt" not in text, "what is restricted is in it")


def test_read_for_another(city):
    """A parent reads what belongs to the case and its laws; nothing of a secret address, and the same words whether there is one."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")], laws=("wmo",))
    city.change(case, "leden/2", {"geheimAdres": False, "zichtbaarVoor": [1]})
    city.ask(case, 2, "school", ["school-naam", "school-jaargroep"])
    names = lambda viewer: {d["naam"]: d.get("waarde") for d in document(city, case, 2, viewer, accept="application/json")["gegevens"]}
    check({"school-naam", "school-jaargroep"} <= names(1).keys(), f"{names(1)}")
    said = [x for x in Page(document(city, case, 2, 1)).text if "U leest dit voor iemand anders" in x]
    city.change(case, "leden/2", {"geheimAdres": True, "zichtbaarVoor": [1]})
    check("school-naam" not in names(1) and "school-jaargroep" in names(1) and names(2).get("school-naam"), f"{names(1)}")
    check([x for x in Page(document(city, case, 2, 1)).text if "U leest dit voor iemand anders" in x] == said and len(said) == 1, "it tells")
    city.change(case, "leden/2", {"geheimAdres": False, "zichtbaarVoor": [1]})


def test_who_gets_it(city):
    """Who may read the dossier, and no other; always for a named member."""
    case = city.open_case([(PARENT, "ouder"), (CHILD, "kind")])
    check(document(city, case, 2, viewer=1, raw=True).status == 404, "a member who was not let in")
    check(document(city, case, 1, viewer=0, raw=True).json()["detail"] == "noem het lid dat het document krijgt", "for nobody")
    check(document(city, case, 1, accept="application/pdf", raw=True).status == 406, "a form there is not")
    a = city.call("GET", f"/v1/zaken/{case}/leden/1/dossier/uitvoer?namens=1")
    check(a.status == 401, f"without a token: {a.status}")
    check(document(city, case, 1, app="wmo-intake", function="teamleider", raw=True).status == 403, "a function that may not")


def test_whole_or_not_at_all(city):
    """Many pages are one document, or none: too large is refused in words, and a gateway that falls silent gives nothing."""
    case = city.open_case([(CHILD, "kind")])
    long = "Steeds opnieuw gevraagd. " * 300
    for _ in range(150):
        check(note(city, case, 1, motivering=long).status == 201, "noted")
    got = document(city, case, 1, accept=None)
    mine = [e for e in got["verloop"] if e["soort"] == "uitwisseling-buiten-de-bus"]
    check(len(mine) == 150 and got["aantal"] == len(got["verloop"]), f"{len(mine)} of 150")
    numbers = [e["journaalnummer"] for e in got["verloop"]]
    check(numbers == sorted(set(numbers)), "twice, or out of order")
    looks = [e for e in city.dossier(case, 1) if e["soort"] == "dossier"]
    check(len(looks) >= 2, f"one page held it all: {len(looks)}")
    city.write_http("export_bytes = 262144;")
    city.http.stop()
    city.start_http()
    a = document(city, case, 1, raw=True)
    check(a.status == 422 and a.json()["code"] == "too-big" and b"Steeds" not in a.body, f"{a.status} {a.body[:200]!r}")
    city.write_http()
    city.http.stop()
    city.start_http()
