/* The templates in rules.conf. */
#include <stdlib.h>
#include <string.h>

#include "policy/read.h"

#define WORKING_DAYS_MAX 60

static const config_key ask_keys[] = {
    {"attribute", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "name of the catalogue"},
    {"necessity", CONFIG_STR, true, 1, 1000, "", NULL, "why it is needed, in words"}};
static const config_key template_keys[] = {
    KEY_ID,
    KEY_TITLE,
    {"purpose", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "what is asked for"},
    {"domain", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "of whom"},
    {"asks", CONFIG_LIST, true, 1, 64, "", NULL, "what is asked, and why"},
    {"answer_days", CONFIG_INT, true, 1, WORKING_DAYS_MAX, "working days", NULL, "to answer"},
    {"remind_days", CONFIG_INT, true, 0, WORKING_DAYS_MAX, "working days", NULL, "before that: the reminder"},
    KEY_FROM,
    KEY_UNTIL};

static sluis_err ask_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    request_template *x = &r->templates[r->template_count];
    template_ask *asks = (template_ask *)(uintptr_t)x->asks;
    const attribute *a = rules_attribute_named(r, read_str(row, "attribute"));
    if (!a)
        return config_fail(config_get(row, "attribute"), f, "no attribute is called \"%.64s\"",
                           read_str(row, "attribute"));
    for (size_t k = 0; k < i; k++)
        if (asks[k].attribute == a->id)
            return config_fail(config_get(row, "attribute"), f, "\"%.64s\" stands twice", a->name);
    asks[i] = (template_ask){.attribute = a->id, .necessity = read_str(row, "necessity")};
    x->ask_count = i + 1;
    return SLUIS_OK;
}

static int by_attribute(const void *a, const void *b)
{
    uint32_t x = ((const template_ask *)a)->attribute, y = ((const template_ask *)b)->attribute;
    return (x > y) - (x < y);
}

/* One purpose has one template a domain at any moment. */
static sluis_err check_place(const rules *r, const request_template *x, const config_node *row, sluis_fail *f)
{
    const period mine = {x->from, x->until};
    if (name_index(&r->purposes, x->purpose) == NAME_NONE)
        return config_fail(config_get(row, "purpose"), f, "no purpose is called \"%.64s\"", x->purpose);
    if (name_index(&r->domains, x->domain) == NAME_NONE)
        return config_fail(config_get(row, "domain"), f, "no domain is called \"%.64s\"", x->domain);
    if (x->remind_days >= x->answer_days)
        return config_fail(config_get(row, "remind_days"), f, "less than answer_days");
    for (size_t i = 0; i < r->template_count; i++) {
        const request_template *o = &r->templates[i];
        const period other = {o->from, o->until};
        bool same = strcmp(o->id, x->id) == 0 ||
                    (strcmp(o->purpose, x->purpose) == 0 && strcmp(o->domain, x->domain) == 0);
        if (same && periods_meet(&mine, &other))
            return config_fail(
                config_get(row, "id"), f,
                "\"%.64s\" holds at the same time, under this id or for this purpose and domain", o->id);
    }
    return SLUIS_OK;
}

static sluis_err template_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    request_template *x = &r->templates[i];
    period when;
    (void)i;
    if (!name_valid(read_str(row, "id")))
        return config_fail(config_get(row, "id"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -",
                           read_str(row, "id"));
    sluis_err err = read_period(row, &when, f);
    if (err)
        return err;
    *x = (request_template){.id = read_str(row, "id"),
                            .title = read_str(row, "title"),
                            .purpose = read_str(row, "purpose"),
                            .domain = read_str(row, "domain"),
                            .answer_days = (uint32_t)config_int(row, KEYS_OF(template_keys), "answer_days"),
                            .remind_days = (uint32_t)config_int(row, KEYS_OF(template_keys), "remind_days"),
                            .from = when.from,
                            .until = when.until};
    err = check_place(r, x, row, f);
    template_ask *asks = ruleset_alloc(r, config_count(config_get(row, "asks")), sizeof *asks);
    x->asks = asks;
    if (!err && !asks)
        err = SLUIS_NOMEM;
    if (!err)
        err = read_rows(r, row, "asks", KEYS_OF(ask_keys), ask_row, f);
    if (err)
        return err;
    qsort(asks, x->ask_count, sizeof *asks, by_attribute);
    r->template_count = i + 1;
    return SLUIS_OK;
}

sluis_err ruleset_read_templates(rules *r, const config_node *root, sluis_fail *f)
{
    r->templates = ruleset_alloc(r, config_count(config_get(root, "templates")) + 1, sizeof *r->templates);
    return r->templates ? read_rows(r, root, "templates", KEYS_OF(template_keys), template_row, f)
                        : SLUIS_NOMEM;
}
