/* The API's description, embedded: the source of the routes, and what GET /v1/openapi.json answers. */
#ifndef SLUIS_GATEWAY_HTTP_OPENAPI_H
#define SLUIS_GATEWAY_HTTP_OPENAPI_H

#include "base/bytes.h"

#define API_VERSION "1.0.0" /* equals info.version; a test compares them */

bytes openapi_text(void); /* static */

#endif
