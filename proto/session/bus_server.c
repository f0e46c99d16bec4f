/* The gateway's sockets and their one poll loop.
 *
 * Known of libzmq 4.3.4 and relied upon here:
 * - with CURVE on and no living ZAP handler every client key is let in, unless ZMQ_ZAP_ENFORCE_DOMAIN is set;
 * - ZAP (rfc.zeromq.org/spec/27) is not asked on ipc, where file permissions and SO_PEERCRED guard instead;
 * - the User-Id of the ZAP reply travels with every message of that connection: "<OIN>:<CURVE key in hex>";
 * - ROUTER drops silently unless ROUTER_MANDATORY; without ROUTER_HANDOVER a routing id in use is not given
 * away;
 * - an attempt to receive from an empty socket is a system call, so sockets are tried only while they are
 * known to hold something, a burst from each in turn. */
#include "session/bus_server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/brake.h"
#include "base/clock.h"
#include "base/log.h"
#include "session/session_zmq.h"

#define WATCH_MAX    8
#define BURST        32 /* events before all sources are polled again, busy or not, and turns change */
#define USER_ID_LEN  (OIN_LEN + 1 + 64)
#define ENDPOINT_MAX 256
#define ZAP_ADDRESS  "inproc://zeromq.zap.01"
#define ZAP_PARTS    7 /* version, request id, domain, address, routing id, mechanism, credentials */
#define ZAP_PART_MAX 256

enum { SOURCE_ZAP, SOURCE_BUS, SOURCE_API, SOURCE_WATCH, SOURCES = SOURCE_WATCH + WATCH_MAX };

struct bus_server {
    bus_admit admit;
    void *ctx;
    void *zap, *router, *api;
    channel *watch[WATCH_MAX];
    unsigned watched;
    unsigned ready;       /* a bit a source that may hold something */
    unsigned empty;       /* a bit a source that held nothing when last tried, and was not sent to since */
    unsigned turn, burst; /* whose turn it is, and events since the last poll */
    zmq_msg_t frame;      /* what the last event borrows from */
    bool held;            /* frame is initialised */
    uint64_t refused;
    log_brake unknown, malformed;
    char ipc_path[ENDPOINT_MAX];
    char endpoint[ENDPOINT_MAX];
};

/* ---- ZAP ---- */

typedef struct {
    uint8_t p[ZAP_PARTS][ZAP_PART_MAX];
    size_t n[ZAP_PARTS];
} zap_request;

/* False when nothing waits; *ok tells whether it has the form of the specification. */
static bool zap_read(void *zap, zap_request *q, bool *ok)
{
    *ok = true;
    for (size_t i = 0;; i++) {
        uint8_t spare[ZAP_PART_MAX];
        int n = zmq_recv(zap, i < ZAP_PARTS ? q->p[i] : spare, ZAP_PART_MAX, i == 0 ? ZMQ_DONTWAIT : 0);
        if (n < 0)
            return false;
        if (i >= ZAP_PARTS || n > ZAP_PART_MAX)
            *ok = false;
        else
            q->n[i] = (size_t)n;
        int more = 0;
        size_t len = sizeof more;
        zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &len);
        if (!more) {
            *ok = *ok && i == ZAP_PARTS - 1;
            return true;
        }
    }
}

static bool part_is(const zap_request *q, size_t i, const char *s)
{
    return bytes_equal(BYTES(q->p[i], q->n[i]), bytes_str(s));
}

