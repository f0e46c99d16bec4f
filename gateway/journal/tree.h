/* Roots and inclusion paths of a tree of any size (RFC 9162 section 2.1), from its perfect nodes.
 * Node (height, index) is the root over leaves [index << height, (index + 1) << height).
 * Thread: pure. */
#ifndef SLUIS_JOURNAL_TREE_H
#define SLUIS_JOURNAL_TREE_H

#include "crypto/merkle.h"

/* Where perfect nodes come from; asked only for nodes that lie wholly within the tree. */
typedef struct {
    sluis_err (*node)(void *ctx, unsigned height, uint64_t index, uint8_t out[static HASH_LEN]);
    void *ctx;
} tree_source;

/* The last node of each height of a tree: hash[h] is the root over all leaves from ((size-1) >> h) << h on.
 */
typedef struct {
    uint64_t size;
    unsigned height; /* hash[height] is the root */
    uint8_t hash[MERKLE_MAX_PATH + 1][HASH_LEN];
} tree_tail;

sluis_err tree_tail_of(tree_tail *out, uint64_t size, const tree_source *src); /* size >= 1 */
/* The path of leaf index in the tree that the tail belongs to; *len <= MERKLE_MAX_PATH. INVALID: beyond it.
 */
sluis_err tree_path(uint8_t (*path)[HASH_LEN], size_t *len, const tree_tail *t, uint64_t index,
                    const tree_source *src);
/* The proof that the tree of the tail goes on from that of old leaves (RFC 9162 2.1.4.1), as
 * merkle_verify_consistency takes it; *len <= MERKLE_MAX_PATH + 1. INVALID: old is 0, or beyond the tree. */
sluis_err tree_consistency(uint8_t (*path)[HASH_LEN], size_t *len, const tree_tail *t, uint64_t old,
                           const tree_source *src);

#endif
