/* From a request to the body of an answer: what goes by itself, what waits for a person, what a person chose.
 */
#include "kit_adapter.h"
#include "runtime/consider.h"
#include "school/school.h"
#include "sources/folder.h"
#include "sources/typed.h"

typedef struct {
    catalogue *c;
    mapping *m;
    source *folder, *typed, *none;
    config *cfg;
    local_rules *automatic, *release;
    arena *a;
} fixture;

static local_rules *rules_of(fixture *t, answer_mode mode)
{
    local_rules *r;
    sluis_fail f = {0};
    assert_ok(local_rules_read(&r, config_get(config_root(t->cfg), "rules"), mode, t->c, &f), &f);
    return r;
}

static int setup(void **state)
{
    static const char rules[] =
        "rules = ( { attribute = \"school-diagnose\"; action = \"refuse\"; reason = \"beroepsgeheim\"; } );";
    fixture *t = calloc(1, sizeof *t);
    sluis_fail f = {0};
    t->c = kit_catalogue();
    t->m = kit_mapping(t->c, "adapters/school/oso-2019.1.conf");
    const folder_options o = {.path = "adapters/school/samples",
                              .mapping = t->m,
                              .kind = &school_party,
                              .max_files = 10,
                              .max_bytes = DOCUMENT_MAX_BYTES,
                              .test_mode = true};
    assert_ok(folder_source_new(&t->folder, &o, &f), &f);
    assert_int_equal(typed_source_new(&t->typed), SLUIS_OK);
    assert_int_equal(no_source_new(&t->none), SLUIS_OK);
    assert_ok(config_read_text(&t->cfg, "t", rules, strlen(rules), &f), &f);
    t->automatic = rules_of(t, MODE_AUTOMATIC);
    t->release = rules_of(t, MODE_RELEASE);
    t->a = arena_new(16u << 20);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    fixture *t = *state;
    arena_free(&t->a);
    local_rules_free(&t->automatic);
    local_rules_free(&t->release);
    config_free(&t->cfg);
    source_free(&t->folder);
    source_free(&t->typed);
    source_free(&t->none);
    mapping_free(&t->m);
    catalogue_free(&t->c);
    free(t);
    return 0;
}

#define ASKED 5
static const char *const asked[ASKED] = {"school-naam", "school-verzuim-ongeoorloofd",
                                         "school-ondersteuning-gericht-op", "school-diagnose",
                                         "school-diploma-niveau"};

static consideration ask_by_person(fixture *t, const local_rules *r, source *s, const char *bsn,
                                   bool test_mode, const char *const *names, size_t n, size_t by_person)
{
    Sluis__RequestBody *body = arena_alloc(t->a, sizeof *body);
    Sluis__Subject *subject = arena_alloc(t->a, sizeof *subject);
    uint32_t ids[ASKED];
    consideration c;
    sluis_fail f = {0};
    sluis__request_body__init(body);
    sluis__subject__init(subject);
    subject->bsn = arena_strdup(t->a, bsn);
    body->subject = subject;
    for (size_t i = 0; i < n; i++)
        ids[i] = catalogue_by_name(t->c, names[i])->id;
    const consider_with w = {.rules = r,
                             .catalogue = t->c,
                             .source = s,
                             .test_mode = test_mode,
                             .by_person = by_person ? ids + 2 : NULL, /* and what is refused */
                             .n_by_person = by_person};
    assert_ok(consider(&w, body, ids, n, t->a, &c, &f), &f);
    assert_int_equal(c.n, n);
    return c;
}

static consideration ask(fixture *t, const local_rules *r, source *s, const char *bsn, bool test_mode)
{
    return ask_by_person(t, r, s, bsn, test_mode, asked, ASKED, 0);
}

static void expect(const Sluis__ResponseBody *b, size_t i, Sluis__Outcome outcome, const char *what)
{
    const Sluis__AttributeResult *r = b->results[i];
    assert_int_equal(r->outcome, outcome);
    if (outcome == SLUIS__OUTCOME__GIVEN) {
        assert_string_equal(r->instances[0]->value, what);
        assert_string_equal(r->reason, "");
    } else {
        assert_string_equal(r->reason, what);
        assert_int_equal(r->n_instances, 0);
    }
}

