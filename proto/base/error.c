#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *token, *text;
} table[SLUIS_ERR_COUNT] = {
#define X(name, token, text) [SLUIS_##name] = {token, text},
    SLUIS_ERRORS(X)
#undef X
};

/* Ends a text that did not fit in "...", without splitting a UTF-8 character. */
static void mark_cut(char *s, size_t cap)
{
    size_t n = cap - sizeof "...";
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    memcpy(s + n, "...", sizeof "...");
}

sluis_err fail_set(sluis_fail *f, sluis_err code, const char *where, const char *fmt, ...)
{
    if (!f || f->code != SLUIS_OK)
        return code;
    f->code = code;
    int n = snprintf(f->where, sizeof f->where, "%s", where ? where : "");
    if (n >= (int)sizeof f->where)
        mark_cut(f->where, sizeof f->where);

    va_list ap;
    va_start(ap, fmt);
    n = vsnprintf(f->text, sizeof f->text, fmt, ap);
    va_end(ap);
    if (n < 0)
        f->text[0] = '\0';
    else if (n >= (int)sizeof f->text)
        mark_cut(f->text, sizeof f->text);
    return code;
}

void fail_clear(sluis_fail *f)
{
    if (f)
        *f = (sluis_fail){0};
}

const char *error_token(sluis_err e)
{
    return (unsigned)e < SLUIS_ERR_COUNT ? table[e].token : table[SLUIS_INTERNAL].token;
}

const char *error_text(sluis_err e)
{
    return (unsigned)e < SLUIS_ERR_COUNT ? table[e].text : table[SLUIS_INTERNAL].text;
}

sluis_err error_parse(const char *token)
{
    for (sluis_err e = SLUIS_NOMEM; e < SLUIS_ERR_COUNT; e++)
        if (strcmp(table[e].token, token) == 0)
            return e;
    return SLUIS_INVALID;
}
