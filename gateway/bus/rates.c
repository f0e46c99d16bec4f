/* Virtual scheduling (GCRA, ITU-T I.371): next is when the next call would come at an even pace; a call may
 * come a minute before that and no more. A caller whose next has passed is as good as new. */
#include "bus/rates.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_US UINT64_C(60000000)

typedef struct {
    oin who;
    char application[NAME_MAX_LEN + 1];
    uint64_t next;
} caller;

struct rates {
    uint64_t pace; /* us between two calls */
    size_t n;
    caller callers[RATES_MAX];
};

sluis_err rates_new(rates **out, uint32_t per_minute)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        return SLUIS_NOMEM;
    (*out)->pace = MINUTE_US / per_minute;
    return SLUIS_OK;
}

void rates_free(rates **r)
{
    free(*r);
    *r = NULL;
}

/* Its place, or one whose caller is as good as new; when all are busy, the one that is so soonest. */
static caller *find(rates *r, const oin *who, const char *application)
{
    caller *soonest = &r->callers[0];
    for (size_t i = 0; i < r->n; i++) {
        caller *c = &r->callers[i];
        if (oin_equal(&c->who, who) && strcmp(c->application, application) == 0)
            return c;
        if (c->next < soonest->next)
            soonest = c;
    }
    caller *c = r->n < RATES_MAX ? &r->callers[r->n++] : soonest;
    *c = (caller){.who = *who};
    strncpy(c->application, application, NAME_MAX_LEN);
    return c;
}

static uint32_t wait(const rates *r, const caller *c, uint64_t now)
{
    const uint64_t late = now + MINUTE_US - r->pace;
    return c->next > late ? (uint32_t)((c->next - late + 999999) / 1000000) : 0;
}

uint32_t rates_wait(rates *r, const oin *who, const char *application, uint64_t now)
{
    return wait(r, find(r, who, application), now);
}

uint32_t rates_take(rates *r, const oin *who, const char *application, uint64_t now)
{
    caller *c = find(r, who, application);
    const uint32_t s = wait(r, c, now);
    if (!s)
        c->next = (c->next > now ? c->next : now) + r->pace;
    return s;
}
