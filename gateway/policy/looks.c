#include "policy/looks.h"

#include <string.h>

#include "policy/ruleset.h"

static bool in_scope(const case_facts *c, const char *law)
{
    for (size_t i = 0; i < c->scope_law_count; i++)
        if (strcmp(c->scope_laws[i], law) == 0)
            return true;
    return false;
}

static uint64_t bit_of(size_t index)
{
    return index == NAME_NONE ? 0 : UINT64_C(1) << index;
}

const look_rule *policy_look(const rules *r, const char *app, const char *function, const char *law,
                             const char *purpose, const case_facts *c, uint64_t at)
{
    size_t i = ruleset_application(r, app);
    uint64_t function_bit = bit_of(name_index(&r->functions, function)),
             purpose_bit = bit_of(name_index(&r->purposes, purpose));
    if (i == NAME_NONE || !c || !c->exists || c->closed || !in_scope(c, r->applications[i].public.law) ||
        !in_scope(c, law))
        return NULL;
    for (size_t k = 0; k < r->look_count; k++) {
        const look_entry *e = &r->looks[k];
        const period when = {e->public.from, e->public.until};
        if (strcmp(e->public.law, law) == 0 && e->laws & bit_of(r->applications[i].law) &&
            e->functions & function_bit && e->purposes & purpose_bit && period_holds(&when, at))
            return &e->public;
    }
    return NULL;
}

bool policy_look_covers(const rules *r, const look_rule *l, const case_facts *c, uint32_t id)
{
    const attribute *a = rules_attribute(r, id);
    for (size_t i = 0; l && a && i < l->attribute_count; i++)
        if (l->attributes[i] == id)
            return !(a->address && c->secret_address) && !policy_stopped(c, id);
    return false;
}
