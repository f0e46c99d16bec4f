#include "read/own_data.h"

#include <string.h>

#include "base/clock.h"
#include "cases/datum_use.h"
#include "registry/walk.h"

#define DATUM_COST 512 /* bytes of one beside its value: names, titles, days */

typedef struct {
    reader *r;
    job *j;
    const dossier_question *q;
    uint64_t now;
    bool own, secret_address;
    const restrictions *held;
    Sluis__RequestRow **exchanges; /* of each restriction; NULL: it is of none */
    Sluis__ApiExport *out;
    size_t room, bytes; /* data that fit; bytes so far */
} copying;

/* ---- what is restricted: all that such an exchange asked of its party ---- */

static sluis_err load_exchanges(copying *x, store_txn *t)
{
    const restrictions *all = x->held;
    sluis_err e = SLUIS_OK;
    x->exchanges = arena_alloc(x->j->arena, (all->n + 1) * sizeof(*x->exchanges));
    x->out->hidden = arena_alloc(x->j->arena, (all->n + 1) * sizeof(uint64_t));
    if (!x->exchanges || !x->out->hidden)
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
            e = row_open(x->r->p->registry, t, TABLE_REQUEST, key, sealed, x->j->arena,
                         &sluis__request_row__descriptor, &m, NULL);
        x->exchanges[i] = (Sluis__RequestRow *)m;
        if (e == SLUIS_NOT_FOUND)
            e = SLUIS_OK;
    }
    return e;
}

static bool asked_for(const Sluis__RequestRow *q, uint32_t id)
{
    for (size_t i = 0; i < q->n_attributes; i++)
        if (q->attributes[i] == id)
            return true;
    return false;
}

static void note_hidden(copying *x, uint64_t entry)
{
    for (size_t i = 0; i < x->out->n_hidden; i++)
        if (x->out->hidden[i] == entry)
            return;
    x->out->hidden[x->out->n_hidden++] = entry;
}

static bool is_restricted(copying *x, uint32_t id, const Sluis__DatumRow *row)
{
    bool found = false;
    for (size_t i = 0; i < x->held->n; i++) {
        const Sluis__RequestRow *q = x->exchanges[i];
        if (!q || strcmp(q->party, row->source) != 0 || !asked_for(q, id))
            continue;
        note_hidden(x, x->held->rows[i]->entry);
        found = true;
    }
    return found;
}

/* ---- who may read it ---- */

static bool has_condition(const copying *x, const Sluis__DatumRow *row, condition_force force)
{
    for (size_t i = 0; i < row->n_conditions; i++) {
        const condition_kind *c = rules_condition(x->r->rules, row->conditions[i]);
        if (!c || c->force == force)
            return true;
    }
    return false;
}

/* Another member, such as a parent: what belongs to a law of this case, and may be told there. */
static bool for_another(const copying *x, const attribute *a, const Sluis__DatumRow *row)
{
    const Sluis__CaseRow *c = x->q->row;
    if ((a->address && x->secret_address) || has_condition(x, row, FORCE_HOUSEHOLD))
        return false;
    for (size_t i = 0; i < c->n_scope_laws; i++) {
        const datum_use use = {.case_id = x->q->case_id.p,
                               .row = c,
                               .application = x->j->claims.app,
                               .law = c->scope_laws[i],
                               .now = x->now};
        if (datum_may_serve(x->r->rules, a, row, &use))
            return true;
    }
    return false;
}

static bool readable(copying *x, const attribute *a, const Sluis__DatumRow *row)
{
    if (row->withdrawn || has_condition(x, row, FORCE_CONSULT) || !(x->own || for_another(x, a, row)))
        return false;
    return !is_restricted(x, a->id, row);
}

/* ---- one datum ---- */

/* What was fetched is the client's own to read. Another member reads it in the case that it was fetched for,
 * and under that law. */
static bool kept_for(const copying *x, const Sluis__KeptRow *k)
{
    const Sluis__CaseRow *c = x->q->row;
    if (!k || x->now >= k->until || (!x->own && !case_covers(c, x->q->case_id.p, k->case_id)))
        return false;
    bool can = x->own;
    for (size_t i = 0; !can && i < c->n_scope_laws; i++)
        can = strcmp(k->law, c->scope_laws[i]) == 0;
    return can;
}

static const char *withheld(const copying *x, const attribute *a, const Sluis__DatumRow *row)
{
    if (a->id == ATTRIBUTE_BSN)
        return "number";
    if (a->about_others)
        return "about-others";
    if (datum_at_source(row) && !kept_for(x, row->kept))
        return "at-source";
    return "";
}

