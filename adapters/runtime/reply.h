/* Answers, sealed and signed: everything that waits in one turn under one signature. Thread: one. */
#ifndef SLUIS_RUNTIME_REPLY_H
#define SLUIS_RUNTIME_REPLY_H

#include "directory/directory.h"
#include "wire/envelope.h"

typedef struct {
    oin own, gateway;
    const keypair *sign; /* borrowed */
    epoch *epoch;        /* owned */
    uint64_t answer_ms;
} replier;

sluis_err replier_open(replier *out, const oin *own, const oin *gateway, const keypair *sign,
                       uint64_t answer_ms);
void replier_close(replier *r);

/* One answer under way. */
typedef struct {
    uint8_t message_id[UUID_LEN], mh[HASH_LEN];
    buffer header, body; /* sealed */
    buffer envelope;     /* after replies_sign */
} reply;

/* A message about request (its header) with this body: its answer, or another kind that answers it; sealed to
 * the registry and, when an application asked over the bus itself and has a sealing key, to it. employee: the
 * pseudonym of who decided, or "". */
sluis_err reply_seal(replier *r, const snapshot *dir, const Sluis__Core *request, Sluis__Kind kind,
                     const uint8_t request_mh[static HASH_LEN], bytes plain, const char *employee,
                     uint64_t now, reply *out, sluis_fail *f);
/* One signature for all; n 1..BATCH_MAX. */
sluis_err replies_sign(const replier *r, reply *v, size_t n);
void reply_close(reply *r);

#endif