static void by_itself(void **state)
{
    fixture *t = *state;
    Sluis__ResponseBody *b;
    consideration c = ask(t, t->automatic, t->folder, CHILD, true);
    assert_int_equal(c.person, PERSON_KNOWN);
    assert_false(c.hold);
    assert_int_equal(answer_automatic(&c, t->a, &b), SLUIS_OK);
    assert_int_equal(b->n_results, ASKED);
    expect(b, 0, SLUIS__OUTCOME__GIVEN, "Basisschool De Waterlelie");
    assert_int_equal(b->results[0]->instances[0]->instance.len, 0);
    expect(b, 1, SLUIS__OUTCOME__GIVEN, "11");
    expect(b, 2, SLUIS__OUTCOME__GIVEN, "begrijpend lezen");
    assert_int_equal(b->results[2]->n_instances, 2);
    assert_int_equal(b->results[2]->instances[1]->instance.len, ID_LEN);
    expect(b, 3, SLUIS__OUTCOME__REFUSED, "beroepsgeheim");
    expect(b, 4, SLUIS__OUTCOME__NOT_KNOWN, "niet-beschikbaar");
}

/* What the municipality's rules let only a person release waits; the party's own refusal needs nobody. */
static void by_itself_but_for_a_person(void **state)
{
    fixture *t = *state;
    consideration c = ask_by_person(t, t->automatic, t->folder, CHILD, true, asked, ASKED, 2);
    assert_true(c.hold);
    assert_int_equal(c.v[1].decision.action, ACTION_GIVE);
    assert_int_equal(c.v[2].decision.action, ACTION_RELEASE);
    assert_int_equal(c.v[3].decision.action, ACTION_REFUSE);
    c = ask_by_person(t, t->automatic, t->folder, PARENT, true, asked, ASKED, 2);
    assert_false(c.hold); /* nothing to release of who is not known */
}

static void all_the_same(fixture *t, const consideration *c, Sluis__Outcome outcome, const char *reason)
{
    Sluis__ResponseBody *b;
    assert_false(c->hold);
    assert_int_equal(answer_automatic(c, t->a, &b), SLUIS_OK);
    for (size_t i = 0; i < ASKED; i++)
        expect(b, i, outcome, reason);
}

static void unknown_and_closed(void **state)
{
    fixture *t = *state;
    consideration c = ask(t, t->release, t->folder, PARENT, true);
    assert_int_equal(c.person, PERSON_UNKNOWN);
    all_the_same(t, &c, SLUIS__OUTCOME__NOT_KNOWN, REASON_UNKNOWN);
    c = ask(t, t->release, t->none, CHILD, true);
    all_the_same(t, &c, SLUIS__OUTCOME__NOT_KNOWN, REASON_UNKNOWN);
    c = ask(t, t->automatic, t->folder, "", true); /* a case without identity */
    all_the_same(t, &c, SLUIS__OUTCOME__NOT_KNOWN, REASON_UNKNOWN);
    c = ask(t, t->automatic, t->folder, CHILD, false); /* a test person outside test mode */
    all_the_same(t, &c, SLUIS__OUTCOME__NOT_KNOWN, REASON_UNKNOWN);
    c = ask(t, t->release, t->folder, REFUSING, true);
    assert_int_equal(c.person, PERSON_CLOSED);
    assert_int_equal(c.v[0].n, 0);
    all_the_same(t, &c, SLUIS__OUTCOME__REFUSED, "geen-akkoord-ouders");
}

