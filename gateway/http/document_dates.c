/* Dates in Dutch, in Dutch time: UTC+1, and +2 between the last Sundays of March and October at 01:00 UTC
 * (directive 2000/84/EC), so that no time zone data are needed on the machine. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "http/document_parts.h"

#define HOUR_MS (DAY_MS / 24)

static struct tm civil(uint64_t ms)
{
    const time_t seconds = (time_t)(ms / 1000);
    struct tm t = {0};
    gmtime_r(&seconds, &t);
    return t;
}

/* 01:00 UTC on the last Sunday of this month, which has 31 days, seen from a moment in it. */
static bool past_last_sunday(const struct tm *t)
{
    const int weekday_31 = (t->tm_wday + 31 - t->tm_mday) % 7, sunday = 31 - weekday_31;
    return t->tm_mday > sunday || (t->tm_mday == sunday && t->tm_hour >= 1);
}

static bool is_summer(const struct tm *t)
{
    if (t->tm_mon == 2)
        return past_last_sunday(t);
    if (t->tm_mon == 9)
        return !past_last_sunday(t);
    return t->tm_mon > 2 && t->tm_mon < 9;
}

static struct tm in_dutch_time(uint64_t ms)
{
    const struct tm utc = civil(ms);
    return civil(ms + (is_summer(&utc) ? 2 : 1) * HOUR_MS);
}

static void write_date(char out[static DUTCH_DATE], const struct tm *t)
{
    static const char *const days[] = {"zondag",    "maandag", "dinsdag", "woensdag",
                                       "donderdag", "vrijdag", "zaterdag"};
    static const char *const months[] = {"januari",   "februari", "maart",    "april",
                                         "mei",       "juni",     "juli",     "augustus",
                                         "september", "oktober",  "november", "december"};
    snprintf(out, DUTCH_DATE, "%s %d %s %d", days[t->tm_wday], t->tm_mday, months[t->tm_mon],
             t->tm_year + 1900);
}

void dutch_date(char out[static DUTCH_DATE], uint64_t ms)
{
    const struct tm t = in_dutch_time(ms);
    write_date(out, &t);
}

void dutch_time(char out[static DUTCH_TIME], uint64_t ms)
{
    const struct tm t = in_dutch_time(ms);
    snprintf(out, DUTCH_TIME, "%02d:%02d", t.tm_hour % 24, t.tm_min % 60);
}

void dutch_day(char out[static DUTCH_DATE], uint64_t ms)
{
    char date[DUTCH_DATE];
    dutch_date(date, ms);
    snprintf(out, DUTCH_DATE, "%s", strchr(date, ' ') + 1); /* behind the day of the week */
}

void dutch_term(char out[static DUTCH_DATE], uint64_t ms)
{
    const struct tm t = civil(ms ? ms - 1 : 0);
    write_date(out, &t);
}
