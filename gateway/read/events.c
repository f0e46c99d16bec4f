/* What happened in one case, oldest first: names and moments, no content. A client's portal hears the notices
 * to the client alone. */
#include <string.h>

#include "flow/api_out.h"
#include "read/reader.h"
#include "tables/event_key.h"

#define PAGE_MAX 100
#define SCAN_MAX 20000 /* rows looked at for one page: the table is of all cases */

static sluis_err add_event(job *j, uint64_t number, const Sluis__EventRow *row, Sluis__ApiEventList *out)
{
    Sluis__ApiEvent *x = arena_alloc(job_arena(j), sizeof(*x));
    if (!x)
        return SLUIS_NOMEM;
    sluis__api_event__init(x);
    x->number = number;
    x->type = row->type;
    x->when = row->when;
    x->transaction = row->transaction;
    x->party = row->party;
    x->detail = row->detail;
    out->events[out->n_events++] = x;
    return SLUIS_OK;
}

sluis_err read_events(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiListEvents *q = j->call->list_events;
    uint32_t limit = q->limit && q->limit < PAGE_MAX ? q->limit : PAGE_MAX;
    const application *app = rules_application(j->rules, j->claims.app);
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiEventList list = SLUIS__API_EVENT_LIST__INIT;
    Sluis__CaseRow *c = NULL;
    store_cursor *cur = NULL;
    bytes key, stored;
    uint8_t from[EVENT_KEY_LEN];
    bytes case_id = BYTES(q->case_id.data, q->case_id.len);
    sluis_err e = reader_case_in_sight(r, t, j, case_id, &c);
    if (e)
        return e;
    event_key(from, q->after + 1);
    list.events = arena_alloc(job_arena(j), limit * sizeof(*list.events));
    e = list.events ? store_cursor_open(t, TABLE_EVENT, BYTES_OF(from), ROW_EMPTY, &cur) : SLUIS_NOMEM;
    for (size_t seen = 0; !e && seen < SCAN_MAX && list.n_events < limit; seen++) {
        ProtobufCMessage *m = NULL;
        e = store_cursor_next(cur, &key, &stored);
        if (!e)
            e = rows_open(r->p->rows, TABLE_EVENT, key, stored, job_arena(j), &sluis__event_row__descriptor,
                          &m);
        if (e)
            break;
        const Sluis__EventRow *row = (const Sluis__EventRow *)m;
        list.next = event_number(key);
        if (case_covers(c, case_id.p, row->case_id) &&
            (!app || !app->client_portal || strcmp(row->type, "client-notice") == 0))
            e = add_event(j, list.next, row, &list);
    }
    store_cursor_close(&cur);
    if (e == SLUIS_NOT_FOUND) {
        list.next = 0; /* nothing more now */
        e = SLUIS_OK;
    }
    if (e && !(e == SLUIS_NOMEM && list.next)) /* the page is full */
        return fail_set(&j->why, e, "", "%s", error_text(e));
    if (list.n_events) { /* an empty page tells nothing, and asking again and again leaves no entries */
        j->read = (read_decision){.record = reader_record(j, SLUIS__RECORD_TYPE__R_READ, c, case_id),
                                  .no_case = true};
        if (!j->read.record)
            return fail_set(&j->why, SLUIS_NOMEM, "", "%s", error_text(SLUIS_NOMEM));
        j->read.record->detail = (char *)(uintptr_t) "events";
    }
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_EVENTS;
    reply.events = &list;
    return wire_pack(&j->reply, &reply.base);
}
