/* The router, built from the OpenAPI description: path, method and parameters lead to an operation.
 * Every operationId must be in the caller's list and the other way round, or routes_new fails.
 * Thread: one for routes_new; after that only read. */
#ifndef SLUIS_GATEWAY_HTTP_ROUTES_H
#define SLUIS_GATEWAY_HTTP_ROUTES_H

#include <jansson.h>

#include "base/bytes.h"
#include "http/problem.h"

typedef struct routes routes;

#define ROUTES_MAX   64
#define SEGMENTS_MAX 12
#define SEGMENT_MAX  128  /* bytes, decoded */
#define QUERY_MAX    1024 /* bytes of one decoded value */

typedef struct {
    size_t operation; /* index in the list given to routes_new */
    bool needs_token;
    const json_t *body; /* schema of the JSON body; NULL: none is expected. Borrowed */
    json_t *parameters; /* object: path and query parameters by name, typed. Owned: json_decref */
    char allow[64];     /* "GET, HEAD, OPTIONS": what this path knows; "" when there is no such path */
} route_match;

sluis_err routes_new(routes **out, bytes openapi, const char *const *operations, size_t n, sluis_fail *f);
void routes_free(routes **r);
const json_t *routes_document(const routes *r); /* borrowed */

/* HEAD is matched as GET. False fills *p: 404, 405 (with m->allow), or 400 for a parameter; *m is filled as
 * far as known and m->parameters is NULL. OPTIONS on a known path also gives 405: the caller answers with
 * m->allow. */
bool routes_find(const routes *r, const char *method, const char *target, route_match *m, problem *p);

#endif
