/* Of the client's document: what is registered of the person, by kind, each with its source, its days and
 * what its party asked to be kept to. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "http/document_parts.h"
#include "http/html.h"

static const struct {
    const char *category, *title;
} groups[VALUE_GROUPS] = {
    {"identification", "Wie u bent"},       {"ordinary", "Uw situatie"},
    {"financial", "Werk, inkomen en geld"}, {"health", "Uw gezondheid"},
    {"criminal", "Politie en justitie"},
};

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static size_t group_of(const char *category)
{
    size_t i = 0;
    while (i < VALUE_GROUPS - 1 && !is(groups[i].category, category))
        i++;
    return i;
}

void document_condition(document *d, buffer *b, const char *said)
{
    char code[64];
    const size_t n = strcspn(said, " ");
    snprintf(code, sizeof code, "%.*s", (int)n, said);
    html_add(b, "<br><span class=\"bij\">Voorwaarde: {}{}</span>", document_word(d, "condition", code),
             said + n);
}

/* An amount as people write it: "1234.5" is "€ 1.234,50"; at most 40 characters, else as it is. */
static void dutch_amount(char out[static 64], const char *value)
{
    const bool minus = value[0] == '-';
    const char *digits = value + minus;
    const size_t whole = strspn(digits, "0123456789");
    const char *cents = digits[whole] == '.' ? digits + whole + 1 : "";
    size_t n = 0;
    char grouped[64] = "";
    if (!whole || whole > 24 || strlen(cents) > 2 || strspn(cents, "0123456789") != strlen(cents) ||
        (digits[whole] && digits[whole] != '.')) {
        snprintf(out, 64, "%.60s", value);
        return;
    }
    for (size_t i = 0; i < whole; i++) {
        if (i && (whole - i) % 3 == 0)
            grouped[n++] = '.';
        grouped[n++] = digits[i];
    }
    snprintf(out, 64, "%s€ %.40s,%c%c", minus ? "− " : "", grouped, cents[0] ? cents[0] : '0',
             cents[0] && cents[1] ? cents[1] : '0');
}

static void add_text(buffer *b, const Sluis__ApiOwnDatum *x)
{
    const char *v = x->datum->value;
    char text[64] = "";
    uint64_t ms = 0;
    if (is(x->type, "date") && !time_parse(&ms, v))
        dutch_day(text, ms);
    else if (is(x->type, "amount"))
        dutch_amount(text, v);
    if (is(x->type, "bool"))
        v = is(v, "true") ? "ja" : is(v, "false") ? "nee" : v;
    html_add(b, "<bdi>{}</bdi>", text[0] ? text : v);
}

static void add_withheld(buffer *b, const char *why)
{
    html_add(b, "<p class=\"waarde leeg\">{}</p>\n",
             is(why, "number")
                 ? "De gemeente kent uw burgerservicenummer. Het staat hier niet, zodat het niet in "
                   "verkeerde handen komt."
             : is(why, "taken-back") ? "De organisatie heeft dit teruggetrokken. Het geldt niet meer."
             : is(why, "at-source")
                 ? "Dit staat bij de organisatie zelf, en niet bij de gemeente. U kunt het daar "
                   "opvragen."
                 : "Dit gaat ook over iemand anders. Daarom staat het hier niet. U mag ernaar vragen.");
}

static void add_day(buffer *b, const char *label, uint64_t ms)
{
    char day[DUTCH_DATE];
    if (!ms)
        return;
    dutch_day(day, ms);
    html_add(b, " {} {}.", label, day);
}

static void add_last_day(buffer *b, uint64_t until)
{
    char day[DUTCH_DATE];
    if (!until)
        return;
    dutch_term(day, until);
    html_add(b, " Geldt tot en met {}.", strchr(day, ' ') + 1);
}

static void add_laws(document *d, buffer *b, const Sluis__ApiOwnDatum *x)
{
    for (size_t i = 0; i < x->n_laws; i++)
        html_add(b, i ? ", {}" : " Vastgelegd voor: {}", document_word(d, "law", x->laws[i]));
    html_add(b, x->n_laws ? "." : "");
    if (x->legal_basis_title[0])
        html_add(b, " Regel in de wet: {}.", x->legal_basis_title);
}

