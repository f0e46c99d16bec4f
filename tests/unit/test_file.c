/* Files that a command writes: whole or not at all, and never over another by accident. */
#include "gateway_fixture.h"

#include <sys/stat.h>

#include "ctl/file.h"

static void content_is(const char *path, const char *want)
{
    char got[64] = {0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(got, 1, sizeof got - 1, file), strlen(want));
    fclose(file);
    assert_string_equal(got, want);
}

static void new_files(void **state)
{
    char dir[] = "/tmp/sluis-test-XXXXXX", path[64];
    struct stat st;
    sluis_fail f = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/one", dir);
    assert_int_equal(file_write_new(path, "first", 5, 0600, &f), SLUIS_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_write_new(path, "second", 6, 0600, &f), SLUIS_EXISTS);
    assert_string_equal(f.where, path);
    content_is(path, "first");
    unlink(path);
    rmdir(dir);
    assert_int_equal(file_write_new(path, "x", 1, 0600, NULL), SLUIS_IO); /* no folder */
}

static void replaced_files(void **state)
{
    char dir[] = "/tmp/sluis-test-XXXXXX", path[64], temp[80];
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/one", dir);
    snprintf(temp, sizeof temp, "%s.new", path);
    assert_int_equal(file_replace(path, "first", 5, 0600, NULL), SLUIS_OK);
    content_is(path, "first");
    assert_int_equal(file_write_new(temp, "left by a crash", 15, 0600, NULL), SLUIS_OK);
    assert_int_equal(file_replace(path, "second", 6, 0600, NULL), SLUIS_OK);
    content_is(path, "second");
    assert_int_equal(access(temp, F_OK), -1);
    assert_int_equal(mkdir(temp, 0700), 0); /* in the way: the old one stands */
    assert_int_equal(file_replace(path, "third", 5, 0600, NULL), SLUIS_IO);
    content_is(path, "second");
    rmdir(temp);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_files),
        cmocka_unit_test(replaced_files),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
