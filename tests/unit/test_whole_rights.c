/* Every step of a correction at the client's request is one transaction: whichever of its writes, or its
 * commit, does not happen, nothing has; and done again it leaves as many rows as one that was never
 * disturbed. That a party is asked is a request as any other: scenarios/test_rectification.py. */
#include "kit_whole.h"

#include "core/close_request.h"
#include "core/due.h"
#include "core/handlers.h"
#include "core/rectify.h"
#include "core/settle.h"

#define MiB (1u << 20)

typedef enum { REFUSED, CORRECTED, UNABLE, WAITING } waiting;

typedef struct {
    house h;
    subject s;
    id16 case_id;
    uint64_t now;
    const char *about;                      /* what the client files about */
    uint8_t waits[WAITING + 1][RIGHTS_KEY]; /* requests of which a source has said something, or will */
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
    {.name = "its source cannot", .of = UNABLE},
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
    r->about = "wmo-hulpvraag";
    turn t = house_begin(&r->h, r->now, MiB);
    r->s = house_subject(&r->h, t.t, r->h.person);
    const subject *who = &r->s;
    r->case_id = people_case(&t, &who, 1, "research", 0);
    const uint32_t own = named(r, "wmo-hulpvraag"), kept = named(r, "school-naam"),
                   corrected = named(r, "school-jaargroep"), unable = named(r, "school-type");
    people_said(&t, &r->s, OIN_GEM, own, "Schoonmaken", r->now - DAY_MS);
    people_said(&t, &r->s, OIN_SCHL, kept, "De Sluis", r->now - DAY_MS);
    people_said(&t, &r->s, OIN_SCHL, corrected, "5", r->now - DAY_MS);
    people_said(&t, &r->s, OIN_SCHL, unable, "BO", r->now - DAY_MS);
    people_rectification(&t, &r->s, &r->case_id, kept, "De Sluis", SLUIS__OUTCOME__REFUSED,
                         r->waits[REFUSED]);
    people_rectification(&t, &r->s, &r->case_id, corrected, "4", SLUIS__OUTCOME__REFUSED,
                         r->waits[CORRECTED]);
    people_rectification(&t, &r->s, &r->case_id, unable, "BO", SLUIS__OUTCOME__NOT_POSSIBLE,
                         r->waits[UNABLE]);
    house_commit(&r->h, &t);
}

static void leave(room *r)
{
    subject_close(&r->s);
    house_close(&r->h);
}

