/* One DEALER, and a monitor of its connection.
 *
 * The monitor says when a handshake has succeeded (then hello is due), failed (refused, in words) or the
 * connection is gone. libzmq reconnects after a lost connection but not after a refused or broken handshake
 * or an oversize frame, so while there is no connection we dial anew now and then. ZMQ_IMMEDIATE drops what
 * was queued on a lost connection, so that hello is the first frame of each one; whatever had no answer is
 * sent again after the welcome. */
#include "session/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "session/client_parts.h"

#define FDS_MAX         16
#define FRAME_ROOM      64 /* what Submit and Frame add to an envelope, at most */
#define DONE_WAIT_MS    1000
#define FRAMES_IN_A_ROW 64 /* before the caller's files are looked at */

uint64_t client_in_ms(uint64_t ms)
{
    return clock_mono_us() + ms * 1000;
}

void client_code(client_event *out, const char *code)
{
    strncpy(out->code, code, sizeof out->code - 1);
}

bool client_is_news(client *c, client_event *out, const char *code)
{
    uint64_t now = clock_mono_us();
    if (strncmp(c->told, code, sizeof c->told - 1) == 0 &&
        now - c->told_at < (uint64_t)REFUSED_RETRY_MS * 1000) {
        fail_clear(&out->why);
        return false;
    }
    strncpy(c->told, code, sizeof c->told - 1);
    c->told_at = now;
    out->kind = CLIENT_REFUSED;
    client_code(out, code);
    return true;
}

/* Says what is due and reads until there is something to tell or the connection holds nothing. */
static sluis_err exchange(client *c, client_event *out)
{
    sluis_err e = SLUIS_OK;
    if (!c->open && clock_mono_us() >= c->redial_at)
        e = link_redial(c);
    if (e == SLUIS_OK && c->open && !c->welcomed && clock_mono_us() >= c->hello_at)
        e = say_hello(c);
    if (e == SLUIS_OK)
        e = say_waiting(c, out);
    if (e == SLUIS_OK && say_due(c))
        e = say_gathered(c);
    if (e == SLUIS_OK)
        hear_ack(c, out);
    while (e == SLUIS_OK && out->kind == CLIENT_NONE) {
        arena_free(&c->arena);
        e = hear_frame(c, out);
    }
    return e == SLUIS_TIMEOUT ? SLUIS_OK : e;
}

/* Everything that can be done without waiting; leaves CLIENT_NONE when there is nothing to tell, and then
 * both sockets were found empty. A look at an empty socket is a system call: the monitor's only when no frame
 * comes. */
static sluis_err work(client *c, client_event *out)
{
    sluis_err e;
    do
        e = exchange(c, out);
    while (e == SLUIS_OK && out->kind == CLIENT_NONE && link_event(c, out) && out->kind == CLIENT_NONE);
    return e;
}

/* Waits for the sockets, the caller's files and what is due. */
static sluis_err wait_for(client *c, int timeout_ms, const int *fds, int nfds, client_event *out)
{
    struct pollfd p[FDS_MAX + 2] = {{.fd = session_file(c->dealer), .events = POLLIN},
                                    {.fd = session_file(c->monitor), .events = POLLIN}};
    bool hello = c->open && !c->welcomed;
    bool says = say_may_submit(c) || (hello && !c->hello_sent) || say_due(c);
    for (int i = 0; i < nfds; i++)
        p[i + 2] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    /* Asking whether it may be sent on swallows the file's signal: a frame that came meanwhile is no wait. */
    bool now = says && (session_writable(c->dealer) || session_readable(c->dealer));
    int due = now                            ? 0
              : !c->open                     ? session_left(1, c->redial_at)
              : hello && c->hello_sent       ? session_left(1, c->hello_at)
              : c->done_count && !say_due(c) ? session_left(1, c->done_at + DONES_EVERY_US)
                                             : -1; /* ms until there is something to do of our own */
    if (due >= 0 && (timeout_ms < 0 || due < timeout_ms))
        timeout_ms = due;
    if (poll(p, (nfds_t)nfds + 2, timeout_ms) < 0)
        return errno == EINTR ? SLUIS_OK : SLUIS_IO;
    c->in_a_row = 0;
    for (int i = 0; i < nfds; i++) {
        if (p[i + 2].revents) {
            out->kind = CLIENT_FD;
            out->fd = fds[i];
            break;
        }
    }
    return SLUIS_OK;
}

