#include "http/calls.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

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

static void release(pending *p)
{
    document_free(&p->document);
    json_decref(p->parameters);
    if (p->token)
        wipe(p->token, strlen(p->token));
    free(p->token);
    *p = (pending){0};
}

void calls_free(calls **c)
{
    for (size_t i = 0; *c && i < (*c)->max; i++)
        release(&(*c)->slot[i]);
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
    release(p);
    c->count--;
}

size_t calls_documents(const calls *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->max; i++)
        n += c->slot[i].document != NULL;
    return n;
}

pending *calls_overdue(calls *c, uint64_t now_us)
{
    for (size_t i = 0; c->count && i < c->max; i++)
        if (c->slot[i].number && c->slot[i].deadline_us <= now_us)
            return &c->slot[i];
    return NULL;
}
