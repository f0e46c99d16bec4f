/* Wycheproof (github.com/C2SP/wycheproof) through our own functions: every valid case must pass with the
 * expected bytes, every invalid one must be refused. X25519 "acceptable" cases are computed, save those whose
 * shared secret is zero (small-order public keys), which RFC 7748 section 6.1 lets us refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"

#define FIELD_MAX 4096

typedef struct {
    uint8_t p[FIELD_MAX];
    size_t n;
} field;

typedef struct {
    const char *name;
    unsigned valid, invalid, acceptable, refused;
} tally;

static field get(const json_t *o, const char *key)
{
    field f;
    const char *hex = json_string_value(json_object_get(o, key));
    assert_non_null(hex);
    f.n = strlen(hex) / 2;
    assert_true(f.n <= sizeof f.p);
    assert_int_equal(hex_decode(f.p, f.n, hex, strlen(hex)), SLUIS_OK);
    return f;
}

static bool has_flag(const json_t *test, const char *flag)
{
    size_t i;
    json_t *f;
    json_array_foreach(json_object_get(test, "flags"), i,
                       f) if (strcmp(json_string_value(f), flag) == 0) return true;
    return false;
}

static bool result_is(const json_t *test, const char *result)
{
    return strcmp(json_string_value(json_object_get(test, "result")), result) == 0;
}

static void ed25519_case(const json_t *group, const json_t *test, tally *t)
{
    field pk = get(json_object_get(group, "publicKey"), "pk"), msg = get(test, "msg"), sig = get(test, "sig");
    assert_int_equal(pk.n, PK_LEN);
    /* our signatures have one length; the schema's bytes field refuses others before this */
    sluis_err e = sig.n == SIG_LEN ? sign_verify(sig.p, pk.p, msg.p, msg.n) : SLUIS_BAD_SIGNATURE;
    if (result_is(test, "valid")) {
        assert_int_equal(e, SLUIS_OK);
        t->valid++;
    } else {
        assert_true(result_is(test, "invalid"));
        assert_int_equal(e, SLUIS_BAD_SIGNATURE);
        t->invalid++;
        t->refused++;
    }
}

static void x25519_case(const json_t *group, const json_t *test, tally *t)
{
    (void)group;
    field pk = get(test, "public"), sk = get(test, "private"), want = get(test, "shared");
    uint8_t got[KEY_LEN];
    assert_int_equal(pk.n, PK_LEN);
    assert_int_equal(sk.n, KEY_LEN);
    sluis_err e = x25519(got, sk.p, pk.p);
    if (has_flag(test, "ZeroSharedSecret")) {
        assert_int_equal(e, SLUIS_INVALID);
        t->refused++;
    } else {
        assert_int_equal(e, SLUIS_OK);
        assert_memory_equal(got, want.p, KEY_LEN);
    }
    if (result_is(test, "valid")) {
        assert_int_equal(e, SLUIS_OK);
        t->valid++;
    } else {
        assert_true(result_is(test, "acceptable"));
        t->acceptable++;
    }
}

static void xchacha_case(const json_t *group, const json_t *test, tally *t)
{
    (void)group;
    field key = get(test, "key"), iv = get(test, "iv"), ad = get(test, "aad"), msg = get(test, "msg");
    field ct = get(test, "ct"), tag = get(test, "tag");
    uint8_t out[FIELD_MAX];
    bool shaped = key.n == KEY_LEN && iv.n == NONCE_LEN && tag.n == TAG_LEN;
    memcpy(ct.p + ct.n, tag.p, tag.n);
    ct.n += tag.n;
    sluis_err e = shaped ? ae_open(out, key.p, iv.p, BYTES(ad.p, ad.n), BYTES(ct.p, ct.n)) : SLUIS_BAD_SEAL;
    if (result_is(test, "valid")) {
        assert_int_equal(e, SLUIS_OK);
        assert_memory_equal(out, msg.p, msg.n);
        ae_seal(out, key.p, iv.p, BYTES(ad.p, ad.n), BYTES(msg.p, msg.n));
        assert_memory_equal(out, ct.p, ct.n);
        t->valid++;
    } else {
        assert_true(result_is(test, "invalid"));
        assert_int_equal(e, SLUIS_BAD_SEAL);
        assert_true(shaped || has_flag(test, "InvalidNonceSize"));
        t->invalid++;
        t->refused++;
    }
}

static void run(const char *name, void (*one)(const json_t *, const json_t *, tally *), tally *t)
{
    const char *shared = getenv("SLUIS_SHARED");
    char path[4096];
    snprintf(path, sizeof path, "%s/vectors/wycheproof/%s_test.json", shared ? shared : "../shared", name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: ../shared/vectors/wycheproof/%s_test.json not there\n", name);
        skip();
    }
    json_error_t err;
    json_t *doc = json_load_file(path, 0, &err), *group, *test;
    assert_non_null(doc);
    *t = (tally){.name = name};
    size_t i, j;
    json_array_foreach(json_object_get(doc, "testGroups"), i, group)
        json_array_foreach(json_object_get(group, "tests"), j, test) one(group, test, t);
    assert_int_equal(t->valid + t->invalid + t->acceptable,
                     json_integer_value(json_object_get(doc, "numberOfTests")));
    json_decref(doc);
    print_message("%s: %u valid, %u invalid, %u acceptable; %u refused\n", t->name, t->valid, t->invalid,
                  t->acceptable, t->refused);
}

static void ed25519(void **state)
{
    (void)state;
    tally t;
    run("ed25519", ed25519_case, &t);
    assert_true(t.valid >= 80 && t.invalid >= 60);
}

static void x25519_exchange(void **state)
{
    (void)state;
    tally t;
    run("x25519", x25519_case, &t);
    assert_true(t.valid >= 250 && t.acceptable >= 200 && t.refused >= 20);
}

static void xchacha20_poly1305(void **state)
{
    (void)state;
    tally t;
    run("xchacha20_poly1305", xchacha_case, &t);
    assert_true(t.valid >= 200 && t.invalid >= 60);
}

static int start(void **state)
{
    (void)state;
    return crypto_start() != SLUIS_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519),
        cmocka_unit_test(x25519_exchange),
        cmocka_unit_test(xchacha20_poly1305),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
