#include "cases/case_state.h"

#include <stdio.h>
#include <string.h>

#define POSSIBLE_MAX 300

static const struct {
    const char *name, *dutch;
    bool open;
} states[CASE_STATES] = {
    [CASE_RESEARCH] = {"research", "in onderzoek", true},
    [CASE_COORDINATION] = {"coordination", "in coördinatie", true},
    [CASE_CLOSED] = {"closed", "gesloten", false},
    [CASE_STOPPED] = {"stopped", "gestopt door de cliënt", false},
    [CASE_NOT_RELATED] = {"not-related", "niet samenhangend", false},
    [CASE_JOINED] = {"joined", "opgegaan in een andere zaak", false},
    [CASE_HANDED_OVER] = {"handed-over", "overgedragen aan een andere gemeente", false},
};

/* What coordination must be like for an event to be possible. */
typedef enum { ANY, WHEN_COORDINATION, WHEN_NOT_MANDATORY } condition;

/* The table. A row an event; a column a state before it: the state after it, or no. */
#define NO UINT8_MAX
#define R  CASE_RESEARCH
#define C  CASE_COORDINATION
#define J  CASE_JOINED
#define H  CASE_HANDED_OVER
static const struct {
    const char *name, *done;
    condition in_research; /* in the other states there is none */
    uint8_t next[CASE_STATES];
} events[CASE_EVENTS] = {
    /* before: R, C, closed, stopped, not-related, joined, handed-over */
    [CASE_COORDINATE] = {"start-coordinatie",
                         "coordination-started",
                         WHEN_COORDINATION,
                         {C, NO, NO, NO, NO, NO, NO}},
    [CASE_CLOSE] = {"sluiten", "closed", WHEN_NOT_MANDATORY, {CASE_CLOSED, CASE_CLOSED, NO, NO, NO, NO, NO}},
    [CASE_STOP] = {"stoppen", "stopped", ANY, {CASE_STOPPED, NO, NO, NO, NO, NO, NO}},
    [CASE_UNRELATE] = {"niet-samenhangend",
                       "not-related",
                       ANY,
                       {CASE_NOT_RELATED, CASE_NOT_RELATED, NO, NO, NO, NO, NO}},
    [CASE_CHOOSE_SCOPE] = {"bereik-kiezen", "scope-chosen", ANY, {R, C, NO, NO, NO, NO, NO}},
    [CASE_WIDEN_SCOPE] = {"bereik-verruimen", "scope-widened", ANY, {R, C, NO, NO, NO, NO, NO}},
    [CASE_CHANGE_MEMBER] = {"lid-wijzigen", "member-changed", ANY, {R, C, NO, NO, NO, NO, NO}},
    [CASE_NAME_COORDINATOR] = {"coordinator-aanwijzen",
                               "coordinator-named",
                               ANY,
                               {NO, C, NO, NO, NO, NO, NO}},
    [CASE_ASK_INTERVENTIONS] = {"interventies-vragen",
                                "interventions-asked",
                                ANY,
                                {R, C, NO, NO, NO, NO, NO}},
    [CASE_REPORT_SERVICE] = {"dienst-melden", "service-reported", ANY, {R, C, NO, NO, NO, NO, NO}},
    [CASE_LINK_PERSON] = {"bsn-koppelen", "person-linked", ANY, {R, C, NO, NO, NO, NO, NO}},
    [CASE_BREAK_GLASS] = {"noodinzage", "glass-broken", ANY, {R, C, NO, NO, NO, NO, NO}},
    [CASE_REVIEW_GLASS] = {"noodinzage-beoordelen",
                           "glass-reviewed",
                           ANY,
                           {R, C, CASE_CLOSED, CASE_STOPPED, CASE_NOT_RELATED, NO, H}},
    [CASE_ASK_LOOK] = {"inzage-vragen", "look-asked", ANY, {NO, C, NO, NO, NO, NO, NO}},
    [CASE_DECIDE_LOOK] = {"inzage-besluiten", "look-decided", ANY, {NO, C, NO, NO, NO, NO, NO}},
    [CASE_END_LOOK] = {"inzage-beeindigen", "look-ended", ANY, {NO, C, NO, NO, NO, NO, NO}},
    [CASE_JOIN] = {"samenvoegen", "cases-joined", ANY, {R, C, NO, NO, NO, NO, NO}},
    [CASE_GO_INTO] = {"opgaan", "joined-into", ANY, {J, J, NO, NO, NO, NO, NO}},
    [CASE_HAND_OVER] = {"overdragen", "handover-offered", ANY, {R, C, NO, NO, NO, NO, NO}},
    [CASE_TAKEN_OVER] = {"overgedragen", "handover-accepted", ANY, {H, H, NO, NO, NO, NO, NO}},
};
#undef R
#undef C
#undef J
#undef H

