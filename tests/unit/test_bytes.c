#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"

static void ranges_compare(void **state)
{
    (void)state;
    uint8_t three[3] = {1, 2, 3};
    assert_int_equal(BYTES_OF(three).n, 3);
    assert_int_equal(bytes_str("abc").n, 3);
    assert_true(bytes_equal(bytes_str("abc"), BYTES("abcd", 3)));
    assert_false(bytes_equal(bytes_str("abc"), bytes_str("abd")));
    assert_false(bytes_equal(bytes_str("abc"), bytes_str("ab")));
    assert_true(bytes_equal(BYTES(NULL, 0), bytes_str("")));
}

static void buffer_appends(void **state)
{
    (void)state;
    buffer b;
    buffer_init(&b, 100);
    buffer_u8(&b, 0x01);
    buffer_add(&b, "\x02\x03", 2);
    buffer_add(&b, NULL, 0);
    buffer_printf(&b, "%d-%s", 42, "x");
    assert_int_equal(b.err, SLUIS_OK);
    assert_int_equal(b.n, 7);
    assert_memory_equal(b.p,
                        "\x01\x02\x03"
                        "42-x",
                        7);
    buffer_close(&b);
    buffer_close(&b);
    assert_null(b.p);
}

static void buffer_keeps_its_maximum(void **state)
{
    (void)state;
    buffer b;
    buffer_init(&b, 10);
    buffer_add(&b, "12345678", 8);
    buffer_add(&b, "abc", 3);
    assert_int_equal(b.err, SLUIS_TOO_BIG);
    assert_int_equal(b.n, 8);
    buffer_add(&b, "a", 1); /* would fit, but the error sticks */
    assert_int_equal(b.n, 8);
    buffer_clear(&b);
    assert_int_equal(b.err, SLUIS_OK);
    buffer_add(&b, "1234567890", 10);
    assert_int_equal(b.err, SLUIS_OK);
    assert_int_equal(b.n, 10);
    assert_true(b.cap <= 10);
    buffer_printf(&b, "%s", "z");
    assert_int_equal(b.err, SLUIS_TOO_BIG);
    buffer_close(&b);
}

static void buffer_grows_and_prints_long(void **state)
{
    (void)state;
    buffer b;
    buffer_init(&b, 5000);
    for (int i = 0; i < 1000; i++)
        buffer_u8(&b, (uint8_t)i);
    buffer_printf(&b, "%0500d", 7);
    assert_int_equal(b.err, SLUIS_OK);
    assert_int_equal(b.n, 1500);
    assert_int_equal(b.p[999], 999 & 255);
    assert_int_equal(b.p[1498], '0');
    assert_int_equal(b.p[1499], '7');
    buffer_printf(&b, "%05000d", 7);
    assert_int_equal(b.err, SLUIS_TOO_BIG);
    assert_int_equal(b.n, 1500);
    buffer_close(&b);
}

static void cursor_reads_and_ends(void **state)
{
    (void)state;
    const uint8_t in[] = {8, 9, 10, 11, 12, 13, 14, 15, 'a', 'b', 'c'};
    cursor c = cursor_of(BYTES_OF(in));
    assert_true(cursor_u64(&c) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(cursor_end(&c), SLUIS_INVALID); /* left over */
    char t[2];
    cursor_copy(&c, t, 2);
    assert_memory_equal(t, "ab", 2);
    bytes last = cursor_take(&c, 1);
    assert_int_equal(*last.p, 'c');
    assert_int_equal(cursor_end(&c), SLUIS_OK);
}

static void cursor_error_sticks(void **state)
{
    (void)state;
    const uint8_t in[] = {1, 2, 3};
    cursor c = cursor_of(BYTES_OF(in));
    assert_true(cursor_u64(&c) == 0);
    assert_int_equal(c.err, SLUIS_TRUNCATED);
    char t[2] = "x";
    cursor_copy(&c, t, 2);
    assert_int_equal(t[0], 0);
    assert_null(cursor_take(&c, 0).p);
    assert_int_equal(cursor_end(&c), SLUIS_TRUNCATED);

    c = cursor_of(BYTES(NULL, 0));
    assert_int_equal(cursor_end(&c), SLUIS_OK);
    assert_int_equal(cursor_take(&c, 0).n, 0);
    assert_int_equal(cursor_end(&c), SLUIS_OK);
    cursor_take(&c, SIZE_MAX);
    assert_int_equal(cursor_end(&c), SLUIS_TRUNCATED);
}

static void hex_both_ways(void **state)
{
    (void)state;
    const uint8_t in[] = {0x00, 0x9f, 0xa0, 0xff};
    char out[9];
    uint8_t back[4];
    hex_encode(out, in, sizeof in);
    assert_string_equal(out, "009fa0ff");
    assert_int_equal(hex_decode(back, 4, "009FA0fF", 8), SLUIS_OK);
    assert_memory_equal(back, in, 4);
    hex_encode(out, NULL, 0);
    assert_string_equal(out, "");
    assert_int_equal(hex_decode(back, 4, "009fa0f", 7), SLUIS_INVALID);
    assert_int_equal(hex_decode(back, 4, "009fa0ff0", 9), SLUIS_INVALID);
    assert_int_equal(hex_decode(back, 4, "009fa0fg", 8), SLUIS_INVALID);
    assert_int_equal(hex_decode(back, 4, "009fa0 f", 8), SLUIS_INVALID);
    assert_int_equal(hex_decode(back, 3, "009fa0ff", 8), SLUIS_INVALID);
    assert_int_equal(hex_decode(back, 0, "", 0), SLUIS_OK);
}

/* RFC 3629: overlong forms, surrogates and values beyond U+10FFFF are no UTF-8. */
static void utf8_is_strict(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "Zo\xc3\xab \xe2\x82\xac"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xe2\x28\xa1",
                                      "a\xf0\x90\x80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(bytes_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bytes_str(bad[i])));
    assert_int_equal(utf8_char((const uint8_t *)"\xe2\x82\xac", 3), 3);
    assert_int_equal(utf8_char((const uint8_t *)"x", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_compare),
        cmocka_unit_test(buffer_appends),
        cmocka_unit_test(buffer_keeps_its_maximum),
        cmocka_unit_test(buffer_grows_and_prints_long),
        cmocka_unit_test(cursor_reads_and_ends),
        cmocka_unit_test(cursor_error_sticks),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(utf8_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
