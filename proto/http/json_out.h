/* JSON text written as it comes (RFC 8259, compact), for answers that are large and often: no tree is built
 * first. Members come in the order they are written, names are not compared. Errors are the buffer's, sticky.
 * Thread: pure. */
#ifndef SLUIS_HTTP_JSON_OUT_H
#define SLUIS_HTTP_JSON_OUT_H

#include "base/bytes.h"

typedef struct {
    buffer *b;  /* borrowed */
    bool comma; /* something stands before, in this object or array */
} json_out;

/* name: of the member; NULL in an array, and for the whole. ASCII that needs no escape. */
void json_out_open(json_out *o, const char *name, char bracket); /* '{' or '[' */
void json_out_close(json_out *o, char bracket);                  /* '}' or ']' */
/* Well-formed UTF-8, as all that wire_unpack lets through. */
void json_out_text(json_out *o, const char *name, const char *value);
void json_out_number(json_out *o, const char *name, uint64_t value);
void json_out_bool(json_out *o, const char *name, bool value);

#endif
