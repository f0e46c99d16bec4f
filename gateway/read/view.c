/* A view: exactly the attributes that this application's law and function may see of one member of one case.
 * What lies outside it does not exist: the same answer, to the byte, as for a name that is in no catalogue.
 * While a look in acute danger is open, its employee sees the data it names besides, and the entry says so.
 */
#include <string.h>

#include "base/clock.h"
#include "cases/datum_use.h"
#include "read/reader.h"

#define INSTANCES_MAX 32

static sluis_err add_datum(reader *r, job *j, const attribute *a, const datum *d, Sluis__ApiView *out)
{
    Sluis__ApiDatum *x = arena_alloc(j->arena, sizeof(*x));
    char instance[33];
    static const id16 only = {{0}};
    (void)r;
    if (!x)
        return SLUIS_NOMEM;
    sluis__api_datum__init(x);
    x->attribute = (char *)(uintptr_t)a->name;
    x->value = d->row->value;
    x->source = d->row->source;
    x->obtained = d->row->obtained;
    x->valid_from = d->row->valid_from;
    x->valid_until = d->row->valid_until;
    x->conditions = d->row->conditions;
    x->n_conditions = d->row->n_conditions;
    x->reference = d->row->reference;
    x->category = (char *)(uintptr_t)category_name(a->category);
    x->version = d->version;
    x->corrected = d->row->corrected;
    if (!id_equal(&d->instance, &only)) {
        id_format(instance, &d->instance);
        x->instance = arena_strdup(j->arena, instance);
        if (!x->instance)
            return SLUIS_NOMEM;
    }
    out->data[out->n_data++] = x;
    return SLUIS_OK;
}

static bool listed(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* All that may be seen: the view's attributes, and what an open look in acute danger adds. A secret address
 * is in neither. */
static sluis_err shown(reader *r, job *j, const view *v, const Sluis__EmergencyRow *look,
                       const case_facts *facts, uint32_t **ids, size_t *n)
{
    size_t most = (v ? v->attribute_count : 0) + (look ? look->n_attributes : 0);
    *n = 0;
    *ids = arena_alloc(j->arena, (most + 1) * sizeof(**ids));
    if (!*ids)
        return SLUIS_NOMEM;
    for (size_t i = 0; v && i < v->attribute_count; i++)
        if (policy_shows(r->rules, v, facts, v->attributes[i]))
            (*ids)[(*n)++] = v->attributes[i];
    for (size_t i = 0; look && i < look->n_attributes; i++) {
        const attribute *a = rules_attribute(r->rules, look->attributes[i]);
        if (a && !(a->address && facts->secret_address) && !listed(*ids, *n, a->id))
            (*ids)[(*n)++] = a->id;
    }
    return SLUIS_OK;
}

/* The ids to read: all that may be seen, or the named part of it. */
static sluis_err wanted(reader *r, job *j, uint32_t **ids, size_t *n)
{
    const Sluis__ApiGetView *q = j->call->get_view;
    if (q->n_attributes == 0)
        return SLUIS_OK;
    if (q->n_attributes > ATTRIBUTES_MAX)
        return fail_set(&j->why, SLUIS_INVALID, "attributen", "ten hoogste %d namen", ATTRIBUTES_MAX);
    uint32_t *part = arena_alloc(j->arena, q->n_attributes * sizeof(*part));
    if (!part)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < q->n_attributes; i++) {
        const attribute *a = rules_attribute_named(r->rules, q->attributes[i]);
        if (!a || !listed(*ids, *n, a->id))
            return SLUIS_NOT_FOUND;
        part[i] = a->id;
    }
    *ids = part;
    *n = q->n_attributes;
    return SLUIS_OK;
}

static sluis_err collect(reader *r, store_txn *t, job *j, const subject *s, const uint32_t *ids, size_t n,
                         const datum_use *use, Sluis__ApiView *out, Sluis__Record *rec)
{
    datum found[INSTANCES_MAX];
    sluis_err e = SLUIS_OK;
    out->data = arena_alloc(j->arena, (n * INSTANCES_MAX + 1) * sizeof(*out->data));
    rec->attributes = arena_alloc(j->arena, (n + 1) * sizeof(uint32_t));
    if (!out->data || !rec->attributes)
        return SLUIS_NOMEM;
    for (size_t i = 0; !e && i < n; i++) {
        const attribute *a = rules_attribute(r->rules, ids[i]);
        size_t count = 0;
        e = registry_current(r->p->registry, t, s, ids[i], j->arena, found, INSTANCES_MAX, &count);
        size_t before = out->n_data;
        for (size_t k = 0; !e && k < count; k++)
            if (datum_may_serve(r->rules, found[k].row, use))
                e = add_datum(r, j, a, &found[k], out);
        if (!e && out->n_data > before)
            rec->attributes[rec->n_attributes++] = ids[i];
    }
    return e;
}

sluis_err read_view(reader *r, store_txn *t, job *j)
{
    const Sluis__ApiGetView *q = j->call->get_view;
    Sluis__CaseRow *row = NULL;
    subject s = {0};
    bytes case_id = BYTES(q->case_id.data, q->case_id.len);
    uint32_t *ids = NULL;
    size_t n = 0;
    uint64_t now = clock_ms();
    sluis_err e = reader_case(r, t, j, case_id, &row);
    if (!e)
        e = reader_member(r, t, j, row, q->member, &s);
    if (e)
        return e;
    case_facts facts = case_facts_of(row);
    const view *v = policy_view(r->rules, j->claims.app, j->claims.function, &facts, now);
    const Sluis__EmergencyRow *look = case_glass_open(row, j->claims.app, j->claims.employee, q->member, now);
    const datum_use use = {.case_id = q->case_id.data, .application = j->claims.app, .now = now};
    const char *name = look ? "noodinzage" : v ? v->id : "";
    e = v || look ? shown(r, j, v, look, &facts, &ids, &n) : SLUIS_NOT_FOUND;
    if (!e)
        e = wanted(r, j, &ids, &n);

    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiView out = SLUIS__API_VIEW__INIT;
    Sluis__Record *rec = reader_record(j, SLUIS__RECORD_TYPE__R_READ, row, case_id);
    if (!e && !rec)
        e = SLUIS_NOMEM;
    if (!e)
        e = collect(r, t, j, &s, ids, n, &use, &out, rec);
    if (!e) {
        out.case_id = q->case_id;
        out.member = q->member;
        out.law = (char *)(uintptr_t)(v ? v->law : "");
        out.view = (char *)(uintptr_t)name;
        out.made = now;
        reply.call = j->call->call;
        reply.status = 200;
        reply.result_case = SLUIS__API_REPLY__RESULT_VIEW;
        reply.view = &out;
        e = wire_pack(&j->reply, &reply.base);
    }
    if (!e) {
        rec->detail = (char *)(uintptr_t)name;
        if (look)
            rec->decision = (char *)(uintptr_t) "glass-broken";
        j->read =
            (read_decision){.record = rec, .has_subject = true, .sid = s.sid, .case_version = row->version};
        memcpy(j->read.case_id.b, case_id.p, ID_LEN);
        rec->subject = (ProtobufCBinaryData){ID_LEN, j->read.sid.b};
        METRIC_ADD(r->p->metrics, views_served, 1);
    }
    subject_close(&s);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}
