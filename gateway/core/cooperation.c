#include "core/cooperation.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "policy/levels.h"

#define WEIGHT      20    /* a request moves a share by a twentieth */
#define NOTES_MAX   65536 /* of one turn; what is beyond is not counted */
#define PARTIES_MAX 100000

typedef enum { REFUSAL, LATENESS, FAILURE, SHARES } share;
static const char *const names[SHARES] = {"refusal", "lateness", "failure"};

typedef struct {
    oin party;
    uint32_t share[SHARES];
    uint64_t count;
    uint32_t signals, next; /* bit n: share n; next: as this turn leaves it */
    bool dirty;
} account;

typedef struct {
    oin party;
    bool counts;   /* a request more */
    uint32_t said; /* bit n: share n is spoken of */
    uint32_t value[SHARES];
} note;

struct cooperation {
    const parts *p;
    account *v;
    size_t n, room;
    note *notes;
    size_t note_count, note_room;
};

/* The place of this party among the accounts, which are in the order of OINs: where it is, or would be. */
static size_t place_of(const cooperation *c, const oin *whom, bool *there)
{
    size_t low = 0, high = c->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(c->v[mid].party.s, whom->s, OIN_LEN) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *there = low < c->n && memcmp(c->v[low].party.s, whom->s, OIN_LEN) == 0;
    return low;
}

static account *find_or_add(cooperation *c, const oin *whom)
{
    bool there = false;
    size_t at = place_of(c, whom, &there);
    if (there)
        return &c->v[at];
    if (c->n == PARTIES_MAX)
        return NULL;
    if (c->n == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        account *more = realloc(c->v, room * sizeof(*more));
        if (!more)
            return NULL;
        c->v = more;
        c->room = room;
    }
    memmove(&c->v[at + 1], &c->v[at], (c->n - at) * sizeof(*c->v));
    c->v[at] = (account){.party = *whom};
    c->n++;
    return &c->v[at];
}

/* ---- what a turn notes ---- */

static note *add_note(turn *t, const char *whom)
{
    cooperation *c = t->cooperation;
    oin who;
    if (!c || oin_parse(&who, whom, strlen(whom)) || c->note_count == NOTES_MAX)
        return NULL;
    if (c->note_count == c->note_room) {
        size_t room = c->note_room ? 2 * c->note_room : 64;
        note *more = realloc(c->notes, room * sizeof(*more));
        if (!more)
            return NULL;
        c->notes = more;
        c->note_room = room;
    }
    c->notes[c->note_count] = (note){.party = who};
    return &c->notes[c->note_count++];
}

static void say(note *n, share s, uint32_t value)
{
    n->said |= 1u << s;
    n->value[s] = value;
}

void cooperation_answered(turn *t, const char *whom, uint32_t refused, bool late)
{
    note *n = add_note(t, whom);
    if (!n)
        return;
    n->counts = true;
    say(n, REFUSAL, refused);
    say(n, FAILURE, 0);
    if (!late) /* lateness was noted when it began */
        say(n, LATENESS, 0);
}

void cooperation_late(turn *t, const char *whom)
{
    note *n = add_note(t, whom);
    if (n)
        say(n, LATENESS, SHARE_ONE);
}

void cooperation_failed(turn *t, const char *whom)
{
    note *n = add_note(t, whom);
    if (!n)
        return;
    n->counts = true;
    say(n, FAILURE, SHARE_ONE);
}

/* The first request sets a share whole: so signals wait until there are signal_min. */
static void take(cooperation *c, const note *n)
{
    account *a = find_or_add(c, &n->party);
    if (!a)
        return;
    for (int s = 0; s < SHARES; s++)
        if (n->said >> s & 1)
            a->share[s] =
                (uint32_t)((int64_t)a->share[s] + ((int64_t)n->value[s] - (int64_t)a->share[s]) / WEIGHT);
    a->count += n->counts || n->said == 1u << LATENESS;
    a->dirty = true;
}

void cooperation_committed(cooperation *c, bool stepped)
{
    uint64_t on = 0;
    for (size_t i = 0; stepped && i < c->n; i++) {
        account *a = &c->v[i];
        for (int s = 0; s < SHARES; s++)
            if ((a->signals ^ a->next) >> s & 1)
                log_write(a->next >> s & 1 ? LOG_WARN : LOG_INFO,
                          a->next >> s & 1 ? "cooperation.bad" : "cooperation.restored", "party", a->party.s,
                          "share", names[s], NULL);
        a->signals = a->next;
        a->dirty = false;
    }
    for (size_t i = 0; i < c->note_count; i++)
        take(c, &c->notes[i]);
    c->note_count = 0;
    for (size_t i = 0; i < c->n; i++)
        for (int s = 0; s < SHARES; s++)
            on += c->v[i].signals >> s & 1;
    METRIC_SET(c->p->metrics, cooperation_signals, on);
}

void cooperation_rolled_back(cooperation *c)
{
    c->note_count = 0;
    for (size_t i = 0; i < c->n; i++)
        c->v[i].next = c->v[i].signals;
}

