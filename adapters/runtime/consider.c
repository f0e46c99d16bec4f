#include "runtime/consider.h"

#include <string.h>

#include "wire/envelope.h"

static sluis_err look_up(const consider_with *w, const Sluis__RequestBody *request, arena *a,
                         source_person *p, consideration *out)
{
    const char *bsn = request->subject ? request->subject->bsn : "";
    char key[BSN_LEN + 1];
    sluis_fail f = {0};
    size_t n = strlen(bsn);
    out->person = PERSON_UNKNOWN;
    if (!bsn_valid(bsn, n) || bsn_is_test(bsn) != w->test_mode)
        return SLUIS_OK;
    memcpy(key, bsn, sizeof key);
    sluis_err err = source_lookup(w->source, key, a, p, &f);
    if (err == SLUIS_NOT_FOUND)
        return SLUIS_OK;
    if (err == SLUIS_NOMEM)
        return err;
    out->person = err          ? PERSON_UNREACHABLE
                  : p->typed   ? PERSON_TYPED
                  : p->refusal ? PERSON_CLOSED
                               : PERSON_KNOWN;
    out->refusal = p->refusal;
    out->explanation = p->explanation;
    return SLUIS_OK;
}

static sluis_err find_values(considered *c, const source_person *p, arena *a)
{
    const mapped_value **v = arena_alloc(a, (p->n + 1) * sizeof *v);
    if (!v)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < p->n; i++) {
        if (p->v[i].attribute == c->attribute && c->n < MAPPING_INSTANCES)
            v[c->n++] = &p->v[i];
    }
    c->values = v;
    return SLUIS_OK;
}

/* What a rule of this party would give by itself waits, where the municipality's rules ask for a person. */
static local_decision decide(const consider_with *w, uint32_t attribute)
{
    local_decision d = local_rules_decide(w->rules, w->catalogue, attribute);
    for (size_t i = 0; i < w->n_by_person && d.action == ACTION_GIVE; i++)
        if (w->by_person[i] == attribute)
            d.action = ACTION_RELEASE;
    return d;
}

sluis_err consider(const consider_with *w, const Sluis__RequestBody *request, const uint32_t *attributes,
                   size_t n, arena *a, consideration *out, sluis_fail *f)
{
    source_person p = {0};
    *out = (consideration){0};
    out->v = arena_alloc(a, (n + 1) * sizeof *out->v);
    sluis_err err = out->v ? look_up(w, request, a, &p, out) : SLUIS_NOMEM;
    if (out->person == PERSON_CLOSED || out->person == PERSON_UNREACHABLE)
        p = (source_person){0};
    for (size_t i = 0; !err && i < n; i++) {
        considered *c = &out->v[out->n++];
        *c = (considered){.attribute = attributes[i], .entry = catalogue_by_id(w->catalogue, attributes[i])};
        c->decision = decide(w, attributes[i]);
        err = find_values(c, &p, a);
        c->typed = out->person == PERSON_TYPED ||
                   (out->person == PERSON_KNOWN && !c->n && c->entry && c->entry->form);
        bool there = c->typed || (out->person == PERSON_KNOWN && c->n);
        bool asks = c->decision.action == ACTION_RELEASE || (c->decision.action == ACTION_GIVE && c->typed);
        out->hold = out->hold || (there && asks);
    }
    return err ? fail_set(f, err, "", "no memory to consider this request") : SLUIS_OK;
}

/* ---- building the body ---- */
static sluis_err set_outcome(Sluis__AttributeResult *r, arena *a, Sluis__Outcome outcome, const char *reason,
                             const char *explanation)
{
    r->outcome = outcome;
    r->reason = arena_strdup(a, reason);
    r->explanation = arena_strdup(a, explanation ? explanation : "");
    return r->reason && r->explanation ? SLUIS_OK : SLUIS_NOMEM;
}

static Sluis__Instance *new_instance(arena *a, const char *value, const uint8_t *id)
{
    Sluis__Instance *i = arena_alloc(a, sizeof *i);
    if (!i)
        return NULL;
    sluis__instance__init(i);
    i->value = arena_strdup(a, value);
    if (id) {
        i->instance.data = arena_copy(a, id, ID_LEN);
        i->instance.len = ID_LEN;
    }
    return i->value && (!id || i->instance.data) ? i : NULL;
}

static sluis_err give(Sluis__AttributeResult *r, arena *a, const considered *c)
{
    r->outcome = SLUIS__OUTCOME__GIVEN;
    r->instances = arena_alloc(a, c->n * sizeof *r->instances);
    if (!r->instances)
        return SLUIS_NOMEM;
    for (; r->n_instances < c->n; r->n_instances++) {
        const mapped_value *v = c->values[r->n_instances];
        if (!(r->instances[r->n_instances] = new_instance(a, v->value, v->keyed ? v->instance : NULL)))
            return SLUIS_NOMEM;
    }
    return SLUIS_OK;
}

static sluis_err new_body(const consideration *c, arena *a, Sluis__ResponseBody **out)
{
    Sluis__ResponseBody *b = arena_alloc(a, sizeof *b);
    if (!b)
        return SLUIS_NOMEM;
    sluis__response_body__init(b);
    b->results = arena_alloc(a, (c->n + 1) * sizeof *b->results);
    if (!b->results)
        return SLUIS_NOMEM;
    for (; b->n_results < c->n; b->n_results++) {
        Sluis__AttributeResult *r = arena_alloc(a, sizeof *r);
        if (!r)
            return SLUIS_NOMEM;
        sluis__attribute_result__init(r);
        r->attribute = c->v[b->n_results].attribute;
        b->results[b->n_results] = r;
    }
    *out = b;
    return SLUIS_OK;
}

