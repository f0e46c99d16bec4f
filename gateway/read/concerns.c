/* Reports of concern: whole for whoever decides on them; for the application that reported, what became of
 * its own. */
#include <string.h>

#include "base/clock.h"
#include "flow/api_out.h"
#include "read/reader.h"

#define PAGE_MAX 100

static bool may_decide(reader *r, const job *j)
{
    return oin_equal(&j->claims.oin, &r->p->settings->oin) &&
           policy_may(j->rules, ACT_DECIDE_CONCERN, j->claims.app, j->claims.function, clock_ms());
}

static bool is_own(const job *j, const Sluis__ConcernRow *row)
{
    return row->origin == SLUIS__ORIGIN__API && strcmp(row->application, j->claims.app) == 0 &&
           strcmp(row->from, j->claims.oin.s) == 0;
}

static sluis_err open_row(reader *r, store_txn *t, job *j, bytes key, bytes sealed, Sluis__ConcernRow **out)
{
    ProtobufCMessage *m = NULL;
    sluis_err e = row_open(r->p->registry, t, TABLE_CONCERN, key, sealed, job_arena(j),
                           &sluis__concern_row__descriptor, &m, NULL);
    *out = (Sluis__ConcernRow *)m;
    return e;
}

static Sluis__Record *read_of(job *j)
{
    Sluis__Record *rec = reader_record(j, SLUIS__RECORD_TYPE__R_READ, NULL, BYTES(NULL, 0));
    if (rec)
        rec->kind = SLUIS__KIND__CONCERN;
    return rec;
}

sluis_err read_concern(reader *r, store_txn *t, job *j)
{
    const ProtobufCBinaryData id = j->call->get_concern->transaction;
    bytes key = BYTES(id.data, id.len), sealed;
    Sluis__ConcernRow *row = NULL;
    bool decides = may_decide(r, j);
    sluis_err e = id.len == UUID_LEN ? store_get(t, TABLE_CONCERN, key, &sealed) : SLUIS_NOT_FOUND;
    if (e == SLUIS_NOT_FOUND && id.len == UUID_LEN)
        e = reader_absent(t);
    if (!e)
        e = open_row(r, t, j, key, sealed, &row);
    if (!e && !decides && !is_own(j, row))
        e = SLUIS_NOT_FOUND;
    if (!e)
        e = api_out_concern(&j->reply, j->call->call, 200, id.data, row, decides);
    Sluis__Record *rec = e ? NULL : read_of(j);
    if (!e && !rec)
        e = SLUIS_NOMEM;
    if (e)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    rec->transaction = id;
    j->read = (read_decision){.record = rec, .no_case = true, .has_subject = true};
    memcpy(j->read.sid.b, row->sid.data, ID_LEN);
    rec->subject = (ProtobufCBinaryData){ID_LEN, j->read.sid.b};
    return SLUIS_OK;
}

/* The entry of a page that is not empty. It names nobody, as the page does not. */
static sluis_err note_page(job *j)
{
    Sluis__Record *rec = read_of(j);
    if (!rec)
        return fail_set(&j->why, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    rec->detail = (char *)(uintptr_t) "concerns";
    j->read = (read_decision){.record = rec, .no_case = true};
    return SLUIS_OK;
}

/* Oldest first; no content: whom and what a concern is about is asked for one by one, and journalled. */
sluis_err read_concerns(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiListConcerns *q = j->call->list_concerns;
    uint32_t limit = q->limit && q->limit < PAGE_MAX ? q->limit : PAGE_MAX;
    uint8_t from[UUID_LEN + 1] = {0};
    size_t from_n = 0;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiConcernList list = SLUIS__API_CONCERN_LIST__INIT;
    store_cursor *c = NULL;
    bytes key, sealed;
    if (!may_decide(r, j))
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie meldingen zien");
    if (q->before.len == UUID_LEN) { /* just behind it */
        memcpy(from, q->before.data, UUID_LEN);
        from_n = sizeof from;
    }
    list.concerns = arena_alloc(job_arena(j), limit * sizeof(*list.concerns));
    sluis_err e =
        list.concerns ? store_cursor_open(t, TABLE_CONCERN, BYTES(from, from_n), ROW_EMPTY, &c) : SLUIS_NOMEM;
    while (!e && list.n_concerns < limit && (e = store_cursor_next(c, &key, &sealed)) == SLUIS_OK) {
        Sluis__ConcernRow *row = NULL;
        e = open_row(r, t, j, key, sealed, &row);
        if (e == SLUIS_NOT_FOUND) { /* its person was forgotten */
            e = SLUIS_OK;
            continue;
        }
        Sluis__ApiConcern *x = e ? NULL : arena_alloc(j->arena, sizeof(*x));
        uint8_t *id = e ? NULL : arena_copy(j->arena, key.p, UUID_LEN);
        if (!e && (!x || !id))
            e = SLUIS_NOMEM;
        if (!e) {
            api_concern_fill(x, id, row, false);
            x->motivation = (char *)(uintptr_t) "";
            list.concerns[list.n_concerns++] = x;
        }
    }
    store_cursor_close(&c);
    bool full = e ? e == SLUIS_NOMEM && list.n_concerns : list.n_concerns == limit;
    if (e && e != SLUIS_NOT_FOUND && !full)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    if (full)
        list.next = list.concerns[list.n_concerns - 1]->transaction;
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_CONCERNS;
    reply.concerns = &list;
    e = list.n_concerns ? note_page(j) : SLUIS_OK;
    return e ? e : wire_pack(&j->reply, &reply.base);
}
