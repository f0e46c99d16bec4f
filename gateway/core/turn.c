#include "core/turn.h"

#include <string.h>

#include "base/clock.h"
#include "cases/cases.h"

#define CLASS_TRAFFIC     1
#define RETENTION_TRAFFIC "verkeersgegevens"

sluis_err turn_journal(turn *t, Sluis__Record *r)
{
    uint32_t days = rules_retention_days(t->p->rules, RETENTION_TRAFFIC);
    uint32_t keep = days == KEEP_ALWAYS ? KEEP_ALWAYS : clock_day(t->now) + days;
    r->when = t->now;
    r->rules_hash.data = (uint8_t *)(uintptr_t)rules_hash(t->p->rules); /* protobuf-c knows no const */
    r->rules_hash.len = HASH_LEN;
    r->directory_version = directory_version(t->dir);
    sluis_err e = journal_append(t->journal, t->t, r, CLASS_TRAFFIC, keep, &t->entry);
    t->has_entry = e == SLUIS_OK;
    return e;
}

void turn_record_of(const turn *t, const job *j, Sluis__RecordType type, Sluis__Record *out)
{
    (void)t;
    sluis__record__init(out);
    out->type = type;
    out->from = (char *)(uintptr_t)j->user.s;
    if (!j->env)
        return;
    const Sluis__Core *c = j->env->core;
    out->transaction = c->transaction;
    out->message_hash.data = j->env->mh;
    out->message_hash.len = HASH_LEN;
    out->kind = c->kind;
    for (size_t i = 0; i < c->n_recipients; i++)
        if (memcmp(c->recipients[i]->oin, t->p->settings->oin.s, OIN_LEN) != 0)
            out->to = c->recipients[i]->oin;
    out->application = c->application;
    out->function = c->function;
    out->employee = c->employee;
    out->origin = c->origin;
    out->case_id = c->case_id;
    out->phase = c->phase;
    out->legal_basis = c->legal_basis;
    out->purpose = c->purpose;
    out->n_attributes = c->n_attributes;
    out->attributes = c->attributes;
}

sluis_err turn_event(turn *t, const char *type, const Sluis__Record *about, const char *detail)
{
    Sluis__EventRow row = SLUIS__EVENT_ROW__INIT;
    row.type = (char *)(uintptr_t)type;
    row.when = t->now;
    row.transaction = about->transaction;
    row.case_id = about->case_id;
    row.application = about->application;
    row.party = about->to;
    row.detail = (char *)(uintptr_t)detail;
    uint8_t key[8];
    put_u64(key, ++t->event_seq);
    return rows_put(t->t, t->p->rows, TABLE_EVENT, BYTES_OF(key), &row.base);
}

sluis_err turn_close_request(turn *t, const uint8_t transaction[static UUID_LEN], request_state state,
                             sluis_err why)
{
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    id16 sid;
    sluis_err e = turn_request_load(t, transaction, &row);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e; /* its subject was forgotten */
    if (row->sid.len != ID_LEN)
        return SLUIS_CORRUPT;
    memcpy(sid.b, row->sid.data, ID_LEN);
    row->state = (char *)(uintptr_t)request_state_name(state);
    row->reason = (char *)(uintptr_t)error_token(why);
    Sluis__Record about = SLUIS__RECORD__INIT;
    about.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    about.case_id = row->case_id;
    about.application = row->application;
    about.to = row->party;
    e = registry_subject_by_sid(t->p->registry, t->t, &sid, &s);
    if (!e)
        e = turn_request_save(t, transaction, row, &s);
    if (!e)
        e = turn_event(t, state == REQUEST_RETURNED ? "request-returned" : "request-expired", &about,
                       error_token(why));
    subject_close(&s);
    return e;
}

/* What a message leaves behind when its time is over. BYHASH holds its hash only while it is a request that
 * waits. */
