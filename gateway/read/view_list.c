#include "read/view_list.h"

#include <string.h>

static sluis_err instance_text(job *j, const id16 *instance, char **out)
{
    char hex[33];
    static const id16 only = {{0}};
    if (id_equal(instance, &only))
        return SLUIS_OK;
    id_format(hex, instance);
    *out = arena_strdup(j->arena, hex);
    return *out ? SLUIS_OK : SLUIS_NOMEM;
}

/* How it stands when nothing is done about it: core fetches what is not here (core/fetch.h). */
static sluis_err at_source(job *j, const Sluis__DatumRow *row, bool here, Sluis__ApiDatum *out)
{
    Sluis__ApiAtSource *x = arena_alloc(j->arena, sizeof(*x));
    if (!x)
        return SLUIS_NOMEM;
    sluis__api_at_source__init(x);
    x->state = (char *)(uintptr_t)(here ? "fetched" : "at-source");
    x->until = here ? row->kept->until : 0;
    out->at_source = x;
    return SLUIS_OK;
}

sluis_err reader_datum(reader *r, job *j, const attribute *a, const id16 *instance, uint64_t version,
                       const Sluis__DatumRow *row, const datum_use *use, Sluis__ApiDatum *out)
{
    const bool here = datum_here(r->rules, a, row, use);
    sluis__api_datum__init(out);
    out->attribute = (char *)(uintptr_t)a->name;
    out->value = here ? row->value : (char *)(uintptr_t) "";
    out->source = row->source;
    out->obtained = row->obtained;
    out->valid_from = row->valid_from;
    out->valid_until = row->valid_until;
    out->conditions = row->conditions;
    out->n_conditions = row->n_conditions;
    out->reference = row->reference;
    out->category = (char *)(uintptr_t)category_name(a->category);
    out->version = version;
    out->corrected = row->corrected;
    out->brought_by = row->brought_by;
    out->withdrawn = row->withdrawn;
    out->at_request = row->requested.len != 0;
    out->statement = row->statement;
    out->fresh_until = datum_fresh_until(a, row);
    out->stale = out->fresh_until <= use->now;
    sluis_err e = instance_text(j, instance, &out->instance);
    return e || !a->at_source_s ? e : at_source(j, row, here, out);
}

/* Another source says otherwise, and may be heard here. */
static bool disputed(const rules *r, const attribute *a, const datum *d, const datum_use *use)
{
    const datum_beside *b = d->beside;
    while (b && !datum_may_serve(r, a, b->row, use))
        b = b->next;
    return b != NULL;
}

static sluis_err add_datum(reader *r, job *j, const attribute *a, const datum *d, const datum_use *use,
                           Sluis__ApiView *out)
{
    Sluis__ApiDatum *x = arena_alloc(j->arena, sizeof(*x));
    sluis_err e = x ? reader_datum(r, j, a, &d->instance, d->version, d->row, use, x) : SLUIS_NOMEM;
    if (e)
        return e;
    x->disputed = disputed(r->rules, a, d, use);
    out->data[out->n_data++] = x;
    return SLUIS_OK;
}

static sluis_err add_gone(job *j, const attribute *a, const id16 *instance, Sluis__ApiView *out)
{
    Sluis__ApiGone *x = arena_alloc(j->arena, sizeof(*x));
    if (!x)
        return SLUIS_NOMEM;
    sluis__api_gone__init(x);
    x->attribute = (char *)(uintptr_t)a->name;
    sluis_err e = instance_text(j, instance, &x->instance);
    if (!e)
        out->gone[out->n_gone++] = x;
    return e;
}

static bool served_at(const reader *r, const attribute *a, const Sluis__DatumRow *row, const view_listing *l,
                      uint64_t time)
{
    datum_use use = l->use;
    use.now = time;
    return datum_may_serve(r->rules, a, row, &use);
}

/* What this listing shows of a datum: as it stood when the listing began, unless it may not be shown any
 * more, or its source has corrected or taken back since what it said. NOT_FOUND: nothing. */
static sluis_err as_shown(reader *r, store_txn *t, job *j, const subject *s, const view_listing *l,
                          const attribute *a, datum *d)
{
    const Sluis__DatumRow *current = d->row;
    const uint64_t began = l->mark.at.time, now = l->use.now;
    sluis_err e = registry_as_of(t, s, a->id, d, l->mark.at.size, j->arena, &d->row, &d->version);
    if (e)
        return e;
    if (d->row != current && (current->withdrawn || current->corrected))
        return SLUIS_NOT_FOUND;
    bool served = served_at(r, a, d->row, l, now) && (began == now || served_at(r, a, d->row, l, began));
    return served ? SLUIS_OK : SLUIS_NOT_FOUND;
}

/* The version that was shown at the base of this listing. 0: none was. A version that is kept no more counts
 * as shown. */
