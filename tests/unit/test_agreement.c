/* Agreements: what both sign, what a fact must hold, and the judgement of an exchange by them. */
#include "kit.h"

#include <stdio.h>

#include "directory/directory.h"
#include "directory/statement.h"
#include "kit_agreement.h"

#define FROM  (T0 - 10 * DAY_MS)
#define UNTIL (T0 + 10 * DAY_MS)

static keypair dir_key, sign, other;
static const oin school = {OIN_SCHL}, ggd = {OIN_GGD}, gem = {OIN_GEM};
static arena *mem, *keep, *scratch;

static int start(void **state)
{
    (void)state;
    if (crypto_start())
        return 1;
    key_make(&dir_key, USE_DIRECTORY, 200);
    key_make(&sign, USE_SIGN, 4);
    key_make(&other, USE_SIGN, 5);
    mem = arena_new(16u << 20);
    keep = arena_new(16u << 20);
    scratch = arena_new(1u << 20);
    return !mem || !keep || !scratch;
}

static int stop(void **state)
{
    (void)state;
    keypair_close(&dir_key);
    keypair_close(&sign);
    keypair_close(&other);
    arena_free(&mem);
    arena_free(&keep);
    arena_free(&scratch);
    return 0;
}

static kit_agreement usual(void)
{
    return (kit_agreement){.covenant = "wijkteam",
                           .version = 1,
                           .purposes = "onderzoek,jeugdhulp",
                           .gives = "ordinary,health",
                           .asks = "ordinary",
                           .attributes = "",
                           .from = FROM,
                           .until = UNTIL};
}

static Sluis__AgreementFact fact_of(const kit_agreement *k, bool accepted)
{
    Sluis__AgreementFact fact;
    kit_agreement_fact(&fact, mem, k, &school, &gem, &sign, accepted ? &dir_key : NULL);
    return fact;
}

static bytes signed_by(const Sluis__AgreementFact *fact, const keypair *key)
{
    buffer b;
    buffer_init(&b, AGREEMENT_FACT_MAX);
    assert_int_equal(agreement_fact_sign(&b, fact, key), SLUIS_OK);
    bytes out = BYTES(arena_copy(mem, b.p, b.n), b.n);
    buffer_close(&b);
    return out;
}

static sluis_err open_fact(agreement *out, const Sluis__AgreementFact *fact, sluis_fail *f)
{
    oin whose, municipality;
    arena_reset(scratch);
    sluis_err e =
        agreement_open(out, &whose, &municipality, keep, scratch, signed_by(fact, &dir_key), dir_key.pk, f);
    if (!e) {
        assert_string_equal(whose.s, OIN_SCHL);
        assert_string_equal(municipality.s, OIN_GEM);
    }
    return e;
}

static void a_fact_comes_back_as_it_was(void **state)
{
    (void)state;
    agreement a;
    kit_agreement k = usual();
    k.attributes = "school-naam,jgz-*";
    Sluis__AgreementFact fact = fact_of(&k, true);
    fact.revoked = T0 + 1;
    fact.version = 9;
    assert_int_equal(open_fact(&a, &fact, NULL), SLUIS_OK);
    assert_string_equal(a.covenant, "wijkteam");
    assert_int_equal(a.version, 1);
    assert_int_equal(a.text_hash[0], 0x7e);
    assert_int_equal(a.purposes.n, 2);
    assert_string_equal(a.purposes.at[1], "jeugdhulp");
    assert_int_equal(a.gives.n, 2);
    assert_string_equal(a.gives.at[0], "ordinary");
    assert_int_equal(a.asks.n, 1);
    assert_int_equal(a.attributes.n, 2);
    assert_string_equal(a.attributes.at[1], "jgz-*");
    assert_int_equal(a.valid_from, FROM);
    assert_int_equal(a.valid_until, UNTIL);
    assert_int_equal(a.filed, FROM);
    assert_int_equal(a.accepted, FROM);
    assert_int_equal(a.revoked, T0 + 1);
    assert_int_equal(a.fact_version, 9);
    assert_memory_equal(a.party_pk, sign.pk, PK_LEN);
    uint8_t hash[HASH_LEN];
    bytes packed = BYTES(fact.agreement.data, fact.agreement.len);
    hash_one(hash, "sluis1-agreement", NULL, packed.p, packed.n);
    assert_memory_equal(a.hash, hash, HASH_LEN);
    assert_memory_equal(a.id.b, hash, KEYID_LEN);
}

