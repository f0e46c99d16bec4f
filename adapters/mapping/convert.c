#include "mapping/convert.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {"", "hl7-date", "dutch-date", "bool", "amount"};

sluis_err conversion_parse(conversion *out, const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (conversion)i;
            return SLUIS_OK;
        }
    }
    return SLUIS_INVALID;
}

static bool digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i]))
            return false;
    }
    return true;
}

/* HL7 v3 TS: YYYYMMDD, then optionally hhmmss and a zone; a date of lesser precision is no date here. */
static sluis_err hl7_date(arena *a, const char *v, const char **out, const char **expected)
{
    *expected = "a day, written as 20261124";
    if (strlen(v) < 8 || !digits(v, 8))
        return SLUIS_INVALID;
    char *s = arena_alloc(a, 11);
    if (!s)
        return SLUIS_NOMEM;
    snprintf(s, 11, "%.4s-%.2s-%.2s", v, v + 4, v + 6);
    *out = s;
    return SLUIS_OK;
}

static sluis_err dutch_date(arena *a, const char *v, const char **out, const char **expected)
{
    *expected = "a day, written as 24-11-2026";
    if (strlen(v) != 10 || !digits(v, 2) || v[2] != '-' || !digits(v + 3, 2) || v[5] != '-' ||
        !digits(v + 6, 4))
        return SLUIS_INVALID;
    char *s = arena_alloc(a, 11);
    if (!s)
        return SLUIS_NOMEM;
    snprintf(s, 11, "%.4s-%.2s-%.2s", v + 6, v + 3, v);
    *out = s;
    return SLUIS_OK;
}

static sluis_err yes_or_no(const char *v, const char **out, const char **expected)
{
    static const char *const yes[] = {"true", "ja", "j", "1"}, *const no[] = {"false", "nee", "n", "0"};
    *expected = "true or false, ja or nee";
    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp(v, yes[i]) == 0)
            *out = "true";
        else if (strcasecmp(v, no[i]) == 0)
            *out = "false";
        else
            continue;
        return SLUIS_OK;
    }
    return SLUIS_INVALID;
}

/* Whole euros, or one or two decimals after a point or comma. */
static sluis_err amount(arena *a, const char *v, const char **out, const char **expected)
{
    size_t sign = v[0] == '-', whole = strspn(v + sign, "0123456789");
    const char *rest = v + sign + whole;
    size_t part = *rest ? strspn(rest + 1, "0123456789") : 0;
    *expected = "an amount, written as 8000 or 8000.50";
    if (!whole || whole > 12 ||
        (*rest && ((*rest != '.' && *rest != ',') || part < 1 || part > 2 || rest[1 + part])))
        return SLUIS_INVALID;
    char *s = arena_alloc(a, 20);
    if (!s)
        return SLUIS_NOMEM;
    snprintf(s, 20, "%.*s.%c%c", (int)(sign + whole), v, part > 0 ? rest[1] : '0', part > 1 ? rest[2] : '0');
    *out = s;
    return SLUIS_OK;
}

sluis_err value_convert(arena *a, conversion c, const char *value, const char **out, const char **expected)
{
    *out = value;
    *expected = "";
    switch (c) {
    case CONVERT_HL7_DATE:
        return hl7_date(a, value, out, expected);
    case CONVERT_DUTCH_DATE:
        return dutch_date(a, value, out, expected);
    case CONVERT_BOOL:
        return yes_or_no(value, out, expected);
    case CONVERT_AMOUNT:
        return amount(a, value, out, expected);
    case CONVERT_NONE:
        break;
    }
    return SLUIS_OK;
}
