/* An agreement (convenant) joins the directory: the party's signed proposal is filed, the municipality signs
 * it too, and it ends with its days or when two persons revoke it. What is in force judges from the same turn
 * on. */
#include <stdio.h>
#include <string.h>

#include "core/handlers.h"
#include "core/two_persons.h"
#include "parties/agreements.h"

#define WORD(s) ((char *)(uintptr_t)(s))

static sluis_err check_purposes(const rules *r, const Sluis__Agreement *a, sluis_fail *f)
{
    for (size_t i = 0; i < a->n_purposes; i++)
        if (!rules_purpose_title(r, a->purposes[i]))
            return fail_set(f, SLUIS_INVALID, "agreement.purposes", "the rules know no purpose %s",
                            a->purposes[i]);
    return SLUIS_OK;
}

static sluis_err check_categories(char *const *at, size_t n, const char *where, sluis_fail *f)
{
    category c;
    for (size_t i = 0; i < n; i++)
        if (category_parse(&c, at[i]))
            return fail_set(f, SLUIS_INVALID, where,
                            "%s is none of ordinary, financial, health, criminal, identification", at[i]);
    return SLUIS_OK;
}

/* A name of the catalogue, or the beginning of at least one. */
static bool is_known(const rules *r, const char *name)
{
    size_t n = strlen(name);
    if (name[n - 1] != '*')
        return rules_attribute_named(r, name) != NULL;
    for (size_t i = 0; i < rules_attribute_count(r); i++)
        if (strncmp(rules_attribute_at(r, i)->name, name, n - 1) == 0)
            return true;
    return false;
}

static sluis_err check_words(const rules *r, const Sluis__Agreement *a, sluis_fail *f)
{
    sluis_err e = check_purposes(r, a, f);
    if (!e)
        e = check_categories(a->gives, a->n_gives, "agreement.gives", f);
    if (!e)
        e = check_categories(a->asks, a->n_asks, "agreement.asks", f);
    for (size_t i = 0; !e && i < a->n_attributes; i++)
        if (!is_known(r, a->attributes[i]))
            e = fail_set(f, SLUIS_INVALID, "agreement.attributes", "the catalogue knows no %s",
                         a->attributes[i]);
    return e;
}

/* A party of this directory, under a signing key that it may use now. */
static sluis_err check_party(turn *t, const Sluis__AgreementFact *x, const Sluis__Agreement *a,
                             const party **out, sluis_fail *f)
{
    const party_key *key = NULL;
    oin who;
    sluis_err e = oin_parse(&who, a->party, strlen(a->party));
    if (e || x->party_pk.len != PK_LEN)
        return fail_set(f, SLUIS_INVALID, "agreement.party", "is not an OIN with its key");
    *out = directory_find(t->dir, &who);
    if (!*out)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, who.s, "is not in the directory: `party enrol` comes first");
    if (strcmp(a->municipality, t->p->settings->oin.s) != 0)
        return fail_set(f, SLUIS_INVALID, "agreement.municipality", "is %s; this is %s", a->municipality,
                        t->p->settings->oin.s);
    keyid id = keyid_of(USE_SIGN, x->party_pk.data);
    return directory_key(t->dir, *out, USE_SIGN, &id, t->now, &key, f);
}

/* Its place among the party's others. */
static sluis_err check_place(turn *t, const party *p, const Sluis__Agreement *a, sluis_fail *f)
{
    if (a->valid_until <= t->now)
        return fail_set(f, SLUIS_EXPIRED, "agreement.valid_until", "is over already");
    for (size_t i = 0; i < p->agreement_count; i++)
        if (p->agreements[i].version == a->version && strcmp(p->agreements[i].covenant, a->covenant) == 0)
            return fail_set(f, SLUIS_EXISTS, a->covenant, "version %u is filed already: raise the version",
                            a->version);
    return p->agreement_count < AGREEMENTS_MAX
               ? SLUIS_OK
               : fail_set(f, SLUIS_TOO_BIG, p->oin.s, "has %d agreements, the most there may be",
                          AGREEMENTS_MAX);
}

/* What the journal says of it; its hash stands where a message's would. */
static sluis_err describe(turn *t, job *j, const char *covenant, uint32_t version, const uint8_t *hash,
                          Sluis__Record *r)
{
    char detail[2 * NAME_MAX_LEN + 32];
    snprintf(detail, sizeof detail, "%s %u%s%s", covenant, version, j->reason ? " " : "",
             j->reason ? j->reason : "");
    r->to = j->party.s;
    r->detail = arena_strdup(t->arena, detail);
    r->message_hash = (ProtobufCBinaryData){HASH_LEN, arena_copy(t->arena, hash, HASH_LEN)};
    return r->detail && r->message_hash.data ? SLUIS_OK : SLUIS_NOMEM;
}

