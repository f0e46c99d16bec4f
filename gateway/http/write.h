/* Replies that are large and often, as the JSON of openapi.json, written as they come and not built as a tree
 * first: the data of the register. The rest is render.h's. Thread: pure. */
#ifndef SLUIS_GATEWAY_HTTP_WRITE_H
#define SLUIS_GATEWAY_HTTP_WRITE_H

#include "api.pb-c.h"
#include "base/bytes.h"

/* Appends the text. False: this result is one of render.h. An error is the buffer's. */
bool write_reply(buffer *out, const Sluis__ApiReply *r);

#endif
