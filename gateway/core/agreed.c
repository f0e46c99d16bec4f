#include "core/agreed.h"

#include <string.h>

#include "base/clock.h"

typedef struct {
    const party *who;
    agreed_question q;
    bool dutch;
    const char *role;    /* where the party stands in the message */
    const char *allowed; /* a category of which an agreement allows every attribute; NULL: none known */
} asked;

#define DATE_LEN 10

static void day(char out[static DATE_LEN + 1], uint64_t ms)
{
    char full[TIME_STR];
    time_format(full, ms);
    memcpy(out, full, DATE_LEN);
    out[DATE_LEN] = '\0';
}

/* Of one agreement: which, and what it lacks. */
static sluis_err say(const asked *x, sluis_err why, const agreement *a, sluis_fail *f)
{
    const char *who = x->dutch ? x->who->name : x->who->oin.s; /* people read names */
    char from[DATE_LEN + 1], until[DATE_LEN + 1];
    bool gives = x->q.side == AGREED_GIVES;
    day(from, a->valid_from);
    day(until, a->valid_until);
    switch (why) {
    case SLUIS_AGREEMENT_ONE_SIGNATURE:
        return fail_set(f, why, x->role,
                        x->dutch ? "Convenant %s, versie %u, met %s is nog niet door de gemeente ondertekend."
                                 : "covenant %s, version %u, with %s is not signed by the municipality yet",
                        a->covenant, a->version, who);
    case SLUIS_AGREEMENT_NOT_IN_FORCE:
        return fail_set(f, why, x->role,
                        x->dutch ? "Convenant %s, versie %u, met %s geldt van %s tot %s."
                                 : "covenant %s, version %u, with %s is in force from %s until %s",
                        a->covenant, a->version, who, from, until);
    case SLUIS_AGREEMENT_REVOKED:
        day(until, a->revoked);
        return fail_set(f, why, x->role,
                        x->dutch ? "Convenant %s, versie %u, met %s is ingetrokken op %s."
                                 : "covenant %s, version %u, with %s was revoked on %s",
                        a->covenant, a->version, who, until);
    case SLUIS_AGREEMENT_PURPOSE:
        return fail_set(f, why, x->dutch ? "doel" : "core.purpose",
                        x->dutch ? "Convenant %s, versie %u, met %s noemt het doel %s niet: "
                                   "daarvoor is een nieuwe versie nodig."
                                 : "covenant %s, version %u, with %s does not name the purpose %s",
                        a->covenant, a->version, who, x->q.purpose);
    default:
        return x->dutch
                   ? fail_set(f, why, x->q.attribute,
                              gives ? "Volgens convenant %s, versie %u, geeft %s dit gegeven niet."
                                    : "Volgens convenant %s, versie %u, krijgt %s dit gegeven niet.",
                              a->covenant, a->version, who)
                   : fail_set(f, why, x->q.attribute, "covenant %s, version %u: %s does not %s it (%s data)",
                              a->covenant, a->version, who, gives ? "give" : "ask", x->q.category);
    }
}

static sluis_err judge(const turn *t, asked *x, sluis_fail *f)
{
    const agreement *a = NULL;
    if (x->allowed && x->allowed == x->q.category)
        return SLUIS_OK;
    sluis_err e = agreement_judge(x->who->agreements, x->who->agreement_count, &x->q, t->now, &a);
    if (e == SLUIS_AGREEMENT_MISSING)
        return fail_set(f, e, x->role,
                        x->dutch ? "Met %s is geen convenant gesloten."
                                 : "%s has no agreement with this municipality: see `agreement propose`",
                        x->dutch ? x->who->name : x->who->oin.s);
    if (e)
        return say(x, e, a, f);
    if (a->attributes.n == 0)
        x->allowed = x->q.category;
    return SLUIS_OK;
}

sluis_err agreed_request(turn *t, const job *j, const party *to, sluis_fail *f)
{
    const Sluis__Core *c = j->env->core;
    const party *from = c->origin == SLUIS__ORIGIN__API ? NULL : directory_find(t->dir, &j->env->sender);
    asked gives = {.who = to,
                   .q = {.side = AGREED_GIVES, .purpose = c->purpose},
                   .dutch = j->call != NULL,
                   .role = j->call ? "partij" : "core.recipients"};
    asked asks = {.who = from, .q = {.side = AGREED_ASKS, .purpose = c->purpose}, .role = "core.sender"};
    sluis_err e = SLUIS_OK;
    for (size_t i = 0; !e && i < c->n_attributes; i++) {
        const attribute *a = rules_attribute(t->rules, c->attributes[i]);
        gives.q.category = asks.q.category = category_name(a->category);
        gives.q.attribute = asks.q.attribute = a->name;
        e = from ? judge(t, &asks, f) : SLUIS_OK;
        if (!e)
            e = judge(t, &gives, f);
    }
    return e;
}

static const party *party_of(const turn *t, const char *end)
{
    oin who;
    return oin_parse(&who, end, strlen(end)) ? NULL : directory_find(t->dir, &who);
}

