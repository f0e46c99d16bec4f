/* The outbox's rows: three tables that stand and fall together (OUTBOX, EXPIRY, ATTEMPT). Internal to core/;
 * what handlers use is in turn.h. Thread: core. */
#ifndef SLUIS_CORE_OUTBOX_H
#define SLUIS_CORE_OUTBOX_H

#include "core/turn.h"

#define OUTBOX_KEY (OIN_LEN + 8) /* recipient | sequence u64 */

/* Queues the row under the next sequence number. */
sluis_err outbox_put(turn *t, const oin *to, const Sluis__OutboxRow *row, uint64_t *seq);
/* The row in an arena of its own, which the caller frees (whatever is returned): it holds a whole message,
 * and a turn takes many. NOT_FOUND. */
sluis_err outbox_get(turn *t, const uint8_t key[static OUTBOX_KEY], arena **a, Sluis__OutboxRow **out);
/* expires: the row's. */
sluis_err outbox_delete(turn *t, const uint8_t key[static OUTBOX_KEY], uint64_t expires);
/* How many attempts failed; 0 when none did. */
sluis_err outbox_attempts(turn *t, const uint8_t key[static OUTBOX_KEY], uint32_t *n);

#endif
