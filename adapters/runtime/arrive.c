/* What comes in over the bus: deliveries by kind, acknowledgements, the directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/talk.h"
#include "wire/messages.h"

/* ---- arrivals ---- */
static sluis_err on_request(adapter *a, incoming *m, const client_event *ev)
{
    fresh_request *r = &a->fresh[a->fresh_count];
    if (a->held + a->fresh_count >=
        a->s.max_held) { /* stays with the gateway, which sees our credit used up */
        log_transaction(LOG_ERROR, "inbox.full", m->e->core->transaction.data, "full",
                        "max_held requests wait for a person");
        incoming_close(m);
        return SLUIS_OK;
    }
    *r = (fresh_request){.m = *m, .seq = ev->seq, .generation = ev->generation, .receipt_n = ev->receipt.n};
    r->receipt = malloc(ev->receipt.n + 1);
    if (!r->receipt) {
        incoming_close(m);
        return SLUIS_NOMEM;
    }
    memcpy(r->receipt, ev->receipt.p, ev->receipt.n);
    a->fresh_count++;
    return SLUIS_OK;
}

/* Whether a message about an earlier one comes from who sent that. */
static bool same_asker(const Sluis__InboxRow *row, arena *ar, const Sluis__Core *core)
{
    Sluis__RequestBody *body;
    envelope *e = NULL;
    bool same = !stored_request(row, ar, &e, &body) && strcmp(e->core->sender, core->sender) == 0 &&
                bytes_equal(BYTES(row->message_hash.data, row->message_hash.len),
                            BYTES(core->answers.data, core->answers.len));
    envelope_free(&e);
    return same;
}

sluis_err row_mark(adapter *a, const uint8_t transaction[static UUID_LEN], Sluis__InboxRow *row,
                   const char *state, const char *note)
{
    a->held -= inbox_state_is(row, STATE_HELD) && a->held;
    row->state = (char *)(uintptr_t)state;
    row->note = (char *)(uintptr_t)note;
    row->draft = (ProtobufCBinaryData){0, NULL};
    return inbox_put(a->inbox, transaction, row);
}

/* Why it was withdrawn; "" when that cannot be read, or is longer than any gateway carries. */
static const char *withdrawn_for(const incoming *m, arena *ar)
{
    Sluis__TextBody *body;
    if (!wire_unpack((ProtobufCMessage **)&body, &sluis__text_body__descriptor, ar, buffer_bytes(&m->plain),
                     NULL) &&
        strlen(body->text) <= TALK_HEARD_MAX && strlen(body->code) <= TALK_HEARD_MAX)
        return *body->text ? body->text : body->code;
    log_transaction(LOG_WARN, "withdrawal.malformed", m->e->core->transaction.data,
                    error_token(SLUIS_INVALID), "its reason cannot be read, or is too long: left out");
    return "";
}

static sluis_err on_withdrawal(adapter *a, incoming *m, const client_event *ev)
{
    const uint8_t *transaction = m->e->core->transaction.data;
    Sluis__InboxRow *row;
    arena *ar = arena_new(ROW_ARENA);
    sluis_err err = ar ? turn_store(a) : SLUIS_NOMEM; /* the request may have come in this very turn */
    if (!err)
        err = inbox_get(a->inbox, transaction, ar, &row);
    if (!err && !same_asker(row, ar, m->e->core)) {
        log_transaction(LOG_WARN, "withdrawal.ignored", transaction, "not-asked", "not from who asked");
    } else if (!err && (inbox_state_is(row, STATE_HELD) || inbox_state_is(row, STATE_NEW) ||
                        inbox_state_is(row, STATE_DECIDED))) {
        err = row_mark(a, transaction, row, STATE_WITHDRAWN, withdrawn_for(m, ar));
        if (!err) {
            log_transaction(LOG_INFO, "inbox.withdrawn", transaction, "ok", "");
            owed_done(a, transaction);
        }
    }
    if (err == SLUIS_NOT_FOUND)
        err = SLUIS_OK;
    if (!err)
        client_done(a->client, ev->seq, ev->generation);
    arena_free(&ar);
    return err;
}

