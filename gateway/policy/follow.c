/* A change adds a version, it never edits one. */
#include "base/clock.h"
#include "policy/read.h"

#include <string.h>

/* The lists of a set whose entries have a name of their own. period: they hold from a day on. fixed: keys of
 * an entry without a period that never change (its texts may). within: a list in each entry, of entries with
 * a period and without a name. */
static const struct {
    ruleset_file file;
    const char *list, *id;
    bool period;
    const char *fixed[4];
    const char *within;
} lists[] = {
    {FILE_LAWS, "laws", "id", false, {NULL}, NULL},
    {FILE_LAWS, "legal_bases", "id", false, {NULL}, NULL},
    {FILE_PURPOSES, "problems", "id", false, {NULL}, NULL},
    {FILE_PURPOSES, "purposes", "id", false, {NULL}, NULL},
    {FILE_DOMAINS, "domains", "id", false, {"municipality", NULL}, "gives"},
    {FILE_REASONS, "reasons", "code", false, {"not_possible", NULL}, NULL},
    {FILE_REASONS, "conditions", "code", false, {"held_by", NULL}, NULL},
    {FILE_RETENTION, "retention", "id", false, {"journal_class", NULL}, NULL},
    {FILE_CATALOGUE, "attributes", "id", false, {"name", "type", "category", "source"}, NULL},
    {FILE_APPLICATIONS, "functions", "id", false, {NULL}, NULL},
    {FILE_APPLICATIONS, "applications", "id", false, {"law", NULL}, "may"},
    {FILE_VIEWS, "views", "id", true, {NULL}, NULL},
    {FILE_VIEWS, "reuse", "id", true, {NULL}, NULL},
    {FILE_VIEWS, "looks", "id", true, {NULL}, NULL},
    {FILE_VIEWS, "fetch", "id", true, {NULL}, NULL},
    {FILE_RULES, "templates", NULL, true, {NULL}, NULL}, /* versions of one share their name */
    {FILE_RULES, "rules", "id", true, {NULL}, NULL},
    {FILE_COOPERATION, "levels", "id", true, {NULL}, NULL},
};

typedef struct {
    uint64_t now, since, today;
    sluis_fail *f;
} judge;

static bool same_at(const config_node *a, const config_node *b, const char *key)
{
    const config_node *x = config_get(a, key), *y = config_get(b, key);
    return !x || !y ? x == y : config_same(x, y, NULL);
}

static const config_node *named(const config_node *list, const config_node *like, const char *id)
{
    for (size_t i = 0; i < config_count(list); i++)
        if (same_at(config_at(list, i), like, id))
            return config_at(list, i);
    return NULL;
}

/* What an entry is called in an error: its name, or for one without a name the day it begins. */
static const char *name_of(const config_node *row, const char *id)
{
    return read_str(row, config_get(row, "name") ? "name" : id ? id : "from");
}

/* Both were read before: a date that is there is one. */
static uint64_t day_at(const config_node *row, const char *key)
{
    uint64_t ms = 0;
    const char *s = config_get(row, key) ? read_str(row, key) : NULL;
    return s && !time_parse(&ms, s) ? ms : 0;
}

/* An entry that has begun and its successor: the same, or given an end that lies ahead. */
static sluis_err check_end(const judge *j, const config_node *was, const config_node *is, const char *id)
{
    uint64_t old_end = day_at(was, "until"), end = day_at(is, "until");
    const config_node *at = config_get(is, "until");
    if (old_end == end)
        return SLUIS_OK;
    if (old_end && old_end <= j->since)
        return config_fail(at ? at : is, j->f, "\"%.64s\" has ended: add a new one instead", name_of(is, id));
    if (end && end <= j->since)
        return config_fail(at, j->f, "\"%.64s\" holds already: it can end tomorrow or later, not before",
                           name_of(is, id));
    return SLUIS_OK;
}