/* From whom, and the days and rules that belong to it. */
static void add_about(document *d, buffer *b, const Sluis__ApiOwnDatum *x)
{
    const Sluis__ApiDatum *v = x->datum;
    html_add(b, "Van <bdi>{}</bdi>.", document_who(d, v->source, x->source_name));
    if (v->brought_by[0])
        html_add(b, " Een andere gemeente gaf het mee met uw zaak.");
    add_day(b, "Gekregen op", v->obtained);
    add_day(b, "Geldt vanaf", v->valid_from);
    add_last_day(b, v->valid_until);
    add_day(b, "Verbeterd op", v->corrected);
    add_laws(d, b, x);
    for (size_t i = 0; i < v->n_conditions; i++)
        document_condition(d, b, v->conditions[i]);
    if (v->statement[0])
        html_add(b, "<br>Uw eigen verklaring: <bdi>{}</bdi>", v->statement);
}

/* ---- what stood before ---- */

static void name_of(char out[static DATUM_NAME_MAX], const Sluis__ApiOwnDatum *x)
{
    snprintf(out, DATUM_NAME_MAX, "%s %s", x->datum->attribute, x->datum->instance);
}

static void close_datum(document *d)
{
    if (d->open)
        html_add(d->open, d->listing ? "</tbody></table>\n</div>\n</div>\n" : "</div>\n</div>\n");
    d->open = NULL;
    d->listing = false;
}

static buffer *open_datum(document *d, const Sluis__ApiOwnDatum *x, const char *form)
{
    close_datum(d);
    d->open = &d->values[group_of(x->datum->category)];
    name_of(d->about, x);
    html_add(d->open, form, document_word(d, "attribute", x->datum->attribute));
    return d->open;
}

