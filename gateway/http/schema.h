/* The part of OpenAPI 3.0's schema language that the description uses for what comes in, and its check.
 *
 *   type (object, array, string, integer, boolean), properties, required, additionalProperties: false,
 *   items, minItems, maxItems, uniqueItems, enum, minLength, maxLength (characters), minimum, maximum,
 *   format: naam, oin, bsn, uuid, zaak-id, date-time; and $ref to "#/components/..."
 *
 * A keyword outside this list makes schema_supported fail at start: nothing is promised that is not checked.
 * Thread: pure, on a document that nobody changes. */
#ifndef SLUIS_GATEWAY_HTTP_SCHEMA_H
#define SLUIS_GATEWAY_HTTP_SCHEMA_H

#include <jansson.h>

#include "base/error.h"
#include "http/problem.h"

/* Follows $ref (once more for each level, at most 8); NULL when it leads nowhere. */
const json_t *schema_resolve(const json_t *document, const json_t *schema);

sluis_err schema_supported(const json_t *document, const json_t *schema, sluis_fail *f);

/* Checks value; false fills *p with status 400 and the place (where, then ".member" or "[i]"). */
bool schema_check(const json_t *document, const json_t *schema, const json_t *value, const char *where,
                  problem *p);

/* What does not exist is named when it reads like a name: with a digit or a space in it, it may say who
 * somebody is, and problems end up in logs. */
bool schema_reads_like_name(const char *key);

/* A parameter's text as its schema's type: an array is split at commas. NULL fills *p. Returned owned. */
json_t *schema_read_text(const json_t *document, const json_t *schema, const char *text, const char *where,
                         problem *p);

#endif
