#include "flow/api_out.h"

#include <string.h>

#include "wire/envelope.h"
#include "wire/messages.h"

/* How an error looks from HTTP. What is not listed is a 400. */
static uint32_t status_of(sluis_err e)
{
    switch (e) {
    case SLUIS_UNAUTHENTICATED:
        return 401;
    case SLUIS_FORBIDDEN:
    case SLUIS_DENIED:
    case SLUIS_AGREEMENT_PURPOSE:
    case SLUIS_AGREEMENT_CATEGORY:
        return 403;
    case SLUIS_NOT_FOUND:
        return 404;
    case SLUIS_CONFLICT:
    case SLUIS_EXISTS:
    case SLUIS_WITHDRAWN:
        return 409;
    case SLUIS_TOO_BIG:
        return 413;
    case SLUIS_NO_MOTIVATION:
    case SLUIS_NO_CASE:
    case SLUIS_UNKNOWN_PARTY:
    case SLUIS_SUSPENDED:
    case SLUIS_AGREEMENT_MISSING:
    case SLUIS_AGREEMENT_ONE_SIGNATURE:
    case SLUIS_AGREEMENT_NOT_IN_FORCE:
    case SLUIS_AGREEMENT_REVOKED:
    case SLUIS_MODE:
        return 422;
    case SLUIS_TOO_MANY:
        return 429;
    case SLUIS_FULL:
    case SLUIS_REGISTER_FULL:
    case SLUIS_NO_SPACE:
        return 503;
    case SLUIS_TIMEOUT:
        return 504;
    case SLUIS_NOMEM:
    case SLUIS_IO:
    case SLUIS_CORRUPT:
    case SLUIS_INTERNAL:
        return 500;
    default:
        return 400;
    }
}

sluis_err api_out_problem(buffer *out, uint64_t call, const sluis_fail *why)
{
    return api_out_later(out, call, why, 0);
}

sluis_err api_out_later(buffer *out, uint64_t call, const sluis_fail *why, uint32_t retry_after)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiProblem p = SLUIS__API_PROBLEM__INIT;
    r.call = call;
    r.status = p.status = status_of(why->code);
    p.code = (char *)(uintptr_t)error_token(why->code);
    p.retry_after = retry_after;
    /* What may not be seen and what does not exist answer with the same bytes. */
    if (why->code != SLUIS_NOT_FOUND) {
        p.where = (char *)(uintptr_t)why->where;
        if (strcmp(why->text, error_text(why->code)) != 0) /* else the code says it all */
            p.detail = (char *)(uintptr_t)why->text;
    }
    r.result_case = SLUIS__API_REPLY__RESULT_PROBLEM;
    r.problem = &p;
    return wire_pack(out, &r.base);
}

static void fill_members(const Sluis__CaseRow *row, Sluis__ApiMemberOut *all, Sluis__ApiMemberOut **list,
                         Sluis__ApiCase *c)
{
    for (size_t i = 0; i < row->n_members && i < CASE_MEMBERS_MAX; i++) {
        const Sluis__MemberRow *m = row->members[i];
        sluis__api_member_out__init(&all[i]);
        all[i].member = m->member;
        all[i].role = m->role;
        all[i].secret = m->secret;
        all[i].moved = m->moved != 0;
        all[i].seen_by = m->seen_by;
        all[i].n_seen_by = m->n_seen_by;
        list[c->n_members++] = &all[i];
    }
    c->members = list;
}

static void fill_services(const Sluis__CaseRow *row, uint64_t now, Sluis__ApiService *all,
                          Sluis__ApiService **list, Sluis__ApiCase *c)
{
    for (size_t i = 0; i < row->n_services && i < CASE_SERVICES_MAX; i++) {
        const Sluis__ServiceRow *s = row->services[i];
        sluis__api_service__init(&all[i]);
        all[i].service = s->service;
        all[i].party = s->party;
        all[i].status = s->status;
        all[i].planned = s->planned;
        all[i].actual = s->actual;
        all[i].reported = s->reported;
        all[i].late = case_service_late(s, now);
        all[i].law = s->law;
        all[i].requested = s->requested;
        all[i].member = s->member;
        list[c->n_services++] = &all[i];
    }
    c->services = list;
}

