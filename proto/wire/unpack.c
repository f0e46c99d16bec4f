/* Messages into an arena. What packing gives (fields in their order, each once) is taken here in one pass, of
 * a stranger as strictly as the pre-scan is. All else is scanned first and then protobuf-c's, which walks a
 * message twice: this is the one place that calls its unpacking. */
#include "wire/unpack.h"

#include <string.h>

#include "wire/prescan.h"

#define MEMBER(type, m, offset) (*(type *)(void *)((uint8_t *)(m) + (offset)))

enum { WIRE_VARINT = 0, WIRE_LEN = 2 };

typedef ProtobufCFieldDescriptor field;

typedef struct {
    arena *a;
    bool strict; /* refuses all that the pre-scan refuses */
} taker;

/* What is left to read. */
typedef struct {
    const uint8_t *p, *end;
} rest;

/* Most numbers, lengths and tags are one byte. */
static inline bool take_varint(rest *r, uint64_t *v)
{
    if (r->p < r->end && *r->p < 0x80) {
        *v = *r->p++;
        return true;
    }
    return prescan_varint(&r->p, r->end, v) == SLUIS_OK;
}

/* A length, and as many bytes. */
static bool take_value(rest *r, rest *value)
{
    uint64_t n;
    if (!take_varint(r, &n) || n > (uint64_t)(r->end - r->p))
        return false;
    *value = (rest){r->p, r->p + n};
    r->p += n;
    return true;
}

/* Goes on behind this tag, when it comes next. */
static bool take_tag(rest *r, uint64_t tag)
{
    rest ahead = *r;
    uint64_t next;
    if (!take_varint(&ahead, &next) || next != tag)
        return false;
    *r = ahead;
    return true;
}

static uint64_t tag_of(const field *f)
{
    const bool by_length = f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_BYTES ||
                           f->type == PROTOBUF_C_TYPE_MESSAGE || f->flags & PROTOBUF_C_FIELD_FLAG_PACKED;
    return (uint64_t)f->id << 3 | (by_length ? WIRE_LEN : WIRE_VARINT);
}

static bool take_number(const taker *t, const field *f, rest *r, void *at)
{
    uint64_t v;
    if (!take_varint(r, &v))
        return false;
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT64:
        MEMBER(uint64_t, at, 0) = v;
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        MEMBER(protobuf_c_boolean, at, 0) = v != 0;
        return v <= 1 || !t->strict;
    case PROTOBUF_C_TYPE_UINT32:
        MEMBER(uint32_t, at, 0) = (uint32_t)v;
        return v <= UINT32_MAX;
    case PROTOBUF_C_TYPE_ENUM:
        MEMBER(uint32_t, at, 0) = (uint32_t)v;
        return v <= INT32_MAX &&
               (!t->strict || protobuf_c_enum_descriptor_get_value(f->descriptor, (int)v) != NULL);
    default:
        return false;
    }
}

static ProtobufCMessage *take_message(const taker *t, const ProtobufCMessageDescriptor *d, rest r);

static bool take_one(const taker *t, const field *f, rest *r, void *at)
{
    rest v;
    if (f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_BYTES &&
        f->type != PROTOBUF_C_TYPE_MESSAGE)
        return take_number(t, f, r, at);
    if (!take_value(r, &v))
        return false;
    const size_t n = (size_t)(v.end - v.p);
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        return (MEMBER(ProtobufCMessage *, at, 0) = take_message(t, f->descriptor, v)) != NULL;
    if (f->type == PROTOBUF_C_TYPE_BYTES) {
        MEMBER(ProtobufCBinaryData, at, 0) = (ProtobufCBinaryData){n, n ? arena_copy(t->a, v.p, n) : NULL};
        return !n || MEMBER(ProtobufCBinaryData, at, 0).data;
    }
    if (t->strict && !prescan_text_valid(v.p, n))
        return false;
    char *s = arena_alloc(t->a, n + 1);
    if (!s)
        return false;
    memcpy(s, v.p, n);
    s[n] = '\0';
    MEMBER(char *, at, 0) = s;
    return true;
}

/* Of one element of a list. */
static size_t size_of(const field *f)
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

