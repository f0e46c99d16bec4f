/* session/client against session/bus_server, both in this one thread; the test plays core. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "session/bus_server.h"
#include "session/client.h"
#include "session/pending.h"
#include "wire/envelope.h"

#define MAX_FRAME 65536
#define OIN       "00000099000000001000"

typedef struct {
    channel_hub *hub;
    bus_server *s;
    client *c;
    keypair server, party, stranger, root, dir_key, log;
    char endpoint[64];
    /* the last frame at the server */
    uint8_t route[64];
    size_t route_len;
    arena *arena;
    Sluis__Frame *frame;
    buffer snapshot;
    bool all;    /* admits every key */
    size_t part; /* bytes of the snapshot in a frame */
} fixture;

static bool admit(void *ctx, const uint8_t curve_pk[static 32], oin *out)
{
    fixture *x = ctx;
    return (x->all || memcmp(curve_pk, x->party.pk, 32) == 0) && oin_parse(out, OIN, OIN_LEN) == SLUIS_OK;
}

static void open_server(fixture *x)
{
    bus_options o = {.endpoint = x->endpoint,
                     .curve = &x->server,
                     .max_frame = MAX_FRAME,
                     .hwm = 5000,
                     .max_sockets = 64,
                     .heartbeat_ms = 1000,
                     .handshake_ms = 2000};
    sluis_err e = SLUIS_EXISTS;
    assert_int_equal(channel_hub_new(&x->hub, 1, 64), SLUIS_OK);
    for (int i = 0; i < 100 && e == SLUIS_EXISTS; i++) {
        if ((e = bus_server_open(&x->s, x->hub, &o, admit, x, NULL)))
            usleep(20000);
    }
    assert_int_equal(e, SLUIS_OK);
    snprintf(x->endpoint, sizeof x->endpoint, "%s", bus_server_endpoint(x->s));
}

static void close_server(fixture *x)
{
    bus_server_close(&x->s);
    channel_hub_free(&x->hub);
}

static void open_client(fixture *x, const keypair *curve)
{
    client_options o = {.endpoint = x->endpoint,
                        .curve = curve,
                        .server_curve_pk = x->server.pk,
                        .root_pk = x->root.pk,
                        .program = "test 1",
                        .credit = 7,
                        .max_frame = MAX_FRAME,
                        .reconnect_max_ms = 1000};
    sluis_fail f = {0};
    assert_int_equal(client_open(&x->c, &o, &f), SLUIS_OK);
}

/* A directory of nobody, as of made, by these keys. */
static void make_snapshot(fixture *x, uint64_t made, const keypair *root)
{
    directory *d;
    buffer delegation;
    buffer_init(&delegation, 4096);
    buffer_clear(&x->snapshot);
    assert_int_equal(directory_build(&d, NULL, 0, 1, x->dir_key.pk, NULL), SLUIS_OK);
    assert_int_equal(
        delegation_sign(&delegation, "gateway.test", x->dir_key.pk, made - DAY_MS, made + DAY_MS, root),
        SLUIS_OK);
    assert_int_equal(snapshot_make(&x->snapshot, d, buffer_bytes(&delegation), &x->dir_key,
                                   "gateway.test/journal/1", (pubkeys[]){pubkeys_of(x->log.pk)}, made),
                     SLUIS_OK);
    directory_unref(&d);
    buffer_close(&delegation);
}

static int setup(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    x->part = SNAPSHOT_PART;
    if (crypto_start() || keypair_generate(&x->server, USE_CURVE, 1) ||
        keypair_generate(&x->party, USE_CURVE, 1) || keypair_generate(&x->stranger, USE_CURVE, 1) ||
        keypair_generate(&x->root, USE_ROOT, 1) || keypair_generate(&x->dir_key, USE_DIRECTORY, 1) ||
        keypair_generate(&x->log, USE_LOG, 1))
        return -1;
    strcpy(x->endpoint, "tcp://127.0.0.1:*");
    buffer_init(&x->snapshot, 65536);
    open_server(x);
    make_snapshot(x, clock_ms(), &x->root);
    open_client(x, &x->party);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    fixture *x = *state;
    client_close(&x->c);
    client_close(&x->c);
    close_server(x);
    arena_free(&x->arena);
    buffer_close(&x->snapshot);
    keypair *all[] = {&x->server, &x->party, &x->stranger, &x->root, &x->dir_key, &x->log};
    for (size_t i = 0; i < 6; i++)
        keypair_close(all[i]);
    free(x);
    return 0;
}

/* ---- both ends, in turn ---- */

