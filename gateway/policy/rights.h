/* What a client may ask about the own data, and the terms of each. Configuration: retention.conf, rights.
 * Thread: pure. */
#ifndef SLUIS_POLICY_RIGHTS_H
#define SLUIS_POLICY_RIGHTS_H

#include "policy/rules.h"

typedef enum {
    RIGHT_ACCESS,
    RIGHT_ERASURE,
    RIGHT_RESTRICTION,
    RIGHT_OBJECTION,
    RIGHT_RECTIFICATION,
    RIGHT_COUNT
} right_kind;

typedef struct {
    const char *title, *article;
    uint32_t months;        /* to decide */
    uint32_t extend_months; /* more, once, with reasons */
    uint32_t done_months;   /* to have carried out what was granted, from the request on; 0: no term */
    uint32_t remind_days;   /* before each term: a reminder */
    bool stops_use;         /* granted: no new use of the data until it is over */
    const char *purpose, *legal_basis; /* rectification: on which a source is asked to correct; "": never */
} client_right;

const char *right_name(right_kind k); /* "access", ... */
sluis_err right_parse(right_kind *out, const char *s);
const client_right *rules_right(const rules *r, right_kind k); /* NULL: these rules do not have it */

/* The end (UTC) of a term of calendar months that begins on the day of from_ms: of the same day of the month,
 * or of the month's last; of the first working day after it when that is none. */
uint64_t rules_months_after(const rules *r, uint64_t from_ms, uint32_t months);

#endif
