/* Cases and requests as their application sees them. */
#include "read/requests.h"

#include <string.h>

#include "base/clock.h"
#include "flow/api_out.h"

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

sluis_err request_load_own(reader *r, store_txn *t, job *j, const uint8_t transaction[static UUID_LEN],
                           arena *a, Sluis__RequestRow **out)
{
    bytes key = BYTES(transaction, UUID_LEN), sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = store_get(t, TABLE_REQUEST, key, &sealed);
    if (e == SLUIS_NOT_FOUND)
        return reader_absent(t);
    if (!e)
        e = row_open(r->p->registry, t, TABLE_REQUEST, key, sealed, a, &sluis__request_row__descriptor, &m,
                     NULL);
    *out = (Sluis__RequestRow *)m;
    if (!e &&
        (strcmp((*out)->application, j->claims.app) != 0 || strcmp((*out)->requester, j->claims.oin.s) != 0))
        e = SLUIS_NOT_FOUND;
    return e;
}

sluis_err request_note_read(job *j, const Sluis__RequestRow *row, const char *what)
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
    sluis_err e = q->transaction.len == UUID_LEN
                      ? request_load_own(r, t, j, q->transaction.data, job_arena(j), &row)
                      : SLUIS_NOT_FOUND;
    if (e)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    e = request_note_read(j, row, "request");
    return e ? e : api_out_request(&j->reply, j->call->call, 200, r->rules, q->transaction.data, row);
}
