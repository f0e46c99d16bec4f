/* Order of judgement: the application, the case, its phase, the client's scope, then for each attribute the
 * catalogue, the bound of the domain's own law, and the permits. The first of these that says no gives the
 * answer its name; among permits the first in the file gives its name and all give their obligations. */
#include <string.h>

#include "policy/ruleset.h"

static const char deny_default[] = "default-deny", deny_application[] = "application", deny_case[] = "case",
                  deny_phase[] = "phase", deny_scope[] = "scope", deny_catalogue[] = "catalogue",
                  deny_domain[] = "domain", deny_secret[] = "secret-address",
                  deny_stopped[] = "processing-restricted";

const policy_refusal *policy_refusal_of(const char *rule)
{
    static const policy_refusal all[] = {
        {deny_application, "no such application, or its organisation may not act under it",
         "deze toepassing bestaat niet, of is niet van deze organisatie"},
        {deny_case, "there is no such case, or it is closed", "deze zaak is er niet, of is gesloten"},
        {deny_phase, "the case is in another phase", "niet in deze fase van de zaak"},
        {deny_domain, "no such domain, or its own law does not let it give this category at that moment",
         "van zijn eigen wet mag dit domein dit soort gegevens nu niet geven"},
        {deny_scope, "outside what the client chose: law, domain or problem",
         "buiten wat de cliënt koos: wet, domein of probleem"},
        {deny_catalogue, "no such attribute", "dit gegeven bestaat niet"},
        {deny_secret, "tells where somebody lives whose address is secret",
         "het zegt waar iemand woont wiens adres geheim is"},
        {deny_stopped, "the client's request to stop this use was granted",
         "het verzoek van de cliënt om dit gebruik te staken is toegewezen"},
        {deny_default, "no rule permits it", "geen regel staat het toe"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].rule, rule) == 0)
            return &all[i];
    return NULL;
}

/* A question in numbers; a name that does not exist has no bit and matches no rule. */
typedef struct {
    size_t application, domain;
    uint64_t function, purpose, legal_basis;
    uint32_t phase;
} resolved;

static uint64_t bit_of(size_t index)
{
    return index == NAME_NONE ? 0 : UINT64_C(1) << index;
}

static uint32_t phase_bit(Sluis__Phase p)
{
    return p == SLUIS__PHASE__RESEARCH || p == SLUIS__PHASE__COORDINATION || p == SLUIS__PHASE__MEETING
               ? UINT32_C(1) << p
               : 0;
}

static resolved resolve(const rules *r, const policy_question *q)
{
    return (resolved){.application = ruleset_application(r, q->application),
                      .domain = name_index(&r->domains, q->domain),
                      .function = bit_of(name_index(&r->functions, q->function)),
                      .purpose = bit_of(name_index(&r->purposes, q->purpose)),
                      .legal_basis = bit_of(name_index(&r->legal_bases, q->legal_basis)),
                      .phase = phase_bit(q->phase)};
}

static bool listed(const char *const *list, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], id) == 0)
            return true;
    return false;
}

static bool law_in_scope(const case_facts *c, const char *law)
{
    return listed(c->scope_laws, c->scope_law_count, law);
}

/* A domain that is a law's own back office is in scope with that law. */
static bool domain_in_scope(const rules *r, const case_facts *c, size_t domain)
{
    const char *id = r->domains.ids[domain];
    return listed(c->scope_domains, c->scope_domain_count, id) ||
           (r->domain[domain].law != NAME_NONE && law_in_scope(c, id));
}

/* A purpose that serves problems serves at least one of those the client chose. */
static bool problem_in_scope(const rules *r, const case_facts *c, const char *purpose)
{
    size_t p = name_index(&r->purposes, purpose);
    uint64_t served = p == NAME_NONE ? 0 : r->purpose_problems[p];
    for (size_t i = 0; served && i < c->scope_problem_count; i++)
        if (served & bit_of(name_index(&r->problems, c->scope_problems[i])))
            return true;
    return !served || !c->scope_problem_count;
}

