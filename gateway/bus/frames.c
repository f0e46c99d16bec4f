#include "bus/frames.h"

static ProtobufCBinaryData data(bytes b)
{
    return (ProtobufCBinaryData){b.n, (uint8_t *)(uintptr_t)b.p};
}

static sluis_err pack(buffer *out, const Sluis__Frame *f)
{
    buffer_clear(out);
    return wire_pack(out, &f->base);
}

sluis_err frame_welcome(buffer *out, uint64_t generation, uint32_t credit, const char *gateway, bytes hash,
                        uint32_t max_bytes, const char *origin, uint64_t origin_from)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Welcome w = SLUIS__WELCOME__INIT;
    w.version = PROTOCOL_VERSION;
    w.generation = generation;
    w.credit = credit;
    w.gateway = (char *)(uintptr_t)gateway;
    w.directory = data(hash);
    w.max_bytes = max_bytes;
    w.origin = (char *)(uintptr_t)origin;
    w.origin_from = origin_from;
    f.f_case = SLUIS__FRAME__F_WELCOME;
    f.welcome = &w;
    return pack(out, &f);
}

sluis_err frame_acks(buffer *out, job *const *jobs, size_t n)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Acks all = SLUIS__ACKS__INIT;
    Sluis__Ack a[ACKS_MAX], *list[ACKS_MAX];
    if (n > ACKS_MAX)
        return SLUIS_TOO_BIG;
    for (size_t i = 0; i < n; i++) {
        sluis__ack__init(&a[i]);
        a[i].message_id = jobs[i]->env->core->message_id;
        a[i].message_hash = data(BYTES_OF(jobs[i]->env->mh));
        a[i].receipt = data(buffer_bytes(&jobs[i]->receipt));
        a[i].duplicate = jobs[i]->duplicate;
        list[i] = &a[i];
    }
    all.acks = list;
    all.n_acks = n;
    f.f_case = SLUIS__FRAME__F_ACKS;
    f.acks = &all;
    return pack(out, &f);
}

sluis_err frame_nack(buffer *out, bytes message_id, const sluis_fail *why)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Nack n = SLUIS__NACK__INIT;
    n.message_id = data(message_id);
    n.code = (char *)(uintptr_t)error_token(why->code);
    n.where = (char *)(uintptr_t)why->where;
    n.text = (char *)(uintptr_t)why->text;
    f.f_case = SLUIS__FRAME__F_NACK;
    f.nack = &n;
    return pack(out, &f);
}

sluis_err frame_deliver(buffer *out, uint64_t seq, uint64_t generation, bytes message, bytes receipt)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Deliver d = SLUIS__DELIVER__INIT;
    d.seq = seq;
    d.generation = generation;
    d.envelope = data(message);
    d.receipt = data(receipt);
    f.f_case = SLUIS__FRAME__F_DELIVER;
    f.deliver = &d;
    return pack(out, &f);
}

sluis_err frame_refused(buffer *out, sluis_err code, const char *text)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Refused r = SLUIS__REFUSED__INIT;
    r.code = (char *)(uintptr_t)error_token(code);
    r.text = (char *)(uintptr_t)text;
    r.version_min = PROTOCOL_VERSION;
    r.version_max = PROTOCOL_VERSION;
    f.f_case = SLUIS__FRAME__F_REFUSED;
    f.refused = &r;
    return pack(out, &f);
}

static sluis_err receipt_is(buffer *out, uint64_t index, bool proof, bytes receipt, sluis_err code)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__ReceiptIs r = SLUIS__RECEIPT_IS__INIT;
    r.index = index;
    r.proof = proof;
    r.receipt = data(receipt);
    r.code = (char *)(uintptr_t)(code ? error_token(code) : "");
    f.f_case = SLUIS__FRAME__F_RECEIPT_IS;
    f.receipt_is = &r;
    return pack(out, &f);
}

sluis_err frame_renew(buffer *out, const sluis_fail *why)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__RenewIs r = SLUIS__RENEW_IS__INIT;
    r.code = (char *)(uintptr_t)(why->code ? error_token(why->code) : "");
    r.where = (char *)(uintptr_t)why->where;
    r.text = (char *)(uintptr_t)why->text;
    f.f_case = SLUIS__FRAME__F_RENEW_IS;
    f.renew_is = &r;
    return pack(out, &f);
}

sluis_err frame_receipt(buffer *out, const job *j)
{
    return receipt_is(out, j->seq, j->proof, j->why.code ? BYTES(NULL, 0) : buffer_bytes(&j->receipt),
                      j->why.code);
}

sluis_err frame_receipt_refused(buffer *out, uint64_t index, bool proof, sluis_err code)
{
    return receipt_is(out, index, proof, BYTES(NULL, 0), code);
}

sluis_err frame_directory(buffer *out, bytes hash, bytes whole, size_t from, size_t n)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__DirectoryPart d = SLUIS__DIRECTORY_PART__INIT;
    d.directory = data(hash);
    d.bytes = (uint32_t)whole.n;
    d.from = (uint32_t)from;
    d.part = data(BYTES(whole.p + from, n));
    f.f_case = SLUIS__FRAME__F_DIRECTORY_PART;
    f.directory_part = &d;
    return pack(out, &f);
}
