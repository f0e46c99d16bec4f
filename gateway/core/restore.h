/* A store that `sluisctl restore` put in place opens the log's next origin before anything else happens to
 * it; a copy that it did not put in place is refused. What was acknowledged after the copy was made comes
 * back from the parties. Thread: core. */
#ifndef SLUIS_CORE_RESTORE_H
#define SLUIS_CORE_RESTORE_H

#include "core/turn.h"

/* OK: an ordinary store, or one that is now under its next origin. PERMISSION: a copy, and what to do about
 * it. */
sluis_err restore_open(const parts *p, journal *j, sluis_fail *f);

/* A request that came back with the receipt of an earlier origin: that receipt lies beyond what the restores
 * since kept, or may do so, and who acts is found again. CONFLICT: this journal holds the entry, or should.
 */
sluis_err restore_admit(turn *t, job *j, sluis_fail *f);

#endif
