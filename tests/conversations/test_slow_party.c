/* Parties that harm, or are shut out: one that never reads, with a thousand messages waiting for it: the
 * others are served, the gateway does not grow, and when the party reads at last it gets all of
 * them, once, in order. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rig/rig.h"

#define WAITING   1000
#define SAMPLES   100
#define AT_ONCE   16
#define LAPS      5
#define UNDER_WAY 7 /* refused, they stay within the bound of a minute */
#define WAIT_MS   10000
#define GROWTH    (2u << 20) /* of 4.5 MiB that came meanwhile */
#define CREDIT    32         /* the rig's session_credit */
#define BURST     (6 * CREDIT)
#define BURSTS    50

static rig house;
static buffer last_sent; /* a frame */

static int open_house(void **state)
{
    (void)state;
    buffer_init(&last_sent, 2 * ENVELOPE_MAX);
    rig_open(&house);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    rig_close(&house);
    buffer_close(&last_sent);
    return 0;
}

static actor *at(actor_id id)
{
    return &house.actors[id];
}

static void send_frame(actor *a, const Sluis__Frame *f)
{
    buffer_clear(&last_sent);
    assert_int_equal(wire_pack(&last_sent, &f->base), 0);
    rig_send(a, buffer_bytes(&last_sent));
}

/* The next frame, which must be of this case. */
static Sluis__Frame *hear(actor *a, arena *mem, Sluis__Frame__FCase what)
{
    Sluis__Frame *f = rig_receive(a, mem, WAIT_MS);
    if (!f || f->f_case != what)
        fail_msg("%s heard frame %d instead of %d: %s", a->name, f ? (int)f->f_case : -1, (int)what,
                 f && f->f_case == SLUIS__FRAME__F_NACK ? f->nack->text : "");
    return f;
}

/* Until it is welcome: what the operator changed comes to the bus a moment later. */
static void say_hello(actor *a, uint32_t credit)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Hello h = SLUIS__HELLO__INIT;
    arena *mem = arena_new(1u << 20);
    h.version_min = h.version_max = 1;
    h.credit = credit;
    h.program = (char *)(uintptr_t) "slow";
    f.f_case = SLUIS__FRAME__F_HELLO;
    f.hello = &h;
    const Sluis__Frame *said;
    uint64_t until = clock_ms() + WAIT_MS;
    do {
        send_frame(a, &f);
        said = rig_receive(a, mem, WAIT_MS);
    } while (said && said->f_case == SLUIS__FRAME__F_REFUSED && clock_ms() < until);
    assert_non_null(said);
    assert_int_equal(said->f_case, SLUIS__FRAME__F_WELCOME);
    a->generation = said->welcome->generation;
    arena_free(&mem);
}

static void join(actor *a, uint32_t credit)
{
    rig_connect(&house, a);
    say_hello(a, credit);
}

static void done(actor *a, uint64_t seq)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Done d = SLUIS__DONE__INIT;
    d.seqs = &seq;
    d.n_seqs = 1;
    d.generation = a->generation;
    f.f_case = SLUIS__FRAME__F_DONE;
    f.done = &d;
    send_frame(a, &f);
}

