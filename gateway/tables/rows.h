/* Rows that carry their own check: a flipped bit in a key or a value is an error, never served.
 *
 * Records, data and sealed rows are authenticated by their encryption, leaves and tiles by the tree. Every
 * other row of the gateway's store ends in a keyed hash:
 *
 *   stored = value | first 16 bytes of H("sluis1-row", Krow, table u8 | key length u32 | key | value)
 *   Krow   = H("sluis1-k-row", KM, "")
 *
 * A row that is an index only (APPINDEX, TXINDEX) has an empty value: 16 bytes are stored.
 * The check finds change and exchange of rows; it cannot find a row that was taken away whole.
 *
 *   LEAF, TILE, RECORD               the tree and the day key's AE          journal/ writes these
 *   DATUM, HISTORY                   the subject key's AE                   registry_put
 *   DOSSIER, REQUEST, SETTLED        AE, and this check over whose it is    row_seal does both
 *   everything else                  this check                             rows_put, rows_put_bytes
 *
 * (META "journal" is a signed note, META "directory" a number written twice, PARTY and AGREEMENT signed:
 * these stand as they are, without this check.)
 *
 * Thread: row_keys is read-only after row_keys_new: any thread. A transaction belongs to its own thread. */
#ifndef SLUIS_TABLES_ROWS_H
#define SLUIS_TABLES_ROWS_H

#include <protobuf-c/protobuf-c.h>

#include "crypto/crypto.h"
#include "store/store.h"
#include "tables/tables.h"
#include "wire/arena.h"

#define ROW_CHECK_LEN 16
#define ROW_MAX       (4u << 20) /* bytes of one row's value */

typedef struct row_keys row_keys; /* Krow, in locked memory */

/* What a file of data that was brought in is called: H("sluis1-import", Krow, its hash). The hash of a short
 * file with persons in it can be guessed, this cannot. */
void rows_file_name(uint8_t out[static HASH_LEN], const row_keys *k, const uint8_t file[static HASH_LEN]);

/* What bookmarks of what is about no person are sealed under: H("sluis1-k-mark", Krow, ""). */
void rows_mark_key(uint8_t out[static KEY_LEN], const row_keys *k);

/* Usually through keyslots_rows(), which owns one. km is borrowed for the call. */
sluis_err row_keys_new(row_keys **out, const uint8_t km[static KEY_LEN]);
void row_keys_free(row_keys **k);

/* Appends value | check. */
void row_check_wrap(buffer *out, const row_keys *k, gateway_table table, bytes key, bytes value);
/* *value is borrowed from stored. CORRUPT. */
sluis_err row_check_open(bytes *value, const row_keys *k, gateway_table table, bytes key, bytes stored);

/* Writes, in core's transaction. An index row: rows_put_bytes with an empty value (ROW_EMPTY). */
#define ROW_EMPTY ((bytes){NULL, 0})
sluis_err rows_put(store_txn *t, const row_keys *k, gateway_table table, bytes key,
                   const ProtobufCMessage *m);
sluis_err rows_put_bytes(store_txn *t, const row_keys *k, gateway_table table, bytes key, bytes value);
/* The value stands in the caller's buffer, which the check is appended to. */
sluis_err rows_put_buffer(store_txn *t, const row_keys *k, gateway_table table, bytes key, buffer *value);

/* Reads. NOT_FOUND; CORRUPT when the check or the decoding fails. rows_get: *out is in the arena;
 * rows_get_bytes: *value is borrowed as store_get's. */
sluis_err rows_get(store_txn *t, const row_keys *k, gateway_table table, bytes key, arena *a,
                   const ProtobufCMessageDescriptor *d, ProtobufCMessage **out);
sluis_err rows_get_bytes(store_txn *t, const row_keys *k, gateway_table table, bytes key, bytes *value);
/* Decodes what a check or a seal has shown to be our own writing. CORRUPT, NOMEM (the arena is full). */
sluis_err row_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *d, arena *a, bytes plain);
/* A row that a cursor gave: check and decode. */
sluis_err rows_open(const row_keys *k, gateway_table table, bytes key, bytes stored, arena *a,
                    const ProtobufCMessageDescriptor *d, ProtobufCMessage **out);

#endif
