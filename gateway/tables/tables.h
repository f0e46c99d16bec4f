/* Every table of the gateway's store, its key and its value (messages: proto/rows.proto). Integers
 * big-endian. "sealed": SealedRef{sid, nonce|AE(subject key, nonce, table u8|LMDB key, message)}.
 * Rows outside LEAF, RECORD, TILE, DATUM, PARTY and META "journal" end in the 16 bytes of rows.h. */
#ifndef SLUIS_TABLES_TABLES_H
#define SLUIS_TABLES_TABLES_H

#define GATEWAY_STORE_FORMAT  "sluis-gateway"
#define GATEWAY_STORE_VERSION 1

/* X(name, table name)                    key                                   value */
#define GATEWAY_TABLES(X)                                                                                    \
    X(META, "meta")         /* name                                  bytes */                                \
    X(LEAF, "leaf")         /* index u64                             leaf 40 */                              \
    X(RECORD, "record")     /* index u64                             nonce 24|AE(day key, nonce, index u64, salt|record) */ \
    X(TILE, "tile")         /* level u8|tile u64                     hashes of 32; level 0: 256, above: 1..256 */ \
    X(TXINDEX, "txindex")   /* transaction 16|index u64              empty: `trace` */                       \
    X(PARTY, "party")       /* OIN 20                                SignedEntry */                          \
    X(CASE, "case")         /* case id 16                            CaseRow */                              \
    X(REQUEST, "request")   /* transaction 16                        RequestRow, sealed */                   \
    X(BYHASH, "byhash")     /* message hash 32                       transaction 16: open requests */        \
    X(APPINDEX, "appindex") /* application, 0x00, transaction 16     empty: a transaction index an application */ \
    X(EVENT, "event")       /* sequence u64                          EventRow */                             \
    X(OUTBOX, "outbox")     /* recipient OIN 20|sequence u64         OutboxRow */                            \
    X(EXPIRY, "expiry")     /* expires u64|OIN 20|sequence u64       empty: outbox rows by expiry */         \
    X(DEDUP, "dedup")       /* sender OIN 20|message id 16           DedupRow */                             \
    X(DEDUPEXP, "dedupexp") /* expires u64|sender OIN 20|message id  empty */                                \
    X(SUBJECT, "subject")   /* sid 16                                slot u64 in the key file */             \
    X(DATUM, "datum")       /* sid 16|attribute u32|instance 16|version u64   nonce 24|AE(SK, nonce, key, DatumRow) */ \
    X(DOSSIER, "dossier")   /* sid 16|journal index u64              DossierRow, sealed */                   \
    X(INTENT, "intent")     /* slot u64                              P 32: a key slot to be erased */

typedef enum {
#define X(name, text) TABLE_##name,
    GATEWAY_TABLES(X)
#undef X
        TABLE_COUNT
} gateway_table;

/* The names, in order, for store_options.tables. */
extern const char *const gateway_tables[TABLE_COUNT];

#endif
