#include "mapping/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "mapping/mapping_file.h"
#include "wire/instance.h"

#define UNMAPPED_PATHS 4096

static sluis_err open_file(const mapping *m, const char *name, bytes text, document **d, sluis_fail *f)
{
    sluis_err err = document_open(d, m->format, name, text, m->ns, m->ns_count, f);
    if (!err && m->root && strcmp(document_root(*d), m->root) != 0)
        err = document_fail(*d, NULL, f, "%s starts with an element %s", m->standard, m->root);
    return err;
}

static sluis_err check_hit(document *d, const map_check *c, const document_hit *h, sluis_fail *f)
{
    const char *misfit;
    if (!h->text || !h->text[0])
        return c->required ? document_fail(d, h->place, f, "must be filled in") : SLUIS_OK;
    switch (c->test) {
    case TEST_EQUALS:
        return strcmp(h->text, c->equals) == 0 ? SLUIS_OK
                                               : document_fail(d, h->place, f, "must be %.100s", c->equals);
    case TEST_MATCHES:
        return regexec(&c->pattern, h->text, 0, NULL, 0) == 0
                   ? SLUIS_OK
                   : document_fail(d, h->place, f, "must match %.100s", c->matches);
    case TEST_BSN:
        return bsn_valid(h->text, strlen(h->text))
                   ? SLUIS_OK
                   : document_fail(d, h->place, f, "no BSN: fails the eleven-test");
    case TEST_TYPE:
        misfit = value_misfit(c->kind, h->text);
        return misfit ? document_fail(d, h->place, f, "must be %s", misfit) : SLUIS_OK;
    case TEST_PRESENT:
        break;
    }
    return SLUIS_OK;
}

static sluis_err run_checks(const mapping *m, document *d, sluis_fail *f)
{
    document_hits hits;
    sluis_err err = SLUIS_OK;
    for (size_t i = 0; !err && i < m->check_count; i++) {
        const map_check *c = &m->checks[i];
        err = document_select(d, NULL, c->path, &hits, f);
        if (!err && !hits.n && c->required && m->format == DOCUMENT_XML)
            err = document_fail(d, NULL, f, "%.150s is missing", c->path);
        for (size_t k = 0; !err && k < hits.n; k++)
            err = check_hit(d, c, &hits.v[k], f);
    }
    return err;
}

static sluis_err find_persons(const mapping *m, mapped_file *out, document_hits *hits, sluis_fail *f)
{
    sluis_err err = document_select(out->d, NULL, m->person, hits, f);
    if (err)
        return err;
    if (!hits->n)
        return document_fail(out->d, NULL, f, "no person: %.150s is missing", m->person);
    out->v = arena_alloc(document_arena(out->d), MAPPING_PERSONS * sizeof *out->v);
    if (!out->v)
        return fail_set(f, SLUIS_NOMEM, document_name(out->d), "out of memory");
    for (size_t i = 0; i < hits->n; i++) {
        const document_hit *h = &hits->v[i];
        if (!h->text || !bsn_valid(h->text, strlen(h->text)))
            return document_fail(out->d, h->place, f, "no BSN: fails the eleven-test");
        size_t k = 0;
        while (k < out->n && strcmp(out->v[k].bsn, h->text) != 0)
            k++;
        if (k < out->n)
            continue;
        if (m->format == DOCUMENT_XML && out->n)
            return document_fail(out->d, h->place, f, "a second person in one file");
        if (out->n == MAPPING_PERSONS)
            return document_fail(out->d, h->place, f, "more than %d persons in one file", MAPPING_PERSONS);
        out->v[out->n] = (mapped_person){0};
        memcpy(out->v[out->n++].bsn, h->text, BSN_LEN);
    }
    return SLUIS_OK;
}

typedef struct {
    const mapping *m;
    document *d;
    mapped_value *v; /* of one person */
    size_t n, cap;
    sluis_fail *f;
} taker;

static sluis_err rename_code(taker *t, const map_attribute *a, const document_hit *h, const char **value)
{
    for (size_t i = 0; a->codes && i < config_count(a->codes); i++) {
        const char *code = config_at_str(a->codes, i), *to = strchr(code, '=');
        size_t n = strlen(*value);
        if (to && (size_t)(to - code) == n && memcmp(code, *value, n) == 0) {
            *value = to + 1;
            return SLUIS_OK;
        }
    }
    return a->codes ? document_fail(t->d, h->place, t->f, "a code that the mapping does not know") : SLUIS_OK;
}

