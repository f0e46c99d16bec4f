/* What witnesses brought back: for each the newest checkpoint it cosigned, whole, in META
 * "cosigned:<witness>". A cosignature is no entry: it proves itself, and an entry of it would only ask for
 * the next one. Thread: the transaction's. */
#ifndef SLUIS_JOURNAL_COSIGNED_H
#define SLUIS_JOURNAL_COSIGNED_H

#include "crypto/note.h"
#include "tables/rows.h"

/* In core's transaction; note was checked. An older one than what is kept changes nothing. */
sluis_err cosigned_put(store_txn *t, const row_keys *k, const char *witness, bytes note);
/* The largest of this origin. NOT_FOUND: none yet; CORRUPT. note: NOTE_MAX bytes. */
sluis_err cosigned_newest(store_txn *t, const row_keys *k, const char *origin, char *note, size_t *n,
                          checkpoint *cp);

#endif
