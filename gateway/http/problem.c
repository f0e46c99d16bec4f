#include "http/problem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cut in the middle of a UTF-8 character would make the JSON invalid. */
static void trim(char *s)
{
    size_t n = strlen(s);
    while (n && !utf8_valid(BYTES(s, n)))
        n--;
    s[n] = 0;
}

void problem_set(problem *p, int status, const char *code, const char *title, const char *where,
                 const char *fmt, ...)
{
    if (p->status)
        return;
    va_list args;
    p->status = status;
    snprintf(p->code, sizeof p->code, "%s", code);
    snprintf(p->title, sizeof p->title, "%s", title);
    snprintf(p->where, sizeof p->where, "%s", where ? where : "");
    va_start(args, fmt);
    vsnprintf(p->detail, sizeof p->detail, fmt, args);
    va_end(args);
    trim(p->title);
    trim(p->detail);
    trim(p->where);
}

void problem_write(buffer *out, const problem *p, const char *instance)
{
    json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", p->title, "status",
                          p->status, "detail", p->detail, "code", p->code);
    if (o && p->where[0])
        json_object_set_new(o, "waar", json_string(p->where));
    if (o && instance)
        json_object_set_new(o, "instance", json_string(instance));
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    buffer_printf(out, "%s",
                  text ? text : "{\"type\":\"about:blank\",\"title\":\"Interne fout\",\"status\":500}");
    free(text);
    json_decref(o);
}
