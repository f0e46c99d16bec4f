/* Every message that nobody here asked for, and every form of a request that its asker signs itself, is one
 * transaction: whichever of its writes, or its commit, does not happen, nothing has; what is refused halfway
 * leaves its refusal alone; and done again it leaves as many rows as one that was never disturbed. Requests
 * of the API, and their answers: test_whole_requests.c. */
#include "kit_whole.h"

#include "cases/handover.h"
#include "core/due.h"
#include "wire/messages.h"

#define MiB    (1u << 20)
#define HELD   1005 /* school-jaargroep */
#define MOVING "999990020"

typedef struct {
    uuid transaction;
    uint8_t mh[HASH_LEN];       /* of what began it */
    uint8_t question[HASH_LEN]; /* of what was asked about it since */
} sent;

typedef struct {
    house h;
    actor town;  /* another municipality */
    actor asker; /* an application's organisation, which signs for itself */
    subject s;
    id16 case_id, ours; /* the asker's, and one of the municipality's application */
    uint64_t now;
    uuid id;       /* of the step's message */
    sent about[7]; /* by step.at */
} room;

typedef enum { SCHOOL, ASKER, TOWN } who;
typedef enum { TO_REGISTRY, TO_ASKER, TO_SCHOOL, TO_BOTH } whom;
typedef enum { MESSAGE, DUE, OFFERED } way;

typedef struct {
    const char *name;
    way way;
    who from;
    whom to;
    Sluis__Kind kind;
    int at;
    uint64_t later; /* ms after the step before */
} step;

static const step steps[] = {
    {"a case is offered", MESSAGE, TOWN, TO_REGISTRY, SLUIS__KIND__CASE_HANDOVER, 6, 0},
    {"and lapses", DUE, TOWN, TO_REGISTRY, 0, 6, 2 * DAY_MS},
    {"concern", MESSAGE, SCHOOL, TO_REGISTRY, SLUIS__KIND__CONCERN, 0, 0},
    {"delivery status", MESSAGE, SCHOOL, TO_REGISTRY, SLUIS__KIND__DELIVERY_STATUS, 1, 0},
    {"invitation", MESSAGE, ASKER, TO_SCHOOL, SLUIS__KIND__MEETING_INVITATION, 2, 0},
    {"reply", MESSAGE, SCHOOL, TO_ASKER, SLUIS__KIND__MEETING_REPLY, 2, 0},
    {"report", MESSAGE, ASKER, TO_SCHOOL, SLUIS__KIND__MEETING_REPORT, 2, 0},
    {"asked", MESSAGE, ASKER, TO_BOTH, SLUIS__KIND__REQUEST, 3, 0},
    {"question", MESSAGE, SCHOOL, TO_BOTH, SLUIS__KIND__CLARIFICATION_QUESTION, 3, 0},
    {"explained", MESSAGE, ASKER, TO_BOTH, SLUIS__KIND__CLARIFICATION_ANSWER, 3, 0},
    {"answered", MESSAGE, SCHOOL, TO_BOTH, SLUIS__KIND__RESPONSE, 3, 0},
    {"asked, to be withdrawn", MESSAGE, ASKER, TO_BOTH, SLUIS__KIND__REQUEST, 4, 0},
    {"withdrawn", MESSAGE, ASKER, TO_BOTH, SLUIS__KIND__WITHDRAWAL, 4, 0},
    {"asked whether known", MESSAGE, ASKER, TO_BOTH, SLUIS__KIND__KNOWN_QUERY, 5, 0},
    {"known", MESSAGE, SCHOOL, TO_BOTH, SLUIS__KIND__KNOWN_ANSWER, 5, 0},
    {"ours is offered", OFFERED, ASKER, TO_REGISTRY, 0, 6, 0},
    {"and taken over", MESSAGE, TOWN, TO_REGISTRY, SLUIS__KIND__CASE_HANDOVER_REPLY, 6, 0},
};
#define STEPS (sizeof steps / sizeof steps[0])

/* ---- bodies ---- */

#define NEW(a, T, f)                                                                                         \
    T *f = arena_alloc(a, sizeof(*f));                                                                       \
    assert_non_null(f)

static Sluis__Subject *person(const char *bsn, arena *a)
{
    NEW(a, Sluis__Subject, s);
    sluis__subject__init(s);
    s->bsn = TEXT(bsn);
    return s;
}

static ProtobufCMessage *concern(const room *r, arena *a)
{
    NEW(a, Sluis__ConcernBody, b);
    sluis__concern_body__init(b);
    b->subject = person(r->h.person, a);
    b->concern = TEXT("thuis gaat het niet goed");
    return &b->base;
}

