#include "http/routes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "http/json.h"
#include "http/schema.h"

typedef struct {
    char path[256]; /* server prefix and path, "{name}" for a parameter */
    size_t pieces;  /* of the path, between slashes */
    char method[8]; /* "GET" */
    size_t operation;
    bool needs_token;
    bool rest;                /* the last parameter takes all that follows, slashes too (x-rest) */
    const json_t *parameters; /* array, or NULL; borrowed from the document */
    const json_t *body;
} route;

struct routes {
    json_t *document;
    route list[ROUTES_MAX];
    size_t count;
};

/* ---- building ----------------------------------------------------------------------------------------- */

static sluis_err broken(sluis_fail *f, const char *where, const char *why)
{
    return fail_set(f, SLUIS_INVALID, where, "openapi.json: %s", why);
}

/* The path item's own first server, else the document's; "/" counts as none. */
static const char *prefix_of(const json_t *document, const json_t *item)
{
    const json_t *servers = json_object_get(item, "servers");
    if (!servers)
        servers = json_object_get(document, "servers");
    const char *url = json_str(json_array_get(servers, 0), "url");
    return url && strcmp(url, "/") != 0 ? url : "";
}

static sluis_err check_parameters(const routes *r, route *t, sluis_fail *f)
{
    size_t i;
    json_t *one;
    json_array_foreach(t->parameters, i, one)
    {
        const json_t *p = schema_resolve(r->document, one);
        const char *in = json_str(p, "in"), *name = json_str(p, "name");
        char piece[80];
        if (!in || !name || (strcmp(in, "path") != 0 && strcmp(in, "query") != 0))
            return broken(f, t->path, "a parameter without name or place");
        sluis_err e = schema_supported(r->document, json_object_get(p, "schema"), f);
        if (e)
            return e;
        snprintf(piece, sizeof piece, "{%s}", name);
        const char *at = strstr(t->path, piece);
        if ((strcmp(in, "path") == 0) != (at != NULL))
            return broken(f, t->path, "path and path parameters do not agree");
        if (json_is_true(json_object_get(p, "x-rest"))) {
            if (!at || at[strlen(piece)])
                return broken(f, t->path, "x-rest is for the last piece of a path");
            t->rest = true;
        }
    }
    return SLUIS_OK;
}

static sluis_err add_route(routes *r, const char *path, const json_t *item, const char *method,
                           const json_t *op, const char *const *operations, size_t n, sluis_fail *f)
{
    if (r->count == ROUTES_MAX)
        return broken(f, path, "too many routes");
    route *t = &r->list[r->count];
    const char *id = json_str(op, "operationId");
    size_t index = 0;
    while (id && index < n && strcmp(operations[index], id) != 0)
        index++;
    if (!id || index == n)
        return fail_set(f, SLUIS_INVALID, path, "openapi.json: operation \"%s\" has no handler",
                        id ? id : "");
    for (size_t i = 0; i < r->count; i++)
        if (r->list[i].operation == index)
            return broken(f, id, "this operationId occurs twice");
    int len = snprintf(t->path, sizeof t->path, "%s%s", prefix_of(r->document, item), path);
    if (len < 0 || (size_t)len >= sizeof t->path || strlen(method) >= sizeof t->method)
        return broken(f, path, "path too long, or an odd method");
    for (const char *at = t->path; *at; at++)
        t->pieces += *at == '/';
    for (size_t i = 0; i <= strlen(method); i++)
        t->method[i] = (char)toupper((unsigned char)method[i]);
    const json_t *security = json_object_get(op, "security");
    t->operation = index;
    t->needs_token = !security || json_array_size(security) > 0;
    t->parameters = json_object_get(op, "parameters");
    const json_t *content = json_object_get(json_object_get(op, "requestBody"), "content");
    t->body = json_object_get(json_object_get(content, "application/json"), "schema");
    r->count++;
    sluis_err e = check_parameters(r, t, f);
    if (!e && t->body)
        e = schema_supported(r->document, t->body, f);
    return e;
}

static sluis_err add_path(routes *r, const char *path, const json_t *item, const char *const *operations,
                          size_t n, sluis_fail *f)
{
    const char *key;
    json_t *op;
    json_object_foreach((json_t *)(uintptr_t)item, key, op)
    {
        if (strcmp(key, "servers") == 0)
            continue;
        sluis_err e = add_route(r, path, item, key, op, operations, n, f);
        if (e)
            return e;
    }
    return SLUIS_OK;
}

