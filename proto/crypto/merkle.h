/* Two Merkle trees of one shape (RFC 9162 section 2.1): SHA-256 for the journal (0x00 leaf, 0x01 node),
 * BLAKE2b for batches (leaf = message hash as it is, node = H("sluis1-node",-,left|right)).
 * Thread: pure. */
#ifndef SLUIS_CRYPTO_MERKLE_H
#define SLUIS_CRYPTO_MERKLE_H

#include "crypto/crypto.h"

#define MERKLE_MAX_PATH 64
#define BATCH_MAX       256

typedef enum { TREE_JOURNAL, TREE_BATCH } tree_kind;

void merkle_leaf(uint8_t out[static HASH_LEN], const void *data, size_t n); /* SHA-256(0x00 | data) */
void merkle_node(tree_kind k, uint8_t out[static HASH_LEN], const uint8_t left[static HASH_LEN],
                 const uint8_t right[static HASH_LEN]);
void merkle_root(tree_kind k, uint8_t out[static HASH_LEN], const uint8_t (*leaves)[HASH_LEN],
                 size_t n); /* n >= 1 */
/* Path of leaf i of n; *len <= MERKLE_MAX_PATH. */
void merkle_path(tree_kind k, uint8_t (*path)[HASH_LEN], size_t *len, const uint8_t (*leaves)[HASH_LEN],
                 size_t n, size_t i);

/* RFC 9162 2.1.3.2: the root that leaf hash, index, size and path lead to; INVALID when the path's length
 * is not exactly what the shape demands or index >= size. Inclusion: CORRUPT when the root differs. */
sluis_err merkle_root_from_path(tree_kind k, uint8_t root[static HASH_LEN],
                                const uint8_t leaf[static HASH_LEN], uint64_t index, uint64_t size,
                                const uint8_t (*path)[HASH_LEN], size_t len);
sluis_err merkle_verify_inclusion(tree_kind k, const uint8_t leaf[static HASH_LEN], uint64_t index,
                                  uint64_t size, const uint8_t (*path)[HASH_LEN], size_t len,
                                  const uint8_t root[static HASH_LEN]);
/* The last path that led to a root, step by step. Another leaf of that tree mostly joins it a few steps up:
 * from there on the rest of its path is compared, not hashed. Starts zeroed. */
typedef struct {
    uint64_t size; /* of the tree; 0: none yet */
    uint8_t root[HASH_LEN];
    size_t len;
    struct {
        uint64_t fn, sn;
        uint8_t node[HASH_LEN];
    } at[MERKLE_MAX_PATH + 1];               /* by the number of steps still to go */
    uint8_t path[MERKLE_MAX_PATH][HASH_LEN]; /* stands at the end */
} merkle_trail;

/* The same answer as merkle_verify_inclusion, for less when the trail is of this tree. */
sluis_err merkle_verify_inclusion_near(merkle_trail *t, tree_kind k, const uint8_t leaf[static HASH_LEN],
                                       uint64_t index, uint64_t size, const uint8_t (*path)[HASH_LEN],
                                       size_t len, const uint8_t root[static HASH_LEN]);
/* RFC 9162 2.1.4.2; the journal's tree. size1 == size2 needs equal roots and an empty path;
 * size1 == 0 is refused, for there is nothing to prove.
 * INVALID: the sizes or the path's length cannot be; CORRUPT: the hashes lead elsewhere. */
sluis_err merkle_verify_consistency(uint64_t size1, uint64_t size2, const uint8_t root1[static HASH_LEN],
                                    const uint8_t root2[static HASH_LEN], const uint8_t (*path)[HASH_LEN],
                                    size_t len);

#endif
