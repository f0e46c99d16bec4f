/* KNOWN_QUERY, KNOWN_ANSWER: is this person known to you? It discloses nothing else: no datum is asked, and
 * the answer is yes or no. Kept as a request without attributes. */
#include <string.h>

#include "base/clock.h"
#include "core/about.h"
#include "core/agreed.h"
#include "core/asking.h"
#include "core/deadline.h"
#include "core/handlers.h"
#include "core/send.h"
#include "flow/api_out.h"
#include "wire/messages.h"

typedef struct {
    turn *t;
    const job *j;
    const Sluis__ApiAskKnown *in;
    Sluis__CaseRow *row;
    subject s;
    const party *to;
    char *bsn;
    char *rule;
} asking;

static sluis_err check_words(const asking *a, sluis_fail *f)
{
    sluis_err e =
        asking_words(a->in->motivation, "motivering", "schrijf waarom dit voor deze zaak nodig is", f);
    if (e)
        return e;
    return asking_purpose(a->t, a->in->purpose, a->in->legal_basis, f);
}

static sluis_err find_person(asking *a, sluis_fail *f)
{
    turn *t = a->t;
    id16 sid;
    sluis_err e = a->in->case_id.len == ID_LEN
                      ? case_load(t->t, t->p->rows, a->in->case_id.data, t->arena, &a->row)
                      : SLUIS_NOT_FOUND;
    if (e == SLUIS_NOT_FOUND ||
        (!e && (!case_is_open(a->row) || strcmp(a->row->owner, a->j->claims.oin.s) != 0)))
        return fail_set(f, SLUIS_NO_CASE, "zaakId", "er is geen open zaak met dit kenmerk: open die eerst");
    if (!e && case_member(a->row, a->in->member, &sid))
        return fail_set(f, SLUIS_INVALID, "lid", "dit lid is er niet");
    if (!e)
        e = registry_subject_by_sid(t->p->registry, t->t, &sid, &a->s);
    if (!e)
        e = registry_bsn(t->p->registry, t->t, &a->s, t->arena, &a->bsn);
    return e == SLUIS_NOT_FOUND ? fail_set(f, SLUIS_CONFLICT, "lid", NO_NUMBER) : e;
}

static sluis_err check_policy(asking *a, sluis_fail *f)
{
    turn *t = a->t;
    case_facts facts = case_facts_about(a->row, &a->s.sid);
    oin to;
    policy_question q = {.application = a->j->claims.app,
                         .acting = &a->j->claims.oin,
                         .function = a->j->claims.function,
                         .asked = a->in->party,
                         .phase = facts.phase,
                         .purpose = a->in->purpose,
                         .legal_basis = a->in->legal_basis,
                         .at = t->now};
    if (oin_parse(&to, a->in->party, strlen(a->in->party)))
        return fail_set(f, SLUIS_INVALID, "partij", "een OIN heeft 20 tekens");
    sluis_err e = send_check(t, &to, "partij", &a->to, f);
    if (e)
        return e;
    q.domain = a->to->domain;
    policy_answer answer = policy_may_ask(t->rules, &q, &facts);
    if (!answer.permit)
        return asking_denied(a->j, "partij", answer.rule, f);
    a->rule = (char *)(uintptr_t)answer.rule;
    return agreed_purpose(t, a->to, a->in->purpose, f);
}

static void fill(asking *a, const uuid *transaction, Sluis__Core *c, Sluis__Record *r)
{
    sluis__core__init(c);
    c->transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction->b};
    c->kind = SLUIS__KIND__KNOWN_QUERY;
    c->application = (char *)(uintptr_t)a->j->claims.app;
    c->function = (char *)(uintptr_t)a->j->claims.function;
    c->employee = (char *)(uintptr_t)a->j->claims.employee;
    c->origin = SLUIS__ORIGIN__API;
    c->case_id = a->in->case_id;
    c->phase = case_facts_of(a->row).phase;
    c->legal_basis = a->in->legal_basis;
    c->purpose = a->in->purpose;
    c->expires = a->t->now + message_kind_of(c->kind)->max_lifetime_ms;
    api_record(a->j, SLUIS__RECORD_TYPE__R_MESSAGE, a->in->case_id.data, r);
    r->phase = c->phase;
    r->legal_basis = c->legal_basis;
    r->purpose = c->purpose;
    r->decision = (char *)(uintptr_t) "permit";
    r->rules = &a->rule;
    r->n_rules = 1;
}

