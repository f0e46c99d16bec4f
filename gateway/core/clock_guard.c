#include "core/clock_guard.h"

#include "base/clock.h"
#include "base/log.h"

#define KEEP_MS UINT64_C(60000)

static sluis_err keep(turn *t)
{
    uint8_t v[8];
    put_u64(v, t->now);
    return rows_put_bytes(t->t, t->p->rows, TABLE_META, bytes_str(META_CLOCK), BYTES_OF(v));
}

static void signal_held(const turn *t, bool held)
{
    if ((METRIC_GET(t->p->metrics, retention_held) != 0) == held)
        return;
    METRIC_SET(t->p->metrics, retention_held, held);
    log_write(
        held ? LOG_ERROR : LOG_INFO, held ? "core.clock-jumped" : "core.clock-believed", "text",
        held ? "the clock is far ahead of the time seen last: nothing is deleted by it; set it right, or "
               "confirm it with sluisctl retention confirm"
             : "what is over is deleted again",
        NULL);
}

bool clock_jumped(const settings *s, uint64_t seen, uint64_t now)
{
    return now > seen && now - seen > s->clock_jump_days * DAY_MS;
}

sluis_err clock_guard(turn *t, bool *held)
{
    bytes v;
    sluis_err e = rows_get_bytes(t->t, t->p->rows, TABLE_META, bytes_str(META_CLOCK), &v);
    *held = false;
    if (e == SLUIS_NOT_FOUND)
        return keep(t);
    if (!e && v.n != 8)
        e = SLUIS_CORRUPT;
    if (e)
        return e;
    uint64_t seen = get_u64(v.p);
    *held = clock_jumped(t->p->settings, seen, t->now);
    signal_held(t, *held);
    return !*held && t->now >= seen + KEEP_MS ? keep(t) : SLUIS_OK;
}

sluis_err handle_clock(turn *t, job *j)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    sluis_err e = keep(t);
    r.type = SLUIS__RECORD_TYPE__R_FORGOTTEN;
    r.from = t->p->settings->oin.s;
    r.employee = (char *)(uintptr_t)j->by;
    r.detail = (char *)(uintptr_t)j->reason;
    r.decision = (char *)(uintptr_t) "clock-confirmed";
    j->outcome = "confirmed";
    if (!e)
        signal_held(t, false);
    return e ? e : turn_journal(t, &r);
}
