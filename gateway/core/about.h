/* What messages and calls about an earlier request, or a member of a case, share: which one it is, whether
 * its sender may speak of it, and the bounds of what is said. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_ABOUT_H
#define SLUIS_CORE_ABOUT_H

#include "core/turn.h"

#define ABOUT_TEXT_MAX  4000 /* bytes of one question, answer or reason */
#define ABOUT_TURNS_MAX 20   /* questions and answers of one request */

typedef enum { ABOUT_ASKER, ABOUT_PARTY } about_who;

/* The request of the message's transaction: in its case, put by, or put to, the message's sender. s: its
 * subject, closed by the caller. NOT_ASKED. */
sluis_err about_request(turn *t, const job *j, about_who who, Sluis__RequestRow **row, subject *s,
                        sluis_fail *f);
/* core.answers names the request itself. NOT_ASKED. */
sluis_err about_answers_request(const job *j, const Sluis__RequestRow *row, sluis_fail *f);
/* The request of an API call: the caller's own application's. NOT_FOUND. FORBIDDEN: its function asks
 * nothing. */
sluis_err about_own(turn *t, const job *j, Sluis__RequestRow **row, subject *s, sluis_fail *f);
/* The member that an API call is about, of a case of the caller's organisation, also one handed over since;
 * s: closed by the caller. any_law: also of a case that the caller's application does not see. NOT_FOUND. */
sluis_err about_member(turn *t, const job *j, ProtobufCBinaryData case_id, uint32_t member, bool any_law,
                       Sluis__CaseRow **row, subject *s, sluis_fail *f);
/* Still waits for its answer. WITHDRAWN, CONFLICT: it does not, and what it is instead; in Dutch for a call.
 */
sluis_err about_waits(const job *j, const Sluis__RequestRow *row, sluis_fail *f);
/* Says something, within ABOUT_TEXT_MAX. NO_MOTIVATION, TOO_BIG. */
sluis_err about_text(const job *j, const char *text, const char *where, sluis_fail *f);

/* What a party says goes to the registry and the requester alone; what the asker says to the registry and the
 * party, which f finds able to read it. */
sluis_err about_to_requester(turn *t, const job *j, const Sluis__RequestRow *row, sluis_fail *f);
sluis_err about_to_party(turn *t, const job *j, const Sluis__RequestRow *row, const party **to,
                         sluis_fail *f);
/* Queues the message for the requester, when that is on the bus itself; mh: by which hash it knows it
 * (HASH_LEN; NULL: not wanted). */
sluis_err about_deliver_to_requester(turn *t, job *j, const Sluis__RequestRow *row, uint8_t *mh);
/* The same for the party, as an answer to what it knows as `answers`. */
sluis_err about_deliver_to_party(turn *t, job *j, const Sluis__RequestRow *row, const party *to,
                                 bytes answers);

/* A record of the message, decided "permit", about the request's subject. */
void about_record(turn *t, const job *j, const Sluis__RequestRow *row, Sluis__Record *r);
/* Adds one line to the row's dialogue; mh: by which the asker knows it; answers: the question's hash, or
 * empty; sent: by which its sender knows a question that went on under mh, or empty. All are borrowed. */
sluis_err about_say(turn *t, Sluis__RequestRow *row, const char *text, bytes mh, bytes answers, bytes sent);

/* For a call: the gateway says it to the party on the application's behalf; sealed, journalled, queued. mh:
 * its hash. A party that cannot be written to any more is UNKNOWN_PARTY, SUSPENDED, ... */
sluis_err about_send(turn *t, const job *j, const Sluis__RequestRow *row, Sluis__Kind kind, const char *text,
                     bytes answers, uint8_t mh[static HASH_LEN], sluis_fail *f);
/* The request's row, as the answer to the call. */
sluis_err about_reply(turn *t, job *j, const Sluis__RequestRow *row);

#endif
