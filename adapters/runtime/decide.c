/* What a person of the party decides about a request that waits: release, refuse, known or not, and whose it
 * is. Thread: one. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "runtime/parts.h"
#include "wire/messages.h"

#define CONDITIONS_MAX 16

typedef struct {
    Sluis__Condition v[CONDITIONS_MAX], *list[CONDITIONS_MAX];
    size_t n;
} decided_conditions;

static sluis_err who_decides(const json_t *request, const char **by, sluis_fail *f)
{
    sluis_err err = desk_text(request, "by", true, by, f);
    return err || name_valid(*by) ? err
                                  : fail_set(f, SLUIS_INVALID, "by",
                                             "by is a pseudonym: lower-case letters, digits and . _ : -");
}

static sluis_err check_waits(const opened *o, sluis_fail *f)
{
    return inbox_state_is(o->row, STATE_HELD)
               ? SLUIS_OK
               : fail_set(f, SLUIS_CONFLICT, "id", "this request does not wait for a decision: it is %s",
                          o->row->state);
}

/* ---- release and refuse ---- */
static const char *typed_value(void *ctx, const char *name)
{
    return json_string_value(json_object_get(ctx, name));
}

static bool outcome_of(const char *word, Sluis__Outcome *out)
{
    static const Sluis__Outcome all[] = {SLUIS__OUTCOME__REFUSED, SLUIS__OUTCOME__NOT_POSSIBLE,
                                         SLUIS__OUTCOME__NOT_KNOWN};
    for (size_t i = 0; word && i < sizeof all / sizeof all[0]; i++)
        if (strcmp(outcome_name(all[i]), word) == 0) {
            *out = all[i];
            return true;
        }
    return false;
}

static sluis_err outcome_at(const json_t *request, Sluis__Outcome *out, sluis_fail *f)
{
    const char *word;
    sluis_err err = desk_text(request, "outcome", false, &word, f);
    *out = SLUIS__OUTCOME__REFUSED;
    if (err || !word[0] || outcome_of(word, out))
        return err;
    return fail_set(f, SLUIS_INVALID, "outcome", "outcome is refused, not-possible or not-known");
}

/* reasons: {attribute: {reason, outcome?, explanation?}} */
static sluis_err check_reasons(const json_t *reasons, sluis_fail *f)
{
    const char *name;
    json_t *v;
    Sluis__Outcome o;
    if (reasons && !json_is_object(reasons))
        return fail_set(f, SLUIS_INVALID, "reasons", "reasons is an object: a reason for each attribute");
    json_object_foreach((json_t *)(uintptr_t)reasons, name, v)
    {
        const char *code = json_string_value(json_object_get(v, "reason"));
        const json_t *outcome = json_object_get(v, "outcome"), *words = json_object_get(v, "explanation");
        if (!code || !name_valid(code) || (words && !json_is_string(words)))
            return fail_set(f, SLUIS_INVALID, "reasons", "%.64s: a code of reasons.conf, and words at most",
                            name);
        if (outcome && !outcome_of(json_string_value(outcome), &o))
            return fail_set(f, SLUIS_INVALID, "reasons",
                            "%.64s: outcome is refused, not-possible or not-known", name);
    }
    return SLUIS_OK;
}

static void own_reason(void *ctx, const char *name, Sluis__Outcome *outcome, const char **reason,
                       const char **explanation)
{
    const json_t *v = json_object_get(ctx, name), *words = json_object_get(v, "explanation");
    if (!v)
        return;
    *reason = json_string_value(json_object_get(v, "reason"));
    *explanation = words ? json_string_value(words) : "";
    outcome_of(json_string_value(json_object_get(v, "outcome")), outcome);
}

