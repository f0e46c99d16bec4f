/* The agreements (convenanten): filed, signed, shown, revoked. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "operator/desk.h"
#include "parties/agreements.h"
#include "parties/parties.h"

#define ARENA_MAX (256u << 10)

static sluis_err load(desk *d, store_txn **t, directory **dir, sluis_fail *f)
{
    sluis_err e = store_begin_read(desk_parts(d)->store, t);
    if (!e)
        e = parties_load(*t, desk_parts(d)->directory.pk, dir, f);
    return e ? fail_set(f, e, "agreement", "%s", error_text(e)) : SLUIS_OK;
}

/* Of one that stands in its covenant's place: counts. */
static const char *state_of(const agreement *a, const agreement *counts, uint64_t now)
{
    if (a->revoked)
        return "revoked";
    if (!a->accepted)
        return "one-signature";
    if (now < a->valid_from)
        return "not-begun";
    if (now >= a->valid_until)
        return "over";
    return a == counts ? "in-force" : "replaced";
}

static json_t *row_json(const party *p, const agreement *a, const agreement *counts, const agreement *stop,
                        uint64_t now)
{
    char id[2 * KEYID_LEN + 1], from[TIME_STR], until[TIME_STR];
    hex_encode(id, a->id.b, KEYID_LEN);
    time_format(from, a->valid_from);
    time_format(until, a->valid_until);
    from[10] = until[10] = '\0';
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:b}", "id", id, "oin", p->oin.s, "name",
                     p->name, "covenant", a->covenant, "version", (json_int_t)a->version, "valid_from", from,
                     "valid_until", until, "state", state_of(a, counts, now), "goes_on",
                     a == counts && agreement_end(a, stop) > a->valid_until);
}

json_t *desk_agreement_list(desk *d, const json_t *q, sluis_fail *f)
{
    store_txn *t = NULL;
    directory *dir = NULL;
    const party *p;
    uint64_t now = clock_ms();
    json_t *list = NULL;
    (void)q;
    sluis_err e = load(d, &t, &dir, f);
    store_abort(&t);
    if (e)
        return NULL;
    list = json_array();
    for (size_t i = 0; (p = directory_at(dir, i)); i++)
        for (size_t k = 0, next; k < p->agreement_count; k = next) {
            const agreement *counts = agreement_counts(p->agreements, p->agreement_count, k, now, &next);
            for (size_t at = k; at < next; at++)
                json_array_append_new(list,
                                      row_json(p, &p->agreements[at], counts, &p->agreements[next], now));
        }
    directory_unref(&dir);
    return json_pack("{s:o}", "agreements", list);
}

static sluis_err take_id(const json_t *q, keyid *id, sluis_fail *f)
{
    const char *hex = desk_text(q, "id", f);
    if (!hex)
        return SLUIS_INVALID;
    return hex_decode(id->b, KEYID_LEN, hex, strlen(hex))
               ? fail_set(f, SLUIS_INVALID, "id", "an agreement's id is %d hexadecimal digits", 2 * KEYID_LEN)
               : SLUIS_OK;
}

static void add_time(json_t *out, const char *key, uint64_t ms)
{
    char text[TIME_STR];
    time_format(text, ms);
    if (ms)
        json_object_set_new(out, key, json_string(text));
}

/* The file as it was signed, and what became of it. */
json_t *desk_agreement_show(desk *d, const json_t *q, sluis_fail *f)
{
    store_txn *t = NULL;
    directory *dir = NULL;
    const party *p = NULL;
    Sluis__AgreementFact *x = NULL;
    json_t *out = NULL;
    keyid id;
    arena *mem = arena_new(ARENA_MAX);
    sluis_err e = mem ? take_id(q, &id, f) : SLUIS_NOMEM;
    if (!e)
        e = load(d, &t, &dir, f);
    if (!e && !directory_agreement(dir, &id, &p))
        e = fail_set(f, SLUIS_NOT_FOUND, "id", "no such agreement: see `agreement list`");
    if (!e)
        e = agreements_get(t, &p->oin, &id, desk_parts(d)->directory.pk, mem, &x, f);
    if (e) {
        fail_set(f, e, "agreement", "%s", error_text(e));
    } else {
        out = json_pack("{s:o}", "file", agreement_json(x));
        add_time(out, "filed", x->filed);
        add_time(out, "accepted", x->accepted);
        add_time(out, "revoked", x->revoked);
    }
    directory_unref(&dir);
    store_abort(&t);
    arena_free(&mem);
    return out;
}

/* Has core do it; the reply names the agreement and whose it is. */
static json_t *done(desk *d, job *j, sluis_err filled, const char *cmd, sluis_fail *f)
{
    char id[2 * KEYID_LEN + 1];
    json_t *out = NULL;
    desk_ask(d, &j, filled, cmd, f);
    if (j) {
        hex_encode(id, j->key.b, KEYID_LEN);
        out = json_pack("{s:s, s:s, s:s*}", "id", id, "oin", j->party.s, "outcome", j->outcome);
    }
    job_free(&j);
    return out;
}

json_t *desk_agreement_file(desk *d, const json_t *q, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    arena *a = j ? job_arena(j) : NULL;
    char *text = json_dumps(json_object_get(q, "file"), JSON_COMPACT);
    sluis_err e = !a      ? SLUIS_NOMEM
                  : !text ? fail_set(f, SLUIS_INVALID, "file", "the party's signed agreement is needed")
                          : desk_by(d, q, j, f);
    if (!e && !(j->agreement = arena_alloc(a, sizeof(*j->agreement))))
        e = SLUIS_NOMEM;
    if (!e)
        e = agreement_parse(j->agreement, &j->party, a, text, strlen(text), f);
    free(text);
    if (!e)
        j->change = CHANGE_AGREEMENT_FILE;
    return done(d, j, e, "agreement.file", f);
}

json_t *desk_agreement_accept(desk *d, const json_t *q, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    sluis_err e = j ? take_id(q, &j->key, f) : SLUIS_NOMEM;
    if (!e)
        e = desk_by(d, q, j, f);
    if (!e)
        j->change = CHANGE_AGREEMENT_ACCEPT;
    return done(d, j, e, "agreement.accept", f);
}

json_t *desk_agreement_revoke(desk *d, const json_t *q, sluis_fail *f)
{
    job *j = job_new(JOB_PARTY, (bytes){NULL, 0});
    sluis_err e = j ? take_id(q, &j->key, f) : SLUIS_NOMEM;
    if (!e)
        e = desk_words(d, q, j, f);
    if (!e)
        j->change = CHANGE_AGREEMENT_REVOKE;
    return done(d, j, e, "agreement.revoke", f);
}
