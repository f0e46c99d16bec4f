/* Two cases of the same persons that were opened apart and go on as one: what of the other comes to stand in
 * the one that continues. */
#include <string.h>

#include "cases/handover.h"

static id16 sid_of(const Sluis__MemberRow *m)
{
    id16 sid = {{0}};
    if (m->sid.len == ID_LEN)
        memcpy(sid.b, m->sid.data, ID_LEN);
    return sid;
}

/* The number here of who is member `there` in the other; 0: none. */
static uint32_t number_here(const Sluis__CaseRow *row, const Sluis__CaseRow *other, uint32_t there)
{
    id16 sid;
    return case_member(other, there, &sid) ? 0 : case_member_of(row, &sid);
}

/* What is offered to another municipality, or went there in part, stays as it was offered. */
static bool is_handed_over(const Sluis__CaseRow *row)
{
    bool some = handover_waits(row->handover);
    for (size_t i = 0; i < row->n_members; i++)
        some = some || row->members[i]->moved;
    return some;
}

sluis_err case_join_check(const Sluis__CaseRow *row, const Sluis__CaseRow *other, sluis_fail *f)
{
    if (strcmp(row->phase, case_state_name(CASE_RESEARCH)) == 0 &&
        strcmp(other->phase, case_state_name(CASE_COORDINATION)) == 0)
        return fail_set(f, SLUIS_CONFLICT, "zaakId",
                        "de andere zaak is al in coördinatie: laat die voortgaan, en deze daarin opgaan");
    if (is_handed_over(row) || is_handed_over(other))
        return fail_set(
            f, SLUIS_CONFLICT, "zaakId",
            "een zaak die aan een andere gemeente is aangeboden, of deels is overgedragen, gaat niet "
            "met een andere samen");
    for (size_t i = 0; i < other->n_members; i++)
        if (!number_here(row, other, other->members[i]->member))
            return fail_set(f, SLUIS_CONFLICT, "zaakId",
                            "lid %u van de andere zaak is geen lid van deze: alleen zaken van dezelfde "
                            "cliënt of hetzelfde huishouden gaan samen",
                            other->members[i]->member);
    if (row->n_joined + other->n_joined + 1 > CASE_JOINED_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "zaakId", "ten hoogste %d zaken gaan in één zaak op",
                        CASE_JOINED_MAX);
    return SLUIS_OK;
}

/* Who is a member of both is seen by those who saw them in both. */
static void join_members(Sluis__CaseRow *row, const Sluis__CaseRow *other)
{
    for (size_t i = 0; i < other->n_members; i++) {
        Sluis__MemberRow *there = other->members[i];
        const id16 sid = sid_of(there);
        for (size_t k = 0; k < row->n_members; k++) {
            Sluis__MemberRow *here = row->members[k];
            const id16 own = sid_of(here);
            size_t kept = 0;
            if (!id_equal(&own, &sid))
                continue;
            here->secret = here->secret || there->secret;
            for (size_t n = 0; n < here->n_seen_by; n++)
                for (size_t m = 0; m < there->n_seen_by; m++)
                    if (number_here(row, other, there->seen_by[m]) == here->seen_by[n]) {
                        here->seen_by[kept++] = here->seen_by[n];
                        break;
                    }
            here->n_seen_by = kept;
        }
        there->n_seen_by = 0; /* what is to be seen is seen in the case that goes on */
    }
}

/* The same service of the same party stands once, as it was reported last. */
static sluis_err join_services(Sluis__CaseRow *row, Sluis__CaseRow *other, arena *a, sluis_fail *f)
{
    Sluis__ServiceRow **all = arena_alloc(a, (row->n_services + other->n_services + 1) * sizeof(*all));
    if (!all)
        return fail_set(f, SLUIS_NOMEM, "dienst", "%s", error_text(SLUIS_NOMEM));
    if (row->n_services)
        memcpy(all, row->services, row->n_services * sizeof(*all));
    row->services = all;
    for (size_t i = 0; i < other->n_services; i++) {
        Sluis__ServiceRow *s = other->services[i];
        s->member = s->member ? number_here(row, other, s->member) : 0;
        const size_t at = case_service_place(row, s);
        if (at == row->n_services)
            all[row->n_services++] = s;
        else if (all[at]->reported < s->reported)
            all[at] = s;
    }
    return row->n_services <= CASE_SERVICES_MAX
               ? SLUIS_OK
               : fail_set(f, SLUIS_TOO_BIG, "dienst", "samen ten hoogste %d diensten", CASE_SERVICES_MAX);
}

/* Looks in acute danger, with their review. */
static sluis_err join_emergencies(Sluis__CaseRow *row, Sluis__CaseRow *other, arena *a, sluis_fail *f)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < other->n_emergencies; i++) {
        Sluis__EmergencyRow *x = other->emergencies[i];
        x->member = number_here(row, other, x->member);
        e = case_glass_break(row, x, a, f);
    }
    return e;
}

/* Looks into a colleague's view that wait or run. */
static sluis_err join_looks(Sluis__CaseRow *row, Sluis__CaseRow *other, uint64_t now, arena *a, sluis_fail *f)
{
    size_t kept = 0;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < other->n_looks; i++) {
        Sluis__LookRow *x = other->looks[i];
        const char *state = case_look_state(x, now);
        if (strcmp(state, "asked") != 0 && strcmp(state, "open") != 0) {
            other->looks[kept++] = x;
            continue;
        }
        x->member = number_here(row, other, x->member);
        e = case_look_ask(row, x, now, a, f);
    }
    other->n_looks = kept;
    return e;
}

sluis_err case_join(Sluis__CaseRow *row, Sluis__CaseRow *other, uint64_t now, arena *a, sluis_fail *f)
{
    sluis_err e = join_emergencies(row, other, a, f);
    if (!e)
        e = join_looks(row, other, now, a, f);
    if (!e)
        e = join_services(row, other, a, f);
    if (!e)
        join_members(row, other);
    return e;
}
