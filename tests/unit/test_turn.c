/* What core's handlers share: duplicates, the outbox and its expiry, sequences, journal and dossier, over the
 * memory engine, and over LMDB where pages are counted; and two enrolments in one turn. */
#include "kit_parts.h"

#include "core/handlers.h"
#include "wire/messages.h"

#define MiB (1u << 20)

typedef struct {
    house h;
    draft d;
    parcel parcel;
} room;

static int setup_on(void **state, engine e)
{
    room *r = calloc(1, sizeof(*r));
    house_open_on(&r->h, e);
    draft_init(&r->d);
    parcel_init(&r->parcel);
    *state = r;
    return 0;
}

static int setup(void **state)
{
    return setup_on(state, ENGINE_MEMORY);
}

static int setup_lmdb(void **state)
{
    return setup_on(state, ENGINE_LMDB);
}

static int teardown(void **state)
{
    room *r = *state;
    parcel_close(&r->parcel);
    house_close(&r->h);
    free(r);
    return 0;
}

/* A submission by the school of the draft as it stands. */
static job *submission(room *r, const char *text)
{
    seal_to to = to_actor(&r->h.gem);
    parcel_seal(&r->parcel, &r->d, &r->h.school, &to, 1, text);
    parcel_sign(&r->parcel, &r->h.school);
    job *j = job_new(JOB_SUBMIT, buffer_bytes(&r->parcel.out));
    assert_non_null(j);
    j->env = decode_ok(buffer_bytes(&r->parcel.out));
    j->user = r->h.school.oin;
    return j;
}

static void journal_message(turn *t, const job *j)
{
    Sluis__Record rec;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &rec);
    rec.decision = TEXT("permit");
    assert_int_equal(turn_journal(t, &rec), SLUIS_OK);
    assert_true(t->has_entry);
}

static uint64_t count(turn *t, gateway_table table)
{
    uint64_t n = 0;
    assert_int_equal(store_count(t->t, table, &n), SLUIS_OK);
    return n;
}

/* ---- duplicates ---- */

static void duplicates_and_conflicts(void **state)
{
    room *r = *state;
    job *first = submission(r, "one"), *again = submission(r, "two"); /* the same id, other bytes */
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(turn_dedup_check(&t, first), SLUIS_OK);
    journal_message(&t, first);
    uint64_t index = t.entry.index;
    assert_int_equal(turn_dedup_remember(&t, first), SLUIS_OK);
    assert_int_equal(turn_dedup_check(&t, first), SLUIS_DUPLICATE); /* within the same turn */
    house_commit(&r->h, &t);

    t = house_begin(&r->h, T0 + 1, MiB);
    assert_int_equal(turn_dedup_check(&t, first), SLUIS_DUPLICATE);
    assert_int_equal(t.duplicate_of, index);
    assert_int_equal(turn_dedup_check(&t, again), SLUIS_CONFLICT);
    r->d.message_id = uuid_new(T0);
    job *other = submission(r, "one");
    assert_int_equal(turn_dedup_check(&t, other), SLUIS_OK);
    house_abort(&r->h, &t);
    job_free(&first);
    job_free(&again);
    job_free(&other);
}

/* Remembered to the last millisecond of its life, and no longer. */
static void forgotten_at_expiry(void **state)
{
    room *r = *state;
    job *j = submission(r, "one");
    turn t = house_begin(&r->h, T0, MiB);
    journal_message(&t, j);
    assert_int_equal(turn_dedup_remember(&t, j), SLUIS_OK);
    house_commit(&r->h, &t);

    t = house_begin(&r->h, r->d.core.expires - 1, MiB);
    assert_int_equal(turn_expire(&t, 100), SLUIS_OK);
    assert_int_equal(turn_dedup_check(&t, j), SLUIS_DUPLICATE);
    house_commit(&r->h, &t);
    t = house_begin(&r->h, r->d.core.expires, MiB);
    assert_int_equal(turn_expire(&t, 100), SLUIS_OK);
    assert_int_equal(turn_dedup_check(&t, j), SLUIS_OK);
    assert_int_equal(count(&t, TABLE_DEDUP), 0);
    assert_int_equal(count(&t, TABLE_DUE), 0);
    house_commit(&r->h, &t);
    job_free(&j);
}

