/* Services that run in a case, as their providers report them: planned, started, delivered or stopped. */
#include <stdio.h>
#include <string.h>

#include "cases/cases.h"

typedef enum { PLANNED, STARTED, DELIVERED, STOPPED, STATUSES } status;

static const struct {
    const char *name, *dutch;
    unsigned next; /* bit n: may become status n; its own bit: may be reported again, with other times */
} table[STATUSES] = {
    [PLANNED] = {"planned", "gepland", 1u << PLANNED | 1u << STARTED | 1u << DELIVERED | 1u << STOPPED},
    [STARTED] = {"started", "gestart", 1u << STARTED | 1u << DELIVERED | 1u << STOPPED},
    [DELIVERED] = {"delivered", "geleverd", 0},
    [STOPPED] = {"stopped", "gestopt", 0},
};

static bool parse(status *out, const char *s)
{
    for (size_t i = 0; i < STATUSES; i++)
        if (strcmp(table[i].name, s) == 0 || strcmp(table[i].dutch, s) == 0) {
            *out = (status)i;
            return true;
        }
    return false;
}

static sluis_err step(const Sluis__ServiceRow *row, status to, sluis_fail *f)
{
    status from;
    char possible[64] = "";
    if (!parse(&from, row->status))
        return fail_set(f, SLUIS_CORRUPT, "dienst", "%s", error_text(SLUIS_CORRUPT));
    if (table[from].next >> to & 1)
        return SLUIS_OK;
    for (size_t i = 0; i < STATUSES; i++)
        if (table[from].next >> i & 1)
            snprintf(possible + strlen(possible), sizeof possible - strlen(possible), "%s%s",
                     *possible ? ", " : "", table[i].dutch);
    return fail_set(f, SLUIS_CONFLICT, "status", "de dienst is %s en wordt niet %s; mogelijk: %s",
                    table[from].dutch, table[to].dutch,
                    *possible ? possible : "niets meer (meld een nieuwe dienst)");
}

sluis_err case_service_report(Sluis__CaseRow *row, const Sluis__ServiceRow *said, arena *a, uint32_t *index,
                              sluis_fail *f)
{
    status to;
    if (!name_valid(said->service))
        return fail_set(f, SLUIS_INVALID, "dienst", "een naam is [a-z0-9][a-z0-9._:-]{0,63}");
    if (!parse(&to, said->status))
        return fail_set(f, SLUIS_INVALID, "status", "schrijf gepland, gestart, geleverd of gestopt");
    if ((to == PLANNED || to == STARTED) && !said->planned)
        return fail_set(f, SLUIS_INVALID, "gepland", "noem het moment waarop de dienst geleverd moet zijn");
    size_t i = 0;
    while (i < row->n_services && (strcmp(row->services[i]->service, said->service) != 0 ||
                                   strcmp(row->services[i]->party, said->party) != 0))
        i++;
    sluis_err e = i < row->n_services ? step(row->services[i], to, f) : SLUIS_OK;
    if (e)
        return e;
    if (i == CASE_SERVICES_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "dienst", "ten hoogste %d diensten in een zaak", CASE_SERVICES_MAX);
    Sluis__ServiceRow *kept = arena_alloc(a, sizeof(*kept));
    Sluis__ServiceRow **all = arena_alloc(a, (row->n_services + 1) * sizeof(*all));
    if (!kept || !all)
        return fail_set(f, SLUIS_NOMEM, "dienst", "%s", error_text(SLUIS_NOMEM));
    *kept = *said;
    kept->status = (char *)(uintptr_t)table[to].name;
    if (i < row->n_services && !kept->planned)
        kept->planned = row->services[i]->planned;
    if (row->n_services)
        memcpy(all, row->services, row->n_services * sizeof(*all));
    all[i] = kept;
    row->services = all;
    row->n_services += i == row->n_services;
    *index = (uint32_t)i;
    return SLUIS_OK;
}

bool case_service_late(const Sluis__ServiceRow *s, uint64_t now)
{
    status at;
    return parse(&at, s->status) && (at == PLANNED || at == STARTED) && s->planned && s->planned <= now;
}
