#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_copy.h"

#define LENGTH ((1u << 20) + 4099) /* more than one chunk, and not a whole number of them */

static char dir[] = "/tmp/sluis-file-XXXXXX";
static char from[64], to[64];

static char *content(const char *path, size_t *n)
{
    char *all = malloc(LENGTH + 1);
    FILE *in = fopen(path, "rb");
    assert_non_null(all);
    assert_non_null(in);
    *n = fread(all, 1, LENGTH + 1, in);
    fclose(in);
    return all;
}

static void a_copy_is_the_same_and_its_own(void **state)
{
    (void)state;
    struct stat st;
    size_t n, m;
    sluis_fail f = {0};
    FILE *out = fopen(from, "wb");
    assert_non_null(out);
    for (uint32_t i = 0; i < LENGTH; i++)
        fputc((int)(i * 2654435761u >> 24), out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(file_copy(from, to, &f), SLUIS_OK);
    char *a = content(from, &n), *b = content(to, &m);
    assert_int_equal(n, LENGTH);
    assert_int_equal(m, LENGTH);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    assert_int_equal(stat(to, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void never_over_another(void **state)
{
    (void)state;
    size_t n;
    sluis_fail f = {0};
    FILE *out = fopen(to, "wb");
    assert_non_null(out);
    fputs("older", out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(file_copy(from, to, &f), SLUIS_IO);
    assert_string_equal(f.where, to);
    assert_string_equal(f.text, "cannot be made: File exists; a new file in a writable folder is needed");
    char *b = content(to, &n);
    assert_int_equal(n, 5);
    assert_memory_equal(b, "older", 5);
    free(b);
}

static void what_cannot_be_read_or_made_is_named(void **state)
{
    (void)state;
    char none[80];
    sluis_fail f = {0};
    snprintf(none, sizeof none, "%s/none", dir);
    assert_int_equal(file_copy(none, to, &f), SLUIS_IO);
    assert_string_equal(f.where, none);
    assert_string_equal(f.text, "cannot be read: No such file or directory");
    unlink(to);
    assert_int_equal(file_copy(dir, to, &(sluis_fail){0}), SLUIS_IO); /* a folder opens, and cannot be read */
    snprintf(none, sizeof none, "%s/none/copy", dir);
    memset(&f, 0, sizeof f);
    assert_int_equal(file_copy(from, none, &f), SLUIS_IO);
    assert_string_equal(f.where, none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_the_same_and_its_own),
        cmocka_unit_test(never_over_another),
        cmocka_unit_test(what_cannot_be_read_or_made_is_named),
    };
    if (!mkdtemp(dir))
        return 1;
    snprintf(from, sizeof from, "%s/from", dir);
    snprintf(to, sizeof to, "%s/to", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(from);
    unlink(to);
    rmdir(dir);
    return failed;
}
