/* A job owns what it gathers, and says what it weighs. */
#include "kit.h"

#include "flow/job.h"
#include "flow/parts.h"

static void copies_what_it_is_given(void **state)
{
    uint8_t raw[] = {1, 2, 3, 4, 5};
    (void)state;
    job *j = job_new(JOB_SUBMIT, BYTES_OF(raw));
    assert_non_null(j);
    assert_int_equal(j->kind, JOB_SUBMIT);
    assert_int_equal(j->raw_len, sizeof(raw));
    assert_ptr_not_equal(j->raw, raw);
    raw[0] = 9;
    assert_int_equal(j->raw[0], 1);
    assert_int_equal(j->weight, sizeof(job) + sizeof(raw) + envelope_room(sizeof(raw)));
    assert_int_equal(j->why.code, SLUIS_OK);
    assert_int_equal(j->order, 0);
    job_free(&j);
    assert_null(j);
    job_free(&j);
}

static void an_empty_one_weighs_too(void **state)
{
    (void)state;
    job *j = job_new(JOB_DONE, (bytes){NULL, 0});
    assert_non_null(j);
    assert_null(j->raw);
    assert_int_equal(j->weight,
                     sizeof(job)); /* so that a flood of empty frames is bounded in bytes as well */
    job_free(&j);
}

/* The arena is made once, and bounded. */
static void arena_on_demand(void **state)
{
    (void)state;
    job *j = job_new(JOB_API, (bytes){NULL, 0});
    assert_null(j->arena);
    arena *a = job_arena(j);
    assert_non_null(a);
    assert_ptr_equal(job_arena(j), a);
    assert_non_null(arena_alloc(a, 1u << 20));
    assert_null(arena_alloc(a, 64u << 20));
    job_free(&j);
}

/* Everything it can hold goes with it; the sanitizer sees what does not. */
static void frees_what_it_holds(void **state)
{
    actor from, to;
    draft d;
    parcel p;
    (void)state;
    assert_int_equal(crypto_start(), SLUIS_OK);
    actor_init(&from, OIN_GEM, 1);
    actor_init(&to, OIN_SCHL, 2);
    draft_init(&d);
    parcel_init(&p);
    seal_to target = to_actor(&to);
    parcel_seal(&p, &d, &from, &target, 1, "text");
    parcel_sign(&p, &from);
    job *j = job_new(JOB_SUBMIT, buffer_bytes(&p.out));
    j->env = decode_ok(buffer_bytes(&p.out));
    assert_non_null(arena_strdup(job_arena(j), "text"));
    buffer_add(&j->receipt, "proof", 5);
    buffer_add(&j->reply, "answer", 6);
    buffer_add(&j->snapshot, "parties", 7);
    job_free(&j);
    assert_null(j);
    parcel_close(&p);
    actor_close(&from);
    actor_close(&to);
}

static void says_ready(void **state)
{
    channel_hub *hub = NULL;
    channel *bus = NULL, *worker = NULL;
    void *item = NULL;
    (void)state;
    assert_int_equal(channel_hub_new(&hub, 1, 64), SLUIS_OK);
    assert_int_equal(channel_open(&bus, hub, CHANNEL_BUS, CHANNEL_RECV_BIND, 16), SLUIS_OK);
    assert_int_equal(channel_open(&worker, hub, CHANNEL_BUS, CHANNEL_SEND_CONNECT, 16), SLUIS_OK);
    assert_int_equal(job_say_ready(worker), SLUIS_OK);
    assert_int_equal(channel_recv(bus, 5000, &item), SLUIS_OK);
    job *j = item;
    assert_int_equal(j->kind, JOB_READY);
    job_free(&j);
    channel_close(&worker);
    channel_close(&bus);
    channel_hub_free(&hub);
}

/* Room for all that may be admitted and all that sessions may add, and never more than ZeroMQ can count. */
static void channels_hold_what_may_be_in_flight(void **state)
{
    settings s = {.in_flight = 4096, .max_sessions = 2048, .session_credit = 1024};
    parts p = {.settings = &s};
    (void)state;
    int n = parts_channel_capacity(&p);
    assert_true(n >= 2 * 4096 + 2048 * 1024);
    s = (settings){
        .in_flight = 65536, .max_sessions = 100000, .session_credit = 65536}; /* the largest allowed */
    n = parts_channel_capacity(&p);
    assert_true(n > 1 << 28 && n <= 1 << 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_what_it_is_given),
        cmocka_unit_test(an_empty_one_weighs_too),
        cmocka_unit_test(arena_on_demand),
        cmocka_unit_test(frees_what_it_holds),
        cmocka_unit_test(says_ready),
        cmocka_unit_test(channels_hold_what_may_be_in_flight),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
