#include "http/html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

static const char *entity(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* The number of a well-formed character of n bytes (utf8_char). */
static uint32_t number_of(const uint8_t *p, size_t n)
{
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3f);
    return c;
}

/* C0 and C1, DEL, and what overrides the direction of what follows (Unicode TR9: 202A-202E, 2066-2069). */
static bool may_stand(uint32_t c)
{
    const bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
    return !control && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

static void add_value(buffer *b, const char *s)
{
    const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);
    while (p < end) {
        const size_t n = utf8_char(p, (size_t)(end - p));
        const char *as = n == 1 ? entity(*p) : NULL;
        if (as)
            buffer_add(b, as, strlen(as));
        else if (n && may_stand(number_of(p, n)))
            buffer_add(b, p, n);
        else
            buffer_add(b, REPLACEMENT, strlen(REPLACEMENT));
        p += n ? n : 1;
    }
}

void html_add(buffer *b, const char *form, ...)
{
    va_list values;
    va_start(values, form);
    for (const char *at; (at = strstr(form, "{}")); form = at + 2) {
        buffer_add(b, form, (size_t)(at - form));
        add_value(b, va_arg(values, const char *));
    }
    va_end(values);
    buffer_add(b, form, strlen(form));
}
