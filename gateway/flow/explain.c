#include "flow/explain.h"

#include <string.h>

#include "wire/messages.h"

#define CANDIDATES_MAX 64

static const struct {
    uint32_t bit;
    const char *name;
} obligations[] = {{OBLIGE_RELEASE_BY_PERSON, "release-by-person"},
                   {OBLIGE_MEETING_ONLY, "meeting-only"},
                   {OBLIGE_NOTIFY_CLIENT, "notify-client"}},
  misses[] = {{MISS_APPLICATION, "application"}, {MISS_FUNCTION, "function"}, {MISS_PURPOSE, "purpose"},
              {MISS_LEGAL_BASIS, "legal basis"}, {MISS_PHASE, "phase"},       {MISS_PERIOD, "period"}};

static json_t *obligation_names(uint32_t bits)
{
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof obligations / sizeof obligations[0]; i++)
        if (bits & obligations[i].bit)
            json_array_append_new(out, json_string(obligations[i].name));
    return out;
}

static json_t *missing(const policy_candidate *c)
{
    json_t *lacks = json_array();
    for (size_t i = 0; i < sizeof misses / sizeof misses[0]; i++)
        if (c->misses & misses[i].bit)
            json_array_append_new(lacks, json_string(misses[i].name));
    return json_pack("{s:s, s:o}", "rule", c->rule, "does_not_fit", lacks);
}

/* A permit names every rule that gave it; a denial what denied it, and what each rule about the datum lacks.
 */
static json_t *answer_json(const rules *r, const policy_question *q, const char *name, uint32_t id,
                           const policy_answer *a)
{
    const attribute *datum = rules_attribute(r, id);
    const char *law = datum ? policy_domain_law(r, q->domain, datum->category, q->at) : NULL;
    policy_candidate c[CANDIDATES_MAX];
    size_t n = policy_candidates(r, q, id, c, CANDIDATES_MAX);
    json_t *ids = json_array(), *articles = json_array(), *near = json_array();
    const policy_refusal *denied = a->permit ? NULL : policy_refusal_of(a->rule);
    for (size_t i = 0; a->permit && i < n; i++)
        if (!c[i].misses) {
            json_array_append_new(ids, json_string(c[i].rule));
            json_array_append_new(articles, json_string(rules_article(r, c[i].rule)));
        }
    for (size_t i = 0; !a->permit && i < n; i++)
        if (c[i].misses)
            json_array_append_new(near, missing(&c[i]));
    if (!a->permit)
        json_array_append_new(ids, json_string(a->rule));
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:s, s:o}", "attribute", name, "decision",
                     a->permit ? "permit" : "deny", "rules", ids, "articles", articles, "own_law",
                     law ? law : "", "obligations", obligation_names(a->obligations), "why",
                     denied ? denied->english : "", "near", near);
}

static void deny_by(json_t *answer, const char *by, const char *why)
{
    json_object_set_new(answer, "decision", json_string("deny"));
    json_object_set_new(answer, "rules", json_pack("[s]", by));
    json_object_set_new(answer, "articles", json_array());
    json_object_set_new(answer, "obligations", json_array());
    json_object_set_new(answer, "why", json_string(why));
}

/* What the party's own state and its agreement say of a datum that the rules permit. */
static void judge_party(json_t *answer, const party *to, const policy_question *q, const attribute *a)
{
    const agreement *about = NULL;
    const agreed_question asked = {.side = AGREED_GIVES,
                                   .purpose = q->purpose,
                                   .category = category_name(a->category),
                                   .attribute = a->name};
    sluis_err e = agreement_judge(to->agreements, to->agreement_count, &asked, q->at, &about);
    if (about) {
        json_object_set_new(answer, "covenant", json_string(about->covenant));
        json_object_set_new(answer, "version", json_integer(about->version));
    }
    if (to->suspended)
        deny_by(answer, "suspended", "the party is shut out: see `party resume`");
    else if (e)
        deny_by(answer, "agreement", error_text(e));
}

static json_t *all_answers(const rules *r, const json_t *names, const policy_question *q,
                           const policy_answer *answers, const party *to)
{
    json_t *out = json_array();
    for (size_t i = 0; i < q->attribute_count; i++) {
        json_t *one =
            answer_json(r, q, json_string_value(json_array_get(names, i)), q->attributes[i], &answers[i]);
        if (to && answers[i].permit)
            judge_party(one, to, q, rules_attribute(r, q->attributes[i]));
        json_array_append_new(out, one);
    }
    return out;
}

static const char *text_of(const json_t *q, const char *key, sluis_fail *f)
{
    const char *s = json_string_value(json_object_get(q, key));
    if (!s)
        fail_set(f, SLUIS_INVALID, key, "a name is needed here");
    return s;
}

static sluis_err take_question(const rules *r, const json_t *q, const case_facts *c, uint64_t at,
                               const party *to, policy_question *out, sluis_fail *f)
{
    const json_t *phase = json_object_get(q, "phase");
    *out =
        (policy_question){.application = text_of(q, "application", f),
                          .function = text_of(q, "function", f),
                          .domain = to ? to->domain : text_of(q, "domain", f),
                          .asked = to ? to->oin.s : NULL,
                          .purpose = text_of(q, "purpose", f),
                          .legal_basis = text_of(q, "legal_basis", f),
                          .phase = json_is_string(phase) ? phase_parse(json_string_value(phase)) : c->phase,
                          .at = at};
    if (f->code)
        return f->code;
    const application *a = rules_application(r, out->application);
    out->acting = a && a->oin_count ? &a->oins[0] : NULL;
    return SLUIS_OK;
}

json_t *explain(const rules *r, const json_t *q, const case_facts *c, uint64_t at, const party *to,
                sluis_fail *f)
{
    policy_question question;
    policy_answer answers[EXPLAIN_ATTRIBUTES_MAX];
    uint32_t ids[EXPLAIN_ATTRIBUTES_MAX];
    const json_t *names = json_object_get(q, "attributes");
    size_t n = json_array_size(names);
    if (take_question(r, q, c, at, to, &question, f))
        return NULL;
    if (n == 0 || n > EXPLAIN_ATTRIBUTES_MAX) {
        fail_set(f, SLUIS_INVALID, "attributes", "1 to %d names of attributes", EXPLAIN_ATTRIBUTES_MAX);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        const attribute *a = rules_attribute_named(r, name);
        if (!name) {
            fail_set(f, SLUIS_INVALID, "attributes", "each is a name");
            return NULL;
        }
        ids[i] = a ? a->id : 0; /* 0 is nobody's */
    }
    question.attributes = ids;
    question.attribute_count = n;
    policy_decide(r, &question, c, answers);
    return all_answers(r, names, &question, answers, to);
}

void explain_record(json_t *out, const Sluis__Record *r)
{
    char hex[2 * HASH_LEN + 1] = "";
    json_t *ids = json_array();
    for (size_t i = 0; i < r->n_rules; i++)
        json_array_append_new(ids, json_string(r->rules[i]));
    if (r->rules_hash.len == HASH_LEN)
        hex_encode(hex, r->rules_hash.data, HASH_LEN);
    json_object_set_new(out, "rules", ids);
    json_object_set_new(out, "rule_set", json_string(hex));
}
