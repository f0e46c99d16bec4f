/* What the adapter does with what comes in about an earlier message: withdrawals, returned messages, answers
 * that the gateway refuses; and with what it may not act on. The session is a double: it notes what is said
 * to the gateway. */
#include "kit_room.h"
#include "kit_adapter.h"

#include "runtime/talk.h"

/* ---- withdrawals ---- */

static void withdraw_saying(room *r, size_t from, const uint8_t *answers, const char *text)
{
    Sluis__TextBody body = SLUIS__TEXT_BODY__INIT;
    draft d;
    parcel p;
    draft_of(r, &d, SLUIS__KIND__WITHDRAWAL);
    d.core.answers = data_of(answers, HASH_LEN);
    body.code = (char *)(uintptr_t) "niet-meer-nodig";
    body.text = (char *)(uintptr_t)text;
    seal_message(&d, &r->who[from], &r->who[SCHOOL], &body.base, &p);
    deliver(r, &p);
}

static void withdraw(room *r, size_t from, const uint8_t *answers)
{
    withdraw_saying(r, from, answers, "");
}

static void who_asked_withdraws(void **state)
{
    room *r = *state;
    withdraw(r, GEM, r->request_mh);
    assert_row(r, STATE_WITHDRAWN, "niet-meer-nodig");
    assert_int_equal(r->a->held, 0);
    assert_int_equal(session(r)->done, 9);
    withdraw(r, GEM, r->request_mh); /* again: nothing changes, and it is done */
    assert_row(r, STATE_WITHDRAWN, "niet-meer-nodig");
    assert_int_equal(session(r)->done, 9);
}

static void nobody_else_withdraws(void **state)
{
    room *r = *state;
    uint8_t other[HASH_LEN] = {1};
    withdraw(r, OTHER, r->request_mh);
    assert_row(r, STATE_HELD, "");
    withdraw(r, GEM, other);
    assert_row(r, STATE_HELD, "");
    assert_int_equal(r->a->held, 1);
    assert_int_equal(session(r)->done, 9);
}

static void what_was_answered_stays_so(void **state)
{
    room *r = *state;
    static const char *const over[] = {STATE_SENDING, STATE_SENT, STATE_NACKED, STATE_EXPIRED};
    for (size_t i = 0; i < sizeof over / sizeof *over; i++) {
        set_state(r, over[i]);
        withdraw(r, GEM, r->request_mh);
        assert_row(r, over[i], "");
        assert_int_equal(session(r)->done, 9);
    }
    r->transaction = uuid_new(r->now); /* one that never came */
    withdraw(r, GEM, r->request_mh);
    assert_int_equal(session(r)->done, 9);
}

/* No gateway carries a longer reason than 8,000 bytes: one that does cannot make rows grow without bound. */
static void a_reason_has_a_bound(void **state)
{
    char text[TALK_HEARD_MAX + 2];
    room *r = *state;
    memset(text, 'x', sizeof text);
    text[TALK_HEARD_MAX + 1] = 0;
    withdraw_saying(r, GEM, r->request_mh, text);
    assert_row(r, STATE_WITHDRAWN, "");
    set_state(r, STATE_HELD);
    text[TALK_HEARD_MAX] = 0;
    withdraw_saying(r, GEM, r->request_mh, text);
    assert_row(r, STATE_WITHDRAWN, text);
}

/* ---- an answer to a question of ours ---- */

static const uint8_t question_mh[HASH_LEN] = {2, 7};

static void put_question(room *r)
{
    Sluis__InboxRow *row;
    Sluis__InboxTalk line = SLUIS__INBOX_TALK__INIT, *list[] = {&line};
    arena *ar = arena_new(1u << 20);
    line.message_hash = data_of(question_mh, HASH_LEN);
    line.state = (char *)(uintptr_t)TALK_SENT;
    assert_int_equal(inbox_get(r->a->inbox, r->transaction.b, ar, &row), SLUIS_OK);
    row->talk = list;
    row->n_talk = 1;
    assert_int_equal(inbox_put(r->a->inbox, r->transaction.b, row), SLUIS_OK);
    arena_free(&ar);
}

/* How many bytes the newest line has, after an answer of so many. */
static size_t heard_of(room *r, size_t n)
{
    char text[TALK_HEARD_MAX + 2];
    Sluis__TextBody body = SLUIS__TEXT_BODY__INIT;
    Sluis__InboxRow *row;
    draft d;
    parcel p;
    arena *ar = arena_new(1u << 20);
    memset(text, 'x', n);
    text[n] = 0;
    draft_of(r, &d, SLUIS__KIND__CLARIFICATION_ANSWER);
    d.core.answers = data_of(question_mh, HASH_LEN);
    body.text = text;
    seal_message(&d, &r->who[GEM], &r->who[SCHOOL], &body.base, &p);
    deliver(r, &p);
    assert_int_equal(session(r)->done, 9);
    assert_int_equal(inbox_get(r->a->inbox, r->transaction.b, ar, &row), SLUIS_OK);
    const size_t heard = strlen(row->talk[row->n_talk - 1]->text);
    arena_free(&ar);
    return heard;
}

