/* The gateway was restored from a backup. Its journal is of another origin, and from that origin's first
 * entry on it holds nothing of what it had acknowledged to us. What our receipts show beyond goes back to it:
 * requests as they came, each with its receipt, and our answers, byte for byte. What the gateway knows after
 * all it calls a duplicate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/parts.h"

#define RECEIPT_ARENA (1u << 20)

/* Index and checkpoint of a receipt that we keep; false: there is none. */
static bool receipt_place(const ProtobufCBinaryData *raw, uint64_t *index, checkpoint *cp, bytes *note,
                          arena *a)
{
    Sluis__Receipt *r;
    arena_reset(a);
    if (raw->len == 0 || wire_unpack((ProtobufCMessage **)&r, &sluis__receipt__descriptor, a,
                                     BYTES(raw->data, raw->len), NULL))
        return false;
    *index = r->index;
    *note = BYTES(r->checkpoint.data, r->checkpoint.len);
    return checkpoint_read(cp, (const char *)note->p, note->n, NULL) == SLUIS_OK;
}

static uint64_t number_of(const char *origin)
{
    const char *slash = strrchr(origin, '/');
    return slash ? strtoull(slash + 1, NULL, 10) : 0;
}

void restored_note(adapter *a, bytes receipt)
{
    const ProtobufCBinaryData raw = {receipt.n, (uint8_t *)(uintptr_t)receipt.p};
    uint64_t index;
    checkpoint cp;
    bytes note;
    arena *ar = arena_new(RECEIPT_ARENA);
    if (ar && receipt_place(&raw, &index, &cp, &note, ar)) {
        uint64_t theirs = number_of(cp.origin), ours = number_of(a->newest.origin);
        if (theirs > ours || (theirs == ours && cp.size > a->newest.size)) {
            a->newest = cp;
            if (a->client)
                client_show(a->client, note);
            else
                snprintf(a->newest_note, sizeof a->newest_note, "%.*s", (int)note.n, (const char *)note.p);
        }
    }
    arena_free(&ar);
}

/* Of the origin before this one, from where it ended; of one before that all, since what a restore in between
 * has lost is not said. */
static bool is_lost(const adapter *a, const ProtobufCBinaryData *raw, arena *ar)
{
    uint64_t index;
    checkpoint cp;
    bytes note;
    return receipt_place(raw, &index, &cp, &note, ar) && strcmp(cp.origin, a->origin) != 0 &&
           (index >= a->origin_from || number_of(cp.origin) + 1 < number_of(a->origin));
}

/* Rows that a person or the gateway has closed without an answer stay closed. */
static bool may_return(const Sluis__InboxRow *row, uint64_t now)
{
    static const char *const states[] = {STATE_NEW, STATE_HELD, STATE_DECIDED, STATE_SENDING, STATE_SENT};
    for (size_t i = 0; row->expires > now && i < sizeof states / sizeof *states; i++)
        if (inbox_state_is(row, states[i]))
            return true;
    return false;
}

typedef struct {
    adapter *a;
    arena *ar;
    uint8_t (*v)[UUID_LEN];
    size_t n, cap;
} lost_rows;

static sluis_err look(void *ctx, const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row,
                      arena *ar)
{
    lost_rows *l = ctx;
    (void)ar;
    if (!may_return(row, clock_ms()) ||
        (!is_lost(l->a, &row->receipt, l->ar) && !is_lost(l->a, &row->answer_receipt, l->ar)))
        return SLUIS_OK;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        uint8_t(*more)[UUID_LEN] = realloc(l->v, cap * sizeof *more);
        if (!more)
            return SLUIS_NOMEM;
        l->v = more;
        l->cap = cap;
    }
    memcpy(l->v[l->n++], transaction, UUID_LEN);
    return SLUIS_OK;
}

/* The request first, so that the answer finds it. */
static sluis_err give_back(adapter *a, const uint8_t transaction[static UUID_LEN], arena *scratch)
{
    Sluis__InboxRow *row;
    envelope *e = NULL;
    arena *ar = arena_new(ROW_ARENA);
    sluis_err err = ar ? inbox_get(a->inbox, transaction, ar, &row) : SLUIS_NOMEM;
    if (!err && is_lost(a, &row->receipt, scratch)) {
        bytes raw = BYTES(row->envelope.data, row->envelope.len);
        err = envelope_decode(&e, raw, ENVELOPE_MAX, NULL);
        if (!err)
            err = client_submit_again(a->client, e->core->message_id.data, raw,
                                      BYTES(row->receipt.data, row->receipt.len));
        envelope_free(&e);
    }
    if (!err && inbox_state_is(row, STATE_SENT) && is_lost(a, &row->answer_receipt, scratch) &&
        !(err = envelope_decode(&e, BYTES(row->answer.data, row->answer.len), ENVELOPE_MAX, NULL))) {
        row->state = (char *)(uintptr_t)STATE_SENDING;
        err = inbox_told(a->inbox, transaction, e->core->message_id.data, row, NULL);
        envelope_free(&e);
        if (!err)
            err = work_push(a, transaction);
    }
    if (!err)
        log_transaction(LOG_INFO, "restored.again", transaction, "ok", "");
    arena_free(&ar);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err restored_welcome(adapter *a)
{
    uint64_t from;
    const char *origin = client_origin(a->client, &from);
    lost_rows l = {.a = a};
    if (!origin[0] || strcmp(origin, a->origin) == 0)
        return SLUIS_OK;
    snprintf(a->origin, sizeof a->origin, "%s", origin);
    a->origin_from = from;
    l.ar = arena_new(RECEIPT_ARENA);
    sluis_err err = l.ar ? inbox_walk(a->inbox, look, &l) : SLUIS_NOMEM;
    if (l.n)
        log_write(LOG_WARN, "restored.origin", "origin", origin, "text",
                  "the gateway was restored: what it acknowledged since its backup goes back to it", NULL);
    for (size_t i = 0; !err && i < l.n; i++)
        err = give_back(a, l.v[i], l.ar);
    if (err == SLUIS_FULL || err == SLUIS_NO_SPACE) { /* the rest at the next turn of the house */
        a->origin[0] = '\0';
        a->retry_at = clock_ms() + RETRY_MS;
        err = SLUIS_OK;
    }
    free(l.v);
    arena_free(&l.ar);
    return err;
}

sluis_err restored_ack(adapter *a, const client_event *ev)
{
    uint8_t transaction[UUID_LEN];
    Sluis__InboxRow *row;
    sluis_err err = inbox_by_hash(a->inbox, ev->message_hash, transaction);
    if (err || !ev->receipt.n)
        return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
    arena *ar = arena_new(ROW_ARENA);
    err = ar ? inbox_get(a->inbox, transaction, ar, &row) : SLUIS_NOMEM;
    if (!err) {
        row->receipt = (ProtobufCBinaryData){ev->receipt.n, (uint8_t *)(uintptr_t)ev->receipt.p};
        err = inbox_put(a->inbox, transaction, row);
    }
    arena_free(&ar);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

/* The gateway has a reason not to take a request back; the request stays what it is here. */
sluis_err restored_nack(const client_event *ev)
{
    char id[UUID_STR];
    uuid_format(id, ev->message_id);
    log_write(LOG_WARN, "restored.refused", "message", id, "code", ev->code, "text", ev->why.text, NULL);
    return SLUIS_OK;
}
