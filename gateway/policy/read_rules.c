/* rules.conf: the permits, and per domain the list of those that speak of it. */
#include "policy/read.h"

#include <string.h>

static const config_key rule_keys[] = {
    {"id", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "name, never reused"},
    {"article", CONFIG_STR, true, 1, TITLE_MAX_LEN, "", NULL, "what it rests on"},
    KEY_FROM,
    KEY_UNTIL,
    {"applications", CONFIG_STRS, false, 1, RULESET_APPLICATIONS_MAX, "", NULL,
     "who asks: these applications"},
    {"laws", CONFIG_STRS, false, 1, RULESET_NAMES_MAX, "", NULL, "who asks: all applications of these laws"},
    {"functions", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "functions that may ask"},
    {"domains", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "whom is asked"},
    {"phases", CONFIG_STRS, true, 1, 3, "", NULL, "phases of the case"},
    {"purposes", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "for what"},
    {"legal_bases", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "on what basis"},
    {"categories", CONFIG_STRS, false, 1, 5, "", NULL, "data of these categories from their own source"},
    {"attributes", CONFIG_STRS, false, 1, RULESET_ATTRIBUTES_MAX, "", NULL, "these data"},
    {"obligations", CONFIG_STRS, false, 0, 3, "", NULL, "what comes with it"}};
static const config_key rules_file[] = {
    {"rules", CONFIG_LIST, true, 0, RULESET_PERMITS_MAX, "", NULL, "the permits"},
    {"templates", CONFIG_LIST, false, 0, RULESET_LIST_MAX, "", NULL, "what is usually asked"}};

static const struct {
    const char *name;
    obligation bit;
} obligations[] = {{"release-by-person", OBLIGE_RELEASE_BY_PERSON},
                   {"meeting-only", OBLIGE_MEETING_ONLY},
                   {"notify-client", OBLIGE_NOTIFY_CLIENT}};

static sluis_err take_obligations(permit *p, const config_node *list, sluis_fail *f)
{
    for (size_t i = 0; i < config_count(list); i++) {
        const char *name = config_at_str(list, i);
        uint32_t bit = 0;
        for (size_t k = 0; k < sizeof obligations / sizeof obligations[0]; k++)
            if (strcmp(obligations[k].name, name) == 0)
                bit = obligations[k].bit;
        if (!bit)
            return config_fail(
                config_at(list, i), f,
                "no obligation is called \"%.64s\"; there are release-by-person, meeting-only, "
                "notify-client",
                name);
        p->obligations |= bit;
    }
    if (p->obligations & OBLIGE_MEETING_ONLY && p->phases != UINT32_C(1) << SLUIS__PHASE__MEETING)
        return config_fail(list, f,
                           "meeting-only is for a rule of the phase meeting alone: what is asked in another "
                           "is known outside the meeting");
    return SLUIS_OK;
}

/* Who asks: the named applications, or all of the named laws. */
static sluis_err take_applications(rules *r, permit *p, const config_node *row, sluis_fail *f)
{
    const config_node *named = config_get(row, "applications");
    uint64_t laws, *applications = words_new(r, r->application_count);
    if (!applications)
        return SLUIS_NOMEM;
    p->applications = applications;
    if (!named == !config_get(row, "laws"))
        return config_fail(row, f, "a rule has either \"applications\" or \"laws\"");
    sluis_err err = read_bits(row, "laws", &r->laws, "law", &laws, f);
    if (err)
        return err;
    for (size_t i = 0; i < r->application_count; i++)
        if (r->applications[i].law != NAME_NONE && laws >> r->applications[i].law & 1)
            words_add(applications, i);
    for (size_t i = 0; i < config_count(named); i++) {
        size_t at = ruleset_application(r, config_at_str(named, i));
        if (at == NAME_NONE)
            return config_fail(config_at(named, i), f, "no application is called \"%.64s\"",
                               config_at_str(named, i));
        words_add(applications, at);
    }
    return SLUIS_OK;
}