sluis_err client_next(client *c, int timeout_ms, const int *fds, int nfds, client_event *out)
{
    *out = (client_event){.kind = CLIENT_NONE, .fd = -1};
    if (nfds < 0 || nfds > FDS_MAX)
        return SLUIS_INVALID;
    uint64_t deadline = client_in_ms(timeout_ms > 0 ? (uint64_t)timeout_ms : 0);
    sluis_err e = SLUIS_OK;
    if (nfds > 0 && c->in_a_row >= FRAMES_IN_A_ROW)
        e = wait_for(c, 0, fds, nfds, out);
    if (!c->acks)
        arena_free(&c->arena);
    while (e == SLUIS_OK && out->kind == CLIENT_NONE) {
        e = work(c, out);
        c->in_a_row += out->kind != CLIENT_NONE;
        if (e || out->kind != CLIENT_NONE)
            break;
        int left = session_left(timeout_ms, deadline);
        if (left != 0 || nfds > 0)
            e = wait_for(c, left, fds, nfds, out);
        if (left == 0)
            break;
    }
    return e;
}

const char *client_origin(const client *c, uint64_t *from)
{
    *from = c->origin_from;
    return c->origin;
}

void client_server_keys(client *c, const pubkeys *keys)
{
    uint8_t now[PK_LEN];
    memcpy(now, c->server_keys.pk[c->server_key], PK_LEN);
    c->server_keys = *keys;
    if (pubkeys_add(&c->server_keys, c->server_pk)) /* full: it takes the last place */
        memcpy(c->server_keys.pk[PUBFILE_KEYS - 1], c->server_pk, PK_LEN);
    c->server_key = c->server_keys.n - 1; /* the first is next */
    for (size_t i = 0; i < c->server_keys.n; i++)
        if (memcmp(c->server_keys.pk[i], now, PK_LEN) == 0)
            c->server_key = i;
}

void client_show(client *c, bytes note)
{
    if (note.n <= sizeof c->shown)
        memcpy(c->shown, note.p, c->shown_n = note.n);
}

sluis_err client_submit(client *c, const uint8_t message_id[static UUID_LEN], bytes raw)
{
    return client_submit_again(c, message_id, raw, BYTES(NULL, 0));
}

sluis_err client_submit_again(client *c, const uint8_t message_id[static UUID_LEN], bytes raw, bytes receipt)
{
    if (raw.n + receipt.n + FRAME_ROOM > c->o->max_frame)
        return SLUIS_TOO_BIG;
    sluis_err e = pending_add(c->waiting, message_id, raw, receipt);
    /* At once when the road is free; else, and when it is refused, client_next sees to it. */
    if (e == SLUIS_OK && say_may_submit(c)) {
        pending_item *i = pending_unsent(c->waiting);
        bool fits = !c->max_bytes || i->n <= c->max_bytes;
        if (fits && say_submit(c, i) == SLUIS_OK)
            pending_mark_sent(c->waiting, i);
    }
    return e;
}

/* A queue without room gets a moment. */
static sluis_err say_done(client *c, const uint64_t *seqs, size_t n, const char *refused_with)
{
    sluis_err e = say_dones(c, seqs, n, refused_with);
    if (e == SLUIS_FULL) {
        zmq_pollitem_t p = {.socket = c->dealer, .events = ZMQ_POLLOUT};
        zmq_poll(&p, 1, DONE_WAIT_MS);
        e = say_dones(c, seqs, n, refused_with);
    }
    return e;
}

