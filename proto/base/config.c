/* libconfig 1.5 reads the format, behind the pass of config_scan.c. */
/* libconfig has a function of this name too; only the types and the other functions are wanted. */
#define config_read_file libconfig_read_file
#include <libconfig.h>
#undef config_read_file

#include "base/config.h"
#include "base/config_scan.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config {
    config_t lib;
    char *name, *text; /* owned; what source points at */
    config_source source;
};

/* A config_node is never made: it is a config_setting_t under a name of our own. */
static const config_setting_t *setting(const config_node *n)
{
    return (const config_setting_t *)(const void *)n;
}

static const config_node *node(const config_setting_t *s)
{
    return (const config_node *)(const void *)s;
}

sluis_err config_fail(const config_node *at, sluis_fail *f, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);

    const config_setting_t *root = setting(at);
    while (root->parent)
        root = root->parent;
    const config *c = config_setting_get_hook(root);
    return config_source_fail(&c->source, config_line(at), f, text);
}

/* libconfig does not look whether it got memory for a name or a text. Nesting was bounded before. */
static bool is_complete(const config_setting_t *s)
{
    bool group = config_setting_is_group(s);
    if (config_setting_type(s) == CONFIG_TYPE_STRING)
        return config_setting_get_string(s) != NULL;
    if (!config_setting_is_aggregate(s))
        return true;
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *child = config_setting_get_elem(s, (unsigned)i);
        if ((group && !config_setting_name(child)) || !is_complete(child))
            return false;
    }
    return true;
}

sluis_err config_read_text(config **out, const char *name, const char *text, size_t n, sluis_fail *f)
{
    if (n > CONFIG_MAX_BYTES)
        return fail_set(f, SLUIS_TOO_BIG, name, "configuration larger than %u bytes", CONFIG_MAX_BYTES);
    config *c = calloc(1, sizeof *c);
    if (!c)
        return fail_set(f, SLUIS_NOMEM, name, "%s", error_text(SLUIS_NOMEM));
    sluis_err e = SLUIS_NOMEM;
    config_init(&c->lib);
    c->name = strdup(name);
    c->text = malloc(n + 2);
    if (!c->name || !c->text) {
        fail_set(f, e, name, "%s", error_text(e));
        goto fail;
    }
    if (n)
        memcpy(c->text, text, n);
    /* libconfig takes a comment only with its line's end. */
    bool ended = n > 0 && text[n - 1] == '\n';
    memcpy(c->text + n, ended ? "" : "\n", ended ? 1 : 2);
    c->source = (config_source){c->name, c->text, n + !ended};
    if ((e = config_scan(&c->source, f)) != SLUIS_OK)
        goto fail;
    if (!config_read_string(&c->lib, c->text)) {
        const char *why = config_error_text(&c->lib);
        e = config_source_fail(&c->source, config_error_line(&c->lib), f, why ? why : "syntax error");
        goto fail;
    }
    if (!is_complete(config_root_setting(&c->lib))) {
        e = fail_set(f, SLUIS_NOMEM, name, "%s", error_text(SLUIS_NOMEM));
        goto fail;
    }
    config_setting_set_hook(config_root_setting(&c->lib), c);
    *out = c;
    return SLUIS_OK;
fail:
    config_free(&c);
    return e;
}

sluis_err config_read_file(config **out, const char *path, sluis_fail *f)
{
    FILE *in = fopen(path, "re");
    if (!in)
        return fail_set(f,
                        errno == ENOENT   ? SLUIS_NOT_FOUND
                        : errno == EACCES ? SLUIS_PERMISSION
                                          : SLUIS_IO,
                        path, "cannot open the configuration: %s", strerror(errno));
    sluis_err e;
    char *text = malloc(CONFIG_MAX_BYTES + 1);
    if (!text) {
        e = fail_set(f, SLUIS_NOMEM, path, "%s", error_text(SLUIS_NOMEM));
        goto no_text;
    }
    size_t n = fread(text, 1, CONFIG_MAX_BYTES + 1, in);
    if (ferror(in))
        e = fail_set(f, SLUIS_IO, path, "cannot read the configuration: %s", strerror(errno));
    else
        e = config_read_text(out, path, text, n, f);
    free(text);
no_text:
    fclose(in);
    return e;
}

