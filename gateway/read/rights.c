/* What clients asked about their data: of one person, for whoever reads that dossier; and what waits, for
 * whoever decides on it. */
#include "cases/rights.h"

#include <string.h>

#include "base/clock.h"
#include "flow/api_out.h"
#include "read/dossier.h"
#include "wire/messages.h"

#define PAGE_MAX  100
#define SCAN_MAX  20000
#define ROW_ARENA (256u << 10)

static sluis_err pack(job *j, Sluis__ApiRightsList *list)
{
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_RIGHTS_LIST;
    reply.rights_list = list;
    return wire_pack(&j->reply, &reply.base);
}

static sluis_err add(reader *r, job *j, const uint8_t *transaction, const Sluis__RightsRow *row,
                     Sluis__ApiRightsList *list)
{
    Sluis__ApiRights *x = arena_alloc(j->arena, sizeof(*x));
    uint8_t *id = arena_copy(j->arena, transaction, UUID_LEN);
    sluis_err e = x && id ? api_rights_fill(x, j->arena, r->rules, clock_ms(), id, row) : SLUIS_NOMEM;
    if (!e)
        list->rights[list->n_rights++] = x;
    return e;
}

/* What somebody asked in another case is no other member's. */
static bool theirs(const dossier_question *q, const Sluis__RightsRow *row)
{
    return !q->viewer || q->viewer == q->member ||
           bytes_equal(BYTES(row->case_id.data, row->case_id.len), q->case_id);
}

sluis_err rights_of_person(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q,
                           Sluis__ApiRightsList *list)
{
    rights_item *all = NULL;
    size_t n = 0;
    list->rights = arena_alloc(j->arena, RIGHTS_MAX * sizeof(*list->rights));
    sluis_err e = list->rights ? rights_load(r->p->registry, t, s, j->arena, &all, &n) : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < n; i++)
        if (theirs(q, all[i].row))
            e = add(r, j, all[i].transaction, all[i].row, list);
    return e;
}

sluis_err read_rights(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiGetRights *in = j->call->get_rights;
    dossier_question q = {
        .case_id = BYTES(in->case_id.data, in->case_id.len), .member = in->member, .viewer = in->viewer};
    Sluis__ApiRightsList list = SLUIS__API_RIGHTS_LIST__INIT;
    Sluis__CaseRow *row = NULL;
    subject s = {0};
    sluis_err e = dossier_may_read(r, t, j, &q, &row, &s);
    if (!e)
        e = rights_of_person(r, t, j, &s, &q, &list);
    if (!e)
        e = pack(j, &list);
    if (!e)
        e = dossier_journal(j, &q, row, &s);
    subject_close(&s);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}

/* Whose it is, for the dossier: the rows of a person follow each other. */
static void note_person(read_decision *d, const uint8_t sid[static ID_LEN], const Sluis__RightsRow *row)
{
    read_person *last = d->person_count ? &d->persons[d->person_count - 1] : NULL;
    if (!last || memcmp(last->sid.b, sid, ID_LEN) != 0) {
        last = &d->persons[d->person_count++];
        memcpy(last->sid.b, sid, ID_LEN);
        memcpy(last->case_id.b, row->case_id.data, ID_LEN);
        last->no_case = false;
    }
    last->no_case = last->no_case || memcmp(last->case_id.b, row->case_id.data, ID_LEN) != 0;
}

/* A row of anyone's; those that are over are left out unless all are asked for. */
static sluis_err add_open(reader *r, store_txn *t, job *j, bytes key, bytes sealed, arena *a,
                          Sluis__ApiRightsList *list)
{
    ProtobufCMessage *m = NULL;
    Sluis__CaseRow *c = NULL;
    arena_reset(a);
    sluis_err e =
        row_open(r->p->registry, t, TABLE_RIGHTS, key, sealed, a, &sluis__rights_row__descriptor, &m, NULL);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* forgotten, and not cleared away yet */
    const Sluis__RightsRow *row = (const Sluis__RightsRow *)m;
    if (!j->call->list_rights->all && (rights_in(row, RIGHTS_REFUSED) || rights_in(row, RIGHTS_DONE)))
        return SLUIS_OK;
    e = case_load(t, r->p->rows, row->case_id.data, a, &c);
    if (e == SLUIS_NOT_FOUND || (!e && strcmp(c->owner, j->claims.oin.s) != 0))
        return SLUIS_OK; /* another organisation's */
    if (!e)
        e = row_open(r->p->registry, t, TABLE_RIGHTS, key, sealed, j->arena, &sluis__rights_row__descriptor,
                     &m, NULL);
    if (!e)
        e = add(r, j, key.p + ID_LEN, (const Sluis__RightsRow *)m, list);
    if (!e)
        note_person(&j->read, key.p, (const Sluis__RightsRow *)m);
    return e;
}

/* The entry of a page that shows anyone; an empty one tells nothing. */
static sluis_err note_page(job *j)
{
    if (!j->read.person_count)
        return SLUIS_OK;
    j->read.no_case = true;
    j->read.record = reader_record(j, SLUIS__RECORD_TYPE__R_READ, NULL, BYTES(NULL, 0));
    if (!j->read.record)
        return SLUIS_NOMEM;
    j->read.record->detail = (char *)(uintptr_t) "rights";
    return SLUIS_OK;
}

sluis_err read_rights_list(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiListRights *in = j->call->list_rights;
    const size_t limit = in->limit && in->limit < PAGE_MAX ? in->limit : PAGE_MAX;
    Sluis__ApiRightsList list = SLUIS__API_RIGHTS_LIST__INIT;
    uint8_t from[RIGHTS_KEY + 1] = {0}, last[RIGHTS_KEY];
    store_cursor *c = NULL;
    bytes key, sealed;
    if (!policy_may(r->rules, ACT_HANDLE_RIGHTS, j->claims.app, j->claims.function, clock_ms()))
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie AVG-verzoeken zien");
    if (in->after.len && in->after.len != RIGHTS_KEY)
        return fail_set(&j->why, SLUIS_INVALID, "na",
                        "schrijf de waarde van volgende uit de vorige bladzijde");
    memcpy(from, in->after.data ? in->after.data : from, in->after.len);
    arena *a = arena_new(ROW_ARENA);
    list.rights = arena_alloc(job_arena(j), limit * sizeof(*list.rights));
    j->read.persons = arena_alloc(j->arena, limit * sizeof(*j->read.persons));
    sluis_err e =
        a && list.rights && j->read.persons
            ? store_cursor_open(t, TABLE_RIGHTS, BYTES(from, in->after.len ? sizeof(from) : 0), ROW_EMPTY, &c)
            : SLUIS_NOMEM;
    for (size_t seen = 0; !e && !(e = store_cursor_next(c, &key, &sealed)); seen++) {
        if (list.n_rights == limit || seen == SCAN_MAX) {
            list.next = (ProtobufCBinaryData){RIGHTS_KEY, last};
            break;
        }
        memcpy(last, key.p, RIGHTS_KEY);
        e = add_open(r, t, j, key, sealed, a, &list);
    }
    store_cursor_close(&c);
    arena_free(&a);
    if (e == SLUIS_NOT_FOUND)
        e = SLUIS_OK;
    if (!e)
        e = pack(j, &list);
    if (!e)
        e = note_page(j);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}
