#include "core/outbox.h"

#include <string.h>

static void key_of(uint8_t out[static OUTBOX_KEY], const oin *o, uint64_t seq)
{
    memcpy(out, o->s, OIN_LEN);
    put_u64(out + OIN_LEN, seq);
}

/* In EXPIRY: the time, and behind it the key in OUTBOX. */
static void key_of_expiry(uint8_t out[static 8 + OUTBOX_KEY], uint64_t expires, const uint8_t *key)
{
    put_u64(out, expires);
    memcpy(out + 8, key, OUTBOX_KEY);
}

sluis_err outbox_put(turn *t, const oin *to, const Sluis__OutboxRow *row, uint64_t *seq)
{
    uint8_t key[OUTBOX_KEY], exp[8 + OUTBOX_KEY];
    *seq = ++t->outbox_seq;
    key_of(key, to, *seq);
    key_of_expiry(exp, row->expires, key);
    sluis_err e = rows_put(t->t, t->p->rows, TABLE_OUTBOX, BYTES_OF(key), &row->base);
    if (!e)
        e = rows_put_bytes(t->t, t->p->rows, TABLE_EXPIRY, BYTES_OF(exp), ROW_EMPTY);
    METRIC_ADD(t->p->metrics, outbox_queued, e == SLUIS_OK);
    return e;
}

sluis_err outbox_get(turn *t, const uint8_t key[static OUTBOX_KEY], arena **a, Sluis__OutboxRow **out)
{
    ProtobufCMessage *m = NULL;
    *a = arena_new(ROW_MAX);
    sluis_err e = *a ? rows_get(t->t, t->p->rows, TABLE_OUTBOX, BYTES(key, OUTBOX_KEY), *a,
                                &sluis__outbox_row__descriptor, &m)
                     : SLUIS_NOMEM;
    *out = (Sluis__OutboxRow *)m;
    return e;
}

sluis_err outbox_delete(turn *t, const uint8_t key[static OUTBOX_KEY], uint64_t expires)
{
    uint8_t exp[8 + OUTBOX_KEY];
    key_of_expiry(exp, expires, key);
    sluis_err e = store_delete(t->t, TABLE_OUTBOX, BYTES(key, OUTBOX_KEY));
    if (!e)
        e = store_delete(t->t, TABLE_EXPIRY, BYTES_OF(exp));
    if (!e)
        e = store_delete(t->t, TABLE_ATTEMPT, BYTES(key, OUTBOX_KEY));
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err outbox_attempts(turn *t, const uint8_t key[static OUTBOX_KEY], uint32_t *n)
{
    bytes v;
    *n = 0;
    sluis_err e = rows_get_bytes(t->t, t->p->rows, TABLE_ATTEMPT, BYTES(key, OUTBOX_KEY), &v);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    if (v.n != 4)
        return SLUIS_CORRUPT;
    *n = get_u32(v.p);
    return SLUIS_OK;
}

sluis_err turn_deliver(turn *t, job *j, const oin *to)
{
    const Sluis__Core *c = j->env->core;
    Sluis__OutboxRow row = SLUIS__OUTBOX_ROW__INIT;
    row.envelope = (ProtobufCBinaryData){j->env->raw.n, (uint8_t *)(uintptr_t)j->env->raw.p};
    row.journal_index = t->entry.index;
    row.expires = c->expires;
    row.message_hash = (ProtobufCBinaryData){HASH_LEN, j->env->mh};
    row.sender = c->sender;
    row.transaction = c->transaction;
    row.kind = c->kind;
    uint64_t seq = 0;
    sluis_err e = outbox_put(t, to, &row, &seq);
    if (!e)
        j->to[j->to_count++] = (delivery){*to, seq};
    return e;
}

sluis_err turn_delivered(turn *t, const oin *to, uint64_t seq)
{
    uint8_t key[OUTBOX_KEY];
    arena *a = NULL;
    Sluis__OutboxRow *row = NULL;
    key_of(key, to, seq);
    sluis_err e = outbox_get(t, key, &a, &row);
    if (!e) {
        e = outbox_delete(t, key, row->expires);
        METRIC_ADD(t->p->metrics, outbox_done, e == SLUIS_OK);
    } else if (e == SLUIS_NOT_FOUND) {
        e = SLUIS_OK; /* said before */
    }
    arena_free(&a);
    return e;
}

sluis_err turn_refused(turn *t, const oin *to, uint64_t seq, sluis_err why)
{
    uint8_t key[OUTBOX_KEY];
    key_of(key, to, seq);
    sluis_err e = turn_return(t, key, why);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The oldest row of a party, when it is not newer than seq; NOT_FOUND. */
static sluis_err oldest(turn *t, const oin *to, uint64_t seq, uint8_t key[static OUTBOX_KEY])
{
    store_cursor *c = NULL;
    bytes k, v;
    sluis_err e = store_cursor_open(t->t, TABLE_OUTBOX, BYTES(to->s, OIN_LEN), BYTES(to->s, OIN_LEN), &c);
    if (!e)
        e = store_cursor_next(c, &k, &v);
    if (!e && k.n != OUTBOX_KEY)
        e = SLUIS_CORRUPT;
    if (!e && get_u64(k.p + OIN_LEN) > seq)
        e = SLUIS_NOT_FOUND;
    if (!e)
        memcpy(key, k.p, OUTBOX_KEY);
    store_cursor_close(&c);
    return e;
}

sluis_err turn_missed(turn *t, const oin *to, uint64_t seq)
{
    uint8_t key[OUTBOX_KEY], v[4];
    uint32_t n = 0;
    sluis_err e = oldest(t, to, seq, key);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    e = outbox_attempts(t, key, &n);
    put_u32(v, n + 1);
    if (!e)
        e = rows_put_bytes(t->t, t->p->rows, TABLE_ATTEMPT, BYTES_OF(key), BYTES_OF(v));
    if (!e && n + 1 >= t->p->settings->attempts_max)
        e = turn_return(t, key, SLUIS_UNDELIVERABLE);
    return e;
}
