/* The standard question on current and earlier interventions: one call, one request to each party of each law
 * in the case's scope, all of them or none. Each request is judged and kept as any other (handle_request). */
#include <stdlib.h>
#include <string.h>

#include "core/agreed.h"
#include "core/ask.h"
#include "core/asking.h"
#include "core/handlers.h"
#include "core/send.h"
#include "flow/api_out.h"

#define PARTIES_MAX  16 /* that one call asks */
#define OUT_OF_SCOPE "buiten-bereik"
#define NO_PARTY     "geen-partij"
#define NO_AGREEMENT "geen-convenant"

typedef struct {
    turn *t;
    job *j;
    const Sluis__ApiAskInterventions *in;
    Sluis__CaseRow *row;
    subject s;
    char *bsn;
    const party *to[PARTIES_MAX];
    uint32_t attributes[PARTIES_MAX][ATTRIBUTES_MAX];
    size_t attribute_count[PARTIES_MAX];
    uuid transaction[PARTIES_MAX];
    size_t count;
    Sluis__ApiNotAsked *not_asked[64]; /* as many as there can be laws */
    size_t not_asked_count;
} asking;

static sluis_err leave_out(asking *a, const char *law, const char *why)
{
    Sluis__ApiNotAsked *n = arena_alloc(a->t->arena, sizeof(*n));
    if (!n)
        return SLUIS_NOMEM;
    sluis__api_not_asked__init(n);
    n->law = (char *)(uintptr_t)law;
    n->reason = (char *)(uintptr_t)why;
    a->not_asked[a->not_asked_count++] = n;
    return SLUIS_OK;
}

static size_t question_of(const rules *r, const char *law, uint32_t out[static ATTRIBUTES_MAX])
{
    size_t n = 0;
    const attribute *at;
    for (size_t i = 0; n < ATTRIBUTES_MAX && (at = rules_attribute_at(r, i)); i++)
        if (at->intervention && strcmp(at->source, law) == 0)
            out[n++] = at->id;
    return n;
}

static bool agreed(asking *a, const party *to, uint32_t *ids, size_t n)
{
    Sluis__Core c = SLUIS__CORE__INIT;
    envelope env = {.core = &c};
    job probe = {.env = &env, .call = a->j->call};
    c.purpose = a->in->purpose;
    c.attributes = ids;
    c.n_attributes = n;
    return agreed_request(a->t, &probe, to, NULL) == SLUIS_OK;
}

/* What denies any of it; NULL: all of it is permitted. */
static const char *denied(asking *a, const party *to, const case_facts *facts, const uint32_t *ids, size_t n)
{
    policy_answer answers[ATTRIBUTES_MAX];
    policy_question q = {.application = a->j->claims.app,
                         .acting = &a->j->claims.oin,
                         .function = a->j->claims.function,
                         .domain = to->domain,
                         .asked = to->oin.s,
                         .phase = facts->phase,
                         .purpose = a->in->purpose,
                         .legal_basis = a->in->legal_basis,
                         .attributes = ids,
                         .attribute_count = n,
                         .at = a->t->now};
    policy_decide(a->t->rules, &q, facts, answers);
    for (size_t i = 0; i < n; i++)
        if (!answers[i].permit)
            return answers[i].rule;
    return NULL;
}

static sluis_err add_law(asking *a, const char *law, sluis_fail *f)
{
    case_facts facts = case_facts_about(a->row, &a->s.sid);
    uint32_t ids[ATTRIBUTES_MAX];
    size_t n = question_of(a->t->rules, law, ids), before = a->count;
    const party *p;
    const char *why = n ? NO_PARTY : "geen-vraag";
    for (size_t i = 0; n && (p = directory_at(a->t->dir, i)); i++) {
        if (strcmp(p->domain, law) != 0)
            continue;
        const char *rule = denied(a, p, &facts, ids, n);
        if (rule || send_check(a->t, &p->oin, "partij", NULL, NULL)) {
            why = !rule ? NO_PARTY : strcmp(rule, "scope") == 0 ? OUT_OF_SCOPE : rule;
            continue;
        }
        if (!agreed(a, p, ids, n)) {
            why = NO_AGREEMENT;
            continue;
        }
        if (a->count == PARTIES_MAX)
            return fail_set(f, SLUIS_TOO_BIG, "partijen", "meer dan %d partijen: kies partijen in het bereik",
                            PARTIES_MAX);
        memcpy(a->attributes[a->count], ids, n * sizeof(*ids));
        a->attribute_count[a->count] = n;
        a->to[a->count++] = p;
    }
    return a->count > before ? SLUIS_OK : leave_out(a, law, why);
}

static sluis_err ask_one(asking *a, size_t i, sluis_fail *f)
{
    const question q = {.case_id = a->in->case_id.data,
                        .phase = case_facts_of(a->row).phase,
                        .bsn = a->bsn,
                        .purpose = a->in->purpose,
                        .legal_basis = a->in->legal_basis,
                        .motivation = a->in->motivation,
                        .necessity = a->in->problem,
                        .attributes = a->attributes[i],
                        .attribute_count = a->attribute_count[i],
                        .answer_by = a->in->answer_by};
    return ask_party(a->t, a->j, &q, a->to[i], &a->transaction[i], f);
}