/* Same person, attribute and instance: the same value may stand in several places, another one may not. */
static sluis_err keep(taker *t, const map_attribute *a, const document_hit *h, const mapped_value *nv)
{
    size_t same = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i].attribute != nv->attribute)
            continue;
        same++;
        if (memcmp(t->v[i].instance, nv->instance, ID_LEN) != 0)
            continue;
        if (strcmp(t->v[i].value, nv->value) == 0)
            return SLUIS_OK;
        return document_fail(t->d, h->place, t->f, "a second, different value for %s of one person", a->name);
    }
    if (same == MAPPING_INSTANCES)
        return document_fail(t->d, h->place, t->f, "more than %d values for %s", MAPPING_INSTANCES, a->name);
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        mapped_value *v = arena_alloc(document_arena(t->d), cap * sizeof *v);
        if (!v)
            return fail_set(t->f, SLUIS_TOO_BIG, document_name(t->d),
                            "more values than memory is set aside for");
        if (t->n)
            memcpy(v, t->v, t->n * sizeof *v);
        t->v = v;
        t->cap = cap;
    }
    t->v[t->n++] = *nv;
    return SLUIS_OK;
}

static sluis_err instance_of(taker *t, const map_attribute *a, const document_hit *h, mapped_value *nv)
{
    document_hits key;
    if (!a->key)
        return SLUIS_OK;
    sluis_err err = document_select(t->d, h->place, a->key, &key, t->f);
    if (err)
        return err;
    if (key.n > 1)
        return document_fail(t->d, h->place, t->f, "%s: more than one %.100s", a->name, a->key);
    if (!key.n || !key.v[0].text || !key.v[0].text[0])
        return SLUIS_OK;
    id16 id;
    instance_id(&id, a->name, key.v[0].text);
    memcpy(nv->instance, id.b, ID_LEN);
    nv->keyed = true;
    return SLUIS_OK;
}

static sluis_err take_value(taker *t, const map_attribute *a, const document_hit *h)
{
    document_hits hits = {.v = (document_hit *)(uintptr_t)h, .n = 1};
    const char *value, *expected;
    char room[BOUNDS_TEXT];
    mapped_value nv = {.attribute = a->id};
    sluis_err err = a->value ? document_select(t->d, h->place, a->value, &hits, t->f) : SLUIS_OK;
    if (err)
        return err;
    if (hits.n > 1)
        return document_fail(t->d, h->place, t->f, "more than one value for %s", a->name);
    if (!hits.n || !hits.v[0].text || !hits.v[0].text[0])
        return SLUIS_OK;
    value = hits.v[0].text;
    err = rename_code(t, a, h, &value);
    if (err)
        return err;
    err = value_convert(document_arena(t->d), a->convert, value, &nv.value, &expected);
    if (err)
        return document_fail(t->d, h->place, t->f, "must be %s", expected);
    expected = entry_misfit(a->entry, nv.value, room);
    if (expected)
        return document_fail(t->d, h->place, t->f, "must be %s", expected);
    err = instance_of(t, a, h, &nv);
    return err ? err : keep(t, a, h, &nv);
}

static sluis_err take_person(taker *t, const document_hits *where, const char *bsn)
{
    document_hits hits;
    sluis_err err = SLUIS_OK;
    for (size_t p = 0; !err && p < where->n; p++) {
        if (strcmp(where->v[p].text, bsn) != 0)
            continue;
        const void *scope = t->m->format == DOCUMENT_JSON ? where->v[p].place : NULL;
        for (size_t i = 0; !err && i < t->m->attribute_count; i++) {
            const map_attribute *a = &t->m->attributes[i];
            err = document_select(t->d, scope, a->path, &hits, t->f);
            for (size_t k = 0; !err && k < hits.n; k++)
                err = take_value(t, a, &hits.v[k]);
        }
    }
    return err;
}

