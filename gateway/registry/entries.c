#include "registry/entries.h"

#include <string.h>

sluis_err entries_moving(store_txn *t, const row_keys *k, const id16 *sid, id16 *from)
{
    bytes value;
    sluis_err err = rows_get_bytes(t, k, TABLE_MOVING, BYTES(sid->b, ID_LEN), &value);

    if (!err && value.n != ID_LEN)
        err = SLUIS_CORRUPT;
    if (!err)
        memcpy(from->b, value.p, ID_LEN);
    return err;
}

static void entry_key(uint8_t key[static ENTRY_KEY], const id16 *sid, uint64_t journal_index)
{
    memcpy(key, sid->b, ID_LEN);
    put_u64(key + ID_LEN, journal_index);
}

/* The next of one of the two; at its end the cursor goes. */
static sluis_err step(entry_walk *x, int i)
{
    sluis_err err = store_cursor_next(x->c[i], &x->key[i], &x->sealed[i]);

    if (!err && x->key[i].n != ENTRY_KEY)
        err = SLUIS_CORRUPT;
    if (err == SLUIS_NOT_FOUND)
        store_cursor_close(&x->c[i]);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

static sluis_err open_one(entry_walk *x, int i, store_txn *t, gateway_table table, const id16 *sid,
                          uint64_t from)
{
    uint8_t key[ENTRY_KEY];

    entry_key(key, sid, from);
    sluis_err err = store_cursor_open(t, table, BYTES_OF(key), BYTES(sid->b, ID_LEN), &x->c[i]);
    return err ? err : step(x, i);
}

sluis_err entries_open(entry_walk *x, store_txn *t, const row_keys *k, gateway_table table, const id16 *sid,
                       uint64_t from)
{
    id16 before;

    *x = (entry_walk){.given = -1};
    sluis_err err = entries_moving(t, k, sid, &before);
    const bool two = !err;
    if (err && err != SLUIS_NOT_FOUND)
        return err;
    err = open_one(x, 0, t, table, sid, from);
    return err || !two ? err : open_one(x, 1, t, table, &before, from);
}

sluis_err entries_next(entry_walk *x, bytes *key, bytes *sealed)
{
    sluis_err err = x->given < 0 ? SLUIS_OK : step(x, x->given);
    int i = x->c[0] ? 0 : 1;

    x->given = -1;
    if (err || !x->c[i])
        return err ? err : SLUIS_NOT_FOUND;
    if (x->c[0] && x->c[1])
        i = get_u64(x->key[0].p + ID_LEN) < get_u64(x->key[1].p + ID_LEN) ? 0 : 1;
    *key = x->key[i];
    *sealed = x->sealed[i];
    x->given = i;
    return SLUIS_OK;
}

void entries_close(entry_walk *x)
{
    store_cursor_close(&x->c[0]);
    store_cursor_close(&x->c[1]);
}

sluis_err entries_get(store_txn *t, const row_keys *k, gateway_table table, const id16 *sid,
                      uint64_t journal_index, uint8_t key[static ENTRY_KEY], bytes *sealed)
{
    id16 before;

    entry_key(key, sid, journal_index);
    sluis_err err = store_get(t, table, BYTES(key, ENTRY_KEY), sealed);
    if (err != SLUIS_NOT_FOUND || entries_moving(t, k, sid, &before))
        return err;
    entry_key(key, &before, journal_index);
    return store_get(t, table, BYTES(key, ENTRY_KEY), sealed);
}
