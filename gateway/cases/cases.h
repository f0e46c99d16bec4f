/* Cases: a client or a household, its members (as random subject ids), the client's chosen scope, the phase.
 * Thread: functions take the caller's transaction. */
#ifndef SLUIS_CASES_CASES_H
#define SLUIS_CASES_CASES_H

#include "policy/policy.h"
#include "registry/registry.h"
#include "tables/rows.h"

#define CASE_MEMBERS_MAX 32

/* Loads into the arena; NOT_FOUND; CORRUPT when the row fails its check. */
sluis_err case_load(store_txn *t, const row_keys *k, const uint8_t case_id[static ID_LEN], arena *a,
                    Sluis__CaseRow **out);
/* Stores it as version + 1. INVALID: more than CASE_MEMBERS_MAX members, a member number that is 0 or stands
 * twice, a sid that is not 16 bytes, a phase without name. A row that is not stored keeps its version. */
sluis_err case_save(store_txn *t, const row_keys *k, const uint8_t case_id[static ID_LEN],
                    Sluis__CaseRow *row);
/* The member's sid; NOT_FOUND. Members are numbered from 1. */
sluis_err case_member(const Sluis__CaseRow *row, uint32_t member, id16 *sid);
/* The member number of this sid; 0 = not a member. */
uint32_t case_member_of(const Sluis__CaseRow *row, const id16 *sid);
case_facts case_facts_of(const Sluis__CaseRow *row); /* borrowed; row NULL: does not exist */

/* A motivation says something, in at most this many bytes. */
#define MOTIVATION_MAX 8000
bool motivation_blank(const char *s);

/* States of a request and what may follow; one table. Error text says what is possible. */
typedef enum {
    REQUEST_OPEN,
    REQUEST_HELD,
    REQUEST_ANSWERED,
    REQUEST_WITHDRAWN,
    REQUEST_EXPIRED,
    REQUEST_RETURNED
} request_state;
const char *request_state_name(request_state s); /* stored: "open", ... */
sluis_err request_state_parse(request_state *out, const char *s);
sluis_err request_state_step(request_state from, request_state to, sluis_fail *f);
bool request_waits(const Sluis__RequestRow *row); /* for its answer */

#endif
