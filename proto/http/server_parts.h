/* What the rooms of the server share: a connection, a request, the server itself. Seen by server*.c alone.
 *
 *   server.c              opened, bound, run, stopped
 *   server_connections.c  accepted, given a gate, looked at, let go of
 *   server_requests.c     taken from evhttp, handed to the handler, answered
 *
 * Thread: the server's. */
#ifndef SLUIS_HTTP_SERVER_PARTS_H
#define SLUIS_HTTP_SERVER_PARTS_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "http/server.h"

#define SWEEP_MS 200 /* how often connections are looked at, and listeners that rest go on */

typedef struct connection {
    struct connection *next;
    http_server *server;
    struct bufferevent *bev; /* one reference is ours, so that the gate outlives evhttp's use of the buffer */
    struct evbuffer *input;  /* of bev */
    gate gate;
    bool busy;              /* the callback itself is changing the buffer */
    bool in_hand;           /* a request is with the handler: evhttp may not be woken */
    uint64_t waiting_since; /* monotonic µs of the first byte of an incomplete request; 0 = none */
    uint64_t dead_since;    /* monotonic µs since evhttp let go; 0 = alive */
    bool left;              /* after that: the other side has closed too */
    bool leaving;           /* idle, and told to make room for who came later */
} connection;

struct http_request {
    http_request *next, **link; /* in the server's list */
    http_server *server;
    connection *connection;
    struct evhttp_request *req;
    gate_verdict verdict;
    bytes body;
};

struct http_server {
    http_options o;
    gate_limits limits;
    http_handler handler;
    void *ctx;
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *tcp, *local;
    struct event *sweep, *sigterm, *sigint, *watch, *watch_tick, *give_up;
    void (*readable)(void *);
    void (*tick)(void *);
    void *watch_ctx;
    connection *connections;
    int connection_count;
    http_request *requests;
    uint16_t port;
    bool stopping;
};

/* ---- connections ---- */

/* For evhttp_set_bevcb: the bufferevent of a connection just accepted, with its gate; arg: the server. NULL
 * makes evhttp make its own, without one: the missing mark tells. */
struct bufferevent *server_connected(struct event_base *base, void *arg);
/* The one whose bufferevent this is; NULL: it has none of ours. */
connection *server_connection_of(http_server *s, struct bufferevent *bev);
/* Looks at each: every SWEEP_MS, and at once when one may be done for. */
void server_sweep(http_server *s);
void server_sweep_soon(const http_server *s);
/* Listens, or does not: at the bound and while it stops. Of a listener that rests this is the end of its
 * rest. */
void server_accept_or_not(http_server *s);
/* evconnlistener's: the listener rests until the next sweep. */
void server_accept_failed(struct evconnlistener *listener, void *http);
/* After evhttp is gone: what is left of them. */
void server_release_all(http_server *s);

/* ---- requests ---- */

/* evhttp's general callback; arg: the server. */
void server_requested(struct evhttp_request *req, void *arg);
/* Requests in hand are given up, unanswered. */
void server_forget_all(http_server *s);
/* Ends the loop a moment later, so that answers just written leave first. */
void server_leave(http_server *s);

#endif
