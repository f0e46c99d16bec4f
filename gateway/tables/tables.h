/* Every table of the gateway's store, its key and its value (messages: proto/rows.proto). Integers
 * big-endian.
 *
 *  table     key                                    value
 *  named     name                                   "journal": the signed checkpoint; "tail": the end of its
 *                                                  tree; "directory": version|~version
 *            "copy", "restore", "origin"            lineage.h, journal_store.h
 *            "sequences"                            sequences.h
 *            "import-"|name 32                      lines u64 of that file that are in (rows_file_name)
 *  leaf      index u64                              leaf 40
 *  record    index u64                              nonce 24|AE(day key, nonce, index u64, salt|record)
 *  tile      level u8|tile u64                      hashes of 32 (level 0: 256, above: 1..256), and the roots
 *                                                  of groups of 4, 16, 64
 *  txindex   transaction 16|index u64               empty: `trace`
 *  party     OIN 20                                 SignedEntry
 *  case      case id 16                             CaseRow
 *  request   transaction 16                         RequestRow, sealed
 *  appindex  application, 0x00, transaction 16      empty: a transaction index an application
 *  event     0 u8|number u64 (event_key.h)         EventRow
 *  outbox    recipient OIN 20|sequence u64          journal index u64|envelope: as short as may be, so that
 *                                                  two of ordinary size share a page
 *  dedup     message id 16|sender OIN 20            DedupRow
 *  due       time u64|journal size u64|part u16     items of kind u8|length u8|key: what is then to be done
 *  subject   sid 16                                 slot u64 in the key file
 *  datum     sid 16|attribute u32|instance 16|version u64   nonce 24|AE(SK, nonce, key, DatumRow)
 *  history   journal index u64|its key in datum     as it stood in datum: what that entry superseded
 *  dossier   sid 16|journal index u64               DossierRow, sealed
 *  intent    slot u64                               sid 16: the key slot to be erased
 *  attempt   recipient OIN 20|sequence u64          attempts u32: deliveries of this outbox row that failed
 *  dead      until u64|sequence u64                 DeadLetterRow: what did not arrive, listed until then
 *  meeting   message hash 32                        MeetingRow: an invitation that waits for its reply
 *  agreement party OIN 20|agreement id 16           SignedAgreement
 *  concern   transaction 16                         ConcernRow, sealed
 *  ruleset   in force since u64|hash 32             RulesRow: every set that ever was in force
 *  link      sid 16|table u8|its key 16             empty: a case or report of concern about this person
 *  gone      sid 16                                 when u64: forgotten, not yet cleared away
 *  settled   sid 16|journal index u64               SettledRow, sealed: what that entry settled
 *  restriction  sid 16|journal index u64            RestrictionRow, sealed: what that entry restricted
 *  reported  OIN 20                                 day u32|count u32: reports of concern it brought that day
 *  merged    sid 16                                 sid 16|slot u64: who that is now; its own key slot
 *  rights    sid 16|transaction 16                  RightsRow, sealed: what the client asked
 *  moving    sid 16                                 sid 16: under which name part of the dossier still stands
 *  offer     transaction 16                         OfferRow: a case that another municipality offers
 *
 * "sealed": sid 16|the 16 bytes of rows.h over it|nonce 24|AE(subject key, nonce, table u8|key,
 * message). Every other value outside leaf, record, tile, party, agreement, datum and these of named ends in
 * the 16 bytes of rows.h: an "empty" one is these 16 bytes.
 *
 * What a message writes side by side shares a tree (store_table), so that its transaction touches few pages:
 * "entry" what is numbered with the journal, "message" what begins with the UUIDv7 of a transaction or
 * message. */
#ifndef SLUIS_TABLES_TABLES_H
#define SLUIS_TABLES_TABLES_H

#include "store/store.h"

#define GATEWAY_STORE_FORMAT  "sluis-gateway"
#define GATEWAY_STORE_VERSION 3

/* X(name, table name), S(name, table name, the tree it shares, its length of keys); the order is the format:
 * a new table comes last. */
#define GATEWAY_TABLES(X, S)                                                                                 \
    X(META, "named")                                                                                         \
    S(LEAF, "leaf", "entry", 8)                                                                              \
    S(RECORD, "record", "entry", 8)                                                                          \
    X(TILE, "tile")                                                                                          \
    S(TXINDEX, "txindex", "message", 24)                                                                     \
    X(PARTY, "party")                                                                                        \
    X(CASE, "case")                                                                                          \
    S(REQUEST, "request", "message", 16)                                                                     \
    X(APPINDEX, "appindex")                                                                                  \
    S(EVENT, "event", "entry", 9)                                                                            \
    X(OUTBOX, "outbox")                                                                                      \
    S(DEDUP, "dedup", "message", 36)                                                                         \
    X(DUE, "due")                                                                                            \
    X(SUBJECT, "subject")                                                                                    \
    X(DATUM, "datum")                                                                                        \
    X(DOSSIER, "dossier")                                                                                    \
    X(INTENT, "intent")                                                                                      \
    X(ATTEMPT, "attempt")                                                                                    \
    X(DEAD, "dead")                                                                                          \
    X(MEETING, "meeting")                                                                                    \
    X(HISTORY, "history")                                                                                    \
    X(AGREEMENT, "agreement")                                                                                \
    X(CONCERN, "concern")                                                                                    \
    X(RULESET, "ruleset")                                                                                    \
    X(LINK, "link")                                                                                          \
    X(GONE, "gone")                                                                                          \
    X(SETTLED, "settled")                                                                                    \
    X(RESTRICTION, "restriction")                                                                            \
    X(REPORTED, "reported")                                                                                  \
    X(MERGED, "merged")                                                                                      \
    X(RIGHTS, "rights")                                                                                      \
    X(MOVING, "moving")                                                                                      \
    X(OFFER, "offer")

typedef enum {
#define X(name, text)                TABLE_##name,
#define S(name, text, tree, key_len) TABLE_##name,
    GATEWAY_TABLES(X, S)
#undef X
#undef S
        TABLE_COUNT
} gateway_table;

/* In order, for store_options.tables. */
extern const store_table gateway_tables[TABLE_COUNT];

/* What every store_options of a gateway's store has. */
#define GATEWAY_STORE                                                                                        \
    .tables = gateway_tables, .table_count = TABLE_COUNT, .format = GATEWAY_STORE_FORMAT,                    \
    .format_version = GATEWAY_STORE_VERSION

#endif
