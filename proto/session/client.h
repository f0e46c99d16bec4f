/* The party's end of the bus: one CURVE connection that keeps itself alive. It says hello, takes the welcome
 * (and checks the directory snapshot under the root key), submits, and hands out what arrives.
 * Reconnects by itself; unacknowledged submissions are resent byte for byte after each welcome.
 * Thread: one. */
#ifndef SLUIS_SESSION_CLIENT_H
#define SLUIS_SESSION_CLIENT_H

#include "directory/directory.h"
#include "wire/arena.h"
#include "wire/receipt.h"

typedef struct client client;

typedef struct {
    const char *endpoint;
    const keypair *curve;           /* borrowed */
    const uint8_t *server_curve_pk; /* 32, as configured */
    const uint8_t *root_pk;         /* 32 */
    const char *program;
    uint32_t credit; /* deliveries outstanding we accept */
    size_t max_frame;
    int reconnect_max_ms;
} client_options;

sluis_err client_open(client **out, const client_options *o, sluis_fail *f);
/* The connection keys that the gateway has by its directory, in the order in which they are tried when a
 * handshake breaks off; the configured one is the last. Copied. The connection that stands is left alone. */
void client_server_keys(client *c, const pubkeys *keys);
void client_close(client **c);

typedef enum {
    CLIENT_WELCOME,
    CLIENT_ACK,
    CLIENT_NACK,
    CLIENT_DELIVER,
    CLIENT_REFUSED,
    CLIENT_DIRECTORY,
    CLIENT_RECEIPT,
    CLIENT_RENEWED,
    CLIENT_NONE,
    CLIENT_FD
} client_event_kind;
typedef struct {
    client_event_kind kind;
    uint8_t message_id[UUID_LEN], message_hash[32]; /* ack, nack */
    bool duplicate;
    bytes envelope, receipt;  /* deliver: envelope bytes; ack, deliver and receipt: receipt bytes; borrowed
                                 until the next call */
    bool proof;               /* receipt: without salt and record */
    uint64_t seq, generation; /* deliver; receipt: seq is the index */
    sluis_fail why;           /* nack, refused, renewed */
    char code[65];            /* nack, refused, receipt, renewed: the gateway's token as sent; "": none */
    int fd;                   /* CLIENT_FD */
} client_event;

/* CLIENT_REFUSED tells why there is no session, or that the gateway sent what cannot be: code "unknown-key"
 * (our connection key), "handshake" (nothing sensible answered), the gateway's own, or what its snapshot
 * lacks. The same reason is told once in 30 s; the client goes on trying. */

/* Waits for an event, or for one of fds to become readable (CLIENT_FD). */
sluis_err client_next(client *c, int timeout_ms, const int *fds, int nfds, client_event *out);
/* Queues (copies) the envelope; message_id identifies it until its ack or nack. FULL beyond 4096 or 256 MiB
 * waiting; TOO_BIG for a frame; CONFLICT for other bytes under an id that waits (the same bytes: OK). */
sluis_err client_submit(client *c, const uint8_t message_id[static UUID_LEN], bytes envelope);
/* The same for what a restore of the gateway may have lost: with the receipt of an earlier origin that proves
 * that it passed. The sender of the envelope may be another, when it was delivered to us. */
sluis_err client_submit_again(client *c, const uint8_t message_id[static UUID_LEN], bytes envelope,
                              bytes receipt);
/* The journal's origin as the last welcome named it ("": none yet), and the index of the entry that opened
 * it. */
const char *client_origin(const client *c, uint64_t *from);
/* The newest checkpoint of the gateway's journal that we have (copied; at most NOTE_MAX): shown with each
 * hello. */
void client_show(client *c, bytes note);
/* CLOSED when that session is over: the gateway delivers again. FULL when the gateway takes nothing for 1 s.
 * Said at once; what follows within 2 ms goes together, by client_next. */
sluis_err client_done(client *c, uint64_t seq, uint64_t generation);
/* As done, for what will never be taken: the gateway returns it to its sender, with this reason. */
sluis_err client_refuse(client *c, uint64_t seq, uint64_t generation, sluis_err why);
/* Asks for the receipt of an entry (proof: its path under a witnessed checkpoint alone); CLIENT_RECEIPT
 * answers, or nothing does, when the session ends. One at a time: the gateway answers FULL to a second.
 * CLOSED: no session; FULL. */
sluis_err client_ask_receipt(client *c, uint64_t index, bool proof);
/* Says which sealing keys the party has from now on (Renew); CLIENT_RENEWED answers, or nothing does, when
 * the session ends. One at a time, as above. CLOSED: no session; FULL. */
sluis_err client_renew(client *c, Sluis__DirectoryKey **keys, size_t n);
const snapshot *client_snapshot(const client *c); /* NULL before the first welcome */
bool client_connected(const client *c);

#endif
