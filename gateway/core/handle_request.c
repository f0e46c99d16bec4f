/* REQUEST: one motivated question about one person of one case, to one party. */
#include <string.h>

#include "cases/cases.h"
#include "core/asking.h"
#include "flow/api_out.h"
#include "core/agreed.h"
#include "core/deadline.h"
#include "core/from_register.h"
#include "core/handlers.h"
#include "core/passed_on.h"

#define GIVEN_MAX 8 /* data handed to the party with a request */

/* The one party asked: every recipient but the registry; exactly one, and the registry itself as well. */
static sluis_err asked_party(turn *t, const job *j, const party **out, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    if (c->n_recipients != 2 || !envelope_addressed_to(j->env, &t->p->settings->oin))
        return fail_set(f, SLUIS_INVALID, "core.recipients",
                        "a request is sealed to one party and the registry");
    bool first_is_registry = memcmp(c->recipients[0]->oin, t->p->settings->oin.s, OIN_LEN) == 0;
    return asking_party(t, c->recipients[first_is_registry ? 1 : 0], out, f);
}

static sluis_err check_body(turn *t, const job *j, const Sluis__RequestBody *b, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    sluis_err e = asking_motivation(b->motivation, f);
    if (e)
        return e;
    if (!b->subject || !bsn_valid(b->subject->bsn, strlen(b->subject->bsn)))
        return fail_set(f, SLUIS_INVALID, "body.subject.bsn",
                        "nine digits that pass the eleven-test are needed");
    if (bsn_is_test(b->subject->bsn) != t->p->settings->test_mode)
        return fail_set(f, SLUIS_MODE, "body.subject.bsn", "test and real persons do not mix");
    bool same = b->n_asks == c->n_attributes;
    for (size_t i = 0; same && i < b->n_asks; i++) {
        same = b->asks[i]->attribute == c->attributes[i];
        if (motivation_blank(b->asks[i]->necessity))
            return fail_set(f, SLUIS_NO_MOTIVATION, j->call ? "noodzaak" : "body.asks",
                            j->call ? "schrijf van elk gegeven waarom het nodig is"
                                    : "say of each datum why it is necessary");
    }
    if (!same)
        return fail_set(f, SLUIS_INVALID, "body.asks", "must list the header's attributes, in their order");
    for (size_t i = 0; i < c->n_attributes; i++)
        if (!rules_attribute(t->rules, c->attributes[i]))
            return fail_set(f, SLUIS_INVALID, "core.attributes", "attribute %u is not in the catalogue",
                            c->attributes[i]);
    return SLUIS_OK;
}

/* Every attribute must be permitted: what is not necessary is not asked. */
static sluis_err check_policy(turn *t, const job *j, const party *to, const Sluis__CaseRow *row,
                              const id16 *sid, Sluis__Record *r, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const oin *acting = asking_acting(j);
    case_facts facts = case_facts_about(row, sid);
    policy_question q = {.application = c->application,
                         .acting = acting,
                         .function = c->function,
                         .domain = to->domain,
                         .asked = to->oin.s,
                         .phase = c->phase,
                         .purpose = c->purpose,
                         .legal_basis = c->legal_basis,
                         .attributes = c->attributes,
                         .attribute_count = c->n_attributes,
                         .at = t->now};
    policy_answer answers[ATTRIBUTES_MAX];
    policy_decide(t->rules, &q, &facts, answers);
    r->rules = arena_alloc(t->arena, c->n_attributes * sizeof(char *));
    r->by_person = arena_alloc(t->arena, c->n_attributes * sizeof(uint32_t));
    if (!r->rules || !r->by_person)
        return fail_set(f, SLUIS_NOMEM, "policy", "out of memory");
    for (size_t i = 0; i < c->n_attributes; i++) {
        if (!answers[i].permit)
            return asking_denied(j, rules_attribute(t->rules, c->attributes[i])->name, answers[i].rule, f);
        size_t known = 0;
        while (known < r->n_rules && strcmp(r->rules[known], answers[i].rule) != 0)
            known++;
        if (known == r->n_rules)
            r->rules[r->n_rules++] = (char *)(uintptr_t)answers[i].rule;
        if (answers[i].obligations & OBLIGE_RELEASE_BY_PERSON)
            r->by_person[r->n_by_person++] = c->attributes[i];
    }
    return SLUIS_OK;
}

/* What the party is handed so that it can answer: no more than who asks may see itself, and nothing
 * sensitive. */
static sluis_err check_given(turn *t, const job *j, const Sluis__RequestBody *b, const Sluis__CaseRow *row,
                             const id16 *sid, sluis_fail *f)
{
    if (b->n_given == 0)
        return SLUIS_OK;
    case_facts facts = case_facts_about(row, sid);
    const view *v = policy_view(t->rules, j->env->core->application, j->env->core->function, &facts, t->now);
    if (b->n_given > GIVEN_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "body.given", "at most %d", GIVEN_MAX);
    for (size_t i = 0; i < b->n_given; i++) {
        const attribute *a = rules_attribute(t->rules, b->given[i]->attribute);
        if (!a || a->id == ATTRIBUTE_BSN)
            return fail_set(f, SLUIS_INVALID, j->call ? "meegegeven" : "body.given",
                            j->call ? "gegeven %u wordt nooit meegegeven"
                                    : "attribute %u cannot be handed over",
                            b->given[i]->attribute);
        if ((a->category != CATEGORY_ORDINARY && a->category != CATEGORY_IDENTIFICATION) ||
            !policy_shows(t->rules, v, &facts, a->id))
            return fail_set(f, SLUIS_DENIED, a->name, "%s",
                            j->call ? "niet mee te geven: gevoelig, of niet in de eigen weergave"
                                    : "not handed over: sensitive, or not in the asker's own view");
        sluis_err e = attribute_check_value(a, b->given[i]->value, j->call != NULL, f);
        if (e)
            return e;
    }
    return SLUIS_OK;
}

