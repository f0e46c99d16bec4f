/* Any bytes as each message that comes from outside: refused, or decoded to something that packs and decodes
 * again. */
#include <stdlib.h>

#include "wire/envelope.h"
#include "wire/messages.h"

static void try_one(const ProtobufCMessageDescriptor *d, bytes raw)
{
    ProtobufCMessage *m, *again;
    sluis_fail f = {0};
    buffer packed;
    arena *a = arena_new(1 << 20);
    if (!a)
        return;
    buffer_init(&packed, 1 << 20);
    sluis_err err = wire_unpack(&m, d, a, raw, &f);
    if (err && (f.code != err || !f.where[0]))
        abort();
    if (!err && (wire_pack(&packed, m) || wire_unpack(&again, d, a, buffer_bytes(&packed), NULL)))
        abort();
    buffer_close(&packed);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const ProtobufCMessageDescriptor *const others[] = {
        &sluis__frame__descriptor,
        &sluis__signed_entry__descriptor,
        &sluis__party_entry__descriptor,
        &sluis__signed_snapshot__descriptor,
        &sluis__directory_snapshot__descriptor,
        &sluis__receipt__descriptor,
        &sluis__record__descriptor,
        &sluis__header__descriptor,
        &sluis__core__descriptor,
    };
    bytes raw = BYTES(data, n);
    if (n > 65536)
        return 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        try_one(others[i], raw);
    for (int k = SLUIS__KIND__REQUEST; k <= SLUIS__KIND__RETURNED; k++)
        if (message_kind_of((Sluis__Kind)k))
            try_one(message_kind_of((Sluis__Kind)k)->body, raw);
    return 0;
}
