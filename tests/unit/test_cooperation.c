/* The signal that cooperation goes badly: it rises above one share, falls below another, does not flap
 * between, and survives a restart. */
#include "kit_parts.h"
#include "kit_rules.h"

#include "core/cooperation.h"

#define MiB (1u << 20)

typedef struct {
    house h;
    cooperation *c;
    uint64_t now;
} room;

static void room_load(room *r)
{
    store_txn *t = fixture_read(&r->h.x);
    assert_int_equal(cooperation_load(&r->c, &r->h.p, t), SLUIS_OK);
    store_abort(&t);
}

static int setup(void **state)
{
    room *r = calloc(1, sizeof(*r));
    house_open(&r->h);
    r->now = HOUSE_MS;
    room_load(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    room *r = *state;
    cooperation_free(&r->c);
    house_close(&r->h);
    free(r);
    return 0;
}

/* The shipped levels with one thing changed: what was agreed with schools. */
static void agree(room *r, const char *find, const char *by)
{
    kit_set k;
    kit_read(&k);
    kit_replace(&k, "cooperation.conf", "levels = (", find, by);
    rules_unref(&r->h.p.first_rules);
    r->h.p.first_rules = kit_rules(&k);
    kit_close(&k);
}

typedef enum { GIVEN, REFUSED, LATE, FAILED } what;

static void note(turn *t, what w)
{
    if (w == FAILED)
        cooperation_failed(t, OIN_SCHL);
    else if (w == LATE)
        cooperation_late(t, OIN_SCHL);
    else
        cooperation_answered(t, OIN_SCHL, w == REFUSED ? SHARE_ONE : 0, false);
}

/* n requests that end so, a turn each; then housekeeping. The number of signals, and of events so far. */
static void requests(room *r, unsigned n, what w, uint64_t signals, uint64_t events)
{
    uint64_t found = 0;
    for (unsigned i = 0; i <= n; i++) {
        turn t = house_begin(&r->h, ++r->now, MiB);
        t.cooperation = r->c;
        if (i < n)
            note(&t, w);
        assert_int_equal(cooperation_step(r->c, &t), SLUIS_OK);
        assert_int_equal(store_count(t.t, TABLE_EVENT, &found), SLUIS_OK);
        house_commit(&r->h, &t);
        cooperation_committed(r->c, true);
    }
    assert_int_equal(r->h.metrics.cooperation_signals, signals);
    assert_int_equal(found, events);
}

static void rises_and_falls(void **state)
{
    room *r = *state;
    requests(r, 13, REFUSED, 0, 0); /* 49 % */
    requests(r, 1, REFUSED, 1, 1);  /* 51 % */
    requests(r, 1, GIVEN, 1, 1);    /* below 50 % again: it stays */
    requests(r, 1, REFUSED, 1, 1);  /* and is not said twice */
    requests(r, 10, GIVEN, 1, 1);   /* 30 % */
    requests(r, 4, GIVEN, 0, 2);    /* 24 % */
    requests(r, 7, REFUSED, 0, 2);  /* back between: it stays silent */
}

static void each_share_has_its_own(void **state)
{
    room *r = *state;
    requests(r, 14, LATE, 1, 1);
    requests(r, 14, FAILED, 2, 2);
    requests(r, 40, GIVEN, 0, 4);
}

static void not_before_there_were_enough(void **state)
{
    room *r = *state;
    agree(r, "requests = 10", "requests = 30");
    requests(r, 29, REFUSED, 0, 0);
    requests(r, 1, REFUSED, 1, 1);
}

/* Other shares were agreed: each holds for its own kind. */
static void what_was_agreed_decides(void **state)
{
    room *r = *state;
    agree(r, "refused_percent = 50", "refused_percent = 80");
    requests(r, 14, REFUSED, 0, 0); /* 51 %: a signal, were it the limit of the configuration */
    requests(r, 14, LATE, 1, 1);
    requests(r, 20, REFUSED, 1, 3); /* 82 %; and they were not late */
}

/* Nothing was agreed with this domain: the configuration's limits. */
static void without_a_level(void **state)
{
    room *r = *state;
    agree(r, "\"onderwijs\", ", "");
    r->h.settings.signal_min = 20;
    requests(r, 19, REFUSED, 0, 0);
    requests(r, 1, REFUSED, 1, 1);
}

/* Accounts stay apart and in their order, whoever comes first. */
static void many_parties(void **state)
{
    room *r = *state;
    char who[OIN_LEN + 1];
    turn t = house_begin(&r->h, ++r->now, MiB);
    t.cooperation = r->c;
    for (unsigned i = 0; i < 1200; i++) {
        snprintf(who, sizeof who, "00000099%06u%06u", 7919 * i % 400, 0);
        cooperation_late(&t, who);
    }
    house_commit(&r->h, &t);
    cooperation_committed(r->c, false);
    t = house_begin(&r->h, ++r->now, MiB);
    t.cooperation = r->c;
    assert_int_equal(cooperation_step(r->c, &t), SLUIS_OK);
    uint64_t rows = 0;
    store_cursor *c = NULL;
    bytes key, value, prefix = bytes_str(COOPERATION_PREFIX);
    assert_int_equal(store_cursor_open(t.t, TABLE_META, prefix, prefix, &c), SLUIS_OK);
    while (store_cursor_next(c, &key, &value) == SLUIS_OK) {
        ProtobufCMessage *m = NULL;
        assert_int_equal(
            rows_open(r->h.p.rows, TABLE_META, key, value, t.arena, &sluis__cooperation_row__descriptor, &m),
            SLUIS_OK);
        assert_int_equal(((Sluis__CooperationRow *)m)->count, 3);
        rows++;
    }
    store_cursor_close(&c);
    house_commit(&r->h, &t);
    cooperation_committed(r->c, true);
    assert_int_equal(rows, 400);
}

static void survives_a_restart(void **state)
{
    room *r = *state;
    requests(r, 14, REFUSED, 1, 1);
    cooperation_free(&r->c);
    r->h.metrics.cooperation_signals = 0;
    room_load(r);
    assert_int_equal(r->h.metrics.cooperation_signals, 1);
    requests(r, 1, REFUSED, 1, 1); /* not raised again */
}

/* A turn that did not happen counts nothing. */
static void undone(void **state)
{
    room *r = *state;
    for (int i = 0; i < 20; i++) {
        turn t = house_begin(&r->h, ++r->now, MiB);
        t.cooperation = r->c;
        note(&t, REFUSED);
        house_abort(&r->h, &t);
        cooperation_rolled_back(r->c);
    }
    requests(r, 0, GIVEN, 0, 0);
    requests(r, 13, REFUSED, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rises_and_falls, setup, teardown),
        cmocka_unit_test_setup_teardown(each_share_has_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(not_before_there_were_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_agreed_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_level, setup, teardown),
        cmocka_unit_test_setup_teardown(many_parties, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(undone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