/* A changed row is an error, never an answer about a message. */
static void a_flipped_row_is_found(void **state)
{
    room *r = *state;
    size_t n = 0;
    job *j = submission(r, "one");
    turn t = house_begin(&r->h, T0, MiB);
    journal_message(&t, j);
    assert_int_equal(turn_dedup_remember(&t, j), SLUIS_OK);
    house_commit(&r->h, &t);
    row_copy *rows = fixture_rows(&r->h.x, TABLE_DEDUP, &n);
    assert_int_equal(n, 1);
    rows[0].value[3] ^= 1;
    fixture_put(&r->h.x, TABLE_DEDUP, &rows[0]);
    fixture_rows_free(rows, n);
    t = house_begin(&r->h, T0, MiB);
    assert_int_equal(turn_dedup_check(&t, j), SLUIS_CORRUPT);
    house_abort(&r->h, &t);
    job_free(&j);
}

/* ---- the outbox ---- */

/* Its envelope, decoded; NULL when there is no such row. */
static envelope *outbox_row(room *r, turn *t, const oin *to, uint64_t seq, uint64_t *index)
{
    uint8_t key[OIN_LEN + 8];
    bytes v;
    envelope *e = NULL;
    memcpy(key, to->s, OIN_LEN);
    put_u64(key + OIN_LEN, seq);
    if (rows_get_bytes(t->t, r->h.p.rows, TABLE_OUTBOX, BYTES_OF(key), &v))
        return NULL;
    *index = get_u64(v.p);
    assert_int_equal(envelope_decode(&e, BYTES(v.p + 8, v.n - 8), ENVELOPE_MAX, NULL), SLUIS_OK);
    return e;
}

static bool in_outbox(room *r, turn *t, const oin *to, uint64_t seq)
{
    uint64_t index;
    envelope *e = outbox_row(r, t, to, seq, &index);
    bool there = e != NULL;
    envelope_free(&e);
    return there;
}

static void deliver_and_done(void **state)
{
    room *r = *state;
    job *j = submission(r, "one");
    turn t = house_begin(&r->h, T0, MiB);
    journal_message(&t, j);
    assert_int_equal(turn_deliver(&t, j, &r->h.gem.oin), SLUIS_OK);
    assert_int_equal(turn_deliver(&t, j, &r->h.school.oin), SLUIS_OK);
    assert_int_equal(j->to_count, 2);
    assert_string_equal(j->to[0].to.s, OIN_GEM);
    assert_int_equal(j->to[0].seq, 1); /* the bus fetches from 1 on */
    assert_int_equal(j->to[1].seq, 2);
    assert_int_equal(METRIC_GET(&r->h.metrics, outbox_queued), 2);

    uint64_t index = 0;
    envelope *row = outbox_row(r, &t, &r->h.gem.oin, j->to[0].seq, &index);
    assert_non_null(row);
    assert_true(bytes_equal(row->raw, j->env->raw));
    assert_int_equal(index, t.entry.index);
    envelope_free(&row);
    assert_false(in_outbox(r, &t, &r->h.gem.oin, j->to[1].seq)); /* each party sees its own */

    assert_int_equal(turn_delivered(&t, &r->h.gem.oin, j->to[0].seq), SLUIS_OK);
    assert_int_equal(turn_delivered(&t, &r->h.gem.oin, j->to[0].seq), SLUIS_OK); /* said twice */
    assert_int_equal(turn_delivered(&t, &r->h.gem.oin, 999), SLUIS_OK);
    assert_int_equal(turn_delivered(&t, &r->h.gem.oin, j->to[1].seq), SLUIS_OK); /* another's: not touched */
    assert_int_equal(METRIC_GET(&r->h.metrics, outbox_done), 1);
    assert_int_equal(count(&t, TABLE_OUTBOX), 1);
    house_commit(&r->h, &t);
    job_free(&j);
}

