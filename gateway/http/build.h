/* From checked JSON to the fields of an ApiCall: what the files that build calls share, and what resources.c
 * names of them. Internal to http/. Thread: pure. */
#ifndef SLUIS_GATEWAY_HTTP_BUILD_H
#define SLUIS_GATEWAY_HTTP_BUILD_H

#include <string.h>

#include "api.pb-c.h"
#include "base/ids.h"
#include "http/json.h"
#include "wire/arena.h"

/* protobuf-c's strings are not const; packing only reads them. */
static inline char *text(const json_t *object, const char *name)
{
    const char *s = json_str(object, name);
    return (char *)(uintptr_t)(s ? s : "");
}

static inline uint32_t number(const json_t *object, const char *name)
{
    return (uint32_t)json_integer_value(json_object_get(object, name));
}

static inline sluis_err id_field(ProtobufCBinaryData *out, const json_t *parameters, arena *a)
{
    id16 id;
    const char *s = json_str(parameters, "zaakId");
    if (!s || id_parse(&id, s))
        return SLUIS_INVALID;
    *out = (ProtobufCBinaryData){ID_LEN, arena_copy(a, id.b, ID_LEN)};
    return out->data ? SLUIS_OK : SLUIS_NOMEM;
}

static inline sluis_err uuid_field(ProtobufCBinaryData *out, const json_t *parameters, const char *name,
                                   arena *a)
{
    uuid u;
    const char *s = json_str(parameters, name);
    if (!s || uuid_parse(&u, s))
        return SLUIS_INVALID;
    *out = (ProtobufCBinaryData){UUID_LEN, arena_copy(a, u.b, UUID_LEN)};
    return out->data ? SLUIS_OK : SLUIS_NOMEM;
}

/* An instance's id, when there is one. */
static inline sluis_err instance_field(ProtobufCBinaryData *out, const json_t *body, arena *a)
{
    id16 id;
    const char *s = json_str(body, "voorkomen");
    if (!s)
        return SLUIS_OK;
    if (id_parse(&id, s))
        return SLUIS_INVALID;
    *out = (ProtobufCBinaryData){ID_LEN, arena_copy(a, id.b, ID_LEN)};
    return out->data ? SLUIS_OK : SLUIS_NOMEM;
}

static inline sluis_err bookmark_field(ProtobufCBinaryData *out, const json_t *parameters, const char *name,
                                       arena *a)
{
    const char *s = json_str(parameters, name);
    size_t n = s ? strlen(s) / 2 : 0;
    if (!n)
        return SLUIS_OK;
    *out = (ProtobufCBinaryData){n, arena_alloc(a, n)};
    return out->data ? hex_decode(out->data, n, s, 2 * n) : SLUIS_NOMEM;
}

static inline sluis_err strings(char ***out, size_t *n, const json_t *array, arena *a)
{
    *n = json_array_size(array);
    *out = arena_alloc(a, (*n + 1) * sizeof(char *));
    if (!*out)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (char *)(uintptr_t)json_string_value(json_array_get(array, i));
    return SLUIS_OK;
}

static inline sluis_err numbers(uint32_t **out, size_t *n, const json_t *array, arena *a)
{
    *n = json_array_size(array);
    *out = arena_alloc(a, (*n + 1) * sizeof(**out));
    if (!*out)
        return SLUIS_NOMEM;
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (uint32_t)json_integer_value(json_array_get(array, i));
    return SLUIS_OK;
}

/* Contracts: resource_build. */
typedef sluis_err build_fn(const json_t *parameters, const json_t *body, arena *a, Sluis__ApiCall *c);

/* build_case.c */
build_fn build_open_case, build_get_case, build_phase, build_coordinator, build_scope, build_join,
    build_member, build_link_person, build_service, build_glass, build_review, build_ask_look,
    build_decide_look, build_end_look, build_events;
/* build_request.c */
build_fn build_file_request, build_list_requests, build_get_request, build_ask_known, build_withdraw,
    build_clarify, build_get_catalogue, build_list_parties, build_get_view, build_list_discrepancies,
    build_resolve;
/* build_concern.c */
build_fn build_report, build_get_concern, build_list_concerns, build_decide, build_interventions,
    build_hand_over, build_get_offer, build_list_offers, build_decide_offer;
/* build_dossier.c */
build_fn build_get_dossier, build_export, build_note_exchange, build_restrict, build_lift;
/* build_rights.c */
build_fn build_file_rights, build_decide_rights, build_get_rights, build_list_rights;
/* build_journal.c */
build_fn build_health, build_metrics, build_checkpoint, build_witnessed, build_tile, build_prove,
    build_cosign;

#endif
