/* The read pool: decides, decrypts and assembles on snapshots of at most 100 ms; turns an API request into a
 * sealed, signed envelope on the application's behalf; fetches what waits in the outbox.
 * Each worker is a thread with its own sealing epoch. It ends when it receives NULL. */
#ifndef SLUIS_READ_READ_H
#define SLUIS_READ_READ_H

#include "flow/job.h"
#include "flow/parts.h"

void *read_run(void *parts_borrowed); /* a pthread body */

#endif