/* Behind its first tag: how many elements follow one another. 0: it is none. */
static size_t count(const field *f, rest r)
{
    size_t n = 0;
    rest v;
    if (!(f->flags & PROTOBUF_C_FIELD_FLAG_PACKED)) {
        do
            n++;
        while (take_value(&r, &v) && take_tag(&r, tag_of(f)));
        return n;
    }
    if (!take_value(&r, &v))
        return 0;
    while (v.p < v.end)
        n += *v.p++ < 0x80;
    return n;
}

static bool take_list(const taker *t, const field *f, rest *r, ProtobufCMessage *m)
{
    const bool packed = f->flags & PROTOBUF_C_FIELD_FLAG_PACKED;
    const size_t n = count(f, *r), size = size_of(f);
    if (t->strict && n > PRESCAN_COUNT_LEAST && n > prescan_bound(m->descriptor, f))
        return false;
    uint8_t *list = n ? arena_alloc(t->a, n * size) : NULL;
    rest inside = *r, *from = packed ? &inside : r;
    if (!list || (packed && !take_value(r, &inside)))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((i && !packed && !take_tag(r, tag_of(f))) || !take_one(t, f, from, list + i * size))
            return false;
    MEMBER(size_t, m, f->quantifier_offset) = n;
    MEMBER(void *, m, f->offset) = list;
    return !packed || inside.p == inside.end;
}

/* The value of a field that comes once; of several that exclude each other none may be there. */
static bool take_single(const taker *t, const field *f, rest *r, ProtobufCMessage *m)
{
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (MEMBER(uint32_t, m, f->quantifier_offset))
            return false;
        MEMBER(uint32_t, m, f->quantifier_offset) = f->id;
    }
    return f->label == PROTOBUF_C_LABEL_NONE && take_one(t, f, r, (uint8_t *)m + f->offset);
}

/* NULL: it is not as packing gives it, or does not fit the arena. */
static ProtobufCMessage *take_message(const taker *t, const ProtobufCMessageDescriptor *d, rest r)
{
    const field *f = d->fields, *end = f + d->n_fields;
    ProtobufCMessage *m = arena_alloc(t->a, d->sizeof_message);
    if (!m)
        return NULL;
    protobuf_c_message_init(d, m);
    for (; r.p < r.end; f++) {
        uint64_t tag;
        if (!take_varint(&r, &tag))
            return NULL;
        while (f < end && f->id < tag >> 3)
            f++;
        if (f == end || tag != tag_of(f))
            return NULL;
        if (f->label == PROTOBUF_C_LABEL_REPEATED ? !take_list(t, f, &r, m) : !take_single(t, f, &r, m))
            return NULL;
    }
    return m;
}

/* NULL, and nothing of it in the arena, when it is to be walked in protobuf-c's way. */
static ProtobufCMessage *take(const ProtobufCMessageDescriptor *d, arena *a, bytes raw, bool strict)
{
    static const uint8_t nothing[1] = {0};
    const uint8_t *p = raw.n ? raw.p : nothing;
    const arena_place empty = arena_at(a);
    ProtobufCMessage *m = take_message(&(taker){a, strict}, d, (rest){p, p + raw.n});
    if (!m)
        arena_back(a, empty);
    return m;
}

ProtobufCMessage *unpack_own(const ProtobufCMessageDescriptor *d, arena *a, bytes raw)
{
    ProtobufCMessage *m = take(d, a, raw, false);
    return m ? m : protobuf_c_message_unpack(d, arena_allocator(a), raw.n, raw.p);
}

static sluis_err unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                        sluis_fail *f)
{
    *out = unpack_own(d, a, raw);
    if (!*out)
        return prescan_refuse(f, SLUIS_TOO_BIG, d, NULL, "needs more memory than one message may take");
    return SLUIS_OK;
}

sluis_err wire_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                      sluis_fail *f)
{
    *out = take(d, a, raw, true);
    if (*out)
        return SLUIS_OK;
    sluis_err err = prescan(d, raw, f); /* says what is wrong */
    return err ? err : unpack(out, d, a, raw, f);
}

sluis_err unpack_canonical(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                           sluis_fail *f)
{
    *out = NULL;
    sluis_err err = prescan_canonical(d, raw, f);
    return err ? err : unpack(out, d, a, raw, f);
}
