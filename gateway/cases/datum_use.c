#include "cases/datum_use.h"

#include <string.h>

#include "base/clock.h"
#include "cases/cases.h"
#include "policy/policy.h"

#define USE_ARENA (8u << 20) /* one datum, and what stands beside it */

static bool same_case(const Sluis__DatumTerms *t, const datum_use *u)
{
    return t->case_id.len == ID_LEN && case_covers(u->row, u->case_id, t->case_id);
}

static bool holds(const condition_kind *c, const Sluis__DatumTerms *t, const datum_use *u)
{
    switch (c->force) {
    case FORCE_SHOWN:
    case FORCE_HOUSEHOLD:
    case FORCE_CONSULT:
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

static const char *law_of(const rules *r, const datum_use *use)
{
    const application *app = use->law ? NULL : rules_application(r, use->application);
    return use->law ? use->law : app ? app->law : NULL;
}

/* Registered for the law of who asks, or for one in scope from which it may be reused. */
static bool for_law(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use,
                    const case_facts *scope)
{
    const char *law = row->n_laws ? law_of(r, use) : NULL;
    for (size_t i = 0; law && i < row->n_laws; i++)
        if (strcmp(row->laws[i], law) == 0 || (policy_reuses(r, row->laws[i], law, a, use->now) &&
                                               (use->household || policy_law_in_scope(scope, row->laws[i]))))
            return true;
    return !row->n_laws;
}

static bool by_municipality(const rules *r, const char *domain, const char *source, const datum_use *use)
{
    return strcmp(source, use->own->s) == 0 || rules_is_municipality(r, domain);
}

/* Given by one whom the client lets take part. Who is in no directory any more, or gave it to another
 * municipality, is of the domain that the catalogue names. */
static bool from_scope(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use,
                       const case_facts *scope)
{
    oin o;
    const party *p = oin_parse(&o, row->source, strlen(row->source)) ? NULL : directory_find(use->dir, &o);
    const char *domain = p ? p->domain : a->source;
    return policy_party_in_scope(r, scope, domain, row->source) ||
           by_municipality(r, domain, row->source, use);
}

static bool in_danger(const attribute *a, const datum_use *use)
{
    for (size_t i = 0; use->danger && i < use->danger->n_attributes; i++)
        if (use->danger->attributes[i] == a->id)
            return true;
    return false;
}

static bool in_scope(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use)
{
    const case_facts scope = case_facts_of(use->row);
    return in_danger(a, use) ||
           (for_law(r, a, row, use, &scope) && (use->household || from_scope(r, a, row, use, &scope)));
}

bool datum_may_be_told(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use)
{
    if (!in_scope(r, a, row, use))
        return false;
    for (size_t i = 0; i < row->n_conditions; i++) {
        const condition_kind *c = rules_condition(r, row->conditions[i]);
        if (!c || !holds(c, row->terms, use))
            return false;
    }
    return true;
}

bool datum_may_serve(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use)
{
    return !row->withdrawn && datum_may_be_told(r, a, row, use);
}

uint64_t datum_fresh_until(const attribute *a, const Sluis__DatumRow *row)
{
    uint64_t until = row->obtained + (uint64_t)a->valid_days * DAY_MS;
    return row->valid_until && row->valid_until < until ? row->valid_until : until;
}

bool datum_here(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use)
{
    const Sluis__KeptRow *k = row->kept;
    if (!a->at_source_s)
        return !datum_at_source(row); /* the catalogue said otherwise when it was registered */
    const char *law = law_of(r, use);
    return k && use->now < k->until && case_covers(use->row, use->case_id, k->case_id) && law &&
           (strcmp(k->law, law) == 0 || policy_reuses(r, k->law, law, a, use->now));
}

bool datum_answers(const rules *r, const attribute *a, const Sluis__DatumRow *row, const datum_use *use)
{
    return row->valid_from <= use->now && use->now < datum_fresh_until(a, row) &&
           datum_here(r, a, row, use) && datum_may_serve(r, a, row, use);
}

sluis_err datum_known(registry *g, store_txn *t, const rules *r, const subject *s, uint32_t id,
                      const datum_use *use, bool *known)
{
    const attribute *a = rules_attribute(r, id);
    arena *mem = arena_new(USE_ARENA);
    datum d = {.version = 0};
    sluis_err e = mem ? SLUIS_OK : SLUIS_NOMEM;
    *known = false;
    while (!e && a && !*known) {
        arena_reset(mem);
        e = registry_next(g, t, s, id, mem, &d);
        *known = !e && datum_answers(r, a, d.row, use);
    }
    arena_free(&mem);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static bool hidden(const rules *r, char *const *conditions, size_t n, bool own)
{
    for (size_t i = 0; i < n; i++) {
        const condition_kind *c = rules_condition(r, conditions[i]);
        if (!c || c->force == FORCE_CONSULT || (!own && c->force == FORCE_HOUSEHOLD))
            return true;
    }
    return false;
}

bool result_hidden(const rules *r, const Sluis__ResultRow *row, bool own)
{
    return hidden(r, row->conditions, row->n_conditions, own);
}

bool datum_hidden(const rules *r, const Sluis__DatumRow *row, bool own)
{
    return hidden(r, row->conditions, row->n_conditions, own);
}
