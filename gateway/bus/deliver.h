/* Deliveries to parties: at once to a session that is not behind, everything else fetched from the outbox by
 * the read pool, in order. A pointer to a session is good until deliver_drop. Thread: the bus. */
#ifndef SLUIS_BUS_DELIVER_H
#define SLUIS_BUS_DELIVER_H

#include "bus/thread.h"

/* What a party confirms gives it credit again before core has written it down, and core may be slow: counted
 * (gauge core_upkeep) until core takes it. */
void deliver_upkeep(bus *b, job *j);
/* What was sent and is not done counts as an attempt, against the oldest of it. */
void deliver_missed(bus *b, const session *s);
/* The session is over; why: for the log. */
void deliver_drop(bus *b, session *s, const char *why);
/* The directory in force, before any delivery that may need it. */
void deliver_directory(bus *b, session *s);
/* Asks the read pool for what waits, when there is credit for it and no fetch under way. */
void deliver_more(bus *b, session *s);
/* A JOB_FETCH that the read pool has done: delivered and freed. */
void deliver_fetched(bus *b, job *j);
/* What core queued with j, to each of j->to. */
void deliver_new(bus *b, const job *j);
/* Rows that came into the outbox without a message to show them: fetched. Nobody named: everybody looks.
 * Frees j. */
void deliver_waiting(bus *b, job *j);
/* At most every half second: what is late is sent again from the outbox; what found a full queue gets another
 * try. */
void deliver_late(bus *b);

#endif
