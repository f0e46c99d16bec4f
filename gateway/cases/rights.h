/* What a client asked about the own data (access, erasure, restriction, objection): its states, and its rows,
 * which stand under the person. Thread: functions take the caller's transaction. */
#ifndef SLUIS_CASES_RIGHTS_H
#define SLUIS_CASES_RIGHTS_H

#include "policy/rights.h"
#include "registry/registry.h"

#define RIGHTS_KEY     (ID_LEN + UUID_LEN)
#define RIGHTS_MAX     80  /* of one person: all of them, each at its largest, fit one reply beside a page */
#define RIGHTS_STOPPED 256 /* data named in one person's granted requests */

typedef enum {
    RIGHTS_RECEIVED,
    RIGHTS_EXTENDED,
    RIGHTS_GRANTED,
    RIGHTS_REFUSED,
    RIGHTS_DONE,
    RIGHTS_STATES
} rights_state;

const char *rights_state_name(rights_state s); /* stored: "received", ... */
/* What follows on an event ("extend", "grant", "refuse", "finish"). CONFLICT: f says in Dutch what is
 * possible; INVALID: no such event. */
sluis_err rights_step(const Sluis__RightsRow *row, const char *event, rights_state *to, sluis_fail *f);
bool rights_in(const Sluis__RightsRow *row, rights_state s);
/* The moment by which something is to be done about it; 0: nothing is. */
uint64_t rights_term(const Sluis__RightsRow *row);

typedef struct {
    uint8_t transaction[UUID_LEN];
    Sluis__RightsRow *row; /* in the arena */
} rights_item;
/* All of a person, oldest first, in the arena; at most RIGHTS_MAX. TOO_BIG: more. */
sluis_err rights_load(registry *r, store_txn *t, const subject *s, arena *a, rights_item **out, size_t *n);
void rights_key(uint8_t out[static RIGHTS_KEY], const id16 *sid, const uint8_t transaction[static UUID_LEN]);

#endif
