/* Requests: from evhttp to the handler, and the answer back. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "http/server_parts.h"

/* A refused connection is let go of now, not at the next sweep. */
static void on_sent(struct evhttp_request *req, void *arg)
{
    (void)req;
    server_sweep_soon(arg);
}

void server_requested(struct evhttp_request *req, void *arg)
{
    http_server *s = arg;
    struct evhttp_connection *evcon = evhttp_request_get_connection(req);
    connection *c = server_connection_of(s, evhttp_connection_get_bufferevent(evcon));
    const char *field = evhttp_find_header(evhttp_request_get_input_headers(req), "Sluis-Gate");
    gate_verdict verdict;
    http_request *r = NULL;
    if (!c || !gate_verdict_of(field, s->limits.mark, &verdict) || !(r = calloc(1, sizeof *r))) {
        log_write(LOG_ERROR, "http.ungated", NULL);
        evhttp_connection_free(evcon);
        return;
    }
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    size_t n = evbuffer_get_length(in);
    *r = (http_request){.next = s->requests, .link = &s->requests, .server = s, .connection = c, .req = req};
    r->verdict = verdict;
    r->body = n ? BYTES(evbuffer_pullup(in, -1), n) : BYTES(NULL, 0);
    if (r->next)
        r->next->link = &r->next;
    s->requests = r;
    c->in_hand = true;
    s->handler(s->ctx, r);
}

gate_verdict http_verdict(const http_request *r)
{
    return r->verdict;
}

const char *http_method(const http_request *r)
{
    switch (evhttp_request_get_command(r->req)) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_HEAD:
        return "HEAD";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    case EVHTTP_REQ_OPTIONS:
        return "OPTIONS";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    default:
        return "TRACE";
    }
}

const char *http_target(const http_request *r)
{
    return evhttp_request_get_uri(r->req);
}

bytes http_body(const http_request *r)
{
    return r->body;
}

const char *http_header(const http_request *r, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(r->req), name);
}

static void forget(http_request *r)
{
    *r->link = r->next;
    if (r->next)
        r->next->link = r->link;
    free(r);
}

void server_forget_all(http_server *s)
{
    while (s->requests)
        forget(s->requests);
}

void server_leave(http_server *s)
{
    event_base_loopexit(s->base, &(struct timeval){0, 50000});
}

static const char *phrase(int status)
{
    static const struct {
        int status;
        const char *text;
    } phrases[] = {{200, "OK"},
                   {201, "Created"},
                   {202, "Accepted"},
                   {204, "No Content"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {406, "Not Acceptable"},
                   {408, "Request Timeout"},
                   {409, "Conflict"},
                   {411, "Length Required"},
                   {413, "Content Too Large"},
                   {414, "URI Too Long"},
                   {415, "Unsupported Media Type"},
                   {417, "Expectation Failed"},
                   {422, "Unprocessable Content"},
                   {429, "Too Many Requests"},
                   {431, "Request Header Fields Too Large"},
                   {500, "Internal Server Error"},
                   {501, "Not Implemented"},
                   {502, "Bad Gateway"},
                   {503, "Service Unavailable"},
                   {504, "Gateway Timeout"},
                   {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].text;
    return "Status";
}

void http_reply(http_request *r, int status, const char *type, bytes body, const http_field *extra)
{
    http_server *s = r->server;
    struct evhttp_request *req = r->req;
    struct evkeyvalq *h = evhttp_request_get_output_headers(req);
    bool head_only = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
    char length[24];
    snprintf(length, sizeof length, "%zu", type ? body.n : 0);
    if (type)
        evhttp_add_header(h, "Content-Type", type);
    if (status != 204)
        evhttp_add_header(h, "Content-Length", length);
    for (; extra && extra->name; extra++)
        evhttp_add_header(h, extra->name, extra->value);
    if (s->stopping)
        evhttp_add_header(h, "Connection", "close");
    if (type && !head_only)
        evbuffer_add(evhttp_request_get_output_buffer(req), body.p, body.n);
    r->connection->in_hand = false;
    if (r->verdict != GATE_OK)
        evhttp_request_set_on_complete_cb(req, on_sent, s);
    forget(r);
    evhttp_send_reply(req, status, phrase(status), NULL);
    if (s->stopping && !s->requests)
        server_leave(s);
}