static ProtobufCMessage *delivered(const room *r, arena *a)
{
    NEW(a, Sluis__DeliveryStatusBody, b);
    sluis__delivery_status_body__init(b);
    b->service = TEXT("begeleiding");
    b->status = TEXT("planned");
    b->planned = r->now + DAY_MS;
    return &b->base;
}

static ProtobufCMessage *request(const room *r, arena *a)
{
    NEW(a, Sluis__RequestBody, b);
    NEW(a, Sluis__AttributeAsk, ask);
    NEW(a, Sluis__AttributeAsk *, asks);
    sluis__request_body__init(b);
    sluis__attribute_ask__init(ask);
    ask->attribute = HELD;
    ask->necessity = TEXT("om te weten in welke groep");
    *asks = ask;
    b->subject = person(r->h.person, a);
    b->motivation = TEXT("voor het onderzoek");
    b->asks = asks;
    b->n_asks = 1;
    return &b->base;
}

static ProtobufCMessage *response(const room *r, arena *a)
{
    NEW(a, Sluis__ResponseBody, b);
    NEW(a, Sluis__AttributeResult, x);
    NEW(a, Sluis__AttributeResult *, all);
    (void)r;
    sluis__response_body__init(b);
    sluis__attribute_result__init(x);
    x->attribute = HELD;
    x->outcome = SLUIS__OUTCOME__NOT_KNOWN;
    x->reason = TEXT("persoon-niet-bekend");
    *all = x;
    b->results = all;
    b->n_results = 1;
    return &b->base;
}

static ProtobufCMessage *words(const room *r, arena *a)
{
    NEW(a, Sluis__TextBody, b);
    (void)r;
    sluis__text_body__init(b);
    b->text = TEXT("dit schooljaar");
    return &b->base;
}

static ProtobufCMessage *known_query(const room *r, arena *a)
{
    NEW(a, Sluis__KnownQueryBody, b);
    sluis__known_query_body__init(b);
    b->subject = person(r->h.person, a);
    b->motivation = TEXT("voor het onderzoek");
    return &b->base;
}

static ProtobufCMessage *known_answer(const room *r, arena *a)
{
    NEW(a, Sluis__KnownAnswerBody, b);
    (void)r;
    sluis__known_answer_body__init(b);
    b->known = true;
    return &b->base;
}

static ProtobufCMessage *offer(const room *r, arena *a)
{
    static char *laws[] = {TEXT("wmo")};
    NEW(a, Sluis__CaseHandoverBody, b);
    NEW(a, Sluis__HandoverMember, m);
    NEW(a, Sluis__HandoverMember *, members);
    NEW(a, Sluis__HandoverDatum, d);
    NEW(a, Sluis__HandoverDatum *, data);
    (void)r;
    sluis__case_handover_body__init(b);
    sluis__handover_member__init(m);
    sluis__handover_datum__init(d);
    d->name = TEXT("school-jaargroep");
    d->value = TEXT("5");
    d->source = TEXT(OIN_SCHL);
    d->legal_basis = TEXT("wams-5.4.1");
    d->laws = laws;
    d->n_laws = 1;
    *data = d;
    m->member = 1;
    m->role = TEXT("kind");
    m->bsn = TEXT(MOVING);
    m->data = data;
    m->n_data = 1;
    *members = m;
    b->kind = TEXT("client");
    b->motivation = TEXT("verhuisd");
    b->members = members;
    b->n_members = 1;
    b->laws = laws;
    b->n_laws = 1;
    return &b->base;
}

static ProtobufCMessage *decided(const room *r, arena *a)
{
    NEW(a, Sluis__DecisionBody, b);
    (void)r;
    sluis__decision_body__init(b);
    b->accepted = true;
    b->text = TEXT("het gezin woont hier");
    return &b->base;
}

/* What is sealed to a participant alone has none here. */
static const struct {
    Sluis__Kind kind;
    ProtobufCMessage *(*make)(const room *r, arena *a);
} bodies[] = {
    {SLUIS__KIND__CONCERN, concern},
    {SLUIS__KIND__DELIVERY_STATUS, delivered},
    {SLUIS__KIND__REQUEST, request},
    {SLUIS__KIND__CLARIFICATION_QUESTION, words},
    {SLUIS__KIND__CLARIFICATION_ANSWER, words},
    {SLUIS__KIND__WITHDRAWAL, words},
    {SLUIS__KIND__RESPONSE, response},
    {SLUIS__KIND__KNOWN_QUERY, known_query},
    {SLUIS__KIND__KNOWN_ANSWER, known_answer},
    {SLUIS__KIND__CASE_HANDOVER, offer},
    {SLUIS__KIND__CASE_HANDOVER_REPLY, decided},
};

static ProtobufCMessage *body_of(const room *r, Sluis__Kind kind, arena *a)
{
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        if (bodies[i].kind == kind)
            return bodies[i].make(r, a);
    return NULL;
}

/* ---- messages ---- */