static void expect_kind(client_event *ev, client_event_kind kind)
{
    if (ev->kind != kind)
        print_message("event %d %s: %s: %s\n", (int)ev->kind, ev->code, ev->why.where, ev->why.text);
    assert_int_equal(ev->kind, kind);
}

/* Until the server has a frame, which is of this case. The client has nothing to tell meanwhile. */
static void at_server(fixture *x, Sluis__Frame__FCase want)
{
    uint64_t until = clock_mono_us() + 8000000;
    while (clock_mono_us() < until) {
        client_event ce;
        bus_event ev;
        assert_int_equal(client_next(x->c, 0, NULL, 0, &ce), SLUIS_OK);
        expect_kind(&ce, CLIENT_NONE);
        assert_int_equal(bus_server_next(x->s, 5, &ev), SLUIS_OK);
        if (ev.kind != BUS_FRAME)
            continue;
        assert_string_equal(ev.user.s, OIN);
        memcpy(x->route, ev.route, ev.route_len);
        x->route_len = ev.route_len;
        arena_free(&x->arena);
        x->arena = arena_new(1 << 20);
        ProtobufCMessage *m;
        assert_int_equal(wire_unpack(&m, &sluis__frame__descriptor, x->arena, BYTES(ev.data, ev.n), NULL),
                         SLUIS_OK);
        x->frame = (Sluis__Frame *)m;
        assert_int_equal(x->frame->f_case, want);
        return;
    }
    fail_msg("nothing came to the server");
}

/* Until the client has an event, which is of this kind. Handshakes are answered meanwhile, frames left alone.
 */
static void at_client(fixture *x, client_event_kind kind, client_event *out)
{
    uint64_t until = clock_mono_us() + 8000000;
    do {
        bus_event ev;
        if (x->s) {
            assert_int_equal(bus_server_next(x->s, 0, &ev), SLUIS_OK);
            assert_int_not_equal(ev.kind, BUS_FRAME);
        }
        assert_int_equal(client_next(x->c, 5, NULL, 0, out), SLUIS_OK);
    } while (out->kind == CLIENT_NONE && clock_mono_us() < until);
    expect_kind(out, kind);
}

static void nothing_at_client(fixture *x, int ms)
{
    client_event ev;
    assert_int_equal(client_next(x->c, ms, NULL, 0, &ev), SLUIS_OK);
    expect_kind(&ev, CLIENT_NONE);
}

static void send_to_client(fixture *x, Sluis__Frame__FCase which, void *message)
{
    Sluis__Frame frame = SLUIS__FRAME__INIT;
    frame.f_case = which;
    frame.hello = message; /* the union's members are all pointers */
    buffer b;
    buffer_init(&b, MAX_FRAME);
    assert_int_equal(wire_pack(&b, &frame.base), SLUIS_OK);
    assert_int_equal(bus_server_send(x->s, x->route, x->route_len, buffer_bytes(&b)), SLUIS_OK);
    buffer_close(&b);
}

static ProtobufCBinaryData data(const void *p, size_t n)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)p, .len = n};
}

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* Part i of the snapshot; false when there is none such. */
static bool send_part(fixture *x, size_t i)
{
    uint8_t hash[HASH_LEN];
    size_t from = i * x->part;
    if (from >= x->snapshot.n)
        return false;
    snapshot_hash(hash, buffer_bytes(&x->snapshot));
    Sluis__DirectoryPart p = SLUIS__DIRECTORY_PART__INIT;
    p.directory = data(hash, sizeof hash);
    p.bytes = (uint32_t)x->snapshot.n;
    p.from = (uint32_t)from;
    p.part = data(x->snapshot.p + from, x->snapshot.n - from < x->part ? x->snapshot.n - from : x->part);
    send_to_client(x, SLUIS__FRAME__F_DIRECTORY_PART, &p);
    return true;
}

static void send_directory(fixture *x)
{
    for (size_t i = 0; send_part(x, i); i++)
        continue;
}

/* Alone, without the directory. */
static void only_welcome(fixture *x, uint64_t generation, uint32_t credit)
{
    Sluis__Welcome w = SLUIS__WELCOME__INIT;
    uint8_t hash[HASH_LEN];
    snapshot_hash(hash, buffer_bytes(&x->snapshot));
    w.version = 1;
    w.generation = generation;
    w.credit = credit;
    w.gateway = text("gateway.test");
    w.directory = data(hash, sizeof hash);
    w.max_bytes = 20000;
    send_to_client(x, SLUIS__FRAME__F_WELCOME, &w);
}

