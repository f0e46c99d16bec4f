/* CLARIFICATION_QUESTION, CLARIFICATION_ANSWER: the party asks about a request that is open, who asked
 * answers. Both stand with the request, in the journal and in the dossier. */
#include <string.h>

#include "core/about.h"
#include "core/agreed.h"
#include "core/handlers.h"

/* The row as it is now, the dossier's entry, the event. */
static sluis_err write_line(turn *t, Sluis__RequestRow *row, const subject *s, const uint8_t *transaction,
                            const char *text, const char *event)
{
    sluis_err e = turn_request_save(t, transaction, row, s);
    if (!e)
        e = turn_dossier(t, s, row->case_id.data, text, NULL, 0);
    return e ? e : turn_request_event(t, transaction, row, event, NULL);
}

sluis_err handle_clarification_question(turn *t, job *j, sluis_fail *f)
{
    const Sluis__TextBody *b = (const Sluis__TextBody *)j->body;
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    Sluis__Record r;
    uint8_t mh[HASH_LEN];
    sluis_err e = about_request(t, j, ABOUT_PARTY, &row, &s, f);
    if (!e)
        e = about_answers_request(j, row, f);
    if (!e)
        e = about_to_requester(t, j, row, f);
    if (!e)
        e = about_text(j, b->text, "body.text", f);
    if (!e)
        e = about_waits(j, row, f);
    if (!e)
        e = agreed_about(t, j, row, f);
    if (!e && row->n_dialogue >= ABOUT_TURNS_MAX)
        e = fail_set(f, SLUIS_TOO_BIG, "core.answers", "at most %d questions and answers on one request",
                     ABOUT_TURNS_MAX);
    if (!e) {
        about_record(t, j, row, &r);
        e = turn_journal(t, &r);
    }
    if (!e)
        e = about_deliver_to_requester(t, j, row, mh);
    if (!e)
        e = about_say(t, row, b->text, BYTES_OF(mh), BYTES(NULL, 0), BYTES_OF(j->env->mh));
    if (!e)
        e = write_line(t, row, &s, j->env->core->transaction.data, b->text, "clarification-asked");
    subject_close(&s);
    return e;
}

/* The question of this hash, which has no answer yet; its number, from 1. */
static sluis_err find_question(const job *j, const Sluis__RequestRow *row, bytes hash, sluis_fail *f)
{
    const char *where = j->call ? "vraag" : "core.answers";
    bool asked = false, answered = false;
    for (size_t i = 0; i < row->n_dialogue; i++) {
        const Sluis__DialogueRow *d = row->dialogue[i];
        asked =
            asked || (!d->answers.len && bytes_equal(BYTES(d->message_hash.data, d->message_hash.len), hash));
        answered = answered || (d->answers.len && bytes_equal(BYTES(d->answers.data, d->answers.len), hash));
    }
    if (!asked)
        return fail_set(f, SLUIS_NOT_ASKED, where, "%s",
                        j->call ? "deze vraag heeft de partij niet gesteld"
                                : "the party asked no question with this hash");
    if (answered)
        return fail_set(f, SLUIS_CONFLICT, where, "%s",
                        j->call ? "deze vraag is al beantwoord" : "this question was answered before");
    return SLUIS_OK;
}

/* By which hash the party knows its question. */
static bytes sent_question(const Sluis__RequestRow *row, bytes hash)
{
    for (size_t i = 0; i < row->n_dialogue; i++) {
        const Sluis__DialogueRow *d = row->dialogue[i];
        if (!d->answers.len && bytes_equal(BYTES(d->message_hash.data, d->message_hash.len), hash))
            return BYTES(d->sent_hash.data, d->sent_hash.len);
    }
    return hash;
}

sluis_err handle_clarification_answer(turn *t, job *j, sluis_fail *f)
{
    const Sluis__TextBody *b = (const Sluis__TextBody *)j->body;
    const bytes question = BYTES(j->env->core->answers.data, j->env->core->answers.len);
    Sluis__RequestRow *row = NULL;
    const party *to = NULL;
    subject s = {0};
    Sluis__Record r;
    sluis_err e = about_request(t, j, ABOUT_ASKER, &row, &s, f);
    if (!e)
        e = about_to_party(t, j, row, &to, f);
    if (!e)
        e = about_text(j, b->text, "body.text", f);
    if (!e)
        e = about_waits(j, row, f);
    if (!e)
        e = agreed_about(t, j, row, f);
    if (!e)
        e = find_question(j, row, question, f);
    if (!e) {
        about_record(t, j, row, &r);
        e = turn_journal(t, &r);
    }
    if (!e)
        e = about_deliver_to_party(t, j, row, to, sent_question(row, question));
    if (!e)
        e = about_say(t, row, b->text, BYTES_OF(j->env->mh), question, BYTES(NULL, 0));
    if (!e)
        e = write_line(t, row, &s, j->env->core->transaction.data, b->text, "clarification-answered");
    subject_close(&s);
    return e;
}

/* The hash of the question of this number, from 1; empty when there is none. */
static bytes question_hash(const Sluis__RequestRow *row, uint32_t number)
{
    for (size_t i = 0; i < row->n_dialogue; i++)
        if (!row->dialogue[i]->answers.len && --number == 0)
            return BYTES(row->dialogue[i]->message_hash.data, row->dialogue[i]->message_hash.len);
    return BYTES(NULL, 0);
}

sluis_err request_clarify(turn *t, job *j, sluis_fail *f)
{
    const Sluis__ApiChangeRequest *in = j->call->change_request;
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    uint8_t mh[HASH_LEN];
    bytes question = {0};
    sluis_err e = about_own(t, j, &row, &s, f);
    if (!e)
        e = about_text(j, in->text, "antwoord", f);
    if (!e)
        e = about_waits(j, row, f);
    if (!e)
        e = agreed_about(t, j, row, f);
    if (!e) {
        question = question_hash(row, in->question);
        e = find_question(j, row, question, f);
    }
    if (!e)
        e = about_send(t, j, row, SLUIS__KIND__CLARIFICATION_ANSWER, in->text, question, mh, f);
    if (!e)
        e = about_say(t, row, in->text, BYTES_OF(mh), question, BYTES(NULL, 0));
    if (!e)
        e = write_line(t, row, &s, in->transaction.data, in->text, "clarification-answered");
    if (!e)
        e = about_reply(t, j, row);
    subject_close(&s);
    return e;
}
