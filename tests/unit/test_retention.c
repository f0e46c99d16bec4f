/* Forgetting in bounded steps: what goes, what stays, and that a crash or a failing write between any two
 * steps leaves a journal that verifies and a pass that is finished by the next start. */
#include "gateway_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "core/retention.h"
#include "registry/intents.h"

#define NAME   "sluis.test"
#define TODAY  UINT32_C(20000)
#define DAY    UINT64_C(86400000)
#define ENDED  UINT32_C(19990) /* the first of the days that records end on */
#define STEP   7
#define DAYS   3
#define PLENTY UINT64_C(100000)

typedef struct {
    fixture x;
    metrics metrics;
    parts p;
    keypair log;
    journal *journal;
    retention r;
} ground;

static void attach(ground *g)
{
    store_txn *t;
    g->p.store = g->x.store;
    g->p.slots = g->x.slots;
    g->p.rows = keyslots_rows(g->x.slots);
    g->p.metrics = &g->metrics;
    assert_int_equal(
        journal_open(&g->journal, g->x.store, g->x.slots, &(log_keys){.log = &g->log}, NAME, NULL), SLUIS_OK);
    t = fixture_read(&g->x);
    assert_int_equal(retention_load(&g->r, t, g->p.rows), SLUIS_OK);
    store_abort(&t);
}

static void detach(ground *g)
{
    journal_close(&g->journal);
    keyslots_close(&g->x.slots);
    store_close(&g->x.store);
}

static void reattach(ground *g)
{
    fixture_store(&g->x, ENGINE_LMDB);
    assert_int_equal(keyslots_open(&g->x.slots, g->x.slots_path, 64, g->x.km, NULL), SLUIS_OK);
    attach(g);
}

static void ground_open(ground *g, engine e)
{
    uint8_t seed[32] = {9};
    memset(g, 0, sizeof(*g));
    fixture_open(&g->x, e);
    assert_int_equal(keypair_from_seed(&g->log, USE_LOG, seed, 1), SLUIS_OK);
    attach(g);
}

static void ground_close(ground *g)
{
    journal_close(&g->journal);
    keypair_close(&g->log);
    fixture_close(&g->x);
}