/* As the gateway answers the last hello: with the directory when that named another. */
static void welcome(fixture *x, uint64_t generation, uint32_t credit)
{
    uint8_t hash[HASH_LEN];
    const ProtobufCBinaryData *held = &x->frame->hello->directory;
    snapshot_hash(hash, buffer_bytes(&x->snapshot));
    only_welcome(x, generation, credit);
    if (!bytes_equal(BYTES(held->data, held->len), BYTES_OF(hash)))
        send_directory(x);
}

/* One frame of acks; each id differs from the others in its last byte. */
static void acks(fixture *x, const uint8_t (*ids)[UUID_LEN], size_t n)
{
    uint8_t hash[4][32];
    char receipt[4][16];
    Sluis__Acks all = SLUIS__ACKS__INIT;
    Sluis__Ack a[4], *list[4];
    for (size_t i = 0; i < n; i++) {
        memset(hash[i], ids[i][15], sizeof hash[i]);
        snprintf(receipt[i], sizeof receipt[i], "receipt %u", ids[i][15]);
        sluis__ack__init(&a[i]);
        a[i].message_id = data(ids[i], UUID_LEN);
        a[i].message_hash = data(hash[i], 32);
        a[i].receipt = data(receipt[i], strlen(receipt[i]));
        a[i].duplicate = ids[i][15] % 2;
        list[i] = &a[i];
    }
    all.acks = list;
    all.n_acks = n;
    send_to_client(x, SLUIS__FRAME__F_ACKS, &all);
}

static void ack(fixture *x, const uint8_t *id)
{
    uint8_t one[1][UUID_LEN];
    memcpy(one[0], id, UUID_LEN);
    acks(x, (const uint8_t(*)[UUID_LEN])one, 1);
}

static void connect_both(fixture *x, uint64_t generation, uint32_t credit)
{
    client_event ev;
    at_server(x, SLUIS__FRAME__F_HELLO);
    welcome(x, generation, credit);
    at_client(x, CLIENT_WELCOME, &ev);
    assert_int_equal(ev.generation, generation);
    assert_true(client_connected(x->c));
}

static const uint8_t *id_of(uint8_t n)
{
    static uint8_t id[UUID_LEN];
    memset(id, 1, sizeof id);
    id[15] = n;
    return id;
}

static void submit(fixture *x, uint8_t n)
{
    uint8_t sealed[100];
    memset(sealed, n, sizeof sealed);
    assert_int_equal(client_submit(x->c, id_of(n), BYTES_OF(sealed)), SLUIS_OK);
}

static void expect_submit(fixture *x, uint8_t n)
{
    uint8_t sealed[100];
    memset(sealed, n, sizeof sealed);
    at_server(x, SLUIS__FRAME__F_SUBMIT);
    assert_int_equal(x->frame->submit->envelope.len, sizeof sealed);
    assert_memory_equal(x->frame->submit->envelope.data, sealed, sizeof sealed);
}

/* ---- tests ---- */

static void says_hello_and_takes_welcome(void **state)
{
    fixture *x = *state;
    assert_null(client_snapshot(x->c));
    at_server(x, SLUIS__FRAME__F_HELLO);
    assert_int_equal(x->frame->hello->version_min, 1);
    assert_int_equal(x->frame->hello->version_max, 1);
    assert_int_equal(x->frame->hello->credit, 7);
    assert_string_equal(x->frame->hello->program, "test 1");
    assert_false(client_connected(x->c));
    welcome(x, 3, 10);
    client_event ev;
    at_client(x, CLIENT_WELCOME, &ev);
    assert_true(client_connected(x->c));
    assert_string_equal(client_snapshot(x->c)->gateway, "gateway.test");
    assert_memory_equal(client_snapshot(x->c)->log.pk[0], x->log.pk, 32);
}

static void repeats_hello_until_welcome(void **state)
{
    fixture *x = *state;
    at_server(x, SLUIS__FRAME__F_HELLO);
    uint64_t start = clock_mono_us();
    at_server(x, SLUIS__FRAME__F_HELLO);
    assert_in_range(clock_mono_us() - start, 1500000, 7000000);
}

