#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"

static const config_key top[] = {
    {.key = "name", .type = CONFIG_STR, .required = true, .min = 1, .max = 8, .help = "the gateway's name"},
    {.key = "port", .type = CONFIG_INT, .min = 1, .max = 65535, .unit = "", .dflt = "5555"},
    {.key = "quota", .type = CONFIG_INT, .min = 1, .max = -1, .unit = "bytes", .dflt = "10737418240"},
    {.key = "strict", .type = CONFIG_BOOL, .dflt = "true"},
    {.key = "limits", .type = CONFIG_GROUP},
    {.key = "parties", .type = CONFIG_LIST, .min = 1, .max = 2},
    {.key = "laws", .type = CONFIG_STRS, .max = 3},
    {.key = "motto", .type = CONFIG_STR},
};
#define TOP top, sizeof top / sizeof *top

static config *c;
static sluis_fail f;

static sluis_err load(const char *text)
{
    config_free(&c);
    fail_clear(&f);
    return config_read_text(&c, "t.conf", text, strlen(text), &f);
}

static sluis_err check(const char *text)
{
    sluis_err e = load(text);
    return e ? e : config_check(config_root(c), TOP, &f);
}

static int close_config(void **state)
{
    (void)state;
    config_free(&c);
    config_free(&c);
    return 0;
}

static void values_and_defaults(void **state)
{
    (void)state;
    assert_int_equal(
        check("# a comment\nname = \"sluis\"; // and\n/* more\n */ port = 80;\nstrict : false\n"
              "laws = [\"wmo\", \"jeugdwet\"];\n"
              "parties = ( { oin = \"x\"; },\n { oin = \"y\"; } );\nlimits = { deep = 1; }; # end"),
        SLUIS_OK);
    const config_node *r = config_root(c);
    assert_string_equal(config_str(r, TOP, "name"), "sluis");
    assert_int_equal(config_int(r, TOP, "port"), 80);
    assert_true(config_int(r, TOP, "quota") == INT64_C(10737418240));
    assert_false(config_bool(r, TOP, "strict"));
    assert_null(config_str(r, TOP, "motto"));
    assert_null(config_get(r, "motto"));
    const config_node *laws = config_get(r, "laws"), *parties = config_get(r, "parties");
    assert_int_equal(config_count(laws), 2);
    assert_string_equal(config_at_str(laws, 1), "jeugdwet");
    assert_null(config_at_str(laws, 2));
    assert_int_equal(config_count(parties), 2);
    assert_int_equal(config_line(config_at(parties, 1)), 8);
    assert_int_equal(config_line(config_get(r, "strict")), 5);
    assert_int_equal(config_count(NULL), 0);
    assert_null(config_at(parties, 2));
}

static void absent_group_has_defaults(void **state)
{
    (void)state;
    assert_int_equal(config_int(NULL, TOP, "port"), 5555);
    assert_true(config_bool(NULL, TOP, "strict"));
    assert_null(config_str(NULL, TOP, "motto"));
}

static void numbers_of_64_bits(void **state)
{
    (void)state;
    assert_int_equal(check("name=\"a\"; quota = 2147483647;"), SLUIS_OK);
    assert_true(config_int(config_root(c), TOP, "quota") == 2147483647);
    assert_int_equal(check("name=\"a\"; quota = 5000000000L;"), SLUIS_OK);
    assert_true(config_int(config_root(c), TOP, "quota") == INT64_C(5000000000));
    assert_int_equal(check("name=\"a\"; quota = 0x1FFFFFFFFL;"), SLUIS_OK);
    assert_true(config_int(config_root(c), TOP, "quota") == INT64_C(0x1FFFFFFFF));
}

