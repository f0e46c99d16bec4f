/* What an engine behind store.h implements. The front (store.c) has already checked tables, key and value
 * bounds, the sticky error, the quota and that a write comes through a write transaction, so an engine holds
 * nothing but storage. Only the files of this folder include this header. */
#ifndef SLUIS_STORE_STORE_ENGINE_H
#define SLUIS_STORE_STORE_ENGINE_H

#include <stdatomic.h>

#include "store/store.h"

typedef enum { ENGINE_PUT, ENGINE_PUT_NEW } engine_put;

typedef struct {
    void (*close)(store *s); /* frees s */

    /* Allocates *out; the front fills its own members. For a write one, sets out->full when the disk behind
     * the engine has nothing left outside the reserve. */
    sluis_err (*begin)(store *s, bool write, store_txn **out);
    sluis_err (*commit)(store_txn *t); /* durable or not happened; frees t either way */
    void (*abort)(store_txn *t);       /* frees t */

    sluis_err (*get)(store_txn *t, unsigned tree, bytes key, bytes *value);
    sluis_err (*put)(store_txn *t, unsigned tree, bytes key, bytes value, engine_put how);
    sluis_err (*del)(store_txn *t, unsigned tree, bytes key);

    /* seek: the first entry with a key >= key (key.n = 0: the first of all). next: the one after the entry
     * last returned; the front calls it only when nothing was written since. */
    sluis_err (*cursor_open)(store_txn *t, unsigned tree, void **out);
    sluis_err (*cursor_seek)(void *c, bytes key, bytes *k, bytes *v);
    sluis_err (*cursor_next)(void *c, bytes *k, bytes *v);
    void (*cursor_close)(void *c);

    /* The greatest entry with a key < bound (bound.n = 0: the greatest of all). */
    sluis_err (*before)(store_txn *t, unsigned tree, bytes bound, bytes *k, bytes *v);
    sluis_err (*count)(store_txn *t, unsigned tree, uint64_t *n);
    /* Bytes in use, as this transaction sees it; what deleting gave back does not count. */
    sluis_err (*used)(store_txn *t, uint64_t *n);

    sluis_err (*check_readers)(store *s, unsigned *stale);
    void (*health)(store *s, store_health *out); /* last_txn */
    sluis_err (*copy)(store *s, const char *dir, sluis_fail *f);
} store_ops;

#define TABLES_MAX 64

/* First member of an engine's own store and transaction. An engine knows trees only: the front gives it the
 * number of the first table of a tree, and keys as they lie there. */
struct store {
    const store_ops *ops;
    size_t table_count;
    unsigned tree[TABLES_MAX];  /* of each table; its own number, or that of the first it shares with */
    size_t key_len[TABLES_MAX]; /* 0: a tree of its own */
    uint64_t quota, map;
    uint32_t max_readers;
    bool read_only;
    atomic_uint readers;
    atomic_ullong syncs;
};

struct store_txn {
    store *s;
    sluis_err err;
    bool write, reserved, full;
    uint64_t room;       /* what may still be written before used() is asked again */
    uint64_t changes;    /* writes so far: a cursor that was positioned before the last one looks again */
    store_cursor *spare; /* of a write: closed ones, for who opens one in the same tree */
};

/* Checks the options both engines share and fills the front's members of s. */
sluis_err store_setup(store *s, const store_ops *ops, const store_options *o, sluis_fail *f);

#endif
