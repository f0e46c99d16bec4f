#include "read/read.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/api_out.h"
#include "flow/fatal.h"
#include "journal/journal.h"
#include "read/reader.h"

#define AFTER_BUS  0
#define AFTER_CORE 1
#define AFTER_READ 2 /* by core when there is a read to write down: an empty page is none */

/* One row an operation: who assembles it, and whether core has something to write before it leaves. */
static const struct {
    Sluis__ApiCall__OpCase op;
    sluis_err (*assemble)(reader *, store_txn *, job *);
    int after;
} operations[] = {
    {SLUIS__API_CALL__OP_OPEN_CASE, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_CHANGE_CASE, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_CHANGE_REQUEST, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_ASK_KNOWN, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_REPORT_CONCERN, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_DECIDE_CONCERN, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_ASK_INTERVENTIONS, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_FILE_RIGHTS, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_DECIDE_RIGHTS, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_GET_RIGHTS, read_rights, AFTER_CORE},
    {SLUIS__API_CALL__OP_LIST_RIGHTS, read_rights_list, AFTER_READ},
    {SLUIS__API_CALL__OP_NOTE_EXCHANGE, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_RESTRICT_ENTRY, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_HAND_OVER, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_DECIDE_OFFER, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_GET_OFFER, read_offer, AFTER_CORE},
    {SLUIS__API_CALL__OP_LIST_OFFERS, read_offers, AFTER_BUS},
    {SLUIS__API_CALL__OP_GET_CONCERN, read_concern, AFTER_CORE},
    {SLUIS__API_CALL__OP_LIST_CONCERNS, read_concerns, AFTER_READ},
    {SLUIS__API_CALL__OP_GET_CATALOGUE, read_catalogue, AFTER_BUS},
    {SLUIS__API_CALL__OP_LIST_PARTIES, read_parties, AFTER_BUS},
    {SLUIS__API_CALL__OP_LIST_EVENTS, read_events, AFTER_READ},
    {SLUIS__API_CALL__OP_FILE_REQUEST, read_file_request, AFTER_CORE},
    {SLUIS__API_CALL__OP_GET_CASE, read_case, AFTER_CORE},
    {SLUIS__API_CALL__OP_GET_REQUEST, read_request, AFTER_CORE},
    {SLUIS__API_CALL__OP_LIST_REQUESTS, read_requests, AFTER_READ},
    {SLUIS__API_CALL__OP_GET_VIEW, read_view, AFTER_CORE},
    {SLUIS__API_CALL__OP_LIST_DISCREPANCIES, read_discrepancies, AFTER_CORE},
    {SLUIS__API_CALL__OP_RESOLVE, NULL, AFTER_CORE},
    {SLUIS__API_CALL__OP_GET_DOSSIER, read_dossier, AFTER_CORE},
    {SLUIS__API_CALL__OP_EXPORT_DOSSIER, read_export, AFTER_CORE},
    {SLUIS__API_CALL__OP_HEALTH, read_health, AFTER_BUS},
    {SLUIS__API_CALL__OP_METRICS, read_metrics, AFTER_BUS},
    {SLUIS__API_CALL__OP_LOG_GET, read_log, AFTER_BUS},
    {SLUIS__API_CALL__OP_LOG_COSIGN, read_log_cosign, AFTER_CORE},
};

