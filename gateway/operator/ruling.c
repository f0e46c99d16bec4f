/* The rules at the operators' desk: a reload, which is core's; which sets were in force when. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cases/cases.h"
#include "flow/explain.h"
#include "operator/desk.h"
#include "parties/parties.h"
#include "policy/recorded.h"

#define SETS_MAX 4096

json_t *desk_config_reload(desk *d, const json_t *q, sluis_fail *f)
{
    char hex[2 * HASH_LEN + 1];
    json_t *out = NULL;
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    sluis_err e = j ? desk_words(d, q, j, f) : SLUIS_NOMEM;
    if (!e)
        e = rules_load(&j->rules, desk_parts(d)->settings->rules, f);
    if (j)
        j->change = CHANGE_RULES;
    desk_ask(d, &j, e, "config.reload", f);
    if (j) {
        hex_encode(hex, rules_hash(j->rules), HASH_LEN);
        log_write(LOG_INFO, "rules.reloaded", "outcome", j->outcome, "hash", hex, NULL);
        out = json_pack("{s:s, s:s}", "outcome", j->outcome, "hash", hex);
    }
    job_free(&j);
    return out;
}

void desk_config_reload_signal(desk *d)
{
    sluis_fail f = {0};
    json_t *q = json_pack("{s:s, s:s}", "by", "sighup", "reason", "reload");
    json_t *reply = q ? desk_config_reload(d, q, &f) : NULL;
    if (!reply)
        log_write(LOG_ERROR, "rules.refused", "code", error_token(f.code), "where", f.where, "text", f.text,
                  NULL);
    json_decref(reply);
    json_decref(q);
}

static json_t *set_json(const recorded *x)
{
    char since[TIME_STR], hex[2 * HASH_LEN + 1];
    time_format(since, x->since);
    hex_encode(hex, x->hash, HASH_LEN);
    return json_pack("{s:s, s:s}", "since", since, "hash", hex);
}

json_t *desk_config_history(desk *d, const json_t *q, sluis_fail *f)
{
    store_txn *t = NULL;
    recorded x;
    json_t *sets = json_array();
    (void)q;
    sluis_err e = store_begin_read(desk_parts(d)->store, &t);
    for (size_t i = 0; !e && i < SETS_MAX && (e = recorded_nth(t, i, &x)) == SLUIS_OK; i++)
        json_array_append_new(sets, set_json(&x));
    store_abort(&t);
    if (!e || e == SLUIS_NOT_FOUND)
        return json_pack("{s:o}", "sets", sets);
    json_decref(sets);
    fail_set(f, e, "ruleset", "%s", error_text(e));
    return NULL;
}

static sluis_err moment_of(const json_t *q, uint64_t *at, sluis_fail *f)
{
    const char *s = json_string_value(json_object_get(q, "at"));
    *at = clock_ms();
    if (s && time_parse(at, s))
        return fail_set(f, SLUIS_INVALID, "at", "write YYYY-MM-DD, or YYYY-MM-DDThh:mm:ssZ");
    return SLUIS_OK;
}

/* The set that was in force at the question's moment. */
static sluis_err load_then(desk *d, const json_t *q, store_txn *t, uint64_t *at, recorded *x, rules **r,
                           sluis_fail *f)
{
    sluis_err e = moment_of(q, at, f);
    if (!e && (e = recorded_at(t, *at, x)) == SLUIS_NOT_FOUND)
        fail_set(f, e, "at", "no rules were in force yet at that moment: see `config history`");
    return e ? e : recorded_load(t, desk_parts(d)->rows, x, r, f);
}

json_t *desk_config_export(desk *d, const json_t *q, sluis_fail *f)
{
    uint64_t at;
    recorded x;
    rules *r = NULL;
    store_txn *t = NULL;
    sluis_err e = store_begin_read(desk_parts(d)->store, &t);
    if (!e)
        e = load_then(d, q, t, &at, &x, &r, f);
    store_abort(&t);
    if (e) {
        fail_set(f, e, "ruleset", "%s", error_text(e));
        return NULL;
    }
    json_t *out = set_json(&x), *files = json_object();
    for (size_t i = 0; rules_file_name(i); i++) {
        rules_text text = rules_text_at(r, i);
        if (text.text)
            json_object_set_new(files, text.name, json_stringn(text.text, text.n));
    }
    json_object_set_new(out, "files", files);
    rules_unref(&r);
    return out;
}

