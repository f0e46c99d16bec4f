/* Versions whose term is over are taken out of the register. A chain of versions (journal_index, previous) is
 * cut behind the last one that stays; when it is too long for one step, what is left of it is hung on that
 * one again, so that after every step each version is found from the one that superseded it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "registry/datum.h"

/* One version: where it stands, and what it says. */
typedef struct {
    uint8_t key[DATUM_KEY_LEN]; /* in DATUM, now or when it was current */
    bool past;                  /* it stands in HISTORY, */
    uint64_t under;             /* under this journal index */
    Sluis__DatumRow *row;
} version;

/* Whose data are gone over, and two arenas, since a chain is as long as it is: what is looked at next, and
 * the one that may stay. */
typedef struct {
    registry *r;
    store_txn *t;
    const subject *s;
    const registry_terms *by;
    arena *stays, *next;
} hands;

/* The one that stands there in HISTORY. A version that is not where it should be is CORRUPT. */
static sluis_err load_past(const hands *h, const uint8_t at[static HISTORY_KEY_LEN], version *out)
{
    sluis_err err = datum_past(h->r, h->t, h->s, at, h->next, &out->row);

    out->past = true;
    out->under = get_u64(at);
    memcpy(out->key, at + 8, DATUM_KEY_LEN);
    return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
}

/* Under the name that it stands under. */
static sluis_err save(const hands *h, const version *v)
{
    uint8_t at[HISTORY_KEY_LEN];
    subject name;
    bool merged;
    id16 sid;
    buffer b;

    if (!v->past)
        return datum_store(h->t, h->s, v->key, v->row);
    memcpy(sid.b, v->key, ID_LEN);
    sluis_err err = subject_as_sealed(h->r, h->t, &sid, &name, &merged);
    if (err)
        return err;
    put_u64(at, v->under);
    memcpy(at + 8, v->key, DATUM_KEY_LEN);
    buffer_init(&b, ROW_MAX);
    err = datum_seal(&b, name.key, BYTES_OF(v->key), &v->row->base);
    if (!err)
        err = store_put(h->t, TABLE_HISTORY, BYTES_OF(at), buffer_bytes(&b));
    buffer_close(&b);
    subject_close(&name);
    return err;
}

/* Hangs the version that stands there behind the one that stays: the same bytes under another index. */
static sluis_err hang(const hands *h, const version *stays, const uint8_t from[static HISTORY_KEY_LEN])
{
    uint8_t to[HISTORY_KEY_LEN];
    bytes value;

    put_u64(to, stays->row->journal_index);
    memcpy(to + 8, from + 8, DATUM_KEY_LEN);
    sluis_err err = store_get(h->t, TABLE_HISTORY, BYTES(from, HISTORY_KEY_LEN), &value);
    uint8_t *copy = err ? NULL : malloc(value.n ? value.n : 1);
    if (err || !copy)
        return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err ? err : SLUIS_NOMEM;
    memcpy(copy, value.p, value.n); /* a write ends the loan */
    err = store_delete(h->t, TABLE_HISTORY, BYTES(from, HISTORY_KEY_LEN));
    if (!err)
        err = store_put(h->t, TABLE_HISTORY, BYTES_OF(to), BYTES(copy, value.n));
    free(copy);
    return err;
}

/* Deletes what stands behind this version, REGISTRY_CUT at most; *more: something still does. */
static sluis_err cut(hands *h, version *stays, bool *more)
{
    uint8_t at[HISTORY_KEY_LEN];
    uint64_t gone = 0;
    sluis_err err = datum_before_key(stays->key, stays->row, at);

    for (; !err && gone < REGISTRY_CUT; gone++) {
        version v;
        arena_reset(h->next);
        err = load_past(h, at, &v);
        if (!err)
            err = store_delete(h->t, TABLE_HISTORY, BYTES_OF(at));
        if (!err)
            err = datum_before_key(v.key, v.row, at);
    }
    *more = !err;
    if (err == SLUIS_NOT_FOUND)
        err = SLUIS_OK;
    if (err || !gone)
        return err;
    h->by->gone(h->by->ctx, get_u32(stays->key + ID_LEN), gone);
    if (*more) {
        err = hang(h, stays, at);
        stays->row->previous = get_u64(at + 8 + DATUM_PREFIX_LEN);
        if (stays->row->previous_under.len && memcmp(at + 8, stays->key, ID_LEN) == 0)
            stays->row->previous_under.len = 0;
    } else {
        datum_follows(stays->row, 0);
    }
    return err ? err : save(h, stays);
}

