#include "http/render.h"

#include <stdio.h>

#include "http/render_parts.h"

static void put_clarifications(json_t *o, const Sluis__ApiRequestState *q)
{
    json_t *a = json_array();
    for (size_t i = 0; i < q->n_clarifications; i++) {
        const Sluis__ApiClarification *c = q->clarifications[i];
        json_t *x = json_object();
        put_number(x, "nummer", c->number);
        put(x, "vraag", c->question);
        put_time(x, "gesteld", c->asked);
        put_some(x, "antwoord", c->answer);
        put_time(x, "beantwoord", c->answered);
        json_array_append_new(a, x);
    }
    if (q->n_clarifications)
        json_object_set_new(o, "toelichtingen", a);
    else
        json_decref(a);
}

static void put_corrections(json_t *o, const Sluis__ApiRequestState *q)
{
    json_t *a = q->n_corrections ? json_array() : NULL;
    for (size_t i = 0; i < q->n_corrections; i++) {
        const Sluis__ApiCorrection *c = q->corrections[i];
        json_t *x = json_object();
        put_time(x, "wanneer", c->when);
        put_list(x, "attributen", c->attributes, c->n_attributes);
        put(x, "reden", c->reason);
        put_number(x, "gemeldAan", c->told);
        json_array_append_new(a, x);
    }
    if (a)
        json_object_set_new(o, "correcties", a);
}

static json_t *request_json(const Sluis__ApiRequestState *q, char href[static RENDER_LOCATION])
{
    char id[UUID_STR], case_id[33];
    json_t *o = json_object();
    put_uuid(o, "verzoekId", q->transaction, id);
    put_case_id(o, q->case_id, case_id);
    put_number(o, "lid", q->member);
    put(o, "partij", q->party);
    put(o, "status", dutch(q->state));
    put_some(o, "reden", q->reason);
    put_some(o, "doel", q->purpose);
    put_some(o, "grondslag", q->legal_basis);
    put_time(o, "ingediend", q->created);
    put_time(o, "beantwoord", q->answered);
    put_time(o, "antwoordVoor", q->answer_by);
    put_time(o, "verloopt", q->expires);
    if (q->late)
        json_object_set_new(o, "teLaat", json_true());
    put_results(o, q->results, q->n_results);
    put_some(o, "bekend", q->known);
    put_judgement(o, q->judgement_law, q->judgement);
    put_clarifications(o, q);
    put_corrections(o, q);
    snprintf(href, RENDER_LOCATION, "/v1/verzoeken/%s", id);
    put_link(o, "self", href);
    return o;
}

/* Answered from the register at once or under way: the request exists either way, so both name its place. */
json_t *render_request(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    return request_json(r->request, location);
}

json_t *render_requests(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiRequestList *l = r->requests;
    char href[RENDER_LOCATION], next[sizeof "/v1/verzoeken?na=" + 2 * BOOKMARK_MAX];
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_requests; i++)
        json_array_append_new(a, request_json(l->requests[i], href));
    json_object_set_new(o, "verzoeken", a);
    json_object_set_new(o, "volledig", json_boolean(l->whole));
    put_hex(o, "sinds", l->since);
    put_hex(o, "volgende", l->next);
    put_link(o, "self", "/v1/verzoeken");
    const char *after = json_string_value(json_object_get(o, "volgende"));
    if (after) {
        snprintf(next, sizeof next, "/v1/verzoeken?na=%s", after);
        put_link(o, "next", next);
    }
    return o;
}

json_t *render_decision(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    char id[UUID_STR];
    json_t *o = json_object();
    (void)location;
    put(o, "besluit", dutch(r->decision->decision));
    put_uuid(o, "verzoekId", r->decision->transaction, id);
    put_number(o, "journaalnummer", r->decision->number);
    return o;
}

json_t *render_interventions(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiInterventions *v = r->interventions;
    char href[RENDER_LOCATION];
    json_t *o = json_object(), *asked = json_array(), *not = json_array();
    (void)location;
    for (size_t i = 0; i < v->n_requests; i++)
        json_array_append_new(asked, request_json(v->requests[i], href));
    for (size_t i = 0; i < v->n_not_asked; i++)
        json_array_append_new(
            not, json_pack("{s:s, s:s}", "wet", v->not_asked[i]->law, "reden", v->not_asked[i]->reason));
    json_object_set_new(o, "verzoeken", asked);
    json_object_set_new(o, "nietGevraagd", not );
    return o;
}

json_t *render_events(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiEventList *l = r->events;
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_events; i++) {
        const Sluis__ApiEvent *e = l->events[i];
        char id[UUID_STR];
        json_t *x = json_object();
        put_number(x, "nummer", e->number);
        put(x, "soort", dutch(e->type));
        put_time(x, "wanneer", e->when);
        put_uuid(x, "verzoekId", e->transaction, id);
        put_some(x, "partij", e->party);
        put_some(x, "bijzonderheid", dutch(e->detail));
        json_array_append_new(a, x);
    }
    json_object_set_new(o, "gebeurtenissen", a);
    if (l->next)
        put_number(o, "volgende", l->next);
    return o;
}

json_t *render_health(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiHealthOut *h = r->health;
    json_t *o = json_object(), *a = json_array();
    (void)location;
    put(o, "status", h->ok ? "gereed" : "niet-gereed");
    for (size_t i = 0; i < h->n_checks; i++) {
        json_t *x = json_pack("{s:s, s:b}", "naam", dutch(h->checks[i]->name), "inOrde", h->checks[i]->ok);
        put_some(x, "toelichting", h->checks[i]->detail);
        json_array_append_new(a, x);
    }
    json_object_set_new(o, "controles", a);
    return o;
}
