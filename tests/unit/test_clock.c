#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static const struct {
    uint64_t ms;
    const char *text;
} moments[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {UINT64_C(68169599999), "1972-02-28T23:59:59.999Z"},
    {UINT64_C(68169600000), "1972-02-29T00:00:00.000Z"},
    {UINT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
    {UINT64_C(951868800000), "2000-03-01T00:00:00.000Z"},
    {UINT64_C(1795501260123), "2026-11-24T06:21:00.123Z"},
    {UINT64_C(4107542399999), "2100-02-28T23:59:59.999Z"},
    {UINT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
    {UINT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
};

static void both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        char out[TIME_STR];
        uint64_t ms = 1;
        time_format(out, moments[i].ms);
        assert_string_equal(out, moments[i].text);
        assert_int_equal(time_parse(&ms, moments[i].text), SLUIS_OK);
        assert_true(ms == moments[i].ms);
    }
}

/* The C library's own calendar as a second opinion, every 11 days and a bit to the year 2400. */
static void agrees_with_gmtime(void **state)
{
    (void)state;
    for (uint64_t ms = 0; ms < UINT64_C(13569465600000); ms += 11 * DAY_MS + 54321) {
        time_t t = (time_t)(ms / 1000);
        struct tm tm;
        char want[TIME_STR], got[TIME_STR];
        gmtime_r(&t, &tm);
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S", &tm);
        time_format(got, ms);
        assert_memory_equal(got, want, 19);
        uint64_t back;
        assert_int_equal(time_parse(&back, got), SLUIS_OK);
        assert_true(back == ms);
    }
}

static void far_future_stays_in_its_buffer(void **state)
{
    (void)state;
    char out[TIME_STR];
    time_format(out, UINT64_MAX);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
}

static void forms_of_time(void **state)
{
    (void)state;
    uint64_t ms;
    assert_int_equal(time_parse(&ms, "2026-11-24"), SLUIS_OK);
    assert_true(ms == UINT64_C(1795478400000));
    assert_int_equal(clock_day(ms), 20781);
    assert_int_equal(clock_day(ms - 1), 20780);
    assert_int_equal(time_parse(&ms, "2026-11-24T06:21:00Z"), SLUIS_OK);
    assert_true(ms == UINT64_C(1795501260000));
    assert_int_equal(time_parse(&ms, "2026-11-24T06:21:00.5+00:00"), SLUIS_OK);
    assert_true(ms == UINT64_C(1795501260500));
    assert_int_equal(time_parse(&ms, "2026-11-24T06:21:00.123987654Z"), SLUIS_OK);
    assert_true(ms == UINT64_C(1795501260123));
}

static void impossible_times(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-31",
        "2026-02-29",
        "2100-02-29",
        "2026-00-10",
        "2026-13-01",
        "2026-01-00",
        "1969-12-31",
        "26-11-24",
        "2026-1-24",
        "2026-11-24 ",
        "2026-11-24T",
        "2026-11-24T06:21Z",
        "2026-11-24T06:21:00",
        "2026-11-24t06:21:00Z",
        "2026-11-24 06:21:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T06:60:00Z",
        "2026-11-24T06:21:60Z",
        "2026-11-24T06:21:00.Z",
        "2026-11-24T06:21:00+01:00",
        "2026-11-24T06:21:00.1234567890Z",
        "2026-11-24T06:21:00ZZ",
        "-026-11-24",
        "2026/11/24",
        "2026-11-2\xb2",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t ms = 42;
        assert_int_equal(time_parse(&ms, bad[i]), SLUIS_INVALID);
        assert_true(ms == 42);
    }
}

static void clocks_run(void **state)
{
    (void)state;
    uint64_t now = clock_ms(), mono = clock_mono_us();
    assert_in_range(now / 1000, (uint64_t)time(NULL) - 2, (uint64_t)time(NULL) + 2);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    assert_true(clock_mono_us() - mono >= 2000);
}

static void dates_of_any_year(void **state)
{
    (void)state;
    assert_true(date_valid("1950-02-28"));
    assert_true(date_valid("1900-12-31"));
    assert_true(date_valid("2024-02-29"));
    assert_false(date_valid("1900-02-29")); /* no leap year */
    assert_false(date_valid("0000-01-01"));
    assert_false(date_valid("1950-13-01"));
    assert_false(date_valid("1950-04-31"));
    assert_false(date_valid("1950-4-30"));
    assert_false(date_valid("1950-04-30T00:00:00Z"));
    assert_false(date_valid(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_any_year),  cmocka_unit_test(both_ways),
        cmocka_unit_test(agrees_with_gmtime), cmocka_unit_test(far_future_stays_in_its_buffer),
        cmocka_unit_test(forms_of_time),      cmocka_unit_test(impossible_times),
        cmocka_unit_test(clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
