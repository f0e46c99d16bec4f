/* The bytes that protobuf-c's own packing gives (prescan.c has the format): fields in the schema's order,
 * defaults left out. In one pass: protobuf-c first asks how long it will be, which costs as much again. */
#include <string.h>

#include "wire/envelope.h"

#define MEMBER(type, m, offset) (*(const type *)(const void *)((const uint8_t *)(m) + (offset)))

static size_t varint_len(uint64_t v)
{
    size_t n = 1;
    while (v >>= 7)
        n++;
    return n;
}

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    for (; v > 0x7f; v >>= 7)
        *p++ = (uint8_t)(0x80 | (v & 0x7f));
    *p++ = (uint8_t)v;
    return p;
}

static uint64_t number_at(const ProtobufCFieldDescriptor *f, const void *at)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT64:
        return MEMBER(uint64_t, at, 0);
    case PROTOBUF_C_TYPE_BOOL:
        return MEMBER(protobuf_c_boolean, at, 0) != 0;
    default: /* uint32, enum: no value of ours is negative */
        return MEMBER(uint32_t, at, 0);
    }
}

static void write_varint(buffer *b, uint64_t v)
{
    uint8_t *p = buffer_room(b, varint_len(v));
    if (p)
        put_varint(p, v);
}

static void write_number(buffer *b, const ProtobufCFieldDescriptor *f, uint64_t v)
{
    const uint64_t tag = (uint64_t)f->id << 3;
    uint8_t *p = buffer_room(b, varint_len(tag) + varint_len(v));
    if (p)
        put_varint(put_varint(p, tag), v);
}

static void write_bytes(buffer *b, const ProtobufCFieldDescriptor *f, const void *data, size_t n)
{
    const uint64_t tag = (uint64_t)f->id << 3 | 2;
    uint8_t *p = buffer_room(b, varint_len(tag) + varint_len(n) + n);
    if (p && n)
        memcpy(put_varint(put_varint(p, tag), n), data, n);
    else if (p)
        put_varint(put_varint(p, tag), 0);
}

/* What is written until length_end is the value of this field. */
static size_t length_begin(buffer *b, const ProtobufCFieldDescriptor *f)
{
    write_bytes(b, f, NULL, 0);
    return b->n;
}

/* Most often one byte is enough for its length; else the value moves up. */
static void length_end(buffer *b, size_t begin)
{
    const size_t n = b->n - begin, more = varint_len(n) - 1;
    if (b->err || (more && !buffer_room(b, more)))
        return;
    if (more)
        memmove(b->p + begin + more, b->p + begin, n);
    put_varint(b->p + begin - 1, n);
}

static void write_message(buffer *b, const ProtobufCMessage *m);

static void write_value(buffer *b, const ProtobufCFieldDescriptor *f, const void *at)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *s = MEMBER(char *, at, 0);
        write_bytes(b, f, s, s ? strlen(s) : 0);
        return;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *d = at;
        write_bytes(b, f, d->data, d->len);
        return;
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        const size_t begin = length_begin(b, f);
        write_message(b, MEMBER(ProtobufCMessage *, at, 0));
        length_end(b, begin);
        return;
    }
    default:
        write_number(b, f, number_at(f, at));
    }
}

/* Of a list: of one element. */
static size_t size_of(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

static void write_list(buffer *b, const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m)
{
    const size_t n = MEMBER(size_t, m, f->quantifier_offset), size = size_of(f);
    const uint8_t *at = MEMBER(uint8_t *, m, f->offset);
    if (n && f->flags & PROTOBUF_C_FIELD_FLAG_PACKED) {
        const size_t begin = length_begin(b, f);
        for (size_t i = 0; i < n; i++)
            write_varint(b, number_at(f, at + i * size));
        length_end(b, begin);
        return;
    }
    for (size_t i = 0; i < n; i++)
        write_value(b, f, at + i * size);
}

static bool left_out(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m)
{
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return MEMBER(uint32_t, m, f->quantifier_offset) != f->id || !MEMBER(void *, m, f->offset);
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return !MEMBER(char *, m, f->offset) || !*MEMBER(char *, m, f->offset);
    case PROTOBUF_C_TYPE_BYTES:
        return MEMBER(ProtobufCBinaryData, m, f->offset).len == 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return !MEMBER(ProtobufCMessage *, m, f->offset);
    default:
        return number_at(f, (const uint8_t *)m + f->offset) == 0;
    }
}

static void write_message(buffer *b, const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *f = m->descriptor->fields, *end = f + m->descriptor->n_fields;
    for (; f < end; f++)
        if (f->label == PROTOBUF_C_LABEL_REPEATED)
            write_list(b, f, m);
        else if (!left_out(f, m))
            write_value(b, f, (const uint8_t *)m + f->offset);
    for (unsigned i = 0; i < m->n_unknown_fields; i++) { /* of a row that a later release wrote */
        const ProtobufCMessageUnknownField *u = &m->unknown_fields[i];
        write_varint(b, (uint64_t)u->tag << 3 | u->wire_type);
        buffer_add(b, u->data, u->len);
    }
}

sluis_err wire_pack(buffer *out, const ProtobufCMessage *m)
{
    const size_t before = out->n;
    write_message(out, m);
    if (out->err)
        out->n = before;
    return out->err;
}
