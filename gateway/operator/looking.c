/* What operators look up in the journal: the course of a transaction, a receipt, a proof, dead letters. Never
 * content; a look at a transaction or a record is an entry itself. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/explain.h"
#include "journal/cosigned.h"
#include "journal/journal.h"
#include "operator/desk.h"
#include "wire/messages.h"

static const char looked_up[] =
    "looked-up"; /* the decision of these entries: how the dossier tells them apart */

#define TRACE_MAX    1000
#define TRACE_DETAIL (UUID_STR + 8)
#define DEAD_MAX     1000
#define RECEIPT_MAX  (512u << 10) /* in base64 it fits a line of the socket */

static json_t *record_json(uint64_t index, const Sluis__Record *r)
{
    char when[TIME_STR];
    const message_kind *k = message_kind_of(r->kind);
    time_format(when, r->when);
    json_t *out = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "index", (json_int_t)index, "when", when,
        "type", protobuf_c_enum_descriptor_get_value(&sluis__record_type__descriptor, (int)r->type)->name,
        "kind", k ? k->name : "", "from", r->from, "to", r->to, "application", r->application, "decision",
        r->decision, "detail", r->detail, "attributes", (json_int_t)r->n_attributes);
    explain_record(out, r);
    return out;
}

/* Whom the record is about reads in the dossier that an operator looked. */
static void note_subject(const Sluis__Record *of, read_decision *d)
{
    if (of->subject.len != ID_LEN)
        return;
    d->has_subject = true;
    memcpy(d->sid.b, of->subject.data, ID_LEN);
    d->no_case = of->case_id.len != ID_LEN;
    if (!d->no_case)
        memcpy(d->case_id.b, of->case_id.data, ID_LEN);
}

/* Who looks at which transaction is written down before anything leaves; whose: whom it is about. */
static sluis_err journal_the_trace(desk *d, const char *transaction, const read_decision *whose,
                                   const json_t *q, sluis_fail *f)
{
    char *detail = NULL;
    job *j = job_new(JOB_RECEIPT, (bytes){NULL, 0});
    sluis_err e = j ? desk_by(d, q, j, f) : SLUIS_NOMEM;
    if (!e && (!(detail = arena_alloc(j->arena, TRACE_DETAIL)) ||
               !(j->read.record = arena_alloc(j->arena, sizeof(*j->read.record)))))
        e = SLUIS_NOMEM;
    if (!e) {
        Sluis__Record *record = j->read.record;
        sluis__record__init(record);
        snprintf(detail, TRACE_DETAIL, "trace %s", transaction);
        j->read = *whose;
        j->read.record = record;
        j->read.record->type = SLUIS__RECORD_TYPE__R_READ;
        j->read.record->detail = detail;
        j->read.record->decision = (char *)(uintptr_t)looked_up;
        j->read.record->from = desk_parts(d)->settings->oin.s;
        j->read.record->employee = (char *)(uintptr_t)j->by;
    }
    desk_ask(d, &j, e, "trace", f);
    e = j ? SLUIS_OK : f->code;
    job_free(&j);
    return e;
}

json_t *desk_trace(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    const char *id = desk_text(q, "transaction", f);
    uuid tx;
    uint64_t index[TRACE_MAX];
    size_t n = 0;
    store_txn *t = NULL;
    read_decision whose = {.has_subject = false};
    if (!id || uuid_parse(&tx, id)) {
        fail_set(f, SLUIS_INVALID, "transaction", "a UUID is needed");
        return NULL;
    }
    json_t *list = json_array();
    sluis_err e = store_begin_read(p->store, &t);
    if (!e)
        e = journal_trace(t, tx.b, index, TRACE_MAX, &n);
    for (size_t i = 0; !e && i < n; i++) {
        arena *a = arena_new(64u << 10);
        Sluis__Record *r = NULL;
        uint8_t salt[SALT_LEN];
        bytes raw;
        e = a ? journal_read_record(t, p->slots, index[i], a, &r, salt, &raw) : SLUIS_NOMEM;
        if (!e && !whose.has_subject)
            note_subject(r, &whose);
        if (!e)
            json_array_append_new(list, record_json(index[i], r));
        else if (e == SLUIS_NOT_FOUND) { /* forgotten: its leaf still stands */
            json_array_append_new(
                list, json_pack("{s:I, s:s}", "index", (json_int_t)index[i], "type", "forgotten"));
            e = SLUIS_OK;
        }
        arena_free(&a);
    }
    store_abort(&t);
    if (!e && !n)
        e = fail_set(f, SLUIS_NOT_FOUND, "transaction", "no entry of this transaction");
    if (!e)
        e = journal_the_trace(d, id, &whose, q, f);
    if (!e)
        return json_pack("{s:s, s:o}", "transaction", id, "entries", list);
    json_decref(list);
    fail_set(f, e, "transaction", "%s", error_text(e));
    return NULL;
}