static void fill_row(turn *t, const job *j, const party *to, uint32_t member, const id16 *sid,
                     const register_split *split, Sluis__RequestRow *row)
{
    const Sluis__Core *c = j->env->core;
    asking_row(t, c, asking_acting(j)->s, to, member, sid, row);
    row->message_hash = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)j->env->mh};
    row->n_attributes = split->asked_count;
    row->attributes = (uint32_t *)(uintptr_t)split->asked; /* protobuf-c knows no const */
    row->n_known = split->known_count;
    row->known = (uint32_t *)(uintptr_t)split->known;
    if (j->request) {
        row->known = j->request->known;
        row->n_known = j->request->known_count;
    }
}

/* Nothing is left to ask: the party hears nothing of it, and nobody can say more about it. */
static sluis_err write_answered(turn *t, job *j, const party *to, const subject *s,
                                const register_split *split, Sluis__RequestRow *row)
{
    row->message_hash = (ProtobufCBinaryData){0, NULL};
    row->n_attributes = split->known_count;
    row->attributes = row->known;
    row->n_known = 0;
    row->state = (char *)(uintptr_t)request_state_name(REQUEST_ANSWERED);
    row->answered = t->now;
    sluis_err e = from_register_results(t, split->known, split->known_count, row);
    if (!e)
        e = turn_request_file(t, j->env->core->transaction.data, row, s);
    return e ? e : from_register_answer(t, j, s, to, split);
}

/* What is left to ask goes to the party: in the message itself, or in one of the gateway's own. */
static sluis_err write_asked(turn *t, job *j, const party *to, const subject *s, const register_split *split,
                             Sluis__RequestRow *row, const Sluis__Record *r)
{
    const uint8_t *transaction = j->env->core->transaction.data;
    sluis_err e = SLUIS_OK;
    if (split->known_count && !j->call) {
        row->asked_hash = row->message_hash;
        row->message_hash.data = arena_alloc(t->arena, HASH_LEN);
        e = row->message_hash.data ? passed_on_request(t, j, row, r, to, row->message_hash.data)
                                   : SLUIS_NOMEM;
    } else {
        e = turn_deliver(t, j, &to->oin);
    }
    if (!e)
        e = turn_request_file(t, transaction, row, s);
    if (!e)
        e = deadline_begin(t, transaction, row, to->domain);
    if (!e && passed_on(row))
        e = from_register_answer(t, j, s, to, split);
    return e;
}

static sluis_err write_request(turn *t, job *j, const party *to, const subject *s,
                               const register_split *split, Sluis__RequestRow *row, Sluis__Record *r)
{
    const Sluis__Core *c = j->env->core;
    r->decision = (char *)(uintptr_t) "permit";
    r->subject = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)s->sid.b};
    sluis_err e = turn_journal(t, r);
    if (!e)
        e = turn_dossier(t, s, c->case_id.data, ((const Sluis__RequestBody *)j->body)->motivation, NULL, 0);
    if (!e && split->asked_count)
        e = turn_event(t, "request-filed", r, NULL);
    if (!e)
        e = split->asked_count ? write_asked(t, j, to, s, split, row, r)
                               : write_answered(t, j, to, s, split, row);
    if (!e && j->call)
        e = api_out_request(&j->reply, j->call->call, 202, t->rules, c->transaction.data, row);
    return e;
}

sluis_err handle_request(turn *t, job *j, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__RequestBody *b = (const Sluis__RequestBody *)j->body;
    const party *to = NULL;
    Sluis__CaseRow *row = NULL;
    Sluis__RequestRow *there = NULL, asked;
    Sluis__Record r;
    subject s = {0};
    uint32_t member = 0;
    uint64_t answer_by = 0;
    register_split split = {0};

    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    sluis_err e = asking_application(t, j, f);
    if (!e)
        e = asked_party(t, j, &to, f);
    if (!e)
        e = check_body(t, j, b, f);
    if (!e)
        e = asking_case(t, j, &row, f);
    if (!e)
        e = asking_member(t, row, b->subject->bsn, &s, &member, f);
    if (!e)
        e = check_policy(t, j, to, row, &s.sid, &r, f);
    if (!e)
        e = check_given(t, j, b, row, &s.sid, f);
    if (!e)
        e = agreed_request(t, j, to, f);
    if (!e)
        e = deadline_of(t, c, to->domain, b->answer_by, &answer_by, f);
    if (!e && turn_request_load(t, c->transaction.data, &there, NULL) != SLUIS_NOT_FOUND)
        e = fail_set(f, SLUIS_CONFLICT, "core.transaction", "this transaction has its request already");
    if (!e)
        e = from_register_split(t, j, row, &s, &split);
    if (!e) {
        fill_row(t, j, to, member, &s.sid, &split, &asked);
        asked.answer_by = answer_by;
        e = write_request(t, j, to, &s, &split, &asked, &r);
    }
    subject_close(&s);
    return e;
}
