/* The bus thread: the sockets, the sessions, credit and delivery. It numbers submissions, never reads a body,
 * and blocks on nothing but its own poll. A first NULL on its channel closes the pools (from then on nobody
 * is heard), a second one ends it. */
#ifndef SLUIS_BUS_BUS_H
#define SLUIS_BUS_BUS_H

#include "flow/job.h"
#include "flow/parts.h"

void *bus_run(void *parts_borrowed); /* a pthread body */

#endif
