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

#include "base/clock.h"
#include "session/pending.h"
#include "session/session_zmq.h"
#include "wire/envelope.h"

#define VERSION          1
#define MONITOR          "inproc://monitor"
#define FDS_MAX          16
#define FRAME_USUAL      1024 /* what decoding adds to a frame, mostly */
#define FRAME_ROOM       64   /* what Submit and Frame add to an envelope, at most */
#define HELLO_RETRY_MS   2000
#define REFUSED_RETRY_MS 30000 /* hello after a refusal; also how often one reason is told again */
#define RECONNECT_FIRST  200   /* ms */
#define HEARTBEAT_MS     5000
#define HANDSHAKE_MS     10000
#define REDIAL_MS        3000 /* what libzmq gets to reconnect by itself */
#define HWM              1024
#define MONITOR_HWM      100000
#define DONE_WAIT_MS     1000
#define FRAMES_IN_A_ROW  64   /* before the caller's files are looked at */
#define DONES_MAX        64   /* of one frame */
#define DONES_EVERY_US   2000 /* so close on one another, they go together */

struct client {
    const client_options *o; /* a copy, below */
    client_options options;
    uint8_t server_pk[PK_LEN], root_pk[PK_LEN]; /* as configured */
    pubkeys server_keys;                        /* tried in turn; never none */
    size_t server_key;                          /* which one is, now */
    size_t broken;                              /* handshakes broken off since one succeeded */
    char program[NAME_MAX_LEN + 1];
    void *ctx, *dealer, *monitor;
    pending *waiting;
    arena *arena;            /* the last event's */
    const Sluis__Acks *acks; /* in the arena: the frame of which more are to be told; NULL = none */
    size_t ack_next;
    uint64_t dones[DONES_MAX]; /* not said yet */
    size_t done_count;
    uint64_t done_at; /* monotonic us: when dones were last said */
    snapshot snap;
    uint8_t snap_hash[HASH_LEN];
    /* A newer snapshot on its way: what there is of it. */
    buffer parts;
    uint8_t parts_hash[HASH_LEN];
    uint32_t parts_bytes;
    bool have_snap, open, welcomed, hello_sent;
    bool welcome_waits; /* for the directory behind it: told when that is there */
    uint64_t generation;
    /* Monotonic us: when hello is due, when to dial anew, when the reason was last told. */
    uint64_t hello_at, redial_at, told_at;
    uint32_t credit, max_bytes;
    char origin[ORIGIN_MAX + 1];
    uint64_t origin_from;
    uint8_t shown[NOTE_MAX];
    size_t shown_n;
    unsigned in_a_row;
    char told[65];
};

static uint64_t in_ms(uint64_t ms)
{
    return clock_mono_us() + ms * 1000;
}

static void set_code(client_event *out, const char *code)
{
    strncpy(out->code, code, sizeof out->code - 1);
}

/* True when this is news: the same reason is told once in a while, however often the connection is retried.
 */
static bool refused(client *c, client_event *out, const char *code)
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
    set_code(out, code);
    return true;
}

/* ---- sending ---- */

static sluis_err send_frame(client *c, Sluis__Frame *frame)
{
    zmq_msg_t m;
    size_t n = protobuf_c_message_get_packed_size(&frame->base);
    if (n > c->o->max_frame)
        return SLUIS_TOO_BIG;
    if (zmq_msg_init_size(&m, n) != 0)
        return SLUIS_NOMEM;
    protobuf_c_message_pack(&frame->base, zmq_msg_data(&m));
    sluis_err e = SLUIS_OK;
    while (e == SLUIS_OK && zmq_msg_send(&m, c->dealer, ZMQ_DONTWAIT) < 0)
        if (zmq_errno() != EINTR)
            e = zmq_errno() == EAGAIN ? SLUIS_FULL : session_error();
    zmq_msg_close(&m); /* what was sent is empty */
    return e;
}

