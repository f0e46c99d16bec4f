#include "parties/agreements.h"

#include <string.h>

#include "parties/parties.h"
#include "wire/envelope.h"

#define SCRATCH_MAX ((size_t)16 * AGREEMENT_FACT_MAX)

static void key_of(uint8_t key[static AGREEMENT_KEY], const char *whose, bytes packed)
{
    uint8_t hash[HASH_LEN];
    agreement_hash(hash, packed);
    memcpy(key, whose, OIN_LEN);
    memcpy(key + OIN_LEN, hash, KEYID_LEN);
}

static sluis_err unpack_fact(bytes signed_fact, arena *a, Sluis__AgreementFact **fact,
                             const Sluis__Agreement **agreed, sluis_fail *f)
{
    ProtobufCMessage *m;
    sluis_err e = wire_unpack(&m, &sluis__signed_agreement__descriptor, a, signed_fact, f);
    if (e)
        return e;
    const Sluis__SignedAgreement *s = (const Sluis__SignedAgreement *)m;
    e = wire_unpack(&m, &sluis__agreement_fact__descriptor, a, BYTES(s->fact.data, s->fact.len), f);
    if (e)
        return e;
    *fact = (Sluis__AgreementFact *)m;
    e = wire_unpack(&m, &sluis__agreement__descriptor, a,
                    BYTES((*fact)->agreement.data, (*fact)->agreement.len), f);
    *agreed = (const Sluis__Agreement *)m;
    return e;
}

/* What a directory would refuse must not get into the store: every later start would fail on it. */
static sluis_err check_fact(bytes signed_fact, const uint8_t *dir_pk, sluis_fail *f)
{
    agreement out;
    oin whose, municipality;
    arena *keep = arena_new(SCRATCH_MAX), *scratch = arena_new(SCRATCH_MAX);
    sluis_err e = keep && scratch
                      ? agreement_open(&out, &whose, &municipality, keep, scratch, signed_fact, dir_pk, f)
                      : SLUIS_NOMEM;
    arena_free(&keep);
    arena_free(&scratch);
    return e;
}

sluis_err agreements_put(store_txn *t, Sluis__AgreementFact *fact, const keypair *dir_key, sluis_fail *f)
{
    uint8_t key[AGREEMENT_KEY];
    uint64_t version;
    buffer signed_fact;
    ProtobufCMessage *m = NULL;
    bytes packed = BYTES(fact->agreement.data, fact->agreement.len);
    arena *a = arena_new(SCRATCH_MAX);
    buffer_init(&signed_fact, AGREEMENT_FACT_MAX);
    sluis_err e = a ? wire_unpack(&m, &sluis__agreement__descriptor, a, packed, f) : SLUIS_NOMEM;
    if (!e)
        e = parties_version(t, &version);
    if (!e) {
        fact->version = version + 1;
        e = agreement_fact_sign(&signed_fact, fact, dir_key);
    }
    if (!e)
        e = check_fact(buffer_bytes(&signed_fact), dir_key->pk, f);
    if (!e) {
        key_of(key, ((const Sluis__Agreement *)m)->party, packed);
        e = store_put(t, TABLE_AGREEMENT, BYTES_OF(key), buffer_bytes(&signed_fact));
    }
    if (!e)
        e = parties_set_version(t, fact->version);
    if (e)
        fail_set(f, e, "agreement", "%s", error_text(e));
    buffer_close(&signed_fact);
    arena_free(&a);
    return e;
}

sluis_err agreements_get(store_txn *t, const oin *whose, const keyid *id, const uint8_t dir_pk[static PK_LEN],
                         arena *a, Sluis__AgreementFact **out, sluis_fail *f)
{
    uint8_t key[AGREEMENT_KEY];
    bytes v;
    uint64_t version;
    const Sluis__Agreement *agreed;
    *out = NULL;
    memcpy(key, whose->s, OIN_LEN);
    memcpy(key + OIN_LEN, id->b, KEYID_LEN);
    sluis_err e = store_get(t, TABLE_AGREEMENT, BYTES_OF(key), &v);
    if (e)
        return e;
    e = check_fact(v, dir_pk, f); /* who signs it again vouches for it */
    if (!e)
        e = agreements_place(BYTES_OF(key), v, a, &version, f);
    if (!e)
        e = unpack_fact(v, a, out, &agreed, f);
    return e == SLUIS_OK || e == SLUIS_NOMEM ? e : SLUIS_CORRUPT;
}

sluis_err agreements_place(bytes key, bytes value, arena *scratch, uint64_t *version, sluis_fail *f)
{
    uint8_t own[AGREEMENT_KEY];
    Sluis__AgreementFact *fact = NULL;
    const Sluis__Agreement *agreed = NULL;
    sluis_err e = unpack_fact(value, scratch, &fact, &agreed, f);
    if (e)
        return e;
    if (!oin_valid(agreed->party, strlen(agreed->party)))
        return fail_set(f, SLUIS_CORRUPT, "agreement", "is of nobody");
    key_of(own, agreed->party, BYTES(fact->agreement.data, fact->agreement.len));
    if (!bytes_equal(key, BYTES_OF(own)))
        return fail_set(f, SLUIS_CORRUPT, "agreement", "an agreement stands under another key than its own");
    *version = fact->version;
    return SLUIS_OK;
}
