#include "core/reported.h"

#include "base/clock.h"

#define VALUE_LEN 8

static sluis_err today(turn *t, const oin *by, uint32_t *count)
{
    bytes v;
    *count = 0;
    sluis_err e = rows_get_bytes(t->t, t->p->rows, TABLE_REPORTED, BYTES(by->s, OIN_LEN), &v);
    if (e == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (!e && v.n != VALUE_LEN)
        e = SLUIS_CORRUPT;
    if (!e && get_u32(v.p) == clock_day(t->now))
        *count = get_u32(v.p + 4);
    return e;
}

sluis_err reported_admit(turn *t, const oin *by, sluis_fail *f)
{
    uint8_t v[VALUE_LEN];
    uint32_t count, most = t->p->settings->concerns_per_day;
    if (!registry_has_room(t->p->registry))
        return fail_set(f, SLUIS_REGISTER_FULL, "body.subject", "%s", error_text(SLUIS_REGISTER_FULL));
    sluis_err e = today(t, by, &count);
    if (e)
        return e;
    if (count >= most)
        return fail_set(f, SLUIS_TOO_MANY, "message",
                        "at most %u reports of concern a day from one party: send it again tomorrow, or call",
                        most);
    put_u32(v, clock_day(t->now));
    put_u32(v + 4, count + 1);
    return rows_put_bytes(t->t, t->p->rows, TABLE_REPORTED, BYTES(by->s, OIN_LEN), BYTES_OF(v));
}