static sluis_err send_hello(client *c)
{
    Sluis__Hello hello = SLUIS__HELLO__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    hello.version_min = hello.version_max = VERSION;
    hello.program = c->program;
    hello.checkpoint = (ProtobufCBinaryData){.len = c->shown_n, .data = c->shown};
    hello.credit = c->o->credit;
    if (c->have_snap)
        hello.directory = (ProtobufCBinaryData){.len = HASH_LEN, .data = c->snap_hash};
    frame.f_case = SLUIS__FRAME__F_HELLO;
    frame.hello = &hello;
    sluis_err e = send_frame(c, &frame);
    if (e == SLUIS_FULL)
        return SLUIS_OK; /* the connection is not quite there: again as soon as it takes something */
    c->hello_sent = true;
    c->hello_at = in_ms(HELLO_RETRY_MS);
    return e;
}

static sluis_err send_submit(client *c, pending_item *i)
{
    Sluis__Submit submit = SLUIS__SUBMIT__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    submit.envelope = (ProtobufCBinaryData){.len = i->n, .data = i->envelope};
    submit.receipt = (ProtobufCBinaryData){.len = i->receipt_n, .data = i->envelope + i->n};
    frame.f_case = SLUIS__FRAME__F_SUBMIT;
    frame.submit = &submit;
    return send_frame(c, &frame);
}

static sluis_err send_dones(client *c, const uint64_t *seqs, size_t n, const char *refused_with)
{
    Sluis__Done done = SLUIS__DONE__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    done.seqs = (uint64_t *)(uintptr_t)seqs;
    done.n_seqs = n;
    done.generation = c->generation;
    done.refused = (char *)(uintptr_t)refused_with;
    frame.f_case = SLUIS__FRAME__F_DONE;
    frame.done = &done;
    return send_frame(c, &frame);
}

/* Says what was gathered; a full queue is tried again. */
static sluis_err flush_dones(client *c)
{
    if (!c->welcomed || c->done_count == 0)
        return SLUIS_OK;
    sluis_err e = send_dones(c, c->dones, c->done_count, "");
    if (e == SLUIS_OK) {
        c->done_count = 0;
        c->done_at = clock_mono_us();
    }
    return e == SLUIS_FULL ? SLUIS_OK : e;
}

static bool dones_due(const client *c)
{
    return c->done_count && clock_mono_us() - c->done_at >= DONES_EVERY_US;
}

static bool may_submit(const client *c)
{
    return c->welcomed && pending_unsent(c->waiting) && pending_in_flight(c->waiting) < c->credit;
}

/* Sends what waits, as far as credit and queue go. What the gateway would hang up on is refused here. */
static sluis_err flush(client *c, client_event *out)
{
    while (may_submit(c)) {
        pending_item *i = pending_unsent(c->waiting);
        if (c->max_bytes && i->n > c->max_bytes) {
            out->kind = CLIENT_NACK;
            memcpy(out->message_id, i->id, UUID_LEN);
            set_code(out, error_token(SLUIS_TOO_BIG));
            fail_set(&out->why, SLUIS_TOO_BIG, "envelope", "%zu bytes; the gateway takes %u", i->n,
                     c->max_bytes);
            pending_remove(c->waiting, out->message_id);
            return SLUIS_OK;
        }
        sluis_err e = send_submit(c, i);
        if (e == SLUIS_FULL)
            return SLUIS_OK;
        if (e)
            return e;
        pending_mark_sent(c->waiting, i);
    }
    return SLUIS_OK;
}

/* ---- the connection ---- */

static void lost(client *c, int patience_ms)
{
    c->open = c->welcomed = c->hello_sent = c->welcome_waits = false;
    c->done_count = 0; /* of a session that is over: delivered again */
    buffer_close(&c->parts);
    c->redial_at = in_ms((uint64_t)patience_ms + (uint64_t)c->o->reconnect_max_ms);
}

static sluis_err redial(client *c)
{
    if (c->broken)
        c->server_key = (c->server_key + 1) % c->server_keys.n;
    if (zmq_setsockopt(c->dealer, ZMQ_CURVE_SERVERKEY, c->server_keys.pk[c->server_key], PK_LEN) != 0)
        return session_error();
    c->redial_at = in_ms(HANDSHAKE_MS + (uint64_t)c->o->reconnect_max_ms);
    zmq_disconnect(c->dealer, c->o->endpoint); /* fails when libzmq gave it up already */
    return zmq_connect(c->dealer, c->o->endpoint) == 0 ? SLUIS_OK : session_error();
}

