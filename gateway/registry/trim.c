/* Versions whose term is over are taken out of the register. A chain of versions (journal_index, previous) is
 * cut behind the last one that stays; when it is too long for one step, what is left of it is hung on that
 * one again, so that after every step each version is found from the one that superseded it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "registry/datum.h"

/* One version: where it stands, and what it says. */
typedef struct {
    uint8_t key[DATUM_KEY_LEN];
    bool past;      /* it stands in HISTORY, */
    uint64_t under; /* under this journal index */
    Sluis__DatumRow *row;
} version;

static bytes history_key(uint8_t out[static HISTORY_KEY_LEN], const version *v)
{
    put_u64(out, v->under);
    memcpy(out + 8, v->key, DATUM_KEY_LEN);
    return BYTES(out, HISTORY_KEY_LEN);
}

/* The one before. A version that is not where it should be is CORRUPT. */
static sluis_err load_before(store_txn *t, const subject *s, const version *v, arena *a, version *out)
{
    uint8_t at[HISTORY_KEY_LEN];

    sluis_err err = datum_before(t, s, v->key, v->row, a, at, &out->row);
    out->past = true;
    out->under = v->row->journal_index;
    memcpy(out->key, v->key, DATUM_KEY_LEN);
    put_u64(out->key + DATUM_PREFIX_LEN, v->row->previous);
    return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
}

static sluis_err save(store_txn *t, const subject *s, const version *v)
{
    uint8_t at[HISTORY_KEY_LEN];
    buffer b;

    if (!v->past)
        return datum_store(t, s, v->key, v->row);
    buffer_init(&b, ROW_MAX);
    sluis_err err = datum_seal(&b, s->key, BYTES_OF(v->key), &v->row->base);
    if (!err)
        err = store_put(t, TABLE_HISTORY, history_key(at, v), buffer_bytes(&b));
    buffer_close(&b);
    return err;
}

/* Hangs the version (index, previous) behind the one that stays: the same bytes under another index. */
static sluis_err hang(store_txn *t, const version *stays, uint64_t index, uint64_t previous)
{
    uint8_t from[HISTORY_KEY_LEN], to[HISTORY_KEY_LEN];
    version old = {.past = true, .under = index}, new = {.past = true, .under = stays->row->journal_index};
    bytes value;

    memcpy(old.key, stays->key, DATUM_KEY_LEN);
    put_u64(old.key + DATUM_PREFIX_LEN, previous);
    memcpy(new.key, old.key, DATUM_KEY_LEN);
    sluis_err err = store_get(t, TABLE_HISTORY, history_key(from, &old), &value);
    uint8_t *copy = err ? NULL : malloc(value.n ? value.n : 1);
    if (err || !copy)
        return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err ? err : SLUIS_NOMEM;
    memcpy(copy, value.p, value.n); /* a write ends the loan */
    err = store_delete(t, TABLE_HISTORY, BYTES_OF(from));
    if (!err)
        err = store_put(t, TABLE_HISTORY, history_key(to, &new), BYTES(copy, value.n));
    free(copy);
    return err;
}

/* Two arenas, since a chain is as long as it is: what is looked at next, and the one that may stay. */
typedef struct {
    arena *stays, *next;
} hands;

/* Deletes what stands behind this version, REGISTRY_CUT at most; *more: something still does. */
static sluis_err cut(store_txn *t, const subject *s, version *stays, const registry_terms *by, hands *h,
                     bool *more)
{
    uint8_t at[HISTORY_KEY_LEN];
    uint64_t index = stays->row->journal_index, previous = stays->row->previous, gone = 0;
    sluis_err err = SLUIS_OK;

    for (; !err && previous && gone < REGISTRY_CUT; gone++) {
        Sluis__DatumRow link = {.journal_index = index, .previous = previous};
        version v = {.row = &link}, before;
        memcpy(v.key, stays->key, DATUM_KEY_LEN);
        arena_reset(h->next);
        err = load_before(t, s, &v, h->next, &before);
        if (!err)
            err = store_delete(t, TABLE_HISTORY, history_key(at, &before));
        if (!err) {
            index = before.row->journal_index;
            previous = before.row->previous;
        }
    }
    if (err || !gone)
        return err;
    by->gone(by->ctx, get_u32(stays->key + ID_LEN), gone);
    *more = previous != 0;
    if (*more)
        err = hang(t, stays, index, previous);
    stays->row->previous = previous;
    return err ? err : save(t, s, stays);
}