static bool has_entry_of(room *r, const uint8_t *transaction, Sluis__RecordType type, const char *decision)
{
    uint64_t index[16];
    size_t n = 0;
    bool found = false;
    store_txn *t = fixture_read(&r->h.x);
    arena *a = arena_new(MiB);
    assert_int_equal(journal_trace(t, transaction, index, 16, &n), SLUIS_OK);
    for (size_t i = 0; i < n; i++) {
        Sluis__Record *rec = NULL;
        uint8_t salt[SALT_LEN];
        bytes raw;
        assert_int_equal(journal_read_record(t, r->h.x.slots, index[i], a, &rec, salt, &raw), SLUIS_OK);
        found = found || (rec->type == type && strcmp(rec->decision, decision) == 0);
    }
    arena_free(&a);
    store_abort(&t);
    return found;
}

static void expiry_is_journalled(void **state)
{
    room *r = *state;
    job *j = submission(r, "one");
    turn t = house_begin(&r->h, T0, MiB);
    journal_message(&t, j);
    assert_int_equal(turn_deliver(&t, j, &r->h.gem.oin), SLUIS_OK);
    house_commit(&r->h, &t);

    t = house_begin(&r->h, r->d.core.expires - 1, MiB);
    assert_int_equal(turn_expire(&t, 100), SLUIS_OK);
    assert_int_equal(count(&t, TABLE_OUTBOX), 1);
    house_commit(&r->h, &t);
    assert_false(has_entry_of(r, r->d.transaction.b, SLUIS__RECORD_TYPE__R_RETURNED, "expired"));

    t = house_begin(&r->h, r->d.core.expires, MiB);
    assert_int_equal(turn_expire(&t, 100), SLUIS_OK);
    assert_int_equal(count(&t, TABLE_OUTBOX), 0);
    assert_int_equal(count(&t, TABLE_DUE), 0);
    assert_int_equal(count(&t, TABLE_EVENT), 1);
    house_commit(&r->h, &t);
    assert_true(has_entry_of(r, r->d.transaction.b, SLUIS__RECORD_TYPE__R_RETURNED, "expired"));
    assert_int_equal(METRIC_GET(&r->h.metrics, outbox_expired), 1);
    assert_int_equal(METRIC_GET(&r->h.metrics, outbox_done), 0); /* expired is not done */
    job_free(&j);
}

static void expiry_goes_in_steps(void **state)
{
    room *r = *state;
    job *j = submission(r, "one");
    turn t = house_begin(&r->h, T0, MiB);
    journal_message(&t, j);
    for (int i = 0; i < 110; i++) { /* three rows of DUE: 48, 48 and 15 */
        assert_int_equal(turn_deliver(&t, j, &r->h.gem.oin), SLUIS_OK);
        j->to_count = 0;
    }
    assert_int_equal(turn_deliver(&t, j, &r->h.school.oin), SLUIS_OK);
    house_commit(&r->h, &t);
    for (uint64_t left = 111; left; left = left > 48 ? left - 48 : 0) {
        t = house_begin(&r->h, r->d.core.expires + 999, MiB);
        assert_int_equal(count(&t, TABLE_OUTBOX), left);
        assert_int_equal(turn_expire(&t, 4), SLUIS_OK);
        house_commit(&r->h, &t);
    }
    job_free(&j);
}

/* However large the expired messages are together: a step that did not fit in memory would fail for ever. */
static void expiry_of_large_messages(void **state)
{
    room *r = *state;
    char *text = calloc(1, 200001);
    memset(text, 'x', 200000);
    job *j = submission(r, text);
    free(text);
    turn t = house_begin(&r->h, T0, MiB);
    journal_message(&t, j);
    for (int i = 0; i < 10; i++)
        assert_int_equal(turn_deliver(&t, j, &r->h.gem.oin), SLUIS_OK);
    house_commit(&r->h, &t);
    t = house_begin(&r->h, r->d.core.expires, MiB);
    assert_int_equal(turn_expire(&t, 100), SLUIS_OK);
    assert_int_equal(count(&t, TABLE_OUTBOX), 0);
    house_commit(&r->h, &t);
    job_free(&j);
}

