/* Key slots that are to be erased. An INTENT row (slot u64 -> its sid 16) is written in the transaction that
 * deletes what the key was for; then the slot is erased; then the row goes. Whatever is left of this by a
 * crash is done again at the next start: erasing an erased slot changes nothing. Thread: core, with its own
 * transactions. */
#ifndef SLUIS_REGISTRY_INTENTS_H
#define SLUIS_REGISTRY_INTENTS_H

#include "registry/keyslots.h"
#include "store/store.h"

#define INTENTS_BATCH 64

typedef struct {
    struct {
        uint64_t slot;
        id16 sid;
    } at[INTENTS_BATCH];
    size_t n;
} intents;

/* Step one, in the transaction that deletes the rows. */
sluis_err intents_add(store_txn *t, keyslots *k, uint64_t slot, const id16 *sid);

/* At most INTENTS_BATCH of those that wait. CORRUPT. */
sluis_err intents_load(intents *out, store_txn *t, keyslots *k);
/* Step two. A slot that holds another key is left alone. */
sluis_err intents_erase(const intents *i, keyslots *k);
/* Step three, in a transaction of its own. */
sluis_err intents_delete(const intents *i, store_txn *t);

/* Steps two and three for all that wait; *done: how many. */
sluis_err intents_replay(store *s, keyslots *k, uint64_t *done);

#endif
