/* The dossier: for the client, every exchange about this member of this case: when, who, why, what, and what
 * came. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cases/datum_use.h"
#include "flow/api_out.h"
#include "read/reader.h"
#include "wire/messages.h"

#define ENTRIES_MAX 2000

static const char *type_name(const Sluis__Record *rec)
{
    switch (rec->type) {
    case SLUIS__RECORD_TYPE__R_CASE:
        return "case";
    case SLUIS__RECORD_TYPE__R_READ:
        return "read";
    case SLUIS__RECORD_TYPE__R_FROM_REGISTER:
        return "from-register";
    case SLUIS__RECORD_TYPE__R_DOSSIER:
        return "dossier";
    default: {
        const message_kind *k = message_kind_of(rec->kind);
        return k ? k->name : "message";
    }
    }
}

static char *party_name(job *j, const char *o)
{
    oin id;
    const party *p = oin_parse(&id, o, strlen(o)) ? NULL : directory_find(j->dir, &id);
    return (char *)(uintptr_t)(p ? p->name : "");
}

/* A title of the rules; "" when the rules in force no longer have it. */
static char *words(const char *title)
{
    return (char *)(uintptr_t)(title ? title : "");
}

/* What another member of the household may read of results: a party may have given one not to be told. */
static sluis_err for_reader(reader *r, job *j, Sluis__ResultRow *const **results, size_t *n)
{
    const Sluis__ApiGetDossier *q = j->call->get_dossier;
    if (!q->viewer || q->viewer == q->member)
        return SLUIS_OK;
    Sluis__ResultRow **kept = arena_alloc(j->arena, (*n + 1) * sizeof(*kept));
    size_t count = 0;
    if (!kept)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < *n; i++)
        if (!result_hidden_from_household(r->rules, (*results)[i]))
            kept[count++] = (*results)[i];
    *results = kept;
    *n = count;
    return SLUIS_OK;
}

/* An entry without results lists all its attributes; one with results those that its reader may know of. */
static bool listed(Sluis__ResultRow *const *results, size_t n, bool all, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (results[i]->attribute == id)
            return true;
    return all;
}

static sluis_err fill_entry(reader *r, job *j, const Sluis__DossierRow *row, Sluis__ResultRow *const *results,
                            size_t result_count, Sluis__ApiDossierEntry *x)
{
    ProtobufCMessage *m = NULL;
    const bool all = result_count == 0;
    sluis_err e = for_reader(r, j, &results, &result_count);
    if (!e)
        e = wire_unpack(&m, &sluis__record__descriptor, j->arena, BYTES(row->record.data, row->record.len),
                        NULL);
    if (e)
        return SLUIS_CORRUPT;
    Sluis__Record *rec = (Sluis__Record *)m;
    sluis__api_dossier_entry__init(x);
    x->when = rec->when;
    x->type = (char *)(uintptr_t)type_name(rec);
    x->from = rec->from;
    x->to = rec->to;
    x->from_name = party_name(j, rec->from);
    x->to_name = party_name(j, rec->to);
    x->application = rec->application;
    x->function = rec->function;
    x->purpose = rec->purpose;
    x->legal_basis = rec->legal_basis;
    x->purpose_title = words(rules_purpose_title(r->rules, rec->purpose));
    x->legal_basis_title = words(rules_legal_basis_title(r->rules, rec->legal_basis));
    x->phase = (char *)(uintptr_t)(rec->phase ? phase_name(rec->phase) : "");
    x->motivation = row->motivation;
    x->decision = rec->decision;
    x->transaction = rec->transaction;
    x->journal_index = row->journal_index;
    x->attributes = arena_alloc(j->arena, (rec->n_attributes + 1) * sizeof(char *));
    if (!x->attributes)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < rec->n_attributes; i++) {
        const attribute *a = rules_attribute(r->rules, rec->attributes[i]);
        if (listed(results, result_count, all, rec->attributes[i]))
            x->attributes[x->n_attributes++] = (char *)(uintptr_t)(a ? a->name : "");
    }
    return api_results_fill(&x->results, &x->n_results, j->arena, r->rules, results, result_count);
}

static sluis_err add_entry(reader *r, job *j, const Sluis__DossierRow *row, Sluis__ResultRow *const *results,
                           size_t result_count, Sluis__ApiDossier *out)
{
    if (out->n_entries == ENTRIES_MAX)
        return fail_set(&j->why, SLUIS_TOO_BIG, "dossier", "meer dan %d regels", ENTRIES_MAX);
    Sluis__ApiDossierEntry *x = arena_alloc(j->arena, sizeof(*x));
    sluis_err e = x ? fill_entry(r, j, row, results, result_count, x) : SLUIS_NOMEM;
    if (!e)
        out->entries[out->n_entries++] = x;
    return e;
}

