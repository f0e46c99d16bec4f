/* What may come after a set of rules: what has begun only ends, what is new does not begin in the past, and
 * what records name stays. Each refusal names file and line. */
#include "kit_rules.h"

#define NOW "2026-11-24"

typedef struct {
    const char *file, *after, *find, *by; /* the change */
    const char *words;                    /* NULL: it may follow */
    int line_off;                         /* the error stands that many lines before the change */
} change;

/* Judged at noon: the day has begun and is not over. */
static const change changes[] = {
    /* an end that lies ahead, and one that does not */
    {"rules.conf", "onderzoek-gewoon", "from = \"2026-01-01\"",
     "from = \"2026-01-01\"; until = \"2026-11-25\"", NULL, 0},
    {"rules.conf", "onderzoek-gewoon", "from = \"2026-01-01\"",
     "from = \"2026-01-01\"; until = \"2026-11-24\"",
     "\"onderzoek-gewoon\" holds already: it can end tomorrow or later", 0},
    {"views.conf", "wmo-zicht", "from = \"2026-01-01\"", "from = \"2026-01-01\"; until = \"2026-02-01\"",
     "\"wmo-zicht\" holds already", 0},
    /* edits of what holds */
    {"rules.conf", "onderzoek-gewoon", "from = \"2026-01-01\"", "from = \"2026-01-02\"",
     "\"onderzoek-gewoon\" has begun and was changed", 0},
    {"rules.conf", "onderzoek-strafrechtelijk", "\"release-by-person\"", "\"notify-client\"",
     "\"onderzoek-strafrechtelijk\" has begun and was changed", 4},
    {"rules.conf", "onderzoek-politie", "\"politie\"", "\"politie\", \"leerplicht\"",
     "\"onderzoek-politie\" has begun and was changed", 3},
    {"views.conf", "wmo-zicht-teamleider", "\"wmo-voorziening\", ", "",
     "\"wmo-zicht-teamleider\" has begun and was changed", 2},
    {"rules.conf", "{ id = ", "\"onderzoek-gewoon\"", "\"onderzoek-gewoner\"",
     "\"onderzoek-gewoon\" is gone or changed", -1},
    {"domains.conf", "\"huisarts\"", "\"WGBO\"", "\"WGBO art. 7:457\"", "\"2015-01-01\" is gone or changed",
     1},
    {"applications.conf", "wmo-intake", "[\"consulent\", \"regisseur\"]", "[\"consulent\"]",
     "\"2026-01-01\" is gone or changed", -1},
    /* what is new */
    {"domains.conf", "\"politie\"", "gives = ( ",
     "gives = ( { categories = [\"health\"]; from = \"2026-11-24\"; law = \"x\"; }, ", NULL, 0},
    {"domains.conf", "\"politie\"", "gives = ( ",
     "gives = ( { categories = [\"health\"]; from = \"2026-11-23\"; law = \"x\"; }, ",
     "\"2026-11-23\" is new and says that it began on 2026-11-23, but", 0},
    /* names that records hold */
    {"laws.conf", "wams-5.4.1", "Wams art. 5.4.1", "Wams art. 5.5.1", NULL, 0},
    {"reasons.conf", "\"vertrouwensrelatie\"", "\"vertrouwensrelatie\"", "\"vertrouwen\"",
     "\"vertrouwensrelatie\" is gone", -1},
    {"reasons.conf", "\"alleen-deze-zaak\"", "held_by = \"case\"", "held_by = \"shown\"",
     "\"held_by\" of \"alleen-deze-zaak\" was changed", 0},
    {"reasons.conf", "\"alleen-deze-zaak\"", "held_by = \"case\"; ", "",
     "\"held_by\" of \"alleen-deze-zaak\" was changed", 0},
    {"reasons.conf", "\"alleen-deze-zaak\"", "\"alleen-deze-zaak\"", "\"alleen-hier\"",
     "\"alleen-deze-zaak\" is gone", -1},
    {"retention.conf", "\"beheer\"", "journal_class = 7", "journal_class = 8",
     "\"journal_class\" of \"beheer\" was changed", 0},
    {"retention.conf", "\"wgs-dossier\"", "days = 1827", "days = 2557", NULL, 0},
    {"catalogue.conf", "\"school-diagnose\"", "category = \"health\"", "category = \"ordinary\"",
     "\"category\" of \"school-diagnose\" was changed", 0},
    {"catalogue.conf", "\"school-diagnose\"", "valid_days = 365", "valid_days = 30", NULL, 0},
    {"cooperation.conf", "\"zwaar\"", "late_percent = 25", "late_percent = 30",
     "\"zwaar\" has begun and was changed", 2},
};

static void each_change(void **state)
{
    (void)state;
    uint64_t noon = day(NOW) + DAY_MS / 2;
    rules *old = kit_shipped();
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const change *x = &changes[i];
        kit_set k = {0};
        sluis_fail f = {0};
        char where[64];
        kit_read(&k);
        int line = kit_replace(&k, x->file, x->after, x->find, x->by);
        rules *next = kit_rules(&k);
        sluis_err e = rules_may_follow(old, next, noon, noon, &f);
        if (e != (x->words ? SLUIS_CONFLICT : SLUIS_OK))
            fail_msg("change %zu: %s %s: %s", i, error_token(e), f.where, f.text);
        if (x->words && !strstr(f.text, x->words))
            fail_msg("change %zu: '%s' does not say '%s'", i, f.text, x->words);
        snprintf(where, sizeof where, "%s:%d", x->file, line - x->line_off);
        if (x->words && x->line_off >= 0 && strcmp(f.where, where) != 0)
            fail_msg("change %zu: at %s, not at %s", i, f.where, where);
        if (x->words && strncmp(f.where, x->file, strlen(x->file)) != 0)
            fail_msg("change %zu: %s does not name %s", i, f.where, x->file);
        rules_unref(&next);
        kit_close(&k);
    }
    rules_unref(&old);
}

