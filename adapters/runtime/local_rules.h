/* The party's own law: what it decides about an attribute before anyone looks at the values. A rule names an
 * attribute or a category; one that names the attribute goes first, else the order of the file counts, else
 * the adapter's mode. What the gateway's rules allow was decided before; these only say what this party does
 * with it. Thread: immutable after reading. */
#ifndef SLUIS_RUNTIME_LOCAL_RULES_H
#define SLUIS_RUNTIME_LOCAL_RULES_H

#include "mapping/catalogue.h"
#include "runtime/settings.h"

typedef enum { ACTION_GIVE, ACTION_RELEASE, ACTION_REFUSE, ACTION_NOT_POSSIBLE } local_action;

typedef struct {
    local_action action;
    const char *reason, *explanation; /* coded and in words, when refused or not possible; borrowed */
} local_decision;

typedef struct local_rules local_rules;

/* list: the configuration's rules (NULL: none); its config must outlive the result. */
sluis_err local_rules_read(local_rules **out, const config_node *list, answer_mode mode, const catalogue *c,
                           sluis_fail *f);
void local_rules_free(local_rules **r);
void local_rules_describe(buffer *out); /* its keys, for `--settings` */
/* An attribute that the catalogue does not know is "not possible". */
local_decision local_rules_decide(const local_rules *r, const catalogue *c, uint32_t attribute);
const char *local_action_name(local_action a); /* "give", "release", "refuse", "not-possible" */

#endif
