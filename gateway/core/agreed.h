/* Whether the agreements of those that an exchange is between allow it, at the turn's moment. A kind of
 * message that carries data asks here before it writes. Thread: core.
 *
 * f says which of the AGREEMENT_ codes it is, of whom, by which covenant and version: in Dutch for what came
 * through the API, in English on the bus. */
#ifndef SLUIS_CORE_AGREED_H
#define SLUIS_CORE_AGREED_H

#include "core/turn.h"

/* REQUEST: the party asked gives, and who asks on the bus asks, each attribute for the header's purpose. */
sluis_err agreed_request(turn *t, const job *j, const party *to, sluis_fail *f);
/* Who an answer is between, and of which category their agreements turned out to let everything pass: the
 * same is not judged again for each datum of one message. */
typedef struct {
    const Sluis__RequestRow *row;
    const party *from, *asker; /* NULL: not in the directory any more; asker: or not by the bus */
    const char *gives, *asks;  /* categories; NULL: none yet */
} agreed_answering;
agreed_answering agreed_answer_begin(const turn *t, const Sluis__RequestRow *row, const party *from);
/* A datum that is given in that answer. */
sluis_err agreed_answer(turn *t, agreed_answering *x, const attribute *a, sluis_fail *f);
/* What is said about a request while it waits: who was asked, and who asked on the bus, still have an
 * agreement in force for its purpose. (A withdrawal ends something and needs none.) */
sluis_err agreed_about(turn *t, const job *j, const Sluis__RequestRow *row, sluis_fail *f);
/* A message between two parties on the bus that the gateway cannot read and that asks nothing: both need an
 * agreement in force, for its purpose when it names one that the sender chose (MEETING_INVITATION, _REPORT).
 */
sluis_err agreed_between(turn *t, const job *j, const party *to, bool for_purpose, sluis_fail *f);
/* What a party brings of its own accord (CONCERN): it has an agreement in force. */
sluis_err agreed_sender(turn *t, const job *j, sluis_fail *f);
/* A call that asks this party for no data: for this purpose. */
sluis_err agreed_purpose(turn *t, const party *to, const char *purpose, sluis_fail *f);
/* These data, from or to another municipality, for this purpose. side: what that one does: AGREED_GIVES: it
 * brings them (on the bus); AGREED_ASKS: it is given them (by a call). */
sluis_err agreed_handover(turn *t, const party *other, agreed_side side, const char *purpose,
                          const uint32_t *attributes, size_t n, sluis_fail *f);
/* What waits for this party, and is still in an envelope only: by its header. */
sluis_err agreed_waiting(turn *t, const party *to, const Sluis__Core *c);

#endif