/* What is kept of the question, once its own entry is written. */
static sluis_err keep(turn *t, const subject *s, const party *to, const uint8_t *transaction,
                      const Sluis__RequestRow *row, const char *why, const Sluis__Record *r)
{
    sluis_err e = turn_request_file(t, transaction, row, s);
    if (!e)
        e = deadline_begin(t, transaction, row, to->domain);
    if (!e)
        e = turn_dossier(t, s, row->case_id.data, why, NULL, 0);
    return e ? e : turn_event(t, "known-asked", r, NULL);
}

static sluis_err write_query(asking *a, job *j, sluis_fail *f)
{
    turn *t = a->t;
    Sluis__Core c;
    Sluis__Record r;
    Sluis__RequestRow row;
    Sluis__KnownQueryBody body = SLUIS__KNOWN_QUERY_BODY__INIT;
    Sluis__Subject person = SLUIS__SUBJECT__INIT;
    uint8_t mh[HASH_LEN];
    uuid transaction = uuid_new(t->now);
    fill(a, &transaction, &c, &r);
    asking_row(t, &c, a->j->claims.oin.s, a->to, a->in->member, &a->s.sid, &row);
    row.kind = SLUIS__KIND__KNOWN_QUERY;
    person.bsn = a->bsn;
    body.subject = &person;
    r.subject = row.sid;
    sluis_err e = deadline_of(t, &c, a->to->domain, 0, &row.answer_by, f);
    if (!e)
        e = send_message(t, &c, &body.base, a->to, row.expires - t->now, &r, mh);
    row.message_hash = (ProtobufCBinaryData){HASH_LEN, mh};
    r.transaction = c.transaction;
    if (!e)
        e = keep(t, &a->s, a->to, transaction.b, &row, a->in->motivation, &r);
    return e ? e : api_out_request(&j->reply, j->call->call, 202, t->rules, transaction.b, &row);
}

sluis_err handle_ask_known(turn *t, job *j, sluis_fail *f)
{
    asking a = {.t = t, .j = j, .in = j->call->ask_known};
    sluis_err e = check_words(&a, f);
    if (!e)
        e = find_person(&a, f);
    if (!e)
        e = check_policy(&a, f);
    if (!e)
        e = write_query(&a, j, f);
    subject_close(&a.s);
    return e;
}

/* ---- the same over the bus ---- */

static sluis_err check_message(turn *t, const job *j, const Sluis__KnownQueryBody *b, const party **to,
                               sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    if (c->n_recipients != 2 || !b)
        return fail_set(f, SLUIS_INVALID, "core.recipients",
                        "the question is sealed to one party and the registry");
    if (c->n_attributes)
        return fail_set(f, SLUIS_INVALID, "core.attributes",
                        "it asks for no data, only whether the person is known");
    if (!b->subject || !bsn_valid(b->subject->bsn, strlen(b->subject->bsn)))
        return fail_set(f, SLUIS_INVALID, "body.subject.bsn",
                        "nine digits that pass the eleven-test are needed");
    if (bsn_is_test(b->subject->bsn) != t->p->settings->test_mode)
        return fail_set(f, SLUIS_MODE, "body.subject.bsn", "test and real persons do not mix");
    sluis_err e = asking_motivation(b->motivation, f);
    if (e)
        return e;
    bool first_is_registry = memcmp(c->recipients[0]->oin, t->p->settings->oin.s, OIN_LEN) == 0;
    return asking_party(t, c->recipients[first_is_registry ? 1 : 0], to, f);
}

