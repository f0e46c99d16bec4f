/* Requests as their own application reads them. Internal to read/. */
#ifndef SLUIS_READ_REQUESTS_H
#define SLUIS_READ_REQUESTS_H

#include "read/reader.h"

/* A request of this application and organisation, in this arena; any other does not exist (NOT_FOUND). */
sluis_err request_load_own(reader *r, store_txn *t, job *j, const uint8_t transaction[static UUID_LEN],
                           arena *a, Sluis__RequestRow **out);
/* The read of one request, or (row NULL) of a page of them. Its transaction is left out: who asks how it
 * stands every few seconds leaves the trace of the exchange itself readable. */
sluis_err request_note_read(job *j, const Sluis__RequestRow *row, const char *what);

#endif
