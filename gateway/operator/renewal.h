/* The life of the registry's sealing keys: a new one every settings.seal_renew_s, the old ones destroyed
 * settings.seal_keep_s after they were replaced. A step that was cut off is done again from where it was:
 *
 *   renew    the new key's file, synced; core puts it in the directory (journalled); everyone is told
 *   destroy  core takes the old key out of use (journalled); its file is overwritten and removed
 *
 * After a crash the newest key on disk is the current one: core enters it in the directory at the start.
 * Thread: the operator's. */
#ifndef SLUIS_OPERATOR_RENEWAL_H
#define SLUIS_OPERATOR_RENEWAL_H

#include "flow/job.h"
#include "flow/parts.h"

typedef struct {
    const parts *p;
    /* Core does the job, or says why not: f->code. */
    void (*ask)(void *ctx, job *j, sluis_fail *f);
    void *ctx;
    seal_ring *ring;     /* as core has it */
    seal_ring *next;     /* on disk, not yet with core; NULL: nothing is under way */
    uint64_t not_before; /* UTC ms: after a failure, the next attempt */
} renewal;

void renewal_init(renewal *r, const parts *p, void (*ask)(void *ctx, job *j, sluis_fail *f), void *ctx);
/* Does at most one step; cheap when none is due. Writes a line in the log for each, and when one fails. */
void renewal_step(renewal *r, uint64_t now_ms);
void renewal_close(renewal *r);

#endif
