/* One turn of the one writer: a transaction, the journal's pending entries, the clock it is judged by, and
 * the small writes that every handler shares. Thread: core.
 *
 * Handlers check everything before they write anything: a returned refusal (DENIED, NO_CASE, ...) leaves the
 * transaction as it was; a store error is sticky in the transaction and undoes the whole turn. A refusal that
 * comes after the first write all the same undoes it too (apply.h). */
#ifndef SLUIS_CORE_TURN_H
#define SLUIS_CORE_TURN_H

#include "cases/cases.h"
#include "cases/datum_use.h"
#include "crypto/epoch.h"
#include "flow/job.h"
#include "flow/parts.h"
#include "journal/journal.h"
#include "tables/sequences.h"

#define TURN_NEWS 16 /* parties named to the bus after a turn; more: it looks at all */
#define TURN_QUEUED                                                                                          \
    16 /* parties whose rows of a turn lie close together (outbox.c); more: theirs take more pages */

typedef struct due_item due_item; /* due.h */
#define DUE_KEY (8 + 8 + 2)
/* An item of DUE that failed: its row, and where it stands in it. */
typedef struct {
    bool set;
    uint8_t row[DUE_KEY];
    size_t at;
    int kind;
    sluis_err why;
} due_failed;
typedef struct cooperation cooperation; /* cooperation.h */

typedef struct {
    const parts *p;
    store_txn *t;
    journal *journal;
    bool reserved;        /* uses the space kept back: nothing may be written that anyone can make us write */
    directory *dir;       /* in force for the job being handled; borrowed */
    directory *new_dir;   /* owned: made in this turn */
    seal_ring *seals;     /* the registry's, in force; borrowed */
    seal_ring *new_seals; /* owned: put in force by this turn */
    rules *rules;         /* in force for the job being handled; borrowed */
    rules *new_rules;     /* owned: put in force by this turn */
    bool keys_wait;       /* this turn wrote an intent: a key slot is to be erased after the commit */
    arena *arena;         /* rows read in this turn */
    uint64_t now;
    sequences last;      /* numbers last used */
    journal_entry entry; /* of the job being handled */
    bool has_entry;
    uint64_t begun;           /* turn_written when the job being handled began */
    bool halfway;             /* apply.h: it was refused after it had written something */
    uint64_t duplicate_of;    /* journal index, when the job is a duplicate */
    epoch *epoch;             /* seals what the gateway itself sends; borrowed */
    oin news[TURN_NEWS];      /* for whom something was queued without a message of theirs to tell it */
    size_t news_count;        /* beyond TURN_NEWS: more than could be named */
    cooperation *cooperation; /* borrowed; NULL: nothing is noted */
    due_failed failed;        /* due.h; of a step that failed at an item */
    due_item *due;            /* owned: what is to be done later, not yet written */
    size_t due_count, due_room;
    struct {
        oin to;
        bool fenced;
    } queued[TURN_QUEUED]; /* for whom the turn put rows in the outbox (outbox.c) */
    size_t queued_count;
    buffer scratch; /* turn_scratch */
} turn;

/* An error that says nothing about the message: the turn is undone and tried again one by one. */
bool turn_is_fault(sluis_err e);
/* Grows with every row that the turn writes, deletes or is to write at its end. */
uint64_t turn_written(const turn *t);
/* Empty, for one row on its way to the store. */
buffer *turn_scratch(turn *t);
/* What a datum is wanted for: to be shown to this application in this case, at the turn's moment. Borrows
 * all; for a request its purpose is to be set. */
datum_use turn_use(const turn *t, const uint8_t case_id[static ID_LEN], const Sluis__CaseRow *row,
                   const char *app);
/* Appends the record (when is filled in) under its class of retention; its receipt answers the job. */
sluis_err turn_journal(turn *t, Sluis__Record *r);
/* A record with every field that the message's header gives, from the party of the session, whose header it
 * is or not. Strings are borrowed from the envelope. */
