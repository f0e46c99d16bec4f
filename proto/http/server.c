#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"

#define SWEEP_MS    200     /* how often connections are looked at, and listeners that rest go on */
#define LINGER_US   1000000 /* a refused sender may read our answer for this long while we swallow the rest */
#define AHEAD_MAX   65536   /* bytes of whole requests waiting for evhttp; beyond, reading stops */
#define CROWD_SLACK 64
#define BACKLOG     128

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

static struct timeval timeval_ms(int ms)
{
    return (struct timeval){ms / 1000, (ms % 1000) * 1000};
}

/* ---- gate --------------------------------------------------------------------------------------------- */

/* Puts what the gate gave behind what evhttp has not read yet. */
static void hand_over(connection *c, const buffer *clean)
{
    c->busy = true;
    evbuffer_unfreeze(c->input, 0);
    evbuffer_add(c->input, clean->p, clean->n);
    c->busy = false;
}

/* Out of memory: nothing may pass ungated, so nothing passes at all. */
static void cut(connection *c)
{
    c->gate.refused = true;
    bufferevent_trigger_event(c->bev, BEV_EVENT_READING | BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
}

/* Runs inside evbuffer_read, before evhttp sees the bytes: the last n_added ones are raw, those before them
 * clean. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    connection *c = arg;
    if (c->busy || info->n_added == 0)
        return;
    c->busy = true;
    size_t n = info->n_added, clean_n = evbuffer_get_length(input) - n;
    uint8_t *raw = malloc(n);
    struct evbuffer *front = evbuffer_new();
    buffer clean;
    buffer_init(&clean, gate_out_max(&c->server->limits, n));
    bool ok = raw && front && evbuffer_remove_buffer(input, front, clean_n) == (int)clean_n &&
              evbuffer_remove(input, raw, n) == (int)n && evbuffer_add_buffer(input, front) == 0;
    if (!ok)
        evbuffer_drain(input, evbuffer_get_length(input));
    c->busy = false;
    if (ok && gate_feed(&c->gate, BYTES(raw, n), &clean) == SLUIS_OK)
        hand_over(c, &clean);
    else
        cut(c);
    if (!gate_waiting(&c->gate))
        c->waiting_since = 0;
    else if (c->waiting_since == 0 || clean.n > 0)
        c->waiting_since = clock_mono_us();
    buffer_close(&clean);
    if (front)
        evbuffer_free(front);
    free(raw);
}

/* A refusal that is ours, not the bytes'. Never while a request is in hand: evhttp may not be woken then. */
static void refuse(connection *c, gate_verdict why)
{
    buffer line;
    buffer_init(&line, 512);
    if (gate_refuse(&c->gate, why, &line) == SLUIS_OK)
        hand_over(c, &line);
    buffer_close(&line);
    c->waiting_since = 0;
    bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

/* ---- connections -------------------------------------------------------------------------------------- */

/* Listens, or does not: at the bound and while it stops. Of a listener that rests this is the end of its
 * rest.
 */
static void accept_or_not(http_server *s)
{
    const bool on = !s->stopping && s->connection_count < s->o.max_connections + CROWD_SLACK;
    struct evhttp_bound_socket *bound[] = {s->tcp, s->local};
    for (int i = 0; i < 2; i++)
        if (bound[i] && on)
            evconnlistener_enable(evhttp_bound_socket_get_listener(bound[i]));
        else if (bound[i])
            evconnlistener_disable(evhttp_bound_socket_get_listener(bound[i]));
}

/* No file is left for who calls: libevent would try at once again, and write a line each time. The listener
 * rests until the next sweep. */
static void on_accept_failed(struct evconnlistener *listener, void *http)
{
    const char *why = strerror(errno);
    (void)http;
    log_write(LOG_WARN, "http.accept", "text", why, NULL);
    evconnlistener_disable(listener);
}

static void release(connection *c)
{
    evbuffer_remove_cb(c->input, on_input, c);
    gate_close(&c->gate);
    bufferevent_decref(c->bev);
    free(c);
}

/* True once evhttp has freed its side: bufferevent_free takes the callbacks away, nothing else does. */
static bool let_go(const connection *c)
{
    bufferevent_event_cb on_event;
    bufferevent_getcb(c->bev, NULL, NULL, &on_event, NULL);
    return on_event == NULL;
}

/* Now. As a timeout it would count as the next one, and put off the one after it for as long. */
static void sweep_soon(const http_server *s)
{
    event_active(s->sweep, EV_READ, 0);
}

static void on_left(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    connection *c = arg;
    c->left = true;
    sweep_soon(c->server);
}

/* True when c is done for. A refused sender gets time to read the answer: closing on unread bytes resets the
 * connection and may take the answer with it. */
static bool swept(connection *c, uint64_t now)
{
    if (c->dead_since == 0 && let_go(c)) {
        c->dead_since = now;
        if (c->gate.refused) {
            evbuffer_drain(c->input, evbuffer_get_length(c->input));
            bufferevent_setcb(c->bev, NULL, NULL, on_left,
                              c); /* evhttp leaves reading on: the gate swallows */
        }
    }
    if (c->dead_since)
        return !c->gate.refused || c->left || now - c->dead_since > LINGER_US || c->server->stopping;
    if (c->in_hand && c->waiting_since)
        c->waiting_since = now; /* reading is off until the answer is out: not the sender's fault */
    if (c->waiting_since && now - c->waiting_since > (uint64_t)c->server->o.request_ms * 1000)
        refuse(c, GATE_SLOW);
    return false;
}

static void sweep(http_server *s)
{
    uint64_t now = clock_mono_us();
    for (connection **at = &s->connections; *at;) {
        connection *c = *at;
        if (!swept(c, now)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        s->connection_count--;
        release(c);
    }
    accept_or_not(s);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    sweep(arg);
}

/* Nothing was asked, or all was answered and taken. */
static bool idle(const connection *c)
{
    return !c->in_hand && !c->waiting_since && !c->dead_since && !c->leaving && !c->gate.refused &&
           evbuffer_get_length(c->input) == 0 && evbuffer_get_length(bufferevent_get_output(c->bev)) == 0;
}

/* At the bound the oldest connection that does nothing goes (RFC 9112, 9.5), so that who asks nothing keeps
 * nobody out. False: each is at work. */
static bool make_room(http_server *s)
{
    connection *oldest = NULL;
    for (connection *c = s->connections->next; c; c = c->next)
        oldest = idle(c) ? c : oldest;
    if (!oldest)
        return false;
    oldest->leaving = true;
    bufferevent_trigger_event(oldest->bev, BEV_EVENT_READING | BEV_EVENT_EOF, BEV_TRIG_DEFER_CALLBACKS);
    return true;
}

/* evhttp asks for the bufferevent of a connection just accepted. NULL makes evhttp make its own, without a
 * gate; on_request knows such a one by the missing mark and drops it. */
static struct bufferevent *new_connection(struct event_base *base, void *arg)
{
    http_server *s = arg;
    struct bufferevent *bev = NULL;
    if (s->connection_count >= s->o.max_connections)
        sweep(s);
    connection *c = calloc(1, sizeof *c);
    if (!c)
        goto fail;
    if (!(bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE)))
        goto fail;
    c->server = s;
    c->bev = bev;
    c->input = bufferevent_get_input(bev);
    gate_init(&c->gate, &s->limits);
    /* evhttp reads on while it writes: requests sent ahead may not pile up behind an answer nobody takes. */
    bufferevent_setwatermark(bev, EV_READ, 0, AHEAD_MAX);
    if (!evbuffer_add_cb(c->input, on_input, c))
        goto fail;
    bufferevent_incref(bev);
    c->next = s->connections;
    s->connections = c;
    if (++s->connection_count > s->o.max_connections && !make_room(s))
        refuse(c, GATE_CROWDED);
    accept_or_not(s);
    return bev;
fail:
    if (bev)
        bufferevent_free(bev);
    if (c)
        gate_close(&c->gate);
    free(c);
    return NULL;
}

static connection *connection_of(http_server *s, struct bufferevent *bev)
{
    connection *c = s->connections;
    while (c && c->bev != bev)
        c = c->next;
    return c;
}

/* A refused connection is let go of now, not at the next sweep. */
static void on_sent(struct evhttp_request *req, void *arg)
{
    (void)req;
    sweep_soon(arg);
}

/* ---- requests ----------------------------------------------------------------------------------------- */

static void on_request(struct evhttp_request *req, void *arg)
{
    http_server *s = arg;
    struct evhttp_connection *evcon = evhttp_request_get_connection(req);
    connection *c = connection_of(s, evhttp_connection_get_bufferevent(evcon));
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

/* Ends the loop a moment later, so that answers just written leave first. */
static void leave(http_server *s)
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
        leave(s);
}

/* ---- opening and running ------------------------------------------------------------------------------ */

static bool is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static sluis_err bind_tcp(http_server *s, sluis_fail *f)
{
    if (!is_loopback(s->o.listen))
        return fail_set(
            f, SLUIS_INVALID, "listen",
            "%s is not a loopback address: plain HTTP stays on this machine; listen on 127.0.0.1, ::1 or a "
            "Unix socket and put a proxy that speaks TLS before it",
            s->o.listen);
    s->tcp = evhttp_bind_socket_with_handle(s->http, s->o.listen, s->o.port);
    if (!s->tcp)
        return fail_set(f, SLUIS_IO, "listen", "cannot listen on %s port %u: %s; is another program there?",
                        s->o.listen, s->o.port, strerror(errno));
    evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(s->tcp), on_accept_failed);
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    if (getsockname(evhttp_bound_socket_get_fd(s->tcp), (struct sockaddr *)&a, &n) == 0)
        s->port = ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                                : ((struct sockaddr_in *)&a)->sin_port);
    return SLUIS_OK;
}

