/* What everyone who asks or invites a party has to show, whatever the kind. Thread: core. */
#ifndef SLUIS_CORE_ASKING_H
#define SLUIS_CORE_ASKING_H

#include "core/turn.h"

/* The party of a recipient, and that the sealing key it names is valid now. */
sluis_err asking_party(turn *t, const Sluis__Recipient *r, const party **out, sluis_fail *f);
/* Who acts: the API's caller, the sender on the bus, or (what comes back after a restore) whoever acted then.
 */
const oin *asking_acting(const job *j);
/* The organisation that acts may do so under the application named; origin as the message came in. */
sluis_err asking_application(turn *t, const job *j, sluis_fail *f);
/* An open case of the organisation that acts; another's does not exist. */
sluis_err asking_case(turn *t, const job *j, Sluis__CaseRow **out, sluis_fail *f);

/* The person is a member of the case: its subject, closed by the caller, and its number. NO_CASE. */
sluis_err asking_member(turn *t, const Sluis__CaseRow *row, const char *bsn, subject *s, uint32_t *member,
                        sluis_fail *f);
/* What is kept of a question put to this party, but for what is asked: open from now on. Borrows all it is
 * given. */
void asking_row(const turn *t, const Sluis__Core *c, const char *requester, const party *to, uint32_t member,
                const id16 *sid, Sluis__RequestRow *row);
/* Words of an API call that say something, within MOTIVATION_MAX. NO_MOTIVATION: missing says what to write;
 * TOO_BIG. */
sluis_err asking_words(const char *text, const char *where, const char *missing, sluis_fail *f);
/* What the rules deny, by that name of a denial: DENIED, in Dutch to an API call and in English to a party.
 */
sluis_err asking_denied(const job *j, const char *where, const char *rule, sluis_fail *f);
/* A purpose and a legal basis of the rules. INVALID. */
sluis_err asking_purpose(const turn *t, const char *purpose, const char *legal_basis, sluis_fail *f);
/* Whoever brought it (a pseudonym; "": nobody known) does not decide on it, unless the rules say so
 * (policy_may_alone). FORBIDDEN. */
sluis_err asking_another(const turn *t, const job *j, application_act decision, const char *by,
                         sluis_fail *f);
/* A motivation that says something, within MOTIVATION_MAX. NO_MOTIVATION, TOO_BIG. */
sluis_err asking_motivation(const char *text, sluis_fail *f);

#endif
