/* Revocations and forgetting take two persons: two names, each of an account
 * of its own where operators are configured (settings/operators.h). Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_TWO_PERSONS_H
#define SLUIS_CORE_TWO_PERSONS_H

#include "core/turn.h"

/* *second: another than by proposed this within a week, and it is carried out now. Else the proposal is
 * noted. CONFLICT: by proposed it already. what: a prefix in META of at most 31 bytes, one a kind of act. */
sluis_err two_persons(turn *t, const char *what, const keyid *id, const char *by, bool *second,
                      sluis_fail *f);

#endif
