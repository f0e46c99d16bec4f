/* The decision, a pure and total function: (question, facts of the case, rules in force at that moment) ->
 * permit or deny per attribute, with the rule that decided and its obligations. Default deny.
 * Thread: pure. */
#ifndef SLUIS_POLICY_POLICY_H
#define SLUIS_POLICY_POLICY_H

#include "policy/rules.h"
#include "sluis.pb-c.h"

typedef enum {
    OBLIGE_RELEASE_BY_PERSON = 1u << 0,
    OBLIGE_MEETING_ONLY = 1u << 1,
    OBLIGE_NOTIFY_CLIENT = 1u << 2,
} obligation;

typedef struct {
    bool exists, closed;
    Sluis__Phase phase;
    const char *const *scope_laws;
    size_t scope_law_count; /* the client's chosen scope */
    const char *const *scope_domains;
    size_t scope_domain_count;
    const char *const *scope_problems, *const *scope_parties; /* none of them: not limited */
    size_t scope_problem_count, scope_party_count;
    bool secret_address; /* of a member: nothing leaves that says where they live */
    bool stopped;        /* the client's granted request stopped the use of these data; none named: of all */
    const uint32_t *stopped_attributes;
    size_t stopped_count;
} case_facts;

typedef struct {
    const char *application; /* id */
    const oin *acting;       /* the organisation that acts */
    const char *function;
    const char *domain; /* of the party asked */
    const char *asked;  /* its OIN; NULL: no party in particular */
    Sluis__Phase phase;
    const char *purpose, *legal_basis;
    const uint32_t *attributes;
    size_t attribute_count;
    uint64_t at; /* UTC ms: rules outside their period do not decide */
    bool
        hand_over; /* `domain` is not asked, but given them with the case: only a municipality's, and only so.
                      The client's choice of domains and parties is about who is asked: it is left aside */
} policy_question;

typedef struct {
    bool permit;
    const char *rule; /* id of the rule that decided, borrowed; for a denial what denied it: "application"
                         (unknown, or not this organisation's), "case", "phase", "domain" (unknown, or its own
                         law does not let it give this), "scope", "catalogue", "secret-address",
                         "processing-restricted" (the client's request, granted), "default-deny" */
    uint32_t obligations;
    const attribute *attribute; /* what was asked; NULL: in no catalogue, or nothing in particular */
} policy_answer;

/* answers[0..attribute_count). Never fails: what is not permitted is denied. */
/* Among several permits the first in the file gives its id; obligations are those of all of them together. */
void policy_decide(const rules *r, const policy_question *q, const case_facts *c, policy_answer *answers);

/* For an explanation: a permit of the domain asked that covers the attribute, and what of it does not fit the
 * question (0: it fits, and permits when nothing else denies). */
typedef enum {
    MISS_APPLICATION = 1u << 0,
    MISS_FUNCTION = 1u << 1,
    MISS_PURPOSE = 1u << 2,
    MISS_LEGAL_BASIS = 1u << 3,
    MISS_PHASE = 1u << 4,
    MISS_PERIOD = 1u << 5
} policy_miss;
typedef struct {
    const char *rule; /* borrowed */
    uint32_t misses, obligations;
} policy_candidate;
/* In file order, at most max of them; how many were written. */
size_t policy_candidates(const rules *r, const policy_question *q, uint32_t attribute, policy_candidate *out,
                         size_t max);

/* Whether the case's scope, as it is now, still covers a question put before: law, domain, party, problems,
 * and no secret address. */
bool policy_covers(const rules *r, const policy_question *q, const case_facts *c);

/* Whether the client's scope lets this party take part at all: its domain, and its OIN. */
bool policy_party_in_scope(const rules *r, const case_facts *c, const char *domain, const char *oin);
bool policy_problem_in_scope(const case_facts *c, const char *problem);
/* Whether it lets the files of this law be looked into: the law itself, or its back office as a domain. */
bool policy_law_in_scope(const case_facts *c, const char *law);

