#include "cases/restriction.h"

#include <string.h>

sluis_err restrictions_load(registry *r, store_txn *t, const subject *s, arena *a, restrictions *out)
{
    store_cursor *c = NULL;
    bytes key, sealed, prefix = BYTES(s->sid.b, ID_LEN);
    *out = (restrictions){.rows = NULL};
    sluis_err e = store_cursor_open(t, TABLE_RESTRICTION, prefix, prefix, &c);
    while (!e && !(e = store_cursor_next(c, &key, &sealed))) {
        ProtobufCMessage *m = NULL;
        if (!out->rows && !(out->rows = arena_alloc(a, RESTRICTIONS_MAX * sizeof(*out->rows))))
            e = SLUIS_NOMEM;
        const arena_place before = arena_at(a);
        if (!e)
            e = row_open(r, t, TABLE_RESTRICTION, key, sealed, a, &sluis__restriction_row__descriptor, &m,
                         NULL);
        Sluis__RestrictionRow *row = (Sluis__RestrictionRow *)m;
        out->all++;
        if (!e && row->ended) {
            out->oldest = out->oldest ? out->oldest : row->journal_index;
            arena_back(a, before);
        } else if (!e && out->n == RESTRICTIONS_MAX) {
            e = SLUIS_TOO_BIG;
        } else if (!e) {
            out->rows[out->n++] = row;
        }
    }
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

const Sluis__RestrictionRow *restriction_of(const restrictions *all, uint64_t entry, bytes transaction)
{
    for (size_t i = 0; i < all->n; i++) {
        const Sluis__RestrictionRow *x = all->rows[i];
        if (x->transaction.len ? bytes_equal(BYTES(x->transaction.data, x->transaction.len), transaction)
                               : x->entry == entry)
            return x;
    }
    return NULL;
}

void restriction_key(uint8_t out[static ID_LEN + 8], const id16 *sid, uint64_t journal_index)
{
    memcpy(out, sid->b, ID_LEN);
    put_u64(out + ID_LEN, journal_index);
}
