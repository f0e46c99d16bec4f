/* Cases: a client or a household, its members (as random subject ids), the client's chosen scope, the phase.
 * Thread: functions take the caller's transaction. */
#ifndef SLUIS_CASES_CASES_H
#define SLUIS_CASES_CASES_H

#include "cases/case_state.h"
#include "policy/policy.h"
#include "registry/registry.h"
#include "tables/rows.h"

#define CASE_MEMBERS_MAX   32
#define CASE_SCOPE_MAX     16  /* names in one list of a scope */
#define CASE_REQUESTS_STEP 512 /* that one turn looks through, of those that a change may withdraw */
#define CASE_JOINED_MAX    16  /* other cases that go on in one */

/* Loads into the arena; NOT_FOUND; CORRUPT when the row fails its check. */
sluis_err case_load(store_txn *t, const row_keys *k, const uint8_t case_id[static ID_LEN], arena *a,
                    Sluis__CaseRow **out);
/* Stores it as version + 1, and a link (links.h) to each member. INVALID: more than CASE_MEMBERS_MAX members,
 * a member number that is 0 or stands twice, a sid that is not 16 bytes, a state without name. A row that is
 * not stored keeps its version. */
sluis_err case_save(store_txn *t, const row_keys *k, const uint8_t case_id[static ID_LEN],
                    Sluis__CaseRow *row);
/* Takes a person out of the case, of which nothing that names them stays; with the last one the row goes.
 * What others of the case have in it stays theirs. OK when there is no such case. */
sluis_err case_leave(store_txn *t, const row_keys *k, const uint8_t case_id[static ID_LEN],
                     const uint8_t sid[static ID_LEN], arena *a);
/* The member's sid; NOT_FOUND. Members are numbered from 1. WITHDRAWN: handed over to another municipality:
 * *sid is set, for the dossier, which stays; nothing else of this case is about them any more. */
sluis_err case_member(const Sluis__CaseRow *row, uint32_t member, id16 *sid);
/* The member that is this person, also one handed over since; NULL: not a member. */
Sluis__MemberRow *case_member_row(const Sluis__CaseRow *row, const uint8_t sid[static ID_LEN]);
/* The member number of this sid; 0 = not a member, or not any more. */
uint32_t case_member_of(const Sluis__CaseRow *row, const id16 *sid);
/* Whether this law is in what the client lets be looked at. */
bool case_has_law(const Sluis__CaseRow *row, const char *law);
/* Whether the case is there for this application: it opened it, its law is in the client's scope, or it is
 * the client's portal. */
bool case_in_sight(const rules *r, const Sluis__CaseRow *row, const char *app);
case_facts case_facts_of(const Sluis__CaseRow *row); /* borrowed; row NULL: does not exist */
/* The same, with what is stopped about one of its members. */
case_facts case_facts_about(const Sluis__CaseRow *row, const id16 *sid);
bool case_is_open(const Sluis__CaseRow *row);
/* Whether what stands under this case id belongs to the case `own`: it is its own, or that of one that goes
 * on in it. row NULL: its own alone. */
bool case_covers(const Sluis__CaseRow *row, const uint8_t own[static ID_LEN], ProtobufCBinaryData id);
/* The case as case_load; when it goes on in another, that one, and its id in case_id. */
sluis_err case_load_now(store_txn *t, const row_keys *k, uint8_t case_id[static ID_LEN], arena *a,
                        Sluis__CaseRow **out);
/* Whether the person who is member `viewer` may look in the dossier of `member`: one's own, and those whose
 * seen_by names the viewer. */
bool case_member_sees(const Sluis__CaseRow *row, uint32_t viewer, uint32_t member);
/* seen_by of one member: others of the case, each once; INVALID, f names the field in Dutch. An ex-partner
 * sees no adult: role is that of the viewer and of the member seen. */
sluis_err case_check_seen_by(const Sluis__CaseRow *row, uint32_t member, const uint32_t *seen_by, size_t n,
                             sluis_fail *f);

/* ---- the client's chosen scope (case_scope.c) ---- */
/* At most CASE_SCOPE_MAX of each; laws, domains and problems of the rules, parties as OINs; each once. */
sluis_err case_scope_check(const rules *r, const Sluis__ScopeRow *s, sluis_fail *f);
/* The client's choice, whole; what overrode an earlier choice is over. Borrows from s. */
void case_scope_choose(Sluis__CaseRow *row, const Sluis__ScopeRow *s);
/* Adds to what is enforced and keeps the client's choice as the wish. INVALID: it adds nothing. NOMEM. */
sluis_err case_scope_widen(Sluis__CaseRow *row, const Sluis__ScopeRow *more, arena *a, sluis_fail *f);

