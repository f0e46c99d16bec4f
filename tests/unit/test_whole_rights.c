/* Every step of a correction at the client's request is one transaction: whichever of its writes, or its
 * commit, does not happen, nothing has; and done again it leaves as many rows as one that was never
 * disturbed. That a party is asked is a request as any other: scenarios/test_rectification.py. */
#include "kit_whole.h"

#include "core/close_request.h"
#include "core/due.h"
#include "core/handlers.h"
#include "core/rectify.h"

#define MiB (1u << 20)

typedef enum { REFUSED, CORRECTED, WAITING } waiting;

typedef struct {
    house h;
    subject s;
    id16 case_id;
    uint64_t now;
    uint8_t waits[WAITING][RIGHTS_KEY]; /* requests of which a source has said something */
} room;

typedef struct {
    const char *name;
    const char *value; /* filed: what the client says is right */
    const char *event; /* decided */
    waiting of;        /* neither: what its source said is looked at */
} step;

static const step steps[] = {
    {.name = "filed", .value = "Koken"},
    {.name = "corrected here", .event = "grant"},
    {.name = "filed again", .value = "Wassen"},
    {.name = "extended", .event = "extend"},
    {.name = "refused here", .event = "refuse"},
    {.name = "refused by its source", .of = REFUSED},
    {.name = "corrected by its source", .of = CORRECTED},
};
#define STEPS (sizeof steps / sizeof steps[0])

static uint32_t named(const room *r, const char *name)
{
    const attribute *a = rules_attribute_named(r->h.p.first_rules, name);
    assert_non_null(a);
    return a->id;
}

static void furnish(room *r)
{
    house_open(&r->h);
    r->now = HOUSE_MS;
    turn t = house_begin(&r->h, r->now, MiB);
    r->s = house_subject(&r->h, t.t, r->h.person);
    const subject *who = &r->s;
    r->case_id = people_case(&t, &who, 1, "research", 0);
    const uint32_t own = named(r, "wmo-hulpvraag"), kept = named(r, "school-naam"),
                   corrected = named(r, "school-jaargroep");
    people_said(&t, &r->s, OIN_GEM, own, "Schoonmaken", r->now - DAY_MS);
    people_said(&t, &r->s, OIN_SCHL, kept, "De Sluis", r->now - DAY_MS);
    people_said(&t, &r->s, OIN_SCHL, corrected, "5", r->now - DAY_MS);
    people_rectification(&t, &r->s, &r->case_id, kept, "De Sluis", true, r->waits[REFUSED]);
    people_rectification(&t, &r->s, &r->case_id, corrected, "4", true, r->waits[CORRECTED]);
    house_commit(&r->h, &t);
}

static void leave(room *r)
{
    subject_close(&r->s);
    house_close(&r->h);
}

static sluis_err file(room *r, turn *t, job *j, const char *value)
{
    static char *names[] = {(char *)(uintptr_t) "wmo-hulpvraag"};
    Sluis__ApiFileRights in = SLUIS__API_FILE_RIGHTS__INIT;
    in.case_id = data_of(r->case_id.b, ID_LEN);
    in.member = 1;
    in.kind = TEXT("rectification");
    in.text = TEXT("Dat klopt niet");
    in.attributes = names;
    in.n_attributes = 1;
    in.value = TEXT(value);
    j->call->op_case = SLUIS__API_CALL__OP_FILE_RIGHTS;
    j->call->file_rights = &in;
    return apply_job(t, j);
}

static bool undecided(const rights_item *x)
{
    return rights_in(x->row, RIGHTS_RECEIVED) || rights_in(x->row, RIGHTS_EXTENDED);
}

static sluis_err decide(room *r, turn *t, job *j, const char *event)
{
    Sluis__ApiDecideRights in = SLUIS__API_DECIDE_RIGHTS__INIT;
    rights_item *all = NULL;
    size_t n = 0, i = 0;
    assert_int_equal(rights_load(t->p->registry, t->t, &r->s, t->arena, &all, &n), SLUIS_OK);
    while (i < n && !undecided(&all[i]))
        i++;
    assert_true(i < n);
    in.case_id = data_of(r->case_id.b, ID_LEN);
    in.member = 1;
    in.transaction = data_of(all[i].transaction, UUID_LEN);
    in.event = TEXT(event);
    in.motivation = TEXT("zo besloten");
    j->call->op_case = SLUIS__API_CALL__OP_DECIDE_RIGHTS;
    j->call->decide_rights = &in;
    return apply_job(t, j);
}

typedef struct {
    room *r;
    const step *s;
} taking;

static sluis_err take(void *ctx, turn *t, sluis_fail *why)
{
    const taking *x = ctx;
    room *r = x->r;
    const step *s = x->s;
    job *j = house_call(&r->h, s->event ? "privacyfunctionaris" : "consulent", "p-1");
    j->rules = rules_ref(t->rules);
    j->why = *why;
    sluis_err e = s->value   ? file(r, t, j, s->value)
                  : s->event ? decide(r, t, j, s->event)
                             : rectify_due(t, r->waits[s->of]);
    *why = j->why;
    job_free(&j);
    return e;
}

