/* Every transition of a request is one transaction: whichever of its writes, or its commit, does not happen,
 * nothing has; what is refused halfway leaves its refusal alone; and done again it leaves as many rows as one
 * that was never disturbed. */
#include "kit_whole.h"

#include "core/cooperation.h"
#include "core/due.h"
#include "wire/messages.h"

#define HELD   1005 /* school-jaargroep */
#define SOURCE 14   /* gezag-minderjarige: of the municipality, others stand beside it */

typedef struct {
    uuid transaction;
    uint8_t mh[HASH_LEN];
} sent;

typedef struct {
    house h;
    subject s;
    id16 case_id;
    uint64_t now;
    uuid id;       /* of the step's message */
    sent asked[4]; /* by step.at */
} room;

typedef enum { DUE, TAKEN, REFUSED, MESSAGE, FILED, CHANGED, ASKED_KNOWN } way;

typedef struct {
    const char *name;
    way way;
    Sluis__Kind kind;  /* MESSAGE: of the school's */
    const char *event; /* CHANGED: what the caller does */
    int at;            /* of asked: which request it is about */
    uint64_t later;    /* ms after the step before */
} step;

static const step steps[] = {
    {.name = "filed", .way = FILED},
    {.name = "routed", .way = TAKEN},
    {.name = "clarification asked", .way = MESSAGE, .kind = SLUIS__KIND__CLARIFICATION_QUESTION},
    {.name = "clarification answered", .way = CHANGED, .event = "clarify"},
    {.name = "reminded", .way = DUE, .later = 9 * DAY_MS},
    {.name = "escalated", .way = DUE, .later = DAY_MS + 1000},
    {.name = "answered", .way = MESSAGE, .kind = SLUIS__KIND__RESPONSE},
    {.name = "corrected", .way = MESSAGE, .kind = SLUIS__KIND__CORRECTION},
    {.name = "readers told", .way = DUE, .later = 1000},
    {.name = "filed, to be withdrawn", .way = FILED, .at = 1},
    {.name = "withdrawn", .way = CHANGED, .event = "withdraw", .at = 1},
    {.name = "asked whether known", .way = ASKED_KNOWN, .at = 2},
    {.name = "known", .way = MESSAGE, .kind = SLUIS__KIND__KNOWN_ANSWER, .at = 2},
    {.name = "filed, to come back", .way = FILED, .at = 3},
    {.name = "returned", .way = REFUSED, .at = 3},
    {.name = "filed, to expire", .way = FILED, .at = 3},
    {.name = "routed, to expire", .way = TAKEN, .at = 3},
    {.name = "expired", .way = DUE, .later = 29 * DAY_MS},
};
#define STEPS (sizeof steps / sizeof steps[0])

/* ---- what is said ---- */

/* The newest message that waits for the school. */
static envelope *waiting(room *r, store_txn *t, uint64_t *seq)
{
    bytes k, v;
    assert_int_equal(store_last(t, TABLE_OUTBOX, BYTES((const uint8_t *)r->h.school.oin.s, OIN_LEN), &k, &v),
                     SLUIS_OK);
    *seq = get_u64(k.p + OIN_LEN);
    return decode_ok(BYTES(v.p + 8, v.n - 8 - ROW_CHECK_LEN));
}

/* Once a step: what is tried again is the same message. */
static void begin(room *r, const step *s)
{
    r->id = uuid_new(r->now);
    if (s->way == FILED)
        r->asked[s->at].transaction = uuid_new(r->now);
    if (s->kind != SLUIS__KIND__KNOWN_ANSWER)
        return;
    uint64_t seq;
    store_txn *t = fixture_read(&r->h.x);
    envelope *query = waiting(r, t, &seq);
    memcpy(r->asked[s->at].transaction.b, query->core->transaction.data, UUID_LEN);
    memcpy(r->asked[s->at].mh, query->mh, HASH_LEN);
    envelope_free(&query);
    store_abort(&t);
}

