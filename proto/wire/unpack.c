/* The one place that calls protobuf-c's unpacking. */
#include "wire/unpack.h"

#include <string.h>

#include "wire/prescan.h"

sluis_err wire_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                      sluis_fail *f)
{
    static const uint8_t nothing[1] = {0};
    *out = NULL;
    sluis_err err = prescan(d, raw, f);
    if (err)
        return err;
    *out = protobuf_c_message_unpack(d, arena_allocator(a), raw.n, raw.n ? raw.p : nothing);
    if (!*out)
        return prescan_refuse(f, SLUIS_TOO_BIG, d, NULL, "needs more memory than one message may take");
    return SLUIS_OK;
}

sluis_err wire_pack(buffer *out, const ProtobufCMessage *m)
{
    uint8_t *p = buffer_room(out, protobuf_c_message_get_packed_size(m));
    if (p)
        protobuf_c_message_pack(m, p);
    return out->err;
}

/* protobuf-c's output, compared with what came in. */
typedef struct {
    ProtobufCBuffer base;
    bytes left;
    bool same;
} compare_sink;

static void compare(ProtobufCBuffer *base, size_t n, const uint8_t *p)
{
    compare_sink *s = (compare_sink *)(void *)base;
    s->same = s->same && n <= s->left.n && memcmp(s->left.p, p, n) == 0;
    if (!s->same)
        return;
    s->left.p += n;
    s->left.n -= n;
}

sluis_err unpack_canonical(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                           sluis_fail *f)
{
    sluis_err err = wire_unpack(out, d, a, raw, f);
    if (err)
        return err;
    compare_sink s = {.base = {.append = compare}, .left = raw, .same = true};
    protobuf_c_message_pack_to_buffer(*out, &s.base);
    if (!s.same || s.left.n)
        return prescan_refuse(f, SLUIS_NONCANONICAL, d, NULL,
                              "fields out of order, or a default value written out");
    return SLUIS_OK;
}
