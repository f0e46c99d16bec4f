/* What is said about a request beside its answer: the party's question and the asker's answer to it, and the
 * correction of an answer given. It stands in the request's row; a message of ours is stored before it is
 * first submitted, and sent again byte for byte until it is acknowledged. Thread: one. */
#ifndef SLUIS_RUNTIME_TALK_H
#define SLUIS_RUNTIME_TALK_H

#include "runtime/parts.h"

#define TALK_TEXT_MAX  4000 /* bytes of one question or reason */
#define TALK_HEARD_MAX 8000 /* of what comes from a gateway, which carries no longer text */
#define TALK_MAX       40   /* lines of one request */

#define TALK_RECEIVED "received"
#define TALK_SENDING  "sending"
#define TALK_SENT     "sent"
#define TALK_REFUSED  "refused"  /* by the gateway; note says why */
#define TALK_RETURNED "returned" /* it could not be delivered; note says why */

/* Something of ours in this row waits for its acknowledgement. */
bool talk_waits(const Sluis__InboxRow *row);
/* Submits again what waits. */
sluis_err talk_resend(adapter *a, const Sluis__InboxRow *row);
/* The line of this message of ours; NULL. */
Sluis__InboxTalk *talk_of_id(const Sluis__InboxRow *row, const uint8_t id[static UUID_LEN]);
Sluis__InboxTalk *talk_of_hash(const Sluis__InboxRow *row, bytes mh);
/* An answer to a question of ours has come: stored. NOT_ASKED: to none of ours, or not from who asked. */
sluis_err talk_answered(adapter *a, const incoming *m);
/* The lines, for people. */
json_t *talk_show(const Sluis__InboxRow *row);

#endif