static void fill_emergencies(const Sluis__CaseRow *row, Sluis__ApiEmergency *all, Sluis__ApiEmergency **list,
                             Sluis__ApiCase *c)
{
    for (size_t i = 0; i < row->n_emergencies && i < CASE_EMERGENCIES_MAX; i++) {
        const Sluis__EmergencyRow *x = row->emergencies[i];
        sluis__api_emergency__init(&all[i]);
        all[i].number = x->number;
        all[i].function = x->function;
        all[i].member = x->member;
        all[i].from = x->from;
        all[i].until = x->until;
        all[i].reviewed = x->reviewed != 0;
        all[i].justified = x->justified;
        list[c->n_emergencies++] = &all[i];
    }
    c->emergencies = list;
}

#define LOOK_NAMES_MAX (CASE_LOOKS_MAX * ATTRIBUTES_MAX)

static void fill_looks(const Sluis__CaseRow *row, const rules *rs, uint64_t now, Sluis__ApiLook *all,
                       Sluis__ApiLook **list, char **names, Sluis__ApiCase *c)
{
    for (size_t i = 0; i < row->n_looks && i < CASE_LOOKS_MAX; i++) {
        const Sluis__LookRow *x = row->looks[i];
        sluis__api_look__init(&all[i]);
        all[i].number = x->number;
        all[i].state = (char *)(uintptr_t)case_look_state(x, now);
        all[i].application = x->application;
        all[i].function = x->function;
        all[i].member = x->member;
        all[i].law = x->law;
        all[i].purpose = x->purpose;
        all[i].asked = x->asked;
        all[i].until = x->ended && x->ended < x->until ? x->ended : x->until;
        all[i].attributes = names + i * ATTRIBUTES_MAX;
        for (size_t k = 0; k < x->n_attributes && k < ATTRIBUTES_MAX; k++) {
            const attribute *at = rules_attribute(rs, x->attributes[k]);
            all[i].attributes[all[i].n_attributes++] = (char *)(uintptr_t)(at ? at->name : "");
        }
        list[c->n_looks++] = &all[i];
    }
    c->looks = list;
}

/* What the client chose, where something else is enforced. */
static void fill_scope(const Sluis__CaseRow *row, Sluis__ApiScope *wish, Sluis__ApiCase *c)
{
    c->scope_laws = row->scope_laws;
    c->n_scope_laws = row->n_scope_laws;
    c->scope_domains = row->scope_domains;
    c->n_scope_domains = row->n_scope_domains;
    c->scope_problems = row->scope_problems;
    c->n_scope_problems = row->n_scope_problems;
    c->scope_parties = row->scope_parties;
    c->n_scope_parties = row->n_scope_parties;
    if (!row->wish)
        return;
    sluis__api_scope__init(wish);
    wish->laws = row->wish->laws;
    wish->n_laws = row->wish->n_laws;
    wish->domains = row->wish->domains;
    wish->n_domains = row->wish->n_domains;
    wish->problems = row->wish->problems;
    wish->n_problems = row->wish->n_problems;
    wish->parties = row->wish->parties;
    wish->n_parties = row->wish->n_parties;
    c->wish = wish;
}

static void fill_handover(const Sluis__CaseRow *row, const rules *rs, Sluis__ApiHandover *h, char **names,
                          Sluis__ApiCase *c)
{
    c->taken_over_from = row->taken_over_from;
    if (!row->handover)
        return;
    sluis__api_handover__init(h);
    h->transaction = row->handover->transaction;
    h->to = row->handover->to;
    h->state = row->handover->state;
    h->members = row->handover->members;
    h->n_members = row->handover->n_members;
    h->offered = row->handover->offered;
    h->expires = row->handover->expires;
    h->decided = row->handover->decided;
    h->attributes = names;
    for (size_t i = 0; i < row->handover->n_attributes && i < ATTRIBUTES_MAX; i++) {
        const attribute *a = rules_attribute(rs, row->handover->attributes[i]);
        names[h->n_attributes++] = (char *)(uintptr_t)(a ? a->name : "");
    }
    c->handover = h;
}

