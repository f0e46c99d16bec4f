/* The file in which an agreement travels (JSON), the form in agreements.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "parties/agreements.h"
#include "wire/envelope.h"

#define DATE_STR  11 /* "YYYY-MM-DD" and NUL */
#define ARENA_MAX (64u << 10)

/* ---- writing ---- */

static json_t *hex_json(const uint8_t *p, size_t n)
{
    char hex[2 * SIG_LEN + 1];
    if (n > SIG_LEN)
        return NULL;
    hex_encode(hex, p, n);
    return json_string(hex);
}

static json_t *day_json(uint64_t ms)
{
    char full[TIME_STR];
    time_format(full, ms);
    return json_stringn(full, DATE_STR - 1);
}

static json_t *names_json(char *const *at, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++)
        json_array_append_new(list, json_string(at[i]));
    return list;
}

json_t *agreement_json(const Sluis__AgreementFact *fact)
{
    ProtobufCMessage *m = NULL;
    json_t *out = NULL;
    arena *mem = arena_new(ARENA_MAX);
    if (mem && !wire_unpack(&m, &sluis__agreement__descriptor, mem,
                            BYTES(fact->agreement.data, fact->agreement.len), NULL)) {
        const Sluis__Agreement *a = (const Sluis__Agreement *)m;
        json_t *inner = json_pack(
            "{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "party", a->party, "municipality",
            a->municipality, "covenant", a->covenant, "version", (json_int_t)a->version, "text_sha256",
            hex_json(a->text_hash.data, a->text_hash.len), "purposes", names_json(a->purposes, a->n_purposes),
            "gives", names_json(a->gives, a->n_gives), "asks", names_json(a->asks, a->n_asks), "attributes",
            names_json(a->attributes, a->n_attributes), "valid_from", day_json(a->valid_from), "valid_until",
            day_json(a->valid_until));
        out = json_pack("{s:o, s:o, s:o}", "agreement", inner, "party_pk",
                        hex_json(fact->party_pk.data, fact->party_pk.len), "party_signature",
                        hex_json(fact->party_signature.data, fact->party_signature.len));
        if (out && fact->municipality_signature.len)
            json_object_set_new(
                out, "municipality_signature",
                hex_json(fact->municipality_signature.data, fact->municipality_signature.len));
    }
    arena_free(&mem);
    return out;
}

/* ---- reading ---- */

typedef struct {
    arena *a;
    const json_t *object;
    const char *where;
    sluis_fail *f;
    sluis_err err; /* the first one; the rest is left alone */
} reading;

static void stop_at(reading *r, const char *key, const char *text)
{
    char where[64];
    snprintf(where, sizeof where, "%s.%s", r->where, key);
    if (!r->err)
        r->err = fail_set(r->f, SLUIS_INVALID, where, "%s", text);
}

/* Owned by the arena; "" after a failure. */
static char *take_text(reading *r, const char *key)
{
    const char *s = json_string_value(json_object_get(r->object, key));
    char *copy = arena_strdup(r->a, s ? s : "");
    if (!s)
        stop_at(r, key, "is missing or no text");
    if (!copy && !r->err)
        r->err = fail_set(r->f, SLUIS_NOMEM, r->where, "%s", error_text(SLUIS_NOMEM));
    return copy;
}

static ProtobufCBinaryData take_hex(reading *r, const char *key, size_t n)
{
    const char *hex = take_text(r, key);
    uint8_t *p = arena_alloc(r->a, n);
    if (!p && !r->err)
        r->err = fail_set(r->f, SLUIS_NOMEM, r->where, "%s", error_text(SLUIS_NOMEM));
    if (!r->err && hex_decode(p, n, hex, strlen(hex)))
        stop_at(r, key, n == SIG_LEN ? "must be 128 hexadecimal digits" : "must be 64 hexadecimal digits");
    return (ProtobufCBinaryData){.len = r->err ? 0 : n, .data = p};
}

static uint64_t take_day(reading *r, const char *key)
{
    uint64_t ms = 0;
    const char *day = take_text(r, key);
    if (!r->err && (strlen(day) != DATE_STR - 1 || time_parse(&ms, day)))
        stop_at(r, key, "must be a date that exists, as YYYY-MM-DD");
    return ms;
}

