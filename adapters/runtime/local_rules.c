#include "runtime/local_rules.h"

#include <stdlib.h>
#include <string.h>

#define KEYS(a) (a), sizeof(a) / sizeof((a)[0])

static const config_key rule_keys[] = {
    {"attribute", CONFIG_STR, false, 1, 64, "", NULL, "name in the catalogue"},
    {"category", CONFIG_STR, false, 1, 64, "", NULL, "category in the catalogue"},
    {"action", CONFIG_STR, true, 1, 16, "", NULL, "give, release, refuse or not-possible"},
    {"reason", CONFIG_STR, false, 1, 64, "", NULL, "code of reasons.conf; with refuse and not-possible"},
    {"explanation", CONFIG_STR, false, 1, 400, "", "", "the same in words"},
};

typedef struct {
    uint32_t attribute; /* 0: a rule about a category */
    const char *category;
    local_decision decision;
} rule;

struct local_rules {
    rule *v;
    size_t n;
    answer_mode mode;
};

static const char *const action_names[] = {"give", "release", "refuse", "not-possible"};

const char *local_action_name(local_action a)
{
    return action_names[a];
}

static sluis_err read_action(rule *r, const config_node *n, sluis_fail *f)
{
    const char *action = config_str(n, KEYS(rule_keys), "action");
    size_t i = 0;
    while (i < 4 && strcmp(action_names[i], action) != 0)
        i++;
    if (i == 4)
        return config_fail(n, f, "action is not give, release, refuse or not-possible");
    r->decision.action = (local_action)i;
    r->decision.reason = config_str(n, KEYS(rule_keys), "reason");
    r->decision.explanation = config_str(n, KEYS(rule_keys), "explanation");
    bool denies = i >= ACTION_REFUSE;
    if (denies && (!r->decision.reason || !name_valid(r->decision.reason)))
        return config_fail(n, f, "%s needs a reason, a code of reasons.conf", action);
    if (!denies && r->decision.reason)
        return config_fail(n, f, "%s has no reason", action);
    return SLUIS_OK;
}

static sluis_err read_rule(rule *r, const config_node *n, const catalogue *c, sluis_fail *f)
{
    sluis_err err = config_check(n, KEYS(rule_keys), f);
    if (err)
        return err;
    const char *name = config_str(n, KEYS(rule_keys), "attribute");
    r->category = config_str(n, KEYS(rule_keys), "category");
    if (!name == !r->category)
        return config_fail(n, f, "a rule names an attribute or a category");
    const catalogue_entry *e = name ? catalogue_by_name(c, name) : NULL;
    if (name && !e)
        return config_fail(n, f, "the catalogue has no attribute of this name");
    r->attribute = e ? e->id : 0;
    return read_action(r, n, f);
}

sluis_err local_rules_read(local_rules **out, const config_node *list, answer_mode mode, const catalogue *c,
                           sluis_fail *f)
{
    size_t n = list ? config_count(list) : 0;
    sluis_err err = SLUIS_OK;
    local_rules *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r || !(r->v = calloc(n + 1, sizeof *r->v)))
        err = fail_set(f, SLUIS_NOMEM, "", "out of memory");
    for (size_t i = 0; !err && i < n; i++, r->n++)
        err = read_rule(&r->v[i], config_at(list, i), c, f);
    if (err) {
        local_rules_free(&r);
        return err;
    }
    r->mode = mode;
    *out = r;
    return SLUIS_OK;
}

void local_rules_free(local_rules **r)
{
    if (!*r)
        return;
    free((*r)->v);
    free(*r);
    *r = NULL;
}

local_decision local_rules_decide(const local_rules *r, const catalogue *c, uint32_t attribute)
{
    const catalogue_entry *e = catalogue_by_id(c, attribute);
    if (!e)
        return (local_decision){ACTION_NOT_POSSIBLE, "niet-beschikbaar",
                                "Dit gegeven is hier niet bekend als begrip."};
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i].attribute == attribute)
            return r->v[i].decision;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (!r->v[i].attribute && strcmp(r->v[i].category, e->category) == 0)
            return r->v[i].decision;
    }
    return (local_decision){r->mode == MODE_RELEASE ? ACTION_RELEASE : ACTION_GIVE, NULL, NULL};
}

void local_rules_describe(buffer *out)
{
    config_describe(out, "rules.", KEYS(rule_keys));
}