static sluis_err on_clarification(adapter *a, incoming *m, const client_event *ev)
{
    const uint8_t *transaction = m->e->core->transaction.data;
    sluis_err err = talk_answered(a, m);
    if (err == SLUIS_NOMEM || err == SLUIS_IO || err == SLUIS_CORRUPT || err == SLUIS_NO_SPACE)
        return err; /* not done: it comes again */
    log_transaction(err ? LOG_WARN : LOG_INFO, err ? "clarification.ignored" : "inbox.clarified", transaction,
                    error_token(err), "");
    client_done(a->client, ev->seq, ev->generation);
    return SLUIS_OK;
}

/* What came back was our answer, or something said beside it. */
static sluis_err mark_returned(adapter *a, const uint8_t transaction[static UUID_LEN], Sluis__InboxRow *row,
                               const Sluis__ReturnedBody *body)
{
    char note[256];
    Sluis__InboxTalk *line = talk_of_hash(row, BYTES(body->message_hash.data, body->message_hash.len));
    snprintf(note, sizeof note, "%.64s: %.180s", body->code, body->text);
    log_transaction(LOG_WARN, "inbox.returned", transaction, body->code, "");
    if (!line)
        return row_mark(a, transaction, row, STATE_RETURNED, note);
    line->state = (char *)(uintptr_t)TALK_RETURNED;
    line->note = note;
    return inbox_put(a->inbox, transaction, row);
}

static sluis_err on_returned(adapter *a, incoming *m, const client_event *ev)
{
    const uint8_t *transaction = m->e->core->transaction.data;
    Sluis__InboxRow *row;
    Sluis__ReturnedBody *body;
    sluis_fail f = {0};
    arena *ar = arena_new(ROW_ARENA);
    sluis_err err = ar ? SLUIS_OK : SLUIS_NOMEM;
    if (!err && !oin_equal(&m->e->sender, &a->s.gateway)) {
        log_transaction(LOG_WARN, "returned.ignored", transaction, "wrong-sender",
                        "only the gateway returns messages");
        client_done(a->client, ev->seq, ev->generation);
        arena_free(&ar);
        return SLUIS_OK;
    }
    if (!err && wire_unpack((ProtobufCMessage **)&body, &sluis__returned_body__descriptor, ar,
                            buffer_bytes(&m->plain), &f))
        log_transaction(LOG_WARN, "returned.malformed", transaction, error_token(f.code), f.text);
    else if (!err && !(err = inbox_get(a->inbox, transaction, ar, &row)))
        err = mark_returned(a, transaction, row, body);
    if (err == SLUIS_NOT_FOUND)
        err = SLUIS_OK;
    if (!err)
        client_done(a->client, ev->seq, ev->generation);
    arena_free(&ar);
    return err;
}

static const struct {
    Sluis__Kind kind;
    sluis_err (*handle)(adapter *a, incoming *m, const client_event *ev);
    bool keeps; /* the handler takes the message */
} arrivals[] = {
    {SLUIS__KIND__REQUEST, on_request, true},
    {SLUIS__KIND__KNOWN_QUERY, on_request, true}, /* its body is the beginning of a request's: the subject */
    {SLUIS__KIND__WITHDRAWAL, on_withdrawal, false},
    {SLUIS__KIND__CLARIFICATION_ANSWER, on_clarification, false},
    {SLUIS__KIND__RETURNED, on_returned, false},
};

/* No later attempt can end otherwise: the message goes back to its sender. Anything else may heal (a
 * directory that is on its way, a full disk): without a done the gateway delivers again, and gives up in the
 * end. */
static bool is_final(sluis_err e)
{
    return e == SLUIS_NOT_RECIPIENT || e == SLUIS_BAD_SEAL || e == SLUIS_BAD_COMMITMENT || e == SLUIS_KIND;
}

