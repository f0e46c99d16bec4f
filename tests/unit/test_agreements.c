/* The file in which an agreement travels, and signed facts in the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kit_parts.h"

static house h;
static arena *mem;

static int start(void **state)
{
    (void)state;
    mem = arena_new(16u << 20);
    house_open(&h);
    return mem == NULL;
}

static int stop(void **state)
{
    (void)state;
    house_close(&h);
    arena_free(&mem);
    return 0;
}

static kit_agreement usual(void)
{
    uint64_t today = HOUSE_MS - HOUSE_MS % DAY_MS;
    return (kit_agreement){.covenant = "wijkteam",
                           .version = 1,
                           .purposes = "jeugdhulp,casusoverleg",
                           .gives = "ordinary,health",
                           .asks = "",
                           .attributes = "school-*",
                           .from = today,
                           .until = today + 100 * DAY_MS};
}

static Sluis__AgreementFact fact_of(const kit_agreement *k, bool accepted)
{
    Sluis__AgreementFact fact;
    kit_agreement_fact(&fact, mem, k, &h.school.oin, &h.gem.oin, &h.school.sign,
                       accepted ? &h.p.directory : NULL);
    return fact;
}

static void a_file_comes_back_as_it_was(void **state)
{
    (void)state;
    kit_agreement k = usual();
    Sluis__AgreementFact fact = fact_of(&k, false), back;
    oin whose;
    sluis_fail f = {0};
    json_t *file = agreement_json(&fact);
    char *text = json_dumps(file, 0);
    assert_non_null(text);
    if (agreement_parse(&back, &whose, mem, text, strlen(text), &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_string_equal(whose.s, h.school.oin.s);
    assert_int_equal(back.agreement.len, fact.agreement.len);
    assert_memory_equal(back.agreement.data, fact.agreement.data, fact.agreement.len);
    assert_memory_equal(back.party_pk.data, h.school.sign.pk, PK_LEN);
    assert_memory_equal(back.party_signature.data, fact.party_signature.data, SIG_LEN);
    const json_t *inner = json_object_get(file, "agreement");
    assert_string_equal(json_string_value(json_object_get(inner, "covenant")), "wijkteam");
    assert_string_equal(json_string_value(json_array_get(json_object_get(inner, "attributes"), 0)),
                        "school-*");
    assert_int_equal(json_array_size(json_object_get(inner, "asks")), 0);
    assert_null(json_object_get(file, "municipality_signature"));
    free(text);
    json_decref(file);

    Sluis__AgreementFact both =
        fact_of(&k, true); /* signed by both: the municipality's is not taken from a file */
    file = agreement_json(&both);
    text = json_dumps(file, 0);
    assert_non_null(json_object_get(file, "municipality_signature"));
    assert_int_equal(agreement_parse(&back, &whose, mem, text, strlen(text), NULL), SLUIS_INVALID);
    free(text);
    json_decref(file);
}

/* The file of tests/data, which the second reader checks from the specification alone: made anew, it is the
 * same. */
static void the_vector_stands(void **state)
{
    (void)state;
    static const uint8_t dir_seed[32] = {91}, sign_seed[32] = {2};
    keypair dir, sign;
    uint8_t hash[HASH_LEN];
    char id[2 * KEYID_LEN + 1], pk[2 * PK_LEN + 1];
    Sluis__AgreementFact fact;
    kit_agreement k = {.covenant = "wijkteam-noord",
                       .version = 300,
                       .purposes = "jeugdhulp,casusoverleg",
                       .gives = "ordinary,health",
                       .asks = "",
                       .attributes = "jgz-*,school-naam",
                       .from = UINT64_C(1795478400000),
                       .until = UINT64_C(1827014400000)};
    assert_int_equal(keypair_from_seed(&dir, USE_DIRECTORY, dir_seed, 0), SLUIS_OK);
    assert_int_equal(keypair_from_seed(&sign, USE_SIGN, sign_seed, 0), SLUIS_OK);
    kit_agreement_fact(&fact, mem, &k, &h.school.oin, &h.gem.oin, &sign, &dir);
    agreement_hash(hash, BYTES(fact.agreement.data, fact.agreement.len));
    hex_encode(id, hash, KEYID_LEN);
    hex_encode(pk, dir.pk, PK_LEN);
    json_t *made = json_pack("{s:s, s:s, s:o}", "directory_pk", pk, "id", id, "file", agreement_json(&fact));
    json_t *kept = json_load_file("tests/data/agreement_vector.json", 0, NULL);
    if (!json_equal(made, kept))
        fail_msg("tests/data/agreement_vector.json: signed from the same, it is another");
    json_decref(made);
    json_decref(kept);
    keypair_close(&dir);
    keypair_close(&sign);
}