static ProtobufCMessage *request_body(const room *r, arena *a)
{
    Sluis__RequestBody *b = arena_alloc(a, sizeof(*b));
    Sluis__Subject *who = arena_alloc(a, sizeof(*who));
    Sluis__AttributeAsk *ask = arena_alloc(a, sizeof(*ask)), **asks = arena_alloc(a, sizeof(*asks));
    sluis__request_body__init(b);
    sluis__subject__init(who);
    sluis__attribute_ask__init(ask);
    who->bsn = TEXT(r->h.person);
    ask->attribute = HELD;
    ask->necessity = TEXT("om te weten in welke groep");
    asks[0] = ask;
    b->subject = who;
    b->motivation = TEXT("voor het onderzoek");
    b->asks = asks;
    b->n_asks = 1;
    b->answer_by = r->now + 10 * DAY_MS;
    return &b->base;
}

static Sluis__AttributeResult **given(arena *a, uint32_t id, const char *value)
{
    Sluis__Instance *in = arena_alloc(a, sizeof(*in)), **all = arena_alloc(a, sizeof(*all));
    Sluis__AttributeResult *x = arena_alloc(a, sizeof(*x)), **results = arena_alloc(a, sizeof(*results));
    sluis__instance__init(in);
    sluis__attribute_result__init(x);
    in->value = TEXT(value);
    all[0] = in;
    x->attribute = id;
    x->outcome = SLUIS__OUTCOME__GIVEN;
    x->instances = all;
    x->n_instances = 1;
    results[0] = x;
    return results;
}

static ProtobufCMessage *body_of(Sluis__Kind k, arena *a)
{
    if (k == SLUIS__KIND__RESPONSE) {
        Sluis__ResponseBody *b = arena_alloc(a, sizeof(*b));
        sluis__response_body__init(b);
        b->results = given(a, HELD, "5");
        b->n_results = 1;
        return &b->base;
    }
    if (k == SLUIS__KIND__CORRECTION) {
        Sluis__CorrectionBody *b = arena_alloc(a, sizeof(*b));
        sluis__correction_body__init(b);
        b->results = given(a, HELD, "6");
        b->n_results = 1;
        b->reason = TEXT("vergissing");
        return &b->base;
    }
    if (k == SLUIS__KIND__KNOWN_ANSWER) {
        Sluis__KnownAnswerBody *b = arena_alloc(a, sizeof(*b));
        sluis__known_answer_body__init(b);
        b->known = true;
        return &b->base;
    }
    Sluis__TextBody *b = arena_alloc(a, sizeof(*b));
    sluis__text_body__init(b);
    b->text = TEXT("welk schooljaar?");
    return &b->base;
}

/* As it comes from verify, but for its body. */
static job *message(room *r, const sent *about, Sluis__Kind kind, uint32_t *held)
{
    const bool request = kind == SLUIS__KIND__REQUEST;
    const actor *from = request ? &r->h.gem : &r->h.school;
    const seal_to to[] = {to_actor(&r->h.gem), to_actor(&r->h.school)};
    Sluis__Core c = SLUIS__CORE__INIT;
    parcel p;
    c.message_id = data_of(r->id.b, UUID_LEN);
    c.transaction = data_of(about->transaction.b, UUID_LEN);
    c.case_id = data_of(r->case_id.b, ID_LEN);
    c.kind = kind;
    c.origin = request ? SLUIS__ORIGIN__API : SLUIS__ORIGIN__BUS;
    c.phase = SLUIS__PHASE__RESEARCH;
    c.application = TEXT("wmo-intake");
    c.function = TEXT("consulent");
    c.employee = TEXT("p-3f9a");
    c.legal_basis = TEXT("wams-5.4.1");
    c.purpose = TEXT("onderzoek-meervoudige-problematiek");
    c.traceparent = TEXT(TRACE);
    c.answers = request ? (ProtobufCBinaryData){0, NULL} : data_of(about->mh, HASH_LEN);
    c.attributes = held;
    c.n_attributes = message_kind_of(kind)->needs_attributes;
    c.created = r->now;
    c.expires = r->now + (request ? 28 : 14) * DAY_MS;
    parcel_init(&p);
    assert_int_equal(envelope_seal(&c, &from->oin, &from->sign, from->epoch, to, request ? 2 : 1,
                                   bytes_str("sealed"), r->now, &p.header, &p.body, p.mh),
                     SLUIS_OK);
    parcel_sign(&p, from);
    job *j = job_new(request ? JOB_API : JOB_SUBMIT, buffer_bytes(&p.out));
    assert_non_null(j);
    j->env = decode_ok(buffer_bytes(&p.out));
    j->user = from->oin;
    parcel_close(&p);
    return j;
}

