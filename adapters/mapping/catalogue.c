#include "mapping/catalogue.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"

#define KEYS(a) (a), sizeof(a) / sizeof((a)[0])

struct catalogue {
    config *cfg; /* that the lists borrow from */
    code_lists lists;
    catalogue_entry *v; /* ascending by id */
    size_t n;
};

/* The keys of an entry that only the gateway uses are listed too: one file, one schema. */
static const config_key root_keys[] = {
    CODE_LISTS_KEY,
    {"attributes", CONFIG_LIST, true, 1, CATALOGUE_ENTRIES, "", NULL, "every datum that may pass"},
};
static const config_key entry_keys[] = {
    {"id", CONFIG_INT, true, 1, INT32_MAX, "", NULL, "stays for ever"},
    {"name", CONFIG_STR, true, 1, 64, "", NULL, "what mapping files call it"},
    {"title", CONFIG_STR, true, 1, 200, "", NULL, "as people read it"},
    {"type", CONFIG_STR, true, 1, 16, "", NULL, "text, date, number, amount, bool or code"},
    BOUNDS_KEYS,
    {"mapping", CONFIG_STR, false, 1, 64, "", NULL, "the mapping that fills it"},
    {"form", CONFIG_BOOL, false, 0, 0, "", "false", "a person types it"},
    {"category", CONFIG_STR, true, 1, 64, "", NULL, "what rules speak about"},
    {"source", CONFIG_STR, true, 1, 64, "", NULL, "authoritative domain"},
    {"retention", CONFIG_STR, true, 1, 64, "", NULL, "retention class"},
    {"valid_days", CONFIG_INT, true, 0, 36500, "days", NULL, "how long a registered value answers"},
    {"address", CONFIG_BOOL, false, 0, 0, "", "false", "tells where a person lives"},
    {"source_wins", CONFIG_BOOL, false, 0, 0, "", "false", "its source replaces what others said"},
    {"at_source_s", CONFIG_INT, false, 0, 604800, "s", "0",
     "stays at its source; a fetched value is kept so long"},
    {"about_others", CONFIG_BOOL, false, 0, 0, "", "false", "tells about others too"},
    {"intervention", CONFIG_BOOL, false, 0, 0, "", "false", "answers the standard question"},
    {"ggm", CONFIG_STR, false, 1, 128, "", NULL, "name in the Gemeentelijk Gegevensmodel"},
};

static const char *const kind_names[] = {"text", "date", "number", "amount", "bool", "code"};

sluis_err value_kind_parse(value_kind *out, const char *name)
{
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
        if (strcmp(kind_names[i], name) == 0) {
            *out = (value_kind)i;
            return SLUIS_OK;
        }
    }
    return SLUIS_INVALID;
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = ((const catalogue_entry *)a)->id, y = ((const catalogue_entry *)b)->id;
    return (x > y) - (x < y);
}

static sluis_err read_entry(catalogue_entry *e, const config_node *node, const code_lists *lists,
                            sluis_fail *f)
{
    sluis_err err = config_check(node, KEYS(entry_keys), f);
    if (err)
        return err;
    e->id = (uint32_t)config_int(node, KEYS(entry_keys), "id");
    e->name = strdup(config_str(node, KEYS(entry_keys), "name"));
    e->title = strdup(config_str(node, KEYS(entry_keys), "title"));
    e->category = strdup(config_str(node, KEYS(entry_keys), "category"));
    if (!e->name || !e->title || !e->category)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    if (value_kind_parse(&e->kind, config_str(node, KEYS(entry_keys), "type")))
        return config_fail(node, f, "type is not one of text, date, number, amount, bool, code");
    e->form = config_bool(node, KEYS(entry_keys), "form");
    return bounds_read(&e->bounds, node, lists, f);
}

static sluis_err read_entries(catalogue *c, const config_node *list, sluis_fail *f)
{
    size_t n = config_count(list);
    c->v = calloc(n ? n : 1, sizeof *c->v);
    if (!c->v)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    for (size_t i = 0; i < n; i++) {
        c->n = i + 1;
        sluis_err err = read_entry(&c->v[i], config_at(list, i), &c->lists, f);
        if (err)
            return err;
    }
    qsort(c->v, c->n, sizeof *c->v, by_id);
    for (size_t i = 1; i < c->n; i++) {
        if (c->v[i].id == c->v[i - 1].id)
            return config_fail(list, f, "attribute id %u stands here twice", (unsigned)c->v[i].id);
    }
    return SLUIS_OK;
}

