#include "core/merge.h"

#include <string.h>

#include "cases/links.h"
#include "core/handlers.h"

#define ROW_ARENA (4u << 20)

/* ---- whether it can be ---- */

typedef struct {
    turn *t;
    const subject *from, *to;
    const uint8_t *skip; /* a case */
    sluis_fail *f;
} merging;

static sluis_err not_both_members(void *ctx, const uint8_t id[static ID_LEN])
{
    const merging *m = ctx;
    Sluis__CaseRow *row = NULL;
    sluis_err e = case_load(m->t->t, m->t->p->rows, id, m->t->arena, &row);
    if (!e && case_member_of(row, &m->to->sid))
        return fail_set(
            m->f, SLUIS_CONFLICT, "bsn",
            "dit is een ander lid van dezelfde zaak: twee leden van een zaak zijn niet één persoon");
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err count_rows(turn *t, gateway_table table, const subject *s, sluis_fail *f)
{
    store_cursor *c = NULL;
    bytes key, value, prefix = BYTES(s->sid.b, ID_LEN);
    size_t n = 0;
    sluis_err e = store_cursor_open(t->t, table, prefix, prefix, &c);
    while (!e && !(e = store_cursor_next(c, &key, &value)))
        if (++n > MERGE_ROWS_MAX)
            e = fail_set(f, SLUIS_TOO_BIG, "bsn",
                         "het dossier heeft meer dan %d regels en gaat niet in één keer over",
                         MERGE_ROWS_MAX);
    store_cursor_close(&c);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err merge_check(turn *t, const subject *from, const subject *to, sluis_fail *f)
{
    merging m = {.t = t, .from = from, .to = to, .f = f};
    sluis_err e = to ? links_each(t->t, t->p->rows, from->sid.b, TABLE_CASE, not_both_members, &m) : SLUIS_OK;
    if (!e)
        e = count_rows(t, TABLE_DATUM, from, f);
    if (!e)
        e = count_rows(t, TABLE_DOSSIER, from, f);
    return e ? e : rights_check_move(t, from, to, f);
}

/* ---- moving ---- */

/* The request that this entry speaks of, when it is about the person. */
static sluis_err move_request(merging *m, const Sluis__DossierRow *entry, arena *a)
{
    turn *t = m->t;
    ProtobufCMessage *r = NULL, *row = NULL;
    bytes sealed;
    sluis_err e = row_unpack(&r, &sluis__record__descriptor, a, BYTES(entry->record.data, entry->record.len));
    const ProtobufCBinaryData tx =
        e ? (ProtobufCBinaryData){0, NULL} : ((const Sluis__Record *)r)->transaction;
    if (e || tx.len != UUID_LEN)
        return e;
    e = store_get(t->t, TABLE_REQUEST, BYTES(tx.data, UUID_LEN), &sealed);
    if (e || sealed.n < ID_LEN || memcmp(sealed.p, m->from->sid.b, ID_LEN) != 0)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    e = row_open(t->p->registry, t->t, TABLE_REQUEST, BYTES(tx.data, UUID_LEN), sealed, a,
                 &sluis__request_row__descriptor, &row, NULL);
    if (e)
        return e;
    ((Sluis__RequestRow *)row)->sid = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)m->to->sid.b};
    return turn_request_save(t, tx.data, (Sluis__RequestRow *)row, m->to);
}

/* Rows of a table that stand under sid|number, all of them. */
static sluis_err move_rows(merging *m, gateway_table table, const ProtobufCMessageDescriptor *d)
{
    turn *t = m->t;
    store_cursor *c = NULL;
    bytes k, sealed, prefix = BYTES(m->from->sid.b, ID_LEN);
    arena *a = arena_new(ROW_ARENA);
    sluis_err e = a ? store_cursor_open(t->t, table, prefix, prefix, &c) : SLUIS_NOMEM;
    while (!e && !(e = store_cursor_next(c, &k, &sealed))) {
        uint8_t key[ID_LEN + 8];
        ProtobufCMessage *row = NULL;
        arena_reset(a);
        if (k.n != sizeof(key)) {
            e = SLUIS_CORRUPT;
            break;
        }
        memcpy(key, k.p, sizeof(key));
        e = row_open(t->p->registry, t->t, table, k, sealed, a, d, &row, NULL);
        if (!e && table == TABLE_DOSSIER)
            e = move_request(m, (const Sluis__DossierRow *)row, a);
        if (!e)
            e = registry_reseal(t->t, m->to, table, key, row);
    }
    store_cursor_close(&c);
    arena_free(&a);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The member stays, and is the other subject. */
static sluis_err move_case(void *ctx, const uint8_t id[static ID_LEN])
{
    merging *m = ctx;
    turn *t = m->t;
    Sluis__CaseRow *row = NULL;
    sluis_err e = SLUIS_OK;
    if (memcmp(id, m->skip, ID_LEN) != 0) {
        e = case_load(t->t, t->p->rows, id, t->arena, &row);
        Sluis__MemberRow *member = e ? NULL : case_member_row(row, m->from->sid.b);
        if (member)
            member->sid.data = (uint8_t *)(uintptr_t)m->to->sid.b;
        if (!e)
            e = case_save(t->t, t->p->rows, id, row);
    }
    return e && e != SLUIS_NOT_FOUND ? e : link_delete(t->t, m->from->sid.b, TABLE_CASE, id);
}

static sluis_err move_concern(void *ctx, const uint8_t id[static ID_LEN])
{
    merging *m = ctx;
    turn *t = m->t;
    ProtobufCMessage *row = NULL;
    bytes sealed;
    sluis_err e = store_get(t->t, TABLE_CONCERN, BYTES(id, UUID_LEN), &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_CONCERN, BYTES(id, UUID_LEN), sealed, t->arena,
                     &sluis__concern_row__descriptor, &row, NULL);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    ((Sluis__ConcernRow *)row)->sid = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)m->to->sid.b};
    e = turn_put_sealed(t, m->to, TABLE_CONCERN, BYTES(id, UUID_LEN), row);
    if (!e)
        e = link_put(t->t, t->p->rows, m->to->sid.b, TABLE_CONCERN, id);
    return e ? e : link_delete(t->t, m->from->sid.b, TABLE_CONCERN, id);
}

sluis_err merge_write(turn *t, const subject *from, const subject *to, const uint8_t case_id[static ID_LEN],
                      const char *why)
{
    merging m = {.t = t, .from = from, .to = to, .skip = case_id};
    Sluis__SettledRow settled = SLUIS__SETTLED_ROW__INIT;
    uint8_t key[ID_LEN + 8];
    sluis_err e = move_rows(&m, TABLE_DOSSIER, &sluis__dossier_row__descriptor);
    if (!e)
        e = move_rows(&m, TABLE_RESTRICTION, &sluis__restriction_row__descriptor);
    if (!e)
        e = links_each(t->t, t->p->rows, from->sid.b, TABLE_CASE, move_case, &m);
    if (!e)
        e = links_each(t->t, t->p->rows, from->sid.b, TABLE_CONCERN, move_concern, &m);
    if (!e)
        e = rights_move(t, from, to);
    if (!e)
        e = registry_merge(t->p->registry, t->t, from, to, t->entry.index, t->arena, &settled);
    memcpy(key, to->sid.b, ID_LEN);
    put_u64(key + ID_LEN, t->entry.index);
    settled.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id};
    settled.motivation = (char *)(uintptr_t)why;
    if (!e && settled.n_data)
        e = turn_put_sealed(t, to, TABLE_SETTLED, BYTES_OF(key), &settled.base);
    return e;
}
