/* Concerns, and cases that another municipality offers, as JSON. */
#include <stdio.h>
#include <string.h>

#include "http/render.h"
#include "http/render_parts.h"

static json_t *concern_json(const Sluis__ApiConcern *c, char href[static RENDER_LOCATION])
{
    char id[UUID_STR], case_id[33];
    json_t *o = json_object();
    put_uuid(o, "meldingId", c->transaction, id);
    put(o, "status", dutch(c->state));
    put_time(o, "ontvangen", c->received);
    put_time(o, "besloten", c->decided);
    put_some(o, "motivering", c->motivation);
    put_some(o, "bsn", c->bsn);
    put_some(o, "zorg", c->concern);
    put_some(o, "melder", c->reporter);
    put_some(o, "van", c->from);
    put_some(o, "toepassing", c->application);
    put_case_id(o, c->case_id, case_id);
    snprintf(href, RENDER_LOCATION, "/v1/meldingen/%s", id);
    put_link(o, "self", href);
    return o;
}

json_t *render_concern(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    char href[RENDER_LOCATION];
    json_t *o = concern_json(r->concern, href);
    if (r->status == 201)
        memcpy(location, href, sizeof href);
    return o;
}

json_t *render_concerns(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiConcernList *l = r->concerns;
    char href[RENDER_LOCATION], next[UUID_STR];
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_concerns; i++)
        json_array_append_new(a, concern_json(l->concerns[i], href));
    json_object_set_new(o, "meldingen", a);
    put_uuid(o, "volgende", l->next, next);
    put_link(o, "self", "/v1/meldingen");
    if (next[0]) {
        snprintf(href, sizeof href, "/v1/meldingen?na=%s", next);
        put_link(o, "next", href);
    }
    return o;
}

static json_t *offer_json(const Sluis__ApiOffer *q, char href[static RENDER_LOCATION])
{
    char id[UUID_STR], case_id[33];
    json_t *o = json_object(), *members = q->n_members ? json_array() : NULL;
    put_uuid(o, "overdrachtId", q->transaction, id);
    put(o, "van", q->from);
    put(o, "status", dutch(q->state));
    put_time(o, "ontvangen", q->received);
    put_time(o, "verloopt", q->expires);
    put_time(o, "besloten", q->decided);
    put_case_id(o, q->case_id, case_id);
    put_some(o, "soort", q->kind);
    put_some(o, "doel", q->purpose);
    put_some(o, "grondslag", q->legal_basis);
    put_some(o, "motivering", q->motivation);
    for (size_t i = 0; i < q->n_members; i++) {
        const Sluis__ApiOfferMember *m = q->members[i];
        json_t *x = json_object();
        put_number(x, "lid", m->member);
        put(x, "bsn", m->bsn);
        put(x, "rol", m->role);
        json_object_set_new(x, "attributen", list_of(m->attributes, m->n_attributes));
        json_array_append_new(members, x);
    }
    if (members)
        json_object_set_new(o, "leden", members);
    snprintf(href, RENDER_LOCATION, "/v1/overdrachten/%s", id);
    put_link(o, "self", href);
    return o;
}

json_t *render_offer(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    char href[RENDER_LOCATION];
    (void)location;
    return offer_json(r->offer, href);
}

json_t *render_offers(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiOfferList *l = r->offers;
    char href[RENDER_LOCATION], next[UUID_STR];
    json_t *o = json_object(), *a = json_array();
    (void)location;
    for (size_t i = 0; i < l->n_offers; i++)
        json_array_append_new(a, offer_json(l->offers[i], href));
    json_object_set_new(o, "overdrachten", a);
    put_uuid(o, "volgende", l->next, next);
    put_link(o, "self", "/v1/overdrachten");
    if (next[0]) {
        snprintf(href, sizeof href, "/v1/overdrachten?na=%s", next);
        put_link(o, "next", href);
    }
    return o;
}