static sluis_err file(turn *t, job *j, Sluis__Record *r, sluis_fail *f)
{
    Sluis__AgreementFact *x = j->agreement;
    ProtobufCMessage *m = NULL;
    const party *p = NULL;
    uint8_t hash[HASH_LEN];
    bytes packed = BYTES(x->agreement.data, x->agreement.len);
    sluis_err e = wire_unpack(&m, &sluis__agreement__descriptor, t->arena, packed, f);
    const Sluis__Agreement *a = (const Sluis__Agreement *)m;
    if (!e)
        e = check_party(t, x, a, &p, f);
    if (!e)
        e = check_words(t->rules, a, f);
    if (!e)
        e = check_place(t, p, a, f);
    if (e)
        return e;
    agreement_hash(hash, packed);
    memcpy(j->key.b, hash, KEYID_LEN);
    j->party = p->oin;
    x->filed = t->now;
    r->decision = WORD("agreement-filed");
    e = describe(t, j, a->covenant, a->version, hash, r);
    return e ? e : agreements_put(t->t, x, &t->p->directory, f);
}

/* An agreement that stands, by its id, and whose it is. */
static sluis_err find(turn *t, job *j, const agreement **out, sluis_fail *f)
{
    char hex[2 * KEYID_LEN + 1];
    const party *p = NULL;
    hex_encode(hex, j->key.b, KEYID_LEN);
    *out = directory_agreement(t->dir, &j->key, &p);
    if (!*out)
        return fail_set(f, SLUIS_NOT_FOUND, hex, "no such agreement: see `agreement list`");
    if ((*out)->revoked)
        return fail_set(f, SLUIS_CONFLICT, hex, "is revoked");
    j->party = p->oin;
    return SLUIS_OK;
}

static sluis_err accept(turn *t, job *j, Sluis__Record *r, sluis_fail *f)
{
    const agreement *a = NULL;
    Sluis__AgreementFact *x = NULL;
    uint8_t sig[SIG_LEN];
    sluis_err e = find(t, j, &a, f);
    if (!e && a->accepted)
        e = fail_set(f, SLUIS_CONFLICT, a->covenant, "version %u is signed by both already", a->version);
    if (!e && a->valid_until <= t->now)
        e = fail_set(f, SLUIS_EXPIRED, a->covenant, "version %u is over already", a->version);
    if (!e)
        e = describe(t, j, a->covenant, a->version, a->hash, r);
    if (!e)
        e = agreements_get(t->t, &j->party, &j->key, t->p->directory.pk, t->arena, &x, f);
    if (!e)
        e = agreement_accept(sig, BYTES(x->agreement.data, x->agreement.len), &t->p->directory);
    if (e)
        return e;
    x->municipality_signature = (ProtobufCBinaryData){SIG_LEN, sig};
    x->accepted = t->now;
    r->decision = WORD("agreement-accepted");
    return agreements_put(t->t, x, &t->p->directory, f);
}

static sluis_err revoke(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f)
{
    const agreement *a = NULL;
    Sluis__AgreementFact *x = NULL;
    sluis_err e = find(t, j, &a, f);
    if (!e)
        e = two_persons(t, "revoke-agreement:", &j->key, j->by, changed, f);
    if (!e)
        e = describe(t, j, a->covenant, a->version, a->hash, r);
    if (e)
        return e;
    j->outcome = *changed ? "revoked" : "proposed";
    r->decision = WORD(*changed ? "agreement-revoked" : "agreement-revocation-proposed");
    if (!*changed)
        return SLUIS_OK;
    e = agreements_get(t->t, &j->party, &j->key, t->p->directory.pk, t->arena, &x, f);
    if (e)
        return e;
    x->revoked = t->now;
    return agreements_put(t->t, x, &t->p->directory, f);
}

sluis_err agreement_change(turn *t, job *j, Sluis__Record *r, bool *changed, sluis_fail *f)
{
    if (j->change == CHANGE_AGREEMENT_FILE)
        return file(t, j, r, f);
    return j->change == CHANGE_AGREEMENT_ACCEPT ? accept(t, j, r, f) : revoke(t, j, r, changed, f);
}
