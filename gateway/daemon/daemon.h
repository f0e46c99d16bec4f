/* The whole gateway in one object: keys, rules, store and threads. sluisd runs one; tests run it in process.
 */
#ifndef SLUIS_DAEMON_DAEMON_H
#define SLUIS_DAEMON_DAEMON_H

#include "settings/settings.h"

typedef struct gateway gateway;

/* Opens everything and starts the threads; s is borrowed until gateway_stop. f says what was wrong. Signals
 * that end the program must be blocked before: the threads inherit the mask. A thread that cannot go on later
 * ends the process (flow/fatal.h). */
sluis_err gateway_start(gateway **out, settings *s, sluis_fail *f);
/* The rules are read anew, and put in force when they are sound and may follow those in force; the log says
 * what came of it (rules.reloaded, rules.refused). Returns at once. */
void gateway_reload(gateway *g);
/* Ends the threads in the order of the flow, so that what was taken in is finished; then closes everything.
 */
void gateway_stop(gateway **g);

#endif
