/* The data of one page of a view: what may be shown, in the order of the catalogue's numbers and of the
 * instances, as it stood when the listing began; or only what changed since a bookmark. Thread: a reader's.
 */
#ifndef SLUIS_READ_VIEW_LIST_H
#define SLUIS_READ_VIEW_LIST_H

#include "cases/datum_use.h"
#include "read/list_mark.h"

#define VIEW_DATA_MAX 500 /* data of one page */

typedef struct {
    const uint32_t *ids; /* that may be shown, ascending */
    size_t n;
    datum_use use;  /* its now: this moment */
    list_mark mark; /* base: since when, or size 0; at: when the listing began; after: where this page begins,
                       and then where it ended; print and left: likewise */
    uint32_t limit;
    bool more; /* a page follows */
} view_listing;

/* Fills out->data and out->gone, and rec's attributes with those of which something is shown. A page ends at
 * its limit, or when the job's arena is full. NOMEM: not one datum fits. CONFLICT: what was
 * shown at the base cannot be found back whole, so that what went since cannot be told: at the first page,
 * or, when memory did not suffice for looking ahead there, at the last. */
sluis_err view_list(reader *r, store_txn *t, job *j, const subject *s, view_listing *l, Sluis__ApiView *out,
                    Sluis__Record *rec);

#endif
