/* What a verified bearer token says. Thread: plain data. */
#ifndef SLUIS_FLOW_CLAIMS_H
#define SLUIS_FLOW_CLAIMS_H

#include "base/ids.h"

typedef struct {
    char app[NAME_MAX_LEN + 1];      /* application id of the rules */
    oin oin;                         /* organisation acted for */
    char function[NAME_MAX_LEN + 1]; /* "consulent", ... */
    char employee[NAME_MAX_LEN + 1]; /* pseudonym */
    uint64_t not_before, expires;    /* UTC ms */
} token_claims;

#endif
