/* What a party says over its connection, and what it is told about that: hello, submissions and their acks,
 * confirmations, receipts, renewals of its sealing keys. Thread: the bus. */
#ifndef SLUIS_BUS_PEER_H
#define SLUIS_BUS_PEER_H

#include "bus/thread.h"

/* A frame of a party: ev->user is who ZeroMQ's handshake proved. */
void peer_frame(bus *b, const bus_event *ev);
/* Jobs that come back, answered and freed: a submission that core committed or refused (an accepted one waits
 * for peer_tell_acks), a receipt that was read, a renewal. */
void peer_submitted(bus *b, job *j);
void peer_receipt(bus *b, job *j);
void peer_renewed(bus *b, job *j);
/* What was gathered goes on: submissions of one party to the verify pool; acks, in one frame a party. */
void peer_pass_chain(bus *b);
void peer_tell_acks(bus *b);
/* After a change of the directory: who is no longer in it is told so and its session is over, the others get
 * it. */
void peer_review(bus *b);

#endif