void turn_record_of(const turn *t, const job *j, Sluis__RecordType type, Sluis__Record *out);
sluis_err turn_event(turn *t, const char *type, const Sluis__Record *about, const char *detail);
/* The same about a request that no record of this turn is of. */
sluis_err turn_request_event(turn *t, const uint8_t transaction[static UUID_LEN],
                             const Sluis__RequestRow *row, const char *type, const char *detail);

/* Queues the job's envelope for one party and notes it in the job for the bus. */
sluis_err turn_deliver(turn *t, job *j, const oin *to);
sluis_err turn_delivered(turn *t, const oin *to, uint64_t seq); /* removes the row; idempotent */
/* One delivery is over without having been taken: journalled (R_RETURNED), listed as a dead letter, sent back
 * to its sender on the bus, the request it carried closed, the row removed. key: its OUTBOX key; NOT_FOUND
 * when there is none. why: EXPIRED, UNDELIVERABLE, or what the recipient refused it with. */
sluis_err turn_return(turn *t, const uint8_t key[static OIN_LEN + 8], sluis_err why);
/* Returns what waits for this party and can no longer be opened under the turn's directory: the party is
 * suspended, its agreements no longer allow it, or the key it is sealed to is revoked or gone. */
sluis_err turn_return_unreadable(turn *t, const oin *who);
/* The recipient will never take this delivery; idempotent. */
sluis_err turn_refused(turn *t, const oin *to, uint64_t seq, sluis_err why);
/* What was sent up to seq is not done in time. Counts against the oldest alone: what stands behind it may
 * just be waiting. After settings.attempts_max it is returned. */
sluis_err turn_missed(turn *t, const oin *to, uint64_t seq);
/* Something waits for this party that no message of theirs tells the bus of. */
void turn_note_news(turn *t, const oin *to);

/* Drops what has expired, at most limit rows of a kind: deliveries nobody took (returned), dead letters, what
 * was remembered of messages, and with it the requests nobody answered. Resets the turn's arena: nothing else
 * may be in it. */
sluis_err turn_expire(turn *t, unsigned limit);

/* Remembers (sender, message id, hash) until expiry. OK: new. DUPLICATE: known with this hash (duplicate_of
 * is set). CONFLICT: known with another. */
sluis_err turn_dedup_check(turn *t, const job *j);
sluis_err turn_dedup_remember(turn *t, const job *j);
/* due: sender | message id, as the item of due.h names it. */
sluis_err turn_dedup_forget(turn *t, const uint8_t due[static OIN_LEN + UUID_LEN]);

/* The request a transaction stands for: sealed under its subject's key. */
/* s: its subject, closed by the caller; NULL when it is not needed. */
sluis_err turn_request_load(turn *t, const uint8_t transaction[static UUID_LEN], Sluis__RequestRow **out,
                            subject *s);
/* One that is new: with its place in its application's own index. */
sluis_err turn_request_file(turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row,
                            const subject *s);
/* One that is there, as it is now. */
sluis_err turn_request_save(turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row,
                            const subject *s);
/* Seals a row under the subject's key, with its check, and stores it. */
sluis_err turn_put_sealed(turn *t, const subject *s, gateway_table table, bytes key,
                          const ProtobufCMessage *m);
/* The dossier's entry of the turn's journal entry: the subject's own copy of it, with what only the client
 * may read. Borrows all of it. */
void turn_dossier_entry(const turn *t, const uint8_t *case_id, const char *motivation,
                        Sluis__DossierRow *out);
/* The same, stored as a row of its own. */
sluis_err turn_dossier(turn *t, const subject *s, const uint8_t *case_id, const char *motivation,
                       Sluis__ResultRow **results, size_t n);

/* Keeps what is due and the sequences; call before commit. */
sluis_err turn_finish(turn *t);
void turn_close(turn *t); /* what it owns, whether or not it was committed */

#endif