/* A request of the requester to this party; id is its message id. */
static void ask(actor *to, uint32_t attribute, const char *motivation, uint8_t id[static UUID_LEN])
{
    Sluis__Core c = SLUIS__CORE__INIT;
    Sluis__RequestBody b = SLUIS__REQUEST_BODY__INIT;
    Sluis__Subject person = SLUIS__SUBJECT__INIT;
    Sluis__AttributeAsk one = SLUIS__ATTRIBUTE_ASK__INIT, *asks[] = {&one};
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Submit s = SLUIS__SUBMIT__INIT;
    buffer whole;
    uint64_t now = clock_ms();
    uuid message = uuid_new(now), tx = uuid_new(now);
    memcpy(id, message.b, UUID_LEN);
    c.message_id = (ProtobufCBinaryData){UUID_LEN, message.b};
    c.transaction = (ProtobufCBinaryData){UUID_LEN, tx.b};
    c.kind = SLUIS__KIND__REQUEST;
    c.origin = SLUIS__ORIGIN__BUS;
    c.application = (char *)(uintptr_t) "bench";
    c.function = (char *)(uintptr_t) "consulent";
    c.phase = SLUIS__PHASE__RESEARCH;
    c.legal_basis = (char *)(uintptr_t) "wams-5.4.1";
    c.purpose = (char *)(uintptr_t) "onderzoek-meervoudige-problematiek";
    c.created = now;
    c.expires = now + 3600000;
    c.case_id = (ProtobufCBinaryData){ID_LEN, house.case_id.b};
    c.attributes = &attribute;
    c.n_attributes = 1;
    person.bsn = (char *)(uintptr_t)house.child;
    one.necessity = (char *)(uintptr_t) "nodig";
    one.attribute = attribute;
    b.subject = &person;
    b.motivation = (char *)(uintptr_t)motivation;
    b.asks = asks;
    b.n_asks = 1;
    buffer_init(&whole, ENVELOPE_MAX);
    rig_envelope(&house, at(ACTOR_REQUESTER), to, &c, &b.base, &whole);
    s.envelope = (ProtobufCBinaryData){whole.n, whole.p};
    f.f_case = SLUIS__FRAME__F_SUBMIT;
    f.submit = &s;
    send_frame(at(ACTOR_REQUESTER), &f);
    buffer_close(&whole);
}

/* Submitted by the requester, acknowledged, and at the school, one after another. */
static void exchange(void)
{
    uint8_t id[UUID_LEN];
    for (int i = 0; i < SAMPLES; i++) {
        arena *mem = arena_new(1u << 20);
        ask(at(ACTOR_SCHOOL), 1002, "nodig", id);
        Sluis__Frame *f = hear(at(ACTOR_REQUESTER), mem, SLUIS__FRAME__F_ACKS);
        assert_memory_equal(f->acks->acks[0]->message_id.data, id, UUID_LEN);
        f = hear(at(ACTOR_SCHOOL), mem, SLUIS__FRAME__F_DELIVER);
        done(at(ACTOR_SCHOOL), f->deliver->seq);
        arena_free(&mem);
    }
}

/* The gateway serves the others while what waits for the slow party stays on disk: nothing more is sent to
 * it, and memory does not grow. */
static void nobody_waits_for_a_party_that_never_reads(void **state)
{
    static uint8_t ids[WAITING][UUID_LEN];
    static char motivation[4001];
    actor *slow = at(ACTOR_POLICE);
    (void)state;
    memset(motivation, 'x', sizeof(motivation) - 1);
    join(at(ACTOR_REQUESTER), 16);
    join(at(ACTOR_SCHOOL), 16);
    join(slow, AT_ONCE);
    exchange();

    int sent = 0, acked = 0;
    size_t held = 0;
    while (acked < WAITING) {
        while (sent < WAITING && sent - acked < AT_ONCE)
            ask(slow, 3001, motivation, ids[sent++]);
        arena *mem = arena_new(1u << 20);
        Sluis__Frame *f = hear(at(ACTOR_REQUESTER), mem, SLUIS__FRAME__F_ACKS);
        assert_memory_equal(f->acks->acks[0]->message_id.data, ids[acked], UUID_LEN);
        arena_free(&mem);
        if (++acked == WAITING / 10)
            held = mallinfo2().uordblks;
    }
    size_t now = mallinfo2().uordblks;
    print_message("slow party: heap %+lld KiB over %d messages\n", ((long long)now - (long long)held) / 1024,
                  WAITING - WAITING / 10);
    assert_true(now < held + GROWTH);
    exchange();

    for (int i = 0; i < WAITING; i++) {
        envelope *env = NULL;
        arena *mem = arena_new(1u << 20);
        Sluis__Frame *f = hear(slow, mem, SLUIS__FRAME__F_DELIVER);
        bytes raw = BYTES(f->deliver->envelope.data, f->deliver->envelope.len);
        assert_int_equal(envelope_decode(&env, raw, ENVELOPE_MAX, NULL), 0);
        assert_memory_equal(env->core->message_id.data, ids[i], UUID_LEN);
        done(slow, f->deliver->seq);
        envelope_free(&env);
        arena_free(&mem);
    }
    arena *mem = arena_new(1u << 20);
    assert_null(rig_receive(slow, mem, 300));
    arena_free(&mem);
}

