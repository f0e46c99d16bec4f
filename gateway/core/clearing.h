/* What is left of who was forgotten is cleared away. From the moment the key slot is erased nobody can read
 * it (registry_forget); here the rows go too, in bounded steps, for all in GONE together:
 *
 *   outbox     messages about the person that wait for a party: back as withdrawn (returned.c)
 *   event      of the person's transactions; of cases that nobody else is in
 *   appindex   of the person's requests
 *   request, history   by the sid they stand under
 *   datum, dossier, settled, restriction     ditto
 *   link       cases are left, reports of concern deleted
 *
 * in this order, since what comes first is found by what comes after. Nothing is remembered of how far it
 * came: after a crash it begins again, and the last step, which deletes the GONE rows, is done only when all
 * tables were gone over. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_CLEARING_H
#define SLUIS_CORE_CLEARING_H

#include "core/turn.h"

#define CLEARING_PERSONS 64 /* at a time; the others wait */

typedef struct {
    id16 who[CLEARING_PERSONS]; /* ascending */
    size_t n;                   /* 0: nothing is being cleared */
    size_t stage;
    uint8_t at[STORE_KEY_MAX]; /* the row that the next step begins with */
    size_t at_n;
    uint64_t removed; /* rows, since the start */
} clearing;

/* One step of at most so many microseconds and one row; c is to be kept only when the turn commits. *more:
 * there is work left. Resets the turn's arena. */
sluis_err clearing_step(clearing *c, turn *t, uint64_t us, bool *more);

#endif
