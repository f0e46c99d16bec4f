/* Data that stay at their source (catalogue: at_source_s): a view shows that they are there and fetches what
 * is not here, in a request of the gateway on the reader's behalf, judged as any other. The answer is kept,
 * sealed, for the seconds that the catalogue says, for the case and the law that asked. Internal to core/.
 * Thread: core.
 */
#ifndef SLUIS_CORE_FETCH_H
#define SLUIS_CORE_FETCH_H

#include "core/turn.h"

#define FETCH_KEY (ID_LEN + 4 + ID_LEN)

/* Asks the sources of what the view in j->reply shows as standing there, once each, and writes in the reply
 * how that stands. What may not be asked is said there too: the view goes out without it. */
sluis_err fetch_at_source(turn *t, job *j);
/* Registers what an answer says of such a datum; row: its request. */
sluis_err fetch_keep(turn *t, const subject *s, const Sluis__RequestRow *row, const attribute *a,
                     const id16 *instance, const Sluis__DatumRow *said);
/* In due.h's words: the time of what was fetched is over. */
sluis_err fetch_over(turn *t, const uint8_t key[static FETCH_KEY]);

#endif
