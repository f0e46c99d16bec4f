/* The link between two municipalities' gateways: at each bus it stands as the other municipality, and what is
 * delivered to it there it submits at the other's, byte for byte. It cannot read a message, make one, or
 * change one: those are sealed and signed by the gateways, and it holds transport keys alone. It keeps
 * nothing: a delivery is done when the other bus has acknowledged it, so that after a kill it comes again,
 * and is known there. What the other bus will never take goes back with its reason; what it cannot take now
 * waits in the outbox it came from, until it expires.
 *
 * It also tells each gateway the other's next sealing key, signed by the other, as its directory has it.
 *
 * A thread a side, each with its client; they pass messages, by a pipe each way. */
#ifndef SLUIS_LINK_LINK_H
#define SLUIS_LINK_LINK_H

#include "link/settings.h"

typedef struct link_pair link_pair;

/* Reads the keys and starts both threads; s is borrowed. A gateway that is not there yet is waited for. */
sluis_err link_start(link_pair **out, const link_settings *s, sluis_fail *f);
/* Ends both and frees it. */
void link_stop(link_pair **l);

#endif