/* Both sign the same bytes, each under a prefix of its own: to the byte, as proto/README.md has it. */
static void each_signs_under_its_own_prefix(void **state)
{
    (void)state;
    static const char party_prefix[] = "sluis/1 agreement\n", own_prefix[] = "sluis/1 agreement accepted\n",
                      fact_prefix[] = "sluis/1 agreement fact\n";
    uint8_t said[AGREEMENT_FACT_MAX];
    kit_agreement k = usual();
    Sluis__AgreementFact fact = fact_of(&k, true);
    size_t n = sizeof party_prefix - 1;
    memcpy(said, party_prefix, n);
    memcpy(said + n, fact.agreement.data, fact.agreement.len);
    assert_int_equal(sign_verify(fact.party_signature.data, sign.pk, said, n + fact.agreement.len), 0);
    n = sizeof own_prefix - 1;
    memcpy(said, own_prefix, n);
    memcpy(said + n, fact.agreement.data, fact.agreement.len);
    assert_int_equal(sign_verify(fact.municipality_signature.data, dir_key.pk, said, n + fact.agreement.len),
                     0);
    bytes raw = signed_by(&fact, &dir_key);
    Sluis__SignedAgreement *s = sluis__signed_agreement__unpack(NULL, raw.n, raw.p);
    assert_non_null(s);
    n = sizeof fact_prefix - 1;
    memcpy(said, fact_prefix, n);
    memcpy(said + n, s->fact.data, s->fact.len);
    assert_int_equal(sign_verify(s->signature.data, dir_key.pk, said, n + s->fact.len), 0);
    sluis__signed_agreement__free_unpacked(s, NULL);
}

static void refuse(const Sluis__AgreementFact *fact, sluis_err want, const char *where)
{
    agreement a;
    sluis_fail f = {0};
    sluis_err e = open_fact(&a, fact, &f);
    if (e != want || !strstr(f.where, where) || !f.text[0])
        fail_msg("%s at '%s' (%s), wanted %s at %s", error_token(e), f.where, f.text, error_token(want),
                 where);
}

