/* Values and the names of their types and categories. */
#include <string.h>

#include "base/clock.h"
#include "policy/rules.h"

#define TEXT_MAX     4096
#define CODE_MAX     64
#define WHOLE_MAX    15
#define FRACTION_MAX 6

static const char *const categories[] = {
    [CATEGORY_ORDINARY] = "ordinary",
    [CATEGORY_FINANCIAL] = "financial",
    [CATEGORY_HEALTH] = "health",
    [CATEGORY_CRIMINAL] = "criminal",
    [CATEGORY_IDENTIFICATION] = "identification",
};
static const char *const types[] = {
    [TYPE_TEXT] = "text",     [TYPE_DATE] = "date", [TYPE_NUMBER] = "number",
    [TYPE_AMOUNT] = "amount", [TYPE_BOOL] = "bool", [TYPE_CODE] = "code",
};
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static size_t find(const char *const *table, size_t n, const char *s)
{
    for (size_t i = 1; s && i < n; i++)
        if (strcmp(table[i], s) == 0)
            return i;
    return 0;
}

const char *category_name(category c)
{
    return (size_t)c >= 1 && (size_t)c < COUNT(categories) ? categories[c] : "unknown";
}

sluis_err category_parse(category *out, const char *s)
{
    size_t i = find(categories, COUNT(categories), s);
    *out = (category)i;
    return i ? SLUIS_OK : SLUIS_INVALID;
}

const char *value_type_name(value_type t)
{
    return (size_t)t >= 1 && (size_t)t < COUNT(types) ? types[t] : "text";
}

sluis_err value_type_parse(value_type *out, const char *s)
{
    size_t i = find(types, COUNT(types), s);
    *out = (value_type)i;
    return i ? SLUIS_OK : SLUIS_INVALID;
}

#define EACH(byte) ((byte)*UINT64_C(0x0101010101010101))

/* Whether all eight bytes are ASCII from the space to the tilde. Never true when one is not: a byte below the
 * space, or a 7f that the XOR made zero, sets its high bit by borrowing. */
static bool plain_word(const char *s)
{
    uint64_t w;
    memcpy(&w, s, sizeof w);
    return !((w | (w - EACH(0x20)) | ((w ^ EACH(0x7f)) - EACH(1))) & EACH(0x80));
}

static bool is_text(const char *s)
{
    size_t n = strlen(s), len;
    if (n > TEXT_MAX)
        return false;
    for (size_t i = 0; i < n; i += len) {
        const char c = s[i];
        len = n - i >= sizeof(uint64_t) && plain_word(s + i) ? sizeof(uint64_t)
                                                             : utf8_char((const uint8_t *)s + i, n - i);
        if (len == 0 || ((unsigned char)c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* [-]whole[.fraction] with a fraction of least..most digits, or none at all. */
static bool is_decimal(const char *s, size_t least, size_t most)
{
    bool negative = *s == '-';
    s += negative;
    size_t whole = strspn(s, "0123456789");
    if (whole == 0 || whole > WHOLE_MAX || (*s == '0' && whole > 1))
        return false;
    if (negative && strspn(s, "0.") == strlen(s))
        return false;
    s += whole;
    if (!*s)
        return true;
    if (*s++ != '.')
        return false;
    size_t fraction = strspn(s, "0123456789");
    return fraction >= least && fraction <= most && !s[fraction];
}

static bool is_code(const char *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/%+-";
    size_t n = strlen(s);
    return n <= CODE_MAX && strspn(s, allowed) == n;
}

static const struct {
    const char *english, *dutch;
} wanted[] = {
    [TYPE_TEXT] = {"text in UTF-8, at most 4096 bytes, without control characters",
                   "tekst in UTF-8, ten hoogste 4096 bytes, zonder besturingstekens"},
    [TYPE_DATE] = {"a date that exists, as YYYY-MM-DD", "een datum die bestaat, als JJJJ-MM-DD"},
    [TYPE_NUMBER] = {"a number such as 12 or 12.5", "een getal zoals 12 of 12.5"},
    [TYPE_AMOUNT] = {"an amount such as 12 or 12.50", "een bedrag zoals 12 of 12.50"},
    [TYPE_BOOL] = {"true or false", "true of false"},
    [TYPE_CODE] = {"a code of at most 64 letters, digits and . _ : / % + -",
                   "een code van ten hoogste 64 letters, cijfers en . _ : / % + -"},
};

static bool fits_type(value_type type, const char *value)
{
    switch (type) {
    case TYPE_TEXT:
        return is_text(value);
    case TYPE_DATE:
        return date_valid(value);
    case TYPE_NUMBER:
        return is_decimal(value, 1, FRACTION_MAX);
    case TYPE_AMOUNT:
        return is_decimal(value, 2, 2);
    case TYPE_BOOL:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    case TYPE_CODE:
        return is_code(value);
    }
    return false;
}

sluis_err attribute_check_value(const attribute *a, const char *value, bool dutch, sluis_fail *f)
{
    const bool typed = *value && fits_type(a->type, value);
    char room[BOUNDS_TEXT];
    const char *misfit = typed   ? bounds_misfit(&a->bounds, value, dutch, room)
                         : dutch ? wanted[a->type].dutch
                                 : wanted[a->type].english;
    if (!misfit)
        return SLUIS_OK;
    if (dutch)
        return fail_set(f, SLUIS_INVALID, a->name, "%s is %s: het moet zijn: %s", a->name,
                        !*value ? "leeg" : "niet geschreven zoals de catalogus zegt", misfit);
    return fail_set(f, SLUIS_INVALID, a->name, "%s is %s: it must be %s", a->name,
                    !*value ? "empty"
                    : typed ? "not as the catalogue says"
                            : "not written as its type",
                    misfit);
}
