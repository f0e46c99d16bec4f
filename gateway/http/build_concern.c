/* Concerns, the question about interventions, and the hand-over between municipalities. */
#include "base/clock.h"
#include "http/build.h"

sluis_err build_report(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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

sluis_err build_get_concern(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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

sluis_err build_list_concerns(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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

sluis_err build_decide(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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

sluis_err build_interventions(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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

sluis_err build_hand_over(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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

sluis_err build_get_offer(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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

sluis_err build_list_offers(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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

sluis_err build_decide_offer(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c)
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
