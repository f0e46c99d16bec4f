/* Reports of concern (melding): received, then decided once, with reasons: research or not. Thread: pure. */
#ifndef SLUIS_CASES_CONCERN_H
#define SLUIS_CASES_CONCERN_H

#include "rows.pb-c.h"
#include "tables/rows.h"

#define CONCERN_RECEIVED    "received"
#define CONCERN_RESEARCH    "research"
#define CONCERN_NO_RESEARCH "no-research"

/* Whether it can be decided; CONFLICT: it has been, f says what can be done. */
sluis_err concern_check_open(const Sluis__ConcernRow *row, sluis_fail *f);

#endif
