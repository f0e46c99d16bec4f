/* Lines of an existing file of data, as `sluisctl register import` sends them: text of whole lines, each a
 * JSON object.
 *
 *   bsn         nine digits
 *   naam        the attribute's name in the catalogue
 *   waarde      as the catalogue's type writes it; empty: it stays at its source (at_source_s), which has it
 *   voorkomen   what tells several of one attribute apart (a case number, a name); optional
 *   verkregen, geldigVan, geldigTot   YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ; optional
 *
 * A fault names line and member, never a value. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "operator/desk.h"
#include "wire/instance.h"

#define LINES_MAX 1024 /* of one batch: core's other work waits for it */

static const char *const members[] = {"bsn",       "naam",      "waarde",   "voorkomen",
                                      "verkregen", "geldigVan", "geldigTot"};

static sluis_err known_members(json_t *o, sluis_fail *f, const char *where)
{
    const char *key;
    json_t *v;
    json_object_foreach(o, key, v)
    {
        size_t i = 0, n = sizeof(members) / sizeof(members[0]);
        while (i < n && strcmp(members[i], key) != 0)
            i++;
        if (i == n)
            return fail_set(f, SLUIS_INVALID, where,
                            "has a member that is not known: bsn, naam, waarde, voorkomen, "
                            "verkregen, geldigVan and geldigTot are");
        if (!json_is_string(v))
            return fail_set(f, SLUIS_INVALID, where, "%s: a string is needed", members[i]);
    }
    return SLUIS_OK;
}

static sluis_err need(const json_t *o, const char *key, arena *a, const char **out, sluis_fail *f,
                      const char *where)
{
    const char *s = json_string_value(json_object_get(o, key));
    if (!s || (!s[0] && strcmp(key, "waarde") != 0)) /* empty: of a datum that stays at its source */
        return fail_set(f, SLUIS_INVALID, where, "%s is missing", key);
    *out = arena_strdup(a, s);
    return *out ? SLUIS_OK : SLUIS_NOMEM;
}

static sluis_err moment(const json_t *o, const char *key, uint64_t *out, sluis_fail *f, const char *where)
{
    const char *s = json_string_value(json_object_get(o, key));
    *out = 0;
    return s && time_parse(out, s) ? fail_set(f, SLUIS_INVALID, where, "%s: write YYYY-MM-DD", key)
                                   : SLUIS_OK;
}

static sluis_err read_line(json_t *o, arena *a, import_line *l, sluis_fail *f, const char *where)
{
    const char *instance = json_string_value(json_object_get(o, "voorkomen"));
    sluis_err e = known_members(o, f, where);
    if (!e)
        e = need(o, "bsn", a, &l->bsn, f, where);
    if (!e)
        e = need(o, "naam", a, &l->attribute, f, where);
    if (!e)
        e = need(o, "waarde", a, &l->value, f, where);
    if (!e)
        e = moment(o, "verkregen", &l->obtained, f, where);
    if (!e)
        e = moment(o, "geldigVan", &l->valid_from, f, where);
    if (!e)
        e = moment(o, "geldigTot", &l->valid_until, f, where);
    if (!e && instance && instance[0])
        instance_id(&l->instance, l->attribute, instance);
    return e;
}

/* The text's lines, each ending in a line feed. */
static sluis_err read_lines(const char *text, size_t n, arena *a, import_batch *b, sluis_fail *f)
{
    size_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    if (lines > LINES_MAX || (n && text[n - 1] != '\n'))
        return fail_set(f, SLUIS_INVALID, "text", "at most %d lines, each ending in a line feed", LINES_MAX);
    b->lines = arena_alloc(a, (lines + 1) * sizeof(*b->lines));
    if (!b->lines)
        return SLUIS_NOMEM;
    memset(b->lines, 0, (lines + 1) * sizeof(*b->lines));
    for (sluis_err e = SLUIS_OK; b->count < lines; b->count++) {
        char where[32];
        json_error_t bad;
        size_t len = (size_t)((const char *)memchr(text, '\n', n) - text);
        snprintf(where, sizeof(where), "line %" PRIu64, b->first + b->count);
        json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &bad);
        e = json_is_object(o) ? read_line(o, a, &b->lines[b->count], f, where)
                              : fail_set(f, SLUIS_INVALID, where, "is not one JSON object");
        json_decref(o);
        if (e)
            return e;
        text += len + 1;
        n -= len + 1;
    }
    return SLUIS_OK;
}

static sluis_err read_batch(desk *d, const json_t *q, arena *a, import_batch *b, sluis_fail *f)
{
    const char *file = desk_text(q, "file", f), *source = json_string_value(json_object_get(q, "source")),
               *law = json_string_value(json_object_get(q, "law")),
               *basis = file ? desk_text(q, "basis", f) : NULL;
    const json_t *text = json_object_get(q, "text");
    json_int_t first = json_integer_value(json_object_get(q, "first"));
    if (!basis)
        return SLUIS_INVALID;
    if (hex_decode(b->file, HASH_LEN, file, strlen(file)))
        return fail_set(f, SLUIS_INVALID, "file", "a hash is %d hexadecimal digits", 2 * HASH_LEN);
    b->source = desk_parts(d)->settings->oin;
    if (source && oin_parse(&b->source, source, strlen(source)))
        return fail_set(f, SLUIS_INVALID, "source", "is not an OIN: 20 characters");
    if (first < 1)
        return fail_set(f, SLUIS_INVALID, "first", "the number of the first line is needed, from 1 on");
    b->first = (uint64_t)first;
    b->check = json_is_true(json_object_get(q, "check"));
    b->basis = arena_strdup(a, basis);
    b->law = law ? arena_strdup(a, law) : NULL;
    return b->basis && !law == !b->law
               ? read_lines(json_string_value(text), json_string_length(text), a, b, f)
               : SLUIS_NOMEM;
}

json_t *desk_register_import(desk *d, const json_t *q, sluis_fail *f)
{
    json_t *out = NULL;
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    arena *a = j ? job_arena(j) : NULL;
    sluis_err e =
        a && (j->import = arena_alloc(a, sizeof(*j->import))) ? desk_words(d, q, j, f) : SLUIS_NOMEM;
    if (!e) {
        memset(j->import, 0, sizeof(*j->import));
        j->change = CHANGE_IMPORT;
        e = read_batch(d, q, a, j->import, f);
    }
    desk_ask(d, &j, e, "register.import", f);
    if (j) {
        const uint64_t *n = j->import->counts;
        out = json_pack("{s:I, s:I, s:I, s:I, s:I}", "lines", (json_int_t)j->import->taken, "new",
                        (json_int_t)n[DATUM_NEW], "same", (json_int_t)n[DATUM_SAME], "newer",
                        (json_int_t)n[DATUM_NEWER], "discrepancies", (json_int_t)n[DATUM_DISCREPANCY]);
    }
    job_free(&j);
    return out;
}