/* A socket file that an earlier run left is removed; anything else at that path is not. */
static sluis_err clear_path(const char *path, sluis_fail *f)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return SLUIS_OK;
    if (!S_ISSOCK(st.st_mode))
        return fail_set(f, SLUIS_EXISTS, path, "is there and is not a socket: choose another unix_socket");
    if (unlink(path) != 0)
        return fail_set(f, SLUIS_PERMISSION, path, "cannot remove the old socket: %s", strerror(errno));
    return SLUIS_OK;
}

static sluis_err bind_unix(http_server *s, sluis_fail *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *path = s->o.unix_socket;
    if (strlen(path) >= sizeof a.sun_path)
        return fail_set(f, SLUIS_TOO_BIG, path, "a socket path has at most %zu bytes", sizeof a.sun_path - 1);
    memcpy(a.sun_path, path, strlen(path));
    sluis_err e = clear_path(path, f);
    if (e)
        return e;
    struct evconnlistener *l = NULL;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || chmod(path, 0660) != 0)
        goto fail;
    l = evconnlistener_new(s->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
    if (!l || !(s->local = evhttp_bind_listener(s->http, l)))
        goto fail;
    evconnlistener_set_error_cb(l, on_accept_failed);
    return SLUIS_OK;
fail:
    e = fail_set(f, SLUIS_IO, path, "cannot listen there: %s", strerror(errno));
    if (l)
        evconnlistener_free(l);
    else if (fd >= 0)
        close(fd);
    return e;
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
    (void)sig;
    (void)what;
    http_server_stop(arg);
}