static bool in_scope(const rules *r, const policy_question *q, const case_facts *c, const char *law,
                     size_t domain)
{
    if (q->hand_over)
        return law_in_scope(c, law);
    if (q->asked && c->scope_party_count && !listed(c->scope_parties, c->scope_party_count, q->asked))
        return false;
    return law_in_scope(c, law) && domain_in_scope(r, c, domain) && problem_in_scope(r, c, q->purpose);
}

/* Why the whole question is denied; NULL: it is not. */
static const char *refuse_all(const rules *r, const policy_question *q, const case_facts *c,
                              const resolved *o)
{
    if (o->application == NAME_NONE || !q->acting)
        return deny_application;
    const application *a = &r->applications[o->application].public;
    if (!application_may_act(a, q->acting))
        return deny_application;
    if (!c || !c->exists || c->closed)
        return deny_case;
    if (!o->phase || q->phase != c->phase)
        return deny_phase;
    if (o->domain == NAME_NONE || r->domain[o->domain].municipality != q->hand_over)
        return deny_domain;
    return in_scope(r, q, c, a->law, o->domain) ? NULL : deny_scope;
}

static bool domain_gives(const domain_entry *d, category c, uint64_t at)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->gives[i].categories >> c & 1 && period_holds(&d->gives[i].when, at))
            return true;
    return false;
}

static bool permit_fits(const permit *p, const resolved *o, uint64_t at)
{
    return p->functions & o->function && p->purposes & o->purpose && p->legal_bases & o->legal_basis &&
           p->phases & o->phase && period_holds(&p->when, at) && words_hold(p->applications, o->application);
}

/* What a domain is the source of; what is handed over to a municipality has many. */
static bool permit_covers(const rules *r, const permit *p, const attribute *a, const char *domain)
{
    return words_hold(p->attributes, (size_t)(a - r->attributes)) ||
           (p->categories >> a->category & 1 &&
            (strcmp(a->source, domain) == 0 || rules_is_municipality(r, domain)));
}

static void apply(const rules *r, const permit *p, const policy_question *q, policy_answer *answers)
{
    for (size_t i = 0; i < q->attribute_count; i++) {
        policy_answer *answer = &answers[i];
        if (!answer->permit && answer->rule != deny_default)
            continue;
        if (!permit_covers(r, p, answer->attribute, q->domain))
            continue;
        if (!answer->permit)
            answer->rule = p->id;
        answer->permit = true;
        answer->obligations |= p->obligations;
    }
}

bool policy_puts_right(const rules *r, const char *purpose)
{
    const client_right *right = rules_right(r, RIGHT_RECTIFICATION);
    return right && *right->purpose && strcmp(purpose, right->purpose) == 0;
}

void policy_decide(const rules *r, const policy_question *q, const case_facts *c, policy_answer *answers)
{
    const resolved o = resolve(r, q);
    const char *refusal = refuse_all(r, q, c, &o);
    for (size_t i = 0; i < q->attribute_count; i++) {
        const char *why = refusal;
        const attribute *a = rules_attribute(r, q->attributes[i]);
        if (!why) {
            why = !a                                                              ? deny_catalogue
                  : a->address && c->secret_address                               ? deny_secret
                  : policy_stopped(c, a->id) && !policy_puts_right(r, q->purpose) ? deny_stopped
                  : domain_gives(&r->domain[o.domain], a->category, q->at)        ? deny_default
                                                                                  : deny_domain;
        }
        answers[i] = (policy_answer){.permit = false, .rule = why, .attribute = a};
    }
    if (refusal)
        return;
    for (size_t i = 0; i < r->by_domain_count[o.domain]; i++)
        if (permit_fits(r->by_domain[o.domain][i], &o, q->at))
            apply(r, r->by_domain[o.domain][i], q, answers);
}

