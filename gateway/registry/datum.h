/* The bytes of a datum: DATUM key = sid 16 | attribute u32 | instance 16 | version u64 (from 1 on),
 * value = nonce 24 | AE(SK, nonce, key, DatumRow). HISTORY key = journal index u64 | the DATUM key, and the
 * value unchanged: under the name and key of the time, when the person is another now. Inside registry/ only.
 * Thread: pure. */
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

/* ---- the versions before. Those of who was merged stay under the name that they were said of ---- */
/* The subject as which a row under this sid was sealed: with its own key, even when that person is another
 * now (*merged). NOT_FOUND: forgotten. CORRUPT. */
sluis_err subject_as_sealed(registry *r, store_txn *t, const id16 *sid, subject *out, bool *merged);
/* Opens a row that stands under a name of s, its own or one of before. */
sluis_err datum_open_named(registry *r, store_txn *t, const subject *s, bytes key, bytes value, arena *a,
                           Sluis__DatumRow **out);
/* The row takes the place of this version, which stood under the same name; 0: of none. */
void datum_follows(Sluis__DatumRow *row, uint64_t previous);
/* Where the version before this row, which stood under this key in DATUM, stands in HISTORY: from old + 8 on
 * the key under which that one stood in DATUM. NOT_FOUND: there was none. CORRUPT. */
sluis_err datum_before_key(const uint8_t key[static DATUM_KEY_LEN], const Sluis__DatumRow *row,
                           uint8_t old[static HISTORY_KEY_LEN]);
/* The version that stands there. NOT_FOUND: it is kept no more. */
sluis_err datum_past(registry *r, store_txn *t, const subject *s, const uint8_t old[static HISTORY_KEY_LEN],
                     arena *a, Sluis__DatumRow **out);
/* Moves a row to HISTORY, under the index of the entry that supersedes it. */
sluis_err datum_supersede(store_txn *t, const uint8_t key[static DATUM_KEY_LEN], uint64_t index);
sluis_err datum_store(store_txn *t, const subject *s, const uint8_t key[static DATUM_KEY_LEN],
                      const Sluis__DatumRow *row);

#endif