/* Whether one of the rule's domains may give this category; a rule that never permits is a mistake. */
static bool can_be_given(const rules *r, const permit *p, category c)
{
    for (size_t d = 0; d < r->domains.n; d++)
        if (p->domains >> d & 1 && domain_ever_gives(r, d, c))
            return true;
    return false;
}

static sluis_err take_data(rules *r, permit *p, const config_node *row, sluis_fail *f)
{
    const config_node *list = config_get(row, "attributes");
    uint64_t *attributes = words_new(r, r->attribute_count);
    if (!attributes)
        return SLUIS_NOMEM;
    p->attributes = attributes;
    if (!list && !config_get(row, "categories"))
        return config_fail(row, f, "a rule has \"categories\", \"attributes\" or both");
    sluis_err err = read_categories(row, "categories", &p->categories, f);
    if (err)
        return err;
    for (category c = CATEGORY_ORDINARY; c <= CATEGORY_IDENTIFICATION; c++)
        if (p->categories >> c & 1 && !can_be_given(r, p, c))
            return config_fail(config_get(row, "categories"), f,
                               "none of its domains gives %s data (domains.conf)", category_name(c));
    for (size_t i = 0; i < config_count(list); i++) {
        const attribute *a = rules_attribute_named(r, config_at_str(list, i));
        if (!a)
            return config_fail(config_at(list, i), f, "no attribute is called \"%.64s\"",
                               config_at_str(list, i));
        if (!can_be_given(r, p, a->category))
            return config_fail(config_at(list, i), f, "none of its domains gives %s data (domains.conf)",
                               category_name(a->category));
        words_add(attributes, (size_t)(a - r->attributes));
    }
    return SLUIS_OK;
}

static sluis_err check_id(const rules *r, const permit *p, const config_node *at, sluis_fail *f)
{
    if (!name_valid(p->id))
        return config_fail(at, f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -", p->id);
    if (policy_refusal_of(p->id))
        return config_fail(at, f, "\"%.64s\" is what a denial is called: choose another id", p->id);
    if (rules_article(r, p->id))
        return config_fail(at, f, "\"%.64s\" stands twice", p->id);
    return SLUIS_OK;
}

static sluis_err rule_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    permit *p = &r->permits[i];
    p->id = read_str(row, "id");
    p->article = read_str(row, "article");
    sluis_err err = check_id(r, p, config_get(row, "id"), f);
    if (!err)
        err = read_period(row, &p->when, f);
    if (!err)
        err = take_applications(r, p, row, f);
    if (!err)
        err = read_bits(row, "functions", &r->functions, "function", &p->functions, f);
    if (!err)
        err = read_bits(row, "domains", &r->domains, "domain", &p->domains, f);
    if (!err)
        err = read_phases(row, "phases", &p->phases, f);
    if (!err)
        err = read_bits(row, "purposes", &r->purposes, "purpose", &p->purposes, f);
    if (!err)
        err = read_bits(row, "legal_bases", &r->legal_bases, "legal basis", &p->legal_bases, f);
    if (!err)
        err = take_obligations(p, config_get(row, "obligations"), f);
    if (!err)
        err = take_data(r, p, row, f);
    if (!err)
        r->permit_count = i + 1;
    return err;
}

static sluis_err index_domains(rules *r)
{
    for (size_t d = 0; d < r->domains.n; d++) {
        r->by_domain[d] = ruleset_alloc(r, r->permit_count, sizeof *r->by_domain[d]);
        if (!r->by_domain[d])
            return SLUIS_NOMEM;
        for (size_t i = 0; i < r->permit_count; i++)
            if (r->permits[i].domains >> d & 1)
                r->by_domain[d][r->by_domain_count[d]++] = &r->permits[i];
    }
    return SLUIS_OK;
}

sluis_err ruleset_read_rules(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(rules_file), f);
    if (err)
        return err;
    r->permits = ruleset_alloc(r, config_count(config_get(root, "rules")), sizeof *r->permits);
    err = r->permits ? read_rows(r, root, "rules", KEYS_OF(rule_keys), rule_row, f) : SLUIS_NOMEM;
    if (!err)
        err = ruleset_read_templates(r, root, f);
    return err ? err : index_domains(r);
}
