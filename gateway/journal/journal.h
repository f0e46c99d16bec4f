/* The journal: a transparency log (RFC 6962 tree, C2SP checkpoints) of 40-byte leaves with erasable records.
 * Layouts: LEAF, RECORD, TILE, TXINDEX, META("journal") in tables/tables.h; leaf bytes in wire/receipt.h.
 * A record is stored as nonce 24 | AE(day key, nonce, index u64, salt 32 | record). The day key is the key
 * slot of (class, keep-until day): keyslots_period(class, keep_until). Both stand in the leaf, so a reader
 * finds the key, and erasing the slot of a day that has passed forgets exactly the records whose term ended
 * then. KEEP_ALWAYS is a day like another: one key a class, never erased. Thread: the writer (journal *)
 * belongs to core. The readers below take any snapshot from any thread. */
#ifndef SLUIS_JOURNAL_JOURNAL_H
#define SLUIS_JOURNAL_JOURNAL_H

#include "crypto/merkle.h"
#include "crypto/note.h"
#include "journal/tile_path.h"
#include "journal/upper_nodes.h"
#include "registry/keyslots.h"
#include "sluis.pb-c.h"
#include "store/store.h"
#include "tables/tables.h"
#include "wire/receipt.h"

#define KEEP_ALWAYS   UINT32_C(0xffffffff)
#define KLASS_JOURNAL 0xff /* class of the log's own R_ORIGIN entry, kept always */

typedef struct journal journal;

/* What signs the log. Borrowed for as long as the journal is open. */
typedef struct {
    const keypair *log;  /* the key in force */
    const keypair *next; /* the one that follows it signs beside it; NULL: none */
    pubkeys known;       /* what else checkpoints of this log were signed with */
} log_keys;

/* The n of "<name>/journal/<n>"; false: it is no origin of this log. */
bool origin_number(const char *origin, const char *name, uint64_t *n);

typedef struct {
    uint64_t index;
    uint8_t leaf[LEAF_LEN];
    uint8_t salt[SALT_LEN];
    uint8_t *record; /* owned by the journal until the first append after journal_committed, or
                        journal_rolled_back */
    size_t record_len;
} journal_entry;

/* Rebuilds the right edge of the tree from the store and checks it against the stored checkpoint (CORRUPT;
 * UNKNOWN_KEY: signed by none of these keys).
 * An empty store gets origin "<name>/journal/1" and a first R_ORIGIN entry at the first append. */
sluis_err journal_open(journal **out, store *s, keyslots *slots, const log_keys *keys, const char *name,
                       sluis_fail *f);
void journal_close(journal **j);

/* In the write transaction. keep_until: days since 1970. Also writes TXINDEX when the record has a
 * transaction. May make a day key: the caller's keyslots_sync comes before its store_commit. On any error:
 * abort the transaction and journal_rolled_back. */
sluis_err journal_append(journal *j, store_txn *t, const Sluis__Record *r, uint8_t klass, uint32_t keep_until,
                         journal_entry *out);
/* The last append of a restore's transaction, before journal_seal: opens the log's next origin. Its entry
 * (R_ORIGIN, kept always) holds the store's own checkpoint and last_known, the newest one that anybody has,
 * with its cosignatures; empty when the store's own is the newest. The entries before stay what they are,
 * under their indexes. INVALID: last_known is of this log but older than the store. Back: only by closing. */
sluis_err journal_new_origin(journal *j, store_txn *t, uint64_t when, bytes last_known, sluis_fail *f);
/* The origin in force, and the index of the entry that opened it. */
const char *journal_origin(const journal *j, uint64_t *from);
/* Whether the committed checkpoint bears the newest key's signature; true when there is none yet. */
bool journal_knows_key(const journal *j);
/* Last call before commit: signs and stores the checkpoint over all appended entries (no-op when none). */
sluis_err journal_seal(journal *j, store_txn *t);
void journal_committed(journal *j);
/* The transaction failed: forget what was appended since the last commit. */
void journal_rolled_back(journal *j);

/* After keyslots_erase of a day key: the writer forgets its own copies of day keys. */
void journal_drop_keys(journal *j);

/* After journal_seal, until the first append after journal_committed: the packed Receipt, appended. */
sluis_err journal_receipt(journal *j, const journal_entry *e, buffer *out);
uint64_t journal_size(const journal *j);
const char *journal_checkpoint(const journal *j, size_t *n); /* the last sealed note; *n = 0: none yet */

/* ---- readers ----
 * NOT_FOUND: beyond the checkpoint, or forgotten (row or day key gone). CORRUPT: stored bytes fail their
 * check. */
sluis_err journal_read_record(store_txn *t, keyslots *slots, uint64_t index, arena *a, Sluis__Record **out,
                              uint8_t salt[static SALT_LEN], bytes *raw);
/* A receipt against the snapshot's own checkpoint, for any index; checked against its root before it is
 * given. upper: what the thread remembers of this journal's tree, NULL: nothing. */
