/* The pieces that replies of sluisd are made of in JSON; what memory does not allow is left out, and the
 * whole is NULL then. Internal to http/. Thread: pure. */
#ifndef SLUIS_GATEWAY_HTTP_RENDER_PARTS_H
#define SLUIS_GATEWAY_HTTP_RENDER_PARTS_H

#include <jansson.h>

#include "api.pb-c.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"

#define BOOKMARK_MAX 256

/* The Dutch word for one of the gateway's; one that is not in the table passes as it is. */
const char *dutch(const char *word);

static inline void put(json_t *o, const char *name, const char *value)
{
    json_object_set_new(o, name, json_string(value));
}

static inline void put_some(json_t *o, const char *name, const char *value)
{
    if (value[0])
        put(o, name, value);
}

static inline void put_number(json_t *o, const char *name, uint64_t value)
{
    json_object_set_new(o, name, json_integer((json_int_t)value));
}

/* 0 means that there is no such moment. */
static inline void put_time(json_t *o, const char *name, uint64_t ms)
{
    char text[TIME_STR];
    if (!ms)
        return;
    time_format(text, ms);
    put(o, name, text);
}

static inline void put_case_id(json_t *o, ProtobufCBinaryData id, char out[static 33])
{
    out[0] = 0;
    if (id.len == ID_LEN)
        hex_encode(out, id.data, ID_LEN);
    put_some(o, "zaakId", out);
}

static inline void put_uuid(json_t *o, const char *name, ProtobufCBinaryData id, char out[static UUID_STR])
{
    out[0] = 0;
    if (id.len == UUID_LEN)
        uuid_format(out, id.data);
    put_some(o, name, out);
}

static inline json_t *list_of(char *const *s, size_t n)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_string(s[i]));
    return a;
}

static inline void put_list(json_t *o, const char *name, char *const *s, size_t n)
{
    if (n)
        json_object_set_new(o, name, list_of(s, n));
}

static inline void put_link(json_t *o, const char *name, const char *href)
{
    json_t *links = json_object_get(o, "_links");
    if (!links) {
        links = json_object();
        json_object_set_new(o, "_links", links);
    }
    json_object_set_new(links, name, json_pack("{s:s}", "href", href));
}

static inline void put_results(json_t *o, Sluis__ApiResult *const *results, size_t n)
{
    json_t *a = json_array();
    json_object_set_new(o, "uitkomsten", a);
    for (size_t i = 0; i < n; i++) {
        const Sluis__ApiResult *r = results[i];
        json_t *x = json_object();
        put(x, "naam", r->attribute);
        put(x, "uitkomst", dutch(r->outcome));
        put_some(x, "reden", r->reason);
        put_some(x, "toelichting", r->explanation);
        put_some(x, "noodzaak", r->necessity);
        put_some(x, "bron", r->source);
        put_list(x, "voorwaarden", r->conditions, r->n_conditions);
        json_array_append_new(a, x);
    }
}

static inline void put_numbers(json_t *o, const char *name, const uint32_t *list, size_t n)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_integer(list[i]));
    json_object_set_new(o, name, a);
}

/* The party's own law, as the party weighed it. */
static inline void put_judgement(json_t *o, const char *law, const char *judgement)
{
    if (!judgement[0])
        return;
    json_t *x = json_object();
    put_some(x, "wet", law);
    put(x, "oordeel", judgement);
    json_object_set_new(o, "oordeelPartij", x);
}

/* A bookmark; nothing when there is none. */
static inline void put_hex(json_t *o, const char *name, ProtobufCBinaryData d)
{
    char hex[2 * BOOKMARK_MAX + 1];
    if (d.len == 0 || d.len > BOOKMARK_MAX)
        return;
    hex_encode(hex, d.data, d.len);
    put(o, name, hex);
}

#endif
