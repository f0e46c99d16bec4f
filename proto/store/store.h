/* The store: ordered tables of byte keys and values, one writer, many snapshots. Nothing above this
 * header may know which engine is behind it. Engines: lmdb (store_lmdb.c, the only file that knows LMDB)
 * and memory (store_memory.c, which can inject faults).
 *
 * Keys 1..511 bytes, values up to 64 MiB. A write transaction is durable (synced) when store_commit returns
 * OK, or has not happened. Errors are sticky in the transaction: after one, every call is a no-op that
 * returns it, and commit refuses; so code reads straight and checks once. Errors: NOT_FOUND (get, cursor end;
 * not sticky), NO_SPACE (map, quota or disk full; heals), IO (fatal: the caller exits), CORRUPT, TOO_BIG
 * (key, value, or more in one transaction than the engine takes), INVALID (no such table, empty key),
 * PERMISSION (a write through a snapshot), FULL (all reader slots taken), VERSION (a newer or foreign format,
 * in words), CONFLICT (at opening: another program holds the folder). Thread: a store is shared by all
 * threads; a transaction belongs to the thread that began it. Read transactions are bounded in age by their
 * users (<= 100 ms). One process opens a store; no fork after. */
#ifndef SLUIS_STORE_STORE_H
#define SLUIS_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define STORE_KEY_MAX   511
#define STORE_VALUE_MAX (64u << 20)

typedef struct store store;
typedef struct store_txn store_txn;
typedef struct store_cursor store_cursor;

/* What is written together lies together: tables of short keys that grow side by side may share one tree, so
 * that a transaction writes one page for all of them. A key in a shared tree ends in the number of its table,
 * which nobody above sees; so all keys of such a table have one length. */
typedef struct {
    const char *name;
    const char *tree; /* shared by the tables that name it; NULL: a tree of its own */
    size_t key_len;   /* of a shared one: 1..510 */
} store_table;

typedef struct {
    const char *path;          /* folder, created 0700 when absent; NULL for the memory engine */
    const store_table *tables; /* a table is its index in this array from then on */
    size_t table_count;
    const char *format;      /* "sluis-gateway": written at creation, compared at opening */
    uint32_t format_version; /* ditto */
    uint64_t map_bytes;      /* address space reserved, e.g. 1 TiB; never resized */
    uint64_t quota_bytes;    /* writes beyond it fail with NO_SPACE, except those marked reserved */
    uint32_t max_readers;
    bool read_only; /* an existing folder, nothing written: offline verification of a copy */
    bool no_ahead;  /* no disk is kept allocated beyond the last page: a copy stays as small as it is */
} store_options;

typedef struct {
    uint64_t used_bytes, quota_bytes, map_bytes, last_txn;
    uint32_t readers, max_readers; /* readers: snapshots open now in this process */
    uint64_t syncs;                /* commits since opening */
} store_health;

sluis_err store_open_lmdb(store **out, const store_options *o, sluis_fail *f);
sluis_err store_open_memory(store **out, const store_options *o, sluis_fail *f);
void store_close(store **s);
/* Which version of the format stands in this folder, whatever it is; nothing is written. NOT_FOUND: no store,
 * or one that holds nothing yet; VERSION: of another program; IO, CORRUPT. */
sluis_err store_format_lmdb(const char *path, const char *format, uint32_t *version, sluis_fail *f);
/* Keeps whoever writes out of this folder until *fd is closed, so that its file can be read as it lies there;
 * *fd is -1 when no program has ever written here, as in a copy. CONFLICT: one does now; IO. */
sluis_err store_hold_lmdb(int *fd, const char *path, sluis_fail *f);
/* Takes a store's folder away, with what the engine keeps in it and nothing else. Absent: OK. IO. */
sluis_err store_remove_lmdb(const char *path, sluis_fail *f);

/* write = false: a snapshot. reserved = true: may use the space kept back for done, delete and journal. */
sluis_err store_begin_read(store *s, store_txn **out);
sluis_err store_begin_write(store *s, store_txn **out, bool reserved);
sluis_err store_error(const store_txn *t);  /* the sticky error */
uint64_t store_changes(const store_txn *t); /* writes and deletions so far */
sluis_err store_commit(store_txn **t);      /* always ends the transaction */
void store_abort(store_txn **t);            /* idempotent; also ends a snapshot */

/* Values are borrowed until the transaction ends or (in a write one) the next write. What a write is given is
 * copied, and must not itself be borrowed from that transaction (but for the key of a delete). */
sluis_err store_get(store_txn *t, unsigned table, bytes key, bytes *value);
sluis_err store_put(store_txn *t, unsigned table, bytes key, bytes value);     /* insert or replace */
sluis_err store_put_new(store_txn *t, unsigned table, bytes key, bytes value); /* EXISTS (not sticky) */
sluis_err store_delete(store_txn *t, unsigned table, bytes key);               /* NOT_FOUND (not sticky) */

/* Range: every key >= from that starts with prefix, ascending; first call positions. NOT_FOUND at the end.
 * Writing and deleting in the same transaction while a cursor is open is fine: it goes on at the next key. */
sluis_err store_cursor_open(store_txn *t, unsigned table, bytes from, bytes prefix, store_cursor **out);
sluis_err store_cursor_next(store_cursor *c, bytes *key, bytes *value);
/* Sets an open cursor to another range of its table: dearer than a step, cheaper than another cursor. */
void store_cursor_seek(store_cursor *c, bytes from, bytes prefix);
void store_cursor_close(store_cursor **c); /* before its transaction ends */
/* The greatest entry whose key starts with prefix; NOT_FOUND when none. A key that is of no table of a shared
 * tree is CORRUPT to every range of that tree. */
sluis_err store_last(store_txn *t, unsigned table, bytes prefix, bytes *key, bytes *value);
sluis_err store_count(store_txn *t, unsigned table, uint64_t *n);

sluis_err store_check_readers(store *s, unsigned *stale); /* clears slots of dead readers */
sluis_err store_health_get(store *s, store_health *out);
/* A consistent copy of the data in dir (for backup and offline verification), while others write. */
sluis_err store_copy(store *s, const char *dir, sluis_fail *f);

/* Memory engine only: fail the n-th write or commit from now (0 = never) with this error. */
void store_memory_fail_after(store *s, unsigned n, sluis_err e);
/* Memory engine only: look-ups, steps of cursors, writes and deletions so far, of all transactions. */
uint64_t store_memory_operations(store *s);

#endif
