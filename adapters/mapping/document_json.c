/* JSON files. A place is a concrete pointer ("/leveringen/0/teller"), a string in the document's arena; its
 * line is found by scanning the text along the pointer, because jansson keeps no positions. Duplicate keys
 * are refused; depth is jansson's 2048. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping/document.h"
#include "mapping/json_lines.h"

#define TOKENS_MAX   24
#define POINTER_MAX  512
#define PATTERNS_MAX 512

typedef struct {
    json_t *root;
    bytes text;
    const char *used[PATTERNS_MAX]; /* patterns of what mappings use; borrowed from the caller of cover */
    bool whole[PATTERNS_MAX];
    size_t used_count;
} json_state;

typedef struct {
    const char *p;
    size_t n;
} token;

/* Splits "/a/b" in place; -1 when it is not a pointer or too deep. "" is the whole document. */
static int split(const char *pointer, token *t)
{
    int n = 0;
    if (!*pointer)
        return 0;
    while (*pointer == '/') {
        if (n == TOKENS_MAX)
            return -1;
        const char *start = pointer + 1;
        pointer = start + strcspn(start, "/");
        t[n++] = (token){start, (size_t)(pointer - start)};
    }
    return *pointer ? -1 : n;
}

static bool is_any(token t)
{
    return t.n == 1 && t.p[0] == '*';
}

static bool token_equal(token a, token b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static sluis_err json_open(void **out, document *d, bytes text, const document_namespace *ns, size_t n,
                           sluis_fail *f)
{
    (void)ns;
    (void)n;
    json_state *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return fail_set(f, SLUIS_NOMEM, document_name(d), "out of memory");
    json_error_t e;
    s->text = text;
    s->root = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &e);
    if (s->root)
        return SLUIS_OK;
    char where[112];
    snprintf(where, sizeof where, "%s:%d", document_name(d), e.line > 0 ? e.line : 1);
    bool twice = json_error_code(&e) == json_error_duplicate_key;
    return fail_set(f, SLUIS_INVALID, where,
                    twice ? "the same member stands here twice" : "not JSON (column %d)", e.column);
}

static void json_close(void *state)
{
    json_state *s = state;
    json_decref(s->root);
    free(s);
}

static const char *json_root(void *state)
{
    (void)state;
    return "";
}

static int json_where(void *state, const void *place, char *path, size_t cap)
{
    const json_state *s = state;
    const char *pointer = place ? place : "";
    size_t n = strlen(pointer);
    if (n < cap)
        snprintf(path, cap, "%s", n ? pointer : "/");
    else
        snprintf(path, cap, "...%s", pointer + (n - (cap - 4)));
    return json_line(s->text, pointer);
}

/* One walk along a pattern. */
typedef struct {
    document *d;
    document_hits *out;
    size_t cap;
    token pattern[TOKENS_MAX];
    int n;
    char at[POINTER_MAX]; /* the concrete pointer so far */
    sluis_fail *f;
} walker;

static sluis_err add_value(walker *w, const json_t *v)
{
    char number[64];
    const char *text = NULL;
    size_t n = 0;
    const char *place = arena_strdup(document_arena(w->d), w->at);
    if (!place)
        return fail_set(w->f, SLUIS_TOO_BIG, document_name(w->d), "more values than memory is set aside for");
    if (json_is_string(v)) {
        text = json_string_value(v);
        n = json_string_length(v);
    } else if (json_is_boolean(v)) {
        text = json_is_true(v) ? "true" : "false";
        n = strlen(text);
    } else if (json_is_integer(v)) {
        n = (size_t)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        text = number;
    } else if (json_is_real(v)) {
        n = (size_t)snprintf(number, sizeof number, "%.10g", json_real_value(v));
        text = number;
    } else if (json_is_null(v)) {
        text = "";
    } else if (v) {
        return document_fail(w->d, place, w->f, "a list or group stands here instead of a value");
    }
    return document_add(w->d, w->out, &w->cap, text, n, place, w->f);
}

static sluis_err step(walker *w, const json_t *v, int i);

static sluis_err step_into(walker *w, const json_t *v, int i, const char *key)
{
    size_t n = strlen(w->at), k = strlen(key);
    if (n + k + 2 > sizeof w->at)
        return fail_set(w->f, SLUIS_TOO_BIG, document_name(w->d), "nested too deep");
    w->at[n] = '/';
    memcpy(w->at + n + 1, key, k + 1);
    sluis_err err = step(w, v, i + 1);
    w->at[n] = 0;
    return err;
}