static void released_by_a_person(void **state)
{
    fixture *t = *state;
    static const char *const fields[] = {"school-verzuim-ongeoorloofd"};
    Sluis__ResponseBody *b;
    sluis_fail f = {0};
    consideration c = ask(t, t->release, t->folder, CHILD, true);
    assert_true(c.hold);
    assert_int_equal(answer_automatic(&c, t->a, &b), SLUIS_INTERNAL);
    person_decision d = {.fields = fields,
                         .field_count = 1,
                         .outcome = SLUIS__OUTCOME__REFUSED,
                         .reason = REASON_UNNECESSARY,
                         .explanation = "volstaat",
                         .law = "WPO",
                         .judgement = "verenigbaar",
                         .remark = "bel gerust"};
    assert_ok(answer_decided(&c, &d, t->a, &b, &f), &f);
    expect(b, 0, SLUIS__OUTCOME__REFUSED, "niet-noodzakelijk");
    assert_string_equal(b->results[0]->explanation, "volstaat");
    expect(b, 1, SLUIS__OUTCOME__GIVEN, "11");
    expect(b, 3, SLUIS__OUTCOME__REFUSED, "beroepsgeheim");
    assert_string_equal(b->judgement->judgement, "verenigbaar");
    assert_string_equal(b->remark, "bel gerust");
}

static void not_everything_can_be_released(void **state)
{
    fixture *t = *state;
    static const struct {
        const char *field, *where;
        sluis_err err;
    } bad[] = {
        {"school-diagnose", "school-diagnose", SLUIS_DENIED},
        {"school-diploma-niveau", "school-diploma-niveau", SLUIS_INVALID},
        {"school-type", "fields", SLUIS_INVALID},
    };
    consideration c = ask(t, t->release, t->folder, CHILD, true);
    for (size_t i = 0; i < 3; i++) {
        Sluis__ResponseBody *b;
        sluis_fail f = {0};
        person_decision d = {.fields = &bad[i].field,
                             .field_count = 1,
                             .outcome = SLUIS__OUTCOME__REFUSED,
                             .reason = "eigen-wet"};
        assert_int_equal(answer_decided(&c, &d, t->a, &b, &f), bad[i].err);
        assert_string_equal(f.where, bad[i].where);
    }
}

static const char *type_it(void *ctx, const char *name)
{
    return strcmp(name, "school-verzuim-ongeoorloofd") == 0 ? ctx : NULL;
}

static void typed_by_a_person(void **state)
{
    fixture *t = *state;
    static const char *const fields[] = {"school-verzuim-ongeoorloofd"};
    Sluis__ResponseBody *b;
    sluis_fail f = {0};
    consideration c = ask(t, t->automatic, t->typed, PARENT, true);
    assert_int_equal(c.person, PERSON_TYPED);
    assert_true(c.hold); /* whatever the mode */
    char three[] = "3", words[] = "drie";
    person_decision d = {.fields = fields,
                         .field_count = 1,
                         .typed = type_it,
                         .ctx = three,
                         .outcome = SLUIS__OUTCOME__NOT_POSSIBLE,
                         .reason = "niet-beschikbaar"};
    assert_ok(answer_decided(&c, &d, t->a, &b, &f), &f);
    expect(b, 1, SLUIS__OUTCOME__GIVEN, "3");
    expect(b, 0, SLUIS__OUTCOME__NOT_POSSIBLE, "niet-beschikbaar");
    d.ctx = words;
    assert_int_equal(answer_decided(&c, &d, t->a, &b, &f), SLUIS_INVALID);
    assert_holds(f.text, "must be a number");
    assert_null(strstr(f.text, "drie"));
}

/* What the party's files have no place for is typed by a person, whatever the mode; the rest of the request
 * waits with it. */
#define FORM 4
static const char *const form[FORM] = {"school-startkwalificatie", "school-zorgcoordinator",
                                       "geslachtsaanduiding", "school-naam"};

