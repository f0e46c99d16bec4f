#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "crypto/epoch.h"

static uint8_t own_sk[KEY_LEN], own_pk[PK_LEN];

static kek_binding binding(const uint8_t *epoch_pk)
{
    kek_binding b = {.suite = 1, .signing_key = {"signing-key-id-1"}, .sealing_key = {"sealing-key-id-1"}};
    memcpy(b.epoch_pk, epoch_pk, PK_LEN);
    memcpy(b.recipient_pk, own_pk, PK_LEN);
    oin_parse(&b.sender, "00000099000000001000", OIN_LEN);
    oin_parse(&b.recipient, "00000099000000002000", OIN_LEN);
    return b;
}

static int start(void **state)
{
    (void)state;
    if (crypto_start() != SLUIS_OK)
        return -1;
    random_bytes(own_sk, sizeof own_sk);
    x25519_public(own_pk, own_sk);
    return 0;
}

/* Secrets 32 x 0x11 and 32 x 0x22; S by RFC 7748 in Python, KEK by hashlib.blake2b under it. */
static void known_kek(void **state)
{
    (void)state;
    uint8_t a[32], b[32], a_pk[32], kek[32], want[32];
    memset(a, 0x11, 32);
    memset(b, 0x22, 32);
    x25519_public(a_pk, a);
    kek_binding k = binding(a_pk);
    x25519_public(k.recipient_pk, b);
    assert_int_equal(kek_derive(kek, a, k.recipient_pk, &k), SLUIS_OK);
    hex_decode(want, 32, "91f1fa0e4d057e5ba22fdd6f77f58cd0f09c0d4c0b2a69b5dd27aba8689c332b", 64);
    assert_memory_equal(kek, want, 32);
    assert_int_equal(kek_derive(kek, b, a_pk, &k), SLUIS_OK);
    assert_memory_equal(kek, want, 32);
}

static void both_sides_agree(void **state)
{
    (void)state;
    epoch *e = NULL;
    kek_cache *c = NULL;
    uint8_t kek[32], got[32];
    assert_int_equal(epoch_new(&e), SLUIS_OK);
    assert_int_equal(kek_cache_new(&c, 4), SLUIS_OK);
    kek_binding b = binding(epoch_use(e, 1000));
    for (int again = 0; again < 2; again++) {
        assert_int_equal(epoch_kek(e, kek, &b), SLUIS_OK);
        assert_int_equal(kek_cache_get(c, got, own_sk, &b), SLUIS_OK);
        assert_memory_equal(got, kek, 32);
    }
    epoch_free(&e);
    epoch_free(&e);
    kek_cache_free(&c);
    kek_cache_free(&c);
}

/* Each field that the construction names changes the KEK. */
static void every_field_binds(void **state)
{
    (void)state;
    uint8_t peer[32], first[32], kek[32];
    random_bytes(peer, 32);
    x25519_public(peer, peer);
    kek_binding b = binding(peer);
    assert_int_equal(kek_derive(first, own_sk, peer, &b), SLUIS_OK);
    for (int field = 0; field < 7; field++) {
        kek_binding x = b;
        switch (field) {
        case 0:
            x.suite++;
            break;
        case 1:
            x.epoch_pk[31] ^= 1;
            break;
        case 2:
            x.recipient_pk[0] ^= 1;
            break;
        case 3:
            x.sender.s[19] ^= 1;
            break;
        case 4:
            x.signing_key.b[15] ^= 1;
            break;
        case 5:
            x.recipient.s[0] ^= 1;
            break;
        default:
            x.sealing_key.b[0] ^= 1;
            break;
        }
        assert_int_equal(kek_derive(kek, own_sk, peer, &x), SLUIS_OK);
        assert_memory_not_equal(kek, first, 32);
    }
}

static void pair_is_renewed_by_time(void **state)
{
    (void)state;
    epoch *e = NULL;
    uint8_t first[32], kek[32];
    assert_int_equal(epoch_new(&e), SLUIS_OK);
    memcpy(first, epoch_use(e, 1000), 32);
    kek_binding old = binding(first);
    assert_int_equal(epoch_kek(e, kek, &old), SLUIS_OK);
    assert_memory_equal(epoch_use(e, 1000 + EPOCH_MAX_MS - 1), first, 32);
    assert_memory_not_equal(epoch_use(e, 1000 + EPOCH_MAX_MS), first, 32);
    /* the old pair's KEK is gone, cached or not */
    assert_int_equal(epoch_kek(e, kek, &old), SLUIS_INVALID);
    memcpy(first, epoch_use(e, 1000 + EPOCH_MAX_MS + 1), 32);
    assert_memory_not_equal(epoch_use(e, 500), first, 32); /* a clock that went back */
    epoch_free(&e);
}

static void pair_is_renewed_by_count(void **state)
{
    (void)state;
    epoch *e = NULL;
    uint8_t first[32];
    assert_int_equal(epoch_new(&e), SLUIS_OK);
    memcpy(first, epoch_use(e, 7), 32);
    for (int i = 1; i < EPOCH_MAX_MESSAGES; i++)
        assert_memory_equal(epoch_use(e, 7), first, 32);
    assert_memory_not_equal(epoch_use(e, 7), first, 32);
    epoch_free(&e);
}

static void no_kek_before_use(void **state)
{
    (void)state;
    epoch *e = NULL;
    uint8_t kek[32], zero[32] = {0};
    assert_int_equal(epoch_new(&e), SLUIS_OK);
    kek_binding b = binding(zero);
    assert_int_equal(epoch_kek(e, kek, &b), SLUIS_INVALID);
    epoch_free(&e);
}

/* A cached entry needs no scalar: asking with another key shows which entries are still held. */
static void oldest_goes_first(void **state)
{
    (void)state;
    kek_cache *c = NULL;
    uint8_t peer[4][32], kek[4][32], got[32], other[32] = {9};
    assert_int_equal(kek_cache_new(&c, 3), SLUIS_OK);
    for (int i = 0; i < 4; i++) {
        random_bytes(peer[i], 32);
        x25519_public(peer[i], peer[i]);
        kek_binding b = binding(peer[i]);
        assert_int_equal(kek_cache_get(c, kek[i], own_sk, &b), SLUIS_OK);
    }
    for (int i = 1; i < 4; i++) {
        kek_binding b = binding(peer[i]);
        assert_int_equal(kek_cache_get(c, got, other, &b), SLUIS_OK);
        assert_memory_equal(got, kek[i], 32);
    }
    kek_binding b = binding(peer[0]);
    assert_int_equal(kek_cache_get(c, got, other, &b), SLUIS_OK);
    assert_memory_not_equal(got, kek[0], 32);
    kek_cache_free(&c);
    assert_int_equal(kek_cache_new(&c, 0), SLUIS_INVALID);
}

static void small_order_peer_is_refused_and_not_cached(void **state)
{
    (void)state;
    kek_cache *c = NULL;
    uint8_t zero[32] = {0}, kek[32];
    assert_int_equal(kek_cache_new(&c, 2), SLUIS_OK);
    kek_binding b = binding(zero);
    for (int again = 0; again < 2; again++)
        assert_int_equal(kek_cache_get(c, kek, own_sk, &b), SLUIS_INVALID);
    kek_cache_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_kek),
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(every_field_binds),
        cmocka_unit_test(pair_is_renewed_by_time),
        cmocka_unit_test(pair_is_renewed_by_count),
        cmocka_unit_test(no_kek_before_use),
        cmocka_unit_test(oldest_goes_first),
        cmocka_unit_test(small_order_peer_is_refused_and_not_cached),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
