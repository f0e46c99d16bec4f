#include "operator/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control.h"
#include "flow/fatal.h"
#include "flow/job.h"
#include "journal/cosigned.h"
#include "journal/journal.h"
#include "operator/renewal.h"
#include "parties/parties.h"
#include "tables/lineage.h"
#include "wire/messages.h"

#define TRACE_MAX    1000
#define TRACE_DETAIL (UUID_STR + 8)
#define DEAD_MAX     1000
#define CORE_MS      10000
#define START_MS     60000
#define COPY_CHUNK   (1u << 20)
#define RECEIPT_MAX  (512u << 10) /* in base64 it fits a line of the socket */

const char *desk_text(const json_t *o, const char *key, sluis_fail *f)
{
    const char *s = json_string_value(json_object_get(o, key));
    if (!s)
        fail_set(f, SLUIS_INVALID, key, "a string is needed here");
    return s;
}

/* ---- status ---- */

static json_t *cmd_status(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    store_health h = {0};
    uint64_t live = 0, erased = 0, slots = 0, gone = 0, moving = 0;
    store_txn *t = NULL;
    (void)q;
    sluis_err e = store_health_get(p->store, &h);
    if (!e)
        e = store_begin_read(p->store, &t);
    if (!e)
        e = store_count(t, TABLE_GONE, &gone);
    if (!e)
        e = store_count(t, TABLE_MOVING, &moving);
    store_abort(&t);
    if (e) {
        fail_set(f, e, "store", "%s", error_text(e));
        return NULL;
    }
    keyslots_usage(p->slots, &live, &erased, &slots);
    metrics *m = p->metrics;
    return json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I}", "name",
        p->settings->name, "oin", p->settings->oin.s, "mode", p->settings->test_mode ? "test" : "production",
        "uptime_ms", (json_int_t)(clock_ms() - d->task->started), "sessions",
        (json_int_t)METRIC_GET(m, bus_sessions), "in_flight", (json_int_t)METRIC_GET(m, bus_in_flight),
        "accepted", (json_int_t)METRIC_GET(m, core_accepted), "refused",
        (json_int_t)(METRIC_GET(m, core_refused) + METRIC_GET(m, verify_refused)), "journal_entries",
        (json_int_t)METRIC_GET(m, journal_entries), "store_used_bytes", (json_int_t)h.used_bytes,
        "store_quota_bytes", (json_int_t)h.quota_bytes, "key_slots_used", (json_int_t)(live + erased),
        "key_slots", (json_int_t)slots, "being_cleared", (json_int_t)gone, "being_merged", (json_int_t)moving,
        "retention", METRIC_GET(m, retention_held) ? "held" : "on", "due_put_off",
        (json_int_t)METRIC_GET(m, due_put_off), "commits", (json_int_t)h.syncs);
}

/* ---- parties ---- */

static json_t *party_json(const party *x)
{
    json_t *keys = json_array();
    char hex[2 * PK_LEN + 1], id[2 * KEYID_LEN + 1], from[TIME_STR], until[TIME_STR];
    for (size_t i = 0; keys && i < x->key_count; i++) {
        hex_encode(hex, x->keys[i].pk, PK_LEN);
        hex_encode(id, x->keys[i].id.b, KEYID_LEN);
        time_format(from, x->keys[i].valid_from);
        time_format(until, x->keys[i].valid_until);
        json_array_append_new(keys, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "use",
                                              key_use_name(x->keys[i].use), "id", id, "pk", hex, "valid_from",
                                              from, "valid_until", until, "suspended", x->keys[i].suspended,
                                              "revoked", x->keys[i].revoked && !x->keys[i].suspended));
    }
    time_format(from, x->valid_from);
    time_format(until, x->valid_until);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:o}", "oin", x->oin.s, "name", x->name, "domain",
                     x->domain, "valid_from", from, "valid_until", until, "suspended", x->suspended, "keys",
                     keys);
}