/* ---- steps ---- */

typedef struct {
    room *r;
    const step *s;
} taking;

static job *filing(room *r, turn *t, sent *about)
{
    uint32_t held = HELD;
    job *j = message(r, about, SLUIS__KIND__REQUEST, &held);
    house_asks(&r->h, j, "consulent", "p-3f9a");
    j->rules = rules_ref(t->rules);
    j->call->op_case = SLUIS__API_CALL__OP_FILE_REQUEST;
    j->request = arena_alloc(job_arena(j), sizeof(*j->request));
    memset(j->request, 0, sizeof(*j->request));
    j->request->asked[0] = HELD;
    j->request->asked_count = 1;
    j->body = request_body(r, job_arena(j));
    memcpy(about->mh, j->env->mh, HASH_LEN);
    return j;
}

static job *changing(room *r, turn *t, const step *s)
{
    job *j = house_call(&r->h, "consulent", "p-3f9a");
    j->rules = rules_ref(t->rules);
    if (s->way == ASKED_KNOWN) {
        Sluis__ApiAskKnown *in = arena_alloc(job_arena(j), sizeof(*in));
        sluis__api_ask_known__init(in);
        in->case_id = data_of(r->case_id.b, ID_LEN);
        in->member = 1;
        in->party = TEXT(OIN_SCHL);
        in->purpose = TEXT("onderzoek-meervoudige-problematiek");
        in->legal_basis = TEXT("wams-5.4.1");
        in->motivation = TEXT("voor het onderzoek");
        j->call->op_case = SLUIS__API_CALL__OP_ASK_KNOWN;
        j->call->ask_known = in;
        return j;
    }
    Sluis__ApiChangeRequest *in = arena_alloc(job_arena(j), sizeof(*in));
    sluis__api_change_request__init(in);
    in->transaction = data_of(r->asked[s->at].transaction.b, UUID_LEN);
    in->event = TEXT(s->event);
    in->text = TEXT("dit schooljaar");
    in->question = 1;
    j->call->op_case = SLUIS__API_CALL__OP_CHANGE_REQUEST;
    j->call->change_request = in;
    return j;
}

/* The school takes what waits, or never will. */
static job *done(room *r, turn *t, bool refused)
{
    job *j = job_new(JOB_DONE, (bytes){NULL, 0});
    assert_non_null(j);
    j->seqs = arena_alloc(job_arena(j), sizeof(*j->seqs));
    envelope *env = waiting(r, t->t, &j->seqs[0]);
    envelope_free(&env);
    j->user = r->h.school.oin;
    j->seq_count = 1;
    j->why.code = refused ? SLUIS_BAD_SEAL : SLUIS_OK;
    return j;
}

static job *saying(room *r, const step *s)
{
    uint32_t held = HELD;
    job *j = message(r, &r->asked[s->at], s->kind, &held);
    j->body = body_of(s->kind, j->env->arena);
    return j;
}

