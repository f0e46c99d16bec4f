/* The metrics are valid text of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/metrics.h"

static const char *const names[] = {
#define X(field, type, help) "sluis_" #field,
    SLUIS_METRICS(X)
#undef X
};
#define COUNT (sizeof(names) / sizeof(names[0]))

/* [a-zA-Z_:][a-zA-Z0-9_:]* */
static size_t name_length(const char *s)
{
    size_t n = 0;
    while (isalpha((unsigned char)s[n]) || s[n] == '_' || s[n] == ':' || (n && isdigit((unsigned char)s[n])))
        n++;
    return n;
}

/* The line at *at up to its newline, cut off; moves on. */
static char *take_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    if (!end)
        fail_msg("a line without its newline: %s", line);
    *end = '\0';
    *at = end + 1;
    return line;
}

/* "# HELP name text", "# TYPE name counter|gauge", "name value", for each, in this order. */
static void every_metric_has_help_type_and_value(void **state)
{
    metrics m = {0};
    buffer b;
    char want[128];
    (void)state;
    buffer_init(&b, 64u << 10);
    METRIC_SET(&m, bus_sessions, 3);
    METRIC_ADD(&m, core_messages, 5);
    METRIC_ADD(&m, core_messages, 2);
    METRIC_SET(&m, journal_entries, UINT64_MAX);
    metrics_text(&m, &b);
    buffer_u8(&b, 0);
    assert_int_equal(b.err, SLUIS_OK);
    char *at = (char *)b.p;
    for (size_t i = 0; i < COUNT; i++) {
        size_t n = strlen(names[i]);
        assert_int_equal(name_length(names[i]), n);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
        char *help = take_line(&at);
        snprintf(want, sizeof(want), "# HELP %s ", names[i]);
        assert_int_equal(strncmp(help, want, strlen(want)), 0);
        assert_true(strlen(help) > strlen(want));
        assert_null(strchr(help, '\\')); /* would have to be escaped */
        char *type = take_line(&at);
        snprintf(want, sizeof(want), "# TYPE %s ", names[i]);
        assert_int_equal(strncmp(type, want, strlen(want)), 0);
        const char *word = type + strlen(want);
        assert_true(strcmp(word, "counter") == 0 || strcmp(word, "gauge") == 0);
        char *value = take_line(&at), *end = NULL;
        assert_int_equal(strncmp(value, names[i], n), 0);
        assert_int_equal(value[n], ' ');
        assert_true(isdigit((unsigned char)value[n + 1]));
        strtoull(value + n + 1, &end, 10);
        assert_string_equal(end, "");
    }
    assert_string_equal(at, ""); /* nothing behind the last */
    buffer_close(&b);
}

static void values_are_those_set(void **state)
{
    metrics m = {0};
    buffer b;
    (void)state;
    buffer_init(&b, 64u << 10);
    METRIC_SET(&m, bus_sessions, 3);
    METRIC_SET(&m, bus_sessions, 2);
    METRIC_ADD(&m, core_messages, 5);
    METRIC_ADD(&m, core_messages, 2);
    METRIC_SET(&m, journal_entries, UINT64_MAX);
    metrics_text(&m, &b);
    buffer_u8(&b, 0);
    const char *text = (const char *)b.p;
    assert_non_null(strstr(text, "\n# TYPE sluis_bus_sessions gauge\nsluis_bus_sessions 2\n"));
    assert_non_null(strstr(text, "\n# TYPE sluis_core_messages counter\nsluis_core_messages 7\n"));
    assert_non_null(strstr(text, "\nsluis_journal_entries 18446744073709551615\n"));
    assert_non_null(strstr(text, "\nsluis_views_served 0\n"));
    assert_int_equal(METRIC_GET(&m, core_messages), 7);
    buffer_close(&b);
}

/* A text that does not fit is an error, not half an answer. */
static void too_small_a_buffer(void **state)
{
    metrics m = {0};
    buffer b;
    (void)state;
    buffer_init(&b, 200);
    metrics_text(&m, &b);
    assert_int_equal(b.err, SLUIS_TOO_BIG);
    buffer_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_help_type_and_value),
        cmocka_unit_test(values_are_those_set),
        cmocka_unit_test(too_small_a_buffer),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
