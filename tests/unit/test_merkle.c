#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "crypto/merkle.h"

#define LEAVES 70

static uint8_t leaves[BATCH_MAX][HASH_LEN];

static const uint8_t (*from(size_t i))[HASH_LEN]
{
    return (const uint8_t(*)[HASH_LEN])(leaves + i);
}

static const uint8_t (*as_const(uint8_t (*p)[HASH_LEN]))[HASH_LEN]
{
    return (const uint8_t(*)[HASH_LEN])p;
}

/* The definition, RFC 9162 section 2.1.1, word for word. */
static void mth(tree_kind k, uint8_t out[HASH_LEN], size_t i, size_t n)
{
    if (n == 1) {
        memcpy(out, leaves[i], HASH_LEN);
        return;
    }
    size_t half = 1;
    while (half * 2 < n)
        half *= 2;
    uint8_t l[HASH_LEN], r[HASH_LEN];
    mth(k, l, i, half);
    mth(k, r, i + half, n - half);
    merkle_node(k, out, l, r);
}

/* PROOF(m, D[n]) of section 2.1.4.1, as SUBPROOF. */
static void subproof(uint8_t (*path)[HASH_LEN], size_t *len, size_t m, size_t i, size_t n, bool whole)
{
    if (m == n) {
        if (!whole)
            mth(TREE_JOURNAL, path[(*len)++], i, n);
        return;
    }
    size_t half = 1;
    while (half * 2 < n)
        half *= 2;
    if (m <= half) {
        subproof(path, len, m, i, half, whole);
        mth(TREE_JOURNAL, path[(*len)++], i + half, n - half);
    } else {
        subproof(path, len, m - half, i + half, n - half, false);
        mth(TREE_JOURNAL, path[(*len)++], i, half);
    }
}

static int fill(void **state)
{
    (void)state;
    for (size_t i = 0; i < BATCH_MAX; i++) {
        uint8_t b = (uint8_t)i;
        merkle_leaf(leaves[i], &b, 1);
    }
    return crypto_start() == SLUIS_OK ? 0 : -1;
}

