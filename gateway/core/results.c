#include "core/results.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cases/cases.h"
#include "core/agreed.h"
#include "core/fetch.h"
#include "core/settle.h"

#define INSTANCE_ARENA (8u << 20) /* all that stands for one instance of a datum */
#define TAKEN_BACK_MAX (2u << 20) /* of SETTLED_BYTES_MAX: the rest is for what a correction says */

static bool was_asked(const Sluis__RequestRow *row, uint32_t id)
{
    for (size_t i = 0; i < row->n_attributes; i++)
        if (row->attributes[i] == id)
            return true;
    return false;
}

static sluis_err check_conditions(turn *t, const attribute *a, const Sluis__AttributeResult *r, sluis_fail *f)
{
    for (size_t i = 0; i < r->n_conditions; i++) {
        const Sluis__Condition *c = r->conditions[i];
        const condition_kind *k = name_valid(c->code) ? rules_condition(t->rules, c->code) : NULL;
        if (!k)
            return fail_set(f, SLUIS_INVALID, a->name, "a condition from the coded list is needed");
        if (k->force == FORCE_UNTIL && c->until <= t->now)
            return fail_set(f, SLUIS_INVALID, a->name, "%s needs a date that is still to come", c->code);
        if (k->force != FORCE_UNTIL && c->until)
            return fail_set(f, SLUIS_INVALID, a->name, "%s has no date", c->code);
        for (size_t m = 0; m < i; m++)
            if (strcmp(r->conditions[m]->code, c->code) == 0)
                return fail_set(f, SLUIS_INVALID, a->name, "%s stands twice", c->code);
    }
    return SLUIS_OK;
}

/* A request is withdrawn when an address becomes secret; an answer given before can still be corrected. */
static sluis_err check_secret(turn *t, const Sluis__RequestRow *row, const attribute *a, sluis_fail *f)
{
    Sluis__CaseRow *c = NULL;
    if (!a->address || row->case_id.len != ID_LEN)
        return SLUIS_OK;
    uint8_t id[ID_LEN];
    memcpy(id, row->case_id.data, ID_LEN);
    sluis_err e = case_load_now(t->t, t->p->rows, id, t->arena, &c);
    if (!e && case_facts_of(c).secret_address)
        return fail_set(f, SLUIS_DENIED, a->name, "not permitted now: leave it out of the answer");
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

/* What holds for all results of one answer. */
typedef struct {
    agreed_answering ends;
    category given; /* the last one that the sender's domain turned out to give; 0: none yet */
} answer;

static bool may_give(const turn *t, answer *x, category c)
{
    const party *from = x->ends.from;
    if (from && x->given != c && policy_domain_gives(t->rules, from->domain, c, t->now))
        x->given = c;
    return x->given == c;
}

static sluis_err check_given(turn *t, answer *x, const attribute *a, const Sluis__AttributeResult *r,
                             sluis_fail *f)
{
    if (!may_give(t, x, a->category))
        return fail_set(f, SLUIS_DENIED, a->name, "the rules in force let this domain give no %s data",
                        category_name(a->category));
    sluis_err e = agreed_answer(t, &x->ends, a, f);
    if (!e)
        e = check_secret(t, x->ends.row, a, f);
    if (e)
        return e;
    if (r->n_instances == 0)
        return fail_set(f, SLUIS_INVALID, a->name,
                        "given, but without a value: give one, or say that it is not known");
    for (size_t i = 0; i < r->n_instances; i++) {
        const Sluis__Instance *n = r->instances[i];
        if (n->instance.len != 0 && n->instance.len != ID_LEN)
            return fail_set(f, SLUIS_INVALID, a->name, "an instance id is 16 bytes, or absent");
        for (size_t k = 0; k < i; k++)
            if (bytes_equal(BYTES(r->instances[k]->instance.data, r->instances[k]->instance.len),
                            BYTES(n->instance.data, n->instance.len)))
                return fail_set(f, SLUIS_INVALID, a->name, "one instance is given twice");
        e = attribute_check_value(a, n->value, false, f);
        if (e)
            return e;
    }
    return check_conditions(t, a, r, f);
}

static sluis_err unknown_reason(const rules *r, const attribute *a, bool refused, sluis_fail *f)
{
    char possible[320] = "";
    size_t n = 0;
    const reason *x;
    for (size_t i = 0; (x = rules_reason_at(r, i)); i++)
        if (x->not_possible != refused && n < sizeof(possible))
            n += (size_t)snprintf(possible + n, sizeof(possible) - n, "%s%s", n ? ", " : "", x->code);
    return fail_set(f, SLUIS_INVALID, a->name, "a reason from the coded list is needed; possible: %s",
                    possible);
}

/* So many named instances fit beside what is registered. One without a name stands alone: there is room for
 * it. */
static sluis_err check_room(turn *t, const subject *s, const Sluis__AttributeResult *r, sluis_fail *f)
{
    const uint32_t most = t->p->settings->instances;
    id16 *named = arena_alloc(t->arena, (r->n_instances + 1) * sizeof(*named));
    size_t n = 0;
    bool fits = true;
    if (!named)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < r->n_instances; i++)
        if (r->instances[i]->instance.len)
            named[n++] = instance_of(r->instances[i]->instance);
    sluis_err e = n ? registry_fits(t->t, s, r->attribute, named, n, most, &fits) : SLUIS_OK;
    if (!e && !fits)
        e = fail_set(
            f, SLUIS_TOO_BIG, rules_attribute(t->rules, r->attribute)->name,
            "of one person at most %u instances of it are registered: give those that are in force, or "
            "ask the municipality to raise limits.instances",
            most);
    return e;
}