/* What it is sealed to: one participant, the register, or that and who is on the other side. */
static size_t recipients(const room *r, const step *s, seal_to out[static 2])
{
    const actor *other = s->from == SCHOOL ? &r->asker : &r->h.school;
    const bool alone = s->to == TO_ASKER || s->to == TO_SCHOOL;
    out[0] = to_actor(alone ? other : &r->h.gem);
    out[1] = to_actor(other);
    return s->to == TO_BOTH ? 2 : 1;
}

static const actor *sender(const room *r, who from)
{
    return from == SCHOOL ? &r->h.school : from == ASKER ? &r->asker : &r->town;
}

/* By the header that it answers; what begins something answers nothing. */
static ProtobufCBinaryData answers(room *r, const step *s)
{
    sent *about = &r->about[s->at];
    if (message_kind_of(s->kind)->answers == SLUIS__KIND__KIND_NONE)
        return (ProtobufCBinaryData){0, NULL};
    return data_of(s->kind == SLUIS__KIND__CLARIFICATION_ANSWER ? about->question : about->mh, HASH_LEN);
}

/* As it comes from verify. */
static job *saying(room *r, const step *s)
{
    static uint32_t held[] = {HELD};
    const actor *from = sender(r, s->from);
    const bool moves = s->kind == SLUIS__KIND__CASE_HANDOVER;
    sent *about = &r->about[s->at];
    seal_to to[2];
    Sluis__Core c = SLUIS__CORE__INIT;
    parcel p;
    const size_t n = recipients(r, s, to);
    c.message_id = data_of(r->id.b, UUID_LEN);
    c.transaction = data_of(about->transaction.b, UUID_LEN);
    c.case_id = data_of(s->kind == SLUIS__KIND__CASE_HANDOVER_REPLY ? r->ours.b : r->case_id.b, ID_LEN);
    c.kind = s->kind;
    c.origin = SLUIS__ORIGIN__BUS;
    c.phase = SLUIS__PHASE__RESEARCH;
    c.application = TEXT("bench");
    c.function = TEXT("consulent");
    c.employee = TEXT("p-3f9a");
    c.legal_basis = TEXT("wams-5.4.1");
    c.purpose = TEXT(moves ? "overdracht" : "onderzoek-meervoudige-problematiek");
    c.traceparent = TEXT(TRACE);
    c.answers = answers(r, s);
    c.attributes = held;
    c.n_attributes = moves || message_kind_of(s->kind)->needs_attributes;
    c.created = r->now;
    c.expires = r->now + DAY_MS;
    parcel_init(&p);
    assert_int_equal(envelope_seal(&c, &from->oin, &from->sign, from->epoch, to, n, bytes_str("sealed"),
                                   r->now, &p.header, &p.body, p.mh),
                     SLUIS_OK);
    parcel_sign(&p, from);
    job *j = job_new(JOB_SUBMIT, buffer_bytes(&p.out));
    assert_non_null(j);
    j->env = decode_ok(buffer_bytes(&p.out));
    j->user = from->oin;
    j->body = body_of(r, s->kind, j->env->arena);
    parcel_close(&p);
    if (message_kind_of(s->kind)->answers == SLUIS__KIND__KIND_NONE && s->kind != SLUIS__KIND__MEETING_REPORT)
        memcpy(about->mh, j->env->mh, HASH_LEN);
    if (s->kind == SLUIS__KIND__CLARIFICATION_QUESTION)
        memcpy(about->question, j->env->mh, HASH_LEN);
    return j;
}

/* Ours, by a call. */
static job *offering(room *r, turn *t)
{
    static uint32_t members[] = {1};
    job *j = house_call(&r->h, "regisseur", "p-3f9a");
    Sluis__ApiHandOver *in = arena_alloc(job_arena(j), sizeof(*in));
    j->rules = rules_ref(t->rules);
    sluis__api_hand_over__init(in);
    in->case_id = data_of(r->ours.b, ID_LEN);
    in->members = members;
    in->n_members = 1;
    in->party = TEXT(r->town.oin.s);
    in->purpose = TEXT("overdracht");
    in->legal_basis = TEXT("wams-5.4.1");
    in->motivation = TEXT("verhuisd");
    j->call->op_case = SLUIS__API_CALL__OP_HAND_OVER;
    j->call->hand_over = in;
    return j;
}

/* ---- steps ---- */

typedef struct {
    room *r;
    const step *s;
} taking;

static sluis_err take(void *ctx, turn *t, sluis_fail *why)
{
    const taking *x = ctx;
    if (x->s->way == DUE) {
        sluis_err e = SLUIS_OK;
        for (int i = 0; !e && i < 3; i++) /* it stops after a time, too */
            e = turn_expire(t, 1000);
        return e;
    }
    job *j = x->s->way == OFFERED ? offering(x->r, t) : saying(x->r, x->s);
    j->why = *why;
    sluis_err e = apply_job(t, j);
    *why = j->why;
    job_free(&j);
    return e;
}

