/* One person who was known as two. */
#include <string.h>

#include "registry/datum.h"

typedef struct {
    registry *r;
    store_txn *t;
    const subject *from, *to;
    uint64_t journal_index;
    arena *a; /* of what settled keeps */
    Sluis__SettledRow *settled;
} merging;

/* What this row took the place of stays under the name of before. */
static void stays_under(Sluis__DatumRow *row, const uint8_t from[static ID_LEN])
{
    if (row->previous)
        row->previous_under = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)from};
}

static void settled_under(Sluis__SettledRow *row, const uint8_t from[static ID_LEN])
{
    for (size_t i = 0; i < row->n_data; i++)
        if (row->data[i]->row)
            stays_under(row->data[i]->row, from);
}

/* The same row under the other subject. */
static sluis_err move_datum(const merging *m, const uint8_t key[static DATUM_KEY_LEN],
                            const Sluis__DatumRow *was)
{
    uint8_t now[DATUM_KEY_LEN];
    Sluis__DatumRow row = *was;

    memcpy(now, key, DATUM_KEY_LEN);
    memcpy(now, m->to->sid.b, ID_LEN);
    stays_under(&row, m->from->sid.b);
    return datum_store(m->t, m->to, now, &row);
}

static sluis_err keep(const merging *m, const uint8_t key[static DATUM_KEY_LEN], const Sluis__DatumRow *was)
{
    Sluis__DatumRow row = *was;
    id16 instance;

    stays_under(&row, m->from->sid.b);
    memcpy(instance.b, key + DATUM_ATTRIBUTE_LEN, ID_LEN);
    return registry_settled_add(m->settled, m->a, get_u32(key + ID_LEN), &instance,
                                datum_version(BYTES(key, DATUM_KEY_LEN)), &row, "merged");
}

/* What from had, said to to: what a source said later stays before what it said earlier. */
static sluis_err say_to(const merging *m, const uint8_t key[static DATUM_KEY_LEN], const Sluis__DatumRow *was,
                        arena *work)
{
    Sluis__DatumRow row = *was;
    datum_outcome outcome;
    uint64_t version;
    id16 instance;
    datum d;

    memcpy(instance.b, key + DATUM_ATTRIBUTE_LEN, ID_LEN);
    sluis_err err = registry_get(m->r, m->t, m->to, get_u32(key + ID_LEN), &instance, work, &d);
    if (err)
        return err;
    if (datum_at_source(d.row))
        return SLUIS_OK;
    if (strcmp(d.row->source, row.source) == 0 && row.obtained < d.row->obtained) {
        if (!*was->statement || strcmp(was->value, d.row->value) != 0)
            return SLUIS_OK;
        row = *d.row; /* as it said later; the client's words about it go along */
        row.statement = was->statement;
    }
    row.journal_index = m->journal_index;
    datum_follows(&row, 0);
    row.asked = (ProtobufCBinaryData){0, NULL};
    return registry_put(m->r, m->t, m->to, get_u32(key + ID_LEN), &instance, &row, &outcome, &version, NULL);
}

/* What stays at its source takes nothing along but that it is there. */
static sluis_err move_reference(const merging *m, const uint8_t key[static DATUM_KEY_LEN],
                                Sluis__DatumRow *row, bool there)
{
    datum_unkeep(row);
    sluis_err err = there ? SLUIS_OK : move_datum(m, key, row);
    return err ? err : store_delete(m->t, TABLE_DATUM, BYTES(key, DATUM_KEY_LEN));
}

static sluis_err move_row(const merging *m, const uint8_t key[static DATUM_KEY_LEN],
                          const Sluis__DatumRow *row, bool there, arena *work)
{
    sluis_err err = there ? keep(m, key, row) : move_datum(m, key, row);
    if (!err && there)
        err = say_to(m, key, row, work);
    return err ? err : store_delete(m->t, TABLE_DATUM, BYTES(key, DATUM_KEY_LEN));
}

