/* The client's own file to take away: a page of the dossier as the client may read it, or of what is
 * registered; on the first page also what stands once in it: the case, what the client asked and may ask, and
 * the words that names stand for. */
#include <string.h>

#include "base/clock.h"
#include "journal/journal.h"
#include "policy/rights.h"
#include "read/own_data.h"

#define WORDS_MAX 4096

typedef struct {
    arena *a;
    Sluis__ApiExport *out;
    sluis_err err;
} gathering;

static void add_word(void *ctx, const char *kind, const char *name, const char *text)
{
    gathering *g = ctx;
    Sluis__ApiWord *w = g->out->n_words < WORDS_MAX ? arena_alloc(g->a, sizeof(*w)) : NULL;
    if (!w) {
        g->err = SLUIS_NOMEM;
        return;
    }
    sluis__api_word__init(w);
    w->kind = (char *)(uintptr_t)kind;
    w->name = (char *)(uintptr_t)name;
    w->text = (char *)(uintptr_t)text;
    g->out->words[g->out->n_words++] = w;
}

static sluis_err add_words(const reader *r, job *j, Sluis__ApiExport *out)
{
    gathering g = {.a = j->arena, .out = out};
    out->words = arena_alloc(j->arena, WORDS_MAX * sizeof(*out->words));
    if (!out->words)
        return SLUIS_NOMEM;
    rules_each_word(r->rules, add_word, &g);
    return g.err;
}

static sluis_err add_offered(const reader *r, job *j, Sluis__ApiExport *out)
{
    Sluis__ApiRightOffered *all = arena_alloc(j->arena, RIGHT_COUNT * sizeof(*all));
    out->offered = arena_alloc(j->arena, RIGHT_COUNT * sizeof(*out->offered));
    if (!all || !out->offered)
        return SLUIS_NOMEM;
    for (int k = 0; k < RIGHT_COUNT; k++) {
        const client_right *c = rules_right(r->rules, (right_kind)k);
        Sluis__ApiRightOffered *x = &all[k];
        if (!c)
            continue;
        sluis__api_right_offered__init(x);
        x->kind = (char *)(uintptr_t)right_name((right_kind)k);
        x->title = (char *)(uintptr_t)c->title;
        x->article = (char *)(uintptr_t)c->article;
        x->months = c->months;
        x->extend_months = c->extend_months;
        out->offered[out->n_offered++] = x;
    }
    return SLUIS_OK;
}

/* How long what is kept (AVG art. 15 lid 1 onder d); what is kept for ever is of no person. */
static sluis_err add_kept(const reader *r, job *j, Sluis__ApiExport *out)
{
    const char *id;
    size_t n = 0;
    while (rules_retention_at(r->rules, n))
        n++;
    Sluis__ApiKept *all = arena_alloc(j->arena, (n + 1) * sizeof(*all));
    out->kept = arena_alloc(j->arena, (n + 1) * sizeof(*out->kept));
    if (!all || !out->kept)
        return SLUIS_NOMEM;
    for (size_t i = 0; (id = rules_retention_at(r->rules, i)); i++) {
        Sluis__ApiKept *x = &all[i];
        sluis__api_kept__init(x);
        x->title = (char *)(uintptr_t)rules_retention_title(r->rules, id);
        x->days = rules_retention_days(r->rules, id);
        x->file = rules_retention_of_files(r->rules, id);
        if (x->days != KEEP_ALWAYS)
            out->kept[out->n_kept++] = x;
    }
    return SLUIS_OK;
}

static sluis_err add_once(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q,
                          const Sluis__CaseRow *row, Sluis__ApiExport *out)
{
    Sluis__ApiRightsList asked = SLUIS__API_RIGHTS_LIST__INIT;
    out->phase = row->phase;
    out->opened = row->opened;
    out->ended = row->ended;
    out->laws = row->scope_laws;
    out->n_laws = row->n_scope_laws;
    sluis_err e = rights_of_person(r, t, j, s, q, &asked);
    out->rights = asked.rights;
    out->n_rights = asked.n_rights;
    if (!e)
        e = add_offered(r, j, out);
    if (!e)
        e = add_kept(r, j, out);
    return e ? e : add_words(r, j, out);
}

/* One or the other: the course of the case, then the data. */
static sluis_err assemble(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q,
                          const Sluis__CaseRow *row, Sluis__Record *rec)
{
    const Sluis__ApiExportDossier *in = j->call->export_dossier;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiExport out = SLUIS__API_EXPORT__INIT;
    Sluis__ApiDossier page = SLUIS__API_DOSSIER__INIT;
    list_walk w = {.mark.at.size = UINT64_MAX}; /* as it stands now */
    uint8_t behind[8];
    put_u64(behind, in->after);
    if (in->after)
        list_walk_passed(&w, BYTES_OF(behind));
    sluis_err e = in->values
                      ? own_data(r, t, j, s, q, BYTES(in->values_after.data, in->values_after.len), &out, rec)
                      : dossier_page(r, t, j, s, q, &w, &page);
    page.case_id = in->case_id;
    page.member = in->member;
    out.page = &page;
    out.owner = row->owner;
    out.made = clock_ms();
    out.own = q->viewer == q->member;
    if (!e && !in->values && !in->after)
        e = add_once(r, t, j, s, q, row, &out);
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_EXPORT;
    reply.export = &out;
    return e ? e : wire_pack(&j->reply, &reply.base);
}

sluis_err read_export(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiExportDossier *in = j->call->export_dossier;
    dossier_question q = {
        .case_id = BYTES(in->case_id.data, in->case_id.len), .member = in->member, .viewer = in->viewer};
    Sluis__CaseRow *row = NULL;
    subject s = {0};
    if (!q.viewer)
        return fail_set(&j->why, SLUIS_INVALID, "namens", "noem het lid dat het document krijgt");
    sluis_err e = dossier_may_read(r, t, j, &q, &row, &s);
    if (!e)
        e = dossier_journal(j, &q, row, &s);
    if (!e)
        e = assemble(r, t, j, &s, &q, row, j->read.record);
    subject_close(&s);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}