static whole_step step_of(taking *x)
{
    return (whole_step){.h = &x->r->h, .now = x->r->now, .ctx = x, .name = x->s->name, .apply = take};
}

static const char *state_of(room *r, turn *t, waiting of)
{
    rights_item *all = NULL;
    size_t n = 0;
    assert_int_equal(rights_load(t->p->registry, t->t, &r->s, t->arena, &all, &n), SLUIS_OK);
    for (size_t i = 0; i < n; i++)
        if (memcmp(all[i].transaction, r->waits[of] + ID_LEN, UUID_LEN) == 0)
            return all[i].row->state;
    return "";
}

/* What the steps have made of it. */
static void made(room *r)
{
    static const id16 only = {{0}};
    datum d = {.version = 0};
    turn t = house_begin(&r->h, r->now, MiB);
    assert_int_equal(registry_get(t.p->registry, t.t, &r->s, named(r, "wmo-hulpvraag"), &only, t.arena, &d),
                     SLUIS_OK);
    assert_string_equal(d.row->value, "Koken");
    assert_string_equal(d.row->statement, "Dat klopt niet");
    assert_int_equal(registry_get(t.p->registry, t.t, &r->s, named(r, "school-naam"), &only, t.arena, &d),
                     SLUIS_OK);
    assert_string_equal(d.row->statement, "Dat klopt niet");
    assert_string_equal(state_of(r, &t, REFUSED), "refused");
    assert_string_equal(state_of(r, &t, CORRECTED), "done");
    house_abort(&r->h, &t);
    people_sound(&r->h);
}

static void whole_or_not_at_all(void **state)
{
    room *r = calloc(1, sizeof(*r)), *calm = calloc(1, sizeof(*calm));
    unsigned refused = 0;
    (void)state;
    furnish(r);
    furnish(calm);
    for (size_t i = 0; i < STEPS; i++) {
        taking x = {r, &steps[i]}, y = {calm, &steps[i]};
        const whole_step disturbed = step_of(&x), undisturbed = step_of(&y);
        whole_beside(&disturbed, &undisturbed, 5,
                     &refused); /* the request, an entry, a dossier, an event, the commit */
        r->now += 1000;
        calm->now = r->now;
    }
    assert_true(refused > STEPS);
    made(r);
    made(calm);
    leave(r);
    leave(calm);
    free(r);
    free(calm);
}

static const Sluis__RightsRow *right_at(room *r, turn *t, uint8_t key[static RIGHTS_KEY])
{
    const bytes at = BYTES(key, RIGHTS_KEY);
    ProtobufCMessage *m = NULL;
    bytes sealed;
    assert_int_equal(store_get(t->t, TABLE_RIGHTS, at, &sealed), SLUIS_OK);
    assert_int_equal(row_open(r->h.p.registry, t->t, TABLE_RIGHTS, at, sealed, t->arena,
                              &sluis__rights_row__descriptor, &m, NULL),
                     SLUIS_OK);
    return (const Sluis__RightsRow *)m;
}

/* The request to the source is over, and nothing came: told a moment later, once; it stays granted. */
static void no_answer(void **state)
{
    room *r = calloc(1, sizeof(*r));
    uint8_t key[RIGHTS_KEY];
    (void)state;
    furnish(r);
    const uint64_t entries = people_count(&r->h, TABLE_LEAF);
    turn t = house_begin(&r->h, r->now, MiB);
    people_said(&t, &r->s, OIN_SCHL, named(r, "school-soort"), "BO", r->now - DAY_MS);
    people_rectification(&t, &r->s, &r->case_id, named(r, "school-soort"), "BO", false, key);
    const Sluis__RightsRow *row = right_at(r, &t, key);
    assert_int_equal(close_request(&t, row->asked.data, REQUEST_EXPIRED, SLUIS_EXPIRED), SLUIS_OK);
    house_commit(&r->h, &t);
    for (int i = 0; i < 2; i++) {
        t = house_begin(&r->h, r->now + 1000, MiB);
        assert_int_equal(i ? rectify_due(&t, key) : due_step(&t, 64), SLUIS_OK);
        house_commit(&r->h, &t);
        assert_int_equal(people_count(&r->h, TABLE_LEAF), entries + 2); /* the request's, and this one */
    }
    t = house_begin(&r->h, r->now, MiB);
    row = right_at(r, &t, key);
    assert_string_equal(row->state, "granted");
    assert_string_equal(row->source_outcome, "unanswered");
    assert_string_equal(row->source_reason, "expired");
    house_abort(&r->h, &t);
    leave(r);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_not_at_all),
        cmocka_unit_test(no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
