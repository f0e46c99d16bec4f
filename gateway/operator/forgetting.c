/* What is deleted when its term is over, and whether the clock that decides it is believed: read from a
 * snapshot, confirmed by core (core/clock_guard.h).
 * And forgetting one person, which two operators ask for. */
#include <string.h>

#include "base/clock.h"
#include "core/clock_guard.h"
#include "core/terms.h"
#include "operator/desk.h"

#define LATE_DAYS 2 /* a pass is begun every day */

/* An integer row of META, 8 or 4 bytes; 0: not there yet. */
static sluis_err number_of(const parts *p, store_txn *t, const char *name, uint64_t *out)
{
    bytes v;
    *out = 0;
    sluis_err e = rows_get_bytes(t, p->rows, TABLE_META, bytes_str(name), &v);
    if (!e && v.n != 8 && v.n != 4)
        e = SLUIS_CORRUPT;
    if (!e)
        *out = v.n == 8 ? get_u64(v.p) : get_u32(v.p);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

json_t *desk_retention_show(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    char seen_text[TIME_STR], now_text[TIME_STR], pass[TIME_STR];
    uint64_t seen = 0, done = 0, gone = 0, now = clock_ms();
    store_txn *t = NULL;
    (void)q;
    sluis_err e = store_begin_read(p->store, &t);
    if (!e)
        e = number_of(p, t, META_CLOCK, &seen);
    if (!e)
        e = number_of(p, t, META_TERMS, &done);
    if (!e)
        e = store_count(t, TABLE_GONE, &gone);
    store_abort(&t);
    if (e) {
        fail_set(f, e, "retention", "%s", error_text(e));
        return NULL;
    }
    time_format(seen_text, seen);
    time_format(now_text, now);
    time_format(pass, done * DAY_MS);
    pass[10] = '\0'; /* the day alone */
    bool held = seen && clock_jumped(p->settings, seen, now);
    return json_pack("{s:b, s:b, s:s, s:s, s:I, s:s, s:I}", "held", held, "late",
                     done && clock_day(now) > done + LATE_DAYS, "clock", now_text, "clock_seen", seen_text,
                     "clock_jump_days", (json_int_t)p->settings->clock_jump_days, "last_pass",
                     done ? pass : "", "being_cleared", (json_int_t)gone);
}

json_t *desk_retention_confirm(desk *d, const json_t *q, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    sluis_err e = j ? desk_words(d, q, j, f) : SLUIS_NOMEM;
    if (!e)
        j->change = CHANGE_CLOCK;
    desk_ask(d, &j, e, "retention.confirm", f);
    json_t *out = j ? json_pack("{s:s}", "outcome", j->outcome) : NULL;
    job_free(&j);
    return out;
}

/* The person comes in the request's text and goes no further than the job. */
json_t *desk_subject_forget(desk *d, const json_t *q, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    const char *person = desk_text(q, "person", f);
    sluis_err e = j ? SLUIS_OK : SLUIS_NOMEM;
    if (!e && (!person || (!bsn_valid(person, strlen(person)) && !own_name_valid(person))))
        e = fail_set(f, SLUIS_INVALID, "person",
                     "nine digits that pass the eleven-test are needed, or the municipality's own name");
    if (!e) {
        memcpy(j->person, person, strlen(person));
        j->change = CHANGE_FORGET;
        e = desk_words(d, q, j, f);
    }
    desk_ask(d, &j, e, "subject.forget", f);
    json_t *out = j ? json_pack("{s:s}", "outcome", j->outcome) : NULL;
    job_free(&j);
    return out;
}
