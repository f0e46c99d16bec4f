/* Checks the file of an LMDB store by reading its pages itself, before an engine maps and trusts them: LMDB
 * has no checksums, follows what a page says, and can be led out of the file. For offline verification of a
 * copy.
 *
 * Everything that a reader of the store would follow is checked: both meta pages, every page of every tree,
 * its place, kind, bounds and order of keys, the counts, and that each page is either in one tree or free.
 * What the values say is not known here. Thread: pure. */
#ifndef SLUIS_STORE_STORE_CHECK_H
#define SLUIS_STORE_STORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define STORE_FILE "data.mdb"

/* Where a defect was found: the table ("" = none of them) and the key at or before it (empty = none). */
typedef struct {
    uint64_t page;
    char table[64];
    uint8_t key[64];
    size_t key_len;
} store_spot;

/* Called for each byte range [from, to) whose bytes hold nothing: no reader looks at them, or (a separator
 * key within a tree) another value in the same order changes nothing that is read. */
typedef void (*store_free_range)(void *ctx, uint64_t from, uint64_t to);

/* path: the store's folder. visit may be NULL. CORRUPT: f says what, spot where. NOT_FOUND, IO. */
sluis_err store_check_file(const char *path, store_free_range visit, void *ctx, store_spot *spot,
                           sluis_fail *f);

#endif
