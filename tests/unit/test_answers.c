/* How the adapter's answers go out: what waits is signed at once and together, nothing waits for more to
 * come, and what a key signed that was taken away is signed anew. */
#include "kit_room.h"

#define MANY  (BATCH + 6)
#define BATCH 64 /* answers under one signature */

static int begin(void **state)
{
    setup(state);
    room *r = *state;
    adapter *a = r->a;
    a->sign = r->who[SCHOOL].sign;
    a->s.gateway_name = "gem.test";
    a->s.keys = "/nonexistent";
    return replier_open(&a->replier, &a->s.own, &a->s.gateway, &a->sign, 3600000);
}

static int end(void **state)
{
    room *r = *state;
    replier_close(&r->a->replier);
    return teardown(state);
}

/* A person gave one datum of the request. */
static void decide(room *r)
{
    Sluis__ResponseBody body = SLUIS__RESPONSE_BODY__INIT;
    Sluis__AttributeResult result = SLUIS__ATTRIBUTE_RESULT__INIT, *list[] = {&result};
    Sluis__InboxRow *row;
    buffer plain;
    arena *ar = arena_new(1u << 20);
    result.attribute = 3001;
    result.outcome = SLUIS__OUTCOME__GIVEN;
    body.results = list;
    body.n_results = 1;
    buffer_init(&plain, 4096);
    assert_int_equal(wire_pack(&plain, &body.base), SLUIS_OK);
    assert_int_equal(inbox_get(r->a->inbox, r->transaction.b, ar, &row), SLUIS_OK);
    row->state = (char *)(uintptr_t)STATE_DECIDED;
    row->decided_by = (char *)(uintptr_t) "mentor-4";
    row->draft = data_of(plain.p, plain.n);
    assert_int_equal(inbox_put(r->a->inbox, r->transaction.b, row), SLUIS_OK);
    assert_int_equal(work_push(r->a, r->transaction.b), SLUIS_OK);
    buffer_close(&plain);
    arena_free(&ar);
}

static envelope *sent(room *r, unsigned i)
{
    assert_true(i < session(r)->submitted);
    return decode_ok(buffer_bytes(&session(r)->sent[i]));
}

static void end_turn(room *r)
{
    assert_int_equal(turn_end(r->a), SLUIS_OK);
    assert_int_equal(r->a->work_count, 0);
}

static void settled(room *r, client_event_kind kind, unsigned i, const char *code)
{
    envelope *e = sent(r, i);
    client_event ev = {.kind = kind};
    memcpy(ev.message_id, e->core->message_id.data, UUID_LEN);
    snprintf(ev.code, sizeof ev.code, "%s", code);
    assert_int_equal(arrive_event(r->a, &ev), SLUIS_OK);
    envelope_free(&e);
}

/* ---- what is confirmed, and when ---- */

static void a_request_is_done_once_its_answer_is_taken(void **state)
{
    room *r = *state;
    Sluis__RequestBody body = SLUIS__REQUEST_BODY__INIT;
    draft d;
    parcel p;
    r->transaction = uuid_new(r->now + 1);
    draft_of(r, &d, SLUIS__KIND__REQUEST);
    body.motivation = (char *)(uintptr_t) "onderzoek";
    seal_message(&d, &r->who[GEM], &r->who[SCHOOL], &body.base, &p);
    deliver(r, &p);
    assert_int_equal(session(r)->done, 0); /* it is nowhere but in memory */
    assert_int_equal(turn_store(r->a), SLUIS_OK);
    assert_row(r, STATE_NEW, "");
    assert_int_equal(session(r)->done, 0);
    r->a->work_count = 0; /* decided by a person instead */
    decide(r);
    end_turn(r);
    assert_row(r, STATE_SENDING, "");
    assert_int_equal(session(r)->done, 0);
    settled(r, CLIENT_ACK, 0, "");
    assert_row(r, STATE_SENT, "");
    assert_int_equal(session(r)->done, 9);
}

/* ---- batches ---- */

static void assert_batch(room *r, unsigned from, unsigned n)
{
    envelope *first = sent(r, from);
    for (unsigned i = 0; i < n; i++) {
        envelope *e = sent(r, from + i);
        assert_int_equal(e->sig->n, n);
        assert_int_equal(e->sig->index, i);
        assert_memory_equal(e->sig->signature.data, first->sig->signature.data, SIG_LEN);
        assert_int_equal(envelope_verify(e, r->who[SCHOOL].sign.pk, NULL, NULL), SLUIS_OK);
        envelope_free(&e);
    }
    envelope_free(&first);
}