void config_free(config **c)
{
    if (!*c)
        return;
    config_destroy(&(*c)->lib);
    free((*c)->name);
    free((*c)->text);
    free(*c);
    *c = NULL;
}

const config_node *config_root(const config *c)
{
    return node(config_root_setting(&c->lib));
}

int config_line(const config_node *n)
{
    return (int)config_setting_source_line(setting(n));
}

static const char *const type_names[] = {
    [CONFIG_STR] = "a text in double quotes", [CONFIG_INT] = "a whole number",
    [CONFIG_BOOL] = "true or false",          [CONFIG_GROUP] = "a group { ... }",
    [CONFIG_LIST] = "a list ( ... )",         [CONFIG_STRS] = "a list of texts [\"...\"]",
};

static bool has_type(const config_setting_t *s, config_type type)
{
    switch (type) {
    case CONFIG_STR:
        return s->type == CONFIG_TYPE_STRING;
    case CONFIG_INT:
        return s->type == CONFIG_TYPE_INT || s->type == CONFIG_TYPE_INT64;
    case CONFIG_BOOL:
        return s->type == CONFIG_TYPE_BOOL;
    case CONFIG_GROUP:
        return s->type == CONFIG_TYPE_GROUP;
    case CONFIG_LIST:
        return s->type == CONFIG_TYPE_LIST;
    case CONFIG_STRS:
        if (s->type != CONFIG_TYPE_ARRAY && s->type != CONFIG_TYPE_LIST)
            return false;
        for (int i = 0; i < config_setting_length(s); i++)
            if (config_setting_get_elem(s, (unsigned)i)->type != CONFIG_TYPE_STRING)
                return false;
        return true;
    }
    return false;
}

/* What min and max speak of, for this type. */
static int64_t measure(const config_setting_t *s, config_type type, const char **noun)
{
    switch (type) {
    case CONFIG_INT:
        *noun = "";
        return config_setting_get_int64(s);
    case CONFIG_STR:
        *noun = " bytes long";
        return (int64_t)strlen(config_setting_get_string(s));
    case CONFIG_LIST:
    case CONFIG_STRS:
        *noun = " elements long";
        return config_setting_length(s);
    case CONFIG_BOOL:
    case CONFIG_GROUP:
        break;
    }
    *noun = "";
    return 0;
}

static sluis_err check_value(const config_setting_t *s, const config_key *k, sluis_fail *f)
{
    const char *noun, *unit = k->unit ? k->unit : "";
    if (!has_type(s, k->type))
        return config_fail(node(s), f, "\"%s\" must be %s", k->key, type_names[k->type]);
    if ((k->min == 0 && k->max == 0) || k->type == CONFIG_BOOL || k->type == CONFIG_GROUP)
        return SLUIS_OK;
    int64_t v = measure(s, k->type, &noun);
    bool open_ended = k->max < k->min;
    if (v >= k->min && (open_ended || v <= k->max))
        return SLUIS_OK;
    const char *gap = *unit ? " " : "";
    if (open_ended)
        return config_fail(node(s), f, "\"%s\" is %lld%s; at least %lld%s%s are needed", k->key, (long long)v,
                           noun, (long long)k->min, gap, unit);
    return config_fail(node(s), f, "\"%s\" is %lld%s; allowed are %lld to %lld%s%s", k->key, (long long)v,
                       noun, (long long)k->min, (long long)k->max, gap, unit);
}

static const config_key *find_key(const config_key *keys, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(keys[i].key, key) == 0)
            return &keys[i];
    return NULL;
}

sluis_err config_check(const config_node *group, const config_key *keys, size_t n, sluis_fail *f)
{
    const config_setting_t *g = setting(group);
    if (g->type != CONFIG_TYPE_GROUP)
        return config_fail(group, f, "this must be %s", type_names[CONFIG_GROUP]);
    for (int i = 0; i < config_setting_length(g); i++) {
        const config_setting_t *s = config_setting_get_elem(g, (unsigned)i);
        const config_key *k = find_key(keys, n, config_setting_name(s));
        if (!k)
            return config_fail(node(s), f, "unknown key \"%.64s\"", config_setting_name(s));
        sluis_err e = check_value(s, k, f);
        if (e)
            return e;
    }
    for (size_t i = 0; i < n; i++)
        if (keys[i].required && !config_get(group, keys[i].key))
            return config_fail(group, f, "key \"%s\" is missing (%s)", keys[i].key,
                               keys[i].help ? keys[i].help : type_names[keys[i].type]);
    return SLUIS_OK;
}