static sluis_err step_any(walker *w, const json_t *v, int i)
{
    char index[24];
    sluis_err err = SLUIS_OK;
    for (size_t k = 0; json_is_array(v) && !err && k < json_array_size(v); k++) {
        snprintf(index, sizeof index, "%zu", k);
        err = step_into(w, json_array_get(v, k), i, index);
    }
    return err;
}

static sluis_err step(walker *w, const json_t *v, int i)
{
    if (i == w->n)
        return add_value(w, v);
    token t = w->pattern[i];
    if (is_any(t))
        return step_any(w, v, i);
    char key[POINTER_MAX];
    snprintf(key, sizeof key, "%.*s", (int)t.n, t.p);
    if (json_is_array(v)) {
        char *end;
        unsigned long k = strtoul(key, &end, 10);
        return *end || !key[0] || k >= json_array_size(v) ? SLUIS_OK
                                                          : step_into(w, json_array_get(v, k), i, key);
    }
    if (!json_is_object(v))
        return SLUIS_OK;
    const json_t *child = json_object_get(v, key);
    if (child || i == w->n - 1)
        return step_into(w, child, i, key);
    return SLUIS_OK;
}

static sluis_err json_select(void *state, document *d, const void *scope, const char *path,
                             document_hits *out, sluis_fail *f)
{
    json_state *s = state;
    walker w = {.d = d, .out = out, .f = f};
    token bound[TOKENS_MAX];
    w.n = split(path, w.pattern);
    if (w.n < 0)
        return fail_set(f, SLUIS_INVALID, document_name(d), "%.100s is not a JSON pointer", path);
    int m = scope ? split(scope, bound) : 0;
    for (int i = 0; i < w.n && i < m; i++) {
        if (!is_any(w.pattern[i]) && !token_equal(w.pattern[i], bound[i]))
            break;
        w.pattern[i] = bound[i];
    }
    return step(&w, s->root, 0);
}

static sluis_err json_cover(void *state, document *d, const char *path, bool whole, sluis_fail *f)
{
    json_state *s = state;
    if (s->used_count == PATTERNS_MAX)
        return fail_set(f, SLUIS_TOO_BIG, document_name(d), "more than %d paths in one mapping",
                        PATTERNS_MAX);
    s->used[s->used_count] = path;
    s->whole[s->used_count++] = whole;
    return SLUIS_OK;
}

static bool is_used(const json_state *s, const char *pointer)
{
    token want[TOKENS_MAX], have[TOKENS_MAX];
    int n = split(pointer, have);
    for (size_t u = 0; u < s->used_count; u++) {
        int m = split(s->used[u], want), i = 0;
        while (i < m && i < n && (is_any(want[i]) || token_equal(want[i], have[i])))
            i++;
        if (i == m && m >= 0 && (m == n || (s->whole[u] && m < n)))
            return true;
    }
    return false;
}

typedef struct {
    json_state *s;
    document_visit visit;
    void *ctx;
    char at[POINTER_MAX], generic[POINTER_MAX];
} leaf_walk;

static void leaves(leaf_walk *w, const json_t *v, int depth);

static void leaf_into(leaf_walk *w, const json_t *v, const char *key, const char *general, int depth)
{
    size_t a = strlen(w->at), g = strlen(w->generic);
    if (a + strlen(key) + 2 > sizeof w->at || g + strlen(general) + 2 > sizeof w->generic)
        return;
    snprintf(w->at + a, sizeof w->at - a, "/%s", key);
    snprintf(w->generic + g, sizeof w->generic - g, "/%s", general);
    leaves(w, v, depth + 1);
    w->at[a] = 0;
    w->generic[g] = 0;
}

static void leaves(leaf_walk *w, const json_t *v, int depth)
{
    char index[24];
    const char *key;
    json_t *child;
    if (depth < TOKENS_MAX && json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, child) leaf_into(w, child, key, key, depth);
    } else if (depth < TOKENS_MAX && json_is_array(v)) {
        for (size_t i = 0; i < json_array_size(v); i++) {
            snprintf(index, sizeof index, "%zu", i);
            leaf_into(w, json_array_get(v, i), index, "*", depth);
        }
    } else if (!json_is_null(v) && !is_used(w->s, w->at)) {
        w->visit(w->ctx, w->generic, json_line(w->s->text, w->at));
    }
}

static sluis_err json_uncovered(void *state, document *d, document_visit visit, void *ctx, sluis_fail *f)
{
    leaf_walk w = {.s = state, .visit = visit, .ctx = ctx};
    (void)d;
    (void)f;
    leaves(&w, w.s->root, 0);
    return SLUIS_OK;
}

const document_engine document_json = {
    .open = json_open,
    .close = json_close,
    .select = json_select,
    .root = json_root,
    .where = json_where,
    .cover = json_cover,
    .uncovered = json_uncovered,
};
