/* The outbox's rows: two tables that stand and fall together (OUTBOX, ATTEMPT). Internal to core/;
 * what handlers use is in turn.h. Thread: core. */
#ifndef SLUIS_CORE_OUTBOX_H
#define SLUIS_CORE_OUTBOX_H

#include "core/turn.h"
#include "wire/envelope.h"

#define OUTBOX_KEY   (OIN_LEN + 8) /* recipient | sequence u64 */
#define OUTBOX_FENCE UINT64_MAX    /* the sequence of a row that is no delivery, seen within a turn only */

/* Queues a whole envelope under the next sequence number, with the receipt of the turn's entry. */
sluis_err outbox_put(turn *t, const oin *to, bytes whole, uint64_t expires, uint64_t *seq);
/* Takes the fences away; before the commit. */
sluis_err outbox_finish(turn *t);
/* The envelope, owned by the caller. NOT_FOUND, CORRUPT. */
sluis_err outbox_get(turn *t, const uint8_t key[static OUTBOX_KEY], envelope **out);
/* NOT_FOUND when there is none (any more). */
sluis_err outbox_delete(turn *t, const uint8_t key[static OUTBOX_KEY]);
/* How many attempts failed; 0 when none did. */
sluis_err outbox_attempts(turn *t, const uint8_t key[static OUTBOX_KEY], uint32_t *n);

#endif