/* A turn of many confirmations of large messages. */
static void done_of_large_messages(void **state)
{
    room *r = *state;
    char *text = calloc(1, 200001);
    memset(text, 'x', 200000);
    job *j = submission(r, text);
    free(text);
    turn t = house_begin(&r->h, T0, MiB);
    journal_message(&t, j);
    for (int i = 0; i < 10; i++)
        assert_int_equal(turn_deliver(&t, j, &r->h.gem.oin), SLUIS_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(turn_delivered(&t, &r->h.gem.oin, j->to[i].seq), SLUIS_OK);
    house_commit(&r->h, &t);
    t = house_begin(&r->h, T0, MiB);
    assert_int_equal(count(&t, TABLE_OUTBOX), 0);
    house_commit(&r->h, &t);
    job_free(&j);
}

/* Two messages of 1.8 KB share a page of the store; nothing but messages is left when the turn is over. */
static void queued_messages_share_pages(void **state)
{
    room *r = *state;
    char *text = calloc(1, 1001);
    memset(text, 'x', 1000);
    job *j = submission(r, text);
    free(text);
    assert_in_range(j->raw_len, 1500, 1950);
    store_health before, after;
    assert_int_equal(store_health_get(r->h.p.store, &before), SLUIS_OK);
    turn t = house_begin(&r->h, T0, MiB);
    journal_message(&t, j);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(turn_deliver(&t, j, i % 2 ? &r->h.gem.oin : &r->h.school.oin), SLUIS_OK);
        j->to_count = 0;
    }
    house_commit(&r->h, &t);
    assert_int_equal(store_health_get(r->h.p.store, &after), SLUIS_OK);
    assert_true(after.used_bytes - before.used_bytes < 130 * 4096);
    t = house_begin(&r->h, T0, MiB);
    assert_int_equal(count(&t, TABLE_OUTBOX), 200);
    house_commit(&r->h, &t);
    job_free(&j);
}

/* ---- what does not arrive ---- */

static Sluis__DeadLetterRow *dead_letter(room *r, turn *t)
{
    store_cursor *c = NULL;
    bytes key, value;
    ProtobufCMessage *m = NULL;
    assert_int_equal(store_cursor_open(t->t, TABLE_DEAD, ROW_EMPTY, ROW_EMPTY, &c), SLUIS_OK);
    if (store_cursor_next(c, &key, &value) == SLUIS_OK)
        assert_int_equal(
            rows_open(r->h.p.rows, TABLE_DEAD, key, value, t->arena, &sluis__dead_letter_row__descriptor, &m),
            SLUIS_OK);
    store_cursor_close(&c);
    return (Sluis__DeadLetterRow *)m;
}

/* A message of the school to the municipality that waits there as outbox row 1; two more of it behind. */
static void three_wait(room *r, job *j, uint64_t now)
{
    turn t = house_begin(&r->h, now, MiB);
    journal_message(&t, j);
    for (int i = 0; i < 3; i++)
        assert_int_equal(turn_deliver(&t, j, &r->h.gem.oin), SLUIS_OK);
    house_commit(&r->h, &t);
}