static void submits_and_hears(void **state)
{
    fixture *x = *state;
    client_event ev;
    submit(x, 1); /* before there is a session */
    nothing_at_client(x, 0);
    connect_both(x, 1, 10);
    expect_submit(x, 1);
    submit(x, 2);
    submit(x, 2); /* the same again is nothing new */
    assert_int_equal(client_submit(x->c, id_of(2), bytes_str("other")), SLUIS_CONFLICT);
    expect_submit(x, 2);
    ack(x, id_of(1));
    at_client(x, CLIENT_ACK, &ev);
    assert_memory_equal(ev.message_id, id_of(1), UUID_LEN);
    assert_int_equal(ev.message_hash[31], 1);
    assert_true(ev.duplicate);
    assert_int_equal(ev.receipt.n, 9);
    assert_memory_equal(ev.receipt.p, "receipt 1", 9);
    ack(x, id_of(1)); /* a second one is no news */
    Sluis__Nack n = SLUIS__NACK__INIT;
    n.message_id = data(id_of(2), UUID_LEN);
    n.code = text("denied");
    n.where = text("core.purpose");
    n.text = text("no rule permits it");
    send_to_client(x, SLUIS__FRAME__F_NACK, &n);
    at_client(x, CLIENT_NACK, &ev);
    assert_memory_equal(ev.message_id, id_of(2), UUID_LEN);
    assert_string_equal(ev.code, "denied");
    assert_int_equal(ev.why.code, SLUIS_DENIED);
    assert_string_equal(ev.why.where, "core.purpose");
    assert_string_equal(ev.why.text, "no rule permits it");
    submit(x, 3);
    expect_submit(x, 3); /* neither 1 nor 2 again */
}

static void credit_is_kept(void **state)
{
    fixture *x = *state;
    client_event ev;
    for (uint8_t i = 1; i <= 5; i++)
        submit(x, i);
    connect_both(x, 1, 2);
    expect_submit(x, 1);
    expect_submit(x, 2);
    bus_event none;
    nothing_at_client(x, 0);
    bus_server_next(x->s, 100, &none);
    assert_int_equal(none.kind, BUS_NONE);
    ack(x, id_of(2));
    at_client(x, CLIENT_ACK, &ev);
    expect_submit(x, 3);
    ack(x, id_of(1));
    at_client(x, CLIENT_ACK, &ev);
    ack(x, id_of(3));
    at_client(x, CLIENT_ACK, &ev);
    expect_submit(x, 4);
    expect_submit(x, 5);
}

static void resends_after_a_reconnect(void **state)
{
    fixture *x = *state;
    client_event ev;
    connect_both(x, 1, 10);
    for (uint8_t i = 1; i <= 3; i++) {
        submit(x, i);
        expect_submit(x, i);
    }
    ack(x, id_of(2));
    at_client(x, CLIENT_ACK, &ev);
    close_server(x);
    usleep(200000);
    submit(x, 5); /* gone already, and the client has not looked */
    for (int i = 0; i < 200 && client_connected(x->c); i++)
        nothing_at_client(x, 10);
    assert_false(client_connected(x->c));
    submit(x, 4);
    assert_int_equal(client_done(x->c, 1, 1), SLUIS_CLOSED);
    open_server(x);
    connect_both(x, 2, 10); /* hello is the first frame */
    expect_submit(x, 1);
    expect_submit(x, 3);
    expect_submit(x, 5);
    expect_submit(x, 4);
}

static void deliver(fixture *x, uint64_t seq, uint64_t generation)
{
    Sluis__Deliver d = SLUIS__DELIVER__INIT;
    d.seq = seq;
    d.generation = generation;
    d.envelope = data("envelope", 8);
    d.receipt = data("receipt", 7);
    send_to_client(x, SLUIS__FRAME__F_DELIVER, &d);
}

static void takes_deliveries(void **state)
{
    fixture *x = *state;
    client_event ev;
    connect_both(x, 5, 10);
    deliver(x, 8, 4); /* of an earlier session */
    deliver(x, 9, 5);
    at_client(x, CLIENT_DELIVER, &ev);
    assert_int_equal(ev.seq, 9);
    assert_int_equal(ev.generation, 5);
    assert_int_equal(ev.envelope.n, 8);
    assert_memory_equal(ev.envelope.p, "envelope", 8);
    assert_memory_equal(ev.receipt.p, "receipt", 7);
    assert_int_equal(client_done(x->c, 9, 4), SLUIS_CLOSED);
    assert_int_equal(client_done(x->c, ev.seq, ev.generation), SLUIS_OK);
    at_server(x, SLUIS__FRAME__F_DONE);
    assert_int_equal(x->frame->done->n_seqs, 1);
    assert_int_equal(x->frame->done->seqs[0], 9);
    assert_int_equal(x->frame->done->generation, 5);
    assert_string_equal(x->frame->done->refused, "");
    assert_int_equal(client_refuse(x->c, 9, 4, SLUIS_KIND), SLUIS_CLOSED);
    assert_int_equal(client_refuse(x->c, 10, 5, SLUIS_BAD_SEAL), SLUIS_OK);
    at_server(x, SLUIS__FRAME__F_DONE);
    assert_int_equal(x->frame->done->n_seqs, 1);
    assert_int_equal(x->frame->done->seqs[0], 10);
    assert_string_equal(x->frame->done->refused, "bad-seal");
    nothing_at_client(x, 50);
}