static sluis_err load_case(desk *d, const json_t *q, store_txn *t, arena *a, Sluis__CaseRow **row,
                           sluis_fail *f)
{
    uint8_t id[ID_LEN];
    const char *hex = desk_text(q, "case", f);
    if (!hex || hex_decode(id, ID_LEN, hex, strlen(hex)))
        return fail_set(f, SLUIS_INVALID, "case", "an id of a case is %d hexadecimal digits", 2 * ID_LEN);
    sluis_err e = case_load(t, desk_parts(d)->rows, id, a, row);
    return e == SLUIS_NOT_FOUND ? fail_set(f, e, "case", "there is no such case") : e;
}

/* Of the member that the question is about: 1 when it names none. */
static sluis_err facts_of_member(const json_t *q, const Sluis__CaseRow *row, case_facts *out, sluis_fail *f)
{
    const json_t *n = json_object_get(q, "member");
    json_int_t member = n ? json_integer_value(n) : 1;
    id16 sid;
    if (member < 1 || member > CASE_MEMBERS_MAX || case_member(row, (uint32_t)member, &sid))
        return fail_set(f, SLUIS_NOT_FOUND, "member", "the case has no member of this number");
    *out = case_facts_about(row, &sid);
    return SLUIS_OK;
}

/* The party that the question names, in the directory that *dir is to hold as long as it is used; no name:
 * *to is NULL. A domain that is named too must be its own. */
static sluis_err party_of(desk *d, const json_t *q, store_txn *t, directory **dir, const party **to,
                          sluis_fail *f)
{
    const char *who = json_string_value(json_object_get(q, "party"));
    const char *domain = json_string_value(json_object_get(q, "domain"));
    oin o;
    *to = NULL;
    if (!who)
        return SLUIS_OK;
    if (oin_parse(&o, who, strlen(who)))
        return fail_set(f, SLUIS_INVALID, "party", "an OIN is needed: %d characters", OIN_LEN);
    sluis_err e = parties_load(t, desk_parts(d)->directory.pk, dir, f);
    *to = e ? NULL : directory_find(*dir, &o);
    if (!e && !*to)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, "party", "not in the directory: see `party list`");
    if (!e && domain && strcmp(domain, (*to)->domain) != 0)
        return fail_set(f, SLUIS_INVALID, "domain", "the party is in the domain %.64s", (*to)->domain);
    return e;
}

json_t *desk_policy_explain(desk *d, const json_t *q, sluis_fail *f)
{
    uint64_t at;
    recorded x;
    rules *r = NULL;
    store_txn *t = NULL;
    Sluis__CaseRow *row = NULL;
    json_t *answers = NULL, *out = NULL;
    case_facts facts;
    directory *dir = NULL;
    const party *to = NULL;
    arena *a = arena_new(1u << 20);
    sluis_err e = a ? store_begin_read(desk_parts(d)->store, &t) : SLUIS_NOMEM;
    if (!e)
        e = load_case(d, q, t, a, &row, f);
    if (!e)
        e = load_then(d, q, t, &at, &x, &r, f);
    if (!e)
        e = party_of(d, q, t, &dir, &to, f);
    store_abort(&t);
    if (!e)
        e = facts_of_member(q, row, &facts, f);
    if (!e) {
        answers = explain(r, q, &facts, at, to, f);
        out = answers ? set_json(&x) : NULL;
        json_object_set_new(out, "answers", answers);
    }
    if (!out)
        fail_set(f, e ? e : SLUIS_NOMEM, "policy.explain", "%s", error_text(e ? e : SLUIS_NOMEM));
    directory_unref(&dir);
    rules_unref(&r);
    arena_free(&a);
    return out;
}