/* Only the oldest row counts its attempts, and only when it was sent. */
static void attempts_are_capped(void **state)
{
    room *r = *state;
    uint64_t now = HOUSE_MS; /* the parties' keys are valid from now on */
    r->d.core.kind = SLUIS__KIND__MEETING_REPORT;
    r->d.core.expires = now + 40 * DAY_MS;
    job *j = submission(r, "one");
    three_wait(r, j, now);
    turn t = house_begin(&r->h, now, MiB);
    assert_int_equal(turn_missed(&t, &r->h.gem.oin, 0), SLUIS_OK);    /* nothing was sent */
    assert_int_equal(turn_missed(&t, &r->h.school.oin, 9), SLUIS_OK); /* nothing waits */
    assert_int_equal(count(&t, TABLE_ATTEMPT), 0);
    assert_int_equal(turn_missed(&t, &r->h.gem.oin, 3), SLUIS_OK);
    assert_int_equal(turn_missed(&t, &r->h.gem.oin, 3), SLUIS_OK);
    assert_int_equal(count(&t, TABLE_ATTEMPT), 1);
    assert_int_equal(count(&t, TABLE_OUTBOX), 3);
    assert_int_equal(t.news_count, 0);
    house_commit(&r->h, &t);

    t = house_begin(&r->h, now, MiB);
    assert_int_equal(turn_missed(&t, &r->h.gem.oin, 3), SLUIS_OK); /* the third: attempts_max */
    assert_false(in_outbox(r, &t, &r->h.gem.oin, 1));
    assert_true(in_outbox(r, &t, &r->h.gem.oin, 2));
    assert_int_equal(count(&t, TABLE_ATTEMPT), 0);
    const Sluis__DeadLetterRow *d = dead_letter(r, &t);
    assert_non_null(d);
    assert_string_equal(d->code, "undeliverable");
    assert_string_equal(d->from, OIN_SCHL);
    assert_string_equal(d->to, OIN_GEM);
    assert_int_equal(d->attempts, 3);
    assert_int_equal(d->when, now);
    assert_true(d->returned);
    assert_memory_equal(d->message_hash.data, j->env->mh, HASH_LEN);
    /* On its way back to the school, which the bus is told of. */
    uint64_t index = 0;
    envelope *back = outbox_row(r, &t, &r->h.school.oin, 4, &index);
    assert_non_null(back);
    assert_int_equal(back->core->kind, SLUIS__KIND__RETURNED);
    assert_string_equal(back->sender.s, OIN_GEM);
    assert_int_equal(index, d->journal_index);
    envelope_free(&back);
    assert_int_equal(t.news_count, 1);
    assert_string_equal(t.news[0].s, OIN_SCHL);
    house_commit(&r->h, &t);
    assert_true(has_entry_of(r, r->d.transaction.b, SLUIS__RECORD_TYPE__R_RETURNED, "undeliverable"));
    assert_int_equal(METRIC_GET(&r->h.metrics, outbox_returned), 1);

    /* No return of a return; and a dead letter is listed for 30 days. */
    t = house_begin(&r->h, now, MiB);
    assert_int_equal(turn_refused(&t, &r->h.school.oin, 4, SLUIS_BAD_SEAL), SLUIS_OK);
    assert_int_equal(turn_refused(&t, &r->h.school.oin, 4, SLUIS_BAD_SEAL), SLUIS_OK); /* said twice */
    assert_false(in_outbox(r, &t, &r->h.school.oin, 4));
    assert_int_equal(count(&t, TABLE_OUTBOX), 2);
    assert_int_equal(count(&t, TABLE_DEAD), 2);
    house_commit(&r->h, &t);
    t = house_begin(&r->h, now + 30 * DAY_MS - 1, MiB);
    assert_int_equal(turn_expire(&t, 1), SLUIS_OK);
    assert_int_equal(count(&t, TABLE_DEAD), 2);
    house_abort(&r->h, &t);
    t = house_begin(&r->h, now + 30 * DAY_MS, MiB);
    assert_int_equal(turn_expire(&t, 2), SLUIS_OK);
    assert_int_equal(count(&t, TABLE_DEAD), 0);
    house_commit(&r->h, &t);
    job_free(&j);
}

