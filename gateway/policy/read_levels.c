/* cooperation.conf, and what is asked of it. */
#include "policy/levels.h"

#include <string.h>

#include "policy/read.h"

#define DAYS_MAX     60
#define REQUESTS_MAX 10000

#define SHARE(key, help)                                                                                     \
    {                                                                                                        \
        key, CONFIG_INT, true, 1, 100, "percent", NULL, help                                                 \
    }
static const config_key level_keys[] = {
    KEY_ID,
    KEY_TITLE,
    {"domains", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "with whose parties it was agreed"},
    {"answer_days", CONFIG_INT, true, 1, DAYS_MAX, "working days", NULL, "to answer; a template goes before"},
    SHARE("refused_percent", "so much refused: a signal"),
    SHARE("late_percent", "so much answered late: a signal"),
    SHARE("failed_percent", "so much failed: a signal"),
    {"restored_percent", CONFIG_INT, true, 0, 99, "percent", NULL, "below it a signal ends"},
    {"requests", CONFIG_INT, true, 1, REQUESTS_MAX, "requests", NULL, "no signal before there were so many"},
    KEY_FROM,
    KEY_UNTIL};
static const config_key levels_file[] = {
    {"levels", CONFIG_LIST, true, 0, RULESET_LIST_MAX, "", NULL, "agreed levels of cooperation"}};

static uint32_t number(const config_node *row, const char *key)
{
    return (uint32_t)config_int(row, KEYS_OF(level_keys), key);
}

/* A domain has one level at any moment. */
static sluis_err check_place(const rules *r, const level_entry *x, const config_node *row, sluis_fail *f)
{
    const period mine = {x->public.from, x->public.until};
    for (size_t i = 0; i < r->level_count; i++) {
        const level_entry *o = &r->levels[i];
        const period other = {o->public.from, o->public.until};
        if (strcmp(o->public.id, x->public.id) == 0)
            return config_fail(config_get(row, "id"), f, "\"%.64s\" stands twice", x->public.id);
        if (x->domains & o->domains && periods_meet(&mine, &other))
            return config_fail(config_get(row, "domains"), f,
                               "\"%.64s\" holds at the same time for one of these domains", o->public.id);
    }
    return SLUIS_OK;
}

static sluis_err level_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    level_entry *x = &r->levels[i];
    cooperation_level *l = &x->public;
    period when;
    sluis_err err = read_period(row, &when, f);
    if (!err)
        err = read_bits(row, "domains", &r->domains, "domain", &x->domains, f);
    if (err)
        return err;
    *l = (cooperation_level){.id = read_str(row, "id"),
                             .title = read_str(row, "title"),
                             .answer_days = number(row, "answer_days"),
                             .refused = number(row, "refused_percent"),
                             .late = number(row, "late_percent"),
                             .failed = number(row, "failed_percent"),
                             .restored = number(row, "restored_percent"),
                             .requests = number(row, "requests"),
                             .from = when.from,
                             .until = when.until};
    if (!name_valid(l->id))
        return config_fail(config_get(row, "id"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -", l->id);
    if (l->restored >= l->refused || l->restored >= l->late || l->restored >= l->failed)
        return config_fail(
            config_get(row, "restored_percent"), f,
            "less than refused_percent, late_percent and failed_percent: between them a signal "
            "stays as it is");
    err = check_place(r, x, row, f);
    r->level_count = i + 1;
    return err;
}

sluis_err ruleset_read_levels(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(levels_file), f);
    if (err)
        return err;
    r->levels = ruleset_alloc(r, config_count(config_get(root, "levels")) + 1, sizeof *r->levels);
    return r->levels ? read_rows(r, root, "levels", KEYS_OF(level_keys), level_row, f) : SLUIS_NOMEM;
}

const cooperation_level *rules_level(const rules *r, const char *domain, uint64_t at)
{
    size_t d = name_index(&r->domains, domain);
    for (size_t i = 0; d != NAME_NONE && i < r->level_count; i++) {
        const cooperation_level *l = &r->levels[i].public;
        const period when = {l->from, l->until};
        if (r->levels[i].domains >> d & 1 && period_holds(&when, at))
            return l;
    }
    return NULL;
}

uint32_t rules_answer_days(const rules *r, const char *purpose, const char *domain, uint64_t at,
                           uint32_t otherwise)
{
    const request_template *x = rules_template_for(r, purpose, domain, at);
    const cooperation_level *l = rules_level(r, domain, at);
    return x ? x->answer_days : l ? l->answer_days : otherwise;
}
