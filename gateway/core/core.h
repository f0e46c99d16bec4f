/* The one writer. Takes everything that waits (bounded), restores the bus's order, does it in one synced
 * transaction, and only then lets acknowledgements and deliveries out. No timer when idle: a lone message
 * commits at once. Ends when it receives NULL. */
#ifndef SLUIS_CORE_CORE_H
#define SLUIS_CORE_CORE_H

#include "flow/job.h"
#include "flow/parts.h"

/* Before any thread runs, so that what cannot start says so to its caller: the next origin of a restored
 * store; the gateway's own entry into the directory and the journal, when it is not there or with other keys;
 * and the rules, when they are others than were in force last, and may come after those. */
sluis_err core_begin(const parts *p, sluis_fail *f);
void *core_run(void *parts_borrowed); /* a pthread body */

#endif
