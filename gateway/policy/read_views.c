/* views.conf: what an application may see of a case, and what of it was registered for another law. */
#include "policy/read.h"

#include <stdlib.h>
#include <string.h>

static const config_key view_keys[] = {
    {"id", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "name, never reused"},
    {"law", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "for applications of this law"},
    {"applications", CONFIG_STRS, false, 1, RULESET_APPLICATIONS_MAX, "", NULL, "for these of them alone"},
    {"functions", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "functions that see it"},
    {"phases", CONFIG_STRS, true, 1, 3, "", NULL, "phases of the case in which they see it"},
    {"attributes", CONFIG_STRS, true, 1, RULESET_ATTRIBUTES_MAX, "", NULL, "what they see"},
    KEY_FROM,
    KEY_UNTIL};
static const config_key reuse_keys[] = {
    {"id", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "name, never reused"},
    {"article", CONFIG_STR, true, 1, TITLE_MAX_LEN, "", NULL, "what it rests on"},
    {"from_laws", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "registered for one of these laws"},
    {"laws", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "serves these laws"},
    {"categories", CONFIG_STRS, false, 1, 5, "", NULL, "data of these categories"},
    {"attributes", CONFIG_STRS, false, 1, RULESET_ATTRIBUTES_MAX, "", NULL, "these data"},
    KEY_FROM,
    KEY_UNTIL};
static const config_key views_file[] = {
    {"views", CONFIG_LIST, true, 1, RULESET_LIST_MAX, "", NULL, "what applications see"},
    {"reuse", CONFIG_LIST, false, 0, RULESET_LIST_MAX, "", NULL,
     "what of it may have been registered for another law"},
    {"fetch", CONFIG_LIST, false, 0, RULESET_LIST_MAX, "", NULL,
     "for what data are fetched that stay at their source"},
    {"looks", CONFIG_LIST, false, 0, RULESET_LIST_MAX, "", NULL, "what a colleague may look at"}};

static sluis_err take_functions(rules *r, view_entry *e, const config_node *list)
{
    size_t n = config_count(list);
    const char **names = ruleset_alloc(r, n, sizeof *names);
    if (!names)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++)
        names[i] = config_at_str(list, i);
    e->public.functions = names;
    e->public.function_count = n;
    return SLUIS_OK;
}

/* The applications of the view's law, or those of them that it names. */
static sluis_err take_applications(rules *r, view_entry *e, const config_node *row, sluis_fail *f)
{
    const config_node *list = config_get(row, "applications");
    uint64_t *applications = words_new(r, r->application_count);
    if (!applications)
        return SLUIS_NOMEM;
    e->applications = applications;
    e->own = list != NULL;
    for (size_t i = 0; !list && i < r->application_count; i++)
        if (strcmp(r->applications[i].public.law, e->public.law) == 0)
            words_add(applications, i);
    for (size_t i = 0; i < config_count(list); i++) {
        const char *id = config_at_str(list, i);
        size_t at = ruleset_application(r, id);
        if (at == NAME_NONE)
            return config_fail(config_at(list, i), f, "no application is called \"%.64s\"", id);
        if (strcmp(r->applications[at].public.law, e->public.law) != 0)
            return config_fail(config_at(list, i), f, "\"%.64s\" acts under another law", id);
        words_add(applications, at);
    }
    return SLUIS_OK;
}

static bool for_one_application(const rules *r, const view_entry *a, const view_entry *b)
{
    for (size_t i = 0; i < r->application_count; i++)
        if (words_hold(a->applications, i) && words_hold(b->applications, i))
            return true;
    return false;
}

static sluis_err check_alone(const rules *r, const view_entry *e, const config_node *row, sluis_fail *f)
{
    const period when = {e->public.from, e->public.until};
    for (size_t i = 0; i < r->view_count; i++) {
        const view_entry *o = &r->views[i];
        const period other = {o->public.from, o->public.until};
        if (strcmp(o->public.id, e->public.id) == 0)
            return config_fail(config_get(row, "id"), f, "\"%.64s\" stands twice", e->public.id);
        if (o->own == e->own && o->functions & e->functions && o->public.phases & e->public.phases &&
            periods_meet(&other, &when) && for_one_application(r, o, e))
            return config_fail(row, f,
                               "\"%.64s\" and \"%.64s\" hold for one application, function and phase at once",
                               e->public.id, o->public.id);
    }
    return SLUIS_OK;
}

