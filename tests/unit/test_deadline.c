/* The steps of a request that nobody answers: reminder, escalation, end; each once, at its time. */
#include "kit_parts.h"

#include "core/deadline.h"
#include "core/due.h"

#define MiB (1u << 20)

static const uint8_t transaction[UUID_LEN] = {7};
static const uint8_t case_id[ID_LEN] = {9};

static Sluis__RequestRow row_of(const subject *s, uint64_t answer_by, uint64_t expires, const char *state)
{
    Sluis__RequestRow row = SLUIS__REQUEST_ROW__INIT;
    row.state = TEXT(state);
    row.case_id = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)case_id};
    row.sid = (ProtobufCBinaryData){ID_LEN, (uint8_t *)(uintptr_t)s->sid.b};
    row.purpose = TEXT("onderzoek-meervoudige-problematiek");
    row.application = TEXT("wmo-intake");
    row.party = TEXT(OIN_SCHL);
    row.answer_by = answer_by;
    row.expires = expires;
    return row;
}

static void begin(house *h, uint64_t now, uint64_t answer_by, uint64_t expires)
{
    turn t = house_begin(h, now, MiB);
    subject s = house_subject(h, t.t, h->person);
    Sluis__RequestRow row = row_of(&s, answer_by, expires, "open");
    assert_int_equal(turn_request_save(&t, transaction, &row, &s), SLUIS_OK);
    assert_int_equal(deadline_begin(&t, transaction, &row, "onderwijs"), SLUIS_OK);
    house_commit(h, &t);
    subject_close(&s);
}

/* What is due by then is done; how the request stands, and how many events there are. */
static void by(house *h, uint64_t now, const char *state, uint32_t pressed, uint64_t events)
{
    Sluis__RequestRow *row = NULL;
    uint64_t n = 0;
    turn t = house_begin(h, now, MiB);
    assert_int_equal(turn_expire(&t, 100), SLUIS_OK);
    assert_int_equal(turn_request_load(&t, transaction, &row, NULL), SLUIS_OK);
    assert_string_equal(row->state, state);
    assert_int_equal(row->pressed, pressed);
    assert_int_equal(store_count(t.t, TABLE_EVENT, &n), SLUIS_OK);
    assert_int_equal(n, events);
    house_commit(h, &t);
}

#define NOON UINT64_C(1795608000000) /* Wednesday 2026-11-25, 12:00 */

static void steps(void **state)
{
    house h;
    (void)state;
    house_open(&h);
    /* to answer before Wednesday 2 December ends; the template of a school reminds two working days before */
    uint64_t answer_by = NOON + 7 * DAY_MS + DAY_MS / 2, expires = NOON + 20 * DAY_MS;
    uint64_t remind = answer_by - 3 * DAY_MS; /* Monday, at 0:00 */
    begin(&h, NOON, answer_by, expires);
    by(&h, remind - 1, "open", 0, 0);
    by(&h, remind, "open", 1, 1);
    by(&h, remind + 1000, "open", 1, 1);
    by(&h, answer_by - 1, "open", 1, 1);
    by(&h, answer_by, "open", 2, 2);
    by(&h, answer_by + DAY_MS, "open", 2, 2);
    by(&h, expires - 1, "open", 2, 2);
    by(&h, expires, "expired", 2, 3);
    by(&h, expires + DAY_MS, "expired", 2, 3);
    assert_int_equal(h.metrics.requests_reminded, 1);
    assert_int_equal(h.metrics.requests_late, 1);
    house_close(&h);
}

/* A time to answer that is nearer than the reminder: late at once when it comes, without one. */
static void no_time_to_remind(void **state)
{
    house h;
    (void)state;
    house_open(&h);
    begin(&h, NOON, NOON + 5000, NOON + DAY_MS);
    by(&h, NOON + 4000, "open", 0, 0);
    by(&h, NOON + 5000, "open", 2, 1);
    by(&h, NOON + DAY_MS, "expired", 2, 2);
    house_close(&h);
}

static void answered_is_left_alone(void **state)
{
    house h;
    (void)state;
    house_open(&h);
    begin(&h, NOON, NOON + 5000, NOON + DAY_MS);
    turn t = house_begin(&h, NOON + 1000, MiB);
    subject s = house_subject(&h, t.t, h.person);
    Sluis__RequestRow row = row_of(&s, NOON + 5000, NOON + DAY_MS, "answered");
    assert_int_equal(turn_request_save(&t, transaction, &row, &s), SLUIS_OK);
    house_commit(&h, &t);
    subject_close(&s);
    by(&h, NOON + 2 * DAY_MS, "answered", 0, 0);
    house_close(&h);
}

/* Two turns that add things due at one time while the journal stands still keep each other's. */
static void a_row_of_things_due_finds_a_free_key(void **state)
{
    house h;
    uint64_t n = 0;
    (void)state;
    house_open(&h);
    for (uint8_t i = 0; i < 3; i++) {
        turn t = house_begin(&h, NOON, MiB);
        uint8_t key[UUID_LEN] = {i};
        assert_int_equal(due_add(&t, DUE_REQUEST, NOON + 1000, BYTES_OF(key)), SLUIS_OK);
        house_commit(&h, &t);
    }
    turn t = house_begin(&h, NOON, MiB);
    assert_int_equal(store_count(t.t, TABLE_DUE, &n), SLUIS_OK);
    assert_int_equal(n, 3);
    house_abort(&h, &t);
    house_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps), cmocka_unit_test(no_time_to_remind),
                                       cmocka_unit_test(answered_is_left_alone),
                                       cmocka_unit_test(a_row_of_things_due_finds_a_free_key)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
