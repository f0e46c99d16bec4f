/* How cooperation with each party goes: shares of what was refused, answered late, and failed, each a moving
 * share of about the last 20 requests. A share that rises to what was agreed with the party's domain
 * (policy/levels.h; limits.signal_on where nothing was) raises a signal, which falls only when the share is
 * below the agreed restored_percent (signal_off) again: an event, a line in the log, a metric. Nothing is
 * decided by it.
 *
 * Kept in memory and written down in housekeeping, so that an answer costs no row; a crash may lose the
 * counts of the last second, never half a signal.
 *
 *   META "cooperation/" OIN 20   CooperationRow
 *
 * Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_COOPERATION_H
#define SLUIS_CORE_COOPERATION_H

#include "core/turn.h"

#define COOPERATION_PREFIX "cooperation/"
#define SHARE_ONE          1000000u /* the whole */

sluis_err cooperation_load(cooperation **out, const parts *p, store_txn *t);
void cooperation_free(cooperation **c);

/* An answer came: what share of it was refused, and whether it was late. */
void cooperation_answered(turn *t, const char *whom, uint32_t refused, bool late);
/* The time to answer is over. */
void cooperation_late(turn *t, const char *whom);
/* What was sent to it came back, or what it sent could not be taken. */
void cooperation_failed(turn *t, const char *whom);

/* Writes down what changed, and raises and drops signals; in housekeeping, before the turn is finished. */
sluis_err cooperation_step(cooperation *c, turn *t);
/* The turn was committed, or not: what it noted holds, or has not happened. */
void cooperation_committed(cooperation *c, bool stepped);
void cooperation_rolled_back(cooperation *c);

#endif
