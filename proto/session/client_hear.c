#include <string.h>

#include "session/client_parts.h"
#include "wire/envelope.h"

#define FRAME_USUAL 1024 /* what decoding adds to a frame, mostly */

static void take_words(client_event *out, const char *code, const char *where, const char *text)
{
    client_code(out, code);
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

static void no_session(client *c, sluis_err e, client_event *out)
{
    c->welcomed = c->welcome_waits = false;
    c->hello_at = client_in_ms(REFUSED_RETRY_MS);
    client_is_news(c, out, error_token(e));
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
    if (w->version != PROTOCOL || w->credit == 0 || w->directory.len != HASH_LEN) {
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
    c->hello_at = client_in_ms(HELLO_RETRY_MS);
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
        c->hello_at = client_in_ms(HELLO_RETRY_MS);
    if (c->parts.n < c->parts_bytes)
        return;
    sluis_err e = take_snapshot(c, buffer_bytes(&c->parts), &out->why);
    buffer_close(&c->parts);
    if (e && c->welcome_waits)
        no_session(c, e, out);
    else if (e)
        client_is_news(c, out, error_token(e));
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

void hear_ack(client *c, client_event *out)
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
    c->hello_at = client_in_ms(REFUSED_RETRY_MS);
    out->kind = CLIENT_REFUSED;
    take_words(out, r->code, "gateway", r->text);
}

static void on_receipt(const Sluis__ReceiptIs *r, client_event *out)
{
    out->kind = CLIENT_RECEIPT;
    out->seq = r->index;
    out->proof = r->proof;
    out->receipt = BYTES(r->receipt.data, r->receipt.len);
    client_code(out, r->code);
}

static sluis_err handle_frame(client *c, bytes raw, client_event *out)
{
    ProtobufCMessage *m;
    c->arena = arena_new_sized(2 * c->o->max_frame + 65536, raw.n + raw.n / 8 + FRAME_USUAL);
    if (!c->arena)
        return SLUIS_NOMEM;
    sluis_err e = wire_unpack(&m, &sluis__frame__descriptor, c->arena, raw, &out->why);
    if (e) {
        client_is_news(c, out, error_token(e));
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
        hear_ack(c, out);
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
        client_is_news(c, out, error_token(SLUIS_INVALID));
    }
    return SLUIS_OK;
}

sluis_err hear_frame(client *c, client_event *out)
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
