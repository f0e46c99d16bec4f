/* The rules change: the old set and the next one are compared, the next is kept whole, an entry names its
 * hash and that of the old, and everything after it is judged by the next. Also at the start, against the set
 * that was in force when the program ended. */
#include <string.h>

#include "base/log.h"
#include "core/handlers.h"
#include "policy/recorded.h"

#define WORD(s) ((char *)(uintptr_t)(s))

/* Keeps the set and writes the entry. was: the hash before; NULL: there was none. by: who asked; "": nobody.
 */
static sluis_err put_in_force(turn *t, rules *next, const uint8_t *was, const char *by)
{
    Sluis__Record r = SLUIS__RECORD__INIT;
    char hex[2 * HASH_LEN + 1] = "";
    if (was)
        hex_encode(hex, was, HASH_LEN);
    r.type = SLUIS__RECORD_TYPE__R_RULES;
    r.employee = WORD(by);
    r.from = t->p->settings->oin.s;
    r.decision = WORD(was ? "changed" : "first");
    r.detail = hex;
    sluis_err e = recorded_put(t->t, t->p->rows, next, t->now);
    if (!e)
        e = turn_journal(t, &r);
    return e ? e : turn_event(t, "rules-changed", &r, r.decision);
}

sluis_err handle_rules(turn *t, job *j, sluis_fail *f)
{
    uint8_t was[HASH_LEN];
    memcpy(was, rules_hash(t->rules), HASH_LEN);
    j->outcome = "unchanged";
    if (memcmp(was, rules_hash(j->rules), HASH_LEN) == 0)
        return SLUIS_OK;
    sluis_err e = rules_all_used(j->rules, f);
    if (!e)
        e = rules_may_follow(t->rules, j->rules, t->now, t->now, f);
    if (e)
        return e;
    j->outcome = "changed";
    rules_unref(&t->new_rules); /* of an earlier change in the same turn */
    t->new_rules = rules_ref(j->rules);
    t->rules = t->new_rules;
    return put_in_force(t, t->rules, was, j->by);
}

sluis_err rules_hold(const turn *t, const job *j, sluis_fail *f)
{
    if (memcmp(rules_hash(j->rules), rules_hash(t->rules), HASH_LEN) == 0)
        return SLUIS_OK;
    return fail_set(f, SLUIS_CONFLICT, "regels", "de regels zijn intussen veranderd: doe het opnieuw");
}

/* While it stood still, or in what a restore lost, days have passed that a reload would have begun on: new
 * rules may begin, and old ones end, from the newest set on that is known. A set that an older program wrote,
 * and this one cannot read any more, cannot be compared with. */
static sluis_err compare(turn *t, const recorded *newest, sluis_fail *f)
{
    rules *old = NULL;
    sluis_fail why = {0};
    sluis_err e = recorded_load(t->t, t->p->rows, newest, &old, &why);
    if (!e) {
        e = rules_may_follow(old, t->rules, newest->since < t->now ? newest->since : t->now, t->now, f);
    } else if (e == SLUIS_CORRUPT || e == SLUIS_NOMEM || e == SLUIS_IO) {
        *f = why;
    } else {
        log_write(LOG_WARN, "rules.uncompared", "code", error_token(e), "where", why.where, "text", why.text,
                  NULL);
        e = SLUIS_OK;
    }
    rules_unref(&old);
    return e;
}

sluis_err rules_begin(turn *t, sluis_fail *f)
{
    recorded newest;
    sluis_err e = recorded_at(t->t, UINT64_MAX, &newest);
    const bool first = e == SLUIS_NOT_FOUND;
    if (e && !first)
        return fail_set(f, e, "ruleset", "%s", error_text(e));
    if (!first && memcmp(newest.hash, rules_hash(t->rules), HASH_LEN) == 0)
        return SLUIS_OK;
    /* A store of a release that recorded no set goes on with the one it was judged by. */
    size_t sealed;
    journal_checkpoint(t->journal, &sealed);
    e = first && sealed ? SLUIS_OK : rules_all_used(t->rules, f);
    if (e || first)
        return e ? e : put_in_force(t, t->rules, NULL, "");
    e = compare(t, &newest, f);
    return e ? e : put_in_force(t, t->rules, newest.hash, "");
}
