/* What becomes of a statement that stands beside the current one, and of what the client disputes. */
#include <string.h>

#include "registry/datum.h"

static uint64_t newest_of(const datum *d)
{
    uint64_t newest = d->version;

    for (const datum_beside *x = d->beside; x; x = x->next)
        newest = x->version > newest ? x->version : newest;
    return newest;
}

const datum_beside *datum_beside_of(const datum *d, const char *source)
{
    const datum_beside *b = d->beside;

    while (b && (strcmp(b->row->source, source) != 0 || *b->row->brought_by))
        b = b->next;
    return b;
}

sluis_err registry_accept(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                          const datum_beside *b, uint64_t journal_index, uint64_t now)
{
    uint8_t key[DATUM_KEY_LEN];
    Sluis__DatumRow row = *b->row;

    row.discrepancy = false;
    row.asked = (ProtobufCBinaryData){0, NULL};
    datum_follows(&row, d->version);
    row.number = datum_next_number(now, d->row, d->version);
    row.settled = journal_index;
    row.journal_index = journal_index;
    row.registered = now;
    datum_key(key, &s->sid, attribute, &d->instance, d->version);
    sluis_err err = datum_supersede(t, key, journal_index);
    if (!err)
        err = registry_drop(t, s, attribute, d, b);
    datum_key(key, &s->sid, attribute, &d->instance, newest_of(d) + 1);
    return err ? err : datum_store(t, s, key, &row);
}

sluis_err registry_exchange(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                            const datum_beside *b, uint64_t journal_index, uint64_t now)
{
    uint8_t key[DATUM_KEY_LEN];
    Sluis__DatumRow was = *d->row;

    was.discrepancy = true;
    datum_follows(&was, 0); /* its past is the current one's */
    sluis_err err = registry_accept(t, s, attribute, d, b, journal_index, now);
    datum_key(key, &s->sid, attribute, &d->instance, newest_of(d) + 2);
    return err ? err : datum_store(t, s, key, &was);
}

sluis_err registry_state(store_txn *t, const subject *s, uint32_t attribute, const datum *d, char *statement,
                         uint64_t journal_index, uint64_t now)
{
    uint8_t key[DATUM_KEY_LEN];
    Sluis__DatumRow row = *d->row;

    row.statement = statement;
    datum_follows(&row, d->version);
    row.number = datum_next_number(now, d->row, d->version);
    row.journal_index = journal_index;
    row.registered = now;
    datum_key(key, &s->sid, attribute, &d->instance, d->version);
    sluis_err err = datum_supersede(t, key, journal_index);
    datum_key(key, &s->sid, attribute, &d->instance, newest_of(d) + 1);
    return err ? err : datum_store(t, s, key, &row);
}

sluis_err registry_drop(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                        const datum_beside *b)
{
    uint8_t key[DATUM_KEY_LEN];

    datum_key(key, &s->sid, attribute, &d->instance, b->version);
    return store_delete(t, TABLE_DATUM, BYTES_OF(key));
}

/* Room for one more: twice as much when the last is taken. */
static sluis_err make_room(Sluis__SettledRow *x, arena *a)
{
    const size_t n = x->n_data;

    if (n & (n - 1))
        return SLUIS_OK;
    Sluis__SettledDatum **all = arena_alloc(a, (n ? 2 * n : 1) * sizeof(*all));
    if (!all)
        return SLUIS_NOMEM;
    if (n)
        memcpy(all, x->data, n * sizeof(*all));
    x->data = all;
    return SLUIS_OK;
}

sluis_err datum_copy(const Sluis__DatumRow *row, arena *a, Sluis__DatumRow **out)
{
    const size_t n = protobuf_c_message_get_packed_size(&row->base);
    uint8_t *packed = arena_alloc(a, n + 1);
    ProtobufCMessage *m = NULL;

    if (!packed)
        return SLUIS_NOMEM;
    protobuf_c_message_pack(&row->base, packed);
    sluis_err err = row_unpack(&m, &sluis__datum_row__descriptor, a, BYTES(packed, n));
    *out = (Sluis__DatumRow *)m;
    return err;
}

sluis_err registry_settled_add(Sluis__SettledRow *x, arena *a, uint32_t attribute, const id16 *instance,
                               uint64_t version, const Sluis__DatumRow *row, const char *outcome)
{
    Sluis__SettledDatum *one = arena_alloc(a, sizeof(*one));
    uint8_t *at = arena_copy(a, instance->b, ID_LEN);

    if (!one || !at)
        return SLUIS_NOMEM;
    sluis__settled_datum__init(one);
    one->attribute = attribute;
    one->instance = (ProtobufCBinaryData){ID_LEN, at};
    one->version = version;
    one->outcome = (char *)(uintptr_t)outcome;
    sluis_err err = datum_copy(row, a, &one->row);
    if (!err)
        err = make_room(x, a);
    if (!err)
        x->data[x->n_data++] = one;
    return err;
}

sluis_err registry_note_settled(registry *r, store_txn *t, const subject *s, uint32_t attribute,
                                const id16 *instance, uint64_t journal_index, uint64_t *before)
{
    uint8_t key[DATUM_KEY_LEN];
    arena *a = arena_new(DATUM_ARENA);
    datum d;

    *before = 0;
    sluis_err err = a ? registry_get(r, t, s, attribute, instance, a, &d) : SLUIS_NOMEM;
    if (!err) {
        *before = d.row->settled;
        d.row->settled = journal_index;
        datum_key(key, &s->sid, attribute, instance, d.version);
        err = datum_store(t, s, key, d.row);
    }
    arena_free(&a);
    return err;
}

sluis_err registry_asked(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                         const datum_beside *b, const uint8_t transaction[static UUID_LEN])
{
    uint8_t key[DATUM_KEY_LEN];
    Sluis__DatumRow row = *b->row;

    row.asked = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    datum_key(key, &s->sid, attribute, &d->instance, b->version);
    return datum_store(t, s, key, &row);
}