/* One event of the monitor; false when there is none. */
static bool read_monitor(client *c, client_event *out)
{
    uint8_t event[6], address[256];
    if (zmq_recv(c->monitor, event, sizeof event, ZMQ_DONTWAIT) != (int)sizeof event)
        return false;
    zmq_recv(c->monitor, address, sizeof address, ZMQ_DONTWAIT);
    uint16_t what;
    bool all;
    memcpy(&what, event, sizeof what); /* in the machine's own order */
    switch (what) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        lost(c, 0);
        c->open = true;
        c->broken = 0;
        c->hello_at = 0;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        lost(c, 0);
        if (refused(c, out, error_token(SLUIS_UNKNOWN_KEY)))
            fail_set(&out->why, SLUIS_UNKNOWN_KEY, c->o->endpoint,
                     "the gateway does not know our connection key: let its operator enrol it");
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        c->broken++;
        all = c->broken % c->server_keys.n == 0; /* each key has had its turn: wait a while */
        lost(c, all ? HANDSHAKE_MS : 0);
        if (all && refused(c, out, "handshake"))
            fail_set(&out->why, SLUIS_CLOSED, c->o->endpoint,
                     "hung up during the handshake: is this the gateway, and its connection key the one "
                     "configured? (the gateway's operator has it: curve.key.pub)");
        break;
    default:
        if (c->open) /* after a refused handshake, when to dial again is settled */
            lost(c, REDIAL_MS);
    }
    return true;
}

static void take_words(client_event *out, const char *code, const char *where, const char *text)
{
    set_code(out, code);
    fail_set(&out->why, error_parse(code), where, "%s", text);
}

/* Replaces our snapshot by a newer one that verifies. */
static sluis_err take_snapshot(client *c, bytes raw, sluis_fail *f)
{
    snapshot s;
    uint8_t hash[HASH_LEN];
    snapshot_hash(hash, raw);
    if (memcmp(hash, c->parts_hash, HASH_LEN) != 0)
        return fail_set(f, SLUIS_CORRUPT, "directorypart", "the parts are not of the directory they name");
    sluis_err e = snapshot_open(&s, raw, c->root_pk, clock_ms(), f);
    if (e)
        return e;
    if (c->have_snap && s.made < c->snap.made) {
        snapshot_close(&s); /* overtaken on its way */
        return SLUIS_OK;
    }
    if (c->have_snap)
        snapshot_close(&c->snap);
    c->snap = s;
    memcpy(c->snap_hash, hash, HASH_LEN);
    c->have_snap = true;
    return SLUIS_OK;
}

/* ---- frames ---- */

static void no_session(client *c, sluis_err e, client_event *out)
{
    c->welcomed = c->welcome_waits = false;
    c->hello_at = in_ms(REFUSED_RETRY_MS);
    refused(c, out, error_token(e));
}

static void begin_session(client *c, client_event *out)
{
    c->welcomed = true;
    c->welcome_waits = false;
    c->told[0] = 0;
    c->done_count = 0;
    pending_restart(c->waiting);
    out->kind = CLIENT_WELCOME;
    out->generation = c->generation;
}

static void on_welcome(client *c, const Sluis__Welcome *w, client_event *out)
{
    if (w->version != VERSION || w->credit == 0 || w->directory.len != HASH_LEN) {
        no_session(
            c,
            fail_set(&out->why, SLUIS_VERSION, "welcome", "version %u with credit %u", w->version, w->credit),
            out);
        return;
    }
    c->generation = w->generation;
    snprintf(c->origin, sizeof c->origin, "%s", w->origin);
    c->origin_from = w->origin_from;
    c->credit = w->credit;
    c->max_bytes = w->max_bytes;
    if (c->have_snap && memcmp(w->directory.data, c->snap_hash, HASH_LEN) == 0) {
        begin_session(c, out);
        return;
    }
    c->welcomed = false;
    c->welcome_waits = true; /* its parts are the next frames */
    c->hello_at = in_ms(HELLO_RETRY_MS);
}

