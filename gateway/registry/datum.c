#include "registry/datum.h"

#include <stdlib.h>
#include <string.h>

#include "tables/rows.h"
#include "wire/envelope.h"

void datum_key(uint8_t out[static DATUM_KEY_LEN], const id16 *sid, uint32_t attribute, const id16 *instance,
               uint64_t version)
{
    memcpy(out, sid->b, ID_LEN);
    put_u32(out + ID_LEN, attribute);
    memcpy(out + DATUM_ATTRIBUTE_LEN, instance->b, ID_LEN);
    put_u64(out + DATUM_PREFIX_LEN, version);
}

uint64_t datum_version(bytes key)
{
    return get_u64(key.p + DATUM_PREFIX_LEN);
}

uint64_t datum_next_number(uint64_t now, const Sluis__DatumRow *was, uint64_t version)
{
    const uint64_t before = was ? datum_number(was, version) : 0;

    return now > before ? now : before + 1;
}

sluis_err datum_seal(buffer *out, const uint8_t key[static KEY_LEN], bytes ad, const ProtobufCMessage *m)
{
    const size_t before = out->n;
    uint8_t *nonce = buffer_room(out, NONCE_LEN);

    if (nonce)
        random_nonce(nonce);
    wire_pack(out, m);
    if (!buffer_room(out, TAG_LEN))
        return out->err;
    uint8_t *p = out->p + before;
    size_t n = out->n - before - NONCE_LEN - TAG_LEN;
    ae_seal(p + NONCE_LEN, key, p, ad, BYTES(p + NONCE_LEN, n));
    return SLUIS_OK;
}

sluis_err datum_unseal(const uint8_t key[static KEY_LEN], bytes ad, bytes sealed, arena *a,
                       const ProtobufCMessageDescriptor *d, ProtobufCMessage **out)
{
    if (sealed.n < NONCE_LEN + TAG_LEN)
        return SLUIS_CORRUPT;
    size_t n = sealed.n - NONCE_LEN - TAG_LEN;
    uint8_t *plain = arena_alloc(a, n);
    if (!plain)
        return SLUIS_NOMEM;
    if (ae_open(plain, key, sealed.p, ad, BYTES(sealed.p + NONCE_LEN, n + TAG_LEN)))
        return SLUIS_CORRUPT;
    return row_unpack(out, d, a, BYTES(plain, n));
}

sluis_err datum_open(const subject *s, bytes key, bytes value, arena *a, Sluis__DatumRow **out)
{
    ProtobufCMessage *m;

    if (key.n != DATUM_KEY_LEN)
        return SLUIS_CORRUPT;
    sluis_err err = datum_unseal(s->key, key, value, a, &sluis__datum_row__descriptor, &m);
    if (!err)
        *out = (Sluis__DatumRow *)m;
    return err;
}

sluis_err datum_place_row(datum *d, arena *a, Sluis__DatumRow *row, uint64_t version)
{
    datum_beside **end = &d->beside;

    if (!row->discrepancy) {
        d->row = row;
        d->version = version;
        return SLUIS_OK;
    }
    while (*end)
        end = &(*end)->next;
    if (!(*end = arena_alloc(a, sizeof(**end))))
        return SLUIS_NOMEM;
    **end = (datum_beside){.version = version, .row = row};
    return SLUIS_OK;
}

sluis_err datum_open_named(registry *r, store_txn *t, const subject *s, bytes key, bytes value, arena *a,
                           Sluis__DatumRow **out)
{
    subject name;
    bool merged;
    id16 sid;

    if (key.n != DATUM_KEY_LEN)
        return SLUIS_CORRUPT;
    memcpy(sid.b, key.p, ID_LEN);
    if (id_equal(&sid, &s->sid))
        return datum_open(s, key, value, a, out);
    sluis_err err = subject_as_sealed(r, t, &sid, &name, &merged);
    if (err)
        return err;
    err = datum_open(&name, key, value, a, out);
    subject_close(&name);
    return err;
}

void datum_follows(Sluis__DatumRow *row, uint64_t previous)
{
    row->previous = previous;
    row->previous_under = (ProtobufCBinaryData){0, NULL};
}

sluis_err datum_before_key(const uint8_t key[static DATUM_KEY_LEN], const Sluis__DatumRow *row,
                           uint8_t old[static HISTORY_KEY_LEN])
{
    if (!row->previous)
        return SLUIS_NOT_FOUND;
    if (row->previous_under.len && row->previous_under.len != ID_LEN)
        return SLUIS_CORRUPT;
    put_u64(old, row->journal_index);
    memcpy(old + 8, key, DATUM_KEY_LEN);
    if (row->previous_under.len)
        memcpy(old + 8, row->previous_under.data, ID_LEN);
    put_u64(old + 8 + DATUM_PREFIX_LEN, row->previous);
    return SLUIS_OK;
}

sluis_err datum_past(registry *r, store_txn *t, const subject *s, const uint8_t old[static HISTORY_KEY_LEN],
                     arena *a, Sluis__DatumRow **out)
{
    bytes value;
    sluis_err err = store_get(t, TABLE_HISTORY, BYTES(old, HISTORY_KEY_LEN), &value);

    return err ? err : datum_open_named(r, t, s, BYTES(old + 8, DATUM_KEY_LEN), value, a, out);
}

sluis_err datum_supersede(store_txn *t, const uint8_t key[static DATUM_KEY_LEN], uint64_t index)
{
    uint8_t moved[HISTORY_KEY_LEN], small[1024], *copy = small;
    bytes value;

    sluis_err err = store_get(t, TABLE_DATUM, BYTES(key, DATUM_KEY_LEN), &value);
    if (err)
        return err;
    if (value.n > sizeof(small) && !(copy = malloc(value.n)))
        return SLUIS_NOMEM;
    memcpy(copy, value.p, value.n); /* a write ends the loan */
    put_u64(moved, index);
    memcpy(moved + 8, key, DATUM_KEY_LEN);
    err = store_put(t, TABLE_HISTORY, BYTES_OF(moved), BYTES(copy, value.n));
    if (!err)
        err = store_delete(t, TABLE_DATUM, BYTES(key, DATUM_KEY_LEN));
    if (copy != small)
        free(copy);
    return err;
}

sluis_err datum_store(store_txn *t, const subject *s, const uint8_t key[static DATUM_KEY_LEN],
                      const Sluis__DatumRow *row)
{
    buffer b;

    buffer_init(&b, ROW_MAX);
    sluis_err err = datum_seal(&b, s->key, BYTES(key, DATUM_KEY_LEN), &row->base);
    if (!err)
        err = store_put(t, TABLE_DATUM, BYTES(key, DATUM_KEY_LEN), buffer_bytes(&b));
    buffer_close(&b);
    return err;
}
