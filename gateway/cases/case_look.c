/* Looks into a colleague's view, for light coordination: one employee, one member, named data of one law's
 * view, for one purpose and a short time; asked, then decided by the coordinator or the rule, ended by hand
 * or by itself. */
#include <string.h>

#include "cases/cases.h"

static bool waits(const Sluis__LookRow *x)
{
    return !x->decided && !x->ended;
}

static bool runs(const Sluis__LookRow *x, uint64_t now)
{
    return x->decided && x->granted && !x->ended && now < x->until;
}

const char *case_look_state(const Sluis__LookRow *x, uint64_t now)
{
    if (waits(x))
        return "asked";
    if (x->decided && !x->granted)
        return "refused";
    return runs(x, now) ? "open" : "ended";
}

/* Makes room: what is over leaves the row, oldest first; journal and dossier keep it. */
static bool make_room(Sluis__CaseRow *row, uint64_t now)
{
    for (size_t i = 0; i < row->n_looks; i++) {
        if (waits(row->looks[i]) || runs(row->looks[i], now))
            continue;
        memmove(row->looks + i, row->looks + i + 1, (row->n_looks - i - 1) * sizeof(*row->looks));
        row->n_looks--;
        return true;
    }
    return false;
}

sluis_err case_look_ask(Sluis__CaseRow *row, Sluis__LookRow *look, uint64_t now, arena *a, sluis_fail *f)
{
    Sluis__LookRow **all = arena_alloc(a, (row->n_looks + 1) * sizeof(*all));
    if (!all)
        return fail_set(f, SLUIS_NOMEM, "inzage", "%s", error_text(SLUIS_NOMEM));
    look->number = row->n_looks ? row->looks[row->n_looks - 1]->number + 1 : 1;
    if (row->n_looks >= CASE_LOOKS_MAX && !make_room(row, now))
        return fail_set(f, SLUIS_TOO_BIG, "inzage",
                        "ten hoogste %d keer inzage bij een collega tegelijk in één zaak: beëindig er een",
                        CASE_LOOKS_MAX);
    if (row->n_looks)
        memcpy(all, row->looks, row->n_looks * sizeof(*all));
    all[row->n_looks++] = look;
    row->looks = all;
    return SLUIS_OK;
}

Sluis__LookRow *case_look_find(const Sluis__CaseRow *row, uint32_t number)
{
    for (size_t i = 0; i < row->n_looks; i++)
        if (row->looks[i]->number == number)
            return row->looks[i];
    return NULL;
}

sluis_err case_look_decide(Sluis__LookRow *x, const char *by, bool granted, uint64_t now, arena *a,
                           sluis_fail *f)
{
    if (!waits(x))
        return fail_set(f, SLUIS_CONFLICT, "nummer",
                        "over deze inzage is al besloten, of zij is ingetrokken");
    if (strcmp(x->employee, by) == 0)
        return fail_set(f, SLUIS_FORBIDDEN, "token.medewerker", "wie vraagt, besluit niet zelf");
    x->decided_by = arena_strdup(a, by);
    if (!x->decided_by)
        return fail_set(f, SLUIS_NOMEM, "inzage", "%s", error_text(SLUIS_NOMEM));
    x->decided = now;
    x->granted = granted;
    x->until = now + x->minutes * UINT64_C(60000);
    return SLUIS_OK;
}

sluis_err case_look_end(Sluis__LookRow *x, uint64_t now, sluis_fail *f)
{
    if (!waits(x) && !runs(x, now))
        return fail_set(f, SLUIS_CONFLICT, "nummer", "deze inzage is al voorbij");
    x->ended = now;
    return SLUIS_OK;
}

bool case_look_possible(const Sluis__CaseRow *row)
{
    case_state s;
    return case_state_parse(&s, row->phase) == SLUIS_OK && s == CASE_COORDINATION &&
           strcmp(row->level, "licht") == 0;
}

const Sluis__LookRow *case_look_open(const Sluis__CaseRow *row, uint32_t number, const char *app,
                                     const char *employee, uint32_t member, uint64_t now)
{
    const Sluis__LookRow *x = case_look_find(row, number);
    return x && case_look_possible(row) && runs(x, now) && x->member == member &&
                   strcmp(x->application, app) == 0 && strcmp(x->employee, employee) == 0
               ? x
               : NULL;
}
