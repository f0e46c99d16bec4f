#include <string.h>

#include "session/client_parts.h"

sluis_err say_frame(client *c, Sluis__Frame *frame)
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

sluis_err say_hello(client *c)
{
    Sluis__Hello hello = SLUIS__HELLO__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    hello.version_min = hello.version_max = PROTOCOL;
    hello.program = c->program;
    hello.checkpoint = (ProtobufCBinaryData){.len = c->shown_n, .data = c->shown};
    hello.credit = c->o->credit;
    if (c->have_snap)
        hello.directory = (ProtobufCBinaryData){.len = HASH_LEN, .data = c->snap_hash};
    frame.f_case = SLUIS__FRAME__F_HELLO;
    frame.hello = &hello;
    sluis_err e = say_frame(c, &frame);
    if (e == SLUIS_FULL)
        return SLUIS_OK; /* the connection is not quite there: again as soon as it takes something */
    c->hello_sent = true;
    c->hello_at = client_in_ms(HELLO_RETRY_MS);
    return e;
}

sluis_err say_submit(client *c, pending_item *i)
{
    Sluis__Submit submit = SLUIS__SUBMIT__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    submit.envelope = (ProtobufCBinaryData){.len = i->n, .data = i->envelope};
    submit.receipt = (ProtobufCBinaryData){.len = i->receipt_n, .data = i->envelope + i->n};
    frame.f_case = SLUIS__FRAME__F_SUBMIT;
    frame.submit = &submit;
    return say_frame(c, &frame);
}

sluis_err say_dones(client *c, const uint64_t *seqs, size_t n, const char *refused_with)
{
    Sluis__Done done = SLUIS__DONE__INIT;
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    done.seqs = (uint64_t *)(uintptr_t)seqs;
    done.n_seqs = n;
    done.generation = c->generation;
    done.refused = (char *)(uintptr_t)refused_with;
    frame.f_case = SLUIS__FRAME__F_DONE;
    frame.done = &done;
    return say_frame(c, &frame);
}

sluis_err say_gathered(client *c)
{
    if (!c->welcomed || c->done_count == 0)
        return SLUIS_OK;
    sluis_err e = say_dones(c, c->dones, c->done_count, "");
    if (e == SLUIS_OK) {
        c->done_count = 0;
        c->done_at = clock_mono_us();
    }
    return e == SLUIS_FULL ? SLUIS_OK : e;
}

bool say_due(const client *c)
{
    return c->done_count && clock_mono_us() - c->done_at >= DONES_EVERY_US;
}

bool say_may_submit(const client *c)
{
    return c->welcomed && pending_unsent(c->waiting) && pending_in_flight(c->waiting) < c->credit;
}

sluis_err say_waiting(client *c, client_event *out)
{
    while (say_may_submit(c)) {
        pending_item *i = pending_unsent(c->waiting);
        if (c->max_bytes && i->n > c->max_bytes) {
            out->kind = CLIENT_NACK;
            memcpy(out->message_id, i->id, UUID_LEN);
            client_code(out, error_token(SLUIS_TOO_BIG));
            fail_set(&out->why, SLUIS_TOO_BIG, "envelope", "%zu bytes; the gateway takes %u", i->n,
                     c->max_bytes);
            pending_remove(c->waiting, out->message_id);
            return SLUIS_OK;
        }
        sluis_err e = say_submit(c, i);
        if (e == SLUIS_FULL)
            return SLUIS_OK;
        if (e)
            return e;
        pending_mark_sent(c->waiting, i);
    }
    return SLUIS_OK;
}