/* Each refusal is an entry: beyond the bound of a minute (40 here) a party is not heard, and the journal does
 * not grow; a new hello gives no new minute. */
static void refusals_are_bounded(void **state)
{
    uint8_t id[UUID_LEN];
    (void)state;
    join(at(ACTOR_REQUESTER), 16);
    for (int i = 0; i < 42; i++) {
        arena *mem = arena_new(1u << 20);
        ask(at(ACTOR_SCHOOL), 1002, " ", id);
        const Sluis__Nack *n = hear(at(ACTOR_REQUESTER), mem, SLUIS__FRAME__F_NACK)->nack;
        assert_memory_equal(n->message_id.data, id, UUID_LEN);
        assert_string_equal(n->code, i < 40 ? "no-motivation" : "full");
        arena_free(&mem);
        if (i == 40) {
            rig_disconnect(at(ACTOR_REQUESTER));
            join(at(ACTOR_REQUESTER), 16);
        }
    }
    json_t *q = json_pack("{s:s}", "cmd", "status");
    json_t *s = rig_control(&house, q);
    json_decref(q);
    assert_int_equal(json_integer_value(json_object_get(s, "refused")), 40);
    json_decref(s);
}

/* One frame many times without a pause: each is answered, and what is beyond the credit is refused in words.
 * The gateway may be quick enough to keep up with some bursts. */
static void submissions_have_credit(void **state)
{
    unsigned beyond = 0;
    uint8_t id[UUID_LEN];
    (void)state;
    join(at(ACTOR_REQUESTER), 16);
    for (int burst = 0; burst < BURSTS && !beyond; burst++) {
        arena *mem = arena_new(4u << 20);
        ask(at(ACTOR_SCHOOL), 1002, "nodig", id);
        for (int i = 1; i < BURST; i++)
            rig_send(at(ACTOR_REQUESTER), buffer_bytes(&last_sent));
        for (int i = 0; i < BURST; i++) {
            const Sluis__Frame *f = rig_receive(at(ACTOR_REQUESTER), mem, WAIT_MS);
            assert_non_null(f);
            if (f->f_case == SLUIS__FRAME__F_ACKS)
                continue;
            assert_int_equal(f->f_case, SLUIS__FRAME__F_NACK);
            assert_memory_equal(f->nack->message_id.data, id, UUID_LEN);
            assert_string_equal(f->nack->code, "full");
            assert_string_equal(f->nack->text, "more outstanding than the welcome's credit");
            beyond++;
        }
        arena_free(&mem);
    }
    assert_true(beyond > 0);
}

static Sluis__ReceiptIs *receipt_of(actor *a, arena *mem, uint64_t index)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__ReceiptGet get = SLUIS__RECEIPT_GET__INIT;
    get.index = index;
    f.f_case = SLUIS__FRAME__F_RECEIPT_GET;
    f.receipt_get = &get;
    send_frame(a, &f);
    return hear(a, mem, SLUIS__FRAME__F_RECEIPT_IS)->receipt_is;
}