static sluis_err forget_message(turn *t, bytes key)
{
    uint8_t hash[HASH_LEN], transaction[UUID_LEN];
    ProtobufCMessage *m = NULL;
    bytes tx;
    sluis_err e = rows_get(t->t, t->p->rows, TABLE_DEDUP, key, t->arena, &sluis__dedup_row__descriptor, &m);
    const Sluis__DedupRow *row = (const Sluis__DedupRow *)m;
    if (!e && row->message_hash.len != HASH_LEN)
        e = SLUIS_CORRUPT;
    if (e)
        return e;
    memcpy(hash, row->message_hash.data, HASH_LEN);
    e = rows_get_bytes(t->t, t->p->rows, TABLE_BYHASH, BYTES_OF(hash), &tx);
    if (!e && tx.n != UUID_LEN)
        e = SLUIS_CORRUPT;
    if (!e) {
        memcpy(transaction, tx.p, UUID_LEN);
        e = turn_close_request(t, transaction, REQUEST_EXPIRED, SLUIS_EXPIRED);
        if (!e)
            e = store_delete(t->t, TABLE_BYHASH, BYTES_OF(hash));
    } else if (e == SLUIS_NOT_FOUND) {
        e = SLUIS_OK;
    }
    return e ? e : store_delete(t->t, TABLE_DEDUP, key);
}

/* The first key of a table that starts with a time, when that time is over; false otherwise. */
static bool first_over(turn *t, gateway_table table, uint8_t *key, size_t n)
{
    store_cursor *c = NULL;
    bytes k, v;
    bool over = false;
    if (store_cursor_open(t->t, table, ROW_EMPTY, ROW_EMPTY, &c) == SLUIS_OK) {
        over = store_cursor_next(c, &k, &v) == SLUIS_OK && k.n == n && get_u64(k.p) <= t->now;
        if (over)
            memcpy(key, k.p, n);
    }
    store_cursor_close(&c);
    return over;
}

sluis_err turn_expire(turn *t, unsigned limit)
{
    uint8_t exp[8 + OIN_LEN + 8], dup[8 + OIN_LEN + UUID_LEN], dead[8 + 8];
    sluis_err e = SLUIS_OK;
    for (unsigned i = 0; !e && i < limit && first_over(t, TABLE_EXPIRY, exp, sizeof(exp)); i++) {
        arena_reset(t->arena); /* rows as large as a frame: together they would not fit */
        e = turn_return(t, exp + 8, SLUIS_EXPIRED);
    }
    for (unsigned i = 0; !e && i < limit && first_over(t, TABLE_DEAD, dead, sizeof(dead)); i++)
        e = store_delete(t->t, TABLE_DEAD, BYTES_OF(dead));
    for (unsigned i = 0; !e && i < limit && first_over(t, TABLE_DEDUPEXP, dup, sizeof(dup)); i++) {
        arena_reset(t->arena);
        e = forget_message(t, BYTES(dup + 8, OIN_LEN + UUID_LEN));
        if (!e)
            e = store_delete(t->t, TABLE_DEDUPEXP, BYTES_OF(dup));
    }
    return e;
}

static void key_dedup(uint8_t out[static OIN_LEN + UUID_LEN], const Sluis__Core *c)
{
    memcpy(out, c->sender, OIN_LEN);
    memcpy(out + OIN_LEN, c->message_id.data, UUID_LEN);
}

