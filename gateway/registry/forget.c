/* Takes a subject out of the register. What remains is not readable once its key slot is erased. */
#include <string.h>

#include "registry/datum.h"
#include "registry/intents.h"

/* The versions before this one, back along (journal_index, previous). */
static sluis_err forget_history(store_txn *t, const subject *s, bytes key, bytes value, arena *a,
                                uint64_t *rows)
{
    uint8_t moved[HISTORY_KEY_LEN];
    Sluis__DatumRow *row;

    memcpy(moved + 8, key.p, DATUM_KEY_LEN);
    sluis_err err = datum_open(s, key, value, a, &row);
    while (!err && row->previous) {
        put_u64(moved, row->journal_index);
        put_u64(moved + 8 + DATUM_PREFIX_LEN, row->previous);
        err = store_get(t, TABLE_HISTORY, BYTES_OF(moved), &value);
        if (!err)
            err = datum_open(s, BYTES(moved + 8, DATUM_KEY_LEN), value, a, &row);
        if (!err)
            err = store_delete(t, TABLE_HISTORY, BYTES_OF(moved));
        *rows += err == SLUIS_OK;
    }
    return err == SLUIS_NOT_FOUND ? SLUIS_CORRUPT : err;
}

static sluis_err forget_data(store_txn *t, const subject *s, arena *a, uint64_t *rows)
{
    uint8_t at[DATUM_KEY_LEN];
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(s->sid.b, ID_LEN);

    sluis_err err = store_cursor_open(t, TABLE_DATUM, prefix, prefix, &c);
    while (!err && !(err = store_cursor_next(c, &key, &value))) {
        if (key.n != DATUM_KEY_LEN) {
            err = SLUIS_CORRUPT;
            break;
        }
        memcpy(at, key.p, DATUM_KEY_LEN);
        arena_reset(a);
        err = forget_history(t, s, BYTES_OF(at), value, a, rows);
        if (!err)
            err = store_delete(t, TABLE_DATUM, BYTES_OF(at));
        *rows += err == SLUIS_OK;
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err registry_forget(registry *r, store_txn *t, const char bsn[static BSN_LEN], const subject *s,
                          uint64_t *rows)
{
    uint8_t p[HASH_LEN];
    slot_key slot;
    arena *a = arena_new(DATUM_ARENA);

    if (!a)
        return SLUIS_NOMEM;
    keyslots_subject(registry_slots(r), p, bsn);
    sluis_err err = keyslots_find(registry_slots(r), p, &slot);
    if (!err && !id_equal(&slot.sid, &s->sid))
        err = SLUIS_CORRUPT;
    if (!err)
        err = forget_data(t, s, a, rows);
    if (!err)
        err = store_delete(t, TABLE_SUBJECT, BYTES(s->sid.b, ID_LEN));
    if (!err)
        err = intents_add(t, registry_slots(r), slot.slot, &slot.sid);
    wipe(&slot, sizeof(slot));
    arena_free(&a);
    return err;
}