/* Refused, or not possible: each has its own reasons. */
static sluis_err check_reason(turn *t, const attribute *a, const Sluis__AttributeResult *r, sluis_fail *f)
{
    const reason *why = rules_reason(t->rules, r->reason);
    if (!why)
        return unknown_reason(t->rules, a, r->outcome == SLUIS__OUTCOME__REFUSED, f);
    if (why->not_possible && r->outcome == SLUIS__OUTCOME__REFUSED)
        return fail_set(f, SLUIS_INVALID, a->name, "%s says that it is not possible: that is no refusal",
                        why->code);
    if (!why->not_possible && r->outcome != SLUIS__OUTCOME__REFUSED)
        return fail_set(f, SLUIS_INVALID, a->name, "%s is a reason to refuse", why->code);
    if (r->n_instances)
        return fail_set(f, SLUIS_INVALID, a->name, "not given, yet it has a value");
    if (r->n_conditions)
        return fail_set(f, SLUIS_INVALID, a->name, "not given, yet it has a condition");
    return SLUIS_OK;
}

static sluis_err check_result(turn *t, answer *x, const Sluis__AttributeResult *r, sluis_fail *f)
{
    const attribute *a = rules_attribute(t->rules, r->attribute);
    if (!a || !was_asked(x->ends.row, r->attribute))
        return fail_set(f, SLUIS_NOT_ASKED, "body.results", "attribute %u was not asked", r->attribute);
    switch (r->outcome) {
    case SLUIS__OUTCOME__GIVEN:
        return check_given(t, x, a, r, f);
    case SLUIS__OUTCOME__REFUSED:
    case SLUIS__OUTCOME__NOT_POSSIBLE:
    case SLUIS__OUTCOME__NOT_KNOWN:
        return check_reason(t, a, r, f);
    default:
        return fail_set(f, SLUIS_INVALID, a->name, "no outcome: given, refused, not-possible or not-known");
    }
}

size_t results_text(Sluis__AttributeResult *const *v, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        total += strlen(v[i]->explanation);
        for (size_t k = 0; k < v[i]->n_conditions; k++)
            total += strlen(v[i]->conditions[k]->code) + strlen(v[i]->conditions[k]->text);
    }
    return total;
}

sluis_err results_check(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                        Sluis__AttributeResult *const *v, size_t n, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    answer x = {.ends = agreed_answer_begin(t, row, directory_find(t->dir, &j->env->sender))};
    for (size_t i = 0; i < n; i++) {
        if (v[i]->attribute != c->attributes[i])
            return fail_set(f, SLUIS_INVALID, "body.results", "in the order of the header's attributes");
        sluis_err e = check_result(t, &x, v[i], f);
        if (!e && v[i]->n_instances)
            e = check_room(t, s, v[i], f);
        if (e)
            return e;
    }
    return SLUIS_OK;
}