/* One commit of n entries, each of a transaction of its own. */
static void add(ground *g, unsigned n, uint8_t klass, uint32_t keep)
{
    journal_entry e;
    store_txn *t = fixture_write(&g->x);
    for (unsigned i = 0; i < n; i++) {
        Sluis__Record r = SLUIS__RECORD__INIT;
        uuid tx = uuid_new(TODAY * DAY);
        r.type = SLUIS__RECORD_TYPE__R_MESSAGE;
        r.when = 1;
        r.transaction = (ProtobufCBinaryData){UUID_LEN, tx.b};
        assert_int_equal(journal_append(g->journal, t, &r, klass, keep, &e), SLUIS_OK);
    }
    assert_int_equal(journal_seal(g->journal, t), SLUIS_OK);
    assert_int_equal(keyslots_sync(g->x.slots), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    journal_committed(g->journal);
}

/* 1 entry of the log's own, 2 * 10 for each of DAYS days that are over, 10 that stay, 5 kept always. */
static void fill(ground *g)
{
    for (uint32_t d = 0; d < DAYS; d++) {
        add(g, 10, 1, ENDED + d);
        add(g, 10, 2, ENDED + d);
    }
    add(g, 10, 1, TODAY);
    add(g, 5, 1, KEEP_ALWAYS);
}

static uint64_t count(ground *g, gateway_table table)
{
    uint64_t n = 0;
    store_txn *t = fixture_read(&g->x);
    assert_int_equal(store_count(t, table, &n), SLUIS_OK);
    store_abort(&t);
    return n;
}

static bool has_day(ground *g, uint8_t klass, uint32_t day)
{
    uint8_t p[HASH_LEN];
    slot_key s;
    keyslots_period(g->x.slots, p, klass, day);
    sluis_err e = keyslots_find(g->x.slots, p, &s);
    assert_true(e == SLUIS_OK || e == SLUIS_NOT_FOUND);
    return e == SLUIS_OK;
}

static void sound(ground *g, uint64_t erased)
{
    journal_report report;
    sluis_fail f = {0};
    if (journal_verify(g->x.store, g->x.slots, NAME, (pubkeys[]){pubkeys_of(g->log.pk)}, TODAY, NULL, NULL,
                       &report, &f))
        fail_msg("%s: %s", f.where, f.text);
    if (erased != UINT64_MAX)
        assert_int_equal(report.erased, erased);
}

/* One turn as core makes it. */
static sluis_err step(ground *g, uint32_t day, uint64_t max)
{
    turn t = {.p = &g->p, .journal = g->journal, .now = day * DAY};
    retention next = g->r;
    assert_int_equal(store_begin_write(g->x.store, &t.t, true), SLUIS_OK);
    sluis_err e = retention_step(&next, &t, max);
    if (!e)
        e = store_commit(&t.t);
    store_abort(&t.t);
    if (!e)
        g->r = next;
    return e;
}

static bool going_on(const ground *g, uint32_t day)
{
    return g->r.day || (g->r.done < day && !g->r.keys_wait);
}

static unsigned whole_pass(ground *g, uint32_t day, uint64_t max)
{
    unsigned steps = 0;
    for (; going_on(g, day); steps++)
        assert_int_equal(step(g, day, max), SLUIS_OK);
    return steps;
}

static void replay(ground *g, uint64_t want)
{
    uint64_t n = 0;
    assert_int_equal(intents_replay(g->x.store, g->x.slots, &n), SLUIS_OK);
    if (want != UINT64_MAX)
        assert_int_equal(n, want);
    journal_drop_keys(g->journal);
    g->r.keys_wait = false;
}

static void nothing_is_over(void **state)
{
    ground g;
    (void)state;
    ground_open(&g, ENGINE_MEMORY);
    whole_pass(&g, ENDED, PLENTY); /* an empty journal */
    fill(&g);
    whole_pass(&g, ENDED, PLENTY); /* the last day counts whole */
    assert_int_equal(count(&g, TABLE_RECORD), 76);
    assert_int_equal(count(&g, TABLE_INTENT), 0);
    assert_int_equal(g.r.removed, 0);
    assert_int_equal(g.r.done, ENDED);
    assert_int_equal(g.r.day, 0);
    assert_int_equal(step(&g, ENDED, PLENTY), SLUIS_OK); /* not twice a day */
    assert_int_equal(g.r.day, 0);
    sound(&g, 0);
    ground_close(&g);
}

static void records_then_keys(void **state)
{
    ground g;
    retention reloaded;
    (void)state;
    ground_open(&g, ENGINE_MEMORY);
    fill(&g);
    uint64_t before = count(&g, TABLE_RECORD);
    while (going_on(&g, TODAY)) { /* bounded: at most STEP records a turn, and no key before the end */
        assert_int_equal(step(&g, TODAY, STEP), SLUIS_OK);
        uint64_t now = count(&g, TABLE_RECORD);
        assert_true(before - now <= STEP);
        before = now;
        assert_true(has_day(&g, 1, ENDED));
        sound(&g, UINT64_MAX);
    }
    assert_int_equal(before, 16);
    assert_int_equal(count(&g, TABLE_TXINDEX), 15);
    assert_int_equal(g.r.removed, 60);
    assert_int_equal(count(&g, TABLE_INTENT), 2 * DAYS);
    assert_int_equal(step(&g, TODAY + 1, STEP), SLUIS_OK); /* no new pass before the keys are gone */
    assert_int_equal(g.r.day, 0);
    replay(&g, 2 * DAYS);
    assert_int_equal(count(&g, TABLE_INTENT), 0);
    for (uint32_t d = 0; d < DAYS; d++)
        assert_false(has_day(&g, 1, ENDED + d) || has_day(&g, 2, ENDED + d));
    assert_true(has_day(&g, 1, TODAY) && has_day(&g, 1, KEEP_ALWAYS) &&
                has_day(&g, KLASS_JOURNAL, KEEP_ALWAYS));
    sound(&g, 60);

    store_txn *t = fixture_read(&g.x);
    assert_int_equal(retention_load(&reloaded, t, g.p.rows), SLUIS_OK);
    store_abort(&t);
    assert_int_equal(reloaded.start, 61); /* the first that is not over */
    assert_int_equal(reloaded.done, TODAY);
    add(&g, 3, 1, ENDED); /* a clock set back: its key is made anew, and goes with the next pass */
    assert_true(has_day(&g, 1, ENDED));
    assert_int_equal(whole_pass(&g, TODAY + 1, PLENTY), 1);
    replay(&g, 2);
    assert_false(has_day(&g, 1, ENDED) || has_day(&g, 1, TODAY));
    assert_int_equal(count(&g, TABLE_RECORD), 6);
    ground_close(&g);
}

/* More days than one pass takes: the next pass takes the rest. */
static void many_days(void **state)
{
    ground g;
    char path[128];
    uint64_t live, erased, slots;
    (void)state;
    ground_open(&g, ENGINE_MEMORY);
    journal_close(&g.journal);
    keyslots_close(&g.x.slots);
    snprintf(path, sizeof(path), "%s/many", g.x.dir);
    assert_int_equal(keyslots_open(&g.x.slots, path, 512, g.x.km, NULL), SLUIS_OK);
    attach(&g);
    for (uint32_t d = 0; d < 2 * RETENTION_DAYS + 10; d++)
        add(&g, 2, 1, TODAY - 1 - d);
    unsigned passes = 0;
    for (; going_on(&g, TODAY); passes++) {
        whole_pass(&g, TODAY, PLENTY);
        replay(&g, UINT64_MAX);
    }
    assert_int_equal(passes, 3);
    keyslots_usage(g.x.slots, &live, &erased, &slots);
    assert_int_equal(live, 1); /* the log's own */
    assert_int_equal(erased, 2 * RETENTION_DAYS + 10);
    assert_int_equal(count(&g, TABLE_RECORD), 1);
    sound(&g, 2 * (2 * RETENTION_DAYS + 10));
    ground_close(&g);
}

/* A record that fails its check stops nothing; with its key it is forgotten. */
static void a_bad_record(void **state)
{
    ground g;
    size_t n;
    (void)state;
    ground_open(&g, ENGINE_MEMORY);
    fill(&g);
    row_copy *rows = fixture_rows(&g.x, TABLE_RECORD, &n);
    rows[12].value[40] ^= 1;
    fixture_put(&g.x, TABLE_RECORD, &rows[12]);
    fixture_rows_free(rows, n);
    whole_pass(&g, TODAY, STEP);
    assert_int_equal(g.r.removed, 59);
    assert_int_equal(count(&g, TABLE_RECORD), 17);
    replay(&g, 2 * DAYS);
    sound(&g, 60);
    ground_close(&g);
}

/* Every write of the pass fails once: the turn has not happened, and is made again. */
static void failing_writes(void **state)
{
    ground g;
    unsigned failed = 0;
    (void)state;
    ground_open(&g, ENGINE_MEMORY);
    fill(&g);
    for (unsigned k = 1; going_on(&g, TODAY); k++) {
        uint64_t before = count(&g, TABLE_RECORD);
        retention old = g.r;
        store_memory_fail_after(g.x.store, k, SLUIS_NO_SPACE);
        sluis_err e = step(&g, TODAY, STEP);
        store_memory_fail_after(g.x.store, 0, SLUIS_OK);
        if (e == SLUIS_OK) {
            k = 0;
            continue;
        }
        failed++;
        assert_int_equal(e, SLUIS_NO_SPACE);
        assert_int_equal(count(&g, TABLE_RECORD), before);
        assert_memory_equal(&old, &g.r, sizeof(old));
        sound(&g, UINT64_MAX);
    }
    assert_true(failed > 120); /* two rows a record, the intents, the note and the commits */
    unsigned in_replay = 0;
    for (unsigned k = 1; count(&g, TABLE_INTENT); k++, in_replay++) {
        uint64_t n;
        store_memory_fail_after(g.x.store, k, SLUIS_NO_SPACE);
        sluis_err e = intents_replay(g.x.store, g.x.slots, &n);
        store_memory_fail_after(g.x.store, 0, SLUIS_OK);
        sound(&g, 60); /* the keys are gone since the first try */
        if (e)
            assert_int_equal(count(&g, TABLE_INTENT), 2 * DAYS);
    }
    assert_int_equal(in_replay, 2 * DAYS + 2);
    print_message("%u failing writes in the pass, %u in the replay\n", failed, in_replay - 1);
    ground_close(&g);
}

/* ---- killed between the steps ---- */

static void paths_of(fixture *x, const char *dir)
{
    snprintf(x->dir, sizeof(x->dir), "%s", dir);
    snprintf(x->store_path, sizeof(x->store_path), "%s/store", x->dir);
    snprintf(x->slots_path, sizeof(x->slots_path), "%s/keys", x->dir);
}

/* This program started again in the folder: does what core does, one action at a time, and is killed after so
 * many. */
static void child(ground *g, unsigned actions)
{
    intents i = {0};
    store_txn *t = NULL;
    reattach(g);
    for (unsigned done = 0;; done++) {
        if (done == actions)
            raise(SIGKILL);
        if (going_on(g, TODAY)) {
            if (step(g, TODAY, STEP))
                _exit(2);
        } else if (i.n == 0) { /* loaded and erased */
            t = fixture_read(&g->x);
            if (intents_load(&i, t, g->x.slots) || !i.n)
                _exit(3);
            store_abort(&t);
            if (intents_erase(&i, g->x.slots))
                _exit(4);
        } else { /* deleted, not committed; then committed */
            t = fixture_write(&g->x);
            if (intents_delete(&i, t))
                _exit(5);
            if (done + 1 == actions)
                raise(SIGKILL);
            if (store_commit(&t))
                _exit(6);
            _exit(0);
        }
    }
}

static void killed_anywhere(void **state)
{
    unsigned kills = 0;
    bool finished = false;
    (void)state;
    for (unsigned actions = 0; !finished; actions++) {
        ground g;
        char text[16];
        int status = 0;
        ground_open(&g, ENGINE_LMDB);
        fill(&g);
        detach(&g);
        pid_t pid = fork();
        assert_true(pid >= 0);
        snprintf(text, sizeof(text), "%u", actions);
        if (pid == 0 && execl("/proc/self/exe", "test_retention", g.x.dir, text, NULL))
            _exit(9);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        finished = WIFEXITED(status);
        if (finished)
            assert_int_equal(WEXITSTATUS(status), 0);
        else
            assert_int_equal(WTERMSIG(status), SIGKILL);
        kills += !finished;

        reattach(
            &g); /* the next start: as it was left it verifies, and so it does after each step from here */
        sound(&g, UINT64_MAX);
        replay(&g, UINT64_MAX);
        assert_int_equal(count(&g, TABLE_INTENT), 0);
        sound(&g, UINT64_MAX);
        while (going_on(&g, TODAY)) {
            assert_int_equal(step(&g, TODAY, STEP), SLUIS_OK);
            sound(&g, UINT64_MAX);
        }
        replay(&g, UINT64_MAX);
        sound(&g, 60);
        assert_int_equal(count(&g, TABLE_RECORD), 16);
        for (uint32_t d = 0; d < DAYS; d++)
            assert_false(has_day(&g, 1, ENDED + d) || has_day(&g, 2, ENDED + d));
        add(&g, 2, 1, TODAY + 1);
        sound(&g, 60);
        ground_close(&g);
    }
    assert_true(kills >= 12);
    print_message("killed at %u points\n", kills);
}

/* An intent erases the key it names and no other. */
static void an_intent_of_another_key(void **state)
{
    ground g;
    uint8_t p[HASH_LEN];
    slot_key s;
    (void)state;
    ground_open(&g, ENGINE_MEMORY);
    add(&g, 1, 1, TODAY);
    keyslots_period(g.x.slots, p, 1, TODAY);
    assert_int_equal(keyslots_find(g.x.slots, p, &s), SLUIS_OK);
    store_txn *t = fixture_write(&g.x);
    assert_int_equal(intents_add(t, g.x.slots, s.slot + 1, &s.sid), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    replay(&g, 1);
    assert_true(has_day(&g, 1, TODAY));
    t = fixture_write(&g.x);
    s.sid.b[0] ^= 1;
    assert_int_equal(intents_add(t, g.x.slots, s.slot, &s.sid), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    replay(&g, 1);
    assert_true(has_day(&g, 1, TODAY));
    assert_int_equal(count(&g, TABLE_INTENT), 0);

    row_copy row = {.key_n = 8, .value = (uint8_t[48]){1}, .value_n = 48}; /* not ours: nothing is erased */
    uint64_t n;
    fixture_put(&g.x, TABLE_INTENT, &row);
    assert_int_equal(intents_replay(g.x.store, g.x.slots, &n), SLUIS_CORRUPT);
    ground_close(&g);
}

int main(int argc, char **argv)
{
    ground g = {0};
    uint8_t seed[32] = {9};
    if (argc == 3) {
        assert_int_equal(crypto_start(), SLUIS_OK);
        assert_int_equal(keypair_from_seed(&g.log, USE_LOG, seed, 1), SLUIS_OK);
        for (size_t i = 0; i < sizeof(g.x.km); i++)
            g.x.km[i] = (uint8_t)(i * 7 + 1);
        paths_of(&g.x, argv[1]);
        child(&g, (unsigned)atoi(argv[2]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_over),
        cmocka_unit_test(records_then_keys),
        cmocka_unit_test(many_days),
        cmocka_unit_test(a_bad_record),
        cmocka_unit_test(failing_writes),
        cmocka_unit_test(killed_anywhere),
        cmocka_unit_test(an_intent_of_another_key),
    };
    return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
