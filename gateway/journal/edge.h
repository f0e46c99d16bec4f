/* The growing side of the tree in memory: for each level of tiles, the tiles that have changed since the last
 * mark, with all their perfect nodes. Appending is O(1) amortised, and every path of an entry appended since
 * the mark is found here without a read. A level L tile holds 256 nodes of height 8L.
 * Thread: one. */
#ifndef SLUIS_JOURNAL_EDGE_H
#define SLUIS_JOURNAL_EDGE_H

#include "journal/tree.h"

#define TILE_HASHES 256
#define TILE_INNER  3 /* heights of its inner nodes that are stored: 2, 4, 6 */
#define TILE_LEVELS 8

typedef struct edge edge;

sluis_err edge_new(edge **out);
void edge_free(edge **e);

uint64_t edge_size(const edge *e);
/* Appends a leaf hash. Tiles of levels 0..*touched-1 changed in a way that the store keeps: see edge_tile.
 * *touched is 0 for most leaves (a level 0 tile is kept once it is full). */
sluis_err edge_append(edge *e, const uint8_t hash[static HASH_LEN], unsigned *touched);
/* After an append: the tile of this level that it changed. hashes: its n entries; inner[i]: the roots over
 * each whole group of 4, 16, 64 of these. Borrowed until the next append. */
typedef struct {
    uint64_t tile;
    const uint8_t *hashes, *inner[TILE_INNER];
    size_t n;
} edge_part;
edge_part edge_tile(const edge *e, unsigned level);
/* From here on only what is appended later is kept for paths. Back: forgets what was appended since. */
void edge_mark(edge *e);
void edge_back(edge *e);

/* Makes a new edge one of this size; then the last tile of each level (that of entry (size >> 8 * level) -
 * 1), for level 0, 1, ... while size >> 8 * level is not 0: its n hashes up to and with that entry. */
sluis_err edge_load(edge *e, uint64_t size);
void edge_load_tile(edge *e, unsigned level, const uint8_t *hashes, size_t n);

tree_source edge_source(edge *e);

#endif
