/* Submissions that wait for their ack or nack: in order, found by message id, bounded in number and bytes.
 * Thread: one. */
#ifndef SLUIS_SESSION_PENDING_H
#define SLUIS_SESSION_PENDING_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ids.h"

#define PENDING_MAX       4096
#define PENDING_MAX_BYTES (UINT64_C(256) << 20)

typedef struct pending_item {
    struct pending_item *prev, *next; /* by age */
    struct pending_item *chain;       /* same bucket */
    bool sent;                        /* in this session */
    uint8_t id[UUID_LEN];
    size_t n, receipt_n;
    uint8_t envelope[]; /* n bytes, then the receipt's */
} pending_item;

typedef struct pending pending;

sluis_err pending_new(pending **out);
void pending_free(pending **p);

/* Copies the envelope, and the receipt that goes with it (p NULL: none). FULL, NOMEM; the same bytes under
 * the same id again: OK, nothing changes; else CONFLICT. */
sluis_err pending_add(pending *p, const uint8_t id[static UUID_LEN], bytes envelope, bytes receipt);
/* False when it does not wait (any more). */
bool pending_remove(pending *p, const uint8_t id[static UUID_LEN]);

/* The oldest not yet sent in this session, NULL when none; and how many are sent and unanswered. */
pending_item *pending_unsent(const pending *p);
size_t pending_in_flight(const pending *p);
void pending_mark_sent(pending *p, pending_item *i); /* i = pending_unsent(p) */
void pending_restart(pending *p);                    /* a new session: nothing is sent */

#endif