static void a_signature_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    agreement a;
    oin whose, municipality;
    sluis_fail f = {0};
    uint8_t bad[SIG_LEN];
    kit_agreement k = usual();
    Sluis__AgreementFact fact = fact_of(&k, true), x = fact;
    memcpy(bad, fact.party_signature.data, SIG_LEN);
    bad[3] ^= 1;
    x.party_signature.data = bad;
    refuse(&x, SLUIS_BAD_SIGNATURE, "party_signature");
    x = fact;
    x.party_pk.data = other.pk; /* another party's key */
    refuse(&x, SLUIS_BAD_SIGNATURE, "party_signature");
    x = fact;
    x.municipality_signature = fact.party_signature;
    refuse(&x, SLUIS_BAD_SIGNATURE, "municipality_signature");
    x = fact; /* the party's signature is no acceptance, whoever's key it was */
    uint8_t own[SIG_LEN];
    assert_int_equal(agreement_sign(own, BYTES(fact.agreement.data, fact.agreement.len), &dir_key), SLUIS_OK);
    x.municipality_signature.data = own;
    refuse(&x, SLUIS_BAD_SIGNATURE, "municipality_signature");
    x = fact;
    x.accepted = 0;
    refuse(&x, SLUIS_INVALID, "accepted");
    x = fact;
    x.municipality_signature.len = 0;
    refuse(&x, SLUIS_INVALID, "accepted");
    x = fact;
    x.filed = 0;
    refuse(&x, SLUIS_INVALID, "accepted");
    x = fact;
    x.party_pk.len = 31;
    refuse(&x, SLUIS_INVALID, "party_signature");

    bytes raw = signed_by(&fact, &sign); /* not the directory's word */
    arena_reset(scratch);
    assert_int_equal(agreement_open(&a, &whose, &municipality, keep, scratch, raw, dir_key.pk, &f),
                     SLUIS_BAD_SIGNATURE);
    raw = signed_by(&fact, &dir_key);
    for (size_t bit = 0; bit < 8 * raw.n; bit += 3) { /* no flipped bit opens */
        ((uint8_t *)(uintptr_t)raw.p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        arena_reset(scratch);
        assert_int_not_equal(agreement_open(&a, &whose, &municipality, keep, scratch, raw, dir_key.pk, NULL),
                             SLUIS_OK);
        ((uint8_t *)(uintptr_t)raw.p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void bounds_of_an_agreement(void **state)
{
    (void)state;
    Sluis__Agreement x;
    sluis_fail f;
    buffer b;
    kit_agreement k = usual();
    static char many[33][8];
    char *list[33], *twice[] = {many[0], many[0]}, *spaced[] = {(char *)(uintptr_t) "a b"},
                    *star[] = {(char *)(uintptr_t) "*"}, *middle[] = {(char *)(uintptr_t) "a*b"};
    for (size_t i = 0; i < 33; i++) {
        snprintf(many[i], sizeof many[i], "d%zu", i);
        list[i] = many[i];
    }
    buffer_init(&b, AGREEMENT_FACT_MAX);
#define BAD(change, field)                                                                                   \
    do {                                                                                                     \
        kit_agreement_fill(&x, mem, &k, &school, &gem);                                                      \
        f = (sluis_fail){0};                                                                                 \
        change;                                                                                              \
        assert_int_equal(agreement_pack(&b, &x, &f), SLUIS_INVALID);                                         \
        assert_string_equal(f.where, "agreement." field);                                                    \
        assert_int_equal(b.n, 0);                                                                            \
    } while (0)
    BAD(x.party = (char *)(uintptr_t) "1", "party");
    BAD(x.municipality = (char *)(uintptr_t) "1", "municipality");
    BAD(x.municipality = x.party, "municipality");
    BAD(x.covenant = (char *)(uintptr_t) "", "covenant");
    BAD(x.version = 0, "version");
    BAD(x.text_hash.len = 20, "text_hash");
    BAD(x.valid_until = x.valid_from, "valid_until");
    BAD(x.n_purposes = 0, "purposes");
    BAD((x.purposes = list, x.n_purposes = 33), "purposes");
    BAD((x.purposes = twice, x.n_purposes = 2), "purposes");
    BAD((x.purposes = star, x.n_purposes = 1), "purposes");
    BAD(x.n_gives = x.n_asks = 0, "gives");
    BAD((x.gives = list, x.n_gives = 9), "gives");
    BAD((x.asks = spaced, x.n_asks = 1), "asks");
    BAD((x.attributes = star, x.n_attributes = 1), "attributes");
    BAD((x.attributes = middle, x.n_attributes = 1), "attributes");
#undef BAD
    kit_agreement_fill(&x, mem, &k, &school, &gem);
    assert_int_equal(agreement_pack(&b, &x, NULL), SLUIS_OK);
    assert_true(b.n > 0);
    buffer_close(&b);
}

/* ---- judgement ---- */

static size_t build(agreement *list, const kit_agreement *k, const bool *accepted, const uint64_t *revoked,
                    size_t n)
{
    for (size_t i = 0; i < n; i++) {
        Sluis__AgreementFact fact = fact_of(&k[i], accepted[i]);
        fact.revoked = revoked[i];
        assert_int_equal(open_fact(&list[i], &fact, NULL), SLUIS_OK);
    }
    return n;
}

static const agreed_question question = {
    .side = AGREED_GIVES, .purpose = "onderzoek", .category = "health", .attribute = "jgz-lengte"};

static sluis_err ask_one(const kit_agreement *k, bool accepted, uint64_t revoked, const agreed_question *q,
                         uint64_t now)
{
    agreement list[1];
    const agreement *about = NULL;
    build(list, k, &accepted, &revoked, 1);
    sluis_err e = agreement_judge(list, 1, q, now, &about);
    assert_ptr_equal(about, list);
    return e;
}

static void each_refusal_has_its_name(void **state)
{
    (void)state;
    const agreement *about = (const agreement *)&question;
    kit_agreement k = usual();
    agreed_question q = question;
    assert_int_equal(agreement_judge(NULL, 0, &q, T0, &about), SLUIS_AGREEMENT_MISSING);
    assert_null(about);
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_OK);
    assert_int_equal(ask_one(&k, false, 0, &q, T0), SLUIS_AGREEMENT_ONE_SIGNATURE);
    assert_int_equal(ask_one(&k, true, 0, &q, FROM - 1), SLUIS_AGREEMENT_NOT_IN_FORCE);
    assert_int_equal(ask_one(&k, true, 0, &q, FROM), SLUIS_OK);
    assert_int_equal(ask_one(&k, true, 0, &q, UNTIL - 1), SLUIS_OK);
    assert_int_equal(ask_one(&k, true, 0, &q, UNTIL), SLUIS_AGREEMENT_NOT_IN_FORCE);
    assert_int_equal(ask_one(&k, true, T0, &q, T0), SLUIS_AGREEMENT_REVOKED);
    assert_int_equal(ask_one(&k, true, T0 + 1, &q, T0), SLUIS_OK);
    assert_int_equal(ask_one(&k, false, T0, &q, T0), SLUIS_AGREEMENT_REVOKED);
    q.purpose = "casusoverleg";
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_AGREEMENT_PURPOSE);
    q = question;
    q.category = "criminal";
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_AGREEMENT_CATEGORY);
    q = question;
    q.side = AGREED_ASKS; /* it gives health data, and may not ask them */
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_AGREEMENT_CATEGORY);
    q.category = "ordinary";
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_OK);
    k.attributes = "jgz-gewicht,school-*";
    q = question;
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_AGREEMENT_CATEGORY);
    q.attribute = "jgz-gewicht";
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_OK);
    q.attribute = "jgz-gewicht-oud"; /* a whole name is no beginning */
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_AGREEMENT_CATEGORY);
    q.attribute = "school-naam";
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_OK);
    q = (agreed_question){.side = AGREED_GIVES}; /* is there one at all */
    assert_int_equal(ask_one(&k, true, 0, &q, T0), SLUIS_OK);
    assert_int_equal(ask_one(&k, true, 0, &q, UNTIL), SLUIS_AGREEMENT_NOT_IN_FORCE);
}