static bool same(const config_setting_t *a, const config_setting_t *b, const char *but);

static bool same_members(const config_setting_t *a, const config_setting_t *b, const char *but)
{
    for (int i = 0; i < config_setting_length(a); i++) {
        const config_setting_t *x = config_setting_get_elem(a, (unsigned)i);
        const config_setting_t *y = config_setting_is_group(a)
                                        ? config_setting_get_member(b, config_setting_name(x))
                                        : config_setting_get_elem(b, (unsigned)i);
        if (but && config_setting_is_group(a) && strcmp(config_setting_name(x), but) == 0)
            continue;
        if (!y || !same(x, y, NULL))
            return false;
    }
    return true;
}

/* Nesting was bounded when both were read. */
static bool same(const config_setting_t *a, const config_setting_t *b, const char *but)
{
    if (config_setting_is_number(a) && config_setting_is_number(b) &&
        config_setting_type(a) != CONFIG_TYPE_FLOAT && config_setting_type(b) != CONFIG_TYPE_FLOAT)
        return config_setting_get_int64(a) == config_setting_get_int64(b);
    if (config_setting_type(a) != config_setting_type(b))
        return false;
    switch (config_setting_type(a)) {
    case CONFIG_TYPE_STRING:
        return strcmp(config_setting_get_string(a), config_setting_get_string(b)) == 0;
    case CONFIG_TYPE_BOOL:
        return config_setting_get_bool(a) == config_setting_get_bool(b);
    case CONFIG_TYPE_FLOAT: /* no schema of ours has one */
        return false;
    case CONFIG_TYPE_GROUP:
        return same_members(a, b, but) && same_members(b, a, but);
    default:
        return config_setting_length(a) == config_setting_length(b) && same_members(a, b, NULL);
    }
}

bool config_same(const config_node *a, const config_node *b, const char *but)
{
    return same(setting(a), setting(b), but);
}

/* The setting of key, or NULL and the table's default. A key outside the table is our own mistake. */
static const config_setting_t *value_or_default(const config_node *group, const config_key *keys, size_t n,
                                                const char *key, config_type type, const char **dflt)
{
    const config_key *k = find_key(keys, n, key);
    assert(k && k->type == type);
    *dflt = k->dflt;
    return setting(config_get(group, key));
}

const char *config_str(const config_node *group, const config_key *keys, size_t n, const char *key)
{
    const char *dflt;
    const config_setting_t *s = value_or_default(group, keys, n, key, CONFIG_STR, &dflt);
    return s ? config_setting_get_string(s) : dflt;
}

int64_t config_int(const config_node *group, const config_key *keys, size_t n, const char *key)
{
    const char *dflt;
    const config_setting_t *s = value_or_default(group, keys, n, key, CONFIG_INT, &dflt);
    if (s)
        return config_setting_get_int64(s);
    return dflt ? strtoll(dflt, NULL, 10) : 0;
}

bool config_bool(const config_node *group, const config_key *keys, size_t n, const char *key)
{
    const char *dflt;
    const config_setting_t *s = value_or_default(group, keys, n, key, CONFIG_BOOL, &dflt);
    return s ? config_setting_get_bool(s) != 0 : dflt && strcmp(dflt, "true") == 0;
}

const config_node *config_get(const config_node *group, const char *key)
{
    return group ? node(config_setting_get_member(setting(group), key)) : NULL;
}

size_t config_count(const config_node *list)
{
    return list ? (size_t)config_setting_length(setting(list)) : 0;
}

const config_node *config_at(const config_node *list, size_t i)
{
    return i < config_count(list) ? node(config_setting_get_elem(setting(list), (unsigned)i)) : NULL;
}

const char *config_at_str(const config_node *strs, size_t i)
{
    const config_node *at = config_at(strs, i);
    return at ? config_setting_get_string(setting(at)) : NULL;
}
