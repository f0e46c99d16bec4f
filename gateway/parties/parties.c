/* PARTY: OIN 20 -> SignedEntry, as the directory key signed it. META "directory": version u64 | ~version u64.
 */
#include "parties/parties.h"

#include <stdlib.h>
#include <string.h>

#include "directory/entry.h"
#include "parties/agreements.h"
#include "wire/envelope.h"

#define VERSION_KEY "directory"
#define VERSION_LEN 16
#define SCRATCH_MAX ((size_t)16 * ENTRY_MAX)

sluis_err parties_version(store_txn *t, uint64_t *out)
{
    bytes v;
    *out = 0;
    sluis_err err = store_get(t, TABLE_META, bytes_str(VERSION_KEY), &v);
    if (err == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (err)
        return err;
    if (v.n != VERSION_LEN || get_u64(v.p) != ~get_u64(v.p + 8))
        return SLUIS_CORRUPT;
    *out = get_u64(v.p);
    return SLUIS_OK;
}

sluis_err parties_set_version(store_txn *t, uint64_t version)
{
    uint8_t v[VERSION_LEN];
    put_u64(v, version);
    put_u64(v + 8, ~version);
    return store_put(t, TABLE_META, bytes_str(VERSION_KEY), BYTES_OF(v));
}

/* What a directory would refuse must not get into the store: every later start would fail on it. */
static sluis_err check_entry(bytes signed_entry, const uint8_t *dir_pk, sluis_fail *f)
{
    party p;
    arena *keep = arena_new(SCRATCH_MAX), *scratch = arena_new(SCRATCH_MAX);
    sluis_err err = keep && scratch ? entry_open(&p, keep, scratch, signed_entry, dir_pk, f) : SLUIS_NOMEM;
    arena_free(&keep);
    arena_free(&scratch);
    return err;
}

sluis_err parties_put(store_txn *t, Sluis__PartyEntry *e, const keypair *dir_key, bool replace, sluis_fail *f)
{
    oin who;
    bytes old;
    uint64_t version;
    buffer signed_entry;
    if (!e->oin || oin_parse(&who, e->oin, strlen(e->oin)))
        return fail_set(f, SLUIS_INVALID, "party.oin", "is not an OIN");
    sluis_err err = store_get(t, TABLE_PARTY, BYTES(who.s, OIN_LEN), &old);
    if (!err && !replace)
        return fail_set(f, SLUIS_EXISTS, who.s,
                        "this party is there already: replace it, or choose another OIN");
    if (err && err != SLUIS_NOT_FOUND)
        return fail_set(f, err, who.s, "%s", error_text(err));
    err = parties_version(t, &version);
    if (err)
        return fail_set(f, err, "directory", "its version cannot be read: %s", error_text(err));
    buffer_init(&signed_entry, ENTRY_MAX);
    e->version = version + 1;
    err = entry_sign(&signed_entry, e, dir_key);
    if (!err)
        err = check_entry(buffer_bytes(&signed_entry), dir_key->pk, f);
    if (!err)
        err = store_put(t, TABLE_PARTY, BYTES(who.s, OIN_LEN), buffer_bytes(&signed_entry));
    if (!err)
        err = parties_set_version(t, e->version);
    if (err)
        fail_set(f, err, who.s, "%s", error_text(err));
    buffer_close(&signed_entry);
    return err;
}

static sluis_err unpack_entry(bytes signed_entry, arena *a, Sluis__PartyEntry **out, sluis_fail *f)
{
    ProtobufCMessage *m;
    sluis_err err = wire_unpack(&m, &sluis__signed_entry__descriptor, a, signed_entry, f);
    if (err)
        return err;
    const Sluis__SignedEntry *s = (const Sluis__SignedEntry *)m;
    err = wire_unpack(&m, &sluis__party_entry__descriptor, a, BYTES(s->entry.data, s->entry.len), f);
    *out = (Sluis__PartyEntry *)m;
    return err;
}

sluis_err parties_get(store_txn *t, const oin *who, const uint8_t dir_pk[static PK_LEN], arena *a,
                      Sluis__PartyEntry **out, sluis_fail *f)
{
    bytes v;
    *out = NULL;
    sluis_err err = store_get(t, TABLE_PARTY, BYTES(who->s, OIN_LEN), &v);
    if (err)
        return err;
    err = check_entry(v, dir_pk, f); /* who signs it again vouches for it */
    if (!err)
        err = unpack_entry(v, a, out, f);
    if (!err && strcmp((*out)->oin, who->s) != 0)
        err = SLUIS_CORRUPT;
    return err == SLUIS_OK || err == SLUIS_NOMEM ? err : SLUIS_CORRUPT;
}

/* The signed entries or agreements of the snapshot, borrowed from it. */
typedef struct {
    bytes *entries; /* owned */
    size_t n, cap;
    uint64_t newest;
    arena *scratch;
} collected;

/* What the entry says of itself must fit its place. Its signature is the directory's to check. */
static sluis_err party_place(bytes key, bytes value, arena *scratch, uint64_t *version, sluis_fail *f)
{
    Sluis__PartyEntry *e;
    sluis_err err = unpack_entry(value, scratch, &e, f);
    if (err)
        return err;
    *version = e->version;
    return bytes_equal(key, bytes_str(e->oin))
               ? SLUIS_OK
               : fail_set(f, SLUIS_CORRUPT, "party", "an entry stands under another OIN than its own");
}

static sluis_err collect(collected *c, store_txn *t, gateway_table table,
                         sluis_err (*place)(bytes, bytes, arena *, uint64_t *, sluis_fail *), sluis_fail *f)
{
    uint64_t version = 0;
    store_cursor *at = NULL;
    bytes key, value;
    sluis_err err = store_cursor_open(t, table, (bytes){0}, (bytes){0}, &at);
    while (!err && !(err = store_cursor_next(at, &key, &value))) {
        if (c->n == DIRECTORY_PARTIES) {
            err = fail_set(f, SLUIS_TOO_BIG, gateway_tables[table].name, "more than %d", DIRECTORY_PARTIES);
            break;
        }
        if (c->n == c->cap) {
            size_t cap = c->cap ? 2 * c->cap : 64;
            bytes *grown = realloc(c->entries, cap * sizeof *grown);
            if (!grown) {
                err = SLUIS_NOMEM;
                break;
            }
            c->entries = grown;
            c->cap = cap;
        }
        arena_reset(c->scratch);
        err = place(key, value, c->scratch, &version, f);
        c->newest = version > c->newest ? version : c->newest;
        c->entries[c->n++] = value;
    }
    store_cursor_close(&at);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err parties_load(store_txn *t, const uint8_t dir_pk[static PK_LEN], directory **out, sluis_fail *f)
{
    uint64_t version;
    arena *scratch = arena_new(SCRATCH_MAX);
    collected c = {.scratch = scratch}, agreed = {.scratch = scratch};
    *out = NULL;
    sluis_err err = scratch ? parties_version(t, &version) : SLUIS_NOMEM;
    if (!err)
        err = collect(&c, t, TABLE_PARTY, party_place, f);
    if (!err)
        err = collect(&agreed, t, TABLE_AGREEMENT, agreements_place, f);
    if (!err && version != (c.newest > agreed.newest ? c.newest : agreed.newest))
        err = fail_set(f, SLUIS_CORRUPT, "directory", "its version is not that of its newest entry");
    if (!err)
        err = directory_build(out, c.entries, c.n, version, dir_pk, f);
    if (!err)
        err = directory_agree(*out, agreed.entries, agreed.n, dir_pk, f);
    if (err) {
        fail_set(f, err, "directory", "%s", error_text(err));
        directory_unref(out);
    }
    free(c.entries);
    free(agreed.entries);
    arena_free(&scratch);
    return err;
}

uint64_t party_expires(const party *p, uint64_t now_ms)
{
    static const key_use uses[] = {USE_SIGN, USE_SEAL, USE_CURVE};
    uint64_t soonest = p->valid_until;
    for (size_t u = 0; u < sizeof uses / sizeof *uses; u++) {
        uint64_t latest = 0;
        for (size_t i = 0; i < p->key_count; i++) {
            const party_key *k = &p->keys[i];
            if (k->use == uses[u] && !(k->revoked && now_ms >= k->revoked) && k->valid_until > latest)
                latest = k->valid_until;
        }
        soonest = latest < soonest ? latest : soonest;
    }
    return soonest;
}

void parties_expire(const directory *d, const oin *own, uint64_t now_ms, uint64_t *ours, uint64_t *theirs,
                    uint64_t *agreed)
{
    const party *p;
    *ours = *theirs = *agreed = UINT64_MAX;
    for (size_t i = 0; (p = directory_at(d, i)); i++) {
        uint64_t *into = oin_equal(&p->oin, own) ? ours : theirs, at = party_expires(p, now_ms);
        uint64_t end = agreements_end(p->agreements, p->agreement_count, now_ms);
        if (!p->suspended && at < *into)
            *into = at;
        if (!p->suspended && end < *agreed)
            *agreed = end;
    }
}
