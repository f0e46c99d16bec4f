/* One line: {"time":"...","level":"info","program":"...","event":"...","key":"value",...}\n
 * At most PIPE_BUF bytes, so that lines of several processes on one pipe never mix (write(2), POSIX).
 * A pair that no longer fits is left out and the line ends in "cut":true. */
#include "base/log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"

#define LINE_MAX_LEN PIPE_BUF
#define VALUE_MAX    512

static const char CUT[] = ",\"cut\":true";
#define TAIL_LEN (sizeof CUT - 1 + 2) /* and "}\n" */

/* The one process-wide setting: written by log_init before threads start, read-only afterwards. */
static struct {
    char program[32];
    log_level min;
} setting = {"", LOG_INFO};

typedef struct {
    char p[LINE_MAX_LEN];
    size_t n;
    bool full;
} line;

void log_init(const char *program, log_level min)
{
    snprintf(setting.program, sizeof setting.program, "%s", program);
    setting.min = min;
}

static void put(line *l, const char *s, size_t n)
{
    if (l->full || n > sizeof l->p - TAIL_LEN - l->n) {
        l->full = true;
        return;
    }
    memcpy(l->p + l->n, s, n);
    l->n += n;
}

static void put_string(line *l, const char *s)
{
    size_t n = strnlen(s, VALUE_MAX);
    put(l, "\"", 1);
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t len = utf8_char((const uint8_t *)s + i, n - i);
        char esc[8];
        if (c == '"' || c == '\\') {
            esc[0] = '\\';
            esc[1] = (char)c;
            put(l, esc, 2);
        } else if (c < 0x20 || c == 0x7f) {
            snprintf(esc, sizeof esc, "\\u%04x", (unsigned)c);
            put(l, esc, 6);
        } else if (len == 0) {
            put(l, "\\ufffd", 6);
        } else {
            put(l, s + i, len);
        }
        i += len ? len : 1;
    }
    put(l, "\"", 1);
}

/* A pair goes in whole or not at all. */
static void put_pair(line *l, const char *key, const char *value)
{
    size_t before = l->n;
    put(l, before > 1 ? "," : "", before > 1 ? 1 : 0);
    put_string(l, key);
    put(l, ":", 1);
    if (value)
        put_string(l, value);
    else
        put(l, "null", 4);
    if (l->full)
        l->n = before;
}

void log_write(log_level level, const char *event, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < setting.min)
        return;
    line l = {.n = 0};
    char now[TIME_STR];
    time_format(now, clock_ms());
    put(&l, "{", 1);
    put_pair(&l, "time", now);
    put_pair(&l, "level", names[level]);
    put_pair(&l, "program", setting.program);
    put_pair(&l, "event", event);

    va_list ap;
    va_start(ap, event);
    for (const char *key; (key = va_arg(ap, const char *)) != NULL;)
        put_pair(&l, key, va_arg(ap, const char *));
    va_end(ap);

    if (l.full) {
        memcpy(l.p + l.n, CUT, sizeof CUT - 1);
        l.n += sizeof CUT - 1;
    }
    memcpy(l.p + l.n, "}\n", 2);
    l.n += 2;
    /* A log that cannot be written has nowhere to say so. */
    ssize_t sent = write(STDERR_FILENO, l.p, l.n);
    (void)sent;
}
