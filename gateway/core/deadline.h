/* When an answer is wanted, and what happens when it does not come: a reminder, then the escalation, then the
 * end of the request. One thing due a request, each step plans the next (due.h). Internal to core/. Thread:
 * core. */
#ifndef SLUIS_CORE_DEADLINE_H
#define SLUIS_CORE_DEADLINE_H

#include "core/turn.h"

/* When the request was filed without a time to answer by: the template's or the configuration's working days.
 * A time of its own lies between now and the end of the request. INVALID. */
sluis_err deadline_of(turn *t, const Sluis__Core *c, const char *domain, uint64_t asked, uint64_t *answer_by,
                      sluis_fail *f);
/* Plans the first step. */
sluis_err deadline_begin(turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row,
                         const char *domain);
/* One step, when its time has come: an event, or the request expires. NOT_FOUND: its subject was forgotten.
 */
sluis_err deadline_step(turn *t, const uint8_t transaction[static UUID_LEN]);

#endif