static json_t *cmd_party_list(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    store_txn *t = NULL;
    directory *dir = NULL;
    json_t *list = NULL;
    (void)q;
    sluis_err e = store_begin_read(p->store, &t);
    if (!e)
        e = parties_load(t, p->directory.pk, &dir, f);
    store_abort(&t);
    if (e) {
        fail_set(f, e, "party", "%s", error_text(e));
        return NULL;
    }
    list = json_array();
    for (size_t i = 0; list && i < directory_count(dir); i++)
        json_array_append_new(list, party_json(directory_at(dir, i)));
    json_t *out = json_pack("{s:I, s:o}", "version", (json_int_t)directory_version(dir), "parties", list);
    directory_unref(&dir);
    return out;
}

static sluis_err fill_entry(desk *d, const json_t *q, job *j, sluis_fail *f)
{
    const settings *s = desk_parts(d)->settings;
    arena *a = job_arena(j);
    const char *name = desk_text(q, "name", f), *domain = desk_text(q, "domain", f), *until = NULL;
    char *request = json_dumps(json_object_get(q, "request"), JSON_COMPACT);
    Sluis__PartyEntry *x = a ? arena_alloc(a, sizeof(*x)) : NULL;
    sluis_err e = !name || !domain || !request
                      ? fail_set(f, SLUIS_INVALID, "party.enrol", "request, name and domain are needed")
                  : !x ? fail_set(f, SLUIS_NOMEM, "party.enrol", "out of memory")
                       : SLUIS_OK;
    if (!e)
        e = enrolment_parse(x, a, request, strlen(request), f);
    oin o;
    if (!e && (oin_parse(&o, x->oin, strlen(x->oin)) || oin_is_test(&o) != s->test_mode))
        e = fail_set(f, SLUIS_MODE, "oin", "%s",
                     s->test_mode ? "a real OIN in test mode" : "a test OIN in production");
    if (!e && !name_valid(domain))
        e = fail_set(f, SLUIS_INVALID, "domain", "a name is [a-z0-9][a-z0-9._:-]{0,63}");
    if (!e) {
        x->name = arena_strdup(a, name);
        x->domain = arena_strdup(a, domain);
        x->valid_from = clock_ms();
        x->valid_until = x->valid_from + 365 * DAY_MS;
        until = json_string_value(json_object_get(q, "valid_until"));
        if (until && time_parse(&x->valid_until, until))
            e = fail_set(f, SLUIS_INVALID, "valid_until", "write YYYY-MM-DD");
        else if (!x->name || !x->domain)
            e = fail_set(f, SLUIS_NOMEM, "party.enrol", "out of memory");
    }
    j->entry = x;
    j->replace = json_is_true(json_object_get(q, "replace"));
    free(request);
    return e;
}

/* Core does the job; it comes back in *jp. When it is refused, or does not come back: *jp is NULL, f says
 * why. filled: what filling it in came to. */
void desk_ask(desk *d, job **jp, sluis_err filled, const char *cmd, sluis_fail *f)
{
    void *item = NULL;
    job *j = *jp;
    sluis_err e = filled;
    *jp = NULL;
    if (!e)
        e = channel_send(d->core, j);
    if (e) {
        fail_set(f, e, cmd, "%s", error_text(e));
        job_free(&j);
        return;
    }
    /* Core has the job until it comes back; before it, what came after its command had given up. */
    while (!(e = channel_recv(d->replies, CORE_MS, &item)) && item != j) {
        job *late = item;
        job_free(&late);
    }
    j = item;
    if (e)
        fail_set(f, SLUIS_TIMEOUT, cmd, "the core did not answer; look at `party list` before trying again");
    else if (j->why.code)
        *f = j->why;
    if (f->code)
        job_free(&j);
    *jp = j;
}

static json_t *cmd_party_enrol(desk *d, const json_t *q, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    desk_ask(d, &j, j ? fill_entry(d, q, j, f) : SLUIS_NOMEM, "party.enrol", f);
    json_t *out = j ? json_pack("{s:s}", "oin", j->entry->oin) : NULL;
    job_free(&j);
    return out;
}

