#include "kit.h"

#include "base/clock.h"
#include "wire/messages.h"

static void every_kind_has_its_row(void **state)
{
    (void)state;
    const ProtobufCEnumDescriptor *d = &sluis__kind__descriptor;
    assert_int_equal(d->n_values, 21);
    for (unsigned i = 0; i < d->n_values; i++) {
        int k = d->values[i].value;
        const message_kind *m = message_kind_of((Sluis__Kind)k);
        if (k == SLUIS__KIND__KIND_NONE) {
            assert_null(m);
            continue;
        }
        assert_non_null(m);
        assert_int_equal(m->kind, k);
        assert_true(name_valid(m->name));
        assert_non_null(m->body);
        assert_in_range(m->max_lifetime_ms, DAY_MS, 30 * DAY_MS);
        for (unsigned j = 1; j < i; j++)
            assert_string_not_equal(message_kind_of((Sluis__Kind)d->values[j].value)->name, m->name);
    }
    static const int reserved[] = {12, 13, 22, 23, 24, 25};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        assert_null(message_kind_of((Sluis__Kind)reserved[i]));
    assert_null(message_kind_of((Sluis__Kind)27));
    assert_null(message_kind_of((Sluis__Kind)-1));
}

static void rows_say_what_differs(void **state)
{
    (void)state;
    const message_kind *m = message_kind_of(SLUIS__KIND__RESPONSE);
    assert_string_equal(m->name, "response");
    assert_ptr_equal(m->body, &sluis__response_body__descriptor);
    assert_int_equal(m->answers, SLUIS__KIND__REQUEST);
    assert_int_equal(m->max_lifetime_ms, 30 * DAY_MS);
    assert_true(m->needs_attributes);
    assert_true(m->needs_case);
    m = message_kind_of(SLUIS__KIND__CONCERN);
    assert_int_equal(m->answers, SLUIS__KIND__KIND_NONE);
    assert_false(m->needs_case);
}

static void phases_have_two_names(void **state)
{
    (void)state;
    assert_string_equal(phase_name(SLUIS__PHASE__MEETING), "meeting");
    assert_string_equal(phase_name(SLUIS__PHASE__PHASE_NONE), "none");
    assert_int_equal(phase_parse("research"), SLUIS__PHASE__RESEARCH);
    assert_int_equal(phase_parse("onderzoek"), SLUIS__PHASE__RESEARCH);
    assert_int_equal(phase_parse("coordinatie"), SLUIS__PHASE__COORDINATION);
    assert_int_equal(phase_parse("overleg"), SLUIS__PHASE__MEETING);
    assert_int_equal(phase_parse("Meeting"), SLUIS__PHASE__PHASE_NONE);
}

static void outcomes_have_names(void **state)
{
    (void)state;
    assert_string_equal(outcome_name(SLUIS__OUTCOME__GIVEN), "given");
    assert_string_equal(outcome_name(SLUIS__OUTCOME__REFUSED), "refused");
    assert_string_equal(outcome_name(SLUIS__OUTCOME__NOT_POSSIBLE), "not-possible");
    assert_string_equal(outcome_name(SLUIS__OUTCOME__NOT_KNOWN), "not-known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_row),
        cmocka_unit_test(rows_say_what_differs),
        cmocka_unit_test(phases_have_two_names),
        cmocka_unit_test(outcomes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
