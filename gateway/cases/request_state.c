/* States of a request. A request that is answered, withdrawn, expired or returned (it never reached its
 * party) stays so: a later answer is a correction, a later question a new request. */
#include <stdio.h>
#include <string.h>

#include "cases/cases.h"

#define STATES (REQUEST_RETURNED + 1)

static const struct {
    const char *name;
    unsigned next; /* bit n: may become state n */
} states[STATES] = {
    [REQUEST_OPEN] = {"open", 1u << REQUEST_HELD | 1u << REQUEST_ANSWERED | 1u << REQUEST_WITHDRAWN |
                                  1u << REQUEST_EXPIRED | 1u << REQUEST_RETURNED},
    [REQUEST_HELD] = {"held", 1u << REQUEST_ANSWERED | 1u << REQUEST_WITHDRAWN | 1u << REQUEST_EXPIRED},
    [REQUEST_ANSWERED] = {"answered", 0},
    [REQUEST_WITHDRAWN] = {"withdrawn", 0},
    [REQUEST_EXPIRED] = {"expired", 0},
    [REQUEST_RETURNED] = {"returned", 0},
};

static bool is_state(request_state s)
{
    return (size_t)s < STATES;
}

const char *request_state_name(request_state s)
{
    return is_state(s) ? states[s].name : "unknown";
}

sluis_err request_state_parse(request_state *out, const char *s)
{
    for (size_t i = 0; s && i < STATES; i++)
        if (strcmp(states[i].name, s) == 0) {
            *out = (request_state)i;
            return SLUIS_OK;
        }
    return SLUIS_INVALID;
}

bool request_waits(const Sluis__RequestRow *row)
{
    request_state s;
    return request_state_parse(&s, row->state) == SLUIS_OK && (s == REQUEST_OPEN || s == REQUEST_HELD);
}

sluis_err request_state_step(request_state from, request_state to, sluis_fail *f)
{
    char possible[80] = "";
    if (!is_state(from) || !is_state(to))
        return fail_set(f, SLUIS_INVALID, "request", "no such state of a request");
    if (states[from].next >> to & 1)
        return SLUIS_OK;
    for (size_t i = 0; i < STATES; i++)
        if (states[from].next >> i & 1)
            snprintf(possible + strlen(possible), sizeof possible - strlen(possible), "%s%s",
                     *possible ? ", " : "", states[i].name);
    return fail_set(f, SLUIS_CONFLICT, "request", "it is %s and cannot become %s; possible: %s",
                    states[from].name, states[to].name,
                    *possible ? possible : "nothing more (correct an answer, or ask anew)");
}
