/* The dossier: for the client, every exchange about this member of this case: when, who, why, what, and what
 * came. A page at a time: rows are gone over in a bounded number, and a page has a bound in entries and in
 * bytes. */
#include "read/dossier.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cases/datum_use.h"
#include "registry/entries.h"
#include "registry/walk.h"
#include "wire/messages.h"

#define ROW_ARENA  (4u << 20) /* for one row that may turn out to be of another case */
#define ENTRY_COST 512        /* bytes of an entry beside its row: names and titles */
#define NAME_COST  100        /* and of each attribute and result */

typedef struct {
    reader *r;
    store_txn *t;
    job *j;
    const dossier_question *q;
    list_walk *walk;
    Sluis__ApiDossier *out;
    restrictions held;
    hidden_data hidden;
    size_t limit, bytes;
    bool changed; /* what the row that is gone over says was saved since */
} page;

static bool is_full(const page *p)
{
    return p->out->n_entries >= p->limit || p->bytes >= DOSSIER_PAGE_BYTES;
}

/* An entry changes by its request, which says so; by a restriction, and by what its reader may know of: that
 * is its part in what the bookmark holds. */
static sluis_err note_entry(page *p, const Sluis__ApiDossierEntry *x, bool names)
{
    const list_mark *m = &p->walk->mark;
    Sluis__ApiDossierEntry part = SLUIS__API_DOSSIER_ENTRY__INIT;
    part.journal_index = x->journal_index;
    part.restriction = x->restriction;
    part.attributes = x->attributes;
    part.n_attributes = names ? x->n_attributes : 0;
    if (x->journal_index >= m->at.size) /* an answer may have come since */
        return SLUIS_OK;
    buffer item;
    buffer_init(&item, ROW_ARENA);
    sluis_err e = wire_pack(&item, &part.base);
    if (!e)
        list_walk_note(p->walk, buffer_bytes(&item), x->journal_index < m->base.size);
    buffer_close(&item);
    return e;
}

/* A row beside its own, which may go before it. */
static void note_beside(page *p, uint64_t journal_index)
{
    uint8_t item[8];
    put_u64(item, journal_index);
    list_walk_note(p->walk, BYTES_OF(item), journal_index < p->walk->mark.base.size);
}

static sluis_err add_entry(page *p, const Sluis__DossierRow *row, Sluis__ResultRow *const *results, size_t n,
                           size_t row_bytes, Sluis__ApiDossierEntry **out)
{
    Sluis__ApiDossierEntry *x = arena_alloc(p->j->arena, sizeof(*x));
    sluis_err e = x ? dossier_entry(p->r, p->j, p->q, &p->held, &p->hidden, row, results, n, x) : SLUIS_NOMEM;
    if (e)
        return e;
    p->bytes += row_bytes + ENTRY_COST + NAME_COST * (x->n_attributes + x->n_results);
    p->out->entries[p->out->n_entries++] = x;
    *out = x;
    return note_entry(p, x, n == 0);
}

/* The answer to a request stands in the request's row. */
static sluis_err add_answer(page *p, const Sluis__RequestRow *q, size_t row_bytes)
{
    Sluis__ApiDossierEntry *x = NULL;
    sluis_err e = q->answer ? add_entry(p, q->answer, q->results, q->n_results, row_bytes, &x) : SLUIS_OK;
    if (x && q->judgement) {
        x->judgement_law = q->judgement->law;
        x->judgement = q->judgement->judgement;
    }
    return e;
}

static bool is_kind(const Sluis__ApiDossierEntry *x, Sluis__Kind kind)
{
    return strcmp(x->type, message_kind_of(kind)->name) == 0;
}

