/* Agreed levels of cooperation: what was agreed with the parties of a domain, light or heavy: how soon they
 * answer, and from which share of refused, late or failed requests on it is signalled that it goes badly.
 * Configuration: cooperation.conf, the one file of a set that may be absent. Thread: pure. */
#ifndef SLUIS_POLICY_LEVELS_H
#define SLUIS_POLICY_LEVELS_H

#include "policy/rules.h"

typedef struct {
    const char *id, *title;
    uint32_t answer_days;           /* working days */
    uint32_t refused, late, failed; /* percent: from here on it is signalled */
    uint32_t restored;              /* percent: below it the signal ends; less than each of those */
    uint32_t requests;              /* no signal before a party had so many */
    uint64_t from, until;           /* UTC ms: [from, until); until 0 = open */
} cooperation_level;

/* NULL: none was agreed with this domain at that moment. */
const cooperation_level *rules_level(const rules *r, const char *domain, uint64_t at);
/* How many working days a party of this domain has: the template's of the purpose, else those agreed with the
 * domain, else `otherwise`. */
uint32_t rules_answer_days(const rules *r, const char *purpose, const char *domain, uint64_t at,
                           uint32_t otherwise);

#endif
