#include "mapping/json_lines.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *p, *end;
    int line;
} scan;

static void blank(scan *s)
{
    for (; s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'); s->p++)
        s->line += *s->p == '\n';
}

/* Past a string; its raw characters are [from, to). */
static void string(scan *s, const char **from, const char **to)
{
    *from = s->p < s->end ? ++s->p : s->p;
    while (s->p < s->end && *s->p != '"')
        s->p += *s->p == '\\' && s->p + 1 < s->end ? 2 : 1;
    *to = s->p;
    if (s->p < s->end)
        s->p++;
}

/* Past one value, whatever it is: brackets are counted, strings skipped whole. */
static void value(scan *s)
{
    const char *a, *b;
    int depth = 0;
    do {
        blank(s);
        if (s->p >= s->end)
            return;
        char c = *s->p;
        if (c == '"') {
            string(s, &a, &b);
            continue;
        }
        s->p++;
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
        } else if (c != ',' && c != ':') {
            while (s->p < s->end && !strchr(",:]}[{\" \t\r\n", *s->p))
                s->p++;
        }
    } while (depth > 0);
}

/* Into the child that the token names; false when there is none. Keys are compared as written, so a key with
 * escapes is not found and its parent's line is given. */
static bool child(scan *s, const char *token, size_t n)
{
    const char *from, *to;
    char open = *s->p++;
    unsigned long want = open == '[' ? strtoul(token, NULL, 10) : 0, at = 0;
    for (;;) {
        blank(s);
        if (s->p >= s->end || *s->p == '}' || *s->p == ']')
            return false;
        if (*s->p == ',') {
            s->p++;
            continue;
        }
        bool found = open == '[' && at++ == want;
        if (open == '{') {
            string(s, &from, &to);
            found = (size_t)(to - from) == n && memcmp(from, token, n) == 0;
            blank(s);
            if (s->p < s->end && *s->p == ':')
                s->p++;
        }
        if (found) {
            blank(s);
            return true;
        }
        value(s);
    }
}

int json_line(bytes text, const char *pointer)
{
    scan s = {(const char *)text.p, (const char *)text.p + text.n, 1};
    blank(&s);
    int line = s.line;
    while (*pointer == '/' && s.p < s.end && (*s.p == '{' || *s.p == '[')) {
        size_t n = strcspn(pointer + 1, "/");
        if (!child(&s, pointer + 1, n))
            break;
        line = s.line;
        pointer += 1 + n;
    }
    return line;
}
