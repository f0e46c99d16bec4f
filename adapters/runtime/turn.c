/* The turn: work and pending deliveries, and what happens before it ends (store, consider, answer). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/merkle.h"
#include "runtime/parts.h"
#include "runtime/talk.h"
#include "wire/messages.h"

#define ANSWERS_MAX 64 /* answers under one signature */

/* ---- work and pending ---- */
sluis_err work_push(adapter *a, const uint8_t transaction[static UUID_LEN])
{
    if (a->work_count == a->work_cap) {
        size_t cap = a->work_cap ? a->work_cap * 2 : 64;
        uint8_t(*w)[UUID_LEN] = realloc(a->work, cap * sizeof *w);
        if (!w)
            return SLUIS_NOMEM;
        a->work = w;
        a->work_cap = cap;
    }
    memcpy(a->work[a->work_count++], transaction, UUID_LEN);
    return SLUIS_OK;
}

static sluis_err load_row(void *ctx, const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row,
                          arena *ar)
{
    adapter *a = ctx;
    (void)ar;
    restored_note(a, BYTES(row->receipt.data, row->receipt.len));
    restored_note(a, BYTES(row->answer_receipt.data, row->answer_receipt.len));
    a->held += inbox_state_is(row, STATE_HELD);
    if (inbox_state_is(row, STATE_NEW) || inbox_state_is(row, STATE_DECIDED) ||
        inbox_state_is(row, STATE_SENDING) || talk_waits(row))
        return work_push(a, transaction);
    return SLUIS_OK;
}

sluis_err work_load(adapter *a)
{
    a->work_count = 0;
    a->held = 0;
    return inbox_walk(a->inbox, load_row, a);
}

static void owed_add(adapter *a, const uint8_t transaction[static UUID_LEN], uint64_t seq,
                     uint64_t generation)
{
    size_t i = 0;
    while (i < a->pending_count && memcmp(a->pending[i].transaction, transaction, UUID_LEN) != 0)
        i++;
    if (i == PENDING_MAX)
        return;
    a->pending_count += i == a->pending_count;
    memcpy(a->pending[i].transaction, transaction, UUID_LEN);
    a->pending[i].seq = seq;
    a->pending[i].generation = generation;
}

void owed_done(adapter *a, const uint8_t transaction[static UUID_LEN])
{
    for (size_t i = 0; i < a->pending_count; i++) {
        if (memcmp(a->pending[i].transaction, transaction, UUID_LEN) != 0)
            continue;
        client_done(a->client, a->pending[i].seq, a->pending[i].generation);
        a->pending[i] = a->pending[--a->pending_count];
        return;
    }
}

void log_transaction(log_level level, const char *event, const uint8_t transaction[static UUID_LEN],
                     const char *code, const char *text)
{
    char id[UUID_STR];
    uuid_format(id, transaction);
    log_write(level, event, "transaction", id, "code", code, "text", text, NULL);
}

void log_no_space(void)
{
    log_write(LOG_ERROR, "inbox.no-space", "text", "the store is full: raise quota_bytes or lower keep_ms",
              NULL);
}

/* ---- the end of a turn: store, consider, answer ---- */
static sluis_err known_already(adapter *a, const fresh_request *r, const uint8_t transaction[static UUID_LEN])
{
    Sluis__InboxRow *row;
    arena *ar = arena_new(ROW_ARENA);
    sluis_err err = ar ? inbox_get(a->inbox, transaction, ar, &row) : SLUIS_NOMEM;
    owed_add(a, transaction, r->seq, r->generation);
    if (!err && !inbox_state_is(row, STATE_NEW) && !inbox_state_is(row, STATE_SENDING))
        owed_done(a, transaction);
    arena_free(&ar);
    return err;
}

static sluis_err after_store(adapter *a, const fresh_request *r, const inbox_arrival *v)
{
    if (v->result == SLUIS_DUPLICATE)
        return known_already(a, r, v->transaction);
    if (v->result == SLUIS_CONFLICT) {
        log_transaction(LOG_ERROR, "intake.conflict", v->transaction, "conflict",
                        "another request stands under this transaction");
        client_done(a->client, r->seq, r->generation);
        return SLUIS_OK;
    }
    owed_add(a, v->transaction, r->seq, r->generation);
    return work_push(a, v->transaction);
}

