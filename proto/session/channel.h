/* Channels between threads: bounded queues of pointers over ZeroMQ inproc. Ownership moves with the pointer.
 * Sends never block: FULL means our own arithmetic is wrong (every channel is larger than what may be in
 * flight). Many senders (each opens its own end), and one or many receivers (each item to one of them).
 * Thread: the hub is shared; an end belongs to the thread that uses it. */
#ifndef SLUIS_SESSION_CHANNEL_H
#define SLUIS_SESSION_CHANNEL_H

#include "base/error.h"

typedef struct channel_hub channel_hub; /* the ZeroMQ context */
typedef struct channel channel;         /* one end */

sluis_err channel_hub_new(channel_hub **out, int io_threads, int max_sockets);
void channel_hub_free(channel_hub **h); /* after all ends are closed */

/* A name has one bound side and any number of connected ends. For fan-in the receiver binds; for a pool the
 * sender binds and each worker connects a receiving end (FULL while no worker has connected). Name: at most
 * 40 characters. capacity: the number of items that surely fit; of both ends the marks add up. */
typedef enum {
    CHANNEL_RECV_BIND,
    CHANNEL_SEND_CONNECT,
    CHANNEL_SEND_BIND,
    CHANNEL_RECV_CONNECT
} channel_role;
sluis_err channel_open(channel **out, channel_hub *h, const char *name, channel_role role, int capacity);
void channel_close(channel **c);

sluis_err channel_send(channel *c, void *item);                  /* OK, FULL */
sluis_err channel_recv(channel *c, int timeout_ms, void **item); /* OK, TIMEOUT; 0 = try, -1 = for ever */
/* As recv, and returns early with NOT_FOUND when one of fds[0..n), n <= 16, is readable (index in *which). */
sluis_err channel_recv_or(channel *c, int timeout_ms, void **item, const int *fds, int n, int *which);

#endif
