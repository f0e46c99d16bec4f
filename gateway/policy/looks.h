/* What a colleague may be given a look at in the view of another law: limited to named data, for named
 * purposes, for minutes. Configuration: views.conf, looks. Thread: pure. */
#ifndef SLUIS_POLICY_LOOKS_H
#define SLUIS_POLICY_LOOKS_H

#include "policy/policy.h"

typedef struct {
    const char *id, *law;       /* whose view */
    const uint32_t *attributes; /* ascending */
    size_t attribute_count;
    uint32_t minutes;     /* the longest look */
    bool granted;         /* at once; else the coordinator decides */
    uint64_t from, until; /* UTC ms: [from, until); until 0 = open */
} look_rule;

/* The first in the file that fits this asker, law and purpose, both laws being in the case's scope; NULL: no
 * look is possible. */
const look_rule *policy_look(const rules *r, const char *application, const char *function, const char *law,
                             const char *purpose, const case_facts *c, uint64_t at);
/* Whether it covers the attribute in this case: not what tells a secret address. */
bool policy_look_covers(const rules *r, const look_rule *l, const case_facts *c, uint32_t attribute);

#endif
