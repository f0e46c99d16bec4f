/* The clock decides what is over, and what is deleted does not come back. So the time that was seen last is
 * kept, and when the clock is further ahead of it than settings.clock_jump_days, nothing is deleted by it:
 * not by retention, and no sealing key of the registry is destroyed. It is signalled (metric retention_held,
 * the log, `sluisctl status` and `retention check`) until a person confirms the clock or it is set right. A
 * gateway that stood still for longer looks the same, and asks the same.
 *
 *   META "clock"   u64: the time seen last that was believed
 *
 * Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_CLOCK_GUARD_H
#define SLUIS_CORE_CLOCK_GUARD_H

#include "core/turn.h"

#define META_CLOCK "clock"

/* Whether this moment is too far ahead of the time seen last (both UTC ms). Thread: any. */
bool clock_jumped(const settings *s, uint64_t seen, uint64_t now);
/* *held: the turn's now is not believed. Keeps it when it is, once a minute. */
sluis_err clock_guard(turn *t, bool *held);
/* A person says that the turn's now is right: journalled. */
sluis_err handle_clock(turn *t, job *j);

#endif