static sluis_err take(void *ctx, turn *t, sluis_fail *why)
{
    const taking *x = ctx;
    const step *s = x->s;
    if (s->way == DUE)
        return turn_expire(t, 1000);
    const bool carried = s->way == TAKEN || s->way == REFUSED;
    job *j = carried             ? done(x->r, t, s->way == REFUSED)
             : s->way == FILED   ? filing(x->r, t, &x->r->asked[s->at])
             : s->way == MESSAGE ? saying(x->r, s)
                                 : changing(x->r, t, s);
    if (!carried)
        j->why = *why;
    sluis_err e = apply_job(t, j);
    if (!carried)
        *why = j->why;
    job_free(&j);
    return e;
}

static whole_step step_of(taking *x)
{
    return (whole_step){.h = &x->r->h, .now = x->r->now, .ctx = x, .name = x->s->name, .apply = take};
}

static void furnish(room *r)
{
    static char *laws[] = {(char *)(uintptr_t) "wmo"}, *schools[] = {(char *)(uintptr_t) "onderwijs"};
    Sluis__CaseRow *row = NULL;
    house_open(&r->h);
    r->now = HOUSE_MS;
    turn t = house_begin(&r->h, r->now, 1u << 20);
    r->s = house_subject(&r->h, t.t, r->h.person);
    people_said(&t, &r->s, OIN_GEM, ATTRIBUTE_BSN, r->h.person, r->now);
    const subject *who = &r->s;
    r->case_id = people_case(&t, &who, 1, "research", 0);
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    row->scope_laws = laws;
    row->n_scope_laws = 1;
    row->scope_domains = schools;
    row->n_scope_domains = 1;
    assert_int_equal(case_save(t.t, t.p->rows, r->case_id.b, row), SLUIS_OK);
    house_commit(&r->h, &t);
}

static void leave(room *r)
{
    subject_close(&r->s);
    house_close(&r->h);
}

static const char *state_of(room *r, int at)
{
    static char state[32];
    Sluis__RequestRow *row = NULL;
    turn t = house_begin(&r->h, r->now, 1u << 20);
    assert_int_equal(turn_request_load(&t, r->asked[at].transaction.b, &row, NULL), SLUIS_OK);
    snprintf(state, sizeof(state), "%s", row->state);
    house_abort(&r->h, &t);
    return state;
}

/* Each once, whatever was tried. */
static void expect_events(room *r)
{
    static const char *const names[] = {
        "request-filed", "clarification-asked", "clarification-answered", "request-reminder", "request-late",
        "request-answered", "answer-corrected", "request-filed", "request-withdrawn", "known-asked",
        "known-answered", "request-filed", "delivery-returned", "request-returned", "request-filed",
        /* what nobody took meanwhile comes back with the request that nobody answered */
        "delivery-expired", "request-expired", "delivery-expired", "delivery-expired", "delivery-expired"};
    store_cursor *c = NULL;
    bytes k, v;
    arena *a = arena_new(1u << 20);
    store_txn *t = fixture_read(&r->h.x);
    size_t n = 0;
    assert_int_equal(store_cursor_open(t, TABLE_EVENT, ROW_EMPTY, ROW_EMPTY, &c), SLUIS_OK);
    for (; store_cursor_next(c, &k, &v) == SLUIS_OK; n++) {
        ProtobufCMessage *m = NULL;
        assert_int_equal(rows_open(r->h.p.rows, TABLE_EVENT, k, v, a, &sluis__event_row__descriptor, &m),
                         SLUIS_OK);
        if (n < sizeof(names) / sizeof(names[0]))
            assert_string_equal(((Sluis__EventRow *)m)->type, names[n]);
    }
    assert_int_equal(n, sizeof(names) / sizeof(names[0]));
    store_cursor_close(&c);
    store_abort(&t);
    arena_free(&a);
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
        r->now += steps[i].later;
        calm->now = r->now;
        begin(r, &steps[i]);
        begin(calm, &steps[i]);
        const whole_step disturbed = step_of(&x), undisturbed = step_of(&y);
        whole_beside(&disturbed, &undisturbed, 2, &refused);
    }
    assert_true(refused > STEPS);
    assert_string_equal(state_of(r, 0), "answered");
    assert_string_equal(state_of(r, 1), "withdrawn");
    assert_string_equal(state_of(r, 2), "answered");
    assert_string_equal(state_of(r, 3), "expired");
    expect_events(r);
    leave(r);
    leave(calm);
    free(r);
    free(calm);
}