static char **take_names(reading *r, const char *key, size_t *n)
{
    const json_t *list = json_object_get(r->object, key);
    size_t count = json_array_size(list);
    char **out = arena_alloc(r->a, (count + 1) * sizeof *out);
    *n = 0;
    if (!json_is_array(list) || count > AGREEMENT_ATTRIBUTES)
        stop_at(r, key, "must be a list of at most 64 names");
    if (!out && !r->err)
        r->err = fail_set(r->f, SLUIS_NOMEM, r->where, "%s", error_text(SLUIS_NOMEM));
    for (size_t i = 0; !r->err && i < count; i++) {
        const char *s = json_string_value(json_array_get(list, i));
        if (!s)
            stop_at(r, key, "must be a list of names");
        else if (!(out[(*n)++] = arena_strdup(r->a, s)))
            r->err = fail_set(r->f, SLUIS_NOMEM, r->where, "%s", error_text(SLUIS_NOMEM));
    }
    return out;
}

static void take_agreement(reading *r, Sluis__Agreement *a)
{
    const json_t *version = json_object_get(r->object, "version");
    json_int_t number = json_integer_value(version);
    sluis__agreement__init(a);
    if (!json_is_object(r->object) || json_object_size(r->object) != 11)
        stop_at(r, "", "must be one object with exactly the eleven keys of an agreement");
    if (!json_is_integer(version) || number < 1 || number > UINT32_MAX)
        stop_at(r, "version", "must be a number from 1");
    a->version = (uint32_t)number;
    a->party = take_text(r, "party");
    a->municipality = take_text(r, "municipality");
    a->covenant = take_text(r, "covenant");
    a->text_hash = take_hex(r, "text_sha256", HASH_LEN);
    a->purposes = take_names(r, "purposes", &a->n_purposes);
    a->gives = take_names(r, "gives", &a->n_gives);
    a->asks = take_names(r, "asks", &a->n_asks);
    a->attributes = take_names(r, "attributes", &a->n_attributes);
    a->valid_from = take_day(r, "valid_from");
    a->valid_until = take_day(r, "valid_until");
}

static sluis_err take_file(Sluis__AgreementFact *out, oin *whose, arena *a, const json_t *root, sluis_fail *f)
{
    Sluis__Agreement agreed;
    buffer packed;
    reading outer = {.a = a, .object = root, .where = "file", .f = f};
    if (!json_is_object(root) || json_object_size(root) != 3)
        return fail_set(f, SLUIS_INVALID, "file",
                        "must be one object with exactly agreement, party_pk and party_signature");
    reading inner = {.a = a, .object = json_object_get(root, "agreement"), .where = "agreement", .f = f};
    take_agreement(&inner, &agreed);
    if (inner.err)
        return inner.err;
    out->party_pk = take_hex(&outer, "party_pk", PK_LEN);
    out->party_signature = take_hex(&outer, "party_signature", SIG_LEN);
    if (outer.err)
        return outer.err;
    buffer_init(&packed, AGREEMENT_MAX);
    sluis_err e = agreement_pack(&packed, &agreed, f);
    if (!e)
        e = oin_parse(whose, agreed.party, strlen(agreed.party));
    if (!e) {
        out->agreement.data = arena_copy(a, packed.p, packed.n);
        out->agreement.len = packed.n;
        e = out->agreement.data ? SLUIS_OK : fail_set(f, SLUIS_NOMEM, "file", "%s", error_text(SLUIS_NOMEM));
    }
    buffer_close(&packed);
    return e;
}

sluis_err agreement_parse(Sluis__AgreementFact *out, oin *whose, arena *a, const char *json, size_t n,
                          sluis_fail *f)
{
    json_error_t why;
    sluis__agreement_fact__init(out);
    if (n > AGREEMENT_FILE_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "file", "larger than %u bytes", AGREEMENT_FILE_MAX);
    json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return fail_set(f, SLUIS_INVALID, "file", "line %d: not JSON, or a key that stands twice", why.line);
    sluis_err e = take_file(out, whose, a, root, f);
    json_decref(root);
    return e;
}
