/* The operators' side of the control socket: status, parties, tracing, copies for offline verification.
 * A thread of its own; what it reads comes from snapshots, what it changes goes through core. */
#ifndef SLUIS_OPERATOR_OPERATOR_H
#define SLUIS_OPERATOR_OPERATOR_H

#include "flow/parts.h"

typedef struct {
    const parts *p;
    int stop_fd;             /* readable: end */
    int reload_fd;           /* non-blocking eventfd; written to: read the rules anew */
    uint64_t started;        /* UTC ms */
    seal_ring **first_seals; /* those of the start, let go when core and this thread have their own */
} operator_task;

void *operator_run(void *task_borrowed); /* a pthread body */

#endif
