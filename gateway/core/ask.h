/* A request that the gateway itself puts to a party, on behalf of the application that called: judged, kept
 * and answered as any other (handle_request). Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_ASK_H
#define SLUIS_CORE_ASK_H

#include "core/turn.h"

typedef struct {
    const uint8_t *case_id;
    Sluis__Phase phase;
    const char *bsn, *purpose, *legal_basis, *motivation;
    const char *necessity; /* of each datum */
    const uint32_t *attributes;
    size_t attribute_count; /* 1..ATTRIBUTES_MAX, ascending */
    uint64_t answer_by;     /* UTC ms; 0: in two weeks */
} question;

/* On whose behalf: j, the call. Everything is checked before anything is written. transaction: the request's;
 * the turn's entry is then the request's. */
sluis_err ask_party(turn *t, const job *j, const question *q, const party *to, uuid *transaction,
                    sluis_fail *f);

#endif
