/* Subjects, data and sealed rows. */
#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "registry/datum.h"
#include "wire/envelope.h"

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
static bool room_for_subject(const registry *r)
{
    uint64_t live, erased, slots;

    keyslots_usage(r->slots, &live, &erased, &slots);
    return 16 * (live + erased + 1) <= 11 * slots;
}

sluis_err registry_subject(registry *r, store_txn *t, const char bsn[static BSN_LEN], bool create,
                           subject *out)
{
    uint8_t p[HASH_LEN], value[8];
    uint64_t slot;
    slot_key key;

    keyslots_subject(r->slots, p, bsn);
    sluis_err err = keyslots_find(r->slots, p, &key);
    if (err == SLUIS_NOT_FOUND && create)
        err = room_for_subject(r) ? keyslots_add(r->slots, p, &key) : SLUIS_FULL;
    if (err)
        return err;
    err = subject_row(r, t, &key.sid, &slot);
    if (!err && slot != key.slot)
        err = SLUIS_CORRUPT;
    if (err == SLUIS_NOT_FOUND && create) {
        /* new, or left behind by a crash between the key file and the store */
        put_u64(value, key.slot);
        err = being_erased(t, key.slot) ? SLUIS_CONFLICT
                                        : rows_put_bytes(t, keyslots_rows(r->slots), TABLE_SUBJECT,
                                                         sid_bytes(&key.sid), BYTES_OF(value));
    }
    if (!err)
        subject_fill(r, out, &key);
    wipe(&key, sizeof(key));
    return err;
}

