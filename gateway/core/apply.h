/* One job within a turn: to its handler, or its refusal journalled. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_APPLY_H
#define SLUIS_CORE_APPLY_H

#include "core/turn.h"

/* OK: it is done; or it is refused (j->why), and nothing is written but the entry that says so, which an
 * operator's change has none of. Any error: the turn is to be undone. t->halfway then says that this job was
 * refused after it had written something, or by the store itself: j->why stands, and applied again in another
 * turn the job is refused at once. */
sluis_err apply_job(turn *t, job *j);

#endif
