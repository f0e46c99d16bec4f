/* The journal's tables: keys, and the tree as the store holds it. Shared by writer, readers and verifier.
 * Thread: the transaction's. */
#ifndef SLUIS_JOURNAL_JOURNAL_STORE_H
#define SLUIS_JOURNAL_JOURNAL_STORE_H

#include "journal/edge.h"
#include "journal/journal.h"

#define META_JOURNAL "journal"
#define TILE_KEY_LEN 9
#define TXINDEX_LEN  (UUID_LEN + 8)
#define RECORD_MAX   (256u << 10) /* bytes of one packed record */
#define RECORD_ARENA (1u << 20)   /* decoded */

void tile_key(uint8_t out[static TILE_KEY_LEN], unsigned level, uint64_t tile);
void txindex_key(uint8_t out[static TXINDEX_LEN], const uint8_t transaction[static UUID_LEN], uint64_t index);

/* Perfect nodes of a tree of this size out of LEAF and TILE. */
typedef struct {
    store_txn *t;
    uint64_t size;
} stored_tree;
tree_source stored_tree_source(stored_tree *s);

/* The leaf as stored: NOT_FOUND, CORRUPT when its bytes are not a leaf. */
sluis_err leaf_read(store_txn *t, uint64_t index, uint8_t raw[static LEAF_LEN], leaf *out);

/* Opens a RECORD value under its day key and checks it against the leaf; plain gets salt | record. CORRUPT.
 */
sluis_err record_open(buffer *plain, const uint8_t key[static KEY_LEN], uint64_t index, const leaf *l,
                      bytes stored);

#endif