static sluis_err on_deliver(adapter *a, const client_event *ev)
{
    incoming m;
    sluis_fail f = {0};
    sluis_err err = intake_take(&a->intake, a->in_force ? client_snapshot(a->client) : NULL, ev->envelope,
                                ev->receipt, clock_ms(), &m, &f);
    if (err) {
        log_write(LOG_WARN, "intake.refused", "code", error_token(err), "where", f.where, "text", f.text,
                  NULL);
        if (is_final(err))
            client_refuse(a->client, ev->seq, ev->generation, err);
        return err == SLUIS_NOMEM ? err : SLUIS_OK;
    }
    restored_note(a, ev->receipt);
    for (size_t i = 0; i < sizeof arrivals / sizeof arrivals[0]; i++) {
        if (arrivals[i].kind != m.e->core->kind)
            continue;
        err = arrivals[i].handle(a, &m, ev);
        if (!arrivals[i].keeps)
            incoming_close(&m);
        return err;
    }
    const message_kind *kind = message_kind_of(m.e->core->kind);
    log_transaction(LOG_WARN, "intake.unsupported", m.e->core->transaction.data, kind ? kind->name : "kind",
                    "not supported by this adapter");
    client_refuse(a->client, ev->seq, ev->generation, SLUIS_KIND);
    incoming_close(&m);
    return SLUIS_OK;
}

/* ---- acknowledgements ---- */
/* Refused for its key alone, which was taken away: it is made again under the one that took its place. */
static bool for_its_key(const client_event *ev)
{
    return ev->kind == CLIENT_NACK && (strcmp(ev->code, error_token(SLUIS_UNKNOWN_KEY)) == 0 ||
                                       strcmp(ev->code, error_token(SLUIS_KEY_NOT_VALID)) == 0);
}

/* What a person decided and the gateway would not take as it stands: to be decided again. */
static const char *state_after(const Sluis__InboxRow *row, const client_event *ev, const char *state)
{
    bool again = strcmp(ev->code, error_token(SLUIS_INVALID)) == 0 ||
                 strcmp(ev->code, error_token(SLUIS_DENIED)) == 0 ||
                 strcmp(ev->code, error_token(SLUIS_TOO_BIG)) == 0;
    return ev->kind == CLIENT_NACK && again && *row->decided_by ? STATE_HELD : state;
}

static sluis_err settle(adapter *a, const client_event *ev, const char *state, const char *note)
{
    uint8_t transaction[UUID_LEN];
    Sluis__InboxRow *row;
    sluis_err err = inbox_sent(a->inbox, ev->message_id, transaction);
    if (err == SLUIS_NOT_FOUND) /* none of our own */
        return ev->kind == CLIENT_ACK ? restored_ack(a, ev) : restored_nack(ev);
    if (err)
        return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
    arena *ar = arena_new(ROW_ARENA);
    err = ar ? inbox_get(a->inbox, transaction, ar, &row) : SLUIS_NOMEM;
    Sluis__InboxTalk *line = err ? NULL : talk_of_id(row, ev->message_id);
    bool again = !err && !line && for_its_key(ev);
    if (line) {
        line->state = (char *)(uintptr_t)(ev->kind == CLIENT_ACK ? TALK_SENT : TALK_REFUSED);
        line->note = (char *)(uintptr_t)note;
        err = inbox_settle(a->inbox, ev->message_id, transaction, row);
    } else if (again) {
        a->retry_at = clock_ms() + RETRY_MS; /* by then the directory that says so is here */
    } else if (!err) {
        row->draft = (ProtobufCBinaryData){0, NULL};
        row->state = (char *)(uintptr_t)state_after(row, ev, state);
        row->note = (char *)(uintptr_t)note;
        a->held += inbox_state_is(row, STATE_HELD);
        if (ev->receipt.n && ev->kind == CLIENT_ACK)
            row->answer_receipt = (ProtobufCBinaryData){ev->receipt.n, (uint8_t *)(uintptr_t)ev->receipt.p};
        err = inbox_settle(a->inbox, ev->message_id, transaction, row);
    }
    if (!err) {
        log_transaction(ev->kind == CLIENT_ACK ? LOG_INFO : LOG_WARN,
                        line                     ? "talk.settled"
                        : ev->kind == CLIENT_ACK ? "answer.sent"
                                                 : "answer.refused",
                        transaction, ev->kind == CLIENT_ACK ? "ok" : ev->code,
                        ev->kind == CLIENT_ACK ? "" : ev->why.text);
        if (!line && !again)
            owed_done(a, transaction);
    }
    arena_free(&ar);
    return err;
}

