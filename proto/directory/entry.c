/* What a party signs about each of its keys (DirectoryKey.signature):
 *
 *  "sluis/1 key\n" 12 | use u8 | pk 32 | valid_from u64 | valid_until u64 | OIN 20
 *
 * by one of its own signing keys; for a signing key by that key itself, which proves possession. */
#include "directory/entry.h"

#include <string.h>

#include "directory/statement.h"
#include "wire/envelope.h"

#define KEY_SAID_LEN (1 + PK_LEN + 8 + 8 + OIN_LEN)

static void key_said(uint8_t out[static KEY_SAID_LEN], key_use use, const uint8_t *pk, uint64_t from,
                     uint64_t until, const oin *who)
{
    uint8_t *p = out;
    *p++ = (uint8_t)use;
    memcpy(p, pk, PK_LEN);
    put_u64(p += PK_LEN, from);
    put_u64(p += 8, until);
    memcpy(p + 8, who->s, OIN_LEN);
}

sluis_err party_key_sign(uint8_t sig[static SIG_LEN], const keypair *sign, key_use use,
                         const uint8_t pk[static PK_LEN], uint64_t from, uint64_t until, const oin *who)
{
    uint8_t said[KEY_SAID_LEN];
    key_said(said, use, pk, from, until, who);
    return statement_sign(sig, STATEMENT_KEY, BYTES_OF(said), sign);
}

sluis_err party_key_verify(const uint8_t sig[static SIG_LEN], const uint8_t by[static PK_LEN], key_use use,
                           const uint8_t pk[static PK_LEN], uint64_t from, uint64_t until, const oin *who)
{
    uint8_t said[KEY_SAID_LEN];
    key_said(said, use, pk, from, until, who);
    return statement_verify(sig, STATEMENT_KEY, BYTES_OF(said), by);
}

sluis_err entry_sign(buffer *out, const Sluis__PartyEntry *e, const keypair *dir_key)
{
    uint8_t sig[SIG_LEN];
    buffer packed;
    Sluis__SignedEntry s = SLUIS__SIGNED_ENTRY__INIT;
    buffer_init(&packed, ENTRY_MAX);
    sluis_err err = wire_pack(&packed, &e->base);
    if (!err)
        err = statement_sign(sig, STATEMENT_ENTRY, buffer_bytes(&packed), dir_key);
    if (!err) {
        s.entry = (ProtobufCBinaryData){.len = packed.n, .data = packed.p};
        s.signature = (ProtobufCBinaryData){.len = SIG_LEN, .data = sig};
        err = wire_pack(out, &s.base);
    }
    buffer_close(&packed);
    return err;
}

static sluis_err check_key(const Sluis__PartyEntry *e, size_t i, const oin *who, sluis_fail *f)
{
    const Sluis__DirectoryKey *k = e->keys[i];
    if (k->use != USE_SIGN && k->use != USE_SEAL && k->use != USE_CURVE)
        return fail_set(f, SLUIS_INVALID, who->s, "key %zu: a party's keys sign, seal or are CURVE keys", i);
    if (k->pk.len != PK_LEN || k->signature.len != SIG_LEN)
        return fail_set(f, SLUIS_INVALID, who->s, "key %zu: a key is 32 bytes and its signature 64", i);
    if (k->valid_from >= k->valid_until)
        return fail_set(f, SLUIS_INVALID, who->s, "key %zu: valid until before it is valid", i);
    for (size_t j = 0; j < i; j++)
        if (memcmp(e->keys[j]->pk.data, k->pk.data, PK_LEN) == 0)
            return fail_set(f, SLUIS_INVALID, who->s, "key %zu stands twice: one key, one use", i);
    return SLUIS_OK;
}

/* The party's own word for key i. Revoked signing keys count too: what they vouched for before stays bound to
 * the party, and its validity is judged by each key's own dates. */
