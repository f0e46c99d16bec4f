#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ids.h"

#define OIN_A "00000099001234567000"

static void oin_form(void **state)
{
    (void)state;
    oin o, p;
    assert_int_equal(oin_parse(&o, OIN_A, 20), SLUIS_OK);
    assert_string_equal(o.s, OIN_A);
    assert_true(oin_is_test(&o));
    assert_int_equal(oin_parse(&p, "00000001AB3456789000", 20), SLUIS_OK);
    assert_false(oin_is_test(&p));
    assert_false(oin_equal(&o, &p));
    assert_true(oin_equal(&o, &o));
    assert_false(oin_valid(OIN_A, 19));
    assert_false(oin_valid(OIN_A "0", 21));
    assert_false(oin_valid("0000009900123456700a", 20)); /* lower case */
    assert_false(oin_valid("000000990012345670 0", 20));
    assert_false(oin_valid("A0000099001234567000", 20)); /* the prefix is digits */
    assert_int_equal(oin_parse(&o, "", 0), SLUIS_INVALID);
    assert_string_equal(o.s, OIN_A);
}

/* 999990019: 9*9+8*9+7*9+6*9+5*9+4*0+3*0+2*1-9 = 308 = 28*11. */
static void bsn_in_a_name(void **state)
{
    static const struct {
        const char *name, *shown;
    } rows[] = {
        {"999990019", "*********"},
        {"x999990019y", "x*********y"},
        {"9999.012.34.xml", "****.***.**.xml"},
        {"kind 9999-90.019_a9.json", "kind ****-**.***_a9.json"},
        {"9999\xe2\x80\x93"
         "90019",
         "****\xe2\x80\x93*****"}, /* parted by a dash that is no ASCII */
        {"20261124.xml", "20261124.xml"},
        {"a12345678b1", "a12345678b1"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char s[64];
        snprintf(s, sizeof s, "%s", rows[i].name);
        bsn_mask(s);
        assert_string_equal(s, rows[i].shown);
    }
}

static void bsn_eleven_test(void **state)
{
    (void)state;
    assert_true(bsn_valid("999990019", 9));
    assert_true(bsn_valid("000000012", 9)); /* leading zeros are normal */
    assert_false(bsn_valid("000000000", 9));
    assert_false(bsn_valid("999990018", 9));
    assert_false(bsn_valid("99999001", 8));
    assert_false(bsn_valid("9999900190", 10));
    assert_false(bsn_valid("99999001x", 9));
    assert_true(bsn_is_test("999990019"));
    assert_false(bsn_is_test("000000012"));
}

/* Every single wrong digit is caught, as weights 9..2 and -1 have no factor 11. */
static void bsn_single_error_is_caught(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++)
        for (char d = '0'; d <= '9'; d++) {
            char s[] = "999990019";
            if (s[i] == d)
                continue;
            s[i] = d;
            assert_false(bsn_valid(s, 9));
        }
}

static void uuid_carries_the_time(void **state)
{
    (void)state;
    uuid a = uuid_new(UINT64_C(0x0123456789ab)), b = uuid_new(UINT64_C(0x0123456789ab));
    assert_memory_equal(a.b, "\x01\x23\x45\x67\x89\xab", 6);
    assert_true(uuid_is_v7(a.b));
    assert_memory_not_equal(a.b, b.b, UUID_LEN);
    uint8_t seen_or[10] = {0}, seen_and[10];
    memset(seen_and, 0xff, sizeof seen_and);
    for (int i = 0; i < 200; i++) {
        uuid u = uuid_new(0);
        for (int j = 0; j < 10; j++) {
            seen_or[j] |= u.b[6 + j];
            seen_and[j] &= u.b[6 + j];
        }
    }
    /* all 74 random bits move, version and variant do not */
    assert_memory_equal(seen_or, "\x7f\xff\xbf\xff\xff\xff\xff\xff\xff\xff", 10);
    assert_memory_equal(seen_and, "\x70\x00\x80\x00\x00\x00\x00\x00\x00\x00", 10);
}

/* RFC 9562 appendix A.6. */
static void uuid_text(void **state)
{
    (void)state;
    static const char text[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    uuid u, v;
    char out[UUID_STR];
    assert_int_equal(uuid_parse(&u, text), SLUIS_OK);
    assert_true(uuid_is_v7(u.b));
    assert_true(get_u64(u.b) >> 16 == UINT64_C(0x017F22E279B0));
    uuid_format(out, u.b);
    assert_string_equal(out, text);
    assert_int_equal(uuid_parse(&v, "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), SLUIS_OK);
    assert_memory_equal(u.b, v.b, UUID_LEN);
    static const char *const bad[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e2979b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b-07cc3-98c4-dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(uuid_parse(&v, bad[i]), SLUIS_INVALID);
    assert_int_equal(uuid_parse(&v, "017f22e2-79b0-4cc3-98c4-dc0c0c07398f"), SLUIS_OK);
    assert_false(uuid_is_v7(v.b)); /* version 4 */
    assert_int_equal(uuid_parse(&v, "017f22e2-79b0-7cc3-58c4-dc0c0c07398f"), SLUIS_OK);
    assert_false(uuid_is_v7(v.b)); /* another variant */
}

static void ids_round_trip(void **state)
{
    (void)state;
    id16 a = id_random(), b = id_random(), c;
    char s[33];
    assert_false(id_equal(&a, &b));
    id_format(s, &a);
    assert_int_equal(strlen(s), 32);
    assert_int_equal(id_parse(&c, s), SLUIS_OK);
    assert_true(id_equal(&a, &c));
    assert_int_equal(id_parse(&c, "00112233445566778899aabbccddeef"), SLUIS_INVALID);
    assert_int_equal(id_parse(&c, "00112233445566778899aabbccddeeff0"), SLUIS_INVALID);
    assert_int_equal(id_parse(&c, "00112233445566778899aabbccddeefx"), SLUIS_INVALID);
    assert_true(id_equal(&a, &c));
}

static void names(void **state)
{
    (void)state;
    char s[66];
    memset(s, 'a', 65);
    s[65] = '\0';
    assert_false(name_valid(s));
    s[64] = '\0';
    assert_true(name_valid(s));
    assert_true(name_valid("wmo:5.4.1_x-y"));
    assert_true(name_valid("0"));
    assert_true(name_valid("mw-999990018"));  /* fails the eleven-test */
    assert_true(name_valid("a999990019f"));   /* within a longer id */
    assert_true(name_valid("mw-9999900190")); /* ten digits */
    static const char *const bad[] = {"",
                                      "-a",
                                      ".a",
                                      "A",
                                      "a b",
                                      "a/b",
                                      "a\n",
                                      "\xc3\xab",
                                      "999990019",
                                      "kind:999990019",
                                      "mw-999990019.x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(name_valid(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oin_form),
        cmocka_unit_test(bsn_eleven_test),
        cmocka_unit_test(bsn_in_a_name),
        cmocka_unit_test(bsn_single_error_is_caught),
        cmocka_unit_test(uuid_carries_the_time),
        cmocka_unit_test(uuid_text),
        cmocka_unit_test(ids_round_trip),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
