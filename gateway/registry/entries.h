/* What stands under a person in the order of the journal: the entries of the dossier, and what entries
 * settled. Of a person who was merged a part may still stand under the name of before, on its way
 * (core/merge.h): both are gone over as one, so that no reader sees half a dossier. Thread: functions take
 * the caller's transaction. */
#ifndef SLUIS_REGISTRY_ENTRIES_H
#define SLUIS_REGISTRY_ENTRIES_H

#include "base/ids.h"
#include "tables/rows.h"
#include "tables/tables.h"

#define ENTRY_KEY (ID_LEN + 8) /* sid|journal index u64 */

typedef struct {
    store_cursor *c[2]; /* under the person, and under the name of before; NULL: no more there */
    bytes key[2], sealed[2];
    int given; /* whose row was returned last: it steps on at the next call; -1: none */
} entry_walk;

/* Rows of DOSSIER or SETTLED from this journal index on. */
sluis_err entries_open(entry_walk *x, store_txn *t, const row_keys *k, gateway_table table, const id16 *sid,
                       uint64_t from);
/* The next one, as it stands: for row_open. Valid until the next call or write. NOT_FOUND at the end. */
sluis_err entries_next(entry_walk *x, bytes *key, bytes *sealed);
void entries_close(entry_walk *x); /* whatever entries_open returned */
/* One row of DOSSIER or SETTLED, and the key that it stands under. NOT_FOUND. */
sluis_err entries_get(store_txn *t, const row_keys *k, gateway_table table, const id16 *sid,
                      uint64_t journal_index, uint8_t key[static ENTRY_KEY], bytes *sealed);

/* The name under which part of this person's dossier still stands. NOT_FOUND: it is whole. */
sluis_err entries_moving(store_txn *t, const row_keys *k, const id16 *sid, id16 *from);

#endif
