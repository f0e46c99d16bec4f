/* A view: exactly the attributes that this application's law and function may see of one member of one case.
 * What lies outside it does not exist: the same answer, to the byte, as for a name that is in no catalogue.
 * While a look in acute danger is open, its employee sees the data it names besides, and the entry says so. A
 * look into a colleague's view shows what it names and its rule still allows, and no more.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/looks.h"
#include "read/view_list.h"

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* A view's own list is; what a look adds, or what was named, may not be. */
static void put_in_order(uint32_t *ids, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (ids[i - 1] > ids[i]) {
            qsort(ids, n, sizeof(*ids), by_number);
            return;
        }
}

static bool listed(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* What this reader looks through: the own view, with what an open look in acute danger adds; or, when it asks
 * for that, a look into a colleague's view alone. */
typedef struct {
    const view *v;
    const Sluis__EmergencyRow *glass;
    const Sluis__LookRow *look;
} window;

static window window_of(const reader *r, const job *j, const Sluis__CaseRow *row, const case_facts *facts,
                        uint64_t now)
{
    const Sluis__ApiGetView *q = j->call->get_view;
    const token_claims *who = &j->claims;
    if (q->look)
        return (window){.look = case_look_open(row, q->look, who->app, who->employee, q->member, now)};
    return (window){.v = policy_view(r->rules, who->app, who->function, facts, now),
                    .glass = case_glass_open(row, who->app, who->employee, q->member, now)};
}

/* What of the look the rules still allow. */
static size_t look_ids(const reader *r, const job *j, const Sluis__LookRow *look, const case_facts *facts,
                       uint64_t now, uint32_t *ids)
{
    const look_rule *rule =
        policy_look(r->rules, j->claims.app, j->claims.function, look->law, look->purpose, facts, now);
    size_t n = 0;
    for (size_t i = 0; i < look->n_attributes; i++)
        if (policy_look_covers(r->rules, rule, facts, look->attributes[i]))
            ids[n++] = look->attributes[i];
    return n;
}

/* All that may be seen; a secret address is in none of it. NOT_FOUND: nothing is to be seen at all. */
static sluis_err shown(const reader *r, job *j, const window *w, const case_facts *facts, uint64_t now,
                       uint32_t **ids, size_t *n)
{
    size_t most = (w->v ? w->v->attribute_count : 0) + (w->glass ? w->glass->n_attributes : 0) +
                  (w->look ? w->look->n_attributes : 0);
    *n = 0;
    *ids = arena_alloc(j->arena, (most + 1) * sizeof(**ids));
    if (!*ids)
        return SLUIS_NOMEM;
    for (size_t i = 0; w->v && i < w->v->attribute_count; i++)
        if (policy_shows(r->rules, w->v, facts, w->v->attributes[i]))
            (*ids)[(*n)++] = w->v->attributes[i];
    for (size_t i = 0; w->glass && i < w->glass->n_attributes; i++) {
        const attribute *a = rules_attribute(r->rules, w->glass->attributes[i]);
        if (a && !(a->address && facts->secret_address) && !listed(*ids, *n, a->id))
            (*ids)[(*n)++] = a->id;
    }
    if (w->look)
        *n = look_ids(r, j, w->look, facts, now, *ids);
    return w->v || w->glass || (w->look && *n) ? SLUIS_OK : SLUIS_NOT_FOUND;
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

/* Who asks, and what may be shown: decided on the case alone, so that all that is refused costs one look-up,
 * whatever is registered. */
typedef struct {
    Sluis__CaseRow *row;
    window w;
    const char *name;
    id16 sid;
    view_listing list;
} question;

static sluis_err decide(reader *r, store_txn *t, job *j, question *x, uint64_t now)
{
    const Sluis__ApiGetView *q = j->call->get_view;
    uint32_t *ids = NULL;
    sluis_err e = reader_case(r, t, j, BYTES(q->case_id.data, q->case_id.len), &x->row);
    if (!e)
        e = case_member(x->row, q->member, &x->sid) ? SLUIS_NOT_FOUND : SLUIS_OK;
    if (e)
        return e;
    case_facts facts = case_facts_about(x->row, &x->sid);
    x->w = window_of(r, j, x->row, &facts, now);
    x->name = x->w.look ? "inzage" : x->w.glass ? "noodinzage" : x->w.v ? x->w.v->id : "";
    e = shown(r, j, &x->w, &facts, now, &ids, &x->list.n);
    if (!e)
        e = wanted(r, j, &ids, &x->list.n);
    if (!e)
        put_in_order(ids, x->list.n);
    x->list.ids = ids;
    x->list.limit = q->limit;
    x->list.use = reader_use(r, j, q->case_id.data, x->row, now);
    x->list.use.law = x->w.look ? x->w.look->law : NULL;
    x->list.use.danger = x->w.glass;
    return e;
}

static list_owner owner_of(const job *j, const subject *s)
{
    const Sluis__ApiGetView *q = j->call->get_view;
    list_owner who = {
        .key = s->key, .name = "view-mark", .words = "deze weergave", .of_n = ID_LEN + 4, .j = j};
    memcpy(who.of, q->case_id.data, ID_LEN);
    put_u32(who.of + ID_LEN, q->member);
    return who;
}

/* Where the listing begins, and as of when. That other things may be shown than at a bookmark is seen by what
 * was shown then, and so by nobody when nothing of it is registered. */
static sluis_err begin(reader *r, store_txn *t, job *j, const subject *s, question *x)
{
    const Sluis__ApiGetView *q = j->call->get_view;
    const list_owner who = owner_of(j, s);
    list_mark now, old;
    sluis_err e = list_now(&now, r, t, x->list.use.now);
    if (e)
        return e;
    list_context(now.context, x->name, BYTES(x->list.ids, x->list.n * sizeof(*x->list.ids)));
    return list_begin(&x->list.mark, &who, BYTES(q->after.data, q->after.len),
                      BYTES(q->since.data, q->since.len), &now, &old, &j->why);
}

static sluis_err reply_with(job *j, const subject *s, question *x, Sluis__ApiView *out)
{
    const Sluis__ApiGetView *q = j->call->get_view;
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    const list_owner who = owner_of(j, s);
    uint8_t bookmark[LIST_MARK_LEN];
    list_end(bookmark, &who, &x->list.mark, x->list.more);
    *(x->list.more ? &out->next : &out->since) = (ProtobufCBinaryData){sizeof(bookmark), bookmark};
    out->case_id = q->case_id;
    out->member = q->member;
    out->law = x->w.look ? x->w.look->law : (char *)(uintptr_t)(x->w.v ? x->w.v->law : "");
    out->view = (char *)(uintptr_t)x->name;
    out->made = x->list.mark.at.time;
    out->whole = !list_only_changes(&x->list.mark);
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_VIEW;
    reply.view = out;
    return wire_pack(&j->reply, &reply.base);
}

/* Something in it stands at its source and is not here. */
static bool fetchable(const Sluis__ApiView *v)
{
    for (size_t i = 0; i < v->n_data; i++)
        if (v->data[i]->at_source && !v->data[i]->at_source->until)
            return true;
    return false;
}

/* Only what changed, when all that was shown at the bookmark can be found back; else, as when something was
 * deleted since or other things may be shown, the whole of it. */
static sluis_err list(reader *r, store_txn *t, job *j, question *x, const subject *s, Sluis__ApiView *out,
                      Sluis__Record *rec)
{
    const list_mark begun = x->list.mark;
    const arena_place empty = arena_at(j->arena);
    sluis_err e = view_list(r, t, j, s, &x->list, out, rec);
    if (e == SLUIS_CONFLICT && j->call->get_view->since.len) {
        arena_back(j->arena, empty); /* the whole of it has the room of any other listing */
        x->list.mark = list_whole(&begun);
        out->n_data = out->n_gone = rec->n_attributes = 0;
        x->list.more = false;
        return view_list(r, t, j, s, &x->list, out, rec);
    }
    return e == SLUIS_CONFLICT ? fail_set(&j->why, e, "na", LIST_SHRUNK) : e;
}

static sluis_err answer(reader *r, store_txn *t, job *j, question *x, const subject *s)
{
    bytes case_id = BYTES(x->list.use.case_id, ID_LEN);
    Sluis__ApiView out = SLUIS__API_VIEW__INIT;
    Sluis__Record *rec = reader_record(j, SLUIS__RECORD_TYPE__R_READ, x->row, case_id);
    sluis_err e = rec ? list(r, t, j, x, s, &out, rec) : SLUIS_NOMEM;
    if (!e)
        e = reply_with(j, s, x, &out);
    if (e)
        return e;
    const bool fetch = x->w.v && fetchable(&out);
    rec->detail = (char *)(uintptr_t)x->name;
    if (x->w.glass)
        rec->decision = (char *)(uintptr_t) "glass-broken";
    if (x->w.look) {
        rec->decision = (char *)(uintptr_t) "look-used";
        rec->purpose = x->w.look->purpose;
    }
    j->read = (read_decision){
        .record = rec, .has_subject = true, .sid = s->sid, .case_version = x->row->version, .fetch = fetch};
    memcpy(j->read.case_id.b, case_id.p, ID_LEN);
    rec->subject = (ProtobufCBinaryData){ID_LEN, j->read.sid.b};
    METRIC_ADD(r->p->metrics, views_served, 1);
    return SLUIS_OK;
}

sluis_err read_view(reader *r, store_txn *t, job *j)
{
    question x = {.row = NULL};
    subject s = {0};
    sluis_err e = decide(r, t, j, &x, clock_ms());
    if (!e)
        e = registry_subject_by_sid(r->p->registry, t, &x.sid, &s);
    if (!e)
        e = begin(r, t, j, &s, &x);
    if (!e)
        e = answer(r, t, j, &x, &s);
    subject_close(&s);
    return e ? fail_set(&j->why, e, "", "%s", error_text(e)) : SLUIS_OK;
}
