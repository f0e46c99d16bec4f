#include "http/resources.h"

#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "cases/case_state.h"
#include "crypto/note.h"
#include "http/build.h"
#include "journal/tile_path.h"
#include "wire/messages.h"

static sluis_err applied(Sluis__ApiOpenCase *o, const json_t *list, arena *a)
{
    size_t n = json_array_size(list);
    Sluis__ApiApplied *all = arena_alloc(a, (n + 1) * sizeof *all);
    o->applied = arena_alloc(a, (n + 1) * sizeof *o->applied);
    if (!all || !o->applied)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *in = json_array_get(list, i);
        sluis__api_applied__init(&all[i]);
        all[i].law = text(in, "wet");
        all[i].service = text(in, "dienst");
        all[i].party = text(in, "partij");
        o->applied[o->n_applied++] = &all[i];
    }
    return SLUIS_OK;
}

static sluis_err build_open_case(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    const json_t *members = json_object_get(body, "leden"), *scope = json_object_get(body, "bereik");
    size_t n = json_array_size(members);
    Sluis__ApiOpenCase *o = arena_alloc(a, sizeof *o);
    Sluis__ApiMember *all = arena_alloc(a, (n + 1) * sizeof *all);
    if (!o || !all)
        return SLUIS_NOMEM;
    sluis__api_open_case__init(o);
    if (!(o->members = arena_alloc(a, (n + 1) * sizeof *o->members)))
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *in = json_array_get(members, i);
        sluis__api_member__init(&all[i]);
        all[i].bsn = text(in, "bsn");
        all[i].own = text(in, "eigenKenmerk");
        all[i].role = text(in, "rol");
        all[i].secret = json_is_true(json_object_get(in, "geheimAdres"));
        sluis_err e = numbers(&all[i].seen_by, &all[i].n_seen_by, json_object_get(in, "zichtbaarVoor"), a);
        if (e)
            return e;
        o->members[o->n_members++] = &all[i];
    }
    sluis_err e = applied(o, json_object_get(body, "aanvragen"), a);
    if (e)
        return e;
    o->kind = text(body, "soort");
    o->reason = text(body, "aanleiding");
    c->op_case = SLUIS__API_CALL__OP_OPEN_CASE;
    c->open_case = o;
    e = strings(&o->scope_laws, &o->n_scope_laws, json_object_get(scope, "wetten"), a);
    if (!e)
        e = strings(&o->scope_domains, &o->n_scope_domains, json_object_get(scope, "domeinen"), a);
    if (!e)
        e = strings(&o->scope_problems, &o->n_scope_problems, json_object_get(scope, "problemen"), a);
    return e ? e : strings(&o->scope_parties, &o->n_scope_parties, json_object_get(scope, "partijen"), a);
}

static sluis_err build_get_case(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetCase *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_case__init(q);
    c->op_case = SLUIS__API_CALL__OP_GET_CASE;
    c->get_case = q;
    return id_field(&q->case_id, parameters, a);
}

static sluis_err given_data(Sluis__ApiFileRequest *q, const json_t *list, arena *a)
{
    size_t n = json_array_size(list);
    Sluis__ApiGiven *all = arena_alloc(a, (n + 1) * sizeof *all);
    q->given = arena_alloc(a, (n + 1) * sizeof *q->given);
    if (!all || !q->given)
        return SLUIS_NOMEM;
    for (; q->n_given < n; q->n_given++) {
        const json_t *in = json_array_get(list, q->n_given);
        sluis__api_given__init(&all[q->n_given]);
        all[q->n_given].attribute = text(in, "naam");
        all[q->n_given].value = text(in, "waarde");
        q->given[q->n_given] = &all[q->n_given];
    }
    return SLUIS_OK;
}

