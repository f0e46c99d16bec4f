#include "bus/sessions.h"

#include <stdlib.h>
#include <string.h>

struct sessions {
    session *slot; /* open addressing by OIN; an empty user marks a free slot */
    uint32_t size, count, max;
};

sluis_err sessions_new(sessions **out, uint32_t max)
{
    sessions *s = calloc(1, sizeof(*s));
    *out = s;
    if (!s)
        return SLUIS_NOMEM;
    s->size = 16;
    while (s->size < 2 * max)
        s->size *= 2;
    s->max = max;
    s->slot = calloc(s->size, sizeof(*s->slot));
    if (s->slot)
        return SLUIS_OK;
    sessions_free(out);
    return SLUIS_NOMEM;
}

void sessions_free(sessions **s)
{
    if (!*s)
        return;
    free((*s)->slot);
    free(*s);
    *s = NULL;
}

/* FNV-1a: OINs differ in their last digits, and only enrolled parties come here. */
static uint32_t home_of(const sessions *s, const oin *user)
{
    uint32_t h = 2166136261u;
    for (const char *p = user->s; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    return h & (s->size - 1);
}

static session *probe(sessions *s, const oin *user)
{
    uint32_t i = home_of(s, user);
    while (s->slot[i].user.s[0] && !oin_equal(&s->slot[i].user, user))
        i = (i + 1) & (s->size - 1);
    return &s->slot[i];
}

session *sessions_find(sessions *s, const oin *user)
{
    session *at = probe(s, user);
    return at->user.s[0] ? at : NULL;
}

session *sessions_open(sessions *s, const oin *user, uint64_t generation)
{
    session *at = probe(s, user);
    if (!at->user.s[0]) {
        if (s->count == s->max)
            return NULL;
        s->count++;
    }
    *at = (session){.user = *user,
                    .generation = generation,
                    .submitted = at->submitted,
                    .counted_since = at->counted_since,
                    .refused = at->refused,
                    .fetching = at->fetching};
    return at;
}

void sessions_drop(sessions *s, session *one)
{
    uint32_t hole = (uint32_t)(one - s->slot), i = hole;
    s->count--;
    for (;;) { /* close the gap, so that later entries of the run stay findable */
        i = (i + 1) & (s->size - 1);
        if (!s->slot[i].user.s[0])
            break;
        uint32_t home = home_of(s, &s->slot[i].user);
        if (((i - home) & (s->size - 1)) >= ((i - hole) & (s->size - 1))) {
            s->slot[hole] = s->slot[i];
            hole = i;
        }
    }
    memset(&s->slot[hole], 0, sizeof(s->slot[hole]));
}

uint32_t sessions_count(const sessions *s)
{
    return s->count;
}

session *sessions_next(sessions *s, uint32_t *i)
{
    while (*i < s->size) {
        session *at = &s->slot[(*i)++];
        if (at->user.s[0])
            return at;
    }
    return NULL;
}
