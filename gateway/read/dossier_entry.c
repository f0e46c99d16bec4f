/* One entry of a dossier, in the words of the API. */
#include <string.h>

#include "base/clock.h"
#include "cases/datum_use.h"
#include "flow/api_out.h"
#include "read/dossier.h"
#include "wire/messages.h"

static const char *type_name(const Sluis__Record *rec)
{
    switch (rec->type) {
    case SLUIS__RECORD_TYPE__R_CASE:
        return rec->kind == SLUIS__KIND__CONCERN_OUTCOME ? message_kind_of(rec->kind)->name : "case";
    case SLUIS__RECORD_TYPE__R_READ:
        return "read";
    case SLUIS__RECORD_TYPE__R_FROM_REGISTER:
        return "from-register";
    case SLUIS__RECORD_TYPE__R_DOSSIER:
        return "dossier";
    case SLUIS__RECORD_TYPE__R_RETURNED:
        return "returned";
    default: {
        const message_kind *k = message_kind_of(rec->kind);
        return k ? k->name : "message";
    }
    }
}

char *dossier_party_name(job *j, const char *o)
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

/* What a member of the household may read of results: a party may have given one not to be told to another,
 * or not before it was consulted. */
static sluis_err for_reader(reader *r, job *j, const dossier_question *q, Sluis__ResultRow *const **results,
                            size_t *n)
{
    if (!q->viewer)
        return SLUIS_OK;
    Sluis__ResultRow **kept = arena_alloc(j->arena, (*n + 1) * sizeof(*kept));
    size_t count = 0;
    if (!kept)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < *n; i++)
        if (!result_hidden(r->rules, (*results)[i], q->viewer == q->member))
            kept[count++] = (*results)[i];
    *results = kept;
    *n = count;
    return SLUIS_OK;
}

/* An entry without results lists its attributes, one with results those that came: of either, what its reader
 * may know of. */
static bool listed(Sluis__ResultRow *const *results, size_t n, bool all, const hidden_data *unnamed,
                   uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (results[i]->attribute == id)
            return true;
    for (size_t i = 0; all && i < unnamed->n; i++)
        if (unnamed->ids[i] == id)
            return false;
    return all;
}

static void fill_record(reader *r, job *j, const Sluis__Record *rec, Sluis__ApiDossierEntry *x)
{
    x->when = rec->when;
    x->type = (char *)(uintptr_t)type_name(rec);
    x->from = rec->from;
    x->to = rec->to;
    x->from_name = dossier_party_name(j, rec->from);
    x->to_name = dossier_party_name(j, rec->to);
    x->application = rec->application;
    x->function = rec->function;
    x->purpose = rec->purpose;
    x->legal_basis = rec->legal_basis;
    x->purpose_title = words(rules_purpose_title(r->rules, rec->purpose));
    x->legal_basis_title = words(rules_legal_basis_title(r->rules, rec->legal_basis));
    x->phase = (char *)(uintptr_t)(rec->phase ? phase_name(rec->phase) : "");
    x->decision = rec->decision;
    x->transaction = rec->transaction;
    if (rec->type == SLUIS__RECORD_TYPE__R_CASE)
        x->detail = rec->detail;
}

static sluis_err fill_restriction(job *j, const Sluis__RestrictionRow *row, bool whole,
                                  Sluis__ApiDossierEntry *x)
{
    Sluis__ApiRestriction *o = arena_alloc(j->arena, sizeof(*o));
    if (!o)
        return SLUIS_NOMEM;
    sluis__api_restriction__init(o);
    o->function = row->function;
    o->since = row->since;
    o->review = row->review;
    o->late = row->review < clock_ms();
    if (whole) {
        o->reason = row->reason;
        o->employee = row->employee;
    }
    x->restriction = o;
    return SLUIS_OK;
}

static sluis_err fill_exchange(job *j, const Sluis__ExchangeRow *row, Sluis__ApiDossierEntry *x)
{
    Sluis__ApiExchange *o = arena_alloc(j->arena, sizeof(*o));
    char **names = arena_alloc(j->arena, (row->n_categories + 1) * sizeof(*names));
    if (!o || !names)
        return SLUIS_NOMEM;
    sluis__api_exchange__init(o);
    o->channel = row->channel;
    o->received = row->received;
    o->with = row->with;
    o->happened = row->happened;
    o->corrects = row->corrects;
    o->categories = names;
    for (; o->n_categories < row->n_categories; o->n_categories++)
        names[o->n_categories] = (char *)(uintptr_t)category_name((category)row->categories[o->n_categories]);
    x->type = (char *)(uintptr_t) "exchange";
    x->exchange = o;
    return SLUIS_OK;
}

sluis_err dossier_entry(reader *r, job *j, const dossier_question *q, const restrictions *held,
                        const hidden_data *unnamed, const Sluis__DossierRow *row,
                        Sluis__ResultRow *const *results, size_t result_count, Sluis__ApiDossierEntry *x)
{
    ProtobufCMessage *m = NULL;
    const bool all = result_count == 0;
    sluis_err e = for_reader(r, j, q, &results, &result_count);
    if (!e)
        e = row_unpack(&m, &sluis__record__descriptor, j->arena, BYTES(row->record.data, row->record.len));
    if (e)
        return e;
    const Sluis__Record *rec = (const Sluis__Record *)m;
    const Sluis__RestrictionRow *hidden =
        restriction_of(held, row->journal_index, BYTES(rec->transaction.data, rec->transaction.len));
    sluis__api_dossier_entry__init(x);
    x->journal_index = row->journal_index;
    if (hidden)
        e = fill_restriction(j, hidden, q->viewer == 0, x);
    if (hidden && q->viewer) {
        x->type = (char *)(uintptr_t) "restricted";
        x->when = hidden->since;
        return e;
    }
    fill_record(r, j, rec, x);
    x->motivation = row->motivation;
    x->about = row->about;
    if (!e && row->exchange)
        e = fill_exchange(j, row->exchange, x);
    if (e)
        return e;
    x->attributes = arena_alloc(j->arena, (rec->n_attributes + 1) * sizeof(char *));
    if (!x->attributes)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < rec->n_attributes; i++) {
        const attribute *a = rules_attribute(r->rules, rec->attributes[i]);
        if (listed(results, result_count, all, unnamed, rec->attributes[i]))
            x->attributes[x->n_attributes++] = (char *)(uintptr_t)(a ? a->name : "");
    }
    return api_results_fill(&x->results, &x->n_results, j->arena, r->rules, results, result_count);
}
