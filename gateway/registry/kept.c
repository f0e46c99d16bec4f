/* Data that stay at their source: that they are there is registered; what was fetched, for a short time. None
 * of it has a past. */
#include <string.h>

#include "registry/datum.h"

bool datum_at_source(const Sluis__DatumRow *row)
{
    return row->kept || (row->reference && !*row->value);
}

/* Deletes the versions before this one, as far as they are kept: of before the catalogue let it stay there.
 */
static sluis_err take_past(registry *r, store_txn *t, const subject *s,
                           const uint8_t key[static DATUM_KEY_LEN], const Sluis__DatumRow *row, arena *a)
{
    uint8_t old[HISTORY_KEY_LEN];
    const arena_place empty = arena_at(a);
    sluis_err err = datum_before_key(key, row, old);

    while (!err) {
        Sluis__DatumRow *at = NULL;
        arena_back(a, empty); /* however many there are */
        err = datum_past(r, t, s, old, a, &at);
        if (!err)
            err = store_delete(t, TABLE_HISTORY, BYTES_OF(old));
        if (!err) {
            uint8_t stood[DATUM_KEY_LEN];
            memcpy(stood, old + 8, DATUM_KEY_LEN);
            err = datum_before_key(stood, at, old);
        }
    }
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

uint64_t datum_known_since(const Sluis__DatumRow *row)
{
    return row->kept && row->kept->known ? row->kept->known : row->obtained;
}

/* Deletes all that stands for one instance; *newest: its last version, *known: since when; both 0 when
 * nothing stood. */
static sluis_err take_all(registry *r, store_txn *t, const subject *s, uint32_t attribute,
                          const id16 *instance, uint64_t *newest, uint64_t *known)
{
    uint8_t key[DATUM_KEY_LEN];
    store_cursor *c = NULL;
    arena *a = arena_new(DATUM_ARENA);
    bytes at, value;

    *newest = *known = 0;
    datum_key(key, &s->sid, attribute, instance, 0);
    const bytes prefix = BYTES(key, DATUM_PREFIX_LEN);
    sluis_err err = a ? store_cursor_open(t, TABLE_DATUM, prefix, prefix, &c) : SLUIS_NOMEM;
    while (!err && !(err = store_cursor_next(c, &at, &value))) {
        Sluis__DatumRow *row = NULL;
        arena_reset(a);
        if ((err = datum_open(s, at, value, a, &row)))
            break;
        memcpy(key, at.p, DATUM_KEY_LEN);
        *newest = datum_version(at);
        *known = row->discrepancy ? *known : datum_known_since(row);
        err = take_past(r, t, s, key, row, a);
        if (!err)
            err = store_delete(t, TABLE_DATUM, BYTES_OF(key));
    }
    store_cursor_close(&c);
    arena_free(&a);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err registry_keep(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                        Sluis__DatumRow *row)
{
    uint8_t key[DATUM_KEY_LEN];
    uint64_t newest, known;

    sluis_err err = take_all(r, t, s, attribute, instance, &newest, &known);
    row->n_laws = 0; /* that it is there, a view of any law may show; what was fetched is its law's */
    row->number = 1; /* how often it was fetched, or when, is told to nobody */
    if (row->kept)
        row->kept->known = known ? known : row->obtained;
    else if (known)
        row->obtained = known;
    datum_key(key, &s->sid, attribute, instance, newest + 1);
    return err ? err : datum_store(t, s, key, row);
}

sluis_err registry_not_there(registry *r, store_txn *t, const subject *s, uint32_t attribute,
                             const id16 *instance)
{
    uint64_t newest, known;

    return take_all(r, t, s, attribute, instance, &newest, &known);
}

sluis_err registry_fetching(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                            const uint8_t transaction[static UUID_LEN])
{
    uint8_t key[DATUM_KEY_LEN];
    Sluis__DatumRow row = *d->row;

    row.asked = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    datum_key(key, &s->sid, attribute, &d->instance, d->version);
    return datum_store(t, s, key, &row);
}

void datum_unkeep(Sluis__DatumRow *row)
{
    row->value = (char *)(uintptr_t) "";
    row->reference = true;
    row->obtained = datum_known_since(row);
    row->valid_from = row->valid_until = 0;
    row->kept = NULL;
    row->terms = NULL;
    row->n_conditions = 0;
}

sluis_err registry_unkeep(registry *r, store_txn *t, const subject *s, uint32_t attribute,
                          const id16 *instance, uint64_t now)
{
    uint8_t key[DATUM_KEY_LEN];
    arena *a = arena_new(DATUM_ARENA);
    datum d;

    sluis_err err = a ? registry_get(r, t, s, attribute, instance, a, &d) : SLUIS_NOMEM;
    if (!err && d.row->kept && d.row->kept->until <= now) {
        datum_unkeep(d.row);
        datum_key(key, &s->sid, attribute, instance, d.version);
        err = datum_store(t, s, key, d.row);
    }
    arena_free(&a);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}
