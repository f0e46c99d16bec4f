/* A turn of which one write, or the commit, does not happen; and a picture of all rows, to see that nothing
 * has. A kill is such a write that does not happen: what an engine does with it is test_store's. */
#ifndef SLUIS_TESTS_KIT_WHOLE_H
#define SLUIS_TESTS_KIT_WHOLE_H

#include "kit_people.h"

#define WHOLE_WRITES 200 /* more than any turn tried with it needs */

typedef struct {
    row_copy *rows[TABLE_COUNT];
    size_t n[TABLE_COUNT];
} picture;

KIT void picture_take(house *h, picture *p)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        p->rows[i] = fixture_rows(&h->x, (gateway_table)i, &p->n[i]);
}

KIT void picture_free(picture *p)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        fixture_rows_free(p->rows[i], p->n[i]);
}

KIT void picture_same(const picture *a, const picture *b, const char *what, unsigned n)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        bool equal = a->n[t] == b->n[t];
        for (size_t i = 0; equal && i < a->n[t]; i++)
            equal = bytes_equal(BYTES(a->rows[t][i].key, a->rows[t][i].key_n),
                                BYTES(b->rows[t][i].key, b->rows[t][i].key_n)) &&
                    bytes_equal(BYTES(a->rows[t][i].value, a->rows[t][i].value_n),
                                BYTES(b->rows[t][i].value, b->rows[t][i].value_n));
        if (!equal)
            fail_msg("%s, without its write %u: table %u is another", what, n, t);
    }
}

/* As many rows, table by table, as in a house in which nothing was disturbed. */
KIT void whole_as_calm(house *h, house *calm, const char *what)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++)
        if (people_count(h, (gateway_table)t) != people_count(calm, (gateway_table)t))
            fail_msg("%s: table %u has another number of rows than undisturbed", what, t);
}

/* The turn's n-th write or commit from here on fails (0: none). */
KIT void whole_disturb(house *h, unsigned n)
{
    store_memory_fail_after(h->x.store, n, SLUIS_NO_SPACE);
}

/* Ends it as core does. NO_SPACE: the write failed, and the turn was undone. */
KIT sluis_err whole_end(house *h, turn *t, sluis_err e)
{
    if (!e)
        e = turn_finish(t);
    if (!e)
        e = journal_seal(h->journal, t->t);
    if (!e)
        e = keyslots_sync(h->x.slots);
    if (!e)
        e = store_commit(&t->t);
    whole_disturb(h, 0);
    if (e) {
        house_abort(h, t);
    } else {
        journal_committed(h->journal);
        turn_close(t);
        directory_unref(&t->new_dir);
    }
    return e;
}

#endif
