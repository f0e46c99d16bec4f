/* The files of readers and of witnesses: whom they let in, and which line of them is wrong. */
#include "kit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/witnesses.h"
#include "verify/readers.h"

/* SHA-256 of "abc" (FIPS 180-2, appendix B.1), and of "". */
#define HASH_ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HASH_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char path[64];

static void write_file(const char *text)
{
    strcpy(path, "/tmp/sluis-readers-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void readers_are_known_by_their_token(void **state)
{
    readers *r = NULL;
    sluis_fail f = {0};
    (void)state;
    write_file("# who reads\n\nschool " HASH_ABC "\ngetuige " HASH_EMPTY "\n");
    assert_int_equal(readers_load(&r, path, &f), SLUIS_OK);
    assert_string_equal(readers_find(r, "abc"), "school");
    assert_string_equal(readers_find(r, ""), "getuige");
    assert_null(readers_find(r, "abd"));
    assert_null(readers_find(r, HASH_ABC));
    readers_free(&r);
    unlink(path);
    assert_int_equal(readers_load(&r, NULL, &f), SLUIS_OK); /* no file: nobody */
    assert_null(readers_find(r, "abc"));
    readers_free(&r);
    assert_int_equal(readers_load(&r, "/nowhere/readers", &f), SLUIS_IO);
    assert_null(r);
}

static void a_bad_line_is_named(void **state)
{
    static const char *const bad[] = {"school",
                                      "school abc",
                                      HASH_ABC,
                                      "School " HASH_ABC,
                                      "school  " HASH_ABC,
                                      "school " HASH_ABC "0",
                                      " school " HASH_ABC,
                                      "school " HASH_ABC " x"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        readers *r = NULL;
        sluis_fail f = {0};
        char text[512], where[128];
        snprintf(text, sizeof text, "# first\n%s\n", bad[i]);
        write_file(text);
        snprintf(where, sizeof where, "%s:2", path);
        if (readers_load(&r, path, &f) != SLUIS_INVALID)
            fail_msg("taken: %s", bad[i]);
        assert_string_equal(f.where, where);
        unlink(path);
    }
}

static void a_witness_is_known_by_its_line(void **state)
{
    keypair log = {0}, one = {0}, two = {0};
    char vkey[256], text[512], note[NOTE_MAX + 1];
    checkpoint cp = {.origin = "sluis.test/journal/1", .size = 7};
    witnesses *w = NULL;
    sluis_fail f = {0};
    uint64_t seconds = 0;
    size_t n = 0;
    (void)state;
    assert_int_equal(keypair_generate(&log, USE_LOG, 1), SLUIS_OK);
    assert_int_equal(keypair_generate(&one, USE_WITNESS, 1), SLUIS_OK);
    assert_int_equal(keypair_generate(&two, USE_WITNESS, 1), SLUIS_OK);
    assert_int_equal(cosigner_format(vkey, sizeof vkey, "one.test", one.pk), SLUIS_OK);
    snprintf(text, sizeof text, "# witnesses\n%s\n", vkey);
    write_file(text);
    assert_int_equal(witnesses_load(&w, path, &f), SLUIS_OK);
    unlink(path);
    assert_int_equal(checkpoint_sign(note, sizeof note, &n, &cp, "sluis.test", &log), SLUIS_OK);
    assert_null(witnesses_find(w, BYTES(note, n), &seconds, &f));
    assert_int_equal(f.code, SLUIS_UNKNOWN_KEY);
    assert_int_equal(checkpoint_cosign(note, sizeof note, &n, "one.test", &two, 9),
                     SLUIS_OK); /* its name, not its key */
    assert_null(witnesses_find(w, BYTES(note, n), &seconds, NULL));
    assert_int_equal(checkpoint_cosign(note, sizeof note, &n, "one.test", &one, 10), SLUIS_OK);
    assert_string_equal(witnesses_find(w, BYTES(note, n), &seconds, NULL), "one.test");
    assert_int_equal(seconds, 10);
    note[0] = 'S';
    assert_null(witnesses_find(w, BYTES(note, n), &seconds, NULL));
    witnesses_free(&w);
    write_file("one.test+00000000+AAAA\n");
    fail_clear(&f);
    assert_int_equal(witnesses_load(&w, path, &f), SLUIS_INVALID);
    assert_non_null(strstr(f.where, ":1"));
    unlink(path);
    keypair_close(&log);
    keypair_close(&one);
    keypair_close(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_are_known_by_their_token),
        cmocka_unit_test(a_bad_line_is_named),
        cmocka_unit_test(a_witness_is_known_by_its_line),
    };
    return crypto_start() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