static sluis_err build_file_request(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    const json_t *asks = json_object_get(body, "attributen");
    size_t n = json_array_size(asks);
    Sluis__ApiFileRequest *q = arena_alloc(a, sizeof *q);
    Sluis__ApiAsk *all = arena_alloc(a, (n + 1) * sizeof *all);
    if (!q || !all)
        return SLUIS_NOMEM;
    sluis__api_file_request__init(q);
    if (!(q->asks = arena_alloc(a, (n + 1) * sizeof *q->asks)))
        return SLUIS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *in = json_array_get(asks, i);
        sluis__api_ask__init(&all[i]);
        all[i].attribute = text(in, "naam");
        all[i].necessity = text(in, "noodzaak");
        q->asks[q->n_asks++] = &all[i];
    }
    q->member = number(body, "lid");
    q->party = text(body, "partij");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    q->phase = (char *)(uintptr_t)phase_name(phase_parse(text(body, "fase")));
    q->motivation = text(body, "motivering");
    q->template_ = text(body, "sjabloon");
    if (given_data(q, json_object_get(body, "meegegeven"), a))
        return SLUIS_NOMEM;
    q->traceparent = text(parameters, "traceparent");
    if (json_str(body, "antwoordVoor"))
        time_parse(&q->answer_by, text(body, "antwoordVoor"));
    c->op_case = SLUIS__API_CALL__OP_FILE_REQUEST;
    c->file_request = q;
    return id_field(&q->case_id, parameters, a);
}

static sluis_err build_list_requests(const json_t *parameters, const json_t *body, arena *a,
                                     Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListRequests *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_requests__init(q);
    q->limit = json_object_get(parameters, "limit") ? number(parameters, "limit") : 50;
    c->op_case = SLUIS__API_CALL__OP_LIST_REQUESTS;
    c->list_requests = q;
    return json_object_get(parameters, "na") ? uuid_field(&q->before, parameters, "na", a) : SLUIS_OK;
}

static sluis_err build_get_request(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetRequest *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_request__init(q);
    c->op_case = SLUIS__API_CALL__OP_GET_REQUEST;
    c->get_request = q;
    return uuid_field(&q->transaction, parameters, "verzoekId", a);
}

static sluis_err build_ask_known(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiAskKnown *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_ask_known__init(q);
    q->member = number(body, "lid");
    q->party = text(body, "partij");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    q->motivation = text(body, "motivering");
    c->op_case = SLUIS__API_CALL__OP_ASK_KNOWN;
    c->ask_known = q;
    return id_field(&q->case_id, parameters, a);
}

/* ---- about a request that was filed ---- */

static sluis_err change_request(const char *event, const json_t *parameters, char *said, arena *a,
                                Sluis__ApiCall *c)
{
    Sluis__ApiChangeRequest *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_change_request__init(q);
    q->event = (char *)(uintptr_t)event;
    q->text = said;
    c->op_case = SLUIS__API_CALL__OP_CHANGE_REQUEST;
    c->change_request = q;
    return uuid_field(&q->transaction, parameters, "verzoekId", a);
}

static sluis_err build_withdraw(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    return change_request("withdraw", parameters, text(body, "motivering"), a, c);
}

static sluis_err build_clarify(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change_request("clarify", parameters, text(body, "antwoord"), a, c);
    if (!e)
        c->change_request->question = number(body, "vraag");
    return e;
}

static sluis_err build_get_view(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetView *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_view__init(q);
    q->member = number(parameters, "lid");
    q->limit = number(parameters, "limit");
    q->look = number(parameters, "inzage");
    c->op_case = SLUIS__API_CALL__OP_GET_VIEW;
    c->get_view = q;
    sluis_err e = strings(&q->attributes, &q->n_attributes, json_object_get(parameters, "attributen"), a);
    if (!e)
        e = bookmark_field(&q->after, parameters, "na", a);
    if (!e)
        e = bookmark_field(&q->since, parameters, "sinds", a);
    return e ? e : id_field(&q->case_id, parameters, a);
}

static sluis_err build_list_discrepancies(const json_t *parameters, const json_t *body, arena *a,
                                          Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListDiscrepancies *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_discrepancies__init(q);
    q->member = number(parameters, "lid");
    c->op_case = SLUIS__API_CALL__OP_LIST_DISCREPANCIES;
    c->list_discrepancies = q;
    return id_field(&q->case_id, parameters, a);
}

static uint64_t long_number(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static sluis_err build_resolve(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    static const struct {
        const char *dutch, *name;
    } decisions[] = {{"overnemen", "accept"}, {"behouden", "keep"}, {"navragen", "ask"}};
    Sluis__ApiResolve *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_resolve__init(q);
    q->member = number(parameters, "lid");
    q->attribute = text(body, "naam");
    q->current = long_number(body, "huidig");
    q->statement = long_number(body, "anders");
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++)
        if (strcmp(decisions[i].dutch, text(body, "besluit")) == 0)
            q->decision = (char *)(uintptr_t)decisions[i].name;
    q->motivation = text(body, "motivering");
    q->party = text(body, "partij");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    c->op_case = SLUIS__API_CALL__OP_RESOLVE;
    c->resolve = q;
    sluis_err e = instance_field(&q->instance, body, a);
    return e ? e : id_field(&q->case_id, parameters, a);
}

