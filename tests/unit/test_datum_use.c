/* What a party's conditions let a registered datum be used for: a table. */
#include "kit_rules.h"

#include "cases/datum_use.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

#define OWN    "00000099000000001000"
#define SCHOOL "00000099000000002000"
#define GGD    "00000099000000004000"

static rules *in_force;
static directory *empty; /* of whoever says something, the catalogue names the domain */
static oin own;

static int setup(void **state)
{
    const uint8_t pk[PK_LEN] = {0};
    sluis_fail f = {0};
    (void)state;
    if (rules_load(&in_force, "config/rules", &f))
        fail_msg("%s: %s (run from the root of the repository)", f.where, f.text);
    assert_int_equal(directory_build(&empty, NULL, 0, 1, pk, &f), SLUIS_OK);
    assert_int_equal(oin_parse(&own, OWN, OIN_LEN), SLUIS_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rules_unref(&in_force);
    directory_unref(&empty);
    return 0;
}

/* A case in which the client chose all that these data are about. */
static const Sluis__CaseRow *wide_case(void)
{
    static char *laws[] = {TEXT("wmo"), TEXT("jeugdwet"), TEXT("participatiewet"), TEXT("wgs")};
    static char *domains[] = {TEXT("ggd"), TEXT("politie")};
    static Sluis__CaseRow row = SLUIS__CASE_ROW__INIT;
    row.phase = TEXT("research");
    row.scope_laws = laws;
    row.n_scope_laws = 4;
    row.scope_domains = domains;
    row.n_scope_domains = 2;
    return &row;
}

static datum_use use_of(const char *case_id, const char *app, uint64_t now)
{
    return (datum_use){.case_id = (const uint8_t *)case_id,
                       .row = wide_case(),
                       .dir = empty,
                       .own = &own,
                       .application = app,
                       .now = now};
}

#define THIS  "0123456789abcdef"
#define OTHER "fedcba9876543210"

static bool serves(char *condition, const char *case_id, const char *app, const char *purpose, uint64_t now)
{
    Sluis__DatumTerms terms = SLUIS__DATUM_TERMS__INIT;
    Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;
    datum_use use = use_of(case_id, app, now);
    use.purpose = purpose;
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
        const char *danger; /* what an open look names */
        bool serves;
    } t[] = {
        {"jgz-gedrag", "wmo", "wmo-intake", "2020-01-01", NULL, true}, /* its own law needs no rule */
        {"jgz-gedrag", "wmo", "jeugd-intake", "2026-11-26", NULL, true},
        {"jgz-gedrag", "wmo", "jeugd-intake", "2025-12-31", NULL, false},     /* the rule begins in 2026 */
        {"jgz-gedrag", "wmo", "pw-intake", "2026-11-26", NULL, false},        /* health: no rule */
        {"jgz-gedrag", "wmo", "pw-intake", "2026-11-26", "jgz-gedrag", true}, /* acute danger */
        {"jgz-gedrag", "wmo", "pw-intake", "2026-11-26", "jgz-visus", false}, /* which names another */
        {"jgz-gedrag", "participatiewet", "wmo-intake", "2026-11-26", NULL, false},
        {"pw-afstand-arbeidsmarkt", "participatiewet", "wgs-intake", "2026-11-26", NULL, true},
        {"politie-antecedenten", "wmo", "jeugd-intake", "2026-11-26", NULL, false}, /* criminal: no rule */
        {"politie-antecedenten", "wmo", "nobody", "2026-11-26", NULL, false},
        {"politie-antecedenten", "", "nobody", "2026-11-26", NULL, true}, /* for all */
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;
        char *law = TEXT(t[i].law);
        uint64_t now = 0;
        assert_int_equal(time_parse(&now, t[i].day), SLUIS_OK);
        datum_use use = use_of(THIS, t[i].app, now);
        Sluis__EmergencyRow look = SLUIS__EMERGENCY_ROW__INIT;
        uint32_t named = t[i].danger ? rules_attribute_named(in_force, t[i].danger)->id : 0;
        look.attributes = &named;
        look.n_attributes = 1;
        use.danger = t[i].danger ? &look : NULL;
        row.laws = &law;
        row.n_laws = *law != 0;
        if (datum_may_serve(in_force, rules_attribute_named(in_force, t[i].name), &row, &use) != t[i].serves)
            fail_msg("row %zu: %s for %s", i, t[i].name, t[i].app);
    }
}

/* What the client left out of the case is not there: a law, a domain, a party. A municipality carries the
 * case, the household reads all that is its own, and acute danger opens what it names. */
