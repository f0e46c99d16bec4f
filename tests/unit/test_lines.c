#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"

static char path[] = "/tmp/sluis-lines-XXXXXX";
static char seen[256];

static sluis_err note(void *ctx, char *line, const char *where, sluis_fail *f)
{
    (void)ctx;
    snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s@%s;", line, where + strlen(path) + 1);
    return strcmp(line, "bad") == 0 ? fail_set(f, SLUIS_INVALID, where, "is bad") : SLUIS_OK;
}

static sluis_err read_all(const char *text, size_t longest, sluis_fail *f)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    seen[0] = '\0';
    return lines_read(path, longest, note, NULL, f);
}

static void entries_and_their_places(void **state)
{
    (void)state;
    assert_int_equal(read_all("# list\n\none\n #two\nlast", 64, NULL), SLUIS_OK);
    assert_string_equal(seen, "one@3; #two@4;last@5;");
    assert_int_equal(read_all("", 64, NULL), SLUIS_OK);
    assert_string_equal(seen, "");
    assert_int_equal(read_all("abcdefgh\n", 6, NULL), SLUIS_OK); /* longer than it may be: more lines */
    assert_string_equal(seen, "abcde@1;fgh@2;");
}

static void what_an_entry_says_ends_it(void **state)
{
    sluis_fail f = {0};
    char where[64];
    (void)state;
    assert_int_equal(read_all("one\nbad\ntwo\n", 64, &f), SLUIS_INVALID);
    assert_string_equal(seen, "one@1;bad@2;");
    snprintf(where, sizeof(where), "%s:2", path);
    assert_string_equal(f.where, where);
    fail_clear(&f);
    assert_int_equal(lines_read("/nonexistent/list", 64, note, NULL, &f), SLUIS_IO);
    assert_string_equal(f.where, "/nonexistent/list");
    assert_int_equal(lines_read("/tmp", 64, note, NULL, NULL), SLUIS_IO); /* opens, cannot be read */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_and_their_places),
        cmocka_unit_test(what_an_entry_says_ends_it),
    };
    if (mkstemp(path) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
