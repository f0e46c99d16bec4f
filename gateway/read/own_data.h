/* What is registered of a person and was before, for the copy that this person gets (AVG art. 15(3)), a page
 * at a time. Internal to read/. */
#ifndef SLUIS_READ_OWN_DATA_H
#define SLUIS_READ_OWN_DATA_H

#include "read/own_place.h"

/* The statements behind that place (empty: from the beginning), at most DOSSIER_PAGE_MAX and some
 * DOSSIER_PAGE_BYTES; their attributes also in rec. First what is registered, in the order of the catalogue:
 * the current statement of each instance and those beside it, each followed by the ones that it took the
 * place of, newest first, as far as they are kept. Then what stood beside and was settled, in the journal's
 * order, each followed by the same. Who reads which: own_reader.h. INVALID: no such place. */
sluis_err own_data(reader *r, store_txn *t, job *j, const subject *s, const dossier_question *q, bytes after,
                   Sluis__ApiExport *out, Sluis__Record *rec);

#endif
