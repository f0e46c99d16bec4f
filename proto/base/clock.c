/* Calendar arithmetic after the Gregorian rules of RFC 3339 appendix C; years 1970 to 9999. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LAST_DAY 2932896 /* 9999-12-31, days since 1970 */

uint64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t clock_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint32_t clock_day(uint64_t ms)
{
    return (uint32_t)(ms / DAY_MS);
}

static bool is_leap(unsigned y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static unsigned month_days(unsigned y, unsigned m)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && is_leap(y) ? 29 : days[m - 1];
}

/* Days from 1970-01-01 to January 1st of y. */
static unsigned year_start(unsigned y)
{
    unsigned before = y - 1;
    return 365 * (y - 1970) + (before / 4 - before / 100 + before / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static void two_digits(char *out, unsigned v)
{
    out[0] = (char)('0' + v / 10);
    out[1] = (char)('0' + v % 10);
}

void time_format(char out[static TIME_STR], uint64_t ms)
{
    if (ms / DAY_MS > LAST_DAY)
        ms = (LAST_DAY + 1) * DAY_MS - 1;
    unsigned day = (unsigned)(ms / DAY_MS), in_day = (unsigned)(ms % DAY_MS);
    unsigned y = 1970 + day / 366, m = 1;
    while (year_start(y + 1) <= day)
        y++;
    day -= year_start(y);
    while (day >= month_days(y, m))
        day -= month_days(y, m++);

    memcpy(out, "yyyy-mm-ddThh:mm:ss.mmmZ", TIME_STR);
    two_digits(out, y / 100);
    two_digits(out + 2, y % 100);
    two_digits(out + 5, m);
    two_digits(out + 8, day + 1);
    two_digits(out + 11, in_day / 3600000);
    two_digits(out + 14, in_day / 60000 % 60);
    two_digits(out + 17, in_day / 1000 % 60);
    out[20] = (char)('0' + in_day % 1000 / 100);
    two_digits(out + 21, in_day % 100);
}

/* n digits, then the character `then` when it is not 0. */
static bool digits(const char **s, unsigned n, char then, unsigned *out)
{
    unsigned v = 0;
    for (; n > 0; n--, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        v = v * 10 + (unsigned)(**s - '0');
    }
    *out = v;
    if (!then)
        return true;
    return *(*s)++ == then;
}

/* ".d{1,9}", cut to milliseconds; absent means 0. */
static bool fraction(const char **s, unsigned *ms)
{
    *ms = 0;
    if (**s != '.')
        return true;
    unsigned n = 0;
    for ((*s)++; **s >= '0' && **s <= '9'; (*s)++, n++)
        if (n < 3)
            *ms = *ms * 10 + (unsigned)(**s - '0');
    for (unsigned i = n; i < 3; i++)
        *ms *= 10;
    return n >= 1 && n <= 9;
}

/* The day's three numbers from the front of *s, which moves on; false when there is no such day. */
static bool day_of(const char **s, unsigned *y, unsigned *m, unsigned *d)
{
    return digits(s, 4, '-', y) && digits(s, 2, '-', m) && digits(s, 2, 0, d) && *y >= 1 && *m >= 1 &&
           *m <= 12 && *d >= 1 && *d <= month_days(*y, *m);
}

bool date_valid(const char *s)
{
    unsigned y, m, d;
    return day_of(&s, &y, &m, &d) && *s == '\0';
}

sluis_err time_parse(uint64_t *out, const char *s)
{
    unsigned y, mo, d, h = 0, mi = 0, sec = 0, ms = 0;
    if (!day_of(&s, &y, &mo, &d) || y < 1970)
        return SLUIS_INVALID;
    if (*s != '\0') {
        if (*s++ != 'T' || !digits(&s, 2, ':', &h) || !digits(&s, 2, ':', &mi) || !digits(&s, 2, 0, &sec))
            return SLUIS_INVALID;
        if (!fraction(&s, &ms) || (strcmp(s, "Z") != 0 && strcmp(s, "+00:00") != 0))
            return SLUIS_INVALID;
    }
    if (h > 23 || mi > 59 || sec > 59)
        return SLUIS_INVALID;

    uint64_t day = year_start(y) + d - 1;
    for (unsigned m = 1; m < mo; m++)
        day += month_days(y, m);
    *out = day * DAY_MS + (h * 3600 + mi * 60 + sec) * UINT64_C(1000) + ms;
    return SLUIS_OK;
}
