/* The files of persons end. Once a day a pass goes over the events and over every subject, a bounded time a
 * turn, and deletes what is over by the classes of retention.conf:
 *
 *   event                so long after it happened as traffic data are kept
 *   dossier, request     with the case they are of: so long after it was over as its law's files are kept;
 *                        what is of no case: after it was written down, and the last case was over
 *   datum, history       by the attribute's class: of a law's files: after the person's last case was over,
 *                        or it was obtained, whichever is later; of another class: after it was obtained
 *   settled, restriction with their case; the former also with the last datum in it
 *   concern              after it was decided, and the last case was over
 *   case                 is left by the person when it is over so long, the last one not before the data
 *                        whose term began with it; the last member takes the row away. One that goes on in
 *                        another is over when that one is
 *   right                what the client asked: refused or done, as what is of no case
 *   subject              nothing is left: forgotten, as by two persons' word, key slot and all
 *
 * Nothing of a person goes while something that the client asked about the own data waits for its decision or
 * to be carried out, or while all use of the data is stopped; a datum, while its use is (AVG 15, 17, 18, 21);
 * nor while a case of the person is offered to another municipality, which has not decided. For who went
 * there without the others of a case, that case was over then.
 *
 * The last day counts whole. Each turn that deleted something has an entry in the journal, R_FORGOTTEN with
 * decision "expired", that says how much of which class, of nobody in particular.
 *
 *   META "terms"   day u32 of the last whole pass
 *
 * Nothing else is remembered: after a crash the pass begins again. The clock decides what is over: it is
 * asked only when it can be believed (clock_guard.h). Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_TERMS_H
#define SLUIS_CORE_TERMS_H

#include "core/turn.h"

#define META_TERMS "terms"

typedef struct {
    uint32_t done, day;      /* of the last whole pass; of the one that is going on, 0: none */
    uint8_t rules[HASH_LEN]; /* by which it goes: with others it begins again */
    unsigned stage;          /* of the pass: events, persons, what no datum leads to */
    unsigned part;           /* of a person: terms_person.h */
    id16 sid;                /* the person it is at */
    registry_place at;       /* within the part, or the last stage */
    uint64_t removed;        /* rows, since the start */
} terms;

sluis_err terms_load(terms *x, store_txn *t, const row_keys *rows);
/* One step of about so many microseconds; x is to be kept only when the turn commits. *more: there is work
 * left. Sets keys_wait when a subject went. Resets the turn's arena. */
sluis_err terms_step(terms *x, turn *t, uint64_t us, bool *more);

#endif
