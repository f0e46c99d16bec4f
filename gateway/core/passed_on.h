/* A request over the bus that went on under the gateway's own signature, because the register answered a part
 * of it: the party answers the gateway, and neither side knows the other's message hashes. What is said about
 * it afterwards is sealed anew for the other side, under the hash that side knows. Internal to core/.
 * Thread: core. */
#ifndef SLUIS_CORE_PASSED_ON_H
#define SLUIS_CORE_PASSED_ON_H

#include "core/turn.h"

bool passed_on(const Sluis__RequestRow *row);
/* The hash by which the asker knows its request. */
bytes passed_on_asked(const Sluis__RequestRow *row);

/* The request, as far as row asks it, to the party; asked: its record; mh: its hash. Leaves the turn's entry.
 */
sluis_err passed_on_request(turn *t, const job *j, const Sluis__RequestRow *row, const Sluis__Record *asked,
                            const party *to, uint8_t mh[static HASH_LEN]);
/* The job's message to the other side, as an answer to `answers`; mh: the hash under which it goes on. Leaves
 * the turn's entry. An asker that is not in the directory any more is told nothing: the register has it. */
sluis_err passed_on_to_asker(turn *t, const job *j, const Sluis__RequestRow *row,
                             uint8_t mh[static HASH_LEN]);
sluis_err passed_on_to_party(turn *t, const job *j, const party *to, bytes answers,
                             uint8_t mh[static HASH_LEN]);

#endif
