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

static void add_value(buffer *b, const Sluis__ApiOwnDatum *x)
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
    html_add(b, "<p class=\"waarde\"><bdi>{}</bdi></p>\n", text[0] ? text : v);
}

static void add_withheld(buffer *b, const char *why)
{
    html_add(b, "<p class=\"waarde leeg\">{}</p>\n",
             is(why, "number")
                 ? "De gemeente kent uw burgerservicenummer. Het staat hier niet, zodat het niet in "
                   "verkeerde handen komt."
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

void document_html_datum(document *d, const Sluis__ApiOwnDatum *x)
{
    const Sluis__ApiDatum *v = x->datum;
    buffer *b = &d->values[group_of(v->category)];
    html_add(b, "<div class=\"gegeven\">\n<h4>{}</h4>\n<div>\n", document_word(d, "attribute", v->attribute));
    if (x->withheld[0])
        add_withheld(b, x->withheld);
    else
        add_value(b, x);
    if (x->beside)
        html_add(b,
                 "<p class=\"anders\">Hierover zegt een andere organisatie iets anders. Iemand zoekt uit wat "
                 "klopt.</p>\n");
    html_add(b, "<p class=\"bij\">Van <bdi>{}</bdi>.", document_who(d, v->source, x->source_name));
    add_day(b, "Gekregen op", v->obtained);
    add_day(b, "Geldt vanaf", v->valid_from);
    add_last_day(b, v->valid_until);
    add_day(b, "Verbeterd op", v->corrected);
    add_laws(d, b, x);
    for (size_t i = 0; i < v->n_conditions; i++)
        document_condition(d, b, v->conditions[i]);
    html_add(b, "</p>\n</div>\n</div>\n");
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
    html_add(out, "<section id=\"gegevens\">\n<h2>Wat er over u is vastgelegd</h2>\n");
    html_add(out, d->data
                      ? "<p>Zo staan uw gegevens nu bij de gemeente. Klopt er iets niet? Zeg het tegen uw "
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
    html_add(out, "</section>\n");
}
