/* What a party's conditions let a registered datum be used for: a table. */
#include "kit_rules.h"

#include "cases/datum_use.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

static rules *in_force;

static int setup(void **state)
{
    sluis_fail f = {0};
    (void)state;
    if (rules_load(&in_force, "config/rules", &f))
        fail_msg("%s: %s (run from the root of the repository)", f.where, f.text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rules_unref(&in_force);
    return 0;
}

#define THIS  "0123456789abcdef"
#define OTHER "fedcba9876543210"

static bool serves(char *condition, const char *case_id, const char *app, const char *purpose, uint64_t now)
{
    Sluis__DatumTerms terms = SLUIS__DATUM_TERMS__INIT;
    Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;
    const datum_use use = {
        .case_id = (const uint8_t *)case_id, .application = app, .purpose = purpose, .now = now};
    terms.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)TEXT(THIS)};
    terms.application = TEXT("wmo-intake");
    terms.purpose = TEXT("jeugdhulp");
    terms.until = 1000;
    row.conditions = &condition;
    row.n_conditions = 1;
    row.terms = &terms;
    return datum_may_serve(in_force, rules_attribute_named(in_force, "jgz-gedrag"), &row, &use);
}

static void conditions(void **state)
{
    static const struct {
        const char *condition, *case_id, *app, *purpose;
        uint64_t now;
        bool serves;
    } t[] = {
        {"geldig-tot 1970-01-01", OTHER, "pw-intake", "arbeidstoeleiding", 999, true},
        {"geldig-tot 1970-01-01", THIS, "wmo-intake", NULL, 1000, false},
        {"alleen-deze-zaak", THIS, "pw-intake", "arbeidstoeleiding", 1, true},
        {"alleen-deze-zaak", OTHER, "wmo-intake", "jeugdhulp", 1, false},
        {"alleen-deze-zaak", OTHER, "wmo-intake", NULL, 1, false},
        {"alleen-dit-doel", OTHER, "pw-intake", "jeugdhulp", 1, true},
        {"alleen-dit-doel", THIS, "wmo-intake", "arbeidstoeleiding", 1, false},
        {"alleen-dit-doel", THIS, "wmo-intake", NULL, 1, true},
        {"niet-verder-gebruiken", THIS, "wmo-intake", NULL, 1, true},
        {"niet-verder-gebruiken", THIS, "wmo-intake", "jeugdhulp", 1, false},
        {"niet-verder-gebruiken", THIS, "pw-intake", NULL, 1, false},
        {"niet-verder-gebruiken", OTHER, "wmo-intake", NULL, 1, false},
        {"niet-aan-huisgenoten", OTHER, "pw-intake", NULL, 1, true},
        {"bron-noemen zoals afgesproken", OTHER, "pw-intake", "jeugdhulp", 1, true},
        {"niet-meer-in-de-lijst", THIS, "wmo-intake", NULL, 1, false}, /* as strictly as may be */
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        if (serves(TEXT(t[i].condition), t[i].case_id, t[i].app, t[i].purpose, t[i].now) != t[i].serves)
            fail_msg("row %zu: %s", i, t[i].condition);
}

/* Registered for one law: for another only by a rule, in its days. */
static void reuse(void **state)
{
    static const struct {
        const char *name, *law, *app;
        const char *day;
        bool danger, serves;
    } t[] = {
        {"jgz-gedrag", "wmo", "wmo-intake", "2020-01-01", false, true}, /* its own law needs no rule */
        {"jgz-gedrag", "wmo", "jeugd-intake", "2026-11-26", false, true},
        {"jgz-gedrag", "wmo", "jeugd-intake", "2025-12-31", false, false}, /* the rule begins in 2026 */
        {"jgz-gedrag", "wmo", "pw-intake", "2026-11-26", false, false},    /* health: no rule */
        {"jgz-gedrag", "wmo", "pw-intake", "2026-11-26", true, true},      /* acute danger */
        {"jgz-gedrag", "participatiewet", "wmo-intake", "2026-11-26", false, false},
        {"pw-afstand-arbeidsmarkt", "participatiewet", "wgs-intake", "2026-11-26", false, true},
        {"politie-antecedenten", "wmo", "jeugd-intake", "2026-11-26", false, false}, /* criminal: no rule */
        {"politie-antecedenten", "wmo", "nobody", "2026-11-26", false, false},
        {"politie-antecedenten", "", "nobody", "2026-11-26", false, true}, /* for all */
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;
        char *law = TEXT(t[i].law);
        uint64_t now = 0;
        assert_int_equal(time_parse(&now, t[i].day), SLUIS_OK);
        const datum_use use = {
            .case_id = (const uint8_t *)THIS, .application = t[i].app, .danger = t[i].danger, .now = now};
        row.laws = &law;
        row.n_laws = *law != 0;
        if (datum_may_serve(in_force, rules_attribute_named(in_force, t[i].name), &row, &use) != t[i].serves)
            fail_msg("row %zu: %s for %s", i, t[i].name, t[i].app);
    }
}

/* A value that was fetched is here for its case and law, and for whom it may be reused, until its time is
 * over. */
static void at_its_source(void **state)
{
    static const struct {
        const char *case_id, *app;
        uint64_t later;
        bool fetched, here;
    } t[] = {
        {THIS, "wmo-intake", 0, true, true},   {THIS, "wmo-intake", 59, true, true},
        {THIS, "wmo-intake", 60, true, false}, {OTHER, "wmo-intake", 0, true, false},
        {THIS, "wmo-intake", 0, false, false}, {THIS, "jeugd-intake", 0, true, true}, /* health, by rule */
        {THIS, "pw-intake", 0, true, false},   {THIS, "nobody", 0, true, false},
    };
    kit_set k;
    kit_read(&k);
    rules *shipped = kit_rules(&k);
    kit_replace(&k, "catalogue.conf", "\"jgz-gedrag\"", "valid_days", "at_source_s = 60; valid_days");
    rules *r = kit_rules(&k);
    const attribute *a = rules_attribute_named(r, "jgz-gedrag");
    Sluis__KeptRow kept = SLUIS__KEPT_ROW__INIT;
    Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;
    uint64_t now = 0;
    (void)state;
    assert_int_equal(time_parse(&now, "2026-11-26"), SLUIS_OK);
    kept.until = now + 60;
    kept.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)TEXT(THIS)};
    kept.law = TEXT("wmo");
    row.reference = true;
    row.obtained = now;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const datum_use use = {
            .case_id = (const uint8_t *)t[i].case_id, .application = t[i].app, .now = now + t[i].later};
        row.kept = t[i].fetched ? &kept : NULL;
        row.value = TEXT(t[i].fetched ? "rustig" : "");
        if (datum_here(r, a, &row, &use) != t[i].here || datum_answers(r, a, &row, &use) != t[i].here)
            fail_msg("row %zu", i);
    }
    /* the catalogue does not say any more that it stays there: an empty value answers nothing */
    const datum_use use = {.case_id = (const uint8_t *)THIS, .application = "wmo-intake", .now = now};
    a = rules_attribute_named(shipped, "jgz-gedrag");
    row.kept = NULL;
    row.value = TEXT("");
    assert_false(datum_answers(shipped, a, &row, &use));
    row.value = TEXT("rustig");
    assert_true(datum_answers(shipped, a, &row, &use));
    rules_unref(&r);
    rules_unref(&shipped);
    kit_close(&k);
}

static void none(void **state)
{
    Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;
    const datum_use use = {.case_id = (const uint8_t *)OTHER, .application = "pw-intake", .now = 1};
    (void)state;
    assert_true(datum_may_serve(in_force, rules_attribute_named(in_force, "jgz-gedrag"), &row, &use));
}

static void household(void **state)
{
    char *with[] = {TEXT("bron-noemen"), TEXT("niet-aan-huisgenoten zie brief")},
         *without[] = {TEXT("bron-noemen")}, *gone[] = {TEXT("niet-meer-in-de-lijst")};
    Sluis__ResultRow r = SLUIS__RESULT_ROW__INIT;
    (void)state;
    assert_false(result_hidden(in_force, &r, false));
    r.n_conditions = 1;
    r.conditions = without;
    assert_false(result_hidden(in_force, &r, false));
    r.conditions = gone;
    assert_true(result_hidden(in_force, &r, false));
    r.n_conditions = 2;
    r.conditions = with;
    assert_true(result_hidden(in_force, &r, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(conditions), cmocka_unit_test(reuse),
                                       cmocka_unit_test(none), cmocka_unit_test(household),
                                       cmocka_unit_test(at_its_source)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