/* conditions: [{code, until? (a day, still included), text?}] */
static sluis_err read_conditions(const json_t *list, decided_conditions *out, sluis_fail *f)
{
    const json_t *v;
    size_t i;
    if (list && (!json_is_array(list) || json_array_size(list) > CONDITIONS_MAX))
        return fail_set(f, SLUIS_INVALID, "conditions", "conditions is a list of at most %d", CONDITIONS_MAX);
    json_array_foreach(list, i, v)
    {
        Sluis__Condition *c = &out->v[out->n];
        const char *code = json_string_value(json_object_get(v, "code"));
        const json_t *until = json_object_get(v, "until"), *text = json_object_get(v, "text");
        char day[TIME_STR];
        sluis__condition__init(c);
        if (!code || !name_valid(code) || (text && !json_is_string(text)) ||
            (until && !json_is_string(until)))
            return fail_set(f, SLUIS_INVALID, "conditions",
                            "a condition has a code of reasons.conf, and a text "
                            "and a day at most");
        c->code = (char *)(uintptr_t)code;
        c->text = (char *)(uintptr_t)(text ? json_string_value(text) : "");
        if (until) {
            snprintf(day, sizeof day, "%.10sT00:00:00.000Z", json_string_value(until));
            if (strlen(json_string_value(until)) != strlen("2026-11-26") || time_parse(&c->until, day))
                return fail_set(f, SLUIS_INVALID, "conditions", "until is a day, YYYY-MM-DD");
            c->until += DAY_MS;
        }
        out->list[out->n++] = c;
    }
    return SLUIS_OK;
}

/* The words that both commands share. */
static sluis_err read_words(const json_t *request, person_decision *d, const char **by, sluis_fail *f)
{
    sluis_err err = who_decides(request, by, f);
    if (!err)
        err = desk_text(request, "reason", false, &d->reason, f);
    if (!err && d->reason[0] && !name_valid(d->reason))
        err = fail_set(f, SLUIS_INVALID, "reason", "reason is a code of reasons.conf");
    if (!err)
        err = desk_text(request, "explanation", false, &d->explanation, f);
    if (!err)
        err = desk_text(request, "law", false, &d->law, f);
    if (!err)
        err = desk_text(request, "judgement", false, &d->judgement, f);
    if (!err)
        err = desk_text(request, "remark", false, &d->remark, f);
    if (!err)
        err = outcome_at(request, &d->outcome, f);
    if (!err && !d->judgement[0])
        d->judgement = NULL;
    if (!err)
        err = check_reasons(json_object_get(request, "reasons"), f);
    d->own_reason = own_reason;
    d->reasons = json_object_get(request, "reasons");
    return err;
}

static sluis_err keep_decision(adapter *a, opened *o, const ProtobufCMessage *body, const char *by,
                               sluis_fail *f)
{
    buffer draft;
    buffer_init(&draft, ENVELOPE_MAX);
    sluis_err err = wire_pack(&draft, body);
    if (!err) {
        o->row->state = (char *)(uintptr_t)STATE_DECIDED;
        o->row->decided_by = (char *)(uintptr_t)by;
        o->row->decided_for = (char *)(uintptr_t)o->behalf;
        o->row->draft = (ProtobufCBinaryData){draft.n, draft.p};
        err = inbox_put(a->inbox, o->id.b, o->row);
    }
    if (!err)
        err = work_push(a, o->id.b);
    if (!err)
        a->held -= a->held > 0;
    buffer_close(&draft);
    return err ? fail_set(f, err, "", "the decision could not be stored") : SLUIS_OK;
}

static json_t *settle_request(adapter *a, const json_t *request, person_decision *d, sluis_fail *f)
{
    opened o;
    consideration c;
    const char *by;
    char id[UUID_STR];
    Sluis__ResponseBody *body;
    sluis_err err = read_words(request, d, &by, f);
    if (!err && !d->reason[0])
        err = d->field_count ? SLUIS_OK
                             : fail_set(f, SLUIS_INVALID, "reason",
                                        "nothing is given: say why, with a code of reasons.conf");
    if (err || desk_open(a, request, &o, f))
        return NULL;
    if (!d->reason[0])
        d->reason = REASON_UNNECESSARY;
    uuid_format(id, o.id.b);
    err = check_waits(&o, f);
    if (!err && o.e->core->kind == SLUIS__KIND__KNOWN_QUERY)
        err = fail_set(f, SLUIS_CONFLICT, "id", "it asks only whether the person is known: inbox known");
    if (!err)
        err = desk_may(a, &o, by, f);
    if (!err)
        err = desk_consider(a, &o, &c, f);
    if (!err)
        err = answer_decided(&c, d, o.ar, &body, f);
    if (!err)
        err = keep_decision(a, &o, &body->base, by, f);
    desk_close(&o);
    return err ? NULL : json_pack("{s:s, s:s}", "id", id, "state", STATE_DECIDED);
}