/* A denial, and why in words that go on with "because". Static. */
typedef struct {
    const char *rule, *english, *dutch;
} policy_refusal;
/* NULL: it is no denial but the id of a rule. */
const policy_refusal *policy_refusal_of(const char *rule);

/* Whether anything at all may be asked of that domain so: its attributes are left aside, and its judgement
 * ends with the first permit that fits. For messages that ask for no data. */
policy_answer policy_may_ask(const rules *r, const policy_question *q, const case_facts *c);

/* The view of this application's law for this function at this moment, in the case's
 * phase and scope (a view that names the application goes first); NULL: sees nothing. */
const view *policy_view(const rules *r, const char *application, const char *function, const case_facts *c,
                        uint64_t at);
bool view_allows(const view *v, uint32_t attribute);
/* What the client's granted request to restrict, or objection, stopped the use of. */
bool policy_stopped(const case_facts *c, uint32_t id);
/* What is stopped may still be put right: with this purpose its source is asked for that alone. */
bool policy_puts_right(const rules *r, const char *purpose);
/* Whether the view shows it in this case: not what tells a secret address, nor what is restricted. */
bool policy_shows(const rules *r, const view *v, const case_facts *c, uint32_t attribute);

/* Whether a datum that was registered for one law may serve an application of another at this moment: a reuse
 * rule of views.conf says so. */
bool policy_reuses(const rules *r, const char *from_law, const char *law, const attribute *a, uint64_t at);

/* Whether a datum may be had on this legal basis at all: some permit in force covers both, for whichever
 * application, purpose and phase, and none that keeps it in a meeting. Of what another municipality brings no
 * more than that is known here. */
bool policy_allows_basis(const rules *r, const attribute *a, const char *legal_basis, uint64_t at);

/* May this provider's own answer be taken: domain gives category at all (its own law). */
bool policy_domain_gives(const rules *r, const char *domain, category c, uint64_t at);
/* The law by which it does, as people read it; NULL: none. */
const char *policy_domain_law(const rules *r, const char *domain, category c, uint64_t at);
/* What an application's `may` can give to a function (applications.conf). */
typedef enum {
    ACT_OPEN_CASE,
    ACT_READ_DOSSIER,
    ACT_CHANGE_CASE,  /* phase, scope, members, coordinator, services, interventions */
    ACT_WIDEN_SCOPE,  /* against the client's choice */
    ACT_BREAK_GLASS,  /* look at once, in acute danger */
    ACT_REVIEW_GLASS, /* and judge such a look afterwards */
    ACT_HAND_OVER,    /* to another municipality, and take over from one */
    ACT_REPORT_CONCERN,
    ACT_DECIDE_CONCERN,   /* and see those reported */
    ACT_LINK_PERSON,      /* the BSN of a member who was known by another name */
    ACT_RESOLVE,          /* what sources say differently */
    ACT_NOTE_EXCHANGE,    /* outside the bus, in the dossier */
    ACT_RESTRICT_DOSSIER, /* what the client does not read of it */
    ACT_ASK_LOOK,         /* into a colleague's view */
    ACT_GRANT_LOOK,       /* as the coordinator */
    ACT_FILE_RIGHTS,      /* for a client: what the client asks about the own data */
    ACT_HANDLE_RIGHTS,    /* and decide on that, and see all of it */
    ACT_COUNT
} application_act;
bool policy_may(const rules *r, application_act act, const char *application, const char *function,
                uint64_t at);
/* Whether the right in force lets one person decide on what that person brought (`same_person`); another
 * decides otherwise. */
bool policy_may_alone(const rules *r, application_act act, const char *application, const char *function,
                      uint64_t at);
/* Whether any permit in force lets this function of the application ask anything at all: who may speak about
 * a request that was put, in whatever phase its case has come since. */
bool policy_asks(const rules *r, const char *application, const char *function, uint64_t at);
/* Whether this function of the application may do or ask anything at all. */
bool policy_acts(const rules *r, const char *application, const char *function, uint64_t at);

#endif
