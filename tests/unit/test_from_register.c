/* What of a request over the bus the register answers: what it knows, as long as all of it fits a message. */
#include "kit_read.h"

#include "core/from_register.h"

#define UNKNOWN 1006 /* nothing is registered of it */

static void instances(room *r, size_t from, size_t to)
{
    turn t = house_begin(&r->h, HOUSE_MS, 1u << 20);
    subject s = house_subject(&r->h, t.t, r->h.person);
    for (size_t i = from; i < to; i++) {
        id16 instance = {{1}};
        instance.b[1] = (uint8_t)i;
        put_datum(r, t.t, &s, GROUP_ATTRIBUTE, &instance, "5");
    }
    subject_close(&s);
    house_commit(&r->h, &t);
}

/* Both attributes asked in one request; how many of them the register answers. */
static size_t known(room *r)
{
    uint32_t ids[] = {GROUP_ATTRIBUTE, UNKNOWN};
    register_split out = {.known_count = 0};
    Sluis__CaseRow *row = NULL;
    Sluis__Core c = SLUIS__CORE__INIT;
    envelope env = {.core = &c};
    turn t = house_begin(&r->h, HOUSE_MS, 8u << 20);
    job *j = job_new(JOB_SUBMIT, bytes_str("a frame"));
    subject s = house_subject(&r->h, t.t, r->h.person);
    c.application = TEXT(APP);
    c.function = TEXT("consulent");
    c.purpose = TEXT("onderzoek-meervoudige-problematiek");
    c.case_id = data_of(r->case_id.b, ID_LEN);
    c.attributes = ids;
    c.n_attributes = 2;
    j->env = &env;
    assert_int_equal(case_load(t.t, t.p->rows, r->case_id.b, t.arena, &row), SLUIS_OK);
    assert_int_equal(from_register_split(&t, j, row, &s, &out), SLUIS_OK);
    assert_int_equal(out.known_count + out.asked_count, 2);
    assert_int_equal(out.asked[out.asked_count - 1], UNKNOWN);
    j->env = NULL;
    job_free(&j);
    subject_close(&s);
    house_abort(&r->h, &t);
    return out.known_count;
}

/* 32 instances are answered; one more, and the party is asked: nothing is left out of an answer. */
static void all_of_it_or_the_party(void **state)
{
    room *r = *state;
    assert_int_equal(known(r), 1); /* the one of the kit */
    instances(r, 0, 31);
    assert_int_equal(known(r), 1);
    instances(r, 31, 32);
    assert_int_equal(known(r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_it_or_the_party, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
