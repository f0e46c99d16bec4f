/* views.conf, fetch: for what, and on which basis, a view fetches the data that stay at their source. */
#include <string.h>

#include "policy/read.h"

#define ANSWER_DAYS_MAX 28

static const config_key fetch_keys[] = {
    KEY_ID,
    {"law", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "for views of this law"},
    {"purpose", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "for what"},
    {"legal_basis", CONFIG_STR, true, 1, NAME_MAX_LEN, "", NULL, "on which basis"},
    {"answer_days", CONFIG_INT, false, 1, ANSWER_DAYS_MAX, "days", "14", "for its source to answer"},
    {"why", CONFIG_STR, true, 1, TITLE_MAX_LEN, "", NULL, "the motivation that the party reads"},
    KEY_FROM,
    KEY_UNTIL};

static sluis_err fetch_row(rules *r, const config_node *row, size_t i, sluis_fail *f)
{
    fetch_entry *e = &r->fetches[i];
    e->id = read_str(row, "id");
    e->law = read_str(row, "law");
    e->public = (fetch_rule){.purpose = read_str(row, "purpose"),
                             .legal_basis = read_str(row, "legal_basis"),
                             .answer_days = (uint32_t)config_int(row, KEYS_OF(fetch_keys), "answer_days"),
                             .why = read_str(row, "why")};
    if (!name_valid(e->id))
        return config_fail(config_get(row, "id"), f, "\"%.64s\" is no name: use a-z, 0-9 and . _ : -", e->id);
    for (size_t k = 0; k < i; k++)
        if (strcmp(r->fetches[k].id, e->id) == 0)
            return config_fail(config_get(row, "id"), f, "\"%.64s\" stands twice", e->id);
    if (name_index(&r->laws, e->law) == NAME_NONE)
        return config_fail(config_get(row, "law"), f, "no law is called \"%.64s\"", e->law);
    if (name_index(&r->purposes, e->public.purpose) == NAME_NONE)
        return config_fail(config_get(row, "purpose"), f, "no purpose is called \"%.64s\"",
                           e->public.purpose);
    if (name_index(&r->legal_bases, e->public.legal_basis) == NAME_NONE)
        return config_fail(config_get(row, "legal_basis"), f, "no legal basis is called \"%.64s\"",
                           e->public.legal_basis);
    r->fetch_count = i + 1;
    return read_period(row, &e->when, f);
}

sluis_err ruleset_read_fetches(rules *r, const config_node *root, sluis_fail *f)
{
    r->fetches = ruleset_alloc(r, config_count(config_get(root, "fetch")) + 1, sizeof *r->fetches);
    if (!r->fetches)
        return SLUIS_NOMEM;
    return config_get(root, "fetch") ? read_rows(r, root, "fetch", KEYS_OF(fetch_keys), fetch_row, f)
                                     : SLUIS_OK;
}

const fetch_rule *rules_fetch(const rules *r, const char *law, size_t n, uint64_t at)
{
    for (size_t i = 0; i < r->fetch_count; i++) {
        const fetch_entry *e = &r->fetches[i];
        if (strcmp(e->law, law) == 0 && period_holds(&e->when, at) && n-- == 0)
            return &e->public;
    }
    return NULL;
}
