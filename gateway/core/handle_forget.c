/* A person is forgotten, by two persons' word: rows and key slot go, the journal says that somebody was
 * forgotten, not who.
 *
 *  1. one transaction: the person's data, dossier, requests and reports of concern are deleted, an intent
 * to erase the key slot is written, R_FORGOTTEN is journalled
 *  2. the slot is overwritten and synced
 *  3. another transaction deletes the intent
 *
 * Cut off after 1, the intent is carried out at the next start (registry/intents.h). The journal's records
 * hold a random number for the person, which leads nowhere any more; they go at their own time. */
#include <string.h>

#include "cases/cases.h"
#include "cases/concern.h"
#include "core/handlers.h"
#include "core/two_persons.h"
#include "wire/envelope.h"

#define ROWS_MAX  20000 /* of a dossier in one transaction */
#define ROW_ARENA (4u << 20)

typedef sluis_err (*entry_fn)(turn *t, const subject *s, const Sluis__DossierRow *row, sluis_fail *f);

/* Calls each for every row of the dossier; the rows in the turn's arena are the call's alone. */
static sluis_err each_entry(turn *t, const subject *s, entry_fn each, sluis_fail *f)
{
    store_cursor *c = NULL;
    bytes key, sealed, prefix = BYTES(s->sid.b, ID_LEN);
    ProtobufCMessage *m = NULL;
    arena *kept = t->arena;
    size_t n = 0;
    t->arena = arena_new(ROW_ARENA);
    sluis_err e = t->arena ? store_cursor_open(t->t, TABLE_DOSSIER, prefix, prefix, &c) : SLUIS_NOMEM;
    while (!e && !(e = store_cursor_next(c, &key, &sealed))) {
        arena_reset(t->arena);
        if (++n > ROWS_MAX)
            e = fail_set(f, SLUIS_TOO_BIG, "subject", "a dossier of more than %d entries", ROWS_MAX);
        else
            e = row_open(t->p->registry, t->t, TABLE_DOSSIER, key, sealed, t->arena,
                         &sluis__dossier_row__descriptor, &m, NULL);
        if (!e)
            e = each(t, s, (const Sluis__DossierRow *)m, f);
    }
    store_cursor_close(&c);
    arena_free(&t->arena);
    t->arena = kept;
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err case_is_over(turn *t, const subject *s, const Sluis__DossierRow *row, sluis_fail *f)
{
    Sluis__CaseRow *c = NULL;
    (void)s;
    if (row->case_id.len != ID_LEN)
        return SLUIS_OK;
    sluis_err e = case_load(t->t, t->p->rows, row->case_id.data, t->arena, &c);
    if (!e && case_is_open(c))
        return fail_set(f, SLUIS_CONFLICT, "subject", "is a member of an open case: close it first");
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The request that this entry speaks of, and its place in the application's index. */
static sluis_err drop_request(turn *t, const subject *s, const Sluis__Record *rec)
{
    uint8_t key[NAME_MAX_LEN + 1 + UUID_LEN];
    Sluis__RequestRow *row = NULL;
    if (rec->transaction.len != UUID_LEN)
        return SLUIS_OK;
    sluis_err e = turn_request_load(t, rec->transaction.data, &row, NULL);
    if (e || !bytes_equal(BYTES(row->sid.data, row->sid.len), BYTES(s->sid.b, ID_LEN)))
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    size_t n = strlen(row->application) + 1;
    if (n > NAME_MAX_LEN + 1)
        return SLUIS_CORRUPT;
    memcpy(key, row->application, n);
    memcpy(key + n, rec->transaction.data, UUID_LEN);
    e = store_delete(t->t, TABLE_REQUEST, BYTES(rec->transaction.data, UUID_LEN));
    sluis_err none = e ? SLUIS_OK : store_delete(t->t, TABLE_APPINDEX, BYTES(key, n + UUID_LEN));
    return none && none != SLUIS_NOT_FOUND ? none : e;
}

static sluis_err drop_entry(turn *t, const subject *s, const Sluis__DossierRow *row, sluis_fail *f)
{
    uint8_t key[ID_LEN + 8];
    ProtobufCMessage *m = NULL;
    (void)f;
    sluis_err e =
        row_unpack(&m, &sluis__record__descriptor, t->arena, BYTES(row->record.data, row->record.len));
    if (!e)
        e = drop_request(t, s, (const Sluis__Record *)m);
    memcpy(key, s->sid.b, ID_LEN);
    put_u64(key + ID_LEN, row->journal_index);
    return e ? e : store_delete(t->t, TABLE_DOSSIER, BYTES_OF(key));
}

/* Reports of concern stand under their own transactions: whose each is, the row alone says. */

typedef sluis_err (*concern_fn)(turn *t, bytes key, const Sluis__ConcernRow *row, sluis_fail *f);

static sluis_err each_concern(turn *t, const subject *s, concern_fn each, sluis_fail *f)
{
    store_cursor *c = NULL;
    bytes key, sealed;
    uint8_t id[UUID_LEN];
    arena *a = arena_new(ROW_ARENA);
    sluis_err e = a ? store_cursor_open(t->t, TABLE_CONCERN, ROW_EMPTY, ROW_EMPTY, &c) : SLUIS_NOMEM;
    while (!e && !(e = store_cursor_next(c, &key, &sealed))) {
        ProtobufCMessage *m = NULL;
        if (sealed.n < ID_LEN || key.n != UUID_LEN)
            e = SLUIS_CORRUPT;
        else if (memcmp(sealed.p, s->sid.b, ID_LEN) == 0) {
            memcpy(id, key.p, UUID_LEN);
            arena_reset(a);
            e = row_open(t->p->registry, t->t, TABLE_CONCERN, key, sealed, a, &sluis__concern_row__descriptor,
                         &m, NULL);
            if (!e)
                e = each(t, BYTES_OF(id), (const Sluis__ConcernRow *)m, f);
        }
    }
    store_cursor_close(&c);
    arena_free(&a);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err concern_is_decided(turn *t, bytes key, const Sluis__ConcernRow *row, sluis_fail *f)
{
    (void)t;
    (void)key;
    if (strcmp(row->state, CONCERN_RECEIVED) == 0)
        return fail_set(f, SLUIS_CONFLICT, "subject",
                        "a report of concern waits for its decision: decide first");
    return SLUIS_OK;
}

static sluis_err drop_concern(turn *t, bytes key, const Sluis__ConcernRow *row, sluis_fail *f)
{
    (void)row;
    (void)f;
    return store_delete(t->t, TABLE_CONCERN, key);
}

static sluis_err carry_out(turn *t, job *j, const subject *s, sluis_fail *f)
{
    uint64_t rows = 0;
    sluis_err e = each_entry(t, s, drop_entry, f);
    if (!e)
        e = each_concern(t, s, drop_concern, f);
    if (!e)
        e = registry_forget(t->p->registry, t->t, j->bsn, s, &rows);
    t->keys_wait = t->keys_wait || e == SLUIS_OK;
    return e;
}

/* The proposal goes under the random number: nothing made of the person's own is written to the store. */
static sluis_err agree(turn *t, const job *j, const subject *s, bool *second, sluis_fail *f)
{
    keyid id;
    memcpy(id.b, s->sid.b, KEYID_LEN);
    return two_persons(t, "forget:", &id, j->by, second, f);
}

sluis_err handle_forget(turn *t, job *j, sluis_fail *f)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    subject s = {0};
    bool second = false;
    sluis_err e = registry_subject(t->p->registry, t->t, j->bsn, false, &s);
    if (e == SLUIS_NOT_FOUND)
        return fail_set(f, e, "subject", "nobody with this number is registered here");
    if (!e)
        e = each_entry(t, &s, case_is_over, f);
    if (!e)
        e = each_concern(t, &s, concern_is_decided, f);
    if (!e)
        e = agree(t, j, &s, &second, f);
    if (!e && second)
        e = carry_out(t, j, &s, f);
    subject_close(&s);
    if (e)
        return e;
    j->outcome = second ? "forgotten" : "proposed";
    r.type = SLUIS__RECORD_TYPE__R_FORGOTTEN;
    r.from = t->p->settings->oin.s;
    r.employee = (char *)(uintptr_t)j->by;
    r.detail = (char *)(uintptr_t)j->reason;
    r.decision = (char *)(uintptr_t)(second ? "forgotten" : "forgetting-proposed");
    e = turn_journal(t, &r);
    return e ? e : turn_event(t, second ? "subject-forgotten" : "forgetting-proposed", &r, NULL);
}
