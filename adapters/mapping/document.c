#include "mapping/document.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping/catalogue.h"

#define ARENA_MAX      (64u << 20)
#define NAME_MAX_BYTES 80

struct document {
    const document_engine *engine;
    void *state;
    arena *arena;
    char name[NAME_MAX_BYTES + 1];
};

sluis_err document_open(document **out, document_format format, const char *name, bytes text,
                        const document_namespace *ns, size_t ns_count, sluis_fail *f)
{
    *out = NULL;
    if (text.n > DOCUMENT_MAX_BYTES)
        return fail_set(f, SLUIS_TOO_BIG, name, "the file is larger than %u bytes", DOCUMENT_MAX_BYTES);
    document *d = calloc(1, sizeof *d);
    if (!d)
        return fail_set(f, SLUIS_NOMEM, name, "out of memory");
    d->engine = format == DOCUMENT_XML ? &document_xml : &document_json;
    snprintf(d->name, sizeof d->name, "%s", name);
    d->arena = arena_new(ARENA_MAX);
    sluis_err err = d->arena ? SLUIS_OK : fail_set(f, SLUIS_NOMEM, name, "out of memory");
    if (!err)
        err = d->engine->open(&d->state, d, text, ns, ns_count, f);
    if (err)
        document_free(&d);
    *out = d;
    return err;
}

void document_free(document **d)
{
    if (!*d)
        return;
    if ((*d)->state)
        (*d)->engine->close((*d)->state);
    arena_free(&(*d)->arena);
    free(*d);
    *d = NULL;
}

arena *document_arena(document *d)
{
    return d->arena;
}

const char *document_name(const document *d)
{
    return d->name;
}

const char *document_root(document *d)
{
    return d->engine->root(d->state);
}

sluis_err document_select(document *d, const void *scope, const char *path, document_hits *out, sluis_fail *f)
{
    *out = (document_hits){0};
    return d->engine->select(d->state, d, scope, path, out, f);
}

sluis_err document_value(document *d, const char *path, const char **value, sluis_fail *f)
{
    document_hits hits;
    *value = NULL;
    sluis_err err = document_select(d, NULL, path, &hits, f);
    if (err)
        return err;
    if (hits.n > 1)
        return document_fail(d, hits.v[1].place, f, "stands here more than once");
    if (hits.n == 1)
        *value = hits.v[0].text;
    return SLUIS_OK;
}

sluis_err document_fail(document *d, const void *place, sluis_fail *f, const char *fmt, ...)
{
    char path[160], where[NAME_MAX_BYTES + 16], text[200];
    int line = d->engine->where(d->state, place, path, sizeof path);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(where, sizeof where, "%s:%d", d->name, line);
    return fail_set(f, SLUIS_INVALID, where, "element %s: %s", path, text);
}

sluis_err document_cover(document *d, const char *path, bool whole, sluis_fail *f)
{
    return d->engine->cover(d->state, d, path, whole, f);
}

sluis_err document_uncovered(document *d, document_visit visit, void *ctx, sluis_fail *f)
{
    return d->engine->uncovered(d->state, d, visit, ctx, f);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

sluis_err document_add(document *d, document_hits *hits, size_t *cap, const char *text, size_t n,
                       const void *place, sluis_fail *f)
{
    if (hits->n >= DOCUMENT_MAX_HITS)
        return document_fail(d, place, f, "stands here more than %d times", DOCUMENT_MAX_HITS);
    if (hits->n == *cap) {
        size_t more = *cap ? *cap * 2 : 8;
        document_hit *v = arena_alloc(d->arena, more * sizeof *v);
        if (!v)
            return fail_set(f, SLUIS_TOO_BIG, d->name, "more values than %u bytes hold", ARENA_MAX);
        if (hits->n)
            memcpy(v, hits->v, hits->n * sizeof *v);
        hits->v = v;
        *cap = more;
    }
    char *copy = NULL;
    if (text) {
        for (; n && is_space(text[0]); text++)
            n--;
        for (; n && is_space(text[n - 1]);)
            n--;
        if (n > VALUE_MAX_BYTES)
            return document_fail(d, place, f, "longer than %d bytes", VALUE_MAX_BYTES);
        copy = arena_alloc(d->arena, n + 1);
        if (!copy)
            return fail_set(f, SLUIS_TOO_BIG, d->name, "more values than %u bytes hold", ARENA_MAX);
        memcpy(copy, text, n);
        copy[n] = 0;
    }
    hits->v[hits->n++] = (document_hit){copy, place};
    return SLUIS_OK;
}