/* Acks that came in one frame are told one by one, each with what is its own; one that is not ours is left
 * out. */
static void acks_of_one_frame(void **state)
{
    fixture *x = *state;
    client_event ev;
    uint8_t ids[4][UUID_LEN];
    connect_both(x, 1, 10);
    for (uint8_t i = 0; i < 4; i++)
        memcpy(ids[i], id_of((uint8_t)(i + 1)), UUID_LEN);
    for (uint8_t i = 1; i <= 4; i++)
        if (i != 2) {
            submit(x, i);
            expect_submit(x, i);
        }
    acks(x, (const uint8_t(*)[UUID_LEN])ids, 4);
    for (uint8_t i = 1; i <= 4; i++) {
        char receipt[16];
        if (i == 2)
            continue;
        at_client(x, CLIENT_ACK, &ev);
        assert_memory_equal(ev.message_id, id_of(i), UUID_LEN);
        assert_int_equal(ev.message_hash[31], i);
        assert_int_equal(ev.duplicate, i % 2);
        snprintf(receipt, sizeof receipt, "receipt %u", i);
        assert_int_equal(ev.receipt.n, strlen(receipt));
        assert_memory_equal(ev.receipt.p, receipt, ev.receipt.n);
    }
    nothing_at_client(x, 50);
}

/* The first done goes at once, what comes on its heels goes together, and nothing of a session that is over.
 */
static void dones_go_together(void **state)
{
    fixture *x = *state;
    client_event ev;
    connect_both(x, 5, 10);
    for (uint64_t seq = 1; seq <= 70; seq++)
        assert_int_equal(client_done(x->c, seq, 5), SLUIS_OK);
    uint64_t next = 1;
    unsigned frames = 0;
    for (; next <= 70; frames++) {
        nothing_at_client(x, 5);
        at_server(x, SLUIS__FRAME__F_DONE);
        assert_int_equal(x->frame->done->generation, 5);
        assert_string_equal(x->frame->done->refused, "");
        for (size_t i = 0; i < x->frame->done->n_seqs; i++)
            assert_int_equal(x->frame->done->seqs[i], next++);
        if (frames == 0)
            assert_int_equal(next, 2);
    }
    assert_int_equal(next, 71);
    assert_in_range(frames, 3, 35); /* far fewer than 70, however slow the machine */
    only_welcome(x, 6, 10);
    at_client(x, CLIENT_WELCOME, &ev);
    assert_int_equal(client_done(x->c, 71, 5), SLUIS_CLOSED);
    assert_int_equal(client_done(x->c, 72, 6), SLUIS_OK);
    nothing_at_client(x, 20);
    at_server(x, SLUIS__FRAME__F_DONE);
    assert_int_equal(x->frame->done->seqs[0], 72);
}

static void directories_are_checked(void **state)
{
    fixture *x = *state;
    client_event ev;
    at_server(x, SLUIS__FRAME__F_HELLO);
    keypair other;
    assert_int_equal(keypair_generate(&other, USE_ROOT, 1), SLUIS_OK);
    make_snapshot(x, clock_ms(), &other);
    keypair_close(&other);
    welcome(x, 1, 10);
    at_client(x, CLIENT_REFUSED, &ev);
    assert_string_equal(ev.code, error_token(ev.why.code));
    assert_int_equal(ev.why.code, SLUIS_BAD_SIGNATURE);
    assert_false(client_connected(x->c));
    assert_null(client_snapshot(x->c));
    make_snapshot(x, clock_ms() - DAY_MS - 1000, &x->root);
    welcome(x, 1, 10);
    at_client(x, CLIENT_REFUSED, &ev);
    assert_int_equal(ev.why.code, SLUIS_EXPIRED);
    make_snapshot(x, clock_ms() - 1000, &x->root);
    welcome(x, 2, 10);
    at_client(x, CLIENT_WELCOME, &ev);
    uint64_t made = client_snapshot(x->c)->made;

    make_snapshot(x, made + 500, &x->root);
    send_directory(x);
    at_client(x, CLIENT_DIRECTORY, &ev);
    assert_int_equal(client_snapshot(x->c)->made, made + 500);
    make_snapshot(x, made, &x->root); /* an older one does not replace it */
    send_directory(x);
    at_client(x, CLIENT_DIRECTORY, &ev);
    assert_int_equal(client_snapshot(x->c)->made, made + 500);
    buffer_clear(&x->snapshot);
    buffer_add(&x->snapshot, "junk", 4);
    send_directory(x);
    at_client(x, CLIENT_REFUSED, &ev);
    assert_true(client_connected(x->c));
}

