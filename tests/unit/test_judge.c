/* What a witness decides: the requests it passes, and every kind that it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"
#include "ctl/judge.h"

#define NAME "gw.example"

static keypair key;
static uint8_t leaves[9][HASH_LEN];

static int start(void **state)
{
    (void)state;
    uint8_t seed[32] = {1};
    if (crypto_start() || keypair_from_seed(&key, USE_LOG, seed, 0))
        return 1;
    for (uint8_t i = 0; i < 9; i++)
        merkle_leaf(leaves[i], &i, 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    keypair_close(&key);
    return 0;
}

static checkpoint at_size(size_t n, const char *origin)
{
    checkpoint c = {.size = n};
    strcpy(c.origin, origin);
    if (n)
        merkle_root(TREE_JOURNAL, c.root, (const uint8_t(*)[HASH_LEN])leaves, n);
    return c;
}

/* old line, proof of the step from 4 to n leaves (n is 4 or 8: the hashes by hand), checkpoint */
static void request(char *out, size_t cap, const char *old, size_t n, const char *origin)
{
    char proof[64] = "", note[NOTE_MAX];
    uint8_t right[HASH_LEN];
    size_t len = 0;
    checkpoint c = at_size(n, origin);
    if (n == 8) {
        merkle_root(TREE_JOURNAL, right, (const uint8_t(*)[HASH_LEN])leaves + 4, 4);
        base64_encode(proof, sizeof proof, right, HASH_LEN);
        strcat(proof, "\n");
    }
    assert_int_equal(checkpoint_sign(note, sizeof note, &len, &c, NAME, &key), SLUIS_OK);
    note[len] = '\0';
    snprintf(out, cap, "%s\n%s\n%s", old, proof, note);
}

static sluis_err judge(const char *text, const checkpoint *last)
{
    checkpoint out;
    bytes note;
    sluis_fail f = {0};
    sluis_err e =
        judge_request(&out, &note, last, false, bytes_str(text), NAME, (pubkeys[]){pubkeys_of(key.pk)}, &f);
    assert_true(!e == !f.text[0]); /* a refusal is said in words */
    return e;
}

static void what_goes_on(void **state)
{
    (void)state;
    char text[4096];
    checkpoint last = at_size(4, NAME "/journal/1");
    request(text, sizeof text, "old 4", 8, NAME "/journal/1");
    assert_int_equal(judge(text, &last), SLUIS_OK);
    request(text, sizeof text, "old 4", 4, NAME "/journal/1"); /* nothing new */
    assert_int_equal(judge(text, &last), SLUIS_OK);
    request(text, sizeof text, "old 0", 4, NAME "/journal/1"); /* the first of all */
    assert_int_equal(judge(text, NULL), SLUIS_OK);
}

static void what_does_not(void **state)
{
    (void)state;
    char text[4096];
    checkpoint last = at_size(4, NAME "/journal/1"), twin = last, big = at_size(8, NAME "/journal/1");
    twin.root[3] ^= 1;
    request(text, sizeof text, "old 4", 8, NAME "/journal/1");
    assert_int_equal(judge(text, &twin), SLUIS_CORRUPT);
    assert_int_equal(judge(text, NULL), SLUIS_CONFLICT);
    assert_int_equal(judge(text, &big), SLUIS_CONFLICT);
    request(text, sizeof text, "old 4", 4, NAME "/journal/1"); /* a second root of the same size */
    assert_int_equal(judge(text, &twin), SLUIS_CORRUPT);
    request(text, sizeof text, "old 8", 4, NAME "/journal/1"); /* smaller than it was */
    assert_int_equal(judge(text, &big), SLUIS_CONFLICT);
    request(text, sizeof text, "old 4", 8, NAME "/journal/2");
    assert_int_equal(judge(text, &last), SLUIS_CONFLICT);
    request(text, sizeof text, "old 0", 8, NAME "/journal/1"); /* a proof from nothing */
    assert_int_equal(judge(text, NULL), SLUIS_INVALID);
}

static void what_is_no_request(void **state)
{
    (void)state;
    static const char *const olds[] = {"old 04", "old +4", "old -4", "old 4 ", "old  4",
                                       "Old 4",  "old",    "old 4x", "",       "old 18446744073709551616",
                                       " old 4"};
    char text[4096];
    checkpoint last = at_size(4, NAME "/journal/1");
    for (size_t i = 0; i < sizeof olds / sizeof *olds; i++) {
        request(text, sizeof text, olds[i], 8, NAME "/journal/1");
        assert_int_equal(judge(text, &last), SLUIS_INVALID);
    }
    request(text, sizeof text, "old 4", 8, NAME "/journal/1");
    for (size_t n = strlen(text); n-- > 0;) { /* cut anywhere */
        text[n] = '\0';
        assert_int_not_equal(judge(text, &last), SLUIS_OK);
    }
    request(text, sizeof text, "old 4", 8, NAME "/journal/1");
    for (size_t i = 0; i < strlen(text); i++) {
        text[i] ^= 4;
        assert_int_not_equal(judge(text, &last), SLUIS_OK);
        text[i] ^= 4;
    }
    snprintf(text, sizeof text, "old 4\n");
    for (int i = 0; i < 64; i++)
        strcat(text, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    strcat(text, "\n");
    assert_int_equal(judge(text, &last), SLUIS_INVALID); /* more hashes than any tree has */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_on),
        cmocka_unit_test(what_does_not),
        cmocka_unit_test(what_is_no_request),
    };
    return cmocka_run_group_tests_name("judge", tests, start, stop);
}