sluis_err client_done(client *c, uint64_t seq, uint64_t generation)
{
    if (!c->welcomed || generation != c->generation)
        return SLUIS_CLOSED;
    if (c->done_count == DONES_MAX) {
        sluis_err e = say_done(c, c->dones, c->done_count, "");
        if (e)
            return e;
        c->done_count = 0;
        c->done_at = clock_mono_us();
    }
    c->dones[c->done_count++] = seq;
    return say_due(c) || c->done_count == DONES_MAX ? say_gathered(c) : SLUIS_OK;
}

sluis_err client_refuse(client *c, uint64_t seq, uint64_t generation, sluis_err why)
{
    if (!c->welcomed || generation != c->generation)
        return SLUIS_CLOSED;
    return say_done(c, &seq, 1, error_token(why));
}

sluis_err client_ask_receipt(client *c, uint64_t index, bool proof)
{
    Sluis__ReceiptGet get = SLUIS__RECEIPT_GET__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    if (!c->welcomed)
        return SLUIS_CLOSED;
    get.index = index;
    get.proof = proof;
    frame.f_case = SLUIS__FRAME__F_RECEIPT_GET;
    frame.receipt_get = &get;
    return say_frame(c, &frame);
}

sluis_err client_renew(client *c, Sluis__DirectoryKey **keys, size_t n)
{
    Sluis__Renew renew = SLUIS__RENEW__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    if (!c->welcomed)
        return SLUIS_CLOSED;
    renew.keys = keys;
    renew.n_keys = n;
    frame.f_case = SLUIS__FRAME__F_RENEW;
    frame.renew = &renew;
    return say_frame(c, &frame);
}

const snapshot *client_snapshot(const client *c)
{
    return c->have_snap ? &c->snap : NULL;
}

bool client_connected(const client *c)
{
    return c->welcomed;
}

sluis_err client_open(client **out, const client_options *o, sluis_fail *f)
{
    *out = NULL;
    if (o->max_frame < 2 * SNAPSHOT_PART || o->max_frame > INT32_MAX || o->credit == 0 ||
        o->reconnect_max_ms < RECONNECT_FIRST)
        return fail_set(
            f, SLUIS_INVALID, o->endpoint,
            "frames of at least %u bytes, a credit and a reconnect time of at least %d ms are needed",
            2 * SNAPSHOT_PART, RECONNECT_FIRST);
    client *c = calloc(1, sizeof *c);
    if (!c)
        return fail_set(f, SLUIS_NOMEM, o->endpoint, "out of memory");
    c->options = *o;
    c->o = &c->options;
    memcpy(c->server_pk, o->server_curve_pk, PK_LEN);
    c->server_keys = pubkeys_of(o->server_curve_pk);
    memcpy(c->root_pk, o->root_pk, PK_LEN);
    strncpy(c->program, o->program, NAME_MAX_LEN);
    buffer_init(&c->parts, SNAPSHOT_MAX);
    sluis_err e = pending_new(&c->waiting);
    c->ctx = zmq_ctx_new();
    if (e || !c->ctx)
        e = fail_set(f, SLUIS_NOMEM, o->endpoint, "out of memory");
    if (e == SLUIS_OK)
        e = link_dealer(c, f);
    if (e == SLUIS_OK)
        e = link_monitor(c, f);
    link_lost(c, HANDSHAKE_MS);
    if (e == SLUIS_OK && zmq_connect(c->dealer, o->endpoint) != 0)
        e = link_fail(f, o->endpoint, "is no address to connect to");
    if (e) {
        client_close(&c);
        return e;
    }
    *out = c;
    return SLUIS_OK;
}

void client_close(client **out)
{
    if (!out || !*out)
        return;
    client *c = *out;
    if (c->dealer) {
        zmq_socket_monitor(c->dealer, NULL, 0);
        zmq_close(c->dealer);
    }
    if (c->monitor)
        zmq_close(c->monitor);
    while (c->ctx && zmq_ctx_term(c->ctx) != 0 && zmq_errno() == EINTR)
        continue;
    if (c->have_snap)
        snapshot_close(&c->snap);
    buffer_close(&c->parts);
    arena_free(&c->arena);
    pending_free(&c->waiting);
    free(c);
    *out = NULL;
}