/* Each error: text in, then file:line and the words out. */
static void errors_name_file_line_and_text(void **state)
{
    (void)state;
    static const struct {
        const char *in, *where, *text;
    } cases[] = {
        {"name=\"a\";\n  colour = 1;", "t.conf:2", "unknown key \"colour\": \"colour = 1;\""},
        {"\nport=1;", "t.conf:1", "key \"name\" is missing (the gateway's name): \"\""},
        {"name=1;", "t.conf:1", "\"name\" must be a text in double quotes: \"name=1;\""},
        {"name=\"a\"; port=\"x\";", "t.conf:1",
         "\"port\" must be a whole number: \"name=\"a\"; port=\"x\";\""},
        {"name=\"a\";\nport=1.5;", "t.conf:2", "\"port\" must be a whole number: \"port=1.5;\""},
        {"name=\"a\";\nport=0;", "t.conf:2", "\"port\" is 0; allowed are 1 to 65535: \"port=0;\""},
        {"name=\"a\";\nport=65536;", "t.conf:2",
         "\"port\" is 65536; allowed are 1 to 65535: \"port=65536;\""},
        {"name=\"a\";\nquota=-1;", "t.conf:2", "\"quota\" is -1; at least 1 bytes are needed: \"quota=-1;\""},
        {"name=\"\";", "t.conf:1", "\"name\" is 0 bytes long; allowed are 1 to 8: \"name=\"\";\""},
        {"name=\"123456789\";", "t.conf:1",
         "\"name\" is 9 bytes long; allowed are 1 to 8: \"name=\"123456789\";\""},
        {"name=\"a\";\nstrict=1;", "t.conf:2", "\"strict\" must be true or false: \"strict=1;\""},
        {"name=\"a\";\nlimits=();", "t.conf:2", "\"limits\" must be a group { ... }: \"limits=();\""},
        {"name=\"a\";\nparties={};", "t.conf:2", "\"parties\" must be a list ( ... ): \"parties={};\""},
        {"name=\"a\";\nparties=();", "t.conf:2",
         "\"parties\" is 0 elements long; allowed are 1 to 2: \"parties=();\""},
        {"name=\"a\";\nparties=({},{},{});", "t.conf:2",
         "\"parties\" is 3 elements long; allowed are 1 to 2: \"parties=({},{},{});\""},
        {"name=\"a\";\nlaws=[1];", "t.conf:2", "\"laws\" must be a list of texts [\"...\"]: \"laws=[1];\""},
        {"name=\"a\";\nlaws=(\"a\",1);", "t.conf:2",
         "\"laws\" must be a list of texts [\"...\"]: \"laws=(\"a\",1);\""},
        {"name=\"a\";\nlaws=[\"a\",\"b\",\"c\",\"d\"];", "t.conf:2",
         "\"laws\" is 4 elements long; allowed are 0 to 3: \"laws=[\"a\",\"b\",\"c\",\"d\"];\""},
        {"name=\"a\";\nname=\"b\";", "t.conf:2", "duplicate setting name: \"name=\"b\";\""},
        {"name=\"a\"\n  = 3", "t.conf:2", "syntax error: \"= 3\""},
        {"a=1;\n\t@include \"x\"\n", "t.conf:2",
         "@include is not used here: one file holds it all: \"@include \"x\"\""},
        {"a = {\nb=(1;\n};", "t.conf:3", "} does not close the ( of line 2: \"};\""},
        {"a=1;\n}", "t.conf:2", "} closes nothing: \"}\""},
        {"a=1;\nb = {\nc=1;\n", "t.conf:2", "bracket opened here is never closed: \"b = {\""},
        {"a=1;\nb = \"x\n\n", "t.conf:2", "text is never closed: \"b = \"x\""},
        {"a=1;\n/* b\n\n", "t.conf:2", "comment is never closed: \"/* b\""},
        {"a=1;\nb \"x\";", "t.conf:2", "a text cannot stand here; write key = \"text\": \"b \"x\";\""},
        {"a=\"\n\\x00\";", "t.conf:2",
         "\\x escapes are not used here: write the character itself: \"\\x00\";\""},
        {"a=1;\nb=\"\xff\";", "t.conf:2", "not UTF-8: save the file as UTF-8: \"b=\"?\";\""},
        {"a=1;\nb=\"\x01\";", "t.conf:2", "control character: remove it: \"b=\"?\";\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(check(cases[i].in), SLUIS_INVALID);
        assert_string_equal(f.where, cases[i].where);
        assert_string_equal(f.text, cases[i].text);
    }
}

/* libconfig 1.5 would take each of these as another number. */
static void numbers_never_wrap(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a=2147483648;",           "a=-2147483649;",
        "a=0xFFFFFFFF;",           "a=5000000000b=1;",
        "a=99999999999e-x=3;",     "a=99999999999999999999L;",
        "a=0x1FFFFFFFFFFFFFFFFL;", "a=(1,5000000000);",
        "a=+5000000000;",          "a=-99999999999999999999L;",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(load(bad[i]), SLUIS_INVALID);
        assert_non_null(strstr(f.text, "number"));
    }
    assert_int_equal(
        load("a=-2147483648; b=2147483647; c=0x7fffffff; d=1.5e10; e=.5; f=99999999999.0; g=1e11;"),
        SLUIS_OK);
}

