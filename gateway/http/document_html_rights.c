/* Of the client's document: what the client asked about the own data, and what a client may ask and do. */
#include <stdio.h>
#include <string.h>

#include "cases/source_word.h"
#include "http/document_parts.h"
#include "http/html.h"

static const char *state_text(const char *state)
{
    static const struct {
        const char *state, *text;
    } all[] = {
        {"received", "De gemeente heeft nog niet besloten."},
        {"extended", "De gemeente heeft meer tijd nodig en heeft nog niet besloten."},
        {"granted", "De gemeente gaf u gelijk."},
        {"refused", "De gemeente wees het verzoek af."},
        {"done", "De gemeente gaf u gelijk en het is uitgevoerd."},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].state, state) == 0)
            return all[i].text;
    return state;
}

/* A datum that another organisation was asked to correct. */
static const char *source_text(const char *outcome)
{
    static const struct {
        const char *outcome, *text;
    } all[] = {
        {SOURCE_CORRECTED, "De organisatie waar het gegeven vandaan komt, heeft het verbeterd."},
        {SOURCE_NOT_POSSIBLE, "De organisatie waar het gegeven vandaan komt, kon het niet verbeteren. "
                              "De gemeente moet uw verzoek zelf afronden."},
        {SOURCE_NOT_KNOWN, "De organisatie waar het gegeven vandaan komt, kent het niet. "
                           "De gemeente moet uw verzoek zelf afronden."},
        {SOURCE_UNANSWERED, "De organisatie waar het gegeven vandaan komt, heeft niet geantwoord. "
                            "De gemeente moet uw verzoek zelf afronden."},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].outcome, outcome) == 0)
            return all[i].text;
    return "De organisatie waar het gegeven vandaan komt, heeft het niet verbeterd. Zolang het gegeven zo "
           "blijft staan, staat uw verklaring erbij.";
}

static void add_asked(document *d, buffer *b, const Sluis__ApiRights *r)
{
    const bool open = strcmp(r->state, "received") == 0 || strcmp(r->state, "extended") == 0;
    const bool done = *r->done_reason != 0; /* by the municipality itself, whatever the source made of it */
    html_add(b, "<article class=\"vraag\">\n<h3>{}</h3>\n<dl>\n", r->title[0] ? r->title : r->kind);
    document_row_when(b, "Gevraagd op", r->filed, dutch_date);
    document_row(b, "Door", r->by_client ? "uzelf" : "een medewerker, voor u");
    document_row(b, "U schreef", r->text);
    if (r->n_attributes)
        html_add(b, "<dt>Welke gegevens</dt><dd><ul>\n");
    for (size_t i = 0; i < r->n_attributes; i++)
        html_add(b, "<li>{}</li>\n", document_word(d, "attribute", r->attributes[i]));
    if (r->n_attributes)
        html_add(b, "</ul></dd>\n");
    document_row(b, "Wat volgens u klopt", r->value);
    document_row(b, "Hoe het staat",
                 *r->source_outcome && !done ? source_text(r->source_outcome) : state_text(r->state));
    if (open)
        document_row_when(b, "U hoort het uiterlijk op", r->due, dutch_term);
    if (r->late)
        document_row(b, "Te laat",
                     "De gemeente had dit al moeten doen. Vraag ernaar, of dien een klacht in.");
    document_row_when(b, "Meer tijd genomen op", r->extended, dutch_date);
    document_row(b, "Waarom meer tijd", r->extension_reason);
    document_row_when(b, "Besloten op", r->decided, dutch_date);
    document_row(b, "Besloten door", document_word(d, "function", r->decided_by));
    document_row(b, "Waarom", r->decision_reason);
    if (!r->done)
        document_row_when(b, "Uitgevoerd uiterlijk op", r->carry_out_by, dutch_term);
    document_row_when(b, "Uitgevoerd op", r->done, dutch_date);
    document_row(b, "Hoe", r->done_reason);
    html_add(b, "</dl>\n</article>\n");
}

void document_html_asked(document *d, buffer *b, const Sluis__ApiExport *x)
{
    html_add(b, "<section id=\"gevraagd\">\n<h2>Wat u zelf vroeg</h2>\n");
    if (!x->n_rights)
        html_add(b, "<p>U heeft nog geen verzoek gedaan over uw gegevens.</p>\n");
    for (size_t i = 0; i < x->n_rights; i++)
        add_asked(d, b, x->rights[i]);
    html_add(b, "</section>\n");
}

