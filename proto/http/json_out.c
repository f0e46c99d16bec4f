#include "http/json_out.h"

#include <string.h>

static void add_text(buffer *b, const char *s)
{
    buffer_add(b, s, strlen(s));
}

/* The comma, and the member's name. */
static void begin(json_out *o, const char *name)
{
    if (o->comma)
        buffer_u8(o->b, ',');
    o->comma = true;
    if (!name)
        return;
    buffer_u8(o->b, '"');
    add_text(o->b, name);
    buffer_add(o->b, "\":", 2);
}

void json_out_open(json_out *o, const char *name, char bracket)
{
    begin(o, name);
    buffer_u8(o->b, (uint8_t)bracket);
    o->comma = false;
}

void json_out_close(json_out *o, char bracket)
{
    buffer_u8(o->b, (uint8_t)bracket);
    o->comma = true;
}

static void escape(buffer *b, uint8_t c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    char hex[3];
    const char *at = strchr(from, c);
    buffer_u8(b, '\\');
    if (at) {
        buffer_u8(b, (uint8_t)to[at - from]);
        return;
    }
    hex_encode(hex, &c, 1);
    add_text(b, "u00");
    add_text(b, hex);
}

void json_out_text(json_out *o, const char *name, const char *value)
{
    begin(o, name);
    buffer_u8(o->b, '"');
    for (const char *s = value;; s++) {
        size_t n = 0; /* that stand for themselves */
        while ((uint8_t)s[n] >= 0x20 && s[n] != '"' && s[n] != '\\')
            n++;
        buffer_add(o->b, s, n);
        s += n;
        if (!*s)
            break;
        escape(o->b, (uint8_t)*s);
    }
    buffer_u8(o->b, '"');
}

void json_out_number(json_out *o, const char *name, uint64_t value)
{
    char text[20], *p = text + sizeof text;
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    begin(o, name);
    buffer_add(o->b, p, (size_t)(text + sizeof text - p));
}

void json_out_bool(json_out *o, const char *name, bool value)
{
    begin(o, name);
    add_text(o->b, value ? "true" : "false");
}
