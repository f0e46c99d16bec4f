/* RESPONSE: the answer to a request this gateway carried to this party. What is given is registered once. */
#include <string.h>

#include "cases/cases.h"
#include "core/about.h"
#include "core/cooperation.h"
#include "core/handlers.h"
#include "core/rectify.h"
#include "core/results.h"
#include "wire/messages.h"

/* The request that is answered: put to this party, in this transaction and case, still open. */
static sluis_err find_request(turn *t, const job *j, Sluis__RequestRow **row, subject *s, sluis_fail *f)
{
    request_state state;
    sluis_err e = about_request(t, j, ABOUT_PARTY, row, s, f);
    if (!e)
        e = about_answers_request(j, *row, f);
    if (!e && (*row)->expires <= t->now)
        e = fail_set(f, SLUIS_EXPIRED, "core.answers",
                     "the request expired before its answer came; possible: nothing more");
    if (!e)
        e = request_state_parse(&state, (*row)->state);
    if (!e && state == REQUEST_WITHDRAWN)
        e = fail_set(f, SLUIS_WITHDRAWN, "core.answers",
                     "who asked has withdrawn the request; possible: nothing more");
    return e ? e : request_state_step(state, REQUEST_ANSWERED, f);
}

/* Every attribute asked has its result, once; in the header's order. */
static sluis_err check_body(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                            sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__ResponseBody *b = (const Sluis__ResponseBody *)j->body;
    size_t text = results_text(b->results, b->n_results) + strlen(b->remark);
    if (c->n_attributes != row->n_attributes || b->n_results != c->n_attributes)
        return fail_set(f, SLUIS_NOT_ASKED, "body.results",
                        "one result for each attribute asked, no more, no less");
    if (b->judgement)
        text += strlen(b->judgement->law) + strlen(b->judgement->judgement);
    if (text > RESULTS_TEXT_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "body",
                        "explanations, conditions, judgement and remark: at most %d bytes together",
                        RESULTS_TEXT_MAX);
    return results_check(t, j, row, s, b->results, b->n_results, f);
}

/* What the dossier and the request's state show of the answer. */
static sluis_err fill_row(turn *t, const job *j, Sluis__RequestRow *row)
{
    const Sluis__ResponseBody *b = (const Sluis__ResponseBody *)j->body;
    row->results = arena_alloc(t->arena, b->n_results * sizeof(Sluis__ResultRow *));
    if (!row->results)
        return SLUIS_NOMEM;
    for (row->n_results = 0; row->n_results < b->n_results; row->n_results++)
        if (!(row->results[row->n_results] = results_row(t, j, b->results[row->n_results])))
            return SLUIS_NOMEM;
    if (!b->judgement)
        return SLUIS_OK;
    row->judgement = arena_alloc(t->arena, sizeof(*row->judgement));
    if (!row->judgement)
        return SLUIS_NOMEM;
    sluis__judgement_row__init(row->judgement);
    row->judgement->law = b->judgement->law;
    row->judgement->judgement = b->judgement->judgement;
    return SLUIS_OK;
}

static uint32_t refused_share(const Sluis__ResponseBody *b)
{
    size_t refused = 0;
    for (size_t i = 0; i < b->n_results; i++)
        refused += b->results[i]->outcome == SLUIS__OUTCOME__REFUSED;
    return b->n_results ? (uint32_t)(refused * SHARE_ONE / b->n_results) : 0;
}

static sluis_err write_response(turn *t, job *j, Sluis__RequestRow *row, const subject *s)
{
    const Sluis__ResponseBody *b = (const Sluis__ResponseBody *)j->body;
    Sluis__Record r;
    Sluis__DossierRow *entry = arena_alloc(t->arena, sizeof(*entry));
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    r.decision = (char *)(uintptr_t) "permit";
    r.subject = row->sid;
    if (!*r.to)
        r.to = row->requester;
    sluis_err e = entry ? fill_row(t, j, row) : SLUIS_NOMEM;
    if (!e)
        e = turn_journal(t, &r);
    if (!e)
        e = results_register(t, j, row, s, b->results, b->n_results);
    row->state = (char *)(uintptr_t)request_state_name(REQUEST_ANSWERED);
    row->answered = t->now;
    if (!e) { /* the dossier reads it here: one page less to write than a row among the subject's others */
        turn_dossier_entry(t, row->case_id.data, b->remark, entry);
        row->answer = entry;
    }
    if (!e)
        e = turn_request_save(t, j->env->core->transaction.data, row, s);
    if (!e)
        e = turn_event(t, "request-answered", &r, NULL);
    if (!e)
        e = rectify_heard(t, s, row->attributes, row->n_attributes);
    if (!e)
        e = about_deliver_to_requester(t, j, row, NULL);
    if (!e)
        cooperation_answered(t, row->party, refused_share(b), row->pressed > 1);
    return e;
}

sluis_err handle_response(turn *t, job *j, sluis_fail *f)
{
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    sluis_err e = find_request(t, j, &row, &s, f);
    if (!e)
        e = about_to_requester(t, j, row, f);
    if (!e)
        e = check_body(t, j, row, &s, f);
    if (!e)
        e = write_response(t, j, row, &s);
    subject_close(&s);
    return e;
}
