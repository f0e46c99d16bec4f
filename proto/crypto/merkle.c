/* RFC 9162 section 2.1. The tree of n leaves splits at the largest power of two below n; pairing each
 * level from the left and lifting an odd last node unchanged gives the same tree. */
#include "crypto/merkle.h"

#include <assert.h>
#include <string.h>

void merkle_leaf(uint8_t out[static HASH_LEN], const void *data, size_t n)
{
    static const uint8_t zero = 0x00;
    sha256(out, (bytes[]){{&zero, 1}, {data, n}}, 2);
}

void merkle_node(tree_kind k, uint8_t out[static HASH_LEN], const uint8_t left[static HASH_LEN],
                 const uint8_t right[static HASH_LEN])
{
    static const uint8_t one = 0x01;
    if (k == TREE_JOURNAL)
        sha256(out, (bytes[]){{&one, 1}, {left, HASH_LEN}, {right, HASH_LEN}}, 3);
    else
        hash_tagged(out, "sluis1-node", NULL, (bytes[]){{left, HASH_LEN}, {right, HASH_LEN}}, 2);
}

void merkle_root(tree_kind k, uint8_t out[static HASH_LEN], const uint8_t (*leaves)[HASH_LEN], size_t n)
{
    /* Roots of the complete subtrees so far, largest first: one for each bit set in the count. */
    uint8_t stack[MERKLE_MAX_PATH][HASH_LEN];
    size_t depth = 0;
    assert(n >= 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(stack[depth++], leaves[i], HASH_LEN);
        for (size_t done = i; done & 1; done >>= 1) {
            merkle_node(k, stack[depth - 2], stack[depth - 2], stack[depth - 1]);
            depth--;
        }
    }
    for (; depth > 1; depth--)
        merkle_node(k, stack[depth - 2], stack[depth - 2], stack[depth - 1]);
    memcpy(out, stack[0], HASH_LEN);
}

void merkle_path(tree_kind k, uint8_t (*path)[HASH_LEN], size_t *len, const uint8_t (*leaves)[HASH_LEN],
                 size_t n, size_t i)
{
    assert(i < n);
    size_t depth = 0;
    for (size_t m = n - 1, j = i; m > 0; m >>= 1, j >>= 1)
        depth += (j & 1) || j < m;
    *len = depth;
    /* From the root down: the sibling of the half that holds leaf i. */
    while (n > 1) {
        size_t half = 1;
        while (half < n - half)
            half *= 2;
        if (i < half) {
            merkle_root(k, path[--depth], leaves + half, n - half);
            n = half;
        } else {
            merkle_root(k, path[--depth], leaves, half);
            leaves += half;
            n -= half;
            i -= half;
        }
    }
}

/* One step of 2.1.3.2, point 4, from node r at (fn, sn) with its sibling. False: there is no step left. */
static bool climb(tree_kind k, uint64_t *fn, uint64_t *sn, uint8_t r[static HASH_LEN],
                  const uint8_t sibling[static HASH_LEN])
{
    if (*sn == 0)
        return false;
    if ((*fn & 1) || *fn == *sn) {
        merkle_node(k, r, sibling, r);
        while (!(*fn & 1) && *fn != 0) {
            *fn >>= 1;
            *sn >>= 1;
        }
    } else {
        merkle_node(k, r, r, sibling);
    }
    *fn >>= 1;
    *sn >>= 1;
    return true;
}

sluis_err merkle_root_from_path(tree_kind k, uint8_t root[static HASH_LEN],
                                const uint8_t leaf[static HASH_LEN], uint64_t index, uint64_t size,
                                const uint8_t (*path)[HASH_LEN], size_t len)
{
    if (index >= size || len > MERKLE_MAX_PATH)
        return SLUIS_INVALID;
    uint64_t fn = index, sn = size - 1;
    uint8_t r[HASH_LEN];
    memcpy(r, leaf, HASH_LEN);
    for (size_t i = 0; i < len; i++)
        if (!climb(k, &fn, &sn, r, path[i]))
            return SLUIS_INVALID;
    if (sn != 0)
        return SLUIS_INVALID;
    memcpy(root, r, HASH_LEN);
    return SLUIS_OK;
}

