#include "read/own_reader.h"

#include <string.h>

#include "base/clock.h"
#include "cases/datum_use.h"

/* ---- what is restricted: all that such an exchange asked of its party ---- */

static sluis_err load_exchanges(own_reader *x, store_txn *t, arena *a)
{
    const restrictions *all = &x->held;
    sluis_err e = SLUIS_OK;
    x->exchanges = arena_alloc(a, (all->n + 1) * sizeof(*x->exchanges));
    x->hidden = arena_alloc(a, (all->n + 1) * sizeof(*x->hidden));
    if (!x->exchanges || !x->hidden)
        return SLUIS_NOMEM;
    for (size_t i = 0; !e && i < all->n; i++) {
        const bytes key = BYTES(all->rows[i]->transaction.data, all->rows[i]->transaction.len);
        ProtobufCMessage *m = NULL;
        bytes sealed;
        x->exchanges[i] = NULL;
        if (!key.n)
            continue;
        e = store_get(t, TABLE_REQUEST, key, &sealed);
        if (!e)
            e = row_open(x->r->p->registry, t, TABLE_REQUEST, key, sealed, a, &sluis__request_row__descriptor,
                         &m, NULL);
        x->exchanges[i] = (Sluis__RequestRow *)m;
        if (e == SLUIS_NOT_FOUND)
            e = SLUIS_OK;
    }
    return e;
}

sluis_err own_reader_load(own_reader *x, reader *r, store_txn *t, job *j, const subject *s,
                          const dossier_question *q)
{
    const case_facts facts = case_facts_about(q->row, &s->sid);
    *x = (own_reader){.r = r,
                      .j = j,
                      .q = q,
                      .now = clock_ms(),
                      .own = q->viewer == q->member,
                      .secret_address = facts.secret_address};
    sluis_err e = restrictions_load(r->p->registry, t, s, j->arena, &x->held);
    return e ? e : load_exchanges(x, t, j->arena);
}

static bool asked_for(const Sluis__RequestRow *q, uint32_t id)
{
    for (size_t i = 0; i < q->n_attributes; i++)
        if (q->attributes[i] == id)
            return true;
    return false;
}

static void note_hidden(own_reader *x, uint64_t entry)
{
    for (size_t i = 0; i < x->n_hidden; i++)
        if (x->hidden[i] == entry)
            return;
    x->hidden[x->n_hidden++] = entry;
}

static bool is_restricted(own_reader *x, uint32_t id, const Sluis__DatumRow *row)
{
    bool found = false;
    for (size_t i = 0; i < x->held.n; i++) {
        const Sluis__RequestRow *q = x->exchanges[i];
        if (!q || strcmp(q->party, row->source) != 0 || !asked_for(q, id))
            continue;
        note_hidden(x, x->held.rows[i]->entry);
        found = true;
    }
    return found;
}

bool own_entry_restricted(own_reader *x, uint64_t entry)
{
    const Sluis__RestrictionRow *by = restriction_of(&x->held, entry, BYTES(NULL, 0));
    if (by)
        note_hidden(x, by->entry);
    return by != NULL;
}

/* ---- who may read it ---- */

static bool has_condition(const own_reader *x, const Sluis__DatumRow *row, condition_force force)
{
    for (size_t i = 0; i < row->n_conditions; i++) {
        const condition_kind *c = rules_condition(x->r->rules, row->conditions[i]);
        if (!c || c->force == force)
            return true;
    }
    return false;
}

/* Another member, such as a parent: what belongs to a law of this case, and may be told there. */
static bool for_another(const own_reader *x, const attribute *a, const Sluis__DatumRow *row)
{
    const Sluis__CaseRow *c = x->q->row;
    if ((a->address && x->secret_address) || has_condition(x, row, FORCE_HOUSEHOLD))
        return false;
    datum_use use = reader_use(x->r, x->j, x->q->case_id.p, c, x->now);
    use.household = true;
    for (size_t i = 0; i < c->n_scope_laws; i++) {
        use.law = c->scope_laws[i];
        if (datum_may_serve(x->r->rules, a, row, &use))
            return true;
    }
    return false;
}

bool own_reads(own_reader *x, const attribute *a, const Sluis__DatumRow *row)
{
    if (has_condition(x, row, FORCE_CONSULT) || !(x->own || for_another(x, a, row)))
        return false;
    return !is_restricted(x, a->id, row);
}

bool own_reads_past(own_reader *x, const attribute *a, const Sluis__DatumRow *row)
{
    return x->own ? !has_condition(x, row, FORCE_CONSULT) : own_reads(x, a, row);
}

bool own_past_ends(const own_reader *x, const Sluis__DatumRow *row)
{
    return !x->own && (row->corrected || row->withdrawn);
}

/* ---- what of it stays out ---- */

/* What was fetched is the client's own to read. Another member reads it in the case that it was fetched for,
 * and under that law. */
static bool kept_for(const own_reader *x, const Sluis__KeptRow *k)
{
    const Sluis__CaseRow *c = x->q->row;
    if (!k || x->now >= k->until || (!x->own && !case_covers(c, x->q->case_id.p, k->case_id)))
        return false;
    bool can = x->own;
    for (size_t i = 0; !can && i < c->n_scope_laws; i++)
        can = strcmp(k->law, c->scope_laws[i]) == 0;
    return can;
}

const char *own_withheld(const own_reader *x, const attribute *a, const Sluis__DatumRow *row)
{
    if (a->id == ATTRIBUTE_BSN)
        return "number";
    if (a->about_others)
        return "about-others";
    if (datum_at_source(row) && !kept_for(x, row->kept))
        return "at-source";
    return row->withdrawn ? "taken-back" : "";
}