static sluis_err by_rule(Sluis__AttributeResult *r, arena *a, const local_decision *d)
{
    Sluis__Outcome o = d->action == ACTION_REFUSE ? SLUIS__OUTCOME__REFUSED : SLUIS__OUTCOME__NOT_POSSIBLE;
    return set_outcome(r, a, o, d->reason, d->explanation);
}

static sluis_err automatic_one(const consideration *c, const considered *v, arena *a,
                               Sluis__AttributeResult *r)
{
    switch (c->person) {
    case PERSON_UNKNOWN:
        return set_outcome(r, a, SLUIS__OUTCOME__NOT_KNOWN, REASON_UNKNOWN, NULL);
    case PERSON_CLOSED:
        return set_outcome(r, a, SLUIS__OUTCOME__REFUSED, c->refusal, c->explanation);
    case PERSON_KNOWN:
    case PERSON_TYPED:
    case PERSON_UNREACHABLE:
        break;
    }
    if (v->decision.action >= ACTION_REFUSE)
        return by_rule(r, a, &v->decision);
    if (c->person == PERSON_UNREACHABLE)
        return set_outcome(r, a, SLUIS__OUTCOME__NOT_POSSIBLE, REASON_UNREACHABLE, NULL);
    if (!v->n)
        return set_outcome(r, a, SLUIS__OUTCOME__NOT_KNOWN, REASON_NO_VALUE, NULL);
    return give(r, a, v);
}

sluis_err answer_automatic(const consideration *c, arena *a, Sluis__ResponseBody **out)
{
    sluis_err err = c->hold ? SLUIS_INTERNAL : new_body(c, a, out);
    for (size_t i = 0; !err && i < c->n; i++)
        err = automatic_one(c, &c->v[i], a, (*out)->results[i]);
    return err;
}

static bool chosen(const person_decision *d, const considered *v)
{
    for (size_t i = 0; v->entry && i < d->field_count; i++) {
        if (strcmp(d->fields[i], v->entry->name) == 0)
            return true;
    }
    return false;
}

static sluis_err not_chosen(const person_decision *d, const considered *v, arena *a,
                            Sluis__AttributeResult *r)
{
    Sluis__Outcome outcome = d->outcome;
    const char *reason = d->reason, *explanation = d->explanation;
    if (d->own_reason && v->entry)
        d->own_reason(d->reasons, v->entry->name, &outcome, &reason, &explanation);
    return set_outcome(r, a, outcome, reason, explanation);
}

static sluis_err decided_one(const person_decision *d, const considered *v, arena *a,
                             Sluis__AttributeResult *r, sluis_fail *f)
{
    if (v->decision.action >= ACTION_REFUSE)
        return by_rule(r, a, &v->decision);
    if (!chosen(d, v))
        return not_chosen(d, v, a, r);
    r->conditions = (Sluis__Condition **)(uintptr_t)d->conditions; /* protobuf-c knows no const */
    r->n_conditions = d->condition_count;
    const char *typed = d->typed ? d->typed(d->ctx, v->entry->name) : NULL;
    if (!typed && !v->n)
        return fail_set(f, SLUIS_INVALID, v->entry->name,
                        "there is no value of %s to release: type one, or leave it out", v->entry->name);
    if (!typed)
        return give(r, a, v);
    if (entry_check_typed(v->entry, typed, f))
        return SLUIS_INVALID;
    r->outcome = SLUIS__OUTCOME__GIVEN;
    r->instances = arena_alloc(a, sizeof *r->instances);
    if (!r->instances || !(r->instances[0] = new_instance(a, typed, NULL)))
        return SLUIS_NOMEM;
    r->n_instances = 1;
    return SLUIS_OK;
}

static sluis_err all_asked(const consideration *c, const person_decision *d, sluis_fail *f)
{
    for (size_t i = 0; i < d->field_count; i++) {
        size_t k = 0;
        while (k < c->n && (!c->v[k].entry || strcmp(c->v[k].entry->name, d->fields[i]) != 0))
            k++;
        if (k == c->n)
            return fail_set(f, SLUIS_INVALID, "fields", "%.64s was not asked", d->fields[i]);
        if (c->v[k].decision.action >= ACTION_REFUSE)
            return fail_set(f, SLUIS_DENIED, c->v[k].entry->name,
                            "this party's own rules do not let it be given (%s)", c->v[k].decision.reason);
    }
    return SLUIS_OK;
}

static sluis_err add_words(const person_decision *d, arena *a, Sluis__ResponseBody *b)
{
    if (d->remark && !(b->remark = arena_strdup(a, d->remark)))
        return SLUIS_NOMEM;
    if (!d->judgement)
        return SLUIS_OK;
    b->judgement = arena_alloc(a, sizeof *b->judgement);
    if (!b->judgement)
        return SLUIS_NOMEM;
    sluis__legal_judgement__init(b->judgement);
    b->judgement->law = arena_strdup(a, d->law ? d->law : "");
    b->judgement->judgement = arena_strdup(a, d->judgement);
    return b->judgement->law && b->judgement->judgement ? SLUIS_OK : SLUIS_NOMEM;
}

sluis_err answer_decided(const consideration *c, const person_decision *d, arena *a,
                         Sluis__ResponseBody **out, sluis_fail *f)
{
    sluis_err err = all_asked(c, d, f);
    if (!err)
        err = new_body(c, a, out);
    for (size_t i = 0; !err && i < c->n; i++) {
        if (c->person == PERSON_CLOSED)
            err = automatic_one(c, &c->v[i], a, (*out)->results[i]);
        else
            err = decided_one(d, &c->v[i], a, (*out)->results[i], f);
    }
    return err ? err : add_words(d, a, *out);
}