sluis_err turn_store(adapter *a)
{
    inbox_arrival v[TURN_EVENTS];
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; i < a->fresh_count; i++) {
        const fresh_request *r = &a->fresh[i];
        v[i] = (inbox_arrival){.envelope = r->m.e->raw,
                               .body = buffer_bytes(&r->m.plain),
                               .receipt = BYTES(r->receipt, r->receipt_n),
                               .received = clock_ms(),
                               .expires = r->m.e->core->expires,
                               .seq = r->seq};
        memcpy(v[i].transaction, r->m.e->core->transaction.data, UUID_LEN);
        memcpy(v[i].message_hash, r->m.e->mh, HASH_LEN);
    }
    if (a->fresh_count)
        err = inbox_add(a->inbox, v, a->fresh_count);
    for (size_t i = 0; i < a->fresh_count; i++) {
        if (!err)
            err = after_store(a, &a->fresh[i], &v[i]);
        incoming_close(&a->fresh[i].m);
        free(a->fresh[i].receipt);
    }
    a->fresh_count = 0;
    if (err == SLUIS_NO_SPACE) { /* nothing was taken; the gateway keeps it */
        log_no_space();
        return SLUIS_OK;
    }
    return err;
}

sluis_err stored_request(const Sluis__InboxRow *row, arena *ar, envelope **e, Sluis__RequestBody **body)
{
    sluis_err err = envelope_decode(e, BYTES(row->envelope.data, row->envelope.len), ENVELOPE_MAX, NULL);
    if (!err)
        err = wire_unpack((ProtobufCMessage **)body, &sluis__request_body__descriptor, ar,
                          BYTES(row->body.data, row->body.len), NULL);
    if (err)
        envelope_free(e);
    return err;
}

sluis_err consider_parts(adapter *a, const Sluis__InboxRow *row, arena *ar, consider_with *out)
{
    Sluis__Receipt *receipt;
    Sluis__Record *record;
    *out = (consider_with){
        .rules = a->rules, .catalogue = a->catalogue, .source = a->source, .test_mode = a->s.test_mode};
    sluis_err err = wire_unpack((ProtobufCMessage **)&receipt, &sluis__receipt__descriptor, ar,
                                BYTES(row->receipt.data, row->receipt.len), NULL);
    if (!err)
        err = wire_unpack((ProtobufCMessage **)&record, &sluis__record__descriptor, ar,
                          BYTES(receipt->record.data, receipt->record.len), NULL);
    if (err)
        return err;
    out->by_person = record->by_person;
    out->n_by_person = record->n_by_person;
    return SLUIS_OK;
}

/* One answer on its way through a turn. */
typedef struct {
    arena *ar; /* owns row */
    Sluis__InboxRow *row;
    uint8_t transaction[UUID_LEN];
    bool again; /* what a person decided is signed anew: the party's own log has it */
    char asker[OIN_LEN + 1], decision[32];
    uint32_t given[ATTRIBUTES_MAX];
    size_t given_count;
    reply reply;
} answer_job;

typedef struct {
    answer_job v[ANSWERS_MAX];
    size_t n;
} answer_batch;

static void note_disclosure(answer_job *j, const Sluis__ResponseBody *b)
{
    for (size_t i = 0; i < b->n_results && j->given_count < ATTRIBUTES_MAX; i++) {
        if (b->results[i]->outcome == SLUIS__OUTCOME__GIVEN)
            j->given[j->given_count++] = b->results[i]->attribute;
    }
    const char *word = j->given_count == b->n_results ? "given"
                       : j->given_count               ? "partial"
                                                      : "nothing-given";
    snprintf(j->decision, sizeof j->decision, "%s", word);
}

/* *made: false when our signing key is not in the directory; the row waits until it is. */
static sluis_err seal_answer(adapter *a, answer_job *j, const envelope *e, Sluis__Kind kind,
                             const ProtobufCMessage *body, bool *made)
{
    buffer plain;
    sluis_fail f = {0};
    *made = keys_sign(a, &a->sign.id);
    if (!*made) {
        a->unsigned_work = true;
        return SLUIS_OK;
    }
    buffer_init(&plain, ENVELOPE_MAX);
    sluis_err err = wire_pack(&plain, body);
    if (!err)
        err = reply_seal(&a->replier, client_snapshot(a->client), e->core, kind, e->mh, buffer_bytes(&plain),
                         j->row->decided_by, clock_ms(), &j->reply, &f);
    if (err)
        log_transaction(LOG_ERROR, "answer.not-sealed", j->transaction, error_token(err), f.text);
    snprintf(j->asker, sizeof j->asker, "%s", e->core->sender);
    buffer_close(&plain);
    *made = !err;
    return err;
}