static rules *with_rule(const char *row)
{
    kit_set k = {0};
    kit_read(&k);
    if (row)
        kit_append(&k, "rules.conf", row);
    rules *r = kit_rules(&k);
    kit_close(&k);
    return r;
}

#define ROW(period)                                                                                          \
    "{ id = \"proef\"; article = \"x\"; " period                                                             \
    " laws = [\"wmo\"]; functions = [\"consulent\"]; phases = [\"research\"]; purposes = [\"jeugdhulp\"]; "  \
    "legal_bases = [\"wams-5.4.1\"]; domains = [\"onderwijs\"]; categories = [\"ordinary\"]; }"

static sluis_err may_follow_since(const char *since, const char *old, const char *next, const char *at,
                                  const char *words)
{
    rules *a = with_rule(old), *b = with_rule(next);
    sluis_fail f = {0};
    sluis_err e = rules_may_follow(a, b, since ? day(since) : day(at), day(at), &f);
    if (words && !strstr(f.text, words))
        fail_msg("'%s' does not say '%s'", f.text, words);
    rules_unref(&a);
    rules_unref(&b);
    return e;
}

static sluis_err may_follow(const char *old, const char *next, const char *at, const char *words)
{
    return may_follow_since(NULL, old, next, at, words);
}

static void a_rule_from_its_announcement_to_its_end(void **state)
{
    (void)state;
    static const char later[] = ROW("from = \"2027-01-01\";"), sooner[] = ROW("from = \"2026-12-01\";");
    static const char ended[] = ROW("from = \"2026-12-01\"; until = \"2027-03-01\";");
    static const char longer[] = ROW("from = \"2026-12-01\"; until = \"2027-06-01\";");
    /* announced: it may still change, or go */
    assert_int_equal(may_follow(NULL, later, NOW, NULL), SLUIS_OK);
    assert_int_equal(may_follow(later, sooner, NOW, NULL), SLUIS_OK);
    assert_int_equal(may_follow(later, NULL, NOW, NULL), SLUIS_OK);
    assert_int_equal(
        may_follow(later, ROW("from = \"2026-11-01\";"), NOW, "let it begin on 2026-11-24 or later"),
        SLUIS_CONFLICT);
    /* begun: from its first moment on it may only end */
    assert_int_equal(may_follow(sooner, NULL, "2026-12-01", "is gone or changed"), SLUIS_CONFLICT);
    assert_int_equal(may_follow(sooner, ended, "2026-12-01", NULL), SLUIS_OK);
    assert_int_equal(may_follow(ended, longer, "2027-02-28", NULL), SLUIS_OK);
    /* ended: it stays, as it was */
    assert_int_equal(may_follow(ended, ended, "2027-03-01", NULL), SLUIS_OK);
    assert_int_equal(may_follow(ended, longer, "2027-03-01", "has ended"), SLUIS_CONFLICT);
    assert_int_equal(may_follow(ended, NULL, "2030-01-01", "is gone or changed"), SLUIS_CONFLICT);
}

/* A gateway that stood still from the first of December on. */
static void days_that_nobody_judged(void **state)
{
    (void)state;
    static const char rule[] = ROW("from = \"2026-12-05\";"), held[] = ROW("from = \"2026-11-30\";");
    static const char ended[] = ROW("from = \"2026-11-30\"; until = \"2026-12-05\";");
    static const char stop[] = "2026-12-01";
    assert_int_equal(may_follow(NULL, rule, "2026-12-10", "let it begin on 2026-12-10 or later"),
                     SLUIS_CONFLICT);
    assert_int_equal(may_follow_since(stop, NULL, rule, "2026-12-10", NULL), SLUIS_OK);
    assert_int_equal(may_follow_since(stop, NULL, held, "2026-12-10", "let it begin on 2026-12-01 or later"),
                     SLUIS_CONFLICT);
    assert_int_equal(may_follow_since(stop, held, ended, "2026-12-10", NULL), SLUIS_OK);
    assert_int_equal(may_follow_since("2026-12-05", held, ended, "2026-12-10", "tomorrow or later"),
                     SLUIS_CONFLICT);
    /* what had begun may have decided */
    assert_int_equal(may_follow_since(stop, rule, NULL, "2026-12-10", "is gone or changed"), SLUIS_CONFLICT);
}

/* Order and layout say nothing. */
static void the_same_in_other_words(void **state)
{
    (void)state;
    static const char other[] =
        "{ until = \"2027-03-01\"; categories = [\"ordinary\"]; domains = [\"onderwijs\"]; legal_bases =\n"
        "[\"wams-5.4.1\"]; purposes = [\"jeugdhulp\"]; phases = [\"research\"]; functions = "
        "[\"consulent\"];\n"
        "laws = [\"wmo\"]; from = \"2026-12-01\"; article = \"x\"; id = \"proef\"; }";
    assert_int_equal(
        may_follow(ROW("from = \"2026-12-01\"; until = \"2027-03-01\";"), other, "2027-01-01", NULL),
        SLUIS_OK);
}

int main(void)
{
    crypto_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change),
        cmocka_unit_test(a_rule_from_its_announcement_to_its_end),
        cmocka_unit_test(days_that_nobody_judged),
        cmocka_unit_test(the_same_in_other_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
