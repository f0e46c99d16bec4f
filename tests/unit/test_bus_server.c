/* session/bus_server: who gets in, whose frames are whose, what is refused. Peers here are raw ZeroMQ and
 * TCP. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "base/brake.h"
#include "base/clock.h"
#include "session/bus_server.h"

#define MAX_FRAME 65536
#define PARTIES   3
#define SILENT    500

typedef struct {
    channel_hub *hub;
    bus_server *s;
    keypair server, party[PARTIES]; /* the last one is not admitted */
    void *ctx;                      /* the peers' */
    channel *ends[12];
    void *open[16]; /* their sockets, so that a failed test can be torn down */
    char dir[64], ipc[128];
    int umasks; /* calls while the server was opened */
} fixture;

static const char *const oins[PARTIES] = {"00000099000000001000", "00000099000000002000",
                                          "00000099000000003000"};

/* The server under test may be given a ZAP handler that nobody reaches, as if it had died. */
static bool no_handler;

int zmq_bind(void *socket, const char *address)
{
    __typeof__(&zmq_bind) real;
    void *found = dlsym(RTLD_NEXT, "zmq_bind");
    memcpy(&real, &found, sizeof real);
    return no_handler && strcmp(address, "inproc://zeromq.zap.01") == 0 ? 0 : real(socket, address);
}

/* The umask is the whole process': a file that another thread makes meanwhile would get it, too. */
static int umasks;

mode_t umask(mode_t m)
{
    __typeof__(&umask) real;
    void *found = dlsym(RTLD_NEXT, "umask");
    memcpy(&real, &found, sizeof real);
    umasks++;
    return real(m);
}

static bool admit(void *ctx, const uint8_t curve_pk[static 32], oin *out)
{
    fixture *x = ctx;
    for (int i = 0; i < PARTIES - 1; i++)
        if (memcmp(curve_pk, x->party[i].pk, 32) == 0)
            return oin_parse(out, oins[i], OIN_LEN) == SLUIS_OK;
    return false;
}

static void *socket_of(fixture *x, int type)
{
    int zero = 0, i = 0;
    while (x->open[i])
        i++;
    x->open[i] = zmq_socket(x->ctx, type);
    zmq_setsockopt(x->open[i], ZMQ_LINGER, &zero, sizeof zero);
    return x->open[i];
}

static void hang_up(fixture *x, void *socket)
{
    for (int i = 0; i < 16; i++) {
        if (x->open[i] == socket) {
            zmq_close(socket);
            x->open[i] = NULL;
        }
    }
}

static int setup(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    if (crypto_start() || keypair_generate(&x->server, USE_CURVE, 1) || channel_hub_new(&x->hub, 1, 256))
        return -1;
    for (int i = 0; i < PARTIES; i++)
        if (keypair_generate(&x->party[i], USE_CURVE, 1))
            return -1;
    strcpy(x->dir, "/tmp/sluis-bus-XXXXXX");
    if (!mkdtemp(x->dir))
        return -1;
    snprintf(x->ipc, sizeof x->ipc, "ipc://%s/run/api.sock", x->dir);
    bus_options o = {.endpoint = "tcp://127.0.0.1:*",
                     .ipc_endpoint = x->ipc,
                     .curve = &x->server,
                     .max_frame = MAX_FRAME,
                     .hwm = 100,
                     .max_sockets = 64,
                     .heartbeat_ms = 1000,
                     .handshake_ms = 2000};
    sluis_fail f = {0};
    mode_t before = umask(0); /* what is 0600 is not so by it */
    umasks = 0;
    sluis_err e = bus_server_open(&x->s, x->hub, &o, admit, x, &f);
    x->umasks = umasks;
    umask(before);
    if (e) {
        print_message("%s: %s\n", f.where, f.text);
        return -1;
    }
    x->ctx = zmq_ctx_new();
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    fixture *x = *state;
    for (int i = 0; i < 16; i++)
        if (x->open[i])
            hang_up(x, x->open[i]);
    zmq_ctx_term(x->ctx);
    bus_server_close(&x->s);
    bus_server_close(&x->s);
    for (int i = 0; i < 12; i++)
        channel_close(&x->ends[i]);
    channel_hub_free(&x->hub);
    keypair_close(&x->server);
    for (int i = 0; i < PARTIES; i++)
        keypair_close(&x->party[i]);
    char path[160];
    snprintf(path, sizeof path, "%s/run", x->dir);
    unlink(x->ipc + 6);
    rmdir(path);
    rmdir(x->dir);
    free(x);
    return 0;
}