static void an_answer_has_a_bound(void **state)
{
    room *r = *state;
    put_question(r);
    assert_int_equal(heard_of(r, TALK_HEARD_MAX + 1), 0); /* it is not taken in */
    assert_int_equal(heard_of(r, TALK_HEARD_MAX), TALK_HEARD_MAX);
}

/* ---- a store without room ---- */

/* On a disk, and full to the last page. */
static void fill_store(room *r, const char *path)
{
    static uint8_t content[60000];
    const inbox_options o = {.path = path, .quota_bytes = 1u << 20, .key = r->store_key};
    sluis_err err = SLUIS_OK;
    inbox_close(&r->a->inbox);
    assert_int_equal(inbox_open(&r->a->inbox, &o, NULL), SLUIS_OK);
    put_request(r);
    for (size_t n = sizeof content; n > 16; n /= 2)
        for (err = SLUIS_OK; !err;) {
            const uuid id = uuid_new(r->now);
            Sluis__InboxRow row = SLUIS__INBOX_ROW__INIT;
            row.body = data_of(content, n);
            row.state = (char *)(uintptr_t)STATE_SENT;
            err = inbox_put(r->a->inbox, id.b, &row);
        }
    assert_int_equal(err, SLUIS_NO_SPACE);
}

/* Other municipalities' adapters are in the same program: it does not end, and what was not stored comes
 * again. */
static void a_full_store_ends_nobody(void **state)
{
    room *r = *state;
    char folder[64], path[96];
    kit_folder(folder);
    snprintf(path, sizeof path, "%s/store", folder);
    fill_store(r, path);
    r->a->retry_at = 0;
    withdraw(r, GEM, r->request_mh);
    assert_row(r, STATE_HELD, "");
    assert_int_equal(session(r)->done, 0);
    assert_true(r->a->retry_at >= r->now + RETRY_MS);
    kit_remove(folder);
}

/* ---- what comes back ---- */

static void give_back(room *r, size_t from, const char *code)
{
    Sluis__ReturnedBody body = SLUIS__RETURNED_BODY__INIT;
    uint8_t mh[HASH_LEN] = {4};
    draft d;
    parcel p;
    draft_of(r, &d, SLUIS__KIND__RETURNED);
    body.message_hash = data_of(mh, HASH_LEN);
    body.code = (char *)(uintptr_t)code;
    body.text = (char *)(uintptr_t) "te laat";
    seal_message(&d, &r->who[from], &r->who[SCHOOL], &body.base, &p);
    deliver(r, &p);
}

static void an_answer_comes_back(void **state)
{
    room *r = *state;
    set_state(r, STATE_SENT);
    give_back(r, OTHER, "expired"); /* only the gateway returns */
    assert_row(r, STATE_SENT, "");
    assert_int_equal(session(r)->done, 9);
    give_back(r, GEM, "expired");
    assert_row(r, STATE_RETURNED, "expired: te laat");
    assert_int_equal(session(r)->done, 9);
    r->transaction = uuid_new(r->now); /* of something we do not have any more */
    give_back(r, GEM, "expired");
    assert_int_equal(session(r)->done, 9);
}

/* ---- answers that the gateway refuses ---- */

static const uint8_t answer_id[UUID_LEN] = {3, 1, 4};

/* An answer is on its way; the gateway still counts the request as number 5. */
static void send_answer(room *r)
{
    Sluis__InboxRow *row;
    Sluis__DisclosureRow given = SLUIS__DISCLOSURE_ROW__INIT;
    arena *ar = arena_new(1u << 20);
    assert_int_equal(inbox_get(r->a->inbox, r->transaction.b, ar, &row), SLUIS_OK);
    row->state = (char *)(uintptr_t)STATE_SENDING;
    given.when = r->now;
    given.transaction = data_of(r->transaction.b, UUID_LEN);
    given.to = r->who[GEM].oin.s;
    inbox_answer v = {.row = row, .disclosure = &given};
    memcpy(v.transaction, r->transaction.b, UUID_LEN);
    memcpy(v.message_id, answer_id, UUID_LEN);
    assert_int_equal(inbox_answered(r->a->inbox, &v, 1), SLUIS_OK);
    r->a->pending[0] = (pending_done){.seq = 5, .generation = 1};
    memcpy(r->a->pending[0].transaction, r->transaction.b, UUID_LEN);
    r->a->pending_count = 1;
    arena_free(&ar);
}