static void what_waits_is_one_batch(void **state)
{
    room *r = *state;
    decide(r);
    for (unsigned i = 1; i < MANY; i++) {
        r->transaction = uuid_new(r->now + i);
        put_request(r);
        decide(r);
    }
    end_turn(r);
    assert_int_equal(session(r)->submitted, MANY);
    assert_batch(r, 0, BATCH);
    assert_batch(r, BATCH, MANY - BATCH);
}

static void one_answer_waits_for_no_other(void **state)
{
    room *r = *state;
    decide(r);
    end_turn(r);
    assert_int_equal(session(r)->submitted, 1);
    assert_batch(r, 0, 1);
    r->transaction = uuid_new(r->now + 1);
    put_request(r);
    decide(r);
    end_turn(r);
    assert_int_equal(session(r)->submitted, 2);
    assert_batch(r, 1, 1);
}

/* ---- a signing key that was taken away ---- */

static sluis_err count(void *ctx, const Sluis__DisclosureRow *row)
{
    (void)row;
    ++*(unsigned *)ctx;
    return SLUIS_OK;
}

static unsigned disclosures(room *r)
{
    unsigned n = 0;
    assert_int_equal(inbox_disclosures(r->a->inbox, count, &n), SLUIS_OK);
    return n;
}

static void new_key(room *r, uint8_t seed)
{
    keypair_close(&r->who[SCHOOL].sign);
    key_make(&r->who[SCHOOL].sign, USE_SIGN, seed);
    set_directory(r, 1);
}

static void what_a_lost_key_signed_is_signed_anew(void **state)
{
    static const sluis_err codes[] = {SLUIS_UNKNOWN_KEY, SLUIS_KEY_NOT_VALID};
    room *r = *state;
    decide(r);
    end_turn(r);
    for (unsigned i = 0; i < 2; i++) {
        r->a->retry_at = 0;
        settled(r, CLIENT_NACK, i, error_token(codes[i]));
        assert_row(r, STATE_SENDING, "");
        assert_true(r->a->retry_at >= r->now + RETRY_MS);
        new_key(r, (uint8_t)(70 + i));
        r->a->sign = r->who[SCHOOL].sign;
        assert_int_equal(work_load(r->a), SLUIS_OK);
        end_turn(r);
        assert_int_equal(session(r)->submitted, 2 + i);
        assert_batch(r, 1 + i, 1);
    }
    envelope *before = sent(r, 0), *after = sent(r, 2);
    uint8_t transaction[UUID_LEN];
    assert_memory_not_equal(before->core->message_id.data, after->core->message_id.data, UUID_LEN);
    assert_memory_equal(before->core->answers.data, after->core->answers.data, HASH_LEN);
    assert_string_equal(after->core->employee, "mentor-4");
    assert_int_equal(inbox_sent(r->a->inbox, before->core->message_id.data, transaction), SLUIS_NOT_FOUND);
    envelope_free(&before);
    envelope_free(&after);
    assert_int_equal(disclosures(r), 1); /* given once */
    settled(r, CLIENT_ACK, 2, "");
    assert_row(r, STATE_SENT, "");
}

static void without_an_enrolled_key_an_answer_waits(void **state)
{
    room *r = *state;
    const client_event news = {.kind = CLIENT_DIRECTORY};
    keypair own = r->a->sign;
    key_make(&r->a->sign, USE_SIGN, 70); /* enrolled nowhere yet */
    decide(r);
    end_turn(r);
    assert_int_equal(session(r)->submitted, 0);
    assert_row(r, STATE_DECIDED, "");
    assert_int_equal(arrive_event(r->a, &news), SLUIS_OK);
    assert_int_equal(r->a->work_count, 0);
    keypair_close(&r->a->sign);
    r->a->sign = own;
    assert_int_equal(arrive_event(r->a, &news), SLUIS_OK);
    assert_int_equal(r->a->work_count, 1);
    end_turn(r);
    assert_batch(r, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_is_done_once_its_answer_is_taken, begin, end),
        cmocka_unit_test_setup_teardown(what_waits_is_one_batch, begin, end),
        cmocka_unit_test_setup_teardown(one_answer_waits_for_no_other, begin, end),
        cmocka_unit_test_setup_teardown(what_a_lost_key_signed_is_signed_anew, begin, end),
        cmocka_unit_test_setup_teardown(without_an_enrolled_key_an_answer_waits, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
