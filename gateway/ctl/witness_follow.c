/* `witness follow`: a witness as a service. It asks the log that sluis-http serves for what follows on the
 * last checkpoint it cosigned, cosigns it, and brings the cosignature back. Whatever does not go on ends it,
 * aloud. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/commands.h"
#include "ctl/witness_state.h"
#include "http/fetch.h"

#define URL_CAP      1024
#define TOKEN_CAP    256
#define REQUEST_MAX  16384
#define TIMEOUT_MS   10000
#define HTTP_OK      200
#define HTTP_MISSING 404

typedef struct {
    ctl_call *call;
    witness w;
    const char *url;
    char token[TOKEN_CAP];
    bool delivered; /* w.note is at the gateway */
    bool denied;    /* the gateway's last answer was that we may not, or cannot mean it (HTTP status 4xx) */
} follower;

/* REFUSED: we said no to what the log showed. LATER: it may pass. BROKEN: something here. */
typedef enum { ROUND_DONE, ROUND_LATER, ROUND_REFUSED, ROUND_BROKEN } round_end;

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

static sluis_err read_token(follower *x, sluis_fail *f)
{
    char *text = NULL;
    size_t n = 0;
    const char *path = ctl_value(x->call, "token-file");
    sluis_err e = ctl_read(&text, &n, path, f);
    if (!e) {
        n = strcspn(text, "\r\n");
        if (n == 0 || n >= sizeof x->token)
            e = fail_set(f, SLUIS_INVALID, path, "its first line must be the token, of at most %d bytes",
                         TOKEN_CAP - 1);
        else
            memcpy(x->token, text, n);
    }
    free(text);
    return e;
}

/* One request at <url>/<path>. */
static sluis_err ask(follower *x, const char *path, const char *json, buffer *out, long *status,
                     sluis_fail *f)
{
    char url[URL_CAP];
    buffer_clear(out);
    if (snprintf(url, sizeof url, "%s/%s", x->url, path) >= (int)sizeof url)
        return fail_set(f, SLUIS_INVALID, "--url", "is too long");
    const fetch_request q = {.url = url, .bearer = x->token, .json = json, .timeout_ms = TIMEOUT_MS};
    return fetch(out, status, &q, f);
}

static round_end later(follower *x, const char *what, const sluis_fail *f, long status)
{
    x->denied = !f->code && status >= 400 && status < 500;
    if (f->code)
        ctl_note(x->call, "sluisctl witness follow: %s: %s", f->where, f->text);
    else
        ctl_note(x->call, "sluisctl witness follow: %s: HTTP status %ld", what, status);
    return ROUND_LATER;
}

static round_end refused(follower *x, sluis_err e, const sluis_fail *f)
{
    witness_refused(x->call, &x->w, e, f);
    return ROUND_REFUSED;
}

/* The log knows nothing of the size we cosigned: it has no entry yet, or it is smaller than it was. */
static round_end smaller(follower *x, buffer *out)
{
    sluis_fail f = {0};
    checkpoint cp;
    long status = 0;
    if (ask(x, "checkpoint", NULL, out, &status, &f) || status != HTTP_OK)
        return later(x, "checkpoint", &f, status);
    sluis_err e = checkpoint_open(&cp, (const char *)out->p, out->n, x->w.log_name, &x->w.log, &f);
    if (!e && strcmp(cp.origin, x->w.last.origin) != 0)
        e = fail_set(&f, SLUIS_CONFLICT, "checkpoint",
                     "is of %s; the last cosigned is of %s. When a restore was announced: --restored",
                     cp.origin, x->w.last.origin);
    else if (!e && cp.size < x->w.last.size)
        e = fail_set(&f, SLUIS_CONFLICT, "checkpoint", "is of size %llu, smaller than the last cosigned",
                     (unsigned long long)cp.size);
    return e ? refused(x, e, &f) : ROUND_LATER;
}

