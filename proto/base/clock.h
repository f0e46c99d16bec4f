/* Time: UTC milliseconds since 1970 for what is written down, monotonic microseconds for durations.
 * A clock is passed where a decision depends on time, so that tests choose the moment. */
#ifndef SLUIS_BASE_CLOCK_H
#define SLUIS_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define DAY_MS UINT64_C(86400000)

uint64_t clock_ms(void);         /* CLOCK_REALTIME */
uint64_t clock_mono_us(void);    /* CLOCK_MONOTONIC */
uint32_t clock_day(uint64_t ms); /* days since 1970 */

#define TIME_STR 25 /* "2026-11-24T06:21:00.123Z" and NUL */
void time_format(char out[static TIME_STR], uint64_t ms);
/* "YYYY-MM-DD" of any year from 0001 on (people are born before 1970), and a day that exists. */
bool date_valid(const char *s);
/* "YYYY-MM-DD" (midnight UTC) or RFC 3339 in UTC; impossible dates are refused. */
sluis_err time_parse(uint64_t *out, const char *s);

#endif