sluis_err api_out_case(buffer *out, uint64_t call, uint32_t status, const rules *rs, uint64_t now,
                       const id16 *case_id, const Sluis__CaseRow *row)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiCase c = SLUIS__API_CASE__INIT;
    Sluis__ApiMemberOut members[CASE_MEMBERS_MAX], *member_list[CASE_MEMBERS_MAX];
    Sluis__ApiService services[CASE_SERVICES_MAX], *service_list[CASE_SERVICES_MAX];
    Sluis__ApiEmergency emergencies[CASE_EMERGENCIES_MAX], *emergency_list[CASE_EMERGENCIES_MAX];
    Sluis__ApiLook looks[CASE_LOOKS_MAX], *look_list[CASE_LOOKS_MAX];
    char *names[LOOK_NAMES_MAX];
    Sluis__ApiScope wish;
    Sluis__ApiHandover handover;
    char *gone[ATTRIBUTES_MAX];
    const char *possible[CASE_EVENTS];
    coordination need = case_coordination(row, rs);
    case_state state;
    if (case_state_parse(&state, row->phase))
        return SLUIS_CORRUPT;
    r.call = call;
    r.status = status;
    c.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id->b};
    c.kind = row->kind;
    c.phase = row->phase;
    c.opened = row->opened;
    c.opened_by = row->opened_by;
    c.ended = row->ended;
    c.level = row->level;
    c.coordinator = row->coordinator;
    c.coordinator_party = row->coordinator_party;
    c.coordination = (char *)(uintptr_t)coordination_name(need);
    case_possible(state, need, possible, &c.n_possible);
    c.possible = (char **)(uintptr_t)possible;
    c.joined = row->joined;
    c.n_joined = row->n_joined;
    c.joined_into = row->joined_into;
    fill_scope(row, &wish, &c);
    fill_members(row, members, member_list, &c);
    fill_services(row, now, services, service_list, &c);
    fill_emergencies(row, emergencies, emergency_list, &c);
    fill_looks(row, rs, now, looks, look_list, names, &c);
    fill_handover(row, rs, &handover, gone, &c);
    r.result_case = SLUIS__API_REPLY__RESULT_CASE_OUT;
    r.case_out = &c;
    return wire_pack(out, &r.base);
}

sluis_err api_results_fill(Sluis__ApiResult ***out, size_t *n, arena *a, const rules *r,
                           Sluis__ResultRow *const *rows, size_t count)
{
    Sluis__ApiResult *all = arena_alloc(a, (count + 1) * sizeof(*all));
    *out = arena_alloc(a, (count + 1) * sizeof(**out));
    *n = 0;
    if (!all || !*out)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const attribute *at = rules_attribute(r, rows[i]->attribute);
        sluis__api_result__init(&all[i]);
        all[i].attribute = (char *)(uintptr_t)(at ? at->name : "");
        all[i].outcome = (char *)(uintptr_t)outcome_name((Sluis__Outcome)rows[i]->outcome);
        all[i].reason = rows[i]->reason;
        all[i].explanation = rows[i]->explanation;
        all[i].source = rows[i]->source;
        all[i].conditions = rows[i]->conditions;
        all[i].n_conditions = rows[i]->n_conditions;
        (*out)[(*n)++] = &all[i];
    }
    return SLUIS_OK;
}

/* An attribute that waits, or that the register answered: no row of results yet. */
static sluis_err add_pending(Sluis__ApiRequestState *s, arena *a, const rules *r, uint32_t id,
                             const char *outcome)
{
    Sluis__ApiResult *one = arena_alloc(a, sizeof(*one));
    const attribute *at = rules_attribute(r, id);
    if (!one)
        return SLUIS_NOMEM;
    sluis__api_result__init(one);
    one->attribute = (char *)(uintptr_t)(at ? at->name : "");
    one->outcome = (char *)(uintptr_t)outcome;
    s->results[s->n_results++] = one;
    return SLUIS_OK;
}