/* A request that the gateway filed for an application: no message comes back, its state says it. */
static void a_returned_request_says_why(void **state)
{
    room *r = *state;
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT, *now = NULL;
    seal_to to = to_actor(&r->h.school);
    parcel_seal(&r->parcel, &r->d, &r->h.gem, &to, 1, "one");
    parcel_sign(&r->parcel, &r->h.gem);
    job *j = job_new(JOB_SUBMIT, buffer_bytes(&r->parcel.out));
    j->env = decode_ok(buffer_bytes(&r->parcel.out));
    j->user = r->h.gem.oin;
    turn t = house_begin(&r->h, T0, MiB);
    subject s = house_subject(&r->h, t.t, r->h.person);
    row.sid = data_of(s.sid.b, ID_LEN);
    row.state = TEXT("open");
    row.case_id = data_of(r->d.case_id.b, ID_LEN);
    row.message_hash = data_of(j->env->mh, HASH_LEN);
    journal_message(&t, j);
    assert_int_equal(turn_request_save(&t, r->d.transaction.b, &row, &s), SLUIS_OK);
    assert_int_equal(turn_deliver(&t, j, &r->h.school.oin), SLUIS_OK);
    house_commit(&r->h, &t);

    t = house_begin(&r->h, T0, MiB);
    assert_int_equal(turn_refused(&t, &r->h.school.oin, 1, SLUIS_BAD_SEAL), SLUIS_OK);
    assert_int_equal(count(&t, TABLE_OUTBOX), 0);
    assert_int_equal(turn_request_load(&t, r->d.transaction.b, &now, NULL), SLUIS_OK);
    assert_string_equal(now->state, "returned");
    assert_string_equal(now->reason, "bad-seal");
    assert_false(dead_letter(r, &t)->returned);
    assert_int_equal(t.news_count, 0);
    house_commit(&r->h, &t);
    assert_true(has_entry_of(r, r->d.transaction.b, SLUIS__RECORD_TYPE__R_RETURNED, "bad-seal"));
    subject_close(&s);
    job_free(&j);
}

/* ---- sequences ---- */

static void sequences_go_on(void **state)
{
    room *r = *state;
    Sluis__Record about = SLUIS__RECORD__INIT;
    job *j = submission(r, "one");
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(t.last.outbox, 0);
    journal_message(&t, j);
    assert_int_equal(turn_deliver(&t, j, &r->h.gem.oin), SLUIS_OK);
    assert_int_equal(turn_event(&t, "one", &about, NULL), SLUIS_OK);
    assert_int_equal(turn_event(&t, "two", &about, "detail"), SLUIS_OK);
    house_commit(&r->h, &t);

    t = house_begin(&r->h, T0, MiB); /* as after a restart: from the store */
    assert_int_equal(t.last.outbox, 1);
    assert_int_equal(t.last.event, 1 * 256 + 17); /* behind entry 1: the second of it (tables/event_key.h) */
    assert_int_equal(turn_event(&t, "three", &about, NULL), SLUIS_OK);
    house_abort(&r->h, &t);
    t = house_begin(&r->h, T0, MiB);
    assert_int_equal(t.last.event, 1 * 256 + 17);
    assert_int_equal(count(&t, TABLE_EVENT), 2);
    /* Before requests were numbered the row was shorter; a row of another length is not guessed at. */
    const uint8_t before[16] = {[7] = 3, [15] = 4};
    assert_int_equal(rows_put_bytes(t.t, r->h.p.rows, TABLE_META, bytes_str("sequences"), BYTES_OF(before)),
                     SLUIS_OK);
    t.last.save = 9;
    assert_int_equal(sequences_load(t.t, r->h.p.rows, &t.last), SLUIS_OK);
    assert_true(t.last.outbox == 3 && t.last.event == 4 && t.last.save == 0);
    assert_int_equal(
        rows_put_bytes(t.t, r->h.p.rows, TABLE_META, bytes_str("sequences"), bytes_str("0123456789")),
        SLUIS_OK);
    assert_int_equal(sequences_load(t.t, r->h.p.rows, &t.last), SLUIS_CORRUPT);
    house_abort(&r->h, &t);
    job_free(&j);
}

/* ---- journal, request, dossier ---- */