/* Who asks and why. They stand in the journal, readable by whoever may see the record: codes, no free text.
 */
sluis_err desk_words(const json_t *q, job *j, sluis_fail *f)
{
    arena *a = job_arena(j);
    const char *by = desk_text(q, "by", f), *why = desk_text(q, "reason", f);
    if (!by || !why)
        return SLUIS_INVALID;
    if (!name_valid(by) || !name_valid(why))
        return fail_set(f, SLUIS_INVALID, name_valid(by) ? "reason" : "by",
                        "a pseudonym or code: [a-z0-9][a-z0-9._:-]{0,63}");
    j->by = a ? arena_strdup(a, by) : NULL;
    j->reason = a ? arena_strdup(a, why) : NULL;
    return j->by && j->reason ? SLUIS_OK : SLUIS_NOMEM;
}

static json_t *change_party(desk *d, const json_t *q, party_change change, const char *cmd, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    const char *who = desk_text(q, "oin", f);
    sluis_err e = j ? SLUIS_OK : SLUIS_NOMEM;
    if (!e && (!who || oin_parse(&j->party, who, strlen(who))))
        e = fail_set(f, SLUIS_INVALID, "oin", "is not an OIN: 20 characters");
    if (!e) {
        j->change = change;
        e = desk_words(q, j, f);
    }
    desk_ask(d, &j, e, cmd, f);
    json_t *out = j ? json_pack("{s:s}", "oin", j->party.s) : NULL;
    job_free(&j);
    return out;
}

static json_t *cmd_party_suspend(desk *d, const json_t *q, sluis_fail *f)
{
    return change_party(d, q, CHANGE_SUSPEND, "party.suspend", f);
}

static json_t *cmd_party_resume(desk *d, const json_t *q, sluis_fail *f)
{
    return change_party(d, q, CHANGE_RESUME, "party.resume", f);
}

static json_t *change_key(desk *d, const json_t *q, party_change change, const char *cmd, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    const char *key = desk_text(q, "key", f);
    sluis_err e = j ? SLUIS_OK : SLUIS_NOMEM;
    if (!e && (!key || hex_decode(j->key.b, KEYID_LEN, key, strlen(key))))
        e = fail_set(f, SLUIS_INVALID, "key", "a key id is %d hexadecimal digits", 2 * KEYID_LEN);
    if (!e) {
        j->change = change;
        e = desk_words(q, j, f);
    }
    desk_ask(d, &j, e, cmd, f);
    json_t *out = j ? json_pack("{s:s, s:s}", "oin", j->party.s, "outcome", j->outcome) : NULL;
    job_free(&j);
    return out;
}

static json_t *cmd_key_revoke(desk *d, const json_t *q, sluis_fail *f)
{
    return change_key(d, q, CHANGE_REVOKE, "key.revoke", f);
}

static json_t *cmd_key_suspend(desk *d, const json_t *q, sluis_fail *f)
{
    return change_key(d, q, CHANGE_SUSPEND_KEY, "key.suspend", f);
}

static json_t *cmd_key_resume(desk *d, const json_t *q, sluis_fail *f)
{
    return change_key(d, q, CHANGE_RESUME_KEY, "key.resume", f);
}

/* The person comes in the request's text and goes no further than the job. */
static json_t *cmd_subject_forget(desk *d, const json_t *q, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    const char *person = desk_text(q, "person", f);
    sluis_err e = j ? SLUIS_OK : SLUIS_NOMEM;
    if (!e && (!person || (!bsn_valid(person, strlen(person)) && !own_name_valid(person))))
        e = fail_set(f, SLUIS_INVALID, "person",
                     "nine digits that pass the eleven-test are needed, or the municipality's own name");
    if (!e) {
        memcpy(j->person, person, strlen(person));
        j->change = CHANGE_FORGET;
        e = desk_words(q, j, f);
    }
    desk_ask(d, &j, e, "subject.forget", f);
    json_t *out = j ? json_pack("{s:s}", "outcome", j->outcome) : NULL;
    job_free(&j);
    return out;
}