static sluis_err check_all_used(const routes *r, const char *const *operations, size_t n, sluis_fail *f)
{
    for (size_t i = 0; i < n; i++) {
        bool used = false;
        for (size_t k = 0; k < r->count; k++)
            used = used || r->list[k].operation == i;
        if (!used)
            return fail_set(f, SLUIS_INVALID, operations[i], "this handler has no operation in openapi.json");
    }
    return SLUIS_OK;
}

sluis_err routes_new(routes **out, bytes openapi, const char *const *operations, size_t n, sluis_fail *f)
{
    const char *path;
    json_t *item;
    routes *r = calloc(1, sizeof *r);
    if (!r)
        return SLUIS_NOMEM;
    sluis_err e = json_request_parse(&r->document, openapi, f);
    if (e)
        goto fail;
    json_object_foreach(json_object_get(r->document, "paths"), path, item)
    {
        e = add_path(r, path, item, operations, n, f);
        if (e)
            goto fail;
    }
    if ((e = check_all_used(r, operations, n, f)))
        goto fail;
    *out = r;
    return SLUIS_OK;
fail:
    routes_free(&r);
    return e;
}

void routes_free(routes **at)
{
    if (!*at)
        return;
    json_decref((*at)->document);
    free(*at);
    *at = NULL;
}

const json_t *routes_document(const routes *r)
{
    return r->document;
}

/* ---- matching ----------------------------------------------------------------------------------------- */

typedef struct {
    size_t count;
    char name[SEGMENTS_MAX][SEGMENT_MAX + 1];
} segments;

/* Percent-decodes n bytes; false when it does not fit or is not UTF-8. The gate has checked the escapes. */
static bool decode(char *out, size_t cap, const char *in, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (m + 1 >= cap)
            return false;
        uint8_t byte;
        if (in[i] == '%' && i + 2 < n && hex_decode(&byte, 1, in + i + 1, 2) == SLUIS_OK) {
            out[m++] = (char)byte;
            i += 2;
        } else {
            out[m++] = in[i];
        }
    }
    out[m] = 0;
    return strlen(out) == m && utf8_valid(BYTES(out, m));
}

static bool not_found(problem *p)
{
    problem_set(p, 404, "not-found", "Niet gevonden", NULL,
                "Dit adres bestaat niet; kijk in /v1/openapi.json.");
    return false;
}

/* A person number in an address ends up in logs, histories and proxies: refused before anything is looked up.
 */
static bool refuse_bsn(const char *value, const char *where, problem *p)
{
    for (const char *at = value;;) {
        size_t n = strcspn(at, ",");
        if (bsn_valid(at, n)) {
            problem_set(p, 400, "bsn-in-adres", "Persoonsnummer in het adres", where,
                        "Een burgerservicenummer hoort nooit in een adres: adressen komen in logboeken "
                        "terecht. Open een "
                        "zaak met het BSN in de inhoud en gebruik daarna zaakId en lid.");
            return false;
        }
        if (!at[n])
            return true;
        at += n + 1;
    }
}

static bool split_path(const char *target, size_t n, segments *s, problem *p)
{
    s->count = 0;
    for (size_t at = 1; at <= n;) {
        size_t len = 0;
        while (at + len < n && target[at + len] != '/')
            len++;
        if (s->count == SEGMENTS_MAX || !decode(s->name[s->count], SEGMENT_MAX + 1, target + at, len))
            return not_found(p);
        if (!refuse_bsn(s->name[s->count], "pad", p))
            return false;
        s->count++;
        at += len + 1;
    }
    return true;
}

/* A slash that was written as %2F is part of no value. */
static bool is_value(const char *segment)
{
    return segment[0] && !strchr(segment, '/');
}

/* Compares a template with the segments; parameters match any non-empty segment. */
static bool matches(const route *t, const segments *s)
{
    const char *at = t->path;
    if (t->rest ? s->count < t->pieces : s->count != t->pieces)
        return false;
    for (size_t i = 0; i < t->pieces; i++) {
        size_t n = strcspn(++at, "/");
        bool parameter = at[0] == '{';
        if (parameter ? !is_value(s->name[i]) : strlen(s->name[i]) != n || memcmp(s->name[i], at, n) != 0)
            return false;
        at += n;
    }
    for (size_t i = t->pieces; i < s->count; i++)
        if (!is_value(s->name[i]))
            return false;
    return true;
}

