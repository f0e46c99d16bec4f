#include "core/from_register.h"

#include <string.h>

#include "base/clock.h"
#include "core/send.h"
#include "wire/messages.h"

#define INSTANCES_MAX 32 /* that a message carries */

static datum_use use_of(const turn *t, const Sluis__Core *c, const Sluis__CaseRow *row)
{
    datum_use use = turn_use(t, c->case_id.data, row, c->application);
    use.purpose = c->purpose;
    return use;
}

/* Whether the register answers: something it holds may, and all that may fits a message. More than that the
 * party is asked for, as what is not known: an answer never leaves some of it out. */
static sluis_err answers(turn *t, const subject *s, uint32_t id, const datum_use *use, bool *known)
{
    const attribute *a = rules_attribute(t->rules, id);
    datum d = {.version = 0};
    size_t n = 0;
    sluis_err e = a ? SLUIS_OK : SLUIS_NOT_FOUND;
    while (!e && n <= INSTANCES_MAX && !(e = registry_next(t->p->registry, t->t, s, id, t->arena, &d)))
        n += datum_answers(t->rules, a, d.row, use);
    *known = n && n <= INSTANCES_MAX;
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err from_register_split(turn *t, const job *j, const Sluis__CaseRow *row, const subject *s,
                              register_split *out)
{
    const Sluis__Core *c = j->env->core;
    const datum_use use = use_of(t, c, row);
    case_facts facts = case_facts_about(row, &s->sid);
    const view *v = policy_view(t->rules, c->application, c->function, &facts, t->now);
    out->row = row;
    const bool look = !j->call && !j->evidence.n;
    if (j->request) {
        out->known_count = j->request->known_count;
        memcpy(out->known, j->request->known, out->known_count * sizeof(*out->known));
    }
    for (size_t i = 0; i < c->n_attributes; i++) {
        bool known = false;
        sluis_err e = look && policy_shows(t->rules, v, &facts, c->attributes[i])
                          ? answers(t, s, c->attributes[i], &use, &known)
                          : SLUIS_OK;
        if (e)
            return e;
        if (known)
            out->known[out->known_count++] = c->attributes[i];
        else
            out->asked[out->asked_count++] = c->attributes[i];
    }
    return SLUIS_OK;
}

sluis_err from_register_results(turn *t, const uint32_t *ids, size_t n, Sluis__RequestRow *row)
{
    row->results = arena_alloc(t->arena, n * sizeof(Sluis__ResultRow *));
    Sluis__ResultRow *rows = arena_alloc(t->arena, n * sizeof(Sluis__ResultRow));
    if (!row->results || !rows)
        return SLUIS_NOMEM;
    for (row->n_results = 0; row->n_results < n; row->n_results++) {
        Sluis__ResultRow *x = &rows[row->n_results];
        sluis__result_row__init(x);
        x->attribute = ids[row->n_results];
        x->outcome = SLUIS__OUTCOME__GIVEN;
        x->source = (char *)(uintptr_t)t->p->settings->oin.s;
        row->results[row->n_results] = x;
    }
    return SLUIS_OK;
}

/* A condition as it is kept ("code[ date][ words]", results.c), as a party would have sent it. */
static sluis_err fill_condition(turn *t, const Sluis__DatumRow *row, const char *line, Sluis__Condition *out)
{
    const char *rest = line + strcspn(line, " ");
    const condition_kind *kind = rules_condition(t->rules, line);
    char *code = arena_copy(t->arena, line, (size_t)(rest - line) + 1);
    sluis__condition__init(out);
    if (!code)
        return SLUIS_NOMEM;
    code[rest - line] = '\0';
    rest += *rest == ' ';
    if (kind && kind->force == FORCE_UNTIL) {
        out->until = row->terms ? row->terms->until : 0;
        rest += strcspn(rest, " ");
        rest += *rest == ' ';
    }
    out->code = code;
    out->text = (char *)(uintptr_t)rest;
    return SLUIS_OK;
}

static sluis_err fill_instance(turn *t, const datum *d, Sluis__AttributeResult *r)
{
    Sluis__Instance *in = arena_alloc(t->arena, sizeof(*in));
    if (!in)
        return SLUIS_NOMEM;
    sluis__instance__init(in);
    in->instance = (ProtobufCBinaryData){ID_LEN, (uint8_t *)arena_copy(t->arena, d->instance.b, ID_LEN)};
    in->value = d->row->value;
    in->obtained = d->row->obtained;
    in->valid_from = d->row->valid_from;
    in->valid_until = d->row->valid_until;
    in->reference = d->row->reference;
    r->instances[r->n_instances++] = in;
    if (*d->row->statement) /* the client's, of what stayed as it was */
        r->explanation = d->row->statement;
    return in->instance.data ? SLUIS_OK : SLUIS_NOMEM;
}

/* Conditions of all instances, each code once. */
static sluis_err add_conditions(turn *t, const Sluis__DatumRow *row, Sluis__AttributeResult *r)
{
    Sluis__Condition **all = arena_alloc(t->arena, (r->n_conditions + row->n_conditions + 1) * sizeof(*all));
    if (!all)
        return SLUIS_NOMEM;
    if (r->n_conditions)
        memcpy(all, r->conditions, r->n_conditions * sizeof(*all));
    r->conditions = all;
    for (size_t i = 0; i < row->n_conditions; i++) {
        Sluis__Condition *c = arena_alloc(t->arena, sizeof(*c));
        size_t k = 0;
        if (!c || fill_condition(t, row, row->conditions[i], c))
            return SLUIS_NOMEM;
        while (k < r->n_conditions && strcmp(all[k]->code, c->code) != 0)
            k++;
        if (k == r->n_conditions)
            all[r->n_conditions++] = c;
    }
    return SLUIS_OK;
}

static sluis_err fill_result(turn *t, const subject *s, const datum_use *use, uint32_t id,
                             Sluis__AttributeResult *r)
{
    const attribute *a = rules_attribute(t->rules, id);
    datum d = {.version = 0};
    sluis_err e = SLUIS_OK;
    sluis__attribute_result__init(r);
    r->attribute = id;
    r->outcome = SLUIS__OUTCOME__GIVEN;
    r->instances = arena_alloc(t->arena, INSTANCES_MAX * sizeof(*r->instances));
    if (!r->instances)
        return SLUIS_NOMEM;
    while (!e && a && !(e = registry_next(t->p->registry, t->t, s, id, t->arena, &d))) {
        if (!datum_answers(t->rules, a, d.row, use))
            continue;
        if (r->n_instances == INSTANCES_MAX)
            return SLUIS_TOO_BIG;
        e = fill_instance(t, &d, r);
        if (!e)
            e = add_conditions(t, d.row, r);
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

static sluis_err fill_body(turn *t, const job *j, const subject *s, const register_split *split,
                           Sluis__ResponseBody *b)
{
    const datum_use use = use_of(t, j->env->core, split->row);
    Sluis__AttributeResult *all = arena_alloc(t->arena, split->known_count * sizeof(*all));
    sluis_err e = SLUIS_OK;
    sluis__response_body__init(b);
    b->results = arena_alloc(t->arena, split->known_count * sizeof(*b->results));
    if (!all || !b->results)
        return SLUIS_NOMEM;
    for (size_t i = 0; !e && i < split->known_count; i++) {
        e = fill_result(t, s, &use, split->known[i], &all[i]);
        b->results[b->n_results++] = &all[i];
    }
    return e;
}

/* The entry says who reads which data, as a read does: corrections find it in the dossier (notices.c). */
static sluis_err note(turn *t, const job *j, const subject *s, const party *to, const register_split *split,
                      Sluis__Record *r)
{
    Sluis__RequestRow shown = SLUIS__REQUEST_ROW__INIT;
    turn_record_of(t, j, SLUIS__RECORD_TYPE__R_FROM_REGISTER, r);
    r->kind = SLUIS__KIND__KIND_NONE;
    r->to = (char *)(uintptr_t)to->oin.s;
    r->attributes = (uint32_t *)(uintptr_t)split->known; /* protobuf-c knows no const */
    r->n_attributes = split->known_count;
    r->subject = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)s->sid.b};
    r->decision = (char *)(uintptr_t) "from-register";
    sluis_err e = from_register_results(t, split->known, split->known_count, &shown);
    if (!e)
        e = turn_journal(t, r);
    if (!e)
        e = turn_dossier(t, s, j->env->core->case_id.data, ((const Sluis__RequestBody *)j->body)->motivation,
                         shown.results, shown.n_results);
    return e ? e : turn_event(t, "request-from-register", r, NULL);
}

sluis_err from_register_answer(turn *t, const job *j, const subject *s, const party *to,
                               const register_split *split)
{
    const journal_entry own = t->entry;
    const party *asker = directory_find(t->dir, &j->env->sender);
    Sluis__ResponseBody body;
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__Record r;
    uint8_t mh[HASH_LEN];
    sluis_err e = asker ? fill_body(t, j, s, split, &body) : SLUIS_UNKNOWN_PARTY;
    if (!e)
        e = note(t, j, s, to, split, &r);
    c.transaction = j->env->core->transaction;
    c.kind = SLUIS__KIND__RESPONSE;
    c.case_id = j->env->core->case_id;
    c.phase = j->env->core->phase;
    c.legal_basis = j->env->core->legal_basis;
    c.purpose = j->env->core->purpose;
    c.attributes = (uint32_t *)(uintptr_t)split->known;
    c.n_attributes = split->known_count;
    c.answers = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)j->env->mh};
    if (!e) {
        r.from = (char *)(uintptr_t)t->p->settings->oin.s;
        e = send_message(t, &c, &body.base, asker, message_kind_of(c.kind)->max_lifetime_ms, &r, mh);
    }
    t->entry = own;
    return e;
}
