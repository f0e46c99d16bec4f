/* The verify pool: decodes, checks signatures and tokens, opens what is sealed to the registry.
 * Each worker is a thread with caches of its own. It ends when it receives NULL. */
#ifndef SLUIS_VERIFY_VERIFY_H
#define SLUIS_VERIFY_VERIFY_H

#include "flow/job.h"
#include "flow/parts.h"

void *verify_run(void *parts_borrowed); /* a pthread body */

#endif
