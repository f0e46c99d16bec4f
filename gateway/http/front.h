/* From HTTP request to ApiCall and back: routes, checks that need no key, the calls in flight to sluisd.
 * sluis-http is its own process without keys or store; whether a token is any good is decided in sluisd.
 * Thread: the server's. */
#ifndef SLUIS_GATEWAY_HTTP_FRONT_H
#define SLUIS_GATEWAY_HTTP_FRONT_H

#include "http/document.h"
#include "http/server.h"

typedef struct front front;

typedef struct {
    http_options http;
    const char *gateway;    /* sluisd's ipc endpoint */
    int max_calls;          /* in flight to sluisd; beyond: 503 with Retry-After. 1 to 65536 */
    int call_ms;            /* sluisd's time for an operation; then 504 */
    int probe_ms;           /* for health and metrics; then 503 */
    document_sender sender; /* of a client's dossier as a document */
    size_t export_bytes;    /* such a document's largest size; beyond: 422 */
    int max_exports;        /* gathered at once; beyond: 503 */
} front_options;

sluis_err front_open(front **out, const front_options *o, sluis_fail *f);
void front_close(front **f);

/* Serves until SIGTERM or SIGINT. */
sluis_err front_run(front *f);
uint16_t front_port(const front *f);

#endif
