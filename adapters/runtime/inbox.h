/* The adapter's own store: requests and what became of them, answers as signed, what was disclosed. A request
 * is durable before anything else happens to it, an answer before it is first submitted, so that both survive
 * a crash and are resent byte for byte.
 *
 * Tables (integers big-endian). Values of INBOX and DISCLOSURE are nonce 24|AE(key, nonce, table u8|row key,
 * packed message): neither content nor a flipped bit gets through. The key is <keys>/store.key.
 *   INBOX       transaction 16         InboxRow (proto/rows.proto)
 *   BYHASH      message hash 32        transaction 16: requests received
 *   SENT        message id 16          transaction 16: answers submitted and not yet acknowledged
 *   DISCLOSURE  when u64|transaction   DisclosureRow: the party's own log of what it gave
 * Thread: one. */
#ifndef SLUIS_RUNTIME_INBOX_H
#define SLUIS_RUNTIME_INBOX_H

#include "base/ids.h"
#include "crypto/crypto.h"
#include "rows.pb-c.h"
#include "store/store.h"
#include "wire/arena.h"

#define INBOX_STORE_FORMAT  "sluis-adapter"
#define INBOX_STORE_VERSION 1

/* The states of a request. Open ones need work after a restart: new (decide), decided (sign), sending
 * (submit). */
#define STATE_NEW       "new"
#define STATE_HELD      "held"      /* waits for a person */
#define STATE_DECIDED   "decided"   /* draft holds the answer's body */
#define STATE_SENDING   "sending"   /* answer holds the signed envelope, draft what a person decided */
#define STATE_SENT      "sent"      /* acknowledged; answer_receipt holds the proof */
#define STATE_NACKED    "nacked"    /* the gateway refused the answer; note says why */
#define STATE_WITHDRAWN "withdrawn" /* by the requester */
#define STATE_RETURNED  "returned"  /* the answer could not be delivered; note says why */
#define STATE_EXPIRED   "expired"   /* nobody decided in time */

typedef struct inbox inbox;

typedef struct {
    const char *path; /* NULL: memory engine */
    uint64_t quota_bytes;
    const uint8_t *key; /* 32; borrowed */
} inbox_options;

sluis_err inbox_open(inbox **out, const inbox_options *o, sluis_fail *f);
void inbox_close(inbox **b);

/* A request as it came in; bytes borrowed. */
typedef struct {
    uint8_t transaction[UUID_LEN], message_hash[HASH_LEN];
    bytes envelope, body, receipt;
    uint64_t received, expires, seq;
    sluis_err
        result; /* OK: new; DUPLICATE: this very message is here; CONFLICT: the transaction has another */
} inbox_arrival;
/* All in one commit; an error of the whole leaves nothing. */
sluis_err inbox_add(inbox *b, inbox_arrival *v, size_t n);

sluis_err inbox_get(inbox *b, const uint8_t transaction[static UUID_LEN], arena *a, Sluis__InboxRow **row);
/* Replaces the row. */
sluis_err inbox_put(inbox *b, const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row);

/* A signed answer; row as it shall stand, disclosure what the party's own log gets (NULL: it has it). */
typedef struct {
    uint8_t transaction[UUID_LEN], message_id[UUID_LEN];
    const Sluis__InboxRow *row;
    const Sluis__DisclosureRow *disclosure;
} inbox_answer;
sluis_err inbox_answered(inbox *b, const inbox_answer *v, size_t n);

/* Replaces the row, whose newest line is this message of ours; disclosure: what it gave (NULL: nothing). */
sluis_err inbox_told(inbox *b, const uint8_t transaction[static UUID_LEN],
                     const uint8_t message_id[static UUID_LEN], const Sluis__InboxRow *row,
                     const Sluis__DisclosureRow *disclosure);

/* Whose answer is this message? NOT_FOUND once it is settled. */
sluis_err inbox_sent(inbox *b, const uint8_t message_id[static UUID_LEN],
                     uint8_t transaction[static UUID_LEN]);
/* Takes the answer off SENT and replaces the row. */
sluis_err inbox_settle(inbox *b, const uint8_t message_id[static UUID_LEN],
                       const uint8_t transaction[static UUID_LEN], const Sluis__InboxRow *row);

/* The transaction of the request with this message hash. NOT_FOUND. */
sluis_err inbox_by_hash(inbox *b, const uint8_t hash[static HASH_LEN], uint8_t transaction[static UUID_LEN]);

/* Rows in order of transaction (that is, of age), each in an arena of its own; a visitor that returns an
 * error ends the walk. The visitor must not write. */
typedef sluis_err (*inbox_visit)(void *ctx, const uint8_t transaction[static UUID_LEN],
                                 const Sluis__InboxRow *row, arena *a);
sluis_err inbox_walk(inbox *b, inbox_visit visit, void *ctx);
typedef sluis_err (*disclosure_visit)(void *ctx, const Sluis__DisclosureRow *row);
sluis_err inbox_disclosures(inbox *b, disclosure_visit visit, void *ctx);

/* Removes finished requests received before `before`, and marks undecided ones expired at now; the disclosure
 * log stays. *n: rows changed. */
sluis_err inbox_sweep(inbox *b, uint64_t now, uint64_t before, size_t *n);
bool inbox_state_is(const Sluis__InboxRow *row, const char *state);

#endif
