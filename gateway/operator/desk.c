#include "operator/desk.h"

#include <string.h>

#define CORE_MS 10000

const char *desk_text(const json_t *o, const char *key, sluis_fail *f)
{
    const char *s = json_string_value(json_object_get(o, key));
    if (!s)
        fail_set(f, SLUIS_INVALID, key, "a string is needed here");
    return s;
}

void desk_ask(desk *d, job **jp, sluis_err filled, const char *cmd, sluis_fail *f)
{
    void *item = NULL;
    job *j = *jp;
    sluis_err e = filled;
    *jp = NULL;
    if (!e)
        e = channel_send(d->core, j);
    if (e) {
        fail_set(f, e, cmd, "%s", error_text(e));
        job_free(&j);
        return;
    }
    /* Core has the job until it comes back; before it, what came after its command had given up. */
    while (!(e = channel_recv(d->replies, CORE_MS, &item)) && item != j) {
        job *late = item;
        job_free(&late);
    }
    j = item;
    if (e)
        fail_set(f, SLUIS_TIMEOUT, cmd,
                 "the core did not answer; look whether it was done before trying again");
    else if (j->why.code)
        *f = j->why;
    if (f->code)
        job_free(&j);
    *jp = j;
}

/* The operator whose account asks. */
static sluis_err account_of(const desk *d, job *j, sluis_fail *f)
{
    arena *a = job_arena(j);
    if (!d->speaker)
        return SLUIS_OK;
    if (!d->speaker[0])
        return fail_set(
            f, SLUIS_PERMISSION, "by",
            "the account that asks is no operator's: ask from one that sluisd.conf names in operators");
    j->by = a ? arena_strdup(a, d->speaker) : NULL;
    return j->by ? SLUIS_OK : SLUIS_NOMEM;
}

/* It stands in the journal, readable by whoever may see the record: a code, no free text. */
sluis_err desk_by(const desk *d, const json_t *q, job *j, sluis_fail *f)
{
    arena *a = job_arena(j);
    const char *by = desk_text(q, "by", f);
    if (!by)
        return SLUIS_INVALID;
    if (!name_valid(by))
        return fail_set(f, SLUIS_INVALID, "by", "a pseudonym: [a-z0-9][a-z0-9._:-]{0,63}");
    sluis_err e = account_of(d, j, f);
    if (e)
        return e;
    if (d->speaker && strcmp(d->speaker, by) != 0)
        return fail_set(f, SLUIS_PERMISSION, "by",
                        "the account that asks is that of %s: nobody speaks for another", d->speaker);
    if (!d->speaker)
        j->by = a ? arena_strdup(a, by) : NULL;
    return j->by ? SLUIS_OK : SLUIS_NOMEM;
}

sluis_err desk_words(const desk *d, const json_t *q, job *j, sluis_fail *f)
{
    sluis_err e = desk_by(d, q, j, f);
    const char *why = e ? NULL : desk_text(q, "reason", f);
    if (!why)
        return e ? e : SLUIS_INVALID;
    if (!name_valid(why))
        return fail_set(f, SLUIS_INVALID, "reason", "a code: [a-z0-9][a-z0-9._:-]{0,63}");
    j->reason = arena_strdup(job_arena(j), why);
    return j->reason ? SLUIS_OK : SLUIS_NOMEM;
}
