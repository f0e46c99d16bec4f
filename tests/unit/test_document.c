/* A client's dossier as a document: what is escaped, how dates are written, and that there is a sentence for
 * everything that can stand in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cases/case_state.h"
#include "http/document_parts.h"
#include "http/html.h"
#include "wire/messages.h"

#define GONE "\xef\xbf\xbd"

static void every_value_is_escaped(void **state)
{
    static const struct {
        const char *value, *html;
    } cases[] = {
        {"<a href=\"x\" id='y'>&amp;", "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\tb\nc", "a\tb\nc"},
        {"a\rb\x01\x1b\x7f", "a" GONE "b" GONE GONE GONE},
        {"\xc2\x85\xc2\xa0", GONE "\xc2\xa0"}, /* C1; a hard space stays */
        {"\xe2\x80\xae"
         "x\xe2\x80\xac\xe2\x81\xa6\xe2\x81\xa9",
         GONE "x" GONE GONE GONE},                          /* RLO PDF LRI PDI */
        {"\xd7\xa9\xe2\x80\x8f", "\xd7\xa9\xe2\x80\x8f"},   /* Hebrew, and its mark */
        {"\xc0\x80\xe0\x80\xaf", GONE GONE GONE GONE GONE}, /* longer than needed */
        {"\xed\xa0\x80", GONE GONE GONE},                   /* half a pair */
        {"\xf4\x90\x80\x80", GONE GONE GONE GONE},          /* beyond Unicode */
        {"\xe2\x82", GONE GONE},                            /* ends too early */
        {"\xe2\x82<", GONE GONE "&lt;"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer b;
        buffer_init(&b, 1024);
        html_add(&b, "[{}|{}]", cases[i].value, cases[i].value);
        char wanted[256];
        snprintf(wanted, sizeof wanted, "[%s|%s]", cases[i].html, cases[i].html);
        if (!bytes_equal(buffer_bytes(&b), bytes_str(wanted)))
            fail_msg("%zu: \"%.*s\", not \"%s\"", i, (int)b.n, (const char *)b.p, wanted);
        buffer_close(&b);
    }
}

static void dates_in_dutch_time(void **state)
{
    static const struct {
        const char *utc, *date, *time;
    } cases[] = {
        {"2026-03-29T00:59:59Z", "zondag 29 maart 2026", "01:59"},
        {"2026-03-29T01:00:00Z", "zondag 29 maart 2026", "03:00"},
        {"2026-10-25T00:59:59Z", "zondag 25 oktober 2026", "02:59"},
        {"2026-10-25T01:00:00Z", "zondag 25 oktober 2026", "02:00"},
        {"2027-03-28T01:00:00Z", "zondag 28 maart 2027", "03:00"},
        {"2027-10-31T00:59:00Z", "zondag 31 oktober 2027", "02:59"},
        {"2026-12-31T23:30:00Z", "vrijdag 1 januari 2027", "00:30"},
        {"2028-02-29T12:00:00Z", "dinsdag 29 februari 2028", "13:00"},
        {"2026-06-30T22:00:00Z", "woensdag 1 juli 2026", "00:00"},
    };
    char date[DUTCH_DATE], time[DUTCH_TIME];
    uint64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(time_parse(&ms, cases[i].utc), SLUIS_OK);
        dutch_date(date, ms);
        dutch_time(time, ms);
        assert_string_equal(date, cases[i].date);
        assert_string_equal(time, cases[i].time);
    }
    /* A term ends where its last day does, in UTC (policy/rights.h). */
    assert_int_equal(time_parse(&ms, "2026-12-29"), SLUIS_OK);
    dutch_term(date, ms);
    assert_string_equal(date, "maandag 28 december 2026");
}

static const char *sentence(const char *type, const char *decision)
{
    Sluis__ApiDossierEntry x = SLUIS__API_DOSSIER_ENTRY__INIT;
    x.type = (char *)(uintptr_t)type;
    x.decision = (char *)(uintptr_t)decision;
    const document_sentence *s = document_sentence_of(&x);
    if (!s)
        fail_msg("no sentence for %s, %s", type, decision);
    size_t places = 0;
    for (const char *at = s->form; (at = strstr(at, "{}")); at += 2)
        places++;
    if (places != (size_t)s->from + (size_t)s->to)
        fail_msg("\"%s\" has %zu places", s->form, places);
    return s->form;
}