static const json_t *parameter(const routes *r, const route *t, const char *in, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(t->parameters, i, one)
    {
        const json_t *p = schema_resolve(r->document, one);
        if (strcmp(json_str(p, "in"), in) == 0 && strcmp(json_str(p, "name"), name) == 0)
            return json_object_get(p, "schema");
    }
    return NULL;
}

static bool read_one(const routes *r, const json_t *schema, const char *name, const char *text, json_t *into,
                     problem *p)
{
    json_t *v = schema_read_text(r->document, schema, text, name, p);
    return v && json_object_set_new(into, name, v) == 0;
}

static bool read_path(const routes *r, const route *t, const segments *s, json_t *into, problem *p)
{
    const char *at = t->path + 1;
    for (size_t i = 0; i < s->count; i++) {
        size_t n = strcspn(at, "/");
        char name[64], value[SEGMENTS_MAX * (SEGMENT_MAX + 1)];
        if (at[0] == '{') {
            snprintf(name, sizeof name, "%.*s", (int)(n - 2), at + 1);
            size_t len = (size_t)snprintf(value, sizeof value, "%s", s->name[i]);
            while (!at[n] && i + 1 < s->count) /* x-rest */
                len += (size_t)snprintf(value + len, sizeof value - len, "/%s", s->name[++i]);
            if (!read_one(r, parameter(r, t, "path", name), name, value, into, p))
                return false;
        }
        at += at[n] ? n + 1 : n;
    }
    return true;
}

static bool read_query(const routes *r, const route *t, const char *query, json_t *into, problem *p)
{
    char name[65], value[QUERY_MAX + 1];
    while (*query) {
        size_t n = strcspn(query, "&"), eq = 0;
        while (eq < n && query[eq] != '=')
            eq++;
        if (!decode(name, sizeof name, query, eq) ||
            !decode(value, sizeof value, query + eq + (eq < n), n - eq - (eq < n))) {
            problem_set(p, 400, "invalid", "Ongeldige invoer", "zoekdeel", "te lang, of geen UTF-8");
            return false;
        }
        if (!refuse_bsn(value, "zoekdeel", p) || !refuse_bsn(name, "zoekdeel", p))
            return false;
        const json_t *schema = parameter(r, t, "query", name);
        if (!schema || json_object_get(into, name)) {
            problem_set(p, 400, "onbekende-parameter", "Ongeldige invoer",
                        schema || schema_reads_like_name(name) ? name : "zoekdeel",
                        schema ? "deze parameter staat er twee keer" : "deze parameter bestaat hier niet");
            return false;
        }
        if (!read_one(r, schema, name, value, into, p))
            return false;
        query += n + (query[n] == '&');
    }
    return true;
}

static void add_allowed(route_match *m, const char *method)
{
    size_t n = strlen(m->allow);
    snprintf(m->allow + n, sizeof m->allow - n, "%s%s%s", n ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

bool routes_find(const routes *r, const char *method, const char *target, route_match *m, problem *p)
{
    segments s;
    const route *found = NULL;
    size_t n = strcspn(target, "?");
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    *m = (route_match){0};
    if (!split_path(target, n, &s, p))
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (matches(&r->list[i], &s)) {
            add_allowed(m, r->list[i].method);
            if (strcmp(r->list[i].method, wanted) == 0)
                found = &r->list[i];
        }
    if (!m->allow[0])
        return not_found(p);
    add_allowed(m, "OPTIONS");
    if (!found) {
        problem_set(p, 405, "methode", "Methode niet toegestaan", NULL, "Dit adres kent: %s.", m->allow);
        return false;
    }
    m->operation = found->operation;
    m->needs_token = found->needs_token;
    m->body = found->body;
    m->parameters = json_object();
    if (m->parameters && read_path(r, found, &s, m->parameters, p) &&
        read_query(r, found, target[n] ? target + n + 1 : "", m->parameters, p))
        return true;
    json_decref(m->parameters);
    m->parameters = NULL;
    problem_set(p, 500, "no-memory", "Interne fout", NULL, "geen geheugen");
    return false;
}