static void scope(void **state)
{
    enum { STAFF, HOUSEHOLD, DANGER };
    static const struct {
        const char *name, *law, *source;    /* what it is, for which law, who said it */
        const char *chosen, *domain, *only; /* a law beside that of who asks, a domain, a party: NULL, none */
        int who;
        bool serves;
    } t[] = {
        {"jgz-gedrag", "wmo", GGD, NULL, "ggd", NULL, STAFF, true},
        {"jgz-gedrag", "wmo", GGD, NULL, "onderwijs", NULL, STAFF, false},
        {"jgz-gedrag", "", GGD, NULL, "onderwijs", NULL, STAFF, false},
        {"jgz-gedrag", "wmo", GGD, NULL, NULL, NULL, STAFF, false},
        {"jgz-gedrag", "wmo", GGD, NULL, "ggd", GGD, STAFF, true},
        {"jgz-gedrag", "wmo", GGD, NULL, "ggd", SCHOOL, STAFF, false},
        {"jgz-gedrag", "wmo", GGD, NULL, "onderwijs", SCHOOL, HOUSEHOLD, true},
        {"jgz-gedrag", "wmo", GGD, NULL, "onderwijs", SCHOOL, DANGER, true},
        {"jgz-gedrag", "wmo", OWN, NULL, "onderwijs", SCHOOL, STAFF, true}, /* put right for the client */
        {"jgz-gedrag", "jeugdwet", GGD, "jeugdwet", "ggd", NULL, STAFF, true},
        {"jgz-gedrag", "jeugdwet", GGD, NULL, "ggd", NULL, STAFF, false},
        {"jgz-gedrag", "jeugdwet", OWN, NULL, "ggd", NULL, STAFF, false},
        {"jgz-gedrag", "jeugdwet", GGD, NULL, NULL, NULL, HOUSEHOLD, true},
        {"jeugd-voorziening", "jeugdwet", OWN, NULL, NULL, NULL, STAFF, false},
        {"jeugd-voorziening", "jeugdwet", OWN, NULL, "jeugdwet", NULL, STAFF,
         true},                                                            /* its office is chosen */
        {"wmo-voorziening", "wmo", SCHOOL, NULL, NULL, NULL, STAFF, true}, /* its law is chosen */
    };
    uint64_t now = 0;
    (void)state;
    assert_int_equal(time_parse(&now, "2026-11-26"), SLUIS_OK);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        char *laws[] = {TEXT("wmo"), TEXT(t[i].chosen)}, *domain = TEXT(t[i].domain), *only = TEXT(t[i].only);
        char *law = TEXT(t[i].law);
        const attribute *a = rules_attribute_named(in_force, t[i].name);
        Sluis__CaseRow c = *wide_case();
        Sluis__DatumRow row = SLUIS__DATUM_ROW__INIT;
        Sluis__EmergencyRow look = SLUIS__EMERGENCY_ROW__INIT;
        datum_use use = use_of(THIS, "wmo-intake", now);
        if (!a)
            fail_msg("row %zu: no %s", i, t[i].name);
        uint32_t named = a->id;
        c.scope_laws = laws;
        c.n_scope_laws = t[i].chosen ? 2 : 1;
        c.scope_domains = &domain;
        c.n_scope_domains = domain != NULL;
        c.scope_parties = &only;
        c.n_scope_parties = only != NULL;
        row.laws = &law;
        row.n_laws = *law != 0;
        row.source = TEXT(t[i].source);
        look.attributes = &named;
        look.n_attributes = 1;
        use.row = &c;
        use.household = t[i].who == HOUSEHOLD;
        use.danger = t[i].who == DANGER ? &look : NULL;
        if (datum_may_serve(in_force, a, &row, &use) != t[i].serves)
            fail_msg("row %zu: %s", i, t[i].name);
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
        const datum_use use = use_of(t[i].case_id, t[i].app, now + t[i].later);
        row.kept = t[i].fetched ? &kept : NULL;
        row.value = TEXT(t[i].fetched ? "rustig" : "");
        if (datum_here(r, a, &row, &use) != t[i].here || datum_answers(r, a, &row, &use) != t[i].here)
            fail_msg("row %zu", i);
    }
    /* the catalogue does not say any more that it stays there: an empty value answers nothing */
    const datum_use use = use_of(THIS, "wmo-intake", now);
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
    const datum_use use = use_of(OTHER, "pw-intake", 1);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(conditions),    cmocka_unit_test(reuse),
                                       cmocka_unit_test(none),          cmocka_unit_test(household),
                                       cmocka_unit_test(at_its_source), cmocka_unit_test(scope)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
