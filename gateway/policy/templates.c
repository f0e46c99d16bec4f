#include "policy/templates.h"

#include <string.h>

#include "base/clock.h"
#include "policy/ruleset.h"

static bool holds(const request_template *x, uint64_t at)
{
    return x->from <= at && (!x->until || at < x->until);
}

const request_template *rules_template(const rules *r, const char *id, uint64_t at)
{
    for (size_t i = 0; i < r->template_count; i++)
        if (strcmp(r->templates[i].id, id) == 0 && holds(&r->templates[i], at))
            return &r->templates[i];
    return NULL;
}

const request_template *rules_template_for(const rules *r, const char *purpose, const char *domain,
                                           uint64_t at)
{
    for (size_t i = 0; i < r->template_count; i++)
        if (strcmp(r->templates[i].purpose, purpose) == 0 && strcmp(r->templates[i].domain, domain) == 0 &&
            holds(&r->templates[i], at))
            return &r->templates[i];
    return NULL;
}

/* 1970-01-01 was a Thursday. */
static bool is_working_day(const rules *r, uint32_t day)
{
    uint32_t weekday = (day + 3) % 7; /* 0 = Monday */
    return weekday < 5 && !rules_is_holiday(r, day);
}

uint64_t rules_working_days_after(const rules *r, uint64_t from_ms, uint32_t n)
{
    uint32_t day = clock_day(from_ms);
    while (n)
        n -= is_working_day(r, ++day);
    return ((uint64_t)day + 1) * DAY_MS;
}

uint64_t rules_working_days_before(const rules *r, uint64_t until_ms, uint32_t n)
{
    uint32_t day = until_ms ? clock_day(until_ms - 1) : 0;
    while (n && day)
        n -= is_working_day(r, --day);
    return (uint64_t)day * DAY_MS;
}
