/* The one place that calls protobuf-c's unpacking. */
#include "wire/unpack.h"

#include "wire/prescan.h"

static sluis_err unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                        sluis_fail *f)
{
    static const uint8_t nothing[1] = {0};
    *out = protobuf_c_message_unpack(d, arena_allocator(a), raw.n, raw.n ? raw.p : nothing);
    if (!*out)
        return prescan_refuse(f, SLUIS_TOO_BIG, d, NULL, "needs more memory than one message may take");
    return SLUIS_OK;
}

sluis_err wire_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                      sluis_fail *f)
{
    *out = NULL;
    sluis_err err = prescan(d, raw, f);
    return err ? err : unpack(out, d, a, raw, f);
}

sluis_err unpack_canonical(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                           sluis_fail *f)
{
    *out = NULL;
    sluis_err err = prescan_canonical(d, raw, f);
    return err ? err : unpack(out, d, a, raw, f);
}
