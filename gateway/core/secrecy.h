/* Whether a person's address is secret is one fact about the person: it holds in every case at once. Each
 * case keeps it with its member, so that a case says it by itself. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_SECRECY_H
#define SLUIS_CORE_SECRECY_H

#include "core/turn.h"

/* Whether any case says so of this person. */
sluis_err secrecy_known(turn *t, const uint8_t sid[static ID_LEN], bool *secret);
/* Every other case of this person says the same from now on: journalled, in this person's dossier, and what
 * such a case does not cover any more is withdrawn. but: the case that is changed already. r: on whose
 * behalf. */
sluis_err secrecy_spread(turn *t, const uint8_t sid[static ID_LEN], const uint8_t but[static ID_LEN],
                         bool secret, const Sluis__Record *r);

#endif