static sluis_err base_version(reader *r, store_txn *t, job *j, const subject *s, const view_listing *l,
                              const attribute *a, const datum *d, uint64_t *version)
{
    Sluis__DatumRow *row = NULL;
    *version = 0;
    if (!l->mark.base.size)
        return SLUIS_OK;
    sluis_err e = registry_as_of(t, s, a->id, d, l->mark.base.size, j->arena, &row, version);
    if (!e && !served_at(r, a, row, l, l->mark.base.time))
        *version = 0;
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* A statement that may be heard here has come to stand beside it since the base of this listing. */
static bool disputed_since(const reader *r, const attribute *a, const datum *d, const view_listing *l)
{
    const datum_beside *b = d->beside;
    while (b &&
           !(b->row->journal_index >= l->mark.base.size && datum_may_serve(r->rules, a, b->row, &l->use)))
        b = b->next;
    return b != NULL;
}

static sluis_err load_settled(reader *r, store_txn *t, job *j, const subject *s, uint64_t at,
                              Sluis__SettledRow **out)
{
    uint8_t key[ID_LEN + 8];
    ProtobufCMessage *m = NULL;
    bytes sealed;
    memcpy(key, s->sid.b, ID_LEN);
    put_u64(key + ID_LEN, at);
    sluis_err e = store_get(t, TABLE_SETTLED, BYTES_OF(key), &sealed);
    if (!e)
        e = row_open(r->p->registry, t, TABLE_SETTLED, BYTES_OF(key), sealed, j->arena,
                     &sluis__settled_row__descriptor, &m, NULL);
    *out = (Sluis__SettledRow *)m;
    return e;
}

/* One that could be heard here went since: back along the entries that settled something of this instance. */
static sluis_err settled_since(reader *r, store_txn *t, job *j, const subject *s, const view_listing *l,
                               const attribute *a, const datum *d, uint64_t at, bool *out)
{
    sluis_err e = SLUIS_OK;
    while (!e && !*out && at && at >= l->mark.base.size) {
        Sluis__SettledRow *row = NULL;
        uint64_t before = 0;
        e = load_settled(r, t, j, s, at, &row);
        for (size_t i = 0; !e && i < row->n_data; i++) {
            const Sluis__SettledDatum *x = row->data[i];
            if (x->attribute != a->id || x->instance.len != ID_LEN ||
                memcmp(x->instance.data, d->instance.b, ID_LEN) != 0)
                continue;
            *out = *out || (x->row && datum_may_serve(r->rules, a, x->row, &l->use));
            before = x->before < at && x->before > before ? x->before : before;
        }
        at = before;
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* its term is over */
}

static sluis_err add(reader *r, store_txn *t, job *j, const subject *s, const view_listing *l, uint32_t id,
                     datum *d, Sluis__ApiView *out)
{
    const attribute *a = rules_attribute(r->rules, id);
    const uint64_t settled = d->row->settled;
    uint64_t before = 0;
    sluis_err e = base_version(r, t, j, s, l, a, d, &before);
    if (e)
        return e;
    e = as_shown(r, t, j, s, l, a, d);
    if (e == SLUIS_NOT_FOUND)
        return before ? add_gone(j, a, &d->instance, out) : SLUIS_OK;
    bool told = d->version != before || disputed_since(r, a, d, l);
    if (!e && !told)
        e = settled_since(r, t, j, s, l, a, d, settled, &told);
    return e || !told ? e : add_datum(r, j, a, d, &l->use, out);
}

static void note_attribute(Sluis__Record *rec, uint32_t id)
{
    if (!rec->n_attributes || rec->attributes[rec->n_attributes - 1] != id)
        rec->attributes[rec->n_attributes++] = id;
}

/* One more than the page holds tells that there is a next one; what may not be shown tells nothing. */
static sluis_err fill(reader *r, store_txn *t, job *j, const subject *s, view_listing *l, size_t limit,
                      datum_walk *w, Sluis__ApiView *out, Sluis__Record *rec)
{
    datum_place place;
    datum d;
    sluis_err e;
    while (!(e = registry_walk_next(w, j->arena, &place, &d))) {
        size_t data = out->n_data, gone = out->n_gone;
        if ((e = add(r, t, j, s, l, place.attribute, &d, out)))
            return e;
        if (out->n_data + out->n_gone > limit) {
            out->n_data = data;
            out->n_gone = gone;
            l->more = true;
            return SLUIS_OK;
        }
        if (out->n_data > data)
            note_attribute(rec, place.attribute);
        l->mark.after = place;
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err view_list(reader *r, store_txn *t, job *j, const subject *s, view_listing *l, Sluis__ApiView *out,
                    Sluis__Record *rec)
{
    datum_walk *w = NULL;
    size_t limit = l->limit && l->limit < VIEW_DATA_MAX ? l->limit : VIEW_DATA_MAX;
    out->data = arena_alloc(j->arena, (limit + 1) * sizeof(*out->data));
    out->gone = arena_alloc(j->arena, (limit + 1) * sizeof(*out->gone));
    rec->attributes = arena_alloc(j->arena, (l->n + 1) * sizeof(uint32_t));
    if (!out->data || !out->gone || !rec->attributes)
        return SLUIS_NOMEM;
    sluis_err e = registry_walk_open(&w, t, s, l->ids, l->n, &l->mark.after);
    if (!e)
        e = fill(r, t, j, s, l, limit, w, out, rec);
    registry_walk_close(&w);
    if (e == SLUIS_NOMEM && out->n_data + out->n_gone) { /* the page is full */
        l->more = true;
        e = SLUIS_OK;
    }
    return e;
}