static void a_sentence_for_everything(void **state)
{
    static const char *const types[] = {"read",     "from-register", "dossier",
                                        "returned", "exchange",      "restricted"};
    static const char *const decisions[] = {"opened",
                                            "rights-filed",
                                            "rights-extended",
                                            "rights-granted",
                                            "rights-refused",
                                            "rights-done",
                                            "rights-corrected",
                                            "rights-source-refused",
                                            "rights-source-silent",
                                            "rights-source-unable",
                                            "rights-source-unknowing",
                                            "taken-over",
                                            "takeover-told",
                                            "handover-refused",
                                            "handover-lapsed",
                                            "exchange-noted",
                                            "entry-restricted",
                                            "restriction-lifted",
                                            "concern-research",
                                            "withdrawn",
                                            "concern-no-research",
                                            "discrepancy-accepted",
                                            "discrepancy-kept",
                                            "discrepancy-asked"};
    const char *none = sentence("case", "not a decision");
    (void)state;
    for (int k = SLUIS__KIND__KIND_NONE + 1; k <= SLUIS__KIND__RETURNED; k++)
        if (message_kind_of((Sluis__Kind)k))
            sentence(message_kind_of((Sluis__Kind)k)->name, "permit");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        sentence(types[i], "permit");
    for (int e = 0; e < CASE_EVENTS; e++)
        assert_ptr_not_equal(sentence("case", case_event_done((case_event)e)), none);
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++)
        assert_ptr_not_equal(sentence("case", decisions[i]), none);
    assert_ptr_not_equal(sentence("read", "glass-broken"), sentence("read", "permit"));
    assert_ptr_not_equal(sentence("read", "look-used"), sentence("read", "permit"));
    assert_ptr_equal(sentence("case-handover-reply", "handover-accepted"),
                     sentence("case", "handover-accepted"));
}

static void the_form_asked_for(void **state)
{
    (void)state;
    assert_int_equal(document_asked(NULL), DOCUMENT_JSON);
    assert_int_equal(document_asked("*/*"), DOCUMENT_JSON);
    assert_int_equal(document_asked("application/json"), DOCUMENT_JSON);
    assert_int_equal(document_asked("text/html,application/xhtml+xml,*/*;q=0.8"), DOCUMENT_HTML);
    assert_int_equal(document_asked("application/json, text/html"), DOCUMENT_JSON);
    assert_int_equal(document_asked("application/pdf"), DOCUMENT_NONE);
}

/* A page that would not fit is refused, and what was gathered is not given for the whole. */
static void larger_than_allowed(void **state)
{
    static char long_text[9000];
    static const document_sender sender = {"Gemeente", "", "", ""};
    Sluis__ApiExport x = SLUIS__API_EXPORT__INIT;
    Sluis__ApiDossier page = SLUIS__API_DOSSIER__INIT;
    Sluis__ApiDossierEntry entry = SLUIS__API_DOSSIER_ENTRY__INIT, *all[50];
    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    entry.type = (char *)(uintptr_t) "case";
    entry.motivation = long_text;
    for (size_t i = 0; i < 50; i++)
        all[i] = &entry;
    page.entries = all;
    x.page = &page;
    x.made = 1;
    for (document_form form = DOCUMENT_JSON; form <= DOCUMENT_HTML; form++) {
        document *d = document_new(form, &sender, 256u << 10);
        page.n_entries = 1;
        page.next = 7;
        assert_int_equal(document_add(d, &x), SLUIS_OK);
        json_t *asked = json_object();
        assert_int_equal(document_ask(d, asked), SLUIS_OK);
        assert_int_equal(json_integer_value(json_object_get(asked, "vanaf")), 7);
        assert_null(json_object_get(asked, "waarden"));
        json_decref(asked);
        assert_false(document_whole(d));
        page.n_entries = 50;
        assert_int_equal(document_add(d, &x), SLUIS_TOO_BIG);
        document_free(&d);
        assert_null(d);
    }
}

