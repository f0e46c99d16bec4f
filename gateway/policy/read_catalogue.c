/* catalogue.conf: every attribute, once. */
#include "policy/read.h"

#include <stdlib.h>
#include <string.h>

#define VALID_DAYS_MAX  36525 /* a century */
#define AT_SOURCE_S_MAX (7 * 24 * 3600)

static const config_key attribute_keys[] = {
    {"id", CONFIG_INT, true, 1, INT32_MAX, "", NULL, "number in messages and registers, never reused"},
    {"name", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "Dutch, [a-z0-9-]"},
    KEY_TITLE,
    {"type", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "text, date, number, amount, bool or code"},
    BOUNDS_KEYS,
    {"mapping", CONFIG_STR, false, 1, NAME_MAX_LEN, "", NULL, "the mapping of an adapter that fills it"},
    {"form", CONFIG_BOOL, false, 0, 0, "", "false", "a person types it"},
    {"category", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL,
     "ordinary, financial, health, criminal or identification"},
    {"source", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "the authoritative domain"},
    {"retention", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "class of retention.conf"},
    {"valid_days", CONFIG_INT, true, 0, VALID_DAYS_MAX, "days", NULL, "how long a known value answers"},
    {"address", CONFIG_BOOL, false, 0, 0, "", "false", "tells where a person lives"},
    {"intervention", CONFIG_BOOL, false, 0, 0, "", "false", "answers the standard question on interventions"},
    {"at_source_s", CONFIG_INT, false, 0, AT_SOURCE_S_MAX, "s", "0",
     "stays at its source; a fetched value is kept so long"},
    {"about_others", CONFIG_BOOL, false, 0, 0, "", "false",
     "tells about others too: not in a person's own copy"},
    {"source_wins", CONFIG_BOOL, false, 0, 0, "", "false", "its source replaces what others said, at once"},
    {"ggm", CONFIG_STR, false, 1, TITLE_MAX_LEN, "", NULL, "name in the Gemeentelijk Gegevensmodel"}};
static const config_key catalogue_file[] = {
    CODE_LISTS_KEY,
    {"attributes", CONFIG_LIST, true, 1, RULESET_ATTRIBUTES_MAX, "", NULL, "every datum that may pass"}};

static bool attribute_name_valid(const char *s)
{
    return *s && *s != '-' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static sluis_err check_unique(const rules *r, const config_node *row, const attribute *a, sluis_fail *f)
{
    for (size_t k = 0; k < r->attribute_count; k++) {
        if (r->attributes[k].id == a->id)
            return config_fail(config_get(row, "id"), f, "id %u is that of \"%.64s\"", a->id,
                               r->attributes[k].name);
        if (strcmp(r->attributes[k].name, a->name) == 0)
            return config_fail(config_get(row, "name"), f, "\"%.64s\" stands twice", a->name);
    }
    return SLUIS_OK;
}

/* Bounds that its type leaves room for, and codes that fit it. */
static sluis_err take_bounds(const rules *r, attribute *a, const config_node *row, sluis_fail *f)
{
    sluis_fail why = {0};
    sluis_err err = bounds_read(&a->bounds, row, &r->code_lists, f);
    if (err)
        return err;
    const value_bounds *b = &a->bounds;
    if ((b->format || b->max_length || b->list) && a->type != TYPE_TEXT && a->type != TYPE_CODE)
        return config_fail(row, f, "\"format\", \"max_length\" and \"code_list\" are for text and codes");
    for (size_t i = 0; b->list && i < b->list->n; i++)
        if (attribute_check_value(a, b->list->codes[i], false, &why))
            return config_fail(config_get(row, "code_list"), f, "code %zu of the list: %.120s", i + 1,
                               why.text);
    return SLUIS_OK;
}

static sluis_err attribute_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    attribute a = {
        .id = (uint32_t)config_int(row, KEYS_OF(attribute_keys), "id"),
        .name = read_str(row, "name"),
        .title = read_str(row, "title"),
        .source = read_str(row, "source"),
        .mapping = read_str(row, "mapping"),
        .form = config_bool(row, KEYS_OF(attribute_keys), "form"),
        .retention = read_str(row, "retention"),
        .ggm = read_str(row, "ggm"),
        .intervention = config_bool(row, KEYS_OF(attribute_keys), "intervention"),
        .about_others = config_bool(row, KEYS_OF(attribute_keys), "about_others"),
        .address = config_bool(row, KEYS_OF(attribute_keys), "address"),
        .at_source_s = (uint32_t)config_int(row, KEYS_OF(attribute_keys), "at_source_s"),
        .source_wins = config_bool(row, KEYS_OF(attribute_keys), "source_wins"),
        .valid_days = (uint32_t)config_int(row, KEYS_OF(attribute_keys), "valid_days"),
    };
    size_t domain = name_index(&r->domains, a.source);
    if (!attribute_name_valid(a.name))
        return config_fail(config_get(row, "name"), f, "\"%.64s\" is no attribute name: use a-z, 0-9 and -",
                           a.name);
    if (a.mapping && !name_valid(a.mapping))
        return config_fail(
            config_get(row, "mapping"), f,
            "\"%.64s\" is no name of a mapping: write that of its file, without folder and .conf", a.mapping);
    if (value_type_parse(&a.type, read_str(row, "type")))
        return config_fail(config_get(row, "type"), f,
                           "no type is called \"%.64s\"; there are text, date, number, amount, bool, code",
                           read_str(row, "type"));
    if (category_parse(&a.category, read_str(row, "category")))
        return config_fail(
            config_get(row, "category"), f,
            "no category is called \"%.64s\"; there are ordinary, financial, health, criminal, "
            "identification",
            read_str(row, "category"));
    sluis_err err = take_bounds(r, &a, row, f);
    if (err)
        return err;
    if (domain == NAME_NONE)
        return config_fail(config_get(row, "source"), f, "no domain is called \"%.64s\"", a.source);
    if (!domain_ever_gives(r, domain, a.category))
        return config_fail(config_get(row, "category"), f,
                           "the domain \"%.64s\" gives no %s data (domains.conf)", a.source,
                           category_name(a.category));
    if (!rules_journal_class(r, a.retention))
        return config_fail(config_get(row, "retention"), f, "no retention is called \"%.64s\"", a.retention);
    err = check_unique(r, row, &a, f);
    if (err)
        return err;
    r->attributes[i] = a;
    r->attribute_count = i + 1;
    return SLUIS_OK;
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = ((const attribute *)a)->id, y = ((const attribute *)b)->id;
    return x < y ? -1 : x > y;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const attribute *const *)a)->name, (*(const attribute *const *)b)->name);
}

sluis_err ruleset_read_catalogue(rules *r, const config_node *root, sluis_fail *f)
{
    sluis_err err = config_check(root, KEYS_OF(catalogue_file), f);
    if (err)
        return err;
    size_t n = config_count(config_get(root, "attributes"));
    r->attributes = ruleset_alloc(r, n, sizeof *r->attributes);
    r->by_name = ruleset_alloc(r, n, sizeof *r->by_name);
    if (!r->attributes || !r->by_name)
        return SLUIS_NOMEM;
    err = code_lists_read(&r->code_lists, root, f);
    if (!err)
        err = read_rows(r, root, "attributes", KEYS_OF(attribute_keys), attribute_row, f);
    if (err)
        return err;
    qsort(r->attributes, n, sizeof *r->attributes, by_id);
    for (size_t i = 0; i < n; i++)
        r->by_name[i] = &r->attributes[i];
    qsort(r->by_name, n, sizeof *r->by_name, by_name);
    return SLUIS_OK;
}
