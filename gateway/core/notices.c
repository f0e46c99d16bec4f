#include "core/notices.h"

#include <string.h>

#include "core/due.h"
#include "registry/entries.h"

#define READERS_MAX 64 /* applications told of one correction */

/* id: of the request or the person it is about; readers from the entry after since on are told. */
static sluis_err begin(turn *t, due_kind kind, const uint8_t id[static UUID_LEN], uint64_t since)
{
    uint8_t key[NOTICE_KEY];
    memcpy(key, id, UUID_LEN);
    put_u64(key + UUID_LEN, t->entry.index);
    put_u64(key + UUID_LEN + 8, since + 1);
    return due_add(t, kind, t->now, BYTES_OF(key));
}

sluis_err notices_begin(turn *t, const uint8_t transaction[static UUID_LEN], uint64_t answer_index)
{
    return begin(t, DUE_NOTICE, transaction, answer_index);
}

static bool reads_any(const Sluis__Record *rec, const Sluis__CorrectionRow *c)
{
    if (rec->type != SLUIS__RECORD_TYPE__R_READ && rec->type != SLUIS__RECORD_TYPE__R_FROM_REGISTER)
        return false;
    for (size_t i = 0; i < rec->n_attributes; i++)
        for (size_t k = 0; k < c->n_attributes; k++)
            if (rec->attributes[i] == c->attributes[k])
                return true;
    return false;
}

static bool told(const Sluis__CorrectionRow *c, const Sluis__Record *rec)
{
    for (size_t i = 0; i < c->n_told; i++)
        if (strcmp(c->told[i]->application, rec->application) == 0 && strcmp(c->told[i]->oin, rec->from) == 0)
            return true;
    return false;
}

static sluis_err add_told(turn *t, Sluis__CorrectionRow *c, const Sluis__Record *rec)
{
    Sluis__ToldRow **all = arena_alloc(t->arena, (c->n_told + 1) * sizeof(*all));
    Sluis__ToldRow *x = arena_alloc(t->arena, sizeof(*x));
    if (!all || !x)
        return SLUIS_NOMEM;
    sluis__told_row__init(x);
    x->application = rec->application;
    x->oin = rec->from;
    if (c->n_told)
        memcpy(all, c->told, c->n_told * sizeof(*all));
    all[c->n_told++] = x;
    c->told = all;
    return SLUIS_OK;
}

/* What readers are told of. */
typedef struct {
    const uint8_t *transaction; /* of the request; NULL: it is about none */
    ProtobufCBinaryData case_id;
    const subject *s;
    Sluis__CorrectionRow *c;
} notice;

/* The entry, in the journal and the dossier, and the event that its application reads. */
static sluis_err tell(turn *t, const notice *n, const Sluis__Record *reader)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    Sluis__CorrectionRow *c = n->c;
    r.type = SLUIS__RECORD_TYPE__R_MESSAGE;
    r.kind = SLUIS__KIND__CORRECTION_NOTICE;
    if (n->transaction)
        r.transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)n->transaction};
    r.from = (char *)(uintptr_t)t->p->settings->oin.s;
    r.to = reader->from;
    r.application = reader->application;
    r.case_id = reader->case_id;
    r.subject = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)n->s->sid.b};
    r.attributes = c->attributes;
    r.n_attributes = c->n_attributes;
    r.decision = (char *)(uintptr_t) "permit";
    const ProtobufCBinaryData *in = reader->case_id.len == ID_LEN ? &reader->case_id : &n->case_id;
    sluis_err e = turn_journal(t, &r);
    if (!e)
        e = turn_dossier(t, n->s, in->len == ID_LEN ? in->data : NULL, c->reason, NULL, 0);
    if (!e)
        e = turn_event(t, "correction-notice", &r, NULL);
    return e ? e : add_told(t, c, reader);
}

/* Reads on from `from`, up to the correction's own entry; *next: where the following step begins, 0 = done.
 */
