/* From version 2 to 3.
 *
 *   leaf, record, event; txindex, request, dedup   share a tree (the store's matter: rows stay as they are)
 *   dedup                                          sender OIN 20|message id 16 became message id|sender
 *   event                                          sequence u64 became 0 u8|sequence u64
 *
 * Version 2, as it stood (keys and values: the history of tables/tables.h): */
#include <string.h>

#include "base/ids.h"
#include "tables/lineage.h"
#include "upgrade/step.h"

typedef enum { CHECKED, SEALED, PLAIN, NAMED } row_kind;

/* X(name, kind): CHECKED ends in rows.h's check, SEALED says whose it is under such a check, PLAIN proves
 * itself. */
#define TABLES_2(X)                                                                                          \
    X("named", NAMED)                                                                                        \
    X("leaf", PLAIN)                                                                                         \
    X("record", PLAIN)                                                                                       \
    X("tile", PLAIN)                                                                                         \
    X("txindex", CHECKED)                                                                                    \
    X("party", PLAIN)                                                                                        \
    X("case", CHECKED)                                                                                       \
    X("request", SEALED)                                                                                     \
    X("appindex", CHECKED)                                                                                   \
    X("event", CHECKED)                                                                                      \
    X("outbox", CHECKED)                                                                                     \
    X("dedup", CHECKED)                                                                                      \
    X("due", CHECKED)                                                                                        \
    X("subject", CHECKED)                                                                                    \
    X("datum", PLAIN)                                                                                        \
    X("dossier", SEALED)                                                                                     \
    X("intent", CHECKED)                                                                                     \
    X("attempt", CHECKED)                                                                                    \
    X("dead", CHECKED)                                                                                       \
    X("meeting", CHECKED)                                                                                    \
    X("history", PLAIN)                                                                                      \
    X("agreement", PLAIN)                                                                                    \
    X("concern", SEALED)                                                                                     \
    X("ruleset", CHECKED)

#define X(text, kind) {.name = text},
const store_table upgrade_tables_2[UPGRADE_TABLES_2] = {TABLES_2(X)};
#undef X
#define X(text, kind) kind,
static const row_kind kinds_2[UPGRADE_TABLES_2] = {TABLES_2(X)};
#undef X

/* Rows of "named" that stand without a check: signed, or written twice. */
static bool named_plain(bytes key, bytes value)
{
    return bytes_equal(key, bytes_str("journal")) || bytes_equal(key, bytes_str("tail")) ||
           bytes_equal(key, bytes_str("directory")) || lineage_row_valid(key, value);
}

enum { EVENT_2 = 9, DEDUP_2 = 11 };

#define DEDUP_KEY_2 (OIN_LEN + UUID_LEN)

static sluis_err put_dedup(upgrade *u, bytes key, bytes value)
{
    uint8_t turned[DEDUP_KEY_2];
    bytes inner;
    sluis_err e = key.n == sizeof(turned) ? upgrade_checked(u, DEDUP_2, key, value, &inner) : SLUIS_CORRUPT;
    if (e)
        return e;
    memcpy(turned, key.p + OIN_LEN, UUID_LEN);
    memcpy(turned + UUID_LEN, key.p, OIN_LEN);
    return upgrade_put_row(u, TABLE_DEDUP, BYTES_OF(turned), inner);
}

static sluis_err put_event(upgrade *u, bytes key, bytes value)
{
    uint8_t longer[1 + 8] = {0};
    bytes inner;
    sluis_err e = key.n == 8 ? upgrade_checked(u, EVENT_2, key, value, &inner) : SLUIS_CORRUPT;
    if (e)
        return e;
    memcpy(longer + 1, key.p, key.n);
    return upgrade_put_row(u, TABLE_EVENT, BYTES_OF(longer), inner);
}

static sluis_err row_2(upgrade *u, void *state, unsigned table, bytes key, bytes value)
{
    (void)state;
    row_kind kind = kinds_2[table];
    if (table == DEDUP_2)
        return put_dedup(u, key, value);
    if (table == EVENT_2)
        return put_event(u, key, value);
    if (kind == NAMED)
        kind = named_plain(key, value) ? PLAIN : CHECKED;
    return kind == CHECKED ? upgrade_put_checked(u, table, table, key, value)
                           : upgrade_put(u, table, key, value);
}

const upgrade_step upgrade_step_2 = {
    .from = 2,
    .tables = upgrade_tables_2,
    .table_count = UPGRADE_TABLES_2,
    .next_tables = gateway_tables,
    .next_count = TABLE_COUNT,
    .row = row_2,
};
