/* The directory on its way to a party: more of it than one frame could hold, from the bus's end to the
 * client. */
#include <stdio.h>

#include "kit.h"

#include "base/clock.h"
#include "bus/frames.h"
#include "bus/members.h"
#include "session/client.h"

#define MANY     1500
#define FRAME    65536
#define WAIT_US  20000000
#define TEST_OIN "00000099000000001000"

static keypair dir_key, root, logk, server_key, curve_key, sign, seal;

static int start(void **state)
{
    (void)state;
    if (crypto_start())
        return 1;
    key_make(&dir_key, USE_DIRECTORY, 1);
    key_make(&root, USE_ROOT, 2);
    key_make(&logk, USE_LOG, 3);
    key_make(&server_key, USE_CURVE, 4);
    key_make(&curve_key, USE_CURVE, 5);
    key_make(&sign, USE_SIGN, 6);
    key_make(&seal, USE_SEAL, 7);
    return 0;
}

static int stop(void **state)
{
    keypair *all[] = {&dir_key, &root, &logk, &server_key, &curve_key, &sign, &seal};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        keypair_close(all[i]);
    return 0;
}

/* A signed entry of its own OIN and CURVE key. */
static void entry_of(buffer *out, size_t n, uint64_t now)
{
    const key_use uses[] = {USE_SIGN, USE_SEAL, USE_CURVE};
    uint8_t pk[PK_LEN], sig[3][SIG_LEN];
    char name[OIN_LEN + 1];
    uint32_t suite = 1;
    oin who;
    Sluis__DirectoryKey keys[3], *list[3];
    Sluis__PartyEntry e = SLUIS__PARTY_ENTRY__INIT;
    snprintf(name, sizeof name, "000000990000%05u000", (unsigned)(n % 100000));
    assert_int_equal(oin_parse(&who, name, OIN_LEN), SLUIS_OK);
    for (size_t i = 0; i < 3; i++) {
        random_bytes(pk, PK_LEN);
        const uint8_t *key = uses[i] == USE_SIGN ? sign.pk : uses[i] == USE_SEAL ? seal.pk : pk;
        sluis__directory_key__init(&keys[i]);
        keys[i].use = uses[i];
        keys[i].pk = data_of(key, PK_LEN);
        keys[i].valid_from = now - DAY_MS;
        keys[i].valid_until = now + DAY_MS;
        assert_int_equal(
            party_key_sign(sig[i], &sign, uses[i], key, keys[i].valid_from, keys[i].valid_until, &who),
            SLUIS_OK);
        keys[i].signature = data_of(sig[i], SIG_LEN);
        list[i] = &keys[i];
    }
    e.oin = who.s;
    e.name = (char *)(uintptr_t) "Een partij";
    e.domain = (char *)(uintptr_t) "onderwijs";
    e.keys = list;
    e.n_keys = 3;
    e.valid_from = now - DAY_MS;
    e.valid_until = now + DAY_MS;
    e.suites = &suite;
    e.n_suites = 1;
    e.version = n + 1;
    assert_int_equal(entry_sign(out, &e, &dir_key), SLUIS_OK);
}

static void snapshot_of(buffer *out, size_t count)
{
    uint64_t now = clock_ms();
    buffer *signed_ = calloc(count, sizeof *signed_), delegation;
    bytes *entries = calloc(count, sizeof *entries);
    directory *d = NULL;
    for (size_t i = 0; i < count; i++) {
        buffer_init(&signed_[i], ENTRY_MAX);
        entry_of(&signed_[i], i, now);
        entries[i] = buffer_bytes(&signed_[i]);
    }
    buffer_init(&delegation, ENTRY_MAX);
    assert_int_equal(directory_build(&d, entries, count, count, dir_key.pk, NULL), SLUIS_OK);
    assert_int_equal(
        delegation_sign(&delegation, "gateway.test", dir_key.pk, now - DAY_MS, now + DAY_MS, &root),
        SLUIS_OK);
    assert_int_equal(snapshot_make(out, d, buffer_bytes(&delegation), &dir_key, "gateway.test",
                                   (pubkeys[]){pubkeys_of(logk.pk)}, now),
                     SLUIS_OK);
    directory_unref(&d);
    for (size_t i = 0; i < count; i++)
        buffer_close(&signed_[i]);
    buffer_close(&delegation);
    free(signed_);
    free(entries);
}

