/* One turn of the one writer: a transaction, the journal's pending entries, the clock it is judged by, and
 * the small writes that every handler shares. Thread: core.
 *
 * Handlers check everything before they write anything: a returned refusal (DENIED, NO_CASE, ...) leaves the
 * transaction as it was; a store error is sticky in the transaction and undoes the whole turn. */
#ifndef SLUIS_CORE_TURN_H
#define SLUIS_CORE_TURN_H

#include "flow/job.h"
#include "flow/parts.h"
#include "journal/journal.h"

typedef struct {
    const parts *p;
    store_txn *t;
    journal *journal;
    directory *dir;     /* in force at this commit; borrowed */
    directory *new_dir; /* owned: made in this turn, in force after it */
    arena *arena;       /* rows read in this turn */
    uint64_t now;
    uint64_t outbox_seq, event_seq; /* last used */
    journal_entry entry;            /* of the job being handled */
    bool has_entry;
    uint64_t duplicate_of; /* journal index, when the job is a duplicate */
} turn;

/* Appends the record (when is filled in) under the class of traffic data; its receipt answers the job. */
sluis_err turn_journal(turn *t, Sluis__Record *r);
/* A record with every field that the message's header gives, from the party of the session, whose header it
 * is or not. Strings are borrowed from the envelope. */
void turn_record_of(const turn *t, const job *j, Sluis__RecordType type, Sluis__Record *out);
sluis_err turn_event(turn *t, const char *type, const Sluis__Record *about, const char *detail);

/* Queues the job's envelope for one party and notes it in the job for the bus. */
sluis_err turn_deliver(turn *t, job *j, const oin *to);
sluis_err turn_delivered(turn *t, const oin *to, uint64_t seq); /* removes the row; idempotent */
/* Drops what has expired, at most limit rows of a kind: deliveries nobody took, what was remembered of
 * messages, and with it the requests nobody answered. Resets the turn's arena: nothing else may be in it. */
sluis_err turn_expire(turn *t, unsigned limit);

/* Remembers (sender, message id, hash) until expiry. OK: new. DUPLICATE: known with this hash (duplicate_of
 * is set). CONFLICT: known with another. */
sluis_err turn_dedup_check(turn *t, const job *j);
sluis_err turn_dedup_remember(turn *t, const job *j);

/* The request a transaction stands for: sealed under its subject's key. */
sluis_err turn_request_load(turn *t, const uint8_t transaction[static UUID_LEN], Sluis__RequestRow **out);
sluis_err turn_request_save(turn *t, const uint8_t transaction[static UUID_LEN], const Sluis__RequestRow *row,
                            const subject *s);
/* The subject's own copy of the turn's journal entry, with what only the client may read. */
sluis_err turn_dossier(turn *t, const subject *s, const uint8_t *case_id, const char *motivation,
                       Sluis__ResultRow **results, size_t n);

/* Keeps the sequences; call before commit. */
sluis_err turn_finish(turn *t);
sluis_err turn_load_sequences(turn *t);

#endif
