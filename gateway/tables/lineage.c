#include "tables/lineage.h"

#include "crypto/note.h"
#include "tables/tables.h"

static const char none[] = "-";

sluis_err lineage_mark_copy(store_txn *t, uint64_t now)
{
    uint8_t v[16];
    put_u64(v, now);
    put_u64(v + 8, ~now);
    return store_put(t, TABLE_META, bytes_str(META_COPY), BYTES_OF(v));
}

sluis_err lineage_mark_restore(store_txn *t, uint64_t now, bytes note)
{
    sluis_err e = lineage_mark_copy(t, now);
    return e ? e : store_put(t, TABLE_META, bytes_str(META_RESTORE), note.n ? note : bytes_str(none));
}

static bool copy_valid(bytes v)
{
    return v.n == 16 && get_u64(v.p) == ~get_u64(v.p + 8);
}

static bool restore_valid(bytes v)
{
    checkpoint cp;
    return bytes_equal(v, bytes_str(none)) || !checkpoint_read(&cp, (const char *)v.p, v.n, NULL);
}

bool lineage_row_valid(bytes key, bytes value)
{
    return (bytes_equal(key, bytes_str(META_COPY)) && copy_valid(value)) ||
           (bytes_equal(key, bytes_str(META_RESTORE)) && restore_valid(value));
}

sluis_err lineage_read(store_txn *t, bool *copy, bool *restore, bytes *note)
{
    bytes v;
    sluis_err e = store_get(t, TABLE_META, bytes_str(META_COPY), &v);
    *note = BYTES(NULL, 0);
    *copy = *restore = false;
    if (e == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (e || !copy_valid(v))
        return e ? e : SLUIS_CORRUPT;
    *copy = true;
    e = store_get(t, TABLE_META, bytes_str(META_RESTORE), &v);
    if (e == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (e || !restore_valid(v))
        return e ? e : SLUIS_CORRUPT;
    *restore = true;
    if (!bytes_equal(v, bytes_str(none)))
        *note = v;
    return SLUIS_OK;
}

sluis_err lineage_clear(store_txn *t)
{
    sluis_err e = store_delete(t, TABLE_META, bytes_str(META_COPY));
    if (!e || e == SLUIS_NOT_FOUND)
        e = store_delete(t, TABLE_META, bytes_str(META_RESTORE));
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}
