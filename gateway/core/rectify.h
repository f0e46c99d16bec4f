/* Correction at the client's request (AVG articles 16 and 19): a granted request corrects what the
 * municipality itself says; what a party says, that party is asked to correct, by a request that a person
 * there answers. When it stays as it is, the client's own statement stands with the datum from then on.
 * Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_RECTIFY_H
#define SLUIS_CORE_RECTIFY_H

#include "cases/rights.h"
#include "core/turn.h"

/* A request that is being decided on: which datum it is about, and what is to be done. */
typedef struct {
    Sluis__RightsRow *row;
    const subject *s;
    const attribute *a; /* NULL: the catalogue does not have it any more */
    datum d;
    bool there; /* the register has it */
    bool own;   /* granted: the municipality itself says it */
} rectification;

bool rectify_is(const Sluis__RightsRow *row);
/* What is filed names one datum, the value that is right, and why. INVALID, TOO_BIG. */
sluis_err rectify_file(turn *t, const Sluis__ApiFileRights *in, Sluis__RightsRow *row, sluis_fail *f);
/* Before anything is decided: the datum is there, and its source was asked, when that is another. Refusals
 * leave all as it was. CONFLICT: there is nothing to correct. */
sluis_err rectify_begin(turn *t, const job *j, const Sluis__CaseRow *c, const subject *s,
                        Sluis__RightsRow *row, rights_state to, rectification *x, sluis_fail *f);
/* Under the decision's entry: the datum is corrected, or the client's statement stands with it. */
sluis_err rectify_write(turn *t, const rectification *x, rights_state to,
                        const uint8_t transaction[static UUID_LEN]);

/* A party said something of these data of this person, or will not any more: what waits for that is looked at
 * a moment later. */
sluis_err rectify_heard(turn *t, const subject *s, const uint32_t *ids, size_t n);
/* It has another key from now on: while it waits, it is looked at under that one. */
sluis_err rectify_look(turn *t, const uint8_t key[static RIGHTS_KEY], const Sluis__RightsRow *row);
/* In due.h's words: how the request to its source ended (cases/source_word.h), or it is still open. */
sluis_err rectify_due(turn *t, const uint8_t key[static RIGHTS_KEY]);

#endif
