#include "base/clock.h"
#include "kit_adapter.h"
#include "runtime/staff.h"

static const char whole[] =
    "staff = { persons = ( { who = \"arts-7\"; teams = [\"jgz\"]; }, { who = \"arts-9\"; teams = [\"jgz\"]; "
    "},\n"
    "  { who = \"balie-1\"; teams = [\"balie\"]; }, { who = \"hoofd\"; } );\n"
    "  work = ( { owner = \"hoofd\"; purposes = [\"casusoverleg\"]; categories = [\"criminal\"]; },\n"
    "    { owner = \"jgz\"; categories = [\"health\"]; }, { owner = \"arts-9\"; attributes = "
    "[\"school-naam\"]; } );\n"
    "  deputies = ( { who = \"balie-1\"; for = \"arts-7\"; from = \"2026-07-01\"; until = \"2026-07-21\"; } "
    "); };";

typedef struct {
    config *cfg;
    catalogue *c;
    staff *s;
} fixture;

static fixture opened(const char *text)
{
    fixture x = {.c = kit_catalogue()};
    sluis_fail f = {0};
    assert_ok(config_read_text(&x.cfg, "t", text, strlen(text), &f), &f);
    assert_ok(staff_read(&x.s, config_get(config_root(x.cfg), "staff"), x.c, &f), &f);
    return x;
}

static void closed(fixture *x)
{
    staff_free(&x->s);
    catalogue_free(&x->c);
    config_free(&x->cfg);
}

static const char *owner(const fixture *x, const char *attribute, const char *purpose)
{
    Sluis__Core core = SLUIS__CORE__INIT;
    uint32_t id = catalogue_by_name(x->c, attribute)->id;
    core.attributes = &id;
    core.n_attributes = 1;
    core.purpose = (char *)(uintptr_t)purpose;
    return staff_owner(x->s, &core);
}

static void the_first_line_that_fits_says_whose_it_is(void **state)
{
    (void)state;
    fixture x = opened(whole);
    assert_string_equal(owner(&x, "jgz-visus", "onderzoek"), "jgz");
    assert_string_equal(owner(&x, "school-naam", "onderzoek"), "arts-9");
    assert_string_equal(owner(&x, "school-soort", "onderzoek"), "");
    assert_string_equal(owner(&x, "politie-verdenking", "onderzoek"), "");
    assert_string_equal(owner(&x, "politie-verdenking", "casusoverleg"), "hoofd");
    assert_true(staff_knows(x.s, "jgz") && staff_knows(x.s, "hoofd") && !staff_knows(x.s, "niemand"));
    closed(&x);
}

static void who_may(void **state)
{
    (void)state;
    fixture x = opened(whole);
    static const struct {
        const char *owner, *by, *day, *behalf; /* behalf NULL: refused */
        const char *words;
    } rows[] = {
        {"jgz", "arts-7", "2026-07-10", "", ""},
        {"jgz", "arts-9", "2026-07-10", "", ""},
        {"jgz", "balie-1", "2026-07-01", "arts-7", ""},
        {"jgz", "balie-1", "2026-06-30", NULL, "team jgz's"},
        {"jgz", "balie-1", "2026-07-21", NULL, "team jgz's"},
        {"arts-7", "balie-1", "2026-07-20", "arts-7", ""},
        {"arts-9", "balie-1", "2026-07-20", NULL, "this request is arts-9's"},
        {"arts-9", "arts-7", "2026-07-20", NULL, "this request is arts-9's"},
        {"hoofd", "hoofd", "2026-07-20", "", ""},
        {"", "balie-1", "2026-01-01", "", ""},
        {"", "vreemde", "2026-01-01", NULL, "not among the party's staff"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t at;
        const char *behalf;
        sluis_fail f = {0};
        assert_int_equal(time_parse(&at, rows[i].day), 0);
        sluis_err err = staff_may(x.s, rows[i].owner, rows[i].by, at, &behalf, &f);
        if (err != (rows[i].behalf ? SLUIS_OK : SLUIS_FORBIDDEN))
            fail_msg("row %zu: %s", i, error_token(err));
        assert_string_equal(behalf, rows[i].behalf ? rows[i].behalf : "");
        if (!rows[i].behalf)
            assert_holds(f.text, rows[i].words);
    }
    closed(&x);
}

static void without_staff_anyone_decides(void **state)
{
    (void)state;
    const char *behalf = NULL;
    fixture x = opened("x = 1;");
    assert_int_equal(staff_may(x.s, "", "wie-dan-ook", 1, &behalf, NULL), SLUIS_OK);
    assert_string_equal(behalf, "");
    assert_string_equal(owner(&x, "jgz-visus", "onderzoek"), "");
    assert_false(staff_knows(x.s, "wie-dan-ook"));
    closed(&x);
}

#define P "persons = ( { who = \"a\"; teams = [\"t\"]; }, { who = \"b\"; } );"

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"staff = { work = (); };", "persons"},
        {"staff = { persons = ( { who = \"A B\"; } ); };", "pseudonym"},
        {"staff = { persons = ( { who = \"a\"; }, { who = \"a\"; } ); };", "twice"},
        {"staff = { persons = ( { who = \"a\"; teams = [\"x y\"]; } ); };", "a team is a name"},
        {"staff = { persons = ( { who = \"a\"; chef = \"b\"; } ); };", "chef"},
        {"staff = { " P " work = ( { owner = \"c\"; } ); };", "owner is no person"},
        {"staff = { " P " work = ( { owner = \"t\"; attributes = [\"niets\"]; } ); };", "niets"},
        {"staff = { " P
         " deputies = ( { who = \"a\"; for = \"c\"; from = \"2026-01-01\"; until = \"2026-02-01\"; } ); "
         "};",
         "persons of staff.persons"},
        {"staff = { " P
         " deputies = ( { who = \"a\"; for = \"a\"; from = \"2026-01-01\"; until = \"2026-02-01\"; } ); "
         "};",
         "himself"},
        {"staff = { " P
         " deputies = ( { who = \"a\"; for = \"b\"; from = \"2026-02-01\"; until = \"2026-02-01\"; } ); "
         "};",
         "later one"},
        {"staff = { " P
         " deputies = ( { who = \"a\"; for = \"b\"; from = \"2026-02-30\"; until = \"2026-03-01\"; } ); "
         "};",
         "days"},
    };
    catalogue *c = kit_catalogue();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        config *cfg;
        staff *s;
        sluis_fail f = {0};
        assert_ok(config_read_text(&cfg, "t", rows[i].text, strlen(rows[i].text), &f), &f);
        assert_int_not_equal(staff_read(&s, config_get(config_root(cfg), "staff"), c, &f), SLUIS_OK);
        assert_null(s);
        assert_holds(f.text, rows[i].why);
        config_free(&cfg);
    }
    catalogue_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_that_fits_says_whose_it_is),
        cmocka_unit_test(who_may),
        cmocka_unit_test(without_staff_anyone_decides),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
