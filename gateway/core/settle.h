/* What one journal entry settles of a person's data: statements that stood beside the current one are taken
 * up or go, and are kept as they stood with what became of them (SETTLED); who read a current value that
 * changed by it is told (notices.h). Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_SETTLE_H
#define SLUIS_CORE_SETTLE_H

#include "core/turn.h"

/* What became of a statement; stored. */
#define SETTLED_ACCEPTED  "accepted"  /* it is the current one now */
#define SETTLED_KEPT      "kept"      /* someone decided that the current one stays */
#define SETTLED_AGREED    "agreed"    /* its source and the current one say the same now */
#define SETTLED_SOURCE    "source"    /* the authoritative source was asked, and says otherwise */
#define SETTLED_OVERRULED "overruled" /* by the catalogue: what the authoritative source says goes first */
#define SETTLED_WITHDRAWN "withdrawn" /* its party took it back */

#define SETTLED_BYTES_MAX (3u << 20) /* of all that one entry settles: it is kept in one row */
#define SETTLED_COST      96         /* of one statement in it, beyond the statement's own bytes */

typedef struct {
    Sluis__SettledRow row;
    size_t bytes; /* settle_bytes of what is in it */
    Sluis__CorrectionRow changed;
    uint64_t since; /* the oldest entry that brought what was replaced */
} settlement;

/* Case and motivation are borrowed until settlement_write; statements are copied. */
void settlement_begin(settlement *x, const uint8_t *case_id, const char *motivation);
/* What settling b takes of SETTLED_BYTES_MAX. */
size_t settle_bytes(const datum_beside *b);
/* b leaves, the current one stays. TOO_BIG: no room is left for it, here and in settle_accept. */
sluis_err settle_drop(turn *t, settlement *x, const subject *s, uint32_t id, const datum *d,
                      const datum_beside *b, const char *outcome);
/* b becomes the current one. */
sluis_err settle_accept(turn *t, settlement *x, const subject *s, uint32_t id, const datum *d,
                        const datum_beside *b);
/* The current value is another than the one that entry brought. */
sluis_err settle_changed(turn *t, settlement *x, uint32_t id, uint64_t since);
/* Under the turn's entry, when there is anything; its notices begin. */
sluis_err settlement_write(turn *t, settlement *x, const subject *s);

/* What an answer or correction said of one instance, just registered with this outcome, weighed against what
 * others said (nothing to do when it stands alone): the authoritative source goes first, as the catalogue
 * says it (attribute.source_wins); what agrees now, or was asked of the source in this transaction, is over.
 * *open: a difference stays that someone has to resolve; so does what is over when nothing more has room. */
sluis_err settle_statement(turn *t, const job *j, settlement *x, const subject *s, const attribute *a,
                           const id16 *instance, datum_outcome outcome, bool *open);

#endif
