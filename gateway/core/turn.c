#include "core/turn.h"

#include <string.h>

#include "base/clock.h"
#include "cases/cases.h"
#include "core/due.h"
#include "core/outbox.h"
#include "tables/event_key.h"

bool turn_is_fault(sluis_err e)
{
    return e == SLUIS_NOMEM || e == SLUIS_IO || e == SLUIS_CORRUPT || e == SLUIS_NO_SPACE ||
           e == SLUIS_FULL || e == SLUIS_INTERNAL;
}

uint64_t turn_written(const turn *t)
{
    return store_changes(t->t) + t->due_count;
}

datum_use turn_use(const turn *t, const uint8_t case_id[static ID_LEN], const Sluis__CaseRow *row,
                   const char *app)
{
    return (datum_use){.case_id = case_id,
                       .row = row,
                       .dir = t->dir,
                       .own = &t->p->settings->oin,
                       .application = app,
                       .now = t->now};
}

buffer *turn_scratch(turn *t)
{
    if (!t->scratch.max)
        buffer_init(&t->scratch, ROW_MAX);
    buffer_clear(&t->scratch);
    return &t->scratch;
}

/* What says by which rules, keys and parties an entry was judged is needed as long as the journal is. */
static const char *retention_of(Sluis__RecordType type)
{
    switch (type) {
    case SLUIS__RECORD_TYPE__R_PARTY:
    case SLUIS__RECORD_TYPE__R_RULES:
    case SLUIS__RECORD_TYPE__R_FORGOTTEN:
    case SLUIS__RECORD_TYPE__R_IMPORT:
        return RETENTION_MANAGEMENT;
    default:
        return RETENTION_TRAFFIC;
    }
}

sluis_err turn_journal(turn *t, Sluis__Record *r)
{
    const char *retention = retention_of(r->type);
    uint32_t days = rules_retention_days(t->rules, retention);
    uint32_t keep = days == KEEP_ALWAYS ? KEEP_ALWAYS : clock_day(t->now) + days;
    r->when = t->now;
    r->rules_hash.data = (uint8_t *)(uintptr_t)rules_hash(t->rules); /* protobuf-c knows no const */
    r->rules_hash.len = HASH_LEN;
    r->directory_version = directory_version(t->dir);
    sluis_err e =
        journal_append(t->journal, t->t, r, rules_journal_class(t->rules, retention), keep, &t->entry);
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
    if (j->evidence.n && !j->why.code) { /* its recipient brought it back after a restore */
        out->from = c->sender;
        out->detail = (char *)(uintptr_t) "restored";
    }
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
    uint8_t key[EVENT_KEY_LEN];
    uint64_t size = journal_size(t->journal);
    t->last.event = event_number_next(t->last.event, size ? size - 1 : 0);
    event_key(key, t->last.event);
    return rows_put(t->t, t->p->rows, TABLE_EVENT, BYTES_OF(key), &row.base);
}

void turn_note_news(turn *t, const oin *to)
{
    size_t i = 0;
    while (i < t->news_count && i < TURN_NEWS && !oin_equal(&t->news[i], to))
        i++;
    if (i < TURN_NEWS)
        t->news[i] = *to;
    if (i >= t->news_count && t->news_count <= TURN_NEWS)
        t->news_count++;
}

sluis_err turn_request_event(turn *t, const uint8_t transaction[static UUID_LEN],
                             const Sluis__RequestRow *row, const char *type, const char *detail)
{
    Sluis__Record about = SLUIS__RECORD__INIT;
    about.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    about.case_id = row->case_id;
    about.application = row->application;
    about.to = row->party;
    return turn_event(t, type, &about, detail);
}

/* The oldest dead letter, when its time is over; false otherwise. */
static bool first_dead_over(turn *t, uint8_t key[static 8 + 8])
{
    store_cursor *c = NULL;
    bytes k, v;
    bool over = false;
    if (store_cursor_open(t->t, TABLE_DEAD, ROW_EMPTY, ROW_EMPTY, &c) == SLUIS_OK) {
        over = store_cursor_next(c, &k, &v) == SLUIS_OK && k.n == 8 + 8 && get_u64(k.p) <= t->now;
        if (over)
            memcpy(key, k.p, 8 + 8);
    }
    store_cursor_close(&c);
    return over;
}

sluis_err turn_expire(turn *t, unsigned limit)
{
    uint8_t dead[8 + 8];
    sluis_err e = due_step(t, limit);
    for (unsigned i = 0; !e && i < limit && first_dead_over(t, dead); i++)
        e = store_delete(t->t, TABLE_DEAD, BYTES_OF(dead));
    return e;
}

