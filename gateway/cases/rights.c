#include "cases/rights.h"

#include <string.h>

static const char *const names[RIGHTS_STATES] = {
    [RIGHTS_RECEIVED] = "received", [RIGHTS_EXTENDED] = "extended", [RIGHTS_GRANTED] = "granted",
    [RIGHTS_REFUSED] = "refused",   [RIGHTS_DONE] = "done",
};

static const struct {
    const char *event;
    uint32_t from; /* bits: states */
    rights_state to;
} steps[] = {
    {"extend", 1u << RIGHTS_RECEIVED, RIGHTS_EXTENDED},
    {"grant", 1u << RIGHTS_RECEIVED | 1u << RIGHTS_EXTENDED, RIGHTS_GRANTED},
    {"refuse", 1u << RIGHTS_RECEIVED | 1u << RIGHTS_EXTENDED, RIGHTS_REFUSED},
    {"finish", 1u << RIGHTS_GRANTED, RIGHTS_DONE},
};

static const char *const possible[RIGHTS_STATES] = {
    [RIGHTS_RECEIVED] = "het verzoek is ontvangen; mogelijk: verlengen, toewijzen, weigeren",
    [RIGHTS_EXTENDED] = "de termijn is al verlengd; mogelijk: toewijzen, weigeren",
    [RIGHTS_GRANTED] = "het verzoek is toegewezen; mogelijk: afronden",
    [RIGHTS_REFUSED] = "het verzoek is geweigerd; mogelijk: niets meer (een nieuw verzoek mag altijd)",
    [RIGHTS_DONE] = "het verzoek is afgerond; mogelijk: niets meer (een nieuw verzoek mag altijd)",
};

const char *rights_state_name(rights_state s)
{
    return names[s];
}

bool rights_in(const Sluis__RightsRow *row, rights_state s)
{
    return strcmp(row->state, names[s]) == 0;
}

sluis_err rights_step(const Sluis__RightsRow *row, const char *event, rights_state *to, sluis_fail *f)
{
    const size_t n = sizeof steps / sizeof *steps;
    size_t i = 0;
    int now = 0;
    while (i < n && strcmp(steps[i].event, event) != 0)
        i++;
    while (now < RIGHTS_STATES && !rights_in(row, (rights_state)now))
        now++;
    if (i == n)
        return fail_set(f, SLUIS_INVALID, "overgang", "schrijf verlengen, toewijzen, weigeren of afronden");
    if (now == RIGHTS_STATES)
        return SLUIS_CORRUPT;
    if (!(steps[i].from >> now & 1))
        return fail_set(f, SLUIS_CONFLICT, "overgang", "%s", possible[now]);
    *to = steps[i].to;
    return SLUIS_OK;
}

uint64_t rights_term(const Sluis__RightsRow *row)
{
    if (rights_in(row, RIGHTS_RECEIVED) || rights_in(row, RIGHTS_EXTENDED))
        return row->due;
    return rights_in(row, RIGHTS_GRANTED) ? row->carry_out_by : 0;
}

sluis_err rights_load(registry *r, store_txn *t, const subject *s, arena *a, rights_item **out, size_t *n)
{
    rights_item *all = arena_alloc(a, RIGHTS_MAX * sizeof(*all));
    store_cursor *c = NULL;
    bytes key, sealed, prefix = BYTES(s->sid.b, ID_LEN);
    *n = 0;
    *out = all;
    sluis_err e = all ? store_cursor_open(t, TABLE_RIGHTS, prefix, prefix, &c) : SLUIS_NOMEM;
    while (!e && !(e = store_cursor_next(c, &key, &sealed))) {
        ProtobufCMessage *m = NULL;
        e = *n == RIGHTS_MAX
                ? SLUIS_TOO_BIG
                : row_open(r, t, TABLE_RIGHTS, key, sealed, a, &sluis__rights_row__descriptor, &m, NULL);
        if (e)
            break;
        memcpy(all[*n].transaction, key.p + ID_LEN, UUID_LEN);
        all[(*n)++].row = (Sluis__RightsRow *)m;
    }
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

void rights_key(uint8_t out[static RIGHTS_KEY], const id16 *sid, const uint8_t transaction[static UUID_LEN])
{
    memcpy(out, sid->b, ID_LEN);
    memcpy(out + ID_LEN, transaction, UUID_LEN);
}
