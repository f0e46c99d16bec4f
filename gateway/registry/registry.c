/* Subjects, and the sealing of rows about them. */
#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "registry/datum.h"

struct registry {
    keyslots *slots;
};

sluis_err registry_open(registry **out, keyslots *slots)
{
    *out = malloc(sizeof(**out));
    if (!*out)
        return SLUIS_NOMEM;
    (*out)->slots = slots;
    return SLUIS_OK;
}

void registry_close(registry **r)
{
    free(*r);
    *r = NULL;
}

keyslots *registry_slots(registry *r)
{
    return r->slots;
}

/* ---- subjects ---- */

void subject_close(subject *s)
{
    wipe(s, sizeof(*s));
}

static bytes sid_bytes(const id16 *sid)
{
    return BYTES(sid->b, ID_LEN);
}

/* The slot that the SUBJECT row of this sid names. */
static sluis_err subject_row(registry *r, store_txn *t, const id16 *sid, uint64_t *slot)
{
    bytes value;
    sluis_err err = rows_get_bytes(t, keyslots_rows(r->slots), TABLE_SUBJECT, sid_bytes(sid), &value);

    if (err)
        return err;
    if (value.n != 8)
        return SLUIS_CORRUPT;
    *slot = get_u64(value.p);
    return SLUIS_OK;
}

static bool being_erased(store_txn *t, uint64_t slot)
{
    uint8_t key[8];
    bytes value;

    put_u64(key, slot);
    return store_get(t, TABLE_INTENT, BYTES_OF(key), &value) == SLUIS_OK;
}

static void subject_fill(registry *r, subject *out, slot_key *key)
{
    out->sid = key->sid;
    out->rows = keyslots_rows(r->slots);
    memcpy(out->key, key->key, KEY_LEN);
    wipe(key, sizeof(*key));
}

/* Persons leave a part of the key file to the journal's day keys: without a day key nothing passes at all. */
static bool room_for_subjects(const registry *r, uint64_t n)
{
    uint64_t live, erased, slots;

    keyslots_usage(r->slots, &live, &erased, &slots);
    return 16 * (live + erased + n) <= 11 * slots;
}

registry_places registry_room(const registry *r)
{
    uint64_t live, erased, slots;

    keyslots_usage(r->slots, &live, &erased, &slots);
    return !room_for_subjects(r, 1) ? ROOM_NONE : 2 * (live + erased) >= slots ? ROOM_LITTLE : ROOM_ENOUGH;
}

/* Who this subject is, when it was merged into another, and the slot of its own key. NOT_FOUND: it was not.
 */
static sluis_err merged_into(registry *r, store_txn *t, const id16 *sid, id16 *into, uint64_t *slot)
{
    bytes value;
    sluis_err err = rows_get_bytes(t, keyslots_rows(r->slots), TABLE_MERGED, sid_bytes(sid), &value);

    if (!err && value.n != ID_LEN + 8)
        err = SLUIS_CORRUPT;
    if (!err) {
        memcpy(into->b, value.p, ID_LEN);
        *slot = get_u64(value.p + ID_LEN);
    }
    return err;
}

/* The subject of this slot; made when it is new, or left behind by a crash between key file and store. */
static sluis_err of_slot(registry *r, store_txn *t, slot_key *key, bool create, subject *out)
{
    uint8_t value[8];
    uint64_t slot;
    id16 into;

    sluis_err err = subject_row(r, t, &key->sid, &slot);
    if (err == SLUIS_NOT_FOUND && merged_into(r, t, &key->sid, &into, &slot) == SLUIS_OK)
        return registry_subject_by_sid(r, t, &into, out);
    if (!err && slot != key->slot)
        err = SLUIS_CORRUPT;
    if (err == SLUIS_NOT_FOUND && create) {
        put_u64(value, key->slot);
        err = being_erased(t, key->slot) ? SLUIS_CONFLICT
                                         : rows_put_bytes(t, keyslots_rows(r->slots), TABLE_SUBJECT,
                                                          sid_bytes(&key->sid), BYTES_OF(value));
    }
    if (!err)
        subject_fill(r, out, key);
    return err;
}

static sluis_err by_pseudonym(registry *r, store_txn *t, const uint8_t p[static HASH_LEN], bool create,
                              subject *out)
{
    slot_key key;

    sluis_err err = keyslots_find(r->slots, p, &key);
    if (err == SLUIS_NOT_FOUND && create)
        err = room_for_subjects(r, 1) ? keyslots_add(r->slots, p, &key) : SLUIS_FULL;
    if (!err)
        err = of_slot(r, t, &key, create, out);
    wipe(&key, sizeof(key));
    return err;
}

sluis_err registry_subject(registry *r, store_txn *t, const char bsn[static BSN_LEN], bool create,
                           subject *out)
{
    uint8_t p[HASH_LEN];

    keyslots_subject(r->slots, p, bsn);
    return by_pseudonym(r, t, p, create, out);
}

