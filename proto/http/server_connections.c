/* Connections: each has a gate before evhttp, and is looked at until evhttp has let go of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/server_parts.h"

#define LINGER_US   1000000 /* a refused sender may read our answer for this long while we swallow the rest */
#define AHEAD_MAX   65536   /* bytes of whole requests waiting for evhttp; beyond, reading stops */
#define CROWD_SLACK 64

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

void server_accept_or_not(http_server *s)
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
void server_accept_failed(struct evconnlistener *listener, void *http)
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

/* As a timeout it would count as the next one, and put off the one after it for as long. */
void server_sweep_soon(const http_server *s)
{
    event_active(s->sweep, EV_READ, 0);
}

static void on_left(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    connection *c = arg;
    c->left = true;
    server_sweep_soon(c->server);
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

void server_sweep(http_server *s)
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
    server_accept_or_not(s);
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

struct bufferevent *server_connected(struct event_base *base, void *arg)
{
    http_server *s = arg;
    struct bufferevent *bev = NULL;
    if (s->connection_count >= s->o.max_connections)
        server_sweep(s);
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
    server_accept_or_not(s);
    return bev;
fail:
    if (bev)
        bufferevent_free(bev);
    if (c)
        gate_close(&c->gate);
    free(c);
    return NULL;
}

connection *server_connection_of(http_server *s, struct bufferevent *bev)
{
    connection *c = s->connections;
    while (c && c->bev != bev)
        c = c->next;
    return c;
}

void server_release_all(http_server *s)
{
    while (s->connections) {
        connection *c = s->connections;
        s->connections = c->next;
        release(c);
    }
}
