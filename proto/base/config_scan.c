/* What libconfig 1.5 takes without a word: numbers that do not fit (it wraps them), @include, \x escapes
 * (NUL, broken UTF-8), nesting and groups without bound, bytes that are not text. */
#include "base/config_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define DEPTH_MAX 32
#define KEYS_MAX  1024 /* in one group: libconfig looks for duplicates one by one */
#define QUOTE_MAX 120  /* of the line shown in an error */
#define PLACE_MAX 100  /* of the file's name in an error; its tail says most */

/* The line's text without indentation, cut at QUOTE_MAX, what is not printable as '?'. A line beyond the
 * end, as libconfig counts, becomes the last one. */
static void quote_line(char out[static QUOTE_MAX + 4], const config_source *c, int *line)
{
    const char *p = c->text;
    for (int i = 1; i < *line; i++) {
        const char *lf = strchr(p, '\n');
        if (!lf || lf + 1 == c->text + c->n) {
            *line = i;
            break;
        }
        p = lf + 1;
    }
    p += strspn(p, " \t");
    size_t n = strcspn(p, "\r\n"), keep = n;
    if (n > QUOTE_MAX)
        for (keep = QUOTE_MAX; keep > 0 && ((unsigned char)p[keep] & 0xc0) == 0x80;)
            keep--;
    for (size_t i = 0; i < keep; i++)
        out[i] = (unsigned char)p[i] < 0x20 || p[i] == 0x7f ? '?' : p[i];
    if (!utf8_valid(BYTES(out, keep)))
        for (size_t i = 0; i < keep; i++)
            if ((unsigned char)out[i] >= 0x80)
                out[i] = '?';
    memcpy(out + keep, n > keep ? "..." : "", n > keep ? 4 : 1);
}

sluis_err config_source_fail(const config_source *c, int line, sluis_fail *f, const char *text)
{
    char place[PLACE_MAX + 20], quoted[QUOTE_MAX + 4];
    size_t len = strlen(c->name), skip = len > PLACE_MAX ? len - PLACE_MAX + 3 : 0;
    if (line < 1)
        line = 1;
    quote_line(quoted, c, &line);
    snprintf(place, sizeof place, "%s%s:%d", skip ? "..." : "", c->name + skip, line);
    return fail_set(f, SLUIS_INVALID, place, "%s: \"%s\"", text, quoted);
}

typedef struct {
    const config_source *c;
    sluis_fail *f;
    const char *p, *end;
    int line;
    char last; /* first character of the token before, 0 at the start */
    size_t depth;
    struct {
        char open;
        int line;
        unsigned keys;
    } level[DEPTH_MAX + 1]; /* [0] is the file */
} scan;

static sluis_err scan_fail(const scan *s, int line, const char *text)
{
    return config_source_fail(s->c, line, s->f, text);
}

static sluis_err check_bytes(const config_source *c, sluis_fail *f)
{
    int line = 1;
    for (size_t i = 0; i < c->n;) {
        size_t len = utf8_char((const uint8_t *)c->text + i, c->n - i);
        char b = c->text[i];
        if (len == 0)
            return config_source_fail(c, line, f, "not UTF-8: save the file as UTF-8");
        if (((unsigned char)b < 0x20 && !strchr("\t\n\r", b)) || b == 0x7f || b == '\0')
            return config_source_fail(c, line, f, "control character: remove it");
        line += b == '\n';
        i += len;
    }
    return SLUIS_OK;
}

static sluis_err skip_comment(scan *s)
{
    int from = s->line;
    for (s->p += 2; s->p < s->end; s->p++) {
        if (s->p[0] == '*' && s->p[1] == '/') {
            s->p += 2;
            return SLUIS_OK;
        }
        s->line += *s->p == '\n';
    }
    return scan_fail(s, from, "comment is never closed");
}

static sluis_err skip_string(scan *s)
{
    int from = s->line;
    for (s->p++; s->p < s->end; s->p++) {
        if (*s->p == '"') {
            s->p++;
            return SLUIS_OK;
        }
        if (*s->p == '\\' && (s->p[1] == 'x' || s->p[1] == 'X'))
            return scan_fail(s, s->line, "\\x escapes are not used here: write the character itself");
        if (*s->p == '\\' && (s->p[1] == '"' || s->p[1] == '\\'))
            s->p++;
        s->line += *s->p == '\n';
    }
    return scan_fail(s, from, "text is never closed");
}