static sluis_err hold(adapter *a, answer_job *j)
{
    a->held++;
    j->row->state = (char *)(uintptr_t)STATE_HELD;
    sluis_err err = inbox_put(a->inbox, j->transaction, j->row);
    log_transaction(LOG_INFO, "inbox.held", j->transaction, "ok", "waits for a person");
    if (!err)
        owed_done(a, j->transaction);
    return err;
}

/* Is this person known here: yes or no, and a person says so where a person releases. */
static sluis_err decide_known(adapter *a, answer_job *j, const envelope *e, const Sluis__RequestBody *request,
                              bool *made)
{
    Sluis__KnownAnswerBody body = SLUIS__KNOWN_ANSWER_BODY__INIT, *drafted = NULL;
    consider_with w;
    consideration c = {0};
    sluis_fail f = {0};
    sluis_err err = SLUIS_OK;
    if (inbox_state_is(j->row, STATE_DECIDED)) {
        err = wire_unpack((ProtobufCMessage **)&drafted, &sluis__known_answer_body__descriptor, j->ar,
                          BYTES(j->row->draft.data, j->row->draft.len), &f);
        body.known = !err && drafted->known;
    } else {
        err = consider_parts(a, j->row, j->ar, &w);
        if (!err)
            err = consider(&w, request, NULL, 0, j->ar, &c, &f);
        if (!err && (a->s.mode == MODE_RELEASE || (c.person != PERSON_KNOWN && c.person != PERSON_UNKNOWN)))
            return hold(a, j);
        body.known = c.person == PERSON_KNOWN;
    }
    snprintf(j->decision, sizeof j->decision, "%s", body.known ? "known" : "not-known");
    return err ? err : seal_answer(a, j, e, SLUIS__KIND__KNOWN_ANSWER, &body.base, made);
}

/* Holds the row for a person, or makes its answer; *made says which. */
static sluis_err decide(adapter *a, answer_job *j, bool *made)
{
    envelope *e = NULL;
    Sluis__RequestBody *request;
    Sluis__ResponseBody *body = NULL;
    consider_with w;
    consideration c;
    sluis_fail f = {0};
    *made = false;
    sluis_err err = stored_request(j->row, j->ar, &e, &request);
    if (err) {
        log_transaction(LOG_WARN, "request.malformed", j->transaction, error_token(err),
                        "the body is none of a request");
        err = row_mark(a, j->transaction, j->row, STATE_RETURNED, "malformed request");
        owed_done(a, j->transaction);
        return err;
    }
    if (e->core->kind == SLUIS__KIND__KNOWN_QUERY) {
        err = decide_known(a, j, e, request, made);
        envelope_free(&e);
        return err;
    }
    if (inbox_state_is(j->row, STATE_DECIDED)) {
        err = wire_unpack((ProtobufCMessage **)&body, &sluis__response_body__descriptor, j->ar,
                          BYTES(j->row->draft.data, j->row->draft.len), &f);
    } else {
        err = consider_parts(a, j->row, j->ar, &w);
        if (!err)
            err = consider(&w, request, e->core->attributes, e->core->n_attributes, j->ar, &c, &f);
        if (!err && c.hold) {
            err = hold(a, j);
        } else if (!err) {
            err = answer_automatic(&c, j->ar, &body);
        }
    }
    if (!err && body)
        err = seal_answer(a, j, e, SLUIS__KIND__RESPONSE, &body->base, made);
    if (*made)
        note_disclosure(j, body);
    envelope_free(&e);
    return err;
}

static void batch_close(answer_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        reply_close(&b->v[i].reply);
        arena_free(&b->v[i].ar);
    }
    b->n = 0;
}

sluis_err submit_stored(adapter *a, const uint8_t message_id[static UUID_LEN], bytes answer)
{
    sluis_err err = client_submit(a->client, message_id, answer);
    if (err == SLUIS_FULL) {
        a->retry_at = clock_ms() + RETRY_MS;
        return SLUIS_OK;
    }
    return err;
}