/* ---- trace ---- */

static json_t *record_json(uint64_t index, const Sluis__Record *r)
{
    char when[TIME_STR];
    const message_kind *k = message_kind_of(r->kind);
    time_format(when, r->when);
    return json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "index", (json_int_t)index, "when", when,
        "type", protobuf_c_enum_descriptor_get_value(&sluis__record_type__descriptor, (int)r->type)->name,
        "kind", k ? k->name : "", "from", r->from, "to", r->to, "application", r->application, "decision",
        r->decision, "detail", r->detail, "attributes", (json_int_t)r->n_attributes);
}

/* Who looks at which transaction is written down before anything leaves. */
static sluis_err journal_the_trace(desk *d, const char *transaction, const json_t *q, sluis_fail *f)
{
    const char *by = desk_text(q, "by", f);
    char *detail = NULL;
    if (!by || !name_valid(by))
        return fail_set(f, SLUIS_INVALID, "by", "a pseudonym: [a-z0-9][a-z0-9._:-]{0,63}");
    job *j = job_new(JOB_RECEIPT, (bytes){NULL, 0});
    arena *a = j ? job_arena(j) : NULL;
    if (a && (j->by = arena_strdup(a, by)) && (detail = arena_alloc(a, TRACE_DETAIL)))
        j->read.record = arena_alloc(a, sizeof(*j->read.record));
    sluis_err e = j && j->read.record ? SLUIS_OK : SLUIS_NOMEM;
    if (!e) {
        sluis__record__init(j->read.record);
        snprintf(detail, TRACE_DETAIL, "trace %s", transaction);
        j->read.record->type = SLUIS__RECORD_TYPE__R_READ;
        j->read.record->detail = detail;
        j->read.record->decision = (char *)(uintptr_t) "permit";
        j->read.record->from = desk_parts(d)->settings->oin.s;
        j->read.record->employee = (char *)(uintptr_t)j->by;
    }
    desk_ask(d, &j, e, "trace", f);
    e = j ? SLUIS_OK : f->code;
    job_free(&j);
    return e;
}

static json_t *cmd_trace(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    const char *id = desk_text(q, "transaction", f);
    uuid tx;
    uint64_t index[TRACE_MAX];
    size_t n = 0;
    store_txn *t = NULL;
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
        e = journal_the_trace(d, id, q, f);
    if (!e)
        return json_pack("{s:s, s:o}", "transaction", id, "entries", list);
    json_decref(list);
    fail_set(f, e, "transaction", "%s", error_text(e));
    return NULL;
}

/* ---- receipts ---- */

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

/* A record is shown: who looks is written down before it leaves. */
static sluis_err journal_the_read(desk *d, store_txn *t, uint64_t index, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    const char *by = desk_text(q, "by", f);
    uint8_t salt[SALT_LEN];
    Sluis__Record *of = NULL;
    bytes raw;
    if (!by || !name_valid(by))
        return fail_set(f, SLUIS_INVALID, "by", "a pseudonym: [a-z0-9][a-z0-9._:-]{0,63}");
    job *j = job_new(JOB_RECEIPT, (bytes){NULL, 0});
    arena *a = arena_new(1u << 20);
    sluis_err e = j && a ? journal_read_record(t, p->slots, index, a, &of, salt, &raw) : SLUIS_NOMEM;
    if (!e) {
        j->seq = index;
        j->read.record = job_receipt_record(j, of);
        e = j->read.record && (j->by = arena_strdup(j->arena, by)) ? SLUIS_OK : SLUIS_NOMEM;
    }
    if (!e) {
        j->read.record->from = p->settings->oin.s;
        j->read.record->employee = (char *)(uintptr_t)j->by;
        note_subject(of, &j->read);
    }
    arena_free(&a);
    desk_ask(d, &j, e, "receipt.get", f);
    e = j ? SLUIS_OK : f->code;
    job_free(&j);
    return e;
}

