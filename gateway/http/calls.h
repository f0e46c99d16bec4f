/* The calls in flight to sluisd: a bounded table of HTTP requests waiting for their reply or deadline.
 * A call's number holds its slot and a serial, so a late reply to a slot used again is recognised. Thread:
 * one. */
#ifndef SLUIS_GATEWAY_HTTP_CALLS_H
#define SLUIS_GATEWAY_HTTP_CALLS_H

#include <jansson.h>

#include "http/document.h"
#include "http/server.h"

typedef struct calls calls;

typedef struct {
    http_request *request; /* NULL: free */
    size_t operation;
    uint64_t number;
    uint64_t started_us, deadline_us; /* monotonic */
    char path[256];                   /* without the query: the problem's instance */
    document
        *document; /* what is asked for page by page, with what asks for the next; owned, NULL: nothing */
    json_t *parameters;
    char *token;
} pending;

sluis_err calls_new(calls **out, size_t max);
void calls_free(calls **c);
/* A free place with its number set; NULL when all are taken. */
pending *calls_take(calls *c);
/* The place of this number, NULL when it is not waiting (any more). */
pending *calls_find(calls *c, uint64_t number);
void calls_done(calls *c, pending *p);  /* frees what the place owns */
size_t calls_documents(const calls *c); /* places that gather a document */
/* The next one beyond its deadline, or NULL. */
pending *calls_overdue(calls *c, uint64_t now_us);

#endif