/* A DEALER with this party's key; id may be NULL. */
static void *peer(fixture *x, int party, const char *id)
{
    void *d = socket_of(x, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(d, ZMQ_CURVE_SERVERKEY, x->server.pk, 32), 0);
    assert_int_equal(zmq_setsockopt(d, ZMQ_CURVE_PUBLICKEY, x->party[party].pk, 32), 0);
    assert_int_equal(zmq_setsockopt(d, ZMQ_CURVE_SECRETKEY, x->party[party].sk, 32), 0);
    if (id)
        zmq_setsockopt(d, ZMQ_ROUTING_ID, id, strlen(id));
    assert_int_equal(zmq_connect(d, bus_server_endpoint(x->s)), 0);
    return d;
}

static void expect_frame(fixture *x, bus_event *ev, int party, const char *data)
{
    assert_int_equal(bus_server_next(x->s, 5000, ev), SLUIS_OK);
    assert_int_equal(ev->kind, BUS_FRAME);
    assert_string_equal(ev->user.s, oins[party]);
    assert_memory_equal(ev->curve_pk, x->party[party].pk, 32);
    assert_int_equal(ev->n, strlen(data));
    assert_memory_equal(ev->data, data, ev->n);
}

static void expect_nothing(fixture *x, int ms)
{
    bus_event ev;
    assert_int_equal(bus_server_next(x->s, ms, &ev), SLUIS_OK);
    assert_int_equal(ev.kind, BUS_NONE);
}

static void send_frame(void *d, const char *data)
{
    assert_int_equal(zmq_send(d, data, strlen(data), 0), strlen(data));
}

static void expect_answer(void *d, const char *data)
{
    char got[64] = "";
    int ms = 5000;
    zmq_setsockopt(d, ZMQ_RCVTIMEO, &ms, sizeof ms);
    assert_int_equal(zmq_recv(d, got, sizeof got - 1, 0), strlen(data));
    assert_string_equal(got, data);
}

static void known_keys_are_heard(void **state)
{
    fixture *x = *state;
    void *a = peer(x, 0, NULL), *b = peer(x, 1, NULL);
    bus_event ea, eb;
    send_frame(a, "from a");
    expect_frame(x, &ea, 0, "from a");
    send_frame(b, "from b");
    expect_frame(x, &eb, 1, "from b");
    assert_int_equal(bus_server_send(x->s, ea.route, ea.route_len, bytes_str("to a")), SLUIS_OK);
    assert_int_equal(bus_server_send(x->s, eb.route, eb.route_len, bytes_str("to b")), SLUIS_OK);
    expect_answer(a, "to a");
    expect_answer(b, "to b");
    assert_int_equal(bus_server_refused(x->s), 0);
    hang_up(x, a);
    hang_up(x, b);
}

static void unknown_keys_get_nowhere(void **state)
{
    fixture *x = *state;
    void *good = peer(x, 0, NULL), *bad = peer(x, 2, NULL);
    zmq_send(bad, "let me in", 9, ZMQ_DONTWAIT);
    send_frame(good, "hello");
    bus_event ev;
    expect_frame(x, &ev, 0, "hello");
    expect_nothing(x, 300);
    assert_true(bus_server_refused(x->s) >= 1);
    hang_up(x, bad);
    hang_up(x, good);
}

/* No CURVE at all, and CURVE with a wrong server key. */
static void other_mechanisms_get_nowhere(void **state)
{
    fixture *x = *state;
    void *d = socket_of(x, ZMQ_DEALER), *e = socket_of(x, ZMQ_DEALER);
    zmq_setsockopt(e, ZMQ_CURVE_SERVERKEY, x->party[1].pk, 32);
    zmq_setsockopt(e, ZMQ_CURVE_PUBLICKEY, x->party[0].pk, 32);
    zmq_setsockopt(e, ZMQ_CURVE_SECRETKEY, x->party[0].sk, 32);
    zmq_connect(d, bus_server_endpoint(x->s));
    zmq_connect(e, bus_server_endpoint(x->s));
    zmq_send(d, "plain", 5, ZMQ_DONTWAIT);
    zmq_send(e, "wrong", 5, ZMQ_DONTWAIT);
    expect_nothing(x, 300);
    hang_up(x, d);
    hang_up(x, e);
}

