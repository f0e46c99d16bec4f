/* A turn of which one write, or the commit, does not happen; and a picture of all rows, to see that nothing
 * has, or nothing but the entry of a refusal. A kill is such a write that does not happen: what an engine
 * does with it is test_store's. */
#ifndef SLUIS_TESTS_KIT_WHOLE_H
#define SLUIS_TESTS_KIT_WHOLE_H

#include "kit_people.h"

#include "core/apply.h"

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

/* The journal's own: a refusal has its entry there. */
KIT bool whole_of_journal(unsigned table)
{
    return table == TABLE_LEAF || table == TABLE_RECORD || table == TABLE_TILE || table == TABLE_TXINDEX ||
           table == TABLE_META;
}

/* all: the journal's tables too. */
KIT void picture_same(const picture *a, const picture *b, bool all, const char *what, unsigned n)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        bool equal = a->n[t] == b->n[t] || (!all && whole_of_journal(t));
        for (size_t i = 0; equal && i < a->n[t] && (all || !whole_of_journal(t)); i++)
            equal = bytes_equal(BYTES(a->rows[t][i].key, a->rows[t][i].key_n),
                                BYTES(b->rows[t][i].key, b->rows[t][i].key_n)) &&
                    bytes_equal(BYTES(a->rows[t][i].value, a->rows[t][i].value_n),
                                BYTES(b->rows[t][i].value, b->rows[t][i].value_n));
        if (!equal)
            fail_msg("%s, without its write %u: table %u is another", what, n, t);
    }
}

/* As many rows, table by table, as in a house in which nothing was disturbed, and so many entries more. */
KIT void whole_as_calm(house *h, house *calm, unsigned refused, const char *what)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        uint64_t more = t == TABLE_LEAF || t == TABLE_RECORD ? refused : 0;
        if (t != TABLE_TILE && t != TABLE_TXINDEX &&
            people_count(h, (gateway_table)t) != people_count(calm, (gateway_table)t) + more)
            fail_msg("%s: table %u has another number of rows than undisturbed", what, t);
    }
}

/* The turn's n-th write or commit from here on fails (0: none). */
KIT void whole_disturb(house *h, unsigned n, sluis_err e)
{
    store_memory_fail_after(h->x.store, n, e);
}

/* Ends it as core does. Any error: the turn was undone. */
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
    whole_disturb(h, 0, SLUIS_OK);
    if (e) {
        house_abort(h, t);
    } else {
        journal_committed(h->journal);
        turn_close(t);
        directory_unref(&t->new_dir);
    }
    return e;
}

/* A step, in a turn: of core's housekeeping, or a job that core applies. *why: what the job was refused with
 * before, and what it is refused with now. */
typedef struct {
    house *h;
    uint64_t now;
    void *ctx;
    const char *name;
    sluis_err (*apply)(void *ctx, turn *t, sluis_fail *why);
} whole_step;

/* With its n-th write or commit failing (0: none) with this. *halfway: apply.h. */
KIT sluis_err whole_try(const whole_step *s, unsigned n, sluis_err with, sluis_fail *why, bool *halfway)
{
    turn t = house_begin(s->h, s->now, 4u << 20);
    whole_disturb(s->h, n, with);
    sluis_err e = s->apply(s->ctx, &t, why);
    *halfway = t.halfway;
    return whole_end(s->h, &t, e);
}

/* The store knows that the write failed: nothing has happened. True: there were fewer writes, it is done. */
KIT bool whole_undone(const whole_step *s, unsigned n, const picture *before)
{
    picture after;
    sluis_fail why = {0};
    bool halfway;
    sluis_err e = whole_try(s, n, SLUIS_NO_SPACE, &why, &halfway);
    if (!e && why.code)
        fail_msg("%s: %s at '%s': %s", s->name, error_token(why.code), why.where, why.text);
    if (!e)
        return true;
    assert_int_equal(e, SLUIS_NO_SPACE);
    picture_take(s->h, &after);
    picture_same(before, &after, true, s->name, n);
    picture_free(&after);
    return false;
}

/* What wrote finds an error that the store knows nothing of (EXISTS), as a row that is too big for its buffer
 * is: what core commits after that is the refusal, and nothing else. */
KIT bool whole_refused(const whole_step *s, unsigned n, const picture *before, unsigned *refused)
{
    picture after;
    sluis_fail why = {0};
    bool halfway;
    sluis_err e = whole_try(s, n, SLUIS_EXISTS, &why, &halfway);
    if (!e && !why.code)
        return true;
    picture_take(s->h, &after);
    picture_same(before, &after, e != SLUIS_OK, s->name, n);
    picture_free(&after);
    if (halfway) {
        assert_int_equal(why.code, SLUIS_EXISTS);
        e = whole_try(s, 0, SLUIS_OK, &why, &halfway);
        assert_int_equal(e, SLUIS_OK);
        picture_take(s->h, &after);
        picture_same(before, &after, false, s->name, n);
        picture_free(&after);
    }
    *refused += !e;
    return false;
}

/* Until it is done, every write of it having failed once in each way; at least so many. */
KIT void whole_or_nothing(const whole_step *s, unsigned least, unsigned *refused)
{
    picture before;
    unsigned n = 0;
    bool done = false;
    picture_take(s->h, &before);
    while (!done && ++n < WHOLE_WRITES) {
        done = whole_undone(s, n, &before) || whole_refused(s, n, &before, refused);
        picture_free(&before);
        picture_take(s->h, &before);
    }
    picture_free(&before);
    if (!done || n < least)
        fail_msg("%s: %u writes", s->name, n);
}

/* Undisturbed. */
KIT void whole_calmly(const whole_step *s)
{
    sluis_fail why = {0};
    bool halfway;
    if (whole_try(s, 0, SLUIS_OK, &why, &halfway) || why.code)
        fail_msg("%s, undisturbed: %s: %s", s->name, why.where, why.text);
}

/* The same step in two houses, the one disturbed in every way and the other in none: they end alike. */
KIT void whole_beside(const whole_step *disturbed, const whole_step *calm, unsigned least, unsigned *refused)
{
    whole_or_nothing(disturbed, least, refused);
    whole_calmly(calm);
    whole_as_calm(disturbed->h, calm->h, *refused, disturbed->name);
}

#endif
