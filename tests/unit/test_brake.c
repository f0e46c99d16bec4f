/* Ten lines a second, the others counted and told by the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/brake.h"

#define SECOND UINT64_C(1000000)

static void ten_a_second(void **state)
{
    log_brake b = {0};
    const char *left_out = "";
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_true(brake_lets(&b, 5 * SECOND, &left_out));
        assert_null(left_out);
    }
    for (int i = 0; i < 1234; i++)
        assert_false(brake_lets(&b, 6 * SECOND - 1, &left_out));
    assert_true(brake_lets(&b, 6 * SECOND, &left_out));
    assert_string_equal(left_out, "1234");
    for (int i = 0; i < 9; i++) {
        assert_true(brake_lets(&b, 6 * SECOND, &left_out));
        assert_null(left_out);
    }
    assert_false(brake_lets(&b, 6 * SECOND, &left_out));
    assert_true(brake_lets(&b, 60 * SECOND, &left_out));
    assert_string_equal(left_out, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ten_a_second)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