/* While nobody answers ZAP (the loop does not run), even a known key waits outside: libzmq alone would let it
 * in. */
static void nobody_gets_in_unasked(void **state)
{
    fixture *x = *state;
    void *d = peer(x, 0, NULL);
    char id[] = "inproc://mon.a";
    assert_int_equal(zmq_socket_monitor(d, id, ZMQ_EVENT_HANDSHAKE_SUCCEEDED), 0);
    void *m = socket_of(x, ZMQ_PAIR);
    zmq_connect(m, id);
    int ms = 300;
    zmq_setsockopt(m, ZMQ_RCVTIMEO, &ms, sizeof ms);
    char buf[64];
    assert_int_equal(zmq_recv(m, buf, sizeof buf, 0), -1);
    send_frame(d, "now");
    bus_event ev;
    expect_frame(x, &ev, 0, "now"); /* the loop runs: let in */
    assert_true(zmq_recv(m, buf, sizeof buf, 0) > 0);
    hang_up(x, m);
    hang_up(x, d);
}

/* And with the handler gone for good, neither a stranger nor a party: nothing of theirs comes as far as the
 * server. */
static void without_a_handler_nobody_gets_in(void **state)
{
    fixture *x = *state;
    channel_hub *hub;
    bus_server *s;
    bus_event ev;
    bus_options o = {.endpoint = "tcp://127.0.0.1:*",
                     .curve = &x->server,
                     .max_frame = MAX_FRAME,
                     .hwm = 100,
                     .max_sockets = 64,
                     .heartbeat_ms = 1000,
                     .handshake_ms = 2000};
    assert_int_equal(channel_hub_new(&hub, 1, 64), SLUIS_OK);
    no_handler = true;
    assert_int_equal(bus_server_open(&s, hub, &o, admit, x, NULL), SLUIS_OK);
    no_handler = false;
    for (int i = 0; i < PARTIES; i++) {
        void *d = socket_of(x, ZMQ_DEALER);
        zmq_setsockopt(d, ZMQ_CURVE_SERVERKEY, x->server.pk, 32);
        zmq_setsockopt(d, ZMQ_CURVE_PUBLICKEY, x->party[i].pk, 32);
        zmq_setsockopt(d, ZMQ_CURVE_SECRETKEY, x->party[i].sk, 32);
        zmq_connect(d, bus_server_endpoint(s));
        zmq_send(d, "hello", 5, 0);
    }
    assert_int_equal(bus_server_next(s, 500, &ev), SLUIS_OK);
    assert_int_equal(ev.kind, BUS_NONE);
    assert_int_equal(bus_server_refused(s), 0);
    bus_server_close(&s);
    channel_hub_free(&hub);
}

/* What keeps them out is the option that the server sets: libzmq alone lets a stranger in. */
static void no_handler_nobody(void **state)
{
    fixture *x = *state;
    for (int enforce = 0; enforce < 2; enforce++) {
        void *ctx = zmq_ctx_new(), *r = zmq_socket(ctx, ZMQ_ROUTER);
        int one = 1, zero = 0, ms = 500;
        char endpoint[128], got[16];
        size_t len = sizeof endpoint;
        zmq_setsockopt(r, ZMQ_CURVE_SERVER, &one, sizeof one);
        zmq_setsockopt(r, ZMQ_CURVE_SECRETKEY, x->server.sk, 32);
        zmq_setsockopt(r, ZMQ_ZAP_DOMAIN, "sluis", 5);
        assert_int_equal(zmq_setsockopt(r, 93, &enforce, sizeof enforce), 0);
        zmq_setsockopt(r, ZMQ_RCVTIMEO, &ms, sizeof ms);
        zmq_setsockopt(r, ZMQ_LINGER, &zero, sizeof zero);
        assert_int_equal(zmq_bind(r, "tcp://127.0.0.1:*"), 0);
        zmq_getsockopt(r, ZMQ_LAST_ENDPOINT, endpoint, &len);
        void *d = socket_of(x, ZMQ_DEALER);
        zmq_setsockopt(d, ZMQ_CURVE_SERVERKEY, x->server.pk, 32);
        zmq_setsockopt(d, ZMQ_CURVE_PUBLICKEY, x->party[2].pk, 32);
        zmq_setsockopt(d, ZMQ_CURVE_SECRETKEY, x->party[2].sk, 32);
        zmq_connect(d, endpoint);
        zmq_send(d, "hello", 5, 0);
        int n = zmq_recv(r, got, sizeof got, 0);
        assert_true(enforce ? n < 0 : n > 0);
        hang_up(x, d);
        zmq_close(r);
        zmq_ctx_term(ctx);
    }
}

