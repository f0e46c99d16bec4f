/* The register: one registration per datum, its versions, encrypted under the subject's key; and the sealing
 * of every other row that is about a person. DATUM holds what is current and what differs from it, so that a
 * view reads no past; HISTORY the versions before, in the order they were superseded: from a current one,
 * back along (journal_index, previous). Layouts: DATUM, HISTORY, SUBJECT, DOSSIER in tables/tables.h. Thread:
 * a registry handle is read-only after opening and may be used from any thread, each with its own
 * transaction; functions that write take core's write transaction. */
#ifndef SLUIS_REGISTRY_REGISTRY_H
#define SLUIS_REGISTRY_REGISTRY_H

#include "registry/keyslots.h"
#include "rows.pb-c.h"
#include "store/store.h"
#include "tables/tables.h"
#include "wire/arena.h"

typedef struct registry registry;

typedef struct {
    id16 sid;
    uint8_t key[KEY_LEN]; /* SK; subject_close wipes */
    const row_keys *rows; /* borrowed from the key file: row_seal ends in a row check */
} subject;

sluis_err registry_open(registry **out, keyslots *slots /* borrowed */);
void registry_close(registry **r);

/* Room in the key file for persons who are new: none once 11/16 is in use, for the rest is the journal's;
 * little from half on, so that there is time to enlarge it. Any thread. */
typedef enum { ROOM_ENOUGH, ROOM_LITTLE, ROOM_NONE } registry_places;
registry_places registry_room(const registry *r);

/* By BSN; create needs the write transaction (then keyslots_sync before its commit). NOT_FOUND; CONFLICT:
 * this person's key is being erased (an INTENT row waits for keyslots_erase). FULL: 11/16 of the key file is
 * used; the rest is the journal's. */
sluis_err registry_subject(registry *r, store_txn *t, const char bsn[static BSN_LEN], bool create,
                           subject *out);
/* By a name of the municipality's own, for a person whose BSN is not known: own_name_valid.
 * Once that person was merged: the subject with the BSN. Errors as above. */
sluis_err registry_subject_own(registry *r, store_txn *t, const char *own, bool create, subject *out);
/* By sid; of one that was merged: the other. A row without its key is CORRUPT unless the subject was
 * forgotten (NOT_FOUND). */
sluis_err registry_subject_by_sid(registry *r, store_txn *t, const id16 *sid, subject *out);
void subject_close(subject *s);

typedef enum { DATUM_NEW, DATUM_SAME, DATUM_NEWER, DATUM_DISCREPANCY } datum_outcome;

/* Registers a statement. The current value again, on the same terms (validity, conditions, reference), from
 * whichever source: nothing new (DATUM_SAME). Another value or other terms from the current one's source: the
 * next version; the one before moves to HISTORY, under row->journal_index (of the entry that brought the
 * statement). The same from another source: kept beside it, marked discrepancy; the current one stays. Said
 * again by the same source it is not stored again; what that source said beside it before moves to HISTORY:
 * at most one a source stands beside. What another municipality brings (row->brought_by) counts as another
 * source than the source itself, and the source itself takes its place. Said again for another law it is
 * registered for that law too (of the current one, a version of its own), and a correction is for the laws of
 * what it corrects; what is brought is for the laws of the same municipality's last word alone, until the
 * source says it itself; said again by its own source a day later or more, it was obtained then. Sets
 * row->discrepancy; *version is the one that holds the statement. *alone (NULL: nobody asks): nothing stands
 * beside the current one now. */
sluis_err registry_put(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                       Sluis__DatumRow *row, datum_outcome *outcome, uint64_t *version, bool *alone);
/* What this statement is called outside: the moment from which it stood, UTC ms, and more than what it took
 * the place of. It counts nothing, so that it tells nobody how often something was said that only others may
 * hear. Of before this was so: an ordinal.
 */
uint64_t datum_number(const Sluis__DatumRow *row, uint64_t version);
/* The same value on the same terms, whoever says it. */
bool registry_same(const Sluis__DatumRow *a, const Sluis__DatumRow *b);

/* A statement that differs from the current one and waits for someone to resolve it. */
typedef struct datum_beside {
    uint64_t version;
    Sluis__DatumRow *row;
    struct datum_beside *next;
} datum_beside;

typedef struct {
    id16 instance;
    uint64_t version;     /* 0: before the first (registry_next) */
    Sluis__DatumRow *row; /* the current one; NOT to be mistaken for valid now: see valid_from, valid_until */
    datum_beside *beside; /* in the order of their versions */
} datum;
/* What this source says itself beside the current statement; NULL: nothing. What another municipality brought
 * of it is not its word. */
