/* From version 2 to 3. Version 2, as it stood (keys and values: the history of tables/tables.h): */
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

#define X(name, kind) name,
const char *const upgrade_tables_2[UPGRADE_TABLES_2] = {TABLES_2(X)};
#undef X
#define X(name, kind) kind,
static const row_kind kinds_2[UPGRADE_TABLES_2] = {TABLES_2(X)};
#undef X

/* Rows of "named" that stand without a check: signed, or written twice. */
static bool named_plain(bytes key, bytes value)
{
    return bytes_equal(key, bytes_str("journal")) || bytes_equal(key, bytes_str("tail")) ||
           bytes_equal(key, bytes_str("directory")) || lineage_row_valid(key, value);
}

static sluis_err row_2(upgrade *u, void *state, unsigned table, bytes key, bytes value)
{
    (void)state;
    row_kind kind = kinds_2[table];
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
