#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "crypto/crypto.h"

static void unhex(uint8_t *out, const char *hex)
{
    assert_int_equal(hex_decode(out, strlen(hex) / 2, hex, strlen(hex)), SLUIS_OK);
}

/* Expected values: Python's hashlib.blake2b(m, digest_size=32, key=..., person=tag padded to 16). */
static void tagged_hash(void **state)
{
    (void)state;
    uint8_t got[32], want[32], key[32];
    for (int i = 0; i < 32; i++)
        key[i] = (uint8_t)i;
    hash_one(got, "sluis1-core", NULL, "abc", 3);
    unhex(want, "51a9d8f564e5de88c4aede2d10746353f2a127a96b97f97d53cd913913b6a61f");
    assert_memory_equal(got, want, 32);
    hash_one(got, "sluis1-commit", key, "abc", 3);
    unhex(want, "a61ac1eee718d918bd4bee51ec4c4ec7d8f72f248c419d3c84ae65882c4d40ce");
    assert_memory_equal(got, want, 32);
    hash_one(got, "0123456789abcdef", NULL, NULL, 0);
    unhex(want, "745c7fe5b8e12c96be18655ca261179a1774125f0018174f2a220f203da8fe47");
    assert_memory_equal(got, want, 32);
}

static void parts_are_joined(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    hash_one(a, "t", NULL, "hello world", 11);
    hash_tagged(b, "t", NULL, (bytes[]){bytes_str("hello"), {NULL, 0}, bytes_str(" world")}, 3);
    assert_memory_equal(a, b, 32);
    hash_one(b, "u", NULL, "hello world", 11);
    assert_memory_not_equal(a, b, 32);
}

