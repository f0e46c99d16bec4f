#include "operator/desk.h"

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
        fail_set(f, SLUIS_TIMEOUT, cmd, "the core did not answer; look at `party list` before trying again");
    else if (j->why.code)
        *f = j->why;
    if (f->code)
        job_free(&j);
    *jp = j;
}

/* Who asks and why. They stand in the journal, readable by whoever may see the record: codes, no free text.
 */
sluis_err desk_words(const json_t *q, job *j, sluis_fail *f)
{
    arena *a = job_arena(j);
    const char *by = desk_text(q, "by", f), *why = desk_text(q, "reason", f);
    if (!by || !why)
        return SLUIS_INVALID;
    if (!name_valid(by) || !name_valid(why))
        return fail_set(f, SLUIS_INVALID, name_valid(by) ? "reason" : "by",
                        "a pseudonym or code: [a-z0-9][a-z0-9._:-]{0,63}");
    j->by = a ? arena_strdup(a, by) : NULL;
    j->reason = a ? arena_strdup(a, why) : NULL;
    return j->by && j->reason ? SLUIS_OK : SLUIS_NOMEM;
}
