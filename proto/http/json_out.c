#include "http/json_out.h"

#include <string.h>

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Where the comma and the member's name are written, and behind them n bytes that the caller writes. NULL:
 * there is no room. */
static uint8_t *begin(json_out *o, const char *name, size_t n)
{
    size_t len = name ? strlen(name) : 0;
    uint8_t *p = buffer_room(o->b, (o->comma ? 1 : 0) + (name ? len + 3 : 0) + n);
    if (!p)
        return NULL;
    if (o->comma)
        *p++ = ',';
    o->comma = true;
    if (!name)
        return p;
    *p++ = '"';
    memcpy(p, name, len);
    p += len;
    *p++ = '"';
    *p++ = ':';
    return p;
}

void json_out_open(json_out *o, const char *name, char bracket)
{
    uint8_t *p = begin(o, name, 1);
    if (p)
        *p = (uint8_t)bracket;
    o->comma = false;
}

void json_out_close(json_out *o, char bracket)
{
    buffer_u8(o->b, (uint8_t)bracket);
    o->comma = true;
}

static bool any_zero(uint64_t eight)
{
    return ((eight - EACH(1)) & ~eight & EACH(0x80)) != 0;
}

/* Of these eight bytes, none needs an escape. */
static bool plain(uint64_t eight)
{
    bool control = ((eight - EACH(0x20)) & ~eight & EACH(0x80)) != 0;
    return !control && !any_zero(eight ^ EACH('"')) && !any_zero(eight ^ EACH('\\'));
}

/* How many of these bytes, from the first on, stand for themselves. */
static size_t plain_run(const char *s, size_t n)
{
    size_t i = 0;
    for (uint64_t eight; i + sizeof eight <= n; i += sizeof eight) {
        memcpy(&eight, s + i, sizeof eight);
        if (!plain(eight))
            break;
    }
    while (i < n && (uint8_t)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\')
        i++;
    return i;
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
    buffer_add(b, "u00", 3);
    buffer_add(b, hex, 2);
}

void json_out_text(json_out *o, const char *name, const char *value)
{
    size_t n = strlen(value), run = plain_run(value, n);
    uint8_t *p = begin(o, name, run + 1);
    if (!p)
        return;
    *p = '"';
    memcpy(p + 1, value, run);
    while (run < n) {
        escape(o->b, (uint8_t)value[run]);
        value += run + 1;
        n -= run + 1;
        run = plain_run(value, n);
        buffer_add(o->b, value, run);
    }
    buffer_u8(o->b, '"');
}

/* A number or a literal. */
static void word(json_out *o, const char *name, const char *text, size_t n)
{
    uint8_t *p = begin(o, name, n);
    if (p)
        memcpy(p, text, n);
}

void json_out_number(json_out *o, const char *name, uint64_t value)
{
    char text[20], *p = text + sizeof text;
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    word(o, name, p, (size_t)(text + sizeof text - p));
}

void json_out_bool(json_out *o, const char *name, bool value)
{
    word(o, name, value ? "true" : "false", value ? 4 : 5);
}
