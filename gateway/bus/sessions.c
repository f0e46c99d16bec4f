#include "bus/sessions.h"

#include <stdlib.h>
#include <string.h>

struct sessions {
    session *slot; /* open addressing by OIN; an empty user marks a free slot */
    uint32_t size, max;
    uint32_t count, gone; /* sessions, and what is kept of others */
};

sluis_err sessions_new(sessions **out, uint32_t max)
{
    sessions *s = calloc(1, sizeof(*s));
    *out = s;
    if (!s)
        return SLUIS_NOMEM;
    s->size = 16;
    while (s->size < 4 * max)
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

session *sessions_account(sessions *s, const oin *user)
{
    session *at = probe(s, user);
    return at->user.s[0] ? at : NULL;
}

session *sessions_find(sessions *s, const oin *user)
{
    session *at = sessions_account(s, user);
    return at && !at->gone ? at : NULL;
}

static void remove_at(sessions *s, uint32_t hole)
{
    uint32_t i = hole;
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

/* Room for one more that is kept: first of parties of which nothing is under way. */
static void forget_gone(sessions *s, bool all)
{
    for (uint32_t i = 0; i < s->size;) {
        const session *at = &s->slot[i];
        if (at->user.s[0] && at->gone && (all || !at->submitted)) {
            remove_at(s, i); /* another may have moved here */
            s->gone--;
        } else {
            i++;
        }
    }
}

session *sessions_open(sessions *s, const oin *user, uint64_t generation)
{
    session *at = probe(s, user);
    if (!at->user.s[0] || at->gone) {
        if (s->count == s->max)
            return NULL;
        s->gone -= at->gone;
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
    const oin user = one->user;
    *one = (session){.user = user,
                     .gone = true,
                     .submitted = one->submitted,
                     .counted_since = one->counted_since,
                     .refused = one->refused};
    s->count--;
    s->gone++;
    if (s->gone > s->max)
        forget_gone(s, false);
    if (s->gone > s->max)
        forget_gone(s, true);
}

uint32_t sessions_count(const sessions *s)
{
    return s->count;
}

session *sessions_next(sessions *s, uint32_t *i)
{
    while (*i < s->size) {
        session *at = &s->slot[(*i)++];
        if (at->user.s[0] && !at->gone)
            return at;
    }
    return NULL;
}
