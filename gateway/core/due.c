#include "core/due.h"

#include "core/deadline.h"
#include "core/fetch.h"
#include "core/notices.h"
#include "core/rectify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#include "core/handlers.h"

#define ROW_ITEMS  48 /* a row stays well under half a page of the store */
#define ITEM_MAX   (2 + DUE_KEY_MAX)
#define SECOND_MS  1000
#define STEP_US    50000
#define FIRST_ROOM 256

struct due_item {
    uint64_t at;
    due_kind kind;
    uint8_t n, key[DUE_KEY_MAX];
};

sluis_err due_add(turn *t, due_kind kind, uint64_t at_ms, bytes key)
{
    if (key.n > DUE_KEY_MAX)
        return SLUIS_INVALID;
    if (t->due_count == t->due_room) {
        size_t room = t->due_room ? 2 * t->due_room : FIRST_ROOM;
        due_item *more = realloc(t->due, room * sizeof(*more));
        if (!more)
            return SLUIS_NOMEM;
        t->due = more;
        t->due_room = room;
    }
    due_item *d = &t->due[t->due_count++];
    d->at = at_ms / SECOND_MS * SECOND_MS + (at_ms % SECOND_MS ? SECOND_MS : 0);
    d->kind = kind;
    d->n = (uint8_t)key.n;
    memcpy(d->key, key.p, key.n);
    return SLUIS_OK;
}

void due_free(turn *t)
{
    free(t->due);
    t->due = NULL;
    t->due_count = t->due_room = 0;
}