/* As it is kept and shown: the code, a date, the party's words, a space between them. */
static char *condition_line(turn *t, const Sluis__Condition *c)
{
    char day[TIME_STR] = "";
    size_t n = strlen(c->code) + sizeof(day) + strlen(c->text) + 3;
    char *s = arena_alloc(t->arena, n);
    if (c->until) {
        time_format(day, c->until);
        day[strlen("2026-11-26")] = '\0';
    }
    if (s)
        snprintf(s, n, "%s%s%s%s%s", c->code, c->until ? " " : "", day, *c->text ? " " : "", c->text);
    return s;
}

static sluis_err condition_lines(turn *t, const Sluis__AttributeResult *r, char ***out, size_t *n)
{
    *n = 0;
    *out = arena_alloc(t->arena, (r->n_conditions + 1) * sizeof(char *));
    for (size_t i = 0; *out && i < r->n_conditions; i++)
        if (!((*out)[(*n)++] = condition_line(t, r->conditions[i])))
            return SLUIS_NOMEM;
    return *out ? SLUIS_OK : SLUIS_NOMEM;
}

/* Conditions hold it to the case, application and purpose it was given for. */
static void fill_terms(const Sluis__RequestRow *row, const Sluis__AttributeResult *r, Sluis__DatumTerms *out)
{
    sluis__datum_terms__init(out);
    out->case_id = row->case_id;
    out->application = row->application;
    out->purpose = row->purpose;
    for (size_t i = 0; i < r->n_conditions; i++)
        if (r->conditions[i]->until)
            out->until = r->conditions[i]->until;
}

/* What registering the results of one message came to. */
typedef struct {
    settlement settled;
    uint64_t corrected; /* it is a correction, of this moment; else 0 */
    bool open;          /* something differs from what another source said */
} registering;

static sluis_err register_result(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                                 const Sluis__AttributeResult *r, registering *x)
{
    const attribute *a = rules_attribute(t->rules, r->attribute);
    const application *app = rules_application(t->rules, row->application);
    char *law = app ? (char *)(uintptr_t)app->law : NULL;
    Sluis__DatumTerms terms;
    char **conditions;
    size_t n;
    sluis_err e = condition_lines(t, r, &conditions, &n);
    fill_terms(row, r, &terms);
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
        d.terms = n ? &terms : NULL;
        d.laws = &law;
        d.n_laws = law && *law;
        d.corrected = x->corrected;
        d.registered = t->now;
        d.journal_index = t->entry.index;
        const id16 instance = instance_of(in->instance);
        datum_outcome outcome;
        uint64_t version;
        bool alone;
        if (a->at_source_s) {
            d.asked = j->env->core->transaction;
            e = fetch_keep(t, s, row, a, &instance, &d);
            continue;
        }
        e = registry_put(t->p->registry, t->t, s, r->attribute, &instance, &d, &outcome, &version, &alone);
        if (!e && outcome == DATUM_DISCREPANCY)
            METRIC_ADD(t->p->metrics, registry_discrepancies, 1);
        if (!e && outcome != DATUM_SAME)
            METRIC_ADD(t->p->metrics, registry_data, 1);
        if (!e && !alone)
            e = settle_statement(t, j, &x->settled, s, a, &instance, outcome, &x->open);
    }
    return e;
}

/* Keeps what was settled; whoever works in the case hears of what is open. */
static sluis_err finish(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s, registering *x)
{
    sluis_err e = settlement_write(t, &x->settled, s);
    if (!e && x->open)
        e = turn_request_event(t, j->env->core->transaction.data, row, "discrepancy-found", NULL);
    return e;
}

sluis_err results_register(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                           Sluis__AttributeResult *const *v, size_t n)
{
    registering x = {.corrected = 0};
    sluis_err e = SLUIS_OK;
    settlement_begin(&x.settled, row->case_id.data, "");
    for (size_t i = 0; !e && i < n; i++)
        e = register_result(t, j, row, s, v[i], &x);
    return e ? e : finish(t, j, row, s, &x);
}

static bool among(const Sluis__AttributeResult *r, const id16 *instance)
{
    static const id16 only = {{0}};
    for (size_t i = 0; i < r->n_instances; i++) {
        const ProtobufCBinaryData *n = &r->instances[i]->instance;
        if (n->len == ID_LEN ? memcmp(n->data, instance->b, ID_LEN) == 0 : id_equal(instance, &only))
            return true;
    }
    return false;
}