static void directories_come_in_parts(void **state)
{
    fixture *x = *state;
    client_event ev;
    x->part = 50;
    assert_true(x->snapshot.n > 3 * x->part);
    at_server(x, SLUIS__FRAME__F_HELLO);
    assert_int_equal(x->frame->hello->directory.len, 0); /* it holds none */
    only_welcome(x, 1, 10);
    nothing_at_client(x, 50); /* not before the directory is there */
    send_part(x, 0);
    nothing_at_client(x, 50);
    send_part(x, 2); /* one was lost */
    send_part(x, 1);
    for (size_t i = 3; send_part(x, i); i++)
        continue;
    nothing_at_client(x, 50);
    send_directory(x);
    at_client(x, CLIENT_WELCOME, &ev);
    assert_int_equal(ev.generation, 1);
    nothing_at_client(x, 50);

    x->snapshot.p[x->snapshot.n / 2] ^= 1; /* under the hash of what is sent, so the signature says it */
    send_directory(x);
    at_client(x, CLIENT_REFUSED, &ev);
    x->snapshot.p[x->snapshot.n / 2] ^= 1;
    uint64_t made = client_snapshot(x->c)->made;
    make_snapshot(x, made + 500, &x->root);
    send_part(x, 0);
    make_snapshot(x, made + 700, &x->root); /* another one overtakes it */
    send_directory(x);
    at_client(x, CLIENT_DIRECTORY, &ev);
    assert_int_equal(client_snapshot(x->c)->made, made + 700);
}

static void parts_of_another_directory_are_told(void **state)
{
    fixture *x = *state;
    client_event ev;
    connect_both(x, 1, 10);
    uint8_t hash[HASH_LEN] = {1};
    Sluis__DirectoryPart p = SLUIS__DIRECTORY_PART__INIT;
    make_snapshot(x, client_snapshot(x->c)->made + 500, &x->root);
    p.directory = data(hash, sizeof hash);
    p.bytes = (uint32_t)x->snapshot.n;
    p.part = data(x->snapshot.p, x->snapshot.n);
    send_to_client(x, SLUIS__FRAME__F_DIRECTORY_PART, &p);
    at_client(x, CLIENT_REFUSED, &ev);
    assert_int_equal(ev.why.code, SLUIS_CORRUPT);
    p.bytes = SNAPSHOT_MAX + 1; /* more than ever is; and parts that do not fit: dropped */
    send_to_client(x, SLUIS__FRAME__F_DIRECTORY_PART, &p);
    p.bytes = 3;
    send_to_client(x, SLUIS__FRAME__F_DIRECTORY_PART, &p);
    nothing_at_client(x, 50);
}

static void a_directory_held_is_not_sent_again(void **state)
{
    fixture *x = *state;
    client_event ev;
    uint8_t hash[HASH_LEN];
    connect_both(x, 1, 10);
    snapshot_hash(hash, buffer_bytes(&x->snapshot));
    close_server(x);
    open_server(x);
    at_server(x, SLUIS__FRAME__F_HELLO);
    assert_int_equal(x->frame->hello->directory.len, HASH_LEN);
    assert_memory_equal(x->frame->hello->directory.data, hash, HASH_LEN);
    only_welcome(x, 2, 10);
    at_client(x, CLIENT_WELCOME, &ev);
    assert_int_equal(ev.generation, 2);
}

static void refusals_in_words(void **state)
{
    fixture *x = *state;
    client_event ev;
    at_server(x, SLUIS__FRAME__F_HELLO);
    Sluis__Refused r = SLUIS__REFUSED__INIT;
    r.code = text("version");
    r.text = text("this gateway speaks 2 to 3");
    send_to_client(x, SLUIS__FRAME__F_REFUSED, &r);
    at_client(x, CLIENT_REFUSED, &ev);
    assert_string_equal(ev.code, "version");
    assert_int_equal(ev.why.code, SLUIS_VERSION);
    assert_string_equal(ev.why.text, "this gateway speaks 2 to 3");
    Sluis__Welcome w = SLUIS__WELCOME__INIT;
    w.version = 2;
    w.credit = 1;
    w.gateway = text("");
    send_to_client(x, SLUIS__FRAME__F_WELCOME, &w);
    at_client(x, CLIENT_REFUSED, &ev);
    assert_int_equal(ev.why.code, SLUIS_VERSION);
    assert_false(client_connected(x->c));
}

