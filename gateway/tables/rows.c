/* Row checks: the layout stands in rows.h. */
#include "tables/rows.h"

#include <string.h>

#include "wire/unpack.h"

struct row_keys {
    uint8_t key[KEY_LEN];
};

sluis_err row_keys_new(row_keys **out, const uint8_t km[static KEY_LEN])
{
    row_keys *k = secret_alloc(sizeof(*k));
    if (!k)
        return SLUIS_NOMEM;
    hash_one(k->key, "sluis1-k-row", km, NULL, 0);
    *out = k;
    return SLUIS_OK;
}

void row_keys_free(row_keys **k)
{
    secret_free(*k);
    *k = NULL;
}

void rows_file_name(uint8_t out[static HASH_LEN], const row_keys *k, const uint8_t file[static HASH_LEN])
{
    hash_one(out, "sluis1-import", k->key, file, HASH_LEN);
}

void rows_mark_key(uint8_t out[static KEY_LEN], const row_keys *k)
{
    hash_one(out, "sluis1-k-mark", k->key, NULL, 0);
}

static void row_check(uint8_t out[static ROW_CHECK_LEN], const row_keys *k, gateway_table table, bytes key,
                      bytes value)
{
    uint8_t head[5] = {(uint8_t)table};
    uint8_t full[HASH_LEN];

    put_u32(head + 1, (uint32_t)key.n);
    bytes parts[] = {BYTES_OF(head), key, value};
    hash_tagged(full, "sluis1-row", k->key, parts, 3);
    memcpy(out, full, ROW_CHECK_LEN);
}

void row_check_wrap(buffer *out, const row_keys *k, gateway_table table, bytes key, bytes value)
{
    uint8_t check[ROW_CHECK_LEN];

    row_check(check, k, table, key, value);
    if (value.n)
        buffer_add(out, value.p, value.n);
    buffer_add(out, check, sizeof(check));
}

sluis_err row_check_open(bytes *value, const row_keys *k, gateway_table table, bytes key, bytes stored)
{
    uint8_t check[ROW_CHECK_LEN];

    if (stored.n < ROW_CHECK_LEN)
        return SLUIS_CORRUPT;
    bytes inner = {stored.p, stored.n - ROW_CHECK_LEN};
    row_check(check, k, table, key, inner);
    if (!secret_equal(check, stored.p + inner.n, ROW_CHECK_LEN))
        return SLUIS_CORRUPT;
    *value = inner;
    return SLUIS_OK;
}

sluis_err rows_put_buffer(store_txn *t, const row_keys *k, gateway_table table, bytes key, buffer *value)
{
    uint8_t check[ROW_CHECK_LEN];

    if (!value->err)
        row_check(check, k, table, key, buffer_bytes(value));
    buffer_add(value, check, sizeof(check));
    return value->err ? value->err : store_put(t, table, key, buffer_bytes(value));
}

sluis_err rows_put(store_txn *t, const row_keys *k, gateway_table table, bytes key, const ProtobufCMessage *m)
{
    buffer b;

    buffer_init(&b, ROW_MAX);
    sluis_err err = wire_pack(&b, m);
    if (!err)
        err = rows_put_buffer(t, k, table, key, &b);
    buffer_close(&b);
    return err;
}

sluis_err rows_put_bytes(store_txn *t, const row_keys *k, gateway_table table, bytes key, bytes value)
{
    uint8_t small[64 + ROW_CHECK_LEN];
    buffer b;

    if (value.n <= 64) { /* index rows and counters: no allocation on the hot path */
        if (value.n)
            memcpy(small, value.p, value.n);
        row_check(small + value.n, k, table, key, value);
        return store_put(t, table, key, BYTES(small, value.n + ROW_CHECK_LEN));
    }
    buffer_init(&b, ROW_MAX);
    row_check_wrap(&b, k, table, key, value);
    sluis_err err = b.err ? b.err : store_put(t, table, key, buffer_bytes(&b));
    buffer_close(&b);
    return err;
}

sluis_err rows_get_bytes(store_txn *t, const row_keys *k, gateway_table table, bytes key, bytes *value)
{
    bytes stored;
    sluis_err err = store_get(t, table, key, &stored);

    return err ? err : row_check_open(value, k, table, key, stored);
}

sluis_err row_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes plain)
{
    *out = unpack_own(d, a, plain);
    if (*out)
        return SLUIS_OK;
    sluis_err err = wire_unpack(out, d, a, plain, NULL); /* says what is wrong, at leisure */
    return err == SLUIS_TOO_BIG || err == SLUIS_NOMEM ? SLUIS_NOMEM : SLUIS_CORRUPT;
}

sluis_err rows_open(const row_keys *k, gateway_table table, bytes key, bytes stored, arena *a,
                    const ProtobufCMessageDescriptor *d, ProtobufCMessage **out)
{
    bytes value;
    sluis_err err = row_check_open(&value, k, table, key, stored);

    return err ? err : row_unpack(out, d, a, value);
}

sluis_err rows_get(store_txn *t, const row_keys *k, gateway_table table, bytes key, arena *a,
                   const ProtobufCMessageDescriptor *d, ProtobufCMessage **out)
{
    bytes stored;
    sluis_err err = store_get(t, table, key, &stored);

    return err ? err : rows_open(k, table, key, stored, a, d, out);
}
