/* Bookmarks of a view, which its reader keeps for us and cannot read: where a listing goes on, and from which
 * state of the register a later one tells what changed.
 *
 *   nonce 24 | AE(subject key, nonce, owner, mark)
 *   owner = "view-mark" | case id 16 | member u32 | organisation 20 | application
 *   mark  = kind u8 (1: the page after, 2: since) | base size u64 | base time u64 | size u64 | time u64
 *         | origin u64 | attribute u32 | instance 16 | context 16 | print 16 | left 16
 *
 * A state is the number of entries in the journal and the moment (UTC ms); base size 0: the listing is whole.
 * Only who got it can use it, and none outlives the person's key. context: H("sluis1-view") over what may be
 * shown. print: what this listing has shown so far, the prints of its data (H("sluis1-shown") over each as
 * the API gives it) taken together by XOR. left: of what was shown at the base, the same over what is not yet
 * gone over; 0 at the end, unless something that was shown then cannot be found back. Thread: pure. */
#ifndef SLUIS_READ_VIEW_MARK_H
#define SLUIS_READ_VIEW_MARK_H

#include "read/reader.h"
#include "registry/walk.h"

#define VIEW_MARK_LEN    (NONCE_LEN + 1 + 5 * 8 + 4 + ID_LEN + VIEW_CONTEXT_LEN + 2 * VIEW_PRINT_LEN + TAG_LEN)
#define VIEW_CONTEXT_LEN 16
#define VIEW_PRINT_LEN   16
#define VIEW_PAGE_MS     (UINT64_C(3600) * 1000) /* pages of one listing follow each other within an hour */
#define VIEW_SINCE_MS                                                                                        \
    (UINT64_C(7) * 86400 * 1000) /* older ones begin anew: versions are not gone over without end */

typedef enum { VIEW_PAGE = 1, VIEW_SINCE = 2 } view_mark_kind;

typedef struct {
    uint64_t size, time;
} view_state;

typedef struct {
    view_mark_kind kind;
    view_state base, at;
    uint64_t origin;   /* index of the entry that opened the journal's origin */
    datum_place after; /* where a page ended */
    uint8_t context[VIEW_CONTEXT_LEN];
    uint8_t print[VIEW_PRINT_LEN], left[VIEW_PRINT_LEN];
} view_mark;

/* What may be shown: a page after one of when that was something else does not follow it. */
void view_context(uint8_t out[static VIEW_CONTEXT_LEN], const char *name, const uint32_t *ids, size_t n);
void view_mark_write(uint8_t out[static VIEW_MARK_LEN], const subject *s, const job *j, const view_mark *m);
/* INVALID: it is none of ours, of another kind, or another reader's; EXPIRED; f says so in Dutch. where: the
 * parameter it came in. now: what is in the snapshot. */
sluis_err view_mark_read(const subject *s, const job *j, view_mark_kind kind, bytes mark, const char *where,
                         const view_mark *now, view_mark *out, sluis_fail *f);

#endif