static bool zap_step(bus_server *s)
{
    zap_request q;
    bool ok;
    if (!zap_read(s->zap, &q, &ok))
        return false;
    char user[USER_ID_LEN + 1] = "";
    oin party;
    ok = ok && part_is(&q, 0, "1.0") && part_is(&q, 2, SESSION_ZAP_DOMAIN) && part_is(&q, 5, "CURVE") &&
         q.n[6] == 32;
    if (ok && s->admit(s->ctx, q.p[6], &party)) {
        memcpy(user, party.s, OIN_LEN);
        user[OIN_LEN] = ':';
        hex_encode(user + OIN_LEN + 1, q.p[6], 32);
    } else {
        const char *left_out;
        char key[65] = "";
        if (ok)
            hex_encode(key, q.p[6], 32);
        s->refused++;
        if (brake_lets(&s->unknown, clock_mono_us(), &left_out))
            log_write(LOG_WARN, "bus.refused", "why", "unknown-key", "curve", key,
                      left_out ? "left_out" : NULL, left_out, NULL);
    }
    const char *code = user[0] ? "200" : "400", *text = user[0] ? "OK" : "unknown-key";
    zmq_send(s->zap, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(s->zap, q.p[1], ok ? q.n[1] : 0, ZMQ_SNDMORE);
    zmq_send(s->zap, code, 3, ZMQ_SNDMORE);
    zmq_send(s->zap, text, strlen(text), ZMQ_SNDMORE);
    zmq_send(s->zap, user, strlen(user), ZMQ_SNDMORE);
    zmq_send(s->zap, "", 0, 0);
    return true;
}

/* ---- receiving ---- */

static bool read_user(zmq_msg_t *m, bus_event *out)
{
    const char *user = zmq_msg_gets(m, "User-Id");
    return user && strlen(user) == USER_ID_LEN && user[OIN_LEN] == ':' &&
           oin_parse(&out->user, user, OIN_LEN) == SLUIS_OK &&
           hex_decode(out->curve_pk, sizeof out->curve_pk, user + OIN_LEN + 1, 64) == SLUIS_OK;
}

static void drop_rest(void *socket)
{
    int more = 1;
    size_t len = sizeof more;
    while (more) {
        zmq_msg_t m;
        zmq_msg_init(&m);
        if (zmq_msg_recv(&m, socket, ZMQ_DONTWAIT) < 0)
            more = 0;
        else
            zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &len);
        zmq_msg_close(&m);
    }
}

static void refuse(bus_server *s, const char *why)
{
    const char *left_out;
    s->refused++;
    if (brake_lets(&s->malformed, clock_mono_us(), &left_out))
        log_write(LOG_WARN, "bus.refused", "why", why, left_out ? "left_out" : NULL, left_out, NULL);
}

/* One [route][frame] from a ROUTER. TIMEOUT: nothing there; INVALID: something not to be handed on. */
static sluis_err read_frame(bus_server *s, void *socket, bool authenticated, bus_event *out)
{
    int n = zmq_recv(socket, out->route, sizeof out->route, ZMQ_DONTWAIT);
    if (n < 0)
        return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? SLUIS_TIMEOUT : session_error();
    int more = 0;
    size_t len = sizeof more;
    zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &len);
    if (!more || n > (int)sizeof out->route) {
        if (more)
            drop_rest(socket);
        refuse(s, more ? "route" : "empty");
        return SLUIS_INVALID;
    }
    out->route_len = (size_t)n;
    zmq_msg_init(&s->frame);
    s->held = true;
    if (zmq_msg_recv(&s->frame, socket, ZMQ_DONTWAIT) < 0)
        return session_error();
    if (zmq_msg_more(&s->frame)) {
        drop_rest(socket);
        refuse(s, "parts");
        return SLUIS_INVALID;
    }
    if (authenticated && !read_user(&s->frame, out)) {
        refuse(s, "no-user-id");
        return SLUIS_INVALID;
    }
    out->data = zmq_msg_data(&s->frame);
    out->n = zmq_msg_size(&s->frame);
    return SLUIS_OK;
}

static void let_go(bus_server *s)
{
    if (s->held)
        zmq_msg_close(&s->frame);
    s->held = false;
}

/* OK: *out is filled; NOT_FOUND: something was handled inside; TIMEOUT: this source is empty. */
static sluis_err take(bus_server *s, unsigned source, bus_event *out)
{
    sluis_err e;
    switch (source) {
    case SOURCE_ZAP:
        return zap_step(s) ? SLUIS_NOT_FOUND : SLUIS_TIMEOUT;
    case SOURCE_BUS:
    case SOURCE_API:
        e = read_frame(s, source == SOURCE_BUS ? s->router : s->api, source == SOURCE_BUS, out);
        out->kind = source == SOURCE_BUS ? BUS_FRAME : BUS_API_FRAME;
        if (e)
            let_go(s);
        return e == SLUIS_INVALID ? SLUIS_NOT_FOUND : e;
    default:
        out->kind = BUS_CHANNEL;
        return channel_recv(s->watch[source - SOURCE_WATCH], 0, &out->item);
    }
}

static void *socket_of(const bus_server *s, unsigned source)
{
    return source == SOURCE_ZAP   ? s->zap
           : source == SOURCE_BUS ? s->router
           : source == SOURCE_API ? s->api
                                  : s->watch[source - SOURCE_WATCH]->socket;
}