static void oversize_closes_the_connection(void **state)
{
    fixture *x = *state;
    void *good = peer(x, 0, NULL), *bad = peer(x, 1, NULL);
    bus_event ev;
    send_frame(bad, "first");
    expect_frame(x, &ev, 1, "first");
    uint8_t route[64];
    size_t n = ev.route_len;
    memcpy(route, ev.route, n);
    static char big[MAX_FRAME + 1];
    zmq_send(bad, big, sizeof big, 0);
    send_frame(good, "still here");
    expect_frame(x, &ev, 0, "still here");
    sluis_err e = SLUIS_OK;
    for (int i = 0; i < 100 && e != SLUIS_CLOSED; i++) {
        expect_nothing(x, 10);
        e = bus_server_send(x->s, route, n, bytes_str("there?"));
    }
    assert_int_equal(e, SLUIS_CLOSED);
    hang_up(x, bad);
    hang_up(x, good);
}

static void one_frame_a_message(void **state)
{
    fixture *x = *state;
    void *d = peer(x, 0, NULL);
    bus_event ev;
    zmq_send(d, "two", 3, ZMQ_SNDMORE);
    zmq_send(d, "parts", 5, ZMQ_SNDMORE);
    zmq_send(d, "or three", 8, 0);
    send_frame(d, "one");
    expect_frame(x, &ev, 0, "one");
    assert_int_equal(bus_server_refused(x->s), 1);
    hang_up(x, d);
}

/* A routing id is a name on an envelope, no more: taking another's neither speaks for him nor receives for
 * him. */
