/* Parties as the gateway administers them: signed entries in the store, the snapshot built from them.
 * Thread: core (writes); parties_load with any snapshot. */
#ifndef SLUIS_PARTIES_PARTIES_H
#define SLUIS_PARTIES_PARTIES_H

#include "directory/directory.h"
#include "store/store.h"
#include "tables/tables.h"

/* An enrolment request as `sluisctl key new` writes it (JSON): OIN and self-signed keys.
 * {"oin": "...", "keys": [{"use": "sign", "pk": hex, "valid_from": "YYYY-MM-DD", "valid_until": "...", "signature": hex}]} */
sluis_err enrolment_write(const char *path, const oin *o, const keypair *keys, size_t n, uint64_t from, uint64_t until,
                          sluis_fail *f);
sluis_err enrolment_parse(Sluis__PartyEntry *out, arena *a, const char *json, size_t n, sluis_fail *f);

/* Signs the entry and stores it; the directory's version goes up. EXISTS when the same OIN is there and
 * replace is false. */
sluis_err parties_put(store_txn *t, Sluis__PartyEntry *e, const keypair *dir_key, bool replace, sluis_fail *f);
/* The directory as the snapshot holds it; version 0 and no parties when empty. */
sluis_err parties_load(store_txn *t, const uint8_t dir_pk[static PK_LEN], directory **out, sluis_fail *f);
/* The directory's version as stored (META "directory"). */
sluis_err parties_version(store_txn *t, uint64_t *out);

#endif
