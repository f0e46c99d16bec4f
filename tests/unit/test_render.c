/* The gateway's words as callers read them: none of them passes untranslated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cases/cases.h"
#include "http/json.h"
#include "http/render.h"
#include "http/write.h"
#include "policy/rules.h"
#include "wire/messages.h"

static char place[RENDER_LOCATION];

static char *word(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* The member of the first element of the list; an owned copy is not needed: the document lives on. */
static void differs(json_t *o, const char *list, const char *name, const char *english)
{
    json_t *at = list ? json_array_get(json_object_get(o, list), 0) : o;
    const char *s = json_string_value(json_object_get(at, name));
    if (!s)
        fail_msg("no %s", name);
    if (strcmp(s, english) == 0)
        fail_msg("%s: \"%s\" is not translated", name, english);
    json_decref(o);
}

static json_t *entry_of(const char *type, const char *phase, const char *decision)
{
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiDossier d = SLUIS__API_DOSSIER__INIT;
    Sluis__ApiDossierEntry x = SLUIS__API_DOSSIER_ENTRY__INIT, *all[] = {&x};
    x.type = word(type);
    x.phase = word(phase);
    x.decision = word(decision);
    d.entries = all;
    d.n_entries = 1;
    r.dossier = &d;
    return render_dossier(&r, place);
}

static void kinds_of_entries(void **state)
{
    static const char *const others[] = {"case",     "read",       "from-register", "message",
                                         "exchange", "restricted", "returned"};
    (void)state;
    for (int k = SLUIS__KIND__KIND_NONE + 1; k <= SLUIS__KIND__RETURNED; k++) {
        const message_kind *kind = message_kind_of((Sluis__Kind)k);
        if (kind)
            differs(entry_of(kind->name, "", ""), "verloop", "soort", kind->name);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        differs(entry_of(others[i], "", ""), "verloop", "soort", others[i]);
}

static void phases_and_decisions(void **state)
{
    static const Sluis__Phase phases[] = {SLUIS__PHASE__RESEARCH, SLUIS__PHASE__COORDINATION,
                                          SLUIS__PHASE__MEETING};
    static const char *const decisions[] = {
        "permit",         "opened",           "from-register",     "expired",
        "exchange-noted", "entry-restricted", "restriction-lifted"};
    (void)state;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        differs(entry_of("case", phase_name(phases[i]), ""), "verloop", "fase", phase_name(phases[i]));
    for (int e = 0; e < CASE_EVENTS; e++)
        differs(entry_of("case", "", case_event_done((case_event)e)), "verloop", "besluit",
                case_event_done((case_event)e));
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++)
        differs(entry_of("case", "", decisions[i]), "verloop", "besluit", decisions[i]);
}

/* What happens in a case beside its changes, and what an event says. */
static void events_of_a_case(void **state)
{
    static const char *const kinds[] = {
        "case-opened",         "client-notice",        "request-filed",       "request-from-register",
        "request-answered",    "request-withdrawn",    "request-returned",    "request-expired",
        "request-reminder",    "request-late",         "clarification-asked", "clarification-answered",
        "known-asked",         "known-answered",       "answer-corrected",    "correction-notice",
        "discrepancy-found",   "discrepancy-accepted", "discrepancy-kept",    "discrepancy-asked",
        "service-late",        "service-requested",    "glass-unreviewed",    "concern-decided",
        "handover-received",   "handover-decided",     "handover-returned",   "handover-undelivered",
        "handover-lapsed",     "restriction-review",   "rights-reminder",     "rights-late",
        "rights-source-silent"};
    static const char *const says[] = {"justified",     "not-justified",      "look-granted", "look-refused",
                                       "scope-widened", "research-concluded", "case-ended",   "taken-over"};
    (void)state;
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiEventList l = SLUIS__API_EVENT_LIST__INIT;
    Sluis__ApiEvent x = SLUIS__API_EVENT__INIT, *all[] = {&x};
    r.events = &l;
    l.events = all;
    l.n_events = 1;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        x.type = word(kinds[i]);
        differs(render_events(&r, place), "gebeurtenissen", "soort", kinds[i]);
    }
    for (int e = 0; e < CASE_EVENTS; e++) {
        x.type = word(case_event_done((case_event)e));
        differs(render_events(&r, place), "gebeurtenissen", "soort", x.type);
    }
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        x.detail = word(says[i]);
        differs(render_events(&r, place), "gebeurtenissen", "bijzonderheid", says[i]);
    }
}

static void states_and_outcomes(void **state)
{
    (void)state;
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiRequestState q = SLUIS__API_REQUEST_STATE__INIT;
    Sluis__ApiResult one = SLUIS__API_RESULT__INIT, *all[] = {&one};
    r.request = &q;
    q.results = all;
    q.n_results = 1;
    for (int s = REQUEST_OPEN + 1; s <= REQUEST_EXPIRED; s++) { /* "open" is the same word */
        q.state = word(request_state_name((request_state)s));
        differs(render_request(&r, place), NULL, "status", q.state);
    }
    for (int o = SLUIS__OUTCOME__GIVEN; o <= SLUIS__OUTCOME__NOT_KNOWN; o++) {
        one.outcome = word(outcome_name((Sluis__Outcome)o));
        differs(render_request(&r, place), "uitkomsten", "uitkomst", one.outcome);
    }
}

/* What is written as text, read again. */
static json_t *written(const Sluis__ApiReply *r)
{
    buffer b;
    json_t *o = NULL;
    buffer_init(&b, 1 << 20);
    assert_true(write_reply(&b, r));
    assert_int_equal(json_request_parse(&o, buffer_bytes(&b), NULL), SLUIS_OK);
    buffer_close(&b);
    return o;
}

static void categories(void **state)
{
    (void)state;
    Sluis__ApiReply r = SLUIS__API_REPLY__INIT;
    Sluis__ApiView v = SLUIS__API_VIEW__INIT;
    Sluis__ApiDatum d = SLUIS__API_DATUM__INIT, *all[] = {&d};
    r.result_case = SLUIS__API_REPLY__RESULT_VIEW;
    r.view = &v;
    v.data = all;
    v.n_data = 1;
    for (int c = CATEGORY_ORDINARY; c <= CATEGORY_IDENTIFICATION; c++) {
        d.category = word(category_name((category)c));
        differs(written(&r), "gegevens", "categorie", d.category);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kinds_of_entries),
                                       cmocka_unit_test(phases_and_decisions),
                                       cmocka_unit_test(events_of_a_case),
                                       cmocka_unit_test(states_and_outcomes), cmocka_unit_test(categories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