/* The answer to a request stands in the request's row. */
static sluis_err add_answer(reader *r, store_txn *t, job *j, bytes transaction, Sluis__ApiDossier *out)
{
    bytes sealed;
    ProtobufCMessage *m = NULL;
    sluis_err e = store_get(t, TABLE_REQUEST, transaction, &sealed);
    if (!e)
        e = row_open(r->p->registry, t, TABLE_REQUEST, transaction, sealed, j->arena,
                     &sluis__request_row__descriptor, &m, NULL);
    const Sluis__RequestRow *q = (const Sluis__RequestRow *)m;
    if (e || !q->answer)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    e = add_entry(r, j, q->answer, q->results, q->n_results, out);
    if (!e && q->judgement) {
        out->entries[out->n_entries - 1]->judgement_law = q->judgement->law;
        out->entries[out->n_entries - 1]->judgement = q->judgement->judgement;
    }
    return e;
}

static int by_index(const void *a, const void *b)
{
    const Sluis__ApiDossierEntry *x = *(Sluis__ApiDossierEntry *const *)a;
    const Sluis__ApiDossierEntry *y = *(Sluis__ApiDossierEntry *const *)b;
    return (x->journal_index > y->journal_index) - (x->journal_index < y->journal_index);
}

/* Rows of this member, kept when they belong to this case. */
static sluis_err collect(reader *r, store_txn *t, job *j, const subject *s, bytes case_id,
                         Sluis__ApiDossier *out)
{
    store_cursor *c = NULL;
    bytes key, sealed;
    ProtobufCMessage *m = NULL;
    bytes prefix = BYTES(s->sid.b, ID_LEN);
    out->entries = arena_alloc(j->arena, ENTRIES_MAX * sizeof(*out->entries));
    sluis_err e = out->entries ? store_cursor_open(t, TABLE_DOSSIER, prefix, prefix, &c) : SLUIS_NOMEM;
    while (!e && (e = store_cursor_next(c, &key, &sealed)) == SLUIS_OK) {
        e = row_open(r->p->registry, t, TABLE_DOSSIER, key, sealed, j->arena, &sluis__dossier_row__descriptor,
                     &m, NULL);
        Sluis__DossierRow *row = (Sluis__DossierRow *)m;
        if (e || !bytes_equal(BYTES(row->case_id.data, row->case_id.len), case_id))
            continue;
        e = add_entry(r, j, row, row->results, row->n_results, out);
        const Sluis__ApiDossierEntry *x = e ? NULL : out->entries[out->n_entries - 1];
        if (x && x->transaction.len == UUID_LEN &&
            strcmp(x->type, message_kind_of(SLUIS__KIND__REQUEST)->name) == 0)
            e = add_answer(r, t, j, BYTES(x->transaction.data, x->transaction.len), out);
    }
    store_cursor_close(&c);
    if (out->n_entries)
        qsort(out->entries, out->n_entries, sizeof(*out->entries), by_index);
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err read_dossier(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiGetDossier *q = j->call->get_dossier;
    bytes case_id = BYTES(q->case_id.data, q->case_id.len);
    Sluis__CaseRow *row = NULL;
    subject s = {0};
    if (!policy_may(r->rules, ACT_READ_DOSSIER, j->claims.app, j->claims.function, clock_ms()))
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie een dossier lezen");
    const application *app = rules_application(r->rules, j->claims.app);
    if (app && app->client_portal && !q->viewer)
        return fail_set(&j->why, SLUIS_INVALID, "namens", "noem het lid dat in het dossier kijkt");
    sluis_err e = reader_case(r, t, j, case_id, &row);
    if (!e && q->viewer && !case_member_sees(row, q->viewer, q->member))
        e = fail_set(&j->why, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    if (!e)
        e = reader_member(r, t, j, row, q->member, &s);
    if (e)
        return e;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiDossier out = SLUIS__API_DOSSIER__INIT;
    Sluis__Record *rec = reader_record(j, SLUIS__RECORD_TYPE__R_DOSSIER, row, case_id);
    e = rec ? collect(r, t, j, &s, case_id, &out) : SLUIS_NOMEM;
    if (!e) {
        out.case_id = q->case_id;
        out.member = q->member;
        reply.call = j->call->call;
        reply.status = 200;
        reply.result_case = SLUIS__API_REPLY__RESULT_DOSSIER;
        reply.dossier = &out;
        e = wire_pack(&j->reply, &reply.base);
    }
    if (!e) {
        j->read =
            (read_decision){.record = rec, .has_subject = true, .sid = s.sid, .case_version = row->version};
        memcpy(j->read.case_id.b, case_id.p, ID_LEN);
        rec->subject = (ProtobufCBinaryData){ID_LEN, j->read.sid.b};
    }
    subject_close(&s);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}
