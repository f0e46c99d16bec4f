/* Services of a case: what the client applied for, and what runs, as its providers report it: planned,
 * started, delivered or stopped, or declined. */
#include <stdio.h>
#include <string.h>

#include "cases/cases.h"

#define NAME_WANTED "een naam is [a-z0-9][a-z0-9._:-]{0,63}"

typedef enum { REQUESTED, PLANNED, STARTED, DELIVERED, STOPPED, DECLINED, STATUSES } status;

static const struct {
    const char *name, *dutch;
    unsigned next; /* bit n: may become status n; its own bit: may be reported again, with other times */
} table[STATUSES] = {
    [REQUESTED] = {"requested", "aangevraagd",
                   1u << PLANNED | 1u << STARTED | 1u << DELIVERED | 1u << STOPPED | 1u << DECLINED},
    [PLANNED] = {"planned", "gepland", 1u << PLANNED | 1u << STARTED | 1u << DELIVERED | 1u << STOPPED},
    [STARTED] = {"started", "gestart", 1u << STARTED | 1u << DELIVERED | 1u << STOPPED},
    [DELIVERED] = {"delivered", "geleverd", 0},
    [STOPPED] = {"stopped", "gestopt", 0},
    [DECLINED] = {"declined", "afgewezen", 0},
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

static sluis_err step(const Sluis__ServiceRow *row, status to, bool dutch, sluis_fail *f)
{
    status from;
    char possible[80] = "";
    if (!parse(&from, row->status))
        return fail_set(f, SLUIS_CORRUPT, "", "%s", error_text(SLUIS_CORRUPT));
    if (table[from].next >> to & 1)
        return SLUIS_OK;
    for (size_t i = 0; i < STATUSES; i++)
        if (table[from].next >> i & 1)
            snprintf(possible + strlen(possible), sizeof possible - strlen(possible), "%s%s",
                     *possible ? ", " : "", dutch ? table[i].dutch : table[i].name);
    if (!dutch)
        return fail_set(f, SLUIS_CONFLICT, "body.status",
                        "the service is %s and does not become %s; possible: %s", table[from].name,
                        table[to].name, *possible ? possible : "nothing more (report a new service)");
    return fail_set(f, SLUIS_CONFLICT, "status", "de dienst is %s en wordt niet %s; mogelijk: %s",
                    table[from].dutch, table[to].dutch,
                    *possible ? possible : "niets meer (meld een nieuwe dienst)");
}

size_t case_service_place(const Sluis__CaseRow *row, const Sluis__ServiceRow *s)
{
    size_t i = 0;
    while (i < row->n_services &&
           (strcmp(row->services[i]->service, s->service) != 0 ||
            strcmp(row->services[i]->party, s->party) != 0 || row->services[i]->member != s->member))
        i++;
    return i;
}

bool case_service_same(const Sluis__CaseRow *row, const Sluis__ServiceRow *said)
{
    const size_t i = case_service_place(row, said);
    status now, before;
    if (i == row->n_services || !parse(&now, said->status) || !parse(&before, row->services[i]->status))
        return false;
    const Sluis__ServiceRow *s = row->services[i];
    return now == before && now != REQUESTED && s->actual == said->actual &&
           (!said->planned || s->planned == said->planned);
}

static sluis_err keep(Sluis__CaseRow *row, size_t i, Sluis__ServiceRow *kept, bool dutch, arena *a,
                      sluis_fail *f)
{
    if (i == CASE_SERVICES_MAX)
        return fail_set(f, SLUIS_TOO_BIG, dutch ? "dienst" : "body.service",
                        dutch ? "ten hoogste %d diensten in een zaak" : "at most %d services of one case",
                        CASE_SERVICES_MAX);
    Sluis__ServiceRow **all = arena_alloc(a, (row->n_services + 1) * sizeof(*all));
    if (!all)
        return fail_set(f, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    if (row->n_services)
        memcpy(all, row->services, row->n_services * sizeof(*all));
    all[i] = kept;
    row->services = all;
    row->n_services += i == row->n_services;
    return SLUIS_OK;
}

sluis_err case_service_apply(Sluis__CaseRow *row, const Sluis__ServiceRow *wanted, arena *a, sluis_fail *f)
{
    Sluis__ServiceRow *kept = arena_alloc(a, sizeof(*kept));
    if (!kept)
        return fail_set(f, SLUIS_NOMEM, "dienst", "%s", error_text(SLUIS_NOMEM));
    if (!name_valid(wanted->service))
        return fail_set(f, SLUIS_INVALID, "dienst", NAME_WANTED);
    if (case_service_place(row, wanted) < row->n_services)
        return fail_set(f, SLUIS_CONFLICT, "dienst", "deze dienst is bij deze partij al aangevraagd");
    *kept = *wanted;
    kept->status = (char *)(uintptr_t)table[REQUESTED].name;
    return keep(row, row->n_services, kept, true, a, f);
}

static sluis_err check(const Sluis__ServiceRow *said, status *to, bool dutch, sluis_fail *f)
{
    if (!name_valid(said->service))
        return fail_set(f, SLUIS_INVALID, dutch ? "dienst" : "body.service",
                        dutch ? NAME_WANTED : "a name is [a-z0-9][a-z0-9._:-]{0,63}");
    if (!parse(to, said->status) || *to == REQUESTED)
        return fail_set(f, SLUIS_INVALID, dutch ? "status" : "body.status",
                        dutch ? "schrijf gepland, gestart, geleverd, gestopt of afgewezen"
                              : "planned, started, delivered, stopped or declined is needed");
    if ((*to == PLANNED || *to == STARTED) && !said->planned)
        return fail_set(f, SLUIS_INVALID, dutch ? "gepland" : "body.planned",
                        dutch ? "noem het moment waarop de dienst geleverd moet zijn"
                              : "say when the service is to be delivered");
    return SLUIS_OK;
}

/* The place of what is reported: its own, or of the same service that was applied for without a member. */
static size_t place_of(const Sluis__CaseRow *row, const Sluis__ServiceRow *said)
{
    status at;
    Sluis__ServiceRow all = *said;
    const size_t own = case_service_place(row, said);
    all.member = 0;
    if (own < row->n_services)
        return own;
    const size_t i = case_service_place(row, &all);
    return i < row->n_services && parse(&at, row->services[i]->status) && at == REQUESTED ? i : own;
}

sluis_err case_service_report(Sluis__CaseRow *row, const Sluis__ServiceRow *said, bool dutch, arena *a,
                              uint32_t *index, sluis_fail *f)
{
    status to;
    sluis_err e = check(said, &to, dutch, f);
    const size_t i = place_of(row, said);
    const Sluis__ServiceRow *old = i < row->n_services ? row->services[i] : NULL;
    if (!e && old)
        e = step(old, to, dutch, f);
    if (!e && !old && to == DECLINED)
        e = fail_set(f, SLUIS_CONFLICT, dutch ? "status" : "body.status",
                     dutch ? "deze dienst is hier niet aangevraagd"
                           : "this service was not applied for here");
    if (e)
        return e;
    Sluis__ServiceRow *kept = arena_alloc(a, sizeof(*kept));
    if (!kept)
        return fail_set(f, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    *kept = *said;
    kept->status = (char *)(uintptr_t)table[to].name;
    if (old) {
        kept->planned = kept->planned ? kept->planned : old->planned;
        kept->law = old->law;
        kept->requested = old->requested;
    }
    *index = (uint32_t)i;
    return keep(row, i, kept, dutch, a, f);
}

bool case_service_late(const Sluis__ServiceRow *s, uint64_t now)
{
    status at;
    return parse(&at, s->status) && (at == PLANNED || at == STARTED) && s->planned && s->planned <= now;
}
