/* Strict JSON: the rules that go beyond RFC 8259, and errors that say where without quoting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/json.h"
#include "http/json_out.h"

static void test_accepts(void **state)
{
    (void)state;
    static const char *const good[] = {"{}",
                                       " [1, -2.5e3, true, null, \"\\u00e9\xc3\xa9\"] ",
                                       "\"a\"",
                                       "0",
                                       "{\"a\":{\"b\":[[[]]]},\"c\":1}",
                                       "\"\xf4\x8f\xbf\xbf\""};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        json_t *v = NULL;
        assert_int_equal(json_request_parse(&v, bytes_str(good[i]), NULL), SLUIS_OK);
        assert_non_null(v);
        json_decref(v);
    }
    json_t *v = NULL;
    assert_int_equal(json_request_parse(&v, bytes_str("{\"naam\":\"x\",\"n\":1}"), NULL), SLUIS_OK);
    assert_string_equal(json_str(v, "naam"), "x");
    assert_null(json_str(v, "n"));
    assert_null(json_str(v, "anders"));
    json_decref(v);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        sluis_err want;
        const char *where;
    } bad[] = {
        {"", 0, SLUIS_INVALID, "regel 1, kolom 1"},
        {"{\"a\":1,\n \"a\":2}", 0, SLUIS_INVALID, "regel 2, kolom 4"},
        {"{\"a\":{\"b\":1,\"b\":1}}", 0, SLUIS_INVALID, NULL},
        {"{\"a\":1} x", 0, SLUIS_INVALID, NULL},
        {"{\"a\":1}\0", 8, SLUIS_INVALID, "regel 1, kolom 8"},
        {"\"a\0b\"", 5, SLUIS_INVALID, "regel 1, kolom 3"},
        {"\"\\u0000\"", 0, SLUIS_INVALID, NULL},
        {"{\"\\u0000\":1}", 0, SLUIS_INVALID, NULL},
        {"\xef\xbb\xbf{}", 0, SLUIS_INVALID, NULL},
        {"\"\xc0\x80\"", 0, SLUIS_INVALID, NULL},
        {"\"\xed\xa0\x80\"", 0, SLUIS_INVALID, NULL},
        {"\"\\ud800\"", 0, SLUIS_INVALID, NULL},
        {"[1,]", 0, SLUIS_INVALID, NULL},
        {"{'a':1}", 0, SLUIS_INVALID, NULL},
        {"NaN", 0, SLUIS_INVALID, NULL},
        {"01", 0, SLUIS_INVALID, NULL},
        {"99999999999999999999", 0, SLUIS_INVALID, NULL},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 0, SLUIS_TOO_BIG,
         "regel 1, kolom 33"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *v = NULL;
        sluis_fail f = {0};
        size_t n = bad[i].n ? bad[i].n : strlen(bad[i].text);
        sluis_err e = json_request_parse(&v, BYTES(bad[i].text, n), &f);
        if (e != bad[i].want)
            print_error("%s: %s %s\n", bad[i].text, f.where, f.text);
        assert_int_equal(e, bad[i].want);
        assert_null(v);
        if (bad[i].where)
            assert_string_equal(f.where, bad[i].where);
    }
    assert_int_equal(json_request_parse(&(json_t *){NULL}, BYTES("{}", JSON_MAX_BYTES + 1), NULL),
                     SLUIS_TOO_BIG);
}

/* What a caller sent may be personal: no error repeats it. */
static void test_no_echo(void **state)
{
    (void)state;
    json_t *v = NULL;
    sluis_fail f = {0};
    assert_int_equal(json_request_parse(&v, bytes_str("{\"bsn\": 999990019x}"), &f), SLUIS_INVALID);
    assert_null(strstr(f.text, "99999"));
    fail_clear(&f);
    assert_int_equal(json_request_parse(&v, bytes_str("{\"geheim\":1,\"geheim\":2}"), &f), SLUIS_INVALID);
    assert_null(strstr(f.text, "geheim"));
}

static void written_as_it_comes(void **state)
{
    static const char want[] =
        "{\"a\":[\"\",\"caf\xc3\xa9\",{}],\"t\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\","
        "\"n\":18446744073709551615,\"z\":0,\"ja\":true,\"nee\":false}";
    buffer b;
    (void)state;
    buffer_init(&b, 4096);
    json_out o = {.b = &b};
    json_out_open(&o, NULL, '{');
    json_out_open(&o, "a", '[');
    json_out_text(&o, NULL, "");
    json_out_text(&o, NULL, "caf\xc3\xa9");
    json_out_open(&o, NULL, '{');
    json_out_close(&o, '}');
    json_out_close(&o, ']');
    json_out_text(&o, "t", "\"\\/\b\f\n\r\t\x01\x1f\x7f");
    json_out_number(&o, "n", UINT64_MAX);
    json_out_number(&o, "z", 0);
    json_out_bool(&o, "ja", true);
    json_out_bool(&o, "nee", false);
    json_out_close(&o, '}');
    assert_int_equal(b.err, SLUIS_OK);
    assert_int_equal(b.n, sizeof want - 1);
    assert_memory_equal(b.p, want, b.n);
    buffer_close(&b);
}

/* Every byte at every place of a text of some words: jansson reads it back. */
static void every_byte_comes_back(void **state)
{
    char text[21];
    buffer b;
    (void)state;
    buffer_init(&b, 4096);
    for (unsigned c = 1; c < 0x80; c++)
        for (size_t at = 0; at < sizeof text - 1; at++) {
            memset(text, 'x', sizeof text - 1);
            text[sizeof text - 1] = '\0';
            text[at] = (char)c;
            buffer_clear(&b);
            json_out o = {.b = &b};
            json_out_text(&o, NULL, text);
            assert_int_equal(b.err, SLUIS_OK);
            json_t *v = json_loadb((const char *)b.p, b.n, JSON_DECODE_ANY, NULL);
            assert_string_equal(json_string_value(v), text);
            json_decref(v);
        }
    buffer_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accepts), cmocka_unit_test(test_refuses),
                                       cmocka_unit_test(written_as_it_comes), cmocka_unit_test(test_no_echo),
                                       cmocka_unit_test(every_byte_comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