/* False: not what comes next. One was lost before it, and the gateway sends all of them again. */
static bool add_part(client *c, const Sluis__DirectoryPart *p)
{
    if (p->directory.len != HASH_LEN || p->part.len == 0 || p->bytes > SNAPSHOT_MAX)
        return false;
    if (p->from == 0) {
        buffer_close(&c->parts);
        memcpy(c->parts_hash, p->directory.data, HASH_LEN);
        c->parts_bytes = p->bytes;
    }
    if (p->from != c->parts.n || p->bytes != c->parts_bytes || p->part.len > p->bytes - p->from ||
        memcmp(p->directory.data, c->parts_hash, HASH_LEN) != 0)
        return false;
    buffer_add(&c->parts, p->part.data, p->part.len);
    return c->parts.err == SLUIS_OK;
}

static void on_part(client *c, const Sluis__DirectoryPart *p, client_event *out)
{
    if (!add_part(c, p)) {
        buffer_close(&c->parts);
        return;
    }
    if (c->welcome_waits)
        c->hello_at = in_ms(HELLO_RETRY_MS);
    if (c->parts.n < c->parts_bytes)
        return;
    sluis_err e = take_snapshot(c, buffer_bytes(&c->parts), &out->why);
    buffer_close(&c->parts);
    if (e && c->welcome_waits)
        no_session(c, e, out);
    else if (e)
        refused(c, out, error_token(e));
    else if (c->welcome_waits)
        begin_session(c, out);
    else
        out->kind = CLIENT_DIRECTORY;
}

static void on_ack(client *c, const Sluis__Ack *a, client_event *out)
{
    if (a->message_id.len != UUID_LEN || a->message_hash.len != HASH_LEN ||
        !pending_remove(c->waiting, a->message_id.data))
        return; /* of a resend already answered, or no ack of ours */
    out->kind = CLIENT_ACK;
    memcpy(out->message_id, a->message_id.data, UUID_LEN);
    memcpy(out->message_hash, a->message_hash.data, HASH_LEN);
    out->duplicate = a->duplicate;
    out->receipt = BYTES(a->receipt.data, a->receipt.len);
}

/* The next of a frame of acks that is ours. */
static void next_ack(client *c, client_event *out)
{
    while (c->acks && out->kind == CLIENT_NONE) {
        if (c->ack_next < c->acks->n_acks)
            on_ack(c, c->acks->acks[c->ack_next++], out);
        else
            c->acks = NULL;
    }
}

static void on_nack(client *c, const Sluis__Nack *n, client_event *out)
{
    bool ours = n->message_id.len == UUID_LEN;
    if (ours && !pending_remove(c->waiting, n->message_id.data))
        return;
    out->kind = ours ? CLIENT_NACK : CLIENT_REFUSED; /* without an id: the gateway could not read that far */
    if (ours)
        memcpy(out->message_id, n->message_id.data, UUID_LEN);
    take_words(out, n->code, n->where, n->text);
}

static void on_deliver(client *c, const Sluis__Deliver *d, client_event *out)
{
    if (!c->welcomed || d->generation < c->generation)
        return; /* sent before we were back; it comes again */
    out->kind = CLIENT_DELIVER;
    out->seq = d->seq;
    out->generation = d->generation;
    out->envelope = BYTES(d->envelope.data, d->envelope.len);
    out->receipt = BYTES(d->receipt.data, d->receipt.len);
}

static void on_refused(client *c, const Sluis__Refused *r, client_event *out)
{
    c->welcomed = c->welcome_waits = false;
    c->hello_at = in_ms(REFUSED_RETRY_MS);
    out->kind = CLIENT_REFUSED;
    take_words(out, r->code, "gateway", r->text);
}

static void on_receipt(const Sluis__ReceiptIs *r, client_event *out)
{
    out->kind = CLIENT_RECEIPT;
    out->seq = r->index;
    out->proof = r->proof;
    out->receipt = BYTES(r->receipt.data, r->receipt.len);
    set_code(out, r->code);
}

