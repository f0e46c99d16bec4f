/* The table of sessions: the newest wins, the bound holds, and taking one away loses no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus/sessions.h"

#define MANY 500

static oin user(unsigned n)
{
    oin o;
    snprintf(o.s, sizeof(o.s), "00000099%09u000", n % 1000000000u);
    return o;
}

static void opens_and_finds(void **state)
{
    sessions *s = NULL;
    oin a = user(1), b = user(2);
    (void)state;
    assert_int_equal(sessions_new(&s, 10), SLUIS_OK);
    assert_null(sessions_find(s, &a));
    session *x = sessions_open(s, &a, 7);
    assert_non_null(x);
    assert_string_equal(x->user.s, a.s);
    assert_int_equal(x->generation, 7);
    assert_int_equal(x->outstanding, 0);
    assert_false(x->fetching);
    assert_ptr_equal(sessions_find(s, &a), x);
    assert_null(sessions_find(s, &b));
    assert_int_equal(sessions_count(s), 1);
    sessions_free(&s);
    assert_null(s);
    sessions_free(&s);
}

/* Of the older session only what is still under way counts on: a new hello gives no new credit. Its route,
 * and what it had been sent, are gone. */
static void the_newest_wins(void **state)
{
    sessions *s = NULL;
    oin a = user(1);
    (void)state;
    assert_int_equal(sessions_new(&s, 1), SLUIS_OK);
    session *x = sessions_open(s, &a, 7);
    x->submitted = 5;
    x->outstanding = 6;
    x->last_sent = 99;
    x->credit = 3;
    x->fetching = x->behind = x->missed = true;
    memset(x->route, 0xaa, sizeof(x->route));
    x->route_len = 5;
    session *y = sessions_open(s, &a, 8); /* also when the table is full: it takes its own place */
    assert_non_null(y);
    session fresh = {.user = a, .generation = 8};
    assert_string_equal(y->user.s, fresh.user.s);
    assert_int_equal(y->generation, 8);
    assert_int_equal(y->submitted, 5);
    assert_true(y->fetching);
    assert_int_equal(y->outstanding + y->last_sent + y->credit + y->route_len, 0);
    assert_false(y->behind || y->missed);
    assert_memory_equal(y->route, fresh.route, sizeof(fresh.route));
    assert_int_equal(sessions_count(s), 1);
    y->refused = 7;
    y->counted_since = 1000;
    sessions_drop(s, y); /* and over an end, but for the fetch, which nobody waits for any more */
    assert_null(sessions_find(s, &a));
    assert_int_equal(sessions_count(s), 0);
    session *kept = sessions_account(s, &a);
    assert_non_null(kept);
    kept->submitted--; /* an answer that came meanwhile */
    kept->refused++;
    y = sessions_open(s, &a, 9);
    assert_int_equal(y->submitted, 4);
    assert_int_equal(y->refused, 8);
    assert_int_equal(y->counted_since, 1000);
    assert_false(y->fetching || y->gone);
    assert_int_equal(sessions_count(s), 1);
    sessions_free(&s);
}

static void the_bound_holds(void **state)
{
    sessions *s = NULL;
    (void)state;
    assert_int_equal(sessions_new(&s, 20), SLUIS_OK);
    for (unsigned i = 0; i < 20; i++) {
        oin o = user(i);
        assert_non_null(sessions_open(s, &o, i));
    }
    oin more = user(20), first = user(0);
    assert_null(sessions_open(s, &more, 1));
    assert_null(sessions_find(s, &more));
    assert_int_equal(sessions_count(s), 20);
    sessions_drop(s, sessions_find(s, &first));
    assert_null(sessions_find(s, &first));
    assert_non_null(sessions_open(s, &more, 1));
    assert_int_equal(sessions_count(s), 20);
    sessions_free(&s);
}