sluis_err journal_receipt_at(store_txn *t, keyslots *slots, upper_nodes *upper, uint64_t index, buffer *out);
/* The same against an older checkpoint of this log, whose text note is (a cosigned one). cp is what
 * checkpoint_open made of it. NOT_FOUND: the entry is younger. CORRUPT: this log never had that root. */
sluis_err journal_receipt_under(store_txn *t, keyslots *slots, uint64_t index, const checkpoint *cp,
                                bytes note, buffer *out);
/* The same without salt and record: leaf, path and note, which reveal nothing of the entry. */
sluis_err journal_proof_under(store_txn *t, upper_nodes *upper, uint64_t index, const checkpoint *cp,
                              bytes note, buffer *out);
/* Proof that the tree of size new goes on from that of size old; 1 <= old <= new <= what is stored. path:
 * CONSISTENCY_MAX hashes. INVALID: the sizes; CORRUPT: what is stored does not lead to the roots, so that a
 * damaged tile is not told of as a rewritten log. */
#define CONSISTENCY_MAX (MERKLE_MAX_PATH + 1)
sluis_err journal_consistency(store_txn *t, uint64_t old, uint64_t new, uint8_t (*path)[HASH_LEN],
                              size_t *len);
/* What a witness is sent to go on from size old (0: from nothing) to the snapshot's own checkpoint, appended:
 * the body of add-checkpoint of C2SP tlog-witness. NOT_FOUND: no entry yet; INVALID: old lies beyond it. */
#define ADD_CHECKPOINT_MAX 8192
sluis_err journal_prove(store_txn *t, uint64_t old, buffer *out, uint64_t *size);
/* OK: the tree of this snapshot had this root at this size. CORRUPT: it had another; NOT_FOUND: it is
 * smaller. */
sluis_err journal_holds(store_txn *t, const checkpoint *cp);
/* A tile of a tree of this size, as tlog-tiles has it: *n hashes (of JOURNAL_TILE); NOT_FOUND: no such tile.
 */
#define JOURNAL_TILE TILE_WIDTH
sluis_err journal_tile(store_txn *t, uint64_t size, unsigned level, uint64_t tile,
                       uint8_t (*hashes)[HASH_LEN], size_t *n);
/* The entry bundle of a level 0 tile: n leaves, each after its length u16. NOT_FOUND, CORRUPT. */
#define JOURNAL_BUNDLE (JOURNAL_TILE * (2 + LEAF_LEN))
sluis_err journal_bundle(store_txn *t, uint64_t tile, size_t n, uint8_t out[static JOURNAL_BUNDLE]);
sluis_err journal_checkpoint_at(store_txn *t, char *note, size_t cap, size_t *n);
/* How many entries the snapshot's journal has; and a number that the origin in force has alone, also when the
 * same backup was put in place twice and both begin at one index: 0: the first; else of its first leaf. */
sluis_err journal_size_at(store_txn *t, const row_keys *k, uint64_t *size, uint64_t *origin);
/* Indexes of a transaction's records, ascending; at most cap. */
sluis_err journal_trace(store_txn *t, const uint8_t transaction[static UUID_LEN], uint64_t *out, size_t cap,
                        size_t *n);

/* ---- retention ----
 * Step one of forgetting: in core's transaction, deletes the RECORD and TXINDEX rows of entries whose
 * keep-until day lies before today, among max entries from index from on; *next is where the following call
 * goes on (the journal's size: all seen; on an error: the entry it lies at). Step two, after the commit:
 * keyslots_erase of the slot of each (class, day) passed, with its intent, and journal_drop_keys. */
sluis_err journal_expire(store_txn *t, keyslots *slots, uint32_t today, uint64_t from, uint64_t max,
                         uint64_t *next, uint64_t *removed);
/* What the leaves of [from, to) say of their terms, for whoever keeps the account of days that have passed.
 * *next is the first leaf not told: to, the journal's size, or one that is CORRUPT. */
typedef void (*journal_term)(void *ctx, uint64_t index, uint8_t klass, uint32_t keep_until);
sluis_err journal_terms(store_txn *t, uint64_t from, uint64_t to, journal_term each, void *ctx,
                        uint64_t *next);

/* ---- verification, offline ---- */
typedef struct {
    uint64_t entries, records, erased, tiles;
    uint64_t restores; /* origins after the first */
    uint64_t lost;     /* entries that a restore's bound checkpoint counts and the log does not hold */
    uint8_t root[HASH_LEN];
} journal_report;
/* Every so many entries, and at the end of a sound tree with done = total. */
typedef void (*journal_progress)(void *ctx, uint64_t done, uint64_t total);
/* Everything from leaf 0: leaf bytes, tree, tiles, checkpoint signature, each record's seal, commitment and
 * transaction index. slots NULL: the tree alone. A missing record is accepted after its keep-until day
 * (today), or when a later R_FORGOTTEN entry names its index. f->where names the first bad entry: "entry
 * 123". */
sluis_err journal_verify(store *s, keyslots *slots, const char *name, const pubkeys *log, uint32_t today,
                         journal_progress progress, void *ctx, journal_report *out, sluis_fail *f);

#endif
