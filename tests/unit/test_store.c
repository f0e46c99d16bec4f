/* store/: one conformance suite for every engine, then what only files can show: reopening, format, locks,
 * copies, quota, a full disk and a kill at any moment. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store.h"

enum { ALPHA, BETA, GAMMA, DELTA, TABLES }; /* the last two share a tree */
static const store_table names[TABLES] = {{.name = "alpha"},
                                          {.name = "beta"},
                                          {.name = "gamma", .tree = "joint", .key_len = 2},
                                          {.name = "delta", .tree = "joint", .key_len = 3}};

typedef struct {
    bool memory;
    char dir[64];
    store *s;
} fixture;

static store_options options(const char *path)
{
    return (store_options){.path = path,
                           .tables = names,
                           .table_count = TABLES,
                           .format = "sluis-test",
                           .format_version = 3,
                           .map_bytes = UINT64_C(1) << 40,
                           .quota_bytes = UINT64_C(1) << 30,
                           .max_readers = 32};
}

static void open_store(fixture *x)
{
    store_options o = options(x->memory ? NULL : x->dir);
    sluis_fail f = {0};
    sluis_err e = x->memory ? store_open_memory(&x->s, &o, &f) : store_open_lmdb(&x->s, &o, &f);
    if (e)
        print_message("%s: %s\n", f.where, f.text);
    assert_int_equal(e, SLUIS_OK);
}

static int setup(void **state, bool memory)
{
    fixture *x = calloc(1, sizeof *x);
    x->memory = memory;
    strcpy(x->dir, "/tmp/sluis-store-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    open_store(x);
    *state = x;
    return 0;
}

static int setup_memory(void **state)
{
    return setup(state, true);
}

static int setup_lmdb(void **state)
{
    return setup(state, false);
}

static void remove_dir(const char *dir)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    char p[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(p, sizeof p, "%s/%s", dir, files[i]);
        unlink(p);
    }
    rmdir(dir);
}

static int teardown(void **state)
{
    fixture *x = *state;
    store_close(&x->s);
    store_close(&x->s);
    remove_dir(x->dir);
    free(x);
    return 0;
}

#define S(text) bytes_str(text)

static store_txn *writing(store *s)
{
    store_txn *t;
    assert_int_equal(store_begin_write(s, &t, false), SLUIS_OK);
    return t;
}

static store_txn *reading(store *s)
{
    store_txn *t;
    assert_int_equal(store_begin_read(s, &t), SLUIS_OK);
    return t;
}

