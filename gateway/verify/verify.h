/* The verify pool: decodes, checks signatures and tokens, opens what is sealed to the registry.
 * Each worker is a thread with caches of its own. It ends when it receives NULL. */
#ifndef SLUIS_VERIFY_VERIFY_H
#define SLUIS_VERIFY_VERIFY_H

#include "flow/job.h"
#include "flow/parts.h"
#include "verify/token.h"

void *verify_run(void *parts_borrowed); /* a pthread body */

/* An API call of which this cache holds the token: unpacks it and says who calls, as a worker does. False:
 * nothing is decided, a worker must look. The bus does this itself, for it costs less than to wake one. */
bool verify_known_call(const parts *p, const token_cache *known, job *j);
/* Whether the call, taken apart by that, names a bearer by a token of the issuer's. */
bool verify_bears_token(const job *j);

/* What a worker does with a submission; the bus does it itself when that is quicker than to wake a worker.
 * Thread: one. */
typedef struct verifier verifier;

sluis_err verifier_new(verifier **out, const parts *p_borrowed);
void verifier_free(verifier **v);
/* Lets go of what belongs to sealing keys that are no longer in this ring. */
void verifier_follow(verifier *v, seal_ring *seals);
/* Decodes j->raw, checks it, opens what is for the registry: env and body, or why. */
void verifier_judge(verifier *v, job *j);

#endif
