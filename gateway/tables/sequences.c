#include "tables/sequences.h"

#include "base/bytes.h"

static const char name[] = "sequences";

sluis_err sequences_load(store_txn *t, const row_keys *k, sequences *out)
{
    bytes v;
    *out = (sequences){.outbox = 0};
    sluis_err e = rows_get_bytes(t, k, TABLE_META, bytes_str(name), &v);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    cursor c = cursor_of(v);
    out->outbox = cursor_u64(&c);
    out->event = cursor_u64(&c);
    if (v.n != 16)
        out->save = cursor_u64(&c);
    return cursor_end(&c) ? SLUIS_CORRUPT : SLUIS_OK;
}

sluis_err sequences_write(store_txn *t, const row_keys *k, const sequences *last)
{
    uint8_t v[24];
    put_u64(v, last->outbox);
    put_u64(v + 8, last->event);
    put_u64(v + 16, last->save);
    return rows_put_bytes(t, k, TABLE_META, bytes_str(name), BYTES_OF(v));
}
