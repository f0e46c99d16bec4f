/* From a party's spelling of a value to the catalogue's. Thread: pure. */
#ifndef SLUIS_MAPPING_CONVERT_H
#define SLUIS_MAPPING_CONVERT_H

#include "mapping/catalogue.h"
#include "wire/arena.h"

typedef enum { CONVERT_NONE, CONVERT_HL7_DATE, CONVERT_DUTCH_DATE, CONVERT_BOOL, CONVERT_AMOUNT } conversion;

sluis_err conversion_parse(conversion *out, const char *name);
/* *out is value itself or a new string in a. INVALID with *expected saying what would fit; never the value.
 */
sluis_err value_convert(arena *a, conversion c, const char *value, const char **out, const char **expected);

#endif