/* ---- an answer that is refused halfway ---- */

static const Sluis__CooperationRow *account(room *r, arena *a)
{
    uint8_t key[sizeof(COOPERATION_PREFIX) - 1 + OIN_LEN];
    ProtobufCMessage *m = NULL;
    store_txn *t = fixture_read(&r->h.x);
    memcpy(key, COOPERATION_PREFIX, sizeof(COOPERATION_PREFIX) - 1);
    memcpy(key + sizeof(COOPERATION_PREFIX) - 1, OIN_SCHL, OIN_LEN);
    assert_int_equal(
        rows_get(t, r->h.p.rows, TABLE_META, BYTES_OF(key), a, &sluis__cooperation_row__descriptor, &m),
        SLUIS_OK);
    store_abort(&t);
    return (const Sluis__CooperationRow *)m;
}

/* It counts with its party once: not with the turn that is undone, but with the refusal that is kept. */
static void an_answer_refused_halfway(void **state)
{
    static const step first[] = {{.name = "filed", .way = FILED}, {.name = "routed", .way = TAKEN}},
                      answered = {.name = "answered", .way = MESSAGE, .kind = SLUIS__KIND__RESPONSE};
    room *r = calloc(1, sizeof(*r));
    taking x = {r, &answered};
    cooperation *c = NULL;
    sluis_fail why = {0};
    (void)state;
    furnish(r);
    for (size_t i = 0; i < 2; i++) {
        taking before = {r, &first[i]};
        const whole_step s = step_of(&before);
        begin(r, &first[i]);
        whole_calmly(&s);
    }
    begin(r, &answered);
    store_txn *read = fixture_read(&r->h.x);
    assert_int_equal(cooperation_load(&c, &r->h.p, read), SLUIS_OK);
    store_abort(&read);
    for (int i = 0; i < 2; i++) {
        turn t = house_begin(&r->h, r->now, 4u << 20);
        t.cooperation = c;
        whole_disturb(&r->h, i ? 0 : 4, SLUIS_TOO_BIG);
        sluis_err e = take(&x, &t, &why);
        assert_int_equal(t.halfway, i == 0);
        e = whole_end(&r->h, &t, e);
        assert_int_equal(e, i ? SLUIS_OK : SLUIS_INTERNAL);
        assert_int_equal(why.code, SLUIS_TOO_BIG);
        if (e)
            cooperation_rolled_back(c);
        else
            cooperation_committed(c, false);
    }
    turn t = house_begin(&r->h, r->now, 4u << 20);
    t.cooperation = c;
    assert_int_equal(cooperation_step(c, &t), SLUIS_OK);
    house_commit(&r->h, &t);
    cooperation_committed(c, true);
    arena *a = arena_new(1u << 16);
    const Sluis__CooperationRow *row = account(r, a);
    assert_int_equal(row->count, 1);
    assert_true(row->failure > 0);
    assert_int_equal(row->refusal, 0);
    arena_free(&a);
    cooperation_free(&c);
    leave(r);
    free(r);
}

/* ---- one message that would settle more than is kept of one entry ---- */

#define CONDITION 15000

