/* The gateway's end of the bus: a CURVE ROUTER with its ZAP answers, an ipc ROUTER for sluis-http, and the
 * channels from the other threads, polled together. session/ alone knows ZeroMQ. Thread: the bus thread. */
#ifndef SLUIS_SESSION_BUS_SERVER_H
#define SLUIS_SESSION_BUS_SERVER_H

#include "base/bytes.h"
#include "base/ids.h"
#include "crypto/keyfile.h"
#include "session/channel.h"

typedef struct bus_server bus_server;

typedef struct {
    const char *endpoint;     /* "tcp://127.0.0.1:5570" */
    const char *ipc_endpoint; /* "ipc:///run/sluis/api.sock"; NULL = none */
    const keypair *curve;     /* borrowed */
    size_t max_frame;         /* bytes; larger frames close the connection */
    int hwm;                  /* frames queued a peer */
    int max_sockets; /* connections waiting to be accepted; open ones are bounded by the file limit */
    int heartbeat_ms, handshake_ms;
} bus_options;

/* Who may connect: asked for every handshake. Returns the party's OIN for this CURVE key, or false. */
typedef bool (*bus_admit)(void *ctx, const uint8_t curve_pk[static 32], oin *out);

/* One server a hub. Creates the ipc folder 0700 and socket 0600, for our own uid only, whatever the umask,
 * which stays as it is. */
sluis_err bus_server_open(bus_server **out, channel_hub *hub, const bus_options *o, bus_admit admit,
                          void *ctx, sluis_fail *f);
void bus_server_close(bus_server **s);

typedef enum { BUS_FRAME, BUS_API_FRAME, BUS_CHANNEL, BUS_NONE } bus_event_kind;
typedef struct {
    bus_event_kind kind;
    oin user;             /* BUS_FRAME: from the handshake's User-Id, never from the routing id */
    uint8_t curve_pk[32]; /* BUS_FRAME */
    uint8_t route[64];    /* opaque; to answer */
    size_t route_len;
    const uint8_t *data; /* borrowed until the next call */
    size_t n;
    void *item; /* BUS_CHANNEL: from the channel given to bus_server_watch */
} bus_event;

/* Borrows inbound, which stays open until the server is closed. FULL beyond 8. */
sluis_err bus_server_watch(bus_server *s, channel *inbound);
/* Waits up to timeout_ms (-1 = for ever) for the next event; BUS_NONE on time-out. Handshakes are answered
 * inside. */
sluis_err bus_server_next(bus_server *s, int timeout_ms, bus_event *out);

/* Never blocks. FULL: the peer's queue is full; CLOSED: no such peer any more. */
sluis_err bus_server_send(bus_server *s, const uint8_t *route, size_t route_len, bytes frame);
sluis_err bus_server_send_api(bus_server *s, const uint8_t *route, size_t route_len, bytes frame);
/* A frame for many peers: its bytes are kept once, in however many queues it waits. */
typedef struct bus_frame bus_frame;
sluis_err bus_frame_new(bus_frame **out, bytes frame); /* copies */
void bus_frame_free(bus_frame **f);
sluis_err bus_server_send_frame(bus_server *s, const uint8_t *route, size_t route_len, bus_frame *f);
/* Handshakes and frames turned away since opening (logged with their reasons, BRAKE_LINES a second of
 * each kind). */
uint64_t bus_server_refused(const bus_server *s);
/* The endpoint really bound (port 0 asks for any). */
const char *bus_server_endpoint(const bus_server *s);

#endif
