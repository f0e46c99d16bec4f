/* Who of a party decides what: persons and their teams, to whom a request belongs, and who stands in for whom
 * and when. All by pseudonym, from the configuration (`staff`). Without it anyone at the inbox decides.
 * Thread: immutable after reading. */
#ifndef SLUIS_RUNTIME_STAFF_H
#define SLUIS_RUNTIME_STAFF_H

#include "base/config.h"
#include "mapping/catalogue.h"
#include "sluis.pb-c.h"

typedef struct staff staff;

/* group: NULL when the configuration has none. Borrows it: it outlives the staff. */
sluis_err staff_read(staff **out, const config_node *group, const catalogue *c, sluis_fail *f);
void staff_free(staff **s);
/* For the manual and `--settings`: the lists of the group, one a line. */
void staff_describe(buffer *out);

/* The team or person that the first line of `work` gives a request of this header; "": nobody in particular.
 */
const char *staff_owner(const staff *s, const Sluis__Core *core);
/* Whether this is a team or a person of the configuration. */
bool staff_knows(const staff *s, const char *name);
/* Whether by may decide what is owner's: a member of the team, the person itself, or who stands in for one of
 * them at that moment; what is nobody's, anyone of the staff. *behalf: for whom by stands in, else "".
 * FORBIDDEN, in words that say who may. */
sluis_err staff_may(const staff *s, const char *owner, const char *by, uint64_t now, const char **behalf,
                    sluis_fail *f);

#endif