static sluis_err add(copying *x, const attribute *a, const id16 *instance, uint64_t version,
                     const Sluis__DatumRow *row, bool beside)
{
    const datum_use use = {.case_id = x->q->case_id.p, .row = x->q->row, .application = "", .now = x->now};
    if (x->out->n_data == x->room)
        return SLUIS_TOO_BIG;
    Sluis__ApiOwnDatum *o = arena_alloc(x->j->arena, sizeof(*o));
    Sluis__ApiDatum *d = arena_alloc(x->j->arena, sizeof(*d));
    sluis_err e = o && d ? reader_datum(x->r, x->j, a, instance, version, row, &use, d) : SLUIS_NOMEM;
    if (e)
        return e;
    const char *basis = rules_legal_basis_title(x->r->rules, row->legal_basis);
    sluis__api_own_datum__init(o);
    o->datum = d;
    o->source_name = dossier_party_name(x->j, row->source);
    o->laws = row->laws;
    o->n_laws = row->n_laws;
    o->legal_basis_title = (char *)(uintptr_t)(basis ? basis : row->legal_basis);
    o->type = (char *)(uintptr_t)value_type_name(a->type);
    o->beside = beside;
    o->withheld = (char *)(uintptr_t)withheld(x, a, row);
    d->value = *o->withheld ? (char *)(uintptr_t) "" : row->value;
    d->at_source = NULL;
    x->bytes += strlen(d->value) + DATUM_COST;
    x->out->data[x->out->n_data++] = o;
    return SLUIS_OK;
}

static sluis_err add_all(copying *x, const attribute *a, const datum *d)
{
    sluis_err e = SLUIS_OK;
    if (readable(x, a, d->row))
        e = add(x, a, &d->instance, d->version, d->row, false);
    for (const datum_beside *b = d->beside; !e && b; b = b->next)
        if (readable(x, a, b->row))
            e = add(x, a, &d->instance, b->version, b->row, true);
    return e;
}

/* ---- a page ---- */

static sluis_err place_read(datum_place *out, bytes after)
{
    *out = (datum_place){.attribute = 0};
    if (!after.n)
        return SLUIS_OK;
    if (after.n != OWN_DATA_PLACE)
        return SLUIS_INVALID;
    out->attribute = get_u32(after.p);
    memcpy(out->instance.b, after.p + 4, ID_LEN);
    return SLUIS_OK;
}

static sluis_err place_write(copying *x, const datum_place *at)
{
    uint8_t *p = arena_alloc(x->j->arena, OWN_DATA_PLACE);
    if (!p)
        return SLUIS_NOMEM;
    put_u32(p, at->attribute);
    memcpy(p + 4, at->instance.b, ID_LEN);
    x->out->values_next = (ProtobufCBinaryData){OWN_DATA_PLACE, p};
    return SLUIS_OK;
}

static sluis_err walk(copying *x, datum_walk *w, datum_place *last, Sluis__Record *rec)
{
    datum_place at;
    datum d;
    sluis_err e;
    while (!(e = registry_walk_next(w, x->j->arena, &at, &d))) {
        if (x->out->n_data >= DOSSIER_PAGE_MAX || x->bytes >= DOSSIER_PAGE_BYTES)
            return place_write(x, last);
        const size_t before = x->out->n_data;
        if ((e = add_all(x, rules_attribute(x->r->rules, at.attribute), &d)))
            return e;
        if (x->out->n_data > before &&
            (!rec->n_attributes || rec->attributes[rec->n_attributes - 1] != at.attribute))
            rec->attributes[rec->n_attributes++] = at.attribute;
        *last = at;
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err own_data(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q, bytes after,
                   Sluis__ApiExport *out, Sluis__Record *rec)
{
    const case_facts facts = case_facts_about(q->row, &s->sid);
    const size_t n = rules_attribute_count(r->rules);
    restrictions held = {.n = 0};
    copying x = {.r = r,
                 .j = j,
                 .q = q,
                 .now = clock_ms(),
                 .own = q->viewer == q->member,
                 .secret_address = facts.secret_address,
                 .held = &held,
                 .out = out,
                 .room = 2 * DOSSIER_PAGE_MAX};
    uint32_t *ids = arena_alloc(j->arena, (n + 1) * sizeof(*ids));
    datum_walk *w = NULL;
    datum_place last;
    out->data = arena_alloc(j->arena, x.room * sizeof(*out->data));
    rec->attributes = arena_alloc(j->arena, (n + 1) * sizeof(*rec->attributes));
    sluis_err e = ids && out->data && rec->attributes ? place_read(&last, after) : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < n; i++)
        ids[i] = rules_attribute_at(r->rules, i)->id;
    if (!e)
        e = restrictions_load(r->p->registry, t, s, j->arena, &held);
    if (!e)
        e = load_exchanges(&x, t);
    if (!e)
        e = registry_walk_open(&w, t, s, ids, n, &last);
    if (!e)
        e = walk(&x, w, &last, rec);
    registry_walk_close(&w);
    return e;
}
