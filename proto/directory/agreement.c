#include "directory/agreement.h"

#include <string.h>

#include "directory/statement.h"
#include "wire/envelope.h"

#define TAG "sluis1-agreement"

static sluis_err bad(sluis_fail *f, const char *field, const char *text)
{
    char where[64] = "agreement.";
    strncat(where, field, sizeof where - strlen(where) - 1);
    return fail_set(f, SLUIS_INVALID, where, "%s", text);
}

/* A name of the catalogue, or the beginning of some and "*". */
static bool attribute_class_valid(const char *s)
{
    char head[NAME_MAX_LEN + 1];
    size_t n = strlen(s);
    if (n < 2 || n > NAME_MAX_LEN || s[n - 1] != '*')
        return name_valid(s);
    memcpy(head, s, n - 1);
    head[n - 1] = '\0';
    return name_valid(head);
}

static sluis_err check_names(char *const *at, size_t n, size_t max, bool (*valid)(const char *),
                             const char *field, sluis_fail *f)
{
    if (n > max)
        return bad(f, field, "names more than is allowed");
    for (size_t i = 0; i < n; i++) {
        if (!valid(at[i]))
            return bad(f, field, "a name is [a-z0-9][a-z0-9._:-]{0,63}");
        for (size_t k = 0; k < i; k++)
            if (strcmp(at[k], at[i]) == 0)
                return bad(f, field, "names one twice");
    }
    return SLUIS_OK;
}

static sluis_err check(const Sluis__Agreement *a, sluis_fail *f)
{
    if (!oin_valid(a->party, strlen(a->party)))
        return bad(f, "party", "is not an OIN");
    if (!oin_valid(a->municipality, strlen(a->municipality)) || strcmp(a->party, a->municipality) == 0)
        return bad(f, "municipality", "is not the OIN of another organisation");
    if (!name_valid(a->covenant))
        return bad(f, "covenant", "a name is [a-z0-9][a-z0-9._:-]{0,63}");
    if (a->version < 1)
        return bad(f, "version", "versions begin at 1");
    if (a->text_hash.len != HASH_LEN)
        return bad(f, "text_hash", "is the SHA-256 of the document: 32 bytes");
    if (a->valid_from >= a->valid_until)
        return bad(f, "valid_until", "ends before it begins");
    if (a->n_purposes == 0)
        return bad(f, "purposes", "at least one is needed");
    if (a->n_gives + a->n_asks == 0)
        return bad(f, "gives", "the party gives or asks at least one category");
    sluis_err e = check_names(a->purposes, a->n_purposes, AGREEMENT_PURPOSES, name_valid, "purposes", f);
    if (!e)
        e = check_names(a->gives, a->n_gives, AGREEMENT_CATEGORIES, name_valid, "gives", f);
    if (!e)
        e = check_names(a->asks, a->n_asks, AGREEMENT_CATEGORIES, name_valid, "asks", f);
    return e ? e
             : check_names(a->attributes, a->n_attributes, AGREEMENT_ATTRIBUTES, attribute_class_valid,
                           "attributes", f);
}

sluis_err agreement_pack(buffer *out, const Sluis__Agreement *a, sluis_fail *f)
{
    size_t before = out->n;
    sluis_err e = check(a, f);
    if (!e)
        e = wire_pack(out, &a->base);
    if (!e && out->n - before > AGREEMENT_MAX)
        e = SLUIS_TOO_BIG;
    return e ? fail_set(f, e, "agreement", "at most %d bytes", AGREEMENT_MAX) : SLUIS_OK;
}

void agreement_hash(uint8_t out[static HASH_LEN], bytes packed)
{
    hash_one(out, TAG, NULL, packed.p, packed.n);
}

sluis_err agreement_sign(uint8_t sig[static SIG_LEN], bytes packed, const keypair *party_sign)
{
    return statement_sign(sig, STATEMENT_AGREEMENT, packed, party_sign);
}

sluis_err agreement_accept(uint8_t sig[static SIG_LEN], bytes packed, const keypair *dir_key)
{
    return statement_sign(sig, STATEMENT_ACCEPTED, packed, dir_key);
}

sluis_err agreement_fact_sign(buffer *out, const Sluis__AgreementFact *fact, const keypair *dir_key)
{
    uint8_t sig[SIG_LEN];
    buffer packed;
    Sluis__SignedAgreement s = SLUIS__SIGNED_AGREEMENT__INIT;
    buffer_init(&packed, AGREEMENT_FACT_MAX);
    sluis_err e = wire_pack(&packed, &fact->base);
    if (!e)
        e = statement_sign(sig, STATEMENT_FACT, buffer_bytes(&packed), dir_key);
    if (!e) {
        s.fact = (ProtobufCBinaryData){.len = packed.n, .data = packed.p};
        s.signature = (ProtobufCBinaryData){.len = SIG_LEN, .data = sig};
        e = wire_pack(out, &s.base);
    }
    buffer_close(&packed);
    return e;
}

static sluis_err take_names(agreed_names *out, arena *keep, char *const *at, size_t n)
{
    char **list = arena_alloc(keep, (n + 1) * sizeof *list);
    if (!list)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++)
        if (!(list[i] = arena_strdup(keep, at[i])))
            return SLUIS_NOMEM;
    *out = (agreed_names){list, n};
    return SLUIS_OK;
}