/* What two cases become that go on as one: laws and domains of both, which the client chose each; a limit on
 * problems or parties that either has holds for all of it. What overrode the choice in the other stays
 * behind. Borrows from other. CONFLICT: limits that leave nothing; TOO_BIG; NOMEM. */
sluis_err case_scope_join(Sluis__CaseRow *row, const Sluis__CaseRow *other, arena *a, sluis_fail *f);

/* ---- what two cases become that go on as one (case_joined.c) ---- */
/* Whether the other can go on in this one: INVALID, CONFLICT, TOO_BIG; f says why in Dutch. */
sluis_err case_join_check(const Sluis__CaseRow *row, const Sluis__CaseRow *other, sluis_fail *f);
/* Members, services, looks: the stricter, the later and all of them. Services and looks in acute danger that
 * now stand in row are the caller's to take out of other. TOO_BIG, NOMEM: both are to be thrown away. */
sluis_err case_join(Sluis__CaseRow *row, Sluis__CaseRow *other, uint64_t now, arena *a, sluis_fail *f);

/* ---- services (case_service.c) ---- */
#define CASE_SERVICES_MAX 64
/* The place of the service that this is about: of the same name, party and member; n_services: it is not
 * there. */
size_t case_service_place(const Sluis__CaseRow *row, const Sluis__ServiceRow *s);
/* The client applies for a service under a law: kept as the next one. INVALID; TOO_BIG; CONFLICT: it stands
 * there already. Borrows. */
sluis_err case_service_apply(Sluis__CaseRow *row, const Sluis__ServiceRow *wanted, arena *a, sluis_fail *f);
/* What said->party reports of its service for said->member, in Dutch or as stored; *index: its place, which
 * it keeps; of one that was applied for without saying for whom it is for that member. dutch: how f speaks.
 * INVALID; TOO_BIG; CONFLICT: a status that cannot follow, f names those that can. */
sluis_err case_service_report(Sluis__CaseRow *row, const Sluis__ServiceRow *said, bool dutch, arena *a,
                              uint32_t *index, sluis_fail *f);
/* Whether this is what the party reported of it last: there is nothing to be written. */
bool case_service_same(const Sluis__CaseRow *row, const Sluis__ServiceRow *said);
bool case_service_late(const Sluis__ServiceRow *s,
                       uint64_t now); /* planned before now, and still not there */

/* ---- looks in acute danger (case_glass.c) ---- */
#define CASE_EMERGENCIES_MAX 64
/* Keeps the look under the next number, which counts from 1. TOO_BIG, NOMEM. */
sluis_err case_glass_break(Sluis__CaseRow *row, const Sluis__EmergencyRow *look, arena *a, sluis_fail *f);
/* The look that is still open for this employee of this application; NULL. */
const Sluis__EmergencyRow *case_glass_open(const Sluis__CaseRow *row, const char *app, const char *employee,
                                           uint32_t member, uint64_t now);
/* NOT_FOUND; CONFLICT: reviewed before; FORBIDDEN: by the one who looked. */
sluis_err case_glass_review(Sluis__CaseRow *row, uint32_t number, const char *employee, bool justified,
                            uint64_t now, arena *a, sluis_fail *f);

/* ---- looks into a colleague's view (case_look.c) ---- */
#define CASE_LOOKS_MAX 64 /* that wait or run at once */
/* Only in coordination of the light kind. */
bool case_look_possible(const Sluis__CaseRow *row);
/* Keeps the look, whose strings and memory are the caller's, under the next number. TOO_BIG, NOMEM. */
sluis_err case_look_ask(Sluis__CaseRow *row, Sluis__LookRow *look, uint64_t now, arena *a, sluis_fail *f);
Sluis__LookRow *case_look_find(const Sluis__CaseRow *row, uint32_t number); /* NULL */
/* by: a pseudonym, or the rule that grants. It runs from now on. CONFLICT: not waiting; FORBIDDEN: by who
 * asks. */
sluis_err case_look_decide(Sluis__LookRow *x, const char *by, bool granted, uint64_t now, arena *a,
                           sluis_fail *f);
sluis_err case_look_end(Sluis__LookRow *x, uint64_t now, sluis_fail *f); /* CONFLICT: it is over */
/* The look of this number when it runs, and is this employee's of this application and at this member; NULL.
 */
const Sluis__LookRow *case_look_open(const Sluis__CaseRow *row, uint32_t number, const char *app,
                                     const char *employee, uint32_t member, uint64_t now);
const char *case_look_state(const Sluis__LookRow *x, uint64_t now); /* "asked", "refused", "open", "ended" */

/* Who is asked about a person has to know who that is. */
#define NO_NUMBER                                                                                            \
    "van deze persoon is geen BSN bekend: een partij kan de persoon niet vinden; "                           \
    "koppel eerst het BSN"
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