json_t *decide_command_release(adapter *a, const json_t *request, sluis_fail *f)
{
    const char *names[ATTRIBUTES_MAX];
    json_t *values = json_object_get(request, "values"), *fields = json_object_get(request, "fields"), *v;
    person_decision d = {.fields = names};
    decided_conditions conditions = {0};
    const char *key;
    size_t i;
    if (!json_is_array(fields) || json_array_size(fields) > ATTRIBUTES_MAX ||
        (values && !json_is_object(values))) {
        fail_set(f, SLUIS_INVALID, "fields",
                 "fields is a list of attribute names; values an object of names and texts");
        return NULL;
    }
    json_array_foreach(fields, i, v)
    {
        if (!json_is_string(v)) {
            fail_set(f, SLUIS_INVALID, "fields", "a field is the name of an attribute");
            return NULL;
        }
        names[d.field_count++] = json_string_value(v);
    }
    json_object_foreach(values, key, v)
    {
        size_t k = 0;
        while (k < d.field_count && strcmp(names[k], key) != 0)
            k++;
        if (!json_is_string(v) || k == d.field_count) {
            fail_set(f, SLUIS_INVALID, "values", "a value is text, of one of the fields");
            return NULL;
        }
    }
    if (read_conditions(json_object_get(request, "conditions"), &conditions, f))
        return NULL;
    d.conditions = conditions.list;
    d.condition_count = conditions.n;
    if (values) {
        d.typed = typed_value;
        d.ctx = values;
    }
    return settle_request(a, request, &d, f);
}

json_t *decide_command_refuse(adapter *a, const json_t *request, sluis_fail *f)
{
    person_decision d = {0};
    return settle_request(a, request, &d, f);
}

/* ---- known or not ---- */
json_t *decide_command_known(adapter *a, const json_t *request, sluis_fail *f)
{
    Sluis__KnownAnswerBody body = SLUIS__KNOWN_ANSWER_BODY__INIT;
    opened o;
    const char *by, *answer;
    char id[UUID_STR];
    sluis_err err = who_decides(request, &by, f);
    if (!err)
        err = desk_text(request, "answer", true, &answer, f);
    if (!err && strcmp(answer, "yes") != 0 && strcmp(answer, "no") != 0)
        err = fail_set(f, SLUIS_INVALID, "answer", "answer is yes or no");
    if (err || desk_open(a, request, &o, f))
        return NULL;
    uuid_format(id, o.id.b);
    if (o.e->core->kind != SLUIS__KIND__KNOWN_QUERY)
        err = fail_set(f, SLUIS_CONFLICT, "id", "it asks for data: inbox release or refuse");
    else
        err = check_waits(&o, f);
    body.known = strcmp(answer, "yes") == 0;
    if (!err)
        err = desk_may(a, &o, by, f);
    if (!err)
        err = keep_decision(a, &o, &body.base, by, f);
    desk_close(&o);
    return err ? NULL : json_pack("{s:s, s:s}", "id", id, "state", STATE_DECIDED);
}

/* ---- to whom it belongs ---- */
json_t *decide_command_assign(adapter *a, const json_t *request, sluis_fail *f)
{
    opened o;
    const char *by, *to;
    char id[UUID_STR];
    sluis_err err = who_decides(request, &by, f);
    if (!err)
        err = desk_text(request, "to", true, &to, f);
    if (!err && !staff_knows(a->staff, to))
        err = fail_set(f, SLUIS_INVALID, "to", "to is no person and no team of the configuration's staff");
    if (err || desk_open(a, request, &o, f))
        return NULL;
    uuid_format(id, o.id.b);
    err = check_waits(&o, f);
    if (!err)
        err = desk_may(a, &o, by, f);
    if (!err) {
        o.row->owner = (char *)(uintptr_t)to;
        o.row->assigned_by = (char *)(uintptr_t)by;
        err = inbox_put(a->inbox, o.id.b, o.row);
        if (err)
            fail_set(f, err, "", "it could not be stored");
    }
    desk_close(&o);
    return err ? NULL : json_pack("{s:s, s:s}", "id", id, "owner", to);
}