/* The current version of an instance went: the newest that stands beside it and stays is all that is known
 * now, and becomes the current one. */
static sluis_err promote(const hands *h, const uint8_t *key)
{
    store_cursor *c = NULL;
    bytes at, value;
    version newest = {.row = NULL};

    arena_reset(h->next);
    sluis_err err =
        store_cursor_open(h->t, TABLE_DATUM, BYTES(key, DATUM_PREFIX_LEN), BYTES(key, DATUM_PREFIX_LEN), &c);
    while (!err && !(err = store_cursor_next(c, &at, &value))) {
        Sluis__DatumRow *row = NULL;
        err = datum_open(h->s, at, value, h->next, &row);
        if (!err && !h->by->over(h->by->ctx, get_u32(key + ID_LEN), row)) {
            newest.row = row;
            memcpy(newest.key, at.p, DATUM_KEY_LEN);
        }
    }
    store_cursor_close(&c);
    if (err != SLUIS_NOT_FOUND || !newest.row)
        return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
    newest.row->discrepancy = false;
    newest.row->asked = (ProtobufCBinaryData){0, NULL};
    return save(h, &newest);
}

static sluis_err trim_datum(hands *h, version *v, bool *more)
{
    const registry_terms *by = h->by;
    const uint32_t id = get_u32(v->key + ID_LEN);
    uint8_t at[HISTORY_KEY_LEN];
    version before;
    sluis_err err = SLUIS_OK;

    if (by->over(by->ctx, id, v->row)) {
        err = cut(h, v, more);
        if (err || *more)
            return err;
        by->gone(by->ctx, id, 1);
        bool current = !v->row->discrepancy;
        err = store_delete(h->t, TABLE_DATUM, BYTES_OF(v->key));
        return err || !current ? err : promote(h, v->key);
    }
    while (!err && !(err = datum_before_key(v->key, v->row, at))) {
        arena *seen = h->stays;
        arena_reset(h->next);
        err = load_past(h, at, &before);
        if (!err && by->over(by->ctx, id, before.row))
            return cut(h, v, more);
        *v = before;
        h->stays = h->next;
        h->next = seen;
    }
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err registry_trim_past(registry *r, store_txn *t, const subject *s, bytes key, bytes value,
                             const registry_terms *by)
{
    Sluis__DatumRow *row;
    uint32_t id = key.n == HISTORY_KEY_LEN ? get_u32(key.p + 8 + ID_LEN) : 0;
    arena *a = arena_new(DATUM_ARENA);

    sluis_err err = !a ? SLUIS_NOMEM
                    : key.n != HISTORY_KEY_LEN
                        ? SLUIS_CORRUPT
                        : datum_open_named(r, t, s, BYTES(key.p + 8, DATUM_KEY_LEN), value, a, &row);
    if (!err && by->over(by->ctx, id, row)) {
        by->gone(by->ctx, id, 1);
        err = store_delete(t, TABLE_HISTORY, key);
    }
    arena_free(&a);
    return err;
}

sluis_err registry_trim(registry *r, store_txn *t, const subject *s, const registry_terms *by,
                        registry_place *at, uint64_t until)
{
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(s->sid.b, ID_LEN);
    hands h = {r, t, s, by, arena_new(DATUM_ARENA), arena_new(DATUM_ARENA)};
    uint8_t here[DATUM_KEY_LEN]; /* v goes back into the past, which may stand under another name */
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
        memcpy(here, key.p, DATUM_KEY_LEN);
        memcpy(v.key, here, DATUM_KEY_LEN);
        v.past = false;
        arena_reset(h.stays);
        if (!seen || clock_mono_us() < until) {
            err = datum_open(s, key, value, h.stays, &v.row);
            if (!err)
                err = trim_datum(&h, &v, &more);
        } else {
            more = true;
        }
        if (!err && more) {
            memcpy(at->key, here, DATUM_KEY_LEN);
            at->n = DATUM_KEY_LEN;
            err = SLUIS_TIMEOUT;
        }
    }
    store_cursor_close(&c);
    arena_free(&h.stays);
    arena_free(&h.next);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}