static sluis_err knows(const merging *m, const uint8_t key[static DATUM_KEY_LEN], bool *there)
{
    uint8_t theirs[DATUM_KEY_LEN];
    bytes k, v;

    memcpy(theirs, key, DATUM_KEY_LEN);
    memcpy(theirs, m->to->sid.b, ID_LEN);
    sluis_err err = store_last(m->t, TABLE_DATUM, BYTES(theirs, DATUM_PREFIX_LEN), &k, &v);
    *there = err == SLUIS_OK;
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

static sluis_err move_data(const merging *m, arena *work)
{
    uint8_t key[DATUM_KEY_LEN], at[DATUM_KEY_LEN] = {0};
    store_cursor *c = NULL;
    bytes k, v, prefix = BYTES(m->from->sid.b, ID_LEN);
    bool there = false;

    sluis_err err = store_cursor_open(m->t, TABLE_DATUM, prefix, prefix, &c);
    while (!err && !(err = store_cursor_next(c, &k, &v))) {
        Sluis__DatumRow *row;
        arena_reset(work);
        if ((err = datum_open(m->from, k, v, work, &row)))
            break;
        memcpy(key, k.p, DATUM_KEY_LEN);
        if (memcmp(at, key, DATUM_PREFIX_LEN) != 0) { /* another instance */
            memcpy(at, key, DATUM_PREFIX_LEN);
            err = knows(m, key, &there);
        }
        if (!err)
            err = datum_at_source(row) ? move_reference(m, key, row, there)
                                       : move_row(m, key, row, there, work);
    }
    store_cursor_close(&c);
    return err == SLUIS_NOT_FOUND ? SLUIS_OK : err;
}

sluis_err registry_reseal(store_txn *t, const subject *to, gateway_table table,
                          const uint8_t key[static ID_LEN + 8], ProtobufCMessage *row)
{
    uint8_t now[ID_LEN + 8];
    const bool moves = memcmp(key, to->sid.b, ID_LEN) != 0;
    buffer b;

    memcpy(now, to->sid.b, ID_LEN);
    memcpy(now + ID_LEN, key + ID_LEN, 8);
    buffer_init(&b, ROW_MAX);
    if (moves && table == TABLE_SETTLED)
        settled_under((Sluis__SettledRow *)row, key);
    sluis_err err = row_seal(&b, to, table, BYTES_OF(now), row);
    if (!err)
        err = store_put(t, table, BYTES_OF(now), buffer_bytes(&b));
    if (!err && moves)
        err = store_delete(t, table, BYTES(key, ID_LEN + 8));
    buffer_close(&b);
    return err;
}

/* Whoever names from finds to. */
static sluis_err leave_trace(const merging *m)
{
    const row_keys *k = keyslots_rows(registry_slots(m->r));
    const bytes sid = BYTES(m->from->sid.b, ID_LEN);
    uint8_t becomes[ID_LEN + 8];
    bytes slot;

    sluis_err err = rows_get_bytes(m->t, k, TABLE_SUBJECT, sid, &slot);
    if (err || slot.n != 8)
        return err ? err : SLUIS_CORRUPT;
    memcpy(becomes, m->to->sid.b, ID_LEN);
    memcpy(becomes + ID_LEN, slot.p, 8);
    err = store_delete(m->t, TABLE_SUBJECT, sid);
    return err ? err : rows_put_bytes(m->t, k, TABLE_MERGED, sid, BYTES_OF(becomes));
}

sluis_err registry_merge(registry *r, store_txn *t, const subject *from, const subject *to,
                         uint64_t journal_index, arena *a, Sluis__SettledRow *settled)
{
    const merging m = {
        .r = r, .t = t, .from = from, .to = to, .journal_index = journal_index, .a = a, .settled = settled};
    arena *work = arena_new(DATUM_ARENA);

    sluis_err err = work ? move_data(&m, work) : SLUIS_NOMEM;
    if (!err)
        err = leave_trace(&m);
    arena_free(&work);
    return err;
}
