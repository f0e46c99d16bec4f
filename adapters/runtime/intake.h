/* A delivery, from bytes to a message that may be acted on. In order: canonical decoding, addressed to us,
 * times, sender's key in the directory snapshot valid at this moment, suite, signature, receipt (the message
 * stands in the gateway's journal), then the seal. Nothing is acted on that fails one of them.
 * Thread: one. */
#ifndef SLUIS_RUNTIME_INTAKE_H
#define SLUIS_RUNTIME_INTAKE_H

#include "crypto/seal_ring.h"
#include "directory/directory.h"
#include "wire/envelope.h"
#include "wire/receipt.h"

typedef struct {
    oin own;
    const seal_ring *seals; /* borrowed */
    size_t max_frame;
    root_cache *roots;
    kek_cache *keks;
    receipt_cache receipts;
} intake;

typedef struct {
    envelope *e;  /* owned */
    buffer plain; /* the body, opened; owned, wiped when closed */
} incoming;

sluis_err intake_open(intake *out, const oin *own, const seal_ring *seals, size_t max_frame);
void intake_close(intake *i);
/* Other sealing keys from now on; what was derived from those before is forgotten. */
sluis_err intake_seals(intake *i, const seal_ring *seals);

/* dir: the snapshot in force. f names the step. */
sluis_err intake_take(intake *i, const snapshot *dir, bytes envelope_bytes, bytes receipt, uint64_t now,
                      incoming *out, sluis_fail *f);
void incoming_close(incoming *m);

#endif
