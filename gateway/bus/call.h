/* Calls of sluis-http: to the verify pool for their token, then to the read pool, and to core when they
 * change something; each comes by here between its stages. Thread: the bus. */
#ifndef SLUIS_BUS_CALL_H
#define SLUIS_BUS_CALL_H

#include "bus/thread.h"

/* A frame with a call: on its way, or refused when too much is in flight. */
void call_frame(bus *b, const bus_event *ev);
/* A call that comes back from a stage: to the next, or answered and freed. */
void call_route(bus *b, job *j);

#endif