/* One end of a request. */
static sluis_err judge_end(turn *t, const party *end, asked *x, sluis_fail *f)
{
    x->who = end;
    return x->who ? judge(t, x, f)
                  : fail_set(f, SLUIS_UNKNOWN_PARTY, x->role, "%s",
                             x->dutch ? "Deze partij is niet meer aangesloten."
                                      : "not in the directory any more");
}

static const party *asker_of(const turn *t, const Sluis__RequestRow *row)
{
    return row->origin == SLUIS__ORIGIN__BUS ? party_of(t, row->requester) : NULL;
}

agreed_answering agreed_answer_begin(const turn *t, const Sluis__RequestRow *row, const party *from)
{
    return (agreed_answering){.row = row, .from = from, .asker = asker_of(t, row)};
}

sluis_err agreed_answer(turn *t, agreed_answering *x, const attribute *a, sluis_fail *f)
{
    const agreed_question q = {
        .purpose = x->row->purpose, .category = category_name(a->category), .attribute = a->name};
    asked gives = {.who = x->from, .q = q, .role = "core.sender", .allowed = x->gives};
    asked asks = {.q = q, .role = "core.recipients", .allowed = x->asks};
    gives.q.side = AGREED_GIVES;
    asks.q.side = AGREED_ASKS;
    sluis_err e = judge(t, &gives, f);
    if (!e && x->row->origin == SLUIS__ORIGIN__BUS)
        e = judge_end(t, x->asker, &asks, f);
    x->gives = gives.allowed;
    x->asks = asks.allowed;
    return e;
}

sluis_err agreed_about(turn *t, const job *j, const Sluis__RequestRow *row, sluis_fail *f)
{
    bool api = j->call != NULL;
    asked x = {.q = {.purpose = row->purpose}, .dutch = api, .role = api ? "partij" : "core.transaction"};
    sluis_err e = judge_end(t, party_of(t, row->party), &x, f);
    return e || row->origin != SLUIS__ORIGIN__BUS ? e : judge_end(t, asker_of(t, row), &x, f);
}

sluis_err agreed_sender(turn *t, const job *j, sluis_fail *f)
{
    asked x = {.who = directory_find(t->dir, &j->env->sender), .role = "core.sender"};
    return x.who ? judge(t, &x, f)
                 : fail_set(f, SLUIS_UNKNOWN_PARTY, x.role, "not in the directory any more");
}

sluis_err agreed_between(turn *t, const job *j, const party *to, bool for_purpose, sluis_fail *f)
{
    const agreed_question q = {.purpose = for_purpose ? j->env->core->purpose : NULL};
    asked from = {.who = directory_find(t->dir, &j->env->sender), .q = q, .role = "core.sender"};
    asked there = {.who = to, .q = q, .role = "core.recipients"};
    if (!from.who)
        return fail_set(f, SLUIS_UNKNOWN_PARTY, "core.sender", "not in the directory any more");
    sluis_err e = judge(t, &from, f);
    return e ? e : judge(t, &there, f);
}

sluis_err agreed_purpose(turn *t, const party *to, const char *purpose, sluis_fail *f)
{
    asked there = {.who = to, .q = {.purpose = purpose}, .dutch = true, .role = "partij"};
    return judge(t, &there, f);
}

sluis_err agreed_handover(turn *t, const party *other, agreed_side side, const char *purpose,
                          const uint32_t *attributes, size_t n, sluis_fail *f)
{
    bool call = side == AGREED_ASKS;
    asked x = {.who = other,
               .q = {.side = side, .purpose = purpose},
               .dutch = call,
               .role = call ? "gemeente" : "core.sender"};
    sluis_err e = judge(t, &x, f);
    for (size_t i = 0; !e && i < n; i++) {
        const attribute *a = rules_attribute(t->rules, attributes[i]);
        x.q.category = category_name(a->category);
        x.q.attribute = a->name;
        e = judge(t, &x, f);
    }
    return e;
}

/* An answer was judged in full when it was committed, by the request's own purpose. */
sluis_err agreed_waiting(turn *t, const party *to, const Sluis__Core *c)
{
    const agreement *about = NULL;
    agreed_question q = {.side = AGREED_GIVES};
    sluis_err e = SLUIS_OK;
    if (c->kind == SLUIS__KIND__RETURNED || c->kind == SLUIS__KIND__WITHDRAWAL ||
        c->kind == SLUIS__KIND__CONCERN_OUTCOME)
        return SLUIS_OK; /* the gateway's own word, which carries no data and ends something */
    if (c->kind != SLUIS__KIND__REQUEST)
        return agreement_judge(to->agreements, to->agreement_count, &q, t->now, &about);
    q.purpose = c->purpose;
    for (size_t i = 0; !e && i < c->n_attributes; i++) {
        const attribute *a = rules_attribute(t->rules, c->attributes[i]);
        if (!a)
            continue; /* the catalogue has changed since: not the agreement's affair */
        q.category = category_name(a->category);
        q.attribute = a->name;
        e = agreement_judge(to->agreements, to->agreement_count, &q, t->now, &about);
    }
    return e;
}