static void put_one(store *s, unsigned table, const char *k, const char *v)
{
    store_txn *t = writing(s);
    assert_int_equal(store_put(t, table, S(k), S(v)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    assert_null(t);
}

static void expect(store_txn *t, unsigned table, const char *k, const char *v)
{
    bytes got;
    sluis_err e = store_get(t, table, S(k), &got);
    assert_int_equal(e, v ? SLUIS_OK : SLUIS_NOT_FOUND);
    if (v) {
        assert_int_equal(got.n, strlen(v));
        assert_memory_equal(got.p, v, got.n);
    }
}

/* The keys of a range, joined by spaces. */
static void expect_range(store_txn *t, const char *from, const char *prefix, const char *keys)
{
    char got[512] = "";
    store_cursor *c;
    bytes k, v;
    assert_int_equal(store_cursor_open(t, ALPHA, S(from), S(prefix), &c), SLUIS_OK);
    while (store_cursor_next(c, &k, &v) == SLUIS_OK)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", got[0] ? " " : "", (int)k.n,
                 (const char *)k.p);
    assert_int_equal(store_cursor_next(c, &k, &v), SLUIS_NOT_FOUND);
    store_cursor_close(&c);
    store_cursor_close(&c);
    assert_string_equal(got, keys);
}

/* ---- conformance ---- */

static void puts_and_gets(void **state)
{
    store *s = ((fixture *)*state)->s;
    store_txn *t = writing(s);
    assert_int_equal(store_put(t, ALPHA, S("k"), S("one")), SLUIS_OK);
    expect(t, ALPHA, "k", "one"); /* its own writes are seen */
    expect(t, BETA, "k", NULL);   /* tables are apart */
    assert_int_equal(store_put(t, ALPHA, S("k"), S("two")), SLUIS_OK);
    assert_int_equal(store_put(t, ALPHA, S("empty"), S("")), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = reading(s);
    expect(t, ALPHA, "k", "two");
    expect(t, ALPHA, "empty", "");
    expect(t, ALPHA, "K", NULL);
    uint64_t n;
    assert_int_equal(store_count(t, ALPHA, &n), SLUIS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(store_count(t, BETA, &n), SLUIS_OK);
    assert_int_equal(n, 0);
    store_abort(&t);
    store_abort(&t);
}

static void put_new_and_delete(void **state)
{
    store *s = ((fixture *)*state)->s;
    store_txn *t = writing(s);
    assert_int_equal(store_put_new(t, ALPHA, S("b"), S("1")), SLUIS_OK);
    assert_int_equal(store_put_new(t, ALPHA, S("b"), S("2")), SLUIS_EXISTS);
    assert_int_equal(store_error(t), SLUIS_OK);
    expect(t, ALPHA, "b", "1");
    assert_int_equal(store_put_new(t, ALPHA, S("c"), S("3")), SLUIS_OK);
    assert_int_equal(store_delete(t, ALPHA, S("zz")), SLUIS_NOT_FOUND);
    assert_int_equal(store_error(t), SLUIS_OK);
    assert_int_equal(store_delete(t, ALPHA, S("b")), SLUIS_OK);
    expect(t, ALPHA, "b", NULL);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = reading(s);
    expect(t, ALPHA, "b", NULL);
    expect(t, ALPHA, "c", "3");
    store_abort(&t);
}

static void errors_stick(void **state)
{
    store *s = ((fixture *)*state)->s;
    uint8_t key[STORE_KEY_MAX + 1];
    memset(key, 'k', sizeof key);
    put_one(s, ALPHA, "old", "1");
    store_txn *t = writing(s);
    assert_int_equal(store_put(t, ALPHA, BYTES(key, STORE_KEY_MAX), S("longest")), SLUIS_OK);
    assert_int_equal(store_put(t, ALPHA, BYTES_OF(key), S("v")), SLUIS_TOO_BIG);
    bytes v;
    assert_int_equal(store_get(t, ALPHA, S("old"), &v), SLUIS_TOO_BIG);
    assert_null(v.p);
    assert_int_equal(store_delete(t, ALPHA, S("old")), SLUIS_TOO_BIG);
    store_cursor *c;
    assert_int_equal(store_cursor_open(t, ALPHA, S(""), S(""), &c), SLUIS_TOO_BIG);
    assert_null(c);
    assert_int_equal(store_commit(&t), SLUIS_TOO_BIG);
    t = writing(s);
    assert_int_equal(store_put(t, ALPHA, S(""), S("v")), SLUIS_INVALID);
    assert_int_equal(store_commit(&t), SLUIS_INVALID);
    t = writing(s);
    assert_int_equal(store_put(t, TABLES, S("k"), S("v")), SLUIS_INVALID);
    store_abort(&t);
    t = writing(s);
    assert_int_equal(store_put(t, ALPHA, S("k"), BYTES(key, (size_t)STORE_VALUE_MAX + 1)), SLUIS_TOO_BIG);
    store_abort(&t);
    t = reading(s);
    assert_int_equal(store_put(t, ALPHA, S("k"), S("v")), SLUIS_PERMISSION);
    assert_int_equal(store_commit(&t), SLUIS_PERMISSION);
    t = reading(s);
    uint64_t n;
    assert_int_equal(store_count(t, ALPHA, &n), SLUIS_OK);
    assert_int_equal(n, 1);
    store_abort(&t);
}

static void abort_leaves_nothing(void **state)
{
    store *s = ((fixture *)*state)->s;
    put_one(s, ALPHA, "a", "1");
    store_txn *t = writing(s);
    store_put(t, ALPHA, S("a"), S("2"));
    store_put(t, ALPHA, S("b"), S("2"));
    store_abort(&t);
    t = reading(s);
    expect(t, ALPHA, "a", "1");
    expect(t, ALPHA, "b", NULL);
    store_abort(&t);
}

static void snapshots_stand_still(void **state)
{
    store *s = ((fixture *)*state)->s;
    put_one(s, ALPHA, "a", "1");
    store_txn *before = reading(s);
    store_txn *w = writing(s);
    store_put(w, ALPHA, S("a"), S("2"));
    store_put(w, ALPHA, S("b"), S("2"));
    expect(before, ALPHA, "a", "1");
    store_txn *during = reading(s);
    expect(during, ALPHA, "b", NULL);
    assert_int_equal(store_commit(&w), SLUIS_OK);
    expect(during, ALPHA, "a", "1");
    expect_range(before, "", "", "a");
    w = writing(s);
    store_delete(w, ALPHA, S("a"));
    assert_int_equal(store_commit(&w), SLUIS_OK);
    expect(before, ALPHA, "a", "1");
    store_txn *after = reading(s);
    expect(after, ALPHA, "a", NULL);
    expect(after, ALPHA, "b", "2");
    store_health h;
    assert_int_equal(store_health_get(s, &h), SLUIS_OK);
    assert_int_equal(h.readers, 3);
    assert_int_equal(h.max_readers, 32);
    assert_int_equal(h.syncs, 3);
    assert_true(h.used_bytes > 0 && h.used_bytes < h.quota_bytes);
    store_abort(&before);
    store_abort(&during);
    store_abort(&after);
}

static void ranges(void **state)
{
    store *s = ((fixture *)*state)->s;
    static const char *const keys[] = {"b1", "a", "b", "c", "b2", "ba"};
    store_txn *t = writing(s);
    for (size_t i = 0; i < 6; i++)
        store_put(t, ALPHA, S(keys[i]), S("v"));
    expect_range(t, "", "", "a b b1 b2 ba c");
    expect_range(t, "", "b", "b b1 b2 ba");
    expect_range(t, "b2", "b", "b2 ba");
    expect_range(t, "a", "b", "b b1 b2 ba"); /* from before the prefix */
    expect_range(t, "c", "b", "");
    expect_range(t, "b11", "", "b2 ba c");
    expect_range(t, "", "d", "");
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = reading(s);
    expect_range(t, "b1", "", "b1 b2 ba c");
    store_cursor *c;
    bytes k, v;
    assert_int_equal(store_cursor_open(t, BETA, S(""), S(""), &c), SLUIS_OK);
    assert_int_equal(store_cursor_next(c, &k, &v), SLUIS_NOT_FOUND);
    store_cursor_close(&c);
    store_abort(&t);
}

static void expect_keys(store_txn *t, unsigned table, const char *from, const char *prefix, const char *keys)
{
    char got[512] = "";
    store_cursor *c;
    bytes k, v;
    assert_int_equal(store_cursor_open(t, table, S(from), S(prefix), &c), SLUIS_OK);
    while (store_cursor_next(c, &k, &v) == SLUIS_OK)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s=%.*s ", (int)k.n, (const char *)k.p,
                 (int)v.n, (const char *)v.p);
    store_cursor_close(&c);
    assert_string_equal(got, keys);
}

/* Two tables in one tree know nothing of each other. */
static void shared_tree(void **state)
{
    store *s = ((fixture *)*state)->s;
    store_txn *t = writing(s);
    bytes k, v;
    uint64_t n;
    assert_int_equal(store_put(t, GAMMA, S("aa"), S("1")), SLUIS_OK);
    assert_int_equal(store_put(t, DELTA, S("aaa"), S("2")), SLUIS_OK);
    assert_int_equal(store_put(t, DELTA, S("ab\x01"), S("3")), SLUIS_OK);
    assert_int_equal(store_put(t, GAMMA, S("ab"), S("4")), SLUIS_OK);
    assert_int_equal(store_put(t, DELTA, S("acc"), S("5")), SLUIS_OK);
    assert_int_equal(store_put(t, DELTA, S("azz"), S("6")), SLUIS_OK);
    expect(t, GAMMA, "aa", "1");
    expect(t, DELTA, "aa", NULL); /* no key of this table has two bytes */
    expect(t, DELTA, "aaa", "2");
    expect(t, GAMMA, "aaa", NULL);
    expect_keys(t, GAMMA, "", "", "aa=1 ab=4 ");
    expect_keys(t, DELTA, "", "", "aaa=2 ab\x01=3 acc=5 azz=6 ");
    expect_keys(t, DELTA, "ab", "", "ab\x01=3 acc=5 azz=6 ");
    expect_keys(t, DELTA, "", "ab", "ab\x01=3 ");
    expect_keys(t, GAMMA, "ab", "a", "ab=4 ");
    assert_int_equal(store_last(t, GAMMA, S(""), &k, &v), SLUIS_OK);
    assert_true(bytes_equal(k, S("ab")) && bytes_equal(v, S("4")));
    assert_int_equal(store_last(t, GAMMA, S("ac"), &k, &v), SLUIS_NOT_FOUND);
    assert_int_equal(store_last(t, DELTA, S("a"), &k, &v), SLUIS_OK);
    assert_true(bytes_equal(k, S("azz")));
    assert_int_equal(store_count(t, GAMMA, &n), SLUIS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(store_count(t, DELTA, &n), SLUIS_OK);
    assert_int_equal(n, 4);
    assert_int_equal(store_delete(t, GAMMA, S("ab\x01")), SLUIS_NOT_FOUND);
    assert_int_equal(store_delete(t, DELTA, S("ab\x01")), SLUIS_OK);
    assert_int_equal(store_put_new(t, GAMMA, S("ab"), S("7")), SLUIS_EXISTS);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = reading(s);
    expect_keys(t, GAMMA, "", "", "aa=1 ab=4 ");
    expect_keys(t, DELTA, "", "", "aaa=2 acc=5 azz=6 ");
    store_abort(&t);
    t = writing(s); /* a key of another length is refused */
    assert_int_equal(store_put(t, GAMMA, S("abc"), S("8")), SLUIS_INVALID);
    store_abort(&t);
}

/* A key of none of its tables is damage, to each of them. */
static void stranger_in_a_shared_tree(void **state)
{
    fixture *x = *state;
    static const store_table plain[] = {{.name = "joint"}};
    static const char *const strangers[] = {"ab\x04", "ab\x01", "abc\x02", "a\x03"};
    sluis_fail f = {0};
    put_one(x->s, GAMMA, "aa", "1");
    put_one(x->s, DELTA, "zzz", "1");
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        store_options o = options(x->dir);
        store_cursor *c;
        bytes k, v;
        o.tables = plain;
        o.table_count = 1;
        store_close(&x->s);
        assert_int_equal(store_open_lmdb(&x->s, &o, &f), SLUIS_OK);
        put_one(x->s, 0, strangers[i], "?");
        store_close(&x->s);
        open_store(x);
        for (unsigned table = GAMMA; table <= DELTA; table++) {
            store_txn *t = reading(x->s);
            sluis_err e;
            assert_int_equal(store_cursor_open(t, table, S(""), S(""), &c), SLUIS_OK);
            while ((e = store_cursor_next(c, &k, &v)) == SLUIS_OK)
                ;
            assert_int_equal(e, SLUIS_CORRUPT);
            store_cursor_close(&c);
            store_abort(&t);
        }
        store_close(&x->s);
        assert_int_equal(store_open_lmdb(&x->s, &o, &f), SLUIS_OK);
        store_txn *t = writing(x->s);
        assert_int_equal(store_delete(t, 0, S(strangers[i])), SLUIS_OK);
        assert_int_equal(store_commit(&t), SLUIS_OK);
    }
}

static void expect_last(store_txn *t, bytes prefix, const char *key)
{
    bytes k, v;
    assert_int_equal(store_last(t, ALPHA, prefix, &k, &v), key ? SLUIS_OK : SLUIS_NOT_FOUND);
    if (key) {
        assert_int_equal(k.n, strlen(key));
        assert_memory_equal(k.p, key, k.n);
        assert_int_equal(v.n, 1);
    }
}

static void last_of_prefix(void **state)
{
    store *s = ((fixture *)*state)->s;
    store_txn *t = writing(s);
    expect_last(t, S(""), NULL);
    store_put(t, ALPHA, S("b1"), S("v"));
    store_put(t, ALPHA, S("b2"), S("v"));
    store_put(t, ALPHA, S("c\xff"), S("v"));
    store_put(t, ALPHA, S("c\xff\xff"), S("v"));
    expect_last(t, S("b"), "b2");
    expect_last(t, S("b1"), "b1");
    expect_last(t, S("a"), NULL);
    expect_last(t, S("d"), NULL);
    expect_last(t, S("c\xff"), "c\xff\xff");
    expect_last(t, S("\xff\xff"), NULL);
    expect_last(t, S(""), "c\xff\xff");
    store_put(t, ALPHA, S("\xff\xff\x01"), S("v"));
    expect_last(t, S("\xff\xff"), "\xff\xff\x01");
    store_abort(&t);
}

static void deleting_under_a_cursor(void **state)
{
    store *s = ((fixture *)*state)->s;
    store_txn *t = writing(s);
    char key[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "k%04d", i);
        assert_int_equal(store_put(t, ALPHA, S(key), S("some value to fill pages with")), SLUIS_OK);
    }
    store_cursor *c;
    bytes k, v;
    unsigned seen = 0;
    assert_int_equal(store_cursor_open(t, ALPHA, S(""), S("k"), &c), SLUIS_OK);
    while (store_cursor_next(c, &k, &v) == SLUIS_OK) {
        snprintf(key, sizeof key, "k%04u", seen);
        assert_memory_equal(k.p, key, 5);
        if (seen++ % 3 == 0)
            assert_int_equal(store_delete(t, ALPHA, k), SLUIS_OK);
        else
            assert_int_equal(store_put(t, BETA, S(key), S("x")), SLUIS_OK);
    }
    store_cursor_close(&c);
    assert_int_equal(seen, 1000);
    uint64_t n;
    store_count(t, ALPHA, &n);
    assert_int_equal(n, 666);
    assert_int_equal(store_commit(&t), SLUIS_OK);
}

/* Against a plain array, in a random order. */
static void many_random_writes(void **state)
{
    store *s = ((fixture *)*state)->s;
    static int model[2000];
    memset(model, 0, sizeof model);
    unsigned seed = 42, present = 0;
    for (int round = 1; round <= 20; round++) {
        store_txn *t = writing(s);
        for (int i = 0; i < 500; i++) {
            int at = rand_r(&seed) % 2000;
            char key[16], value[16];
            snprintf(key, sizeof key, "%d", at);
            snprintf(value, sizeof value, "%d", round * 1000 + i);
            if (rand_r(&seed) % 3 == 0) {
                assert_int_equal(store_delete(t, ALPHA, S(key)), model[at] ? SLUIS_OK : SLUIS_NOT_FOUND);
                model[at] = 0;
            } else {
                assert_int_equal(store_put(t, ALPHA, S(key), S(value)), SLUIS_OK);
                model[at] = round * 1000 + i;
            }
        }
        assert_int_equal(store_commit(&t), SLUIS_OK);
    }
    store_txn *t = reading(s);
    for (int i = 0; i < 2000; i++) {
        char key[16], value[16];
        snprintf(key, sizeof key, "%d", i);
        snprintf(value, sizeof value, "%d", model[i]);
        expect(t, ALPHA, key, model[i] ? value : NULL);
        present += model[i] != 0;
    }
    uint64_t n;
    store_count(t, ALPHA, &n);
    assert_int_equal(n, present);
    store_abort(&t);
}

#define PLACES 2500

/* One row of the walk below: put, put anew, read or deleted; the value's length (0: none) says what it is. */
static void visit(store_txn *t, unsigned *seed, unsigned how, size_t place, uint16_t *lengths)
{
    static uint8_t value[3000];
    uint8_t key[4] = {(uint8_t)(place >> 8), (uint8_t)place, 7, 7};
    uint16_t n = (uint16_t)(1 + (unsigned)rand_r(seed) % (rand_r(seed) % 16 ? 300 : sizeof value));
    bytes got;
    sluis_err there = lengths[place] ? SLUIS_OK : SLUIS_NOT_FOUND;
    memset(value, (int)(n % 251), n);
    switch (how) {
    case 0:
        assert_int_equal(store_put(t, ALPHA, BYTES_OF(key), BYTES(value, n)), SLUIS_OK);
        lengths[place] = n;
        return;
    case 1:
        assert_int_equal(store_put_new(t, ALPHA, BYTES_OF(key), BYTES(value, n)),
                         there ? SLUIS_OK : SLUIS_EXISTS);
        lengths[place] = there ? n : lengths[place];
        return;
    case 2:
        assert_int_equal(store_delete(t, ALPHA, BYTES_OF(key)), there);
        lengths[place] = 0;
        return;
    default:
        assert_int_equal(store_get(t, ALPHA, BYTES_OF(key), &got), there);
        assert_int_equal(got.n, lengths[place]);
        for (size_t i = 0; i < got.n; i++)
            assert_int_equal(got.p[i], got.n % 251);
    }
}

/* Exactly what stands, in its order. */
static void expect_places(store_txn *t, const uint16_t *lengths)
{
    store_cursor *c;
    bytes k, v;
    assert_int_equal(store_cursor_open(t, ALPHA, S(""), S(""), &c), SLUIS_OK);
    for (size_t place = 0; place < PLACES; place++) {
        if (!lengths[place])
            continue;
        assert_int_equal(store_cursor_next(c, &k, &v), SLUIS_OK);
        assert_int_equal((size_t)k.p[0] << 8 | k.p[1], place);
        assert_int_equal(v.n, lengths[place]);
    }
    assert_int_equal(store_cursor_next(c, &k, &v), SLUIS_NOT_FOUND);
    store_cursor_close(&c);
}

/* Runs of neighbours, up and down, of all kinds of rows, beside a cursor that goes its own way: pages fill,
 * split, empty and merge under it. */
static void neighbours_in_any_order(void **state)
{
    store *s = ((fixture *)*state)->s;
    static uint16_t lengths[PLACES], before[PLACES];
    unsigned seed = 7;
    memset(lengths, 0, sizeof lengths);
    for (unsigned round = 0; round < 40; round++) {
        store_txn *t = writing(s);
        store_cursor *c;
        bytes k, v;
        memcpy(before, lengths, sizeof lengths);
        assert_int_equal(store_cursor_open(t, ALPHA, S(""), S(""), &c), SLUIS_OK);
        for (unsigned run = 0; run < 60; run++) {
            size_t n = 1 + (size_t)rand_r(&seed) % 60, from = (size_t)rand_r(&seed) % (PLACES - n);
            bool down = rand_r(&seed) % 2;
            unsigned how = (unsigned)rand_r(&seed) % (round % 8 == 7 ? 3 : 5);
            how = round % 8 == 7 && run > 20 ? 2 : how; /* now and then nearly all goes */
            n = how == 2 && round % 8 == 7 ? PLACES - from : n;
            for (size_t i = 0; i < n; i++)
                visit(t, &seed, how == 4 ? (unsigned)rand_r(&seed) % 4 : how, from + (down ? n - 1 - i : i),
                      lengths);
            assert_int_not_equal(store_cursor_next(c, &k, &v), SLUIS_CORRUPT);
        }
        store_cursor_close(&c);
        expect_places(t, lengths);
        if (round % 5 == 4) {
            store_abort(&t);
            memcpy(lengths, before, sizeof lengths);
        } else {
            assert_int_equal(store_commit(&t), SLUIS_OK);
        }
        t = reading(s);
        expect_places(t, lengths);
        store_abort(&t);
    }
}

static void big_values(void **state)
{
    store *s = ((fixture *)*state)->s;
    size_t n = 1 << 20;
    uint8_t *big = malloc(n);
    for (size_t i = 0; i < n; i++)
        big[i] = (uint8_t)(i * 7);
    store_txn *t = writing(s);
    assert_int_equal(store_put(t, ALPHA, S("big"), BYTES(big, n)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = reading(s);
    bytes v;
    assert_int_equal(store_get(t, ALPHA, S("big"), &v), SLUIS_OK);
    assert_int_equal(v.n, n);
    assert_memory_equal(v.p, big, n);
    store_abort(&t);
    free(big);
}

static void *read_in_thread(void *arg)
{
    store *s = arg;
    for (int i = 0; i < 200; i++) {
        store_txn *t;
        bytes a, b;
        if (store_begin_read(s, &t))
            return "begin";
        sluis_err e = store_get(t, ALPHA, S("x"), &a);
        sluis_err g = store_get(t, BETA, S("x"), &b);
        bool same = e == g && bytes_equal(a, b);
        store_abort(&t);
        if (!same)
            return "half a transaction was seen";
    }
    return NULL;
}

static void readers_beside_a_writer(void **state)
{
    store *s = ((fixture *)*state)->s;
    pthread_t th[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&th[i], NULL, read_in_thread, s), 0);
    for (int i = 0; i < 50; i++) {
        char v[16];
        snprintf(v, sizeof v, "%d", i);
        store_txn *t = writing(s);
        store_put(t, ALPHA, S("x"), S(v));
        store_put(t, BETA, S("x"), S(v));
        assert_int_equal(store_commit(&t), SLUIS_OK);
    }
    for (int i = 0; i < 3; i++) {
        void *why;
        pthread_join(th[i], &why);
        assert_null(why);
    }
}

static void reader_slots_are_bounded(void **state)
{
    store *s = ((fixture *)*state)->s;
    store_txn *t[32], *more;
    for (int i = 0; i < 32; i++)
        t[i] = reading(s);
    assert_int_equal(store_begin_read(s, &more), SLUIS_FULL);
    assert_null(more);
    store_abort(&t[7]);
    t[7] = reading(s);
    for (int i = 0; i < 32; i++)
        store_abort(&t[i]);
    unsigned stale = 9;
    assert_int_equal(store_check_readers(s, &stale), SLUIS_OK);
    assert_int_equal(stale, 0);
}

/* ---- quota ---- */

static void quota_stops_ordinary_writes(bool memory)
{
    fixture x = {.memory = memory};
    strcpy(x.dir, "/tmp/sluis-store-XXXXXX");
    assert_non_null(mkdtemp(x.dir));
    store_options o = options(memory ? NULL : x.dir);
    o.quota_bytes = 2 << 20;
    o.map_bytes = 8 << 20;
    assert_int_equal(memory ? store_open_memory(&x.s, &o, NULL) : store_open_lmdb(&x.s, &o, NULL), SLUIS_OK);
    uint8_t value[3000] = {0};
    char key[16];
    sluis_err e = SLUIS_OK;
    int stored = 0;
    while (e == SLUIS_OK && stored < 2000) {
        store_txn *t = writing(x.s);
        for (int i = 0; i < 20; i++) {
            snprintf(key, sizeof key, "%06d", stored + i);
            store_put(t, ALPHA, S(key), BYTES_OF(value));
        }
        e = store_commit(&t);
        stored += e ? 0 : 20;
    }
    assert_int_equal(e, SLUIS_NO_SPACE);
    assert_in_range(stored, 300, 700);
    store_health h;
    store_health_get(x.s, &h);
    assert_in_range(h.used_bytes, (2 << 20) * 8 / 10, (2 << 20) + 65536);

    store_txn *t; /* reserved writes and deletes still go */
    assert_int_equal(store_begin_write(x.s, &t, true), SLUIS_OK);
    assert_int_equal(store_put(t, BETA, S("done"), BYTES_OF(value)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = writing(x.s);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "%06d", i);
        assert_int_equal(store_delete(t, ALPHA, S(key)), SLUIS_OK);
    }
    assert_int_equal(store_commit(&t), SLUIS_OK);
    t = writing(x.s); /* and it heals */
    assert_int_equal(store_put(t, ALPHA, S("again"), BYTES_OF(value)), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_OK);
    store_close(&x.s);
    remove_dir(x.dir);
}

static void quota_memory(void **state)
{
    (void)state;
    quota_stops_ordinary_writes(true);
}

static void quota_lmdb(void **state)
{
    (void)state;
    quota_stops_ordinary_writes(false);
}

/* Beyond the quota even reserved writes meet the end of the map: refused, and what stood still stands. */
static void map_full(void **state)
{
    (void)state;
    char dir[] = "/tmp/sluis-store-XXXXXX";
    assert_non_null(mkdtemp(dir));
    store_options o = options(dir);
    o.quota_bytes = 1 << 20;
    o.map_bytes = 2 << 20;
    store *s;
    assert_int_equal(store_open_lmdb(&s, &o, NULL), SLUIS_OK);
    put_one(s, BETA, "kept", "yes");
    uint8_t value[3000] = {0};
    sluis_err e = SLUIS_OK;
    for (int i = 0; e == SLUIS_OK && i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof key, "%06d", i);
        store_txn *t;
        assert_int_equal(store_begin_write(s, &t, true), SLUIS_OK);
        store_put(t, ALPHA, S(key), BYTES_OF(value));
        e = store_commit(&t);
    }
    assert_int_equal(e, SLUIS_NO_SPACE);
    store_txn *t = reading(s);
    expect(t, BETA, "kept", "yes");
    store_abort(&t);
    store_close(&s);
    remove_dir(dir);
}

/* A real full disk, where we may mount one. */
static void disk_full(void **state)
{
    (void)state;
    char dir[] = "/tmp/sluis-disk-XXXXXX", sub[64];
    assert_non_null(mkdtemp(dir));
    if (mount("tmpfs", dir, "tmpfs", 0, "size=4m") != 0) {
        rmdir(dir);
        print_message("skipped: mounting a small disk needs root\n");
        skip();
    }
    snprintf(sub, sizeof sub, "%s/store", dir);
    store_options o = options(sub);
    o.quota_bytes = 64 << 20;
    store *s;
    sluis_err e = store_open_lmdb(&s, &o, NULL);
    int stored = 0;
    uint8_t value[3000] = {0};
    char key[16];
    store_txn *t;
    bool reserved_went = false, reserved_stopped = false, healed = false;
    while (e == SLUIS_OK && stored < 5000) {
        snprintf(key, sizeof key, "%06d", stored);
        t = writing(s);
        store_put(t, ALPHA, S(key), BYTES_OF(value));
        if ((e = store_commit(&t)) == SLUIS_OK)
            stored++;
    }
    sluis_err ordinary = e;
    for (int i = 0; s && i < 3000; i++) {
        assert_int_equal(store_begin_write(s, &t, true), SLUIS_OK);
        snprintf(key, sizeof key, "%06d", i);
        store_put(t, BETA, S(key), BYTES_OF(value));
        if ((e = store_commit(&t)) != SLUIS_OK)
            break;
        reserved_went = i > 50;
    }
    reserved_stopped = e == SLUIS_NO_SPACE;
    int fd = open(dir, O_RDONLY);
    close(fd);
    if (mount("tmpfs", dir, "tmpfs", MS_REMOUNT, "size=32m") == 0) {
        t = writing(s);
        store_put(t, ALPHA, S("again"), BYTES_OF(value));
        healed = store_commit(&t) == SLUIS_OK;
    }
    store_close(&s);
    umount(dir);
    rmdir(dir);
    assert_int_equal(ordinary, SLUIS_NO_SPACE);
    assert_in_range(stored, 100, 1400);
    assert_true(reserved_went);
    assert_true(reserved_stopped);
    assert_true(healed);
}

/* ---- memory: faults ---- */

static void faults_on_request(void **state)
{
    store *s = ((fixture *)*state)->s;
    put_one(s, ALPHA, "a", "1");
    store_memory_fail_after(s, 2, SLUIS_IO);
    store_txn *t = writing(s);
    assert_int_equal(store_put(t, ALPHA, S("b"), S("1")), SLUIS_OK);
    assert_int_equal(store_put(t, ALPHA, S("c"), S("1")), SLUIS_IO);
    assert_int_equal(store_put(t, ALPHA, S("d"), S("1")), SLUIS_IO);
    assert_int_equal(store_commit(&t), SLUIS_IO);
    store_memory_fail_after(s, 2, SLUIS_NO_SPACE);
    t = writing(s);
    assert_int_equal(store_delete(t, ALPHA, S("a")), SLUIS_OK);
    assert_int_equal(store_commit(&t), SLUIS_NO_SPACE);
    t = reading(s);
    expect(t, ALPHA, "a", "1");
    expect(t, ALPHA, "b", NULL);
    store_abort(&t);
    put_one(s, ALPHA, "b", "2"); /* once only */
    store_memory_fail_after(s, 1, SLUIS_IO);
    store_memory_fail_after(s, 0, SLUIS_IO);
    put_one(s, ALPHA, "c", "3");
    sluis_fail f = {0};
    assert_int_equal(store_copy(s, "/tmp", &f), SLUIS_INVALID);
}

/* ---- lmdb: files ---- */

static void reopening(void **state)
{
    fixture *x = *state;
    put_one(x->s, ALPHA, "a", "1");
    store_health before, after;
    store_health_get(x->s, &before);
    store_close(&x->s);
    open_store(x);
    store_txn *t = reading(x->s);
    expect(t, ALPHA, "a", "1");
    store_abort(&t);
    store_health_get(x->s, &after);
    assert_int_equal(after.syncs, 0);
    assert_true(after.last_txn >= before.last_txn);
    assert_int_equal(after.map_bytes, UINT64_C(1) << 40);
    struct stat st;
    char file[128];
    snprintf(file, sizeof file, "%s/data.mdb", x->dir);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void expect_refused(const store_options *o, sluis_err want, const char *words)
{
    store *s = NULL;
    sluis_fail f = {0};
    assert_int_equal(store_open_lmdb(&s, o, &f), want);
    assert_null(s);
    assert_int_equal(f.code, want);
    if (!strstr(f.text, words))
        print_message("text: %s\n", f.text);
    assert_non_null(strstr(f.text, words));
}

static void one_writer_only(void **state)
{
    fixture *x = *state;
    store_options o = options(x->dir);
    expect_refused(&o, SLUIS_CONFLICT, "another program");
}

/* What stands in a folder, whatever it is; and a store taken away, with nothing beside it. */
static void format_is_told_and_removed(void **state)
{
    fixture *x = *state;
    uint32_t version = 0;
    char beside[128];
    sluis_fail f = {0};
    store_close(&x->s);
    assert_int_equal(store_format_lmdb(x->dir, "sluis-test", &version, &f), SLUIS_OK);
    assert_int_equal(version, 3);
    assert_int_equal(store_format_lmdb(x->dir, "sluis-other", &version, &f), SLUIS_VERSION);
    assert_int_equal(store_format_lmdb("/nonexistent/folder", "sluis-test", &version, &f), SLUIS_NOT_FOUND);
    snprintf(beside, sizeof beside, "%s/notes", x->dir);
    close(open(beside, O_CREAT | O_WRONLY, 0600));
    fail_clear(&f);
    assert_int_equal(store_remove_lmdb(x->dir, &f), SLUIS_IO);
    assert_int_equal(access(beside, F_OK), 0);
    assert_int_equal(unlink(beside), 0);
    assert_int_equal(store_remove_lmdb(x->dir, NULL), SLUIS_OK);
    assert_int_not_equal(access(x->dir, F_OK), 0);
    assert_int_equal(store_remove_lmdb(x->dir, NULL), SLUIS_OK);
    assert_int_equal(mkdir(x->dir, 0700), 0);
    open_store(x);
}

static void formats_are_compared(void **state)
{
    fixture *x = *state;
    store_close(&x->s);
    store_options o = options(x->dir);
    o.format_version = 4;
    expect_refused(&o, SLUIS_VERSION, "has format version 3 of sluis-test; this program speaks 4");
    o.format_version = 2;
    expect_refused(&o, SLUIS_VERSION,
                   "has format version 3 of sluis-test, of a newer release; this program "
                   "speaks 2: run the newer one");
    o = options(x->dir);
    o.format = "sluis-other";
    expect_refused(&o, SLUIS_VERSION, "is not a store of sluis-other");
    o = options(x->dir);
    o.quota_bytes = o.map_bytes + 1;
    expect_refused(&o, SLUIS_INVALID, "quota");
    o = options(x->dir);
    assert_int_equal(chmod(x->dir, 0777), 0);
    expect_refused(&o, SLUIS_PERMISSION, "chmod");
    assert_int_equal(chmod(x->dir, 0700), 0);
    static const store_table bad[] = {{.name = "meta"}}, endless[] = {{.name = "any", .tree = "joint"}};
    o.tables = bad;
    o.table_count = 1;
    expect_refused(&o, SLUIS_INVALID, "meta");
    o.tables = endless;
    expect_refused(&o, SLUIS_INVALID, "table any shares a tree: its keys have a length");
    o = options("/nonexistent/folder");
    expect_refused(&o, SLUIS_NOT_FOUND, "cannot be created");
    char file[128];
    snprintf(file, sizeof file, "%s/data.mdb", x->dir);
    int fd = open(file, O_WRONLY | O_TRUNC);
    uint8_t junk[8192];
    memset(junk, 'j', sizeof junk);
    assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
    close(fd);
    o = options(x->dir);
    expect_refused(&o, SLUIS_CORRUPT, "cannot be opened");
}

static void copies(void **state)
{
    fixture *x = *state;
    char dir[128], file[160];
    snprintf(dir, sizeof dir, "%s/copy", x->dir);
    put_one(x->s, ALPHA, "a", "1");
    store_txn *w = writing(x->s);
    store_put(w, ALPHA, S("uncommitted"), S("1"));
    sluis_fail f = {0};
    /* LMDB takes the writer's lock for a moment when it copies, so that this transaction ends first. */
    assert_int_equal(store_commit(&w), SLUIS_OK);
    store_txn *r = reading(x->s);
    assert_int_equal(store_copy(x->s, dir, &f), SLUIS_OK);
    store_abort(&r);
    assert_int_equal(store_copy(x->s, dir, &f), SLUIS_EXISTS);
    put_one(x->s, ALPHA, "later", "1");

    store_options o = options(dir);
    o.read_only = true;
    store *c;
    assert_int_equal(store_open_lmdb(&c, &o, NULL), SLUIS_OK);
    store_txn *t = reading(c);
    expect(t, ALPHA, "a", "1");
    expect(t, ALPHA, "uncommitted", "1");
    expect(t, ALPHA, "later", NULL);
    store_abort(&t);
    assert_int_equal(store_begin_write(c, &t, true), SLUIS_PERMISSION);
    store_close(&c);

    snprintf(file, sizeof file, "%s/data.mdb", dir);
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(truncate(file, st.st_size - 4096), 0);
    expect_refused(&o, SLUIS_CORRUPT, "cut short");
    remove_dir(dir);
    expect_refused(&o, SLUIS_NOT_FOUND, "cannot be opened");
}

/* The last page of a file cut off while it was closed reads as damage, not as a signal. */
static void cut_file_is_damage(void **state)
{
    fixture *x = *state;
    store_txn *t = writing(x->s);
    uint8_t value[2000] = {1};
    char key[16], file[128];
    for (int i = 0; i < 400; i++) {
        snprintf(key, sizeof key, "%06d", i);
        store_put(t, ALPHA, S(key), BYTES_OF(value));
    }
    assert_int_equal(store_commit(&t), SLUIS_OK);
    store_close(&x->s);
    snprintf(file, sizeof file, "%s/data.mdb", x->dir);
    assert_int_equal(truncate(file, 8192 + 4096 * 100), 0);
    store_options o = options(x->dir);
    sluis_err e = store_open_lmdb(&x->s, &o, NULL);
    if (e == SLUIS_OK) {
        t = reading(x->s);
        bytes v;
        for (int i = 0; e == SLUIS_OK && i < 400; i++) {
            snprintf(key, sizeof key, "%06d", i);
            e = store_get(t, ALPHA, S(key), &v);
        }
        store_abort(&t);
    }
    assert_int_equal(e, SLUIS_CORRUPT);
}

/* A child commits and reports each commit; killed at any moment, all it reported is there. */
static void killed_at_any_moment(void **state)
{
    fixture *x = *state;
    store_close(&x->s);
    unsigned reported = 0;
    for (int round = 0; round < 5; round++) {
        int fd[2];
        assert_int_equal(pipe(fd), 0);
        pid_t child = fork();
        if (child == 0) {
            store_options o = options(x->dir);
            store *s;
            if (store_open_lmdb(&s, &o, NULL))
                _exit(1);
            for (unsigned i = reported;; i++) {
                uint8_t key[4], value[1500] = {0};
                put_u32(key, i);
                put_u32(value, i * 3);
                store_txn *t;
                if (store_begin_write(s, &t, false) || store_put(t, ALPHA, BYTES_OF(key), BYTES_OF(value)) ||
                    store_put(t, BETA, S("head"), BYTES_OF(key)) || store_commit(&t))
                    _exit(2);
                if (write(fd[1], &i, sizeof i) != sizeof i)
                    _exit(3);
            }
        }
        close(fd[1]);
        unsigned last = 0;
        for (int i = 0; i < 20 + round; i++)
            assert_int_equal(read(fd[0], &last, sizeof last), sizeof last);
        kill(child, SIGKILL);
        while (read(fd[0], &last, sizeof last) == sizeof last)
            continue;
        close(fd[0]);
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));

        open_store(x);
        store_txn *t = reading(x->s);
        uint64_t n;
        bytes v;
        assert_int_equal(store_count(t, ALPHA, &n), SLUIS_OK);
        assert_true(n == last + 1 || n == last + 2); /* one may have been committed and not yet reported */
        assert_int_equal(store_get(t, BETA, S("head"), &v), SLUIS_OK);
        assert_int_equal(get_u32(v.p), n - 1);
        for (unsigned i = 0; i < n; i++) {
            uint8_t key[4];
            put_u32(key, i);
            assert_int_equal(store_get(t, ALPHA, BYTES_OF(key), &v), SLUIS_OK);
            assert_int_equal(get_u32(v.p), i * 3);
        }
        store_abort(&t);
        store_close(&x->s);
        reported = (unsigned)n;
    }
}

