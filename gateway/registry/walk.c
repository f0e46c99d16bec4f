#include "registry/walk.h"

#include <stdlib.h>
#include <string.h>

#include "registry/datum.h"

struct datum_walk {
    store_cursor *c;
    const subject *s;
    const uint32_t *ids;
    size_t n, i;    /* ids[i] is being read */
    unsigned steps; /* of the cursor, for this attribute */
    bool open;      /* the cursor stands in this attribute */
    bytes key, value;
    bool ahead; /* key and value are a row that was read and not yet given */
};

#define STEPS_LEAST 2

static void aim(datum_walk *w, const id16 *instance, uint64_t version)
{
    uint8_t from[DATUM_KEY_LEN];

    datum_key(from, &w->s->sid, w->ids[w->i], instance, version);
    store_cursor_seek(w->c, BYTES_OF(from), BYTES(from, DATUM_ATTRIBUTE_LEN));
    w->open = true;
    w->steps = 0;
}

sluis_err registry_walk_open(datum_walk **out, store_txn *t, const subject *s, const uint32_t *ids, size_t n,
                             const datum_place *after)
{
    datum_walk *w = calloc(1, sizeof(*w));

    *out = NULL;
    if (!w)
        return SLUIS_NOMEM;
    *w = (datum_walk){.s = s, .ids = ids, .n = n};
    sluis_err err = store_cursor_open(t, TABLE_DATUM, (bytes){NULL, 0}, (bytes){NULL, 0}, &w->c);
    if (err) {
        free(w);
        return err;
    }
    while (w->i < n && ids[w->i] < after->attribute)
        w->i++;
    if (w->i < n && ids[w->i] == after->attribute)
        aim(w, &after->instance, UINT64_MAX); /* behind every version of it */
    *out = w;
    return SLUIS_OK;
}

void registry_walk_close(datum_walk **w)
{
    if (!*w)
        return;
    store_cursor_close(&(*w)->c);
    free(*w);
    *w = NULL;
}

/* The next row of this attribute, into key and value. NOT_FOUND: it has no more. */
static sluis_err row_next(datum_walk *w)
{
    w->steps++;
    sluis_err err = store_cursor_next(w->c, &w->key, &w->value);
    return err || w->key.n == DATUM_KEY_LEN ? err : SLUIS_CORRUPT;
}

static sluis_err row_first(datum_walk *w)
{
    static const id16 zero;
    sluis_err err = SLUIS_NOT_FOUND;

    while (err == SLUIS_NOT_FOUND && w->i < w->n) {
        if (!w->open)
            aim(w, &zero, 0);
        err = row_next(w);
        if (err != SLUIS_NOT_FOUND)
            break;
        while (w->steps < STEPS_LEAST)
            (void)row_next(w); /* as if there were one */
        w->open = false;
        w->i++;
    }
    return err;
}

static sluis_err take(datum_walk *w, arena *a, datum *out)
{
    Sluis__DatumRow *row;
    sluis_err err = datum_open(w->s, w->key, w->value, a, &row);

    return err ? err : datum_place_row(out, a, row, datum_version(w->key));
}

sluis_err registry_walk_next(datum_walk *w, arena *a, datum_place *at, datum *out)
{
    sluis_err err = w->ahead ? SLUIS_OK : row_first(w);

    if (err)
        return err;
    at->attribute = w->ids[w->i];
    memcpy(at->instance.b, w->key.p + DATUM_ATTRIBUTE_LEN, ID_LEN);
    *out = (datum){.instance = at->instance};
    do {
        err = take(w, a, out);
        w->ahead = false;
        if (!err && !(err = row_next(w)))
            w->ahead = memcmp(w->key.p + DATUM_ATTRIBUTE_LEN, at->instance.b, ID_LEN) != 0;
    } while (!err && !w->ahead);
    if (err == SLUIS_NOT_FOUND) {
        w->open = false;
        w->i++;
        err = SLUIS_OK;
    }
    return err || out->row ? err : SLUIS_CORRUPT;
}

sluis_err registry_as_of(registry *r, store_txn *t, const subject *s, uint32_t attribute, const datum *now,
                         uint64_t size, arena *a, Sluis__DatumRow **row, uint64_t *version)
{
    uint8_t key[DATUM_KEY_LEN], old[HISTORY_KEY_LEN];
    const arena_place empty = arena_at(a);

    *row = now->row;
    *version = now->version;
    datum_key(key, &s->sid, attribute, &now->instance, now->version);
    while ((*row)->journal_index && (*row)->journal_index >= size) {
        *version = (*row)->previous;
        sluis_err err = datum_before_key(key, *row, old);
        arena_back(a, empty); /* however many there were since */
        if (!err)
            err = datum_past(r, t, s, old, a, row);
        if (err)
            return err;
        memcpy(key, old + 8, DATUM_KEY_LEN);
    }
    return SLUIS_OK;
}

bool registry_before(const id16 *name, const Sluis__DatumRow *later, past_place *out)
{
    *out = (past_place){.name = *name, .under = later->journal_index, .version = later->previous};
    if (later->previous_under.len == ID_LEN)
        memcpy(out->name.b, later->previous_under.data, ID_LEN);
    return later->previous != 0;
}

sluis_err registry_past(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                        const past_place *at, arena *a, Sluis__DatumRow **row)
{
    uint8_t old[HISTORY_KEY_LEN];

    put_u64(old, at->under);
    datum_key(old + 8, &at->name, attribute, instance, at->version);
    return datum_past(r, t, s, old, a, row);
}
