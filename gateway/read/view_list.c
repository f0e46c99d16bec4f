#include "read/view_list.h"

#include <string.h>

#include "registry/entries.h"

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

datum_use reader_use(const reader *r, const job *j, const uint8_t case_id[static ID_LEN],
                     const Sluis__CaseRow *row, uint64_t now)
{
    return (datum_use){.case_id = case_id,
                       .row = row,
                       .dir = j->dir,
                       .own = &r->p->settings->oin,
                       .application = j->claims.app,
                       .now = now};
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
    out->version = datum_number(row, version);
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

/* ---- as it is shown ---- */

typedef struct {
    reader *r;
    store_txn *t;
    job *j;
    const subject *s;
    view_listing *l;
    Sluis__ApiView *out;
    Sluis__Record *rec;
    bool passed; /* a datum was gone over, shown or not */
} listing;

/* One datum as it is shown at a moment; the print is zero when nothing is. */
typedef struct {
    Sluis__ApiDatum datum;
    uint8_t print[PRINT_LEN];
} rendition;

static datum_use use_at(const listing *x, uint64_t time)
{
    datum_use use = x->l->use;
    use.now = time;
    return use;
}

/* What was fetched for another case or law, or is over, is not here: then there is only that its source has
 * it, and nothing of when, or on which conditions, it came. */
static const Sluis__DatumRow *for_use(const reader *r, const attribute *a, const Sluis__DatumRow *row,
                                      const datum_use *use, Sluis__DatumRow *rest)
{
    if (!row->kept || datum_here(r->rules, a, row, use))
        return row;
    *rest = *row;
    datum_unkeep(rest);
    return rest;
}

static bool served_at(const listing *x, const attribute *a, const Sluis__DatumRow *row, uint64_t time)
{
    const datum_use use = use_at(x, time);
    Sluis__DatumRow rest;
    return datum_may_serve(x->r->rules, a, for_use(x->r, a, row, &use, &rest), &use);
}

static bool told_now(const listing *x, const attribute *a, const Sluis__DatumRow *row)
{
    Sluis__DatumRow rest;
    return datum_may_be_told(x->r->rules, a, for_use(x->r, a, row, &x->l->use, &rest), &x->l->use);
}

/* All that the API gives of it, numbers for names; what is not there takes one bit, so that most are hashed
 * as one block. */
static void print_of(const attribute *a, const id16 *instance, const Sluis__ApiDatum *d,
                     uint8_t print[static PRINT_LEN])
{
    const uint64_t numbers[] = {d->obtained,    d->fresh_until, d->valid_from,
                                d->valid_until, d->corrected,   d->at_source ? d->at_source->until : 0};
    const bool flags[] = {d->reference,      d->stale,
                          d->disputed,       d->withdrawn,
                          d->at_request,     d->at_source != NULL,
                          *d->instance != 0, *d->brought_by || *d->statement};
    uint8_t head[3 + 4 + 7 * 8 + ID_LEN] = {0}, *p = head + 3, full[HASH_LEN];
    head[0] = (uint8_t)a->category;
    put_u32(p, a->id);
    put_u64(p + 4, d->version);
    p += 4 + 8;
    for (size_t i = 0; i < 8; i++)
        head[1] |= (uint8_t)(flags[i] << i);
    for (size_t i = 0; i < 6; i++)
        if (numbers[i]) {
            head[2] |= (uint8_t)(1 << i);
            put_u64(p, numbers[i]);
            p += 8;
        }
    if (*d->instance) {
        memcpy(p, instance->b, ID_LEN);
        p += ID_LEN;
    }
    const bytes said[] = {BYTES(head, (size_t)(p - head)), BYTES(d->value, strlen(d->value) + 1),
                          BYTES(d->source, strlen(d->source) + 1),
                          BYTES(d->brought_by, strlen(d->brought_by) + 1),
                          BYTES(d->statement, strlen(d->statement) + 1)};
    hash_tagged(full, "sluis1-shown", NULL, said, flags[7] ? 5 : 3);
    for (size_t i = 0; i < d->n_conditions; i++) {
        const bytes more[] = {BYTES_OF(full), BYTES(d->conditions[i], strlen(d->conditions[i]))};
        hash_tagged(full, "sluis1-shown", NULL, more, 2);
    }
    memcpy(print, full, PRINT_LEN);
}

static sluis_err show(listing *x, const attribute *a, const datum *d, bool disputed, uint64_t time,
                      rendition *out)
{
    const datum_use use = use_at(x, time);
    Sluis__DatumRow rest;
    sluis_err e = reader_datum(x->r, x->j, a, &d->instance, d->version, for_use(x->r, a, d->row, &use, &rest),
                               &use, &out->datum);
    if (e)
        return e;
    out->datum.disputed = disputed;
    print_of(a, &d->instance, &out->datum, out->print);
    return SLUIS_OK;
}

/* ---- now ---- */

/* Another source says otherwise, and may be heard here. */
static bool disputed(const listing *x, const attribute *a, const datum *d)
{
    const datum_beside *b = d->beside;
    while (b && !datum_may_serve(x->r->rules, a, b->row, &x->l->use))
        b = b->next;
    return b != NULL;
}

/* As it stood when the listing began, unless it may not be shown any more, or its source has corrected or
 * taken back since what it said. */
static sluis_err as_shown(listing *x, const attribute *a, datum *d, rendition *out)
{
    const Sluis__DatumRow *current = d->row;
    const uint64_t began = x->l->mark.at.time, now = x->l->use.now;
    sluis_err e = registry_as_of(x->r->p->registry, x->t, x->s, a->id, d, x->l->mark.at.size, x->j->arena,
                                 &d->row, &d->version);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    if (d->row != current && (current->withdrawn || current->corrected))
        return SLUIS_OK;
    bool served = served_at(x, a, d->row, now) && (began == now || served_at(x, a, d->row, began));
    return served ? show(x, a, d, disputed(x, a, d), now, out) : SLUIS_OK;
}

/* ---- at the base ---- */

static sluis_err load_settled(listing *x, uint64_t at, Sluis__SettledRow **out)
{
    uint8_t key[ENTRY_KEY];
    ProtobufCMessage *m = NULL;
    bytes sealed;
    sluis_err e = entries_get(x->t, x->r->p->rows, TABLE_SETTLED, &x->s->sid, at, key, &sealed);
    if (!e)
        e = row_open(x->r->p->registry, x->t, TABLE_SETTLED, BYTES_OF(key), sealed, x->j->arena,
                     &sluis__settled_row__descriptor, &m, NULL);
    *out = (Sluis__SettledRow *)m;
    return e;
}

/* One that stood beside it then went since: back along the entries that settled something of this instance.
 */
static sluis_err settled_since(listing *x, const attribute *a, const datum *d, uint64_t at, bool *out)
{
    const list_state base = x->l->mark.base;
    sluis_err e = SLUIS_OK;
    while (!e && !*out && at && at >= base.size) {
        Sluis__SettledRow *row = NULL;
        uint64_t before = 0;
        e = load_settled(x, at, &row);
        for (size_t i = 0; !e && i < row->n_data; i++) {
            const Sluis__SettledDatum *was = row->data[i];
            if (was->attribute != a->id || was->instance.len != ID_LEN ||
                memcmp(was->instance.data, d->instance.b, ID_LEN) != 0)
                continue;
            *out = *out ||
                   (was->row && was->row->journal_index < base.size && served_at(x, a, was->row, base.time));
            before = was->before < at && was->before > before ? was->before : before;
        }
        at = before;
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* its term is over */
}

static sluis_err disputed_at_base(listing *x, const attribute *a, const datum *d, bool *out)
{
    const list_state base = x->l->mark.base;
    sluis_err e = SLUIS_OK;
    for (const datum_beside *b = d->beside; b && !e && !*out; b = b->next) {
        if (!told_now(x, a, b->row))
            continue;
        datum was = {.instance = d->instance, .version = b->version, .row = b->row};
        e = registry_as_of(x->r->p->registry, x->t, x->s, a->id, &was, base.size, x->j->arena, &was.row,
                           &was.version);
        *out = !e && served_at(x, a, was.row, base.time);
        e = e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    }
    return e || *out ? e : settled_since(x, a, d, d->row->settled, out);
}

/* What was registered of it at the base: of what stays at its source, which has no past, that its source had
 * it. */
static sluis_err registered_at_base(listing *x, const attribute *a, const datum *d, Sluis__DatumRow *rest,
                                    datum *was)
{
    const list_state base = x->l->mark.base;
    *was = (datum){.instance = d->instance};
    sluis_err e = registry_as_of(x->r->p->registry, x->t, x->s, a->id, d, base.size, x->j->arena, &was->row,
                                 &was->version);
    if (e != SLUIS_NOT_FOUND || !datum_at_source(d->row) || datum_known_since(d->row) > base.time)
        return e;
    *rest = *d->row;
    datum_unkeep(rest);
    was->row = rest;
    was->version = d->version;
    return SLUIS_OK;
}

static sluis_err shown_at_base(listing *x, const attribute *a, const datum *d, rendition *out)
{
    const uint64_t time = x->l->mark.base.time;
    Sluis__DatumRow rest;
    datum was;
    bool other = false;
    sluis_err e = registered_at_base(x, a, d, &rest, &was);
    if (e || !served_at(x, a, was.row, time))
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    e = disputed_at_base(x, a, d, &other);
    return e ? e : show(x, a, &was, other, time, out);
}

/* The print of what was shown of it at the base of this listing, as far as that can be found back. The past
 * of what may not be told of now is not gone into: as often as it changed, it would be heard. If it was shown
 * then, the prints do not come out even, and the answer is whole. */
static sluis_err at_base(listing *x, const attribute *a, const datum *d, uint8_t print[static PRINT_LEN])
{
    const arena_place empty = arena_at(x->j->arena);
    rendition was = {.print = {0}};
    sluis_err e = SLUIS_OK;
    if (list_only_changes(&x->l->mark) && told_now(x, a, d->row))
        e = shown_at_base(x, a, d, &was);
    memcpy(print, was.print, PRINT_LEN);
    arena_back(x->j->arena, empty);
    return e;
}

/* ---- what is told ---- */

static sluis_err add_datum(listing *x, const Sluis__ApiDatum *d)
{
    Sluis__ApiDatum *copy = arena_copy(x->j->arena, d, sizeof(*d));
    if (!copy)
        return SLUIS_NOMEM;
    x->out->data[x->out->n_data++] = copy;
    return SLUIS_OK;
}

static sluis_err add_gone(listing *x, const attribute *a, const id16 *instance)
{
    Sluis__ApiGone *gone = arena_alloc(x->j->arena, sizeof(*gone));
    if (!gone)
        return SLUIS_NOMEM;
    sluis__api_gone__init(gone);
    gone->attribute = (char *)(uintptr_t)a->name;
    sluis_err e = instance_text(x->j, instance, &gone->instance);
    if (!e)
        x->out->gone[x->out->n_gone++] = gone;
    return e;
}

/* All that differs; and what stands at its source and is not here, since how fetching it stands is told at
 * each reading (core/fetch.h). */
static sluis_err add(listing *x, const attribute *a, datum *d, uint8_t was[static PRINT_LEN], rendition *is)
{
    const Sluis__ApiAtSource *source;
    *is = (rendition){.print = {0}};
    sluis_err e = at_base(x, a, d, was);
    if (!e)
        e = as_shown(x, a, d, is);
    if (e)
        return e;
    if (print_is_zero(is->print))
        return print_is_zero(was) ? SLUIS_OK : add_gone(x, a, &d->instance);
    source = is->datum.at_source;
    bool told = memcmp(was, is->print, PRINT_LEN) != 0 || (source && !source->until);
    return told ? add_datum(x, &is->datum) : SLUIS_OK;
}

static void note_attribute(Sluis__Record *rec, uint32_t id)
{
    if (!rec->n_attributes || rec->attributes[rec->n_attributes - 1] != id)
        rec->attributes[rec->n_attributes++] = id;
}

/* Whether all that was shown at the base can be found back, this datum and those behind it: told at the first
 * page, so that nobody turns pages in vain. When it takes more memory than there is, the last page tells. */
static sluis_err look_ahead(listing *x, datum_walk *w, const uint8_t first[static PRINT_LEN])
{
    uint8_t left[PRINT_LEN], was[PRINT_LEN];
    const arena_place empty = arena_at(x->j->arena);
    datum_place place;
    datum d;
    sluis_err e;
    memcpy(left, x->l->mark.left, PRINT_LEN);
    print_add(left, first);
    while (!(e = registry_walk_next(w, x->j->arena, &place, &d))) {
        if ((e = at_base(x, rules_attribute(x->r->rules, place.attribute), &d, was)))
            break;
        print_add(left, was);
        arena_back(x->j->arena, empty);
    }
    if (e == SLUIS_NOMEM)
        return SLUIS_OK;
    return e != SLUIS_NOT_FOUND ? e : print_is_zero(left) ? SLUIS_OK : SLUIS_CONFLICT;
}

/* One more than the page holds tells that there is a next one; what may not be shown tells nothing. */
static sluis_err fill(listing *x, size_t limit, datum_walk *w)
{
    Sluis__ApiView *out = x->out;
    list_mark *m = &x->l->mark;
    const bool begins = list_only_changes(m) && !m->after.attribute;
    arena_place empty = arena_at(x->j->arena);
    uint8_t was[PRINT_LEN];
    rendition is;
    datum_place place;
    datum d;
    sluis_err e;
    while (!(e = registry_walk_next(w, x->j->arena, &place, &d))) {
        size_t data = out->n_data, gone = out->n_gone;
        if ((e = add(x, rules_attribute(x->r->rules, place.attribute), &d, was, &is)))
            return e;
        if (out->n_data + out->n_gone > limit) {
            out->n_data = data;
            out->n_gone = gone;
            x->l->more = true;
            return begins ? look_ahead(x, w, was) : SLUIS_OK;
        }
        if (out->n_data > data)
            note_attribute(x->rec, place.attribute);
        print_add(m->print, is.print);
        print_add(m->left, was);
        m->after = place;
        x->passed = true;
        if (out->n_data == data && out->n_gone == gone) /* what is not told fills no page */
            arena_back(x->j->arena, empty);
        empty = arena_at(x->j->arena);
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err view_list(reader *r, store_txn *t, job *j, const subject *s, view_listing *l, Sluis__ApiView *out,
                    Sluis__Record *rec)
{
    listing x = {.r = r, .t = t, .j = j, .s = s, .l = l, .out = out, .rec = rec};
    datum_walk *w = NULL;
    size_t limit = l->limit && l->limit < VIEW_DATA_MAX ? l->limit : VIEW_DATA_MAX;
    out->data = arena_alloc(j->arena, (limit + 1) * sizeof(*out->data));
    out->gone = arena_alloc(j->arena, (limit + 1) * sizeof(*out->gone));
    rec->attributes = arena_alloc(j->arena, (l->n + 1) * sizeof(uint32_t));
    if (!out->data || !out->gone || !rec->attributes)
        return SLUIS_NOMEM;
    sluis_err e = registry_walk_open(&w, t, s, l->ids, l->n, &l->mark.after);
    if (!e)
        e = fill(&x, limit, w);
    registry_walk_close(&w);
    if (e == SLUIS_NOMEM && x.passed) { /* the page is full */
        l->more = true;
        e = SLUIS_OK;
    }
    return !e && !l->more && !print_is_zero(l->mark.left) ? SLUIS_CONFLICT : e;
}