static bool condition_holds(condition need, coordination c)
{
    switch (need) {
    case WHEN_COORDINATION:
        return c != COORDINATION_NONE;
    case WHEN_NOT_MANDATORY:
        return c != COORDINATION_MANDATORY;
    default:
        return true;
    }
}

static const char *condition_text(condition need)
{
    return need == WHEN_COORDINATION ? "met één wet en geen aanpalend domein valt er niets te coördineren"
                                     : "met twee wetten of meer is coördinatie verplicht: begin die eerst";
}

static bool may_happen(case_state from, case_event e, coordination c)
{
    return events[e].next[from] != NO && (from != CASE_RESEARCH || condition_holds(events[e].in_research, c));
}

coordination case_coordination(const Sluis__CaseRow *row, const rules *r)
{
    size_t laws = row->n_scope_laws, domains = 0;
    for (size_t i = 0; i < row->n_scope_domains; i++) {
        bool is_law = rules_is_law(r, row->scope_domains[i]), counted = false;
        for (size_t k = 0; is_law && k < row->n_scope_laws; k++)
            counted = counted || strcmp(row->scope_laws[k], row->scope_domains[i]) == 0;
        laws += is_law && !counted;
        domains += !is_law;
    }
    if (laws >= 2)
        return COORDINATION_MANDATORY;
    return laws == 1 && domains ? COORDINATION_OPTIONAL : COORDINATION_NONE;
}

const char *coordination_name(coordination c)
{
    return c == COORDINATION_MANDATORY ? "verplicht" : c == COORDINATION_OPTIONAL ? "mogelijk" : "niet";
}

const char *case_state_name(case_state s)
{
    return s < CASE_STATES ? states[s].name : "unknown";
}

sluis_err case_state_parse(case_state *out, const char *s)
{
    for (size_t i = 0; s && i < CASE_STATES; i++)
        if (strcmp(states[i].name, s) == 0) {
            *out = (case_state)i;
            return SLUIS_OK;
        }
    return SLUIS_INVALID;
}

bool case_state_open(case_state s)
{
    return s < CASE_STATES && states[s].open;
}

const char *case_event_name(case_event e)
{
    return e < CASE_EVENTS ? events[e].name : "unknown";
}

const char *case_event_done(case_event e)
{
    return e < CASE_EVENTS ? events[e].done : "unknown";
}

void case_possible(case_state from, coordination c, const char *out[static CASE_EVENTS], size_t *n)
{
    *n = 0;
    for (size_t i = 0; from < CASE_STATES && i < CASE_EVENTS; i++)
        if (i != CASE_TAKEN_OVER /* another's act */ && may_happen(from, (case_event)i, c))
            out[(*n)++] = events[i].name;
}

sluis_err case_step(case_state from, case_event e, coordination c, case_state *next, sluis_fail *f)
{
    const char *list[CASE_EVENTS];
    char possible[POSSIBLE_MAX] = "";
    size_t n = 0, len = 0;
    if (from >= CASE_STATES || e >= CASE_EVENTS)
        return fail_set(f, SLUIS_INVALID, "fase", "zo'n fase of overgang bestaat niet");
    if (may_happen(from, e, c)) {
        *next = (case_state)events[e].next[from];
        return SLUIS_OK;
    }
    case_possible(from, c, list, &n);
    for (size_t i = 0; i < n && len < sizeof possible; i++)
        len += (size_t)snprintf(possible + len, sizeof possible - len, "%s%s", i ? ", " : "", list[i]);
    if (events[e].next[from] != NO)
        return fail_set(f, SLUIS_CONFLICT, "fase", "%s; %s kan nu niet; mogelijk: %s",
                        condition_text(events[e].in_research), events[e].name, possible);
    return fail_set(f, SLUIS_CONFLICT, "fase", "de zaak is %s: %s kan niet; mogelijk: %s", states[from].dutch,
                    events[e].name, *possible ? possible : "niets meer");
}
