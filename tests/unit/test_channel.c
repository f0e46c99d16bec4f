/* session/channel: order, fan-in, pools, bounds, waiting. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "session/channel.h"

typedef struct {
    int sender, n;
} note;

static int setup(void **state)
{
    channel_hub *h;
    if (channel_hub_new(&h, 1, 64))
        return -1;
    *state = h;
    return 0;
}

static int teardown(void **state)
{
    channel_hub *h = *state;
    channel_hub_free(&h);
    channel_hub_free(&h);
    return 0;
}

static channel *end(channel_hub *h, const char *name, channel_role role, int capacity)
{
    channel *c;
    assert_int_equal(channel_open(&c, h, name, role, capacity), SLUIS_OK);
    return c;
}

static void keeps_order_and_pointers(void **state)
{
    channel *in = end(*state, "a", CHANNEL_RECV_BIND, 16), *out = end(*state, "a", CHANNEL_SEND_CONNECT, 16);
    int items[16];
    void *got = out;
    assert_int_equal(channel_recv(in, 0, &got), SLUIS_TIMEOUT);
    assert_null(got);
    for (int i = 0; i < 16; i++)
        assert_int_equal(channel_send(out, &items[i]), SLUIS_OK);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(channel_recv(in, 100, &got), SLUIS_OK);
        assert_ptr_equal(got, &items[i]);
    }
    channel_close(&in);
    channel_close(&out);
    channel_close(&out);
}

static void full_is_said_and_heals(void **state)
{
    channel *in = end(*state, "a", CHANNEL_RECV_BIND, 8), *out = end(*state, "a", CHANNEL_SEND_CONNECT, 8);
    int x, sent = 0;
    while (sent < 1000 && channel_send(out, &x) == SLUIS_OK)
        sent++;
    assert_in_range(sent, 8, 16); /* at least the capacity, at most that of both ends */
    assert_int_equal(channel_send(out, &x), SLUIS_FULL);
    void *got;
    for (int i = 0; i < sent; i++)
        assert_int_equal(channel_recv(in, 100, &got), SLUIS_OK);
    assert_int_equal(channel_recv(in, 0, &got), SLUIS_TIMEOUT);
    assert_int_equal(channel_send(out, &x), SLUIS_OK);
    channel_close(&in);
    channel_close(&out);
}

static void bad_options(void **state)
{
    channel *c;
    assert_int_equal(channel_open(&c, *state, "a", CHANNEL_RECV_BIND, 0), SLUIS_INVALID);
    assert_int_equal(channel_open(&c, *state,
                                  "0123456789012345678901234567890123456789012345678901234567890123",
                                  CHANNEL_RECV_BIND, 1),
                     SLUIS_INVALID);
    assert_null(c);
    channel *a = end(*state, "a", CHANNEL_RECV_BIND, 1);
    assert_int_equal(channel_open(&c, *state, "a", CHANNEL_RECV_BIND, 1), SLUIS_EXISTS);
    channel_close(&a);
    channel_hub *h;
    assert_int_equal(channel_hub_new(&h, -1, 64), SLUIS_INVALID);
}

typedef struct {
    channel_hub *h;
    int id, count;
    sluis_err e;
    long seen;
} worker;

static void *send_many(void *arg)
{
    worker *w = arg;
    channel *c;
    if ((w->e = channel_open(&c, w->h, "in", CHANNEL_SEND_CONNECT, 4096)))
        return NULL;
    for (int i = 0; w->e == SLUIS_OK && i < w->count; i++) {
        note *n = malloc(sizeof *n);
        *n = (note){w->id, i};
        w->e = channel_send(c, n);
    }
    channel_close(&c); /* what was sent still arrives */
    return NULL;
}

static void many_senders_one_receiver(void **state)
{
    channel *in = end(*state, "in", CHANNEL_RECV_BIND, 4096);
    worker w[4];
    pthread_t th[4];
    for (int i = 0; i < 4; i++) {
        w[i] = (worker){.h = *state, .id = i, .count = 1000};
        pthread_create(&th[i], NULL, send_many, &w[i]);
    }
    int next[4] = {0};
    for (int i = 0; i < 4000; i++) {
        void *got;
        assert_int_equal(channel_recv(in, 5000, &got), SLUIS_OK);
        note *n = got;
        assert_int_equal(n->n, next[n->sender]);
        next[n->sender]++;
        free(n);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(th[i], NULL);
        assert_int_equal(w[i].e, SLUIS_OK);
        assert_int_equal(next[i], 1000);
    }
    channel_close(&in);
}

/* The bus's arithmetic: as many items as the capacity says are on their way round three threads, all the
 * time, and no send is ever refused. */
#define ROUND      512
#define ROUND_LAPS 200