sluis_err registry_check(registry *r, store_txn *t, const char bsn[static BSN_LEN])
{
    uint8_t p[HASH_LEN];
    slot_key key;

    keyslots_subject(r->slots, p, bsn);
    sluis_err err = keyslots_find(r->slots, p, &key);
    if (!err && being_erased(t, key.slot))
        err = SLUIS_CONFLICT;
    wipe(&key, sizeof(key));
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err registry_subject_by_sid(registry *r, store_txn *t, const id16 *sid, subject *out)
{
    uint64_t slot;
    slot_key key;
    sluis_err err = subject_row(r, t, sid, &slot);

    if (err)
        return err;
    err = keyslots_get(r->slots, slot, &key);
    if (err == SLUIS_NOT_FOUND)
        return being_erased(t, slot) ? SLUIS_NOT_FOUND : SLUIS_CORRUPT;
    if (!err && !id_equal(&key.sid, sid))
        err = SLUIS_CORRUPT;
    if (!err)
        subject_fill(r, out, &key);
    wipe(&key, sizeof(key));
    return err;
}

/* ---- data ---- */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* For what it was given, where that matters. */
static bool same_purpose(const Sluis__DatumTerms *a, const Sluis__DatumTerms *b)
{
    if (!a || !b)
        return a == b;
    return same_text(a->application, b->application) && same_text(a->purpose, b->purpose) &&
           a->until == b->until &&
           bytes_equal(BYTES(a->case_id.data, a->case_id.len), BYTES(b->case_id.data, b->case_id.len));
}

static bool same_terms(const Sluis__DatumRow *a, const Sluis__DatumRow *b)
{
    if (a->valid_from != b->valid_from || a->valid_until != b->valid_until || a->reference != b->reference ||
        a->withdrawn != b->withdrawn || a->n_conditions != b->n_conditions ||
        !same_purpose(a->terms, b->terms))
        return false;
    for (size_t i = 0; i < a->n_conditions; i++)
        if (!same_text(a->conditions[i], b->conditions[i]))
            return false;
    return true;
}

/* What is registered for one instance: the current statement, the newest one, and the newest discrepancy of
 * this source. */
typedef struct {
    uint64_t newest, current_version, beside_version;
    Sluis__DatumRow *current, *beside;
} history;

static sluis_err history_walk(store_txn *t, const subject *s, bytes prefix, const char *source, arena *a,
                              history *h)
{
    store_cursor *c = NULL;
    bytes key, value;
    sluis_err err = store_cursor_open(t, TABLE_DATUM, prefix, prefix, &c);

    while (!err && !(err = store_cursor_next(c, &key, &value))) {
        Sluis__DatumRow *row;
        if ((err = datum_open(s, key, value, a, &row)))
            break;
        if (!row->discrepancy) {
            h->current = row;
            h->current_version = datum_version(key);
        } else if (same_text(row->source, source)) {
            h->beside = row;
            h->beside_version = datum_version(key);
        }
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

/* One look-up where the newest version is the current one; all versions only where discrepancies stand. */
static sluis_err history_load(store_txn *t, const subject *s, bytes prefix, const char *source, arena *a,
                              history *h)
{
    Sluis__DatumRow *row;
    bytes key, value;

    *h = (history){0};
    sluis_err err = store_last(t, TABLE_DATUM, prefix, &key, &value);
    if (err)
        return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
    if ((err = datum_open(s, key, value, a, &row)))
        return err;
    h->newest = datum_version(key);
    if (row->discrepancy)
        return history_walk(t, s, prefix, source, a, h);
    h->current = row;
    h->current_version = h->newest;
    return SLUIS_OK;
}

static datum_outcome judge(const history *h, const Sluis__DatumRow *row, uint64_t *holds)
{
    *holds = 0;
    if (!h->current)
        return DATUM_NEW;
    if (same_text(h->current->value, row->value) && same_terms(h->current, row)) {
        *holds = h->current_version;
        return DATUM_SAME;
    }
    if (same_text(h->current->source, row->source))
        return DATUM_NEWER;
    if (h->beside && same_text(h->beside->value, row->value) && same_terms(h->beside, row))
        *holds = h->beside_version;
    return DATUM_DISCREPANCY;
}

sluis_err registry_put(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                       Sluis__DatumRow *row, datum_outcome *outcome, uint64_t *version)
{
    uint8_t key[DATUM_KEY_LEN];
    history h;
    arena *a = arena_new(DATUM_ARENA);

    (void)r;
    if (!a)
        return SLUIS_NOMEM;
    datum_key(key, &s->sid, attribute, instance, 0);
    sluis_err err = history_load(t, s, BYTES(key, DATUM_PREFIX_LEN), row->source, a, &h);
    if (err)
        goto done;
    *outcome = judge(&h, row, version);
    row->discrepancy = *outcome == DATUM_DISCREPANCY;
    if (*version)
        goto done;
    *version = h.newest + 1;
    if (*outcome == DATUM_NEWER) {
        row->previous = h.current_version;
        datum_key(key, &s->sid, attribute, instance, h.current_version);
        err = datum_supersede(t, key, row->journal_index);
    }
    datum_key(key, &s->sid, attribute, instance, *version);
    if (!err)
        err = datum_store(t, s, key, row);
done:
    arena_free(&a);
    return err;
}

/* Calls each(ctx, datum) for the current datum of every instance, in order, until it says stop. */
typedef bool (*datum_fn)(void *ctx, const datum *d);

static sluis_err each_current(store_txn *t, const subject *s, uint32_t attribute, arena *a, datum_fn each,
                              void *ctx)
{
    uint8_t from[DATUM_KEY_LEN], prefix[DATUM_KEY_LEN];
    static const id16 zero;
    bool more = true;

    datum_key(prefix, &s->sid, attribute, &zero, 0);
    memcpy(from, prefix, sizeof(from));
    while (more) {
        store_cursor *c = NULL;
        bytes key, value;
        history h;
        datum d;
        sluis_err err =
            store_cursor_open(t, TABLE_DATUM, BYTES_OF(from), BYTES(prefix, DATUM_ATTRIBUTE_LEN), &c);
        if (!err)
            err = store_cursor_next(c, &key, &value);
        if (!err && key.n != DATUM_KEY_LEN)
            err = SLUIS_CORRUPT;
        if (!err)
            memcpy(from, key.p, DATUM_KEY_LEN);
        store_cursor_close(&c);
        if (err)
            return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
        if ((err = history_load(t, s, BYTES(from, DATUM_PREFIX_LEN), "", a, &h)))
            return err;
        memcpy(d.instance.b, from + DATUM_ATTRIBUTE_LEN, ID_LEN);
        d.version = h.current_version;
        d.row = h.current;
        if (h.current)
            more = each(ctx, &d);
        memset(from + DATUM_PREFIX_LEN, 0xff, 8); /* beyond every version of this instance */
    }
    return SLUIS_OK;
}

typedef struct {
    datum *out;
    size_t cap, n;
} collected;

static bool collect(void *ctx, const datum *d)
{
    collected *c = ctx;

    if (c->n < c->cap)
        c->out[c->n++] = *d;
    return c->n < c->cap;
}

sluis_err registry_current(registry *r, store_txn *t, const subject *s, uint32_t attribute, arena *a,
                           datum *out, size_t cap, size_t *n)
{
    collected c = {.out = out, .cap = cap};
    sluis_err err = each_current(t, s, attribute, a, collect, &c);

    (void)r;
    *n = err ? 0 : c.n;
    return err;
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
    id16 sid;

    if (key.n == 0 || key.n > STORE_KEY_MAX)
        return SLUIS_INVALID;
    if (sealed.n < OWNER_LEN)
        return SLUIS_CORRUPT;
    sluis_err err = row_check_open(&owned, keyslots_rows(r->slots), table, key, BYTES(sealed.p, OWNER_LEN));
    if (err)
        return err;
    memcpy(sid.b, owned.p, ID_LEN);
    if ((err = registry_subject_by_sid(r, t, &sid, &s)))
        return err;
    err = datum_unseal(s.key, sealed_ad(ad, table, key), BYTES(sealed.p + OWNER_LEN, sealed.n - OWNER_LEN), a,
                       d, out);
    if (owner && !err)
        *owner = s;
    subject_close(&s);
    return err;
}
