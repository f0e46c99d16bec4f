/* RESPONSE: the answer to a request this gateway carried to this party. What is given is registered once. */
#include <string.h>

#include "cases/cases.h"
#include "core/about.h"
#include "core/agreed.h"
#include "core/handlers.h"
#include "wire/messages.h"

#define TEXT_MAX 16000

/* The request that is answered: put to this party, in this transaction and case, still open. */
static sluis_err find_request(turn *t, const job *j, Sluis__RequestRow **row, subject *s, sluis_fail *f)
{
    request_state state;
    sluis_err e = about_request(t, j, ABOUT_PARTY, row, s, f);
    if (!e)
        e = about_answers_request(j, *row, f);
    if (!e && (*row)->expires <= t->now)
        e = fail_set(f, SLUIS_EXPIRED, "core.answers", "the request expired before its answer came");
    if (!e)
        e = request_state_parse(&state, (*row)->state);
    if (!e && state == REQUEST_WITHDRAWN)
        e = fail_set(f, SLUIS_WITHDRAWN, "core.answers", "who asked has withdrawn the request");
    return e ? e : request_state_step(state, REQUEST_ANSWERED, f);
}

static bool was_asked(const Sluis__RequestRow *row, uint32_t id)
{
    for (size_t i = 0; i < row->n_attributes; i++)
        if (row->attributes[i] == id)
            return true;
    return false;
}

static sluis_err check_given(turn *t, const job *j, const Sluis__RequestRow *row, const attribute *a,
                             const Sluis__AttributeResult *r, sluis_fail *f)
{
    const party *from = directory_find(t->dir, &j->env->sender);
    if (!from || !policy_domain_gives(t->rules, from->domain, a->category, t->now))
        return fail_set(f, SLUIS_DENIED, a->name, "the rules in force let this domain give no %s data",
                        category_name(a->category));
    sluis_err e = agreed_answer(t, row, from, a, f);
    if (e)
        return e;
    if (r->n_instances == 0)
        return fail_set(f, SLUIS_INVALID, a->name, "given, but without a value");
    for (size_t i = 0; i < r->n_instances; i++) {
        const Sluis__Instance *n = r->instances[i];
        if (n->instance.len != 0 && n->instance.len != ID_LEN)
            return fail_set(f, SLUIS_INVALID, a->name, "an instance id is 16 bytes, or absent");
        for (size_t k = 0; k < i; k++)
            if (bytes_equal(BYTES(r->instances[k]->instance.data, r->instances[k]->instance.len),
                            BYTES(n->instance.data, n->instance.len)))
                return fail_set(f, SLUIS_INVALID, a->name, "one instance is given twice");
        e = attribute_check_value(a, n->value, f);
        if (e)
            return e;
    }
    return SLUIS_OK;
}

static sluis_err check_result(turn *t, const job *j, const Sluis__RequestRow *row,
                              const Sluis__AttributeResult *r, sluis_fail *f)
{
    const attribute *a = rules_attribute(t->rules, r->attribute);
    if (!a || !was_asked(row, r->attribute))
        return fail_set(f, SLUIS_NOT_ASKED, "body.results", "attribute %u was not asked", r->attribute);
    switch (r->outcome) {
    case SLUIS__OUTCOME__GIVEN:
        return check_given(t, j, row, a, r, f);
    case SLUIS__OUTCOME__REFUSED:
    case SLUIS__OUTCOME__NOT_POSSIBLE:
    case SLUIS__OUTCOME__NOT_KNOWN:
        if (!rules_reason(t->rules, r->reason))
            return fail_set(f, SLUIS_INVALID, a->name, "a reason from the coded list is needed");
        if (r->n_instances)
            return fail_set(f, SLUIS_INVALID, a->name, "not given, yet it has a value");
        return SLUIS_OK;
    default:
        return fail_set(f, SLUIS_INVALID, a->name, "no outcome");
    }
}

/* Bytes of free text: kept with the request and in the dossier, whose readers have to hold all of it. */
static size_t text_of(const Sluis__ResponseBody *b)
{
    size_t n = strlen(b->remark);
    for (size_t i = 0; i < b->n_results; i++) {
        n += strlen(b->results[i]->explanation);
        for (size_t k = 0; k < b->results[i]->n_conditions; k++)
            n += strlen(b->results[i]->conditions[k]->code);
    }
    return n;
}

/* Every attribute asked has its result, once; in the header's order. */
static sluis_err check_body(turn *t, const job *j, const Sluis__RequestRow *row, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const Sluis__ResponseBody *b = (const Sluis__ResponseBody *)j->body;
    if (c->n_attributes != row->n_attributes || b->n_results != c->n_attributes)
        return fail_set(f, SLUIS_NOT_ASKED, "body.results",
                        "one result for each attribute asked, no more, no less");
    if (text_of(b) > TEXT_MAX)
        return fail_set(f, SLUIS_TOO_BIG, "body",
                        "explanations, conditions and remark: at most %d bytes together", TEXT_MAX);
    for (size_t i = 0; i < b->n_results; i++) {
        if (b->results[i]->attribute != c->attributes[i])
            return fail_set(f, SLUIS_INVALID, "body.results", "in the order of the header's attributes");
        sluis_err e = check_result(t, j, row, b->results[i], f);
        if (e)
            return e;
    }
    return SLUIS_OK;
}