/* One covenant, three versions: which one counts. */
static void the_latest_version_that_has_begun_counts(void **state)
{
    (void)state;
    agreement list[3];
    const agreement *about;
    kit_agreement k[3] = {usual(), usual(), usual()};
    bool both[3] = {true, true, true};
    uint64_t revoked[3] = {0};
    for (uint32_t i = 0; i < 3; i++)
        k[i].version = i + 1;
    k[1].gives = "ordinary";
    k[2].from = T0 + DAY_MS;
    build(list, k, both, revoked, 3);
    assert_int_equal(agreement_judge(list, 3, &question, T0, &about), SLUIS_AGREEMENT_CATEGORY);
    assert_int_equal(about->version, 2); /* the narrower one, though the first is not over */
    assert_int_equal(agreement_judge(list, 3, &question, T0 + DAY_MS, &about), SLUIS_OK);
    assert_int_equal(about->version, 3);
    assert_int_equal(agreement_judge(list, 3, &question, FROM - 1, &about), SLUIS_AGREEMENT_NOT_IN_FORCE);

    revoked[1] = T0; /* a revoked version does not bring back the one before */
    build(list, k, both, revoked, 3);
    assert_int_equal(agreement_judge(list, 3, &question, T0, &about), SLUIS_AGREEMENT_REVOKED);
    assert_int_equal(about->version, 2);

    both[1] = false; /* what the party alone signed changes nothing */
    revoked[1] = 0;
    build(list, k, both, revoked, 3);
    assert_int_equal(agreement_judge(list, 3, &question, T0, &about), SLUIS_OK);
    assert_int_equal(about->version, 1);
    both[0] = false;
    build(list, k, both, revoked, 2);
    assert_int_equal(agreement_judge(list, 2, &question, T0, &about), SLUIS_AGREEMENT_ONE_SIGNATURE);
    assert_int_equal(about->version, 2);
}

