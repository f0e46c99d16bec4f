/* Templates: what is usually asked for a purpose of a domain, with the necessity of each datum in words, and
 * how many working days the party has. Configuration: rules.conf, templates. Thread: pure. */
#ifndef SLUIS_POLICY_TEMPLATES_H
#define SLUIS_POLICY_TEMPLATES_H

#include "policy/rules.h"

typedef struct {
    uint32_t attribute;
    const char *necessity;
} template_ask;

typedef struct {
    const char *id, *title, *purpose, *domain;
    const template_ask *asks; /* ascending by attribute */
    size_t ask_count;
    uint32_t answer_days, remind_days; /* working days: to answer; before that, the reminder */
    uint64_t from, until;              /* UTC ms: [from, until); until 0 = open */
} request_template;

/* In force at that moment; NULL. */
const request_template *rules_template(const rules *r, const char *id, uint64_t at);
const request_template *rules_template_for(const rules *r, const char *purpose, const char *domain,
                                           uint64_t at);

/* The end (UTC) of the n-th working day after the day of from_ms; n 0: of that day itself. Saturdays, Sundays
 * and holidays.conf are no working days. */
uint64_t rules_working_days_after(const rules *r, uint64_t from_ms, uint32_t n);
/* The beginning of the n-th working day before the last day that ends at until_ms. */
uint64_t rules_working_days_before(const rules *r, uint64_t until_ms, uint32_t n);

#endif