static sluis_err on_nack(adapter *a, const client_event *ev)
{
    char note[640];
    if (strcmp(ev->code, error_token(SLUIS_FULL)) == 0 ||
        strcmp(ev->code, error_token(SLUIS_NO_SPACE)) == 0) {
        a->retry_at = clock_ms() + RETRY_MS;
        return SLUIS_OK;
    }
    snprintf(note, sizeof note, "%s: %s %s", ev->code, ev->why.where, ev->why.text);
    return settle(a, ev, STATE_NACKED, note);
}

/* The gateway knows us by our connection key: what it sends is for the party of that key. */
static sluis_err check_own(const adapter *a, const snapshot *dir)
{
    char text[160];
    const party *p = directory_by_curve(dir->dir, a->curve.pk, clock_ms());
    if (!p || oin_equal(&p->oin, &a->s.own))
        return SLUIS_OK;
    snprintf(
        text, sizeof text,
        "oin is %s in the configuration, but the gateway knows these keys as those of %s: set it to that",
        a->s.own.s, p->oin.s);
    log_write(LOG_ERROR, "adapter.wrong-oin", "text", text, NULL);
    return SLUIS_WRONG_SENDER;
}

/* Answers wait for a directory that has our signing key. */
static sluis_err check_signing(adapter *a)
{
    if (a->in_force && !keys_sign(a, &a->sign.id))
        log_write(
            LOG_ERROR, "keys.not-enrolled", "text",
            "the gateway's directory does not have sign.key, or not as valid: answers wait until it has",
            NULL);
    else if (a->in_force && a->unsigned_work) {
        a->unsigned_work = false;
        return work_load(a);
    }
    return SLUIS_OK;
}

/* A new directory may name our next sealing key: from now on mail is sealed to it. */
static sluis_err on_directory(adapter *a, bool welcome)
{
    const snapshot *dir = client_snapshot(a->client);
    sluis_fail f = {0};
    if (keys_refresh(a, &f))
        log_write(LOG_ERROR, "keys.refresh", "where", f.where, "text", f.text, NULL);
    a->in_force = dir && strcmp(dir->gateway, a->s.gateway_name) == 0;
    if (dir && !a->in_force)
        log_write(LOG_ERROR, "directory.other-gateway", "gateway", dir->gateway, "text",
                  "not the gateway.name of the configuration", NULL);
    if (a->in_force)
        keys_gateway_learn(a, clock_ms());
    sluis_err err = dir && a->in_force ? check_own(a, dir) : SLUIS_OK;
    if (!err)
        err = check_signing(a);
    if (err)
        return err;
    if (!welcome)
        return SLUIS_OK;
    log_write(LOG_INFO, "bus.welcome", "gateway", dir ? dir->gateway : "", NULL);
    a->pending_count = 0; /* another generation: what is not done comes again */
    return restored_welcome(a);
}

static sluis_err handle(adapter *a, const client_event *ev)
{
    switch (ev->kind) {
    case CLIENT_WELCOME:
        return on_directory(a, true);
    case CLIENT_DIRECTORY:
        return on_directory(a, false);
    case CLIENT_DELIVER:
        return on_deliver(a, ev);
    case CLIENT_ACK:
        restored_note(a, ev->receipt);
        return settle(a, ev, STATE_SENT, "");
    case CLIENT_NACK:
        return on_nack(a, ev);
    case CLIENT_REFUSED:
        log_write(LOG_ERROR, "bus.refused", "code", ev->code, "text", ev->why.text, NULL);
        return SLUIS_OK;
    case CLIENT_RECEIPT:
        return receipt_arrived(a, ev);
    case CLIENT_RENEWED:
        keys_renewed(a, ev);
        return SLUIS_OK;
    case CLIENT_FD:
    case CLIENT_NONE:
        break;
    }
    return SLUIS_OK;
}

/* A full store heals, and what was not stored comes again: it ends nobody. */
sluis_err arrive_event(adapter *a, const client_event *ev)
{
    sluis_err err = handle(a, ev);
    if (err != SLUIS_NO_SPACE)
        return err;
    log_no_space();
    a->retry_at = clock_ms() + RETRY_MS;
    return SLUIS_OK;
}
