/* The directory goes over to another directory key: what the store holds is checked under the old one and
 * signed with the new one, in the caller's transaction. The municipality's word under an agreement is the
 * directory key's too (directory/agreement.h): it is given again, for the moment at which it was given first.
 */
#include <stdlib.h>
#include <string.h>

#include "directory/entry.h"
#include "parties/agreements.h"
#include "parties/parties.h"

#define SCRATCH_MAX ((size_t)16 * AGREEMENT_FACT_MAX)

/* The keys of a table's rows, one behind another; a row is put back while they are gone through. */
static sluis_err list_keys(uint8_t **out, size_t *n, store_txn *t, gateway_table table, size_t len)
{
    store_cursor *at = NULL;
    bytes key, value;
    size_t cap = 0;
    *out = NULL;
    *n = 0;
    sluis_err e = store_cursor_open(t, table, (bytes){0}, (bytes){0}, &at);
    while (!e && !(e = store_cursor_next(at, &key, &value))) {
        if (key.n != len) {
            e = SLUIS_CORRUPT;
            break;
        }
        if (*n == cap) {
            cap = cap ? 2 * cap : 64;
            uint8_t *grown = realloc(*out, cap * len);
            if (!grown) {
                e = SLUIS_NOMEM;
                break;
            }
            *out = grown;
        }
        memcpy(*out + (*n)++ * len, key.p, len);
    }
    store_cursor_close(&at);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err resign_party(store_txn *t, const uint8_t *key, const uint8_t *old_pk, const keypair *dir_key,
                              arena *a, sluis_fail *f)
{
    oin who;
    Sluis__PartyEntry *x = NULL;
    sluis_err e = oin_parse(&who, (const char *)key, OIN_LEN);
    if (!e)
        e = parties_get(t, &who, old_pk, a, &x, f);
    return e ? e : parties_put(t, x, dir_key, true, f);
}

static sluis_err resign_agreement(store_txn *t, const uint8_t *key, const uint8_t *old_pk,
                                  const keypair *dir_key, arena *a, sluis_fail *f)
{
    oin who;
    keyid id;
    uint8_t word[SIG_LEN];
    Sluis__AgreementFact *x = NULL;
    memcpy(id.b, key + OIN_LEN, KEYID_LEN);
    sluis_err e = oin_parse(&who, (const char *)key, OIN_LEN);
    if (!e)
        e = agreements_get(t, &who, &id, old_pk, a, &x, f);
    if (!e && x->accepted) {
        e = agreement_accept(word, BYTES(x->agreement.data, x->agreement.len), dir_key);
        x->municipality_signature = (ProtobufCBinaryData){SIG_LEN, word};
    }
    return e ? e : agreements_put(t, x, dir_key, f);
}

typedef sluis_err (*resign_row)(store_txn *t, const uint8_t *key, const uint8_t *old_pk,
                                const keypair *dir_key, arena *a, sluis_fail *f);

static sluis_err resign_table(store_txn *t, gateway_table table, size_t len, resign_row each,
                              const uint8_t *old_pk, const keypair *dir_key, sluis_fail *f)
{
    uint8_t *keys = NULL;
    size_t n = 0;
    arena *a = arena_new(SCRATCH_MAX);
    sluis_err e = a ? list_keys(&keys, &n, t, table, len) : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < n; i++) {
        arena_reset(a);
        e = each(t, keys + i * len, old_pk, dir_key, a, f);
    }
    free(keys);
    arena_free(&a);
    return e ? fail_set(f, e, gateway_tables[table].name, "%s", error_text(e)) : SLUIS_OK;
}

/* Which of known signed this entry; NULL: none. */
static const uint8_t *signer_of(bytes entry, const pubkeys *known, arena *a)
{
    for (size_t i = known->n; i-- > 0;) {
        party p;
        arena *keep = arena_new(SCRATCH_MAX);
        arena_reset(a);
        bool fits = keep && !entry_open(&p, keep, a, entry, known->pk[i], NULL);
        arena_free(&keep);
        if (fits)
            return known->pk[i];
    }
    return NULL;
}

sluis_err parties_resign(store_txn *t, const oin *own, const pubkeys *known, const keypair *dir_key,
                         bool *done, sluis_fail *f)
{
    bytes entry;
    *done = false;
    sluis_err e = store_get(t, TABLE_PARTY, BYTES(own->s, OIN_LEN), &entry);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : fail_set(f, e, own->s, "%s", error_text(e));
    arena *a = arena_new(SCRATCH_MAX);
    const uint8_t *by = a ? signer_of(entry, known, a) : NULL;
    arena_free(&a);
    if (!by)
        return fail_set(f, SLUIS_CORRUPT, "directory",
                        "is signed by none of our directory keys (directory.key, directory.pub)");
    if (memcmp(by, dir_key->pk, PK_LEN) == 0)
        return SLUIS_OK;
    e = resign_table(t, TABLE_PARTY, OIN_LEN, resign_party, by, dir_key, f);
    if (!e)
        e = resign_table(t, TABLE_AGREEMENT, AGREEMENT_KEY, resign_agreement, by, dir_key, f);
    *done = !e;
    return e;
}