static sluis_err take_agreement(agreement *out, arena *keep, const Sluis__Agreement *a)
{
    strcpy(out->covenant, a->covenant);
    out->version = a->version;
    memcpy(out->text_hash, a->text_hash.data, HASH_LEN);
    out->valid_from = a->valid_from;
    out->valid_until = a->valid_until;
    sluis_err e = take_names(&out->purposes, keep, a->purposes, a->n_purposes);
    if (!e)
        e = take_names(&out->gives, keep, a->gives, a->n_gives);
    if (!e)
        e = take_names(&out->asks, keep, a->asks, a->n_asks);
    return e ? e : take_names(&out->attributes, keep, a->attributes, a->n_attributes);
}

/* Both signatures, as far as they are there. */
static sluis_err check_signed(const Sluis__AgreementFact *fact, const uint8_t *dir_pk, sluis_fail *f)
{
    bytes said = BYTES(fact->agreement.data, fact->agreement.len);
    if (fact->party_pk.len != PK_LEN || fact->party_signature.len != SIG_LEN)
        return fail_set(f, SLUIS_INVALID, "agreementfact.party_signature",
                        "a key is 32 bytes and its signature 64");
    if (!fact->filed || (fact->accepted ? fact->municipality_signature.len != SIG_LEN
                                        : fact->municipality_signature.len != 0))
        return fail_set(f, SLUIS_INVALID, "agreementfact.accepted",
                        "what is accepted is signed, and what is not is not");
    if (statement_verify(fact->party_signature.data, STATEMENT_AGREEMENT, said, fact->party_pk.data))
        return fail_set(f, SLUIS_BAD_SIGNATURE, "agreementfact.party_signature",
                        "the agreement is not signed by the party's key");
    if (fact->accepted &&
        statement_verify(fact->municipality_signature.data, STATEMENT_ACCEPTED, said, dir_pk))
        return fail_set(f, SLUIS_BAD_SIGNATURE, "agreementfact.municipality_signature",
                        "the agreement is not signed by the directory key");
    return SLUIS_OK;
}

static sluis_err open_agreement(agreement *out, oin *whose, oin *municipality, arena *keep, arena *scratch,
                                bytes packed, sluis_fail *f)
{
    ProtobufCMessage *m;
    buffer again;
    sluis_err e = packed.n > AGREEMENT_MAX
                      ? fail_set(f, SLUIS_TOO_BIG, "agreement", "at most %d bytes", AGREEMENT_MAX)
                      : wire_unpack(&m, &sluis__agreement__descriptor, scratch, packed, f);
    if (e)
        return e;
    const Sluis__Agreement *a = (const Sluis__Agreement *)m;
    buffer_init(&again, AGREEMENT_MAX);
    e = agreement_pack(&again, a, f);
    if (!e && !bytes_equal(packed, buffer_bytes(&again)))
        e = fail_set(f, SLUIS_NONCANONICAL, "agreement", "%s", error_text(SLUIS_NONCANONICAL));
    buffer_close(&again);
    if (!e)
        e = oin_parse(whose, a->party, strlen(a->party));
    if (!e)
        e = oin_parse(municipality, a->municipality, strlen(a->municipality));
    return e ? e : take_agreement(out, keep, a);
}

sluis_err agreement_open(agreement *out, oin *whose, oin *municipality, arena *keep, arena *scratch,
                         bytes signed_fact, const uint8_t dir_pk[static PK_LEN], sluis_fail *f)
{
    ProtobufCMessage *m;
    *out = (agreement){.version = 0};
    if (signed_fact.n > AGREEMENT_FACT_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "signedagreement", "at most %d bytes", AGREEMENT_FACT_MAX);
    sluis_err e = wire_unpack(&m, &sluis__signed_agreement__descriptor, scratch, signed_fact, f);
    if (e)
        return e;
    const Sluis__SignedAgreement *s = (const Sluis__SignedAgreement *)m;
    bytes said = BYTES(s->fact.data, s->fact.len);
    if (s->signature.len != SIG_LEN)
        return fail_set(f, SLUIS_INVALID, "signedagreement.signature", "is not 64 bytes");
    if (statement_verify(s->signature.data, STATEMENT_FACT, said, dir_pk))
        return fail_set(f, SLUIS_BAD_SIGNATURE, "signedagreement", "is not signed by the directory key");
    e = wire_unpack(&m, &sluis__agreement_fact__descriptor, scratch, said, f);
    if (e)
        return e;
    const Sluis__AgreementFact *fact = (const Sluis__AgreementFact *)m;
    bytes packed = BYTES(fact->agreement.data, fact->agreement.len);
    e = open_agreement(out, whose, municipality, keep, scratch, packed, f);
    if (!e)
        e = check_signed(fact, dir_pk, f);
    if (e)
        return e;
    agreement_hash(out->hash, packed);
    memcpy(out->id.b, out->hash, KEYID_LEN);
    memcpy(out->party_pk, fact->party_pk.data, PK_LEN);
    memcpy(out->party_signature, fact->party_signature.data, SIG_LEN);
    if (fact->accepted)
        memcpy(out->municipality_signature, fact->municipality_signature.data, SIG_LEN);
    out->filed = fact->filed;
    out->accepted = fact->accepted;
    out->revoked = fact->revoked;
    out->fact_version = fact->version;
    return SLUIS_OK;
}