sluis_err merkle_verify_inclusion(tree_kind k, const uint8_t leaf[static HASH_LEN], uint64_t index,
                                  uint64_t size, const uint8_t (*path)[HASH_LEN], size_t len,
                                  const uint8_t root[static HASH_LEN])
{
    uint8_t r[HASH_LEN];
    sluis_err e = merkle_root_from_path(k, r, leaf, index, size, path, len);
    if (e)
        return e;
    return memcmp(r, root, HASH_LEN) == 0 ? SLUIS_OK : SLUIS_CORRUPT;
}

/* What follows from a state (fn, sn, node, rest of the path) is the same each time: equal to a state of the
 * trail, it leads to the trail's root. Steps are written down as they are made; those of a path that fails
 * are forgotten with the whole trail. */
sluis_err merkle_verify_inclusion_near(merkle_trail *t, tree_kind k, const uint8_t leaf[static HASH_LEN],
                                       uint64_t index, uint64_t size, const uint8_t (*path)[HASH_LEN],
                                       size_t len, const uint8_t root[static HASH_LEN])
{
    if (index >= size || len > MERKLE_MAX_PATH)
        return SLUIS_INVALID;
    size_t known = t->size == size && memcmp(t->root, root, HASH_LEN) == 0 ? t->len : 0;
    uint64_t fn = index, sn = size - 1;
    uint8_t r[HASH_LEN];
    memcpy(r, leaf, HASH_LEN);
    for (size_t i = 0; i < len; i++) {
        size_t left = len - i, from = MERKLE_MAX_PATH - left;
        if (left <= known && t->at[left].fn == fn && t->at[left].sn == sn &&
            memcmp(t->at[left].node, r, HASH_LEN) == 0 &&
            memcmp(t->path[from], path[i], left * HASH_LEN) == 0) {
            t->len = len;
            return SLUIS_OK;
        }
        t->at[left].fn = fn;
        t->at[left].sn = sn;
        memcpy(t->at[left].node, r, HASH_LEN);
        memcpy(t->path[from], path[i], HASH_LEN);
        if (!climb(k, &fn, &sn, r, path[i])) {
            t->size = 0;
            return SLUIS_INVALID;
        }
    }
    bool leads = sn == 0 && memcmp(r, root, HASH_LEN) == 0;
    t->size = leads ? size : 0;
    t->len = len;
    memcpy(t->root, root, HASH_LEN);
    return leads ? SLUIS_OK : sn ? SLUIS_INVALID : SLUIS_CORRUPT;
}

sluis_err merkle_verify_consistency(uint64_t size1, uint64_t size2, const uint8_t root1[static HASH_LEN],
                                    const uint8_t root2[static HASH_LEN], const uint8_t (*path)[HASH_LEN],
                                    size_t len)
{
    /* An empty tree proves nothing about a later one. */
    if (size1 == 0 || size1 > size2 || len > MERKLE_MAX_PATH)
        return SLUIS_INVALID;
    if (size1 == size2) {
        if (len != 0)
            return SLUIS_INVALID;
        return memcmp(root1, root2, HASH_LEN) == 0 ? SLUIS_OK : SLUIS_CORRUPT;
    }
    if (len == 0)
        return SLUIS_INVALID;

    uint64_t fn = size1 - 1, sn = size2 - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    /* When size1 is a power of two its root is the first node, and the path leaves it out. */
    size_t i = (size1 & (size1 - 1)) == 0 ? 0 : 1;
    uint8_t fr[HASH_LEN], sr[HASH_LEN];
    memcpy(fr, i == 0 ? root1 : path[0], HASH_LEN);
    memcpy(sr, fr, HASH_LEN);
    for (; i < len; i++) {
        if (sn == 0)
            return SLUIS_INVALID;
        if ((fn & 1) || fn == sn) {
            merkle_node(TREE_JOURNAL, fr, path[i], fr);
            merkle_node(TREE_JOURNAL, sr, path[i], sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(TREE_JOURNAL, sr, sr, path[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0)
        return SLUIS_INVALID;
    return memcmp(fr, root1, HASH_LEN) == 0 && memcmp(sr, root2, HASH_LEN) == 0 ? SLUIS_OK : SLUIS_CORRUPT;
}