#define TEXT(s) ((char *)(uintptr_t)(s))

/* The pages of the course, then those of the data until there are no more; values as people write them, and
 * as they are for a program; why one is not there. */
static void the_data_themselves(void **state)
{
    static const struct {
        const char *name, *category, *type, *value, *withheld, *html;
    } t[] = {
        {"a-date", "identification", "date", "2010-02-03", "", "<bdi>3 februari 2010</bdi>"},
        {"a-text", "ordinary", "text", "<b>\xe2\x80\xaex", "", "<bdi>&lt;b&gt;" GONE "x</bdi>"},
        {"a-bool", "ordinary", "bool", "false", "", "<bdi>nee</bdi>"},
        {"an-amount", "financial", "amount", "-1234567.5", "",
         "<bdi>\xe2\x88\x92 \xe2\x82\xac 1.234.567,50</bdi>"},
        {"odd", "financial", "amount", "12 euro", "", "<bdi>12 euro</bdi>"},
        {"bsn", "identification", "text", "", "number", "in verkeerde handen"},
        {"gezag", "ordinary", "text", "", "about-others", "gaat ook over iemand anders"},
        {"far", "health", "text", "", "at-source", "bij de organisatie zelf"},
    };
    static const document_sender sender = {"Gemeente", "", "", ""};
    enum { N = sizeof t / sizeof *t };
    Sluis__ApiExport first = SLUIS__API_EXPORT__INIT, x = SLUIS__API_EXPORT__INIT;
    Sluis__ApiDossier page = SLUIS__API_DOSSIER__INIT;
    Sluis__ApiOwnDatum own[N], *all[N];
    Sluis__ApiDatum d[N];
    char *condition = TEXT("bron-noemen 2026-12-01 <i>");
    uint64_t hidden[] = {12, 31};
    uint8_t place[20] = {0xab};
    (void)state;
    for (size_t i = 0; i < N; i++) {
        sluis__api_datum__init(&d[i]);
        sluis__api_own_datum__init(&own[i]);
        d[i].attribute = TEXT(t[i].name);
        d[i].category = TEXT(t[i].category);
        d[i].value = TEXT(t[i].value);
        d[i].conditions = &condition;
        d[i].n_conditions = 1;
        own[i].datum = &d[i];
        own[i].type = TEXT(t[i].type);
        own[i].withheld = TEXT(t[i].withheld);
        own[i].beside = i == 1;
        d[i].valid_until = UINT64_C(1803859200000); /* 2027-03-01 */
        all[i] = &own[i];
    }
    first.page = x.page = &page;
    first.made = x.made = 1;
    x.hidden = hidden;
    x.n_hidden = 2;
    for (document_form form = DOCUMENT_JSON; form <= DOCUMENT_HTML; form++) {
        document *o = document_new(form, &sender, 256u << 10);
        json_t *asked = json_object();
        buffer out;
        assert_int_equal(document_add(o, &first), SLUIS_OK);
        assert_false(document_whole(o));
        assert_int_equal(document_ask(o, asked), SLUIS_OK);
        assert_string_equal(json_string_value(json_object_get(asked, "waarden")), "");
        x.data = all;
        x.n_data = N - 1;
        x.values_next = (ProtobufCBinaryData){sizeof place, place};
        assert_int_equal(document_add(o, &x), SLUIS_OK);
        assert_false(document_whole(o));
        assert_int_equal(document_ask(o, asked), SLUIS_OK);
        assert_string_equal(json_string_value(json_object_get(asked, "waarden")),
                            "ab00000000000000000000000000000000000000");
        x.data = all + N - 1;
        x.n_data = 1;
        x.values_next.len = 0;
        assert_int_equal(document_add(o, &x), SLUIS_OK);
        assert_true(document_whole(o));
        buffer_init(&out, 256u << 10);
        assert_int_equal(document_write(o, &out), SLUIS_OK);
        buffer_u8(&out, 0);
        const char *text = (const char *)out.p;
        for (size_t i = 0; form == DOCUMENT_HTML && i < N; i++)
            if (!strstr(text, t[i].html))
                fail_msg("%s: %s is not in it", t[i].name, t[i].html);
        if (form == DOCUMENT_HTML) {
            assert_non_null(strstr(text, " Geldt tot en met 28 februari 2027."));
            assert_non_null(strstr(text, "Voorwaarde: bron-noemen 2026-12-01 &lt;i&gt;"));
            assert_non_null(
                strstr(text, "<a href=\"#regel-12\">regel 12</a>, <a href=\"#regel-31\">regel 31</a>."));
            assert_non_null(strstr(text, "Het telt 0 regels en 8 gegevens, en is volledig."));
        } else {
            json_t *got = json_loads(text, 0, NULL), *data = json_object_get(got, "gegevens");
            assert_int_equal(json_array_size(data), N);
            for (size_t i = 0; i < N; i++) {
                const json_t *one = json_array_get(data, i);
                assert_string_equal(json_string_value(json_object_get(one, "naam")), t[i].name);
                if (*t[i].withheld)
                    assert_null(json_object_get(one, "waarde"));
                else
                    assert_string_equal(json_string_value(json_object_get(one, "waarde")), t[i].value);
                assert_int_equal(json_is_true(json_object_get(one, "afwijkend")), i == 1);
            }
            assert_string_equal(json_string_value(json_object_get(json_array_get(data, 5), "nietGetoond")),
                                "persoonsnummer");
            assert_int_equal(json_integer_value(json_array_get(json_object_get(got, "beperkt"), 1)), 31);
            json_decref(got);
        }
        json_decref(asked);
        buffer_close(&out);
        document_free(&o);
    }
}

