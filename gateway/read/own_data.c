#include "read/own_data.h"

#include <string.h>

#include "read/own_reader.h"
#include "registry/entries.h"
#include "registry/walk.h"

#define DATUM_COST    512         /* bytes of one beside its value: names, titles, days */
#define SCAN_MAX      20000       /* statements gone over for one page, shown or not */
#define PAST_ARENA    (8u << 20)  /* one statement */
#define SETTLED_ARENA (32u << 20) /* all that one entry settled */

typedef struct {
    reader *r;
    store_txn *t;
    job *j;
    const subject *s;
    own_reader who;
    Sluis__ApiExport *out;
    Sluis__Record *rec;
    arena *past[2], *settled;
    own_place at; /* what was gone over last */
    uint8_t *mark;
    bool in_settled;
    size_t bytes, seen;
} copying;

/* ---- one statement ---- */

static void note_attribute(Sluis__Record *rec, uint32_t id)
{
    for (size_t i = rec->n_attributes; i; i--)
        if (rec->attributes[i - 1] == id)
            return;
    rec->attributes[rec->n_attributes++] = id;
}

/* Borrows from row, which is in the job's arena. */
static sluis_err add(copying *x, const attribute *a, const id16 *instance, uint64_t version,
                     const Sluis__DatumRow *row, bool beside, Sluis__ApiOwnDatum **out)
{
    datum_use use = reader_use(x->r, x->j, x->who.q->case_id.p, x->who.q->row, x->who.now);
    use.application = "";
    use.household = true;
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
    o->since = row->registered;
    o->withheld = (char *)(uintptr_t)own_withheld(&x->who, a, row);
    d->value = *o->withheld ? (char *)(uintptr_t) "" : row->value;
    d->at_source = NULL;
    x->bytes += strlen(d->value) + DATUM_COST;
    x->out->data[x->out->n_data++] = o;
    note_attribute(x->rec, a->id);
    *out = o;
    return SLUIS_OK;
}

/* One that stands no more; row is anybody's. */
static sluis_err add_earlier(copying *x, const attribute *a, const id16 *instance, uint64_t version,
                             const Sluis__DatumRow *row, bool beside, uint64_t until, const char *why)
{
    const arena_place empty = arena_at(x->j->arena);
    Sluis__DatumRow *copy = NULL;
    Sluis__ApiOwnDatum *o = NULL;
    sluis_err e = datum_copy(row, x->j->arena, &copy);
    if (!e)
        e = add(x, a, instance, version, copy, beside, &o);
    if (e) {
        arena_back(x->j->arena, empty);
        return e;
    }
    o->until = until;
    o->settled = x->in_settled;
    o->ended = (char *)(uintptr_t)why;
    return SLUIS_OK;
}

/* FULL: the next statement is for the next page. */
static sluis_err step(copying *x)
{
    const bool full = x->out->n_data >= DOSSIER_PAGE_MAX || x->bytes >= DOSSIER_PAGE_BYTES;
    return full || x->seen++ >= SCAN_MAX ? SLUIS_FULL : SLUIS_OK;
}

/* ---- what it took the place of ---- */

static bool same(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return bytes_equal(BYTES(a->data, a->len), BYTES(b->data, b->len));
}

/* Why row gave way to later. */
static const char *why_ended(const Sluis__DatumRow *row, const Sluis__DatumRow *later)
{
    if (later->withdrawn)
        return "taken-back";
    if (later->requested.len && !same(&later->requested, &row->requested))
        return "at-request";
    if (strcmp(row->source, later->source) != 0)
        return "other-source";
    if (registry_same(row, later))
        return strcmp(row->statement, later->statement) != 0 ? "statement-added" : "said-again";
    return later->corrected && later->corrected != row->corrected ? "corrected" : "replaced";
}

