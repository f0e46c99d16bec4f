/* The thread of core, over the memory engine: calls that come together, of which one finds an error after it
 * has written something. It is refused, with nothing left but its refusal; the others are done. */
#include "kit_people.h"

#include <pthread.h>

#include "core/core.h"

#define MiB     (1u << 20)
#define TRIES   24
#define WAIT_MS 30000

typedef struct {
    house h;
    subject s;
    id16 case_id;
    channel *in, *bus, *control;
    pthread_t core;
    uint64_t done, refused;
} room;

static void start(room *r)
{
    house_open(&r->h);
    turn t = house_begin(&r->h, HOUSE_MS, MiB);
    r->s = house_subject(&r->h, t.t, r->h.person);
    const subject *who = &r->s;
    r->case_id = people_case(&t, &who, 1, "research", 0);
    house_commit(&r->h, &t);
    journal_close(&r->h.journal); /* core has its own */
    const int capacity = parts_channel_capacity(&r->h.p);
    assert_int_equal(channel_hub_new(&r->h.p.hub, 1, 64), SLUIS_OK);
    assert_int_equal(channel_open(&r->bus, r->h.p.hub, CHANNEL_BUS, CHANNEL_RECV_BIND, capacity), SLUIS_OK);
    assert_int_equal(channel_open(&r->control, r->h.p.hub, CHANNEL_CONTROL, CHANNEL_RECV_BIND, capacity),
                     SLUIS_OK);
    assert_int_equal(pthread_create(&r->core, NULL, core_run, &r->h.p), 0);
    assert_int_equal(channel_open(&r->in, r->h.p.hub, CHANNEL_CORE, CHANNEL_SEND_CONNECT, capacity),
                     SLUIS_OK);
}

static void drain(channel *c)
{
    for (void *item = NULL; channel_recv(c, 0, &item) == SLUIS_OK;) {
        job *j = item;
        job_free(&j);
    }
}

static void stop(room *r)
{
    assert_int_equal(channel_send(r->in, NULL), SLUIS_OK);
    assert_int_equal(pthread_join(r->core, NULL), 0);
    drain(r->bus);
    drain(r->control);
    channel_close(&r->in);
    channel_close(&r->bus);
    channel_close(&r->control);
    channel_hub_free(&r->h.p.hub);
    subject_close(&r->s);
    house_close(&r->h);
    free(r);
}

static job *report_service(room *r)
{
    job *j = house_call(&r->h, "consulent", "p-1");
    Sluis__ApiChangeCase *c = arena_alloc(job_arena(j), sizeof(*c));
    sluis__api_change_case__init(c);
    j->rules = rules_ref(r->h.p.first_rules);
    c->case_id = data_of(r->case_id.b, ID_LEN);
    c->event = TEXT(case_event_name(CASE_REPORT_SERVICE));
    c->motivation = TEXT("nodig");
    c->service = TEXT("begeleiding");
    c->status = TEXT("gepland");
    c->planned = HOUSE_MS + DAY_MS;
    j->call->op_case = SLUIS__API_CALL__OP_CHANGE_CASE;
    j->call->change_case = c;
    return j;
}

static void answered(room *r)
{
    void *item = NULL;
    assert_int_equal(channel_recv(r->bus, WAIT_MS, &item), SLUIS_OK);
    job *j = item;
    if (j->kind == JOB_API) {
        r->done += !j->why.code;
        r->refused += j->why.code != SLUIS_OK;
        if (j->why.code && j->why.code != SLUIS_EXISTS)
            fail_msg("%s at '%s': %s", error_token(j->why.code), j->why.where, j->why.text);
    }
    job_free(&j);
}

/* Two calls, one behind the other, with the n-th write from here on refused by the engine alone. */
static void two_calls(room *r, unsigned n)
{
    const uint64_t before = r->done + r->refused;
    job *first = report_service(r);
    first->next = report_service(r);
    store_memory_fail_after(r->h.x.store, n, SLUIS_EXISTS);
    assert_int_equal(channel_send(r->in, first), SLUIS_OK);
    while (r->done + r->refused < before + 2)
        answered(r);
    store_memory_fail_after(r->h.x.store, 0, SLUIS_OK);
}

static void what_is_refused_halfway(void **state)
{
    room *r = calloc(1, sizeof(*r));
    (void)state;
    start(r);
    two_calls(r, 0);
    assert_int_equal(r->done, 2);
    const uint64_t entries = people_count(&r->h, TABLE_LEAF), events = people_count(&r->h, TABLE_EVENT);
    for (unsigned n = 1; n < TRIES; n++)
        two_calls(r, n);
    assert_true(r->refused > 1);
    assert_int_equal(r->done + r->refused, 2 * TRIES);
    assert_int_equal(people_count(&r->h, TABLE_LEAF), entries - 2 + r->done + r->refused);
    assert_int_equal(people_count(&r->h, TABLE_DOSSIER), r->done);
    assert_int_equal(people_count(&r->h, TABLE_EVENT), events / 2 * r->done);
    people_sound(&r->h);
    stop(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_refused_halfway)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
