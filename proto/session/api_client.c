#include "session/api_client.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

struct api_client {
    void *context, *socket;
    int fd;
};

static sluis_err set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0 ? SLUIS_OK : SLUIS_INTERNAL;
}

static sluis_err configure(void *s, int hwm)
{
    int64_t max = API_FRAME_MAX;
    sluis_err e = set_int(s, ZMQ_LINGER, 0);
    if (!e)
        e = set_int(s, ZMQ_SNDHWM, hwm);
    if (!e)
        e = set_int(s, ZMQ_RCVHWM, hwm);
    if (!e)
        e = set_int(s, ZMQ_IMMEDIATE,
                    1); /* no sluisd: refuse now, instead of a call that acts after its caller left */
    if (!e)
        e = set_int(s, ZMQ_RECONNECT_IVL, 50);
    if (!e)
        e = set_int(s, ZMQ_RECONNECT_IVL_MAX, 1000);
    if (!e && zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0)
        e = SLUIS_INTERNAL;
    return e;
}

sluis_err api_client_open(api_client **out, const char *endpoint, int hwm, sluis_fail *f)
{
    size_t n = sizeof(int);
    api_client *c = calloc(1, sizeof *c);
    if (!c || !(c->context = zmq_ctx_new()) || !(c->socket = zmq_socket(c->context, ZMQ_DEALER)))
        goto fail;
    if (configure(c->socket, hwm) || zmq_getsockopt(c->socket, ZMQ_FD, &c->fd, &n) != 0)
        goto fail;
    if (zmq_connect(c->socket, endpoint) != 0) {
        fail_set(f, SLUIS_INVALID, "gateway", "%s: %s; an endpoint looks like ipc:///run/sluis/api.sock",
                 endpoint, zmq_strerror(errno));
        goto fail;
    }
    *out = c;
    return SLUIS_OK;
fail:
    api_client_close(&c);
    if (f && f->code)
        return f->code;
    return fail_set(f, SLUIS_NOMEM, "gateway", "cannot make a socket: %s", zmq_strerror(errno));
}

void api_client_close(api_client **at)
{
    api_client *c = *at;
    if (!c)
        return;
    *at = NULL;
    if (c->socket)
        zmq_close(c->socket);
    if (c->context)
        zmq_ctx_term(c->context);
    free(c);
}

int api_client_fd(const api_client *c)
{
    return c->fd;
}

sluis_err api_client_send(api_client *c, bytes frame)
{
    if (zmq_send(c->socket, frame.p, frame.n, ZMQ_DONTWAIT) >= 0)
        return SLUIS_OK;
    return errno == EAGAIN ? SLUIS_FULL : SLUIS_IO;
}

/* The rest of a message of several frames. */
static void drop_rest(api_client *c, zmq_msg_t *m)
{
    while (zmq_msg_more(m) && zmq_msg_recv(m, c->socket, ZMQ_DONTWAIT) >= 0)
        ;
}

sluis_err api_client_recv(api_client *c, buffer *buf)
{
    sluis_err e = SLUIS_NOT_FOUND;
    zmq_msg_t m;
    zmq_msg_init(&m);
    buffer_clear(buf);
    if (zmq_msg_recv(&m, c->socket, ZMQ_DONTWAIT) < 0)
        goto done;
    if (zmq_msg_more(&m)) {
        drop_rest(c, &m);
        e = SLUIS_INVALID;
        goto done;
    }
    buffer_add(buf, zmq_msg_data(&m), zmq_msg_size(&m));
    e = buf->err;
done:
    zmq_msg_close(&m);
    return e;
}
