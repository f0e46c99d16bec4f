/* Parties and their keys: listed from a snapshot, changed by core. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "operator/desk.h"
#include "parties/parties.h"

static json_t *party_json(const party *x)
{
    json_t *keys = json_array();
    char hex[2 * PK_LEN + 1], id[2 * KEYID_LEN + 1], from[TIME_STR], until[TIME_STR];
    for (size_t i = 0; keys && i < x->key_count; i++) {
        hex_encode(hex, x->keys[i].pk, PK_LEN);
        hex_encode(id, x->keys[i].id.b, KEYID_LEN);
        time_format(from, x->keys[i].valid_from);
        time_format(until, x->keys[i].valid_until);
        json_array_append_new(keys, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "use",
                                              key_use_name(x->keys[i].use), "id", id, "pk", hex, "valid_from",
                                              from, "valid_until", until, "suspended", x->keys[i].suspended,
                                              "revoked", x->keys[i].revoked && !x->keys[i].suspended));
    }
    time_format(from, x->valid_from);
    time_format(until, x->valid_until);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:o}", "oin", x->oin.s, "name", x->name, "domain",
                     x->domain, "valid_from", from, "valid_until", until, "suspended", x->suspended, "keys",
                     keys);
}

json_t *desk_party_list(desk *d, const json_t *q, sluis_fail *f)
{
    const parts *p = desk_parts(d);
    store_txn *t = NULL;
    directory *dir = NULL;
    json_t *list = NULL;
    (void)q;
    sluis_err e = store_begin_read(p->store, &t);
    if (!e)
        e = parties_load(t, p->directory.pk, &dir, f);
    store_abort(&t);
    if (e) {
        fail_set(f, e, "party", "%s", error_text(e));
        return NULL;
    }
    list = json_array();
    for (size_t i = 0; list && i < directory_count(dir); i++)
        json_array_append_new(list, party_json(directory_at(dir, i)));
    json_t *out = json_pack("{s:I, s:o}", "version", (json_int_t)directory_version(dir), "parties", list);
    directory_unref(&dir);
    return out;
}

static sluis_err fill_entry(desk *d, const json_t *q, job *j, sluis_fail *f)
{
    const settings *s = desk_parts(d)->settings;
    arena *a = job_arena(j);
    const char *name = desk_text(q, "name", f), *domain = desk_text(q, "domain", f), *until = NULL;
    char *request = json_dumps(json_object_get(q, "request"), JSON_COMPACT);
    Sluis__PartyEntry *x = a ? arena_alloc(a, sizeof(*x)) : NULL;
    sluis_err e = !name || !domain || !request
                      ? fail_set(f, SLUIS_INVALID, "party.enrol", "request, name and domain are needed")
                  : !x ? fail_set(f, SLUIS_NOMEM, "party.enrol", "out of memory")
                       : desk_by(d, q, j, f);
    if (!e)
        e = enrolment_parse(x, a, request, strlen(request), f);
    oin o;
    if (!e && (oin_parse(&o, x->oin, strlen(x->oin)) || oin_is_test(&o) != s->test_mode))
        e = fail_set(f, SLUIS_MODE, "oin", "%s",
                     s->test_mode ? "a real OIN in test mode" : "a test OIN in production");
    if (!e && !name_valid(domain))
        e = fail_set(f, SLUIS_INVALID, "domain", "a name is [a-z0-9][a-z0-9._:-]{0,63}");
    if (!e) {
        x->name = arena_strdup(a, name);
        x->domain = arena_strdup(a, domain);
        x->valid_from = clock_ms();
        x->valid_until = x->valid_from + 365 * DAY_MS;
        until = json_string_value(json_object_get(q, "valid_until"));
        if (until && time_parse(&x->valid_until, until))
            e = fail_set(f, SLUIS_INVALID, "valid_until", "write YYYY-MM-DD");
        else if (!x->name || !x->domain)
            e = fail_set(f, SLUIS_NOMEM, "party.enrol", "out of memory");
    }
    j->entry = x;
    j->replace = json_is_true(json_object_get(q, "replace"));
    free(request);
    return e;
}

json_t *desk_party_enrol(desk *d, const json_t *q, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    desk_ask(d, &j, j ? fill_entry(d, q, j, f) : SLUIS_NOMEM, "party.enrol", f);
    json_t *out = j ? json_pack("{s:s}", "oin", j->entry->oin) : NULL;
    job_free(&j);
    return out;
}

static json_t *change_party(desk *d, const json_t *q, party_change change, const char *cmd, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    const char *who = desk_text(q, "oin", f);
    sluis_err e = j ? SLUIS_OK : SLUIS_NOMEM;
    if (!e && (!who || oin_parse(&j->party, who, strlen(who))))
        e = fail_set(f, SLUIS_INVALID, "oin", "is not an OIN: 20 characters");
    if (!e) {
        j->change = change;
        e = desk_words(d, q, j, f);
    }
    desk_ask(d, &j, e, cmd, f);
    json_t *out = j ? json_pack("{s:s}", "oin", j->party.s) : NULL;
    job_free(&j);
    return out;
}

json_t *desk_party_suspend(desk *d, const json_t *q, sluis_fail *f)
{
    return change_party(d, q, CHANGE_SUSPEND, "party.suspend", f);
}

json_t *desk_party_resume(desk *d, const json_t *q, sluis_fail *f)
{
    return change_party(d, q, CHANGE_RESUME, "party.resume", f);
}

static json_t *change_key(desk *d, const json_t *q, party_change change, const char *cmd, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    const char *key = desk_text(q, "key", f);
    sluis_err e = j ? SLUIS_OK : SLUIS_NOMEM;
    if (!e && (!key || hex_decode(j->key.b, KEYID_LEN, key, strlen(key))))
        e = fail_set(f, SLUIS_INVALID, "key", "a key id is %d hexadecimal digits", 2 * KEYID_LEN);
    if (!e) {
        j->change = change;
        e = desk_words(d, q, j, f);
    }
    desk_ask(d, &j, e, cmd, f);
    json_t *out = j ? json_pack("{s:s, s:s}", "oin", j->party.s, "outcome", j->outcome) : NULL;
    job_free(&j);
    return out;
}

json_t *desk_key_revoke(desk *d, const json_t *q, sluis_fail *f)
{
    return change_key(d, q, CHANGE_REVOKE, "key.revoke", f);
}

json_t *desk_key_suspend(desk *d, const json_t *q, sluis_fail *f)
{
    return change_key(d, q, CHANGE_SUSPEND_KEY, "key.suspend", f);
}

json_t *desk_key_resume(desk *d, const json_t *q, sluis_fail *f)
{
    return change_key(d, q, CHANGE_RESUME_KEY, "key.resume", f);
}
