/* Cases and requests as their application sees them. */
#include <string.h>

#include "base/clock.h"
#include "flow/api_out.h"
#include "read/reader.h"

#define PAGE_MAX 100

sluis_err read_case(reader *r, store_txn *t, job *j)
{
    Sluis__CaseRow *row = NULL;
    const Sluis__ApiGetCase *q = j->call->get_case;
    id16 id;
    const application *app = rules_application(r->rules, j->claims.app);
    if (app &&
        app->client_portal) /* who looks is one member: a case tells of all, and of whose address is secret */
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.toepassing",
                        "een cliëntportaal leest het dossier van een lid, niet de zaak");
    sluis_err e = reader_case_in_sight(r, t, j, BYTES(q->case_id.data, q->case_id.len), &row);
    if (e)
        return e;
    memcpy(id.b, q->case_id.data, ID_LEN);
    j->read = (read_decision){
        .record = reader_record(j, SLUIS__RECORD_TYPE__R_READ, row, BYTES(q->case_id.data, ID_LEN)),
        .case_id = id,
        .case_version = row->version};
    if (!j->read.record)
        return fail_set(&j->why, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    j->read.record->detail = (char *)(uintptr_t) "case";
    return api_out_case(&j->reply, j->call->call, 200, r->rules, clock_ms(), &id, row);
}

/* A request of this application and organisation; any other does not exist. */
static sluis_err load_own(reader *r, store_txn *t, job *j, const uint8_t transaction[static UUID_LEN],
                          Sluis__RequestRow **out)
{
    bytes key = BYTES(transaction, UUID_LEN), sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = store_get(t, TABLE_REQUEST, key, &sealed);
    if (e == SLUIS_NOT_FOUND)
        return reader_absent(t);
    if (!e)
        e = row_open(r->p->registry, t, TABLE_REQUEST, key, sealed, job_arena(j),
                     &sluis__request_row__descriptor, &m, NULL);
    *out = (Sluis__RequestRow *)m;
    if (!e &&
        (strcmp((*out)->application, j->claims.app) != 0 || strcmp((*out)->requester, j->claims.oin.s) != 0))
        e = SLUIS_NOT_FOUND;
    return e;
}

/* The read of one request, or (row NULL) of a page of them. Its transaction is left out: who asks how it
 * stands every few seconds leaves the trace of the exchange itself readable. */
static sluis_err note_read(job *j, const Sluis__RequestRow *row, const char *what)
{
    const bytes case_id = row ? BYTES(row->case_id.data, row->case_id.len) : BYTES(NULL, 0);
    Sluis__Record *rec = reader_record(j, SLUIS__RECORD_TYPE__R_READ, NULL, case_id);
    if (!rec)
        return fail_set(&j->why, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
    rec->detail = (char *)(uintptr_t)what;
    if (row) {
        rec->subject = row->sid;
        rec->purpose = row->purpose;
        rec->legal_basis = row->legal_basis;
        rec->attributes = row->attributes;
        rec->n_attributes = row->n_attributes;
    }
    j->read = (read_decision){.record = rec, .no_case = true};
    return SLUIS_OK;
}

sluis_err read_request(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiGetRequest *q = j->call->get_request;
    Sluis__RequestRow *row = NULL;
    sluis_err e =
        q->transaction.len == UUID_LEN ? load_own(r, t, j, q->transaction.data, &row) : SLUIS_NOT_FOUND;
    if (e)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    e = note_read(j, row, "request");
    return e ? e : api_out_request(&j->reply, j->call->call, 200, r->rules, q->transaction.data, row);
}

static sluis_err add_request(reader *r, store_txn *t, job *j, const uint8_t *transaction,
                             Sluis__ApiRequestList *list)
{
    Sluis__RequestRow *row = NULL;
    arena *a = job_arena(j);
    sluis_err e = load_own(r, t, j, transaction, &row);
    if (e == SLUIS_NOT_FOUND)
        return SLUIS_OK; /* another organisation's under the same application id */
    Sluis__ApiRequestState *s = e ? NULL : arena_alloc(a, sizeof(*s));
    uint8_t *tx = e ? NULL : arena_copy(a, transaction, UUID_LEN);
    if (!e && (!s || !tx))
        e = SLUIS_NOMEM;
    if (!e)
        e = api_request_fill(s, a, r->rules, tx, row);
    if (!e)
        list->requests[list->n_requests++] = s;
    return e;
}

/* Oldest first, from behind `before` on (the last transaction of the page before). */
sluis_err read_requests(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiListRequests *q = j->call->list_requests;
    uint32_t limit = q->limit && q->limit < PAGE_MAX ? q->limit : PAGE_MAX;
    uint8_t from[NAME_MAX_LEN + 1 + UUID_LEN + 1];
    size_t n = strlen(j->claims.app) + 1, from_n = n;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiRequestList list = SLUIS__API_REQUEST_LIST__INIT;
    store_cursor *c = NULL;
    bytes key, value;
    memcpy(from, j->claims.app, n);
    if (q->before.len == UUID_LEN) {
        memcpy(from + n, q->before.data, UUID_LEN);
        from[n + UUID_LEN] = 0; /* just behind it */
        from_n = n + UUID_LEN + 1;
    }
    list.requests = arena_alloc(job_arena(j), limit * sizeof(*list.requests));
    sluis_err e = list.requests
                      ? store_cursor_open(t, TABLE_APPINDEX, BYTES(from, from_n), BYTES(from, n), &c)
                      : SLUIS_NOMEM;
    while (!e && list.n_requests < limit && (e = store_cursor_next(c, &key, &value)) == SLUIS_OK)
        e = key.n == n + UUID_LEN ? add_request(r, t, j, key.p + n, &list) : SLUIS_CORRUPT;
    bool full =
        e ? e == SLUIS_NOMEM && list.n_requests : list.n_requests == limit; /* in memory, or in number */
    if (e == SLUIS_NOT_FOUND || full)
        e = SLUIS_OK;
    if (full)
        list.next = list.requests[list.n_requests - 1]->transaction;
    store_cursor_close(&c);
    if (e)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_REQUESTS;
    reply.requests = &list;
    e = list.n_requests ? note_read(j, NULL, "requests") : SLUIS_OK;
    return e ? e : wire_pack(&j->reply, &reply.base);
}
