/* What is to be done at a time. A turn collects its items and writes them together, rows of DUE (its key and
 * value: tables/tables.h), so that a message costs no row for each term it has. Nothing takes an item away
 * before its time: what it speaks of may long be over, and whoever handles it looks first.
 *
 * Times are rounded up to whole seconds. Internal to core/. Thread: core. */
#ifndef SLUIS_CORE_DUE_H
#define SLUIS_CORE_DUE_H

#include "core/turn.h"

/* The number is stored; in a second, the lower is handled first. */
typedef enum {
    DUE_DELIVERY = 1,   /* key of OUTBOX: it comes back when nobody has taken it */
    DUE_REQUEST = 2,    /* transaction: reminder, escalation, end, when nobody has answered */
    DUE_MESSAGE = 3,    /* sender OIN|message id: its row of DEDUP is forgotten */
    DUE_INVITATION = 4, /* key of MEETING: no reply is taken any more */
    DUE_NOTICE = 5,     /* transaction, two u64: who read a corrected answer is told (notices.h) */
    DUE_SETTLED = 6,    /* sid, two u64: who read a value that is current no more is told (notices.h) */
    DUE_SERVICE = 10,   /* case, its service's place u32: late when it is not there by then */
    DUE_GLASS = 11, /* case, number of a look in acute danger u32: signalled when nobody has reviewed it */
    DUE_WITHDRAWAL =
        12, /* case, member u32, journal index u64: requests that the case covers no more, from there */
    DUE_OFFER = 13,       /* key of OFFER: lapses when nobody has decided, and goes */
    DUE_HANDOVER = 14,    /* case: what was offered of it to another municipality lapses without a reply */
    DUE_RESTRICTION = 20, /* key of RESTRICTION: to be looked at again, or lifted */
    DUE_RIGHTS = 21,      /* key of RIGHTS: reminder and lateness of a decision, or of carrying it out */
    DUE_RECTIFY = 22, /* key of RIGHTS: the source of a datum that a client disputes said something of it */
    DUE_KEPT = 40     /* sid, attribute u32, instance: the time of what was fetched is over (fetch.h) */
} due_kind;

#define DUE_KEY_MAX    (OIN_LEN + UUID_LEN)
#define DUE_PUT_OFF_MS UINT64_C(3600000)

/* key: at most DUE_KEY_MAX bytes, copied. */
sluis_err due_add(turn *t, due_kind kind, uint64_t at_ms, bytes key);
/* Writes what was added, after the turn's last journal entry. */
sluis_err due_write(turn *t);
void due_free(turn *t);
/* Handles what is over at the turn's now: whole rows, until at least limit items were handled or
 * 50 ms have passed: every message leaves an item, most cost next to nothing, a few a signature. Resets the
 * turn's arena before each. An item that fails is left in t->failed, and the turn is to be undone. */
sluis_err due_step(turn *t, unsigned limit);
/* What the last step failed at, in a turn of its own: said in the log, counted, and tried again after
 * DUE_PUT_OFF_MS, so that what stands beside and behind it is done. */
sluis_err due_put_off(turn *t, const due_failed *x);

#endif
