/* States of a case and what may happen in each: one table, in case_state.c.
 *
 *   research ──► coordination ──► closed
 *      │  └────────────┼────────► closed (when coordination is not mandatory)
 *      │               └────────► not-related
 *      └──► stopped (by the client), not-related
 *
 *   research, coordination ──► joined (goes on in another case of the same persons)
 *   research, coordination ──► handed-over (another municipality has accepted what was offered to it)
 *
 * Whoever is in a state that is over has nothing any more: no view, no open request; only what was done in
 * acute danger can still be reviewed. There is no way back: what begins again is a new case. Thread: pure. */
#ifndef SLUIS_CASES_CASE_STATE_H
#define SLUIS_CASES_CASE_STATE_H

#include "policy/rules.h"
#include "rows.pb-c.h"

typedef enum {
    CASE_RESEARCH,
    CASE_COORDINATION,
    CASE_CLOSED,
    CASE_STOPPED, /* by the client */
    CASE_NOT_RELATED,
    CASE_JOINED,      /* goes on in another case */
    CASE_HANDED_OVER, /* to another municipality */
    CASE_STATES
} case_state;

typedef enum {
    CASE_COORDINATE,       /* the approach is coordinated from here on */
    CASE_CLOSE,            /* concluded */
    CASE_STOP,             /* the client stops the research */
    CASE_UNRELATE,         /* the problems turn out not to be related */
    CASE_CHOOSE_SCOPE,     /* the client chooses what is looked at */
    CASE_WIDEN_SCOPE,      /* against the client's choice, for serious problems */
    CASE_CHANGE_MEMBER,    /* who sees whom; a secret address */
    CASE_NAME_COORDINATOR, /* another coordinator or level */
    CASE_ASK_INTERVENTIONS,
    CASE_REPORT_SERVICE,
    CASE_LINK_PERSON, /* the BSN of a member becomes known */
    CASE_BREAK_GLASS,
    CASE_REVIEW_GLASS,
    CASE_ASK_LOOK, /* into a colleague's view */
    CASE_DECIDE_LOOK,
    CASE_END_LOOK,
    CASE_JOIN,       /* takes up another case of the same persons */
    CASE_GO_INTO,    /* is taken up by another */
    CASE_HAND_OVER,  /* offered, whole or in part, to another municipality; it goes on here until that decides
                      */
    CASE_TAKEN_OVER, /* that municipality has accepted the whole case: its act, never asked for here */
    CASE_EVENTS
} case_event;

/* Two laws: mandatory. One law and an adjacent domain: optional. Else there is nothing to coordinate. */
typedef enum { COORDINATION_NONE, COORDINATION_OPTIONAL, COORDINATION_MANDATORY } coordination;
/* Of what is enforced as the case's scope: a domain that is a law's own back office counts as that law. */
coordination case_coordination(const Sluis__CaseRow *row, const rules *r);
const char *coordination_name(coordination c); /* Dutch: "niet", "mogelijk", "verplicht" */

const char *case_state_name(case_state s); /* stored: "research", ... */
sluis_err case_state_parse(case_state *out, const char *s);
bool case_state_open(case_state s);
/* What the API and errors call an event: "start-coordinatie", "sluiten", ... */
const char *case_event_name(case_event e);
/* What the journal, the dossier and the stream of events call it once it has happened. */
const char *case_event_done(case_event e);

/* Whether the event may happen, and the state after it. CONFLICT: not in this state, or not as long as
 * coordination is what it is; f says so in Dutch and names what is possible. */
sluis_err case_step(case_state from, case_event e, coordination c, case_state *next, sluis_fail *f);
/* The names of the events that are possible, in the order of the table; *n of them, at most CASE_EVENTS. */
void case_possible(case_state from, coordination c, const char *out[static CASE_EVENTS], size_t *n);

#endif
