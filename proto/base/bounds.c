#include "base/bounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"

#define KEYS(a)  (a), sizeof(a) / sizeof((a)[0])
#define DIGITS   "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define IBAN_MIN 15
#define IBAN_MAX 34

/* Goes past n characters of set, if they are there. */
static bool run_of(const char **s, size_t n, const char *set)
{
    bool good = strspn(*s, set) >= n;
    *s += good ? n : 0;
    return good;
}

static bool is_bsn(const char *s)
{
    return bsn_valid(s, strlen(s));
}

static bool is_postcode(const char *s)
{
    static const char *const never[] = {"SA", "SD", "SS"};
    const char *p = s;
    if (*s == '0' || !run_of(&p, 4, DIGITS) || !run_of(&p, 2, CAPITALS) || *p)
        return false;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strcmp(p - 2, never[i]) == 0)
            return false;
    return true;
}

static bool is_municipality(const char *s)
{
    return run_of(&s, 4, DIGITS) && !*s;
}

static bool is_brin(const char *s)
{
    return run_of(&s, 2, DIGITS) && run_of(&s, 2, CAPITALS) && !*s;
}

static bool is_agb(const char *s)
{
    return run_of(&s, 8, DIGITS) && !*s;
}

/* The four characters in front go behind; a letter counts as 10 to 35; what is left by 97 is 1. */
static bool is_iban(const char *s)
{
    size_t n = strlen(s);
    const char *p = s;
    unsigned rest = 0;
    if (n < IBAN_MIN || n > IBAN_MAX || !run_of(&p, 2, CAPITALS) || !run_of(&p, 2, DIGITS) ||
        strspn(p, DIGITS CAPITALS) != n - 4)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = s[(i + 4) % n];
        rest =
            c >= 'A' ? (rest * 100 + (unsigned)(c - 'A') + 10) % 97 : (rest * 10 + (unsigned)(c - '0')) % 97;
    }
    return rest == 1;
}

static bool is_phone(const char *s)
{
    size_t n = *s ? strspn(s + 1, DIGITS) : 0;
    if (*s == '+')
        return s[1] != '0' && n >= 8 && n <= 15 && !s[1 + n];
    return *s == '0' && n == 9 && !s[1 + n];
}

static const struct {
    const char *name, *english, *dutch;
    bool (*fits)(const char *s);
} formats[] = {
    [FORMAT_BSN] = {"bsn", "a BSN: nine digits that pass the eleven-test",
                    "een BSN: negen cijfers die aan de elfproef voldoen", is_bsn},
    [FORMAT_POSTCODE] = {"postcode", "a postcode, written as 1234AB", "een postcode, geschreven als 1234AB",
                         is_postcode},
    [FORMAT_MUNICIPALITY] = {"gemeentecode", "a municipality's code: four digits",
                             "een gemeentecode: vier cijfers", is_municipality},
    [FORMAT_BRIN] = {"brin", "a BRIN, written as 12AB", "een BRIN, geschreven als 12AB", is_brin},
    [FORMAT_AGB] = {"agb", "an AGB code: eight digits", "een AGB-code: acht cijfers", is_agb},
    [FORMAT_IBAN] = {"iban", "an IBAN without spaces, with its right check digits",
                     "een IBAN zonder spaties, met het juiste controlegetal", is_iban},
    [FORMAT_PHONE] = {"telefoon", "a telephone number, written as 0612345678 or +31612345678",
                      "een telefoonnummer, geschreven als 0612345678 of +31612345678", is_phone},
};

static const config_key list_keys[] = {
    {"id", CONFIG_STR, true, 1, BOUNDS_NAME, "", NULL, "name"},
    {"codes", CONFIG_LIST, true, 1, CODES_MAX, "", NULL, "the codes, and what each means"}};
static const config_key code_keys[] = {
    {"code", CONFIG_STR, true, 1, BOUNDS_NAME, "", NULL, "as it is exchanged"},
    {"title", CONFIG_STR, true, 1, BOUNDS_TITLE, "", NULL, "as people read it"}};

static const code_list *list_named(const code_lists *l, const char *id)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->v[i].id, id) == 0)
            return &l->v[i];
    return NULL;
}

static bool is_listed(const code_list *l, const char *value)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->codes[i], value) == 0)
            return true;
    return false;
}

