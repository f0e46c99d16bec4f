#include "bus/thread.h"

#include "flow/fatal.h"

bool flight_has_room(const bus *b, size_t n)
{
    const settings *s = b->p->settings;
    return b->in_flight < s->in_flight && b->in_flight_bytes + job_weight(n) <= s->in_flight_bytes;
}

void flight_begin(bus *b, job *j)
{
    b->in_flight++;
    b->in_flight_bytes += j->weight;
    METRIC_SET(b->p->metrics, bus_in_flight, b->in_flight);
}

void flight_end(bus *b, job *j)
{
    b->in_flight--;
    b->in_flight_bytes -= j->weight;
    METRIC_SET(b->p->metrics, bus_in_flight, b->in_flight);
    job_free(&j);
}

void bus_pass(channel *to, job *j)
{
    if (channel_send(to, j))
        fatal("bus.send", SLUIS_FULL, "a channel is smaller than what may be in flight");
}
