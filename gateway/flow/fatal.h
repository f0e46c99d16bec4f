/* The end of the daemon when a thread cannot go on: crash-only. What was acknowledged is on disk; a restart
 * reopens and verifies. */
#ifndef SLUIS_FLOW_FATAL_H
#define SLUIS_FLOW_FATAL_H

#include "base/error.h"

_Noreturn void fatal(const char *event, sluis_err e, const char *text);
/* The same before the daemon has begun to work, for what its configuration names and the machine does not
 * give: f as the log says it. To start it again helps when that is mended. */
_Noreturn void cannot_start(const char *event, sluis_err e, const sluis_fail *f);

#endif
