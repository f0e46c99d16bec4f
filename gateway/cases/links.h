/* Which cases and reports of concern are about a person: LINK rows (tables/tables.h), so that these are found
 * without going over every case. case_save and whoever writes a report keep them. Thread: functions take the
 * caller's transaction; what writes takes core's. */
#ifndef SLUIS_CASES_LINKS_H
#define SLUIS_CASES_LINKS_H

#include "base/ids.h"
#include "tables/rows.h"

#define LINK_KEY (ID_LEN + 1 + ID_LEN)

/* table: CASE or CONCERN; id: the 16 bytes of its key. Putting one that is there writes nothing. */
sluis_err link_put(store_txn *t, const row_keys *k, const uint8_t sid[static ID_LEN], gateway_table table,
                   const uint8_t id[static ID_LEN]);
sluis_err link_delete(store_txn *t, const uint8_t sid[static ID_LEN], gateway_table table,
                      const uint8_t id[static ID_LEN]); /* OK when there is none */

/* Calls each for every link of this person to a row of this table, until it returns an error, which is
 * returned. It may delete rows, the link's own included. CORRUPT. */
typedef sluis_err (*link_fn)(void *ctx, const uint8_t id[static ID_LEN]);
sluis_err links_each(store_txn *t, const row_keys *k, const uint8_t sid[static ID_LEN], gateway_table table,
                     link_fn each, void *ctx);

/* How many there are; not beyond this many. */
sluis_err links_count(store_txn *t, const uint8_t sid[static ID_LEN], gateway_table table, size_t most,
                      size_t *n);

/* Makes the links of a store that was written before there were any; once, noted in META "links". */
sluis_err links_begin(store_txn *t, const row_keys *k);

#endif
