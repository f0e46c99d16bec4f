/* Protobuf wire format, as far as our schemas use it (protobuf.dev/programming-guides/encoding):
 *
 *  field = tag varint (number << 3 | wire type) | value
 *  wire type 0: varint (uint32, uint64, bool, enum);  2: length varint | bytes (string, bytes, message,
 * packed)
 */
#include "wire/prescan.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api.pb-c.h"
#include "sluis.pb-c.h"

enum { WIRE_VARINT = 0, WIRE_LEN = 2 };

typedef struct {
    const ProtobufCMessageDescriptor *message;
    const char *field;
    size_t max;
} bound;

static const bound bounds[] = {
    {&sluis__header__descriptor, "wrapped", 16},
    {&sluis__core__descriptor, "recipients", 16},
    {&sluis__core__descriptor, "attributes", 64},
    {&sluis__sig_block__descriptor, "path", 8},
    {&sluis__attribute_result__descriptor, "instances", 32},
    {&sluis__attribute_result__descriptor, "conditions", 16},
    {&sluis__handover_member__descriptor, "data", 1024},
    {&sluis__party_entry__descriptor, "suites", 16},
    {&sluis__directory_snapshot__descriptor, "entries", 100000},
    {&sluis__record__descriptor, "forgotten", 4096},
    {&sluis__record__descriptor, "attributes", 1024}, /* of a page of a view */
    {&sluis__api_view__descriptor, "data", 4096},
    {&sluis__api_dossier__descriptor, "entries", 4096},
    {&sluis__api_request_list__descriptor, "requests", 1024},
    {&sluis__api_rights_list__descriptor, "rights", 128},
    {&sluis__api_catalogue__descriptor, "attributes", 4096},
    {&sluis__api_catalogue__descriptor, "code_lists", 1024},
    {&sluis__api_code_list__descriptor, "codes", 1024},
    {&sluis__api_party_list__descriptor, "parties", 100},
    {&sluis__api_export__descriptor, "rights", 128},
    {&sluis__api_export__descriptor, "words", 4096},
    {&sluis__api_export__descriptor, "data", 1024},
    {&sluis__api_export__descriptor, "hidden", 256},
    {&sluis__api_export__descriptor, "kept", 256},
};

size_t prescan_bound(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *field)
{
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (bounds[i].message == d && strcmp(bounds[i].field, field->name) == 0)
            return bounds[i].max;
    return PRESCAN_COUNT;
}

sluis_err prescan_refuse(sluis_fail *f, sluis_err code, const ProtobufCMessageDescriptor *d,
                         const ProtobufCFieldDescriptor *field, const char *text)
{
    char where[128];
    int n =
        snprintf(where, sizeof where, "%s%s%s", d->short_name, field ? "." : "", field ? field->name : "");
    for (int i = 0; i < n && i < (int)sizeof where && where[i] && where[i] != '.'; i++)
        where[i] = (char)tolower((unsigned char)where[i]);
    return fail_set(f, code, where, "%s", text);
}

sluis_err prescan_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < 10; i++) {
        if (*p + i >= end)
            return SLUIS_TRUNCATED;
        uint8_t b = (*p)[i];
        if (i == 9 && b > 1)
            return SLUIS_INVALID;
        r |= (uint64_t)(b & 0x7f) << (7 * i);
        if (b & 0x80)
            continue;
        if (b == 0 && i > 0)
            return SLUIS_NONCANONICAL;
        *p += i + 1;
        *v = r;
        return SLUIS_OK;
    }
    return SLUIS_INVALID;
}

/* Bytes that follow lead byte b, with the narrowed range of the first of them (RFC 3629 section 4). */
static unsigned utf8_tail(uint8_t b, uint8_t *lo, uint8_t *hi)
{
    *lo = 0x80;
    *hi = 0xbf;
    if (b >= 0xc2 && b <= 0xdf)
        return 1;
    if (b >= 0xe0 && b <= 0xef) {
        if (b == 0xe0)
            *lo = 0xa0;
        if (b == 0xed)
            *hi = 0x9f;
        return 2;
    }
    if (b >= 0xf0 && b <= 0xf4) {
        if (b == 0xf0)
            *lo = 0x90;
        if (b == 0xf4)
            *hi = 0x8f;
        return 3;
    }
    return 0;
}

