#include "journal/cosigned.h"

#include <stdio.h>
#include <string.h>

static const char prefix[] = "cosigned:";

sluis_err cosigned_put(store_txn *t, const row_keys *k, const char *witness, bytes note)
{
    char key[sizeof prefix + ORIGIN_MAX];
    checkpoint kept, cp;
    bytes value;
    int n = snprintf(key, sizeof key, "%s%s", prefix, witness);
    if (n >= (int)sizeof key || checkpoint_read(&cp, (const char *)note.p, note.n, NULL))
        return SLUIS_INVALID;
    sluis_err e = rows_get_bytes(t, k, TABLE_META, bytes_str(key), &value);
    if (e && e != SLUIS_NOT_FOUND)
        return e;
    if (!e && !checkpoint_read(&kept, (const char *)value.p, value.n, NULL) &&
        strcmp(kept.origin, cp.origin) == 0 && kept.size > cp.size)
        return SLUIS_OK;
    return rows_put_bytes(t, k, TABLE_META, bytes_str(key), note);
}

sluis_err cosigned_newest(store_txn *t, const row_keys *k, const char *origin, char *note, size_t *n,
                          checkpoint *cp)
{
    const bytes from = BYTES(prefix, sizeof prefix - 1);
    bytes key, stored, value;
    store_cursor *c = NULL;
    checkpoint one;
    *n = 0;
    sluis_err e = store_cursor_open(t, TABLE_META, from, from, &c);
    while (!e && !(e = store_cursor_next(c, &key, &stored))) {
        e = row_check_open(&value, k, TABLE_META, key, stored);
        if (!e && (value.n > NOTE_MAX || checkpoint_read(&one, (const char *)value.p, value.n, NULL)))
            e = SLUIS_CORRUPT;
        if (e || strcmp(one.origin, origin) != 0 || (*n && one.size <= cp->size))
            continue;
        memcpy(note, value.p, value.n);
        *n = value.n;
        *cp = one;
    }
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND && *n ? SLUIS_OK : e;
}
