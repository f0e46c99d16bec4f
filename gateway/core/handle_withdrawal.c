/* WITHDRAWAL: who asked needs it no longer. The party drops what it holds; an answer that comes all the same
 * is refused as "withdrawn". */
#include <string.h>

#include "core/about.h"
#include "core/handlers.h"
#include "core/rectify.h"

static sluis_err write_withdrawal(turn *t, Sluis__RequestRow *row, const subject *s,
                                  const uint8_t *transaction, const char *why)
{
    row->state = (char *)(uintptr_t)request_state_name(REQUEST_WITHDRAWN);
    sluis_err e = turn_request_save(t, transaction, row, s);
    if (!e)
        e = turn_dossier(t, s, row->case_id.data, why, NULL, 0);
    if (!e)
        e = rectify_heard(t, s, row->attributes, row->n_attributes);
    return e ? e : turn_request_event(t, transaction, row, "request-withdrawn", NULL);
}

sluis_err handle_withdrawal(turn *t, job *j, sluis_fail *f)
{
    const Sluis__TextBody *b = (const Sluis__TextBody *)j->body;
    Sluis__RequestRow *row = NULL;
    const party *to = NULL;
    subject s = {0};
    Sluis__Record r;
    sluis_err e = about_request(t, j, ABOUT_ASKER, &row, &s, f);
    if (!e)
        e = about_answers_request(j, row, f);
    if (!e)
        e = about_to_party(t, j, row, &to, f);
    if (!e)
        e = about_text(j, b->text, "body.text", f);
    if (!e)
        e = about_waits(j, row, f);
    if (!e) {
        about_record(t, j, row, &r);
        e = turn_journal(t, &r);
    }
    if (!e)
        e = write_withdrawal(t, row, &s, j->env->core->transaction.data, b->text);
    if (!e)
        e = about_deliver_to_party(t, j, row, to, BYTES(row->message_hash.data, row->message_hash.len));
    subject_close(&s);
    return e;
}

sluis_err request_withdraw(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiChangeRequest *in = j->call->change_request;
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    uint8_t mh[HASH_LEN];
    sluis_err e = about_own(t, j, &row, &s, f);
    if (!e)
        e = about_text(j, in->text, "motivering", f);
    if (!e)
        e = about_waits(j, row, f);
    if (!e)
        e = about_send(t, j, row, SLUIS__KIND__WITHDRAWAL, in->text,
                       BYTES(row->message_hash.data, row->message_hash.len), mh, f);
    if (!e)
        e = write_withdrawal(t, row, &s, in->transaction.data, in->text);
    if (!e)
        e = about_reply(t, j, row);
    subject_close(&s);
    return e;
}
