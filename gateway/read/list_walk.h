/* A list gone over a page at a time, as it stands now; or only what changed since a bookmark. For rows that
 * say themselves when they came and changed (a request: tables/sequences.h; an entry of a dossier: the
 * journal). What went, or may be known no more, says nothing: of what was there at the bookmark the prints
 * are taken together (read/list_mark.h), and when what is left of it gives another, the list is whole.
 *
 *   list_walk_begin
 *   for each row, while list_walk_next: list_walk_note; told or not; list_walk_passed
 *   list_walk_end;  CONFLICT, and it was asked with since: list_walk_anew, and the same again
 *   list_end
 *
 * Thread: a reader's. */
#ifndef SLUIS_READ_LIST_WALK_H
#define SLUIS_READ_LIST_WALK_H

#include "read/list_mark.h"

#define LIST_SCAN_MAX 20000 /* rows gone over for one page */

typedef struct {
    list_mark mark;
    uint8_t
        left[PRINT_LEN]; /* as the mark's; also of what lies behind this page, as far as that is looked at */
    bool more;           /* a page follows: set by who fills one, when it is full */
    bool ahead; /* the first page of what changed: it looks ahead, so that nobody turns pages in vain */
    size_t seen;
} list_walk;

/* By the bookmarks of the call, empty ones where there are none. context: of what a row looks like beside the
 * row. INVALID, EXPIRED; CONFLICT: a page of what is something else now. */
sluis_err list_walk_begin(list_walk *x, const reader *r, store_txn *t, const list_owner *who, bytes after,
                          bytes since, bytes context, sluis_fail *f);
/* Whole, from its first row on. */
void list_walk_anew(list_walk *x);
/* Whether this page goes over one more row. */
bool list_walk_next(list_walk *x);
/* A row that was there when the listing began, or something of it that may go, or be known no more, by
 * itself. then: it was there at the bookmark. What came later is not told either: it comes with the next
 * listing. */
void list_walk_note(list_walk *x, bytes item, bool then);
/* The row is gone over. place: of it, at most ID_LEN bytes. */
void list_walk_passed(list_walk *x, bytes place);
/* No row is left. CONFLICT: of what was there at the bookmark something went. */
sluis_err list_walk_end(const list_walk *x);

#endif