/* Marks the sources that hold something. The file of a socket that was found empty tells of news, unless it
 * was sent to since: that may have swallowed the signal. */
static sluis_err poll_all(bus_server *s, int timeout_ms)
{
    struct pollfd p[SOURCES];
    unsigned source[SOURCES];
    nfds_t n = 0;
    for (unsigned i = 0; i < SOURCE_WATCH + s->watched; i++) {
        void *socket = socket_of(s, i);
        if (!socket || (s->ready & 1u << i))
            continue;
        if (!(s->empty & 1u << i) && session_readable(socket)) {
            s->ready |= 1u << i;
            continue;
        }
        s->empty |= 1u << i;
        source[n] = i;
        p[n++] = (struct pollfd){.fd = session_file(socket), .events = POLLIN};
    }
    s->burst = 0;
    if (poll(p, n, s->ready ? 0 : timeout_ms) < 0)
        return errno == EINTR ? SLUIS_OK : SLUIS_IO;
    for (nfds_t i = 0; i < n; i++)
        if (p[i].revents)
            s->ready |= 1u << source[i];
    return SLUIS_OK;
}

static void next_turn(bus_server *s)
{
    do
        s->turn = (s->turn + 1) % SOURCES;
    while (!(s->ready & 1u << s->turn));
}

sluis_err bus_server_next(bus_server *s, int timeout_ms, bus_event *out)
{
    let_go(s);
    *out = (bus_event){.kind = BUS_NONE};
    uint64_t deadline = timeout_ms > 0 ? clock_mono_us() + (uint64_t)timeout_ms * 1000 : 0;
    for (;;) {
        bool idle = s->ready == 0;
        if (idle || s->burst >= BURST) {
            int left = idle ? session_left(timeout_ms, deadline) : 0;
            sluis_err e = poll_all(s, left);
            if (e)
                return e;
            if (s->ready == 0 && left == 0)
                return SLUIS_OK;
            if (s->ready == 0)
                continue; /* a signal came, or time is not quite over */
            next_turn(s);
        } else if (!(s->ready & 1u << s->turn)) {
            next_turn(s);
        }
        sluis_err e = take(s, s->turn, out);
        s->burst++;
        if (e == SLUIS_OK)
            return SLUIS_OK;
        *out = (bus_event){.kind = BUS_NONE};
        if (e == SLUIS_TIMEOUT) {
            s->ready &= ~(1u << s->turn);
            s->empty |= 1u << s->turn;
        } else if (e != SLUIS_NOT_FOUND)
            return e;
    }
}

/* ---- sending ---- */

