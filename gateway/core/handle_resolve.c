/* What sources say differently, resolved by someone: accept the other statement, keep the current one, or ask
 * the source that the catalogue names. Both statements are named by the entries that brought them: when
 * either changed since they were read, nothing happens (CONFLICT). */
#include <string.h>

#include "core/about.h"
#include "core/ask.h"
#include "core/asking.h"
#include "core/handlers.h"
#include "core/send.h"
#include "core/settle.h"
#include "wire/envelope.h"

typedef struct {
    turn *t;
    const job *j;
    const Sluis__ApiResolve *in;
    Sluis__CaseRow *row;
    subject s;
    const attribute *a;
    datum d;
    const datum_beside *b;
    settlement settled;
    uuid transaction; /* ask: of the request */
    bool asked;
} resolving;

static sluis_err decide_accept(resolving *x)
{
    return settle_accept(x->t, &x->settled, &x->s, x->a->id, &x->d, x->b);
}

static sluis_err decide_keep(resolving *x)
{
    return settle_drop(x->t, &x->settled, &x->s, x->a->id, &x->d, x->b, SETTLED_KEPT);
}

static sluis_err decide_ask(resolving *x)
{
    return registry_asked(x->t->t, &x->s, x->a->id, &x->d, x->b, x->transaction.b);
}

/* The request goes first: it may be refused, and then nothing is written. */
static sluis_err ask_source(resolving *x, sluis_fail *f)
{
    const Sluis__ApiResolve *in = x->in;
    const party *to = NULL;
    char *bsn = NULL;
    oin o;
    sluis_err e = asking_purpose(x->t, in->purpose, in->legal_basis, f);
    if (e)
        return e;
    if (oin_parse(&o, in->party, strlen(in->party)))
        return fail_set(f, SLUIS_INVALID, "partij", "een OIN heeft 20 tekens");
    e = send_check(x->t, &o, "partij", &to, f);
    if (!e && strcmp(to->domain, x->a->source) != 0)
        e = fail_set(f, SLUIS_DENIED, "partij", "de bron van dit gegeven is het domein %s", x->a->source);
    if (!e)
        e = registry_bsn(x->t->p->registry, x->t->t, &x->s, x->t->arena, &bsn);
    if (e == SLUIS_NOT_FOUND)
        e = fail_set(f, SLUIS_CONFLICT, "lid", NO_NUMBER);
    const question q = {.case_id = in->case_id.data,
                        .phase = case_facts_of(x->row).phase,
                        .bsn = bsn,
                        .purpose = in->purpose,
                        .legal_basis = in->legal_basis,
                        .motivation = in->motivation,
                        .necessity = in->motivation,
                        .attributes = &x->a->id,
                        .attribute_count = 1};
    if (!e)
        e = ask_party(x->t, x->j, &q, to, &x->transaction, f);
    x->asked = !e;
    return e;
}

static const struct {
    const char *name, *done;
    sluis_err (*first)(resolving *, sluis_fail *); /* NULL: nothing */
    sluis_err (*decide)(resolving *);              /* under the decision's entry */
} decisions[] = {
    {"accept", "discrepancy-accepted", NULL, decide_accept},
    {"keep", "discrepancy-kept", NULL, decide_keep},
    {"ask", "discrepancy-asked", ask_source, decide_ask},
};
#define DECISIONS (sizeof decisions / sizeof decisions[0])

