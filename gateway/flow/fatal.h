/* The end of the daemon when a thread cannot go on: crash-only. What was acknowledged is on disk; a restart
 * reopens and verifies. */
#ifndef SLUIS_FLOW_FATAL_H
#define SLUIS_FLOW_FATAL_H

#include "base/error.h"

_Noreturn void fatal(const char *event, sluis_err e, const char *text);

#endif