static void refuse(const json_t *file, const char *where)
{
    Sluis__AgreementFact back;
    oin whose;
    sluis_fail f = {0};
    char *text = json_dumps(file, 0);
    sluis_err e = agreement_parse(&back, &whose, mem, text, strlen(text), &f);
    if (e != SLUIS_INVALID || strcmp(f.where, where) != 0 || !f.text[0])
        fail_msg("%s at '%s', wanted invalid at %s", error_token(e), f.where, where);
    free(text);
}

static void a_malformed_file_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *where; /* value: JSON; NULL: the key is taken away */
    } inner[] = {
        {"party", NULL, "agreement."},
        {"surprise", "1", "agreement."},
        {"party", "\"1\"", "agreement.party"},
        {"party", "7", "agreement.party"},
        {"municipality", "\"00000099000000002000\"", "agreement.municipality"},
        {"covenant", "\"Een Convenant\"", "agreement.covenant"},
        {"version", "0", "agreement.version"},
        {"version", "4294967296", "agreement.version"},
        {"version", "\"1\"", "agreement.version"},
        {"text_sha256", "\"00\"", "agreement.text_sha256"},
        {"purposes", "[]", "agreement.purposes"},
        {"purposes", "\"jeugdhulp\"", "agreement.purposes"},
        {"purposes", "[7]", "agreement.purposes"},
        {"gives", "[]", "agreement.gives"},
        {"asks", "[\"a\",\"a\"]", "agreement.asks"},
        {"attributes", "[\"*\"]", "agreement.attributes"},
        {"valid_from", "\"2026-02-30\"", "agreement.valid_from"},
        {"valid_until", "\"2026-11-24T00:00:00Z\"", "agreement.valid_until"},
        {"valid_until", "\"2001-01-01\"", "agreement.valid_until"},
    };
    static const struct {
        const char *key, *value, *where;
    } outer[] = {
        {"party_pk", NULL, "file"},
        {"agreement", "[]", "agreement."},
        {"party_pk", "\"zz\"", "file.party_pk"},
        {"party_signature", "\"00\"", "file.party_signature"},
    };
    kit_agreement k = usual();
    Sluis__AgreementFact fact = fact_of(&k, false), back;
    oin whose;
    json_t *whole = agreement_json(&fact);
    for (size_t i = 0; i < sizeof inner / sizeof *inner + sizeof outer / sizeof *outer; i++) {
        bool in = i < sizeof inner / sizeof *inner;
        size_t o = in ? 0 : i - sizeof inner / sizeof *inner;
        json_t *file = json_deep_copy(whole), *at = in ? json_object_get(file, "agreement") : file;
        const char *key = in ? inner[i].key : outer[o].key, *value = in ? inner[i].value : outer[o].value;
        if (value)
            json_object_set_new(at, key, json_loads(value, JSON_DECODE_ANY, NULL));
        else
            json_object_del(at, key);
        refuse(file, in ? inner[i].where : outer[o].where);
        json_decref(file);
    }
    json_decref(whole);
    assert_int_equal(agreement_parse(&back, &whose, mem, "{\"a\":1,\"a\":1}", 13, NULL), SLUIS_INVALID);
    char *large = calloc(1, AGREEMENT_FILE_MAX + 1);
    assert_int_equal(agreement_parse(&back, &whose, mem, large, AGREEMENT_FILE_MAX + 1, NULL), SLUIS_TOO_BIG);
    free(large);
}

static sluis_err load(directory **d, sluis_fail *f)
{
    store_txn *t = NULL;
    assert_int_equal(store_begin_read(h.x.store, &t), SLUIS_OK);
    sluis_err e = parties_load(t, h.p.directory.pk, d, f);
    store_abort(&t);
    return e;
}

static sluis_err put(Sluis__AgreementFact *fact, sluis_fail *f)
{
    store_txn *t = fixture_write(&h.x);
    sluis_err e = agreements_put(t, fact, &h.p.directory, f);
    if (e)
        store_abort(&t);
    else
        assert_int_equal(store_commit(&t), SLUIS_OK);
    return e;
}