static sluis_err send_route(void *socket, const uint8_t *route, size_t route_len)
{
    if (!socket || route_len == 0)
        return SLUIS_CLOSED;
    while (zmq_send(socket, route, route_len, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
        if (zmq_errno() != EINTR)
            return zmq_errno() == EAGAIN ? SLUIS_FULL : session_error();
    return SLUIS_OK;
}

static sluis_err send_to(void *socket, const uint8_t *route, size_t route_len, bytes frame)
{
    sluis_err e = send_route(socket, route, route_len);
    if (e)
        return e;
    while (zmq_send(socket, frame.p, frame.n, ZMQ_DONTWAIT) < 0)
        if (zmq_errno() != EINTR)
            return zmq_errno() == EAGAIN ? SLUIS_FULL : session_error();
    return SLUIS_OK;
}

sluis_err bus_server_send(bus_server *s, const uint8_t *route, size_t route_len, bytes frame)
{
    s->empty &= ~(1u << SOURCE_BUS);
    return send_to(s->router, route, route_len, frame);
}

sluis_err bus_server_send_api(bus_server *s, const uint8_t *route, size_t route_len, bytes frame)
{
    s->empty &= ~(1u << SOURCE_API);
    return send_to(s->api, route, route_len, frame);
}

struct bus_frame {
    zmq_msg_t message; /* what libzmq shares among its copies */
};

sluis_err bus_frame_new(bus_frame **out, bytes frame)
{
    bus_frame *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f || zmq_msg_init_size(&f->message, frame.n) != 0) {
        free(f);
        return SLUIS_NOMEM;
    }
    memcpy(zmq_msg_data(&f->message), frame.p, frame.n);
    *out = f;
    return SLUIS_OK;
}

void bus_frame_free(bus_frame **f)
{
    if (*f)
        zmq_msg_close(&(*f)->message);
    free(*f);
    *f = NULL;
}

sluis_err bus_server_send_frame(bus_server *s, const uint8_t *route, size_t route_len, bus_frame *f)
{
    zmq_msg_t copy;
    s->empty &= ~(1u << SOURCE_BUS);
    sluis_err e = send_route(s->router, route, route_len);
    if (e)
        return e;
    zmq_msg_init(&copy);
    if (zmq_msg_copy(&copy, &f->message) != 0)
        e = session_error();
    while (!e && zmq_msg_send(&copy, s->router, ZMQ_DONTWAIT) < 0)
        if (zmq_errno() != EINTR)
            e = zmq_errno() == EAGAIN ? SLUIS_FULL : session_error();
    if (e)
        zmq_msg_close(&copy);
    return e;
}

/* ---- opening ---- */

static sluis_err fail_zmq(sluis_fail *f, const char *where, const char *what)
{
    int rc = zmq_errno();
    return fail_set(f, session_error(), where, "%s: %s", what, zmq_strerror(rc));
}

/* key: of the configuration that names the endpoint. */
static sluis_err fail_bind(sluis_fail *f, const char *key, const char *endpoint)
{
    int rc = zmq_errno();
    return fail_set(f, session_error(), key, "%s cannot be bound: %s; %s", endpoint, zmq_strerror(rc),
                    rc == EADDRINUSE ? "stop the program that has it, or name another"
                                     : "name an address of this machine, in a form that ZeroMQ knows");
}

static sluis_err open_zap(bus_server *s, channel_hub *hub, sluis_fail *f)
{
    s->zap = zmq_socket(hub->ctx, ZMQ_REP);
    if (!s->zap)
        return fail_zmq(f, ZAP_ADDRESS, "no socket");
    const session_option o[] = {{ZMQ_LINGER, 0}, {0, 0}};
    if (session_set(s->zap, o) || zmq_bind(s->zap, ZAP_ADDRESS) != 0)
        return fail_zmq(f, ZAP_ADDRESS, "cannot be bound (one bus server a hub)");
    return SLUIS_OK;
}

/* What both ROUTERs have in common. */
static sluis_err open_router(void **out, channel_hub *hub, const bus_options *o, const char *where,
                             sluis_fail *f)
{
    *out = zmq_socket(hub->ctx, ZMQ_ROUTER);
    if (!*out)
        return fail_zmq(f, where, "no socket");
    const session_option set[] = {{ZMQ_ROUTER_MANDATORY, 1},
                                  {ZMQ_ROUTER_HANDOVER, 0},
                                  {ZMQ_LINGER, 0},
                                  {ZMQ_SNDHWM, o->hwm},
                                  {ZMQ_RCVHWM, o->hwm},
                                  {ZMQ_BACKLOG, o->max_sockets},
                                  {ZMQ_HANDSHAKE_IVL, o->handshake_ms},
                                  {ZMQ_HEARTBEAT_IVL, o->heartbeat_ms},
                                  {ZMQ_HEARTBEAT_TIMEOUT, 3 * o->heartbeat_ms},
                                  {ZMQ_HEARTBEAT_TTL, 3 * o->heartbeat_ms},
                                  {0, 0}};
    int64_t max = (int64_t)o->max_frame;
    if (session_set(*out, set) || zmq_setsockopt(*out, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0)
        return fail_zmq(f, where, "an option was refused");
    return SLUIS_OK;
}

static sluis_err open_bus(bus_server *s, channel_hub *hub, const bus_options *o, sluis_fail *f)
{
    sluis_err e = open_router(&s->router, hub, o, o->endpoint, f);
    if (e)
        return e;
    const session_option set[] = {{ZMQ_CURVE_SERVER, 1}, {ZMQ_ZAP_ENFORCE_DOMAIN, 1}, {0, 0}};
    if (session_set(s->router, set) ||
        zmq_setsockopt(s->router, ZMQ_ZAP_DOMAIN, SESSION_ZAP_DOMAIN, strlen(SESSION_ZAP_DOMAIN)) != 0 ||
        zmq_setsockopt(s->router, ZMQ_CURVE_SECRETKEY, o->curve->sk, 32) != 0)
        return fail_zmq(f, o->endpoint, "CURVE cannot be set up");
    if (zmq_bind(s->router, o->endpoint) != 0)
        return fail_bind(f, "bus.endpoint", o->endpoint);
    size_t len = sizeof s->endpoint;
    if (zmq_getsockopt(s->router, ZMQ_LAST_ENDPOINT, s->endpoint, &len) != 0)
        return fail_zmq(f, o->endpoint, "has no name");
    return SLUIS_OK;
}

/* The folder of the socket, created 0700 when absent; refused when others may write there. */
static sluis_err prepare_folder(const char *path, sluis_fail *f)
{
    char dir[ENDPOINT_MAX];
    struct stat st;
    const char *slash = strrchr(path, '/');
    if (path[0] != '/' || !slash || slash == path)
        return fail_set(f, SLUIS_INVALID, "api.endpoint",
                        "%s: an ipc endpoint needs an absolute path in a folder of its own", path);
    snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
    if (mkdir(dir, 0700) == 0)
        return SLUIS_OK;
    if (errno != EEXIST || stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return fail_set(f, SLUIS_IO, "api.endpoint",
                        "%s: the folder cannot be made: %s; name another, or make it", dir,
                        strerror(errno == EEXIST ? ENOTDIR : errno));
    if (st.st_mode & 022)
        return fail_set(f, SLUIS_PERMISSION, "api.endpoint",
                        "%s: others may write here: chmod go-w the folder", dir);
    return SLUIS_OK;
}

static sluis_err open_api(bus_server *s, channel_hub *hub, const bus_options *o, sluis_fail *f)
{
    const char *path = o->ipc_endpoint + strlen("ipc://");
    if (strncmp(o->ipc_endpoint, "ipc://", 6) != 0 ||
        snprintf(s->ipc_path, sizeof s->ipc_path, "%s", path) >= (int)sizeof s->ipc_path)
        return fail_set(f, SLUIS_INVALID, "api.endpoint", "%s: must be ipc:// and a path shorter than %d",
                        o->ipc_endpoint, ENDPOINT_MAX);
    sluis_err e = prepare_folder(path, f);
    if (e)
        return e;
    if ((e = open_router(&s->api, hub, o, o->ipc_endpoint, f)))
        return e;
    uid_t own = geteuid();
    if (zmq_setsockopt(s->api, ZMQ_IPC_FILTER_UID, &own, sizeof own) != 0)
        return fail_zmq(f, o->ipc_endpoint, "peers cannot be checked");
    if (zmq_bind(s->api, o->ipc_endpoint) != 0)
        return fail_bind(f, "api.endpoint", o->ipc_endpoint);
    /* Whoever connects before this is asked for its uid all the same. */
    if (chmod(path, 0600) != 0)
        return fail_set(f, SLUIS_IO, path, "no mode: %s", strerror(errno));
    return SLUIS_OK;
}

sluis_err bus_server_open(bus_server **out, channel_hub *hub, const bus_options *o, bus_admit admit,
                          void *ctx, sluis_fail *f)
{
    *out = NULL;
    if (o->max_frame == 0 || o->max_frame > INT32_MAX || o->hwm < 1 || o->max_sockets < 1 ||
        o->handshake_ms < 1 || o->heartbeat_ms < 0 || o->heartbeat_ms > 1000000)
        return fail_set(f, SLUIS_INVALID, o->endpoint, "every bound of the bus must be set");
    bus_server *s = calloc(1, sizeof *s);
    if (!s)
        return fail_set(f, SLUIS_NOMEM, o->endpoint, "out of memory");
    s->admit = admit;
    s->ctx = ctx;
    sluis_err e = open_zap(s, hub, f); /* before anybody can connect */
    if (e == SLUIS_OK)
        e = open_bus(s, hub, o, f);
    if (e == SLUIS_OK && o->ipc_endpoint)
        e = open_api(s, hub, o, f);
    if (e) {
        bus_server_close(&s);
        return e;
    }
    *out = s;
    return SLUIS_OK;
}

void bus_server_close(bus_server **s)
{
    if (!s || !*s)
        return;
    let_go(*s);
    if ((*s)->api)
        zmq_close((*s)->api);
    if ((*s)->router)
        zmq_close((*s)->router);
    if ((*s)->zap)
        zmq_close((*s)->zap);
    free(*s);
    *s = NULL;
}

sluis_err bus_server_watch(bus_server *s, channel *inbound)
{
    if (s->watched == WATCH_MAX)
        return SLUIS_FULL;
    s->watch[s->watched++] = inbound;
    return SLUIS_OK;
}

const char *bus_server_endpoint(const bus_server *s)
{
    return s->endpoint;
}

uint64_t bus_server_refused(const bus_server *s)
{
    return s->refused;
}