static void on_give_up(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(((http_server *)arg)->base);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    http_server *s = arg;
    s->readable(s->watch_ctx);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    http_server *s = arg;
    s->tick(s->watch_ctx);
}

/* evhttp turns reading off and writing on for an answer, and back after it: one system call for two changes.
 */
static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    return base;
}

sluis_err http_server_open(http_server **out, const http_options *o, http_handler handler, void *ctx,
                           sluis_fail *f)
{
    sluis_err e = SLUIS_NOMEM;
    http_server *s = calloc(1, sizeof *s);
    if (!s)
        goto fail;
    *s = (http_server){.o = *o, .handler = handler, .ctx = ctx};
    s->limits = (gate_limits){.max_header = o->max_header, .max_body = o->max_body};
    id16 mark = id_random();
    id_format(s->limits.mark, &mark);

    if (!(s->base = new_base()) || !(s->http = evhttp_new(s->base)))
        goto fail;
    struct timeval idle = timeval_ms(o->idle_ms), sweep_every = timeval_ms(SWEEP_MS);
    if (!(s->sweep = event_new(s->base, -1, EV_PERSIST, on_sweep, s)) ||
        event_add(s->sweep, &sweep_every) != 0 || !(s->give_up = evtimer_new(s->base, on_give_up, s)) ||
        !(s->sigterm = evsignal_new(s->base, SIGTERM, on_signal, s)) ||
        !(s->sigint = evsignal_new(s->base, SIGINT, on_signal, s)))
        goto fail;
    evhttp_set_timeout_tv(s->http, &idle);
    evhttp_set_max_headers_size(s->http, (ev_ssize_t)(o->max_header + 1024));
    evhttp_set_max_body_size(s->http, (ev_ssize_t)o->max_body);
    evhttp_set_default_content_type(s->http, NULL);
    evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                                            EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                                            EVHTTP_REQ_PATCH);
    evhttp_set_bevcb(s->http, new_connection, s);
    evhttp_set_gencb(s->http, on_request, s);

    if (!o->listen && !o->unix_socket) {
        e = fail_set(f, SLUIS_INVALID, "listen", "name an address to listen on, or a unix_socket");
        goto fail;
    }
    if (o->listen && (e = bind_tcp(s, f)))
        goto fail;
    if (o->unix_socket && (e = bind_unix(s, f)))
        goto fail;
    *out = s;
    return SLUIS_OK;
