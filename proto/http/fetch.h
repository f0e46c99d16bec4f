/* An HTTP client: one request, one answer, both bounded; http and https only, no redirect followed, no proxy
 * of the environment used. This pair alone knows libcurl. Thread: any; each call is whole. */
#ifndef SLUIS_HTTP_FETCH_H
#define SLUIS_HTTP_FETCH_H

#include "base/bytes.h"

typedef struct {
    const char *url;
    const char *bearer; /* a token; NULL: none */
    const char *json;   /* sent as a POST; NULL: a GET */
    int timeout_ms;     /* of the whole */
} fetch_request;

/* Appends the answer's body to out, whose maximum bounds it; *status: the HTTP status. INVALID: no such URL;
 * CLOSED: no answer; TIMEOUT; TOO_BIG; NOMEM. f never holds the token. */
sluis_err fetch(buffer *out, long *status, const fetch_request *q, sluis_fail *f);

#endif