static sluis_err newest_cosigned(const parts *p, store_txn *t, char note[static NOTE_MAX + 1], checkpoint *cp)
{
    size_t n = 0;
    checkpoint own;
    sluis_err e = journal_checkpoint_at(t, note, NOTE_MAX, &n);
    if (!e)
        e = checkpoint_read(&own, note, n, NULL) ? SLUIS_CORRUPT
                                                 : cosigned_newest(t, p->rows, own.origin, note, &n, cp);
    note[n] = '\0';
    return e;
}

/* A record is shown: who looks is written down before it leaves. */
static sluis_err journal_the_read(desk *d, store_txn *t, uint64_t index, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    uint8_t salt[SALT_LEN];
    Sluis__Record *of = NULL;
    bytes raw;
    job *j = job_new(JOB_RECEIPT, (bytes){NULL, 0});
    arena *a = arena_new(1u << 20);
    sluis_err e = j && a ? desk_by(d, q, j, f) : SLUIS_NOMEM;
    if (!e)
        e = journal_read_record(t, p->slots, index, a, &of, salt, &raw);
    if (!e) {
        j->seq = index;
        j->read.record = job_receipt_record(j, of);
        e = j->read.record ? SLUIS_OK : SLUIS_NOMEM;
    }
    if (!e) {
        j->read.record->from = p->settings->oin.s;
        j->read.record->employee = (char *)(uintptr_t)j->by;
        j->read.record->decision = (char *)(uintptr_t)looked_up;
        note_subject(of, &j->read);
    }
    arena_free(&a);
    desk_ask(d, &j, e, "receipt.get", f);
    e = j ? SLUIS_OK : f->code;
    job_free(&j);
    return e;
}

json_t *desk_receipt_get(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    const json_t *index = json_object_get(q, "index");
    store_txn *t = NULL;
    json_t *out = NULL;
    char *text = NULL;
    buffer receipt;
    if (!json_is_integer(index) || json_integer_value(index) < 0) {
        fail_set(f, SLUIS_INVALID, "index", "the number of an entry is needed, as `trace` shows it");
        return NULL;
    }
    buffer_init(&receipt, RECEIPT_MAX);
    const char *note = json_string_value(json_object_get(q, "note"));
    char kept[NOTE_MAX + 1];
    checkpoint cp;
    sluis_err e =
        note ? checkpoint_open(&cp, note, strlen(note), p->settings->name, &p->log_keys, f) : SLUIS_OK;
    if (!e)
        e = store_begin_read(p->store, &t);
    if (!e && json_is_true(json_object_get(q, "witnessed"))) {
        e = newest_cosigned(p, t, kept, &cp);
        note = kept;
        if (e == SLUIS_NOT_FOUND)
            fail_set(f, e, "receipt.get", "no witness has cosigned yet: see `sluisctl witness follow`");
    }
    if (!e && note)
        e = journal_receipt_under(t, p->slots, (uint64_t)json_integer_value(index), &cp, bytes_str(note),
                                  &receipt);
    else if (!e)
        e = journal_receipt_at(t, p->slots, NULL, (uint64_t)json_integer_value(index), &receipt);
    if (!e)
        e = journal_the_read(d, t, (uint64_t)json_integer_value(index), q, f);
    size_t cap = 4 * ((receipt.n + 2) / 3) + 1;
    if (!e && !(text = malloc(cap)))
        e = SLUIS_NOMEM;
    if (e) {
        fail_set(f, e, "receipt.get", "%s",
                 e == SLUIS_NOT_FOUND ? "no such entry, or its record is forgotten" : error_text(e));
    } else {
        base64_encode(text, cap, receipt.p, receipt.n);
        out = json_pack("{s:I, s:s}", "index", json_integer_value(index), "receipt", text);
    }
    store_abort(&t);
    buffer_close(&receipt);
    free(text);
    return out;
}

