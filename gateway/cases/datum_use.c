#include "cases/datum_use.h"

#include <string.h>

#define INSTANCES_MAX 32
#define USE_ARENA     (1u << 20)

static bool same_case(const Sluis__DatumTerms *t, const datum_use *u)
{
    return t->case_id.len == ID_LEN && memcmp(t->case_id.data, u->case_id, ID_LEN) == 0;
}

static bool holds(const condition_kind *c, const Sluis__DatumTerms *t, const datum_use *u)
{
    switch (c->force) {
    case FORCE_SHOWN:
    case FORCE_HOUSEHOLD:
        return true;
    case FORCE_UNTIL:
        return t && u->now < t->until;
    case FORCE_CASE:
        return t && same_case(t, u);
    case FORCE_PURPOSE:
        return t && (!u->purpose || strcmp(t->purpose, u->purpose) == 0);
    case FORCE_NO_FURTHER:
        return t && !u->purpose && same_case(t, u) && strcmp(t->application, u->application) == 0;
    }
    return false;
}

bool datum_may_serve(const rules *r, const Sluis__DatumRow *row, const datum_use *use)
{
    if (row->withdrawn)
        return false;
    for (size_t i = 0; i < row->n_conditions; i++) {
        const condition_kind *c = rules_condition(r, row->conditions[i]);
        if (!c || !holds(c, row->terms, use))
            return false;
    }
    return true;
}

bool datum_answers(const rules *r, const Sluis__DatumRow *row, const datum_use *use)
{
    return row->valid_from <= use->now && (!row->valid_until || use->now < row->valid_until) &&
           datum_may_serve(r, row, use);
}

sluis_err datum_known(registry *g, store_txn *t, const rules *r, const subject *s, uint32_t id,
                      const datum_use *use, bool *known)
{
    datum found[INSTANCES_MAX];
    size_t n = 0;
    arena *a = arena_new(USE_ARENA);
    *known = false;
    if (!a)
        return SLUIS_NOMEM;
    sluis_err e = registry_current(g, t, s, id, a, found, INSTANCES_MAX, &n);
    for (size_t i = 0; !e && i < n; i++)
        *known = *known || datum_answers(r, found[i].row, use);
    arena_free(&a);
    return e;
}

bool result_hidden_from_household(const rules *r, const Sluis__ResultRow *row)
{
    for (size_t i = 0; i < row->n_conditions; i++) {
        const condition_kind *c = rules_condition(r, row->conditions[i]);
        if (!c || c->force == FORCE_HOUSEHOLD)
            return true;
    }
    return false;
}
