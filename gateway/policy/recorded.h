/* Every set of rules that ever was in force, whole, in the store: so that what was decided on it can be
 * judged again. Written by core when a set is put in force; never changed, never removed. Thread: that of the
 * transaction. */
#ifndef SLUIS_POLICY_RECORDED_H
#define SLUIS_POLICY_RECORDED_H

#include "policy/rules.h"
#include "tables/rows.h"

typedef struct {
    uint64_t since; /* UTC ms: in force from then until the next one's since */
    uint8_t hash[HASH_LEN];
} recorded;

/* In core's transaction. */
sluis_err recorded_put(store_txn *t, const row_keys *k, const rules *r, uint64_t since);
/* The one in force at that moment (UINT64_MAX: the newest). NOT_FOUND: none was yet. */
sluis_err recorded_at(store_txn *t, uint64_t moment, recorded *out);
/* The i-th, oldest first. NOT_FOUND beyond the last. */
sluis_err recorded_nth(store_txn *t, size_t i, recorded *out);
/* The set itself, read again. CORRUPT when the row or its hash does not fit; else f says what this program
 * does not understand in it any more. */
sluis_err recorded_load(store_txn *t, const row_keys *k, const recorded *which, rules **out, sluis_fail *f);

#endif
