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

/* The bytes of one UTF-8 character (RFC 3629) and its number; 0: they are none. */
static size_t character(const unsigned char *p, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    uint32_t c = n == 1 ? p[0] : n ? p[0] & (0x7fu >> n) : 0;
    for (size_t i = 1; i < n; i++) { /* the NUL at the end is no continuation */
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return n;
}

/* C0 and C1, DEL, and what overrides the direction of what follows (Unicode TR9: 202A-202E, 2066-2069). */
static bool may_stand(uint32_t c)
{
    const bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
    return !control && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

void html_value(buffer *b, const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    while (*p) {
        uint32_t c = 0;
        const size_t n = character(p, &c);
        const char *as = n == 1 ? entity(*p) : NULL;
        if (as)
            buffer_add(b, as, strlen(as));
        else if (n && may_stand(c))
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
        html_value(b, va_arg(values, const char *));
    }
    va_end(values);
    buffer_add(b, form, strlen(form));
}