static void key_dedup(uint8_t out[static OIN_LEN + UUID_LEN], const Sluis__Core *c)
{
    memcpy(out, c->message_id.data, UUID_LEN);
    memcpy(out + UUID_LEN, c->sender, OIN_LEN);
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
    uint8_t key[OIN_LEN + UUID_LEN], due[OIN_LEN + UUID_LEN];
    key_dedup(key, j->env->core);
    Sluis__DedupRow row = SLUIS__DEDUP_ROW__INIT;
    row.message_hash = (ProtobufCBinaryData){HASH_LEN, j->env->mh};
    row.expires = j->env->core->expires;
    row.journal_index = t->entry.index;
    sluis_err e = rows_put(t->t, t->p->rows, TABLE_DEDUP, BYTES_OF(key), &row.base);
    memcpy(due, key + UUID_LEN, OIN_LEN);
    memcpy(due + OIN_LEN, key, UUID_LEN);
    if (!e)
        e = due_add(t, DUE_MESSAGE, row.expires, BYTES_OF(due));
    return e;
}

sluis_err turn_dedup_forget(turn *t, const uint8_t due[static OIN_LEN + UUID_LEN])
{
    uint8_t key[OIN_LEN + UUID_LEN];
    memcpy(key, due + OIN_LEN, UUID_LEN);
    memcpy(key + UUID_LEN, due, OIN_LEN);
    return store_delete(t->t, TABLE_DEDUP, BYTES_OF(key));
}

sluis_err turn_request_load(turn *t, const uint8_t transaction[static UUID_LEN], Sluis__RequestRow **out,
                            subject *s)
{
    bytes key = BYTES(transaction, UUID_LEN), sealed;
    ProtobufCMessage *m = NULL;
    subject owner = {0};
    sluis_err e = store_get(t->t, TABLE_REQUEST, key, &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_REQUEST, key, sealed, t->arena,
                     &sluis__request_row__descriptor, &m, &owner);
    *out = (Sluis__RequestRow *)m;
    if (e)
        return e;
    /* who that is now: of a person who was merged the row may not have moved yet */
    (*out)->sid = (ProtobufCBinaryData){ID_LEN, arena_copy(t->arena, owner.sid.b, ID_LEN)};
    if (s)
        *s = owner;
    else
        subject_close(&owner);
    return (*out)->sid.data ? SLUIS_OK : SLUIS_NOMEM;
}

sluis_err turn_put_sealed(turn *t, const subject *s, gateway_table table, bytes key,
                          const ProtobufCMessage *m)
{
    buffer *b = turn_scratch(t);
    sluis_err e = row_seal(b, s, table, key, m);
    return e ? e : store_put(t->t, table, key, buffer_bytes(b));
}

sluis_err turn_request_save(turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row,
                            const subject *s)
{
    Sluis__RequestRow saved = *row;
    saved.changed = ++t->last.save;
    return turn_put_sealed(t, s, TABLE_REQUEST, BYTES(transaction, UUID_LEN), &saved.base);
}

sluis_err turn_request_file(turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row,
                            const subject *s)
{
    uint8_t key[NAME_MAX_LEN + 1 + UUID_LEN];
    const size_t n = strlen(row->application) + 1;
    Sluis__RequestRow filed = *row;
    memcpy(key, row->application, n);
    memcpy(key + n, transaction, UUID_LEN);
    filed.filed = t->last.save + 1;
    sluis_err e = turn_request_save(t, transaction, &filed, s);
    return e ? e : rows_put_bytes(t->t, t->p->rows, TABLE_APPINDEX, BYTES(key, n + UUID_LEN), ROW_EMPTY);
}

void turn_dossier_entry(const turn *t, const uint8_t *case_id, const char *motivation, Sluis__DossierRow *out)
{
    sluis__dossier_row__init(out);
    out->record = (ProtobufCBinaryData){t->entry.record_len, t->entry.record};
    out->salt.len = SALT_LEN;
    out->salt.data = (uint8_t *)(uintptr_t)t->entry.salt;
    out->motivation = (char *)(uintptr_t)(motivation ? motivation : "");
    out->journal_index = t->entry.index;
    out->case_id = (ProtobufCBinaryData){case_id ? ID_LEN : 0, (uint8_t *)(uintptr_t)case_id};
}

sluis_err turn_dossier(turn *t, const subject *s, const uint8_t *case_id, const char *motivation,
                       Sluis__ResultRow **results, size_t n)
{
    Sluis__DossierRow row;
    turn_dossier_entry(t, case_id, motivation, &row);
    row.results = results;
    row.n_results = n;
    uint8_t key[ID_LEN + 8];
    memcpy(key, s->sid.b, ID_LEN);
    put_u64(key + ID_LEN, t->entry.index);
    return turn_put_sealed(t, s, TABLE_DOSSIER, BYTES_OF(key), &row.base);
}

sluis_err turn_finish(turn *t)
{
    sluis_err e = due_write(t);
    if (!e)
        e = outbox_finish(t);
    return e ? e : sequences_write(t->t, t->p->rows, &t->last);
}

void turn_close(turn *t)
{
    due_free(t);
    buffer_close(&t->scratch);
    arena_free(&t->arena);
}