static sluis_err file(room *r, turn *t, job *j, const char *value)
{
    char *names[] = {TEXT(r->about)};
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
    job *j = house_call(&r->h, s->event ? "privacyfunctionaris" : "consulent", s->event ? "p-2" : "p-1");
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
    assert_string_equal(state_of(r, &t, UNABLE), "granted");
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

/* The request to the source is over, and it decided nothing: told a moment later, once; it stays granted. */
static void undecided_by_its_source(Sluis__Outcome outcome, const char *said, const char *why)
{
    room *r = calloc(1, sizeof(*r));
    uint8_t key[RIGHTS_KEY];
    furnish(r);
    const uint32_t id = named(r, "school-soort");
    const uint64_t entries = people_count(&r->h, TABLE_LEAF);
    turn t = house_begin(&r->h, r->now, MiB);
    people_said(&t, &r->s, OIN_SCHL, id, "BO", r->now - DAY_MS);
    people_rectification(&t, &r->s, &r->case_id, id, "BO", outcome, key);
    const Sluis__RightsRow *row = right_at(r, &t, key);
    assert_int_equal(outcome ? rectify_heard(&t, &r->s, &id, 1)
                             : close_request(&t, row->asked.data, REQUEST_EXPIRED, SLUIS_EXPIRED),
                     SLUIS_OK);
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
    assert_string_equal(row->source_outcome, said);
    assert_string_equal(row->source_reason, why);
    assert_int_equal(row->done, 0);
    house_abort(&r->h, &t);
    leave(r);
    free(r);
}

static void no_answer(void **state)
{
    (void)state;
    undecided_by_its_source(SLUIS__OUTCOME__OUTCOME_NONE, "unanswered", "expired");
    undecided_by_its_source(SLUIS__OUTCOME__NOT_POSSIBLE, "not-possible", "beroepsgeheim");
    undecided_by_its_source(SLUIS__OUTCOME__NOT_KNOWN, "not-known", "beroepsgeheim");
}

/* ---- what the source says itself, and what others do ---- */

/* The school said 5, which the client disputes, and was asked. */
static room *disputed(uint32_t *id)
{
    room *r = calloc(1, sizeof(*r));
    furnish(r);
    *id = named(r, "school-groepsnaam");
    turn t = house_begin(&r->h, r->now, MiB);
    people_said(&t, &r->s, OIN_SCHL, *id, "5", r->now - DAY_MS);
    people_rectification(&t, &r->s, &r->case_id, *id, "5", SLUIS__OUTCOME__OUTCOME_NONE, r->waits[WAITING]);
    house_commit(&r->h, &t);
    return r;
}

static void get(room *r, turn *t, uint32_t id, datum *d)
{
    static const id16 only = {{0}};
    *d = (datum){.version = 0};
    assert_int_equal(registry_get(t->p->registry, t->t, &r->s, id, &only, t->arena, d), SLUIS_OK);
}

/* Of what someone else said beside it: it is the current one now, or goes. */
static void settle(room *r, uint32_t id, const char *source, const char *value, bool accept)
{
    Sluis__Record rec = SLUIS__RECORD__INIT;
    settlement x;
    datum d;
    turn t = house_begin(&r->h, r->now, MiB);
    people_said(&t, &r->s, source, id, value, r->now);
    rec.type = SLUIS__RECORD_TYPE__R_CASE;
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    settlement_begin(&x, r->case_id.b, "zo is het");
    get(r, &t, id, &d);
    assert_non_null(d.beside);
    assert_int_equal(accept ? settle_accept(&t, &x, &r->s, id, &d, d.beside)
                            : settle_drop(&t, &x, &r->s, id, &d, d.beside, SETTLED_OVERRULED),
                     SLUIS_OK);
    assert_int_equal(settlement_write(&t, &x, &r->s), SLUIS_OK);
    if (!accept)
        people_answer(&t, &r->s, right_at(r, &t, r->waits[WAITING])->asked.data, id, SLUIS__OUTCOME__GIVEN);
    house_commit(&r->h, &t);
}

/* The source has answered so, or OUTCOME_NONE; looked at; what became of it, and whether the client's own
 * statement stands with the datum. */
static void looked_at(room *r, uint32_t id, Sluis__Outcome outcome, const char *state, const char *said,
                      bool stated)
{
    datum d;
    turn t = house_begin(&r->h, r->now + 1000, MiB);
    if (outcome)
        people_answer(&t, &r->s, right_at(r, &t, r->waits[WAITING])->asked.data, id, outcome);
    assert_int_equal(rectify_due(&t, r->waits[WAITING]), SLUIS_OK);
    const Sluis__RightsRow *row = right_at(r, &t, r->waits[WAITING]);
    assert_string_equal(row->state, state);
    assert_string_equal(row->source_outcome, said);
    get(r, &t, id, &d);
    assert_string_equal(d.row->statement, stated ? "Dat klopt niet" : "");
    house_abort(&r->h, &t);
}

/* Another's statement took the place of the source's own: that is no correction by the source. What it
 * answers decides. */
static void settled_away(void **state)
{
    uint32_t id;
    room *r = disputed(&id);
    (void)state;
    looked_at(r, id, SLUIS__OUTCOME__OUTCOME_NONE, "granted", "", false);
    settle(r, id, OIN_GEM, "6", true);
    looked_at(r, id, SLUIS__OUTCOME__OUTCOME_NONE, "granted", "", false);
    looked_at(r, id, SLUIS__OUTCOME__GIVEN, "done", "corrected", false);
    looked_at(r, id, SLUIS__OUTCOME__REFUSED, "refused", "refused", false);
    looked_at(r, id, SLUIS__OUTCOME__NOT_POSSIBLE, "granted", "not-possible", false);
    looked_at(r, id, SLUIS__OUTCOME__NOT_KNOWN, "granted", "not-known", false);
    leave(r);
    free(r);
}

/* Where another source goes first, what it answers goes as it comes: it said the same again all the same. */
static void overruled_as_it_came(void **state)
{
    uint32_t id;
    room *r = disputed(&id);
    (void)state;
    settle(r, id, OIN_GEM, "6", true);
    settle(r, id, OIN_SCHL, "5", false);
    looked_at(r, id, SLUIS__OUTCOME__OUTCOME_NONE, "refused", "kept", false);
    leave(r);
    free(r);
}

static void brought(room *r, const char *source, uint32_t id, const char *value)
{
    static const id16 only = {{0}};
    Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
    datum_outcome outcome;
    uint64_t version = 0;
    turn t = house_begin(&r->h, r->now, MiB);
    d.value = TEXT(value);
    d.source = TEXT(source);
    d.brought_by = TEXT(OIN_OTHER);
    d.journal_index = journal_size(t.journal);
    assert_int_equal(registry_put(t.p->registry, t.t, &r->s, id, &only, &d, &outcome, &version, NULL),
                     SLUIS_OK);
    assert_int_equal(outcome, DATUM_DISCREPANCY);
    house_commit(&r->h, &t);
}

/* What another municipality brought of it is not its word. */
static void brought_of_the_source(void **state)
{
    uint32_t id;
    room *r = disputed(&id);
    (void)state;
    settle(r, id, OIN_GEM, "6", true);
    brought(r, OIN_SCHL, id, "7");
    looked_at(r, id, SLUIS__OUTCOME__OUTCOME_NONE, "granted", "", false);
    leave(r);
    free(r);
}

/* Nor is what it brought of us the correction that the municipality makes. */
static void brought_of_ourselves(void **state)
{
    static const step filed = {.name = "filed", .value = "Kamer"},
                      granted = {.name = "granted", .event = "grant"};
    room *r = calloc(1, sizeof(*r));
    datum d;
    (void)state;
    furnish(r);
    r->about = "woonsituatie";
    turn t = house_begin(&r->h, r->now, MiB);
    people_said(&t, &r->s, OIN_SCHL, named(r, r->about), "Flat", r->now - DAY_MS);
    house_commit(&r->h, &t);
    brought(r, OIN_GEM, named(r, r->about), "Boot");
    for (int i = 0; i < 2; i++) {
        taking x = {r, i ? &granted : &filed};
        const whole_step s = step_of(&x);
        whole_calmly(&s);
        r->now += 1000;
    }
    t = house_begin(&r->h, r->now, MiB);
    get(r, &t, named(r, r->about), &d);
    assert_string_equal(d.row->value, "Kamer");
    assert_string_equal(d.row->source, OIN_GEM);
    assert_string_equal(d.row->brought_by, "");
    house_abort(&r->h, &t);
    leave(r);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_not_at_all),   cmocka_unit_test(no_answer),
        cmocka_unit_test(settled_away),          cmocka_unit_test(overruled_as_it_came),
        cmocka_unit_test(brought_of_the_source), cmocka_unit_test(brought_of_ourselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