/* Back from later, which the place names, to the first that is kept. */
static sluis_err back_from(copying *x, const attribute *a, const id16 *instance, const Sluis__DatumRow *later,
                           bool beside)
{
    sluis_err e = SLUIS_OK;
    past_place at;
    for (int i = 0;
         registry_before(&x->at.past.name, later, &at) && !own_past_ends(&x->who, later) && !(e = step(x));
         i = !i) {
        Sluis__DatumRow *row = NULL;
        arena_reset(x->past[i]);
        e = registry_past(x->r->p->registry, x->t, x->s, a->id, instance, &at, x->past[i], &row);
        if (!e && !row->withdrawn && own_reads(&x->who, a, row)) {
            const bool told = own_reads(&x->who, a, later);
            e = add_earlier(x, a, instance, at.version, row, beside, told ? later->registered : 0,
                            told ? why_ended(row, later) : "not-told");
        }
        if (e)
            break;
        x->at.past = at;
        later = row;
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err add_past(copying *x, const attribute *a, const id16 *instance, const Sluis__DatumRow *root,
                          bool beside)
{
    return own_reads_past(&x->who, a, root) ? back_from(x, a, instance, root, beside) : SLUIS_OK;
}

/* Goes on behind the earlier statement at which a page ended. */
static sluis_err go_on(copying *x, const attribute *a, const id16 *instance, const Sluis__DatumRow *root,
                       bool beside, const own_place *from)
{
    Sluis__DatumRow *later = NULL;
    if (!from->past.version || !own_reads_past(&x->who, a, root))
        return add_past(x, a, instance, root, beside);
    sluis_err e =
        registry_past(x->r->p->registry, x->t, x->s, a->id, instance, &from->past, x->past[1], &later);
    return e ? e == SLUIS_NOT_FOUND ? SLUIS_OK : e : back_from(x, a, instance, later, beside);
}

/* ---- what is registered ---- */

static sluis_err add_root(copying *x, const attribute *a, const datum *d, uint64_t version,
                          const Sluis__DatumRow *row, bool beside)
{
    Sluis__ApiOwnDatum *o;
    sluis_err e = step(x);
    if (!e && own_reads(&x->who, a, row))
        e = add(x, a, &d->instance, version, row, beside, &o);
    if (e)
        return e;
    x->at = (own_place){.stage = OWN_REGISTERED,
                        .attribute = a->id,
                        .instance = d->instance,
                        .root = version,
                        .beside = beside,
                        .past.name = x->s->sid};
    return add_past(x, a, &d->instance, row, beside);
}

static const datum_beside *beside_of(const datum *d, uint64_t version)
{
    const datum_beside *b = d->beside;
    while (b && b->version != version)
        b = b->next;
    return b;
}

/* The rest of the instance in which a page ended. One beside it that was settled since comes with what was
 * settled; a current one that gave way since is among what the new one took the place of. */
static sluis_err rest_of(copying *x, const attribute *a, const datum *d, const own_place *from)
{
    const datum_beside *b = from->beside ? beside_of(d, from->root) : NULL;
    sluis_err e = SLUIS_OK;
    if (b || !from->beside)
        e = go_on(x, a, &d->instance, b ? b->row : d->row, from->beside, from);
    for (b = d->beside; !e && b; b = b->next)
        if (!from->beside || b->version > from->root)
            e = add_root(x, a, d, b->version, b->row, true);
    return e;
}

static sluis_err add_instance(copying *x, const attribute *a, const datum *d)
{
    sluis_err e = add_root(x, a, d, d->version, d->row, false);
    for (const datum_beside *b = d->beside; !e && b; b = b->next)
        e = add_root(x, a, d, b->version, b->row, true);
    return e;
}

static sluis_err add_registered(copying *x, const uint32_t *ids, size_t n)
{
    const own_place from = x->at;
    const attribute *a = rules_attribute(x->r->rules, from.attribute);
    datum_place at = {.attribute = from.attribute, .instance = from.instance};
    datum_walk *w = NULL;
    datum d;
    sluis_err e = SLUIS_NOT_FOUND;
    if (a)
        e = registry_get(x->r->p->registry, x->t, x->s, a->id, &from.instance, x->j->arena, &d);
    if (!e)
        e = rest_of(x, a, &d, &from);
    if (!e || e == SLUIS_NOT_FOUND)
        e = registry_walk_open(&w, x->t, x->s, ids, n, &at);
    while (!e) {
        const arena_place empty = arena_at(x->j->arena);
        const size_t before = x->out->n_data;
        if ((e = registry_walk_next(w, x->j->arena, &at, &d)))
            break;
        e = add_instance(x, rules_attribute(x->r->rules, at.attribute), &d);
        if (x->out->n_data == before) /* what is not shown fills no page */
            arena_back(x->j->arena, empty);
    }
    registry_walk_close(&w);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* ---- what was settled ---- */

/* As core/settle.h stores it; NULL: the statement itself is registered, and not to be told again. */
static const char *why_settled(const char *outcome)
{
    static const struct {
        const char *outcome, *why;
    } all[] = {{"kept", "settled-kept"},     {"agreed", "settled-agreed"},
               {"source", "settled-source"}, {"overruled", "settled-overruled"},
               {"withdrawn", "taken-back"},  {"merged", "persons-merged"}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i].outcome, outcome) == 0)
            return all[i].why;
    return NULL;
}

/* name: that the row stands under. */
static sluis_err add_settled(copying *x, const id16 *name, uint64_t entry, const Sluis__SettledRow *row,
                             uint32_t item, const own_place *from)
{
    const Sluis__SettledDatum *one = row->data[item];
    const attribute *a = rules_attribute(x->r->rules, one->attribute);
    const char *why = why_settled(one->outcome);
    id16 instance;
    if (!one->row || one->instance.len != ID_LEN)
        return SLUIS_CORRUPT;
    memcpy(instance.b, one->instance.data, ID_LEN);
    if (from)
        return a ? go_on(x, a, &instance, one->row, true, from) : SLUIS_OK;
    sluis_err e = step(x);
    if (!e && a && why && !one->row->withdrawn && own_reads(&x->who, a, one->row))
        e = add_earlier(x, a, &instance, one->version, one->row, true, row->when, why);
    if (e)
        return e;
    x->at = (own_place){.stage = OWN_SETTLED, .entry = entry, .item = item, .past.name = *name};
    return a ? add_past(x, a, &instance, one->row, true) : SLUIS_OK;
}

static sluis_err add_entry(copying *x, bytes key, bytes sealed)
{
    const own_place from = x->at;
    const uint64_t entry = get_u64(key.p + ID_LEN);
    const bool in = from.stage == OWN_SETTLED && from.entry == entry;
    ProtobufCMessage *m = NULL;
    id16 name;
    memcpy(name.b, key.p, ID_LEN);
    arena_reset(x->settled);
    sluis_err e = row_open(x->r->p->registry, x->t, TABLE_SETTLED, key, sealed, x->settled,
                           &sluis__settled_row__descriptor, &m, NULL);
    if (e || own_entry_restricted(&x->who, entry))
        return e;
    const Sluis__SettledRow *row = (const Sluis__SettledRow *)m;
    for (uint32_t i = in ? from.item : 0; !e && i < row->n_data; i++)
        e = add_settled(x, &name, entry, row, i, in && i == from.item ? &from : NULL);
    return e;
}

static sluis_err add_all_settled(copying *x)
{
    entry_walk all;
    bytes key, sealed;
    x->in_settled = true;
    sluis_err e = entries_open(&all, x->t, x->r->p->rows, TABLE_SETTLED, &x->s->sid,
                               x->at.stage == OWN_SETTLED ? x->at.entry : 0);
    while (!e && !(e = entries_next(&all, &key, &sealed)))
        e = add_entry(x, key, sealed);
    entries_close(&all);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* ---- a page ---- */

static sluis_err end_page(copying *x)
{
    own_place_write(x->mark, x->s, x->who.q, &x->at);
    x->out->values_next = (ProtobufCBinaryData){OWN_PLACE_LEN, x->mark};
    return SLUIS_OK;
}

/* Every attribute of the catalogue, and room for what is shown. */
static sluis_err make_room(copying *x, uint32_t **ids, size_t *n)
{
    *n = rules_attribute_count(x->r->rules);
    *ids = arena_alloc(x->j->arena, (*n + 1) * sizeof(**ids));
    x->out->data = arena_alloc(x->j->arena, (DOSSIER_PAGE_MAX + 1) * sizeof(*x->out->data));
    x->rec->attributes = arena_alloc(x->j->arena, (*n + 1) * sizeof(*x->rec->attributes));
    x->mark = arena_alloc(x->j->arena, OWN_PLACE_LEN);
    for (size_t i = 0; i < 2; i++)
        x->past[i] = arena_new(PAST_ARENA);
    x->settled = arena_new(SETTLED_ARENA);
    if (!*ids || !x->out->data || !x->rec->attributes || !x->mark || !x->past[0] || !x->past[1] ||
        !x->settled)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < *n; i++)
        (*ids)[i] = rules_attribute_at(x->r->rules, i)->id;
    return SLUIS_OK;
}

sluis_err own_data(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q, bytes after,
                   Sluis__ApiExport *out, Sluis__Record *rec)
{
    copying x = {.r = r, .t = t, .j = j, .s = s, .out = out, .rec = rec};
    uint32_t *ids = NULL;
    size_t n = 0;
    sluis_err e = own_place_read(&x.at, s, q, after);
    if (!e)
        e = own_reader_load(&x.who, r, t, j, s, q);
    if (!e)
        e = make_room(&x, &ids, &n);
    if (!e && x.at.stage == OWN_REGISTERED)
        e = add_registered(&x, ids, n);
    if (!e)
        e = add_all_settled(&x);
    if (e == SLUIS_FULL || (e == SLUIS_NOMEM && out->n_data))
        e = end_page(&x);
    out->hidden = x.who.hidden;
    out->n_hidden = x.who.n_hidden;
    arena_free(&x.past[0]);
    arena_free(&x.past[1]);
    arena_free(&x.settled);
    return e;
}
