#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/pubfile.h"

static char dir[] = "/tmp/sluis-pubfile-XXXXXX";
static char path[128];

static int setup(void **state)
{
    (void)state;
    assert_int_equal(crypto_start(), SLUIS_OK);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/k.pub", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void put(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t pk[PK_LEN], back[PK_LEN];
    sluis_fail f = {0};
    for (size_t i = 0; i < PK_LEN; i++)
        pk[i] = (uint8_t)(7 * i + 1);
    unlink(path);
    assert_int_equal(pubfile_write(path, USE_LOG, pk, &f), SLUIS_OK);
    assert_int_equal(pubfile_read(back, path, USE_LOG, &f), SLUIS_OK);
    assert_memory_equal(pk, back, PK_LEN);
    assert_int_equal(pubfile_write(path, USE_LOG, pk, &f), SLUIS_EXISTS);
    fail_clear(&f);
    assert_int_equal(pubfile_read(back, path, USE_SIGN, &f), SLUIS_INVALID);
    assert_non_null(strstr(f.text, "sign"));
}

/* Every single flipped digit of key or id is seen, and so is a line that is cut or goes on. */
static void test_changed(void **state)
{
    (void)state;
    uint8_t pk[PK_LEN] = {9}, back[PK_LEN];
    char good[PUBFILE_MAX + 8], bad[PUBFILE_MAX + 8];
    unlink(path);
    assert_int_equal(pubfile_write(path, USE_ROOT, pk, NULL), SLUIS_OK);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t n = fread(good, 1, sizeof good - 1, file);
    fclose(file);
    good[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        memcpy(bad, good, n + 1);
        bad[i] = bad[i] == '5' ? '6' : '5';
        put(bad);
        assert_int_equal(pubfile_read(back, path, USE_ROOT, NULL), SLUIS_INVALID);
    }
    memcpy(bad, good, n + 1);
    bad[n - 1] = '\0';
    put(bad);
    assert_int_equal(pubfile_read(back, path, USE_ROOT, NULL), SLUIS_INVALID);
    memcpy(bad, good, n);
    memcpy(bad + n, "x", 2);
    put(bad);
    assert_int_equal(pubfile_read(back, path, USE_ROOT, NULL), SLUIS_INVALID);
    unlink(path);
    assert_int_equal(pubfile_read(back, path, USE_ROOT, NULL), SLUIS_NOT_FOUND);
    put(good);
}

/* Several keys, oldest first; a doubled one, a line of another use and one too many are refused. */
static void test_several(void **state)
{
    pubkeys all = {.n = 0}, back;
    uint8_t pk[PK_LEN] = {0}, one[PK_LEN];
    (void)state;
    for (uint8_t i = 0; i < PUBFILE_KEYS; i++) {
        pk[0] = i;
        assert_int_equal(pubkeys_add(&all, pk), SLUIS_OK);
        assert_int_equal(pubkeys_add(&all, pk), SLUIS_OK); /* again: nothing new */
        assert_int_equal(pubfile_replace(path, USE_LOG, &all, NULL), SLUIS_OK);
        assert_int_equal(pubfile_read_all(&back, path, USE_LOG, NULL), SLUIS_OK);
        assert_int_equal(back.n, i + 1);
        assert_memory_equal(back.pk, all.pk, back.n * PK_LEN);
        assert_int_equal(pubfile_read(one, path, USE_LOG, NULL), i ? SLUIS_INVALID : SLUIS_OK);
    }
    pk[0] = 99;
    assert_int_equal(pubkeys_add(&all, pk), SLUIS_FULL);
    assert_false(pubkeys_hold(&all, pk));
    assert_int_equal(pubfile_read_all(&back, path, USE_SIGN, NULL), SLUIS_INVALID);
    char text[PUBFILE_MAX * (PUBFILE_KEYS + 2)];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f), line = n / PUBFILE_KEYS;
    fclose(f);
    text[n] = '\0';
    memcpy(text + line, text, line); /* the first twice */
    put(text);
    assert_int_equal(pubfile_read_all(&back, path, USE_LOG, NULL), SLUIS_INVALID);
    text[0] = '\0';
    put(text);
    assert_int_equal(pubfile_read_all(&back, path, USE_LOG, NULL), SLUIS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_changed),
                                       cmocka_unit_test(test_several)};
    return cmocka_run_group_tests_name("pubfile", tests, setup, teardown);
}