static round_end deliver(follower *x, buffer *out)
{
    sluis_fail f = {0};
    long status = 0;
    json_t *o = json_pack("{s:s}", "notitie", x->w.note);
    char *json = o ? json_dumps(o, JSON_COMPACT) : NULL;
    sluis_err e = json ? ask(x, "medeondertekend", json, out, &status, &f) : SLUIS_NOMEM;
    free(json);
    json_decref(o);
    if (e || status != HTTP_OK)
        return later(x, "medeondertekend", &f, status);
    x->delivered = true;
    ctl_print(x->call, json_pack("{s:b,s:s,s:s,s:I}", "ok", 1, "witness", x->w.name, "origin",
                                 x->w.last.origin, "size", (json_int_t)x->w.last.size));
    fflush(stdout);
    return ROUND_DONE;
}

static bool unchanged(const follower *x, const buffer *request)
{
    const char *own_end = strstr(x->w.note, "\n\n"), *text = memmem(request->p, request->n, "\n\n", 2);
    if (!x->w.has_last || !own_end || !text)
        return false;
    size_t n = (size_t)(own_end - x->w.note) + 2,
           left = request->n - (size_t)(text + 2 - (const char *)request->p);
    return left >= n && memcmp(text + 2, x->w.note, n) == 0;
}

static round_end one_round(follower *x, bool restored, buffer *out)
{
    char path[64];
    sluis_fail f = {0};
    long status = 0;
    bool mine;
    snprintf(path, sizeof path, "vervolg/na-%llu", restored ? 0 : (unsigned long long)x->w.last.size);
    if (ask(x, path, NULL, out, &status, &f))
        return later(x, path, &f, status);
    if (status == HTTP_MISSING && x->w.has_last)
        return smaller(x, out);
    if (status != HTTP_OK)
        return later(x, path, &f, status);
    if (unchanged(x, out))
        return x->delivered ? ROUND_DONE : deliver(x, out);
    sluis_err e = witness_cosign(&x->w, buffer_bytes(out), restored, &mine, &f);
    if (e && mine) {
        ctl_failed(x->call, &f);
        return ROUND_BROKEN;
    }
    if (e)
        return refused(x, e, &f);
    x->delivered = false;
    return deliver(x, out);
}

static ctl_exit follow(follower *x, buffer *out)
{
    const long every = ctl_number(x->call, "every", 1, 86400);
    const bool once = ctl_value(x->call, "once") != NULL;
    bool restored = ctl_value(x->call, "restored") != NULL;
    while (!stop_asked) {
        round_end end = one_round(x, restored, out);
        restored = restored && end == ROUND_LATER;
        if (end == ROUND_REFUSED)
            return CTL_FOUND;
        if (end == ROUND_BROKEN)
            return CTL_LOCAL;
        if (once)
            return end == ROUND_DONE ? CTL_OK : x->denied ? CTL_REFUSED : CTL_UNREACHED;
        const struct timespec pause = {.tv_sec = every};
        nanosleep(&pause, NULL); /* a signal ends it */
    }
    return CTL_OK;
}

ctl_exit ctl_witness_follow(ctl_call *c)
{
    follower x = {.call = c, .url = ctl_value(c, "url"), .w = {.lock = -1}};
    sluis_fail f = {0};
    buffer out;
    ctl_exit code;
    const struct sigaction act = {.sa_handler = on_signal};
    buffer_init(&out, REQUEST_MAX);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sluis_err e = read_token(&x, &f);
    if (!e)
        e = witness_open(&x.w, ctl_value(c, "dir"), ctl_value(c, "log"), ctl_value(c, "log-key"),
                         ctl_value(c, "init") != NULL, &f);
    if (e) {
        f.code = SLUIS_IO;
        code = ctl_failed(c, &f);
    } else {
        code = follow(&x, &out);
    }
    witness_close(&x.w);
    buffer_close(&out);
    return code;
}
