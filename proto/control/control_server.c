/* The control socket's serving side: one epoll set, a bounded buffer a connection, one request at a time. */
#include "control/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"

#define TICK_MS 500 /* how late a silent connection may be noticed */

typedef struct {
    int fd;         /* -1: free */
    buffer in, out; /* out: the reply being written; in is not read meanwhile */
    size_t written;
    bool closing;      /* close once out is written */
    uid_t uid;         /* whose it is */
    uint64_t deadline; /* monotonic us */
} connection;

struct control_server {
    int listener, epoll;
    control_access who;
    control_handler handler;
    void *ctx;
    struct sockaddr_un address;
    bool bound;
    connection peer[CONTROL_CONNECTIONS];
};

bool control_peer_allowed(const control_access *who, uid_t peer, uid_t own)
{
    bool listed = false;
    for (size_t i = 0; i < who->count && !listed; i++)
        listed = who->peers[i] == peer;
    return listed || peer == 0 || peer == own;
}

static void drop(connection *c)
{
    close(c->fd);
    c->fd = -1;
    buffer_close(&c->in);
    buffer_close(&c->out);
}

static void restart_clock(connection *c)
{
    c->deadline = clock_mono_us() + (uint64_t)CONTROL_REQUEST_MS * 1000;
}

/* ---- replies ---- */

static json_t *error_reply(const sluis_fail *f)
{
    sluis_err e = f->code ? f->code : SLUIS_INTERNAL;
    return json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "code", error_token(e), "where", f->where, "text",
                     f->text[0] ? f->text : error_text(e));
}

/* Takes reply. */
static bool write_line(buffer *out, json_t *reply)
{
    char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
    json_decref(reply);
    if (!text)
        return false;
    buffer_clear(out);
    buffer_add(out, text, strlen(text));
    buffer_u8(out, '\n');
    free(text);
    return out->err == SLUIS_OK;
}

static void answer(connection *c, json_t *reply)
{
    if (!write_line(&c->out, reply)) {
        sluis_fail f = {0};
        fail_set(&f, SLUIS_TOO_BIG, "reply", "the answer does not fit into %u bytes: ask for less",
                 CONTROL_LINE_MAX);
        if (!write_line(&c->out, error_reply(&f)))
            c->closing = true;
    }
    c->written = 0;
}

static void answer_error(connection *c, sluis_err e, const char *text, bool closing)
{
    sluis_fail f = {0};
    fail_set(&f, e, "request", "%s", text);
    answer(c, error_reply(&f));
    c->closing = closing;
}

static void handle_line(control_server *s, connection *c, const char *line, size_t n)
{
    sluis_fail f = {0};
    json_error_t je;
    json_t *request = json_loadb(line, n, JSON_REJECT_DUPLICATES, &je);
    const char *cmd = json_string_value(json_object_get(request, "cmd"));
    if (!json_is_object(request)) {
        answer_error(c, SLUIS_INVALID, "a line must be one JSON object without duplicate names", true);
    } else if (!cmd || !name_valid(cmd)) {
        answer_error(c, SLUIS_INVALID, "\"cmd\" must name a command", true);
    } else {
        json_t *reply = s->handler(s->ctx, c->uid, cmd, request, &f);
        if (reply)
            json_object_set_new(reply, "ok", json_true());
        answer(c, reply ? reply : error_reply(&f));
    }
    json_decref(request);
}

/* ---- connections ---- */

static void watch(control_server *s, connection *c)
{
    struct epoll_event ev = {.events = c->out.n ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &ev) != 0)
        drop(c);
}

static void write_some(connection *c)
{
    while (c->fd >= 0 && c->written < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->written, c->out.n - c->written, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            drop(c);
        if (n < 0)
            return;
        c->written += (size_t)n;
    }
    if (c->fd < 0)
        return;
    buffer_clear(&c->out);
    c->written = 0;
    restart_clock(c);
    if (c->closing)
        drop(c);
}

/* Answers the lines that are complete, one after the other, as far as the peer takes the replies. */
static void serve_lines(control_server *s, connection *c)
{
    while (c->fd >= 0 && c->out.n == 0) {
        uint8_t *end = c->in.n ? memchr(c->in.p, '\n', c->in.n) : NULL;
        if (!end) {
            if (c->in.n < CONTROL_LINE_MAX)
                return;
            answer_error(c, SLUIS_TOO_BIG, "a line may be 1 MiB", true);
        } else {
            size_t n = (size_t)(end - c->in.p);
            handle_line(s, c, (const char *)c->in.p, n);
            memmove(c->in.p, end + 1, c->in.n - n - 1);
            c->in.n -= n + 1;
        }
        write_some(c);
    }
}

static void read_some(connection *c)
{
    uint8_t chunk[16384];
    size_t room = CONTROL_LINE_MAX - c->in.n;
    ssize_t n = recv(c->fd, chunk, room < sizeof chunk ? room : sizeof chunk, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0)
        buffer_add(&c->in, chunk, (size_t)n);
    if (n <= 0 || c->in.err)
        drop(c);
}

