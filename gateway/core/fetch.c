#include "core/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/ask.h"
#include "core/due.h"
#include "core/send.h"
#include "wire/messages.h"

#define SECOND_MS UINT64_C(1000)

/* One datum of the view that is not here. */
typedef struct {
    Sluis__ApiAtSource *out;
    const attribute *a;
    datum d;
    bool settled; /* what became of it is known: it is not asked now */
} wanted;

typedef struct {
    turn *t;
    const job *j;
    Sluis__CaseRow *row;
    subject s;
    const char *law, *bsn;
    wanted *list;
    size_t n;
    uint32_t asked; /* requests */
} fetching;

static void say(wanted *w, const char *state, const char *why)
{
    w->out->state = (char *)(uintptr_t)state;
    w->out->reason = (char *)(uintptr_t)why;
}

static const Sluis__ResultRow *result_of(const Sluis__RequestRow *q, uint32_t id)
{
    for (size_t i = 0; i < q->n_results; i++)
        if (q->results[i]->attribute == id)
            return q->results[i];
    return NULL;
}

static const char *law_of(const rules *r, const char *name)
{
    const application *app = rules_application(r, name);
    return app ? app->law : "";
}

/* What became of the last request for it, when that was for this case and law and is not long ago: whoever
 * reads shares it. Its number is for the application that it is of. */
static sluis_err last_time(fetching *x, wanted *w)
{
    const ProtobufCBinaryData tx = w->d.row->asked;
    Sluis__RequestRow *q = NULL;
    sluis_err e = tx.len == UUID_LEN ? turn_request_load(x->t, tx.data, &q, NULL) : SLUIS_NOT_FOUND;
    if (e)
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    if (!case_covers(x->row, x->j->read.case_id.b, q->case_id) ||
        strcmp(law_of(x->t->rules, q->application), x->law) != 0)
        return SLUIS_OK;
    const uint64_t last = q->answered > q->created ? q->answered : q->created;
    const Sluis__ResultRow *r = result_of(q, w->a->id);
    w->settled = request_waits(q);
    if (w->settled) {
        say(w, "fetching", "");
    } else if (last + w->a->at_source_s * SECOND_MS > x->t->now &&
               (!r || r->outcome != SLUIS__OUTCOME__GIVEN)) {
        w->settled = true;
        say(w, r ? outcome_name((Sluis__Outcome)r->outcome) : "not-fetched", r ? r->reason : q->reason);
    }
    if (w->settled && strcmp(q->application, x->j->claims.app) == 0)
        w->out->transaction = tx;
    return SLUIS_OK;
}

/* It came between the reader's snapshot and this turn: the next reading shows it. */
static bool came_meanwhile(const fetching *x, const wanted *w)
{
    const datum_use use = turn_use(x->t, x->j->read.case_id.b, x->row, x->j->claims.app);
    return datum_here(x->t->rules, w->a, w->d.row, &use);
}

static sluis_err collect(fetching *x, const Sluis__ApiView *v)
{
    sluis_err e = SLUIS_OK;
    x->list = arena_alloc(x->t->arena, (v->n_data + 1) * sizeof(*x->list));
    if (!x->list)
        return SLUIS_NOMEM;
    for (size_t i = 0; !e && i < v->n_data; i++) {
        id16 instance = {{0}};
        wanted *w = &x->list[x->n];
        if (!v->data[i]->at_source || v->data[i]->at_source->until)
            continue;
        *w = (wanted){.out = v->data[i]->at_source,
                      .a = rules_attribute_named(x->t->rules, v->data[i]->attribute)};
        if (*v->data[i]->instance && id_parse(&instance, v->data[i]->instance))
            return SLUIS_CORRUPT;
        e = w->a ? registry_get(x->t->p->registry, x->t->t, &x->s, w->a->id, &instance, x->t->arena, &w->d)
                 : SLUIS_NOT_FOUND;
        if (!e && came_meanwhile(x, w)) {
            say(w, "fetching", "");
            w->settled = true;
        } else if (!e) {
            e = last_time(x, w);
        }
        x->n += !e;
        if (e == SLUIS_NOT_FOUND) /* gone since */
            e = SLUIS_OK;
    }
    return e;
}

/* Those of the same source as the i-th that are still to be asked; ids ascending, each once. */
static size_t ids_of(const fetching *x, size_t i, uint32_t ids[static ATTRIBUTES_MAX])
{
    size_t n = 0;
    for (size_t k = i; k < x->n && n < ATTRIBUTES_MAX; k++)
        if (!x->list[k].settled && strcmp(x->list[k].d.row->source, x->list[i].d.row->source) == 0 &&
            (!n || ids[n - 1] != x->list[k].a->id))
            ids[n++] = x->list[k].a->id;
    return n;
}

/* For the first purpose for which the rules in force let this reader ask it. */
static sluis_err ask(fetching *x, const char *source, const uint32_t *ids, size_t n, uuid *transaction)
{
    turn *t = x->t;
    const party *to = NULL;
    const fetch_rule *why;
    oin o;
    sluis_err e =
        oin_parse(&o, source, strlen(source)) ? SLUIS_UNKNOWN_PARTY : send_check(t, &o, "partij", &to, NULL);
    if (e)
        return e;
    e = SLUIS_DENIED;
    for (size_t i = 0; e == SLUIS_DENIED && (why = rules_fetch(t->rules, x->law, i, t->now)); i++) {
        const question q = {.case_id = x->j->read.case_id.b,
                            .phase = case_facts_of(x->row).phase,
                            .bsn = x->bsn,
                            .purpose = why->purpose,
                            .legal_basis = why->legal_basis,
                            .motivation = why->why,
                            .necessity = why->why,
                            .attributes = ids,
                            .attribute_count = n,
                            .answer_by = t->now + why->answer_days * DAY_MS};
        sluis_fail f = {0};
        e = ask_party(t, x->j, &q, to, transaction, &f);
    }
    return e;
}