static sluis_err handle_frame(client *c, bytes raw, client_event *out)
{
    ProtobufCMessage *m;
    c->arena = arena_new_sized(2 * c->o->max_frame + 65536, raw.n + raw.n / 8 + FRAME_USUAL);
    if (!c->arena)
        return SLUIS_NOMEM;
    sluis_err e = wire_unpack(&m, &sluis__frame__descriptor, c->arena, raw, &out->why);
    if (e) {
        refused(c, out, error_token(e));
        return SLUIS_OK;
    }
    const Sluis__Frame *f = (const Sluis__Frame *)m;
    switch (f->f_case) {
    case SLUIS__FRAME__F_WELCOME:
        on_welcome(c, f->welcome, out);
        break;
    case SLUIS__FRAME__F_ACKS:
        c->acks = f->acks;
        c->ack_next = 0;
        next_ack(c, out);
        break;
    case SLUIS__FRAME__F_NACK:
        on_nack(c, f->nack, out);
        break;
    case SLUIS__FRAME__F_DELIVER:
        on_deliver(c, f->deliver, out);
        break;
    case SLUIS__FRAME__F_REFUSED:
        on_refused(c, f->refused, out);
        break;
    case SLUIS__FRAME__F_DIRECTORY_PART:
        on_part(c, f->directory_part, out);
        break;
    case SLUIS__FRAME__F_RECEIPT_IS:
        on_receipt(f->receipt_is, out);
        break;
    case SLUIS__FRAME__F_RENEW_IS:
        out->kind = CLIENT_RENEWED;
        if (*f->renew_is->code)
            take_words(out, f->renew_is->code, f->renew_is->where, f->renew_is->text);
        break;
    default:
        fail_set(&out->why, SLUIS_INVALID, "frame", "the gateway sent what only a party sends, or nothing");
        refused(c, out, error_token(SLUIS_INVALID));
    }
    return SLUIS_OK;
}

/* TIMEOUT when no frame waits. */
static sluis_err read_frame(client *c, client_event *out)
{
    zmq_msg_t m;
    zmq_msg_init(&m);
    sluis_err e = SLUIS_OK;
    if (zmq_msg_recv(&m, c->dealer, ZMQ_DONTWAIT) < 0)
        e = zmq_errno() == EAGAIN || zmq_errno() == EINTR ? SLUIS_TIMEOUT : session_error();
    else
        e = handle_frame(c, BYTES(zmq_msg_data(&m), zmq_msg_size(&m)), out);
    zmq_msg_close(&m);
    return e;
}

/* ---- the loop ---- */