/* Known hashes: SHA-256(00) and the root of the eight-leaf tree of RFC 6962's reference implementation. */
static void leaf_hash(void **state)
{
    (void)state;
    uint8_t got[32], want[32];
    merkle_leaf(got, "", 0);
    hex_decode(want, 32, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", 64);
    assert_memory_equal(got, want, 32);
}

static void journal_root(void **state)
{
    (void)state;
    static const struct {
        const char *p;
        size_t n;
    } data[] = {{"", 0},
                {"\x00", 1},
                {"\x10", 1},
                {"\x20\x21", 2},
                {"\x30\x31", 2},
                {"\x40\x41\x42\x43", 4},
                {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
                {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16}};
    uint8_t l[8][HASH_LEN], got[32], want[32];
    for (int i = 0; i < 8; i++)
        merkle_leaf(l[i], data[i].p, data[i].n);
    merkle_root(TREE_JOURNAL, got, as_const(l), 8);
    hex_decode(want, 32, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328", 64);
    assert_memory_equal(got, want, 32);
}

static void roots_follow_the_definition(void **state)
{
    (void)state;
    for (int k = TREE_JOURNAL; k <= TREE_BATCH; k++)
        for (size_t n = 1; n <= BATCH_MAX; n++) {
            uint8_t got[32], want[32];
            mth((tree_kind)k, want, 0, n);
            merkle_root((tree_kind)k, got, from(0), n);
            assert_memory_equal(got, want, 32);
        }
}

static void kinds_differ(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    merkle_root(TREE_JOURNAL, a, from(0), 2);
    merkle_root(TREE_BATCH, b, from(0), 2);
    assert_memory_not_equal(a, b, 32);
    /* H("sluis1-node", left|right) */
    hash_one(a, "sluis1-node", NULL, leaves, 64);
    assert_memory_equal(a, b, 32);
}

static void every_path_leads_to_the_root(void **state)
{
    (void)state;
    uint8_t path[MERKLE_MAX_PATH][HASH_LEN], root[HASH_LEN];
    size_t len;
    for (int k = TREE_JOURNAL; k <= TREE_BATCH; k++)
        for (size_t n = 1; n <= LEAVES; n++) {
            merkle_root((tree_kind)k, root, from(0), n);
            for (size_t i = 0; i < n; i++) {
                merkle_path((tree_kind)k, path, &len, from(0), n, i);
                assert_int_equal(
                    merkle_verify_inclusion((tree_kind)k, leaves[i], i, n, as_const(path), len, root),
                    SLUIS_OK);
            }
        }
}

/* Wrong index, size, length, leaf, node or tree: all refused. */
static void wrong_paths_are_refused(void **state)
{
    (void)state;
    uint8_t path[MERKLE_MAX_PATH + 1][HASH_LEN] = {{0}}, root[32];
    size_t len;
    for (size_t n = 1; n <= 17; n++)
        for (size_t i = 0; i < n; i++) {
            merkle_root(TREE_BATCH, root, from(0), n);
            merkle_path(TREE_BATCH, path, &len, from(0), n, i);
            const uint8_t(*p)[HASH_LEN] = as_const(path);
            for (size_t j = 0; j <= n + 1; j++)
                if (j != i)
                    assert_int_not_equal(merkle_verify_inclusion(TREE_BATCH, leaves[i], j, n, p, len, root),
                                         SLUIS_OK);
            assert_int_equal(merkle_verify_inclusion(TREE_BATCH, leaves[i], i, n, p, len + 1, root),
                             SLUIS_INVALID);
            if (len > 0)
                assert_int_equal(merkle_verify_inclusion(TREE_BATCH, leaves[i], i, n, p, len - 1, root),
                                 SLUIS_INVALID);
            assert_int_equal(merkle_verify_inclusion(TREE_BATCH, leaves[n], i, n, p, len, root),
                             SLUIS_CORRUPT);
            for (size_t j = 0; j < len; j++) {
                path[j][31] ^= 1;
                assert_int_equal(merkle_verify_inclusion(TREE_BATCH, leaves[i], i, n, p, len, root),
                                 SLUIS_CORRUPT);
                path[j][31] ^= 1;
            }
            if (n > 1)
                assert_int_equal(merkle_verify_inclusion(TREE_JOURNAL, leaves[i], i, n, p, len, root),
                                 SLUIS_CORRUPT);
        }
    assert_int_equal(merkle_root_from_path(TREE_BATCH, root, leaves[0], 0, 0, as_const(path), 0),
                     SLUIS_INVALID);
    assert_int_equal(merkle_root_from_path(TREE_BATCH, root, leaves[0], 0, UINT64_MAX, as_const(path), 65),
                     SLUIS_INVALID);
    assert_int_equal(merkle_root_from_path(TREE_BATCH, root, leaves[0], 0, UINT64_MAX, as_const(path), 64),
                     SLUIS_OK);
}

/* With a trail that the leaf before left behind: the answer is the same as without. */
static void near(merkle_trail *t, bool warm, size_t n, size_t i, const uint8_t *leaf, size_t index,
                 const uint8_t (*path)[HASH_LEN], size_t len, const uint8_t *root)
{
    uint8_t good[MERKLE_MAX_PATH][HASH_LEN];
    size_t good_len, before = (i * 5 + 3) % n;
    if (warm) {
        merkle_path(TREE_JOURNAL, good, &good_len, from(0), n, before);
        assert_int_equal(merkle_verify_inclusion_near(t, TREE_JOURNAL, leaves[before], before, n,
                                                      as_const(good), good_len, root),
                         SLUIS_OK);
    }
    assert_int_equal(merkle_verify_inclusion_near(t, TREE_JOURNAL, leaf, index, n, path, len, root),
                     merkle_verify_inclusion(TREE_JOURNAL, leaf, index, n, path, len, root));
}

static void a_trail_changes_no_answer(void **state)
{
    (void)state;
    static merkle_trail t;
    uint8_t path[MERKLE_MAX_PATH + 1][HASH_LEN] = {{0}}, root[32];
    size_t len;
    for (size_t n = 1; n <= 40; n++)
        for (size_t i = 0; i < n; i++)
            for (int warm = 0; warm < 2; warm++) {
                merkle_root(TREE_JOURNAL, root, from(0), n);
                merkle_path(TREE_JOURNAL, path, &len, from(0), n, i);
                const uint8_t(*p)[HASH_LEN] = as_const(path);
                near(&t, warm, n, i, leaves[i], i, p, len, root);
                near(&t, warm, n, i, leaves[n], i, p, len, root);
                for (size_t j = 0; j <= n; j++)
                    near(&t, warm, n, i, leaves[i], j, p, len, root);
                near(&t, warm, n, i, leaves[i], i, p, len + 1, root);
                near(&t, warm, n, i, leaves[i], i, p, len ? len - 1 : 0, root);
                for (size_t j = 0; j < len; j++) {
                    path[j][31] ^= 1;
                    near(&t, warm, n, i, leaves[i], i, p, len, root);
                    path[j][31] ^= 1;
                }
                root[0] ^= 1;
                assert_int_equal(
                    merkle_verify_inclusion_near(&t, TREE_JOURNAL, leaves[i], i, n, p, len, root),
                    SLUIS_CORRUPT);
            }
}

static void trees_that_grew_are_consistent(void **state)
{
    (void)state;
    uint8_t path[MERKLE_MAX_PATH + 1][HASH_LEN] = {{0}}, r1[32], r2[32];
    const uint8_t(*p)[HASH_LEN] = as_const(path);
    for (size_t n = 1; n <= 40; n++)
        for (size_t m = 1; m <= n; m++) {
            size_t len = 0;
            subproof(path, &len, m, 0, n, true);
            mth(TREE_JOURNAL, r1, 0, m);
            mth(TREE_JOURNAL, r2, 0, n);
            assert_int_equal(merkle_verify_consistency(m, n, r1, r2, p, len), SLUIS_OK);
            assert_int_equal(merkle_verify_consistency(m, n, r1, r2, p, len + 1), SLUIS_INVALID);
            if (len > 0)
                assert_int_equal(merkle_verify_consistency(m, n, r1, r2, p, len - 1), SLUIS_INVALID);
            if (m < n) {
                assert_int_equal(merkle_verify_consistency(m, n, r2, r1, p, len), SLUIS_CORRUPT);
                assert_int_equal(merkle_verify_consistency(n, m, r2, r1, p, len), SLUIS_INVALID);
            }
            r1[0] ^= 1;
            assert_int_equal(merkle_verify_consistency(m, n, r1, r2, p, len), SLUIS_CORRUPT);
            r1[0] ^= 1;
            r2[0] ^= 1;
            assert_int_equal(merkle_verify_consistency(m, n, r1, r2, p, len), SLUIS_CORRUPT);
        }
    assert_int_equal(merkle_verify_consistency(0, 0, r1, r1, p, 0), SLUIS_INVALID);
    assert_int_equal(merkle_verify_consistency(0, 1, r1, r1, p, 0), SLUIS_INVALID);
    assert_int_equal(merkle_verify_consistency(1, UINT64_MAX, r1, r2, p, 65), SLUIS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_hash),
        cmocka_unit_test(journal_root),
        cmocka_unit_test(roots_follow_the_definition),
        cmocka_unit_test(kinds_differ),
        cmocka_unit_test(every_path_leads_to_the_root),
        cmocka_unit_test(wrong_paths_are_refused),
        cmocka_unit_test(a_trail_changes_no_answer),
        cmocka_unit_test(trees_that_grew_are_consistent),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