static sluis_err check_call(const resolving *x, sluis_fail *f)
{
    const job *j = x->j;
    if (!policy_may(x->t->rules, ACT_RESOLVE, j->claims.app, j->claims.function, x->t->now))
        return fail_set(f, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een discrepantie oplossen");
    return asking_words(x->in->motivation, "motivering", "schrijf waarom", f);
}

/* What the caller does not see in a view does not exist. */
static sluis_err find(resolving *x, sluis_fail *f)
{
    const Sluis__ApiResolve *in = x->in;
    turn *t = x->t;
    const id16 instance = instance_of(in->instance);
    sluis_err e = about_member(t, x->j, in->case_id, in->member, false, &x->row, &x->s, f);
    if (!e && (!case_is_open(x->row) || !case_member_of(x->row, &x->s.sid)))
        e = fail_set(f, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    if (e)
        return e;
    case_facts facts = case_facts_about(x->row, &x->s.sid);
    const view *v = policy_view(t->rules, x->j->claims.app, x->j->claims.function, &facts, t->now);
    x->a = rules_attribute_named(t->rules, in->attribute);
    e = x->a && v && policy_shows(t->rules, v, &facts, x->a->id)
            ? registry_get(t->p->registry, t->t, &x->s, x->a->id, &instance, t->arena, &x->d)
            : SLUIS_NOT_FOUND;
    return e ? fail_set(f, e, "", "%s", error_text(e)) : SLUIS_OK;
}

/* The statements are still those that were read, and may be heard in this case. */
static sluis_err check_statements(resolving *x, sluis_fail *f)
{
    const datum_use use = turn_use(x->t, x->in->case_id.data, x->row, x->j->claims.app);
    x->b = x->d.beside;
    while (x->b && x->b->row->journal_index != x->in->statement)
        x->b = x->b->next;
    if (!x->b || x->d.row->journal_index != x->in->current)
        return fail_set(f, SLUIS_CONFLICT, "anders",
                        "het register is intussen veranderd: lees de discrepanties opnieuw");
    return datum_may_be_told(x->t->rules, x->a, x->d.row, &use) &&
                   datum_may_serve(x->t->rules, x->a, x->b->row, &use)
               ? SLUIS_OK
               : fail_set(f, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
}

static sluis_err reply(resolving *x, job *j, const char *done)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiDecision d = SLUIS__API_DECISION__INIT;
    d.decision = (char *)(uintptr_t)done;
    d.number = x->t->entry.index;
    if (x->asked)
        d.transaction = (ProtobufCBinaryData){UUID_LEN, x->transaction.b};
    r.call = j->call->call;
    r.status = 200;
    r.result_case = SLUIS__API_REPLY__RESULT_DECISION;
    r.decision = &d;
    return wire_pack(&j->reply, &r.base);
}

static sluis_err write(resolving *x, size_t i)
{
    turn *t = x->t;
    Sluis__Record r;
    uint32_t id = x->a->id;
    api_record(x->j, SLUIS__RECORD_TYPE__R_CASE, x->in->case_id.data, &r);
    r.phase = case_facts_of(x->row).phase;
    r.decision = (char *)(uintptr_t)decisions[i].done;
    r.attributes = &id;
    r.n_attributes = 1;
    r.subject = (ProtobufCBinaryData){ID_LEN, x->s.sid.b};
    if (x->asked)
        r.transaction = (ProtobufCBinaryData){UUID_LEN, x->transaction.b};
    settlement_begin(&x->settled, x->in->case_id.data, x->in->motivation);
    sluis_err e = turn_journal(t, &r);
    if (!e)
        e = decisions[i].decide(x);
    if (!e)
        e = settlement_write(t, &x->settled, &x->s);
    if (!e)
        e = turn_dossier(t, &x->s, x->in->case_id.data, x->in->motivation, NULL, 0);
    return e ? e : turn_event(t, decisions[i].done, &r, x->a->name);
}

sluis_err handle_resolve(turn *t, job *j, sluis_fail *f)
{
    resolving x = {.t = t, .j = j, .in = j->call->resolve};
    size_t i = 0;
    while (i < DECISIONS && strcmp(decisions[i].name, x.in->decision) != 0)
        i++;
    sluis_err e = i < DECISIONS
                      ? check_call(&x, f)
                      : fail_set(f, SLUIS_INVALID, "besluit", "schrijf overnemen, behouden of navragen");
    if (!e)
        e = find(&x, f);
    if (!e)
        e = check_statements(&x, f);
    if (!e && decisions[i].first)
        e = decisions[i].first(&x, f);
    if (!e)
        e = write(&x, i);
    if (!e)
        e = reply(&x, j, decisions[i].done);
    subject_close(&x.s);
    return e;
}
