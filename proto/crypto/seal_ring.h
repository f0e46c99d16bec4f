/* A recipient's sealing keys: the current one and those it has replaced, which stay until the last message
 * that may have been sealed to them is over (DESIGN, "Keys"). Files in the key folder: seal.key, and
 * seal.<created>.key for each renewal, created in UTC ms; what `sluisctl key rotate` leaves beside them
 * (seal.new.key, seal.old.key) is read too. The newest by its created time is the current one.
 *
 * A ring is immutable and reference-counted: renewing and destroying give the next one, sharing the keys that
 * stay; a private key is wiped with the last ring that holds it. Thread: any; the folder has one writer. */
#ifndef SLUIS_CRYPTO_SEAL_RING_H
#define SLUIS_CRYPTO_SEAL_RING_H

#include "crypto/keyfile.h"

#define SEAL_RING_MAX 64 /* keys */

typedef struct seal_ring seal_ring;

/* Ends first what a crash left undone in the folder (keydisk_finish). NOT_FOUND: no key at all. FULL: more
 * than SEAL_RING_MAX. p: NULL without a passphrase. */
sluis_err seal_ring_load(seal_ring **out, const char *dir, passphrase *p, sluis_fail *f);
/* One key, without a file of its own. Takes k. */
sluis_err seal_ring_of(seal_ring **out, keypair *k);
seal_ring *seal_ring_ref(seal_ring *r);
void seal_ring_unref(seal_ring **r);

size_t seal_ring_count(const seal_ring *r);
const keypair *seal_ring_at(const seal_ring *r, size_t i); /* oldest first */
const keypair *seal_ring_current(const seal_ring *r);
/* NULL: not held. *replaced: when the next key was made, UTC ms; 0 for the current one. */
const keypair *seal_ring_find(const seal_ring *r, const keyid *id, uint64_t *replaced);

/* A new current key: on disk when this returns OK, seen by nobody yet. FULL: destroy old ones first. */
sluis_err seal_ring_renew(seal_ring **next, const seal_ring *r, const char *dir, passphrase *p,
                          uint64_t now_ms, sluis_fail *f);
/* The oldest key, when it was replaced at or before this moment; NULL otherwise. */
const keypair *seal_ring_oldest(const seal_ring *r, uint64_t replaced_before);
/* The ring without this key; its file is not touched. */
sluis_err seal_ring_without(seal_ring **next, const seal_ring *r, const keyid *id);
/* Overwrites and removes the file that holds this key. OK when there is none. */
sluis_err seal_ring_destroy(const char *dir, const keyid *id, sluis_fail *f);

#endif
