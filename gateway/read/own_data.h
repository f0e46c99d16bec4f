/* What is registered of a person, for the copy that this person gets (AVG art. 15(3)), a page at a time.
 * Internal to read/. */
#ifndef SLUIS_READ_OWN_DATA_H
#define SLUIS_READ_OWN_DATA_H

#include "read/dossier.h"

#define OWN_DATA_PLACE (4 + ID_LEN) /* attribute u32 | instance: where a page ended */

/* The data behind that place (empty: from the beginning), in the order of the catalogue, at most
 * DOSSIER_PAGE_MAX and some DOSSIER_PAGE_BYTES; their attributes also in rec.
 * The person reads all that stands, but for what an exchange brought that is restricted, and what its party
 * wants to discuss first. Another member who may read this dossier reads what a view of one of the case's
 * laws might show here, and nothing of an address that is secret or that is not for others of the household.
 * INVALID: no such place. */
sluis_err own_data(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q, bytes after,
                   Sluis__ApiExport *out, Sluis__Record *rec);

#endif