fail:
    http_server_close(&s);
    return fail_set(f, e, "http", "cannot start the server");
}

void http_server_close(http_server **at)
{
    http_server *s = *at;
    if (!s)
        return;
    *at = NULL;
    while (s->requests)
        forget(s->requests);
    if (s->http)
        evhttp_free(s->http);
    while (s->connections) {
        connection *c = s->connections;
        s->connections = c->next;
        release(c);
    }
    struct event *events[] = {s->sweep, s->sigterm, s->sigint, s->watch, s->watch_tick, s->give_up};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i])
            event_free(events[i]);
    if (s->base)
        event_base_free(s->base);
    if (s->local)
        unlink(s->o.unix_socket);
    free(s);
}

uint16_t http_server_port(const http_server *s)
{
    return s->port;
}

sluis_err http_server_watch(http_server *s, int fd, int tick_ms, void (*readable)(void *),
                            void (*tick)(void *), void *ctx)
{
    struct timeval every = timeval_ms(tick_ms);
    s->readable = readable;
    s->tick = tick;
    s->watch_ctx = ctx;
    if (!(s->watch = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, s)) ||
        !(s->watch_tick = event_new(s->base, -1, EV_PERSIST, on_tick, s)))
        return SLUIS_NOMEM;
    return event_add(s->watch, NULL) == 0 && event_add(s->watch_tick, &every) == 0 ? SLUIS_OK : SLUIS_IO;
}

sluis_err http_server_run(http_server *s)
{
    signal(SIGPIPE, SIG_IGN);
    if (event_add(s->sigterm, NULL) != 0 || event_add(s->sigint, NULL) != 0)
        return SLUIS_IO;
    int rc = event_base_dispatch(s->base);
    event_del(s->sigterm);
    event_del(s->sigint);
    return rc < 0 ? SLUIS_IO : SLUIS_OK;
}

void http_server_stop(http_server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    accept_or_not(s);
    struct timeval wait = timeval_ms(s->o.stop_ms);
    evtimer_add(s->give_up, &wait);
    if (!s->requests)
        leave(s);
}
