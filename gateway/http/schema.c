#include "http/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/note.h"
#include "journal/tile_path.h"

#define DEPTH_MAX 8
#define PLACE_MAX 160
#define TITLE     "Ongeldige invoer"

static bool is_uuid(const char *s, size_t n)
{
    uuid u;
    return n == UUID_STR - 1 && uuid_parse(&u, s) == SLUIS_OK;
}

static bool is_case_id(const char *s, size_t n)
{
    id16 id;
    return n == 2 * ID_LEN && id_parse(&id, s) == SLUIS_OK;
}

static bool is_time(const char *s, size_t n)
{
    uint64_t ms;
    return n > 10 && time_parse(&ms, s) == SLUIS_OK;
}

static bool is_name(const char *s, size_t n)
{
    return n > 0 && name_valid(s);
}

static bool is_tile(const char *s, size_t n)
{
    uint64_t tile;
    uint32_t width;
    return n > 0 && tile_path_parse(s, &tile, &width);
}

static bool is_bookmark(const char *s, size_t n)
{
    return n > 0 && n % 2 == 0 && strspn(s, "0123456789abcdef") == n;
}

/* "na-" and a size: a bare number of nine digits could be a person's. */
static bool is_size(const char *s, size_t n)
{
    uint64_t size;
    return n > 3 && memcmp(s, "na-", 3) == 0 && note_number(&size, BYTES(s + 3, n - 3)) && size <= INT64_MAX;
}

static const struct {
    const char *name;
    bool (*valid)(const char *s, size_t n);
    const char *text;
} formats[] = {
    {"naam", is_name, "een naam bestaat uit kleine letters, cijfers en . _ : - (ten hoogste 64)"},
    {"oin", oin_valid, "een OIN heeft 20 tekens"},
    {"bsn", bsn_valid, "geen geldig burgerservicenummer (negen cijfers, elfproef)"},
    {"uuid", is_uuid, "geen geldig transactienummer (UUID)"},
    {"zaak-id", is_case_id, "een zaakId heeft 32 hexadecimale tekens"},
    {"bladwijzer", is_bookmark, "neem een bladwijzer over zoals een eerder antwoord die gaf"},
    {"tegel", is_tile, "een tegel heet als in tlog-tiles: 067, x001/x234/067 of 067.p/12"},
    {"omvang", is_size, "schrijf na- en de omvang, zoals na-1234"},
    {"date-time", is_time, "geen moment volgens RFC 3339 in UTC, zoals 2026-11-24T09:30:00Z"},
};

const json_t *schema_resolve(const json_t *document, const json_t *schema)
{
    for (int i = 0; i < DEPTH_MAX; i++) {
        const char *ref = json_string_value(json_object_get(schema, "$ref"));
        char part[64];
        if (!ref)
            return json_is_object(schema) ? schema : NULL;
        if (strncmp(ref, "#/", 2) != 0)
            return NULL;
        schema = document;
        for (ref += 2; ref && *ref;) {
            size_t n = strcspn(ref, "/");
            if (n >= sizeof part)
                return NULL;
            memcpy(part, ref, n);
            part[n] = 0;
            schema = json_object_get(schema, part);
            ref += ref[n] ? n + 1 : n;
        }
    }
    return NULL;
}

static bool known_format(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return true;
    return false;
}

static bool known_keyword(const char *key)
{
    static const char *const keywords[] = {"type",    "properties", "required",    "additionalProperties",
                                           "items",   "minItems",   "maxItems",    "uniqueItems",
                                           "enum",    "minLength",  "maxLength",   "minimum",
                                           "maximum", "format",     "description", "example"};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strcmp(keywords[i], key) == 0)
            return true;
    return false;
}