static const char *why_text(const char *why)
{
    static const struct {
        const char *why, *text;
    } all[] = {
        {"replaced", "Daarna kwam er iets nieuwers."},
        {"corrected", "De organisatie heeft dit verbeterd."},
        {"taken-back", "De organisatie heeft dit teruggetrokken."},
        {"at-request", "Dit is verbeterd omdat u erom vroeg."},
        {"other-source", "Een andere organisatie zei iets anders. Dat is overgenomen."},
        {"statement-added", "Daarna is uw eigen verklaring erbij gezet."},
        {"said-again", "Daarna is hetzelfde opnieuw vastgelegd, ook voor een andere wet."},
        {"not-told", "Wat er daarna kwam, leest u hier nu niet."},
        {"settled-kept", "Er is uitgezocht wat klopt. Dit is niet overgenomen."},
        {"settled-agreed", "De organisatie zegt nu hetzelfde als wat er al stond."},
        {"settled-source", "De organisatie die hierover gaat, zei iets anders. Dat geldt nu."},
        {"settled-overruled", "De organisatie die hierover gaat, zei iets anders. Dat gaat voor."},
        {"persons-merged", "Uw gegevens stonden onder twee kenmerken. Die zijn samengevoegd."},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (is(all[i].why, why))
            return all[i].text;
    return why;
}

static void add_period(buffer *b, uint64_t since, uint64_t until)
{
    char from[DUTCH_DATE], to[DUTCH_DATE];
    dutch_day(from, since);
    dutch_day(to, until);
    if (since && until && is(from, to)) {
        html_add(b, "op {}", from);
        return;
    }
    if (since)
        html_add(b, until ? "van {} " : "vanaf {}", from);
    if (until)
        html_add(b, "tot {}", to);
}

/* A row: what stood, when, and from whom and why no more. */
static void add_earlier(document *d, buffer *b, const Sluis__ApiOwnDatum *x)
{
    html_add(b, "<td>");
    if (x->withheld[0])
        html_add(b, "<span class=\"leeg\">staat hier niet</span>");
    else
        add_text(b, x);
    html_add(b, "</td><td>");
    add_period(b, x->since, x->until);
    html_add(b, "</td><td>{}<br><span class=\"bij\">", why_text(x->ended));
    add_about(d, b, x);
    html_add(b, "</span></td></tr>\n");
}

static void add_before(document *d, const Sluis__ApiOwnDatum *x)
{
    char about[DATUM_NAME_MAX];
    name_of(about, x);
    if (!d->open || !is(about, d->about)) /* what stands there is not for this reader */
        open_datum(d, x, "<div class=\"gegeven weg\">\n<h4>{}</h4>\n<div>\n");
    if (!d->listing)
        html_add(d->open, "<table class=\"eerder\">\n<caption>Dit stond er eerder</caption>\n"
                          "<thead><tr><th scope=\"col\">Gegeven</th><th scope=\"col\">Wanneer</th><th "
                          "scope=\"col\">Waarom niet meer</th></tr></thead>\n<tbody>\n");
    d->listing = true;
    html_add(d->open, "<tr>");
    add_earlier(d, d->open, x);
}

static void add_settled(document *d, const Sluis__ApiOwnDatum *x)
{
    html_add(&d->earlier, "<tr><th scope=\"row\">{}</th>",
             document_word(d, "attribute", x->datum->attribute));
    add_earlier(d, &d->earlier, x);
}

static void add_standing(document *d, const Sluis__ApiOwnDatum *x)
{
    buffer *b = open_datum(d, x, "<div class=\"gegeven\">\n<h4>{}</h4>\n<div>\n");
    if (x->withheld[0]) {
        add_withheld(b, x->withheld);
    } else {
        html_add(b, "<p class=\"waarde\">");
        add_text(b, x);
        html_add(b, "</p>\n");
    }
    if (x->beside)
        html_add(b,
                 "<p class=\"anders\">Hierover zegt een andere organisatie iets anders. Iemand zoekt uit wat "
                 "klopt.</p>\n");
    html_add(b, "<p class=\"bij\">");
    add_about(d, b, x);
    html_add(b, "</p>\n");
}

void document_html_datum(document *d, const Sluis__ApiOwnDatum *x)
{
    if (!x->ended[0])
        add_standing(d, x);
    else if (x->settled)
        add_settled(d, x);
    else
        add_before(d, x);
}

static void add_all_settled(const document *d, buffer *out)
{
    html_add(
        out,
        "<section class=\"soort\">\n<h3>Wat een ander zei, en niet meer geldt</h3>\n"
        "<p>Over deze gegevens zei een organisatie iets anders dan wat er stond. Dat is uitgezocht.</p>\n"
        "<table class=\"eerder\">\n"
        "<thead><tr><th scope=\"col\">Waarover</th><th scope=\"col\">Gegeven</th><th "
        "scope=\"col\">Wanneer</th><th scope=\"col\">Waarom niet meer</th></tr></thead>\n<tbody>\n");
    buffer_add(out, d->earlier.p, d->earlier.n);
    html_add(out, "</tbody></table>\n</section>\n");
}

/* What the document does not hold, and where it says so; of others the same whether there is any or not. */
static void add_left_out(const document *d, buffer *out)
{
    if (d->n_keeps)
        html_add(
            out,
            "<p class=\"dicht-over\">Wat u nu niet mag lezen, staat er niet bij. Wie dat besloot en wanneer "
            "de gemeente er weer naar kijkt, leest u bij");
    for (size_t i = 0; i < d->n_keeps; i++) {
        char number[24];
        snprintf(number, sizeof number, "%llu", (unsigned long long)d->keeps[i]);
        html_add(out, i ? ", <a href=\"#regel-{}\">regel {}</a>" : " <a href=\"#regel-{}\">regel {}</a>",
                 number, number);
    }
    html_add(out, d->n_keeps ? ".</p>\n" : "");
    if (!d->own)
        html_add(
            out,
            "<p>U leest dit voor iemand anders. Daarom staat hier alleen wat bij deze zaak hoort. Wat een "
            "organisatie alleen aan de persoon zelf vertelt, en een geheim adres, staan er niet in.</p>\n");
}

void document_html_values(document *d, buffer *out)
{
    close_datum(d);
    html_add(out, "<section id=\"gegevens\">\n<h2>Wat er over u is vastgelegd</h2>\n");
    html_add(out,
             d->data || d->before
                 ? "<p>Zo staan uw gegevens nu bij de gemeente. Stond er eerder iets anders? Dan leest u "
                   "dat erbij, zolang het bewaard wordt. Klopt er iets niet? Zeg het tegen uw "
                   "contactpersoon bij de gemeente. U mag vragen om het te verbeteren. "
                   "<span class=\"bij\">(AVG art. 16)</span></p>\n"
                 : "<p>Er zijn geen gegevens over u vastgelegd.</p>\n");
    add_left_out(d, out);
    for (size_t i = 0; i < VALUE_GROUPS; i++) {
        if (!d->values[i].n)
            continue;
        html_add(out, "<section class=\"soort\">\n<h3>{}</h3>\n", groups[i].title);
        buffer_add(out, d->values[i].p, d->values[i].n);
        html_add(out, "</section>\n");
    }
    if (d->earlier.n)
        add_all_settled(d, out);
    html_add(out, "</section>\n");
}