/* What stood before stands in a table under its datum, over the end of a page too; what was settled in one of
 * its own; for a program in a list of its own. What became of each is said in a sentence. */
static void what_stood_before(void **state)
{
    static const struct {
        const char *name, *value, *ended;
        bool settled;
        uint64_t since, until;
    } t[] = {
        {"school", "now", "", false, 0, 0},
        {"school", "old", "replaced", false, UINT64_C(1767225600000), UINT64_C(1769904000000)},
        {"school", "<older>", "corrected", false, UINT64_C(1767225600000), UINT64_C(1767225600000)},
        {"alone", "hidden", "not-told", false, UINT64_C(1767225600000), 0},
        {"other", "now", "", false, 0, 0},
        {"school", "said", "settled-kept", true, 0, UINT64_C(1769904000000)},
    };
    static const char *const reasons[] = {
        "replaced",        "corrected",         "taken-back",    "at-request",   "other-source",
        "statement-added", "said-again",        "not-told",      "settled-kept", "settled-agreed",
        "settled-source",  "settled-overruled", "persons-merged"};
    static const document_sender sender = {"Gemeente", "", "", ""};
    enum { N = sizeof t / sizeof *t, M = sizeof reasons / sizeof *reasons };
    Sluis__ApiExport x = SLUIS__API_EXPORT__INIT;
    Sluis__ApiDossier page = SLUIS__API_DOSSIER__INIT;
    Sluis__ApiOwnDatum own[N + M], *all[N + M];
    Sluis__ApiDatum d[N + M];
    uint8_t place[VALUES_PLACE_MAX] = {0};
    (void)state;
    x.page = &page;
    x.made = 1;
    for (size_t i = 0; i < N + M; i++) {
        const bool more = i >= N;
        sluis__api_datum__init(&d[i]);
        sluis__api_own_datum__init(&own[i]);
        d[i].attribute = TEXT(more ? "school" : t[i].name);
        d[i].category = TEXT("ordinary");
        d[i].value = TEXT(more ? "x" : t[i].value);
        own[i].datum = &d[i];
        own[i].type = TEXT("text");
        own[i].ended = TEXT(more ? reasons[i - N] : t[i].ended);
        own[i].settled = more || t[i].settled;
        own[i].since = more ? 0 : t[i].since;
        own[i].until = more ? 0 : t[i].until;
        all[i] = &own[i];
    }
    for (document_form form = DOCUMENT_JSON; form <= DOCUMENT_HTML; form++) {
        document *o = document_new(form, &sender, 256u << 10);
        buffer out;
        assert_int_equal(document_add(o, &x), SLUIS_OK); /* the course */
        x.data = all;
        x.n_data = 2; /* the page ends in the middle of a past */
        x.values_next = (ProtobufCBinaryData){sizeof place, place};
        assert_int_equal(document_add(o, &x), SLUIS_OK);
        x.data = all + 2;
        x.n_data = N - 2;
        x.values_next.len = 0;
        assert_int_equal(document_add(o, &x), SLUIS_OK);
        assert_true(document_whole(o));
        if (form == DOCUMENT_HTML)
            for (size_t i = N; i < N + M; i++) {
                document_html_datum(o, all[i]);
                if (memmem(o->earlier.p, o->earlier.n, reasons[i - N], strlen(reasons[i - N])))
                    fail_msg("%s is not in words", reasons[i - N]);
            }
        x.n_data = 0;
        buffer_init(&out, 256u << 10);
        assert_int_equal(document_write(o, &out), SLUIS_OK);
        buffer_u8(&out, 0);
        const char *text = (const char *)out.p;
        if (form == DOCUMENT_HTML) {
            static const char *const parts[] = {
                "<div class=\"gegeven\">\n<h4>school</h4>\n<div>\n<p class=\"waarde\"><bdi>now</bdi></p>\n",
                "<table class=\"eerder\">\n<caption>Dit stond er eerder</caption>\n<thead><tr><th "
                "scope=\"col\">Gegeven</th>"
                "<th scope=\"col\">Wanneer</th><th scope=\"col\">Waarom niet "
                "meer</th></tr></thead>\n<tbody>\n",
                "<tr><td><bdi>old</bdi></td><td>van 1 januari 2026 tot 1 februari 2026</td><td>Daarna kwam "
                "er "
                "iets nieuwers.<br>",
                "<tr><td><bdi>&lt;older&gt;</bdi></td><td>op 1 januari 2026</td><td>De organisatie heeft dit "
                "verbeterd.<br>",
                "</tbody></table>\n</div>\n</div>\n<div class=\"gegeven "
                "weg\">\n<h4>alone</h4>\n<div>\n<table",
                "<td>vanaf 1 januari 2026</td><td>Wat er daarna kwam, leest u hier nu niet.",
                "</tbody></table>\n</div>\n</div>\n<div class=\"gegeven\">\n<h4>other</h4>\n",
                "Wat een ander zei, en niet meer geldt",
                "<thead><tr><th scope=\"col\">Waarover</th>",
                "<tr><th scope=\"row\">school</th><td><bdi>said</bdi></td><td>tot 1 februari 2026</td><td>Er "
                "is "
                "uitgezocht wat klopt. Dit is niet overgenomen.<br>",
                "Het telt 0 regels en 2 gegevens, en is volledig."};
            const char *at = text;
            for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
                if (!(at = strstr(at, parts[i])))
                    fail_msg("%s: not in it, or not there", parts[i]);
        } else {
            json_t *got = json_loads(text, 0, NULL), *before = json_object_get(got, "eerdereGegevens");
            assert_int_equal(json_array_size(json_object_get(got, "gegevens")), 2);
            assert_int_equal(json_array_size(before), 4);
            assert_string_equal(json_string_value(json_object_get(json_array_get(before, 0), "reden")),
                                "vervangen");
            assert_string_equal(json_string_value(json_object_get(json_array_get(before, 0), "vastgelegd")),
                                "2026-01-01T00:00:00.000Z");
            assert_string_equal(json_string_value(json_object_get(json_array_get(before, 0), "vervallen")),
                                "2026-02-01T00:00:00.000Z");
            assert_null(json_object_get(json_array_get(before, 2), "vervallen"));
            json_decref(got);
        }
        buffer_close(&out);
        document_free(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_escaped),    cmocka_unit_test(dates_in_dutch_time),
        cmocka_unit_test(a_sentence_for_everything), cmocka_unit_test(the_form_asked_for),
        cmocka_unit_test(larger_than_allowed),       cmocka_unit_test(the_data_themselves),
        cmocka_unit_test(what_stood_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
