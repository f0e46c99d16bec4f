/* UUIDv7 (RFC 9562 section 5.7), 16 bytes:
 *
 *   0  unix_ts_ms u48 | 6  0x7 and 12 random bits | 8  0b10 and 62 random bits
 */
#include "base/ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"

#define OIN_PREFIX_LEN  8
#define OIN_TEST_PREFIX "00000099"
#define BSN_TEST_PREFIX "9999"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool oin_valid(const char *s, size_t n)
{
    if (n != OIN_LEN)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_digit(s[i]) && (i < OIN_PREFIX_LEN || s[i] < 'A' || s[i] > 'Z'))
            return false;
    return true;
}

bool oin_is_test(const oin *o)
{
    return strncmp(o->s, OIN_TEST_PREFIX, OIN_PREFIX_LEN) == 0;
}

sluis_err oin_parse(oin *out, const char *s, size_t n)
{
    if (!oin_valid(s, n))
        return SLUIS_INVALID;
    memcpy(out->s, s, OIN_LEN);
    out->s[OIN_LEN] = '\0';
    return SLUIS_OK;
}

bool oin_equal(const oin *a, const oin *b)
{
    return memcmp(a->s, b->s, OIN_LEN) == 0;
}

bool bsn_valid(const char *s, size_t n)
{
    if (n != BSN_LEN)
        return false;
    int sum = 0, any = 0;
    for (int i = 0; i < BSN_LEN; i++) {
        if (!is_digit(s[i]))
            return false;
        int d = s[i] - '0';
        any |= d;
        sum += i == BSN_LEN - 1 ? -d : (BSN_LEN - i) * d;
    }
    return any != 0 && sum % 11 == 0;
}

bool bsn_is_test(const char *s)
{
    return strncmp(s, BSN_TEST_PREFIX, strlen(BSN_TEST_PREFIX)) == 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void bsn_mask(char *s)
{
    while (*s) {
        size_t n = 0, digits = 0;
        for (; s[n] && !is_letter(s[n]); n++)
            digits += is_digit(s[n]);
        for (size_t i = 0; digits >= BSN_LEN && i < n; i++)
            s[i] = is_digit(s[i]) ? '*' : s[i];
        s += n + (s[n] != '\0');
    }
}

/* Up to 256 bytes; the kernel gives those whole or, on a kernel without getrandom, never. */
static void fill_random(void *p, size_t n)
{
    while (getrandom(p, n, 0) != (ssize_t)n)
        if (errno != EINTR)
            abort();
}

/* What makes an id unique is public, and needed for every message: the kernel is asked for many at once. The
 * stock belongs to its thread and is used front to back, once; no process of ours forks after it has begun.
 */
static void fill_unique(uint8_t out[static UUID_LEN - 6])
{
    static _Thread_local uint8_t stock[25 * (UUID_LEN - 6)];
    static _Thread_local size_t left;
    if (left == 0) {
        fill_random(stock, sizeof stock);
        left = sizeof stock;
    }
    memcpy(out, stock + sizeof stock - left, UUID_LEN - 6);
    left -= UUID_LEN - 6;
}

uuid uuid_new(uint64_t now_ms)
{
    uuid u;
    put_u64(u.b, now_ms << 16);
    fill_unique(u.b + 6);
    u.b[6] = (uint8_t)(0x70 | (u.b[6] & 0x0f));
    u.b[8] = (uint8_t)(0x80 | (u.b[8] & 0x3f));
    return u;
}

bool uuid_is_v7(const uint8_t b[static UUID_LEN])
{
    return b[6] >> 4 == 7 && b[8] >> 6 == 2;
}

void uuid_format(char out[static UUID_STR], const uint8_t b[static UUID_LEN])
{
    static const uint8_t group[] = {4, 2, 2, 2, 6};
    char *o = out;
    for (size_t i = 0; i < sizeof group; i++) {
        if (i)
            *o++ = '-';
        hex_encode(o, b, group[i]);
        o += 2 * group[i];
        b += group[i];
    }
}

sluis_err uuid_parse(uuid *out, const char *s)
{
    char hex[2 * UUID_LEN];
    size_t n = 0;
    if (strnlen(s, UUID_STR) != UUID_STR - 1)
        return SLUIS_INVALID;
    for (size_t i = 0; i < UUID_STR - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (s[i] == '-'))
            return SLUIS_INVALID;
        if (!dash)
            hex[n++] = s[i];
    }
    uuid u;
    if (hex_decode(u.b, sizeof u.b, hex, n))
        return SLUIS_INVALID;
    *out = u;
    return SLUIS_OK;
}

id16 id_random(void)
{
    id16 id;
    fill_random(id.b, sizeof id.b);
    return id;
}

void id_format(char out[static 33], const id16 *id)
{
    hex_encode(out, id->b, sizeof id->b);
}

sluis_err id_parse(id16 *out, const char *s)
{
    id16 id;
    if (hex_decode(id.b, sizeof id.b, s, strnlen(s, 2 * ID_LEN + 1)))
        return SLUIS_INVALID;
    *out = id;
    return SLUIS_OK;
}

bool id_equal(const id16 *a, const id16 *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* A person number as a word of its own, between separators: names go where no person may be named. A number
 * within letters and digits is part of a longer id. */
static bool names_person(const char *s)
{
    for (;;) {
        size_t n = strcspn(s, "._:-");
        if (bsn_valid(s, n))
            return true;
        if (!s[n])
            return false;
        s += n + 1;
    }
}

bool name_valid(const char *s)
{
    size_t n = strnlen(s, NAME_MAX_LEN + 1);
    if (n == 0 || n > NAME_MAX_LEN)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool alnum = is_digit(s[i]) || (s[i] >= 'a' && s[i] <= 'z');
        if (!alnum && (i == 0 || !strchr("._:-", s[i])))
            return false;
    }
    return !names_person(s);
}

bool own_name_valid(const char *s)
{
    return name_valid(s) && strspn(s, "0123456789") != BSN_LEN;
}