/* The newest checkpoint, and that its tree goes on from the one of size old (0: from nothing). */
json_t *desk_journal_prove(desk *d, const json_t *q, sluis_fail *f)
{
    const json_t *old = json_object_get(q, "old");
    uint64_t size = 0;
    store_txn *t = NULL;
    json_t *out = NULL;
    buffer request;
    if (!json_is_integer(old) || json_integer_value(old) < 0) {
        fail_set(f, SLUIS_INVALID, "old", "a size is needed: 0, or that of an earlier checkpoint");
        return NULL;
    }
    buffer_init(&request, ADD_CHECKPOINT_MAX);
    sluis_err e = store_begin_read(desk_parts(d)->store, &t);
    if (!e)
        e = journal_prove(t, (uint64_t)json_integer_value(old), &request, &size);
    if (e == SLUIS_INVALID)
        fail_set(f, SLUIS_NOT_FOUND, "old", "the journal is not that large yet");
    else if (e)
        fail_set(f, e, "journal.prove", "%s", e == SLUIS_NOT_FOUND ? "no entry yet" : error_text(e));
    else
        out = json_pack("{s:O, s:I, s:s%}", "old", old, "size", (json_int_t)size, "request", request.p,
                        request.n);
    store_abort(&t);
    buffer_close(&request);
    return out;
}

static json_t *dead_json(const Sluis__DeadLetterRow *d)
{
    char when[TIME_STR], id[UUID_STR] = "";
    const message_kind *k = message_kind_of((Sluis__Kind)d->kind);
    time_format(when, d->when);
    if (d->transaction.len == UUID_LEN)
        uuid_format(id, d->transaction.data);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:I}", "when", when, "transaction", id, "kind",
                     k ? k->name : "", "from", d->from, "to", d->to, "reason", d->code, "attempts",
                     (json_int_t)d->attempts, "returned", d->returned, "index", (json_int_t)d->journal_index);
}

/* The newest DEAD_MAX would need a way back through the table: the oldest are told, and that there are more.
 */
json_t *desk_dead_list(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    store_txn *t = NULL;
    store_cursor *c = NULL;
    bytes key, value;
    bool more = false;
    json_t *list = json_array();
    (void)q;
    sluis_err e = store_begin_read(p->store, &t);
    if (!e)
        e = store_cursor_open(t, TABLE_DEAD, ROW_EMPTY, ROW_EMPTY, &c);
    while (!e && (e = store_cursor_next(c, &key, &value)) == SLUIS_OK) {
        ProtobufCMessage *m = NULL;
        arena *a = NULL;
        more = json_array_size(list) == DEAD_MAX;
        if (more)
            break;
        a = arena_new(16u << 10);
        e = a ? rows_open(p->rows, TABLE_DEAD, key, value, a, &sluis__dead_letter_row__descriptor, &m)
              : SLUIS_NOMEM;
        if (!e)
            json_array_append_new(list, dead_json((const Sluis__DeadLetterRow *)m));
        arena_free(&a);
    }
    store_cursor_close(&c);
    store_abort(&t);
    if (!e || e == SLUIS_NOT_FOUND)
        return json_pack("{s:o, s:b}", "deadletters", list, "more", more);
    json_decref(list);
    fail_set(f, e, "deadletters", "%s", error_text(e));
    return NULL;
}