static sluis_err supported(const json_t *document, const json_t *schema, int depth, sluis_fail *f)
{
    const char *key;
    json_t *value;
    const json_t *s = schema_resolve(document, schema);
    if (!s || depth > DEPTH_MAX)
        return fail_set(f, SLUIS_INVALID, "openapi.json", "a $ref leads nowhere or goes too deep");
    json_object_foreach((json_t *)(uintptr_t)s, key, value) if (!known_keyword(key)) return fail_set(
        f, SLUIS_INVALID, "openapi.json", "schema keyword \"%s\" is not checked by this program", key);
    const char *type = json_string_value(json_object_get(s, "type"));
    const char *format = json_string_value(json_object_get(s, "format"));
    if (!type || (format && !known_format(format)))
        return fail_set(f, SLUIS_INVALID, "openapi.json", "a schema without type, or with format \"%s\"",
                        format ? format : "");
    if (strcmp(type, "object") == 0 && !json_is_false(json_object_get(s, "additionalProperties")))
        return fail_set(f, SLUIS_INVALID, "openapi.json",
                        "an object that comes in must refuse unknown members");
    json_object_foreach(json_object_get(s, "properties"), key, value)
    {
        sluis_err e = supported(document, value, depth + 1, f);
        if (e)
            return e;
    }
    return strcmp(type, "array") == 0 ? supported(document, json_object_get(s, "items"), depth + 1, f)
                                      : SLUIS_OK;
}

sluis_err schema_supported(const json_t *document, const json_t *schema, sluis_fail *f)
{
    return supported(document, schema, 0, f);
}

static json_int_t bound(const json_t *s, const char *key, json_int_t otherwise)
{
    const json_t *v = json_object_get(s, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static bool refuse(problem *p, const char *where, const char *text)
{
    problem_set(p, 400, "invalid", TITLE, where, "%s", text);
    return false;
}

static bool check_string(const json_t *s, const json_t *value, const char *where, problem *p)
{
    const char *text = json_string_value(value);
    size_t n = characters(text);
    json_t *allowed = json_object_get(s, "enum"), *one;
    size_t i;
    bool found = allowed == NULL;
    json_array_foreach(allowed, i, one) found = found || json_equal(one, (json_t *)(uintptr_t)value);
    if (!found)
        return refuse(p, where, "deze waarde staat niet in de lijst van toegestane waarden");
    const char *format = json_string_value(json_object_get(s, "format"));
    for (i = 0; format && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, format) == 0 && !formats[i].valid(text, strlen(text)))
            return refuse(p, where, formats[i].text);
    if (n < (size_t)bound(s, "minLength", 0) || n > (size_t)bound(s, "maxLength", 65536)) {
        problem_set(p, 400, "invalid", TITLE, where, "de tekst moet %lld tot %lld tekens lang zijn",
                    (long long)bound(s, "minLength", 0), (long long)bound(s, "maxLength", 65536));
        return false;
    }
    return true;
}

static bool check(const json_t *document, const json_t *schema, const json_t *value, const char *where,
                  int depth, problem *p);

bool schema_reads_like_name(const char *key)
{
    return key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")] == '\0';
}

static bool refuse_unknown(problem *p, const char *where, const char *place, const char *key)
{
    problem_set(p, 400, "onbekend-veld", TITLE, schema_reads_like_name(key) ? place : where,
                "dit veld bestaat niet; kijk in /v1/openapi.json");
    return false;
}

static bool check_object(const json_t *document, const json_t *s, const json_t *value, const char *where,
                         int depth, problem *p)
{
    const char *key;
    json_t *member, *name;
    size_t i;
    char place[PLACE_MAX + 32];
    const json_t *properties = json_object_get(s, "properties");
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        const json_t *of = json_object_get(properties, key);
        snprintf(place, sizeof place, "%.80s%s%.64s", where, *where ? "." : "", key);
        if (!of)
            return refuse_unknown(p, where, place, key);
        if (!check(document, of, member, place, depth + 1, p))
            return false;
    }
    json_array_foreach(json_object_get(s, "required"), i, name)
    {
        if (json_object_get(value, json_string_value(name)))
            continue;
        snprintf(place, sizeof place, "%.80s%s%.64s", where, *where ? "." : "", json_string_value(name));
        problem_set(p, 400, "veld-ontbreekt", TITLE, place, "dit veld is verplicht");
        return false;
    }
    return true;
}

