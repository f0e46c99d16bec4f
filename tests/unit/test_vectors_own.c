/* The format as frozen in tests/data/envelope_vectors.json: what was sealed, signed and logged then must be
 * read the same for ever. The file's keys are fixed; tests/tools/second_reader.py reads it without this
 * library. */
#include "kit.h"

#include <jansson.h>

#include "wire/receipt.h"

#define VECTORS "tests/data/envelope_vectors.json"

static json_t *vectors;

static int start(void **state)
{
    (void)state;
    json_error_t error;
    if (crypto_start())
        return 1;
    vectors = json_load_file(VECTORS, JSON_REJECT_DUPLICATES, &error);
    if (!vectors)
        print_error("%s:%d: %s\n", VECTORS, error.line, error.text);
    return vectors ? 0 : 1;
}

static int stop(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    assert_non_null(s);
    return s;
}

/* The bytes of a hex member; freed by the caller. */
static bytes hex_of(const json_t *o, const char *key)
{
    const char *s = text_of(o, key);
    size_t n = strlen(s) / 2;
    uint8_t *p = malloc(n + 1);
    assert_int_equal(hex_decode(p, n, s, 2 * n), SLUIS_OK);
    return BYTES(p, n);
}

static void assert_hex(const json_t *o, const char *key, const void *p, size_t n)
{
    bytes want = hex_of(o, key);
    assert_int_equal(want.n, n);
    if (n)
        assert_memory_equal(want.p, p, n);
    free((void *)(uintptr_t)want.p);
}

static json_t *party_of(const char *name)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(vectors, "parties"), i,
                       p) if (strcmp(text_of(p, "oin"), name) == 0) return p;
    fail_msg("no party %s in %s", name, VECTORS);
    return NULL;
}

static void key_of(keypair *k, key_use use, const char *name, const char *member)
{
    bytes secret = hex_of(party_of(name), member);
    assert_int_equal(secret.n, 32);
    assert_int_equal(keypair_from_seed(k, use, secret.p, T0), SLUIS_OK);
    free((void *)(uintptr_t)secret.p);
}

static void keys_have_their_ids(void **state)
{
    (void)state;
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(vectors, "parties"), i, p)
    {
        keypair k;
        key_of(&k, USE_SIGN, text_of(p, "oin"), "sign_seed");
        assert_hex(p, "sign_pk", k.pk, PK_LEN);
        assert_hex(p, "sign_id", k.id.b, KEYID_LEN);
        keypair_close(&k);
        key_of(&k, USE_SEAL, text_of(p, "oin"), "seal_sk");
        assert_hex(p, "seal_pk", k.pk, PK_LEN);
        assert_hex(p, "seal_id", k.id.b, KEYID_LEN);
        keypair_close(&k);
    }
    assert_int_equal(i, 3);
}

static sluis_err verify(const envelope *e)
{
    keypair sign;
    key_of(&sign, USE_SIGN, e->sender.s, "sign_seed");
    sluis_err err = envelope_verify(e, sign.pk, NULL, NULL);
    keypair_close(&sign);
    return err;
}

static sluis_err open_as(const envelope *e, const char *name, buffer *plain)
{
    keypair seal;
    oin own;
    assert_int_equal(oin_parse(&own, name, OIN_LEN), SLUIS_OK);
    key_of(&seal, USE_SEAL, name, "seal_sk");
    sluis_err err = envelope_open(e, &own, &seal, NULL, plain, NULL);
    keypair_close(&seal);
    return err;
}

static void envelopes_open_to_their_plaintext(void **state)
{
    (void)state;
    size_t i, k;
    json_t *v, *r;
    json_array_foreach(json_object_get(vectors, "envelopes"), i, v)
    {
        bytes raw = hex_of(v, "raw");
        envelope *e = decode_ok(raw);
        assert_string_equal(e->sender.s, text_of(v, "sender"));
        assert_hex(v, "core", e->core_bytes.p, e->core_bytes.n);
        assert_hex(v, "hc", e->hc, HASH_LEN);
        assert_hex(v, "message_hash", e->mh, HASH_LEN);
        assert_int_equal(e->sig->n, json_integer_value(json_object_get(v, "n")));
        assert_int_equal(e->sig->index, json_integer_value(json_object_get(v, "index")));
        assert_int_equal(verify(e), SLUIS_OK);
        json_array_foreach(json_object_get(v, "recipients"), k, r)
        {
            buffer plain;
            buffer_init(&plain, ENVELOPE_MAX);
            assert_int_equal(open_as(e, text_of(r, "oin"), &plain), SLUIS_OK);
            assert_hex(v, "plaintext", plain.p, plain.n);
            buffer_close(&plain);
        }
        envelope_free(&e);
        free((void *)(uintptr_t)raw.p);
    }
    assert_int_equal(i, 4);
}

static void refusals_have_their_reason(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(vectors, "refused"), i, v)
    {
        bytes raw = hex_of(v, "raw");
        envelope *e;
        buffer plain;
        buffer_init(&plain, ENVELOPE_MAX);
        sluis_err err = envelope_decode(&e, raw, ENVELOPE_MAX, NULL);
        if (!err)
            err = verify(e);
        if (!err)
            err = open_as(e, e->core->recipients[0]->oin, &plain);
        assert_string_equal(error_token(err), text_of(v, "error"));
        buffer_close(&plain);
        envelope_free(&e);
        free((void *)(uintptr_t)raw.p);
    }
    assert_int_equal(i, 5);
}

static void the_receipt_proves_its_record(void **state)
{
    (void)state;
    const json_t *v = json_object_get(vectors, "receipt");
    bytes raw = hex_of(v, "raw"), pk = hex_of(v, "log_pk");
    arena *a = arena_new(1 << 16);
    receipt_facts facts;
    assert_int_equal(pk.n, PK_LEN);
    assert_int_equal(
        receipt_verify(&facts, a, raw, text_of(v, "log_name"), (pubkeys[]){pubkeys_of(pk.p)}, NULL, NULL),
        SLUIS_OK);
    assert_int_equal(facts.index, json_integer_value(json_object_get(v, "index")));
    assert_string_equal(facts.record->from, OIN_GEM);
    arena_free(&a);
    free((void *)(uintptr_t)raw.p);
    free((void *)(uintptr_t)pk.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_their_ids),
        cmocka_unit_test(envelopes_open_to_their_plaintext),
        cmocka_unit_test(refusals_have_their_reason),
        cmocka_unit_test(the_receipt_proves_its_record),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
