/* Brings a store of an earlier format to this program's (tables/tables.h), before anything else opens it.
 *
 * Each step from one version to the next reads the old store from end to end and writes a new one beside it;
 * the old one is touched by nothing but the change of names at the end:
 *
 *   DIR/store.next   the new one, until it is whole and synced
 *   DIR/store        renamed to store.old; then store.next takes its name; then store.old goes away
 *
 * Killed at any moment, the next call finds by the names where it stood: without store.old the new one counts
 * for nothing and is begun again; with it the new one is whole. A row that fails its check ends the step, and
 * the old store stays. The key file is read, never written.
 *
 * Thread: one, before others start. No other program may hold the store (CONFLICT). */
#ifndef SLUIS_UPGRADE_UPGRADE_H
#define SLUIS_UPGRADE_UPGRADE_H

#include "crypto/crypto.h"
#include "store/store.h"

#define UPGRADE_OLDEST 1 /* the earliest version that is still read */

typedef struct {
    uint32_t from, to;    /* versions of this step */
    uint64_t done, total; /* rows read */
} upgrade_progress;

typedef struct {
    const char *dir;                                           /* holds store and keys.slots */
    uint64_t map_bytes;                                        /* address space for each of the two stores */
    const uint8_t *km;                                         /* 32 bytes: the master key */
    void (*on_progress)(void *ctx, const upgrade_progress *p); /* at least every 4 MiB; NULL: silent */
    void *ctx;
} upgrade_options;

/* Nothing to do when there is no store, or it is of this version. VERSION: newer than this program, or older
 * than it can read; CORRUPT: f names the table and the row; NO_SPACE: f says how much is needed; CONFLICT;
 * IO. Whatever it returns, the store is whole: as it was, or of a later version. */
sluis_err upgrade_store(const upgrade_options *o, sluis_fail *f);

#endif