static bool check_array(const json_t *document, const json_t *s, const json_t *value, const char *where,
                        int depth, problem *p)
{
    size_t n = json_array_size(value);
    char place[PLACE_MAX + 32];
    if (n < (size_t)bound(s, "minItems", 0) || n > (size_t)bound(s, "maxItems", 1000)) {
        problem_set(p, 400, "invalid", TITLE, where, "hier horen %lld tot %lld waarden",
                    (long long)bound(s, "minItems", 0), (long long)bound(s, "maxItems", 1000));
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_array_get(value, i);
        snprintf(place, sizeof place, "%.100s[%zu]", where, i);
        if (!check(document, json_object_get(s, "items"), item, place, depth + 1, p))
            return false;
        for (size_t k = 0; k < i && json_is_true(json_object_get(s, "uniqueItems")); k++)
            if (json_equal(json_array_get(value, k), item))
                return refuse(p, place, "deze waarde staat er al");
    }
    return true;
}

static bool check(const json_t *document, const json_t *schema, const json_t *value, const char *where,
                  int depth, problem *p)
{
    const json_t *s = schema_resolve(document, schema);
    const char *type = s ? json_string_value(json_object_get(s, "type")) : NULL;
    if (!type || depth > DEPTH_MAX)
        return refuse(p, where, "te diep genest");
    if (strcmp(type, "object") == 0)
        return json_is_object(value) ? check_object(document, s, value, where, depth, p)
                                     : refuse(p, where, "hier hoort een object");
    if (strcmp(type, "array") == 0)
        return json_is_array(value) ? check_array(document, s, value, where, depth, p)
                                    : refuse(p, where, "hier hoort een lijst");
    if (strcmp(type, "string") == 0)
        return json_is_string(value) ? check_string(s, value, where, p)
                                     : refuse(p, where, "hier hoort tekst");
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value) || refuse(p, where, "hier hoort true of false");
    if (!json_is_integer(value))
        return refuse(p, where, "hier hoort een geheel getal");
    json_int_t v = json_integer_value(value), least = bound(s, "minimum", 0),
               most = bound(s, "maximum", INT32_MAX);
    if (v >= least && v <= most)
        return true;
    problem_set(p, 400, "invalid", TITLE, where, "het getal moet tussen %lld en %lld liggen",
                (long long)least, (long long)most);
    return false;
}

bool schema_check(const json_t *document, const json_t *schema, const json_t *value, const char *where,
                  problem *p)
{
    return check(document, schema, value, where, 0, p);
}

/* Digits only, at most nine of them; anything else stays text and fails the type check in words. */
static json_t *integer_or_text(const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n > 9 || strspn(text, "0123456789") != n || (n > 1 && text[0] == '0'))
        return json_string(text);
    return json_integer(strtol(text, NULL, 10));
}

static json_t *split(const char *text)
{
    json_t *list = json_array();
    for (const char *at = text; list;) {
        size_t n = strcspn(at, ",");
        json_array_append_new(list, json_stringn(at, n));
        if (!at[n])
            break;
        at += n + 1;
    }
    return list;
}

json_t *schema_read_text(const json_t *document, const json_t *schema, const char *text, const char *where,
                         problem *p)
{
    const json_t *s = schema_resolve(document, schema);
    const char *type = s ? json_string_value(json_object_get(s, "type")) : NULL;
    json_t *v = NULL;
    if (type && strcmp(type, "array") == 0)
        v = split(text);
    else if (type && strcmp(type, "integer") == 0)
        v = integer_or_text(text);
    else
        v = json_string(text);
    if (v && schema_check(document, schema, v, where, p))
        return v;
    refuse(p, where, "geen leesbare waarde");
    json_decref(v);
    return NULL;
}
