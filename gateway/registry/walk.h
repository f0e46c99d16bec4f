/* One pass over what is registered of a person: the attributes of an ascending list, each with what is
 * current of every instance. One cursor: a seek an attribute and a step a row. What lies outside the list
 * costs nothing, and an attribute of which nothing stands costs as much as one with a single row: two
 * operations of the store. So nobody can count what is there and not shown. Thread: the transaction's; the
 * walk ends before it. */
#ifndef SLUIS_REGISTRY_WALK_H
#define SLUIS_REGISTRY_WALK_H

#include "registry/registry.h"

typedef struct datum_walk datum_walk;

/* Where a walk stands: behind this instance of this attribute. attribute 0: before the first. */
typedef struct {
    uint32_t attribute;
    id16 instance;
} datum_place;

/* ids: ascending, borrowed until the walk is closed; the subject too. after: goes on behind that place.
 * NOMEM. */
sluis_err registry_walk_open(datum_walk **out, store_txn *t, const subject *s, const uint32_t *ids, size_t n,
                             const datum_place *after);
/* The next datum; rows in the arena. *at: its place. NOT_FOUND: there are no more. */
sluis_err registry_walk_next(datum_walk *w, arena *a, datum_place *at, datum *out);
void registry_walk_close(datum_walk **w);

/* What was current when the journal had this many entries, given what is now: along (journal_index, previous)
 * into HISTORY. The arena holds that one row, not those between. NOT_FOUND: nothing was (*version 0), or it
 * is kept no more (*version: which one it was). */
sluis_err registry_as_of(registry *r, store_txn *t, const subject *s, uint32_t attribute, const datum *now,
                         uint64_t size, arena *a, Sluis__DatumRow **row, uint64_t *version);

/* Where a version stands in HISTORY: that of who was merged under the name of before. */
typedef struct {
    id16 name;
    uint64_t under, version; /* the entry that it stood until */
} past_place;
/* One step back, from a row that stands, or stood, under this name. false: it took nothing's place. */
bool registry_before(const id16 *name, const Sluis__DatumRow *later, past_place *out);
/* NOT_FOUND: it is kept no more. */
sluis_err registry_past(registry *r, store_txn *t, const subject *s, uint32_t attribute, const id16 *instance,
                        const past_place *at, arena *a, Sluis__DatumRow **row);

#endif
