/* Receipts: proof that a record stands in the journal under a signed checkpoint. Layout of leaf and
 * commitment: gateway/journal/README.md. Thread: pure. */
#ifndef SLUIS_WIRE_RECEIPT_H
#define SLUIS_WIRE_RECEIPT_H

#include "crypto/merkle.h"
#include "crypto/note.h"
#include "sluis.pb-c.h"
#include "wire/arena.h"

#define LEAF_LEN 40
#define SALT_LEN 32

typedef struct {
    uint8_t version, klass;
    uint32_t keep_until; /* days since 1970; 0xffffffff = always */
    uint8_t commitment[HASH_LEN];
} leaf;

void leaf_encode(uint8_t out[static LEAF_LEN], const leaf *l);
sluis_err leaf_decode(leaf *out, const uint8_t in[static LEAF_LEN]); /* version 1, zero bytes zero */
void record_commitment(uint8_t out[static HASH_LEN], const uint8_t salt[static SALT_LEN], bytes record);

typedef struct {
    checkpoint cp;
    uint64_t index;
    leaf leaf;
    Sluis__Record *record; /* in the arena */
} receipt_facts;

/* The last checkpoint text that verified, and the last path under it: receipts of one commit cost one
 * signature check, and a few hashes each. Starts zeroed; serves one log name and key. */
typedef struct {
    char note[NOTE_MAX];
    size_t n;
    checkpoint cp;
    merkle_trail trail;
} receipt_cache;

/* Everything, offline: decode, commitment, path, checkpoint signature. last may be NULL. log_name is the name
 * of the signing key in the note; out->cp.origin tells which log it was. out->record lives in a.
 * VERSION, INVALID, TOO_BIG, BAD_COMMITMENT, UNKNOWN_KEY (not signed by this log), BAD_SIGNATURE. */
sluis_err receipt_verify(receipt_facts *out, arena *a, bytes raw, const char *log_name, const pubkeys *log,
                         receipt_cache *last, sluis_fail *f);

/* Appends the receipt with path and checkpoint of proof instead of its own: a receipt without salt and
 * record, of the same entry, as ReceiptIs brings it. Both are checked. CONFLICT: proof is of another entry;
 * else as receipt_verify. */
sluis_err receipt_renew(buffer *out, bytes receipt, bytes proof, const char *log_name, const pubkeys *log,
                        sluis_fail *f);

/* Appends a packed receipt; note is the signed checkpoint's text; salt NULL: a proof without salt and record.
 * TOO_BIG. */
sluis_err receipt_pack(buffer *out, const uint8_t leaf_bytes[static LEAF_LEN], uint64_t index,
                       const uint8_t *salt, bytes record, const uint8_t (*path)[HASH_LEN], size_t path_len,
                       bytes note);

#endif
