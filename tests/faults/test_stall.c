/* A disk that stands still: no write is refused, one sync takes its time. Meanwhile a party goes on to read
 * what waits for it, and confirms it. Nothing of that overflows: the gateway fetches no more than it can
 * hold, and goes on when the disk does. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "faults/exchange.h"
#include "faults/shim_io.h"

#define WAITING  800 /* many times what may wait for core */
#define AT_ONCE  16
#define CREDIT   16
#define WAIT_MS  10000
#define QUIET_MS 700 /* longer than the bus's tick, with which it looks again */
#define MEM      (1u << 20)

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool stands, entered;
} disk;

static void wait_at_sync(void *ctx, const shim_call *c)
{
    disk *d = ctx;
    if (c->kind != SHIM_SYNC)
        return;
    pthread_mutex_lock(&d->lock);
    d->entered = d->entered || d->stands;
    pthread_cond_broadcast(&d->change);
    while (d->stands)
        pthread_cond_wait(&d->change, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

static void let_go(disk *d)
{
    pthread_mutex_lock(&d->lock);
    d->stands = false;
    pthread_cond_broadcast(&d->change);
    pthread_mutex_unlock(&d->lock);
}

static void send_frame(actor *a, const Sluis__Frame *f)
{
    buffer b;
    buffer_init(&b, 2 * ENVELOPE_MAX);
    assert_int_equal(wire_pack(&b, &f->base), 0);
    rig_send(a, buffer_bytes(&b));
    buffer_close(&b);
}

static void join(rig *r, actor *a)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Hello h = SLUIS__HELLO__INIT;
    arena *mem = arena_new(MEM);
    rig_connect(r, a);
    h.version_min = h.version_max = 1;
    h.credit = CREDIT;
    h.program = "faults";
    f.f_case = SLUIS__FRAME__F_HELLO;
    f.hello = &h;
    send_frame(a, &f);
    const Sluis__Frame *got = rig_receive(a, mem, WAIT_MS);
    assert_non_null(got);
    assert_int_equal(got->f_case, SLUIS__FRAME__F_WELCOME);
    a->generation = got->welcome->generation;
    arena_free(&mem);
}

static void ask(rig *r, exchange *x)
{
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Submit s = SLUIS__SUBMIT__INIT;
    exchange_begin(r, x);
    s.envelope = (ProtobufCBinaryData){x->request.n, x->request.p};
    f.f_case = SLUIS__FRAME__F_SUBMIT;
    f.submit = &s;
    send_frame(&r->actors[ACTOR_REQUESTER], &f);
}

static void fill_outbox(rig *r, exchange *list)
{
    actor *requester = &r->actors[ACTOR_REQUESTER];
    join(r, requester);
    for (int sent = 0, acked = 0; acked < WAITING; acked++) {
        while (sent < WAITING && sent - acked < AT_ONCE)
            ask(r, &list[sent++]);
        arena *mem = arena_new(MEM);
        const Sluis__Frame *f = rig_receive(requester, mem, WAIT_MS);
        assert_non_null(f);
        assert_int_equal(f->f_case, SLUIS__FRAME__F_ACKS);
        assert_memory_equal(f->acks->acks[0]->message_id.data, list[acked].request_id, UUID_LEN);
        arena_free(&mem);
    }
}

/* Takes the next delivery, which must be this one, and confirms it. False: none within wait_ms. */
static bool take(actor *a, const exchange *x, int wait_ms)
{
    Sluis__Frame done = SLUIS__FRAME__INIT;
    Sluis__Done d = SLUIS__DONE__INIT;
    arena *mem = arena_new(MEM);
    const Sluis__Frame *f = rig_receive(a, mem, wait_ms);
    if (f) {
        assert_int_equal(f->f_case, SLUIS__FRAME__F_DELIVER);
        assert_true(bytes_equal(BYTES(f->deliver->envelope.data, f->deliver->envelope.len),
                                buffer_bytes(&x->request)));
        d.seqs = &f->deliver->seq;
        d.n_seqs = 1;
        d.generation = a->generation;
        done.f_case = SLUIS__FRAME__F_DONE;
        done.done = &d;
        send_frame(a, &done);
    }
    arena_free(&mem);
    return f != NULL;
}

static void a_party_reads_on_while_the_disk_stands(void **state)
{
    static rig r;
    static exchange list[WAITING];
    disk d = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
    actor *school = &r.actors[ACTOR_SCHOOL];
    (void)state;
    rig_open(&r);
    fill_outbox(&r, list);
    d.stands = true;
    shim_io_record(wait_at_sync, &d);
    join(&r, school);
    int n = 0;
    assert_true(take(school, &list[n++], WAIT_MS)); /* its done is what the disk is written to for */
    pthread_mutex_lock(&d.lock);
    while (!d.entered)
        pthread_cond_wait(&d.change, &d.lock);
    pthread_mutex_unlock(&d.lock);
    while (n < WAITING && take(school, &list[n], QUIET_MS))
        n++;
    print_message("the disk stands: %d of %d were delivered and confirmed\n", n, WAITING);
    assert_in_range(n, CREDIT, (int)r.settings.in_flight + 2 * CREDIT + 1);
    let_go(&d);
    for (; n < WAITING; n++)
        assert_true(take(school, &list[n], WAIT_MS));
    assert_false(take(school, &list[0], QUIET_MS));
    shim_io_record(NULL, NULL);
    rig_close(&r);
    for (int i = 0; i < WAITING; i++)
        exchange_close(&list[i]);
}

int main(void)
{
    alarm(120);
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_party_reads_on_while_the_disk_stands)};
    return cmocka_run_group_tests_name("stall", tests, NULL, NULL);
}
