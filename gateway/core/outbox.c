#include "core/outbox.h"

#include <string.h>

#include "core/due.h"

static void key_of(uint8_t out[static OUTBOX_KEY], const oin *o, uint64_t seq)
{
    memcpy(out, o->s, OIN_LEN);
    put_u64(out + OIN_LEN, seq);
}

/* LMDB splits a full page in such a way that its last row goes along to the new one. Rows of which two fill a
 * page, put one behind another, would so get a page each. An empty row behind them, which the next ones come
 * before, is what goes along instead. It is there from a party's second row of a turn to the turn's end. */
static sluis_err put_fence(turn *t, const oin *to)
{
    uint8_t key[OUTBOX_KEY];
    size_t i = 0;
    while (i < t->queued_count && !oin_equal(&t->queued[i].to, to))
        i++;
    if (i == TURN_QUEUED)
        return SLUIS_OK;
    if (i == t->queued_count) {
        t->queued[t->queued_count++].to = *to;
        return SLUIS_OK;
    }
    if (t->queued[i].fenced)
        return SLUIS_OK;
    t->queued[i].fenced = true;
    key_of(key, to, OUTBOX_FENCE);
    return store_put(t->t, TABLE_OUTBOX, BYTES_OF(key), ROW_EMPTY);
}

sluis_err outbox_finish(turn *t)
{
    uint8_t key[OUTBOX_KEY];
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < t->queued_count; i++) {
        key_of(key, &t->queued[i].to, OUTBOX_FENCE);
        e = t->queued[i].fenced ? store_delete(t->t, TABLE_OUTBOX, BYTES_OF(key)) : SLUIS_OK;
    }
    t->queued_count = 0;
    return e;
}

sluis_err outbox_put(turn *t, const oin *to, bytes whole, uint64_t expires, uint64_t *seq)
{
    uint8_t key[OUTBOX_KEY], index[8];
    buffer *b = turn_scratch(t);
    *seq = ++t->last.outbox;
    key_of(key, to, *seq);
    put_u64(index, t->entry.index);
    buffer_add(b, index, sizeof(index));
    buffer_add(b, whole.p, whole.n);
    sluis_err e = put_fence(t, to);
    if (!e)
        e = rows_put_buffer(t->t, t->p->rows, TABLE_OUTBOX, BYTES_OF(key), b);
    if (!e)
        e = due_add(t, DUE_DELIVERY, expires, BYTES_OF(key));
    METRIC_ADD(t->p->metrics, outbox_queued, e == SLUIS_OK);
    return e;
}

sluis_err outbox_get(turn *t, const uint8_t key[static OUTBOX_KEY], envelope **out)
{
    bytes v;
    *out = NULL;
    sluis_err e = rows_get_bytes(t->t, t->p->rows, TABLE_OUTBOX, BYTES(key, OUTBOX_KEY), &v);
    if (e)
        return e;
    if (v.n < 8)
        return SLUIS_CORRUPT;
    e = envelope_decode(out, BYTES(v.p + 8, v.n - 8), ENVELOPE_MAX, NULL);
    return e == SLUIS_NOMEM || !e ? e : SLUIS_CORRUPT; /* it was decoded when it came in */
}

sluis_err outbox_delete(turn *t, const uint8_t key[static OUTBOX_KEY])
{
    sluis_err e = store_delete(t->t, TABLE_OUTBOX, BYTES(key, OUTBOX_KEY)), none;
    if (e)
        return e;
    none = store_delete(t->t, TABLE_ATTEMPT, BYTES(key, OUTBOX_KEY));
    return none == SLUIS_NOT_FOUND ? SLUIS_OK : none;
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
    uint64_t seq = 0;
    sluis_err e = outbox_put(t, to, j->env->raw, j->env->core->expires, &seq);
    if (!e)
        j->to[j->to_count++] = (delivery){*to, seq};
    return e;
}

sluis_err turn_delivered(turn *t, const oin *to, uint64_t seq)
{
    uint8_t key[OUTBOX_KEY];
    key_of(key, to, seq);
    sluis_err e = outbox_delete(t, key);
    METRIC_ADD(t->p->metrics, outbox_done, e == SLUIS_OK);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* said before */
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

/* What is for another municipality waits until it expires: when that gateway is away, it says so for days. */
static bool is_municipality(const turn *t, const oin *to)
{
    const party *p = directory_find(t->dir, to);
    return p && rules_is_municipality(t->rules, p->domain);
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
    if (!e && n + 1 >= t->p->settings->attempts_max && !is_municipality(t, to))
        e = turn_return(t, key, SLUIS_UNDELIVERABLE);
    return e;
}