static sluis_err reply(asking *a)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiInterventions out = SLUIS__API_INTERVENTIONS__INIT;
    Sluis__ApiRequestState *all = arena_alloc(a->t->arena, a->count * sizeof(*all));
    out.requests = arena_alloc(a->t->arena, a->count * sizeof(*out.requests));
    sluis_err e = all && out.requests ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < a->count; i++) {
        Sluis__RequestRow *row = NULL;
        e = turn_request_load(a->t, a->transaction[i].b, &row, NULL);
        if (!e)
            e = api_request_fill(&all[i], a->t->arena, a->t->rules, a->transaction[i].b, row);
        out.requests[out.n_requests++] = &all[i];
    }
    out.not_asked = a->not_asked;
    out.n_not_asked = a->not_asked_count;
    r.call = a->j->call->call;
    r.status = 202;
    r.result_case = SLUIS__API_REPLY__RESULT_INTERVENTIONS;
    r.interventions = &out;
    return e ? e : wire_pack(&a->j->reply, &r.base);
}

/* The case, its member, and the person's number as the register has it. */
static sluis_err find_member(asking *a, sluis_fail *f)
{
    const Sluis__ApiAskInterventions *in = a->in;
    case_state state, next;
    id16 sid;
    sluis_err e = in->case_id.len == ID_LEN
                      ? case_load(a->t->t, a->t->p->rows, in->case_id.data, a->t->arena, &a->row)
                      : SLUIS_NOT_FOUND;
    if (!e && strcmp(a->row->owner, a->j->claims.oin.s) != 0)
        e = SLUIS_NOT_FOUND;
    if (e)
        return fail_set(f, e, "", "%s", error_text(e));
    e = case_state_parse(&state, a->row->phase);
    if (!e)
        e = case_step(state, CASE_ASK_INTERVENTIONS, case_coordination(a->row, a->t->rules), &next, f);
    if (!e && case_member(a->row, in->member, &sid))
        e = fail_set(f, SLUIS_INVALID, "lid", "dit lid is er niet");
    if (!e)
        e = registry_subject_by_sid(a->t->p->registry, a->t->t, &sid, &a->s);
    if (!e)
        e = registry_bsn(a->t->p->registry, a->t->t, &a->s, a->t->arena, &a->bsn);
    return e == SLUIS_NOT_FOUND ? fail_set(f, SLUIS_CONFLICT, "lid", NO_NUMBER) : e;
}

static sluis_err check_call(asking *a, sluis_fail *f)
{
    const Sluis__ApiAskInterventions *in = a->in;
    const job *j = a->j;
    if (!policy_may(a->t->rules, ACT_CHANGE_CASE, j->claims.app, j->claims.function, a->t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie interventies-vragen");
    sluis_err e = asking_words(in->motivation, "motivering", "schrijf waarom", f);
    if (e)
        return e;
    if (!rules_is_problem(a->t->rules, in->problem))
        return fail_set(f, SLUIS_INVALID, "probleem", "dit is geen probleem van purposes.conf");
    return asking_purpose(a->t, in->purpose, in->legal_basis, f);
}

static sluis_err plan(asking *a, sluis_fail *f)
{
    case_facts facts = case_facts_of(a->row);
    const char *law;
    if (!policy_problem_in_scope(&facts, a->in->problem))
        return fail_set(f, SLUIS_DENIED, "probleem",
                        "dit probleem valt buiten het bereik dat de cliënt koos");
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && (law = rules_law_at(a->t->rules, i)); i++)
        e = add_law(a, law, f);
    if (!e && !a->count)
        e = fail_set(f, SLUIS_DENIED, "bereik", "geen enkele wet kan worden gevraagd; %s: %s",
                     a->not_asked[0]->law, a->not_asked[0]->reason);
    return e;
}

sluis_err handle_ask_interventions(turn *t, job *j, sluis_fail *f)
{
    asking *a = arena_alloc(t->arena, sizeof(*a));
    Sluis__Record r;
    if (!a)
        return fail_set(f, SLUIS_NOMEM, "interventies", "%s", error_text(SLUIS_NOMEM));
    memset(a, 0, sizeof(*a));
    a->t = t;
    a->j = j;
    a->in = j->call->ask_interventions;
    sluis_err e = check_call(a, f);
    if (!e)
        e = find_member(a, f);
    if (!e)
        e = plan(a, f);
    for (size_t i = 0; !e && i < a->count; i++) {
        e = ask_one(a, i, f);
        if (e && i) /* the first is written: the whole turn is to be undone, whatever the reason */
            e = SLUIS_INTERNAL;
    }
    if (!e) {
        api_record(j, SLUIS__RECORD_TYPE__R_CASE, a->in->case_id.data, &r);
        e = turn_event(t, case_event_done(CASE_ASK_INTERVENTIONS), &r, a->in->problem);
    }
    if (!e)
        e = reply(a);
    subject_close(&a->s);
    return e;
}