/* Says what is due and reads until there is something to tell or the connection holds nothing. */
static sluis_err exchange(client *c, client_event *out)
{
    sluis_err e = SLUIS_OK;
    if (!c->open && clock_mono_us() >= c->redial_at)
        e = redial(c);
    if (e == SLUIS_OK && c->open && !c->welcomed && clock_mono_us() >= c->hello_at)
        e = send_hello(c);
    if (e == SLUIS_OK)
        e = flush(c, out);
    if (e == SLUIS_OK && dones_due(c))
        e = flush_dones(c);
    if (e == SLUIS_OK)
        next_ack(c, out);
    while (e == SLUIS_OK && out->kind == CLIENT_NONE) {
        arena_free(&c->arena);
        e = read_frame(c, out);
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
    while (e == SLUIS_OK && out->kind == CLIENT_NONE && read_monitor(c, out) && out->kind == CLIENT_NONE);
    return e;
}

/* Waits for the sockets, the caller's files and what is due. */
static sluis_err wait_for(client *c, int timeout_ms, const int *fds, int nfds, client_event *out)
{
    struct pollfd p[FDS_MAX + 2] = {{.fd = session_file(c->dealer), .events = POLLIN},
                                    {.fd = session_file(c->monitor), .events = POLLIN}};
    bool hello = c->open && !c->welcomed;
    bool says = may_submit(c) || (hello && !c->hello_sent) || dones_due(c);
    for (int i = 0; i < nfds; i++)
        p[i + 2] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    /* Asking whether it may be sent on swallows the file's signal: a frame that came meanwhile is no wait. */
    bool now = says && (session_writable(c->dealer) || session_readable(c->dealer));
    int due = now                              ? 0
              : !c->open                       ? session_left(1, c->redial_at)
              : hello && c->hello_sent         ? session_left(1, c->hello_at)
              : c->done_count && !dones_due(c) ? session_left(1, c->done_at + DONES_EVERY_US)
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
    uint64_t deadline = in_ms(timeout_ms > 0 ? (uint64_t)timeout_ms : 0);
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
    if (e == SLUIS_OK && may_submit(c)) {
        pending_item *i = pending_unsent(c->waiting);
        bool fits = !c->max_bytes || i->n <= c->max_bytes;
        if (fits && send_submit(c, i) == SLUIS_OK)
            pending_mark_sent(c->waiting, i);
    }
    return e;
}

/* A queue without room gets a moment. */
static sluis_err say_done(client *c, const uint64_t *seqs, size_t n, const char *refused_with)
{
    sluis_err e = send_dones(c, seqs, n, refused_with);
    if (e == SLUIS_FULL) {
        zmq_pollitem_t p = {.socket = c->dealer, .events = ZMQ_POLLOUT};
        zmq_poll(&p, 1, DONE_WAIT_MS);
        e = send_dones(c, seqs, n, refused_with);
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
    return dones_due(c) || c->done_count == DONES_MAX ? flush_dones(c) : SLUIS_OK;
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
    return send_frame(c, &frame);
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
    return send_frame(c, &frame);
}

const snapshot *client_snapshot(const client *c)
{
    return c->have_snap ? &c->snap : NULL;
}

bool client_connected(const client *c)
{
    return c->welcomed;
}

/* ---- opening ---- */

static sluis_err fail_zmq(sluis_fail *f, const char *where, const char *what)
{
    int rc = zmq_errno();
    return fail_set(f, session_error(), where, "%s: %s", what, zmq_strerror(rc));
}

static sluis_err open_dealer(client *c, sluis_fail *f)
{
    const client_options *o = c->o;
    const session_option set[] = {{ZMQ_LINGER, 0},
                                  {ZMQ_IMMEDIATE, 1},
                                  {ZMQ_SNDHWM, HWM},
                                  {ZMQ_RCVHWM, HWM},
                                  {ZMQ_RECONNECT_IVL, RECONNECT_FIRST},
                                  {ZMQ_RECONNECT_IVL_MAX, o->reconnect_max_ms},
                                  {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
                                  {ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS},
                                  {ZMQ_HEARTBEAT_TIMEOUT, 3 * HEARTBEAT_MS},
                                  {ZMQ_HEARTBEAT_TTL, 3 * HEARTBEAT_MS},
                                  {0, 0}};
    int64_t max = (int64_t)o->max_frame;
    c->dealer = zmq_socket(c->ctx, ZMQ_DEALER);
    if (!c->dealer)
        return fail_zmq(f, o->endpoint, "no socket");
    if (session_set(c->dealer, set) || zmq_setsockopt(c->dealer, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0 ||
        zmq_setsockopt(c->dealer, ZMQ_CURVE_SERVERKEY, c->server_keys.pk[0], PK_LEN) != 0 ||
        zmq_setsockopt(c->dealer, ZMQ_CURVE_PUBLICKEY, o->curve->pk, 32) != 0 ||
        zmq_setsockopt(c->dealer, ZMQ_CURVE_SECRETKEY, o->curve->sk, 32) != 0)
        return fail_zmq(f, o->endpoint, "an option was refused");
    return SLUIS_OK;
}

/* The monitor listens before there is anything to hear. */
static sluis_err open_monitor(client *c, sluis_fail *f)
{
    const session_option set[] = {{ZMQ_LINGER, 0}, {ZMQ_RCVHWM, MONITOR_HWM}, {0, 0}};
    c->monitor = zmq_socket(c->ctx, ZMQ_PAIR);
    if (!c->monitor || session_set(c->monitor, set) ||
        zmq_socket_monitor(c->dealer, MONITOR,
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) != 0 ||
        zmq_connect(c->monitor, MONITOR) != 0)
        return fail_zmq(f, c->o->endpoint, "the connection cannot be watched");
    return SLUIS_OK;
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
        e = open_dealer(c, f);
    if (e == SLUIS_OK)
        e = open_monitor(c, f);
    lost(c, HANDSHAKE_MS);
    if (e == SLUIS_OK && zmq_connect(c->dealer, o->endpoint) != 0)
        e = fail_zmq(f, o->endpoint, "is no address to connect to");
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
