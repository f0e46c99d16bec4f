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

static consideration ask(fixture *t, const local_rules *r, source *s, const char *bsn, bool test_mode)
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
    for (size_t i = 0; i < ASKED; i++)
        ids[i] = catalogue_by_name(t->c, asked[i])->id;
    const consider_with w = {.rules = r, .catalogue = t->c, .source = s, .test_mode = test_mode};
    assert_ok(consider(&w, body, ids, ASKED, t->a, &c, &f), &f);
    assert_int_equal(c.n, ASKED);
    return c;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_itself),
        cmocka_unit_test(unknown_and_closed),
        cmocka_unit_test(released_by_a_person),
        cmocka_unit_test(not_everything_can_be_released),
        cmocka_unit_test(typed_by_a_person),
    };
    return cmocka_run_group_tests_name("consider", tests, setup, teardown);
}