#define BOTH(test)                                                                                           \
    {"memory: " #test, test, setup_memory, teardown, NULL},                                                  \
    {                                                                                                        \
        "lmdb: " #test, test, setup_lmdb, teardown, NULL                                                     \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(puts_and_gets),
        BOTH(put_new_and_delete),
        BOTH(errors_stick),
        BOTH(abort_leaves_nothing),
        BOTH(snapshots_stand_still),
        BOTH(ranges),
        BOTH(last_of_prefix),
        BOTH(shared_tree),
        BOTH(deleting_under_a_cursor),
        BOTH(many_random_writes),
        BOTH(neighbours_in_any_order),
        BOTH(big_values),
        BOTH(readers_beside_a_writer),
        BOTH(reader_slots_are_bounded),
        cmocka_unit_test(quota_memory),
        cmocka_unit_test(quota_lmdb),
        cmocka_unit_test(map_full),
        cmocka_unit_test(disk_full),
        cmocka_unit_test_setup_teardown(faults_on_request, setup_memory, teardown),
        cmocka_unit_test_setup_teardown(reopening, setup_lmdb, teardown),
        cmocka_unit_test_setup_teardown(one_writer_only, setup_lmdb, teardown),
        cmocka_unit_test_setup_teardown(format_is_told_and_removed, setup_lmdb, teardown),
        cmocka_unit_test_setup_teardown(stranger_in_a_shared_tree, setup_lmdb, teardown),
        cmocka_unit_test_setup_teardown(formats_are_compared, setup_lmdb, teardown),
        cmocka_unit_test_setup_teardown(copies, setup_lmdb, teardown),
        cmocka_unit_test_setup_teardown(cut_file_is_damage, setup_lmdb, teardown),
        cmocka_unit_test_setup_teardown(killed_at_any_moment, setup_lmdb, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
