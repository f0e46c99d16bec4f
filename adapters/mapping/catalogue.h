/* The catalogue as an adapter needs it: which attributes exist, of what type and category. Read from the same
 * catalogue.conf as the gateway's rules; an adapter never reads the rules themselves. Thread: immutable after
 * loading. */
#ifndef SLUIS_MAPPING_CATALOGUE_H
#define SLUIS_MAPPING_CATALOGUE_H

#include <stdint.h>

#include "base/bounds.h"
#include "base/error.h"

typedef enum { VALUE_TEXT, VALUE_DATE, VALUE_NUMBER, VALUE_AMOUNT, VALUE_BOOL, VALUE_CODE } value_kind;

#define VALUE_MAX_BYTES   4096
#define CATALOGUE_ENTRIES 4096

typedef struct {
    uint32_t id;
    char *name, *title, *category; /* owned */
    value_kind kind;
    bool form;           /* a person may type it */
    value_bounds bounds; /* of its values, beyond their kind */
} catalogue_entry;

typedef struct catalogue catalogue;

sluis_err catalogue_load(catalogue **out, const char *path, sluis_fail *f);
void catalogue_free(catalogue **c);
const catalogue_entry *catalogue_by_id(const catalogue *c, uint32_t id); /* NULL: none */
const catalogue_entry *catalogue_by_name(const catalogue *c, const char *name);

/* A value as its type writes it: dates "2026-11-24" and possible, numbers decimal with a point, amounts with
 * two decimals, bool "true" or "false", text and codes UTF-8 without control characters, 1..4096 bytes.
 * Returns NULL when it fits, else what a value of this kind looks like; never the value. */
const char *value_misfit(value_kind k, const char *value);
/* The same for an attribute: its kind and its bounds. room: where a text that names a number is written. */
const char *entry_misfit(const catalogue_entry *e, const char *value, char room[static BOUNDS_TEXT]);
/* What a person typed: INVALID names the attribute and says what to do. */
sluis_err entry_check_typed(const catalogue_entry *e, const char *value, sluis_fail *f);
sluis_err value_kind_parse(value_kind *out, const char *name);
const char *value_kind_name(value_kind k); /* "text", as the catalogue writes it; static */

#endif
