/* Working days with Dutch holidays, templates of the shipped rules, and what the reader refuses. */
#include "kit_rules.h"

#include "base/clock.h"
#include "policy/levels.h"
#include "policy/templates.h"

static uint64_t at(const char *time)
{
    uint64_t ms = 0;
    assert_int_equal(time_parse(&ms, time), SLUIS_OK);
    return ms;
}

static void working_days(void **state)
{
    static const struct {
        const char *from;
        uint32_t n;
        const char *after;
    } t[] = {
        {"2026-11-26T10:00:00.000Z", 1, "2026-11-28T00:00:00.000Z"}, /* Thursday: Friday */
        {"2026-11-27T23:59:59.999Z", 1, "2026-12-01T00:00:00.000Z"}, /* Friday: Monday */
        {"2026-11-28T12:00:00.000Z", 1, "2026-12-01T00:00:00.000Z"}, /* Saturday: Monday */
        {"2026-12-24T12:00:00.000Z", 1, "2026-12-29T00:00:00.000Z"}, /* two days of Christmas, a Sunday */
        {"2026-04-02T12:00:00.000Z", 2, "2026-04-09T00:00:00.000Z"}, /* Good Friday, Easter Monday */
        {"2026-04-24T12:00:00.000Z", 1, "2026-04-29T00:00:00.000Z"}, /* a weekend, and the King's day */
        {"2026-05-04T12:00:00.000Z", 5, "2026-05-13T00:00:00.000Z"}, /* 5 May */
        {"2026-11-26T10:00:00.000Z", 0, "2026-11-27T00:00:00.000Z"},
    };
    rules *r = kit_shipped();
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        assert_int_equal(rules_working_days_after(r, at(t[i].from), t[i].n), at(t[i].after));
    assert_int_equal(rules_working_days_before(r, at("2026-12-29T00:00:00.000Z"), 1),
                     at("2026-12-24T00:00:00.000Z"));
    assert_int_equal(rules_working_days_before(r, at("2026-12-01T00:00:00.000Z"), 2),
                     at("2026-11-26T00:00:00.000Z"));
    assert_int_equal(rules_working_days_before(r, at("2026-12-01T00:00:00.000Z"), 0),
                     at("2026-11-30T00:00:00.000Z"));
    assert_int_equal(rules_working_days_before(r, 0, 3), 0); /* never runs below the first day */
    /* a template goes before what was agreed with the domain, and that before the configuration */
    const uint64_t now = at("2026-11-26T10:00:00.000Z");
    const char *research = "onderzoek-meervoudige-problematiek";
    assert_int_equal(rules_answer_days(r, research, "ggd", now, 30), 10);
    assert_int_equal(rules_answer_days(r, "jeugdhulp", "ggd", now, 30), 5);
    assert_int_equal(rules_answer_days(r, "jeugdhulp", "huisarts", now, 30), 10);
    assert_int_equal(rules_answer_days(r, "jeugdhulp", "huisarts", at("2025-12-31T00:00:00.000Z"), 30), 30);
    assert_int_equal(rules_answer_days(r, "jeugdhulp", "bakker", now, 30), 30);
    rules_unref(&r);
}

static void shipped(void **state)
{
    rules *r = kit_shipped();
    const uint64_t now = at("2026-11-26T10:00:00.000Z");
    (void)state;
    const request_template *x = rules_template(r, "onderzoek-school", now);
    assert_non_null(x);
    assert_int_equal(x->ask_count, 3);
    assert_string_equal(rules_attribute(r, x->asks[0].attribute)->name, "school-jaargroep");
    assert_int_equal(x->answer_days, 5);
    assert_ptr_equal(rules_template_for(r, x->purpose, "onderwijs", now), x);
    assert_null(rules_template_for(r, x->purpose, "politie", now));
    assert_null(rules_template(r, "onderzoek-school", at("2025-12-31T23:59:59.999Z")));
    assert_null(rules_template(r, "nergens", now));
    rules_unref(&r);
}

static void mistakes(void **state)
{
    static const struct {
        const char *after, *find, *by, *text;
    } t[] = {
        {"id = \"onderzoek-school\"", "domain = \"onderwijs\"", "domain = \"scholen\"",
         "no domain is called \"scholen\""},
        {"id = \"onderzoek-school\"", "purpose = \"", "purpose = \"x", "no purpose is called \"xonderzoek"},
        {"id = \"onderzoek-school\"", "remind_days = 2", "remind_days = 5", "less than answer_days"},
        {"id = \"onderzoek-school\"", "answer_days = 5", "answer_days = 61", "60"},
        {"id = \"onderzoek-school\"", "school-jaargroep", "school-jaargroepje", "no attribute is called"},
        {"id = \"onderzoek-school\"", "school-jaargroep", "school-aandachtspunten", "stands twice"},
        {"id = \"onderzoek-ggd\"", "id = \"onderzoek-ggd\"", "id = \"onderzoek-school\"",
         "holds at the same time"},
        {"id = \"onderzoek-ggd\"", "domain = \"ggd\"", "domain = \"onderwijs\"", "holds at the same time"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        kit_set k;
        rules *r = NULL;
        sluis_fail f = {0};
        kit_read(&k);
        kit_replace(&k, "rules.conf", t[i].after, t[i].find, t[i].by);
        assert_int_equal(kit_load(&k, &r, &f), SLUIS_INVALID);
        if (!strstr(f.text, t[i].text) || strncmp(f.where, "rules.conf:", 11) != 0)
            fail_msg("row %zu: %s %s", i, f.where, f.text);
        kit_close(&k);
    }
}

static void conditions(void **state)
{
    static const struct {
        const char *find, *by, *text;
    } t[] = {{"held_by = \"until\"", "held_by = \"soon\"", "held_by is until, case"},
             {"code = \"alleen-deze-zaak\"", "code = \"geldig-tot\"", "stands twice"},
             {"code = \"alleen-deze-zaak\"", "code = \"Alleen\"", "is no name"}};
    rules *r = kit_shipped();
    (void)state;
    assert_int_equal(rules_condition(r, "geldig-tot 2026-12-31")->force, FORCE_UNTIL);
    assert_int_equal(rules_condition(r, "bron-noemen")->force, FORCE_SHOWN);
    assert_null(rules_condition(r, "geldig"));
    assert_null(rules_condition(r, ""));
    rules_unref(&r);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        kit_set k;
        sluis_fail f = {0};
        kit_read(&k);
        kit_replace(&k, "reasons.conf", "conditions = (", t[i].find, t[i].by);
        assert_int_equal(kit_load(&k, &r, &f), SLUIS_INVALID);
        if (!strstr(f.text, t[i].text))
            fail_msg("row %zu: %s %s", i, f.where, f.text);
        kit_close(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(working_days), cmocka_unit_test(shipped),
                                       cmocka_unit_test(mistakes), cmocka_unit_test(conditions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