/* ---- changes of a case: each names its event ---- */

static sluis_err change(case_event event, const json_t *parameters, const json_t *body, arena *a,
                        Sluis__ApiCall *c)
{
    Sluis__ApiChangeCase *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_change_case__init(q);
    q->event = (char *)(uintptr_t)case_event_name(event);
    q->motivation = text(body, "motivering");
    q->member = number(body, "lid");
    c->op_case = SLUIS__API_CALL__OP_CHANGE_CASE;
    c->change_case = q;
    return id_field(&q->case_id, parameters, a);
}

static void coordinator(Sluis__ApiChangeCase *q, const json_t *in)
{
    q->coordinator = text(in, "wie");
    q->party = text(in, "partij");
    q->level = text(in, "niveau");
    q->responsible = json_is_true(json_object_get(in, "verantwoord"));
}

static sluis_err build_phase(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_CLOSE, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->event = text(body, "overgang");
    coordinator(c->change_case, json_object_get(body, "coordinator"));
    return SLUIS_OK;
}

static sluis_err build_coordinator(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_NAME_COORDINATOR, parameters, body, a, c);
    if (!e)
        coordinator(c->change_case, json_object_get(body, "coordinator"));
    return e;
}

static sluis_err scope(Sluis__ApiChangeCase *q, const json_t *in, arena *a)
{
    Sluis__ApiScope *s = arena_alloc(a, sizeof *s);
    if (!s)
        return SLUIS_NOMEM;
    sluis__api_scope__init(s);
    q->scope = s;
    sluis_err e = strings(&s->laws, &s->n_laws, json_object_get(in, "wetten"), a);
    if (!e)
        e = strings(&s->domains, &s->n_domains, json_object_get(in, "domeinen"), a);
    if (!e)
        e = strings(&s->problems, &s->n_problems, json_object_get(in, "problemen"), a);
    return e ? e : strings(&s->parties, &s->n_parties, json_object_get(in, "partijen"), a);
}

static sluis_err build_scope(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    bool against = json_is_true(json_object_get(body, "tegenKeuzeClient"));
    sluis_err e = change(against ? CASE_WIDEN_SCOPE : CASE_CHOOSE_SCOPE, parameters, body, a, c);
    return e ? e : scope(c->change_case, json_object_get(body, "bereik"), a);
}

static sluis_err build_join(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    const json_t *chosen = json_object_get(body, "bereik");
    sluis_err e = change(CASE_JOIN, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->objection = json_is_true(json_object_get(body, "bezwaarClient"));
    e = id_field(&c->change_case->other, body, a);
    return e || !chosen ? e : scope(c->change_case, chosen, a);
}

static sluis_err build_member(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_CHANGE_MEMBER, parameters, body, a, c);
    if (e)
        return e;
    Sluis__ApiChangeCase *q = c->change_case;
    q->member = number(parameters, "lid");
    q->secret = json_is_true(json_object_get(body, "geheimAdres"));
    return numbers(&q->seen_by, &q->n_seen_by, json_object_get(body, "zichtbaarVoor"), a);
}

static sluis_err build_link_person(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_LINK_PERSON, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->member = number(parameters, "lid");
    c->change_case->bsn = text(body, "bsn");
    return SLUIS_OK;
}

static sluis_err build_service(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_REPORT_SERVICE, parameters, body, a, c);
    if (e)
        return e;
    Sluis__ApiChangeCase *q = c->change_case;
    q->service = text(body, "dienst");
    q->party = text(body, "partij");
    q->status = text(body, "status");
    if (json_str(body, "gepland"))
        time_parse(&q->planned, text(body, "gepland"));
    if (json_str(body, "werkelijk"))
        time_parse(&q->actual, text(body, "werkelijk"));
    return SLUIS_OK;
}

static sluis_err build_glass(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_BREAK_GLASS, parameters, body, a, c);
    if (e)
        return e;
    Sluis__ApiChangeCase *q = c->change_case;
    q->member = number(body, "lid");
    q->minutes = number(body, "minuten");
    return strings(&q->attributes, &q->n_attributes, json_object_get(body, "attributen"), a);
}

