#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

static void tokens_are_stable(void **state)
{
    (void)state;
    assert_string_equal(error_token(SLUIS_OK), "ok");
    assert_string_equal(error_token(SLUIS_BAD_SIGNATURE), "bad-signature");
    assert_string_equal(error_token(SLUIS_INTERNAL), "internal");
    assert_string_equal(error_text(SLUIS_NOT_YET), "created in the future: compare the clocks");
    assert_string_equal(error_token((sluis_err)9999), "internal");
    assert_string_equal(error_text((sluis_err)-1), error_text(SLUIS_INTERNAL));
}

static void tokens_differ(void **state)
{
    (void)state;
    for (int a = 0; a < SLUIS_ERR_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(error_token((sluis_err)a), error_token((sluis_err)b));
    for (int a = SLUIS_OK + 1; a < SLUIS_ERR_COUNT; a++)
        assert_int_equal(error_parse(error_token((sluis_err)a)), a);
    assert_int_equal(error_parse("ok"), SLUIS_INVALID); /* a refusal names a reason */
    assert_int_equal(error_parse("no such token"), SLUIS_INVALID);
}

static void first_failure_stays(void **state)
{
    (void)state;
    sluis_fail f = {0};
    assert_int_equal(fail_set(&f, SLUIS_EXPIRED, "a:1", "over by %d ms", 7), SLUIS_EXPIRED);
    assert_int_equal(fail_set(&f, SLUIS_IO, "b:2", "later"), SLUIS_IO);
    assert_int_equal(f.code, SLUIS_EXPIRED);
    assert_string_equal(f.where, "a:1");
    assert_string_equal(f.text, "over by 7 ms");
    fail_clear(&f);
    assert_int_equal(f.code, SLUIS_OK);
    fail_set(&f, SLUIS_IO, NULL, "now");
    assert_string_equal(f.where, "");
    assert_string_equal(f.text, "now");
}

static void null_fail_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(fail_set(NULL, SLUIS_FULL, "x", "y"), SLUIS_FULL);
    fail_clear(NULL);
}

static void long_texts_end_in_dots(void **state)
{
    (void)state;
    sluis_fail f = {0};
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    fail_set(&f, SLUIS_INVALID, longer, "%s", longer);
    assert_int_equal(strlen(f.text), sizeof f.text - 1);
    assert_string_equal(f.text + sizeof f.text - 5, "x...");
    assert_int_equal(strlen(f.where), sizeof f.where - 1);
    assert_string_equal(f.where + sizeof f.where - 4, "...");

    /* exactly full is not cut */
    fail_clear(&f);
    longer[sizeof f.text - 1] = '\0';
    fail_set(&f, SLUIS_INVALID, "", "%s", longer);
    assert_string_equal(f.text, longer);
}

static void cut_keeps_characters_whole(void **state)
{
    (void)state;
    char euros[3 * 200 + 2] = "";
    for (int shift = 0; shift < 3; shift++) {
        sluis_fail f = {0};
        memset(euros, 'a', (size_t)shift);
        for (int i = 0; i < 200; i++)
            memcpy(euros + shift + 3 * i, "\xe2\x82\xac", 3);
        euros[600] = '\0';
        fail_set(&f, SLUIS_INVALID, "", "%s", euros);
        assert_true(utf8_valid(bytes_str(f.text)));
        assert_string_equal(f.text + strlen(f.text) - 3, "...");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_stable),      cmocka_unit_test(tokens_differ),
        cmocka_unit_test(first_failure_stays),    cmocka_unit_test(null_fail_is_allowed),
        cmocka_unit_test(long_texts_end_in_dots), cmocka_unit_test(cut_keeps_characters_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