static void covenants_stand_beside_each_other(void **state)
{
    (void)state;
    agreement list[2];
    const agreement *about;
    kit_agreement k[2] = {usual(), usual()};
    bool both[2] = {true, true};
    uint64_t revoked[2] = {0};
    k[0].covenant = "jeugd";
    k[0].purposes = "jeugdhulp";
    k[1].covenant = "zorg";
    k[1].gives = "ordinary";
    build(list, k, both, revoked, 2);
    agreed_question q = question;
    /* the purpose of the one with the category of the other: neither allows it */
    assert_int_equal(agreement_judge(list, 2, &q, T0, &about), SLUIS_AGREEMENT_CATEGORY);
    assert_string_equal(about->covenant, "zorg"); /* the one that came furthest */
    q.purpose = "jeugdhulp";
    assert_int_equal(agreement_judge(list, 2, &q, T0, &about), SLUIS_OK);
    assert_string_equal(about->covenant, "jeugd");
    q = question;
    q.category = "ordinary";
    assert_int_equal(agreement_judge(list, 2, &q, T0, &about), SLUIS_OK);
    assert_string_equal(about->covenant, "zorg");
}

static void what_ends_first(void **state)
{
    (void)state;
    agreement list[3];
    kit_agreement k[3] = {usual(), usual(), usual()};
    bool both[3] = {true, true, true};
    uint64_t revoked[3] = {0};
    k[0].covenant = "jeugd";
    k[0].until = T0 + 5 * DAY_MS;
    k[1].version = 1;
    k[2].version = 2;
    k[2].from = UNTIL;
    k[2].until = UNTIL + 100 * DAY_MS;
    build(list, k, both, revoked, 3);
    assert_int_equal(agreements_end(NULL, 0, T0), UINT64_MAX);
    assert_int_equal(agreements_end(list, 3, T0), T0 + 5 * DAY_MS);
    assert_int_equal(agreements_end(list, 3, T0 + 5 * DAY_MS),
                     UNTIL + 100 * DAY_MS); /* what is over is over */
    assert_int_equal(agreements_end(list, 2, T0 + 5 * DAY_MS), UNTIL);
    revoked[2] = T0; /* the one that would go on will not */
    build(list, k, both, revoked, 3);
    assert_int_equal(agreements_end(list, 3, T0 + 5 * DAY_MS), UNTIL);
    revoked[2] = 0;
    k[2].from = UNTIL + 1; /* a gap between them is an end */
    build(list, k, both, revoked, 3);
    assert_int_equal(agreements_end(list, 3, T0 + 5 * DAY_MS), UNTIL);
}

/* ---- in the directory ---- */

static bytes entry_of(const oin *who, const keypair *key, uint8_t sig[static SIG_LEN])
{
    Sluis__PartyEntry e = SLUIS__PARTY_ENTRY__INIT;
    Sluis__DirectoryKey k = SLUIS__DIRECTORY_KEY__INIT, *list[] = {&k};
    uint32_t suites[] = {1};
    buffer b;
    assert_int_equal(party_key_sign(sig, key, USE_SIGN, key->pk, FROM, UNTIL, who), SLUIS_OK);
    k.use = USE_SIGN;
    k.pk = data_of(key->pk, PK_LEN);
    k.valid_from = FROM;
    k.valid_until = UNTIL;
    k.signature = data_of(sig, SIG_LEN);
    e.oin = (char *)(uintptr_t)who->s;
    e.name = (char *)(uintptr_t) "Een partij";
    e.domain = (char *)(uintptr_t) "onderwijs";
    e.keys = list;
    e.n_keys = 1;
    e.valid_from = FROM;
    e.valid_until = UNTIL;
    e.suites = suites;
    e.n_suites = 1;
    buffer_init(&b, ENTRY_MAX);
    assert_int_equal(entry_sign(&b, &e, &dir_key), SLUIS_OK);
    bytes out = BYTES(arena_copy(mem, b.p, b.n), b.n);
    buffer_close(&b);
    return out;
}