static void *hand_on(void *arg)
{
    worker *w = arg;
    channel *from, *to;
    const char *names[] = {"first", "second", "third"};
    void *item;
    w->e = channel_open(&from, w->h, names[w->id], CHANNEL_RECV_BIND, ROUND);
    usleep(100000); /* every receiver is bound */
    if (!w->e)
        w->e = channel_open(&to, w->h, names[(w->id + 1) % 3], CHANNEL_SEND_CONNECT, ROUND);
    for (int i = 0; !w->e && w->id == 0 && i < ROUND; i++) {
        item = malloc(sizeof(note));
        *(note *)item = (note){0, 0};
        w->e = channel_send(to, item);
    }
    while (!w->e && w->count < ROUND * ROUND_LAPS) {
        w->e = channel_recv(from, 5000, &item);
        w->count += w->e == SLUIS_OK;
        note *n = item;
        if (!w->e && w->id == 0 && ++n->n == ROUND_LAPS)
            free(n);
        else if (!w->e)
            w->e = channel_send(to, item);
    }
    channel_close(&from);
    channel_close(&to);
    return NULL;
}

static void full_load_is_never_refused(void **state)
{
    worker w[3];
    pthread_t th[3];
    for (int i = 0; i < 3; i++) {
        w[i] = (worker){.h = *state, .id = i};
        pthread_create(&th[i], NULL, hand_on, &w[i]);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(th[i], NULL);
        assert_int_equal(w[i].e, SLUIS_OK);
        assert_int_equal(w[i].count, ROUND * ROUND_LAPS);
    }
}

static void *receive_many(void *arg)
{
    worker *w = arg;
    channel *c;
    if ((w->e = channel_open(&c, w->h, "pool", CHANNEL_RECV_CONNECT, 1024)))
        return NULL;
    for (;;) {
        void *got;
        if ((w->e = channel_recv(c, -1, &got)))
            break;
        note *n = got;
        bool last = n->n < 0;
        w->seen += last ? 0 : n->n;
        free(n);
        if (last)
            break;
        w->count++;
    }
    channel_close(&c);
    return NULL;
}

static void one_sender_a_pool(void **state)
{
    channel *out = end(*state, "pool", CHANNEL_SEND_BIND, 1024);
    note *first = malloc(sizeof *first);
    *first = (note){0, 0};
    assert_int_equal(channel_send(out, first), SLUIS_FULL); /* no worker yet */
    worker w[3];
    pthread_t th[3];
    for (int i = 0; i < 3; i++) {
        w[i] = (worker){.h = *state, .id = i};
        pthread_create(&th[i], NULL, receive_many, &w[i]);
    }
    uint64_t until = clock_mono_us() + 5000000;
    while (channel_send(out, first) != SLUIS_OK && clock_mono_us() < until)
        usleep(1000);
    usleep(50000);
    for (int i = 1; i <= 999; i++) {
        note *n = malloc(sizeof *n);
        *n = (note){0, i};
        assert_int_equal(channel_send(out, n), SLUIS_OK);
    }
    for (int i = 0; i < 3; i++) { /* PUSH deals round: one stop each */
        note *n = malloc(sizeof *n);
        *n = (note){0, -1};
        assert_int_equal(channel_send(out, n), SLUIS_OK);
    }
    long sum = 0;
    int count = 0;
    for (int i = 0; i < 3; i++) {
        pthread_join(th[i], NULL);
        assert_int_equal(w[i].e, SLUIS_OK);
        assert_true(w[i].count > 0);
        sum += w[i].seen;
        count += w[i].count;
    }
    assert_int_equal(count, 1000);
    assert_int_equal(sum, 999 * 1000 / 2);
    channel_close(&out);
}

static void waits_for_files_too(void **state)
{
    channel *in = end(*state, "a", CHANNEL_RECV_BIND, 4), *out = end(*state, "a", CHANNEL_SEND_CONNECT, 4);
    int a[2], b[2], which = -1, x;
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    int fds[2] = {a[0], b[0]};
    void *got;
    uint64_t start = clock_mono_us();
    assert_int_equal(channel_recv_or(in, 30, &got, fds, 2, &which), SLUIS_TIMEOUT);
    assert_in_range(clock_mono_us() - start, 29000, 5000000);
    assert_int_equal(write(b[1], "x", 1), 1);
    assert_int_equal(channel_recv_or(in, -1, &got, fds, 2, &which), SLUIS_NOT_FOUND);
    assert_int_equal(which, 1);
    assert_int_equal(channel_recv_or(in, 0, &got, fds, 2, &which), SLUIS_NOT_FOUND);
    assert_int_equal(channel_send(out, &x), SLUIS_OK);
    assert_int_equal(channel_recv_or(in, -1, &got, fds, 2, &which), SLUIS_OK); /* items first */
    assert_ptr_equal(got, &x);
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
    channel_close(&in);
    channel_close(&out);
}

int main(void)
{
    alarm(120); /* a failed test may leave sockets open, on which closing waits */
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(keeps_order_and_pointers),  T(full_is_said_and_heals),     T(bad_options),
        T(many_senders_one_receiver), T(full_load_is_never_refused), T(one_sender_a_pool),
        T(waits_for_files_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