static sluis_err walk(turn *t, const notice *w, uint64_t from, uint64_t *next)
{
    const subject *s = w->s;
    Sluis__CorrectionRow *c = w->c;
    entry_walk all = {0};
    bytes key, sealed;
    arena *a = arena_new(4u << 20);
    Sluis__Record *readers[READERS_MAX];
    size_t n = 0;
    *next = 0;
    sluis_err e = a ? entries_open(&all, t->t, t->p->rows, TABLE_DOSSIER, &s->sid, from) : SLUIS_NOMEM;
    for (size_t seen = 0; !e && (e = entries_next(&all, &key, &sealed)) == SLUIS_OK; seen++) {
        ProtobufCMessage *m = NULL, *rec = NULL;
        if (get_u64(key.p + ID_LEN) >= c->journal_index)
            break;
        if (seen == NOTICE_STEP || n == READERS_MAX) {
            *next = get_u64(key.p + ID_LEN);
            break;
        }
        e = row_open(t->p->registry, t->t, TABLE_DOSSIER, key, sealed, a, &sluis__dossier_row__descriptor, &m,
                     NULL);
        if (!e)
            e = row_unpack(
                &rec, &sluis__record__descriptor, t->arena,
                BYTES(((Sluis__DossierRow *)m)->record.data, ((Sluis__DossierRow *)m)->record.len));
        if (!e && reads_any((Sluis__Record *)rec, c) && !told(c, (Sluis__Record *)rec))
            readers[n++] = (Sluis__Record *)rec;
        arena_reset(a);
    }
    entries_close(&all);
    e = e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    for (size_t i = 0; !e && i < n; i++) /* after the walk: they write in the table it went over */
        if (!told(c, readers[i]))
            e = tell(t, w, readers[i]);
    arena_free(&a);
    return e;
}

/* Another may have come before this one's notices went. */
static Sluis__CorrectionRow *correction_at(const Sluis__RequestRow *row, uint64_t journal_index)
{
    for (size_t i = 0; i < row->n_corrections; i++)
        if (row->corrections[i]->journal_index == journal_index)
            return row->corrections[i];
    return NULL;
}

sluis_err notices_step(turn *t, const uint8_t key[static NOTICE_KEY])
{
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    uint64_t next = 0;
    uint8_t again[NOTICE_KEY];
    memcpy(again, key, NOTICE_KEY);
    sluis_err e = turn_request_load(t, again, &row, &s);
    Sluis__CorrectionRow *c = e ? NULL : correction_at(row, get_u64(again + UUID_LEN));
    if (c) {
        const notice w = {.transaction = again, .case_id = row->case_id, .s = &s, .c = c};
        e = walk(t, &w, get_u64(again + UUID_LEN + 8), &next);
        if (!e)
            e = turn_request_save(t, again, row, &s);
    }
    put_u64(again + UUID_LEN + 8, next);
    if (!e && next)
        e = due_add(t, DUE_NOTICE, t->now, BYTES_OF(again));
    subject_close(&s);
    return e;
}

sluis_err notices_begin_settled(turn *t, const uint8_t sid[static ID_LEN], uint64_t since)
{
    return begin(t, DUE_SETTLED, sid, since);
}

/* Who the person is now: what was settled moved along when two became one. */
static sluis_err name_now(turn *t, uint8_t sid[static ID_LEN])
{
    id16 was;
    subject s = {0};
    memcpy(was.b, sid, ID_LEN);
    sluis_err e = registry_subject_by_sid(t->p->registry, t->t, &was, &s);
    if (!e)
        memcpy(sid, s.sid.b, ID_LEN);
    subject_close(&s);
    return e;
}

sluis_err notices_step_settled(turn *t, const uint8_t key[static NOTICE_KEY])
{
    uint8_t again[NOTICE_KEY], at[ENTRY_KEY];
    ProtobufCMessage *m = NULL;
    subject s = {0};
    bytes sealed;
    uint64_t next = 0;
    id16 sid;
    memcpy(again, key, NOTICE_KEY);
    sluis_err e = name_now(t, again);
    memcpy(sid.b, again, ID_LEN);
    if (!e)
        e = entries_get(t->t, t->p->rows, TABLE_SETTLED, &sid, get_u64(again + ID_LEN), at, &sealed);
    if (!e)
        e = row_open(t->p->registry, t->t, TABLE_SETTLED, BYTES_OF(at), sealed, t->arena,
                     &sluis__settled_row__descriptor, &m, &s);
    if (e) /* forgotten since */
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    Sluis__SettledRow *row = (Sluis__SettledRow *)m;
    if (row->correction) {
        const notice w = {.case_id = row->case_id, .s = &s, .c = row->correction};
        e = walk(t, &w, get_u64(again + ID_LEN + 8), &next);
        if (!e)
            e = registry_reseal(t->t, &s, TABLE_SETTLED, at, &row->base);
    }
    put_u64(again + ID_LEN + 8, next);
    if (!e && next)
        e = due_add(t, DUE_SETTLED, t->now, BYTES_OF(again));
    subject_close(&s);
    return e;
}
