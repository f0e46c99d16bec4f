#include "kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/seal_ring.h"

#define DAY UINT64_C(86400000)

/* A folder with one seal.key, made at T0. */
static int folder_open(void **state)
{
    char *dir = strdup("/tmp/sluis-ring-XXXXXX"), path[128];
    keypair k = {0};
    assert_non_null(dir ? mkdtemp(dir) : NULL);
    assert_int_equal(keypair_generate(&k, USE_SEAL, T0), SLUIS_OK);
    snprintf(path, sizeof(path), "%s/seal.key", dir);
    assert_int_equal(keyfile_write(path, &k, NULL), SLUIS_OK);
    keypair_close(&k);
    *state = dir;
    return 0;
}

static int folder_close(void **state)
{
    char path[512];
    DIR *d = opendir(*state);
    for (struct dirent *x; (x = readdir(d));) {
        snprintf(path, sizeof(path), "%s/%s", (char *)*state, x->d_name);
        unlink(path);
    }
    closedir(d);
    rmdir(*state);
    free(*state);
    return 0;
}

static size_t files(const char *dir)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *x; (x = readdir(d));)
        n += x->d_name[0] != '.';
    closedir(d);
    return n;
}

static seal_ring *load(const char *dir)
{
    seal_ring *r = NULL;
    sluis_fail f = {0};
    if (seal_ring_load(&r, dir, NULL, &f))
        fail_msg("%s: %s", f.where, f.text);
    return r;
}

static void renewed_found_and_destroyed(void **state)
{
    const char *dir = *state;
    seal_ring *first = load(dir), *second = NULL, *third = NULL, *again;
    uint64_t replaced = 9;
    keyid one = seal_ring_current(first)->id;
    assert_int_equal(seal_ring_count(first), 1);
    assert_null(seal_ring_oldest(first, UINT64_MAX)); /* the current one never is */

    assert_int_equal(seal_ring_renew(&second, first, dir, NULL, T0 + DAY, NULL), SLUIS_OK);
    keyid two = seal_ring_current(second)->id;
    assert_false(keyid_equal(&one, &two));
    assert_true(keyid_equal(&seal_ring_current(first)->id, &one)); /* the ring that was is as it was */
    assert_non_null(seal_ring_find(second, &one, &replaced));
    assert_int_equal(replaced, T0 + DAY);
    assert_non_null(seal_ring_find(second, &two, &replaced));
    assert_int_equal(replaced, 0);
    assert_null(seal_ring_find(first, &two, &replaced));

    again = load(dir); /* as after a restart */
    assert_int_equal(seal_ring_count(again), 2);
    assert_true(keyid_equal(&seal_ring_current(again)->id, &two));
    seal_ring_unref(&again);

    assert_null(seal_ring_oldest(second, T0 + DAY - 1));
    assert_true(keyid_equal(&seal_ring_oldest(second, T0 + DAY)->id, &one));
    assert_int_equal(seal_ring_without(&third, second, &one), SLUIS_OK);
    assert_null(seal_ring_find(third, &one, &replaced));
    assert_int_equal(files(dir), 4);
    assert_int_equal(seal_ring_destroy(dir, &one, NULL), SLUIS_OK);
    assert_int_equal(files(dir), 2);
    assert_int_equal(seal_ring_destroy(dir, &one, NULL), SLUIS_OK); /* nothing left to do */
    again = load(dir);
    assert_int_equal(seal_ring_count(again), 1);
    assert_true(keyid_equal(&seal_ring_current(again)->id, &two));
    seal_ring_unref(&again);
    seal_ring_unref(&first);
    seal_ring_unref(&second);
    seal_ring_unref(&third);
    assert_null(third);
}

/* The bytes are gone from the file, not only its name. */
static void a_destroyed_file_is_overwritten(void **state)
{
    char path[128], other[128];
    uint8_t before[200], after[200];
    seal_ring *r = load(*state);
    snprintf(path, sizeof(path), "%s/seal.key", (char *)*state);
    snprintf(other, sizeof(other), "%s/kept", (char *)*state);
    assert_int_equal(link(path, other), 0);
    FILE *f = fopen(other, "rb");
    size_t n = fread(before, 1, sizeof(before), f);
    keyid id = seal_ring_current(r)->id;
    assert_int_equal(seal_ring_destroy(*state, &id, NULL), SLUIS_OK);
    rewind(f);
    assert_int_equal(fread(after, 1, sizeof(after), f), n);
    assert_memory_not_equal(before, after, n);
    assert_null(memmem(after, n, seal_ring_current(r)->sk, 32));
    fclose(f);
    seal_ring_unref(&r);
}

static void a_clock_set_back(void **state)
{
    seal_ring *first = load(*state), *second = NULL;
    assert_int_equal(seal_ring_renew(&second, first, *state, NULL, T0 - DAY, NULL), SLUIS_OK);
    assert_int_equal(seal_ring_current(second)->created, T0 + 1);
    assert_false(keyid_equal(&seal_ring_current(second)->id, &seal_ring_current(first)->id));
    seal_ring_unref(&first);
    seal_ring_unref(&second);
}

static void bounded(void **state)
{
    seal_ring *r = load(*state), *next = NULL;
    sluis_fail f = {0};
    for (uint64_t i = 1; i < SEAL_RING_MAX; i++) {
        assert_int_equal(seal_ring_renew(&next, r, *state, NULL, T0 + i, NULL), SLUIS_OK);
        seal_ring_unref(&r);
        r = next;
    }
    assert_int_equal(seal_ring_renew(&next, r, *state, NULL, T0 + DAY, &f), SLUIS_FULL);
    assert_null(next);
    assert_int_equal(files(*state), 2 * SEAL_RING_MAX);
    seal_ring_unref(&r);
}

static void refusals(void **state)
{
    seal_ring *r = NULL;
    sluis_fail f = {0};
    char path[128];
    snprintf(path, sizeof(path), "%s/seal.key", (char *)*state);
    chmod(path, 0644);
    assert_int_equal(seal_ring_load(&r, *state, NULL, &f), SLUIS_PERMISSION);
    assert_string_equal(f.where, path);
    assert_null(r);
    unlink(path);
    fail_clear(&f);
    assert_int_equal(seal_ring_load(&r, *state, NULL, &f), SLUIS_NOT_FOUND);
    assert_int_equal(seal_ring_load(&r, "/nonexistent", NULL, NULL), SLUIS_NOT_FOUND);
}

int main(void)
{
#define IN_FOLDER(t) cmocka_unit_test_setup_teardown(t, folder_open, folder_close)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(renewed_found_and_destroyed),
        IN_FOLDER(a_destroyed_file_is_overwritten),
        IN_FOLDER(a_clock_set_back),
        IN_FOLDER(bounded),
        IN_FOLDER(refusals),
    };
    assert_int_equal(crypto_start(), SLUIS_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
