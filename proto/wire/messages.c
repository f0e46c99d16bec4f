#include "wire/messages.h"

#include <stddef.h>
#include <string.h>

#define DAYS(n) ((uint64_t)(n)*UINT64_C(86400000))

/* X(KIND, name, body, kind answered, longest lifetime, needs attributes, needs a case). In the order of the
 * enum. A withdrawal and a correction answer the request that they withdraw or whose answer they correct. A
 * returned message is named in the body: it may be of any kind. */
#define KINDS(X)                                                                                             \
    X(REQUEST, "request", request_body, KIND_NONE, DAYS(30), true, true)                                     \
    X(RESPONSE, "response", response_body, REQUEST, DAYS(30), true, true)                                    \
    X(CLARIFICATION_QUESTION, "clarification-question", text_body, REQUEST, DAYS(14), false, true)           \
    X(CLARIFICATION_ANSWER, "clarification-answer", text_body, CLARIFICATION_QUESTION, DAYS(14), false,      \
      true)                                                                                                  \
    X(WITHDRAWAL, "withdrawal", text_body, REQUEST, DAYS(14), false, true)                                   \
    X(CORRECTION, "correction", correction_body, REQUEST, DAYS(30), true, true)                              \
    X(CORRECTION_NOTICE, "correction-notice", correction_notice_body, KIND_NONE, DAYS(30), true, true)       \
    X(KNOWN_QUERY, "known-query", known_query_body, KIND_NONE, DAYS(14), false, true)                        \
    X(KNOWN_ANSWER, "known-answer", known_answer_body, KNOWN_QUERY, DAYS(14), false, true)                   \
    X(CONCERN, "concern", concern_body, KIND_NONE, DAYS(14), false, false)                                   \
    X(CONCERN_OUTCOME, "concern-outcome", concern_outcome_body, CONCERN, DAYS(30), false, false)             \
    X(DELIVERY_STATUS, "delivery-status", delivery_status_body, KIND_NONE, DAYS(14), false, true)            \
    X(MEETING_INVITATION, "meeting-invitation", meeting_invitation_body, KIND_NONE, DAYS(30), false, true)   \
    X(MEETING_REPLY, "meeting-reply", meeting_reply_body, MEETING_INVITATION, DAYS(30), false, true)         \
    X(MEETING_REPORT, "meeting-report", meeting_report_body, KIND_NONE, DAYS(30), false, true)               \
    X(FURTHER_USE_REQUEST, "further-use-request", further_use_request_body, KIND_NONE, DAYS(30), true, true) \
    X(FURTHER_USE_DECISION, "further-use-decision", further_use_decision_body, FURTHER_USE_REQUEST,          \
      DAYS(30), false, true)                                                                                 \
    X(CASE_HANDOVER, "case-handover", case_handover_body, KIND_NONE, DAYS(14), false, true)                  \
    X(CASE_HANDOVER_REPLY, "case-handover-reply", decision_body, CASE_HANDOVER, DAYS(14), false, true)       \
    X(RETURNED, "returned", returned_body, KIND_NONE, DAYS(30), false, false)

/* By number; of a number that is no kind, or no more, nothing. */
static const message_kind kinds[] = {
#define KIND(k) SLUIS__KIND__##k
#define X(k, n, b, a, life, attributes, case_)                                                               \
    [KIND(k)] = {KIND(k), n, &sluis__##b##__descriptor, KIND(a), life, attributes, case_},
    KINDS(X)
#undef X
#undef KIND
};

const message_kind *message_kind_of(Sluis__Kind k)
{
    if (k <= SLUIS__KIND__KIND_NONE || (size_t)k >= sizeof kinds / sizeof kinds[0] || !kinds[k].name)
        return NULL;
    return &kinds[k];
}

typedef struct {
    const char *name;
    Sluis__Phase phase;
} phase_word;

/* The English name of a phase comes first. */
static const phase_word phase_words[] = {
    {"research", SLUIS__PHASE__RESEARCH},        {"coordination", SLUIS__PHASE__COORDINATION},
    {"meeting", SLUIS__PHASE__MEETING},          {"onderzoek", SLUIS__PHASE__RESEARCH},
    {"coordinatie", SLUIS__PHASE__COORDINATION}, {"overleg", SLUIS__PHASE__MEETING},
};

const char *phase_name(Sluis__Phase p)
{
    for (size_t i = 0; i < sizeof phase_words / sizeof phase_words[0]; i++)
        if (phase_words[i].phase == p)
            return phase_words[i].name;
    return "none";
}

Sluis__Phase phase_parse(const char *s)
{
    for (size_t i = 0; i < sizeof phase_words / sizeof phase_words[0]; i++)
        if (strcmp(phase_words[i].name, s) == 0)
            return phase_words[i].phase;
    return SLUIS__PHASE__PHASE_NONE;
}

const char *outcome_name(Sluis__Outcome o)
{
    switch (o) {
    case SLUIS__OUTCOME__GIVEN:
        return "given";
    case SLUIS__OUTCOME__REFUSED:
        return "refused";
    case SLUIS__OUTCOME__NOT_POSSIBLE:
        return "not-possible";
    case SLUIS__OUTCOME__NOT_KNOWN:
        return "not-known";
    default:
        return "none";
    }
}