static void accept_one(control_server *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct ucred who;
    socklen_t len = sizeof who;
    connection *c = NULL;
    for (size_t i = 0; i < CONTROL_CONNECTIONS && !c; i++)
        if (s->peer[i].fd < 0)
            c = &s->peer[i];
    bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    if (!c || !known || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
        static const char full[] =
            "{\"ok\":false,\"code\":\"full\",\"where\":\"\",\"text\":\"16 connections are open\"}\n";
        if (!c && send(fd, full, sizeof full - 1, MSG_NOSIGNAL) < 0)
            errno = 0;
        close(fd);
        return;
    }
    *c = (connection){.fd = fd, .uid = who.uid};
    buffer_init(&c->in, CONTROL_LINE_MAX);
    buffer_init(&c->out, CONTROL_LINE_MAX);
    restart_clock(c);
    if (!control_peer_allowed(&s->who, who.uid, geteuid())) {
        answer_error(c, SLUIS_PERMISSION,
                     s->who.count ? "only operators, root and the daemon's own user may ask"
                                  : "only root and the daemon's own user may ask",
                     true);
        write_some(c);
    }
}

static bool expire(control_server *s)
{
    bool any = false;
    uint64_t now = clock_mono_us();
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++) {
        if (s->peer[i].fd >= 0 && now >= s->peer[i].deadline)
            drop(&s->peer[i]);
        any = any || s->peer[i].fd >= 0;
    }
    return any;
}

void control_server_step(control_server *s, int timeout_ms)
{
    struct epoll_event ev[CONTROL_CONNECTIONS + 1];
    int n = epoll_wait(s->epoll, ev, CONTROL_CONNECTIONS + 1, timeout_ms);
    for (int i = 0; i < n; i++) {
        connection *c = ev[i].data.ptr;
        if (!c) {
            accept_one(s);
            continue;
        }
        if (c->fd < 0)
            continue; /* dropped in this round */
        if (ev[i].events & EPOLLOUT)
            write_some(c);
        else
            read_some(c);
        serve_lines(s, c);
        if (c->fd >= 0)
            watch(s, c);
    }
    expire(s);
}

int control_server_fd(const control_server *s)
{
    return s->epoll;
}

sluis_err control_server_run(control_server *s, int stop_fd, void (*tick)(void *ctx), void *ctx)
{
    struct pollfd p[2] = {{.fd = s->epoll, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    for (;;) {
        int n = poll(p, 2, expire(s) || tick ? TICK_MS : -1);
        if (n < 0 && errno != EINTR)
            return SLUIS_IO;
        if (n > 0 && p[1].revents)
            return SLUIS_OK;
        if (n > 0)
            control_server_step(s, 0);
        if (tick)
            tick(ctx);
    }
}

/* ---- opening ---- */

static bool somebody_listens(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) == 0;
    if (fd >= 0)
        close(fd);
    return yes;
}

static sluis_err bind_socket(control_server *s, const char *path, sluis_fail *f)
{
    struct stat st;
    if (lstat(path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode))
            return fail_set(f, SLUIS_EXISTS, path, "control: is no socket: remove it or name another path");
        if (somebody_listens(&s->address))
            return fail_set(f, SLUIS_EXISTS, path, "control: another program listens here: stop it first");
        unlink(path);
    }
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listener < 0)
        return fail_set(f, SLUIS_IO, path, "no socket: %s", strerror(errno));
    /* unix(7): the file gets the mode of the socket, less the umask, which is the whole process' and stays as
     * it is */
    if (fchmod(s->listener, 0600) != 0)
        return fail_set(f, SLUIS_IO, path, "no mode: %s", strerror(errno));
    s->bound = bind(s->listener, (struct sockaddr *)&s->address, sizeof s->address) == 0;
    if (!s->bound || listen(s->listener, CONTROL_CONNECTIONS) != 0)
        return fail_set(f, SLUIS_IO, path,
                        "control cannot be bound: %s; make its folder, writable for us, or name another path",
                        strerror(errno));
    if (s->who.group != (gid_t)-1 && (chown(path, (uid_t)-1, s->who.group) || chmod(path, 0660)))
        return fail_set(f, SLUIS_PERMISSION, path,
                        "control cannot be given to its group: %s; make the daemon's user a member of it",
                        strerror(errno));
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &ev) != 0)
        return fail_set(f, SLUIS_IO, path, "cannot be watched: %s", strerror(errno));
    return SLUIS_OK;
}

sluis_err control_server_open(control_server **out, const char *path, control_access who, control_handler h,
                              void *ctx, sluis_fail *f)
{
    *out = NULL;
    control_server *s = calloc(1, sizeof *s);
    if (!s)
        return fail_set(f, SLUIS_NOMEM, path, "out of memory");
    s->listener = s->epoll = -1;
    s->who = who;
    s->handler = h;
    s->ctx = ctx;
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++)
        s->peer[i].fd = -1;
    s->address.sun_family = AF_UNIX;
    sluis_err e;
    if (strlen(path) >= sizeof s->address.sun_path)
        e = fail_set(f, SLUIS_TOO_BIG, path, "a socket's path is at most %zu bytes",
                     sizeof s->address.sun_path - 1);
    else {
        strcpy(s->address.sun_path, path);
        e = bind_socket(s, path, f);
    }
    if (e) {
        control_server_close(&s);
        return e;
    }
    *out = s;
    return SLUIS_OK;
}

void control_server_close(control_server **out)
{
    if (!out || !*out)
        return;
    control_server *s = *out;
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++)
        if (s->peer[i].fd >= 0)
            drop(&s->peer[i]);
    if (s->listener >= 0)
        close(s->listener);
    if (s->epoll >= 0)
        close(s->epoll);
    if (s->bound)
        unlink(s->address.sun_path);
    free(s);
    *out = NULL;
}
