/* JSONTestSuite through our own request parser: y_ must pass, n_ must not, i_ may go either way and is
 * listed. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/json.h"

/* y_ files that we refuse on purpose. */
static const struct {
    const char *file, *why;
} stricter[] = {
    {"y_object_duplicated_key.json", "duplicate keys: two readers could take different values"},
    {"y_object_duplicated_key_and_value.json", "duplicate keys"},
    {"y_object_escaped_null_in_key.json", "a NUL in text: no field may hold one"},
    {"y_string_null_escape.json", "a NUL in text"},
};

static const char *folder(char *out, size_t cap)
{
    const char *shared = getenv("SLUIS_SHARED");
    snprintf(out, cap, "%s/vectors/json", shared ? shared : "../shared");
    return out;
}

static bool accepted(const char *path)
{
    json_t *v = NULL;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    static uint8_t text[JSON_MAX_BYTES];
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    sluis_err e = json_request_parse(&v, BYTES(text, n), NULL);
    assert_int_equal(e == SLUIS_OK, v != NULL);
    json_decref(v);
    return e == SLUIS_OK;
}

static const char *listed_strict(const char *file)
{
    for (size_t i = 0; i < sizeof stricter / sizeof *stricter; i++)
        if (strcmp(stricter[i].file, file) == 0)
            return stricter[i].why;
    return NULL;
}

static void test_suite(void **state)
{
    (void)state;
    char dir[512], path[1024];
    DIR *d = opendir(folder(dir, sizeof dir));
    if (!d) {
        printf("skipped: ../shared/vectors/json not there\n");
        skip();
    }
    int y = 0, n = 0, i = 0, exceptions = 0, bad = 0;
    for (struct dirent *e; (e = readdir(d));) {
        const char *name = e->d_name;
        if (name[0] == '.' || name[1] != '_')
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, name);
        bool ok = accepted(path);
        const char *why = name[0] == 'y' ? listed_strict(name) : NULL;
        y += name[0] == 'y';
        n += name[0] == 'n';
        i += name[0] == 'i';
        if (why) {
            exceptions++;
            printf("%s: %s (%s)\n", name, ok ? "accepted" : "refused", why);
        }
        if (name[0] == 'i')
            printf("%s: %s\n", name, ok ? "accepted" : "refused");
        else if (ok != ((name[0] == 'y') != (why != NULL))) {
            print_error("%s: %s\n", name, ok ? "accepted" : "refused");
            bad++;
        }
    }
    closedir(d);
    printf("JSONTestSuite: %d to accept, %d to refuse, %d open, %d differ on purpose\n", y, n, i, exceptions);
    assert_int_equal(bad, 0);
    assert_true(y > 90 && n > 180 && i > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_suite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