static sluis_err read_codes(code_list *l, const config_node *rows, sluis_fail *f)
{
    size_t n = config_count(rows);
    l->codes = calloc(n, sizeof *l->codes);
    l->titles = calloc(n, sizeof *l->titles);
    if (!l->codes || !l->titles)
        return fail_set(f, SLUIS_NOMEM, "code_lists", "%s", error_text(SLUIS_NOMEM));
    for (size_t i = 0; i < n; i++) {
        const config_node *row = config_at(rows, i);
        sluis_err err = config_check(row, KEYS(code_keys), f);
        if (err)
            return err;
        const char *code = config_str(row, KEYS(code_keys), "code");
        if (is_listed(l, code))
            return config_fail(row, f, "\"%.64s\" stands twice", code);
        l->codes[i] = code;
        l->titles[i] = config_str(row, KEYS(code_keys), "title");
        l->n = i + 1;
    }
    return SLUIS_OK;
}

sluis_err code_lists_read(code_lists *out, const config_node *root, sluis_fail *f)
{
    const config_node *rows = config_get(root, "code_lists");
    size_t n = config_count(rows);
    sluis_err err = SLUIS_OK;
    *out = (code_lists){.v = calloc(n + 1, sizeof *out->v)};
    if (!out->v)
        return fail_set(f, SLUIS_NOMEM, "code_lists", "%s", error_text(SLUIS_NOMEM));
    for (size_t i = 0; i < n && !err; i++) {
        const config_node *row = config_at(rows, i);
        err = config_check(row, KEYS(list_keys), f);
        const char *id = err ? NULL : config_str(row, KEYS(list_keys), "id");
        if (!err && (!name_valid(id) || list_named(out, id)))
            err = config_fail(row, f, "\"%.64s\" is no name, or stands twice", id);
        if (err)
            break;
        out->v[i].id = id;
        out->n = i + 1;
        err = read_codes(&out->v[i], config_get(row, "codes"), f);
    }
    return err;
}

void code_lists_free(code_lists *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].codes);
        free(l->v[i].titles);
    }
    free(l->v);
    *l = (code_lists){0};
}

static value_format format_named(const char *name)
{
    for (size_t i = 1; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, name) == 0)
            return (value_format)i;
    return FORMAT_NONE;
}

static sluis_err no_format(const config_node *at, const char *name, sluis_fail *f)
{
    char all[256] = "";
    for (size_t i = 1; i < sizeof formats / sizeof formats[0]; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i > 1 ? ", " : "", formats[i].name);
    return config_fail(at, f, "no format is called \"%.64s\"; there are %s", name, all);
}

sluis_err bounds_read(value_bounds *out, const config_node *row, const code_lists *lists, sluis_fail *f)
{
    static const config_key bound_keys[] = {BOUNDS_KEYS};
    const char *format = config_str(row, KEYS(bound_keys), "format"),
               *list = config_str(row, KEYS(bound_keys), "code_list");
    *out = (value_bounds){.format = format ? format_named(format) : FORMAT_NONE,
                          .max_length = (uint32_t)config_int(row, KEYS(bound_keys), "max_length"),
                          .list = list ? list_named(lists, list) : NULL};
    if (format && !out->format)
        return no_format(config_get(row, "format"), format, f);
    if (list && !out->list)
        return config_fail(config_get(row, "code_list"), f, "no list of codes is called \"%.64s\"", list);
    return SLUIS_OK;
}

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

const char *format_name(value_format f)
{
    return formats[f].name ? formats[f].name : "";
}

const char *bounds_misfit(const value_bounds *b, const char *value, bool dutch, char room[static BOUNDS_TEXT])
{
    if (b->max_length && strlen(value) > b->max_length && characters(value) > b->max_length) {
        snprintf(room, BOUNDS_TEXT, dutch ? "ten hoogste %u tekens" : "at most %u characters", b->max_length);
        return room;
    }
    if (b->format && !formats[b->format].fits(value))
        return dutch ? formats[b->format].dutch : formats[b->format].english;
    if (b->list && !is_listed(b->list, value))
        return dutch ? "een code uit de lijst van de catalogus" : "a code of its list in the catalogue";
    return NULL;
}
