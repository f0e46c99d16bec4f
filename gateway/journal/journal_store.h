/* The journal's tables: keys, and the tree as the store holds it. Shared by writer, readers and verifier.
 * Thread: the transaction's. */
#ifndef SLUIS_JOURNAL_JOURNAL_STORE_H
#define SLUIS_JOURNAL_JOURNAL_STORE_H

#include "journal/edge.h"
#include "journal/journal.h"

#define META_JOURNAL "journal"
#define META_TAIL    "tail"   /* size u64 | hashes of the tree_tail of the checkpoint, lowest first */
#define META_ORIGIN  "origin" /* index u64 of the entry that opened the origin in force; absent: 0 */
#define TILE_KEY_LEN 9
#define TXINDEX_LEN  (UUID_LEN + 8)
#define RECORD_MAX   (256u << 10) /* bytes of one packed record */
#define RECORD_ARENA (1u << 20)   /* decoded */

void tile_key(uint8_t out[static TILE_KEY_LEN], unsigned level, uint64_t tile);
void txindex_key(uint8_t out[static TXINDEX_LEN], const uint8_t transaction[static UUID_LEN], uint64_t index);

/* A tile as it is stored: its hashes, and behind them the roots over each whole group of 4, then of 16, then
 * of 64, so that a path takes 4 hashings out of a tile and not 247. */
void tile_write(buffer *out, const edge_part *p);
/* How many entries a stored tile holds; 0: it is none. */
size_t tile_count(bytes value);

/* Perfect nodes of a tree of this size out of LEAF and TILE. */
typedef struct {
    store_txn *t; /* a snapshot */
    uint64_t size;
    upper_nodes *upper; /* NULL: none are remembered */
    /* The tile looked at last, most often the next one, too; at is of it, n its entries, 0: none. */
    uint8_t key[TILE_KEY_LEN];
    const uint8_t *at;
    size_t n;
} stored_tree;
tree_source stored_tree_source(stored_tree *s);

/* The tail of the checkpoint, kept with it: computing it anew may take 255 leaves. It is checked by whoever
 * uses it, against a root. */
sluis_err tail_store(store_txn *t, const tree_tail *tail);
/* CORRUPT: the stored one is another, or missing. */
sluis_err tail_check(store_txn *t, const tree_tail *tail);
/* The stored one when the tree is of this size, else computed. */
sluis_err tail_at(tree_tail *out, stored_tree *st);

/* The leaf as stored: NOT_FOUND, CORRUPT when its bytes are not a leaf. */
sluis_err leaf_read(store_txn *t, uint64_t index, uint8_t raw[static LEAF_LEN], leaf *out);

/* Opens a RECORD value under its day key and checks it against the leaf; plain gets salt | record. CORRUPT.
 */
sluis_err record_open(buffer *plain, const uint8_t key[static KEY_LEN], uint64_t index, const leaf *l,
                      bytes stored);

#endif
