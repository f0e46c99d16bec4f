#include "kit_adapter.h"
#include "runtime/local_rules.h"

static local_rules *read_rules(const catalogue *c, const char *text, answer_mode mode, config **cfg,
                               sluis_err want, const char *why)
{
    local_rules *r;
    sluis_fail f = {0};
    assert_ok(config_read_text(cfg, "t", text, strlen(text), &f), &f);
    sluis_err err = local_rules_read(&r, config_get(config_root(*cfg), "rules"), mode, c, &f);
    assert_int_equal(err, want);
    if (why)
        assert_holds(f.text, why);
    return r;
}

static void decides(void **state)
{
    (void)state;
    static const char text[] = "rules = ( { category = \"health\"; action = \"release\"; },\n"
                               "  { category = \"criminal\"; action = \"refuse\"; reason = "
                               "\"opsporingsbelang\"; explanation = \"loopt\"; },\n"
                               "  { attribute = \"jgz-gehoor\"; action = \"give\"; },\n"
                               "  { attribute = \"politie-huisverbod\"; action = \"not-possible\"; reason = "
                               "\"niet-beschikbaar\"; } );";
    catalogue *c = kit_catalogue();
    config *cfg;
    local_rules *r = read_rules(c, text, MODE_AUTOMATIC, &cfg, SLUIS_OK, NULL);
    static const struct {
        const char *name;
        local_action action;
        const char *reason;
    } want[] = {
        {"jgz-visus", ACTION_RELEASE, NULL},
        {"jgz-gehoor", ACTION_GIVE, NULL},
        {"politie-antecedenten", ACTION_REFUSE, "opsporingsbelang"},
        {"politie-huisverbod", ACTION_NOT_POSSIBLE, "niet-beschikbaar"},
        {"school-naam", ACTION_GIVE, NULL},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        local_decision d = local_rules_decide(r, c, catalogue_by_name(c, want[i].name)->id);
        assert_int_equal(d.action, want[i].action);
        if (want[i].reason)
            assert_string_equal(d.reason, want[i].reason);
        else
            assert_null(d.reason);
    }
    assert_string_equal(local_rules_decide(r, c, catalogue_by_name(c, "politie-verdenking")->id).explanation,
                        "loopt");
    assert_int_equal(local_rules_decide(r, c, 999999).action, ACTION_NOT_POSSIBLE);
    local_rules_free(&r);
    config_free(&cfg);
    r = read_rules(c, "rules = ( );", MODE_RELEASE, &cfg, SLUIS_OK, NULL);
    assert_int_equal(local_rules_decide(r, c, catalogue_by_name(c, "school-naam")->id).action,
                     ACTION_RELEASE);
    local_rules_free(&r);
    config_free(&cfg);
    sluis_fail f = {0};
    assert_ok(local_rules_read(&r, NULL, MODE_RELEASE, c, &f), &f);
    assert_int_equal(local_rules_decide(r, c, catalogue_by_name(c, "school-naam")->id).action,
                     ACTION_RELEASE);
    local_rules_free(&r);
    catalogue_free(&c);
}

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"rules = ( { action = \"give\"; } );", "names an attribute or a category"},
        {"rules = ( { attribute = \"school-naam\"; category = \"health\"; action = \"give\"; } );",
         "names an attribute or a category"},
        {"rules = ( { attribute = \"school-nam\"; action = \"give\"; } );", "no attribute of this name"},
        {"rules = ( { category = \"health\"; action = \"weigh\"; } );", "action is not"},
        {"rules = ( { category = \"health\"; action = \"refuse\"; } );", "needs a reason"},
        {"rules = ( { category = \"health\"; action = \"give\"; reason = \"eigen-wet\"; } );",
         "has no reason"},
        {"rules = ( { category = \"health\"; action = \"give\"; extra = 1; } );", "extra"},
    };
    catalogue *c = kit_catalogue();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config *cfg;
        assert_null(read_rules(c, bad[i].text, MODE_AUTOMATIC, &cfg, SLUIS_INVALID, bad[i].why));
        config_free(&cfg);
    }
    catalogue_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decides), cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests_name("localrules", tests, NULL, NULL);
}