static whole_step step_of(taking *x)
{
    return (whole_step){.h = &x->r->h, .now = x->r->now, .ctx = x, .name = x->s->name, .apply = take};
}

static Sluis__CaseRow *load_case(turn *t, const id16 *id)
{
    Sluis__CaseRow *row = NULL;
    assert_int_equal(case_load(t->t, t->p->rows, id->b, t->arena, &row), SLUIS_OK);
    return row;
}

/* Once a step: what is tried again is the same message. */
static void begin(room *r, const step *s)
{
    sent *about = &r->about[s->at];
    r->now += s->later;
    r->id = uuid_new(r->now);
    if (s->kind == SLUIS__KIND__CASE_HANDOVER_REPLY) {
        turn t = house_begin(&r->h, r->now, MiB);
        const Sluis__HandoverRow *h = load_case(&t, &r->ours)->handover;
        assert_non_null(h);
        memcpy(about->transaction.b, h->transaction.data, UUID_LEN);
        memcpy(about->mh, h->message_hash.data, HASH_LEN);
        house_abort(&r->h, &t);
    } else if (s->way == MESSAGE && message_kind_of(s->kind)->answers == SLUIS__KIND__KIND_NONE &&
               s->kind != SLUIS__KIND__MEETING_REPORT) {
        about->transaction = uuid_new(r->now);
    }
}

static void furnish(room *r)
{
    static char *laws[] = {TEXT("wmo")}, *schools[] = {TEXT("onderwijs")};
    house_open(&r->h);
    r->h.settings.handover_s = 86400;
    r->h.settings.concerns_per_day = 1;
    r->now = HOUSE_MS;
    actor_init(&r->town, "00000099000000006000", 7);
    turn t = house_begin(&r->h, r->now, MiB);
    house_enrol(&r->h, t.t, &r->town, "Gemeente ander", "andere-gemeente");
    house_agree_on(&r->h, t.t, &r->town, "overdracht");
    actor_init(&r->asker, "00000099000000009000", 8);
    house_enrol(&r->h, t.t, &r->asker, "Wmo-dienst", "wmo");
    house_agree(&r->h, t.t, &r->asker);
    directory_unref(&r->h.dir);
    assert_int_equal(parties_load(t.t, r->h.p.directory.pk, &r->h.dir, NULL), SLUIS_OK);
    r->s = house_subject(&r->h, t.t, r->h.person);
    people_said(&t, &r->s, OIN_GEM, ATTRIBUTE_BSN, r->h.person, r->now);
    const subject *all = &r->s;
    for (int i = 0; i < 2; i++) {
        id16 *id = i ? &r->ours : &r->case_id;
        *id = people_case(&t, &all, 1, "research", 0);
        Sluis__CaseRow *row = load_case(&t, id);
        row->owner = i ? row->owner : r->asker.oin.s;
        row->scope_laws = laws;
        row->n_scope_laws = 1;
        row->scope_domains = schools;
        row->n_scope_domains = 1;
        assert_int_equal(case_save(t.t, t.p->rows, id->b, row), SLUIS_OK);
    }
    house_commit(&r->h, &t);
}

static void leave(room *r)
{
    subject_close(&r->s);
    actor_close(&r->town);
    actor_close(&r->asker);
    house_close(&r->h);
}

/* What the steps have made of it. */
static void made(room *r)
{
    turn t = house_begin(&r->h, r->now, MiB);
    Sluis__RequestRow *q = NULL;
    static const struct {
        int at;
        const char *state;
    } requests[] = {{3, "answered"}, {4, "withdrawn"}, {5, "answered"}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        assert_int_equal(turn_request_load(&t, r->about[requests[i].at].transaction.b, &q, NULL), SLUIS_OK);
        assert_string_equal(q->state, requests[i].state);
    }
    assert_string_equal(load_case(&t, &r->ours)->handover->state, HANDOVER_ACCEPTED);
    assert_int_equal(load_case(&t, &r->case_id)->n_services, 1);
    house_abort(&r->h, &t);
    assert_int_equal(people_count(&r->h, TABLE_CONCERN), 1);
    assert_int_equal(people_count(&r->h, TABLE_MEETING), 0);
    assert_int_equal(people_count(&r->h, TABLE_OFFER), 0);
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
        calm->now = r->now;
        begin(r, &steps[i]);
        begin(calm, &steps[i]);
        const whole_step disturbed = step_of(&x), undisturbed = step_of(&y);
        whole_beside(&disturbed, &undisturbed, 2, &refused);
    }
    assert_true(refused > STEPS);
    made(r);
    made(calm);
    leave(r);
    leave(calm);
    free(r);
    free(calm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