static void add_offered(buffer *b, const Sluis__ApiRightOffered *r)
{
    char first[40], more[40];
    snprintf(first, sizeof first, r->months == 1 ? "%u maand" : "%u maanden", r->months);
    snprintf(more, sizeof more, r->extend_months == 1 ? "%u maand" : "%u maanden", r->extend_months);
    html_add(b, "<li><b>{}</b><br>De gemeente besluit binnen {}.", r->title, first);
    if (r->extend_months)
        html_add(
            b,
            " Heeft de gemeente meer tijd nodig? Dan krijgt u daarover bericht, en duurt het ten hoogste "
            "{} langer.",
            more);
    html_add(b, " <span class=\"bij\">({})</span></li>\n", r->article);
}

/* Days as people say them: years or months where they come out even, to a day. */
static void dutch_period(char out[static 40], uint32_t days)
{
    const uint64_t is = (uint64_t)days * 1200, year = 36525 * 12, month = 36525, near = 1200;
    const uint64_t years = (is + year / 2) / year, months = (is + month / 2) / month;
    if (years && is <= years * year + near && years * year <= is + near)
        snprintf(out, 40, "%u jaar", (unsigned)years);
    else if (months && is <= months * month + near && months * month <= is + near)
        snprintf(out, 40, months == 1 ? "%u maand" : "%u maanden", (unsigned)months);
    else
        snprintf(out, 40, days == 1 ? "%u dag" : "%u dagen", (unsigned)days);
}

static void add_kept(buffer *b, const Sluis__ApiExport *x)
{
    char period[40];
    html_add(
        b,
        "<section id=\"bewaren\">\n<h2>Hoe lang dit bewaard blijft</h2>\n"
        "<p>Na deze tijd worden uw gegevens vernietigd. Loopt er dan nog een verzoek van u over uw gegevens? "
        "Dan gebeurt dat pas als dat klaar is.</p>\n<ul class=\"rechten\">\n");
    for (size_t i = 0; i < x->n_kept; i++) {
        dutch_period(period, x->kept[i]->days);
        html_add(b,
                 x->kept[i]->file
                     ? "<li><b>{}</b><br>Tot {} nadat uw laatste zaak is gesloten.</li>\n"
                     : "<li><b>{}</b><br>Tot {} nadat het gebeurde, of de gemeente het kreeg.</li>\n",
                 x->kept[i]->title, period);
    }
    html_add(b, "</ul>\n</section>\n");
}

static void add_where(buffer *b, const char *text)
{
    if (text[0])
        html_add(b, "<br><span class=\"bij\">{}</span>", text);
}

void document_html_rights(document *d, buffer *b, const Sluis__ApiExport *x)
{
    const document_sender *s = d->sender;
    add_kept(b, x);
    html_add(b, "<section id=\"rechten\">\n<h2>Uw rechten</h2>\n<p>Het gaat om uw gegevens. Daarom mag u dit "
                "vragen:</p>\n<ul class=\"rechten\">\n");
    for (size_t i = 0; i < x->n_offered; i++)
        add_offered(b, x->offered[i]);
    html_add(
        b, "</ul>\n<p>U vraagt dit in het cliëntportaal, of aan uw contactpersoon bij de gemeente. Het kost "
           "niets.</p>\n");
    if (s->contact[0])
        html_add(b, "<p>Vragen over dit dossier? <bdi>{}</bdi></p>\n", s->contact);
    html_add(b, "<h3>Bent u het niet eens met de gemeente?</h3>\n<ul class=\"rechten\">\n"
                "<li><b>Praat erover</b> met uw contactpersoon. Vaak is dat het snelst.</li>\n"
                "<li><b>Maak bezwaar</b> als de gemeente uw verzoek afwijst. Doe dat binnen zes weken.</li>\n"
                "<li><b>Dien een klacht in</b> bij de gemeente.");
    add_where(b, s->complaints);
    html_add(b,
             "</li>\n<li><b>Bel of schrijf de functionaris voor gegevensbescherming.</b> Die let erop dat de "
             "gemeente goed omgaat met uw gegevens.");
    add_where(b, s->privacy_officer);
    html_add(
        b,
        "</li>\n<li><b>Dien een klacht in bij de Autoriteit Persoonsgegevens.</b> Die let op alle "
        "organisaties in Nederland.<br><span class=\"bij\">autoriteitpersoonsgegevens.nl, telefoon 088 - "
        "180 52 50</span></li>\n</ul>\n</section>\n"
        "<section id=\"woorden\">\n<h2>Woorden in dit dossier</h2>\n<dl>\n"
        "<dt>Zaak</dt><dd>Alles wat de gemeente voor u, of voor uw huishouden, bij elkaar houdt.</dd>\n"
        "<dt>Organisatie</dt><dd>Een school, de politie, de GGD, of een andere afdeling of instelling.</dd>\n"
        "<dt>Regel in de wet</dt><dd>Waarom het mag: de wet zegt wanneer gegevens gevraagd mogen "
        "worden.</dd>\n"
        "<dt>AVG</dt><dd>De privacywet: Algemene verordening gegevensbescherming.</dd>\n"
        "</dl>\n</section>\n");
}
