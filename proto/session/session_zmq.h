/* What the files of this folder share about ZeroMQ; included nowhere else. Where a socket option's number is
 * hidden behind the draft switch of zmq.h, it stands here. */
#ifndef SLUIS_SESSION_SESSION_ZMQ_H
#define SLUIS_SESSION_SESSION_ZMQ_H

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

#include "session/channel.h"

#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
/* The domain that bus_server answers for. */
#define SESSION_ZAP_DOMAIN "sluis"

struct channel_hub {
    void *ctx;
};

struct channel {
    void *socket;
};

/* What errno of the last call means; EAGAIN is the caller's to tell apart (FULL or TIMEOUT). */
sluis_err session_error(void);
/* Sets integer options up to one numbered 0; INTERNAL names none: the numbers are ours. */
typedef struct {
    int option, value;
} session_option;
sluis_err session_set(void *socket, const session_option *o);
/* The socket's file: readable when there is news, told once (edge-triggered). Sleep on it only after the
 * socket was found empty with nothing sent since. -1: none. */
int session_file(void *socket);
/* Looks for news and tells whether something can be received, or sent. */
bool session_readable(void *socket);
bool session_writable(void *socket);
/* Monotonic milliseconds left until deadline_us; -1 stays -1. */
int session_left(int timeout_ms, uint64_t deadline_us);

#endif
