/* Where tiles lie in C2SP tlog-tiles: tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>]. N is written in
 * groups of three digits, all but the last with an x before it: 1234067 is x001/x234/067. W, 1 to 255, is the
 * width of a tile that is not full. Thread: pure. */
#ifndef SLUIS_JOURNAL_TILE_PATH_H
#define SLUIS_JOURNAL_TILE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TILE_WIDTH    256
#define TILE_PATH_MAX 64 /* bytes, its NUL included */

/* "tile/<tree>/<N>" or "tile/<tree>/<N>.p/<W>"; tree: "0" to "7", or "entries". */
void tile_path_format(char out[static TILE_PATH_MAX], const char *tree, uint64_t tile, size_t width);
/* What follows the tree: "<N>" or "<N>.p/<W>", as it would be written and in no other way. */
bool tile_path_parse(const char *s, uint64_t *tile, uint32_t *width);

#endif