static bool admit(void *ctx, const uint8_t curve_pk[static 32], oin *out)
{
    (void)ctx;
    return memcmp(curve_pk, curve_key.pk, 32) == 0 && oin_parse(out, TEST_OIN, OIN_LEN) == SLUIS_OK;
}

/* The welcome, and the members behind it; what the client then tells. */
static void carry(const members *m, size_t parties)
{
    channel_hub *hub;
    bus_server *s;
    client *c;
    client_event ce = {.kind = CLIENT_NONE};
    bus_event be;
    buffer frame;
    bus_options so = {.endpoint = "tcp://127.0.0.1:*",
                      .curve = &server_key,
                      .max_frame = FRAME,
                      .hwm = 4096,
                      .max_sockets = 16,
                      .heartbeat_ms = 5000,
                      .handshake_ms = 5000};
    assert_int_equal(channel_hub_new(&hub, 1, 64), SLUIS_OK);
    assert_int_equal(bus_server_open(&s, hub, &so, admit, NULL, NULL), SLUIS_OK);
    client_options co = {.endpoint = bus_server_endpoint(s),
                         .curve = &curve_key,
                         .server_curve_pk = server_key.pk,
                         .root_pk = root.pk,
                         .program = "test",
                         .credit = 1,
                         .max_frame = FRAME,
                         .reconnect_max_ms = 1000};
    assert_int_equal(client_open(&c, &co, NULL), SLUIS_OK);
    buffer_init(&frame, FRAME);
    for (uint64_t until = clock_mono_us() + WAIT_US; ce.kind == CLIENT_NONE && clock_mono_us() < until;) {
        assert_int_equal(client_next(c, 2, NULL, 0, &ce), SLUIS_OK);
        assert_int_equal(bus_server_next(s, 2, &be), SLUIS_OK);
        if (be.kind != BUS_FRAME)
            continue;
        assert_int_equal(frame_welcome(&frame, 1, 1, "gateway.test", BYTES_OF(m->hash), FRAME,
                                       "gateway.test/journal/1", 0),
                         SLUIS_OK);
        assert_int_equal(bus_server_send(s, be.route, be.route_len, buffer_bytes(&frame)), SLUIS_OK);
        assert_int_equal(members_send(m, s, be.route, be.route_len), SLUIS_OK);
    }
    assert_int_equal(ce.kind, CLIENT_WELCOME);
    assert_int_equal(directory_count(client_snapshot(c)->dir), parties);
    client_close(&c);
    bus_server_close(&s);
    channel_hub_free(&hub);
    buffer_close(&frame);
}

static void more_parties_than_a_frame_holds(void **state)
{
    members m = {.count = 0};
    buffer raw;
    (void)state;
    buffer_init(&raw, SNAPSHOT_MAX);
    snapshot_of(&raw, MANY);
    assert_true(raw.n > 4 * FRAME);
    assert_int_equal(members_set(&m, buffer_bytes(&raw), FRAME), SLUIS_OK);
    assert_int_equal(m.count, (raw.n + 8191) / 8192);
    carry(&m, MANY);
    buffer_clear(&raw);
    snapshot_of(&raw, 20); /* in its place; and in the smallest frames that there may be */
    assert_int_equal(members_set(&m, buffer_bytes(&raw), 4096), SLUIS_OK);
    assert_in_range(m.count, 3, 10);
    carry(&m, 20);
    members_close(&m);
    members_close(&m);
    buffer_close(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(more_parties_than_a_frame_holds)};
    return cmocka_run_group_tests(tests, start, stop);
}