/* So is each read of a record: within the same bound. What is not its own is no entry, and does not count. */
static void reads_of_records_are_bounded(void **state)
{
    uint8_t id[UUID_LEN];
    uint64_t own = 0;
    arena *mem = arena_new(4u << 20);
    (void)state;
    join(at(ACTOR_REQUESTER), 16);
    ask(at(ACTOR_SCHOOL), 1002, "Nodig voor het onderzoek.", id);
    hear(at(ACTOR_REQUESTER), mem, SLUIS__FRAME__F_ACKS);
    while (*receipt_of(at(ACTOR_REQUESTER), mem, own)->code)
        assert_true(++own < 64);
    for (int i = 1; i < 42; i++)
        assert_string_equal(receipt_of(at(ACTOR_REQUESTER), mem, own)->code, i < 40 ? "" : "full");
    arena_free(&mem);
}

/* By which directory this message was taken in. */
static uint64_t judged_by(const Sluis__Ack *ack, arena *mem)
{
    ProtobufCMessage *m = NULL;
    assert_int_equal(
        wire_unpack(&m, &sluis__receipt__descriptor, mem, BYTES(ack->receipt.data, ack->receipt.len), NULL),
        SLUIS_OK);
    const Sluis__Receipt *r = (const Sluis__Receipt *)m;
    assert_int_equal(
        wire_unpack(&m, &sluis__record__descriptor, mem, BYTES(r->record.data, r->record.len), NULL),
        SLUIS_OK);
    return ((const Sluis__Record *)m)->directory_version;
}

/* A party is suspended while messages of its own are under way: what was verified before and comes to be
 * committed afterwards is refused. */
static void a_key_is_judged_at_the_moment_of_commit(void **state)
{
    uint8_t id[UUID_LEN];
    uint64_t version = 0;
    unsigned late = 0;
    actor *me = at(ACTOR_REQUESTER);
    (void)state;
    rig_connect(&house, me);
    for (int lap = 0; lap < LAPS; lap++) {
        arena *mem = arena_new(4u << 20);
        say_hello(me, AT_ONCE);
        ask(at(ACTOR_SCHOOL), 1002, "Nodig voor het onderzoek.", id);
        const Sluis__Frame *f = hear(me, mem, SLUIS__FRAME__F_ACKS);
        uint64_t now = judged_by(f->acks->acks[0], mem);
        assert_int_equal(now, lap ? version + 2 : now); /* it was suspended, and takes part again */
        version = now;
        for (int i = 0; i < UNDER_WAY; i++)
            ask(at(ACTOR_SCHOOL), 1002, "Nodig voor het onderzoek.", id);
        rig_change(&house, "party.suspend", me);
        for (int i = 0; i < UNDER_WAY + 1; i++) { /* and that the session is over */
            f = rig_receive(me, mem, WAIT_MS);
            assert_non_null(f);
            if (f->f_case == SLUIS__FRAME__F_ACKS)
                assert_int_equal(judged_by(f->acks->acks[0], mem), version);
            else if (f->f_case == SLUIS__FRAME__F_NACK)
                assert_string_equal(f->nack->code, "suspended");
            else
                assert_int_equal(f->f_case, SLUIS__FRAME__F_REFUSED);
            late += f->f_case == SLUIS__FRAME__F_NACK;
        }
        rig_change(&house, "party.resume", me);
        arena_free(&mem);
    }
    print_message("%u of %d messages came after their party's suspension\n", late, LAPS * UNDER_WAY);
}

int main(void)
{
    alarm(120);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_waits_for_a_party_that_never_reads, open_house, close_house),
        cmocka_unit_test_setup_teardown(submissions_have_credit, open_house, close_house),
        cmocka_unit_test_setup_teardown(refusals_are_bounded, open_house, close_house),
        cmocka_unit_test_setup_teardown(reads_of_records_are_bounded, open_house, close_house),
        cmocka_unit_test_setup_teardown(a_key_is_judged_at_the_moment_of_commit, open_house, close_house),
    };
    return cmocka_run_group_tests_name("slow party", tests, NULL, NULL);
}
