/* Calls of the API about a request that was filed: one row each. */
#include <string.h>

#include "core/handlers.h"

static const struct {
    const char *event;
    sluis_err (*handle)(turn *t, job *j, sluis_fail *f);
} changes[] = {
    {"withdraw", request_withdraw},
    {"clarify", request_clarify},
};

sluis_err handle_change_request(turn *t, job *j, sluis_fail *f)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (strcmp(changes[i].event, j->call->change_request->event) == 0)
            return changes[i].handle(t, j, f);
    return fail_set(f, SLUIS_INVALID, "op", "deze gateway kent de handeling niet");
}