static sluis_err pass_gates(const mapping *m, document *d, mapped_person *p, sluis_fail *f)
{
    const char *value;
    for (size_t i = 0; i < m->gate_count; i++) {
        sluis_err err = document_value(d, m->gates[i].path, &value, f);
        if (err)
            return err;
        if (!value || strcmp(value, m->gates[i].equals) != 0) {
            p->refusal = m->gates[i].reason;
            p->explanation = m->gates[i].explanation;
            break;
        }
    }
    return SLUIS_OK;
}

static sluis_err apply(const mapping *m, mapping_check check, const char *name, bytes text,
                       const char *wanted, bool values, mapped_file *out, sluis_fail *f)
{
    document_hits persons;
    *out = (mapped_file){0};
    sluis_err err = open_file(m, name, text, &out->d, f);
    if (!err)
        err = run_checks(m, out->d, f);
    if (!err && check)
        err = check(out->d, f);
    if (!err)
        err = find_persons(m, out, &persons, f);
    for (size_t i = 0; values && !err && i < out->n; i++) {
        if (wanted && strcmp(wanted, out->v[i].bsn) != 0)
            continue;
        taker t = {.m = m, .d = out->d, .f = f};
        err = take_person(&t, &persons, out->v[i].bsn);
        out->v[i].v = t.v;
        out->v[i].n = t.n;
        if (!err)
            err = pass_gates(m, out->d, &out->v[i], f);
    }
    if (err)
        mapped_file_close(out);
    return err;
}

sluis_err mapping_apply(const mapping *m, mapping_check check, const char *name, bytes text,
                        const char *wanted, mapped_file *out, sluis_fail *f)
{
    return apply(m, check, name, text, wanted, true, out, f);
}

sluis_err mapping_persons(const mapping *m, mapping_check check, const char *name, bytes text,
                          mapped_file *out, sluis_fail *f)
{
    return apply(m, check, name, text, NULL, false, out, f);
}

void mapped_file_close(mapped_file *file)
{
    document_free(&file->d);
    *file = (mapped_file){0};
}

/* ---- what is left out ---- */
typedef struct {
    char *path; /* owned */
    unsigned times;
    int line;
} left_out;

typedef struct {
    left_out *v;
    size_t n;
    bool full;
} left_out_list;

static void note_left_out(void *ctx, const char *path, int line)
{
    left_out_list *l = ctx;
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->v[i].path, path) == 0) {
            l->v[i].times++;
            return;
        }
    }
    char *copy = l->n < UNMAPPED_PATHS ? strdup(path) : NULL;
    if (copy)
        l->v[l->n++] = (left_out){copy, 1, line};
    else
        l->full = true;
}

static sluis_err cover_all(const mapping *m, document *d, sluis_fail *f)
{
    sluis_err err = document_cover(d, m->person, false, f);
    for (size_t i = 0; !err && i < m->check_count; i++)
        err = document_cover(d, m->checks[i].path, false, f);
    for (size_t i = 0; !err && i < m->gate_count; i++)
        err = document_cover(d, m->gates[i].path, false, f);
    for (size_t i = 0; !err && i < m->attribute_count; i++) {
        const map_attribute *a = &m->attributes[i];
        err = document_cover(d, a->path, a->value != NULL, f);
        if (!err && a->key && m->format == DOCUMENT_JSON)
            err = document_cover(d, a->key, false, f);
    }
    for (size_t i = 0; !err && m->ignore && i < config_count(m->ignore); i++)
        err = document_cover(d, config_at_str(m->ignore, i), true, f);
    return err;
}

sluis_err mapping_unmapped(const mapping *m, const char *name, bytes text, buffer *out, sluis_fail *f)
{
    document *d = NULL;
    left_out_list list = {.v = calloc(UNMAPPED_PATHS, sizeof *list.v)};
    if (!list.v)
        return fail_set(f, SLUIS_NOMEM, name, "out of memory");
    sluis_err err = open_file(m, name, text, &d, f);
    if (!err)
        err = cover_all(m, d, f);
    if (!err)
        err = document_uncovered(d, note_left_out, &list, f);
    for (size_t i = 0; i < list.n; i++) {
        buffer_printf(out, "%s\t%u\t%d\n", list.v[i].path, list.v[i].times, list.v[i].line);
        free(list.v[i].path);
    }
    free(list.v);
    document_free(&d);
    if (!err && (list.full || out->err))
        err = fail_set(f, SLUIS_TOO_BIG, name, "more than %d different paths are left out", UNMAPPED_PATHS);
    return err;
}