static sluis_err fill_dialogue(Sluis__ApiRequestState *out, arena *a, const Sluis__RequestRow *row)
{
    Sluis__ApiClarification *all = arena_alloc(a, (row->n_dialogue + 1) * sizeof(*all));
    out->clarifications = arena_alloc(a, (row->n_dialogue + 1) * sizeof(*out->clarifications));
    if (!all || !out->clarifications)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < row->n_dialogue; i++) {
        const Sluis__DialogueRow *q = row->dialogue[i];
        Sluis__ApiClarification *x = &all[out->n_clarifications];
        if (q->answers.len)
            continue;
        sluis__api_clarification__init(x);
        x->number = (uint32_t)out->n_clarifications + 1;
        x->question = q->text;
        x->asked = q->when;
        for (size_t k = i + 1; k < row->n_dialogue; k++)
            if (bytes_equal(BYTES(row->dialogue[k]->answers.data, row->dialogue[k]->answers.len),
                            BYTES(q->message_hash.data, q->message_hash.len))) {
                x->answer = row->dialogue[k]->text;
                x->answered = row->dialogue[k]->when;
            }
        out->clarifications[out->n_clarifications++] = x;
    }
    return SLUIS_OK;
}

static sluis_err fill_corrections(Sluis__ApiRequestState *out, arena *a, const rules *r,
                                  const Sluis__RequestRow *row)
{
    Sluis__ApiCorrection *all = arena_alloc(a, (row->n_corrections + 1) * sizeof(*all));
    out->corrections = arena_alloc(a, (row->n_corrections + 1) * sizeof(*out->corrections));
    if (!all || !out->corrections)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < row->n_corrections; i++) {
        const Sluis__CorrectionRow *c = row->corrections[i];
        Sluis__ApiCorrection *x = &all[i];
        sluis__api_correction__init(x);
        x->when = c->when;
        x->reason = c->reason;
        x->told = (uint32_t)c->n_told;
        x->attributes = arena_alloc(a, (c->n_attributes + 1) * sizeof(char *));
        if (!x->attributes)
            return SLUIS_NOMEM;
        for (size_t k = 0; k < c->n_attributes; k++) {
            const attribute *at = rules_attribute(r, c->attributes[k]);
            x->attributes[x->n_attributes++] = (char *)(uintptr_t)(at ? at->name : "");
        }
        out->corrections[out->n_corrections++] = x;
    }
    return SLUIS_OK;
}

sluis_err api_request_fill(Sluis__ApiRequestState *out, arena *a, const rules *r,
                           const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row)
{
    sluis__api_request_state__init(out);
    out->transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    out->case_id = row->case_id;
    out->member = row->member;
    out->party = row->party;
    out->state = row->state;
    out->created = row->created;
    out->answered = row->answered;
    out->answer_by = row->answer_by;
    out->expires = row->expires;
    out->purpose = row->purpose;
    out->legal_basis = row->legal_basis;
    out->reason = row->reason;
    out->late = row->pressed > 1;
    out->known = (char *)(uintptr_t)(row->known_there == 1 ? "ja" : row->known_there ? "nee" : "");
    if (row->judgement) {
        out->judgement_law = row->judgement->law;
        out->judgement = row->judgement->judgement;
    }
    Sluis__ApiResult **got = NULL;
    size_t n = 0;
    sluis_err e = api_results_fill(&got, &n, a, r, row->results, row->n_results);
    out->results = arena_alloc(a, (n + row->n_attributes + row->n_known + 1) * sizeof(*out->results));
    if (e || !out->results)
        return SLUIS_NOMEM;
    memcpy(out->results, got, n * sizeof(*got));
    out->n_results = n;
    for (size_t i = 0; !e && !row->n_results && i < row->n_attributes; i++)
        e = add_pending(out, a, r, row->attributes[i], "open");
    for (size_t i = 0; !e && i < row->n_known; i++)
        e = add_pending(out, a, r, row->known[i], outcome_name(SLUIS__OUTCOME__GIVEN));
    if (!e)
        e = fill_dialogue(out, a, row);
    return e ? e : fill_corrections(out, a, r, row);
}

sluis_err api_out_request(buffer *out, uint64_t call, uint32_t status, const rules *rs,
                          const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row)
{
    arena *a = arena_new(256u << 10);
    if (!a)
        return SLUIS_NOMEM;
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiRequestState s;
    r.call = call;
    r.status = status;
    sluis_err e = api_request_fill(&s, a, rs, transaction, row);
    r.result_case = SLUIS__API_REPLY__RESULT_REQUEST;
    r.request = &s;
    if (!e)
        e = wire_pack(out, &r.base);
    arena_free(&a);
    return e;
}