/* The current version of an instance went: the newest that stands beside it and stays is all that is known
 * now, and becomes the current one. */
static sluis_err promote(store_txn *t, const subject *s, const uint8_t *key, const registry_terms *by,
                         arena *a)
{
    store_cursor *c = NULL;
    bytes at, value;
    version newest = {.row = NULL};

    arena_reset(a);
    sluis_err err =
        store_cursor_open(t, TABLE_DATUM, BYTES(key, DATUM_PREFIX_LEN), BYTES(key, DATUM_PREFIX_LEN), &c);
    while (!err && !(err = store_cursor_next(c, &at, &value))) {
        Sluis__DatumRow *row = NULL;
        err = datum_open(s, at, value, a, &row);
        if (!err && !by->over(by->ctx, get_u32(key + ID_LEN), row)) {
            newest.row = row;
            memcpy(newest.key, at.p, DATUM_KEY_LEN);
        }
    }
    store_cursor_close(&c);
    if (err != SLUIS_NOT_FOUND || !newest.row)
        return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
    newest.row->discrepancy = false;
    newest.row->asked = (ProtobufCBinaryData){0, NULL};
    return save(t, s, &newest);
}

static sluis_err trim_datum(store_txn *t, const subject *s, version *v, const registry_terms *by, hands *h,
                            bool *more)
{
    uint32_t attribute_id = get_u32(v->key + ID_LEN);
    version before;
    sluis_err err = SLUIS_OK;

    if (by->over(by->ctx, attribute_id, v->row)) {
        err = cut(t, s, v, by, h, more);
        if (err || *more)
            return err;
        by->gone(by->ctx, attribute_id, 1);
        bool current = !v->row->discrepancy;
        err = store_delete(t, TABLE_DATUM, BYTES_OF(v->key));
        return err || !current ? err : promote(t, s, v->key, by, h->next);
    }
    while (!err && v->row->previous) {
        arena *seen = h->stays;
        arena_reset(h->next);
        err = load_before(t, s, v, h->next, &before);
        if (!err && by->over(by->ctx, attribute_id, before.row))
            return cut(t, s, v, by, h, more);
        *v = before;
        h->stays = h->next;
        h->next = seen;
    }
    return err;
}

sluis_err registry_trim_past(store_txn *t, const subject *s, bytes key, bytes value, const registry_terms *by)
{
    Sluis__DatumRow *row;
    uint32_t id = key.n == HISTORY_KEY_LEN ? get_u32(key.p + 8 + ID_LEN) : 0;
    arena *a = arena_new(DATUM_ARENA);

    sluis_err err = !a ? SLUIS_NOMEM
                    : key.n != HISTORY_KEY_LEN
                        ? SLUIS_CORRUPT
                        : datum_open(s, BYTES(key.p + 8, DATUM_KEY_LEN), value, a, &row);
    if (!err && by->over(by->ctx, id, row)) {
        by->gone(by->ctx, id, 1);
        err = store_delete(t, TABLE_HISTORY, key);
    }
    arena_free(&a);
    return err;
}

sluis_err registry_trim(store_txn *t, const subject *s, const registry_terms *by, registry_place *at,
                        uint64_t until)
{
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(s->sid.b, ID_LEN);
    hands h = {arena_new(DATUM_ARENA), arena_new(DATUM_ARENA)};
    version v;
    sluis_err err = h.stays && h.next ? store_cursor_open(t, TABLE_DATUM,
                                                          at->n ? BYTES(at->key, at->n) : prefix, prefix, &c)
                                      : SLUIS_NOMEM;

    for (size_t seen = 0; !err && !(err = store_cursor_next(c, &key, &value)); seen++) {
        bool more = false;
        if (key.n != DATUM_KEY_LEN) {
            err = SLUIS_CORRUPT;
            break;
        }
        memcpy(v.key, key.p, DATUM_KEY_LEN);
        v.past = false;
        arena_reset(h.stays);
        if (!seen || clock_mono_us() < until) {
            err = datum_open(s, key, value, h.stays, &v.row);
            if (!err)
                err = trim_datum(t, s, &v, by, &h, &more);
        } else {
            more = true;
        }
        if (!err && more) {
            memcpy(at->key, v.key, DATUM_KEY_LEN);
            at->n = DATUM_KEY_LEN;
            err = SLUIS_TIMEOUT;
        }
    }
    store_cursor_close(&c);
    arena_free(&h.stays);
    arena_free(&h.next);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}