size_t policy_candidates(const rules *r, const policy_question *q, uint32_t id, policy_candidate *out,
                         size_t max)
{
    const resolved o = resolve(r, q);
    const attribute *a = rules_attribute(r, id);
    size_t n = 0;
    if (!a || o.domain == NAME_NONE)
        return 0;
    for (size_t i = 0; i < r->by_domain_count[o.domain] && n < max; i++) {
        const permit *p = r->by_domain[o.domain][i];
        if (!permit_covers(r, p, a, q->domain))
            continue;
        uint32_t misses =
            (words_hold(p->applications, o.application) ? 0u : MISS_APPLICATION) |
            (p->functions & o.function ? 0u : MISS_FUNCTION) | (p->purposes & o.purpose ? 0u : MISS_PURPOSE) |
            (p->legal_bases & o.legal_basis ? 0u : MISS_LEGAL_BASIS) |
            (p->phases & o.phase ? 0u : MISS_PHASE) | (period_holds(&p->when, q->at) ? 0u : MISS_PERIOD);
        out[n++] = (policy_candidate){.rule = p->id, .misses = misses, .obligations = p->obligations};
    }
    return n;
}

policy_answer policy_may_ask(const rules *r, const policy_question *q, const case_facts *c)
{
    const resolved o = resolve(r, q);
    const char *refusal = refuse_all(r, q, c, &o);
    if (!refusal && c->stopped && c->stopped_count == 0)
        refusal = deny_stopped;
    if (refusal)
        return (policy_answer){.permit = false, .rule = refusal};
    for (size_t i = 0; i < r->by_domain_count[o.domain]; i++) {
        const permit *p = r->by_domain[o.domain][i];
        if (permit_fits(p, &o, q->at))
            return (policy_answer){.permit = true, .rule = p->id, .obligations = p->obligations};
    }
    return (policy_answer){.permit = false, .rule = deny_default};
}

bool policy_allows_basis(const rules *r, const attribute *a, const char *legal_basis, uint64_t at)
{
    const uint64_t basis = bit_of(name_index(&r->legal_bases, legal_basis));
    for (size_t d = 0; d < r->domains.n; d++)
        for (size_t i = 0; i < r->by_domain_count[d]; i++) {
            const permit *p = r->by_domain[d][i];
            if (p->legal_bases & basis && !(p->obligations & OBLIGE_MEETING_ONLY) &&
                period_holds(&p->when, at) && permit_covers(r, p, a, r->domains.ids[d]) &&
                domain_gives(&r->domain[d], a->category, at))
                return true;
        }
    return false;
}

bool policy_party_in_scope(const rules *r, const case_facts *c, const char *domain, const char *who)
{
    size_t d = name_index(&r->domains, domain);
    return d != NAME_NONE && domain_in_scope(r, c, d) &&
           (!c->scope_party_count || listed(c->scope_parties, c->scope_party_count, who));
}

bool policy_law_in_scope(const case_facts *c, const char *law)
{
    return law_in_scope(c, law) || listed(c->scope_domains, c->scope_domain_count, law);
}

bool policy_problem_in_scope(const case_facts *c, const char *problem)
{
    return !c->scope_problem_count || listed(c->scope_problems, c->scope_problem_count, problem);
}

bool policy_covers(const rules *r, const policy_question *q, const case_facts *c)
{
    size_t app = ruleset_application(r, q->application), domain = name_index(&r->domains, q->domain);
    if (app == NAME_NONE || domain == NAME_NONE || !c || !c->exists || c->closed ||
        !in_scope(r, q, c, r->applications[app].public.law, domain))
        return false;
    for (size_t i = 0; c->secret_address && i < q->attribute_count; i++) {
        const attribute *a = rules_attribute(r, q->attributes[i]);
        if (!a || a->address)
            return false;
    }
    return true;
}

const view *policy_view(const rules *r, const char *app, const char *function, const case_facts *c,
                        uint64_t at)
{
    size_t i = ruleset_application(r, app);
    uint64_t function_bit = bit_of(name_index(&r->functions, function));
    const view_entry *best = NULL;
    if (i == NAME_NONE || !c || !c->exists || c->closed || !law_in_scope(c, r->applications[i].public.law))
        return NULL;
    for (size_t k = 0; k < r->view_count; k++) {
        const view_entry *e = &r->views[k];
        const period when = {e->public.from, e->public.until};
        if (words_hold(e->applications, i) && e->functions & function_bit &&
            e->public.phases & phase_bit(c->phase) && period_holds(&when, at) && (!best || e->own))
            best = e;
    }
    return best ? &best->public : NULL;
}

