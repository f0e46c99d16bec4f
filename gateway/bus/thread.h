/* What the rooms of the bus thread share: its state, what may be in flight, the way to the other threads.
 * Nothing here is seen outside this folder. Thread: the bus. */
#ifndef SLUIS_BUS_THREAD_H
#define SLUIS_BUS_THREAD_H

#include "bus/frames.h"
#include "bus/members.h"
#include "bus/rates.h"
#include "bus/sessions.h"
#include "crypto/note.h"
#include "flow/job.h"
#include "flow/parts.h"
#include "session/bus_server.h"
#include "verify/verify.h"

#define TICK_MS 500 /* the longest wait of the poll */

typedef struct bus {
    const parts *p;
    bus_server *server;
    channel *in, *verify, *read, *core;
    verifier *own; /* for a message that is alone */
    sessions *sessions;
    rates *rates;        /* of applications */
    token_cache *tokens; /* that the pool has verified */
    rates *strangers;    /* calls refused for their token, of everybody */
    directory *dir;
    seal_ring *seals;
    rules *rules;
    members members;
    char origin[ORIGIN_MAX + 1]; /* the journal's, and the entry that opened it */
    uint64_t origin_from;
    buffer frame;
    uint64_t order, generation;
    uint32_t in_flight, fetches;
    uint64_t in_flight_bytes;
    /* gathered: submissions of one party for the pool, and accepted ones whose acks are due */
    job *chain, *chain_end;
    size_t chain_length;
    job *told[ACKS_MAX];
    size_t told_count;
    unsigned gathering; /* events since the first of them */
    uint64_t ticked;
    int nulls;
} bus;

/* Jobs in flight and what they hold, bounded by the settings in_flight and in_flight_bytes: room for one more
 * of n bytes; counts it; counts it off and frees it. */
bool flight_has_room(const bus *b, size_t n);
void flight_begin(bus *b, job *j);
void flight_end(bus *b, job *j);
/* Gives j (NULL: the end) to another thread. A channel has room for all in flight: full is fatal. */
void bus_pass(channel *to, job *j);

#endif
