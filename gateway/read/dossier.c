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

#define SCAN_MAX   20000      /* rows looked at for one page: a person may have other cases */
#define ROW_ARENA  (4u << 20) /* for one row that may turn out to be of another case */
#define ENTRY_COST 512        /* bytes of an entry beside its row: names and titles */
#define NAME_COST  100        /* and of each attribute and result */

typedef struct {
    reader *r;
    store_txn *t;
    job *j;
    const dossier_question *q;
    Sluis__ApiDossier *out;
    restrictions held;
    hidden_data hidden;
    size_t limit, bytes;
} page;

static bool is_full(const page *p)
{
    return p->out->n_entries >= p->limit || p->bytes >= DOSSIER_PAGE_BYTES;
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
    return SLUIS_OK;
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
    if (!e)
        x->received = ((const Sluis__ConcernRow *)m)->received;
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

static int by_index(const void *a, const void *b)
{
    const Sluis__ApiDossierEntry *x = *(Sluis__ApiDossierEntry *const *)a;
    const Sluis__ApiDossierEntry *y = *(Sluis__ApiDossierEntry *const *)b;
    return (x->journal_index > y->journal_index) - (x->journal_index < y->journal_index);
}

sluis_err dossier_page(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q,
                       Sluis__ApiDossier *out)
{
    page p = {.r = r, .t = t, .j = j, .q = q, .out = out};
    entry_walk c = {0};
    uint64_t last = q->after;
    bytes key, sealed;
    p.limit = q->limit && q->limit < DOSSIER_PAGE_MAX ? q->limit : DOSSIER_PAGE_MAX;
    out->case_id = (ProtobufCBinaryData){q->case_id.n, (uint8_t *)(uintptr_t)q->case_id.p};
    out->member = q->member;
    out->entries = arena_alloc(j->arena, 2 * p.limit * sizeof(*out->entries)); /* each with its answer */
    arena *a = arena_new(ROW_ARENA);
    sluis_err e =
        out->entries && a ? restrictions_load(r->p->registry, t, s, j->arena, &p.held) : SLUIS_NOMEM;
    if (!e && q->viewer)
        e = find_hidden(&p, s);
    if (!e)
        e = entries_open(&c, t, r->p->rows, TABLE_DOSSIER, &s->sid, q->after ? q->after + 1 : 0);
    for (size_t seen = 0; !e && (e = entries_next(&c, &key, &sealed)) == SLUIS_OK; seen++) {
        if (is_full(&p) || seen == SCAN_MAX) {
            out->next = last;
            break;
        }
        last = get_u64(key.p + ID_LEN);
        e = add_row(&p, key, sealed, a);
    }
    entries_close(&c);
    arena_free(&a);
    if (out->n_entries)
        qsort(out->entries, out->n_entries, sizeof(*out->entries), by_index);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
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

sluis_err read_dossier(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiGetDossier *in = j->call->get_dossier;
    dossier_question q = {.case_id = BYTES(in->case_id.data, in->case_id.len),
                          .member = in->member,
                          .viewer = in->viewer,
                          .after = in->after,
                          .limit = in->limit};
    Sluis__CaseRow *row = NULL;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiDossier out = SLUIS__API_DOSSIER__INIT;
    subject s = {0};
    sluis_err e = dossier_may_read(r, t, j, &q, &row, &s);
    if (e)
        return e;
    e = dossier_page(r, t, j, &s, &q, &out);
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