static sluis_err check_rules(turn *t, const job *j, const Sluis__CaseRow *row, const id16 *sid,
                             const party *to, char **rule, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    case_facts facts = case_facts_about(row, sid);
    policy_question q = {.application = c->application,
                         .acting = asking_acting(j),
                         .function = c->function,
                         .domain = to->domain,
                         .asked = to->oin.s,
                         .phase = c->phase,
                         .purpose = c->purpose,
                         .legal_basis = c->legal_basis,
                         .at = t->now};
    policy_answer answer = policy_may_ask(t->rules, &q, &facts);
    if (!answer.permit)
        return asking_denied(j, "core.recipients", answer.rule, f);
    *rule = (char *)(uintptr_t)answer.rule;
    return agreed_between(t, j, to, true, f);
}

static sluis_err write_message(turn *t, job *j, const party *to, Sluis__RequestRow *row, const subject *s,
                               char *rule)
{
    const Sluis__Core *c = j->env->core;
    Sluis__Record r;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    r.decision = (char *)(uintptr_t) "permit";
    r.rules = &rule;
    r.n_rules = 1;
    r.subject = row->sid;
    row->message_hash = (ProtobufCBinaryData){HASH_LEN, j->env->mh};
    sluis_err e = turn_journal(t, &r);
    if (!e)
        e = keep(t, s, to, c->transaction.data, row, ((const Sluis__KnownQueryBody *)j->body)->motivation,
                 &r);
    return e ? e : turn_deliver(t, j, &to->oin);
}

sluis_err handle_known_query(turn *t, job *j, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__KnownQueryBody *b = (const Sluis__KnownQueryBody *)j->body;
    const party *to = NULL;
    Sluis__CaseRow *row = NULL;
    Sluis__RequestRow kept, *there = NULL;
    subject s = {0};
    uint32_t member = 0;
    char *rule = NULL;
    sluis_err e = asking_application(t, j, f);
    if (!e)
        e = check_message(t, j, b, &to, f);
    if (!e)
        e = asking_case(t, j, &row, f);
    if (!e)
        e = asking_member(t, row, b->subject->bsn, &s, &member, f);
    if (!e)
        e = check_rules(t, j, row, &s.sid, to, &rule, f);
    if (!e && turn_request_load(t, c->transaction.data, &there, NULL) != SLUIS_NOT_FOUND)
        e = fail_set(f, SLUIS_CONFLICT, "core.transaction", "this transaction has its request already");
    if (!e) {
        asking_row(t, c, asking_acting(j)->s, to, member, &s.sid, &kept);
        kept.kind = SLUIS__KIND__KNOWN_QUERY;
        e = deadline_of(t, c, to->domain, 0, &kept.answer_by, f);
    }
    if (!e)
        e = write_message(t, j, to, &kept, &s, rule);
    subject_close(&s);
    return e;
}

sluis_err handle_known_answer(turn *t, job *j, sluis_fail *f)
{
    const Sluis__KnownAnswerBody *b = (const Sluis__KnownAnswerBody *)j->body;
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    Sluis__Record r;
    sluis_err e = about_request(t, j, ABOUT_PARTY, &row, &s, f);
    if (!e)
        e = about_answers_request(j, row, f);
    if (!e && row->kind != SLUIS__KIND__KNOWN_QUERY)
        e = fail_set(f, SLUIS_NOT_ASKED, "core.answers", "data were asked, not whether the person is known");
    if (!e)
        e = about_to_requester(t, j, row, f);
    if (!e)
        e = about_waits(j, row, f);
    if (!e)
        e = agreed_about(t, j, row, f);
    if (!e) {
        about_record(t, j, row, &r);
        e = turn_journal(t, &r);
        row->state = (char *)(uintptr_t)request_state_name(REQUEST_ANSWERED);
        row->answered = t->now;
        row->known_there = b->known ? 1 : 2;
    }
    if (!e)
        e = turn_request_save(t, j->env->core->transaction.data, row, &s);
    if (!e)
        e = turn_dossier(t, &s, row->case_id.data, NULL, NULL, 0);
    if (!e)
        e = turn_event(t, "known-answered", &r, NULL);
    if (!e)
        e = about_deliver_to_requester(t, j, row, NULL);
    subject_close(&s);
    return e;
}