static void nack(room *r, const char *code)
{
    client_event ev = {.kind = CLIENT_NACK};
    memcpy(ev.message_id, answer_id, UUID_LEN);
    snprintf(ev.code, sizeof ev.code, "%s", code);
    fail_set(&ev.why, SLUIS_DENIED, "core.answers", "in woorden");
    session(r)->done = 0;
    assert_int_equal(arrive_event(r->a, &ev), SLUIS_OK);
}

static void a_refused_answer_says_why(void **state)
{
    room *r = *state;
    uint8_t transaction[UUID_LEN];
    send_answer(r);
    nack(r, "not-asked");
    assert_row(r, STATE_NACKED, "not-asked: core.answers in woorden");
    assert_int_equal(session(r)->done, 5); /* the request needs no other delivery */
    assert_int_equal(r->a->pending_count, 0);
    assert_int_equal(inbox_sent(r->a->inbox, answer_id, transaction), SLUIS_NOT_FOUND);
    nack(r, "not-asked"); /* a second time: nothing of ours waits */
    assert_row(r, STATE_NACKED, "not-asked: core.answers in woorden");
}

static void a_full_gateway_is_tried_again(void **state)
{
    static const sluis_err full[] = {SLUIS_FULL, SLUIS_NO_SPACE};
    room *r = *state;
    send_answer(r);
    for (size_t i = 0; i < 2; i++) {
        r->a->retry_at = 0;
        nack(r, error_token(full[i]));
        assert_row(r, STATE_SENDING, "");
        assert_true(r->a->retry_at >= r->now + RETRY_MS);
        assert_int_equal(session(r)->done, 0);
    }
}

/* ---- what is not acted on ---- */

static void a_suite_that_the_sender_may_not_use(void **state)
{
    room *r = *state;
    set_directory(r, 2);
    withdraw(r, GEM, r->request_mh);
    assert_row(r, STATE_HELD, "");
    assert_int_equal(session(r)->done, 0); /* the directory may change: it comes again */
    assert_int_equal(session(r)->refused, 0);
    set_directory(r, 1);
    withdraw(r, GEM, r->request_mh);
    assert_row(r, STATE_WITHDRAWN, "niet-meer-nodig");
}

/* The directory may be on its way: it comes again, and goes back in the end. */
static void what_a_key_signed_that_is_gone(void **state)
{
    room *r = *state;
    keypair gone = r->who[GEM].sign, next;
    key_make(&next, USE_SIGN, 77);
    r->who[GEM].sign = next;
    set_directory(r, 1);
    r->who[GEM].sign = gone;
    withdraw(r, GEM, r->request_mh);
    assert_row(r, STATE_HELD, "");
    assert_int_equal(session(r)->done, 0);
    assert_int_equal(session(r)->refused, 0);
    r->who[GEM].sign = next;
    withdraw(r, GEM, r->request_mh);
    assert_row(r, STATE_WITHDRAWN, "niet-meer-nodig");
    assert_int_equal(session(r)->done, 9);
    keypair_close(&gone);
}

static void what_is_sealed_to_a_key_that_is_gone(void **state)
{
    room *r = *state;
    seal_ring *next;
    keypair other;
    assert_int_equal(keypair_generate(&other, USE_SEAL, r->now), SLUIS_OK);
    assert_int_equal(seal_ring_of(&next, &other), SLUIS_OK);
    assert_int_equal(intake_seals(&r->a->intake, next), SLUIS_OK);
    withdraw(r, GEM, r->request_mh);
    assert_row(r, STATE_HELD, "");
    assert_int_equal(session(r)->refused, 9); /* it goes back to its sender */
    assert_int_equal(session(r)->why, SLUIS_NOT_RECIPIENT);
    seal_ring_unref(&next);
}

static void a_kind_that_is_not_for_us(void **state)
{
    room *r = *state;
    Sluis__TextBody body = SLUIS__TEXT_BODY__INIT;
    draft d;
    parcel p;
    draft_of(r, &d, SLUIS__KIND__MEETING_REPORT);
    seal_message(&d, &r->who[GEM], &r->who[SCHOOL], &body.base, &p);
    deliver(r, &p);
    assert_int_equal(session(r)->refused, 9);
    assert_int_equal(session(r)->why, SLUIS_KIND);
    assert_int_equal(session(r)->done, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_asked_withdraws, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_withdraws, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_answered_stays_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reason_has_a_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_has_a_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_store_ends_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_answer_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_gateway_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_suite_that_the_sender_may_not_use, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_key_signed_that_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_sealed_to_a_key_that_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kind_that_is_not_for_us, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
