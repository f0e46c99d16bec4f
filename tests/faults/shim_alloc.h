/* Stands between a test program and malloc: counts the allocations that our code and the libraries under it
 * make, and lets chosen ones fail. Allocations by ZeroMQ and the C++ runtime are left alone: ZeroMQ ends the
 * program when one fails, by its own design. Linked, not preloaded. Thread: any. */
#ifndef SLUIS_TESTS_SHIM_ALLOC_H
#define SLUIS_TESTS_SHIM_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* The first-th allocation from now on fails, and when every is not 0 each every-th after it. */
void shim_alloc_arm(uint64_t first, uint64_t every);
/* Allocations seen since arming; *failed: those that failed. */
uint64_t shim_alloc_disarm(uint64_t *failed);
/* This thread's own allocations are not counted: a test's beside a gateway's. */
void shim_alloc_spare(bool this_thread);

#endif