static sluis_err view_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    view_entry *e = &r->views[i];
    period when;
    e->public.id = read_str(row, "id");
    e->public.law = read_str(row, "law");
    if (!name_valid(e->public.id))
        return config_fail(config_get(row, "id"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -",
                           e->public.id);
    if (name_index(&r->laws, e->public.law) == NAME_NONE)
        return config_fail(config_get(row, "law"), f, "no law is called \"%.64s\"", e->public.law);
    sluis_err err = read_period(row, &when, f);
    if (!err)
        err = read_bits(row, "functions", &r->functions, "function", &e->functions, f);
    if (!err)
        err = read_phases(row, "phases", &e->public.phases, f);
    if (!err)
        err = take_functions(r, e, config_get(row, "functions"));
    if (!err)
        err = take_applications(r, e, row, f);
    if (!err)
        err = read_attributes(r, config_get(row, "attributes"), &e->public.attributes,
                              &e->public.attribute_count, f);
    if (err)
        return err;
    e->public.from = when.from;
    e->public.until = when.until;
    err = check_alone(r, e, row, f);
    if (!err)
        r->view_count = i + 1;
    return err;
}

static sluis_err take_reused(rules *r, reuse_entry *e, const config_node *row, sluis_fail *f)
{
    const config_node *list = config_get(row, "attributes");
    uint64_t *attributes = words_new(r, r->attribute_count);
    if (!attributes)
        return SLUIS_NOMEM;
    e->attributes = attributes;
    if (!list && !config_get(row, "categories"))
        return config_fail(row, f, "reuse has \"categories\", \"attributes\" or both");
    for (size_t i = 0; i < config_count(list); i++) {
        const attribute *a = rules_attribute_named(r, config_at_str(list, i));
        if (!a)
            return config_fail(config_at(list, i), f, "no attribute is called \"%.64s\"",
                               config_at_str(list, i));
        words_add(attributes, (size_t)(a - r->attributes));
    }
    return read_categories(row, "categories", &e->categories, f);
}

static sluis_err reuse_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    reuse_entry *e = &r->reuse[i];
    e->id = read_str(row, "id");
    e->article = read_str(row, "article");
    if (!name_valid(e->id))
        return config_fail(config_get(row, "id"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -", e->id);
    for (size_t k = 0; k < i; k++)
        if (strcmp(r->reuse[k].id, e->id) == 0)
            return config_fail(config_get(row, "id"), f, "\"%.64s\" stands twice", e->id);
    sluis_err err = read_period(row, &e->when, f);
    if (!err)
        err = read_bits(row, "from_laws", &r->laws, "law", &e->from_laws, f);
    if (!err)
        err = read_bits(row, "laws", &r->laws, "law", &e->laws, f);
    if (!err)
        err = take_reused(r, e, row, f);
    if (!err)
        r->reuse_count = i + 1;
    return err;
}

sluis_err ruleset_read_views(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(views_file), f);
    if (err)
        return err;
    r->views = ruleset_alloc(r, config_count(config_get(root, "views")), sizeof *r->views);
    r->reuse = ruleset_alloc(r, config_count(config_get(root, "reuse")) + 1, sizeof *r->reuse);
    if (!r->views || !r->reuse)
        return SLUIS_NOMEM;
    err = read_rows(r, root, "views", KEYS_OF(view_keys), view_row, f);
    if (!err && config_get(root, "reuse"))
        err = read_rows(r, root, "reuse", KEYS_OF(reuse_keys), reuse_row, f);
    if (!err)
        err = ruleset_read_fetches(r, root, f);
    return err ? err : ruleset_read_looks(r, root, f);
}
