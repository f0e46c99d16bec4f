/* Lines of the log that anybody can cause, as often as he likes: some a second, the others counted. Thread:
 * its owner's. */
#ifndef SLUIS_BASE_BRAKE_H
#define SLUIS_BASE_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

#define BRAKE_LINES 10 /* a second */

/* All zero: new. */
typedef struct {
    uint64_t since; /* µs: when this second began */
    unsigned lines; /* written in it */
    uint64_t left_out;
    char text[24];
} log_brake;

/* Whether a line may be written at this moment of the monotonic clock. *left_out: how many were not since the
 * last one that was, as text until the next call; NULL: none. */
bool brake_lets(log_brake *b, uint64_t now_us, const char **left_out);

#endif
