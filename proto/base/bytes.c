#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_LEAST 512 /* of a buffer that holds anything: most rows and messages */

bytes bytes_str(const char *s)
{
    return BYTES(s, strlen(s));
}

bool bytes_equal(bytes a, bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

void buffer_init(buffer *b, size_t max)
{
    *b = (buffer){.max = max};
}

/* Buffers hold what was unsealed or is about to be sealed: no copy stays in freed memory. */
static void drop(uint8_t *p, size_t n)
{
    if (p)
        explicit_bzero(p, n);
    free(p);
}

void buffer_close(buffer *b)
{
    drop(b->p, b->cap);
    *b = (buffer){.max = b->max};
}

void buffer_clear(buffer *b)
{
    b->n = 0;
    b->err = SLUIS_OK;
}

static bool grow(buffer *b, size_t n)
{
    if (b->err)
        return false;
    if (n > b->max - b->n) {
        b->err = SLUIS_TOO_BIG;
        return false;
    }
    size_t need = b->n + n;
    size_t cap = b->cap ? b->cap : CAP_LEAST;
    while (cap < need)
        cap = cap > b->max / 2 ? need : cap * 2;
    if (cap > b->max)
        cap = b->max;
    uint8_t *p = malloc(cap);
    if (!p) {
        b->err = SLUIS_NOMEM;
        return false;
    }
    if (b->n)
        memcpy(p, b->p, b->n);
    drop(b->p, b->cap);
    b->p = p;
    b->cap = cap;
    return true;
}

/* Makes room for n more bytes; false sets the sticky error. */
static bool reserve(buffer *b, size_t n)
{
    return (n <= b->cap - b->n && !b->err) || grow(b, n);
}

void buffer_add(buffer *b, const void *p, size_t n)
{
    if (n == 0 || !reserve(b, n))
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

uint8_t *buffer_room(buffer *b, size_t n)
{
    if (n == 0 || !reserve(b, n))
        return NULL;
    b->n += n;
    return b->p + b->n - n;
}

void buffer_u8(buffer *b, uint8_t v)
{
    buffer_add(b, &v, 1);
}

void buffer_printf(buffer *b, const char *fmt, ...)
{
    char small[256];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0) {
        if (!b->err)
            b->err = SLUIS_INVALID;
    } else if ((size_t)n < sizeof small) {
        buffer_add(b, small, (size_t)n);
    } else if (!b->err && (size_t)n > b->max - b->n) {
        b->err = SLUIS_TOO_BIG;
    } else if (!b->err) {
        char *big = malloc((size_t)n + 1);
        if (big) {
            vsnprintf(big, (size_t)n + 1, fmt, again);
            buffer_add(b, big, (size_t)n);
            drop((uint8_t *)big, (size_t)n);
        } else {
            b->err = SLUIS_NOMEM;
        }
    }
    va_end(again);
}

bytes buffer_bytes(const buffer *b)
{
    return BYTES(b->p, b->n);
}

cursor cursor_of(bytes b)
{
    return (cursor){.p = b.p, .end = b.n ? b.p + b.n : b.p};
}

bytes cursor_take(cursor *c, size_t n)
{
    size_t left = c->p ? (size_t)(c->end - c->p) : 0;
    if (c->err || n > left) {
        if (!c->err)
            c->err = SLUIS_TRUNCATED;
        return BYTES(NULL, 0);
    }
    bytes r = BYTES(c->p, n);
    if (n)
        c->p += n;
    return r;
}

void cursor_copy(cursor *c, void *out, size_t n)
{
    bytes r = cursor_take(c, n);
    if (r.n)
        memcpy(out, r.p, n);
    else if (n)
        memset(out, 0, n);
}

uint64_t cursor_u64(cursor *c)
{
    uint8_t t[8];
    cursor_copy(c, t, sizeof t);
    return get_u64(t);
}

sluis_err cursor_end(const cursor *c)
{
    if (c->err)
        return c->err;
    return c->p == c->end ? SLUIS_OK : SLUIS_INVALID;
}

void put_u16(uint8_t out[static 2], uint16_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
}

void put_u32(uint8_t out[static 4], uint32_t v)
{
    put_u16(out, (uint16_t)(v >> 16));
    put_u16(out + 2, (uint16_t)v);
}

void put_u64(uint8_t out[static 8], uint64_t v)
{
    put_u32(out, (uint32_t)(v >> 32));
    put_u32(out + 4, (uint32_t)v);
}

uint16_t get_u16(const uint8_t in[static 2])
{
    return (uint16_t)((unsigned)in[0] << 8 | in[1]);
}

uint32_t get_u32(const uint8_t in[static 4])
{
    return (uint32_t)get_u16(in) << 16 | get_u16(in + 2);
}

uint64_t get_u64(const uint8_t in[static 8])
{
    return (uint64_t)get_u32(in) << 32 | get_u32(in + 4);
}

void hex_encode(char *out, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * n] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

sluis_err hex_decode(uint8_t *out, size_t n, const char *hex, size_t hexlen)
{
    if (hexlen / 2 != n || hexlen % 2)
        return SLUIS_INVALID;
    for (size_t i = 0; i < n; i++) {
        int hi = hex_value(hex[2 * i]), lo = hex_value(hex[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return SLUIS_INVALID;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return SLUIS_OK;
}

size_t utf8_char(const uint8_t *s, size_t n)
{
    if (n == 0)
        return 0;
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (len > n || (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

bool utf8_valid(bytes b)
{
    while (b.n > 0) {
        size_t len = utf8_char(b.p, b.n);
        if (len == 0)
            return false;
        b.p += len;
        b.n -= len;
    }
    return true;
}