static sluis_err register_result(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                                 const Sluis__AttributeResult *r)
{
    static const id16 only = {{0}};
    const attribute *a = rules_attribute(t->rules, r->attribute);
    char *conditions[64];
    size_t n = 0;
    for (; n < r->n_conditions && n < 64; n++)
        conditions[n] = r->conditions[n]->code;
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < r->n_instances; i++) {
        const Sluis__Instance *in = r->instances[i];
        Sluis__DatumRow d = SLUIS__DATUM_ROW__INIT;
        d.value = in->value;
        d.source = j->env->core->sender;
        d.message_hash = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)j->env->mh};
        d.legal_basis = row->legal_basis;
        d.category = a->category;
        d.obtained = in->obtained && in->obtained < t->now ? in->obtained : t->now;
        d.valid_from = in->valid_from;
        d.valid_until = in->valid_until;
        d.reference = in->reference;
        d.conditions = conditions;
        d.n_conditions = n;
        d.registered = t->now;
        d.journal_index = t->entry.index;
        id16 instance = only;
        if (in->instance.len == ID_LEN)
            memcpy(instance.b, in->instance.data, ID_LEN);
        datum_outcome outcome;
        uint64_t version;
        e = registry_put(t->p->registry, t->t, s, r->attribute, &instance, &d, &outcome, &version);
        if (!e && outcome == DATUM_DISCREPANCY)
            METRIC_ADD(t->p->metrics, registry_discrepancies, 1);
        if (!e && outcome != DATUM_SAME)
            METRIC_ADD(t->p->metrics, registry_data, 1);
    }
    return e;
}

/* What the dossier and the request's state show of each result: the outcome, never the value. */
static sluis_err fill_results(turn *t, const job *j, Sluis__RequestRow *row)
{
    const Sluis__ResponseBody *b = (const Sluis__ResponseBody *)j->body;
    row->results = arena_alloc(t->arena, b->n_results * sizeof(Sluis__ResultRow *));
    Sluis__ResultRow *rows = arena_alloc(t->arena, b->n_results * sizeof(Sluis__ResultRow));
    if (!row->results || !rows)
        return SLUIS_NOMEM;
    row->n_results = b->n_results;
    for (size_t i = 0; i < b->n_results; i++) {
        const Sluis__AttributeResult *r = b->results[i];
        sluis__result_row__init(&rows[i]);
        rows[i].attribute = r->attribute;
        rows[i].outcome = r->outcome;
        rows[i].reason = r->reason;
        rows[i].explanation = r->explanation;
        rows[i].source = j->env->core->sender;
        rows[i].conditions = arena_alloc(t->arena, (r->n_conditions + 1) * sizeof(char *));
        if (!rows[i].conditions)
            return SLUIS_NOMEM;
        for (size_t k = 0; k < r->n_conditions; k++)
            rows[i].conditions[rows[i].n_conditions++] = r->conditions[k]->code;
        row->results[i] = &rows[i];
    }
    return SLUIS_OK;
}

static sluis_err write_response(turn *t, job *j, Sluis__RequestRow *row, const subject *s)
{
    const Sluis__ResponseBody *b = (const Sluis__ResponseBody *)j->body;
    Sluis__Record r;
    Sluis__DossierRow entry;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_MESSAGE, &r);
    r.decision = (char *)(uintptr_t) "permit";
    r.subject = row->sid;
    if (!*r.to)
        r.to = row->requester;
    sluis_err e = fill_results(t, j, row);
    if (!e)
        e = turn_journal(t, &r);
    for (size_t i = 0; !e && i < b->n_results; i++)
        e = register_result(t, j, row, s, b->results[i]);
    row->state = (char *)(uintptr_t)request_state_name(REQUEST_ANSWERED);
    row->answered = t->now;
    if (!e) { /* the dossier reads it here: one page less to write than a row among the subject's others */
        turn_dossier_entry(t, row->case_id.data, b->remark, &entry);
        row->answer = &entry;
    }
    if (!e)
        e = turn_request_save(t, j->env->core->transaction.data, row, s);
    if (!e)
        e = turn_event(t, "request-answered", &r, NULL);
    if (!e)
        e = about_deliver_to_requester(t, j);
    return e;
}

sluis_err handle_response(turn *t, job *j, sluis_fail *f)
{
    Sluis__RequestRow *row = NULL;
    subject s = {0};
    sluis_err e = find_request(t, j, &row, &s, f);
    if (!e)
        e = about_to_requester(t, j, row, f);
    if (!e)
        e = check_body(t, j, row, f);
    if (!e)
        e = write_response(t, j, row, &s);
    subject_close(&s);
    return e;
}
