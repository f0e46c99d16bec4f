/* So many calls a minute of each application: at once after a quiet minute, at the pace after that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus/rates.h"

#define SECOND UINT64_C(1000000)

static const oin gem = {"00000099000000001000"}, other = {"00000099000000002000"};

static void so_many_a_minute(void **state)
{
    rates *r = NULL;
    uint64_t now = 5000 * SECOND;
    (void)state;
    assert_int_equal(rates_new(&r, 30), SLUIS_OK); /* one in two seconds */
    for (int i = 0; i < 30; i++)
        assert_int_equal(rates_take(r, &gem, "wmo", now), 0);
    assert_int_equal(rates_take(r, &gem, "wmo", now), 2);
    assert_int_equal(rates_take(r, &gem, "wmo", now + SECOND), 1);
    assert_int_equal(rates_take(r, &gem, "jeugd", now), 0); /* each its own */
    assert_int_equal(rates_take(r, &other, "wmo", now), 0);
    assert_int_equal(rates_take(r, &gem, "wmo", now + 2 * SECOND), 0); /* what was refused costs nothing */
    assert_int_equal(rates_take(r, &gem, "wmo", now + 2 * SECOND), 2);
    for (int i = 0; i < 10; i++)
        assert_int_equal(rates_take(r, &gem, "wmo", now + 22 * SECOND), 0); /* twenty seconds' worth */
    assert_int_equal(rates_take(r, &gem, "wmo", now + 22 * SECOND), 2);
    for (int i = 0; i < 30; i++)
        assert_int_equal(rates_take(r, &gem, "wmo", now + 500 * SECOND),
                         0); /* and never more than a minute's */
    assert_int_equal(rates_take(r, &gem, "wmo", now + 500 * SECOND), 2);
    rates_free(&r);
    assert_null(r);
}

/* To ask how long it takes costs nothing, and is right. */
static void how_long(void **state)
{
    rates *r = NULL;
    (void)state;
    assert_int_equal(rates_new(&r, 2), SLUIS_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(rates_wait(r, &gem, "", SECOND), 0);
    assert_int_equal(rates_take(r, &gem, "", SECOND), 0);
    assert_int_equal(rates_wait(r, &gem, "", SECOND), 0);
    assert_int_equal(rates_take(r, &gem, "", SECOND), 0);
    assert_int_equal(rates_wait(r, &gem, "", SECOND), 30);
    assert_int_equal(rates_wait(r, &gem, "", 31 * SECOND), 0);
    rates_free(&r);
}

/* More applications than are followed: who calls most keeps its count. */
static void many_applications(void **state)
{
    rates *r = NULL;
    char name[16];
    (void)state;
    assert_int_equal(rates_new(&r, 2), SLUIS_OK);
    assert_int_equal(rates_take(r, &gem, "busy", SECOND), 0);
    assert_int_equal(rates_take(r, &gem, "busy", SECOND), 0);
    for (int i = 0; i < 3 * RATES_MAX; i++) {
        snprintf(name, sizeof name, "app-%d", i);
        assert_int_equal(rates_take(r, &gem, name, SECOND), 0);
    }
    assert_int_equal(rates_take(r, &gem, "busy", SECOND), 30);
    rates_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_a_minute),
        cmocka_unit_test(how_long),
        cmocka_unit_test(many_applications),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
