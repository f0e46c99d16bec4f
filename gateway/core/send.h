/* What the gateway itself sends to a party: sealed to it and to the registry, signed with the gateway's key,
 * journalled, and queued. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_SEND_H
#define SLUIS_CORE_SEND_H

#include "core/turn.h"

/* Whether the party can be written to now; f says why not, at `where`. */
sluis_err send_check(turn *t, const oin *to, const char *where, const party **out, sluis_fail *f);

/* Seals and signs body under *c to the party and the registry (a hand-over: to the other gateway alone): see
 * send_message. */
sluis_err send_seal(turn *t, Sluis__Core *c, const ProtobufCMessage *body, const party *to, uint64_t life_ms,
                    buffer *out, uint8_t mh[static HASH_LEN]);
/* Sends body under *c, of which the caller has filled transaction, kind, case, phase, answers and what else
 * the kind has; message id, origin, created and expires (after `life_ms`) are filled in. r: who it is
 * journalled for; type, hash, kind and recipient are filled in here. mh: its hash. The turn's entry is then
 * that of the message. */
sluis_err send_message(turn *t, Sluis__Core *c, const ProtobufCMessage *body, const party *to,
                       uint64_t life_ms, const Sluis__Record *r, uint8_t mh[static HASH_LEN]);

#endif