const datum_beside *datum_beside_of(const datum *d, const char *source);
/* The datum of the instance behind at->instance, or of the first when at->version is 0; rows in the arena,
 * which may be reset between two calls. NOT_FOUND: there are no more. In a write transaction others may write
 * between two calls. */
sluis_err registry_next(registry *r, store_txn *t, const subject *s, uint32_t attribute, arena *a, datum *at);
/* The datum of one instance. NOT_FOUND. */
sluis_err registry_get(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                       arena *a, datum *out);

/* ---- data that stay at their source (kept.c) ---- */
/* Whether this row says no more than that its source has it, or has a value that was fetched. */
bool datum_at_source(const Sluis__DatumRow *row);
/* Since when it is known that its source has it, UTC ms. */
uint64_t datum_known_since(const Sluis__DatumRow *row);
/* Registers that its source has this datum, with the value that was fetched (row->kept) or without; takes the
 * place of whatever was said of it before, of which nothing is kept but since when that was known, for all
 * its laws. */
sluis_err registry_keep(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                        Sluis__DatumRow *row);
/* Its source says that it is not there any more: nothing of it stays. */
sluis_err registry_not_there(registry *r, store_txn *t, const subject *s, uint32_t attribute,
                             const id16 *instance);
/* It is being fetched in this transaction. */
sluis_err registry_fetching(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                            const uint8_t transaction[static UUID_LEN]);
/* The row without what was fetched, and when: that the source has it stays. */
void datum_unkeep(Sluis__DatumRow *row);
/* The same in the register, when its time is over at this moment. OK when nothing is. */
sluis_err registry_unkeep(registry *r, store_txn *t, const subject *s, uint32_t attribute,
                          const id16 *instance, uint64_t now);

/* An instance by its name of 16 bytes; without one: the only one there is. */
id16 instance_of(ProtobufCBinaryData name);
/* Whether these instances fit beside what stands of this attribute, when at most so many stand together. What
 * stands already always does. */
sluis_err registry_fits(store_txn *t, const subject *s, uint32_t attribute, const id16 *instances, size_t n,
                        uint32_t most, bool *fits);

/* The person's own number, in the arena. NOT_FOUND: it is not known. */
sluis_err registry_bsn(registry *r, store_txn *t, const subject *s, arena *a, char **out);

/* ---- discrepancies (discrepancy.c): of one instance as registry_get gave it ---- */
/* b becomes the current version, under the entry of this index; the one before it moves to HISTORY. The row
 * of b as it stood is the caller's to keep. */
sluis_err registry_accept(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                          const datum_beside *b, uint64_t journal_index, uint64_t now);
/* The same, and what was current stands beside it from then on. */
sluis_err registry_exchange(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                            const datum_beside *b, uint64_t journal_index, uint64_t now);
/* Adds a statement, as it stood, to what an entry settles: copied, all of it into the arena. NOMEM: nothing
 * is added. */
sluis_err registry_settled_add(Sluis__SettledRow *x, arena *a, uint32_t attribute, const id16 *instance,
                               uint64_t version, const Sluis__DatumRow *row, const char *outcome);
/* All of it into the arena. NOMEM. */
sluis_err datum_copy(const Sluis__DatumRow *row, arena *a, Sluis__DatumRow **out);
/* Notes with the current statement that one beside it went under this entry. *before: the entry noted there
 * until now; 0: none. */
sluis_err registry_note_settled(registry *r, store_txn *t, const subject *s, uint32_t attribute,
                                const id16 *instance, uint64_t journal_index, uint64_t *before);
/* b stands beside no more; its row is the caller's to keep. */
sluis_err registry_drop(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                        const datum_beside *b);
/* Writes the row of b again: its source is being asked, in this transaction. */
sluis_err registry_asked(store_txn *t, const subject *s, uint32_t attribute, const datum *d,
                         const datum_beside *b, const uint8_t transaction[static UUID_LEN]);

/* The current statement of an instance, as registry_get gave it, gets a version with the client's own words:
 * it keeps them as long as it says the same. */
sluis_err registry_state(store_txn *t, const subject *s, uint32_t attribute, const datum *d, char *statement,
                         uint64_t journal_index, uint64_t now);