static void forms_are_for_a_person(void **state)
{
    fixture *t = *state;
    consideration c = ask_by_person(t, t->automatic, t->folder, CHILD, true, form, FORM, 0);
    assert_int_equal(c.person, PERSON_KNOWN);
    assert_true(c.hold);
    for (size_t i = 0; i < FORM; i++)
        assert_int_equal(c.v[i].typed, i < 3);
    static const char refused[] = "rules = ( { attribute = \"school-startkwalificatie\"; action = "
                                  "\"refuse\"; reason = \"eigen-wet\"; } );";
    config *cfg;
    local_rules *r;
    sluis_fail f = {0};
    assert_ok(config_read_text(&cfg, "t", refused, strlen(refused), &f), &f);
    assert_ok(local_rules_read(&r, config_get(config_root(cfg), "rules"), MODE_AUTOMATIC, t->c, &f), &f);
    assert_false(ask_by_person(t, r, t->folder, CHILD, true, form, 1, 0).hold); /* nothing is left to type */
    assert_true(ask_by_person(t, r, t->folder, CHILD, true, form, 2, 0).hold);
    local_rules_free(&r);
    config_free(&cfg);
    assert_false(
        ask_by_person(t, t->automatic, t->folder, PARENT, true, form, FORM, 0).hold); /* not known here */
    assert_false(ask_by_person(t, t->automatic, t->folder, REFUSING, true, form, FORM, 0).hold); /* closed */
}

static const char *type_of_form(void *ctx, const char *name)
{
    const char *const *values = ctx;
    for (size_t i = 0; i < FORM; i++)
        if (strcmp(form[i], name) == 0)
            return values[i];
    return NULL;
}

static void a_form_is_filled(void **state)
{
    fixture *t = *state;
    char long_name[202];
    memset(long_name, 'a', 201);
    long_name[201] = '\0';
    const struct {
        const char *values[FORM], *where, *text; /* where NULL: it goes */
    } cases[] = {
        {{"true", "Zoë de Vries", "V"}, NULL, NULL},
        {{"true", long_name + 1, "V"}, NULL, NULL},
        {{"ja", "x", "V"},
         form[0],
         "school-startkwalificatie must be true or false: type it so, or leave it out"},
        {{"true", long_name, "V"},
         form[1],
         "school-zorgcoordinator must be at most 200 characters: type it so, or leave it out"},
        {{"true", "\x1b", "V"},
         form[1],
         "school-zorgcoordinator must be UTF-8 text without control characters: type it so, or leave it out"},
        {{"true", "x", "vrouw"},
         form[2],
         "geslachtsaanduiding must be a code of its list in the catalogue: type it so, or leave it out"},
        {{NULL, "x", "V"},
         form[0],
         "there is no value of school-startkwalificatie to release: type one, or leave it out"},
    };
    consideration c = ask_by_person(t, t->automatic, t->folder, CHILD, true, form, FORM, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Sluis__ResponseBody *b;
        sluis_fail f = {0};
        person_decision d = {.fields = form,
                             .field_count = FORM,
                             .typed = type_of_form,
                             .ctx = (void *)(uintptr_t)cases[i].values,
                             .outcome = SLUIS__OUTCOME__REFUSED,
                             .reason = REASON_UNNECESSARY};
        sluis_err err = answer_decided(&c, &d, t->a, &b, &f);
        if (cases[i].where) {
            assert_int_equal(err, SLUIS_INVALID);
            assert_string_equal(f.where, cases[i].where);
            assert_string_equal(f.text, cases[i].text);
            continue;
        }
        assert_ok(err, &f);
        for (size_t k = 0; k < 3; k++)
            expect(b, k, SLUIS__OUTCOME__GIVEN, cases[i].values[k]);
        expect(b, 3, SLUIS__OUTCOME__GIVEN, "Basisschool De Waterlelie");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_itself),
        cmocka_unit_test(unknown_and_closed),
        cmocka_unit_test(by_itself_but_for_a_person),
        cmocka_unit_test(released_by_a_person),
        cmocka_unit_test(not_everything_can_be_released),
        cmocka_unit_test(typed_by_a_person),
        cmocka_unit_test(forms_are_for_a_person),
        cmocka_unit_test(a_form_is_filled),
    };
    return cmocka_run_group_tests_name("consider", tests, setup, teardown);
}
