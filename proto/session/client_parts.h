/* What the files of the client share: its state, and what they ask of one another. Nothing here is seen
 * outside this folder. Thread: the client's own. */
#ifndef SLUIS_SESSION_CLIENT_PARTS_H
#define SLUIS_SESSION_CLIENT_PARTS_H

#include "base/clock.h"
#include "session/client.h"
#include "session/pending.h"
#include "session/session_zmq.h"

#define PROTOCOL         1
#define HELLO_RETRY_MS   2000
#define REFUSED_RETRY_MS 30000 /* hello after a refusal; also how often one reason is told again */
#define RECONNECT_FIRST  200   /* ms */
#define HANDSHAKE_MS     10000
#define DONES_MAX        64   /* of one frame */
#define DONES_EVERY_US   2000 /* so close on one another, they go together */

struct client {
    const client_options *o; /* a copy, below */
    client_options options;
    uint8_t server_pk[PK_LEN], root_pk[PK_LEN]; /* as configured */
    pubkeys server_keys;                        /* tried in turn; never none */
    size_t server_key;                          /* which one is, now */
    size_t broken;                              /* handshakes broken off since one succeeded */
    char program[NAME_MAX_LEN + 1];
    void *ctx, *dealer, *monitor;
    pending *waiting;
    arena *arena;            /* the last event's */
    const Sluis__Acks *acks; /* in the arena: the frame of which more are to be told; NULL = none */
    size_t ack_next;
    uint64_t dones[DONES_MAX]; /* not said yet */
    size_t done_count;
    uint64_t done_at; /* monotonic us: when dones were last said */
    snapshot snap;
    uint8_t snap_hash[HASH_LEN];
    /* A newer snapshot on its way: what there is of it. */
    buffer parts;
    uint8_t parts_hash[HASH_LEN];
    uint32_t parts_bytes;
    bool have_snap, open, welcomed, hello_sent;
    bool welcome_waits; /* for the directory behind it: told when that is there */
    uint64_t generation;
    /* Monotonic us: when hello is due, when to dial anew, when the reason was last told. */
    uint64_t hello_at, redial_at, told_at;
    uint32_t credit, max_bytes;
    char origin[ORIGIN_MAX + 1];
    uint64_t origin_from;
    uint8_t shown[NOTE_MAX];
    size_t shown_n;
    unsigned in_a_row;
    char told[65];
};

/* Monotonic us, ms from now. */
uint64_t client_in_ms(uint64_t ms);
void client_code(client_event *out, const char *code);
/* True when this is news: the same reason is told once in a while, however often the connection is retried.
 */
bool client_is_news(client *c, client_event *out, const char *code);

/* client_say: frames to the gateway. FULL: the queue has no room now. */
sluis_err say_frame(client *c, Sluis__Frame *frame);
sluis_err say_hello(client *c);
sluis_err say_submit(client *c, pending_item *i);
sluis_err say_dones(client *c, const uint64_t *seqs, size_t n, const char *refused_with);
/* The dones that were gathered; a full queue is tried again. */
sluis_err say_gathered(client *c);
bool say_due(const client *c); /* these are due */
bool say_may_submit(const client *c);
/* Sends what waits, as far as credit and queue go. What the gateway would hang up on is refused here. */
sluis_err say_waiting(client *c, client_event *out);

/* client_link: the connection and its monitor, which listens before there is anything to hear. */
sluis_err link_dealer(client *c, sluis_fail *f);
sluis_err link_monitor(client *c, sluis_fail *f);
sluis_err link_fail(sluis_fail *f, const char *where, const char *what);
sluis_err link_redial(client *c);
/* The connection is gone; libzmq gets patience_ms to reconnect by itself. */
void link_lost(client *c, int patience_ms);
/* One event of the monitor; false when there is none. */
bool link_event(client *c, client_event *out);

/* client_hear: frames of the gateway. TIMEOUT when none waits. */
sluis_err hear_frame(client *c, client_event *out);
/* The next of a frame of acks that is ours. */
void hear_ack(client *c, client_event *out);

#endif
