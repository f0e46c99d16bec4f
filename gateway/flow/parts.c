#include "flow/parts.h"

#define CAPACITY_MAX (1 << 29) /* ZeroMQ adds the two ends' marks in an int */

int parts_channel_capacity(const parts *p)
{
    /* Each admitted message is in one channel at a time, and is done for at most once while core does not go
     * on; as much upkeep may wait when what waits in the outbox is still fetched; a session adds a fetch and
     * the dones of what it had under way. A high-water mark reserves nothing. */
    const settings *s = p->settings;
    uint64_t n = 3 * (uint64_t)s->in_flight + (uint64_t)s->max_sessions * (s->session_credit + 2) + 64;
    return n < CAPACITY_MAX ? (int)n : CAPACITY_MAX;
}
