/* Decoding beside wire_unpack (envelope.h). Thread: pure. */
#ifndef SLUIS_WIRE_UNPACK_H
#define SLUIS_WIRE_UNPACK_H

#include "wire/envelope.h"

/* wire_unpack of the one canonical encoding (what packing the result gives again): NONCANONICAL otherwise. */
sluis_err unpack_canonical(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes raw,
                           sluis_fail *f);
/* Without the pre-scan: of bytes that we wrote ourselves, under a seal or a check. In the arena; NULL:
 * malformed, or more than it holds. */
ProtobufCMessage *unpack_own(const ProtobufCMessageDescriptor *d, arena *a, bytes raw);

#endif
