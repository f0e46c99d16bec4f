/* The numbers that go on from turn to turn, as last used. META "sequences": outbox u64 | event u64 | save
 * u64; of before saves had numbers without the last. Thread: the transaction's. */
#ifndef SLUIS_TABLES_SEQUENCES_H
#define SLUIS_TABLES_SEQUENCES_H

#include "tables/rows.h"

typedef struct {
    uint64_t outbox; /* of what waits for its recipient */
    uint64_t event;  /* tables/event_key.h */
    uint64_t
        save; /* of a request (RequestRow, filed and changed): by it a reader is told what changed since */
} sequences;

/* All 0 in a store that has none. CORRUPT. */
sluis_err sequences_load(store_txn *t, const row_keys *k, sequences *out);
sluis_err sequences_write(store_txn *t, const row_keys *k, const sequences *last);

#endif
