/* How a request ends without an answer: nobody took it, nobody answered, or the case covers it no more.
 * Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_CLOSE_REQUEST_H
#define SLUIS_CORE_CLOSE_REQUEST_H

#include "core/turn.h"

/* The request of this transaction is over: expired, returned or withdrawn, the turn's entry says so and goes
 * into the dossier. OK when none waits for an answer. */
sluis_err close_request(turn *t, const uint8_t transaction[static UUID_LEN], request_state state,
                        sluis_err why);

#endif