/* Each source is asked once for all of its data; what could not be asked is said of each of them. */
static sluis_err ask_source(fetching *x, size_t i)
{
    uint32_t ids[ATTRIBUTES_MAX];
    const char *source = x->list[i].d.row->source;
    const size_t n = ids_of(x, i, ids);
    uint8_t *tx = arena_alloc(x->t->arena, UUID_LEN);
    uuid transaction;
    sluis_err e = tx ? ask(x, source, ids, n, &transaction) : SLUIS_NOMEM;
    const sluis_err refused = e;
    if (e && turn_is_fault(e))
        return e;
    x->asked += !e;
    if (!e)
        memcpy(tx, transaction.b, UUID_LEN);
    e = SLUIS_OK;
    for (size_t k = i; !e && k < x->n; k++) {
        wanted *w = &x->list[k];
        if (w->settled || strcmp(w->d.row->source, source) != 0 || w->a->id > ids[n - 1])
            continue;
        w->settled = true;
        say(w, refused ? "not-fetched" : "fetching", refused ? error_token(refused) : "");
        if (refused)
            continue;
        w->out->transaction = (ProtobufCBinaryData){UUID_LEN, tx};
        e = registry_fetching(x->t->t, &x->s, w->a->id, &w->d, tx);
    }
    return e;
}

static sluis_err ask_all(fetching *x)
{
    char *bsn = NULL;
    sluis_err e = registry_bsn(x->t->p->registry, x->t->t, &x->s, x->t->arena, &bsn);
    if (e) /* no party can find the person: they stand where they stand */
        return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    x->bsn = bsn;
    for (size_t i = 0; !e && i < x->n && x->asked < x->t->p->settings->view_fetches; i++)
        if (!x->list[i].settled)
            e = ask_source(x, i);
    return e;
}

/* The reply again, with how it stands. */
static sluis_err write_reply(job *j, const Sluis__ApiReply *r)
{
    buffer whole;
    buffer_init(&whole, j->reply.max);
    sluis_err e = wire_pack(&whole, &r->base);
    if (e) {
        buffer_close(&whole);
        return e;
    }
    buffer_close(&j->reply);
    j->reply = whole;
    return SLUIS_OK;
}

sluis_err fetch_at_source(turn *t, job *j)
{
    const journal_entry own = t->entry;
    ProtobufCMessage *m = NULL;
    fetching x = {.t = t, .j = j, .law = law_of(t->rules, j->claims.app)};
    sluis_err e = wire_unpack(&m, &sluis__api_reply__descriptor, t->arena, buffer_bytes(&j->reply), NULL);
    Sluis__ApiReply *r = (Sluis__ApiReply *)m;
    if (!e)
        e = case_load(t->t, t->p->rows, j->read.case_id.b, t->arena, &x.row);
    if (!e)
        e = registry_subject_by_sid(t->p->registry, t->t, &j->read.sid, &x.s);
    if (!e)
        e = collect(&x, r->view);
    if (!e && rules_fetch(t->rules, x.law, 0, t->now))
        e = ask_all(&x);
    if (!e)
        e = write_reply(j, r);
    subject_close(&x.s);
    t->entry = own;
    return e && turn_is_fault(e) ? e : SLUIS_OK; /* else the view goes out as it was */
}

sluis_err fetch_keep(turn *t, const subject *s, const Sluis__RequestRow *row, const attribute *a,
                     const id16 *instance, const Sluis__DatumRow *said)
{
    Sluis__KeptRow kept = SLUIS__KEPT_ROW__INIT;
    Sluis__DatumRow d = *said;
    uint8_t key[FETCH_KEY];
    kept.until = t->now + a->at_source_s * SECOND_MS;
    kept.case_id = row->case_id;
    kept.law = (char *)(uintptr_t)law_of(t->rules, row->application);
    d.kept = &kept;
    d.reference = true;
    sluis_err e = registry_keep(t->p->registry, t->t, s, a->id, instance, &d);
    memcpy(key, s->sid.b, ID_LEN);
    put_u32(key + ID_LEN, a->id);
    memcpy(key + ID_LEN + 4, instance->b, ID_LEN);
    return e ? e : due_add(t, DUE_KEPT, kept.until, BYTES_OF(key));
}

sluis_err fetch_over(turn *t, const uint8_t key[static FETCH_KEY])
{
    subject s = {0};
    id16 sid, instance;
    memcpy(sid.b, key, ID_LEN);
    memcpy(instance.b, key + ID_LEN + 4, ID_LEN);
    sluis_err e = registry_subject_by_sid(t->p->registry, t->t, &sid, &s);
    if (!e)
        e = registry_unkeep(t->p->registry, t->t, &s, get_u32(key + ID_LEN), &instance, t->now);
    subject_close(&s);
    return e;
}
