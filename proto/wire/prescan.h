/* The scan before unpacking. protobuf-c bounds neither counts nor sizes and keeps what it does not know;
 * so a message from outside is walked here first, against its descriptor and without any memory, unless
 * unpack.c takes it in the same pass that checks it.
 *
 * Refused: unknown fields, a wire type other than the schema's, singular fields and packed fields that
 * come twice, two members of one oneof, groups, varints longer than need be or wider than the type,
 * unknown enum values, bad UTF-8 or NUL in strings, more elements than the field's bound, nesting beyond
 * PRESCAN_DEPTH, bytes left over. prescan_canonical refuses, too, what has more than one encoding: fields out
 * of order and defaults written out; what it passes is what packing gives again. Thread: pure. */
#ifndef SLUIS_WIRE_PRESCAN_H
#define SLUIS_WIRE_PRESCAN_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"

#define PRESCAN_DEPTH  6
#define PRESCAN_FIELDS 64 /* fields of one message type */
#define PRESCAN_COUNT  64 /* elements of a repeated field that the table does not name */
/* No bound of the table is smaller: of fewer elements it need not be asked. */
#define PRESCAN_COUNT_LEAST 8

/* TRUNCATED, NONCANONICAL (overlong varint), INVALID, TOO_BIG (count); f->where is "core.sender". */
sluis_err prescan(const ProtobufCMessageDescriptor *d, bytes raw, sluis_fail *f);
/* NONCANONICAL, too, for what packing would write otherwise. */
sluis_err prescan_canonical(const ProtobufCMessageDescriptor *d, bytes raw, sluis_fail *f);

/* Most elements that this repeated field may have. */
size_t prescan_bound(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *field);

/* fail_set with where = "<message>.<field>", the message in lower case; field may be NULL. */
sluis_err prescan_refuse(sluis_fail *f, sluis_err code, const ProtobufCMessageDescriptor *d,
                         const ProtobufCFieldDescriptor *field, const char *text);

/* One base-128 varint at *p, which moves past it. TRUNCATED, NONCANONICAL, INVALID (beyond 64 bits). */
sluis_err prescan_varint(const uint8_t **p, const uint8_t *end, uint64_t *v);

/* UTF-8 as RFC 3629 has it (no overlong forms, surrogates, nothing beyond U+10FFFF), without NUL. */
bool prescan_text_valid(const uint8_t *p, size_t n);

#endif
