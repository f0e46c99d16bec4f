/* Every transition of a case's table is one transaction: whichever of its writes, or its commit, does not
 * happen, nothing has; and done again it leaves as many rows as one that was never disturbed. Hand-over has
 * two gateways: scenarios/test_handover.py. */
#include "kit_whole.h"

#include "core/handlers.h"

#define MiB (1u << 20)

typedef struct {
    house h;
    subject who[3]; /* a parent, a child, and one who is known by the municipality's own name */
    id16 ids[4];    /* the case, one that goes into it, one that is stopped, one that is not related */
    uint64_t now;
} room;

typedef struct {
    case_event event;
    const char *function;
    int at; /* of ids */
    void (*fill)(room *r, Sluis__ApiChangeCase *c);
} step;

static char *words[] = {(char *)(uintptr_t) "wmo", (char *)(uintptr_t) "wgs"},
            *domains[] = {(char *)(uintptr_t) "onderwijs"}, *problems[] = {(char *)(uintptr_t) "veiligheid"},
            *glass[] = {(char *)(uintptr_t) "school-naam"},
            *debts[] = {(char *)(uintptr_t) "wgs-totaal-schuldbedrag"};

static void scope(room *r, Sluis__ApiChangeCase *c)
{
    static Sluis__ApiScope s;
    (void)r;
    sluis__api_scope__init(&s);
    s.laws = words;
    s.n_laws = 2;
    s.domains = domains;
    s.n_domains = c->event[7] == 'v'; /* more than was chosen */
    s.problems = problems;
    s.n_problems = 1;
    c->scope = &s;
}

static void member(room *r, Sluis__ApiChangeCase *c)
{
    (void)r;
    c->member = 2;
    c->secret = true;
}

static void service(room *r, Sluis__ApiChangeCase *c)
{
    c->service = TEXT("begeleiding");
    c->status = TEXT("gepland");
    c->planned = r->now + DAY_MS;
}

static void coordinator(room *r, Sluis__ApiChangeCase *c)
{
    (void)r;
    c->coordinator = TEXT("gemeente");
    c->level = TEXT("licht");
}

static void number(room *r, Sluis__ApiChangeCase *c)
{
    (void)r;
    c->number = 1;
    c->granted = c->justified = true;
}

static void look_now(room *r, Sluis__ApiChangeCase *c)
{
    (void)r;
    c->member = 1;
    c->attributes = glass;
    c->n_attributes = 1;
}

static void look_light(room *r, Sluis__ApiChangeCase *c)
{
    (void)r;
    c->member = 1;
    c->law = TEXT("wgs");
    c->purpose = TEXT("gecoordineerde-aanpak");
    c->attributes = debts;
    c->n_attributes = 1;
}

static void other(room *r, Sluis__ApiChangeCase *c)
{
    c->other = data_of(r->ids[1].b, ID_LEN);
}

static void person(room *r, Sluis__ApiChangeCase *c)
{
    (void)r;
    c->member = 3;
    c->bsn = TEXT("999990032");
}

/* In an order in which each is possible; CASE_JOIN is CASE_GO_INTO of the other. */
static const step steps[] = {
    {CASE_CHOOSE_SCOPE, "consulent", 0, scope},
    {CASE_WIDEN_SCOPE, "regisseur", 0, scope},
    {CASE_CHANGE_MEMBER, "consulent", 0, member},
    {CASE_REPORT_SERVICE, "consulent", 0, service},
    {CASE_BREAK_GLASS, "consulent", 0, look_now},
    {CASE_REVIEW_GLASS, "teamleider", 0, number},
    {CASE_LINK_PERSON, "consulent", 0, person},
    {CASE_JOIN, "consulent", 0, other},
    {CASE_COORDINATE, "consulent", 0, coordinator},
    {CASE_NAME_COORDINATOR, "consulent", 0, coordinator},
    {CASE_ASK_LOOK, "consulent", 0, look_light},
    {CASE_DECIDE_LOOK, "regisseur", 0, number},
    {CASE_END_LOOK, "consulent", 0, number},
    {CASE_CLOSE, "consulent", 0, NULL},
    {CASE_STOP, "consulent", 2, NULL},
    {CASE_UNRELATE, "consulent", 3, NULL},
};
#define STEPS (sizeof steps / sizeof steps[0])

