/* The key file: subject keys and day keys in preallocated slots of 128 bytes, overwritten in place.
 *
 *   slot = state u8 (0 free, 1 live, 2 erased) | 7 zero | P 32 | sid 16 random | nonce 24 random
 *        | AE(Kw, nonce, slot[0..56], key 32)
 *   Kp = H("sluis1-k-pseud", KM, ""), Kw = H("sluis1-k-wrap", KM, "")
 *   P  = H("sluis1-subject", Kp, BSN 9), H("sluis1-own-id", Kp, the municipality's own name for a person)
 *        or H("sluis1-period", Kp, class u8 | day u32)
 *
 * Open addressing by P, linear, within a part: the file as it was made is the first, and each enlargement
 * adds one. A name is looked for in each, and a new key goes into the first that is not 75 % live or erased;
 * when all are, keyslots_add says FULL. New keys only into free slots. Create: add ..., sync, then commit the
 * store (a crash leaves a harmless orphan, found again by P). Erase: state 2, the rest random, synced.
 * Thread: one writer (core) uses add/sync/erase; find and get are safe from any thread (a slot torn by a
 * concurrent write fails its AE check and is read again). */
#ifndef SLUIS_REGISTRY_KEYSLOTS_H
#define SLUIS_REGISTRY_KEYSLOTS_H

#include "base/ids.h"
#include "crypto/crypto.h"
#include "tables/rows.h"

typedef struct keyslots keyslots;

typedef struct {
    uint64_t slot;
    id16 sid;
    uint8_t key[KEY_LEN]; /* wipe after use */
} slot_key;

/* km: 32 bytes, copied into locked memory. Creates the file (0600, capacity slots, allocated on disk) when
 * absent. */
sluis_err keyslots_open(keyslots **out, const char *path, uint64_t capacity, const uint8_t km[static 32],
                        sluis_fail *f);
/* For offline tools: an existing file, read only. */
sluis_err keyslots_open_readonly(keyslots **out, const char *path, const uint8_t km[static 32],
                                 sluis_fail *f);
/* Adds slots, to make at least `capacity`; with as many or more nothing happens. Each slot keeps its number.
 * Before any other thread uses k. path: for f. NO_SPACE: the file is as it was, and k goes on. FULL, INVALID,
 * IO: close it. */
sluis_err keyslots_enlarge(keyslots *k, uint64_t capacity, const char *path, sluis_fail *f);
void keyslots_close(keyslots **k);

void keyslots_subject(const keyslots *k, uint8_t p[static HASH_LEN], const char bsn[static BSN_LEN]);
void keyslots_own(const keyslots *k, uint8_t p[static HASH_LEN], const char *own);
void keyslots_period(const keyslots *k, uint8_t p[static HASH_LEN], uint8_t klass, uint32_t day);

/* The key of the row checks (tables/rows.h), derived from the same KM; borrowed, lives as long as k. Any
 * thread. */
const row_keys *keyslots_rows(const keyslots *k);

sluis_err keyslots_find(keyslots *k, const uint8_t p[static HASH_LEN],
                        slot_key *out);                            /* NOT_FOUND, CORRUPT */
sluis_err keyslots_get(keyslots *k, uint64_t slot, slot_key *out); /* NOT_FOUND: free or erased; CORRUPT */
/* Finds or makes; a made one is on disk only after keyslots_sync. */
sluis_err keyslots_add(keyslots *k, const uint8_t p[static HASH_LEN], slot_key *out);
sluis_err keyslots_sync(keyslots *k); /* no-op when nothing was added */
sluis_err keyslots_erase(keyslots *k, uint64_t slot);
void keyslots_usage(const keyslots *k, uint64_t *live, uint64_t *erased, uint64_t *capacity);
/* Checks every slot: states, MACs, reachability by P. For `journal verify`: f names the first bad slot. */
sluis_err keyslots_verify(keyslots *k, uint64_t *live, sluis_fail *f);

#endif