sluis_err turn_dedup_check(turn *t, const job *j)
{
    uint8_t key[OIN_LEN + UUID_LEN];
    key_dedup(key, j->env->core);
    ProtobufCMessage *m = NULL;
    sluis_err e =
        rows_get(t->t, t->p->rows, TABLE_DEDUP, BYTES_OF(key), t->arena, &sluis__dedup_row__descriptor, &m);
    if (e == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (e)
        return e;
    Sluis__DedupRow *row = (Sluis__DedupRow *)m;
    t->duplicate_of = row->journal_index;
    bool same = bytes_equal(BYTES(row->message_hash.data, row->message_hash.len), BYTES_OF(j->env->mh));
    return same ? SLUIS_DUPLICATE : SLUIS_CONFLICT;
}

sluis_err turn_dedup_remember(turn *t, const job *j)
{
    uint8_t key[OIN_LEN + UUID_LEN], exp[8 + OIN_LEN + UUID_LEN];
    key_dedup(key, j->env->core);
    put_u64(exp, j->env->core->expires);
    memcpy(exp + 8, key, sizeof(key));
    Sluis__DedupRow row = SLUIS__DEDUP_ROW__INIT;
    row.message_hash = (ProtobufCBinaryData){HASH_LEN, j->env->mh};
    row.expires = j->env->core->expires;
    row.journal_index = t->entry.index;
    sluis_err e = rows_put(t->t, t->p->rows, TABLE_DEDUP, BYTES_OF(key), &row.base);
    if (!e)
        e = rows_put_bytes(t->t, t->p->rows, TABLE_DEDUPEXP, BYTES_OF(exp), ROW_EMPTY);
    return e;
}

sluis_err turn_request_load(turn *t, const uint8_t transaction[static UUID_LEN], Sluis__RequestRow **out)
{
    bytes key = BYTES(transaction, UUID_LEN), sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = store_get(t->t, TABLE_REQUEST, key, &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_REQUEST, key, sealed, t->arena,
                     &sluis__request_row__descriptor, &m);
    *out = (Sluis__RequestRow *)m;
    return e;
}

/* Seals a row under the subject's key, with its check, and stores it. */
static sluis_err put_sealed(turn *t, const subject *s, gateway_table table, bytes key,
                            const ProtobufCMessage *m)
{
    buffer b;
    buffer_init(&b, ROW_MAX);
    sluis_err e = row_seal(&b, s, table, key, m);
    if (!e)
        e = store_put(t->t, table, key, buffer_bytes(&b));
    buffer_close(&b);
    return e;
}

sluis_err turn_request_index(turn *t, const char *app, const uint8_t transaction[static UUID_LEN])
{
    uint8_t key[NAME_MAX_LEN + 1 + UUID_LEN];
    size_t n = strlen(app) + 1;
    memcpy(key, app, n);
    memcpy(key + n, transaction, UUID_LEN);
    return rows_put_bytes(t->t, t->p->rows, TABLE_APPINDEX, BYTES(key, n + UUID_LEN), ROW_EMPTY);
}

sluis_err turn_request_save(turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row,
                            const subject *s)
{
    return put_sealed(t, s, TABLE_REQUEST, BYTES(transaction, UUID_LEN), &row->base);
}

sluis_err turn_dossier(turn *t, const subject *s, const uint8_t *case_id, const char *motivation,
                       Sluis__ResultRow **results, size_t n)
{
    Sluis__DossierRow row = SLUIS__DOSSIER_ROW__INIT;
    row.record = (ProtobufCBinaryData){t->entry.record_len, t->entry.record};
    row.salt = (ProtobufCBinaryData){SALT_LEN, t->entry.salt};
    row.motivation = (char *)(uintptr_t)(motivation ? motivation : "");
    row.results = results;
    row.n_results = n;
    row.journal_index = t->entry.index;
    row.case_id = (ProtobufCBinaryData){case_id ? ID_LEN : 0, (uint8_t *)(uintptr_t)case_id};
    uint8_t key[ID_LEN + 8];
    memcpy(key, s->sid.b, ID_LEN);
    put_u64(key + ID_LEN, t->entry.index);
    return put_sealed(t, s, TABLE_DOSSIER, BYTES_OF(key), &row.base);
}

static const char sequences_name[] = "sequences"; /* META: outbox u64 | event u64 */

sluis_err turn_finish(turn *t)
{
    uint8_t v[16];
    put_u64(v, t->outbox_seq);
    put_u64(v + 8, t->event_seq);
    return rows_put_bytes(t->t, t->p->rows, TABLE_META, bytes_str(sequences_name), BYTES_OF(v));
}

sluis_err turn_load_sequences(turn *t)
{
    bytes v;
    sluis_err e = rows_get_bytes(t->t, t->p->rows, TABLE_META, bytes_str(sequences_name), &v);
    if (e == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (e)
        return e;
    cursor c = cursor_of(v);
    t->outbox_seq = cursor_u64(&c);
    t->event_seq = cursor_u64(&c);
    return cursor_end(&c) ? SLUIS_CORRUPT : SLUIS_OK;
}
