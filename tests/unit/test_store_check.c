/* Every single-bit flip of a store's file is found by the check, or lies where it said nothing is and changes
 * nothing a reader sees, or changes a key or value (whose own checks are other modules'). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "store/store.h"
#include "store/store_check.h"

#define FLIPS  1500
#define RANGES 65536

static const store_table tables[] = {{.name = "one"}, {.name = "two"}, {.name = "empty"}};
static char dir[64], live[128], copy[128], file[160];

typedef struct {
    struct {
        uint64_t from, to;
    } r[RANGES];
    size_t n;
} ranges;

static ranges free_at;

static void on_free(void *ctx, uint64_t from, uint64_t to)
{
    ranges *all = ctx;
    assert_true(all->n < RANGES);
    all->r[all->n].from = from;
    all->r[all->n++].to = to;
}

static bool is_free(uint64_t at)
{
    for (size_t i = 0; i < free_at.n; i++)
        if (at >= free_at.r[i].from && at < free_at.r[i].to)
            return true;
    return false;
}

static store *open_store(const char *path, bool read_only)
{
    store *s = NULL;
    sluis_fail f = {0};
    store_options o = {.path = path,
                       .tables = tables,
                       .table_count = 3,
                       .format = "test",
                       .format_version = 1,
                       .map_bytes = UINT64_C(1) << 32,
                       .quota_bytes = UINT64_C(1) << 30,
                       .max_readers = 4,
                       .read_only = read_only};
    return store_open_lmdb(&s, &o, &f) ? NULL : s;
}

/* A hash over every row of every table; false when the store cannot be read to its end. */
static bool contents(const char *path, uint8_t out[static HASH_LEN])
{
    store *s = open_store(path, true);
    store_txn *t = NULL;
    bytes none = {NULL, 0}, key, value;
    uint8_t h[HASH_LEN] = {0};
    bool ok = s && store_begin_read(s, &t) == SLUIS_OK;
    for (unsigned i = 0; ok && i < 3; i++) {
        store_cursor *c = NULL;
        ok = store_cursor_open(t, i, none, none, &c) == SLUIS_OK;
        sluis_err e = SLUIS_OK;
        while (ok && (e = store_cursor_next(c, &key, &value)) == SLUIS_OK) {
            const bytes parts[] = {BYTES(h, HASH_LEN), BYTES(&i, sizeof i), key, value};
            hash_tagged(h, "sluis1-test", NULL, parts, 4);
        }
        ok = ok && e == SLUIS_NOT_FOUND;
        store_cursor_close(&c);
    }
    store_abort(&t);
    store_close(&s);
    memcpy(out, h, HASH_LEN);
    return ok;
}

static void fill(store *s)
{
    static uint8_t value[20000];
    store_txn *t = NULL;
    for (uint32_t turn = 0; turn < 6; turn++) {
        assert_int_equal(store_begin_write(s, &t, false), SLUIS_OK);
        for (uint32_t i = turn * 150; i < (turn + 1) * 150; i++) {
            uint8_t key[12] = {0};
            put_u32(key, i * UINT32_C(2654435761));
            memset(value, (int)i, sizeof value);
            store_put(t, 0, BYTES(key, 5 + i % 8), BYTES(value, i % 40 ? 30 + i % 300 : 9000 + i));
            put_u64(key, i);
            store_put(t, 1, BYTES(key, 8), BYTES(value, 40));
            put_u32(key, (i / 2) * UINT32_C(2654435761));
            if (i % 3 == 0)
                store_delete(t, 0, BYTES(key, 5 + (i / 2) % 8));
        }
        assert_int_equal(store_commit(&t), SLUIS_OK);
    }
}

static int setup(void **state)
{
    (void)state;
    sluis_fail f = {0};
    assert_int_equal(crypto_start(), SLUIS_OK);
    snprintf(dir, sizeof dir, "/tmp/sluis-check-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(live, sizeof live, "%s/live", dir);
    snprintf(copy, sizeof copy, "%s/copy", dir);
    snprintf(file, sizeof file, "%s/data.mdb", copy);
    store *s = open_store(live, false);
    assert_non_null(s);
    fill(s);
    assert_int_equal(store_copy(s, copy, &f), SLUIS_OK);
    store_close(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[256];
    const char *const names[] = {"live/data.mdb", "live/lock.mdb", "live/writer.lock",
                                 "copy/data.mdb", "copy/lock.mdb", "copy/writer.lock",
                                 "live",          "copy",          ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (unlink(path) != 0)
            rmdir(path);
    }
    return 0;
}

static void test_sound(void **state)
{
    (void)state;
    store_spot spot;
    sluis_fail f = {0};
    sluis_err e = store_check_file(live, NULL, NULL, &spot, &f);
    if (e)
        print_message("live: %s: %s\n", f.where, f.text);
    assert_int_equal(e, SLUIS_OK);
    e = store_check_file(copy, NULL, NULL, &spot, &f);
    if (e)
        print_message("copy: %s: %s\n", f.where, f.text);
    assert_int_equal(e, SLUIS_OK);
    assert_int_equal(store_check_file("/nonexistent", NULL, NULL, &spot, &f), SLUIS_NOT_FOUND);
}

static void flip(FILE *f, long at, int mask)
{
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ mask, f);
    fflush(f);
}

static void test_flips(void **state)
{
    (void)state;
    store_spot spot;
    sluis_fail f = {0};
    uint8_t before[HASH_LEN], after[HASH_LEN];
    unsigned found = 0, unused = 0, content = 0, named = 0;
    uint64_t x = 88172645463325252u;
    free_at.n = 0;
    assert_int_equal(store_check_file(copy, on_free, &free_at, &spot, &f), SLUIS_OK);
    assert_true(contents(copy, before));
    FILE *data = fopen(file, "r+b");
    assert_non_null(data);
    fseek(data, 0, SEEK_END);
    long size = ftell(data);
    for (unsigned i = 0; i < FLIPS; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        long at =
            i < 512 ? (long)(i / 256 * 4096 + i % 256) : (long)(x % (uint64_t)size); /* both metas, whole */
        int mask = 1 << (x >> 60 & 7);
        flip(data, at, mask);
        fail_clear(&f);
        sluis_err e = store_check_file(copy, NULL, NULL, &spot, &f);
        if (e) {
            assert_int_equal(e, SLUIS_CORRUPT);
            found++;
            named += spot.key_len > 0;
        } else {
            bool same = contents(copy, after) && memcmp(before, after, HASH_LEN) == 0;
            if (same != is_free((uint64_t)at))
                print_message("byte %ld bit mask %d of page %ld: %s\n", at, mask, at / 4096,
                              same ? "seen by nobody" : "read");
            assert_int_equal(same, is_free((uint64_t)at));
            unused += same;
            content += !same;
        }
        flip(data, at, mask);
    }
    fclose(data);
    assert_int_equal(store_check_file(copy, NULL, NULL, &spot, &f), SLUIS_OK);
    print_message("%u found (%u with their key), %u in unused bytes, %u in keys and values\n", found, named,
                  unused, content);
    assert_true(found > FLIPS / 50 && unused > FLIPS / 50 && content > FLIPS / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sound), cmocka_unit_test(test_flips)};
    return cmocka_run_group_tests_name("store_check", tests, setup, teardown);
}