/* n instances that another party says, with the school's word beside each on long conditions. */
static void disputed(room *r, turn *t, size_t n)
{
    static char words[CONDITION + 1], *conditions[] = {words};
    memset(words, 'x', CONDITION);
    for (size_t i = 0; i < 2 * n; i++) {
        const bool beside = i % 2;
        Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
        datum_outcome outcome;
        uint64_t version;
        id16 instance = {{0}};
        put_u64(instance.b, i / 2 + 1);
        d.value = TEXT(beside ? "moeder" : "vader");
        d.source = TEXT(beside ? OIN_SCHL : OIN_GGD);
        d.category = CATEGORY_ORDINARY;
        d.obtained = d.registered = r->now;
        d.journal_index = i;
        d.conditions = conditions;
        d.n_conditions = beside;
        assert_int_equal(
            registry_put(t->p->registry, t->t, &r->s, SOURCE, &instance, &d, &outcome, &version, NULL),
            SLUIS_OK);
    }
}

/* The school has answered, and now names one other instance: the rest is taken back. */
static job *correction(room *r, sent *about, uint32_t *source)
{
    Sluis__ResultRow result = SLUIS__RESULT_ROW__INIT, *results[] = {&result};
    Sluis__RequestRow *q = NULL;
    turn t = house_begin(&r->h, r->now, 1u << 20);
    about->transaction = people_request(&t, &r->s, &r->case_id);
    memset(about->mh, 7, HASH_LEN);
    result.attribute = SOURCE;
    result.outcome = SLUIS__OUTCOME__GIVEN;
    assert_int_equal(turn_request_load(&t, about->transaction.b, &q, NULL), SLUIS_OK);
    q->requester = TEXT(OIN_GEM);
    q->purpose = TEXT("onderzoek-meervoudige-problematiek");
    q->legal_basis = TEXT("wams-5.4.1");
    q->message_hash = data_of(about->mh, HASH_LEN);
    q->attributes = source;
    q->n_attributes = 1;
    q->results = results;
    q->n_results = 1;
    assert_int_equal(turn_request_save(&t, about->transaction.b, q, &r->s), SLUIS_OK);
    house_commit(&r->h, &t);
    r->id = uuid_new(r->now);
    job *j = message(r, about, SLUIS__KIND__CORRECTION, source);
    j->body = body_of(SLUIS__KIND__CORRECTION, j->env->arena);
    ((Sluis__CorrectionBody *)j->body)->results = given(j->env->arena, SOURCE, "beide ouders");
    return j;
}

static sluis_err settle_at_once(size_t n, sluis_fail *why)
{
    room *r = calloc(1, sizeof(*r));
    uint32_t source = SOURCE;
    picture before, after;
    sent about;
    furnish(r);
    turn t = house_begin(&r->h, r->now, 1u << 20);
    disputed(r, &t, n);
    house_commit(&r->h, &t);
    job *j = correction(r, &about, &source);
    const uint64_t data = people_count(&r->h, TABLE_DATUM);
    picture_take(&r->h, &before);
    t = house_begin(&r->h, r->now, 64u << 20);
    assert_int_equal(apply_job(&t, j), SLUIS_OK);
    house_commit(&r->h, &t);
    *why = j->why;
    if (why->code) {
        picture_take(&r->h, &after);
        picture_same(&before, &after, false, "correction", 0);
        picture_free(&after);
    } else {
        assert_int_equal(people_count(&r->h, TABLE_DATUM), data - n + 1);
        assert_int_equal(people_count(&r->h, TABLE_SETTLED), 1);
        people_sound(&r->h);
    }
    picture_free(&before);
    job_free(&j);
    leave(r);
    free(r);
    return why->code;
}

static void more_than_one_row_settles(void **state)
{
    sluis_fail why = {0};
    (void)state;
    assert_int_equal(settle_at_once(320, &why), SLUIS_TOO_BIG);
    assert_string_equal(why.text,
                        "it takes back more than 2097152 bytes of what waits to be resolved: name more "
                        "of the instances, or let the municipality resolve them first");
    assert_int_equal(settle_at_once(130, &why), SLUIS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_not_at_all),
        cmocka_unit_test(an_answer_refused_halfway),
        cmocka_unit_test(more_than_one_row_settles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
