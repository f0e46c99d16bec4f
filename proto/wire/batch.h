/* Batches: one signature for up to BATCH_MAX messages. Leaf = message hash, shape of RFC 9162 2.1.1.
 *
 *  signed: "sluis/1 batch\n" 14 | suite u16 | sender OIN 20 | signing key id 16 | n u32 | root 32
 *
 * Thread: a tree and a cache belong to one thread. */
#ifndef SLUIS_WIRE_BATCH_H
#define SLUIS_WIRE_BATCH_H

#include "base/ids.h"
#include "crypto/crypto.h"
#include "crypto/merkle.h"
#include "wire/envelope.h"

#define BATCH_PATH          8 /* log2 BATCH_MAX */
#define BATCH_STATEMENT_LEN (14 + 2 + OIN_LEN + KEYID_LEN + 4 + HASH_LEN)

/* All nodes, level by level, so that every path costs no further hashing. */
typedef struct {
    size_t levels;
    size_t start[BATCH_PATH + 1], count[BATCH_PATH + 1];
    uint8_t nodes[2 * BATCH_MAX + BATCH_PATH][HASH_LEN];
} batch_tree;

/* The caller has put n (1..BATCH_MAX) leaves in t->nodes. */
void batch_tree_build(batch_tree *t, size_t n);
const uint8_t *batch_tree_root(const batch_tree *t);
/* Points path[0..) at the nodes of leaf i; returns their count. */
size_t batch_tree_path(const batch_tree *t, size_t i, const uint8_t *path[static BATCH_PATH]);

void batch_statement(uint8_t out[static BATCH_STATEMENT_LEN], uint16_t suite, const oin *sender,
                     const keyid *key, uint32_t n, const uint8_t root[static HASH_LEN]);

/* A hit only when statement, signature and public key are all those that verified before. */
bool root_cache_has(const root_cache *c, const uint8_t statement[static BATCH_STATEMENT_LEN],
                    const uint8_t sig[static SIG_LEN], const uint8_t pk[static PK_LEN]);
void root_cache_put(root_cache *c, const uint8_t statement[static BATCH_STATEMENT_LEN],
                    const uint8_t sig[static SIG_LEN], const uint8_t pk[static PK_LEN]);

#endif
