/* How many reports of concern a party may bring in a day, and what happens when the register is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kit_parts.h"

#include "core/reported.h"

#define ARENA (1u << 20)

static sluis_err bring(house *h, const actor *by, uint64_t now, sluis_fail *f)
{
    turn t = house_begin(h, now, ARENA);
    sluis_err e = reported_admit(&t, &by->oin, f);
    if (e)
        house_abort(h, &t);
    else
        house_commit(h, &t);
    return e;
}

static void so_many_a_day(void **state)
{
    (void)state;
    house h;
    sluis_fail f = {0};
    uint64_t morning = T0 - T0 % DAY_MS;
    house_open(&h);
    h.settings.concerns_per_day = 3;
    for (int i = 0; i < 3; i++)
        assert_int_equal(bring(&h, &h.school, morning + (uint64_t)i, &f), SLUIS_OK);
    assert_int_equal(bring(&h, &h.school, morning + DAY_MS - 1, &f), SLUIS_TOO_MANY);
    assert_string_equal(f.text,
                        "at most 3 reports of concern a day from one party: send it again tomorrow, or call");
    assert_int_equal(bring(&h, &h.gem, morning + DAY_MS - 1, NULL), SLUIS_OK); /* each party its own */
    for (int i = 0; i < 3; i++)
        assert_int_equal(bring(&h, &h.school, morning + DAY_MS, NULL), SLUIS_OK);
    assert_int_equal(bring(&h, &h.school, morning + DAY_MS, NULL), SLUIS_TOO_MANY);
    registry_report report;
    if (registry_verify(h.x.store, h.x.slots, &report, &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_int_equal(report.rows[TABLE_REPORTED], 2);
    house_close(&h);
}

/* No slot for another person: refused with a code, which is no fault of the store, and nothing is written. */
static void a_full_register_refuses(void **state)
{
    (void)state;
    house h;
    sluis_fail f = {0};
    uint64_t live, erased, slots, fresh = 0, more;
    house_open(&h);
    h.settings.concerns_per_day = 3;
    keyslots_usage(h.x.slots, &live, &erased, &slots);
    more = 11 * slots / 16 - live - erased; /* what is left to persons */
    turn t = house_begin(&h, T0, ARENA);
    for (uint64_t n = 999900000; more > 0; n++) {
        char bsn[BSN_LEN + 1];
        subject s;
        snprintf(bsn, sizeof bsn, "%09llu", (unsigned long long)n);
        if (!bsn_valid(bsn, BSN_LEN) || strcmp(bsn, h.person) == 0)
            continue;
        assert_true(registry_has_room(h.p.registry));
        assert_int_equal(registry_subject(h.p.registry, t.t, bsn, true, &s), SLUIS_OK);
        subject_close(&s);
        more--;
    }
    assert_int_equal(reported_admit(&t, &h.school.oin, &f), SLUIS_REGISTER_FULL);
    assert_int_equal(registry_check(h.p.registry, t.t, h.person, &fresh), SLUIS_FULL);
    assert_int_equal(fresh, 1);
    assert_int_equal(registry_check(h.p.registry, t.t, "999900006", &fresh), SLUIS_OK); /* is here */
    assert_int_equal(fresh, 1);
    store_count(t.t, TABLE_REPORTED, &more);
    assert_int_equal(more, 0);
    house_abort(&h, &t);
    house_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_a_day),
        cmocka_unit_test(a_full_register_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