static void record_of_a_message(void **state)
{
    room *r = *state;
    Sluis__Record rec;
    job *j = submission(r, "one");
    turn t = house_begin(&r->h, T0, MiB);
    turn_record_of(&t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &rec);
    assert_string_equal(rec.from, OIN_SCHL);
    assert_string_equal(rec.to, ""); /* the registry alone: no party */
    assert_string_equal(rec.application, "wmo-suite");
    assert_string_equal(rec.legal_basis, "wams-5.4.1");
    assert_int_equal(rec.n_attributes, 3);
    assert_int_equal(rec.attributes[1], 300);
    assert_int_equal(rec.kind, SLUIS__KIND__REQUEST);
    assert_memory_equal(rec.message_hash.data, j->env->mh, HASH_LEN);
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(rec.when, T0);
    assert_memory_equal(rec.rules_hash.data, rules_hash(r->h.p.first_rules), HASH_LEN);
    assert_int_equal(rec.directory_version, directory_version(r->h.dir));
    assert_int_equal(rec.directory_version, 3); /* two parties, an agreement */
    /* Traffic data: class and days as the rules give them (config/rules/retention.conf). */
    assert_int_equal(t.entry.leaf[1], 6);
    assert_int_equal(get_u32(t.entry.leaf + 4),
                     clock_day(T0) + rules_retention_days(r->h.p.first_rules, "verkeersgegevens"));
    rec.type = SLUIS__RECORD_TYPE__R_PARTY; /* which keys held stays known as long as the journal */
    assert_int_equal(turn_journal(&t, &rec), SLUIS_OK);
    assert_int_equal(t.entry.leaf[1], 7);
    assert_int_equal(get_u32(t.entry.leaf + 4), 0xffffffff);
    house_abort(&r->h, &t);
    job_free(&j);

    job *bare = job_new(JOB_SUBMIT, (bytes){NULL, 0}); /* one that could not be read */
    bare->user = r->h.school.oin;
    t = house_begin(&r->h, T0, MiB);
    turn_record_of(&t, bare, SLUIS__RECORD_TYPE__R_REFUSAL, &rec);
    assert_string_equal(rec.from, OIN_SCHL);
    assert_int_equal(rec.kind, SLUIS__KIND__KIND_NONE);
    house_abort(&r->h, &t);
    job_free(&bare);
}

static void request_rows_are_sealed(void **state)
{
    room *r = *state;
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT, *back = NULL;
    uuid tx = uuid_new(T0), none = uuid_new(T0);
    turn t = house_begin(&r->h, T0, MiB);
    subject s = house_subject(&r->h, t.t, r->h.person);
    row.application = TEXT("wmo-intake");
    row.state = TEXT("open");
    row.sid = data_of(s.sid.b, ID_LEN);
    assert_int_equal(turn_request_save(&t, tx.b, &row, &s), SLUIS_OK);
    house_commit(&r->h, &t);

    t = house_begin(&r->h, T0, MiB);
    assert_int_equal(turn_request_load(&t, none.b, &back, NULL), SLUIS_NOT_FOUND);
    assert_int_equal(turn_request_load(&t, tx.b, &back, NULL), SLUIS_OK);
    assert_string_equal(back->application, "wmo-intake");
    bytes stored;
    assert_int_equal(store_get(t.t, TABLE_REQUEST, BYTES_OF(tx.b), &stored), SLUIS_OK);
    assert_null(memmem(stored.p, stored.n, "wmo-intake", 10));
    house_abort(&r->h, &t);
    subject_close(&s);
}

/* The subject's own copy proves the journal entry: its salt and record give the leaf's commitment. */
static void dossier_keeps_the_proof(void **state)
{
    room *r = *state;
    Sluis__ResultRow one = SLUIS__RESULT_ROW__INIT, *results[] = {&one};
    ProtobufCMessage *m = NULL;
    uint8_t key[ID_LEN + 8], old_leaf[LEAF_LEN], commitment[HASH_LEN];
    bytes sealed;
    job *j = submission(r, "one");
    turn t = house_begin(&r->h, T0, MiB);
    subject s = house_subject(&r->h, t.t, r->h.person);
    journal_message(&t, j);
    uint64_t index = t.entry.index;
    memcpy(old_leaf, t.entry.leaf, LEAF_LEN);
    one.attribute = 1005;
    one.outcome = SLUIS__OUTCOME__GIVEN;
    assert_int_equal(turn_dossier(&t, &s, r->d.case_id.b, "why", results, 1), SLUIS_OK);
    house_commit(&r->h, &t);

    t = house_begin(&r->h, T0, MiB);
    memcpy(key, s.sid.b, ID_LEN);
    put_u64(key + ID_LEN, index);
    assert_int_equal(store_get(t.t, TABLE_DOSSIER, BYTES_OF(key), &sealed), SLUIS_OK);
    assert_int_equal(row_open(r->h.p.registry, t.t, TABLE_DOSSIER, BYTES_OF(key), sealed, t.arena,
                              &sluis__dossier_row__descriptor, &m, NULL),
                     SLUIS_OK);
    const Sluis__DossierRow *row = (const Sluis__DossierRow *)m;
    assert_string_equal(row->motivation, "why");
    assert_int_equal(row->journal_index, index);
    assert_memory_equal(row->case_id.data, r->d.case_id.b, ID_LEN);
    assert_int_equal(row->n_results, 1);
    assert_int_equal(row->results[0]->attribute, 1005);
    assert_int_equal(row->salt.len, SALT_LEN);
    hash_one(commitment, "sluis1-record", row->salt.data, row->record.data, row->record.len);
    assert_memory_equal(commitment, old_leaf + 8, HASH_LEN);
    house_abort(&r->h, &t);
    subject_close(&s);
    job_free(&j);
}

