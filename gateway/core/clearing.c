#include "core/clearing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cases/links.h"
#include "core/outbox.h"

static int by_sid(const void *a, const void *b)
{
    return memcmp(a, b, ID_LEN);
}

static bool is_gone(const clearing *c, const uint8_t *sid)
{
    return bsearch(sid, c->who, c->n, sizeof(c->who[0]), by_sid) != NULL;
}

/* Whether a row of this table, which begins with whose it is, is of who is gone. */
static sluis_err of_gone(const clearing *c, turn *t, gateway_table table, bytes key, bool *gone)
{
    bytes sealed;
    *gone = false;
    sluis_err e = store_get(t->t, table, key, &sealed);
    if (!e && sealed.n < ID_LEN)
        return SLUIS_CORRUPT;
    *gone = !e && is_gone(c, sealed.p);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err transaction_of_gone(const clearing *c, turn *t, bytes transaction, bool *gone)
{
    *gone = false;
    if (transaction.n != UUID_LEN)
        return SLUIS_OK;
    sluis_err e = of_gone(c, t, TABLE_REQUEST, transaction, gone);
    return e || *gone ? e : of_gone(c, t, TABLE_CONCERN, transaction, gone);
}

/* ---- a row of each table: deletes it when it is of who is gone; *took: it did ---- */

static sluis_err clear_outbox(clearing *c, turn *t, bytes key, bytes value, bool *took)
{
    uint8_t row[OUTBOX_KEY];
    envelope *env = NULL;
    (void)value;
    if (key.n != OUTBOX_KEY)
        return SLUIS_CORRUPT;
    if (get_u64(key.p + OIN_LEN) == OUTBOX_FENCE)
        return SLUIS_OK;
    memcpy(row, key.p, OUTBOX_KEY);
    sluis_err e = outbox_get(t, row, &env);
    const ProtobufCBinaryData tx = e ? (ProtobufCBinaryData){0, NULL} : env->core->transaction;
    if (!e)
        e = transaction_of_gone(c, t, BYTES(tx.data, tx.len), took);
    if (!e && *took)
        e = turn_return(t, row, SLUIS_WITHDRAWN);
    envelope_free(&env);
    return e;
}

/* A case in which somebody else is keeps its events. */
static sluis_err case_of_gone(const clearing *c, turn *t, bytes id, bool *gone)
{
    Sluis__CaseRow *row = NULL;
    *gone = false;
    if (id.n != ID_LEN)
        return SLUIS_OK;
    sluis_err e = case_load(t->t, t->p->rows, id.p, t->arena, &row);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    *gone = row->n_members > 0;
    for (size_t i = 0; i < row->n_members; i++)
        *gone = *gone && row->members[i]->sid.len == ID_LEN && is_gone(c, row->members[i]->sid.data);
    return SLUIS_OK;
}

static sluis_err clear_event(clearing *c, turn *t, bytes key, bytes value, bool *took)
{
    ProtobufCMessage *m = NULL;
    sluis_err e = rows_open(t->p->rows, TABLE_EVENT, key, value, t->arena, &sluis__event_row__descriptor, &m);
    const Sluis__EventRow *row = (const Sluis__EventRow *)m;
    if (!e)
        e = transaction_of_gone(c, t, BYTES(row->transaction.data, row->transaction.len), took);
    if (!e && !*took)
        e = case_of_gone(c, t, BYTES(row->case_id.data, row->case_id.len), took);
    return e || !*took ? e : store_delete(t->t, TABLE_EVENT, key);
}

static sluis_err clear_appindex(clearing *c, turn *t, bytes key, bytes value, bool *took)
{
    (void)value;
    if (key.n <= UUID_LEN)
        return SLUIS_CORRUPT;
    sluis_err e = of_gone(c, t, TABLE_REQUEST, BYTES(key.p + key.n - UUID_LEN, UUID_LEN), took);
    return e || !*took ? e : store_delete(t->t, TABLE_APPINDEX, key);
}

static sluis_err clear_request(clearing *c, turn *t, bytes key, bytes value, bool *took)
{
    if (value.n < ID_LEN)
        return SLUIS_CORRUPT;
    *took = is_gone(c, value.p);
    return *took ? store_delete(t->t, TABLE_REQUEST, key) : SLUIS_OK;
}

static sluis_err clear_history(clearing *c, turn *t, bytes key, bytes value, bool *took)
{
    (void)value;
    if (key.n < 8 + ID_LEN)
        return SLUIS_CORRUPT;
    *took = is_gone(c, key.p + 8);
    return *took ? store_delete(t->t, TABLE_HISTORY, key) : SLUIS_OK;
}

static sluis_err clear_link(clearing *c, turn *t, bytes key, bytes value, bool *took)
{
    uint8_t link[LINK_KEY];
    (void)c;
    (void)value;
    if (key.n != LINK_KEY)
        return SLUIS_CORRUPT;
    memcpy(link, key.p, LINK_KEY);
    *took = true;
    if (link[ID_LEN] == TABLE_CASE)
        return case_leave(t->t, t->p->rows, link + ID_LEN + 1, link, t->arena);
    sluis_err e = store_delete(t->t, TABLE_CONCERN, BYTES(link + ID_LEN + 1, ID_LEN));
    return e && e != SLUIS_NOT_FOUND ? e : link_delete(t->t, link, TABLE_CONCERN, link + ID_LEN + 1);
}

static const struct {
    gateway_table table;
    bool by_person; /* its key begins with the sid: only these rows are gone over */
    sluis_err (*clear)(clearing *, turn *, bytes key, bytes value, bool *took); /* NULL: the row alone goes */
} stages[] = {
    {TABLE_OUTBOX, false, clear_outbox},
    {TABLE_EVENT, false, clear_event},
    {TABLE_APPINDEX, false, clear_appindex},
    {TABLE_REQUEST, false, clear_request},
    {TABLE_HISTORY, false, clear_history},
    {TABLE_DATUM, true, NULL},
    {TABLE_DOSSIER, true, NULL},
    {TABLE_SETTLED, true, NULL},
    {TABLE_RESTRICTION, true, NULL},
    {TABLE_RIGHTS, true, NULL},
    {TABLE_LINK, true, clear_link},
};
#define STAGES (sizeof(stages) / sizeof(stages[0]))

/* ---- the walk ---- */

/* Who is to be cleared away: the first of GONE, which stand in order. */
static sluis_err begin(clearing *c, turn *t)
{
    store_cursor *rows = NULL;
    bytes key, stored, when;
    sluis_err e = store_cursor_open(t->t, TABLE_GONE, ROW_EMPTY, ROW_EMPTY, &rows);
    c->n = c->stage = c->at_n = 0;
    while (!e && c->n < CLEARING_PERSONS && !(e = store_cursor_next(rows, &key, &stored))) {
        e = row_check_open(&when, t->p->rows, TABLE_GONE, key, stored);
        if (!e && key.n != ID_LEN)
            e = SLUIS_CORRUPT;
        if (!e)
            memcpy(c->who[c->n++].b, key.p, ID_LEN);
    }
    store_cursor_close(&rows);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err end(clearing *c, turn *t)
{
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < c->n; i++)
        e = store_delete(t->t, TABLE_GONE, BYTES(c->who[i].b, ID_LEN));
    c->n = 0;
    return e;
}

/* Where a table's rows of a person begin; past the last person: false. */
static bool next_person(clearing *c, size_t *person)
{
    if (*person == c->n)
        return false;
    memcpy(c->at, c->who[*person].b, ID_LEN);
    c->at_n = ID_LEN;
    ++*person;
    return true;
}

/* Goes on in one range of keys; OK: it is done, TIMEOUT: the time is over and c->at says where to go on. */
static sluis_err clear_range(clearing *c, turn *t, bytes prefix, uint64_t until)
{
    store_cursor *rows = NULL;
    bytes key, value;
    uint8_t own[ID_LEN];
    if (prefix.n) {
        memcpy(own, prefix.p, ID_LEN);
        prefix = BYTES_OF(own);
    }
    sluis_err e = store_cursor_open(t->t, stages[c->stage].table, BYTES(c->at, c->at_n), prefix, &rows);
    for (size_t seen = 0; !e && !(e = store_cursor_next(rows, &key, &value)); seen++) {
        bool took = !stages[c->stage].clear;
        if (seen && clock_mono_us() >= until) {
            memcpy(c->at, key.p, key.n);
            c->at_n = key.n;
            e = SLUIS_TIMEOUT;
            break;
        }
        arena_reset(t->arena);
        e = took ? store_delete(t->t, stages[c->stage].table, key)
                 : stages[c->stage].clear(c, t, key, value, &took);
        if (e == SLUIS_CORRUPT && !store_error(t->t)) { /* one bad row must not keep the others */
            log_write(LOG_ERROR, "core.clearing", "code", error_token(e), "where",
                      gateway_tables[stages[c->stage].table], NULL);
            e = SLUIS_OK;
        }
        c->removed += took;
    }
    store_cursor_close(&rows);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The person whose rows c->at is among. */
static size_t person_at(const clearing *c)
{
    size_t i = 0;
    while (i < c->n && c->at_n >= ID_LEN && memcmp(c->who[i].b, c->at, ID_LEN) != 0)
        i++;
    return i;
}

static sluis_err clear_stage(clearing *c, turn *t, uint64_t until)
{
    if (!stages[c->stage].by_person)
        return clear_range(c, t, ROW_EMPTY, until);
    size_t person = c->at_n ? person_at(c) + 1 : 0;
    sluis_err e = SLUIS_OK;
    if (!c->at_n && !next_person(c, &person))
        return SLUIS_OK;
    do
        e = clear_range(c, t, BYTES(c->at, ID_LEN), until);
    while (!e && next_person(c, &person));
    return e;
}

sluis_err clearing_step(clearing *c, turn *t, uint64_t us, bool *more)
{
    uint64_t until = clock_mono_us() + us;
    sluis_err e = c->n ? SLUIS_OK : begin(c, t);
    *more = false;
    if (e || !c->n)
        return e;
    while (!(e = clear_stage(c, t, until))) {
        c->at_n = 0;
        if (++c->stage == STAGES)
            return end(c, t);
    }
    *more = e == SLUIS_TIMEOUT;
    return *more ? SLUIS_OK : e;
}
