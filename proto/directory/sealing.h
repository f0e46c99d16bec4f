/* How a party renews its own sealing keys: when, what it says of them, and when a private half goes.
 *
 *   made ───► announced ────────────► succeeded ────────────► over: refused, destroyed
 *     durable   current: senders take   still opened, for as
 *               it, for a period        long as a message lives
 *
 * A key is valid until the party's entry ends, or until its successor cuts that to `keep` after itself: a
 * party that cannot renew is not shut out. What the party says is signed by its signing key, as in an
 * enrolment, and needs no person. Thread: pure. */
#ifndef SLUIS_DIRECTORY_SEALING_H
#define SLUIS_DIRECTORY_SEALING_H

#include "crypto/seal_ring.h"
#include "directory/directory.h"

#define SEALING_KEYS 40 /* keys that overlap, and keys in one statement: what an entry has room for */

typedef struct {
    uint64_t period_ms; /* a key is the current one for so long, */
    uint64_t keep_ms;   /* then opened for so long: the longest life of a message, or mail is lost */
} sealing_terms;

/* Whether the party's newest valid sealing key is a period old, or not held, or missing. */
bool sealing_due(const party *self, const seal_ring *r, const sealing_terms *t, uint64_t now_ms);
/* The newest key held, when it is not announced yet and still worth it: an attempt was cut off. NULL: make
 * one. */
const keypair *sealing_unannounced(const party *self, const seal_ring *r, const sealing_terms *t,
                                   uint64_t now_ms);

/* What the party says: its next key, and when those before end. */
typedef struct {
    Sluis__DirectoryKey keys[SEALING_KEYS], *list[SEALING_KEYS]; /* borrow from below */
    uint8_t pk[SEALING_KEYS][PK_LEN], signature[SEALING_KEYS][SIG_LEN];
    size_t n;
} sealing_statement;
/* FULL: more keys overlap than fit. */
sluis_err sealing_say(sealing_statement *out, const party *self, const keypair *next, const keypair *sign,
                      const sealing_terms *t, uint64_t now_ms);

/* A key held that is over by the directory, or no longer in it and older than a period and what follows;
 * NULL: none. Never the newest one held. */
const keypair *sealing_over(const party *self, const seal_ring *r, const sealing_terms *t, uint64_t now_ms);

/* Whether a signing key of the party that is valid now says this of a sealing key: INVALID, UNKNOWN_KEY (no
 * such signing key), BAD_SIGNATURE. */
sluis_err sealing_check(const directory *d, const party *p, const Sluis__DirectoryKey *k, uint64_t now_ms,
                        sluis_fail *f);

#endif
