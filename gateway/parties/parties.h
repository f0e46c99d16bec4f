/* Parties as the gateway administers them: signed entries in the store, the snapshot built from them.
 * Thread: core (writes); parties_load with any snapshot. */
#ifndef SLUIS_PARTIES_PARTIES_H
#define SLUIS_PARTIES_PARTIES_H

#include "directory/directory.h"
#include "store/store.h"
#include "tables/tables.h"
#include "wire/arena.h"

#define ENROLMENT_MAX      (64u << 10) /* bytes of one request */
#define ENROLMENT_KEYS_MAX 16
#define OWN_KEY_DAYS       (2 * 365) /* a gateway's own keys are to be renewed after */
#define OWN_KEY_MS         (OWN_KEY_DAYS * DAY_MS)

/* An enrolment request as `sluisctl key new` writes it (JSON): OIN and keys, each signed by the party's
 * signing key (party_key_sign). Days are UTC midnights; enrolment_write rounds from and until down to one. It
 * takes the first signing key of keys and never overwrites a file (EXISTS).
 * {"oin": "...", "keys": [{"use": "sign", "pk": hex, "valid_from": "YYYY-MM-DD", "valid_until": "...",
 * "signature": hex}]} */
sluis_err enrolment_write(const char *path, const oin *o, const keypair *keys, size_t n, uint64_t from,
                          uint64_t until, sluis_fail *f);
/* The same for keys that each have their own days: the first signing key vouches for the rest. */
typedef struct {
    const keypair *key;
    uint64_t from, until;
} enrolment_key;
sluis_err enrolment_write_keys(const char *path, const oin *o, const enrolment_key *keys, size_t n,
                               sluis_fail *f);
/* Fills oin, keys, the span of their validity and suite 1, all in the arena; name and domain are the
 * operator's to fill in. Unknown and double keys are refused; what the keys' signatures say is checked by
 * parties_put. */
sluis_err enrolment_parse(Sluis__PartyEntry *out, arena *a, const char *json, size_t n, sluis_fail *f);

/* Signs the entry, as the directory's next version, and stores it; that version is the directory's from then
 * on. EXISTS when the same OIN is there and replace is false. An entry that a directory would not take
 * (bounds, the party's own signatures under its keys) is refused here. */
sluis_err parties_put(store_txn *t, Sluis__PartyEntry *e, const keypair *dir_key, bool replace,
                      sluis_fail *f);
/* The stored entry, unpacked in the arena, to change and put back. NOT_FOUND (f is left alone); CORRUPT when
 * it is not what the directory key signed. */
sluis_err parties_get(store_txn *t, const oin *who, const uint8_t dir_pk[static PK_LEN], arena *a,
                      Sluis__PartyEntry **out, sluis_fail *f);
/* The directory as the snapshot holds it, agreements included; version 0 and no parties when empty. CORRUPT:
 * an entry or agreement under another key than its own, or the newest of all is not of the stored version. */
sluis_err parties_load(store_txn *t, const uint8_t dir_pk[static PK_LEN], directory **out, sluis_fail *f);
/* When the directory was signed by a key of before (known): every entry and agreement is checked under that
 * one, and signed again with dir_key; *done. own: a party that is in every directory. CORRUPT: signed by none
 * of these. */
sluis_err parties_resign(store_txn *t, const oin *own, const pubkeys *known, const keypair *dir_key,
                         bool *done, sluis_fail *f);
/* The directory's version as stored. META "directory": version u64 | its complement u64; CORRUPT. */
sluis_err parties_version(store_txn *t, uint64_t *out);

/* The next one, with a change that is stored beside it. */
sluis_err parties_set_version(store_txn *t, uint64_t version);

/* UTC ms at which the first of a party's uses (sign, seal, CURVE) has no key left, or its entry ends; 0 when
 * one has none already. */
uint64_t party_expires(const party *p, uint64_t now_ms);
/* The earliest of these: the gateway's own, and among all other parties that are not suspended (UINT64_MAX
 * when there is none). agreed: when the first of their covenants in force ends, in the same way. */
void parties_expire(const directory *d, const oin *own, uint64_t now_ms, uint64_t *ours, uint64_t *theirs,
                    uint64_t *agreed);

#endif