static void strange_frames_are_named(void **state)
{
    fixture *x = *state;
    client_event ev;
    connect_both(x, 1, 10);
    assert_int_equal(bus_server_send(x->s, x->route, x->route_len, bytes_str("\xff\xff\xff")), SLUIS_OK);
    at_client(x, CLIENT_REFUSED, &ev);
    assert_true(ev.why.text[0] != 0);
    Sluis__Done d = SLUIS__DONE__INIT;
    send_to_client(x, SLUIS__FRAME__F_DONE, &d);
    at_client(x, CLIENT_REFUSED, &ev);
    assert_non_null(strstr(ev.why.text, "only a party sends"));
    assert_true(client_connected(x->c));
}

static void unknown_key_is_told_until_enrolled(void **state)
{
    fixture *x = *state;
    client_close(&x->c);
    open_client(x, &x->stranger);
    client_event ev;
    at_client(x, CLIENT_REFUSED, &ev);
    assert_string_equal(ev.code, "unknown-key");
    assert_non_null(strstr(ev.why.text, "enrol"));
    for (int i = 0; i < 600 && bus_server_refused(x->s) < 2; i++) { /* said once, not at each attempt */
        bus_event be;
        bus_server_next(x->s, 5, &be);
        nothing_at_client(x, 5);
    }
    assert_int_equal(bus_server_refused(x->s), 2);
    assert_false(client_connected(x->c));
    x->all = true;
    at_server(x, SLUIS__FRAME__F_HELLO);
}

/* A frame larger than the client takes costs the connection, which comes back by itself. */
static void oversize_from_the_gateway(void **state)
{
    fixture *x = *state;
    connect_both(x, 1, 10);
    static uint8_t big[MAX_FRAME + 1];
    assert_int_equal(bus_server_send(x->s, x->route, x->route_len, BYTES_OF(big)), SLUIS_OK);
    for (int i = 0; i < 300 && client_connected(x->c); i++)
        nothing_at_client(x, 10);
    assert_false(client_connected(x->c));
    uint64_t until = clock_mono_us() + 9000000; /* 4 s until it dials anew, and a slow machine */
    bus_event ev = {.kind = BUS_NONE};
    while (ev.kind == BUS_NONE && clock_mono_us() < until) {
        nothing_at_client(x, 5);
        bus_server_next(x->s, 5, &ev);
    }
    assert_int_equal(ev.kind, BUS_FRAME);
}

static void another_gateway_is_told(void **state)
{
    fixture *x = *state;
    client_close(&x->c);
    keypair other = x->server;
    x->server = x->stranger; /* the key the client expects */
    open_client(x, &x->party);
    x->server = other;
    client_event ev;
    at_client(x, CLIENT_REFUSED, &ev);
    assert_string_equal(ev.code, "handshake");
    assert_int_equal(ev.why.code, SLUIS_CLOSED);
}

static void bounds(void **state)
{
    fixture *x = *state;
    static uint8_t big[MAX_FRAME];
    client_event ev;
    assert_int_equal(client_submit(x->c, id_of(1), BYTES_OF(big)), SLUIS_TOO_BIG);
    connect_both(x, 1, 10);
    assert_int_equal(client_submit(x->c, id_of(2), BYTES(big, 20001)),
                     SLUIS_OK); /* the gateway's bound is 20,000 */
    submit(x, 3);
    at_client(x, CLIENT_NACK, &ev);
    assert_memory_equal(ev.message_id, id_of(2), UUID_LEN);
    assert_string_equal(ev.code, "too-big");
    expect_submit(x, 3);
    int n = 1;
    for (sluis_err e = SLUIS_OK; e == SLUIS_OK; n++) {
        uuid u = uuid_new(clock_ms());
        e = client_submit(x->c, u.b, bytes_str("x"));
        assert_true(e == SLUIS_OK || e == SLUIS_FULL);
    }
    assert_int_equal(n, PENDING_MAX + 1);
    client *c;
    client_options o = {.endpoint = "nonsense",
                        .curve = &x->party,
                        .server_curve_pk = x->server.pk,
                        .root_pk = x->root.pk,
                        .program = "t",
                        .credit = 1,
                        .max_frame = 4096,
                        .reconnect_max_ms = 1000};
    assert_int_equal(client_open(&c, &o, NULL), SLUIS_INVALID);
    o.credit = 0;
    assert_int_equal(client_open(&c, &o, NULL), SLUIS_INVALID);
    assert_null(c);
}

