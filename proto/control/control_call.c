/* The asking side of the control socket. */
#include "control/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"

typedef struct {
    int fd;
    const char *path;
    uint64_t deadline; /* monotonic us */
    sluis_fail *f;
} call;

static sluis_err lost(const call *c)
{
    return fail_set(c->f, SLUIS_CLOSED, c->path, "the other side hung up: %s",
                    errno ? strerror(errno) : "no answer");
}

static sluis_err wait_for(const call *c, short events)
{
    for (;;) {
        uint64_t now = clock_mono_us();
        struct pollfd p = {.fd = c->fd, .events = events};
        int n = poll(&p, 1, now >= c->deadline ? 0 : (int)((c->deadline - now + 999) / 1000));
        if (n > 0)
            return SLUIS_OK;
        if (n == 0)
            return fail_set(c->f, SLUIS_TIMEOUT, c->path, "no answer in time");
        if (errno != EINTR)
            return lost(c);
    }
}

static sluis_err dial(call *c)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(c->path) >= sizeof a.sun_path)
        return fail_set(c->f, SLUIS_TOO_BIG, c->path, "a socket's path is at most %zu bytes",
                        sizeof a.sun_path - 1);
    strcpy(a.sun_path, c->path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return fail_set(c->f, SLUIS_IO, c->path, "no socket: %s", strerror(errno));
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a) != 0) {
        if (errno == EACCES || errno == EPERM)
            return fail_set(c->f, SLUIS_PERMISSION, c->path, "run this as root or as the daemon's user");
        if (errno == EAGAIN)
            return fail_set(c->f, SLUIS_FULL, c->path, "too many are asking: try again");
        return fail_set(c->f, SLUIS_CLOSED, c->path, "nobody listens here (%s): is the daemon running?",
                        strerror(errno));
    }
    struct ucred who;
    socklen_t len = sizeof who;
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
        return fail_set(c->f, SLUIS_PERMISSION, c->path, "who listens here cannot be told: %s",
                        strerror(errno));
    return SLUIS_OK;
}

static sluis_err send_line(const call *c, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    if (!text)
        return fail_set(c->f, SLUIS_INVALID, c->path, "the request cannot be written as JSON");
    sluis_err e = SLUIS_OK;
    size_t n = strlen(text), sent = 0;
    if (n >= CONTROL_LINE_MAX)
        e = fail_set(c->f, SLUIS_TOO_BIG, c->path, "a request may be 1 MiB");
    text[n++] = '\n'; /* in the place of the NUL */
    while (e == SLUIS_OK && sent < n) {
        ssize_t k = send(c->fd, text + sent, n - sent, MSG_NOSIGNAL);
        if (k >= 0)
            sent += (size_t)k;
        else if (errno == EAGAIN)
            e = wait_for(c, POLLOUT);
        else if (errno == EPIPE || errno == ECONNRESET)
            break; /* it may have said why before it hung up */
        else if (errno != EINTR)
            e = lost(c);
    }
    free(text);
    return e;
}

static sluis_err receive_line(const call *c, buffer *in)
{
    for (;;) {
        uint8_t chunk[16384];
        sluis_err e = wait_for(c, POLLIN);
        if (e)
            return e;
        errno = 0;
        ssize_t k = recv(c->fd, chunk, sizeof chunk, 0);
        if (k < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (k <= 0)
            return lost(c);
        buffer_add(in, chunk, (size_t)k);
        if (in->err)
            return fail_set(c->f, in->err, c->path, "the answer is larger than 1 MiB");
        if (chunk[k - 1] == '\n')
            return SLUIS_OK;
    }
}

sluis_err control_call(const char *path, const json_t *request, json_t **reply, int timeout_ms, sluis_fail *f)
{
    *reply = NULL;
    call c = {.fd = -1, .path = path, .f = f};
    c.deadline = clock_mono_us() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000;
    buffer in;
    buffer_init(&in, CONTROL_LINE_MAX);
    sluis_err e = dial(&c);
    if (e == SLUIS_OK)
        e = send_line(&c, request);
    if (e == SLUIS_OK)
        e = receive_line(&c, &in);
    if (e == SLUIS_OK) {
        json_error_t je;
        *reply = json_loadb((const char *)in.p, in.n, JSON_REJECT_DUPLICATES, &je);
        if (!json_is_object(*reply) || !json_is_boolean(json_object_get(*reply, "ok"))) {
            json_decref(*reply);
            *reply = NULL;
            e = fail_set(f, SLUIS_INVALID, path, "what answered is no control socket");
        }
    }
    if (c.fd >= 0)
        close(c.fd);
    buffer_close(&in);
    return e;
}