static void widen(turn *t, const id16 *id)
{
    Sluis__CaseRow *row = NULL;
    assert_int_equal(case_load(t->t, t->p->rows, id->b, t->arena, &row), SLUIS_OK);
    row->scope_laws = words;
    row->n_scope_laws = 2;
    assert_int_equal(case_save(t->t, t->p->rows, id->b, row), SLUIS_OK);
}

/* Four cases of the same household, each with a request that waits. */
static void furnish(room *r)
{
    const subject *all[] = {&r->who[0], &r->who[1], &r->who[2]};
    house_open(&r->h);
    r->now = HOUSE_MS;
    turn t = house_begin(&r->h, r->now, MiB);
    r->who[0] = house_subject(&r->h, t.t, "999990019");
    r->who[1] = house_subject(&r->h, t.t, "999990020");
    assert_int_equal(registry_subject_own(r->h.p.registry, t.t, "jz-2041", true, &r->who[2]), SLUIS_OK);
    for (size_t i = 0; i < 4; i++) {
        Sluis__RequestRow *q = NULL;
        r->ids[i] = people_case(&t, all, 3, "research", 0);
        widen(&t, &r->ids[i]);
        uuid tx = people_request(&t, &r->who[1], &r->ids[i]);
        assert_int_equal(turn_request_load(&t, tx.b, &q, NULL), SLUIS_OK);
        q->state = TEXT(request_state_name(REQUEST_OPEN));
        assert_int_equal(turn_request_save(&t, tx.b, q, &r->who[1]), SLUIS_OK);
    }
    house_commit(&r->h, &t);
}

static void leave(room *r)
{
    for (size_t i = 0; i < 3; i++)
        subject_close(&r->who[i]);
    house_close(&r->h);
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
    Sluis__ApiChangeCase c = SLUIS__API_CHANGE_CASE__INIT;
    job *j = house_call(&r->h, s->function, s->function);
    j->rules = rules_ref(t->rules);
    j->why = *why;
    c.case_id = data_of(r->ids[s->at].b, ID_LEN);
    c.event = TEXT(case_event_name(s->event));
    c.motivation = TEXT("nodig");
    if (s->fill)
        s->fill(r, &c);
    j->call->op_case = SLUIS__API_CALL__OP_CHANGE_CASE;
    j->call->change_case = &c;
    sluis_err e = apply_job(t, j);
    *why = j->why;
    job_free(&j);
    return e;
}

static whole_step step_of(taking *x)
{
    return (whole_step){
        .h = &x->r->h, .now = x->r->now, .ctx = x, .name = case_event_name(x->s->event), .apply = take};
}

/* Every event that a call asks for is in the list above. */
static void none_is_left_out(void **state)
{
    bool there[CASE_EVENTS] = {[CASE_ASK_INTERVENTIONS] =
                                   true,                  /* a request to each: scenarios/test_cases.py */
                               [CASE_GO_INTO] = true,     /* the other end of CASE_JOIN */
                               [CASE_HAND_OVER] = true,   /* scenarios/test_handover.py */
                               [CASE_TAKEN_OVER] = true}; /* ditto */
    (void)state;
    for (size_t i = 0; i < STEPS; i++)
        there[steps[i].event] = true;
    for (size_t i = 0; i < CASE_EVENTS; i++)
        if (!there[i])
            fail_msg("%s is not tried", case_event_name((case_event)i));
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
                     &refused); /* a case, an entry, a dossier, an event, the commit */
        r->now += 1000;
        calm->now = r->now;
    }
    assert_true(refused > STEPS);
    leave(r);
    leave(calm);
    free(r);
    free(calm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_left_out),
        cmocka_unit_test(whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