static sluis_err build_review(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_REVIEW_GLASS, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->number = number(parameters, "nummer");
    c->change_case->justified = json_is_true(json_object_get(body, "terecht"));
    return SLUIS_OK;
}

static sluis_err build_ask_look(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_ASK_LOOK, parameters, body, a, c);
    if (e)
        return e;
    Sluis__ApiChangeCase *q = c->change_case;
    q->member = number(body, "lid");
    q->minutes = number(body, "minuten");
    q->law = text(body, "wet");
    q->purpose = text(body, "doel");
    return strings(&q->attributes, &q->n_attributes, json_object_get(body, "attributen"), a);
}

static sluis_err build_decide_look(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_DECIDE_LOOK, parameters, body, a, c);
    if (e)
        return e;
    c->change_case->number = number(parameters, "nummer");
    c->change_case->granted = json_is_true(json_object_get(body, "verleend"));
    return SLUIS_OK;
}

static sluis_err build_end_look(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    sluis_err e = change(CASE_END_LOOK, parameters, body, a, c);
    if (!e)
        c->change_case->number = number(parameters, "nummer");
    return e;
}

/* ---- concerns, interventions ---- */

static sluis_err build_report(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    Sluis__ApiReportConcern *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_report_concern__init(q);
    q->bsn = text(body, "bsn");
    q->concern = text(body, "zorg");
    q->reporter = text(body, "melder");
    c->op_case = SLUIS__API_CALL__OP_REPORT_CONCERN;
    c->report_concern = q;
    return SLUIS_OK;
}

static sluis_err build_get_concern(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetConcern *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_concern__init(q);
    c->op_case = SLUIS__API_CALL__OP_GET_CONCERN;
    c->get_concern = q;
    return uuid_field(&q->transaction, parameters, "meldingId", a);
}

static sluis_err build_list_concerns(const json_t *parameters, const json_t *body, arena *a,
                                     Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListConcerns *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_concerns__init(q);
    q->limit = json_object_get(parameters, "limit") ? number(parameters, "limit") : 50;
    c->op_case = SLUIS__API_CALL__OP_LIST_CONCERNS;
    c->list_concerns = q;
    return json_object_get(parameters, "na") ? uuid_field(&q->before, parameters, "na", a) : SLUIS_OK;
}

static sluis_err build_decide(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiDecideConcern *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_decide_concern__init(q);
    q->research = json_is_true(json_object_get(body, "onderzoek"));
    q->motivation = text(body, "motivering");
    c->op_case = SLUIS__API_CALL__OP_DECIDE_CONCERN;
    c->decide_concern = q;
    sluis_err e = uuid_field(&q->transaction, parameters, "meldingId", a);
    return e || !json_str(body, "zaakId") ? e : id_field(&q->case_id, body, a);
}

static sluis_err build_interventions(const json_t *parameters, const json_t *body, arena *a,
                                     Sluis__ApiCall *c)
{
    Sluis__ApiAskInterventions *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_ask_interventions__init(q);
    q->member = number(body, "lid");
    q->problem = text(body, "probleem");
    q->motivation = text(body, "motivering");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    if (json_str(body, "antwoordVoor"))
        time_parse(&q->answer_by, text(body, "antwoordVoor"));
    c->op_case = SLUIS__API_CALL__OP_ASK_INTERVENTIONS;
    c->ask_interventions = q;
    return id_field(&q->case_id, parameters, a);
}

/* ---- hand-over between municipalities ---- */

static sluis_err build_hand_over(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiHandOver *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_hand_over__init(q);
    q->party = text(body, "gemeente");
    q->purpose = text(body, "doel");
    q->legal_basis = text(body, "grondslag");
    q->motivation = text(body, "motivering");
    c->op_case = SLUIS__API_CALL__OP_HAND_OVER;
    c->hand_over = q;
    sluis_err e = numbers(&q->members, &q->n_members, json_object_get(body, "leden"), a);
    if (!e)
        e = strings(&q->attributes, &q->n_attributes, json_object_get(body, "attributen"), a);
    return e ? e : id_field(&q->case_id, parameters, a);
}