/* Of so many as may be connected; first goes what nothing is under way of, and then the rest. */
static void what_is_kept_is_bounded(void **state)
{
    sessions *s = NULL;
    unsigned kept = 0;
    (void)state;
    assert_int_equal(sessions_new(&s, 10), SLUIS_OK);
    for (unsigned i = 0; i < 11; i++) {
        oin o = user(i);
        session *x = sessions_open(s, &o, i);
        assert_non_null(x);
        x->submitted = i % 2;
        sessions_drop(s, x);
    }
    for (unsigned i = 0; i < 11; i++) {
        oin o = user(i);
        const session *x = sessions_account(s, &o);
        assert_int_equal(x != NULL, i % 2);
        kept += x != NULL;
    }
    assert_int_equal(kept, 5);
    for (unsigned i = 20; i < 26; i++) {
        oin o = user(i);
        session *x = sessions_open(s, &o, i);
        x->submitted = 1;
        sessions_drop(s, x);
    }
    for (unsigned i = 0; i < 26; i++) {
        oin o = user(i);
        assert_null(sessions_account(s, &o));
    }
    assert_int_equal(sessions_count(s), 0);
    sessions_free(&s);
}

static uint32_t next_random(uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

/* Against a plain array, at a table as full as it gets: after each step exactly the open ones are found, with
 * their own generation. */
static void drops_lose_no_other(void **state)
{
    sessions *s = NULL;
    bool open[MANY] = {false};
    uint32_t x = 20261124, count = 0;
    (void)state;
    assert_int_equal(sessions_new(&s, MANY), SLUIS_OK);
    for (int step = 0; step < 20000; step++) {
        unsigned n = next_random(&x) % MANY;
        oin o = user(n);
        session *at = sessions_find(s, &o);
        assert_int_equal(at != NULL, open[n]);
        if (at) {
            assert_int_equal(at->generation, n);
            sessions_drop(s, at);
            count--;
        } else {
            assert_non_null(sessions_open(s, &o, n));
            count++;
        }
        open[n] = !open[n];
        assert_int_equal(sessions_count(s), count);
        if (step % 500 == 0)
            for (unsigned i = 0; i < MANY; i++) {
                oin each = user(i);
                session *found = sessions_find(s, &each);
                assert_int_equal(found != NULL, open[i]);
                if (found)
                    assert_int_equal(found->generation, i);
            }
    }
    sessions_free(&s);
}

static void iteration_sees_each_once(void **state)
{
    sessions *s = NULL;
    bool seen[MANY] = {false};
    uint32_t i = 0, n = 0;
    (void)state;
    assert_int_equal(sessions_new(&s, MANY), SLUIS_OK);
    assert_null(sessions_next(s, &i));
    for (unsigned k = 0; k < MANY; k++) {
        oin o = user(k);
        assert_non_null(sessions_open(s, &o, k));
    }
    i = 0;
    for (session *at; (at = sessions_next(s, &i)); n++) {
        assert_false(seen[at->generation]);
        seen[at->generation] = true;
    }
    assert_int_equal(n, MANY);
    assert_null(sessions_next(s, &i));
    sessions_free(&s);
}

/* As the bus does when a directory shuts parties out: drop while iterating, one step back after each. */
static void dropping_while_iterating(void **state)
{
    sessions *s = NULL;
    (void)state;
    assert_int_equal(sessions_new(&s, MANY), SLUIS_OK);
    for (unsigned k = 0; k < MANY; k++) {
        oin o = user(k);
        assert_non_null(sessions_open(s, &o, k));
    }
    uint32_t i = 0;
    for (session *at; (at = sessions_next(s, &i));)
        if (at->generation % 3 != 0) {
            sessions_drop(s, at);
            i--;
        }
    assert_int_equal(sessions_count(s), (MANY + 2) / 3);
    for (unsigned k = 0; k < MANY; k++) {
        oin o = user(k);
        assert_int_equal(sessions_find(s, &o) != NULL, k % 3 == 0);
    }
    sessions_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_and_finds),          cmocka_unit_test(the_newest_wins),
        cmocka_unit_test(the_bound_holds),          cmocka_unit_test(what_is_kept_is_bounded),
        cmocka_unit_test(drops_lose_no_other),      cmocka_unit_test(iteration_sees_each_once),
        cmocka_unit_test(dropping_while_iterating),
    };
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