/* libconfig leaks a text that its grammar has no use for: so it stands as a value, or after another text. */
static bool text_fits(const scan *s)
{
    bool in_list = s->level[s->depth].open == '(' || s->level[s->depth].open == '[';
    return s->last == '=' || s->last == ':' || s->last == '"' ||
           (in_list && (s->last == s->level[s->depth].open || s->last == ','));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Decimal or hexadecimal, "L" for more than 32 bits; a fraction or exponent is left to the schema check. */
static sluis_err check_number(scan *s)
{
    char *end, *real_end;
    errno = 0;
    bool hex = s->p[0] == '0' && (s->p[1] == 'x' || s->p[1] == 'X');
    long long v = strtoll(s->p, &end, hex ? 16 : 10);
    bool over = errno == ERANGE;
    strtod(s->p, &real_end);
    if (!hex && real_end > end) {
        s->p = real_end;
        return SLUIS_OK;
    }
    bool wide = *end == 'L';
    end += strspn(end, "L");
    s->p = end;
    if (over)
        return scan_fail(s, s->line, "number does not fit in 64 bits");
    if (!wide && (v > INT32_MAX || v < INT32_MIN))
        return scan_fail(s, s->line, "a number of more than 32 bits needs an L after it, as in 5000000000L");
    if (is_letter(*end))
        return scan_fail(s, s->line, "a number runs on into letters: end it with ;");
    return SLUIS_OK;
}

static sluis_err open_level(scan *s)
{
    if (s->depth == DEPTH_MAX)
        return scan_fail(s, s->line, "nested too deeply");
    s->depth++;
    s->level[s->depth].open = *s->p++;
    s->level[s->depth].line = s->line;
    s->level[s->depth].keys = 0;
    return SLUIS_OK;
}

static sluis_err close_level(scan *s)
{
    char open = *s->p == '}' ? '{' : *s->p == ')' ? '(' : '[';
    if (s->depth == 0 || s->level[s->depth].open != open) {
        char text[80];
        snprintf(text, sizeof text, s->depth ? "%c does not close the %c of line %d" : "%c closes nothing",
                 *s->p, s->level[s->depth].open, s->level[s->depth].line);
        return scan_fail(s, s->line, text);
    }
    s->depth--;
    s->p++;
    return SLUIS_OK;
}

static bool is_comment(const char *p)
{
    return p[0] == '#' || (p[0] == '/' && (p[1] == '/' || p[1] == '*'));
}

static sluis_err scan_token(scan *s)
{
    char c = *s->p, next = s->p[1];
    if (c == '#' || (c == '/' && next == '/')) {
        s->p += strcspn(s->p, "\n");
        return SLUIS_OK;
    }
    if (c == '/' && next == '*')
        return skip_comment(s);
    if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && is_digit(next)))
        return check_number(s);
    if (is_letter(c) || c == '*') {
        while (is_letter(*s->p) || is_digit(*s->p) || *s->p == '-' || *s->p == '_' || *s->p == '*')
            s->p++;
        return SLUIS_OK;
    }
    switch (c) {
    case '"':
        return text_fits(s) ? skip_string(s)
                            : scan_fail(s, s->line, "a text cannot stand here; write key = \"text\"");
    case '{':
    case '(':
    case '[':
        return open_level(s);
    case '}':
    case ')':
    case ']':
        return close_level(s);
    case '@':
        return scan_fail(s, s->line, "@include is not used here: one file holds it all");
    case '=':
    case ':':
        if (++s->level[s->depth].keys > KEYS_MAX)
            return scan_fail(s, s->line, "too many keys in one group");
        break;
    case '\n':
        s->line++;
        break;
    default:
        break;
    }
    s->p++;
    return SLUIS_OK;
}

sluis_err config_scan(const config_source *c, sluis_fail *f)
{
    scan s = {.c = c, .f = f, .p = c->text, .end = c->text + c->n, .line = 1};
    sluis_err e = check_bytes(c, f);
    while (!e && s.p < s.end) {
        char first = *s.p;
        bool counts = !strchr(" \t\r\n", first) && !is_comment(s.p);
        e = scan_token(&s);
        if (counts)
            s.last = first;
    }
    if (!e && s.depth > 0)
        e = scan_fail(&s, s.level[s.depth].line, "bracket opened here is never closed");
    return e;
}
