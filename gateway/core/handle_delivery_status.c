/* DELIVERY_STATUS: how a service stands, from the party that delivers it, in a case whose scope has that
 * party. The same report again is journalled, like every message, and changes nothing: no case, no dossier.
 */
#include <string.h>

#include "core/asking.h"
#include "core/case_change.h"

/* The case, or the one that it goes on in, whose id is in case_id then. */
static sluis_err case_of(turn *t, const job *j, uint8_t case_id[static ID_LEN], Sluis__CaseRow **row,
                         sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const party *from = directory_find(t->dir, &j->env->sender);
    case_state state, next;
    memcpy(case_id, c->case_id.data, ID_LEN);
    sluis_err e = case_load_now(t->t, t->p->rows, case_id, t->arena, row);
    case_facts facts = case_facts_of(e ? NULL : *row);
    /* who has no part in a case learns nothing of it */
    if (e == SLUIS_NOT_FOUND ||
        (!e && (!from || !policy_party_in_scope(t->rules, &facts, from->domain, from->oin.s))))
        return fail_set(f, SLUIS_NO_CASE, "core.case_id",
                        "there is no case with this id in which this party takes part");
    if (!e)
        e = case_state_parse(&state, (*row)->phase);
    if (!e && case_step(state, CASE_REPORT_SERVICE, case_coordination(*row, t->rules), &next, NULL))
        e = fail_set(f, SLUIS_CONFLICT, "core.case_id",
                     "the case is %s: no service is reported in it any more", (*row)->phase);
    return e;
}

static sluis_err takes_part(turn *t, const job *j, sluis_fail *f)
{
    const party *from = directory_find(t->dir, &j->env->sender);
    const agreed_question q = {.side = AGREED_GIVES};
    const agreement *about = NULL;
    sluis_err e = agreement_judge(from->agreements, from->agreement_count, &q, t->now, &about);
    return e ? fail_set(f, e, "core.sender", "no agreement with this party is in force") : SLUIS_OK;
}

/* For whom of the household, when the party says so. */
static sluis_err member_of(turn *t, const Sluis__CaseRow *row, const Sluis__Subject *who, uint32_t *member,
                           sluis_fail *f)
{
    subject s = {0};
    if (!who)
        return SLUIS_OK;
    if (!bsn_valid(who->bsn, strlen(who->bsn)))
        return fail_set(f, SLUIS_INVALID, "body.subject.bsn",
                        "nine digits that pass the eleven-test are needed");
    sluis_err e = asking_member(t, row, who->bsn, &s, member, f);
    subject_close(&s);
    return e;
}

sluis_err handle_delivery_status(turn *t, job *j, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__DeliveryStatusBody *b = (const Sluis__DeliveryStatusBody *)j->body;
    Sluis__CaseRow *row = NULL;
    Sluis__ServiceRow s = SLUIS__SERVICE_ROW__INIT;
    Sluis__Record r;
    uint32_t at = 0;
    if (c->n_recipients != 1 || !b)
        return fail_set(f, SLUIS_INVALID, "core.recipients",
                        "a delivery status is sealed to the registry alone");
    uint8_t case_id[ID_LEN];
    sluis_err e = case_of(t, j, case_id, &row, f);
    s.service = b->service;
    s.party = c->sender;
    s.status = b->status;
    s.planned = b->planned;
    s.actual = b->actual;
    s.reported = t->now;
    if (!e)
        e = takes_part(t, j, f);
    if (!e)
        e = member_of(t, row, b->subject, &s.member, f);
    const bool same = !e && case_service_same(row, &s);
    if (!e && !same)
        e = case_service_report(row, &s, false, t->arena, &at, f);
    if (e)
        return e;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    r.decision = (char *)(uintptr_t)(same ? "unchanged" : "permit");
    if (same)
        return turn_journal(t, &r);
    e = case_save(t->t, t->p->rows, case_id, row);
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = case_note(t, case_id, row, s.member, 0, NULL);
    if (!e)
        e = change_service_due(t, case_id, row->services[at], at);
    return e ? e : turn_event(t, case_event_done(CASE_REPORT_SERVICE), &r, row->services[at]->status);
}