sluis_err registry_subject_own(registry *r, store_txn *t, const char *own, bool create, subject *out)
{
    uint8_t p[HASH_LEN];

    keyslots_own(r->slots, p, own);
    return by_pseudonym(r, t, p, create, out);
}

bool registry_has_room(const registry *r)
{
    return room_for_subjects(r, 1);
}

static sluis_err check_pseudonym(registry *r, store_txn *t, const uint8_t p[static HASH_LEN], uint64_t *fresh)
{
    slot_key key;

    sluis_err err = keyslots_find(r->slots, p, &key);
    if (!err && being_erased(t, key.slot))
        err = SLUIS_CONFLICT;
    wipe(&key, sizeof(key));
    if (err == SLUIS_NOT_FOUND)
        err = room_for_subjects(r, ++*fresh) ? SLUIS_OK : SLUIS_FULL;
    return err;
}

sluis_err registry_check(registry *r, store_txn *t, const char bsn[static BSN_LEN], uint64_t *fresh)
{
    uint8_t p[HASH_LEN];

    keyslots_subject(r->slots, p, bsn);
    return check_pseudonym(r, t, p, fresh);
}

sluis_err registry_check_own(registry *r, store_txn *t, const char *own, uint64_t *fresh)
{
    uint8_t p[HASH_LEN];

    keyslots_own(r->slots, p, own);
    return check_pseudonym(r, t, p, fresh);
}

/* The subject whose key is in this slot. */
static sluis_err in_slot(registry *r, store_txn *t, const id16 *sid, uint64_t slot, subject *out)
{
    slot_key key;

    sluis_err err = keyslots_get(r->slots, slot, &key);
    if (err == SLUIS_NOT_FOUND)
        return being_erased(t, slot) ? SLUIS_NOT_FOUND : SLUIS_CORRUPT;
    if (!err && !id_equal(&key.sid, sid))
        err = SLUIS_CORRUPT;
    if (!err)
        subject_fill(r, out, &key);
    wipe(&key, sizeof(key));
    return err;
}

sluis_err registry_subject_by_sid(registry *r, store_txn *t, const id16 *sid, subject *out)
{
    uint64_t slot;
    id16 into;
    sluis_err err = subject_row(r, t, sid, &slot);

    if (err == SLUIS_NOT_FOUND && merged_into(r, t, sid, &into, &slot) == SLUIS_OK)
        return registry_subject_by_sid(r, t, &into, out);
    return err ? err : in_slot(r, t, sid, slot, out);
}

sluis_err subject_as_sealed(registry *r, store_txn *t, const id16 *sid, subject *out, bool *merged)
{
    uint64_t slot;
    id16 into;
    sluis_err err = subject_row(r, t, sid, &slot);

    *merged = err == SLUIS_NOT_FOUND && merged_into(r, t, sid, &into, &slot) == SLUIS_OK;
    return err && !*merged ? err : in_slot(r, t, sid, slot, out);
}

/* ---- sealed rows ---- */

#define SEALED_AD_MAX (1 + STORE_KEY_MAX)

static bytes sealed_ad(uint8_t out[static SEALED_AD_MAX], gateway_table table, bytes key)
{
    out[0] = (uint8_t)table;
    memcpy(out + 1, key.p, key.n);
    return BYTES(out, key.n + 1);
}

#define OWNER_LEN (ID_LEN + ROW_CHECK_LEN)

sluis_err row_seal(buffer *out, const subject *s, gateway_table table, bytes key, const ProtobufCMessage *m)
{
    uint8_t ad[SEALED_AD_MAX];

    if (key.n == 0 || key.n > STORE_KEY_MAX)
        return SLUIS_INVALID;
    row_check_wrap(out, s->rows, table, key, sid_bytes(&s->sid));
    return datum_seal(out, s->key, sealed_ad(ad, table, key), m);
}

sluis_err row_open(registry *r, store_txn *t, gateway_table table, bytes key, bytes sealed, arena *a,
                   const ProtobufCMessageDescriptor *d, ProtobufCMessage **out, subject *owner)
{
    uint8_t ad[SEALED_AD_MAX];
    subject s;
    bytes owned;
    bool merged;
    id16 sid;

    if (key.n == 0 || key.n > STORE_KEY_MAX)
        return SLUIS_INVALID;
    if (sealed.n < OWNER_LEN)
        return SLUIS_CORRUPT;
    sluis_err err = row_check_open(&owned, keyslots_rows(r->slots), table, key, BYTES(sealed.p, OWNER_LEN));
    if (err)
        return err;
    memcpy(sid.b, owned.p, ID_LEN);
    if ((err = subject_as_sealed(r, t, &sid, &s, &merged)))
        return err;
    err = datum_unseal(s.key, sealed_ad(ad, table, key), BYTES(sealed.p + OWNER_LEN, sealed.n - OWNER_LEN), a,
                       d, out);
    if (owner && !err && merged)
        err = registry_subject_by_sid(r, t, &sid, owner);
    else if (owner && !err)
        *owner = s;
    subject_close(&s);
    return err;
}
