/* Canonical decoding on top of wire_unpack (envelope.h). Thread: pure. */
#ifndef SLUIS_WIRE_UNPACK_H
#define SLUIS_WIRE_UNPACK_H

#include "wire/envelope.h"

/* wire_unpack of the one canonical encoding (what packing the result gives again): NONCANONICAL otherwise. */
sluis_err unpack_canonical(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                           sluis_fail *f);

#endif