/* FIPS 180-4 example "abc". */
static void sha256_parts(void **state)
{
    (void)state;
    uint8_t got[32], want[32];
    unhex(want, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(got, (bytes[]){bytes_str("a"), bytes_str("bc")}, 2);
    assert_memory_equal(got, want, 32);
    unhex(want, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256(got, NULL, 0);
    assert_memory_equal(got, want, 32);
}

static void sealed_opens_only_unchanged(void **state)
{
    (void)state;
    uint8_t key[32], nonce[24], box[5 + TAG_LEN], out[5];
    random_bytes(key, sizeof key);
    random_bytes(nonce, sizeof nonce);
    ae_seal(box, key, nonce, bytes_str("ad"), bytes_str("plain"));
    assert_int_equal(ae_open(out, key, nonce, bytes_str("ad"), BYTES_OF(box)), SLUIS_OK);
    assert_memory_equal(out, "plain", 5);
    assert_int_equal(ae_open(out, key, nonce, bytes_str("aD"), BYTES_OF(box)), SLUIS_BAD_SEAL);
    for (size_t i = 0; i < sizeof box; i++) {
        box[i] ^= 1;
        assert_int_equal(ae_open(out, key, nonce, bytes_str("ad"), BYTES_OF(box)), SLUIS_BAD_SEAL);
        box[i] ^= 1;
    }
    for (size_t n = 0; n < sizeof box; n++)
        assert_int_equal(ae_open(out, key, nonce, bytes_str("ad"), BYTES(box, n)), SLUIS_BAD_SEAL);
    key[31] ^= 0x80;
    assert_int_equal(ae_open(out, key, nonce, bytes_str("ad"), BYTES_OF(box)), SLUIS_BAD_SEAL);
}

static void empty_plain_and_ad(void **state)
{
    (void)state;
    uint8_t key[32] = {1}, nonce[24] = {2}, box[TAG_LEN], out[1];
    ae_seal(box, key, nonce, BYTES(NULL, 0), BYTES(NULL, 0));
    assert_int_equal(ae_open(out, key, nonce, BYTES(NULL, 0), BYTES_OF(box)), SLUIS_OK);
    box[0] ^= 1;
    assert_int_equal(ae_open(out, key, nonce, BYTES(NULL, 0), BYTES_OF(box)), SLUIS_BAD_SEAL);
}

/* RFC 8032 section 7.1, test 3. */
static void ed25519_of_the_rfc(void **state)
{
    (void)state;
    uint8_t seed[32], pk[32], want_pk[32], sk[64], sig[64], want_sig[64], m[2] = {0xaf, 0x82};
    unhex(seed, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
    unhex(want_pk, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    unhex(want_sig, "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
    sign_keys(pk, sk, seed);
    assert_memory_equal(pk, want_pk, 32);
    assert_memory_equal(sk, seed, 32); /* what a keyfile relies on */
    sign_detached(sig, sk, m, sizeof m);
    assert_memory_equal(sig, want_sig, 64);
    assert_int_equal(sign_verify(sig, pk, m, sizeof m), SLUIS_OK);
    m[0] ^= 1;
    assert_int_equal(sign_verify(sig, pk, m, sizeof m), SLUIS_BAD_SIGNATURE);
}

/* A small-order key makes one signature fit every message; the identity and order-8 points must go. */
static void small_order_keys_verify_nothing(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint8_t pk[32], sig[64] = {1};
        unhex(pk, points[i]);
        assert_int_equal(sign_verify(sig, pk, "m", 1), SLUIS_BAD_SIGNATURE);
    }
}

/* RFC 7748 section 6.1. */
static void x25519_of_the_rfc(void **state)
{
    (void)state;
    uint8_t a[32], b[32], a_pk[32], b_pk[32], got[32], want[32];
    unhex(a, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    unhex(b, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    x25519_public(a_pk, a);
    x25519_public(b_pk, b);
    unhex(want, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    assert_memory_equal(a_pk, want, 32);
    unhex(want, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    assert_int_equal(x25519(got, a, b_pk), SLUIS_OK);
    assert_memory_equal(got, want, 32);
    assert_int_equal(x25519(got, b, a_pk), SLUIS_OK);
    assert_memory_equal(got, want, 32);
    uint8_t zero[32] = {0}, one[32] = {1};
    assert_int_equal(x25519(got, a, zero), SLUIS_INVALID);
    assert_int_equal(x25519(got, a, one), SLUIS_INVALID);
}

/* Expected value: first 16 bytes of Python's hashlib.blake2b(02 | 00..1f, person="sluis1-keyid"). */
static void key_ids(void **state)
{
    (void)state;
    uint8_t pk[32], want[16];
    for (int i = 0; i < 32; i++)
        pk[i] = (uint8_t)i;
    keyid seal = keyid_of(USE_SEAL, pk), sign = keyid_of(USE_SIGN, pk);
    unhex(want, "e59ed648f9cb1fcbe51da2a18a820342");
    assert_memory_equal(seal.b, want, 16);
    assert_false(keyid_equal(&seal, &sign));
    assert_true(keyid_equal(&seal, &seal));
}

static void secrets_in_memory(void **state)
{
    (void)state;
    uint64_t *p = secret_alloc(33);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    memset(p, 7, 33);
    assert_true(secret_equal(p, (uint8_t *)p + 1, 32));
    wipe(p, 33);
    assert_false(secret_equal(p, "\x07", 1));
    secret_free(p);
    secret_free(NULL);
    assert_null(secret_alloc(0));
    assert_null(secret_alloc(SIZE_MAX));
}

/* KiB of this process that the kernel never writes to swap. */
static long locked_kib(void)
{
    char line[128];
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, "VmLck:", 6) == 0)
            kib = atol(line + 6);
    fclose(f);
    return kib;
}

/* A secret lies in memory that is locked, until it is freed. The sanitizers make every lock a no-op. */
static void secrets_are_locked(void **state)
{
    (void)state;
    uint8_t page[8192];
    long before = locked_kib();
    if (mlock(page, sizeof(page)) != 0 || locked_kib() == before)
        skip();
    assert_int_equal(munlock(page, sizeof(page)), 0);
    before = locked_kib();
    uint8_t *p = secret_alloc(4096 * 4);
    assert_non_null(p);
    long held = locked_kib();
    assert_in_range(held - before, 16, 24);
    secret_free(p);
    assert_int_equal(locked_kib(), before);
}

static void padding_hides_length(void **state)
{
    (void)state;
    static const struct {
        size_t plain, padded;
    } cases[] = {{0, 512}, {1, 512}, {511, 512}, {512, 1024}, {513, 1024}, {1024, 1536}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer b;
        buffer_init(&b, 2048);
        for (size_t k = 0; k < cases[i].plain; k++)
            buffer_u8(&b, 0x80);
        assert_int_equal(pad_body(&b), SLUIS_OK);
        assert_int_equal(b.n, cases[i].padded);
        assert_int_equal(b.p[cases[i].plain], 0x80);
        if (cases[i].plain + 1 < b.n)
            assert_int_equal(b.p[b.n - 1], 0);
        size_t n = b.n;
        assert_int_equal(unpad_body(b.p, &n), SLUIS_OK);
        assert_int_equal(n, cases[i].plain);
        buffer_close(&b);
    }
}

/* Each place of the last byte that is not zero, and each value: only 0x80 is padding. */
static void padding_is_found_wherever_it_begins(void **state)
{
    (void)state;
    uint8_t p[1024];
    for (size_t at = 512; at < 1024; at++)
        for (unsigned b = 1; b <= 0xff; b++) {
            size_t n = 1024;
            memset(p, at % 2 ? 0xff : 0x80, at);
            p[at] = (uint8_t)b;
            memset(p + at + 1, 0, 1024 - at - 1);
            assert_int_equal(unpad_body(p, &n), b == 0x80 ? SLUIS_OK : SLUIS_BAD_SEAL);
            assert_int_equal(n, b == 0x80 ? at : 1024);
        }
}

static void bad_padding_is_refused(void **state)
{
    (void)state;
    uint8_t p[1024] = {0};
    size_t n = 0;
    assert_int_equal(unpad_body(p, &n), SLUIS_BAD_SEAL);
    n = 512; /* no 0x80 at all */
    assert_int_equal(unpad_body(p, &n), SLUIS_BAD_SEAL);
    assert_int_equal(n, 512);
    p[100] = 0x80;
    n = 511;
    assert_int_equal(unpad_body(p, &n), SLUIS_BAD_SEAL);
    n = 600; /* no whole number of blocks */
    assert_int_equal(unpad_body(p, &n), SLUIS_BAD_SEAL);
    n = 1024; /* more than one block of padding */
    assert_int_equal(unpad_body(p, &n), SLUIS_BAD_SEAL);
    n = 512;
    p[511] = 1;
    assert_int_equal(unpad_body(p, &n), SLUIS_BAD_SEAL);
    buffer b;
    buffer_init(&b, 511);
    assert_int_equal(pad_body(&b), SLUIS_TOO_BIG);
    buffer_close(&b);
}

/* RFC 4648 section 10, and what a strict decoder must refuse. */
static void base64_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *b64;
    } good[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {"Z",     "Zg",     "Zg=",  "Zg===", "Zh==", "Zm9=",     "Zm8",  "Zm9v=",
                                      "Zm 9v", "Zm9v\n", "Zm9-", "Zm9_",  "====", "Zg==Zg==", "Zm9v!"};
    char out[16];
    uint8_t back[6];
    size_t n;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        base64_encode(out, sizeof out, good[i].plain, strlen(good[i].plain));
        assert_string_equal(out, good[i].b64);
        assert_int_equal(base64_decode(back, sizeof back, &n, out, strlen(out)), SLUIS_OK);
        assert_int_equal(n, strlen(good[i].plain));
        assert_memory_equal(back, good[i].plain, n);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(base64_decode(back, sizeof back, &n, bad[i], strlen(bad[i])), SLUIS_INVALID);
    for (unsigned c = 0x80; c <= 0xff; c++) {
        char text[4] = {'A', 'A', (char)c, 'A'};
        assert_int_equal(base64_decode(back, sizeof back, &n, text, 4), SLUIS_INVALID);
    }
    assert_int_equal(base64_decode(back, 5, &n, "Zm9vYmFy", 8), SLUIS_TOO_BIG);
}

static int start(void **state)
{
    (void)state;
    return crypto_start() == SLUIS_OK && crypto_start() == SLUIS_OK ? 0 : -1;
}

/* Across several refills of the stock no nonce comes twice, and no byte stands still. */
static void nonces_differ(void **state)
{
    (void)state;
    enum { N = 1000 };
    static uint8_t n[N][NONCE_LEN];
    uint8_t or_all[NONCE_LEN] = {0}, and_all[NONCE_LEN];
    memset(and_all, 0xff, sizeof(and_all));
    for (size_t i = 0; i < N; i++) {
        random_nonce(n[i]);
        for (size_t k = 0; k < NONCE_LEN; k++) {
            or_all[k] |= n[i][k];
            and_all[k] &= n[i][k];
        }
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(n[i], n[k], NONCE_LEN);
    }
    for (size_t k = 0; k < NONCE_LEN; k++) {
        assert_int_equal(or_all[k], 0xff);
        assert_int_equal(and_all[k], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonces_differ),
        cmocka_unit_test(tagged_hash),
        cmocka_unit_test(parts_are_joined),
        cmocka_unit_test(sha256_parts),
        cmocka_unit_test(sealed_opens_only_unchanged),
        cmocka_unit_test(empty_plain_and_ad),
        cmocka_unit_test(ed25519_of_the_rfc),
        cmocka_unit_test(small_order_keys_verify_nothing),
        cmocka_unit_test(x25519_of_the_rfc),
        cmocka_unit_test(key_ids),
        cmocka_unit_test(secrets_in_memory),
        cmocka_unit_test(secrets_are_locked),
        cmocka_unit_test(padding_hides_length),
        cmocka_unit_test(padding_is_found_wherever_it_begins),
        cmocka_unit_test(bad_padding_is_refused),
        cmocka_unit_test(base64_is_strict),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