sluis_err api_out_noted(buffer *out, uint64_t call, uint64_t journal_index, uint64_t when)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiNoted n = SLUIS__API_NOTED__INIT;
    n.journal_index = journal_index;
    n.when = when;
    r.call = call;
    r.status = 201;
    r.result_case = SLUIS__API_REPLY__RESULT_NOTED;
    r.noted = &n;
    return wire_pack(out, &r.base);
}

void api_concern_fill(Sluis__ApiConcern *out, const uint8_t transaction[static UUID_LEN],
                      const Sluis__ConcernRow *row, bool whole)
{
    sluis__api_concern__init(out);
    out->transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    out->state = row->state;
    out->received = row->received;
    out->decided = row->decided;
    out->motivation = row->motivation;
    if (!whole)
        return;
    out->bsn = row->bsn;
    out->concern = row->concern;
    out->reporter = row->reporter;
    out->from = row->from;
    out->application = row->application;
    out->case_id = row->case_id;
}

sluis_err api_out_concern(buffer *out, uint64_t call, uint32_t status,
                          const uint8_t transaction[static UUID_LEN], const Sluis__ConcernRow *row,
                          bool whole)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiConcern c;
    api_concern_fill(&c, transaction, row, whole);
    r.call = call;
    r.status = status;
    r.result_case = SLUIS__API_REPLY__RESULT_CONCERN;
    r.concern = &c;
    return wire_pack(out, &r.base);
}

void api_offer_fill(Sluis__ApiOffer *out, const uint8_t transaction[static UUID_LEN],
                    const Sluis__OfferRow *row)
{
    sluis__api_offer__init(out);
    out->transaction = (ProtobufCBinaryData){UUID_LEN, (uint8_t *)(uintptr_t)transaction};
    out->from = row->from;
    out->state = row->state;
    out->received = row->received;
    out->expires = row->expires;
    out->decided = row->decided;
    out->case_id = row->case_id;
}

static bool named(const Sluis__ApiOfferMember *m, const char *name)
{
    for (size_t i = 0; i < m->n_attributes; i++)
        if (strcmp(m->attributes[i], name) == 0)
            return true;
    return false;
}

/* Who they are and which data come along; not the values. */
static sluis_err fill_offered(Sluis__ApiOffer *out, arena *a, const Sluis__Core *core,
                              const Sluis__CaseHandoverBody *body)
{
    Sluis__ApiOfferMember *all = arena_alloc(a, (body->n_members + 1) * sizeof(*all));
    out->members = arena_alloc(a, (body->n_members + 1) * sizeof(*out->members));
    if (!all || !out->members)
        return SLUIS_NOMEM;
    out->kind = body->kind;
    out->motivation = body->motivation;
    out->purpose = core->purpose;
    out->legal_basis = core->legal_basis;
    for (size_t i = 0; i < body->n_members; i++) {
        const Sluis__HandoverMember *m = body->members[i];
        sluis__api_offer_member__init(&all[i]);
        all[i].member = m->member;
        all[i].bsn = m->bsn;
        all[i].role = m->role;
        all[i].attributes = arena_alloc(a, (m->n_data + 1) * sizeof(char *));
        if (!all[i].attributes)
            return SLUIS_NOMEM;
        for (size_t k = 0; k < m->n_data; k++)
            if (!named(&all[i], m->data[k]->name))
                all[i].attributes[all[i].n_attributes++] = m->data[k]->name;
        out->members[out->n_members++] = &all[i];
    }
    return SLUIS_OK;
}

sluis_err api_out_offer(buffer *out, uint64_t call, uint32_t status,
                        const uint8_t transaction[static UUID_LEN], const Sluis__OfferRow *row,
                        const Sluis__Core *core, const Sluis__CaseHandoverBody *body)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiOffer o;
    arena *a = arena_new(2u << 20);
    sluis_err e = a ? SLUIS_OK : SLUIS_NOMEM;
    api_offer_fill(&o, transaction, row);
    if (!e && body)
        e = fill_offered(&o, a, core, body);
    r.call = call;
    r.status = status;
    r.result_case = SLUIS__API_REPLY__RESULT_OFFER;
    r.offer = &o;
    if (!e)
        e = wire_pack(out, &r.base);
    arena_free(&a);
    return e;
}