/* ---- signals and rows ---- */

/* What is expected of a party: what was agreed with its domain, else the configuration's limits. */
typedef struct {
    uint32_t on[SHARES], off, requests; /* percent, percent, a number */
} terms;

static terms terms_of(const turn *t, const char *domain)
{
    const settings *s = t->p->settings;
    const cooperation_level *l = rules_level(t->rules, domain, t->now);
    return l ? (terms){{l->refused, l->late, l->failed}, l->restored, l->requests}
             : (terms){{s->signal_on, s->signal_on, s->signal_on}, s->signal_off, s->signal_min};
}

/* Between off and on a share leaves its signal as it is. */
static uint32_t signals_of(const terms *x, const account *a)
{
    uint32_t now = a->signals;
    for (int i = 0; i < SHARES; i++) {
        uint64_t percent = (uint64_t)a->share[i] * 100;
        if (a->count >= x->requests && percent >= (uint64_t)x->on[i] * SHARE_ONE)
            now |= 1u << i;
        else if (percent < (uint64_t)x->off * SHARE_ONE)
            now &= ~(1u << i);
    }
    return now;
}

static sluis_err put_row(turn *t, const account *a, const char *domain)
{
    uint8_t key[sizeof(COOPERATION_PREFIX) - 1 + OIN_LEN];
    Sluis__CooperationRow row = SLUIS__COOPERATION_ROW__INIT;
    memcpy(key, COOPERATION_PREFIX, sizeof(COOPERATION_PREFIX) - 1);
    memcpy(key + sizeof(COOPERATION_PREFIX) - 1, a->party.s, OIN_LEN);
    row.domain = (char *)(uintptr_t)domain;
    row.count = a->count;
    row.refusal = a->share[REFUSAL];
    row.lateness = a->share[LATENESS];
    row.failure = a->share[FAILURE];
    row.signals = a->next;
    row.changed = t->now;
    return rows_put(t->t, t->p->rows, TABLE_META, BYTES_OF(key), &row.base);
}

static sluis_err tell(turn *t, const account *a)
{
    Sluis__Record about = SLUIS__RECORD__INIT;
    sluis_err e = SLUIS_OK;
    about.to = (char *)(uintptr_t)a->party.s;
    for (int s = 0; !e && s < SHARES; s++)
        if ((a->signals ^ a->next) >> s & 1)
            e = turn_event(t, a->next >> s & 1 ? "cooperation-bad" : "cooperation-restored", &about,
                           names[s]);
    return e;
}

sluis_err cooperation_step(cooperation *c, turn *t)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < c->n; i++) {
        account *a = &c->v[i];
        const party *p = a->dirty ? directory_find(t->dir, &a->party) : NULL;
        if (!a->dirty)
            continue;
        const terms expected = terms_of(t, p ? p->domain : "");
        a->next = signals_of(&expected, a);
        e = put_row(t, a, p ? p->domain : "");
        if (!e)
            e = tell(t, a);
    }
    return e;
}

/* ---- life ---- */

static sluis_err take_row(cooperation *c, bytes key, bytes stored)
{
    ProtobufCMessage *m = NULL;
    oin who;
    arena *a = arena_new(4096);
    const size_t head = sizeof(COOPERATION_PREFIX) - 1;
    sluis_err e = !a ? SLUIS_NOMEM : key.n != head + OIN_LEN ? SLUIS_CORRUPT : SLUIS_OK;
    if (!e)
        e = rows_open(c->p->rows, TABLE_META, key, stored, a, &sluis__cooperation_row__descriptor, &m);
    if (!e)
        e = oin_parse(&who, (const char *)key.p + head, OIN_LEN) ? SLUIS_CORRUPT : SLUIS_OK;
    account *x = e ? NULL : find_or_add(c, &who);
    const Sluis__CooperationRow *row = (const Sluis__CooperationRow *)m;
    if (x) {
        x->count = row->count;
        x->share[REFUSAL] = row->refusal;
        x->share[LATENESS] = row->lateness;
        x->share[FAILURE] = row->failure;
        x->signals = x->next = row->signals;
    }
    arena_free(&a);
    return e;
}

sluis_err cooperation_load(cooperation **out, const parts *p, store_txn *t)
{
    store_cursor *cur = NULL;
    bytes key, stored, prefix = bytes_str(COOPERATION_PREFIX);
    cooperation *c = calloc(1, sizeof(*c));
    *out = c;
    if (!c)
        return SLUIS_NOMEM;
    c->p = p;
    sluis_err e = store_cursor_open(t, TABLE_META, prefix, prefix, &cur);
    while (!e && (e = store_cursor_next(cur, &key, &stored)) == SLUIS_OK)
        e = take_row(c, key, stored);
    store_cursor_close(&cur);
    if (e && e != SLUIS_NOT_FOUND)
        return e;
    cooperation_committed(c, false);
    return SLUIS_OK;
}

void cooperation_free(cooperation **c)
{
    if (!*c)
        return;
    free((*c)->v);
    free((*c)->notes);
    free(*c);
    *c = NULL;
}
