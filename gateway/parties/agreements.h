/* Agreements as the gateway administers them: the file in which they travel, and signed facts in the store.
 * AGREEMENT: party OIN 20 | id 16 -> SignedAgreement, as the directory key signed it. Thread: core (writes);
 * agreements_get with any snapshot; the file's functions are pure. */
#ifndef SLUIS_PARTIES_AGREEMENTS_H
#define SLUIS_PARTIES_AGREEMENTS_H

#include <jansson.h>

#include "directory/directory.h"
#include "store/store.h"
#include "tables/tables.h"
#include "wire/arena.h"

#define AGREEMENT_FILE_MAX (64u << 10) /* bytes */
#define AGREEMENT_KEY      (OIN_LEN + KEYID_LEN)

/* An agreement as `sluisctl agreement propose` writes it and people read it. Days are UTC midnights;
 * valid_until is the first day that it no longer holds. municipality_signature stands there once it was
 * accepted.
 * {"agreement": {"party": OIN, "municipality": OIN, "covenant": name, "version": 1, "text_sha256": hex,
 *  "purposes": [..], "gives": [categories], "asks": [categories], "attributes": [..],
 *  "valid_from": "YYYY-MM-DD", "valid_until": "YYYY-MM-DD"},
 *  "party_pk": hex, "party_signature": hex[, "municipality_signature": hex]}
 * Owned; NULL when memory is out. fact->agreement must be a packed Agreement. */
json_t *agreement_json(const Sluis__AgreementFact *fact);
/* Fills agreement, party_pk and party_signature, in the arena; *whose is whose it is. Unknown and double keys
 * are refused, a signature of the municipality too: it is made here. Signatures are checked by
 * agreements_put. */
sluis_err agreement_parse(Sluis__AgreementFact *out, oin *whose, arena *a, const char *json, size_t n,
                          sluis_fail *f);

/* Signs the fact as the directory's next version and stores it, new or changed. What a directory would not
 * take is refused here. */
sluis_err agreements_put(store_txn *t, Sluis__AgreementFact *fact, const keypair *dir_key, sluis_fail *f);
/* The stored fact, unpacked in the arena, to change and put back. NOT_FOUND; CORRUPT. */
sluis_err agreements_get(store_txn *t, const oin *whose, const keyid *id, const uint8_t dir_pk[static PK_LEN],
                         arena *a, Sluis__AgreementFact **out, sluis_fail *f);
/* A stored row fits its key; *version: the directory's at its last change. Its signatures are the directory's
 * to check. */
sluis_err agreements_place(bytes key, bytes value, arena *scratch, uint64_t *version, sluis_fail *f);

#endif
