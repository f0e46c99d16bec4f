#include "http/calls.h"

#include <stdlib.h>

struct calls {
    size_t max, count, hint;
    uint64_t serial;
    pending slot[];
};

/* number = serial << 16 | slot */
#define SLOT_BITS 16

sluis_err calls_new(calls **out, size_t max)
{
    if (max == 0 || max > (size_t)1 << SLOT_BITS)
        return SLUIS_INVALID;
    calls *c = calloc(1, sizeof *c + max * sizeof c->slot[0]);
    if (!c)
        return SLUIS_NOMEM;
    c->max = max;
    *out = c;
    return SLUIS_OK;
}

void calls_free(calls **c)
{
    free(*c);
    *c = NULL;
}

pending *calls_take(calls *c)
{
    if (c->count == c->max)
        return NULL;
    while (c->slot[c->hint].number)
        c->hint = (c->hint + 1) % c->max;
    pending *p = &c->slot[c->hint];
    *p = (pending){.number = ++c->serial << SLOT_BITS | c->hint};
    c->count++;
    return p;
}

pending *calls_find(calls *c, uint64_t number)
{
    size_t i = number & ((1u << SLOT_BITS) - 1);
    return number && i < c->max && c->slot[i].number == number ? &c->slot[i] : NULL;
}

void calls_done(calls *c, pending *p)
{
    *p = (pending){0};
    c->count--;
}

pending *calls_overdue(calls *c, uint64_t now_us)
{
    for (size_t i = 0; c->count && i < c->max; i++)
        if (c->slot[i].number && c->slot[i].deadline_us <= now_us)
            return &c->slot[i];
    return NULL;
}
