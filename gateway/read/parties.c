/* Which parties may hold a datum: those of the domain that is its source, that can be asked now (with a key
 * to seal to), and whose own law and agreement let them give it; in the order of OINs, a page at a time. It
 * holds nothing of a person: reading it is no entry. */
#include <string.h>

#include "base/clock.h"
#include "policy/policy.h"
#include "read/reader.h"

#define PAGE_MAX 100

static bool may_give(const rules *r, const directory *d, const party *p, const attribute *a, uint64_t now)
{
    const party_key *key;
    const agreement *about = NULL;
    const agreed_question q = {
        .side = AGREED_GIVES, .category = category_name(a->category), .attribute = a->name};
    return strcmp(p->domain, a->source) == 0 &&
           directory_current(d, p, USE_SEAL, now, &key, NULL) == SLUIS_OK &&
           policy_domain_gives(r, p->domain, a->category, now) &&
           agreement_judge(p->agreements, p->agreement_count, &q, now, &about) == SLUIS_OK;
}

static sluis_err add(Sluis__ApiPartyList *list, const party *p, arena *a)
{
    Sluis__ApiParty *x = arena_alloc(a, sizeof *x);
    if (!x)
        return SLUIS_NOMEM;
    sluis__api_party__init(x);
    x->oin = (char *)(uintptr_t)p->oin.s;
    x->name = (char *)(uintptr_t)p->name;
    x->domain = (char *)(uintptr_t)p->domain;
    list->parties[list->n_parties++] = x;
    return SLUIS_OK;
}

/* From behind q->after on, as many as fit. */
static sluis_err page(const reader *r, const job *j, const attribute *a, arena *mem,
                      Sluis__ApiPartyList *list)
{
    const Sluis__ApiListParties *q = j->call->list_parties;
    const uint32_t limit = q->limit && q->limit < PAGE_MAX ? q->limit : PAGE_MAX;
    const uint64_t now = clock_ms();
    list->parties = arena_alloc(mem, limit * sizeof *list->parties);
    sluis_err e = list->parties ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < directory_count(j->dir); i++) {
        const party *p = directory_at(j->dir, i);
        if (strcmp(p->oin.s, q->after) <= 0 || !may_give(r->rules, j->dir, p, a, now))
            continue;
        if (list->n_parties == limit) {
            list->next = list->parties[limit - 1]->oin;
            break;
        }
        e = add(list, p, mem);
    }
    return e;
}

sluis_err read_parties(reader *r, store_txn *t, job *j)
{
    const attribute *a = rules_attribute_named(r->rules, j->call->list_parties->attribute);
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiPartyList list = SLUIS__API_PARTY_LIST__INIT;
    arena *mem = job_arena(j);
    (void)t;
    if (!policy_asks(r->rules, j->claims.app, j->claims.function, clock_ms()))
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie iets vragen");
    if (!a || a->id == ATTRIBUTE_BSN || a->id == ATTRIBUTE_OWN)
        return fail_set(&j->why, SLUIS_INVALID, "gegeven", "noem een gegeven uit de catalogus");
    sluis_err e = mem ? page(r, j, a, mem, &list) : SLUIS_NOMEM;
    if (e)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_PARTIES;
    reply.parties = &list;
    return wire_pack(&j->reply, &reply.base);
}
