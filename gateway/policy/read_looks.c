/* The looks in views.conf. */
#include <stdlib.h>
#include <string.h>

#include "policy/read.h"

#define LOOK_MINUTES_MAX (7 * 24 * 60)

static const config_key look_keys[] = {
    KEY_ID,
    {"law", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "whose view is looked into"},
    {"laws", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "who may ask: applications of these laws"},
    {"functions", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "functions that may ask"},
    {"purposes", CONFIG_STRS, true, 1, RULESET_NAMES_MAX, "", NULL, "for what"},
    {"attributes", CONFIG_STRS, true, 1, RULESET_ATTRIBUTES_MAX, "", NULL, "what of it may be seen"},
    {"minutes", CONFIG_INT, true, 1, LOOK_MINUTES_MAX, "minutes", NULL,
     "the longest look; it ends by itself"},
    {"granted", CONFIG_BOOL, false, 0, 0, "", "false", "at once, without the coordinator's word"},
    KEY_FROM,
    KEY_UNTIL};

static bool in_a_view(const rules *r, const char *law, uint32_t id)
{
    for (size_t i = 0; i < r->view_count; i++)
        if (strcmp(r->views[i].public.law, law) == 0 && view_allows(&r->views[i].public, id))
            return true;
    return false;
}

static sluis_err take_attributes(rules *r, look_rule *l, const config_node *list, sluis_fail *f)
{
    sluis_err e = read_attributes(r, list, &l->attributes, &l->attribute_count, f);
    for (size_t i = 0; !e && i < l->attribute_count; i++) {
        const char *name = config_at_str(list, i);
        if (!in_a_view(r, l->law, rules_attribute_named(r, name)->id))
            e = config_fail(config_at(list, i), f, "no view of \"%.64s\" shows \"%.64s\"", l->law, name);
    }
    return e;
}

static sluis_err look_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    look_entry *e = &r->looks[i];
    period when;
    e->public = (look_rule){.id = read_str(row, "id"),
                            .law = read_str(row, "law"),
                            .minutes = (uint32_t)config_int(row, KEYS_OF(look_keys), "minutes"),
                            .granted = config_bool(row, KEYS_OF(look_keys), "granted")};
    if (!name_valid(e->public.id))
        return config_fail(config_get(row, "id"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -",
                           e->public.id);
    for (size_t k = 0; k < i; k++)
        if (strcmp(r->looks[k].public.id, e->public.id) == 0)
            return config_fail(config_get(row, "id"), f, "\"%.64s\" stands twice", e->public.id);
    if (name_index(&r->laws, e->public.law) == NAME_NONE)
        return config_fail(config_get(row, "law"), f, "no law is called \"%.64s\"", e->public.law);
    sluis_err err = read_period(row, &when, f);
    if (!err)
        err = read_bits(row, "laws", &r->laws, "law", &e->laws, f);
    if (!err)
        err = read_bits(row, "functions", &r->functions, "function", &e->functions, f);
    if (!err)
        err = read_bits(row, "purposes", &r->purposes, "purpose", &e->purposes, f);
    if (!err)
        err = take_attributes(r, &e->public, config_get(row, "attributes"), f);
    if (err)
        return err;
    e->public.from = when.from;
    e->public.until = when.until;
    r->look_count = i + 1;
    return SLUIS_OK;
}

sluis_err ruleset_read_looks(rules *r, const config_node *root, sluis_fail *f)
{
    r->looks = ruleset_alloc(r, config_count(config_get(root, "looks")) + 1, sizeof *r->looks);
    return r->looks ? read_rows(r, root, "looks", KEYS_OF(look_keys), look_row, f) : SLUIS_NOMEM;
}