static json_t *cmd_receipt_get(desk *d, const json_t *q, sluis_fail *f)
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
        e = journal_receipt_at(t, p->slots, (uint64_t)json_integer_value(index), &receipt);
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

/* ---- proofs ---- */

/* The newest checkpoint, and that its tree goes on from the one of size old (0: from nothing). */
static json_t *cmd_journal_prove(desk *d, const json_t *q, sluis_fail *f)
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

/* ---- dead letters ---- */

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
static json_t *cmd_dead_list(desk *d, const json_t *q, sluis_fail *f)
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

/* ---- copies ---- */

static sluis_err copy_file(const char *from, const char *to, sluis_fail *f)
{
    static const char advice[] = "needs a new, empty, writable folder";
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char *chunk = malloc(COPY_CHUNK);
    sluis_err e = in < 0 || out < 0 ? fail_set(f, SLUIS_IO, to, "%s: %s", advice, strerror(errno))
                  : !chunk          ? fail_set(f, SLUIS_NOMEM, to, "out of memory")
                                    : SLUIS_OK;
    for (ssize_t n; !e && (n = read(in, chunk, COPY_CHUNK)) != 0;)
        if (n < 0 || write(out, chunk, (size_t)n) != n)
            e = fail_set(f, SLUIS_IO, to, "%s", strerror(errno));
    if (!e && fsync(out))
        e = fail_set(f, SLUIS_IO, to, "%s", strerror(errno));
    free(chunk);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return e;
}

/* The copy says that it is one. */
static sluis_err mark_copy(const parts *p, const char *data, sluis_fail *f)
{
    const settings *s = p->settings;
    store *copy = NULL;
    store_txn *t = NULL;
    store_options o = {.path = data,
                       .tables = gateway_tables,
                       .table_count = TABLE_COUNT,
                       .format = GATEWAY_STORE_FORMAT,
                       .format_version = GATEWAY_STORE_VERSION,
                       .map_bytes = s->map_bytes,
                       .quota_bytes = s->quota_bytes,
                       .max_readers = 8,
                       .no_ahead = true};
    sluis_err e = store_open_lmdb(&copy, &o, f);
    if (!e)
        e = store_begin_write(copy, &t, true);
    if (!e)
        e = lineage_mark_copy(t, clock_ms());
    if (!e)
        e = store_commit(&t);
    store_abort(&t);
    store_close(&copy);
    return e ? fail_set(f, e, data, "cannot be marked as a copy") : SLUIS_OK;
}

/* Data first, then the keys: a row without its key would be an error, a key without its row is harmless.
 * "only" leaves either out: data that are kept for long must not lie beside the keys that open them. */
static json_t *cmd_journal_copy(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    const char *dir = desk_text(q, "dir", f), *only = json_string_value(json_object_get(q, "only"));
    char data[1024], keys_from[1024], keys_to[1024];
    bool with_store = !only || strcmp(only, "store") == 0, with_keys = !only || strcmp(only, "keys") == 0;
    if (!with_store && !with_keys) {
        fail_set(f, SLUIS_INVALID, "only", "\"store\" or \"keys\"; without it both are copied");
        return NULL;
    }
    if (!dir || dir[0] != '/' || strlen(dir) > 900) {
        fail_set(f, SLUIS_INVALID, "dir", "an absolute path is needed");
        return NULL;
    }
    snprintf(data, sizeof(data), "%s/store", dir);
    snprintf(keys_from, sizeof(keys_from), "%s/keys.slots", p->settings->data);
    snprintf(keys_to, sizeof(keys_to), "%s/keys.slots", dir);
    if (mkdir(dir, 0700) && errno != EEXIST) {
        fail_set(f, SLUIS_IO, dir, "cannot make the folder: %s", strerror(errno));
        return NULL;
    }
    sluis_err e = with_store ? store_copy(p->store, data, f) : SLUIS_OK;
    if (!e && with_store)
        e = mark_copy(p, data, f);
    if (!e && with_keys)
        e = copy_file(keys_from, keys_to, f);
    return e ? NULL
             : json_pack("{s:s*, s:s*}", "store", with_store ? data : NULL, "keys",
                         with_keys ? keys_to : NULL);
}

