/* The catalogue as an application's developer needs it: the data that a view of this application may show to
 * this function, in whatever phase of an open case, as the rules in force are now. Of what stands in no such
 * view nothing is told. It holds nothing of a person: reading it is no entry. */
#include <string.h>

#include "base/clock.h"
#include "policy/policy.h"
#include "read/reader.h"

#define PHASES 3

static char *word(const char *s)
{
    return (char *)(uintptr_t)(s ? s : "");
}

static sluis_err views_of(const reader *r, const job *j, const view *out[static PHASES])
{
    static const Sluis__Phase phases[PHASES] = {SLUIS__PHASE__RESEARCH, SLUIS__PHASE__COORDINATION,
                                                SLUIS__PHASE__MEETING};
    const application *a = rules_application(r->rules, j->claims.app);
    const uint64_t now = clock_ms();
    for (size_t i = 0; a && i < PHASES; i++) {
        const case_facts c = {
            .exists = true, .phase = phases[i], .scope_laws = &a->law, .scope_law_count = 1};
        out[i] = policy_view(r->rules, a->id, j->claims.function, &c, now);
    }
    return policy_acts(r->rules, j->claims.app, j->claims.function, now) ? SLUIS_OK : SLUIS_FORBIDDEN;
}

static bool shown(const view *const views[static PHASES], uint32_t id)
{
    bool any = false;
    for (size_t i = 0; i < PHASES; i++)
        any = any || view_allows(views[i], id);
    return any;
}

static sluis_err add_list(Sluis__ApiCatalogue *c, const code_list *l, arena *a)
{
    for (size_t i = 0; i < c->n_code_lists; i++)
        if (c->code_lists[i]->name == l->id)
            return SLUIS_OK;
    Sluis__ApiCodeList *x = arena_alloc(a, sizeof *x);
    Sluis__ApiCode *codes = arena_alloc(a, l->n * sizeof *codes);
    if (!x || !codes)
        return SLUIS_NOMEM;
    sluis__api_code_list__init(x);
    x->name = word(l->id);
    x->codes = arena_alloc(a, l->n * sizeof *x->codes);
    if (!x->codes)
        return SLUIS_NOMEM;
    for (; x->n_codes < l->n; x->n_codes++) {
        sluis__api_code__init(&codes[x->n_codes]);
        codes[x->n_codes].code = word(l->codes[x->n_codes]);
        codes[x->n_codes].title = word(l->titles[x->n_codes]);
        x->codes[x->n_codes] = &codes[x->n_codes];
    }
    c->code_lists[c->n_code_lists++] = x;
    return SLUIS_OK;
}

static sluis_err add(Sluis__ApiCatalogue *c, const attribute *d, arena *a)
{
    Sluis__ApiAttribute *x = arena_alloc(a, sizeof *x);
    if (!x)
        return SLUIS_NOMEM;
    sluis__api_attribute__init(x);
    x->id = d->id;
    x->name = word(d->name);
    x->title = word(d->title);
    x->type = word(value_type_name(d->type));
    x->format = word(format_name(d->bounds.format));
    x->max_length = d->bounds.max_length;
    x->code_list = word(d->bounds.list ? d->bounds.list->id : "");
    x->category = word(category_name(d->category));
    x->source = word(d->source);
    x->ggm = word(d->ggm);
    x->at_source = d->at_source_s != 0;
    c->attributes[c->n_attributes++] = x;
    return d->bounds.list ? add_list(c, d->bounds.list, a) : SLUIS_OK;
}

sluis_err read_catalogue(reader *r, store_txn *t, job *j)
{
    const view *views[PHASES] = {NULL};
    Sluis__ApiReply reply = SLUIS__API_REPLY__INIT;
    Sluis__ApiCatalogue c = SLUIS__API_CATALOGUE__INIT;
    arena *a = job_arena(j);
    const size_t n = rules_attribute_count(r->rules);
    (void)t;
    if (views_of(r, j, views))
        return fail_set(&j->why, SLUIS_FORBIDDEN, "token.functie",
                        "geen geldende regel laat deze functie iets doen");
    c.rules = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)rules_hash(r->rules)};
    c.attributes = a ? arena_alloc(a, n * sizeof(*c.attributes)) : NULL;
    c.code_lists = a ? arena_alloc(a, n * sizeof(*c.code_lists)) : NULL;
    sluis_err e = c.attributes && c.code_lists ? SLUIS_OK : SLUIS_NOMEM;
    for (size_t i = 0; !e && i < n; i++) {
        const attribute *d = rules_attribute_at(r->rules, i);
        e = shown(views, d->id) ? add(&c, d, a) : SLUIS_OK;
    }
    if (e)
        return fail_set(&j->why, e, "", "%s", error_text(e));
    reply.call = j->call->call;
    reply.status = 200;
    reply.result_case = SLUIS__API_REPLY__RESULT_CATALOGUE;
    reply.catalogue = &c;
    return wire_pack(&j->reply, &reply.base);
}
