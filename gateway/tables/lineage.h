/* What a store knows of being a copy. A copy says so itself, so that nobody starts a gateway on it by
 * accident and makes a second history under the first one's name; `sluisctl restore` adds what is known of
 * the log it was copied from.
 *
 *   META "copy"      made at u64 | ~u64, UTC ms
 *   META "restore"   the newest checkpoint known, a signed note; "-": none newer than the copy
 *
 * Both are plain rows, like META "journal": a copy is marked where no key is at hand. Thread: the
 * transaction's. */
#ifndef SLUIS_TABLES_LINEAGE_H
#define SLUIS_TABLES_LINEAGE_H

#include "store/store.h"

#define META_COPY    "copy"
#define META_RESTORE "restore"

sluis_err lineage_mark_copy(store_txn *t, uint64_t now);
/* note.n 0: none is known. */
sluis_err lineage_mark_restore(store_txn *t, uint64_t now, bytes note);
/* *note is borrowed as store_get's; p NULL: none. CORRUPT. */
sluis_err lineage_read(store_txn *t, bool *copy, bool *restore, bytes *note);
sluis_err lineage_clear(store_txn *t);
/* A META row of this file, as `journal verify` meets it. */
bool lineage_row_valid(bytes key, bytes value);

#endif
