#include "cases/links.h"

#include <string.h>

#include "rows.pb-c.h"

#define ROW_ARENA (4u << 20)

static bytes link_key(uint8_t out[static LINK_KEY], const uint8_t *sid, gateway_table table,
                      const uint8_t *id)
{
    memcpy(out, sid, ID_LEN);
    out[ID_LEN] = (uint8_t)table;
    memcpy(out + ID_LEN + 1, id, ID_LEN);
    return BYTES(out, LINK_KEY);
}

sluis_err link_put(store_txn *t, const row_keys *k, const uint8_t sid[static ID_LEN], gateway_table table,
                   const uint8_t id[static ID_LEN])
{
    uint8_t key[LINK_KEY];
    bytes there, row = link_key(key, sid, table, id);
    sluis_err e = store_get(t, TABLE_LINK, row, &there);
    return e == SLUIS_NOT_FOUND ? rows_put_bytes(t, k, TABLE_LINK, row, ROW_EMPTY) : e;
}

sluis_err link_delete(store_txn *t, const uint8_t sid[static ID_LEN], gateway_table table,
                      const uint8_t id[static ID_LEN])
{
    uint8_t key[LINK_KEY];
    sluis_err e = store_delete(t, TABLE_LINK, link_key(key, sid, table, id));
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err links_each(store_txn *t, const row_keys *k, const uint8_t sid[static ID_LEN], gateway_table table,
                     link_fn each, void *ctx)
{
    uint8_t prefix[ID_LEN + 1], id[ID_LEN];
    store_cursor *c = NULL;
    bytes key, stored, empty;
    memcpy(prefix, sid, ID_LEN);
    prefix[ID_LEN] = (uint8_t)table;
    sluis_err e = store_cursor_open(t, TABLE_LINK, BYTES_OF(prefix), BYTES_OF(prefix), &c);
    while (!e && !(e = store_cursor_next(c, &key, &stored))) {
        e = row_check_open(&empty, k, TABLE_LINK, key, stored);
        if (!e && key.n != LINK_KEY)
            e = SLUIS_CORRUPT;
        if (e)
            break;
        memcpy(id, key.p + ID_LEN + 1, ID_LEN);
        e = each(ctx, id);
        if (e == SLUIS_NOT_FOUND)
            break;
    }
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err links_count(store_txn *t, const uint8_t sid[static ID_LEN], gateway_table table, size_t most,
                      size_t *n)
{
    uint8_t prefix[ID_LEN + 1];
    store_cursor *c = NULL;
    bytes key, stored;
    memcpy(prefix, sid, ID_LEN);
    prefix[ID_LEN] = (uint8_t)table;
    sluis_err e = store_cursor_open(t, TABLE_LINK, BYTES_OF(prefix), BYTES_OF(prefix), &c);
    for (*n = 0; !e && *n < most; *n += !e)
        e = store_cursor_next(c, &key, &stored);
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err link_case(store_txn *t, const row_keys *k, bytes key, bytes stored, arena *a)
{
    ProtobufCMessage *m = NULL;
    sluis_err e = rows_open(k, TABLE_CASE, key, stored, a, &sluis__case_row__descriptor, &m);
    const Sluis__CaseRow *row = (const Sluis__CaseRow *)m;
    for (size_t i = 0; !e && i < row->n_members; i++)
        e = row->members[i]->sid.len == ID_LEN ? link_put(t, k, row->members[i]->sid.data, TABLE_CASE, key.p)
                                               : SLUIS_CORRUPT;
    return e;
}

/* A sealed row begins with whose it is. */
static sluis_err link_concern(store_txn *t, const row_keys *k, bytes key, bytes stored, arena *a)
{
    uint8_t sid[ID_LEN];
    (void)a;
    if (stored.n < ID_LEN)
        return SLUIS_CORRUPT;
    memcpy(sid, stored.p, ID_LEN);
    return link_put(t, k, sid, TABLE_CONCERN, key.p);
}

static sluis_err link_all(store_txn *t, const row_keys *k, gateway_table table,
                          sluis_err (*one)(store_txn *, const row_keys *, bytes, bytes, arena *))
{
    store_cursor *c = NULL;
    bytes key, stored;
    uint8_t id[ID_LEN];
    arena *a = arena_new(ROW_ARENA);
    sluis_err e = a ? store_cursor_open(t, table, ROW_EMPTY, ROW_EMPTY, &c) : SLUIS_NOMEM;
    while (!e && !(e = store_cursor_next(c, &key, &stored))) {
        arena_reset(a);
        e = key.n == ID_LEN ? SLUIS_OK : SLUIS_CORRUPT;
        if (e)
            break;
        memcpy(id, key.p, ID_LEN);
        e = one(t, k, BYTES_OF(id), stored, a);
    }
    store_cursor_close(&c);
    arena_free(&a);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err links_begin(store_txn *t, const row_keys *k)
{
    static const char name[] = "links";
    bytes there;
    sluis_err e = rows_get_bytes(t, k, TABLE_META, bytes_str(name), &there);
    if (e != SLUIS_NOT_FOUND)
        return e;
    e = link_all(t, k, TABLE_CASE, link_case);
    if (!e)
        e = link_all(t, k, TABLE_CONCERN, link_concern);
    return e ? e : rows_put_bytes(t, k, TABLE_META, bytes_str(name), ROW_EMPTY);
}