/* Rows about a person in other tables (DOSSIER, REQUEST): appends sid | row check over it (tables/rows.h) |
 * nonce | AE(SK, nonce, table u8|key, message). What it appends is what store_put takes. */
sluis_err row_seal(buffer *out, const subject *s, gateway_table table, bytes key, const ProtobufCMessage *m);
/* Finds the subject by the row's own sid. NOT_FOUND: the subject was forgotten. CORRUPT. owner: whose row it
 * is, closed by the caller; NULL when it is not needed. */
sluis_err row_open(registry *r, store_txn *t, gateway_table table, bytes key, bytes sealed, arena *a,
                   const ProtobufCMessageDescriptor *d, ProtobufCMessage **out, subject *owner);

/* ---- merging (merge.c): what was known of a person under another name ---- */
/* Moves what is current, and what stands beside it, from one subject to another, sealed anew, and leaves a
 * MERGED row: whoever names from finds to from then on. Past versions stay where they are, under from's name
 * and key, and are read as to's. Where both know something of one instance, what from had is said to to
 * (registry_put, under this entry, unless the same source said something later), and stands in *settled as it
 * stood. Rows about from in other tables are the caller's, before. One transaction, as long as what is
 * current: the caller has counted. */
sluis_err registry_merge(registry *r, store_txn *t, const subject *from, const subject *to,
                         uint64_t journal_index, arena *a, Sluis__SettledRow *settled);
/* The sealed row that stands under key (sid 16|u64) in this table is written again as to's, at the same
 * number. Of statements that were settled under another name the past stays there: the row says so. */
sluis_err registry_reseal(store_txn *t, const subject *to, gateway_table table,
                          const uint8_t key[static ID_LEN + 8], ProtobufCMessage *row);

/* Whether one more person fits. */
bool registry_has_room(const registry *r);
/* Whether this person can be registered now, or is; CONFLICT: their key is being erased. *fresh is one more
 * when they would be new; FULL: there is no room for so many. */
sluis_err registry_check(registry *r, store_txn *t, const char bsn[static BSN_LEN], uint64_t *fresh);
sluis_err registry_check_own(registry *r, store_txn *t, const char *own, uint64_t *fresh); /* the same */

/* Forgets this subject at once: the SUBJECT row goes, the intent to erase the key slot is written, and the
 * sid is listed in GONE. Nothing under the key can be read any more once the slot is erased; the rows
 * themselves are cleared away later (core/clearing.h). NOT_FOUND: forgotten before. */
sluis_err registry_forget(registry *r, store_txn *t, const id16 *sid, uint64_t now);
/* The same for every subject whose key was erased: in a restored store these are who was forgotten since the
 * backup. *n of them. */
sluis_err registry_forget_keyless(registry *r, store_txn *t, uint64_t now, uint64_t *n);

/* Deletes what over() says of this subject's data, past versions included: of a version that goes, all that
 * it superseded goes too; gone() is told how many. Goes on at *at, which begins as 0 bytes, until the time
 * `until` (monotonic us): TIMEOUT says that there is more, and *at where. At least one row a call; at most
 * REGISTRY_CUT versions of a datum at once. */
#define REGISTRY_CUT 64
typedef struct {
    bool (*over)(void *ctx, uint32_t attribute, const Sluis__DatumRow *row);
    void (*gone)(void *ctx, uint32_t attribute, uint64_t n);
    void *ctx;
} registry_terms;
typedef struct {
    uint8_t key[STORE_KEY_MAX];
    size_t n;
} registry_place;
sluis_err registry_trim(registry *r, store_txn *t, const subject *s, const registry_terms *by,
                        registry_place *at, uint64_t until);
/* The same for one row of HISTORY that no version leads to any more: what stood beside a current one was
 * settled. Only after registry_trim has gone over all data by the same terms. */
sluis_err registry_trim_past(registry *r, store_txn *t, const subject *s, bytes key, bytes value,
                             const registry_terms *by);
keyslots *registry_slots(registry *r);

/* ---- verification, offline ---- */
typedef struct {
    uint64_t rows[TABLE_COUNT]; /* checked rows a table; the journal's tables are journal_verify's */
    uint64_t forgotten;         /* SUBJECT rows whose key was erased */
} registry_report;
/* Every row outside the journal's tables: its seal, its check (tables/rows.h), that it parses, and that a
 * SUBJECT row and a key slot fit each other. f->where names the first bad row: "datum 2f1c…" (key in hex). */
sluis_err registry_verify(store *s, keyslots *slots, registry_report *out, sluis_fail *f);

#endif
