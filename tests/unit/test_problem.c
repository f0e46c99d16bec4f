/* Problems: the first stays, and each code of base/error.h has a Dutch title and sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/error.h"
#include "http/problem.h"

static void each_code_has_its_words(void **state)
{
    (void)state;
    problem internal = {0};
    problem_told(&internal, 500, "internal", "", "");
    for (int e = SLUIS_OK + 1; e < SLUIS_INTERNAL; e++) {
        problem p = {0};
        problem_told(&p, 400, error_token((sluis_err)e), "zaakId", "");
        assert_string_equal(p.code, error_token((sluis_err)e));
        assert_string_equal(p.where, "zaakId");
        if (strcmp(p.detail, internal.detail) == 0)
            fail_msg("%s has no words of its own", p.code);
        assert_string_not_equal(p.title, error_text((sluis_err)e));
        assert_string_not_equal(p.detail, "");
    }
}

static void what_sluisd_says_goes_first(void **state)
{
    (void)state;
    problem p = {0};
    problem_told(&p, 409, "conflict", "zaakId", "lees de zaak opnieuw");
    assert_int_equal(p.status, 409);
    assert_string_equal(p.title, "Conflict");
    assert_string_equal(p.detail, "lees de zaak opnieuw");
    problem_told(&p, 404, "not-found", "", ""); /* the first one stays */
    assert_string_equal(p.code, "conflict");

    problem strange = {0};
    problem_told(&strange, 400, "of-a-later-version", "", "");
    assert_string_equal(strange.code, "of-a-later-version");
    assert_string_equal(strange.title, "Interne fout");
}

static void is_written_as_json(void **state)
{
    (void)state;
    problem p = {0};
    buffer b;
    buffer_init(&b, 4096);
    problem_told(&p, 404, "not-found", "", "");
    problem_write(&b, &p, "/v1/zaken/x");
    json_t *o = json_loadb((const char *)b.p, b.n, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(o, "title")), "Niet gevonden");
    assert_string_equal(json_string_value(json_object_get(o, "detail")),
                        "Het bestaat niet, of u mag het niet zien.");
    assert_int_equal(json_integer_value(json_object_get(o, "status")), 404);
    assert_null(json_object_get(o, "waar"));
    json_decref(o);
    buffer_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_code_has_its_words),
                                       cmocka_unit_test(what_sluisd_says_goes_first),
                                       cmocka_unit_test(is_written_as_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
