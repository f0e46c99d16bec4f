/* Bookmarks of a listing (a view, a list of requests, a dossier), which its reader keeps for us and cannot
 * read: where it goes on, and from which state of the register a later one tells what changed.
 *
 *   nonce 24 | AE(key, nonce, owner, mark)
 *   owner = name | what it lists | organisation 20 | application | 0x00 | employee
 *   mark  = kind u8 (1: the page after, 2: since) | base size u64 | base time u64 | base saves u64
 *         | size u64 | time u64 | saves u64 | origin u64 | attribute u32 | instance 16 | context 16
 *         | print 16 | left 16
 *
 * A state is the number of entries in the journal, the moment (UTC ms) and the last save of a request
 * (tables/sequences.h; a view has none of them: 0); base size 0: the listing is whole. Only who got it can
 * use it; of what is about a person the key is that person's, so that none outlives it. context:
 * H("sluis1-view") over what may be shown. print: what this listing has shown so far, the prints of its items
 * taken together by XOR. left: of what was shown at the base, the same over what is not yet gone over; 0 at
 * the end, unless something that was shown then cannot be found back. Thread: pure. */
#ifndef SLUIS_READ_LIST_MARK_H
#define SLUIS_READ_LIST_MARK_H

#include "read/reader.h"
#include "registry/walk.h"

#define CONTEXT_LEN   16
#define PRINT_LEN     16
#define LIST_MARK_LEN (NONCE_LEN + 1 + 7 * 8 + 4 + ID_LEN + CONTEXT_LEN + 2 * PRINT_LEN + TAG_LEN)
#define MARK_PAGE_MS  (UINT64_C(3600) * 1000) /* pages of one listing follow each other within an hour */
#define MARK_SINCE_MS                                                                                        \
    (UINT64_C(7) * 86400 * 1000) /* older ones begin anew: versions are not gone over without end */

/* What went since cannot be told, and it is too late to begin anew. */
#define LIST_SHRUNK "intussen is iets verwijderd: begin zonder na en zonder sinds"

typedef enum { MARK_PAGE = 1, MARK_SINCE = 2 } list_mark_kind;

typedef struct {
    uint64_t size, time, saves;
} list_state;

typedef struct {
    list_mark_kind kind;
    list_state base, at;
    uint64_t origin;   /* of the journal, by its number (journal_size_at) */
    datum_place after; /* where a page ended; of what are no data: attribute 1, and its place in instance */
    uint8_t context[CONTEXT_LEN];
    uint8_t print[PRINT_LEN], left[PRINT_LEN];
} list_mark;

/* Whose it is; borrowed. */
typedef struct {
    const uint8_t *key;         /* KEY_LEN */
    const char *name;           /* of the kind of listing, at most LIST_NAME_MAX bytes */
    const char *words;          /* the same for its reader: "deze weergave" */
    uint8_t of[ID_LEN + 2 * 4]; /* which one */
    size_t of_n;
    const job *j;
} list_owner;
#define LIST_NAME_MAX 16

/* What may be shown: a page after one of when that was something else does not follow it. */
void list_context(uint8_t out[static CONTEXT_LEN], const char *name, bytes what);
void list_mark_write(uint8_t out[static LIST_MARK_LEN], const list_owner *who, const list_mark *m);
/* INVALID: it is none of ours, of another kind, or another reader's; EXPIRED; f says so in Dutch. where: the
 * parameter it came in. now: what is in the snapshot. */
sluis_err list_mark_read(const list_owner *who, list_mark_kind kind, bytes mark, const char *where,
                         const list_mark *now, list_mark *out, sluis_fail *f);

/* ---- a listing from its call to its answer ---- */

/* Size, time and origin of the snapshot; the rest is empty. */
sluis_err list_now(list_mark *out, const reader *r, store_txn *t, uint64_t time);
/* Where it begins, and as of when: by the bookmarks of the call, empty ones where there are none. now: state,
 * origin and context of the snapshot. old: the bookmark that came. INVALID, EXPIRED; CONFLICT: a page of what
 * is something else now. */
sluis_err list_begin(list_mark *out, const list_owner *who, bytes after, bytes since, const list_mark *now,
                     list_mark *old, sluis_fail *f);
/* Only what changed since the mark's base. */
static inline bool list_only_changes(const list_mark *m)
{
    return m->base.size != 0;
}
/* The same listing, whole. */
list_mark list_whole(const list_mark *begun);
/* What its answer gives along: for the next page, or for what changes from now on. */
void list_end(uint8_t out[static LIST_MARK_LEN], const list_owner *who, const list_mark *m, bool more);

/* Of one item by what it is; takes print into sum, or out of it; whether nothing is in it. */
void list_print(uint8_t print[static PRINT_LEN], bytes item);
void print_add(uint8_t sum[static PRINT_LEN], const uint8_t print[static PRINT_LEN]);
bool print_is_zero(const uint8_t print[static PRINT_LEN]);

#endif
