/* The bytes of a datum: DATUM key = sid 16 | attribute u32 | instance 16 | version u64 (from 1 on),
 * value = nonce 24 | AE(SK, nonce, key, DatumRow). HISTORY key = journal index u64 | the DATUM key, and the
 * value unchanged. Inside registry/ only. Thread: pure. */
#ifndef SLUIS_REGISTRY_DATUM_H
#define SLUIS_REGISTRY_DATUM_H

#include "registry/registry.h"

#define DATUM_ATTRIBUTE_LEN (ID_LEN + 4)
#define DATUM_PREFIX_LEN    (DATUM_ATTRIBUTE_LEN + ID_LEN)
#define DATUM_KEY_LEN       (DATUM_PREFIX_LEN + 8)
#define HISTORY_KEY_LEN     (8 + DATUM_KEY_LEN)
#define DATUM_ARENA         (8u << 20)

void datum_key(uint8_t out[static DATUM_KEY_LEN], const id16 *sid, uint32_t attribute, const id16 *instance,
               uint64_t version);
uint64_t datum_version(bytes key); /* of a key of DATUM_KEY_LEN bytes */

/* Appends nonce | AE(key, nonce, ad, packed message). */
sluis_err datum_seal(buffer *out, const uint8_t key[static KEY_LEN], bytes ad, const ProtobufCMessage *m);
/* *out in the arena, and the plain bytes too: they are wiped with it. CORRUPT. */
sluis_err datum_unseal(const uint8_t key[static KEY_LEN], bytes ad, bytes sealed, arena *a,
                       const ProtobufCMessageDescriptor *d, ProtobufCMessage **out);

/* datum_number of what is registered now and takes the place of was; NULL: of nothing. */
uint64_t datum_next_number(uint64_t now, const Sluis__DatumRow *was, uint64_t version);

/* Puts a row of an instance in its place: what is current, or behind what stands beside it. NOMEM. */
sluis_err datum_place_row(datum *d, arena *a, Sluis__DatumRow *row, uint64_t version);
sluis_err datum_open(const subject *s, bytes key, bytes value, arena *a, Sluis__DatumRow **out);
/* The version before this one, which stood under this key in DATUM: *out, and in old where it stands in
 * HISTORY. NOT_FOUND: there was none, or it is kept no more. */
sluis_err datum_before(store_txn *t, const subject *s, const uint8_t key[static DATUM_KEY_LEN],
                       const Sluis__DatumRow *row, arena *a, uint8_t old[static HISTORY_KEY_LEN],
                       Sluis__DatumRow **out);
/* Moves a row to HISTORY, under the index of the entry that supersedes it. */
sluis_err datum_supersede(store_txn *t, const uint8_t key[static DATUM_KEY_LEN], uint64_t index);
sluis_err datum_store(store_txn *t, const subject *s, const uint8_t key[static DATUM_KEY_LEN],
                      const Sluis__DatumRow *row);

#endif
