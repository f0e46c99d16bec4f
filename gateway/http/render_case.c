/* A case as JSON. */
#include <stdio.h>
#include <string.h>

#include "http/render.h"
#include "http/render_parts.h"

static json_t *member_json(const Sluis__ApiMemberOut *m)
{
    json_t *o = json_object();
    put_number(o, "lid", m->member);
    put(o, "rol", m->role);
    json_object_set_new(o, "geheimAdres", json_boolean(m->secret));
    put_numbers(o, "zichtbaarVoor", m->seen_by, m->n_seen_by);
    if (m->moved)
        json_object_set_new(o, "overgedragen", json_true());
    return o;
}

static json_t *scope_json(char *const *laws, size_t n_laws, char *const *domains, size_t n_domains,
                          char *const *problems, size_t n_problems, char *const *parties, size_t n_parties)
{
    json_t *o = json_object();
    json_object_set_new(o, "wetten", list_of(laws, n_laws));
    json_object_set_new(o, "domeinen", list_of(domains, n_domains));
    json_object_set_new(o, "problemen", list_of(problems, n_problems));
    json_object_set_new(o, "partijen", list_of(parties, n_parties));
    return o;
}

static json_t *services_json(const Sluis__ApiCase *c)
{
    json_t *a = json_array();
    for (size_t i = 0; i < c->n_services; i++) {
        const Sluis__ApiService *s = c->services[i];
        json_t *o = json_object();
        put(o, "dienst", s->service);
        if (s->member)
            json_object_set_new(o, "lid", json_integer(s->member));
        put(o, "partij", s->party);
        put(o, "status", dutch(s->status));
        put_time(o, "gepland", s->planned);
        put_time(o, "werkelijk", s->actual);
        put_time(o, "gemeld", s->reported);
        put_some(o, "wet", s->law);
        put_time(o, "aangevraagd", s->requested);
        json_object_set_new(o, "teLaat", json_boolean(s->late));
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *emergencies_json(const Sluis__ApiCase *c)
{
    json_t *a = json_array();
    for (size_t i = 0; i < c->n_emergencies; i++) {
        const Sluis__ApiEmergency *x = c->emergencies[i];
        json_t *o = json_object();
        put_number(o, "nummer", x->number);
        put(o, "functie", x->function);
        put_number(o, "lid", x->member);
        put_time(o, "van", x->from);
        put_time(o, "tot", x->until);
        json_object_set_new(o, "beoordeeld", json_boolean(x->reviewed));
        if (x->reviewed)
            json_object_set_new(o, "terecht", json_boolean(x->justified));
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *looks_json(const Sluis__ApiCase *c)
{
    json_t *a = json_array();
    for (size_t i = 0; i < c->n_looks; i++) {
        const Sluis__ApiLook *x = c->looks[i];
        json_t *o = json_object();
        put_number(o, "nummer", x->number);
        put(o, "status", dutch(x->state));
        put(o, "toepassing", x->application);
        put(o, "functie", x->function);
        put_number(o, "lid", x->member);
        put(o, "wet", x->law);
        put(o, "doel", x->purpose);
        json_object_set_new(o, "attributen", list_of(x->attributes, x->n_attributes));
        put_time(o, "gevraagd", x->asked);
        put_time(o, "tot", x->until);
        json_array_append_new(a, o);
    }
    return a;
}

/* Cases that go on in this one, or the one that this one goes on in. */
static void put_joined(json_t *o, const Sluis__ApiCase *c)
{
    char id[33];
    json_t *a = c->n_joined ? json_array() : NULL;
    for (size_t i = 0; i < c->n_joined; i++)
        if (c->joined[i].len == ID_LEN) {
            hex_encode(id, c->joined[i].data, ID_LEN);
            json_array_append_new(a, json_string(id));
        }
    if (a)
        json_object_set_new(o, "opgenomen", a);
    if (c->joined_into.len == ID_LEN) {
        hex_encode(id, c->joined_into.data, ID_LEN);
        put(o, "opgegaanIn", id);
    }
}

static json_t *handover_json(const Sluis__ApiHandover *h)
{
    char id[UUID_STR];
    json_t *o = json_object();
    put_uuid(o, "overdrachtId", h->transaction, id);
    put(o, "gemeente", h->to);
    put(o, "status", dutch(h->state));
    put_numbers(o, "leden", h->members, h->n_members);
    json_object_set_new(o, "attributen", list_of(h->attributes, h->n_attributes));
    put_time(o, "aangeboden", h->offered);
    put_time(o, "verloopt", h->expires);
    put_time(o, "besloten", h->decided);
    return o;
}

json_t *render_case(const Sluis__ApiReply *r, char location[static RENDER_LOCATION])
{
    const Sluis__ApiCase *c = r->case_out;
    const Sluis__ApiScope *w = c->wish;
    char id[33], href[RENDER_LOCATION];
    json_t *o = json_object(), *members = json_array();
    put_case_id(o, c->case_id, id);
    put(o, "soort", c->kind);
    put(o, "fase", dutch(c->phase));
    for (size_t i = 0; i < c->n_members; i++)
        json_array_append_new(members, member_json(c->members[i]));
    json_object_set_new(o, "leden", members);
    json_object_set_new(o, "bereik",
                        scope_json(c->scope_laws, c->n_scope_laws, c->scope_domains, c->n_scope_domains,
                                   c->scope_problems, c->n_scope_problems, c->scope_parties,
                                   c->n_scope_parties));
    if (w)
        json_object_set_new(o, "keuzeClient",
                            scope_json(w->laws, w->n_laws, w->domains, w->n_domains, w->problems,
                                       w->n_problems, w->parties, w->n_parties));
    put(o, "coordinatie", c->coordination);
    if (c->coordinator[0]) {
        json_t *who = json_object();
        put(who, "wie", c->coordinator);
        put_some(who, "partij", c->coordinator_party);
        put(who, "niveau", c->level);
        json_object_set_new(o, "coordinator", who);
    }
    json_object_set_new(o, "diensten", services_json(c));
    json_object_set_new(o, "noodinzages", emergencies_json(c));
    json_object_set_new(o, "inzages", looks_json(c));
    json_object_set_new(o, "mogelijk", list_of(c->possible, c->n_possible));
    put_joined(o, c);
    if (c->handover)
        json_object_set_new(o, "overdracht", handover_json(c->handover));
    put_some(o, "overgenomenVan", c->taken_over_from);
    put_time(o, "geopend", c->opened);
    put_time(o, "beeindigd", c->ended);
    snprintf(href, sizeof href, "/v1/zaken/%s", id);
    put_link(o, "self", href);
    if (r->status == 201)
        memcpy(location, href, sizeof href);
    return o;
}