/* What the request's own row says beside its entries: how it stands, and what became of it. */
static sluis_err about_request(page *p, Sluis__ApiDossierEntry *x)
{
    bytes key = BYTES(x->transaction.data, x->transaction.len), sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = store_get(p->t, TABLE_REQUEST, key, &sealed);
    if (!e)
        e = row_open(p->r->p->registry, p->t, TABLE_REQUEST, key, sealed, p->j->arena,
                     &sluis__request_row__descriptor, &m, NULL);
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    const Sluis__RequestRow *q = (const Sluis__RequestRow *)m;
    p->changed = q->changed > p->walk->mark.base.saves;
    note_beside(p, x->journal_index);
    if (is_kind(x, SLUIS__KIND__KNOWN_ANSWER)) {
        x->known = (char *)(uintptr_t)(q->known_there == 1 ? "ja" : "nee");
        return SLUIS_OK;
    }
    x->state = q->state;
    x->reason = q->reason;
    return is_kind(x, SLUIS__KIND__REQUEST) ? add_answer(p, q, sealed.n) : SLUIS_OK;
}

/* A report of concern tells its client when it came and what was decided; who reported, and in which words,
 * is not told here. */
static sluis_err about_concern(page *p, Sluis__ApiDossierEntry *x)
{
    bytes key = BYTES(x->transaction.data, x->transaction.len), sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = store_get(p->t, TABLE_CONCERN, key, &sealed);
    if (!e)
        e = row_open(p->r->p->registry, p->t, TABLE_CONCERN, key, sealed, p->j->arena,
                     &sluis__concern_row__descriptor, &m, NULL);
    if (!e) {
        x->received = ((const Sluis__ConcernRow *)m)->received;
        note_beside(p, x->journal_index);
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err add_more(page *p, Sluis__ApiDossierEntry *x)
{
    if (x->transaction.len != UUID_LEN)
        return SLUIS_OK;
    if (is_kind(x, SLUIS__KIND__REQUEST) || is_kind(x, SLUIS__KIND__KNOWN_QUERY) ||
        is_kind(x, SLUIS__KIND__KNOWN_ANSWER))
        return about_request(p, x);
    return is_kind(x, SLUIS__KIND__CONCERN_OUTCOME) ? about_concern(p, x) : SLUIS_OK;
}

/* What is of no case (a report of concern that led to none, and who looked at it) is the person's own alone.
 */
static bool belongs(const page *p, const Sluis__DossierRow *row)
{
    return row->case_id.len ? case_covers(p->q->row, p->q->case_id.p, row->case_id)
                            : p->q->viewer == p->q->member;
}

static sluis_err add_row(page *p, bytes key, bytes sealed, arena *a)
{
    ProtobufCMessage *m = NULL;
    Sluis__ApiDossierEntry *x = NULL;
    registry *g = p->r->p->registry;
    arena_reset(a);
    sluis_err e = row_open(g, p->t, TABLE_DOSSIER, key, sealed, a, &sluis__dossier_row__descriptor, &m, NULL);
    if (e || !belongs(p, (const Sluis__DossierRow *)m))
        return e;
    e = row_open(g, p->t, TABLE_DOSSIER, key, sealed, p->j->arena, &sluis__dossier_row__descriptor, &m, NULL);
    const Sluis__DossierRow *row = (const Sluis__DossierRow *)m;
    if (!e)
        e = add_entry(p, row, row->results, row->n_results, sealed.n, &x);
    return e ? e : add_more(p, x);
}

static bool any_hidden(const rules *r, const datum *d, bool own)
{
    bool hides = datum_hidden(r, d->row, own);
    for (const datum_beside *b = d->beside; b && !hides; b = b->next)
        hides = datum_hidden(r, b->row, own);
    return hides;
}

/* What this viewer may not know of, of all that is registered of the person. */
static sluis_err find_hidden(page *p, const subject *s)
{
    const rules *r = p->r->rules;
    const size_t n = rules_attribute_count(r);
    const datum_place start = {.attribute = 0};
    uint32_t *ids = arena_alloc(p->j->arena, 2 * (n + 1) * sizeof(*ids)), *found = ids + n;
    arena *a = arena_new(ROW_ARENA);
    datum_walk *w = NULL;
    datum_place place;
    datum d;
    for (size_t i = 0; ids && i < n; i++)
        ids[i] = rules_attribute_at(r, i)->id;
    sluis_err e = ids && a ? registry_walk_open(&w, p->t, s, ids, n, &start) : SLUIS_NOMEM;
    while (!e && !(e = registry_walk_next(w, a, &place, &d))) {
        if (any_hidden(r, &d, p->q->viewer == p->q->member) &&
            (!p->hidden.n || found[p->hidden.n - 1] != place.attribute))
            found[p->hidden.n++] = place.attribute;
        arena_reset(a);
    }
    p->hidden.ids = found;
    registry_walk_close(&w);
    arena_free(&a);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* The journal index of the entry behind which this page goes on; 0: it begins. */
static uint64_t passed(const list_walk *w)
{
    return w->mark.after.attribute ? get_u64(w->mark.after.instance.b) : 0;
}

static int by_index(const void *a, const void *b)
{
    const Sluis__ApiDossierEntry *x = *(Sluis__ApiDossierEntry *const *)a;
    const Sluis__ApiDossierEntry *y = *(Sluis__ApiDossierEntry *const *)b;
    return (x->journal_index > y->journal_index) - (x->journal_index < y->journal_index);
}

/* ---- a page ---- */

/* One row: told, or not. */
static sluis_err go_over(page *p, bytes key, bytes sealed, arena *a)
{
    const arena_place empty = arena_at(p->j->arena);
    const size_t n = p->out->n_entries, size = p->bytes;
    const uint64_t base = p->walk->mark.base.size;
    const bytes place = BYTES(key.p + ID_LEN, 8);
    p->changed = false;
    sluis_err e = add_row(p, key, sealed, a);
    if (p->walk->more || (get_u64(place.p) < base && !p->changed)) {
        p->out->n_entries = n;
        p->bytes = size;
        arena_back(p->j->arena, empty);
    }
    list_walk_passed(p->walk, place);
    return e;
}

static sluis_err fill(page *p, const subject *s)
{
    list_walk *w = p->walk;
    entry_walk c = {0};
    bytes key, sealed;
    arena *a = arena_new(ROW_ARENA);
    sluis_err e =
        a ? entries_open(&c, p->t, p->r->p->rows, TABLE_DOSSIER, &s->sid, passed(w) ? passed(w) + 1 : 0)
          : SLUIS_NOMEM;
    while (!e && list_walk_next(w) && !(e = entries_next(&c, &key, &sealed))) {
        const bool later = get_u64(key.p + ID_LEN) >= w->mark.at.size; /* than it began; so is what follows */
        w->more = w->more || (!later && is_full(p));
        e = later ? SLUIS_NOT_FOUND : go_over(p, key, sealed, a);
    }
    entries_close(&c);
    arena_free(&a);
    return e == SLUIS_NOT_FOUND ? list_walk_end(w) : e;
}

sluis_err dossier_page(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q,
                       list_walk *w, Sluis__ApiDossier *out)
{
    page p = {.r = r, .t = t, .j = j, .q = q, .walk = w, .out = out};
    p.limit = q->limit && q->limit < DOSSIER_PAGE_MAX ? q->limit : DOSSIER_PAGE_MAX;
    out->case_id = (ProtobufCBinaryData){q->case_id.n, (uint8_t *)(uintptr_t)q->case_id.p};
    out->member = q->member;
    out->n_entries = 0;
    /* the last one with its answer, and one that is looked at behind it with its own */
    out->entries = arena_alloc(j->arena, (p.limit + 3) * sizeof(*out->entries));
    sluis_err e = out->entries ? restrictions_load(r->p->registry, t, s, j->arena, &p.held) : SLUIS_NOMEM;
    if (!e && q->viewer)
        e = find_hidden(&p, s);
    if (!e)
        e = fill(&p, s);
    out->next = w->more ? passed(w) : 0;
    if (out->n_entries)
        qsort(out->entries, out->n_entries, sizeof(*out->entries), by_index);
    return e;
}

sluis_err dossier_may_read(reader *r, store_txn *t, job *j, dossier_question *q, Sluis__CaseRow **row,
                           subject *s)
{
    if (!policy_may(r->rules, ACT_READ_DOSSIER, j->claims.app, j->claims.function, clock_ms()))
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een dossier lezen");
    const application *app = rules_application(r->rules, j->claims.app);
    if (app && app->client_portal && !q->viewer)
        return fail_set(&j->why, SLUIS_INVALID, "namens", "noem het lid dat in het dossier kijkt");
    sluis_err e = reader_case_in_sight(r, t, j, q->case_id, row);
    if (!e && q->viewer && !case_member_sees(*row, q->viewer, q->member))
        e = fail_set(&j->why, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    q->row = *row;
    return e ? e : reader_member(r, t, j, *row, q->member, true, s);
}

sluis_err dossier_journal(job *j, const dossier_question *q, const Sluis__CaseRow *row, const subject *s)
{
    Sluis__Record *rec = reader_record(j, SLUIS__RECORD_TYPE__R_DOSSIER, row, q->case_id);
    if (!rec)
        return SLUIS_NOMEM;
    j->read =
        (read_decision){.record = rec, .has_subject = true, .sid = s->sid, .case_version = row->version};
    memcpy(j->read.case_id.b, q->case_id.p, ID_LEN);
    rec->subject = (ProtobufCBinaryData){ID_LEN, j->read.sid.b};
    return SLUIS_OK;
}

static list_owner owner_of(job *j, const subject *s)
{
    const Sluis__ApiGetDossier *q = j->call->get_dossier;
    list_owner who = {.key = s->key, .name = "dossier", .words = "dit dossier", .of_n = ID_LEN + 8, .j = j};
    memcpy(who.of, q->case_id.data, ID_LEN);
    put_u32(who.of + ID_LEN, q->member);
    put_u32(who.of + ID_LEN + 4, q->viewer);
    return who;
}

static sluis_err list(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q,
                      Sluis__ApiDossier *out)
{
    const Sluis__ApiGetDossier *in = j->call->get_dossier;
    const list_owner who = owner_of(j, s);
    const arena_place empty = arena_at(j->arena);
    uint8_t context[HASH_LEN + 8];
    list_walk w;
    memcpy(context, rules_hash(r->rules), HASH_LEN);
    put_u64(context + HASH_LEN, directory_version(j->dir));
    sluis_err e = list_walk_begin(&w, r, t, &who, BYTES(in->after.data, in->after.len),
                                  BYTES(in->since.data, in->since.len), BYTES_OF(context), &j->why);
    if (e)
        return e;
    e = dossier_page(r, t, j, s, q, &w, out);
    if (e == SLUIS_CONFLICT && in->since.len) {
        arena_back(j->arena, empty);
        list_walk_anew(&w);
        e = dossier_page(r, t, j, s, q, &w, out);
    }
    if (e)
        return e == SLUIS_CONFLICT ? fail_set(&j->why, e, "na", LIST_SHRUNK) : e;
    uint8_t *mark = arena_alloc(j->arena, LIST_MARK_LEN);
    if (!mark)
        return SLUIS_NOMEM;
    list_end(mark, &who, &w.mark, w.more);
    *(w.more ? &out->page : &out->since) = (ProtobufCBinaryData){LIST_MARK_LEN, mark};
    out->whole = !list_only_changes(&w.mark);
    return SLUIS_OK;
}

sluis_err read_dossier(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiGetDossier *in = j->call->get_dossier;
    dossier_question q = {.case_id = BYTES(in->case_id.data, in->case_id.len),
                          .member = in->member,
                          .viewer = in->viewer,
                          .limit = in->limit};
    Sluis__CaseRow *row = NULL;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiDossier out = SLUIS__API_DOSSIER__INIT;
    subject s = {0};
    sluis_err e = dossier_may_read(r, t, j, &q, &row, &s);
    if (e)
        return e;
    e = list(r, t, j, &s, &q, &out);
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_DOSSIER;
    reply.dossier = &out;
    if (!e)
        e = wire_pack(&j->reply, &reply.base);
    if (!e)
        e = dossier_journal(j, &q, row, &s);
    subject_close(&s);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}
