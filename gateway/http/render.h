/* Replies of sluisd as the JSON of openapi.json: Dutch names and words, RFC 3339 times, empty fields left
 * out. Each returns owned JSON, NULL when memory is out. Thread: pure. */
#ifndef SLUIS_GATEWAY_HTTP_RENDER_H
#define SLUIS_GATEWAY_HTTP_RENDER_H

#include <jansson.h>

#include "api.pb-c.h"

#define RENDER_LOCATION 96

json_t *render_case(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_request(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_requests(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_decision(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_dossier(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_entry(const Sluis__ApiDossierEntry *x);
json_t *render_one_right(const Sluis__ApiRights *x);
json_t *render_rights(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_rights_list(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_noted(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_concern(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_concerns(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_interventions(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_events(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_offer(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_offers(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_catalogue(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_parties(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);
json_t *render_health(const Sluis__ApiReply *r, char location[static RENDER_LOCATION]);

#endif
