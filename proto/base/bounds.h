/* What the catalogue says of an attribute's values beyond their type: a largest length, a standard format, a
 * list of codes. Both readers of the catalogue, the gateway's and the adapter's, read and judge by it.
 * Thread: immutable after reading. */
#ifndef SLUIS_BASE_BOUNDS_H
#define SLUIS_BASE_BOUNDS_H

#include "base/config.h"

/* A fixed set of formats, and no patterns. */
typedef enum {
    FORMAT_NONE,
    FORMAT_BSN,          /* nine digits, the eleven-test */
    FORMAT_POSTCODE,     /* 1234AB: no leading zero, none of SA, SD, SS */
    FORMAT_MUNICIPALITY, /* CBS: four digits */
    FORMAT_BRIN,         /* RIO, DUO: 12AB */
    FORMAT_AGB,          /* Vektis: eight digits */
    FORMAT_IBAN,         /* ISO 13616: without spaces, modulo 97 */
    FORMAT_PHONE         /* E.164: + and 8 to 15 digits; or, in the Netherlands, 0 and nine */
} value_format;

#define CODE_LISTS_MAX 1024
#define CODES_MAX      1024 /* a list */
#define BOUNDS_NAME    64
#define BOUNDS_TITLE   200
#define BOUNDS_LENGTH  4096
#define BOUNDS_TEXT    64

/* What attributes may share: code_lists = ( { id = "..."; codes = ( { code = "..."; title = "..."; }, ... );
 * } ). Strings are borrowed from the configuration. */
typedef struct {
    const char *id;
    const char **codes, **titles; /* as people read them */
    size_t n;
} code_list;
typedef struct {
    code_list *v;
    size_t n;
} code_lists;

typedef struct {
    value_format format;
    uint32_t max_length;   /* characters of UTF-8; 0: as many as the type allows */
    const code_list *list; /* NULL: any */
} value_bounds;

/* The keys of a catalogue's root, and of an attribute, that these read. */
#define CODE_LISTS_KEY                                                                                       \
    {                                                                                                        \
        "code_lists", CONFIG_LIST, false, 0, CODE_LISTS_MAX, "", NULL, "lists of codes, by name"             \
    }
#define BOUNDS_KEYS                                                                                          \
    {"format", CONFIG_STR, false, 1, BOUNDS_NAME, "", NULL, "of its text: a standard one, by name"},         \
        {"max_length", CONFIG_INT, false, 1, BOUNDS_LENGTH, "characters", NULL, "of its text"},              \
    {                                                                                                        \
        "code_list", CONFIG_STR, false, 1, BOUNDS_NAME, "", NULL, "the list that its values are of"          \
    }

/* root: a checked catalogue; without lists *out is empty. After an error too *out is to be freed. */
sluis_err code_lists_read(code_lists *out, const config_node *root, sluis_fail *f);
void code_lists_free(code_lists *l);
/* row: a checked attribute. INVALID: a format or list of that name is not there. */
sluis_err bounds_read(value_bounds *out, const config_node *row, const code_lists *lists, sluis_fail *f);

/* NULL: the value, which fits its type, fits these too; else what it must be, in English or Dutch, never the
 * value. room: where a text that names a number is written. */
const char *bounds_misfit(const value_bounds *b, const char *value, bool dutch,
                          char room[static BOUNDS_TEXT]);
const char *format_name(value_format f); /* as the catalogue writes it; "" for none; static */

#endif