sluis_err catalogue_load(catalogue **out, const char *path, sluis_fail *f)
{
    catalogue *c = *out = calloc(1, sizeof *c);
    if (!c)
        return fail_set(f, SLUIS_NOMEM, "", "out of memory");
    sluis_err err = config_read_file(&c->cfg, path, f);
    if (!err)
        err = config_check(config_root(c->cfg), KEYS(root_keys), f);
    if (!err)
        err = code_lists_read(&c->lists, config_root(c->cfg), f);
    if (!err)
        err = read_entries(c, config_get(config_root(c->cfg), "attributes"), f);
    if (err)
        catalogue_free(out);
    return err;
}

void catalogue_free(catalogue **c)
{
    if (!*c)
        return;
    for (size_t i = 0; i < (*c)->n; i++) {
        free((*c)->v[i].name);
        free((*c)->v[i].title);
        free((*c)->v[i].category);
    }
    free((*c)->v);
    code_lists_free(&(*c)->lists);
    config_free(&(*c)->cfg);
    free(*c);
    *c = NULL;
}

const catalogue_entry *catalogue_by_id(const catalogue *c, uint32_t id)
{
    catalogue_entry key = {.id = id};
    return bsearch(&key, c->v, c->n, sizeof *c->v, by_id);
}

const catalogue_entry *catalogue_by_name(const catalogue *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->v[i].name, name) == 0)
            return &c->v[i];
    }
    return NULL;
}

/* -?digits(.digits)? without leading zeros or a negative nothing; decimals digits after the point, -1: up to
 * 6 of them, or none. */
static bool is_decimal(const char *s, int decimals)
{
    bool negative = *s == '-';
    s += negative;
    size_t whole = strspn(s, "0123456789");
    if (!whole || whole > 15 || (*s == '0' && whole > 1) || (negative && strspn(s, "0.") == strlen(s)))
        return false;
    s += whole;
    size_t part = *s == '.' ? strspn(s + 1, "0123456789") : 0;
    if (*s && (*s != '.' || !part || part > 6 || s[1 + part]))
        return false;
    return decimals < 0 || part == (size_t)decimals;
}

/* A word of a list. */
static bool is_code(const char *s)
{
    size_t n = strlen(s);
    return n <= 64 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/%+-") == n;
}

/* RFC 3629 without surrogates and without control characters other than tab and newline. */
static bool is_text(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    while (*p) {
        size_t more = *p < 0x80                 ? 0
                      : *p >= 0xc2 && *p < 0xe0 ? 1
                      : (*p & 0xf0) == 0xe0     ? 2
                      : *p >= 0xf0 && *p < 0xf5 ? 3
                                                : 9;
        if (more == 9 || (*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
            return false;
        if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
            (*p == 0xf4 && p[1] > 0x8f))
            return false;
        for (size_t i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
        }
        p += more + 1;
    }
    return true;
}

const char *value_misfit(value_kind k, const char *value)
{
    size_t n = strlen(value);
    if (n == 0 || n > VALUE_MAX_BYTES)
        return "1 to 4096 bytes";
    switch (k) {
    case VALUE_DATE:
        return date_valid(value) ? NULL : "a possible date, written as 2026-11-24";
    case VALUE_NUMBER:
        return is_decimal(value, -1) ? NULL : "a number, written as 12.5";
    case VALUE_AMOUNT:
        return is_decimal(value, 2) ? NULL : "an amount, written as 12.50";
    case VALUE_BOOL:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ? NULL : "true or false";
    case VALUE_CODE:
        return is_code(value) ? NULL : "a code, up to 64 letters, digits and ._:/%+-";
    case VALUE_TEXT:
        break;
    }
    return is_text(value) ? NULL : "UTF-8 text without control characters";
}

const char *value_kind_name(value_kind k)
{
    return kind_names[k];
}

const char *entry_misfit(const catalogue_entry *e, const char *value, char room[static BOUNDS_TEXT])
{
    const char *misfit = value_misfit(e->kind, value);
    return misfit ? misfit : bounds_misfit(&e->bounds, value, false, room);
}

sluis_err entry_check_typed(const catalogue_entry *e, const char *value, sluis_fail *f)
{
    char room[BOUNDS_TEXT];
    const char *misfit = entry_misfit(e, value, room);
    return misfit ? fail_set(f, SLUIS_INVALID, e->name, "%s must be %s: type it so, or leave it out", e->name,
                             misfit)
                  : SLUIS_OK;
}