static void strings_and_comments_hide_marks(void **state)
{
    (void)state;
    assert_int_equal(
        load("a = \"@include { \\\" ( 99999999999\"; # @include \"x\" {\n// ( [\n/* { @include \n*/ b=1;"),
        SLUIS_OK);
    assert_int_equal(config_count(config_root(c)), 2);
    assert_int_equal(load("a = \"ends in a backslash \\\\\"; b = \"x\";"), SLUIS_OK);
    assert_int_equal(config_count(config_root(c)), 2);
    assert_int_equal(load("a = \"joined\" # one\n \"up\"; b = (\"x\", \"y\" \"z\"); c : [ \"q\" ]"),
                     SLUIS_OK);
    assert_string_equal(config_at_str(config_get(config_root(c), "b"), 1), "yz");
    assert_int_equal(load(""), SLUIS_OK);
    assert_int_equal(load("# only"), SLUIS_OK);
    assert_int_equal(config_count(config_root(c)), 0);
}

static void depth_and_width_are_bounded(void **state)
{
    (void)state;
    char text[200] = "a = ";
    for (int deep = 32; deep <= 33; deep++) {
        memset(text + 4, '(', (size_t)deep);
        memset(text + 4 + deep, ')', (size_t)deep);
        memcpy(text + 4 + 2 * deep, ";", 2);
        assert_int_equal(load(text), deep == 32 ? SLUIS_OK : SLUIS_INVALID);
    }
    assert_non_null(strstr(f.text, "nested too deeply"));

    buffer b;
    buffer_init(&b, 1 << 20);
    for (int i = 0; i < 1024; i++)
        buffer_printf(&b, "k%d=1;\n", i);
    assert_int_equal(config_read_text(&c, "w", (char *)b.p, b.n, &f), SLUIS_OK);
    buffer_printf(&b, "more=1;\n");
    config_free(&c);
    fail_clear(&f);
    assert_int_equal(config_read_text(&c, "w", (char *)b.p, b.n, &f), SLUIS_INVALID);
    assert_string_equal(f.where, "w:1025");
    buffer_close(&b);
}

static void size_is_bounded(void **state)
{
    (void)state;
    char *text = malloc(CONFIG_MAX_BYTES + 1);
    memset(text, ' ', CONFIG_MAX_BYTES + 1);
    assert_int_equal(config_read_text(&c, "big", text, CONFIG_MAX_BYTES, &f), SLUIS_OK);
    config_free(&c);
    assert_int_equal(config_read_text(&c, "big", text, CONFIG_MAX_BYTES + 1, &f), SLUIS_TOO_BIG);
    assert_null(c);
    free(text);
}

