#include "core/retention.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "registry/intents.h"

static const char retention_name[] = "retention";

#define VALUE_LEN 12

sluis_err retention_load(retention *r, store_txn *t, const row_keys *rows)
{
    bytes v;
    memset(r, 0, sizeof(*r));
    sluis_err e = rows_get_bytes(t, rows, TABLE_META, bytes_str(retention_name), &v);
    if (e == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (!e && v.n != VALUE_LEN)
        e = SLUIS_CORRUPT;
    if (e)
        return e;
    r->start = get_u64(v.p);
    r->done = get_u32(v.p + 8);
    return SLUIS_OK;
}

typedef struct {
    retention *r;
    keyslots *slots;
    sluis_err err;
} account;

static bool has_key(account *a, uint8_t klass, uint32_t day)
{
    uint8_t p[HASH_LEN];
    slot_key s;
    keyslots_period(a->slots, p, klass, day);
    sluis_err e = keyslots_find(a->slots, p, &s);
    wipe(&s, sizeof(s));
    if (e && e != SLUIS_NOT_FOUND)
        a->err = e;
    return e == SLUIS_OK;
}

static void keep_from(retention *r, uint64_t index)
{
    if (!r->found_kept || index < r->kept)
        r->kept = index;
    r->found_kept = true;
}

static void note_term(void *ctx, uint64_t index, uint8_t klass, uint32_t keep_until)
{
    account *a = ctx;
    retention *r = a->r;
    if (keep_until == KEEP_ALWAYS)
        return;
    if (keep_until >= r->day) {
        keep_from(r, index);
        return;
    }
    for (size_t i = r->n; i-- > 0;)
        if (r->over[i].klass == klass && r->over[i].day == keep_until)
            return;
    if (!has_key(a, klass, keep_until))
        return;
    if (r->n == RETENTION_DAYS) {
        r->more = true;
        keep_from(r, index);
        return;
    }
    r->over[r->n++] = (retention_day){klass, keep_until};
}

/* Deletes and takes account of [r->next, ...); *seen is how far it came, *whole whether that is the end. */
static sluis_err forget(retention *r, turn *t, uint64_t max, uint64_t *seen, bool *whole)
{
    account a = {.r = r, .slots = t->p->slots};
    uint64_t removed = 0, told = 0;
    char where[32];
    sluis_err e = journal_expire(t->t, t->p->slots, r->day, r->next, max, seen, &removed);
    r->removed += removed;
    *whole = !e && *seen - r->next < max;
    if (e && (e != SLUIS_CORRUPT || store_error(t->t)))
        return e;
    if (e) { /* one bad record must not keep the others beyond their term */
        snprintf(where, sizeof(where), "entry %" PRIu64, *seen);
        log_write(LOG_ERROR, "core.retention", "code", error_token(e), "where", where, NULL);
        ++*seen;
    }
    sluis_err bad_leaf = journal_terms(t->t, r->next, *seen, note_term, &a, &told);
    if (bad_leaf && !(e && told == *seen - 1))
        return bad_leaf;
    return a.err;
}

/* All leaves were seen: the keys may go, and the account of this day is closed. */
static sluis_err close_pass(retention *r, turn *t)
{
    uint8_t p[HASH_LEN], v[VALUE_LEN];
    slot_key s;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < r->n; i++) {
        keyslots_period(t->p->slots, p, r->over[i].klass, r->over[i].day);
        e = keyslots_find(t->p->slots, p, &s);
        if (!e)
            e = intents_add(t->t, t->p->slots, s.slot, &s.sid);
        wipe(&s, sizeof(s));
    }
    r->keys_wait = r->keys_wait || r->n > 0;
    r->start = r->found_kept ? r->kept : r->next;
    r->done = r->more ? r->done : r->day;
    r->day = 0;
    put_u64(v, r->start);
    put_u32(v + 8, r->done);
    return e ? e : rows_put_bytes(t->t, t->p->rows, TABLE_META, bytes_str(retention_name), BYTES_OF(v));
}

sluis_err retention_step(retention *r, turn *t, uint64_t max)
{
    uint32_t today = clock_day(t->now);
    uint64_t seen = 0;
    bool whole = false;
    if (!r->day) {
        if (today <= r->done || r->keys_wait)
            return SLUIS_OK;
        r->day = today;
        r->next = r->start;
        r->found_kept = r->more = false;
        r->n = 0;
    }
    sluis_err e = forget(r, t, max, &seen, &whole);
    if (e)
        return e;
    r->next = seen;
    return whole ? close_pass(r, t) : SLUIS_OK;
}
