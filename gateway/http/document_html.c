/* The document for its client: plain Dutch, for a screen and for paper, without script and without anything
 * from outside. */
#include <stdio.h>
#include <string.h>

#include "http/document_parts.h"
#include "http/html.h"
#include "http/render_parts.h"

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

void document_row(buffer *b, const char *label, const char *value)
{
    if (value[0])
        html_add(b, "<dt>{}</dt><dd><bdi>{}</bdi></dd>\n", label, value);
}

void document_row_when(buffer *b, const char *label, uint64_t ms, void (*form)(char *, uint64_t))
{
    char date[DUTCH_DATE];
    if (!ms)
        return;
    form(date, ms);
    document_row(b, label, date);
}

static const char *first_of(const char *title, const char *name)
{
    return title[0] ? title : name;
}

/* ---- what stands once in it --------------------------------------------------------------------------- */

static const char *phase_text(const char *phase)
{
    static const struct {
        const char *phase, *text;
    } all[] = {
        {"research", "Er wordt onderzocht welke hulp past."},
        {"coordination", "De organisaties werken samen aan de hulp."},
        {"closed", "De zaak is gesloten."},
        {"stopped", "De zaak is gestopt omdat u dat wilde."},
        {"joined", "De zaak gaat verder in een andere zaak."},
        {"handed-over", "Een andere gemeente heeft de zaak overgenomen."},
        {"not-related", "De zaak is gesloten: de problemen hangen niet samen."},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (is(all[i].phase, phase))
            return all[i].text;
    return phase;
}

void document_html_once(document *d, const Sluis__ApiExport *x)
{
    buffer *b = &d->once;
    char id[33] = "", text[16];
    if (x->page->case_id.len == ID_LEN)
        hex_encode(id, x->page->case_id.data, ID_LEN);
    html_add(b, "<section id=\"zaak\">\n<h2>De zaak</h2>\n<dl>\n");
    document_row(b, "Hoe het staat", phase_text(x->phase));
    document_row_when(b, "Begonnen op", x->opened, dutch_date);
    document_row_when(b, "Geëindigd op", x->ended, dutch_date);
    if (x->n_laws)
        html_add(b, "<dt>Wetten</dt><dd><ul>");
    for (size_t i = 0; i < x->n_laws; i++)
        html_add(b, "<li>{}</li>", document_word(d, "law", x->laws[i]));
    if (x->n_laws)
        html_add(b, "</ul></dd>\n");
    document_row(b, "Kenmerk", id);
    snprintf(text, sizeof text, "%u", x->page->member);
    document_row(b, "Nummer in de zaak", text);
    html_add(b, "</dl>\n</section>\n");
    document_html_asked(d, &d->after, x);
    document_html_rights(d, &d->after, x);
}

/* ---- one entry ---------------------------------------------------------------------------------------- */

static void add_sentence(document *d, const Sluis__ApiDossierEntry *x)
{
    const document_sentence *s = document_sentence_of(x);
    buffer *b = &d->course;
    const char *from = document_who(d, x->from, x->from_name), *to = document_who(d, x->to, x->to_name);
    html_add(b, "<h4>");
    if (!s)
        html_add(b, "{}", dutch(x->type));
    else
        html_add(b, s->form, s->from ? from : to, to);
    html_add(b, "</h4>\n");
    if (s && s->note)
        html_add(b, "<p>{}</p>\n", s->note);
}

static const char *outcome_text(const char *outcome)
{
    return is(outcome, "given")          ? "gegeven"
           : is(outcome, "refused")      ? "niet gegeven"
           : is(outcome, "not-possible") ? "kon niet"
           : is(outcome, "not-known")    ? "niet bekend"
                                         : dutch(outcome);
}

static void add_result(document *d, const Sluis__ApiResult *r)
{
    buffer *b = &d->course;
    html_add(b, "<li><b class=\"{}\">{}</b> <bdi>{}</bdi>", is(r->outcome, "given") ? "wel" : "niet",
             outcome_text(r->outcome), document_word(d, "attribute", r->attribute));
    if (r->reason[0])
        html_add(b, "<br><span class=\"bij\">Reden: {}.</span>", document_word(d, "reason", r->reason));
    if (r->explanation[0])
        html_add(b, "<br><span class=\"bij\">Uitleg: <bdi>{}</bdi></span>", r->explanation);
    for (size_t i = 0; i < r->n_conditions; i++)
        document_condition(d, b, r->conditions[i]);
    html_add(b, "</li>\n");
}

static void add_what(document *d, const Sluis__ApiDossierEntry *x)
{
    buffer *b = &d->course;
    if (is(x->type, "dossier"))
        return; /* all that is in it */
    if (x->n_results) {
        html_add(b, "<dt>Wat er kwam</dt><dd><ul class=\"uitkomst\">\n");
        for (size_t i = 0; i < x->n_results; i++)
            add_result(d, x->results[i]);
        html_add(b, "</ul></dd>\n");
    } else if (x->n_attributes) {
        html_add(b, "<dt>Welke gegevens</dt><dd><ul>\n");
        for (size_t i = 0; i < x->n_attributes; i++)
            html_add(b, "<li>{}</li>\n", document_word(d, "attribute", x->attributes[i]));
        html_add(b, "</ul></dd>\n");
    }
}

static const char *state_text(const char *state)
{
    return is(state, "open")        ? "er is nog geen antwoord"
           : is(state, "held")      ? "de organisatie bekijkt de vraag"
           : is(state, "answered")  ? "beantwoord"
           : is(state, "withdrawn") ? "ingetrokken"
           : is(state, "expired")   ? "er kwam niet op tijd een antwoord"
           : is(state, "returned")  ? "de vraag kwam terug zonder antwoord"
                                    : dutch(state);
}

static void add_exchange(document *d, const Sluis__ApiExchange *x)
{
    buffer *b = &d->course;
    char number[24];
    document_row(b, x->received ? "Gekregen van" : "Gegeven aan", x->with);
    document_row(b, "Hoe", dutch(x->channel));
    document_row_when(b, "Gebeurd op", x->happened, dutch_date);
    for (size_t i = 0; i < x->n_categories; i++)
        document_row(b, i ? "en" : "Soort gegevens", dutch(x->categories[i]));
    snprintf(number, sizeof number, "regel %llu", (unsigned long long)x->corrects);
    if (x->corrects)
        document_row(b, "In plaats van", number);
}

/* Who did it at the municipality; what a party did it did itself. */
static void add_actor(document *d, const Sluis__ApiDossierEntry *x)
{
    if (!x->function[0] || !is(x->from, d->owner))
        return;
    html_add(&d->course, "<dt>Door</dt><dd>{} ({})</dd>\n", document_word(d, "function", x->function),
             document_word(d, "application", x->application));
}

static void add_detail(document *d, const char *detail)
{
    const char *title = document_word(d, "attribute", detail);
    document_row(&d->course, "Het gaat om", title == detail ? dutch(detail) : title);
}

static void add_body(document *d, const Sluis__ApiDossierEntry *x)
{
    buffer *b = &d->course;
    char number[24];
    snprintf(number, sizeof number, "regel %llu", (unsigned long long)x->about);
    if (x->exchange)
        add_exchange(d, x->exchange);
    add_what(d, x);
    document_row(b, "Antwoord",
                 is(x->known, "ja")    ? "ja, bekend"
                 : is(x->known, "nee") ? "nee, niet bekend"
                                       : x->known);
    document_row(b, "Waarom", x->motivation);
    document_row(b, "Doel", first_of(x->purpose_title, x->purpose));
    document_row(b, "Regel in de wet", first_of(x->legal_basis_title, x->legal_basis));
    if (x->judgement[0])
        html_add(b, "<dt>Eigen afweging</dt><dd><bdi>{}</bdi> (<bdi>{}</bdi>)</dd>\n", x->judgement,
                 x->judgement_law);
    add_detail(d, x->detail);
    if (x->about)
        document_row(b, "Gaat over", number);
    document_row_when(b, "Melding kwam binnen op", x->received, dutch_date);
    if (is(x->type, "request") || is(x->type, "known-query"))
        document_row(b, "Hoe het staat", state_text(x->state));
    if (is(x->type, "returned") || is(x->type, "undeliverable"))
        document_row(b, "Waardoor", dutch(x->decision));
    add_actor(d, x);
}

static void add_restriction(document *d, const Sluis__ApiRestriction *r)
{
    char since[DUTCH_DATE], review[DUTCH_DATE];
    dutch_date(since, r->since);
    dutch_date(review, r->review);
    html_add(
        &d->course,
        "<p>Hier staat een regel die u nu niet mag lezen. Dat is besloten op {}, door: {}. Uiterlijk op {} "
        "kijkt de gemeente of u de regel dan wel mag lezen.{}</p>\n"
        "<p>U mag vragen waarom dit zo is. Bij ‘Uw rechten’ staat waar.</p>\n",
        since, document_word(d, "function", r->function), review,
        r->late ? " Die dag is voorbij: vraag ernaar." : "");
}

static void open_day(document *d, uint64_t when)
{
    char day[DUTCH_DATE];
    dutch_date(day, when);
    if (is(day, d->day))
        return;
    html_add(&d->course,
             d->day[0] ? "</section>\n<section class=\"dag\">\n<h3>{}</h3>\n"
                       : "<section class=\"dag\">\n<h3>{}</h3>\n",
             day);
    snprintf(d->day, sizeof d->day, "%s", day);
}

void document_html_entry(document *d, const Sluis__ApiDossierEntry *x)
{
    buffer *b = &d->course;
    char time[DUTCH_TIME], number[24];
    const bool hidden = is(x->type, "restricted");
    open_day(d, x->when);
    dutch_time(time, x->when);
    snprintf(number, sizeof number, "%llu", (unsigned long long)x->journal_index);
    html_add(b, "<article class=\"{}\" id=\"regel-{}\">\n<p class=\"tijd\">{}</p>\n<div>\n",
             hidden                                          ? "regel dicht"
             : is(x->type, "dossier") || is(x->type, "read") ? "regel klein"
                                                             : "regel",
             number, time);
    add_sentence(d, x);
    if (hidden && x->restriction)
        add_restriction(d, x->restriction);
    html_add(b, "<dl>\n");
    if (!hidden)
        add_body(d, x);
    html_add(b, "</dl>\n<p class=\"nummer\">regel {}</p>\n</div>\n</article>\n", number);
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void add_head(const document *d, buffer *out)
{
    char policy[DOCUMENT_POLICY_MAX], date[DUTCH_DATE], time[DUTCH_TIME];
    document_policy(policy);
    dutch_date(date, d->made);
    dutch_time(time, d->made);
    html_add(out,
             "<!DOCTYPE html>\n<html lang=\"nl\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
             "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Uw dossier bij {}</title>\n<style>",
             policy, d->sender->name);
    buffer_add(out, document_style, strlen(document_style));
    html_add(out,
             "</style>\n</head>\n<body>\n<header>\n<p class=\"afzender\">{}</p>\n<h1>Uw dossier</h1>\n"
             "<p>Gemaakt op {} om {} uur</p>\n</header>\n<main>\n",
             d->sender->name, date, time);
}

static void add_count(buffer *out, size_t n, const char *what)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", n);
    if (n)
        html_add(out, "<li><b>{}</b> {}</li>\n", number, what);
}

static void add_summary(const document *d, buffer *out)
{
    char first[DUTCH_DATE], last[DUTCH_DATE];
    const char *name;
    json_t *set;
    dutch_date(first, d->first);
    dutch_date(last, d->last);
    html_add(out, "<section class=\"kort\" id=\"kort\">\n<h2>In het kort</h2>\n<ul class=\"tellen\">\n");
    add_count(out, d->asked, "keer is om gegevens over u gevraagd");
    add_count(out, d->answered, "keer kwam daar een antwoord op");
    add_count(out, d->looked, "keer keek iemand in gegevens die al bekend waren");
    add_count(out, d->outside, "keer is buiten de computer om over u gesproken of geschreven");
    add_count(out, d->data,
              d->data == 1 ? "gegeven over u is vastgelegd" : "gegevens over u zijn vastgelegd");
    add_count(out, d->before, "keer stond er eerder iets anders; dat leest u erbij");
    add_count(out, d->hidden, d->hidden == 1 ? "regel mag u nu niet lezen" : "regels mag u nu niet lezen");
    html_add(out, "</ul>\n");
    if (d->entries)
        html_add(out,
                 is(first, last) ? "<p>Alles gebeurde op {}.</p>\n"
                                 : "<p>De eerste regel is van {}, de laatste van {}.</p>\n",
                 first, last);
    if (json_object_size(d->parties))
        html_add(out,
                 "<p>Deze organisaties vroegen, gaven of kregen gegevens over u:</p>\n<ul class=\"wie\">\n");
    json_object_foreach(d->parties, name, set) html_add(out, "<li><bdi>{}</bdi></li>\n", name);
    html_add(out, json_object_size(d->parties) ? "</ul>\n</section>\n" : "</section>\n");
}

static void add_about(buffer *out)
{
    html_add(out, "<section id=\"over\">\n<h2>Wat staat er in dit dossier?</h2>\n"
                  "<p>Hier leest u wat er in de zaak gebeurde. Wie vroeg gegevens over u? Waarom was dat "
                  "nodig? Wat was "
                  "het antwoord? En wie keek in uw gegevens? Alles staat erin, van oud naar nieuw. "
                  "Alleen een antwoord dat een organisatie eerst wil bespreken, staat er nog niet in.</p>\n"
                  "<p>Daarna staan de gegevens zelf: wat er over u is vastgelegd, van wie dat komt en sinds "
                  "wanneer. En wat er eerder stond.</p>\n"
                  "<p>Krijgt u dit dossier voor iemand anders, zoals uw kind? Dan gaat ‘u’ over die persoon. "
                  "Alle tijden "
                  "zijn Nederlandse tijd.</p>\n</section>\n");
}

void document_html_write(document *d, buffer *out)
{
    char number[24], data[24];
    snprintf(number, sizeof number, "%zu", d->entries);
    snprintf(data, sizeof data, "%zu", d->data);
    add_head(d, out);
    add_summary(d, out);
    add_about(out);
    buffer_add(out, d->once.p, d->once.n);
    html_add(out, "<section id=\"verloop\">\n<h2>Wat er gebeurde</h2>\n");
    if (!d->entries)
        html_add(out, "<p>Er is nog niets gebeurd.</p>\n");
    buffer_add(out, d->course.p, d->course.n);
    html_add(out, d->entries ? "</section>\n</section>\n" : "</section>\n");
    document_html_values(d, out);
    buffer_add(out, d->after.p, d->after.n);
    html_add(out,
             "</main>\n<footer>\n<p>Einde van het dossier. Het telt {} regels en {} gegevens, en is "
             "volledig.</p>\n</footer>\n"
             "</body>\n</html>\n",
             number, data);
}
