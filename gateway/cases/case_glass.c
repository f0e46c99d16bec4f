/* A look in acute danger: at once, for one employee, one member, named data and a short time; to be reviewed
 * by somebody else afterwards. */
#include <string.h>

#include "cases/cases.h"

sluis_err case_glass_break(Sluis__CaseRow *row, const Sluis__EmergencyRow *look, arena *a, sluis_fail *f)
{
    Sluis__EmergencyRow *kept = arena_alloc(a, sizeof(*kept));
    Sluis__EmergencyRow **all = arena_alloc(a, (row->n_emergencies + 1) * sizeof(*all));
    if (!kept || !all)
        return fail_set(f, SLUIS_NOMEM, "noodinzage", "%s", error_text(SLUIS_NOMEM));
    if (row->n_emergencies >= CASE_EMERGENCIES_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "noodinzage", "ten hoogste %d keer noodinzage in één zaak",
                        CASE_EMERGENCIES_MAX);
    *kept = *look;
    kept->number = (uint32_t)row->n_emergencies + 1;
    if (row->n_emergencies)
        memcpy(all, row->emergencies, row->n_emergencies * sizeof(*all));
    all[row->n_emergencies++] = kept;
    row->emergencies = all;
    return SLUIS_OK;
}

const Sluis__EmergencyRow *case_glass_open(const Sluis__CaseRow *row, const char *app, const char *employee,
                                           uint32_t member, uint64_t now)
{
    for (size_t i = row->n_emergencies; case_is_open(row) && i > 0; i--) {
        const Sluis__EmergencyRow *x = row->emergencies[i - 1];
        if (x->until > now && x->from <= now && x->member == member && strcmp(x->application, app) == 0 &&
            strcmp(x->employee, employee) == 0)
            return x;
    }
    return NULL;
}

sluis_err case_glass_review(Sluis__CaseRow *row, uint32_t number, const char *employee, bool justified,
                            uint64_t now, arena *a, sluis_fail *f)
{
    if (number < 1 || number > row->n_emergencies)
        return fail_set(f, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    Sluis__EmergencyRow *x = row->emergencies[number - 1];
    if (x->reviewed)
        return fail_set(f, SLUIS_CONFLICT, "nummer", "deze noodinzage is al beoordeeld");
    if (strcmp(x->employee, employee) == 0)
        return fail_set(f, SLUIS_FORBIDDEN, "token.medewerker", "wie keek, beoordeelt het niet zelf");
    x->reviewed_by = arena_strdup(a, employee);
    if (!x->reviewed_by)
        return fail_set(f, SLUIS_NOMEM, "noodinzage", "%s", error_text(SLUIS_NOMEM));
    x->reviewed = now;
    x->justified = justified;
    return SLUIS_OK;
}
