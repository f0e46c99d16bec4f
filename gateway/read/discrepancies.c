/* What sources say differently about one member of one case: each difference with the current statement and
 * the other, of the attributes in the asker's view. What may not be shown there does not differ. */
#include <string.h>

#include "base/clock.h"
#include "cases/datum_use.h"
#include "read/reader.h"

#define DISCREPANCIES_MAX 200 /* in one answer */

typedef struct {
    reader *r;
    store_txn *t;
    job *j;
    const subject *s;
    datum_use use;
    Sluis__ApiDiscrepancyList out;
    Sluis__Record *rec;
} listing;

static Sluis__ApiStatement *statement(listing *l, const attribute *a, const datum *d, uint64_t version,
                                      const Sluis__DatumRow *row)
{
    Sluis__ApiStatement *x = arena_alloc(l->j->arena, sizeof(*x));
    if (!x)
        return NULL;
    sluis__api_statement__init(x);
    x->number = row->journal_index;
    x->datum = arena_alloc(l->j->arena, sizeof(*x->datum));
    return x->datum && !reader_datum(l->r, l->j, a, &d->instance, version, row, &l->use, x->datum) ? x : NULL;
}

static sluis_err add(listing *l, const attribute *a, const datum *d, const datum_beside *b)
{
    if (l->out.n_discrepancies == DISCREPANCIES_MAX)
        return fail_set(&l->j->why, SLUIS_TOO_BIG, "discrepanties", "meer dan %d: los eerst op wat bekend is",
                        DISCREPANCIES_MAX);
    Sluis__ApiDiscrepancy *x = arena_alloc(l->j->arena, sizeof(*x));
    if (!x)
        return SLUIS_NOMEM;
    sluis__api_discrepancy__init(x);
    x->current = statement(l, a, d, d->version, d->row);
    x->statement = statement(l, a, d, b->version, b->row);
    x->source = (char *)(uintptr_t)a->source;
    x->asked = b->row->asked;
    l->out.discrepancies[l->out.n_discrepancies++] = x;
    return x->current && x->statement ? SLUIS_OK : SLUIS_NOMEM;
}

static sluis_err of_attribute(listing *l, const attribute *a)
{
    datum d = {.version = 0};
    size_t before = l->out.n_discrepancies;
    sluis_err e;
    while (!(e = registry_next(l->r->p->registry, l->t, l->s, a->id, l->j->arena, &d))) {
        const datum_beside *b = datum_may_be_told(l->r->rules, a, d.row, &l->use) ? d.beside : NULL;
        for (; !e && b; b = b->next)
            if (datum_may_serve(l->r->rules, a, b->row, &l->use))
                e = add(l, a, &d, b);
        if (e)
            return e;
    }
    if (l->out.n_discrepancies > before)
        l->rec->attributes[l->rec->n_attributes++] = a->id;
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err collect(listing *l, const view *v, const case_facts *facts)
{
    sluis_err e = SLUIS_OK;
    l->out.discrepancies = arena_alloc(l->j->arena, DISCREPANCIES_MAX * sizeof(*l->out.discrepancies));
    l->rec->attributes = arena_alloc(l->j->arena, (v->attribute_count + 1) * sizeof(uint32_t));
    if (!l->out.discrepancies || !l->rec->attributes)
        return SLUIS_NOMEM;
    for (size_t i = 0; !e && i < v->attribute_count; i++)
        if (policy_shows(l->r->rules, v, facts, v->attributes[i]))
            e = of_attribute(l, rules_attribute(l->r->rules, v->attributes[i]));
    return e;
}

sluis_err read_discrepancies(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiListDiscrepancies *q = j->call->list_discrepancies;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__CaseRow *row = NULL;
    subject s = {0};
    id16 sid;
    bytes case_id = BYTES(q->case_id.data, q->case_id.len);
    sluis_err e = reader_case(r, t, j, case_id, &row);
    if (e)
        return e;
    listing l = {.r = r, .t = t, .j = j, .s = &s};
    l.use = reader_use(r, j, q->case_id.data, row, clock_ms());
    if (case_member(row, q->member, &sid)) /* as of a view: decided on the case alone */
        return fail_set(&j->why, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    case_facts facts = case_facts_about(row, &sid);
    const view *v = policy_view(r->rules, j->claims.app, j->claims.function, &facts, l.use.now);
    if (!v)
        return fail_set(&j->why, SLUIS_NOT_FOUND, "", "%s", error_text(SLUIS_NOT_FOUND));
    if ((e = reader_member(r, t, j, row, q->member, false, &s)))
        return e;
    sluis__api_discrepancy_list__init(&l.out);
    l.rec = reader_record(j, SLUIS__RECORD_TYPE__R_READ, row, case_id);
    e = l.rec ? collect(&l, v, &facts) : SLUIS_NOMEM;
    if (!e) {
        l.out.case_id = q->case_id;
        l.out.member = q->member;
        reply.call = j->call->call;
        reply.status = 200;
        reply.result_case = SLUIS__API_REPLY__RESULT_DISCREPANCIES;
        reply.discrepancies = &l.out;
        e = wire_pack(&j->reply, &reply.base);
    }
    if (!e) {
        l.rec->detail = (char *)(uintptr_t) "discrepancies";
        j->read =
            (read_decision){.record = l.rec, .has_subject = true, .sid = s.sid, .case_version = row->version};
        memcpy(j->read.case_id.b, case_id.p, ID_LEN);
        l.rec->subject = (ProtobufCBinaryData){ID_LEN, j->read.sid.b};
    }
    subject_close(&s);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}