/* The current value of an instance, which its party does not say any more. */
static sluis_err withdraw(turn *t, const job *j, const subject *s, uint32_t id, const datum *at)
{
    Sluis__DatumRow d = *at->row;
    datum_outcome outcome;
    uint64_t version;
    if (datum_at_source(at->row))
        return registry_not_there(t->p->registry, t->t, s, id, &at->instance);
    d.withdrawn = true;
    d.corrected = d.registered = t->now;
    d.journal_index = t->entry.index;
    d.message_hash = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)j->env->mh};
    return registry_put(t->p->registry, t->t, s, id, &at->instance, &d, &outcome, &version, NULL);
}

/* The next instance that this result does not name; rows in an arena of their own. */
static sluis_err next_unnamed(turn *t, const subject *s, const Sluis__AttributeResult *r, arena *work,
                              datum *at)
{
    sluis_err e;
    do {
        arena_reset(work);
        e = registry_next(t->p->registry, t->t, s, r->attribute, work, at);
    } while (!e && among(r, &at->instance));
    return e;
}

sluis_err results_check_taken_back(turn *t, const job *j, const subject *s, Sluis__AttributeResult *const *v,
                                   size_t n, sluis_fail *f)
{
    arena *work = arena_new(INSTANCE_ARENA);
    size_t total = 0;
    sluis_err e = work ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < n; i++) {
        datum at = {.version = 0};
        while (!(e = next_unnamed(t, s, v[i], work, &at)))
            for (const datum_beside *b = at.beside; b; b = b->next)
                if (strcmp(b->row->source, j->env->core->sender) == 0)
                    total += settle_bytes(b);
        e = e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
    }
    arena_free(&work);
    if (!e && total > TAKEN_BACK_MAX)
        e = fail_set(f, SLUIS_TOO_BIG, "body.results",
                     "it takes back more than %u bytes of what waits to be resolved: name more of the "
                     "instances, or let the municipality resolve them first",
                     TAKEN_BACK_MAX);
    return e;
}

/* What this party said of the attribute and does not say any more, current or beside it. */
static sluis_err take_back(turn *t, const job *j, const subject *s, const Sluis__AttributeResult *r,
                           registering *x, arena *work)
{
    const char *from = j->env->core->sender;
    datum at = {.version = 0};
    sluis_err e;
    while (!(e = next_unnamed(t, s, r, work, &at))) {
        if (!at.row->withdrawn && strcmp(at.row->source, from) == 0)
            e = withdraw(t, j, s, r->attribute, &at);
        for (const datum_beside *b = at.beside; !e && b; b = b->next)
            if (strcmp(b->row->source, from) == 0)
                e = settle_drop(t, &x->settled, s, r->attribute, &at, b, SETTLED_WITHDRAWN);
        if (e)
            return e;
    }
    return e == SLUIS_NOT_FOUND ? SLUIS_OK : e;
}

sluis_err results_correct(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                          const char *why, Sluis__AttributeResult *const *v, size_t n)
{
    registering x = {.corrected = t->now};
    arena *work = arena_new(INSTANCE_ARENA);
    sluis_err e = work ? SLUIS_OK : SLUIS_NOMEM;
    settlement_begin(&x.settled, row->case_id.data, why);
    for (size_t i = 0; !e && i < n; i++) {
        e = take_back(t, j, s, v[i], &x, work);
        if (!e)
            e = register_result(t, j, row, s, v[i], &x);
    }
    arena_free(&work);
    return e ? e : finish(t, j, row, s, &x);
}

Sluis__ResultRow *results_row(turn *t, const job *j, const Sluis__AttributeResult *r)
{
    Sluis__ResultRow *x = arena_alloc(t->arena, sizeof(*x));
    if (!x)
        return NULL;
    sluis__result_row__init(x);
    x->attribute = r->attribute;
    x->outcome = r->outcome;
    x->reason = r->reason;
    x->explanation = r->explanation;
    x->source = j->env->core->sender;
    return condition_lines(t, r, &x->conditions, &x->n_conditions) ? NULL : x;
}
