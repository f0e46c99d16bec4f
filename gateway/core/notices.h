/* Who read what an answer gave is told that it was corrected, or that another value is current since
 * (settle.h; GDPR art. 19): found in the subject's own dossier, a bounded number of entries a step, the steps
 * as things due (due.h). Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_NOTICES_H
#define SLUIS_CORE_NOTICES_H

#include "core/turn.h"

#define NOTICE_STEP 512 /* entries a step */
#define NOTICE_KEY  (UUID_LEN + 8 + 8)

/* The newest correction of this request was written under the turn's entry: its notices begin. */
sluis_err notices_begin(turn *t, const uint8_t transaction[static UUID_LEN], uint64_t answer_index);
/* The turn's entry settled something of this person (SETTLED): from the entry behind `since` on. */
sluis_err notices_begin_settled(turn *t, const uint8_t sid[static ID_LEN], uint64_t since);
/* One step; key: sid 16|the journal index u64 of the SETTLED row|the next entry to look at u64. */
sluis_err notices_step_settled(turn *t, const uint8_t key[static NOTICE_KEY]);
/* One step; key: transaction 16|the correction's journal index u64|the next entry to look at u64. */
sluis_err notices_step(turn *t, const uint8_t key[static NOTICE_KEY]);

#endif
