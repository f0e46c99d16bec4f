/* A person without BSN gets one: what was known under the municipality's own name goes to the person with
 * that number, in one transaction: data (registry_merge), dossier, restrictions, requests, reports of
 * concern, and the cases, in which the member stays who it was. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_MERGE_H
#define SLUIS_CORE_MERGE_H

#include "core/turn.h"

#define MERGE_ROWS_MAX 8192 /* in any table: one transaction moves them all */

/* Whether it can be: to is NULL when the number is new here. CONFLICT: they are two members of one case.
 * TOO_BIG. In Dutch. */
sluis_err merge_check(turn *t, const subject *from, const subject *to, sluis_fail *f);
/* Under the turn's entry. case_id: whose row the caller writes itself, with the member that is now to. why:
 * what is kept with what was settled by it. */
sluis_err merge_write(turn *t, const subject *from, const subject *to, const uint8_t case_id[static ID_LEN],
                      const char *why);

#endif
