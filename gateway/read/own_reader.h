/* Who reads which statement about a person, in the copy that this person gets. Internal to read/. */
#ifndef SLUIS_READ_OWN_READER_H
#define SLUIS_READ_OWN_READER_H

#include "read/dossier.h"

typedef struct {
    const reader *r;
    const job *j;
    const dossier_question *q;
    uint64_t now;
    bool own, secret_address; /* the person looks; the address is known to nobody */
    restrictions held;
    Sluis__RequestRow **exchanges; /* of each restriction; NULL: it is of none */
    uint64_t *hidden;              /* entries whose restriction kept something out so far */
    size_t n_hidden;
} own_reader;

/* Everything lies in the job's arena. */
sluis_err own_reader_load(own_reader *x, reader *r, store_txn *t, job *j, const subject *s,
                          const dossier_question *q);

/* The person reads all but what an exchange brought that is restricted, and what its party wants to discuss
 * first. Another member who may read this dossier reads what a view of one of the case's laws might show
 * here, and nothing of an address that is secret or that is not for others of the household. */
bool own_reads(own_reader *x, const attribute *a, const Sluis__DatumRow *row);
/* Whether what this statement, which is registered or was settled, took the place of is gone into: not before
 * it was discussed, and to another member not when that one may not read it. */
bool own_reads_past(own_reader *x, const attribute *a, const Sluis__DatumRow *row);
/* What its source corrected or took back is shown in its old form to the person alone, as in a view to
 * nobody. */
bool own_past_ends(const own_reader *x, const Sluis__DatumRow *row);
/* Whether what this entry of the journal did is restricted; noted in hidden, as what an exchange brought is.
 */
bool own_entry_restricted(own_reader *x, uint64_t entry);
/* Why the value of what is read is not there; "": it is. */
const char *own_withheld(const own_reader *x, const attribute *a, const Sluis__DatumRow *row);

#endif