/* Filed, accepted, revoked: each is a version of the directory. */
static void the_directory_goes_up(void **state)
{
    (void)state;
    directory *d = NULL;
    sluis_fail f = {0};
    kit_agreement k = usual();
    Sluis__AgreementFact fact = fact_of(&k, false), accepted = fact_of(&k, true), *x = NULL;
    uint8_t hash[HASH_LEN];
    keyid id;
    const party *whose = NULL;
    agreement_hash(hash, BYTES(fact.agreement.data, fact.agreement.len));
    memcpy(id.b, hash, KEYID_LEN);
    assert_int_equal(load(&d, &f), SLUIS_OK);
    uint64_t version = directory_version(d);
    assert_null(directory_agreement(d, &id, &whose));
    directory_unref(&d);

    assert_int_equal(put(&fact, &f), SLUIS_OK);
    assert_int_equal(load(&d, &f), SLUIS_OK);
    assert_int_equal(directory_version(d), version + 1);
    assert_int_equal(directory_agreement(d, &id, &whose)->accepted, 0);
    assert_string_equal(whose->oin.s, h.school.oin.s);
    directory_unref(&d);

    assert_int_equal(put(&accepted, &f), SLUIS_OK);
    store_txn *t = NULL;
    assert_int_equal(store_begin_read(h.x.store, &t), SLUIS_OK);
    assert_int_equal(agreements_get(t, &h.school.oin, &id, h.p.directory.pk, mem, &x, &f), SLUIS_OK);
    assert_int_equal(x->version, version + 2);
    assert_int_equal(x->accepted, k.from);
    Sluis__AgreementFact *none = NULL;
    keyid other = id;
    other.b[0] ^= 1;
    assert_int_equal(agreements_get(t, &h.school.oin, &other, h.p.directory.pk, mem, &none, &f),
                     SLUIS_NOT_FOUND);
    store_abort(&t);
    x->revoked = HOUSE_MS;
    assert_int_equal(put(x, &f), SLUIS_OK);
    assert_int_equal(load(&d, &f), SLUIS_OK);
    assert_int_equal(directory_version(d), version + 3);
    assert_true(directory_agreement(d, &id, &whose)->revoked > 0);
    directory_unref(&d);

    Sluis__AgreementFact bad = fact_of(&k, true); /* what a directory refuses is not stored */
    bad.party_pk.data = h.gem.sign.pk;
    assert_int_equal(put(&bad, &f), SLUIS_BAD_SIGNATURE);
    assert_int_equal(load(&d, NULL), SLUIS_OK);
    assert_int_equal(directory_version(d), version + 3);
    directory_unref(&d);
}

static sluis_err still_loads(void *ctx, sluis_fail *f)
{
    (void)ctx;
    directory *d = NULL;
    sluis_err e = load(&d, f);
    directory_unref(&d);
    return e;
}

/* No flipped bit of a stored agreement is served. */
static void a_changed_row_is_found_out(void **state)
{
    (void)state;
    assert_true(fixture_flips(&h.x, TABLE_AGREEMENT, 7, still_loads, NULL) > 100);
    assert_int_equal(still_loads(NULL, NULL), SLUIS_OK);
}

/* Another directory key: every entry and agreement is under it, with the words and moments that they had. */
static void another_directory_key_signs_all(void **state)
{
    (void)state;
    keypair next;
    directory *before = NULL, *after = NULL;
    bool done = false;
    sluis_fail f = {0};
    pubkeys known = h.p.directory_keys, strangers = {.n = 0};
    key_make(&next, USE_DIRECTORY, 92);
    assert_int_equal(pubkeys_add(&known, next.pk), SLUIS_OK);
    assert_int_equal(pubkeys_add(&strangers, next.pk), SLUIS_OK);
    store_txn *t = fixture_write(&h.x);
    assert_int_equal(parties_load(t, h.p.directory.pk, &before, &f), SLUIS_OK);
    assert_int_equal(parties_resign(t, &h.school.oin, &known, &h.p.directory, &done, &f), SLUIS_OK);
    assert_false(done); /* it is signed by this one */
    assert_int_equal(parties_resign(t, &h.school.oin, &strangers, &next, &done, &f), SLUIS_CORRUPT);
    assert_int_equal(parties_resign(t, &h.school.oin, &known, &next, &done, &f), SLUIS_OK);
    assert_true(done);
    assert_int_not_equal(parties_load(t, h.p.directory.pk, &after, NULL), SLUIS_OK);
    assert_int_equal(parties_load(t, next.pk, &after, &f), SLUIS_OK);
    assert_true(directory_version(after) > directory_version(before));
    assert_int_equal(directory_count(after), directory_count(before));
    for (size_t i = 0; i < directory_count(after); i++) {
        const party *a = directory_at(before, i), *b = directory_at(after, i);
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->key_count, b->key_count);
        assert_int_equal(a->agreement_count, b->agreement_count);
        for (size_t k = 0; k < a->agreement_count; k++) {
            assert_memory_equal(a->agreements[k].hash, b->agreements[k].hash, HASH_LEN);
            assert_true(a->agreements[k].accepted == b->agreements[k].accepted);
            assert_memory_equal(a->agreements[k].party_signature, b->agreements[k].party_signature, SIG_LEN);
        }
    }
    store_abort(&t);
    directory_unref(&before);
    directory_unref(&after);
    keypair_close(&next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_comes_back_as_it_was), cmocka_unit_test(the_vector_stands),
        cmocka_unit_test(a_malformed_file_is_refused), cmocka_unit_test(the_directory_goes_up),
        cmocka_unit_test(a_changed_row_is_found_out),  cmocka_unit_test(another_directory_key_signs_all),
    };
    return cmocka_run_group_tests_name("agreements", tests, start, stop);
}
