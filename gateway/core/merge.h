/* A person without BSN gets one: what was known under the municipality's own name goes to the person with
 * that number. In one transaction, of at most limits.merge_rows rows: what is current of the data
 * (registry_merge), restrictions, reports of concern, and the cases, in which the member stays who it was.
 * From then on there is one person. Past versions stay where they are. What was settled, the entries of the
 * dossier and the requests they speak of, of which there may be any number, follow in bounded steps; until
 * the last of them has moved they are read under both names as one (registry/entries.h), so nobody sees half
 * of it, and what is written goes under the new one. A step goes on with what is left: a crash changes
 * nothing. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_MERGE_H
#define SLUIS_CORE_MERGE_H

#include "core/turn.h"

#define MERGE_US 2000 /* of moving entries in that transaction */

/* Whether it can be: to is NULL when the number is new here. CONFLICT: they are two members of one case, or
 * another dossier is still on its way there. TOO_BIG: more than one transaction takes. In Dutch. What passes
 * is carried out. */
sluis_err merge_check(turn *t, const subject *from, const subject *to, sluis_fail *f);
/* Under the turn's entry. case_id: whose row the caller writes itself, with the member that is now to. why:
 * what is kept with what was settled by it. */
sluis_err merge_write(turn *t, const subject *from, const subject *to, const uint8_t case_id[static ID_LEN],
                      const char *why);
/* Housekeeping: goes on with the dossiers that are on their way, for so long, an entry at least. *more: it is
 * not done. */
sluis_err merge_step(turn *t, uint64_t us, bool *more);

#endif