static sluis_err build_get_offer(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiGetOffer *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_get_offer__init(q);
    c->op_case = SLUIS__API_CALL__OP_GET_OFFER;
    c->get_offer = q;
    return uuid_field(&q->transaction, parameters, "overdrachtId", a);
}

static sluis_err build_list_offers(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListOffers *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_offers__init(q);
    q->limit = json_object_get(parameters, "limit") ? number(parameters, "limit") : 50;
    c->op_case = SLUIS__API_CALL__OP_LIST_OFFERS;
    c->list_offers = q;
    return json_object_get(parameters, "na") ? uuid_field(&q->before, parameters, "na", a) : SLUIS_OK;
}

static sluis_err build_decide_offer(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiDecideOffer *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_decide_offer__init(q);
    q->accept = json_is_true(json_object_get(body, "overnemen"));
    q->motivation = text(body, "motivering");
    c->op_case = SLUIS__API_CALL__OP_DECIDE_OFFER;
    c->decide_offer = q;
    return uuid_field(&q->transaction, parameters, "overdrachtId", a);
}

static sluis_err build_events(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    Sluis__ApiListEvents *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_list_events__init(q);
    q->after = number(parameters, "vanaf");
    q->limit = json_object_get(parameters, "limit") ? number(parameters, "limit") : 50;
    c->op_case = SLUIS__API_CALL__OP_LIST_EVENTS;
    c->list_events = q;
    return id_field(&q->case_id, parameters, a);
}

static sluis_err build_health(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    Sluis__ApiHealth *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_health__init(q);
    q->ready = true;
    c->op_case = SLUIS__API_CALL__OP_HEALTH;
    c->health = q;
    return SLUIS_OK;
}

static sluis_err build_metrics(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    Sluis__ApiMetrics *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_metrics__init(q);
    c->op_case = SLUIS__API_CALL__OP_METRICS;
    c->metrics = q;
    return SLUIS_OK;
}

static sluis_err log_part(Sluis__LogPart part, arena *a, Sluis__ApiCall *c)
{
    Sluis__ApiLogGet *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_log_get__init(q);
    q->part = part;
    c->op_case = SLUIS__API_CALL__OP_LOG_GET;
    c->log_get = q;
    return SLUIS_OK;
}

static sluis_err build_checkpoint(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    return log_part(SLUIS__LOG_PART__LOG_CHECKPOINT, a, c);
}

static sluis_err build_witnessed(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    (void)body;
    return log_part(SLUIS__LOG_PART__LOG_WITNESSED, a, c);
}

static sluis_err build_tile(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    const char *tree = text(parameters, "niveau");
    bool entries = strcmp(tree, "entries") == 0;
    sluis_err e = log_part(entries ? SLUIS__LOG_PART__LOG_ENTRIES : SLUIS__LOG_PART__LOG_TILE, a, c);
    if (e)
        return e;
    c->log_get->level = entries ? 0 : (uint32_t)(tree[0] - '0');
    return tile_path_parse(text(parameters, "tegel"), &c->log_get->tile, &c->log_get->width) ? SLUIS_OK
                                                                                             : SLUIS_INVALID;
}

static sluis_err build_prove(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)body;
    const char *size = text(parameters, "omvang");
    sluis_err e = log_part(SLUIS__LOG_PART__LOG_PROVE, a, c);
    if (e)
        return e;
    return note_number(&c->log_get->old, bytes_str(size + strlen("na-"))) ? SLUIS_OK : SLUIS_INVALID;
}

