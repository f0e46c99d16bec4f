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
    const store_table *tables;
    size_t table_count;
    const store_table *next_tables; /* of the version after it */
    size_t next_count;
    sluis_err (*begin)(upgrade *u, void **state, sluis_fail *f); /* NULL: no state */
    sluis_err (*row)(upgrade *u, void *state, unsigned table, bytes key, bytes value);
    sluis_err (*end)(upgrade *u, void *state); /* after the last row; NULL: nothing to add */
    void (*close)(void *state);                /* always, with what begin left there */
} upgrade_step;

extern const upgrade_step upgrade_step_1, upgrade_step_2;

/* The tables of version 2: where step 1 ends and step 2 begins. */
#define UPGRADE_TABLES_2 24
extern const store_table upgrade_tables_2[UPGRADE_TABLES_2];

/* For the step's functions. */
const upgrade_options *upgrade_given(const upgrade *u);
/* The old store's snapshot: for rows that belong to this one. */
store_txn *upgrade_old(upgrade *u);
/* The old row's value without its check, looked at under the old table's number. CORRUPT. */
sluis_err upgrade_checked(const upgrade *u, unsigned table, bytes key, bytes stored, bytes *value);
/* A row of the new store, as it is. */
sluis_err upgrade_put(upgrade *u, unsigned table, bytes key, bytes value);
/* A row that gets the check of rows.h. */
sluis_err upgrade_put_row(upgrade *u, unsigned table, bytes key, bytes value);
/* Appends such a row to a buffer: value, check. */
void upgrade_wrap(const upgrade *u, buffer *out, unsigned table, bytes key, bytes value);
/* A row with the check of rows.h: looked at under the old table's number, made anew under the new one's. */
sluis_err upgrade_put_checked(upgrade *u, unsigned old_table, unsigned table, bytes key, bytes value);

#endif
