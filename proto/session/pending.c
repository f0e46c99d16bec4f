#include "session/pending.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct pending {
    pending_item *oldest, *newest, *unsent;
    pending_item *bucket[BUCKETS];
    size_t count, in_flight;
    uint64_t held; /* bytes */
};

/* The last bytes of a UUIDv7 are random; that they are the sender's own choice harms only himself. */
static pending_item **bucket_of(pending *p, const uint8_t id[static UUID_LEN])
{
    return &p->bucket[get_u16(id + UUID_LEN - 2) % BUCKETS];
}

static pending_item **find(pending *p, const uint8_t id[static UUID_LEN])
{
    pending_item **at = bucket_of(p, id);
    while (*at && memcmp((*at)->id, id, UUID_LEN) != 0)
        at = &(*at)->chain;
    return at;
}

sluis_err pending_new(pending **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? SLUIS_OK : SLUIS_NOMEM;
}

void pending_free(pending **p)
{
    if (!p || !*p)
        return;
    for (pending_item *i = (*p)->oldest, *next; i; i = next) {
        next = i->next;
        free(i);
    }
    free(*p);
    *p = NULL;
}

sluis_err pending_add(pending *p, const uint8_t id[static UUID_LEN], bytes envelope, bytes receipt)
{
    pending_item **at = find(p, id);
    size_t n = envelope.n + receipt.n;
    if (*at)
        return bytes_equal(BYTES((*at)->envelope, (*at)->n), envelope) ? SLUIS_OK : SLUIS_CONFLICT;
    if (p->count >= PENDING_MAX || p->held + n > PENDING_MAX_BYTES)
        return SLUIS_FULL;
    pending_item *i = calloc(1, sizeof *i + n);
    if (!i)
        return SLUIS_NOMEM;
    memcpy(i->id, id, UUID_LEN);
    i->n = envelope.n;
    if (envelope.n)
        memcpy(i->envelope, envelope.p, envelope.n);
    i->receipt_n = receipt.n;
    if (receipt.n)
        memcpy(i->envelope + envelope.n, receipt.p, receipt.n);
    *at = i;
    i->prev = p->newest;
    if (p->newest)
        p->newest->next = i;
    else
        p->oldest = i;
    p->newest = i;
    if (!p->unsent)
        p->unsent = i;
    p->count++;
    p->held += n;
    return SLUIS_OK;
}

bool pending_remove(pending *p, const uint8_t id[static UUID_LEN])
{
    pending_item **at = find(p, id), *i = *at;
    if (!i)
        return false;
    *at = i->chain;
    if (p->unsent == i)
        p->unsent = i->next;
    if (i->prev)
        i->prev->next = i->next;
    else
        p->oldest = i->next;
    if (i->next)
        i->next->prev = i->prev;
    else
        p->newest = i->prev;
    p->in_flight -= i->sent;
    p->count--;
    p->held -= i->n + i->receipt_n;
    free(i);
    return true;
}

pending_item *pending_unsent(const pending *p)
{
    return p->unsent;
}

size_t pending_in_flight(const pending *p)
{
    return p->in_flight;
}

void pending_mark_sent(pending *p, pending_item *i)
{
    i->sent = true;
    p->in_flight++;
    p->unsent = i->next;
}

void pending_restart(pending *p)
{
    for (pending_item *i = p->oldest; i; i = i->next)
        i->sent = false;
    p->in_flight = 0;
    p->unsent = p->oldest;
}
