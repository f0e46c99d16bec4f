/* Byte ranges, bounded buffers, cursors with a sticky error, hex and base64.
 * All integers on the wire and on disk are big-endian. Thread: objects belong to one thread. */
#ifndef SLUIS_BASE_BYTES_H
#define SLUIS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A borrowed range; p may be NULL when n is 0. */
typedef struct {
    const uint8_t *p;
    size_t n;
} bytes;

#define BYTES_OF(array) ((bytes){(const uint8_t *)(array), sizeof(array)})
#define BYTES(ptr, len) ((bytes){(const uint8_t *)(ptr), (len)})
bytes bytes_str(const char *s); /* without the NUL */
bool bytes_equal(bytes a, bytes b);

/* A growing buffer with a stated maximum. Sticky: after a failed append, err holds why and n is unchanged. */
typedef struct {
    uint8_t *p; /* owned */
    size_t n, cap, max;
    sluis_err err;
} buffer;

void buffer_init(buffer *b, size_t max);
void buffer_close(buffer *b); /* wipes and frees; idempotent, and ready for use again */
void buffer_clear(buffer *b); /* n = 0, err = OK, keeps the memory */
void buffer_add(buffer *b, const void *p, size_t n);
uint8_t *buffer_room(buffer *b,
                     size_t n); /* appends n bytes that the caller writes; NULL: none, or err is set */
void buffer_u8(buffer *b, uint8_t v);
void buffer_printf(buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bytes buffer_bytes(const buffer *b); /* borrowed until the next append */

/* Reading cursor: sticky; every get after an error yields zeros. cursor_end() is OK only when nothing is
 * left. */
typedef struct {
    const uint8_t *p, *end;
    sluis_err err;
} cursor;

cursor cursor_of(bytes b);
uint64_t cursor_u64(cursor *c);
void cursor_copy(cursor *c, void *out, size_t n);
bytes cursor_take(cursor *c, size_t n); /* borrowed */
sluis_err cursor_end(const cursor *c);

void put_u16(uint8_t out[static 2], uint16_t v);
void put_u32(uint8_t out[static 4], uint32_t v);
void put_u64(uint8_t out[static 8], uint64_t v);
uint16_t get_u16(const uint8_t in[static 2]);
uint32_t get_u32(const uint8_t in[static 4]);
uint64_t get_u64(const uint8_t in[static 8]);

/* Lower-case hex; out holds 2n + 1 bytes. */
void hex_encode(char *out, const void *p, size_t n);
/* Exactly n bytes from 2n hex digits (either case), else SLUIS_INVALID. */
sluis_err hex_decode(uint8_t *out, size_t n, const char *hex, size_t hexlen);

/* Length of the well-formed UTF-8 character (RFC 3629) that s[0..n) begins with; 0 when there is none. */
size_t utf8_char(const uint8_t *s, size_t n);
bool utf8_valid(bytes b);

#endif
