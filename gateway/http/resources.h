/* The operations of the API, one row each: how a checked HTTP request becomes an ApiCall, and which result
 * its reply must carry. Dutch outside, the names of proto/api.proto inside. Thread: pure. */
#ifndef SLUIS_GATEWAY_HTTP_RESOURCES_H
#define SLUIS_GATEWAY_HTTP_RESOURCES_H

#include "api.pb-c.h"
#include "http/render.h"
#include "http/routes.h"
#include "wire/arena.h"

#define LOCATION_MAX RENDER_LOCATION

/* Fills c, which borrows from parameters and body and takes arrays from a. NOMEM only: the schema was
 * checked. */
typedef sluis_err (*resource_build)(const json_t *parameters, const json_t *body, arena *a,
                                    Sluis__ApiCall *c);
/* Returns owned JSON, NULL when memory is out; location stays "" when nothing was made. */
typedef json_t *(*resource_render)(const Sluis__ApiReply *r, char location[static LOCATION_MAX]);

typedef struct {
    const char *operation; /* operationId */
    resource_build build;  /* NULL: answered without sluisd */
    Sluis__ApiReply__ResultCase result;
    resource_render
        render; /* NULL: written (write.h), gathered (export), or sent as it comes (metrics, the journal) */
    bool probe; /* health and metrics: the short deadline */
} resource;

#define RESOURCE_COUNT 53
extern const resource resources[RESOURCE_COUNT];

#endif