static void nul_is_refused(void **state)
{
    (void)state;
    fail_clear(&f);
    assert_int_equal(config_read_text(&c, "n", "a=1;\n\0b", 7, &f), SLUIS_INVALID);
    assert_string_equal(f.where, "n:2");
}

static void long_names_and_lines_are_cut(void **state)
{
    (void)state;
    char name[300], text[500];
    memset(name, 'd', sizeof name - 1);
    memcpy(name + sizeof name - 9, "end.conf", 9);
    memset(text, 'k', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fail_clear(&f);
    assert_int_equal(config_read_text(&c, name, text, strlen(text), &f), SLUIS_INVALID);
    assert_non_null(strstr(f.where, "end.conf:1"));
    assert_memory_equal(f.where, "...", 3);
    assert_string_equal(f.text + strlen(f.text) - 5, "k...\"");
}

static void check_of_no_group(void **state)
{
    (void)state;
    assert_int_equal(load("l = (\n 1 );"), SLUIS_OK);
    assert_int_equal(config_check(config_at(config_get(config_root(c), "l"), 0), TOP, &f), SLUIS_INVALID);
    assert_string_equal(f.text, "this must be a group { ... }: \"1 );\"");
    assert_string_equal(f.where, "t.conf:2");
}

static void missing_in_an_inner_group(void **state)
{
    (void)state;
    assert_int_equal(load("a = 1;\nparties = (\n { port = 1; }\n);"), SLUIS_OK);
    const config_node *party = config_at(config_get(config_root(c), "parties"), 0);
    assert_int_equal(config_check(party, TOP, &f), SLUIS_INVALID);
    assert_string_equal(f.where, "t.conf:3");
    assert_string_equal(f.text, "key \"name\" is missing (the gateway's name): \"{ port = 1; }\"");
}

static void own_errors_at_a_node(void **state)
{
    (void)state;
    assert_int_equal(load("a = 1;\n  b = \"zes\";"), SLUIS_OK);
    assert_int_equal(config_fail(config_get(config_root(c), "b"), &f, "no such law %d", 6), SLUIS_INVALID);
    assert_string_equal(f.where, "t.conf:2");
    assert_string_equal(f.text, "no such law 6: \"b = \"zes\";\"");
}

static void from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/sluis-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a = 1;\nb = ;\n", 13), 13);
    fail_clear(&f);
    assert_int_equal(config_read_file(&c, path, &f), SLUIS_INVALID);
    assert_memory_equal(f.where, path, strlen(path));
    assert_string_equal(f.where + strlen(path), ":2");
    assert_int_equal(ftruncate(fd, 7), 0);
    assert_int_equal(config_read_file(&c, path, NULL), SLUIS_OK);
    config_free(&c);
    close(fd);
    unlink(path);
    assert_int_equal(config_read_file(&c, path, NULL), SLUIS_NOT_FOUND);
    assert_int_equal(config_read_file(&c, "/tmp", NULL), SLUIS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(values_and_defaults, close_config),
        cmocka_unit_test(absent_group_has_defaults),
        cmocka_unit_test_teardown(numbers_of_64_bits, close_config),
        cmocka_unit_test_teardown(errors_name_file_line_and_text, close_config),
        cmocka_unit_test_teardown(numbers_never_wrap, close_config),
        cmocka_unit_test_teardown(strings_and_comments_hide_marks, close_config),
        cmocka_unit_test_teardown(depth_and_width_are_bounded, close_config),
        cmocka_unit_test_teardown(size_is_bounded, close_config),
        cmocka_unit_test_teardown(nul_is_refused, close_config),
        cmocka_unit_test_teardown(long_names_and_lines_are_cut, close_config),
        cmocka_unit_test_teardown(check_of_no_group, close_config),
        cmocka_unit_test_teardown(missing_in_an_inner_group, close_config),
        cmocka_unit_test_teardown(own_errors_at_a_node, close_config),
        cmocka_unit_test_teardown(from_a_file, close_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