sluis_err reader_case(reader *r, store_txn *t, job *j, bytes case_id, Sluis__CaseRow **out)
{
    if (case_id.n != ID_LEN)
        return fail_set(&j->why, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    sluis_err e = case_load(t, r->p->rows, case_id.p, job_arena(j), out);
    if (!e && strcmp((*out)->owner, j->claims.oin.s) != 0)
        e = SLUIS_NOT_FOUND;
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}

sluis_err reader_case_in_sight(reader *r, store_txn *t, job *j, bytes case_id, Sluis__CaseRow **out)
{
    if (!policy_acts(r->rules, j->claims.app, j->claims.function, clock_ms()))
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie iets doen");
    sluis_err e = reader_case(r, t, j, case_id, out);
    if (!e && !case_in_sight(r->rules, *out, j->claims.app))
        e = fail_set(&j->why, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    return e;
}

sluis_err reader_member(reader *r, store_txn *t, job *j, const Sluis__CaseRow *row, uint32_t member,
                        bool dossier, subject *out)
{
    id16 sid;
    sluis_err e = case_member(row, member, &sid);
    if (e == SLUIS_WITHDRAWN)
        e = dossier ? SLUIS_OK : SLUIS_NOT_FOUND;
    if (!e)
        e = registry_subject_by_sid(r->p->registry, t, &sid, out);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}

sluis_err reader_absent(store_txn *t)
{
    static const uint8_t nobody[ID_LEN];
    bytes value;
    sluis_err e = store_get(t, TABLE_SUBJECT, BYTES_OF(nobody), &value);
    return e == SLUIS_OK ? SLUIS_CORRUPT : e;
}

Sluis__Record *reader_record(job *j, Sluis__RecordType type, const Sluis__CaseRow *row, bytes case_id)
{
    Sluis__Record *rec = arena_alloc(job_arena(j), sizeof(*rec));
    if (!rec)
        return NULL;
    sluis__record__init(rec);
    rec->type = type;
    rec->from = j->claims.oin.s;
    rec->application = j->claims.app;
    rec->function = j->claims.function;
    rec->employee = j->claims.employee;
    rec->origin = SLUIS__ORIGIN__API;
    rec->case_id = (ProtobufCBinaryData){case_id.n, (uint8_t *)(uintptr_t)case_id.p};
    rec->phase = case_facts_of(row).phase;
    rec->decision = (char *)(uintptr_t) "permit";
    return rec;
}

static void answer_call(reader *r, job *j)
{
    size_t i = 0, n = sizeof(operations) / sizeof(operations[0]);
    while (i < n && operations[i].op != j->call->op_case)
        i++;
    store_txn *t = NULL;
    r->rules = j->rules;
    sluis_err e =
        i < n ? SLUIS_OK : fail_set(&j->why, SLUIS_INVALID, "op", "deze gateway kent de handeling niet");
    if (!e && operations[i].assemble) {
        e = store_begin_read(r->p->store, &t);
        if (!e)
            e = operations[i].assemble(r, t, j);
        store_abort(&t);
    }
    bool to_core = i < n && (operations[i].after == AFTER_CORE ||
                             (operations[i].after == AFTER_READ && j->read.record != NULL));
    if (e == SLUIS_CORRUPT)
        log_write(LOG_ERROR, "read.corrupt", "text",
                  "what is stored fails its check and is not served: `sluisctl journal verify` names it",
                  NULL);
    if (e)
        fail_set(&j->why, e, "", "%s", error_text(e));
    if (!e && j->raw && j->stage == STAGE_ENVELOPE)
        to_core = false; /* a request for a party: the bus numbers it, and it is verified like any other */
    else if (e && j->claims.app[0])
        to_core = true; /* a refusal is an entry too */
    else if (!to_core)
        j->stage = STAGE_REPLY;
    if (e && !to_core) {
        j->stage = STAGE_REPLY;
        e = api_out_problem(&j->reply, j->call->call, &j->why);
        if (e)
            log_write(LOG_ERROR, "read.reply", "code", error_token(e), NULL);
    }
    if (channel_send(to_core ? r->core : r->bus, j))
        fatal("read.send", SLUIS_FULL, "a channel is smaller than what may be in flight");
}

static sluis_err fetch_row(reader *r, store_txn *t, job *j, bytes key, bytes value)
{
    bytes v;
    buffer receipt;
    fetched *row = &j->rows[j->row_count];
    sluis_err e = row_check_open(&v, r->p->rows, TABLE_OUTBOX, key, value);
    if (!e && v.n < 8)
        e = SLUIS_CORRUPT;
    if (e)
        return e;
    buffer_init(&receipt, 64u << 10);
    e = journal_receipt_at(t, r->p->slots, r->upper, get_u64(v.p), &receipt);
    if (!e) {
        row->seq = get_u64(key.p + OIN_LEN);
        row->envelope = BYTES(arena_copy(j->arena, v.p + 8, v.n - 8), v.n - 8);
        row->receipt = BYTES(arena_copy(j->arena, receipt.p, receipt.n), receipt.n);
        e = row->envelope.p && row->receipt.p ? SLUIS_OK : SLUIS_NOMEM;
        j->row_count += e == SLUIS_OK;
    }
    buffer_close(&receipt);
    return e;
}

/* What waits for one party, from a sequence number on; a page at a time. */
static void fetch(reader *r, job *j)
{
    uint8_t from[OIN_LEN + 8];
    store_txn *t = NULL;
    store_cursor *c = NULL;
    bytes key, value;
    arena *a = job_arena(j);
    memcpy(from, j->user.s, OIN_LEN);
    put_u64(from + OIN_LEN, j->seq);
    j->rows = a ? arena_alloc(a, j->limit * sizeof(*j->rows)) : NULL;
    sluis_err e = j->rows ? store_begin_read(r->p->store, &t) : SLUIS_NOMEM;
    if (!e)
        e = store_cursor_open(t, TABLE_OUTBOX, BYTES_OF(from), BYTES(from, OIN_LEN), &c);
    while (!e && (e = store_cursor_next(c, &key, &value)) == SLUIS_OK) {
        if (j->row_count == j->limit) {
            j->more = true;
            break;
        }
        e = fetch_row(r, t, j, key, value);
        if (e == SLUIS_NOMEM && j->row_count) { /* the page is full */
            j->more = true;
            e = SLUIS_OK;
            break;
        }
    }
    store_cursor_close(&c);
    store_abort(&t);
    if (e && e != SLUIS_NOT_FOUND)
        fail_set(&j->why, e, "outbox", "%s", error_text(e));
    if (channel_send(r->bus, j))
        fatal("read.send", SLUIS_FULL, "a channel is smaller than what may be in flight");
}

/* What a party is given of the journal; the read of a record is written down before it leaves. */
static void answer_receipt(reader *r, job *j)
{
    store_txn *t = NULL;
    sluis_err e = store_begin_read(r->p->store, &t);
    if (!e)
        e = read_receipt(r, t, j);
    store_abort(&t);
    if (e)
        fail_set(&j->why, e, "receipt", "%s", error_text(e));
    if (channel_send(!e && j->read.record ? r->core : r->bus, j))
        fatal("read.send", SLUIS_FULL, "a channel is smaller than what may be in flight");
}

static void look_at_seen(reader *r, job *j)
{
    store_txn *t = NULL;
    if (!store_begin_read(r->p->store, &t))
        read_hello_checkpoint(r, t, BYTES(j->raw, j->raw_len));
    store_abort(&t);
    if (channel_send(r->bus, j))
        fatal("read.send", SLUIS_FULL, "a channel is smaller than what may be in flight");
}

void *read_run(void *arg)
{
    reader r = {.p = arg};
    int capacity = parts_channel_capacity(r.p);
    void *item = NULL;
    sluis_fail f = {0};
    sluis_err e = epoch_new(&r.epoch);
    if (!e && !(r.upper = upper_nodes_new()))
        e = SLUIS_NOMEM;
    if (!e)
        e = witnesses_load(&r.witnesses, r.p->settings->log_witnesses, &f);
    if (!e)
        e = channel_open(&r.in, r.p->hub, CHANNEL_READ, CHANNEL_RECV_CONNECT, capacity);
    if (!e)
        e = channel_open(&r.core, r.p->hub, CHANNEL_CORE, CHANNEL_SEND_CONNECT, capacity);
    if (!e)
        e = channel_open(&r.bus, r.p->hub, CHANNEL_BUS, CHANNEL_SEND_CONNECT, capacity);
    if (!e)
        e = job_say_ready(r.bus);
    while (!e && (e = channel_recv(r.in, -1, &item)) == SLUIS_OK && item) {
        job *j = item;
        if (j->kind == JOB_FETCH)
            fetch(&r, j);
        else if (j->kind == JOB_RECEIPT)
            answer_receipt(&r, j);
        else if (j->kind == JOB_SEEN)
            look_at_seen(&r, j);
        else
            answer_call(&r, j);
    }
    if (f.code)
        log_write(LOG_ERROR, "read.start", "where", f.where, "text", f.text, NULL);
    if (e)
        fatal("read.stopped", e, "the pool cannot go on");
    witnesses_free(&r.witnesses);
    upper_nodes_free(&r.upper);
    channel_close(&r.in);
    channel_close(&r.core);
    channel_close(&r.bus);
    epoch_free(&r.epoch);
    return NULL;
}
