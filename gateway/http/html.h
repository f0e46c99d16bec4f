/* HTML by a form with places: every value is escaped, whatever it is, and there is no other way to put one.
 * Internal to http/. Thread: pure. */
#ifndef SLUIS_GATEWAY_HTTP_HTML_H
#define SLUIS_GATEWAY_HTTP_HTML_H

#include "base/bytes.h"

/* Appends form, our own markup, with each "{}" replaced by the next argument (const char *), escaped for text
 * and for a quoted attribute. Bytes that are no UTF-8, control characters other than tab and line feed, and
 * marks that turn the direction of the text around them become U+FFFD: seen, and without effect. Errors stick
 * in b. */
void html_add(buffer *b, const char *form, ...);

#endif