/* ---- enrolment ---- */

static job *enrolment(const actor *a, const char *name)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    arena *mem = job_arena(j);
    Sluis__DirectoryKey *keys = arena_alloc(mem, 2 * sizeof(*keys)),
                        **list = arena_alloc(mem, 2 * sizeof(*list));
    uint8_t(*sig)[SIG_LEN] = arena_alloc(mem, 2 * SIG_LEN);
    j->entry = arena_alloc(mem, sizeof(*j->entry));
    house_entry(a, name, "ggd", j->entry, keys, list, sig);
    return j;
}

/* The second of a turn is refused: the first is in the directory all the same. */
static void a_refused_enrolment_undoes_no_other(void **state)
{
    room *r = *state;
    actor ggd;
    actor_init(&ggd, OIN_GGD, 7);
    job *first = enrolment(&ggd, "GGD"), *second = enrolment(&ggd, "GGD once more");
    turn t = house_begin(&r->h, T0, MiB);
    assert_int_equal(handle_party(&t, first, &first->why), SLUIS_OK);
    assert_non_null(t.new_dir);
    assert_non_null(directory_find(t.new_dir, &ggd.oin));
    assert_int_equal(handle_party(&t, second, &second->why), SLUIS_EXISTS);
    assert_int_equal(second->why.code, SLUIS_EXISTS);
    assert_non_null(t.new_dir);
    assert_string_equal(directory_find(t.new_dir, &ggd.oin)->name, "GGD");
    second->replace = true;
    assert_int_equal(handle_party(&t, second, &second->why), SLUIS_OK);
    assert_string_equal(directory_find(t.new_dir, &ggd.oin)->name, "GGD once more");
    assert_int_equal(directory_version(t.new_dir), 5);
    house_commit(&r->h, &t);
    job_free(&first);
    job_free(&second);
    actor_close(&ggd);
}

static void only_known_kinds_have_a_handler(void **state)
{
    (void)state;
    assert_ptr_equal(handler_of(SLUIS__KIND__REQUEST), handle_request);
    assert_ptr_equal(handler_of(SLUIS__KIND__RESPONSE), handle_response);
    assert_null(handler_of(SLUIS__KIND__KIND_NONE));
    assert_null(handler_of((Sluis__Kind)9999));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(duplicates_and_conflicts),
        TEST(forgotten_at_expiry),
        TEST(a_flipped_row_is_found),
        TEST(deliver_and_done),
        TEST(expiry_is_journalled),
        TEST(expiry_goes_in_steps),
        TEST(expiry_of_large_messages),
        TEST(done_of_large_messages),
        cmocka_unit_test_setup_teardown(queued_messages_share_pages, setup_lmdb, teardown),
        TEST(attempts_are_capped),
        TEST(a_returned_request_says_why),
        TEST(sequences_go_on),
        TEST(record_of_a_message),
        TEST(request_rows_are_sealed),
        TEST(dossier_keeps_the_proof),
        TEST(a_refused_enrolment_undoes_no_other),
        cmocka_unit_test(only_known_kinds_have_a_handler),
    };
    return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
