/* PUSH/PULL over inproc; a message is the eight bytes of a pointer. */
#include "session/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "session/session_zmq.h"

#define NAME_BOUND 64
#define FDS_MAX    16

/* ThreadSanitizer does not see into libzmq: tell it that what was written before a send is seen after it. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CHANNEL_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(CHANNEL_TSAN)
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define HAPPENS_BEFORE(p) __tsan_release(p)
#define HAPPENS_AFTER(p)  __tsan_acquire(p)
#else
#define HAPPENS_BEFORE(p) ((void)(p))
#define HAPPENS_AFTER(p)  ((void)(p))
#endif

sluis_err session_error(void)
{
    switch (zmq_errno()) {
    case ETERM:
    case ENOTSOCK:
    case EHOSTUNREACH:
        return SLUIS_CLOSED;
    case EMFILE:
        return SLUIS_FULL;
    case ENOMEM:
        return SLUIS_NOMEM;
    case EADDRINUSE:
        return SLUIS_EXISTS;
    case EACCES:
    case EPERM:
        return SLUIS_PERMISSION;
    case EINVAL:
        return SLUIS_INVALID;
    default:
        return SLUIS_IO;
    }
}

sluis_err session_set(void *socket, const session_option *o)
{
    for (; o->option; o++)
        if (zmq_setsockopt(socket, o->option, &o->value, sizeof o->value) != 0)
            return session_error();
    return SLUIS_OK;
}

int session_file(void *socket)
{
    int fd = -1;
    size_t len = sizeof fd;
    return zmq_getsockopt(socket, ZMQ_FD, &fd, &len) == 0 ? fd : -1;
}

static bool has_event(void *socket, int event)
{
    int events = 0;
    size_t len = sizeof events;
    return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &len) == 0 && (events & event) != 0;
}

bool session_readable(void *socket)
{
    return has_event(socket, ZMQ_POLLIN);
}

bool session_writable(void *socket)
{
    return has_event(socket, ZMQ_POLLOUT);
}

int session_left(int timeout_ms, uint64_t deadline_us)
{
    if (timeout_ms <= 0)
        return timeout_ms;
    uint64_t now = clock_mono_us();
    return now >= deadline_us ? 0 : (int)((deadline_us - now + 999) / 1000);
}

sluis_err channel_hub_new(channel_hub **out, int io_threads, int max_sockets)
{
    *out = NULL;
    channel_hub *h = calloc(1, sizeof *h);
    if (!h)
        return SLUIS_NOMEM;
    sluis_err e = SLUIS_INVALID;
    h->ctx = zmq_ctx_new();
    if (!h->ctx || zmq_ctx_set(h->ctx, ZMQ_IO_THREADS, io_threads) != 0 ||
        zmq_ctx_set(h->ctx, ZMQ_MAX_SOCKETS, max_sockets) != 0) {
        channel_hub_free(&h);
        return e;
    }
    *out = h;
    return SLUIS_OK;
}

void channel_hub_free(channel_hub **h)
{
    if (!h || !*h)
        return;
    while ((*h)->ctx && zmq_ctx_term((*h)->ctx) != 0 && zmq_errno() == EINTR)
        continue;
    free(*h);
    *h = NULL;
}

sluis_err channel_open(channel **out, channel_hub *h, const char *name, channel_role role, int capacity)
{
    *out = NULL;
    char endpoint[NAME_BOUND];
    if (capacity < 1 ||
        snprintf(endpoint, sizeof endpoint, "inproc://channel.%s", name) >= (int)sizeof endpoint)
        return SLUIS_INVALID;
    channel *c = calloc(1, sizeof *c);
    if (!c)
        return SLUIS_NOMEM;
    sluis_err e;
    bool receives = role == CHANNEL_RECV_BIND || role == CHANNEL_RECV_CONNECT;
    bool binds = role == CHANNEL_RECV_BIND || role == CHANNEL_SEND_BIND;
    /* inproc adds up the marks of both ends: at least capacity items fit, whatever the other end says. */
    session_option o[] = {{receives ? ZMQ_RCVHWM : ZMQ_SNDHWM, capacity}, {ZMQ_LINGER, 0}, {0, 0}};
    c->socket = zmq_socket(h->ctx, receives ? ZMQ_PULL : ZMQ_PUSH);
    if (!c->socket) {
        e = session_error();
        goto fail;
    }
    if ((e = session_set(c->socket, o)))
        goto fail;
    if ((binds ? zmq_bind(c->socket, endpoint) : zmq_connect(c->socket, endpoint)) != 0) {
        e = session_error();
        goto fail;
    }
    *out = c;
    return SLUIS_OK;
fail:
    channel_close(&c);
    return e;
}

void channel_close(channel **c)
{
    if (!c || !*c)
        return;
    if ((*c)->socket)
        zmq_close((*c)->socket);
    free(*c);
    *c = NULL;
}

sluis_err channel_send(channel *c, void *item)
{
    HAPPENS_BEFORE(item);
    for (bool looked = false;;) {
        if (zmq_send(c->socket, &item, sizeof item, ZMQ_DONTWAIT) >= 0)
            return SLUIS_OK;
        if (zmq_errno() == EINTR)
            continue;
        if (zmq_errno() != EAGAIN)
            return session_error();
        if (looked)
            return SLUIS_FULL;
        /* A sender looks for news of what was received once a millisecond only; asking for events makes it
         * look. */
        session_writable(c->socket);
        looked = true;
    }
}

static sluis_err try_recv(channel *c, void **item)
{
    for (;;) {
        int n = zmq_recv(c->socket, item, sizeof *item, ZMQ_DONTWAIT);
        if (n == (int)sizeof *item) {
            HAPPENS_AFTER(*item);
            return SLUIS_OK;
        }
        if (n >= 0)
            return SLUIS_INTERNAL;
        if (zmq_errno() != EINTR)
            return zmq_errno() == EAGAIN ? SLUIS_TIMEOUT : session_error();
    }
}

sluis_err channel_recv(channel *c, int timeout_ms, void **item)
{
    return channel_recv_or(c, timeout_ms, item, NULL, 0, NULL);
}

sluis_err channel_recv_or(channel *c, int timeout_ms, void **item, const int *fds, int n, int *which)
{
    *item = NULL;
    if (n < 0 || n > FDS_MAX)
        return SLUIS_INVALID;
    sluis_err e = try_recv(c, item);
    if (e != SLUIS_TIMEOUT || (timeout_ms == 0 && n == 0))
        return e;
    struct pollfd p[FDS_MAX + 1] = {{.fd = session_file(c->socket), .events = POLLIN}};
    for (int i = 0; i < n; i++)
        p[i + 1] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    uint64_t deadline = clock_mono_us() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000;
    for (;;) {
        int left = session_left(timeout_ms, deadline);
        int ready = poll(p, (nfds_t)n + 1, left);
        if (ready < 0 && errno != EINTR)
            return SLUIS_IO;
        if (ready > 0 && p[0].revents) {
            if ((e = try_recv(c, item)) != SLUIS_TIMEOUT)
                return e; /* a pool's item may have gone to another end meanwhile */
        }
        for (int i = 0; ready > 0 && i < n; i++) {
            if (p[i + 1].revents) {
                *which = i;
                return SLUIS_NOT_FOUND;
            }
        }
        if (left == 0 && ready >= 0)
            return SLUIS_TIMEOUT;
    }
}
