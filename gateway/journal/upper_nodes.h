/* Nodes of the tree above level 0's tiles, as far as a thread has met them: each is the root of whole tiles
 * and never changes again. The store keeps every second height of a tile alone, so that without this a path
 * of a large journal reads and hashes for what is the same each time. Bounded: a node gives way to another
 * that falls into its place. It is trusted no more than the store is: whoever makes a path of it checks that
 * against a root. Thread: the one that made it. */
#ifndef SLUIS_JOURNAL_UPPER_NODES_H
#define SLUIS_JOURNAL_UPPER_NODES_H

#include "crypto/merkle.h"

#define UPPER_HEIGHT 8     /* the lowest that is kept */
#define UPPER_NODES  65536 /* at most, of 40 bytes: all above 16 million entries */

typedef struct upper_nodes upper_nodes;

upper_nodes *upper_nodes_new(void); /* NULL: out of memory */
void upper_nodes_free(upper_nodes **u);
/* height: from UPPER_HEIGHT on. False: it is not here. */
bool upper_nodes_get(const upper_nodes *u, unsigned height, uint64_t index, uint8_t out[static HASH_LEN]);
void upper_nodes_put(upper_nodes *u, unsigned height, uint64_t index, const uint8_t hash[static HASH_LEN]);

#endif