static void parties_get_their_own(void **state)
{
    (void)state;
    uint8_t sig[2][SIG_LEN];
    bytes entries[] = {entry_of(&school, &sign, sig[0]), entry_of(&ggd, &other, sig[1])}, facts[4];
    kit_agreement k = usual();
    Sluis__AgreementFact fact[4];
    directory *d = NULL;
    const party *whose = NULL;
    sluis_fail f = {0};
    k.version = 2;
    kit_agreement_fact(&fact[0], mem, &k, &school, &gem, &sign, &dir_key);
    kit_agreement_fact(&fact[1], mem, &k, &ggd, &gem, &other, &dir_key);
    k.version = 1;
    kit_agreement_fact(&fact[2], mem, &k, &school, &gem, &sign, NULL);
    for (size_t i = 0; i < 3; i++)
        facts[i] = signed_by(&fact[i], &dir_key);
    assert_int_equal(directory_build(&d, entries, 2, 3, dir_key.pk, NULL), SLUIS_OK);
    assert_int_equal(directory_agree(d, facts, 3, dir_key.pk, &f), SLUIS_OK);
    const party *p = directory_find(d, &school);
    assert_int_equal(p->agreement_count, 2);
    assert_int_equal(p->agreements[0].version, 1);
    assert_int_equal(p->agreements[1].version, 2);
    keyid id = p->agreements[1].id;
    assert_ptr_equal(directory_agreement(d, &id, &whose), &p->agreements[1]);
    assert_ptr_equal(whose, p);
    id.b[0] ^= 1;
    assert_null(directory_agreement(d, &id, &whose));
    assert_int_equal(directory_find(d, &ggd)->agreement_count, 1);
    directory_unref(&d);

    facts[3] = facts[0]; /* twice */
    assert_int_equal(directory_build(&d, entries, 2, 3, dir_key.pk, NULL), SLUIS_OK);
    assert_int_equal(directory_agree(d, facts, 4, dir_key.pk, &f), SLUIS_EXISTS);
    directory_unref(&d);
    f = (sluis_fail){0}; /* of nobody here */
    assert_int_equal(directory_build(&d, entries, 1, 3, dir_key.pk, NULL), SLUIS_OK);
    assert_int_equal(directory_agree(d, facts, 2, dir_key.pk, &f), SLUIS_UNKNOWN_PARTY);
    assert_string_equal(f.where, ggd.s);
    directory_unref(&d);
    assert_int_equal(directory_build(&d, entries, 1, 3, dir_key.pk, NULL), SLUIS_OK);
    bytes many[AGREEMENTS_MAX + 1];
    for (uint32_t i = 0; i <= AGREEMENTS_MAX; i++) {
        k.version = i + 1;
        kit_agreement_fact(&fact[0], mem, &k, &school, &gem, &sign, NULL);
        many[i] = signed_by(&fact[0], &dir_key);
    }
    assert_int_equal(directory_agree(d, many, AGREEMENTS_MAX + 1, dir_key.pk, NULL), SLUIS_TOO_BIG);
    directory_unref(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_comes_back_as_it_was),
        cmocka_unit_test(each_signs_under_its_own_prefix),
        cmocka_unit_test(a_signature_that_does_not_fit_is_refused),
        cmocka_unit_test(bounds_of_an_agreement),
        cmocka_unit_test(each_refusal_has_its_name),
        cmocka_unit_test(the_latest_version_that_has_begun_counts),
        cmocka_unit_test(covenants_stand_beside_each_other),
        cmocka_unit_test(what_ends_first),
        cmocka_unit_test(parties_get_their_own),
    };
    return cmocka_run_group_tests_name("agreement", tests, start, stop);
}