bool view_allows(const view *v, uint32_t id)
{
    size_t low = 0, high = v ? v->attribute_count : 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (v->attributes[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    return v && low < v->attribute_count && v->attributes[low] == id;
}

bool policy_reuses(const rules *r, const char *from_law, const char *law, const attribute *a, uint64_t at)
{
    size_t from = name_index(&r->laws, from_law), to = name_index(&r->laws, law);
    if (from == NAME_NONE || to == NAME_NONE)
        return false;
    for (size_t i = 0; i < r->reuse_count; i++) {
        const reuse_entry *e = &r->reuse[i];
        if (e->from_laws >> from & 1 && e->laws >> to & 1 && period_holds(&e->when, at) &&
            (e->categories >> a->category & 1 || words_hold(e->attributes, (size_t)(a - r->attributes))))
            return true;
    }
    return false;
}

bool policy_stopped(const case_facts *c, uint32_t id)
{
    for (size_t i = 0; i < c->stopped_count; i++)
        if (c->stopped_attributes[i] == id)
            return true;
    return c->stopped && c->stopped_count == 0;
}

bool policy_shows(const rules *r, const view *v, const case_facts *c, uint32_t id)
{
    const attribute *a = rules_attribute(r, id);
    return a && view_allows(v, id) && !(a->address && c->secret_address) && !policy_stopped(c, id);
}

bool policy_domain_gives(const rules *r, const char *domain, category c, uint64_t at)
{
    size_t d = name_index(&r->domains, domain);
    return d != NAME_NONE && c >= CATEGORY_ORDINARY && c <= CATEGORY_IDENTIFICATION &&
           domain_gives(&r->domain[d], c, at);
}

const char *policy_domain_law(const rules *r, const char *domain, category c, uint64_t at)
{
    size_t d = name_index(&r->domains, domain);
    for (size_t i = 0; d != NAME_NONE && i < r->domain[d].n; i++) {
        const gives_entry *g = &r->domain[d].gives[i];
        if (g->categories >> c & 1 && period_holds(&g->when, at))
            return g->law;
    }
    return NULL;
}

bool policy_asks(const rules *r, const char *app, const char *function, uint64_t at)
{
    const size_t asker = ruleset_application(r, app);
    const uint64_t function_bit = bit_of(name_index(&r->functions, function));
    for (size_t i = 0; i < r->permit_count; i++)
        if (r->permits[i].functions & function_bit && period_holds(&r->permits[i].when, at) &&
            words_hold(r->permits[i].applications, asker))
            return true;
    return false;
}

static bool has_right(const rules *r, application_act act, const char *app, const char *function, uint64_t at,
                      bool alone)
{
    size_t i = ruleset_application(r, app);
    uint64_t function_bit = bit_of(name_index(&r->functions, function));
    if (i == NAME_NONE)
        return false;
    const application_entry *a = &r->applications[i];
    for (size_t k = 0; k < a->right_count; k++)
        if (a->rights[k].act == act && a->rights[k].functions & function_bit &&
            period_holds(&a->rights[k].when, at) && (a->rights[k].same_person || !alone))
            return true;
    return false;
}

bool policy_may(const rules *r, application_act act, const char *app, const char *function, uint64_t at)
{
    return has_right(r, act, app, function, at, false);
}

bool policy_may_alone(const rules *r, application_act act, const char *app, const char *function, uint64_t at)
{
    return has_right(r, act, app, function, at, true);
}

bool policy_acts(const rules *r, const char *app, const char *function, uint64_t at)
{
    for (application_act a = 0; a < ACT_COUNT; a++)
        if (policy_may(r, a, app, function, at))
            return true;
    return policy_asks(r, app, function, at);
}
