/* Takes subjects out of the register. What remains is not readable once their key slots are erased. */
#include "registry/registry.h"

#include <string.h>

#include "registry/entries.h"
#include "registry/intents.h"

/* Those that were merged into this one have key slots of their own. */
static sluis_err forget_merged(registry *r, store_txn *t, const id16 *sid, bytes when)
{
    store_cursor *c = NULL;
    bytes key, stored, value;
    id16 own;

    sluis_err err = store_cursor_open(t, TABLE_MERGED, ROW_EMPTY, ROW_EMPTY, &c);
    while (!err && !(err = store_cursor_next(c, &key, &stored))) {
        err = row_check_open(&value, keyslots_rows(registry_slots(r)), TABLE_MERGED, key, stored);
        if (!err && (key.n != ID_LEN || value.n != ID_LEN + 8))
            err = SLUIS_CORRUPT;
        if (err || memcmp(value.p, sid->b, ID_LEN) != 0)
            continue;
        memcpy(own.b, key.p, ID_LEN);
        err = intents_add(t, registry_slots(r), get_u64(value.p + ID_LEN), &own);
        if (!err)
            err = store_delete(t, TABLE_MERGED, BYTES(own.b, ID_LEN));
        if (!err) /* an entry that could not move stayed under that name */
            err = rows_put_bytes(t, keyslots_rows(registry_slots(r)), TABLE_GONE, BYTES(own.b, ID_LEN), when);
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

/* Of a dossier that is still on its way from another name, the rest is cleared away too. */
static sluis_err forget_moving(registry *r, store_txn *t, const id16 *sid, bytes when)
{
    id16 from;
    sluis_err err = entries_moving(t, keyslots_rows(registry_slots(r)), sid, &from);

    if (err)
        return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
    err = store_delete(t, TABLE_MOVING, BYTES(sid->b, ID_LEN));
    return err ? err
               : rows_put_bytes(t, keyslots_rows(registry_slots(r)), TABLE_GONE, BYTES(from.b, ID_LEN), when);
}

sluis_err registry_forget(registry *r, store_txn *t, const id16 *sid, uint64_t now)
{
    const row_keys *k = keyslots_rows(registry_slots(r));
    uint8_t when[8];
    uint64_t slot = 0;
    bytes value, key = BYTES(sid->b, ID_LEN);

    sluis_err err = rows_get_bytes(t, k, TABLE_SUBJECT, key, &value);
    if (!err && value.n != 8)
        err = SLUIS_CORRUPT;
    if (!err)
        slot = get_u64(value.p);
    if (!err)
        err = store_delete(t, TABLE_SUBJECT, key);
    if (!err)
        err = intents_add(t, registry_slots(r), slot, sid);
    put_u64(when, now);
    if (!err)
        err = forget_merged(r, t, sid, BYTES_OF(when));
    if (!err)
        err = forget_moving(r, t, sid, BYTES_OF(when));
    return err ? err : rows_put_bytes(t, k, TABLE_GONE, key, BYTES_OF(when));
}

/* Whether the key of this SUBJECT row was erased. */
static sluis_err key_is_gone(registry *r, bytes key, bytes stored, id16 *sid, bool *gone)
{
    bytes value;
    slot_key slot;

    sluis_err err = row_check_open(&value, keyslots_rows(registry_slots(r)), TABLE_SUBJECT, key, stored);
    if (!err && (key.n != ID_LEN || value.n != 8))
        err = SLUIS_CORRUPT;
    if (err)
        return err;
    memcpy(sid->b, key.p, ID_LEN);
    err = keyslots_get(registry_slots(r), get_u64(value.p), &slot);
    *gone = err == SLUIS_NOT_FOUND;
    wipe(&slot, sizeof(slot));
    return *gone ? SLUIS_OK : err;
}

sluis_err registry_forget_keyless(registry *r, store_txn *t, uint64_t now, uint64_t *n)
{
    store_cursor *c = NULL;
    bytes key, stored;
    id16 sid;

    *n = 0;
    sluis_err err = store_cursor_open(t, TABLE_SUBJECT, ROW_EMPTY, ROW_EMPTY, &c);
    while (!err && !(err = store_cursor_next(c, &key, &stored))) {
        bool gone = false;
        err = key_is_gone(r, key, stored, &sid, &gone);
        if (!err && gone)
            err = registry_forget(r, t, &sid, now);
        *n += !err && gone;
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}
