/* Restrictions in a person's dossier: entries that the client does not read, each with reason, author and the
 * moment when somebody looks at it again. One of an entry that belongs to a request covers the whole
 * exchange, its answer included. Thread: functions take the caller's transaction. */
#ifndef SLUIS_CASES_RESTRICTION_H
#define SLUIS_CASES_RESTRICTION_H

#include "registry/registry.h"

#define RESTRICTIONS_MAX     256  /* in force on one person's dossier */
#define RESTRICTION_ROWS_MAX 4096 /* with those that ended: the oldest of these gives way */
#define RESTRICTION_DAYS_MAX 366  /* until somebody looks at it again */

typedef struct {
    Sluis__RestrictionRow **rows; /* in the arena */
    size_t n, all;                /* in force; with those that ended */
    uint64_t oldest;              /* that ended: its journal index; 0: none did */
} restrictions;

/* Those in force. TOO_BIG: more than RESTRICTIONS_MAX. */
sluis_err restrictions_load(registry *r, store_txn *t, const subject *s, arena *a, restrictions *out);
/* The one that covers this entry, or its transaction (empty: it has none); NULL. */
const Sluis__RestrictionRow *restriction_of(const restrictions *all, uint64_t entry, bytes transaction);
void restriction_key(uint8_t out[static ID_LEN + 8], const id16 *sid, uint64_t journal_index);

#endif
