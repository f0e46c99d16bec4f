/* libconfig 1.5 reads the format; before it, one pass over the text refuses what it takes without a word:
 * numbers that do not fit (it wraps them), @include, \x escapes (NUL, broken UTF-8), nesting and groups
 * without bound, bytes that are not text. */
/* libconfig has a function of this name too; only the types and the other functions are wanted. */
#define config_read_file libconfig_read_file
#include <libconfig.h>
#undef config_read_file

#include "base/config.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define KEYS_MAX  1024 /* in one group: libconfig looks for duplicates one by one */
#define QUOTE_MAX 120  /* of the line shown in an error */
#define PLACE_MAX 100  /* of the file's name in an error; its tail says most */

struct config {
    config_t lib;
    char *name; /* owned */
    char *text; /* owned, NUL-terminated, ends in LF; for errors */
    size_t n;
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

/* The line's text without indentation, cut at QUOTE_MAX, what is not printable as '?'. A line beyond the
 * end, as libconfig counts, becomes the last one. */
static void quote_line(char out[static QUOTE_MAX + 4], const config *c, int *line)
{
    const char *p = c->text;
    for (int i = 1; i < *line; i++) {
        const char *lf = strchr(p, '\n');
        if (!lf || lf + 1 == c->text + c->n) {
            *line = i;
            break;
        }
        p = lf + 1;
    }
    p += strspn(p, " \t");
    size_t n = strcspn(p, "\r\n"), keep = n;
    if (n > QUOTE_MAX)
        for (keep = QUOTE_MAX; keep > 0 && ((unsigned char)p[keep] & 0xc0) == 0x80;)
            keep--;
    for (size_t i = 0; i < keep; i++)
        out[i] = (unsigned char)p[i] < 0x20 || p[i] == 0x7f ? '?' : p[i];
    if (!utf8_valid(BYTES(out, keep)))
        for (size_t i = 0; i < keep; i++)
            if ((unsigned char)out[i] >= 0x80)
                out[i] = '?';
    memcpy(out + keep, n > keep ? "..." : "", n > keep ? 4 : 1);
}

static sluis_err fail_line(const config *c, int line, sluis_fail *f, sluis_err code, const char *text)
{
    char place[PLACE_MAX + 20], quoted[QUOTE_MAX + 4];
    size_t len = strlen(c->name), skip = len > PLACE_MAX ? len - PLACE_MAX + 3 : 0;
    if (line < 1)
        line = 1;
    quote_line(quoted, c, &line);
    snprintf(place, sizeof place, "%s%s:%d", skip ? "..." : "", c->name + skip, line);
    return fail_set(f, code, place, "%s: \"%s\"", text, quoted);
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
    return fail_line(config_setting_get_hook(root), config_line(at), f, SLUIS_INVALID, text);
}

/* The pass before libconfig. */
typedef struct {
    const config *c;
    sluis_fail *f;
    const char *p, *end;
    int line;
    char last; /* first character of the token before, 0 at the start */
    size_t depth;
    struct {
        char open;
        int line;
        unsigned keys;
    } level[DEPTH_MAX + 1]; /* [0] is the file */
} scan;

static sluis_err scan_fail(const scan *s, int line, const char *text)
{
    return fail_line(s->c, line, s->f, SLUIS_INVALID, text);
}

static sluis_err check_bytes(const config *c, sluis_fail *f)
{
    int line = 1;
    for (size_t i = 0; i < c->n;) {
        size_t len = utf8_char((const uint8_t *)c->text + i, c->n - i);
        char b = c->text[i];
        if (len == 0)
            return fail_line(c, line, f, SLUIS_INVALID, "not UTF-8: save the file as UTF-8");
        if (((unsigned char)b < 0x20 && !strchr("\t\n\r", b)) || b == 0x7f || b == '\0')
            return fail_line(c, line, f, SLUIS_INVALID, "control character: remove it");
        line += b == '\n';
        i += len;
    }
    return SLUIS_OK;
}

static sluis_err skip_comment(scan *s)
{
    int from = s->line;
    for (s->p += 2; s->p < s->end; s->p++) {
        if (s->p[0] == '*' && s->p[1] == '/') {
            s->p += 2;
            return SLUIS_OK;
        }
        s->line += *s->p == '\n';
    }
    return scan_fail(s, from, "comment is never closed");
}

static sluis_err skip_string(scan *s)
{
    int from = s->line;
    for (s->p++; s->p < s->end; s->p++) {
        if (*s->p == '"') {
            s->p++;
            return SLUIS_OK;
        }
        if (*s->p == '\\' && (s->p[1] == 'x' || s->p[1] == 'X'))
            return scan_fail(s, s->line, "\\x escapes are not used here: write the character itself");
        if (*s->p == '\\' && (s->p[1] == '"' || s->p[1] == '\\'))
            s->p++;
        s->line += *s->p == '\n';
    }
    return scan_fail(s, from, "text is never closed");
}

/* libconfig leaks a text that its grammar has no use for: so it stands as a value, or after another text. */
static bool text_fits(const scan *s)
{
    bool in_list = s->level[s->depth].open == '(' || s->level[s->depth].open == '[';
    return s->last == '=' || s->last == ':' || s->last == '"' ||
           (in_list && (s->last == s->level[s->depth].open || s->last == ','));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Decimal or hexadecimal, "L" for more than 32 bits; a fraction or exponent is left to the schema check. */
static sluis_err check_number(scan *s)
{
    char *end, *real_end;
    errno = 0;
    bool hex = s->p[0] == '0' && (s->p[1] == 'x' || s->p[1] == 'X');
    long long v = strtoll(s->p, &end, hex ? 16 : 10);
    bool over = errno == ERANGE;
    strtod(s->p, &real_end);
    if (!hex && real_end > end) {
        s->p = real_end;
        return SLUIS_OK;
    }
    bool wide = *end == 'L';
    end += strspn(end, "L");
    s->p = end;
    if (over)
        return scan_fail(s, s->line, "number does not fit in 64 bits");
    if (!wide && (v > INT32_MAX || v < INT32_MIN))
        return scan_fail(s, s->line, "a number of more than 32 bits needs an L after it, as in 5000000000L");
    if (is_letter(*end))
        return scan_fail(s, s->line, "a number runs on into letters: end it with ;");
    return SLUIS_OK;
}

static sluis_err open_level(scan *s)
{
    if (s->depth == DEPTH_MAX)
        return scan_fail(s, s->line, "nested too deeply");
    s->depth++;
    s->level[s->depth].open = *s->p++;
    s->level[s->depth].line = s->line;
    s->level[s->depth].keys = 0;
    return SLUIS_OK;
}

static sluis_err close_level(scan *s)
{
    char open = *s->p == '}' ? '{' : *s->p == ')' ? '(' : '[';
    if (s->depth == 0 || s->level[s->depth].open != open) {
        char text[80];
        snprintf(text, sizeof text, s->depth ? "%c does not close the %c of line %d" : "%c closes nothing",
                 *s->p, s->level[s->depth].open, s->level[s->depth].line);
        return scan_fail(s, s->line, text);
    }
    s->depth--;
    s->p++;
    return SLUIS_OK;
}

static bool is_comment(const char *p)
{
    return p[0] == '#' || (p[0] == '/' && (p[1] == '/' || p[1] == '*'));
}

static sluis_err scan_token(scan *s)
{
    char c = *s->p, next = s->p[1];
    if (c == '#' || (c == '/' && next == '/')) {
        s->p += strcspn(s->p, "\n");
        return SLUIS_OK;
    }
    if (c == '/' && next == '*')
        return skip_comment(s);
    if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && is_digit(next)))
        return check_number(s);
    if (is_letter(c) || c == '*') {
        while (is_letter(*s->p) || is_digit(*s->p) || *s->p == '-' || *s->p == '_' || *s->p == '*')
            s->p++;
        return SLUIS_OK;
    }
    switch (c) {
    case '"':
        return text_fits(s) ? skip_string(s)
                            : scan_fail(s, s->line, "a text cannot stand here; write key = \"text\"");
    case '{':
    case '(':
    case '[':
        return open_level(s);
    case '}':
    case ')':
    case ']':
        return close_level(s);
    case '@':
        return scan_fail(s, s->line, "@include is not used here: one file holds it all");
    case '=':
    case ':':
        if (++s->level[s->depth].keys > KEYS_MAX)
            return scan_fail(s, s->line, "too many keys in one group");
        break;
    case '\n':
        s->line++;
        break;
    default:
        break;
    }
    s->p++;
    return SLUIS_OK;
}

static sluis_err scan_text(const config *c, sluis_fail *f)
{
    scan s = {.c = c, .f = f, .p = c->text, .end = c->text + c->n, .line = 1};
    sluis_err e = check_bytes(c, f);
    while (!e && s.p < s.end) {
        char first = *s.p;
        bool counts = !strchr(" \t\r\n", first) && !is_comment(s.p);
        e = scan_token(&s);
        if (counts)
            s.last = first;
    }
    if (!e && s.depth > 0)
        e = scan_fail(&s, s.level[s.depth].line, "bracket opened here is never closed");
    return e;
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
    c->n = n + !ended;
    if ((e = scan_text(c, f)) != SLUIS_OK)
        goto fail;
    if (!config_read_string(&c->lib, c->text)) {
        const char *why = config_error_text(&c->lib);
        e = fail_line(c, config_error_line(&c->lib), f, SLUIS_INVALID, why ? why : "syntax error");
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
