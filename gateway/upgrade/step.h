/* One step of upgrade.h: the tables as they stood, and what becomes of each row. A step is written once, when
 * its version becomes a past one, and names what it needs of that version itself: nothing of it follows
 * later changes of the layout. */
#ifndef SLUIS_UPGRADE_STEP_H
#define SLUIS_UPGRADE_STEP_H

#include "tables/rows.h"
#include "upgrade/upgrade.h"

typedef struct upgrade upgrade;

typedef struct {
    uint32_t from; /* to: from + 1 */
    const char *const *tables;
    size_t table_count;
    const char *const *next_tables; /* of the version after it */
    size_t next_count;
    sluis_err (*row)(upgrade *u, unsigned table, bytes key, bytes value);
} upgrade_step;

extern const upgrade_step upgrade_step_2;

/* For the step's row function. The old store's snapshot: for rows that belong to this one. */
store_txn *upgrade_old(upgrade *u);
const row_keys *upgrade_rows(const upgrade *u);
/* A row of the new store, as it is. */
sluis_err upgrade_put(upgrade *u, unsigned table, bytes key, bytes value);
/* A row with the check of rows.h: looked at under the old table's number, made anew under the new one's. */
sluis_err upgrade_put_checked(upgrade *u, unsigned old_table, unsigned table, bytes key, bytes value);

#endif