/* ---- the socket ---- */

static const struct {
    const char *name;
    json_t *(*run)(desk *, const json_t *, sluis_fail *);
} commands[] = {
    {"status", cmd_status},
    {"party.list", cmd_party_list},
    {"party.enrol", cmd_party_enrol},
    {"party.suspend", cmd_party_suspend},
    {"party.resume", cmd_party_resume},
    {"key.revoke", cmd_key_revoke},
    {"key.suspend", cmd_key_suspend},
    {"key.resume", cmd_key_resume},
    {"agreement.list", desk_agreement_list},
    {"agreement.show", desk_agreement_show},
    {"agreement.file", desk_agreement_file},
    {"agreement.accept", desk_agreement_accept},
    {"agreement.revoke", desk_agreement_revoke},
    {"subject.forget", cmd_subject_forget},
    {"register.import", desk_register_import},
    {"retention.show", desk_retention_show},
    {"retention.confirm", desk_retention_confirm},
    {"trace", cmd_trace},
    {"journal.copy", cmd_journal_copy},
    {"receipt.get", cmd_receipt_get},
    {"journal.prove", cmd_journal_prove},
    {"deadletters.list", cmd_dead_list},
    {"config.reload", desk_config_reload},
    {"config.history", desk_config_history},
    {"config.export", desk_config_export},
    {"cooperation.list", desk_cooperation_list},
    {"policy.explain", desk_policy_explain},
};

static json_t *on_request(void *ctx, const char *cmd, const json_t *request, sluis_fail *f)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, cmd) == 0)
            return commands[i].run(ctx, request, f);
    fail_set(f, SLUIS_INVALID, "cmd", "unknown command");
    return NULL;
}

static void ask_for_seals(void *ctx, job *j, sluis_fail *f)
{
    desk_ask(ctx, &j, SLUIS_OK, "seal", f);
    job_free(&j);
}

static void on_tick(void *ctx)
{
    desk *d = ctx;
    uint64_t asked;
    if (read(d->task->reload_fd, &asked, sizeof asked) == (ssize_t)sizeof asked)
        desk_config_reload_signal(d);
    renewal_step(&d->seals, clock_ms());
}

/* Nothing is answered, and the sealing keys of the start are kept, until core is at its channel and has its
 * own. */
static sluis_err wait_for_core(desk *d)
{
    void *item = NULL;
    sluis_err e = channel_recv(d->replies, START_MS, &item);
    job *j = item;
    job_free(&j);
    return e;
}

void *operator_run(void *arg)
{
    desk d = {.task = arg};
    const parts *p = desk_parts(&d);
    control_server *server = NULL;
    sluis_fail f = {0};
    int capacity = parts_channel_capacity(p);
    sluis_err e = channel_open(&d.core, p->hub, CHANNEL_CORE, CHANNEL_SEND_CONNECT, capacity);
    if (!e)
        e = channel_open(&d.replies, p->hub, CHANNEL_CONTROL, CHANNEL_RECV_BIND, capacity);
    if (!e)
        e = wait_for_core(&d);
    if (!e)
        e = control_server_open(&server, p->settings->control, on_request, &d, &f);
    if (e) {
        log_write(LOG_ERROR, "control.start", "where", f.where, "text", f.text, NULL);
        fatal("control.start", e, "the control socket cannot be opened");
    }
    renewal_init(&d.seals, p, ask_for_seals, &d);
    seal_ring_unref(d.task->first_seals); /* or a key would stay in memory after its file is destroyed */
    e = control_server_run(server, d.task->stop_fd, on_tick, &d);
    if (e)
        fatal("control.stopped", e, "the control socket is broken");
    renewal_close(&d.seals);
    control_server_close(&server);
    channel_close(&d.core);
    channel_close(&d.replies);
    return NULL;
}