static sluis_err build_cosign(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
{
    (void)parameters;
    Sluis__ApiLogCosign *q = arena_alloc(a, sizeof *q);
    if (!q)
        return SLUIS_NOMEM;
    sluis__api_log_cosign__init(q);
    q->note = text(body, "notitie");
    c->op_case = SLUIS__API_CALL__OP_LOG_COSIGN;
    c->log_cosign = q;
    return SLUIS_OK;
}

#define RESULT(name) SLUIS__API_REPLY__RESULT_##name
const resource resources[RESOURCE_COUNT] = {
    {"openZaak", build_open_case, RESULT(CASE_OUT), render_case, false},
    {"wijzigFase", build_phase, RESULT(CASE_OUT), render_case, false},
    {"wijzigCoordinator", build_coordinator, RESULT(CASE_OUT), render_case, false},
    {"wijzigBereik", build_scope, RESULT(CASE_OUT), render_case, false},
    {"wijzigLid", build_member, RESULT(CASE_OUT), render_case, false},
    {"koppelBsn", build_link_person, RESULT(CASE_OUT), render_case, false},
    {"meldDienst", build_service, RESULT(CASE_OUT), render_case, false},
    {"openNoodinzage", build_glass, RESULT(CASE_OUT), render_case, false},
    {"beoordeelNoodinzage", build_review, RESULT(CASE_OUT), render_case, false},
    {"vraagInzage", build_ask_look, RESULT(CASE_OUT), render_case, false},
    {"besluitInzage", build_decide_look, RESULT(CASE_OUT), render_case, false},
    {"beeindigInzage", build_end_look, RESULT(CASE_OUT), render_case, false},
    {"voegZakenSamen", build_join, RESULT(CASE_OUT), render_case, false},
    {"listGebeurtenissen", build_events, RESULT(EVENTS), render_events, false},
    {"vraagInterventies", build_interventions, RESULT(INTERVENTIONS), render_interventions, false},
    {"openMelding", build_report, RESULT(CONCERN), render_concern, false},
    {"listMeldingen", build_list_concerns, RESULT(CONCERNS), render_concerns, false},
    {"getMelding", build_get_concern, RESULT(CONCERN), render_concern, false},
    {"besluitMelding", build_decide, RESULT(CONCERN), render_concern, false},
    {"draagZaakOver", build_hand_over, RESULT(CASE_OUT), render_case, false},
    {"listOverdrachten", build_list_offers, RESULT(OFFERS), render_offers, false},
    {"getOverdracht", build_get_offer, RESULT(OFFER), render_offer, false},
    {"besluitOverdracht", build_decide_offer, RESULT(OFFER), render_offer, false},
    {"getZaak", build_get_case, RESULT(CASE_OUT), render_case, false},
    {"openVerzoek", build_file_request, RESULT(REQUEST), render_request, false},
    {"listVerzoeken", build_list_requests, RESULT(REQUESTS), render_requests, false},
    {"vraagOfBekend", build_ask_known, RESULT(REQUEST), render_request, false},
    {"trekVerzoekIn", build_withdraw, RESULT(REQUEST), render_request, false},
    {"lichtVerzoekToe", build_clarify, RESULT(REQUEST), render_request, false},
    {"getVerzoek", build_get_request, RESULT(REQUEST), render_request, false},
    {"getWeergave", build_get_view, RESULT(VIEW), NULL, false},
    {"listDiscrepanties", build_list_discrepancies, RESULT(DISCREPANCIES), NULL, false},
    {"losDiscrepantieOp", build_resolve, RESULT(DECISION), render_decision, false},
    {"getDossier", build_get_dossier, RESULT(DOSSIER), render_dossier, false},
    {"voerDossierUit", build_export, RESULT(EXPORT), NULL, false},
    {"dienAvgVerzoekIn", build_file_rights, RESULT(RIGHTS), render_rights, false},
    {"besluitAvgVerzoek", build_decide_rights, RESULT(RIGHTS), render_rights, false},
    {"getAvgVerzoeken", build_get_rights, RESULT(RIGHTS_LIST), render_rights_list, false},
    {"listAvgVerzoeken", build_list_rights, RESULT(RIGHTS_LIST), render_rights_list, false},
    {"noteerUitwisseling", build_note_exchange, RESULT(NOTED), render_noted, false},
    {"beperkRegel", build_restrict, RESULT(NOTED), render_noted, false},
    {"hefBeperkingOp", build_lift, RESULT(NOTED), render_noted, false},
    {"getReady", build_health, RESULT(HEALTH), render_health, true},
    {"getMetrics", build_metrics, RESULT(METRICS), NULL, true},
    {"getCheckpoint", build_checkpoint, RESULT(BLOB), NULL, false},
    {"getTegel", build_tile, RESULT(BLOB), NULL, false},
    {"getVervolg", build_prove, RESULT(BLOB), NULL, false},
    {"getMedeondertekend", build_witnessed, RESULT(BLOB), NULL, false},
    {"meldMedeondertekening", build_cosign, RESULT(BLOB), NULL, false},
    {"getLive", NULL, RESULT(_NOT_SET), NULL, true},
    {"getOpenapi", NULL, RESULT(_NOT_SET), NULL, true},
};
