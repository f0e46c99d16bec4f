#include "registry/intents.h"

#include <string.h>

sluis_err intents_add(store_txn *t, keyslots *k, uint64_t slot, const id16 *sid)
{
    uint8_t key[8];
    put_u64(key, slot);
    return rows_put_bytes(t, keyslots_rows(k), TABLE_INTENT, BYTES_OF(key), BYTES(sid->b, ID_LEN));
}

sluis_err intents_load(intents *out, store_txn *t, keyslots *k)
{
    store_cursor *c = NULL;
    bytes key, stored, sid;
    sluis_err err = store_cursor_open(t, TABLE_INTENT, ROW_EMPTY, ROW_EMPTY, &c);

    out->n = 0;
    while (!err && out->n < INTENTS_BATCH && !(err = store_cursor_next(c, &key, &stored))) {
        err = row_check_open(&sid, keyslots_rows(k), TABLE_INTENT, key, stored);
        if (!err && (key.n != 8 || sid.n != ID_LEN))
            err = SLUIS_CORRUPT;
        if (err)
            break;
        out->at[out->n].slot = get_u64(key.p);
        memcpy(out->at[out->n++].sid.b, sid.p, ID_LEN);
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err intents_erase(const intents *i, keyslots *k)
{
    sluis_err err = SLUIS_OK;
    slot_key s;

    for (size_t n = 0; !err && n < i->n; n++) {
        err = keyslots_get(k, i->at[n].slot, &s);
        if (!err && id_equal(&s.sid, &i->at[n].sid))
            err = keyslots_erase(k, s.slot);
        else if (err == SLUIS_NOT_FOUND) /* erased before the crash */
            err = SLUIS_OK;
        wipe(&s, sizeof(s));
    }
    return err;
}

sluis_err intents_delete(const intents *i, store_txn *t)
{
    uint8_t key[8];
    sluis_err err = SLUIS_OK;

    for (size_t n = 0; !err && n < i->n; n++) {
        put_u64(key, i->at[n].slot);
        err = store_delete(t, TABLE_INTENT, BYTES_OF(key));
    }
    return err;
}

static sluis_err load_now(intents *out, store *s, keyslots *k)
{
    store_txn *t = NULL;
    sluis_err err = store_begin_read(s, &t);
    if (!err)
        err = intents_load(out, t, k);
    store_abort(&t);
    return err;
}

sluis_err intents_replay(store *s, keyslots *k, uint64_t *done)
{
    intents i;
    sluis_err err;

    *done = 0;
    while (!(err = load_now(&i, s, k)) && i.n) {
        store_txn *t = NULL;
        if ((err = intents_erase(&i, k)) || (err = store_begin_write(s, &t, true)))
            return err;
        err = intents_delete(&i, t);
        if (!err)
            err = store_commit(&t);
        store_abort(&t);
        if (err)
            return err;
        *done += i.n;
    }
    return err;
}
