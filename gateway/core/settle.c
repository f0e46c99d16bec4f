#include "core/settle.h"

#include <string.h>

#include "core/notices.h"

void settlement_begin(settlement *x, const uint8_t *case_id, const char *motivation)
{
    memset(x, 0, sizeof(*x));
    sluis__settled_row__init(&x->row);
    sluis__correction_row__init(&x->changed);
    if (case_id)
        x->row.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id};
    x->row.motivation = (char *)(uintptr_t)motivation;
}

size_t settle_bytes(const datum_beside *b)
{
    return protobuf_c_message_get_packed_size(&b->row->base) + SETTLED_COST;
}

static bool fits(const settlement *x, const datum_beside *b)
{
    return x->bytes + settle_bytes(b) <= SETTLED_BYTES_MAX;
}

static sluis_err add(turn *t, settlement *x, uint32_t id, const datum *d, const datum_beside *b,
                     const char *outcome)
{
    if (!fits(x, b))
        return SLUIS_TOO_BIG;
    sluis_err e = registry_settled_add(&x->row, t->arena, id, &d->instance, b->version, b->row, outcome);
    x->bytes += e ? 0 : settle_bytes(b);
    return e;
}

sluis_err settle_drop(turn *t, settlement *x, const subject *s, uint32_t id, const datum *d,
                      const datum_beside *b, const char *outcome)
{
    sluis_err e = add(t, x, id, d, b, outcome);
    if (!e)
        e = registry_drop(t->t, s, id, d, b);
    return e ? e
             : registry_note_settled(t->p->registry, t->t, s, id, &d->instance, t->entry.index,
                                     &x->row.data[x->row.n_data - 1]->before);
}

sluis_err settle_changed(turn *t, settlement *x, uint32_t id, uint64_t since)
{
    Sluis__CorrectionRow *c = &x->changed;
    if (!c->n_attributes || since < x->since)
        x->since = since;
    if (c->n_attributes && c->attributes[c->n_attributes - 1] == id)
        return SLUIS_OK; /* another instance of it */
    uint32_t *all = arena_alloc(t->arena, (c->n_attributes + 1) * sizeof(*all));
    if (!all)
        return SLUIS_NOMEM;
    if (c->n_attributes)
        memcpy(all, c->attributes, c->n_attributes * sizeof(*all));
    all[c->n_attributes++] = id;
    c->attributes = all;
    return SLUIS_OK;
}

/* The entry that brought the current value; the beginning, when the client's statement came with it since. */
static uint64_t read_since(const datum *d)
{
    return *d->row->statement ? 0 : d->row->journal_index;
}

sluis_err settle_accept(turn *t, settlement *x, const subject *s, uint32_t id, const datum *d,
                        const datum_beside *b)
{
    sluis_err e = add(t, x, id, d, b, SETTLED_ACCEPTED);
    if (!e) {
        x->row.data[x->row.n_data - 1]->before = d->row->settled;
        e = settle_changed(t, x, id, read_since(d));
    }
    return e ? e : registry_accept(t->t, s, id, d, b, t->entry.index, t->now);
}

sluis_err settlement_write(turn *t, settlement *x, const subject *s)
{
    uint8_t key[ID_LEN + 8];
    if (!x->row.n_data && !x->changed.n_attributes)
        return SLUIS_OK;
    x->row.when = t->now;
    memcpy(key, s->sid.b, ID_LEN);
    put_u64(key + ID_LEN, t->entry.index);
    if (x->changed.n_attributes) {
        x->changed.when = t->now;
        x->changed.reason = x->row.motivation;
        x->changed.journal_index = t->entry.index;
        x->row.correction = &x->changed;
    }
    sluis_err e = turn_put_sealed(t, s, TABLE_SETTLED, BYTES_OF(key), &x->row.base);
    if (!e && x->changed.n_attributes)
        e = notices_begin_settled(t, s->sid.b, x->since);
    return e;
}

/* ---- weighing a statement ---- */

/* A party of the domain that the catalogue names as the attribute's source. */
static bool is_source(const turn *t, const attribute *a, const char *who)
{
    oin o;
    const party *p = oin_parse(&o, who, strlen(who)) ? NULL : directory_find(t->dir, &o);
    return p && strcmp(p->domain, a->source) == 0;
}

static bool asked_in(const datum_beside *b, const job *j)
{
    const ProtobufCBinaryData *id = &j->env->core->transaction;
    return bytes_equal(BYTES(b->row->asked.data, b->row->asked.len), BYTES(id->data, id->len));
}

/* The sender is the source, and was asked about this. */
static bool resolves(const datum *d, const job *j, bool source)
{
    const datum_beside *b = d->beside;
    while (b && !asked_in(b, j))
        b = b->next;
    return b && source;
}

/* Why a statement need not stand beside the current one any more; NULL: it stands. */
static const char *is_over(const turn *t, const job *j, const attribute *a, const datum *d,
                           const datum_beside *b, bool answered, bool same)
{
    if (registry_same(d->row, b->row))
        return SETTLED_AGREED;
    if (answered && asked_in(b, j))
        return SETTLED_SOURCE;
    if (same && strcmp(b->row->source, j->env->core->sender) == 0)
        return SETTLED_AGREED; /* it says what the current one says now */
    return a->source_wins && is_source(t, a, d->row->source) && !is_source(t, a, b->row->source)
               ? SETTLED_OVERRULED
               : NULL;
}

/* Takes up what the sender said, when it goes before the current one. */
static sluis_err take_up(turn *t, const job *j, settlement *x, const subject *s, const attribute *a,
                         const datum *d, bool answered)
{
    const datum_beside *own = datum_beside_of(d, j->env->core->sender);
    bool source = is_source(t, a, j->env->core->sender);
    if (!own || !fits(x, own))
        return SLUIS_OK;
    if (d->row->withdrawn || answered)
        return settle_accept(t, x, s, a->id, d, own);
    if (!source || is_source(t, a, d->row->source))
        return SLUIS_OK;
    if (a->source_wins)
        return settle_accept(t, x, s, a->id, d, own);
    sluis_err e = settle_changed(t, x, a->id, read_since(d));
    return e ? e : registry_exchange(t->t, s, a->id, d, own, t->entry.index, t->now);
}

sluis_err settle_statement(turn *t, const job *j, settlement *x, const subject *s, const attribute *a,
                           const id16 *instance, datum_outcome outcome, bool *open)
{
    datum d = {.version = 0};
    sluis_err e = registry_get(t->p->registry, t->t, s, a->id, instance, t->arena, &d);
    if (e || !d.beside)
        return e;
    bool answered = resolves(&d, j, is_source(t, a, j->env->core->sender));
    if (outcome == DATUM_DISCREPANCY)
        e = take_up(t, j, x, s, a, &d, answered);
    else if (outcome == DATUM_NEWER && answered) /* the one before is gone: whoever ever read it */
        e = settle_changed(t, x, a->id, 0);
    if (!e)
        e = registry_get(t->p->registry, t->t, s, a->id, instance, t->arena, &d);
    for (const datum_beside *b = e ? NULL : d.beside; !e && b; b = b->next) {
        const char *why = is_over(t, j, a, &d, b, answered, outcome == DATUM_SAME);
        if (why && fits(x, b))
            e = settle_drop(t, x, s, a->id, &d, b, why);
        else
            *open = true;
    }
    return e;
}