/* Signs, stores, and only then submits. */
static sluis_err flush(adapter *a, answer_batch *b)
{
    reply replies[ANSWERS_MAX];
    inbox_answer out[ANSWERS_MAX];
    Sluis__DisclosureRow rows[ANSWERS_MAX];
    uint64_t now = clock_ms();
    if (!b->n)
        return SLUIS_OK;
    for (size_t i = 0; i < b->n; i++)
        replies[i] = b->v[i].reply;
    sluis_err err = replies_sign(&a->replier, replies, b->n);
    for (size_t i = 0; i < b->n; i++) {
        answer_job *j = &b->v[i];
        j->reply = replies[i];
        bytes packed = buffer_bytes(&j->reply.envelope);
        j->row->state = (char *)(uintptr_t)STATE_SENDING;
        j->row->answer = (ProtobufCBinaryData){packed.n, (uint8_t *)(uintptr_t)packed.p};
        sluis__disclosure_row__init(&rows[i]);
        rows[i].when = now;
        rows[i].transaction = (ProtobufCBinaryData){UUID_LEN, j->transaction};
        rows[i].to = j->asker;
        rows[i].attributes = j->given;
        rows[i].n_attributes = j->given_count;
        rows[i].decision = j->decision;
        rows[i].by = j->row->decided_by;
        rows[i].on_behalf = j->row->decided_for;
        out[i] = (inbox_answer){.row = j->row, .disclosure = j->again ? NULL : &rows[i]};
        memcpy(out[i].transaction, j->transaction, UUID_LEN);
        memcpy(out[i].message_id, j->reply.message_id, UUID_LEN);
    }
    if (!err)
        err = inbox_answered(a->inbox, out, b->n);
    for (size_t i = 0; !err && i < b->n; i++)
        err = submit_stored(a, out[i].message_id, buffer_bytes(&b->v[i].reply.envelope));
    batch_close(b);
    return err;
}

/* A stored answer again, byte for byte; the gateway knows a duplicate when it sees one. When the key that
 * signed it was taken away meanwhile it is nobody's: the row goes back to what was decided, or to be
 * considered again. */
static sluis_err resend(adapter *a, answer_job *j)
{
    envelope *e = NULL;
    bytes answer = BYTES(j->row->answer.data, j->row->answer.len);
    sluis_err err = envelope_decode(&e, answer, ENVELOPE_MAX, NULL);
    if (!err && keys_sign(a, &e->signing_key)) {
        err = submit_stored(a, e->core->message_id.data, answer);
    } else if (!err) {
        j->again = j->row->draft.len > 0;
        j->row->state = (char *)(uintptr_t)(j->again ? STATE_DECIDED : STATE_NEW);
        err = inbox_settle(a->inbox, e->core->message_id.data, j->transaction, j->row);
        log_transaction(LOG_WARN, "answer.again", j->transaction, error_token(SLUIS_KEY_NOT_VALID),
                        "the key that signed it is no longer in the directory");
    }
    envelope_free(&e);
    return err;
}

static sluis_err work_one(adapter *a, const uint8_t transaction[static UUID_LEN], answer_batch *b)
{
    answer_job *j = &b->v[b->n];
    bool made = false;
    *j = (answer_job){.ar = arena_new(ROW_ARENA)};
    memcpy(j->transaction, transaction, UUID_LEN);
    sluis_err err = j->ar ? inbox_get(a->inbox, transaction, j->ar, &j->row) : SLUIS_NOMEM;
    if (!err && talk_waits(j->row))
        err = talk_resend(a, j->row);
    if (!err && inbox_state_is(j->row, STATE_SENDING))
        err = resend(a, j);
    if (!err && (inbox_state_is(j->row, STATE_NEW) || inbox_state_is(j->row, STATE_DECIDED)))
        err = decide(a, j, &made);
    if (made)
        b->n++;
    else
        arena_free(&j->ar);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

/* Errors that only a restart mends; the others leave the row as it is, to be tried again. */
static bool is_fatal(sluis_err err)
{
    return err == SLUIS_IO || err == SLUIS_CORRUPT || err == SLUIS_NOMEM || err == SLUIS_INTERNAL;
}

sluis_err turn_end(adapter *a)
{
    answer_batch *b = NULL;
    sluis_err err = turn_store(a);
    if (err || !a->work_count || !a->in_force)
        return err;
    b = calloc(1, sizeof *b);
    if (!b)
        return SLUIS_NOMEM;
    size_t n = a->work_count;
    for (size_t i = 0; !err && i < n; i++) {
        err = work_one(a, a->work[i], b);
        if (err && !is_fatal(err)) {
            a->retry_at = clock_ms() + RETRY_MS;
            err = SLUIS_OK;
        }
        if (!err && (b->n == ANSWERS_MAX || i + 1 == n))
            err = flush(a, b);
    }
    batch_close(b);
    free(b);
    a->work_count = 0;
    if (err == SLUIS_NO_SPACE) {
        a->retry_at = clock_ms() + RETRY_MS;
        err = SLUIS_OK;
    }
    return err;
}
