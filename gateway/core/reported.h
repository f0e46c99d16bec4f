/* How many reports of concern a party brings in a day: each may be about a person who is new to the register,
 * and takes a slot of the key file for good. Every report counts, about whomever it is: or the limit would
 * tell a party who is known here. REPORTED: OIN 20 -> day u32 | count u32. Thread: core. */
#ifndef SLUIS_CORE_REPORTED_H
#define SLUIS_CORE_REPORTED_H

#include "core/turn.h"

/* TOO_MANY: beyond settings.concerns_per_day. REGISTER_FULL: no new person fits any more. OK: it is counted.
 * A refusal writes nothing. */
sluis_err reported_admit(turn *t, const oin *by, sluis_fail *f);

#endif