/* The length of the ASCII without NUL that p[0..n) begins with, in whole words of eight. */
static size_t plain_words(const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (uint64_t w; n - i >= sizeof w; i += sizeof w) {
        memcpy(&w, p + i, sizeof w);
        /* the high bit of a byte: set in it, or borrowed from it when it is zero (or behind one that is) */
        if ((w | (w - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

bool prescan_text_valid(const uint8_t *p, size_t n)
{
    for (size_t i = plain_words(p, n); i < n;) {
        uint8_t b = p[i++];
        if (b == 0)
            return false;
        if (b < 0x80)
            continue;
        uint8_t lo, hi;
        unsigned tail = utf8_tail(b, &lo, &hi);
        if (tail == 0 || n - i < tail || p[i] < lo || p[i] > hi)
            return false;
        for (unsigned k = 1; k < tail; k++)
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
        i += tail;
    }
    return true;
}

/* Most numbers, lengths and tags are one byte. */
static inline sluis_err take_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
    if (*p < end && **p < 0x80) {
        *v = *(*p)++;
        return SLUIS_OK;
    }
    return prescan_varint(p, end, v);
}

typedef struct {
    sluis_fail *f;
    bool canonical; /* fields in ascending order, and no default written out */
} scan;

static sluis_err not_canonical(const ProtobufCMessageDescriptor *d, const scan *s)
{
    return prescan_refuse(s->f, SLUIS_NONCANONICAL, d, NULL,
                          "fields out of order, or a default value written out");
}

/* A value of zero or no bytes, which a canonical encoding leaves out. */
static bool is_default(const ProtobufCFieldDescriptor *field, bool zero, const scan *s)
{
    return zero && s->canonical && field->label != PROTOBUF_C_LABEL_REPEATED &&
           !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
}

/* One varint value of this field. */
static sluis_err scan_number(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *field,
                             const uint8_t **p, const uint8_t *end, const scan *s)
{
    uint64_t v;
    sluis_err err = take_varint(p, end, &v);
    if (err)
        return prescan_refuse(s->f, err, d, field, "malformed number");
    if (is_default(field, v == 0, s))
        return not_canonical(d, s);
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT64:
        return SLUIS_OK;
    case PROTOBUF_C_TYPE_UINT32:
        return v <= UINT32_MAX ? SLUIS_OK
                               : prescan_refuse(s->f, SLUIS_INVALID, d, field, "number beyond 32 bits");
    case PROTOBUF_C_TYPE_BOOL:
        return v <= 1 ? SLUIS_OK : prescan_refuse(s->f, SLUIS_INVALID, d, field, "neither true nor false");
    case PROTOBUF_C_TYPE_ENUM:
        if (v <= INT32_MAX && protobuf_c_enum_descriptor_get_value(field->descriptor, (int)v))
            return SLUIS_OK;
        return prescan_refuse(s->f, SLUIS_INVALID, d, field, "a value that this version does not know");
    default:
        return prescan_refuse(s->f, SLUIS_INTERNAL, d, field, "type outside the schemas' subset");
    }
}

static sluis_err scan_message(const ProtobufCMessageDescriptor *d, const uint8_t *p, const uint8_t *end,
                              unsigned depth, const scan *s);

/* One length-delimited value; adds its elements to *count. */
static sluis_err scan_bytes(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *field,
                            const uint8_t **p, const uint8_t *end, unsigned depth, uint32_t *count,
                            const scan *s)
{
    uint64_t n;
    sluis_err err = take_varint(p, end, &n);
    if (err)
        return prescan_refuse(s->f, err, d, field, "malformed length");
    if (n > (uint64_t)(end - *p))
        return prescan_refuse(s->f, SLUIS_TRUNCATED, d, field, "longer than the message that holds it");
    if (field->type != PROTOBUF_C_TYPE_MESSAGE && is_default(field, n == 0, s))
        return not_canonical(d, s);
    const uint8_t *value = *p, *stop = *p + n;
    *p = stop;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        ++*count;
        return SLUIS_OK;
    case PROTOBUF_C_TYPE_STRING:
        ++*count;
        return prescan_text_valid(value, (size_t)n)
                   ? SLUIS_OK
                   : prescan_refuse(s->f, SLUIS_INVALID, d, field, "not UTF-8, or with a NUL in it");
    case PROTOBUF_C_TYPE_MESSAGE:
        ++*count;
        return scan_message(field->descriptor, value, stop, depth + 1, s);
    default: /* packed numbers, once and not empty */
        if (*count || n == 0)
            return prescan_refuse(s->f, SLUIS_INVALID, d, field,
                                  "a packed list that is empty or comes twice");
        for (; value < stop && !err; ++*count)
            err = scan_number(d, field, &value, stop, s);
        return err;
    }
}

/* The second occurrence of something that may come once. */
static bool comes_twice(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *field,
                        const uint32_t *counts)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return false;
    if (counts[field - d->fields])
        return true;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        for (unsigned i = 0; i < d->n_fields; i++)
            if (counts[i] && (d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
                d->fields[i].quantifier_offset == field->quantifier_offset)
                return true;
    return false;
}

static bool travels_by_length(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_BYTES || field->type == PROTOBUF_C_TYPE_STRING ||
           field->type == PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED;
}

/* The field of this number; NULL: none. Fields mostly come in their order: last is where the one before
 * stands. */
static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *d, uint64_t number,
                                                unsigned *last)
{
    for (unsigned i = *last; i < d->n_fields && i <= *last + 1; i++)
        if (d->fields[i].id == number) {
            *last = i;
            return &d->fields[i];
        }
    const ProtobufCFieldDescriptor *found =
        number <= UINT32_MAX >> 3 ? protobuf_c_message_descriptor_get_field(d, (unsigned)number) : NULL;
    if (found)
        *last = (unsigned)(found - d->fields);
    return found;
}

static sluis_err scan_message(const ProtobufCMessageDescriptor *d, const uint8_t *p, const uint8_t *end,
                              unsigned depth, const scan *s)
{
    uint32_t counts[PRESCAN_FIELDS];
    unsigned last = 0;
    bool many = false;
    if (depth > PRESCAN_DEPTH)
        return prescan_refuse(s->f, SLUIS_INVALID, d, NULL, "nested too deep");
    if (d->n_fields > PRESCAN_FIELDS)
        return prescan_refuse(s->f, SLUIS_INTERNAL, d, NULL, "more fields than the scan holds");
    memset(counts, 0, d->n_fields * sizeof counts[0]);
    while (p < end) {
        uint64_t tag;
        sluis_err err = take_varint(&p, end, &tag);
        if (err)
            return prescan_refuse(s->f, err, d, NULL, "malformed field number");
        unsigned before = last;
        const ProtobufCFieldDescriptor *field = field_of(d, tag >> 3, &last);
        if (!field)
            return prescan_refuse(s->f, SLUIS_INVALID, d, NULL, "a field that this version does not know");
        bool by_length = travels_by_length(field);
        if ((tag & 7) != (by_length ? WIRE_LEN : WIRE_VARINT))
            return prescan_refuse(s->f, SLUIS_INVALID, d, field, "wire type differs from the schema's");
        if (s->canonical && last < before)
            return not_canonical(d, s);
        if (comes_twice(d, field, counts))
            return prescan_refuse(s->f, SLUIS_INVALID, d, field, "comes twice");
        uint32_t *count = &counts[field - d->fields];
        if (by_length) {
            err = scan_bytes(d, field, &p, end, depth, count, s);
        } else {
            err = scan_number(d, field, &p, end, s);
            ++*count;
        }
        if (err)
            return err;
        many = many || *count > PRESCAN_COUNT_LEAST;
    }
    for (unsigned i = 0; many && i < d->n_fields; i++)
        if (counts[i] > PRESCAN_COUNT_LEAST && counts[i] > prescan_bound(d, &d->fields[i]))
            return prescan_refuse(s->f, SLUIS_TOO_BIG, d, &d->fields[i], "more elements than allowed");
    return SLUIS_OK;
}

static sluis_err scan_all(const ProtobufCMessageDescriptor *d, bytes raw, const scan *s)
{
    return raw.n ? scan_message(d, raw.p, raw.p + raw.n, 0, s) : SLUIS_OK;
}

sluis_err prescan(const ProtobufCMessageDescriptor *d, bytes raw, sluis_fail *f)
{
    return scan_all(d, raw, &(scan){.f = f});
}

sluis_err prescan_canonical(const ProtobufCMessageDescriptor *d, bytes raw, sluis_fail *f)
{
    return scan_all(d, raw, &(scan){.f = f, .canonical = true});
}
