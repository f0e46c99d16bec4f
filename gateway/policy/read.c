#include "policy/read.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wire/messages.h"

sluis_err read_rows(rules *r, const config_node *root, const char *key, const config_key *keys, size_t n,
                    read_row *row, sluis_fail *f)
{
    const config_node *list = config_get(root, key);
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; i < config_count(list) && !err; i++) {
        const config_node *at = config_at(list, i);
        err = config_check(at, keys, n, f);
        if (!err)
            err = row(r, at, i, f);
    }
    return err;
}

const char *read_str(const config_node *group, const char *key)
{
    const config_key one = {.key = key, .type = CONFIG_STR};
    return config_str(group, &one, 1, key);
}

sluis_err read_name(name_list *l, const config_node *group, sluis_fail *f)
{
    const char *id = read_str(group, "id");
    const config_node *at = config_get(group, "id");
    if (!name_valid(id))
        return config_fail(at, f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -", id);
    if (name_index(l, id) != NAME_NONE)
        return config_fail(at, f, "\"%.64s\" stands twice", id);
    if (l->n == RULESET_NAMES_MAX)
        return config_fail(at, f, "at most %d of these", RULESET_NAMES_MAX);
    l->ids[l->n] = id;
    l->titles[l->n++] = read_str(group, "title");
    return SLUIS_OK;
}

sluis_err read_date(const config_node *at, const char *s, uint64_t *ms, sluis_fail *f)
{
    if (strlen(s) != DATE_STR_LEN || time_parse(ms, s))
        return config_fail(at, f, "\"%.32s\" is no date that exists: write YYYY-MM-DD", s);
    return SLUIS_OK;
}

sluis_err read_period(const config_node *group, period *out, sluis_fail *f)
{
    const char *until = read_str(group, "until");
    *out = (period){0};
    sluis_err err = read_date(config_get(group, "from"), read_str(group, "from"), &out->from, f);
    if (err || !until)
        return err;
    err = read_date(config_get(group, "until"), until, &out->until, f);
    if (!err && out->until <= out->from)
        return config_fail(config_get(group, "until"), f, "\"until\" must be later than \"from\"");
    return err;
}

sluis_err read_bits(const config_node *group, const char *key, const name_list *names, const char *what,
                    uint64_t *out, sluis_fail *f)
{
    const config_node *list = config_get(group, key);
    *out = 0;
    for (size_t i = 0; i < config_count(list); i++) {
        const char *id = config_at_str(list, i);
        size_t at = name_index(names, id);
        if (at == NAME_NONE)
            return config_fail(config_at(list, i), f, "no %s is called \"%.64s\"", what, id);
        if (*out >> at & 1)
            return config_fail(config_at(list, i), f, "\"%.64s\" stands twice", id);
        *out |= UINT64_C(1) << at;
    }
    return SLUIS_OK;
}

sluis_err read_categories(const config_node *group, const char *key, uint32_t *out, sluis_fail *f)
{
    const config_node *list = config_get(group, key);
    *out = 0;
    for (size_t i = 0; i < config_count(list); i++) {
        category c;
        if (category_parse(&c, config_at_str(list, i)))
            return config_fail(config_at(list, i), f,
                               "no category is called \"%.64s\"; there are ordinary, financial, health, "
                               "criminal, identification",
                               config_at_str(list, i));
        *out |= UINT32_C(1) << c;
    }
    return SLUIS_OK;
}

sluis_err read_phases(const config_node *group, const char *key, uint32_t *out, sluis_fail *f)
{
    const config_node *list = config_get(group, key);
    *out = 0;
    for (size_t i = 0; i < config_count(list); i++) {
        Sluis__Phase p = phase_parse(config_at_str(list, i));
        if (p == SLUIS__PHASE__PHASE_NONE)
            return config_fail(config_at(list, i), f,
                               "no phase is called \"%.64s\"; there are research, coordination, meeting",
                               config_at_str(list, i));
        *out |= UINT32_C(1) << p;
    }
    return SLUIS_OK;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

sluis_err read_attributes(rules *r, const config_node *list, const uint32_t **ids, size_t *count,
                          sluis_fail *f)
{
    size_t n = config_count(list);
    uint32_t *found = ruleset_alloc(r, n, sizeof *found);
    if (!found)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *name = config_at_str(list, i);
        const attribute *a = rules_attribute_named(r, name);
        if (!a)
            return config_fail(config_at(list, i), f, "no attribute is called \"%.64s\"", name);
        for (size_t k = 0; k < i; k++)
            if (found[k] == a->id)
                return config_fail(config_at(list, i), f, "\"%.64s\" stands twice", name);
        found[i] = a->id;
    }
    qsort(found, n, sizeof *found, by_number);
    *ids = found;
    *count = n;
    return SLUIS_OK;
}

bool domain_ever_gives(const rules *r, size_t domain, category c)
{
    const domain_entry *d = &r->domain[domain];
    for (size_t i = 0; i < d->n; i++)
        if (d->gives[i].categories >> c & 1)
            return true;
    return false;
}
