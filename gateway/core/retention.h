/* Forgetting what is over. Once a day a pass goes over the leaves, a bounded number a turn, and deletes the
 * records whose keep-until day has passed; its last turn writes an intent for the key of each (class, day)
 * found, and where the next pass begins. The keys are erased after that commit (registry/intents.h), so a
 * crash at any point leaves either a pass to be done again or intents to be replayed.
 *
 *   META "retention"   start u64: every entry below it is gone, or kept always | done u32: the day of the
 * last whole pass
 *
 * The clock decides what is over: the day is that of the turn. Thread: core. */
#ifndef SLUIS_CORE_RETENTION_H
#define SLUIS_CORE_RETENTION_H

#include "core/turn.h"

#define RETENTION_DAYS 64 /* keys a pass; what is beyond it waits for another pass at once */

typedef struct {
    uint8_t klass;
    uint32_t day;
} retention_day;

typedef struct {
    uint64_t start; /* as in META */
    uint32_t done;
    uint32_t day; /* of the pass that is going on; 0: none */
    uint64_t next, kept;
    bool found_kept, more;
    retention_day over[RETENTION_DAYS];
    size_t n;
    bool keys_wait;   /* intents were written: intents_replay after the commit */
    uint64_t removed; /* records, since the start */
} retention;

sluis_err retention_load(retention *r, store_txn *t, const row_keys *rows);
/* One step over at most max entries, in this turn; r is to be kept only when the turn commits. A record that
 * fails its check is logged and left to the erasure of its key. */
sluis_err retention_step(retention *r, turn *t, uint64_t max);

#endif
