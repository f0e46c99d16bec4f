/* CORRECTION: the party takes back or replaces what it gave in answer to a request. The register holds the
 * new statement, the request shows it, and whoever read the old one is told (notices.h). */
#include <string.h>

#include "core/about.h"
#include "core/handlers.h"
#include "core/notices.h"
#include "core/rectify.h"
#include "core/results.h"

#define CORRECTIONS_MAX 16 /* of one request */

static size_t place_of(const Sluis__RequestRow *row, uint32_t id)
{
    size_t i = 0;
    while (i < row->n_results && row->results[i]->attribute != id)
        i++;
    return i;
}

/* Only what was given can be corrected. */
static sluis_err check_given(turn *t, const Sluis__RequestRow *row, const Sluis__CorrectionBody *b,
                             sluis_fail *f)
{
    for (size_t i = 0; i < b->n_results; i++) {
        size_t at = place_of(row, b->results[i]->attribute);
        const attribute *a = rules_attribute(t->rules, b->results[i]->attribute);
        if (at == row->n_results || row->results[at]->outcome != SLUIS__OUTCOME__GIVEN)
            return fail_set(f, SLUIS_NOT_ASKED, a ? a->name : "body.results",
                            "it was never given in this answer: there is nothing to correct");
    }
    return SLUIS_OK;
}

static sluis_err check(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__CorrectionBody *b = (const Sluis__CorrectionBody *)j->body;
    if (strcmp(row->state, request_state_name(REQUEST_ANSWERED)) != 0)
        return fail_set(f, SLUIS_CONFLICT, "core.answers",
                        "only an answer that was given can be corrected: the request is %s", row->state);
    if (row->n_corrections >= CORRECTIONS_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "core.answers", "at most %d corrections of one answer",
                        CORRECTIONS_MAX);
    sluis_err e = about_text(j, b->reason, "body.reason", f);
    if (!e && (b->n_results < 1 || b->n_results != c->n_attributes))
        e = fail_set(f, SLUIS_INVALID, "body.results", "one result for each attribute of the header");
    if (!e && results_text(b->results, b->n_results) > RESULTS_TEXT_MAX)
        e = fail_set(f, SLUIS_TOO_BIG, "body", "explanations and conditions: at most %d bytes together",
                     RESULTS_TEXT_MAX);
    if (!e)
        e = results_check(t, j, row, s, b->results, b->n_results, f);
    if (!e)
        e = check_given(t, row, b, f);
    return e ? e : results_check_taken_back(t, j, s, b->results, b->n_results, f);
}

static sluis_err note(turn *t, const job *j, Sluis__RequestRow *row)
{
    const Sluis__CorrectionBody *b = (const Sluis__CorrectionBody *)j->body;
    Sluis__CorrectionRow **all = arena_alloc(t->arena, (row->n_corrections + 1) * sizeof(*all));
    Sluis__CorrectionRow *c = arena_alloc(t->arena, sizeof(*c));
    if (!all || !c)
        return SLUIS_NOMEM;
    sluis__correction_row__init(c);
    c->when = t->now;
    c->reason = b->reason;
    c->journal_index = t->entry.index;
    c->attributes = j->env->core->attributes;
    c->n_attributes = j->env->core->n_attributes;
    if (row->n_corrections)
        memcpy(all, row->corrections, row->n_corrections * sizeof(*all));
    all[row->n_corrections++] = c;
    row->corrections = all;
    for (size_t i = 0; i < b->n_results; i++) {
        Sluis__ResultRow *x = results_row(t, j, b->results[i]);
        if (!x)
            return SLUIS_NOMEM;
        row->results[place_of(row, b->results[i]->attribute)] = x;
    }
    return SLUIS_OK;
}

static sluis_err write_correction(turn *t, job *j, Sluis__RequestRow *row, const subject *s)
{
    const Sluis__CorrectionBody *b = (const Sluis__CorrectionBody *)j->body;
    const uint8_t *transaction = j->env->core->transaction.data;
    Sluis__ResultRow **shown = arena_alloc(t->arena, b->n_results * sizeof(*shown));
    Sluis__Record r;
    about_record(t, j, row, &r);
    sluis_err e = shown ? turn_journal(t, &r) : SLUIS_NOMEM;
    if (!e)
        e = results_correct(t, j, row, s, b->reason, b->results, b->n_results);
    if (!e)
        e = note(t, j, row);
    if (!e)
        e = turn_request_save(t, transaction, row, s);
    for (size_t i = 0; !e && i < b->n_results; i++)
        shown[i] = row->results[place_of(row, b->results[i]->attribute)];
    if (!e)
        e = turn_dossier(t, s, row->case_id.data, b->reason, shown, b->n_results);
    if (!e)
        e = turn_event(t, "answer-corrected", &r, NULL);
    if (!e)
        e = rectify_heard(t, s, j->env->core->attributes, j->env->core->n_attributes);
    if (!e)
        e = notices_begin(t, transaction, row->answer ? row->answer->journal_index : 0);
    return e ? e : about_deliver_to_requester(t, j, row, NULL);
}

sluis_err handle_correction(turn *t, job *j, sluis_fail *f)
{
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    sluis_err e = about_request(t, j, ABOUT_PARTY, &row, &s, f);
    if (!e)
        e = about_answers_request(j, row, f);
    if (!e)
        e = about_to_requester(t, j, row, f);
    if (!e)
        e = check(t, j, row, &s, f);
    if (!e)
        e = write_correction(t, j, row, &s);
    subject_close(&s);
    return e;
}
