/* MEETING_INVITATION, MEETING_REPLY, MEETING_REPORT: each sealed to one participant alone, so that the
 * gateway reads headers only. It judges who asks whom in which case, journals that, and carries it. An
 * invitation waits for one reply, as long as it lives; a report has none. */
#include <string.h>

#include "core/agreed.h"
#include "core/asking.h"
#include "core/due.h"
#include "core/handlers.h"

static sluis_err only_recipient(turn *t, const job *j, const party **out, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    if (c->n_recipients != 1 || envelope_addressed_to(j->env, &t->p->settings->oin))
        return fail_set(f, SLUIS_INVALID, "core.recipients",
                        "a part of a meeting is sealed to its participant alone, not to the registry");
    if (c->n_attributes)
        return fail_set(f, SLUIS_INVALID, "core.attributes", "a part of a meeting asks for no data");
    return asking_party(t, c->recipients[0], out, f);
}

/* Some rule in force lets this application ask this party something for this purpose in this case. */
static sluis_err may_meet(turn *t, const job *j, const party *to, const Sluis__CaseRow *row,
                          policy_answer *out, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    case_facts facts = case_facts_of(row);
    policy_question q = {.application = c->application,
                         .acting = &j->env->sender,
                         .function = c->function,
                         .domain = to->domain,
                         .phase = c->phase,
                         .purpose = c->purpose,
                         .legal_basis = c->legal_basis,
                         .at = t->now};
    *out = policy_may_ask(t->rules, &q, &facts);
    return out->permit ? SLUIS_OK
                       : fail_set(f, SLUIS_DENIED, "core.recipients",
                                  "not permitted: %s (%s); invite whom a rule in force lets you ask",
                                  policy_refusal_of(out->rule)->english, out->rule);
}

static sluis_err carry(turn *t, job *j, const party *to, char *rule)
{
    Sluis__Record r;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    r.decision = (char *)(uintptr_t) "permit";
    r.rules = &rule;
    r.n_rules = rule ? 1 : 0;
    sluis_err e = turn_journal(t, &r);
    return e ? e : turn_deliver(t, j, &to->oin);
}

static sluis_err remember_invitation(turn *t, const job *j, const party *to)
{
    Sluis__MeetingRow row = SLUIS__MEETING_ROW__INIT;
    row.organiser = j->env->core->sender;
    row.participant = (char *)(uintptr_t)to->oin.s;
    row.transaction = j->env->core->transaction;
    row.case_id = j->env->core->case_id;
    sluis_err e = rows_put(t->t, t->p->rows, TABLE_MEETING, BYTES_OF(j->env->mh), &row.base);
    return e ? e : due_add(t, DUE_INVITATION, j->env->core->expires, BYTES_OF(j->env->mh));
}

sluis_err handle_meeting_part(turn *t, job *j, sluis_fail *f)
{
    const party *to = NULL;
    Sluis__CaseRow *row = NULL;
    policy_answer answer;
    sluis_err e = asking_application(t, j, f);
    if (!e)
        e = only_recipient(t, j, &to, f);
    if (!e)
        e = asking_case(t, j, &row, f);
    if (!e)
        e = may_meet(t, j, to, row, &answer, f);
    if (!e)
        e = agreed_between(t, j, to, true, f);
    if (!e)
        e = carry(t, j, to, (char *)(uintptr_t)answer.rule);
    if (!e && j->env->core->kind == SLUIS__KIND__MEETING_INVITATION)
        e = remember_invitation(t, j, to);
    return e;
}

/* The invitation that is answered: to this participant, from the recipient, in this transaction and case. */
static sluis_err find_invitation(turn *t, const job *j, const party *to, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    ProtobufCMessage *m = NULL;
    sluis_err e = rows_get(t->t, t->p->rows, TABLE_MEETING, BYTES(c->answers.data, c->answers.len), t->arena,
                           &sluis__meeting_row__descriptor, &m);
    if (e == SLUIS_NOT_FOUND)
        return fail_set(f, SLUIS_NOT_ASKED, "core.answers", "no invitation with this hash waits for a reply");
    if (e)
        return e;
    const Sluis__MeetingRow *row = (const Sluis__MeetingRow *)m;
    if (strcmp(row->participant, c->sender) != 0)
        return fail_set(f, SLUIS_NOT_ASKED, "core.sender", "another party was invited");
    if (strcmp(row->organiser, to->oin.s) != 0)
        return fail_set(f, SLUIS_DENIED, "core.recipients", "a reply goes to the organiser alone");
    if (!bytes_equal(BYTES(row->transaction.data, row->transaction.len),
                     BYTES(c->transaction.data, c->transaction.len)) ||
        !bytes_equal(BYTES(row->case_id.data, row->case_id.len), BYTES(c->case_id.data, c->case_id.len)))
        return fail_set(f, SLUIS_NOT_ASKED, "core.transaction",
                        "the invitation belongs to another transaction or case");
    return SLUIS_OK;
}

sluis_err handle_meeting_reply(turn *t, job *j, sluis_fail *f)
{
    const party *to = NULL;
    sluis_err e = only_recipient(t, j, &to, f);
    if (!e)
        e = find_invitation(t, j, to, f);
    if (!e)
        e = agreed_between(t, j, to, false, f);
    if (!e)
        e = carry(t, j, to, NULL);
    return e ? e : store_delete(t->t, TABLE_MEETING, BYTES(j->env->core->answers.data, HASH_LEN));
}