static void routing_ids_are_not_identities(void **state)
{
    fixture *x = *state;
    void *a = peer(x, 0, "the-id"), *b;
    bus_event ea, eb;
    send_frame(a, "mine");
    expect_frame(x, &ea, 0, "mine");
    b = peer(x, 1, "the-id");
    zmq_send(b, "also mine", 9, ZMQ_DONTWAIT);
    expect_nothing(x, 300); /* the second is ignored while the first lives */
    assert_int_equal(bus_server_send(x->s, ea.route, ea.route_len, bytes_str("for a")), SLUIS_OK);
    expect_answer(a, "for a");
    hang_up(x, a);
    for (int i = 0;
         i < 50 && bus_server_send(x->s, ea.route, ea.route_len, bytes_str("gone?")) != SLUIS_CLOSED; i++)
        expect_nothing(x, 10);
    void *c = peer(x, 1, "the-id");
    send_frame(c, "and now");
    expect_frame(x, &eb, 1, "and now"); /* the same id, and yet the key's owner */
    hang_up(x, b);
    hang_up(x, c);

    char longest[200];
    memset(longest, 'r', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    void *d = peer(x, 0, longest);
    send_frame(d, "long id");
    expect_nothing(x, 300);
    hang_up(x, d);
}

static int raw_connection(fixture *x)
{
    int port = atoi(strrchr(bus_server_endpoint(x->s), ':') + 1), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* Whether the server has hung up; what it said before is read away. */
static bool hung_up(int fd)
{
    char c[64];
    ssize_t n;
    while ((n = recv(fd, c, sizeof c, MSG_DONTWAIT)) > 0)
        continue;
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* One question and answer of a party that behaves; it must not take long, whatever others do. */
static void served(fixture *x, void *d, int party)
{
    bus_event ev;
    uint64_t start = clock_mono_us();
    send_frame(d, "ping");
    expect_frame(x, &ev, party, "ping");
    assert_int_equal(bus_server_send(x->s, ev.route, ev.route_len, bytes_str("pong")), SLUIS_OK);
    expect_answer(d, "pong");
    assert_in_range(clock_mono_us() - start, 0, 1000000);
}

/* A greeting that comes a byte at a time keeps its connection no longer than a handshake may take. */
static void slow_handshakes_end(void **state)
{
    fixture *x = *state;
    static const uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'C', 'U', 'R', 'V', 'E'};
    void *d = peer(x, 0, NULL);
    served(x, d, 0);
    int whole = raw_connection(x), slow = raw_connection(x), sent = 0;
    assert_int_equal(send(whole, greeting, sizeof greeting, MSG_NOSIGNAL), sizeof greeting); /* and no more */
    uint64_t start = clock_mono_us(), gone = 0;
    while (!gone && clock_mono_us() - start < 6000000) {
        if (sent < 60 && send(slow, greeting + sent, 1, MSG_NOSIGNAL) == 1)
            sent++;
        expect_nothing(x, 100);
        served(x, d, 0);
        if (hung_up(slow) && hung_up(whole))
            gone = clock_mono_us() - start;
    }
    assert_in_range(gone, 1500000, 4000000); /* handshake_ms is 2000 */
    assert_in_range(sent, 10, 40);           /* it was still at it */
    close(slow);
    close(whole);
    hang_up(x, d);
}

/* ZMTP 1.0 and 2.0 know no security: greetings of theirs, and a frame behind them, come to nobody. */
static void old_greetings_get_nowhere(void **state)
{
    fixture *x = *state;
    static const struct {
        const char *bytes;
        size_t n;
    } old[] = {
        {"\x01\x00\x06\x00hello", 9},                                    /* 1.0: anonymous; a frame */
        {"\x06\x00peer1\x06\x00hello", 14},                              /* 1.0: an identity; a frame */
        {"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05\x00\x00\x00\x05hello", 21}, /* 2.0: DEALER; a frame */
        {"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL\0\0\0\0\0\0\0\0\0\0\0\0", 28}, /* 3.1, NULL: cut off */
    };
    int fd[4];
    void *d = peer(x, 0, NULL);
    for (size_t i = 0; i < 4; i++) {
        fd[i] = raw_connection(x);
        assert_int_equal(send(fd[i], old[i].bytes, old[i].n, MSG_NOSIGNAL), old[i].n);
    }
    served(x, d, 0);
    expect_nothing(x, 2500); /* the handshake's time is over */
    for (size_t i = 0; i < 4; i++) {
        if (!hung_up(fd[i]))
            fail_msg("greeting %zu is still connected", i);
        close(fd[i]);
    }
    served(x, d, 0);
    hang_up(x, d);
}

static void silent_connections_disturb_nobody(void **state)
{
    fixture *x = *state;
    int fd[SILENT];
    struct rlimit files; /* both ends of each are ours */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    for (int i = 0; i < SILENT; i++) {
        fd[i] = raw_connection(x);
        if (i % 2)
            assert_int_equal(send(fd[i], "\x16\x03\x01 not ZMTP at all", 20, MSG_NOSIGNAL), 20);
    }
    void *d = peer(x, 0, NULL);
    for (int i = 0; i < 100; i++)
        served(x, d, 0);
    char c;
    expect_nothing(x, 2200); /* the handshake's time is over: they are hung up on */
    for (int i = 0; i < SILENT; i += 2)
        for (ssize_t n; (n = recv(fd[i], &c, 1, MSG_DONTWAIT)) != 0;)
            assert_true(n == 1); /* what the server greeted with, then the end */
    for (int i = 0; i < SILENT; i++)
        close(fd[i]);
    hang_up(x, d);
}

/* A peer that does not read: refused aloud when its queue is full, and nobody else is held up. */
static void full_queues_are_said(void **state)
{
    fixture *x = *state;
    void *d = socket_of(x, ZMQ_DEALER);
    int one = 1;
    zmq_setsockopt(d, ZMQ_RCVHWM, &one, sizeof one);
    zmq_setsockopt(d, ZMQ_CURVE_SERVERKEY, x->server.pk, 32);
    zmq_setsockopt(d, ZMQ_CURVE_PUBLICKEY, x->party[0].pk, 32);
    zmq_setsockopt(d, ZMQ_CURVE_SECRETKEY, x->party[0].sk, 32);
    zmq_connect(d, bus_server_endpoint(x->s));
    bus_event ev;
    send_frame(d, "hi");
    expect_frame(x, &ev, 0, "hi");
    static uint8_t frame[50000];
    int full = 0; /* for good: the sockets' own buffers take some more after the queue is full */
    for (int i = 0; i < 5000 && full < 5; i++) {
        full = bus_server_send(x->s, ev.route, ev.route_len, BYTES_OF(frame)) == SLUIS_FULL ? full + 1 : 0;
        if (full)
            usleep(50 * 1000);
    }
    assert_int_equal(full, 5);
    void *other = peer(x, 1, NULL);
    for (int i = 0; i < 20; i++) {
        served(x, other, 1);
        assert_int_equal(bus_server_send(x->s, ev.route, ev.route_len, BYTES_OF(frame)), SLUIS_FULL);
    }
    hang_up(x, other);
    assert_int_equal(bus_server_send(x->s, (const uint8_t *)"nobody", 6, bytes_str("x")), SLUIS_CLOSED);
    hang_up(x, d);
}

static void the_api_side(void **state)
{
    fixture *x = *state;
    struct stat st;
    char dir[160];
    snprintf(dir, sizeof dir, "%s/run", x->dir);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(x->ipc + 6, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(x->umasks, 0);
    void *d = socket_of(x, ZMQ_DEALER);
    zmq_connect(d, x->ipc);
    send_frame(d, "GET");
    bus_event ev;
    assert_int_equal(bus_server_next(x->s, 5000, &ev), SLUIS_OK);
    assert_int_equal(ev.kind, BUS_API_FRAME);
    assert_int_equal(ev.n, 3);
    assert_string_equal(ev.user.s, "");
    assert_int_equal(bus_server_send_api(x->s, ev.route, ev.route_len, bytes_str("200")), SLUIS_OK);
    expect_answer(d, "200");
    hang_up(x, d);
}

/* One busy source does not starve the others. */
static void sources_take_turns(void **state)
{
    fixture *x = *state;
    channel **in = &x->ends[0], **out = &x->ends[1], **more = &x->ends[2];
    assert_int_equal(channel_open(in, x->hub, "core", CHANNEL_RECV_BIND, 4096), SLUIS_OK);
    assert_int_equal(channel_open(out, x->hub, "core", CHANNEL_SEND_CONNECT, 4096), SLUIS_OK);
    assert_int_equal(bus_server_watch(x->s, *in), SLUIS_OK);
    void *d = peer(x, 0, NULL);
    bus_event ev;
    send_frame(d, "0");
    expect_frame(x, &ev, 0, "0");
    int items[1000];
    for (int i = 0; i < 1000; i++)
        assert_int_equal(channel_send(*out, &items[i]), SLUIS_OK);
    for (int i = 0; i < 50; i++)
        send_frame(d, "frame");
    usleep(100000);
    int channel_events = 0, frames = 0, before_last = 0;
    while (channel_events + frames < 1050) {
        assert_int_equal(bus_server_next(x->s, 1000, &ev), SLUIS_OK);
        if (ev.kind == BUS_CHANNEL) {
            assert_ptr_equal(ev.item, &items[channel_events]);
            channel_events++;
        } else {
            assert_int_equal(ev.kind, BUS_FRAME);
            if (++frames == 50)
                before_last = channel_events;
        }
    }
    assert_in_range(before_last, 1, 300);
    expect_nothing(x, 0);
    for (int i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof name, "more%d", i);
        assert_int_equal(channel_open(&more[i], x->hub, name, CHANNEL_RECV_BIND, 1), SLUIS_OK);
        assert_int_equal(bus_server_watch(x->s, more[i]), i < 7 ? SLUIS_OK : SLUIS_FULL);
    }
    hang_up(x, d);
}

static void times_out_on_time(void **state)
{
    fixture *x = *state;
    uint64_t start = clock_mono_us();
    expect_nothing(x, 50);
    assert_in_range(clock_mono_us() - start, 49000, 5000000);
    start = clock_mono_us();
    expect_nothing(x, 0);
    assert_in_range(clock_mono_us() - start, 0,
                    1000000); /* it does not wait: less is a stall of the machine */
}

static void expect_unopened(const bus_options *o, sluis_err e)
{
    channel_hub *hub;
    bus_server *s;
    assert_int_equal(channel_hub_new(&hub, 1, 64), SLUIS_OK);
    assert_int_equal(bus_server_open(&s, hub, o, admit, NULL, NULL), e);
    assert_null(s);
    channel_hub_free(&hub);
}

static void bad_options(void **state)
{
    fixture *x = *state;
    bus_options o = {.endpoint = "tcp://127.0.0.1:*",
                     .curve = &x->server,
                     .max_frame = 1,
                     .hwm = 1,
                     .max_sockets = 1,
                     .handshake_ms = 1};
    bus_server *s;
    sluis_fail f = {0};
    assert_int_equal(bus_server_open(&s, x->hub, &o, admit, x, &f), SLUIS_EXISTS); /* one a hub */
    assert_non_null(strstr(f.text, "one bus server a hub"));
    o.endpoint = bus_server_endpoint(x->s);
    expect_unopened(&o, SLUIS_EXISTS); /* taken */
    o.endpoint = "tcp://127.0.0.1:*";
    o.max_frame = 0;
    expect_unopened(&o, SLUIS_INVALID);
    o.max_frame = 1;
    o.ipc_endpoint = "ipc://relative";
    expect_unopened(&o, SLUIS_INVALID);
    char path[160];
    snprintf(path, sizeof path, "ipc://%s/open/s", x->dir);
    mkdir(path + 6, 0700);
    snprintf(path, sizeof path, "%s/open", x->dir);
    mkdir(path, 0700);
    chmod(path, 0777);
    snprintf(path, sizeof path, "ipc://%s/open/s", x->dir);
    o.ipc_endpoint = path;
    expect_unopened(&o, SLUIS_PERMISSION);
    snprintf(path, sizeof path, "%s/open", x->dir);
    rmdir(path);
}

/* Lines of the log with this in them, since it was turned to a file. */
static unsigned lines_with(FILE *log, const char *text)
{
    char line[1024];
    unsigned n = 0;
    rewind(log);
    while (fgets(line, sizeof line, log))
        n += strstr(line, text) != NULL;
    return n;
}

/* Whoever is turned away costs a counter, not a line each time. */
static void the_log_is_not_theirs_to_fill(void **state)
{
    enum { TIMES = 200 };
    fixture *x = *state;
    bus_event ev;
    FILE *log = tmpfile();
    const int before = dup(STDERR_FILENO);
    assert_non_null(log);
    dup2(fileno(log), STDERR_FILENO);
    const uint64_t since = clock_mono_us();
    void *good = peer(x, 0, NULL);
    for (unsigned i = 0; i < TIMES; i++) {
        void *bad = peer(x, 2, NULL);
        for (int turn = 0; turn < 5000 && bus_server_refused(x->s) <= i; turn++)
            bus_server_next(x->s, 1, &ev);
        hang_up(x, bad);
    }
    for (unsigned i = 0; i < TIMES; i++) {
        zmq_send(good, "one", 3, ZMQ_SNDMORE);
        zmq_send(good, "two", 3, 0);
    }
    for (int turn = 0; turn < 5000 && bus_server_refused(x->s) < 2 * TIMES; turn++)
        bus_server_next(x->s, 1, &ev);
    const unsigned most = BRAKE_LINES * (unsigned)((clock_mono_us() - since) / 1000000 + 1);
    dup2(before, STDERR_FILENO);
    close(before);
    assert_int_equal(bus_server_refused(x->s), 2 * TIMES);
    assert_in_range(lines_with(log, "\"why\":\"unknown-key\""), BRAKE_LINES, most);
    assert_in_range(lines_with(log, "\"why\":\"parts\""), BRAKE_LINES, most);
    fclose(log);
    hang_up(x, good);
}

int main(void)
{
    alarm(120); /* a failed test may leave sockets open, on which closing waits */
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(known_keys_are_heard),
        T(unknown_keys_get_nowhere),
        T(the_log_is_not_theirs_to_fill),
        T(other_mechanisms_get_nowhere),
        T(nobody_gets_in_unasked),
        T(without_a_handler_nobody_gets_in),
        T(no_handler_nobody),
        T(oversize_closes_the_connection),
        T(one_frame_a_message),
        T(routing_ids_are_not_identities),
        T(slow_handshakes_end),
        T(old_greetings_get_nowhere),
        T(silent_connections_disturb_nobody),
        T(full_queues_are_said),
        T(the_api_side),
        T(sources_take_turns),
        T(times_out_on_time),
        T(bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
