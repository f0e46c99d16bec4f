#include "cases/concern.h"

#include <string.h>

sluis_err concern_check_open(const Sluis__ConcernRow *row, sluis_fail *f)
{
    if (strcmp(row->state, CONCERN_RECEIVED) == 0)
        return SLUIS_OK;
    return fail_set(f, SLUIS_CONFLICT, "melding",
                    "er is al over besloten: %s; mogelijk: niets meer (een nieuw feit is een "
                    "nieuwe melding)",
                    strcmp(row->state, CONCERN_RESEARCH) == 0 ? "onderzoek" : "geen onderzoek");
}