static sluis_err check_new(const judge *j, const config_node *row, const char *id)
{
    if (day_at(row, "from") >= j->today)
        return SLUIS_OK;
    char today[TIME_STR];
    time_format(today, j->today);
    return config_fail(
        config_get(row, "from"), j->f,
        "\"%.64s\" is new and says that it began on %.10s, but what came in until then was judged "
        "without it: let it begin on %.10s or later",
        name_of(row, id), read_str(row, "from"), today);
}

/* Entries with a period; those without a name (id NULL) are told apart by all they say but the end. */
static sluis_err check_periods(const judge *j, const config_node *was, const config_node *is, const char *id,
                               const config_node *owner)
{
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; i < config_count(was) && !err; i++) {
        const config_node *old = config_at(was, i), *next = NULL;
        if (day_at(old, "from") > j->now)
            continue;
        for (size_t k = 0; k < config_count(is) && !next; k++)
            if (id ? same_at(config_at(is, k), old, id) : config_same(config_at(is, k), old, "until"))
                next = config_at(is, k);
        if (!next)
            err =
                config_fail(owner, j->f,
                            "\"%.64s\" is gone or changed, and has begun: put it back as it was, end it with "
                            "\"until\", and add a new one",
                            name_of(old, id));
        else if (!config_same(old, next, "until"))
            err = config_fail(next, j->f,
                              "\"%.64s\" has begun and was changed: put it back as it was, end it with "
                              "\"until\", and add a new one",
                              name_of(next, id));
        else
            err = check_end(j, old, next, id);
    }
    for (size_t i = 0; i < config_count(is) && !err; i++) {
        const config_node *row = config_at(is, i), *old = NULL;
        for (size_t k = 0; k < config_count(was) && !old; k++)
            if (id ? same_at(config_at(was, k), row, id) : config_same(config_at(was, k), row, "until"))
                old = config_at(was, k);
        if (!old || day_at(old, "from") > j->now)
            err = check_new(j, row, id);
    }
    return err;
}

static sluis_err check_entry(const judge *j, size_t l, const config_node *old, const config_node *next)
{
    for (size_t i = 0; i < 4 && lists[l].fixed[i]; i++)
        if (!same_at(old, next, lists[l].fixed[i]))
            return config_fail(next, j->f,
                               "\"%s\" of \"%.64s\" was changed: add an entry with a name of its own",
                               lists[l].fixed[i], name_of(next, lists[l].id));
    return lists[l].within ? check_periods(j, config_get(old, lists[l].within),
                                           config_get(next, lists[l].within), NULL, next)
                           : SLUIS_OK;
}

static sluis_err check_list(const judge *j, size_t l, const config_node *was, const config_node *is,
                            const config_node *owner)
{
    if (lists[l].period)
        return check_periods(j, was, is, lists[l].id, is ? is : owner);
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; i < config_count(was) && !err; i++) {
        const config_node *old = config_at(was, i), *next = named(is, old, lists[l].id);
        err = next ? check_entry(j, l, old, next)
                   : config_fail(is ? is : owner, j->f, "\"%.64s\" is gone: records name it, put it back",
                                 name_of(old, lists[l].id));
    }
    return err;
}

sluis_err rules_may_follow(const rules *old, const rules *next, uint64_t since, uint64_t now, sluis_fail *f)
{
    const judge j = {.now = now, .since = since, .today = since - since % DAY_MS, .f = f};
    sluis_err err = SLUIS_OK;
    for (size_t l = 0; l < sizeof lists / sizeof lists[0] && !err; l++) {
        const config *before = old->files[lists[l].file], *after = next->files[lists[l].file];
        if (!before) /* there was no such file: nothing of it has begun */
            continue;
        if (!after)
            return fail_set(
                f, SLUIS_CONFLICT, rules_file_name(lists[l].file),
                "this file is gone: what it says has begun, put it back and end it with \"until\"");
        const config_node *was = config_root(before), *is = config_root(after);
        err = check_list(&j, l, config_get(was, lists[l].list), config_get(is, lists[l].list), is);
    }
    if (err)
        f->code = SLUIS_CONFLICT;
    return err ? SLUIS_CONFLICT : SLUIS_OK;
}