static sluis_err check_vouched(const Sluis__PartyEntry *e, size_t i, const oin *who, sluis_fail *f)
{
    const Sluis__DirectoryKey *k = e->keys[i];
    for (size_t j = 0; j < e->n_keys; j++) {
        const Sluis__DirectoryKey *by = e->keys[j];
        if (by->use != USE_SIGN || (k->use == USE_SIGN && j != i))
            continue;
        if (!party_key_verify(k->signature.data, by->pk.data, (key_use)k->use, k->pk.data, k->valid_from,
                              k->valid_until, who))
            return SLUIS_OK;
    }
    return fail_set(f, SLUIS_BAD_SIGNATURE, who->s,
                    "key %zu (%s) is not signed by a signing key of this party", i,
                    key_use_name((key_use)k->use));
}

static sluis_err take_keys(party *out, arena *keep, const Sluis__PartyEntry *e, sluis_fail *f)
{
    party_key *keys = arena_alloc(keep, e->n_keys * sizeof *keys);
    if (!keys)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < e->n_keys; i++) {
        sluis_err err = check_key(e, i, &out->oin, f);
        if (err)
            return err;
    }
    for (size_t i = 0; i < e->n_keys; i++) {
        const Sluis__DirectoryKey *k = e->keys[i];
        sluis_err err = check_vouched(e, i, &out->oin, f);
        if (err)
            return err;
        keys[i] = (party_key){.use = (key_use)k->use,
                              .valid_from = k->valid_from,
                              .valid_until = k->valid_until,
                              .revoked = k->revoked ? k->revoked : k->suspended,
                              .suspended = k->suspended && !k->revoked};
        memcpy(keys[i].pk, k->pk.data, PK_LEN);
        keys[i].id = keyid_of(keys[i].use, keys[i].pk);
    }
    out->keys = keys;
    out->key_count = e->n_keys;
    return SLUIS_OK;
}

static sluis_err take_party(party *out, const Sluis__PartyEntry *e, sluis_fail *f)
{
    if (oin_parse(&out->oin, e->oin, strlen(e->oin)))
        return fail_set(f, SLUIS_INVALID, "partyentry.oin", "is not an OIN");
    if (!*e->name || strlen(e->name) >= sizeof out->name)
        return fail_set(f, SLUIS_INVALID, out->oin.s, "the name has 1 to %zu bytes", sizeof out->name - 1);
    if (!name_valid(e->domain))
        return fail_set(f, SLUIS_INVALID, out->oin.s, "the domain is not a name");
    if (e->valid_from >= e->valid_until)
        return fail_set(f, SLUIS_INVALID, out->oin.s, "valid until before it is valid");
    for (size_t i = 0; i < e->n_suites; i++) {
        if (e->suites[i] < 1 || e->suites[i] > 31)
            return fail_set(f, SLUIS_INVALID, out->oin.s, "suite numbers are 1 to 31");
        out->suites |= UINT32_C(1) << e->suites[i];
    }
    strcpy(out->name, e->name);
    strcpy(out->domain, e->domain);
    out->valid_from = e->valid_from;
    out->valid_until = e->valid_until;
    out->suspended = e->suspended;
    return SLUIS_OK;
}

sluis_err entry_open(party *out, arena *keep, arena *scratch, bytes signed_entry,
                     const uint8_t dir_pk[static PK_LEN], sluis_fail *f)
{
    ProtobufCMessage *m;
    *out = (party){0};
    if (signed_entry.n > ENTRY_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "signedentry", "at most %d bytes", ENTRY_MAX);
    sluis_err err = wire_unpack(&m, &sluis__signed_entry__descriptor, scratch, signed_entry, f);
    if (err)
        return err;
    const Sluis__SignedEntry *s = (const Sluis__SignedEntry *)m;
    bytes said = BYTES(s->entry.data, s->entry.len);
    if (s->signature.len != SIG_LEN)
        return fail_set(f, SLUIS_INVALID, "signedentry.signature", "is not 64 bytes");
    bool signed_ = !statement_verify(s->signature.data, STATEMENT_ENTRY, said, dir_pk);
    err = wire_unpack(&m, &sluis__party_entry__descriptor, scratch, said, f);
    if (err)
        return err;
    const Sluis__PartyEntry *e = (const Sluis__PartyEntry *)m;
    err = take_party(out, e, f);
    if (err)
        return err;
    if (!signed_)
        return fail_set(f, SLUIS_BAD_SIGNATURE, out->oin.s, "the entry is not signed by the directory key");
    return take_keys(out, keep, e, f);
}