static void files_are_waited_for_too(void **state)
{
    fixture *x = *state;
    int fd[2];
    client_event ev;
    assert_int_equal(pipe(fd), 0);
    uint64_t start = clock_mono_us();
    assert_int_equal(client_next(x->c, 30, fd, 1, &ev), SLUIS_OK);
    expect_kind(&ev, CLIENT_NONE);
    assert_in_range(clock_mono_us() - start, 29000, 5000000);
    assert_int_equal(write(fd[1], "x", 1), 1);
    assert_int_equal(client_next(x->c, -1, fd, 1, &ev), SLUIS_OK);
    expect_kind(&ev, CLIENT_FD);
    assert_int_equal(ev.fd, fd[0]);
    char c;
    assert_int_equal(read(fd[0], &c, 1), 1);
    connect_both(x, 1, 10);
    assert_int_equal(write(fd[1], "x", 1), 1);
    for (int i = 0; i < 300; i++)
        deliver(x, (uint64_t)i, 1);
    usleep(50000);
    int before = 0;
    for (;; before++) { /* a stream of deliveries does not hide the file */
        assert_int_equal(client_next(x->c, 1000, fd, 1, &ev), SLUIS_OK);
        if (ev.kind == CLIENT_FD)
            break;
        expect_kind(&ev, CLIENT_DELIVER);
    }
    assert_in_range(before, 0, 100);
    close(fd[0]);
    close(fd[1]);
}

static void pending_keeps_order(void **state)
{
    (void)state;
    pending *p;
    assert_int_equal(pending_new(&p), SLUIS_OK);
    assert_null(pending_unsent(p));
    for (uint8_t i = 1; i <= 4; i++)
        assert_int_equal(pending_add(p, id_of(i), BYTES(&i, 1), BYTES(NULL, 0)), SLUIS_OK);
    pending_mark_sent(p, pending_unsent(p));
    pending_mark_sent(p, pending_unsent(p));
    assert_int_equal(pending_in_flight(p), 2);
    assert_true(pending_remove(p, id_of(1)));
    assert_false(pending_remove(p, id_of(1)));
    assert_int_equal(pending_in_flight(p), 1);
    assert_true(pending_remove(p, id_of(3))); /* the next to be sent */
    assert_int_equal(pending_unsent(p)->envelope[0], 4);
    pending_mark_sent(p, pending_unsent(p));
    assert_null(pending_unsent(p));
    uint8_t five = 5;
    assert_int_equal(pending_add(p, id_of(5), BYTES(&five, 1), BYTES(NULL, 0)), SLUIS_OK);
    assert_int_equal(pending_unsent(p)->envelope[0], 5);
    pending_restart(p);
    assert_int_equal(pending_in_flight(p), 0);
    assert_int_equal(pending_unsent(p)->envelope[0], 2);
    assert_true(pending_remove(p, id_of(5)));
    assert_true(pending_remove(p, id_of(2)));
    assert_int_equal(pending_unsent(p)->envelope[0], 4);
    static uint8_t mib[1 << 20];
    sluis_err e = SLUIS_OK;
    int n = 0;
    for (; e == SLUIS_OK; n++)
        e = pending_add(p, uuid_new(1).b, BYTES_OF(mib), BYTES(NULL, 0));
    assert_int_equal(e, SLUIS_FULL);
    assert_int_equal(n, 256);
    pending_free(&p);
    pending_free(&p);
}

int main(void)
{
    alarm(240);
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(says_hello_and_takes_welcome),
        T(repeats_hello_until_welcome),
        T(directories_come_in_parts),
        T(parts_of_another_directory_are_told),
        T(a_directory_held_is_not_sent_again),
        T(submits_and_hears),
        T(credit_is_kept),
        T(resends_after_a_reconnect),
        T(takes_deliveries),
        T(acks_of_one_frame),
        T(dones_go_together),
        T(directories_are_checked),
        T(refusals_in_words),
        T(strange_frames_are_named),
        T(unknown_key_is_told_until_enrolled),
        T(oversize_from_the_gateway),
        T(another_gateway_is_told),
        T(bounds),
        T(files_are_waited_for_too),
        cmocka_unit_test(pending_keeps_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
