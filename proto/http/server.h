/* A small HTTP/1.1 server over libevent's evhttp with the gate before it. server*.c alone know libevent.
 *
 * Every connection's input buffer carries a callback that runs between the socket and evhttp's parser: it
 * takes the raw bytes out, feeds the gate, and puts back what the gate lets through (README.md, "Why a buffer
 * callback"). Plain HTTP goes to a Unix socket or a loopback address only; TLS is a proxy's work. Thread:
 * one, the one that calls http_server_run; http_server_stop also from a signal handler's event. */
#ifndef SLUIS_HTTP_SERVER_H
#define SLUIS_HTTP_SERVER_H

#include "base/bytes.h"
#include "http/gate.h"

typedef struct http_server http_server;
typedef struct http_request http_request; /* one request in hand: from the handler's call until http_reply */

typedef struct {
    const char *listen;          /* loopback address, "127.0.0.1" or "::1"; NULL = no TCP */
    uint16_t port;               /* 0 = any */
    const char *unix_socket;     /* path, made with mode 0660; NULL = none */
    size_t max_header, max_body; /* bytes */
    int max_connections; /* beyond: the oldest idle one goes, or 503; beyond that + 64: not accepted */
    int idle_ms;         /* a connection without a request, or an answer nobody takes, is closed after this */
    int request_ms;      /* from a request's first byte to its last; then 408 */
    int stop_ms;         /* requests in hand get this long at a stop */
} http_options;

/* Answers at once or later, once, with http_reply; a request whose http_verdict is not OK at once. */
typedef void (*http_handler)(void *ctx, http_request *r);

sluis_err http_server_open(http_server **out, const http_options *o, http_handler handler, void *ctx,
                           sluis_fail *f);
void http_server_close(http_server **s); /* requests still in hand are dropped */

/* The TCP port really bound; 0 without TCP. */
uint16_t http_server_port(const http_server *s);

/* Calls readable(ctx) when fd can be read, and tick(ctx) every tick_ms. One watch a server. */
sluis_err http_server_watch(http_server *s, int fd, int tick_ms, void (*readable)(void *ctx),
                            void (*tick)(void *ctx), void *ctx);

/* Ignores SIGPIPE for the process. Until SIGTERM, SIGINT or http_server_stop: then no new connections, and
 * returns when nothing is in hand. */
sluis_err http_server_run(http_server *s);
void http_server_stop(http_server *s);

/* The request: all borrowed until http_reply. */
gate_verdict http_verdict(const http_request *r); /* GATE_OK: a real request; else only reply */
const char *http_method(const http_request *r);   /* "GET" */
const char *http_target(const http_request *r);   /* path and query as sent */
bytes http_body(const http_request *r);           /* p NULL: none */
const char *http_header(const http_request *r,
                        const char *name); /* NULL: absent, or not one the gate passes */

typedef struct {
    const char *name, *value; /* name NULL ends a list */
} http_field;

/* Sends and gives up r. type NULL: no body. To a HEAD request the length is told and no body is sent. */
void http_reply(http_request *r, int status, const char *type, bytes body, const http_field *extra);

#endif
