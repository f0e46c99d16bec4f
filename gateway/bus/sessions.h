/* Who is connected: one live session a party, the newest wins. Deliveries carry its generation; credit bounds
 * what is outstanding each way. Thread: the bus. */
#ifndef SLUIS_BUS_SESSIONS_H
#define SLUIS_BUS_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"

typedef struct session {
    oin user;
    bool gone; /* over; only submitted, refused and counted_since hold */
    uint8_t curve_pk[32];
    uint8_t route[64];
    size_t route_len;
    uint64_t generation;
    uint32_t credit;        /* deliveries the party takes at once */
    uint32_t outstanding;   /* deliveries sent, not done */
    uint32_t submitted;     /* submissions of this party not answered yet */
    uint64_t counted_since; /* ms: refused counts from here on, for a minute */
    uint32_t refused;   /* its submissions that were refused and journalled; reads and renewals count, too */
    uint64_t last_sent; /* outbox sequence of the newest delivery sent */
    uint64_t last_progress; /* ms: the last done, or the last delivery into an idle session */
    uint32_t retries;       /* times in a row that nothing was done in time */
    bool behind;            /* rows wait in the outbox beyond last_sent */
    bool fetching;          /* a fetch is under way */
    bool asking;            /* for a receipt: one at a time */
    bool renewing;          /* its sealing keys: one at a time */
    bool missed;            /* something was queued while fetching */
    bool uninformed;        /* its queue was full for the directory in force */
} session;

typedef struct sessions sessions;

sluis_err sessions_new(sessions **out, uint32_t max);
void sessions_free(sessions **s);
session *sessions_find(sessions *s, const oin *user);
/* The same, or what is kept of one that is over. */
session *sessions_account(sessions *s, const oin *user);
/* A fresh session for this party in place of its older one, whose submissions, refusals and fetch still
 * count: a new hello gives no new credit, whether the older one is over or not. NULL: max reached. */
session *sessions_open(sessions *s, const oin *user, uint64_t generation);
/* It is over. What counts is kept until the party comes back, for as many parties as may be connected at
 * once. */
void sessions_drop(sessions *s, session *one);
uint32_t sessions_count(const sessions *s); /* of those that are not over */
/* Iteration over these: start with i = 0; NULL at the end. */
session *sessions_next(sessions *s, uint32_t *i);

#endif
