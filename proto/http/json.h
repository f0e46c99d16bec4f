/* JSON from outside, over jansson: RFC 8259, and stricter where two readers could differ.
 *
 * Refused besides what jansson refuses: duplicate keys, NUL bytes and \u0000, a byte order mark, nesting
 * deeper than JSON_MAX_DEPTH, more than JSON_MAX_BYTES. Errors name line and column, never the text itself.
 * Thread: pure; a json_t belongs to one thread. */
#ifndef SLUIS_HTTP_JSON_H
#define SLUIS_HTTP_JSON_H

#include <jansson.h>

#include "base/bytes.h"

#define JSON_MAX_BYTES (1u << 20)
#define JSON_MAX_DEPTH 32

/* Any JSON value. *out is returned owned (json_decref). INVALID or TOO_BIG with f->where "regel R, kolom C".
 */
sluis_err json_request_parse(json_t **out, bytes text, sluis_fail *f);

/* The string member, or NULL when absent or not a string. Borrowed from object. */
const char *json_str(const json_t *object, const char *name);

#endif