static int by_time(const void *a, const void *b)
{
    const due_item *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

/* The journal has grown in nearly every turn that adds items, so its size makes the key a new one; where it
 * has not, the next part that is free does. */
static sluis_err write_row(turn *t, const due_item *items, size_t n, uint16_t *part)
{
    uint8_t key[DUE_KEY], value[ROW_ITEMS * ITEM_MAX];
    bytes there;
    size_t len = 0;
    put_u64(key, items[0].at);
    put_u64(key + 8, journal_size(t->journal));
    do
        put_u16(key + 16, (*part)++);
    while (*part && store_get(t->t, TABLE_DUE, BYTES_OF(key), &there) == SLUIS_OK);
    if (!*part)
        return SLUIS_TOO_BIG;
    for (size_t i = 0; i < n; i++) {
        value[len++] = (uint8_t)items[i].kind;
        value[len++] = items[i].n;
        memcpy(value + len, items[i].key, items[i].n);
        len += items[i].n;
    }
    return rows_put_bytes(t->t, t->p->rows, TABLE_DUE, BYTES_OF(key), BYTES(value, len));
}

sluis_err due_write(turn *t)
{
    sluis_err e = SLUIS_OK;
    uint16_t part = 0;
    if (t->due_count > (size_t)UINT16_MAX) /* each item may need a row of its own */
        return SLUIS_TOO_BIG;
    if (t->due_count)
        qsort(t->due, t->due_count, sizeof(*t->due), by_time);
    for (size_t i = 0, n; !e && i < t->due_count; i += n) {
        for (n = 1; n < ROW_ITEMS && i + n < t->due_count && t->due[i + n].at == t->due[i].at; n++)
            ;
        e = write_row(t, &t->due[i], n, &part);
    }
    return e;
}

static sluis_err handle(turn *t, due_kind kind, bytes key)
{
    sluis_err e = SLUIS_CORRUPT;
    const uint64_t begun = turn_written(t);
    arena_reset(t->arena); /* rows as large as a frame: together they would not fit */
    switch (kind) {
    case DUE_DELIVERY:
        if (key.n == OIN_LEN + 8)
            e = turn_return(t, key.p, SLUIS_EXPIRED);
        break;
    case DUE_REQUEST:
        if (key.n == UUID_LEN)
            e = deadline_step(t, key.p);
        break;
    case DUE_MESSAGE:
        if (key.n == OIN_LEN + UUID_LEN)
            e = turn_dedup_forget(t, key.p);
        break;
    case DUE_INVITATION:
        e = store_delete(t->t, TABLE_MEETING, key);
        break;
    case DUE_NOTICE:
        if (key.n == NOTICE_KEY)
            e = notices_step(t, key.p);
        break;
    case DUE_SETTLED:
        if (key.n == NOTICE_KEY)
            e = notices_step_settled(t, key.p);
        break;
    case DUE_SERVICE:
        if (key.n == ID_LEN + 4)
            e = case_service_due(t, key.p, get_u32(key.p + ID_LEN));
        break;
    case DUE_GLASS:
        if (key.n == ID_LEN + 4)
            e = case_glass_due(t, key.p, get_u32(key.p + ID_LEN));
        break;
    case DUE_RIGHTS:
        if (key.n == ID_LEN + UUID_LEN)
            e = rights_due(t, key.p);
        break;
    case DUE_RECTIFY:
        if (key.n == RIGHTS_KEY)
            e = rectify_due(t, key.p);
        break;
    case DUE_WITHDRAWAL:
        if (key.n == ID_LEN + 4 + 8)
            e = case_withdraw_due(t, key.p, get_u32(key.p + ID_LEN), get_u64(key.p + ID_LEN + 4));
        break;
    case DUE_RESTRICTION:
        if (key.n == ID_LEN + 8)
            e = dossier_review_due(t, key.p);
        break;
    case DUE_KEPT:
        if (key.n == FETCH_KEY)
            e = fetch_over(t, key.p);
        break;
    case DUE_HANDOVER:
        if (key.n == ID_LEN)
            e = handover_due(t, key.p);
        break;
    case DUE_OFFER:
        if (key.n == UUID_LEN)
            e = offer_due(t, key.p);
        break;
    }
    if (e == SLUIS_NOT_FOUND) /* what it speaks of is over; unless that is found out halfway */
        e = turn_written(t) == begun ? SLUIS_OK : SLUIS_INTERNAL;
    return e;
}

/* The oldest row that is over, copied; NOT_FOUND. */
static sluis_err first_over(turn *t, uint8_t key[static DUE_KEY], uint8_t *value, size_t cap, size_t *n)
{
    store_cursor *c = NULL;
    bytes k, stored, v;
    sluis_err e = store_cursor_open(t->t, TABLE_DUE, ROW_EMPTY, ROW_EMPTY, &c);
    if (!e)
        e = store_cursor_next(c, &k, &stored);
    if (!e && k.n != DUE_KEY)
        e = SLUIS_CORRUPT;
    if (!e && get_u64(k.p) > t->now)
        e = SLUIS_NOT_FOUND;
    if (!e)
        e = row_check_open(&v, t->p->rows, TABLE_DUE, k, stored);
    if (!e && v.n > cap)
        e = SLUIS_CORRUPT;
    if (!e) {
        memcpy(key, k.p, DUE_KEY);
        memcpy(value, v.p, v.n);
        *n = v.n;
    }
    store_cursor_close(&c);
    return e;
}

static void note_failed(turn *t, const uint8_t key[static DUE_KEY], size_t at, due_kind kind, sluis_err why)
{
    t->failed = (due_failed){.set = true, .at = at, .kind = (int)kind, .why = why};
    memcpy(t->failed.row, key, DUE_KEY);
}

sluis_err due_step(turn *t, unsigned limit)
{
    uint8_t key[DUE_KEY], value[ROW_ITEMS * ITEM_MAX];
    size_t n = 0;
    uint64_t until = clock_mono_us() + STEP_US;
    sluis_err e = SLUIS_OK;
    for (unsigned done = 0; !e && done < limit && clock_mono_us() < until;) {
        e = first_over(t, key, value, sizeof(value), &n);
        if (e)
            break;
        cursor c = cursor_of(BYTES(value, n));
        e = store_delete(t->t, TABLE_DUE, BYTES_OF(key));
        while (!e && c.p < c.end) {
            const size_t at = (size_t)(c.p - value);
            bytes head = cursor_take(&c, 2);
            bytes item = c.err ? head : cursor_take(&c, head.p[1]);
            e = c.err ? SLUIS_CORRUPT : handle(t, (due_kind)head.p[0], item);
            if (e)
                note_failed(t, key, at, (due_kind)head.p[0], e);
            done++;
        }
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err due_put_off(turn *t, const due_failed *x)
{
    bytes stored, v;
    char kind[8];
    const uint64_t later = t->now + DUE_PUT_OFF_MS;
    sluis_err e = store_get(t->t, TABLE_DUE, BYTES_OF(x->row), &stored);
    if (!e)
        e = row_check_open(&v, t->p->rows, TABLE_DUE, BYTES_OF(x->row), stored);
    if (e)
        return e;
    cursor c = cursor_of(v);
    while (!e && c.p < c.end) {
        const bool failed = (size_t)(c.p - v.p) == x->at;
        bytes head = cursor_take(&c, 2);
        bytes item = c.err ? head : cursor_take(&c, head.p[1]);
        e = c.err ? SLUIS_CORRUPT : due_add(t, (due_kind)head.p[0], failed ? later : get_u64(x->row), item);
    }
    if (!e)
        e = store_delete(t->t, TABLE_DUE, BYTES_OF(x->row));
    snprintf(kind, sizeof(kind), "%d", x->kind);
    METRIC_ADD(t->p->metrics, due_put_off, 1);
    log_write(LOG_ERROR, "core.due", "code", error_token(x->why), "kind", kind, "text",
              "what was to be done now failed: it is tried again in an hour, the rest goes on", NULL);
    return e;
}
