#include "http/json.h"

#include <stdio.h>
#include <string.h>

static sluis_err refuse(sluis_fail *f, sluis_err e, size_t line, size_t column, const char *why)
{
    char where[48];
    snprintf(where, sizeof where, "regel %zu, kolom %zu", line, column);
    return fail_set(f, e, where, "%s", why);
}

/* Before jansson: bytes that are text, and a bound on nesting (jansson's own is 2048 and recursive). */
static sluis_err prescan(bytes text, sluis_fail *f)
{
    int depth = 0;
    bool in_string = false;
    size_t line = 1, column = 1;
    for (size_t i = 0; i < text.n; i++, column++) {
        uint8_t c = text.p[i];
        if (c == 0)
            return refuse(f, SLUIS_INVALID, line, column, "een NUL-byte hoort niet in JSON");
        if (in_string && c == '\\')
            i++, column++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > JSON_MAX_DEPTH)
            return refuse(f, SLUIS_TOO_BIG, line, column, "te diep genest");
        else if (!in_string && (c == ']' || c == '}'))
            depth--;
        if (c == '\n') {
            line++;
            column = 0;
        }
    }
    return SLUIS_OK;
}

/* A clause for jansson's code; its own texts quote the input, which may be personal. */
static const char *reason(enum json_error_code code)
{
    switch (code) {
    case json_error_premature_end_of_input:
        return "eindigt te vroeg";
    case json_error_end_of_input_expected:
        return "er staat iets na de waarde";
    case json_error_invalid_utf8:
        return "geen geldige UTF-8";
    case json_error_duplicate_key:
        return "een veldnaam komt twee keer voor in hetzelfde object";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "een NUL-teken hoort niet in tekst";
    case json_error_numeric_overflow:
        return "een getal is te groot";
    case json_error_out_of_memory:
        return "geen geheugen";
    default:
        return "geen geldige JSON";
    }
}

sluis_err json_request_parse(json_t **out, bytes text, sluis_fail *f)
{
    json_error_t err;
    if (text.n > JSON_MAX_BYTES)
        return fail_set(f, SLUIS_TOO_BIG, "", "JSON van meer dan %u bytes", JSON_MAX_BYTES);
    sluis_err e = prescan(text, f);
    if (e)
        return e;
    *out = json_loadb(text.n ? (const char *)text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
                      &err);
    if (*out)
        return SLUIS_OK;
    return refuse(f, json_error_code(&err) == json_error_out_of_memory ? SLUIS_NOMEM : SLUIS_INVALID,
                  err.line > 0 ? (size_t)err.line : 1, err.column > 0 ? (size_t)err.column : 1,
                  reason(json_error_code(&err)));
}

const char *json_str(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}
