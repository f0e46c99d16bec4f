/* The results of an answer or a correction, an attribute each: checked, registered, and kept as the dossier
 * and the request's state show them. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_RESULTS_H
#define SLUIS_CORE_RESULTS_H

#include "core/turn.h"

#define RESULTS_TEXT_MAX                                                                                     \
    16000 /* bytes of all free text in one answer: who reads a dossier has to hold it                        \
           */

/* Each is of an attribute that was asked, in the order of the message's header; what is given may be given by
 * its party's domain, fits its type and has known conditions; what is not has a coded reason of its kind. */
sluis_err results_check(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                        Sluis__AttributeResult *const *v, size_t n, sluis_fail *f);
/* Bytes of free text in them. */
size_t results_text(Sluis__AttributeResult *const *v, size_t n);
/* Registers what is given, under the turn's entry. */
sluis_err results_register(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                           Sluis__AttributeResult *const *v, size_t n);
/* The same for a correction: what is given replaces what this party gave before, what is not given any more,
 * or not in these instances, is taken back: also where it stood beside what another said. */
sluis_err results_correct(turn *t, const job *j, const Sluis__RequestRow *row, const subject *s,
                          const char *why, Sluis__AttributeResult *const *v, size_t n);
/* Whether so much can be taken back in one message; TOO_BIG: before anything is written. */
sluis_err results_check_taken_back(turn *t, const job *j, const subject *s, Sluis__AttributeResult *const *v,
                                   size_t n, sluis_fail *f);
/* One as it is kept: the outcome, never the value. In the turn's arena; NULL when that is full. */
Sluis__ResultRow *results_row(turn *t, const job *j, const Sluis__AttributeResult *r);

#endif
