#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Runs one statement with stderr going into a pipe, and leaves what came out in `line`. */
static int saved, ends[2];
static char line[2 * PIPE_BUF];
static ssize_t got;

static void capture(void)
{
    saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
}

static void release(void)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    got = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    line[got > 0 ? got : 0] = '\0';
}

#define CAPTURE(statement)                                                                                   \
    do {                                                                                                     \
        capture();                                                                                           \
        statement;                                                                                           \
        release();                                                                                           \
    } while (0)

static json_t *parsed(void)
{
    assert_true(got > 0);
    assert_int_equal(line[got - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + got - 1); /* one line */
    json_t *j = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    return j;
}

static const char *field(const json_t *j, const char *key)
{
    return json_string_value(json_object_get(j, key));
}

static void one_object_a_line(void **state)
{
    (void)state;
    log_init("sluisd", LOG_INFO);
    CAPTURE(log_write(LOG_WARN, "bus.hello", "party", "00000099001234567000", "code", "full", NULL));
    json_t *j = parsed();
    assert_string_equal(field(j, "level"), "warn");
    assert_string_equal(field(j, "program"), "sluisd");
    assert_string_equal(field(j, "event"), "bus.hello");
    assert_string_equal(field(j, "party"), "00000099001234567000");
    assert_string_equal(field(j, "code"), "full");
    assert_int_equal(json_object_size(j), 6);
    uint64_t when;
    assert_int_equal(time_parse(&when, field(j, "time")), SLUIS_OK);
    json_decref(j);
}

static void levels(void **state)
{
    (void)state;
    log_init("t", LOG_WARN);
    CAPTURE(log_write(LOG_INFO, "quiet", NULL));
    assert_int_equal(got, 0);
    CAPTURE(log_write(LOG_ERROR, "loud", NULL));
    assert_true(got > 0);
    log_init("t", LOG_DEBUG);
    CAPTURE(log_write(LOG_DEBUG, "all", NULL));
    assert_true(got > 0);
}

static void values_are_escaped(void **state)
{
    (void)state;
    log_init("t", LOG_INFO);
    CAPTURE(log_write(LOG_INFO, "e", "k", "a\"b\\c\nd\x01\x7f\xc3\xab\xff\xe2\x82", "none",
                      (const char *)NULL, NULL));
    json_t *j = parsed();
    assert_string_equal(field(j, "k"), "a\"b\\c\nd\x01\x7f\xc3\xab\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_true(json_is_null(json_object_get(j, "none")));
    json_decref(j);
}

static void long_values_are_cut(void **state)
{
    (void)state;
    char v[2000];
    memset(v, 'x', sizeof v - 1);
    v[sizeof v - 1] = '\0';
    log_init("t", LOG_INFO);
    CAPTURE(log_write(LOG_INFO, "e", "k", v, "after", "here", NULL));
    json_t *j = parsed();
    assert_int_equal(strlen(field(j, "k")), 512);
    assert_string_equal(field(j, "after"), "here");
    json_decref(j);
}

static void a_full_line_says_so(void **state)
{
    (void)state;
    char v[513];
    memset(v, '\x02', sizeof v - 1); /* six bytes each when escaped */
    v[sizeof v - 1] = '\0';
    log_init("t", LOG_INFO);
    CAPTURE(log_write(LOG_INFO, "e", "a", v, "b", v, "c", "short", NULL));
    assert_true(got <= PIPE_BUF);
    json_t *j = parsed();
    assert_int_equal(strlen(field(j, "a")), 512);
    assert_null(field(j, "b"));
    assert_true(json_is_true(json_object_get(j, "cut")));
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object_a_line),   cmocka_unit_test(levels),
        cmocka_unit_test(values_are_escaped),  cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(a_full_line_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
