/* The server opened, bound, run and stopped. What it does with connections and requests: server_parts.h. */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ids.h"
#include "http/server_parts.h"

#define BACKLOG 128

static struct timeval timeval_ms(int ms)
{
    return (struct timeval){ms / 1000, (ms % 1000) * 1000};
}

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
    evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(s->tcp), server_accept_failed);
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
    evconnlistener_set_error_cb(l, server_accept_failed);
    return SLUIS_OK;
fail:
    e = fail_set(f, SLUIS_IO, path, "cannot listen there: %s", strerror(errno));
    if (l)
        evconnlistener_free(l);
    else if (fd >= 0)
        close(fd);
    return e;
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    server_sweep(arg);
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
    evhttp_set_bevcb(s->http, server_connected, s);
    evhttp_set_gencb(s->http, server_requested, s);

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
    server_forget_all(s);
    if (s->http)
        evhttp_free(s->http);
    server_release_all(s);
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
    server_accept_or_not(s);
    struct timeval wait = timeval_ms(s->o.stop_ms);
    evtimer_add(s->give_up, &wait);
    if (!s->requests)
        server_leave(s);
}
