/* Many parties that are connected and do nothing:
 *
 *   bench_idle enrol STORE KEYS COUNT FILE        into a gateway's store at rest: so many parties of domain
 * ggd, signed by KEYS/directory.key; their connection keys into FILE bench_idle hold ENDPOINT SERVER_PK FILE
 * COUNT connects them, says hello for each, prints "ready" when each has its welcome, and holds until its
 * input ends
 *
 * It speaks CURVE itself: what is measured is the gateway, and a thousand clients of ours would take more of
 * the machine than it does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "bench/end.h"
#include "parties/parties.h"
#include "tables/tables.h"

#define READY_MS  120000
#define FRAME_MAX (1 << 20)

/* ---- enrol ---- */

static void enrol(store_txn *t, const keypair *directory_key, unsigned n, FILE *keys)
{
    static const key_use uses[] = {USE_SIGN, USE_SEAL, USE_CURVE};
    keypair k[3];
    Sluis__DirectoryKey dk[3], *list[3];
    Sluis__PartyEntry e = SLUIS__PARTY_ENTRY__INIT;
    uint8_t sig[3][SIG_LEN];
    uint32_t suite = 1;
    uint64_t now = clock_ms();
    char name[OIN_LEN + 1];
    oin who;
    sluis_fail f = {0};
    snprintf(name, sizeof(name), "00000099%09u000", 200000 + n % 100000);
    need("oin", oin_parse(&who, name, OIN_LEN));
    for (size_t i = 0; i < 3; i++) {
        need("key", keypair_generate(&k[i], uses[i], now));
        sluis__directory_key__init(&dk[i]);
        dk[i].use = uses[i];
        dk[i].pk = (ProtobufCBinaryData){PK_LEN, k[i].pk};
        dk[i].valid_from = now - DAY_MS;
        dk[i].valid_until = now + 30 * DAY_MS;
        need("key",
             party_key_sign(sig[i], &k[0], uses[i], k[i].pk, dk[i].valid_from, dk[i].valid_until, &who));
        dk[i].signature = (ProtobufCBinaryData){SIG_LEN, sig[i]};
        list[i] = &dk[i];
    }
    e.oin = who.s;
    e.name = (char *)(uintptr_t) "Stille partij";
    e.domain = (char *)(uintptr_t) "ggd";
    e.keys = list;
    e.n_keys = 3;
    e.valid_from = now - DAY_MS;
    e.valid_until = now + 30 * DAY_MS;
    e.suites = &suite;
    e.n_suites = 1;
    sluis_err err = parties_put(t, &e, directory_key, false, &f);
    if (err)
        die(name, err, &f);
    if (fwrite(k[2].pk, PK_LEN, 1, keys) != 1 || fwrite(k[2].sk, 32, 1, keys) != 1)
        die("keys", SLUIS_IO, NULL);
    for (size_t i = 0; i < 3; i++)
        keypair_close(&k[i]);
}

static int run_enrol(const char *path, const char *keys, unsigned count, const char *out)
{
    char file[512];
    sluis_fail f = {0};
    store *s = NULL;
    store_txn *t = NULL;
    keypair directory_key;
    FILE *to = fopen(out, "wb");
    store_options o = {.path = path,
                       GATEWAY_STORE,
                       .map_bytes = UINT64_C(1) << 40,
                       .quota_bytes = UINT64_C(1) << 39,
                       .max_readers = 16};
    snprintf(file, sizeof(file), "%s/directory.key", keys);
    sluis_err e = keyfile_read(&directory_key, file, USE_DIRECTORY, &f);
    if (!e)
        e = store_open_lmdb(&s, &o, &f);
    if (e || !to)
        die("enrol", e ? e : SLUIS_IO, &f);
    need("store", store_begin_write(s, &t, false));
    for (unsigned i = 0; i < count; i++)
        enrol(t, &directory_key, i, to);
    need("store", store_commit(&t));
    store_close(&s);
    keypair_close(&directory_key);
    return fclose(to) ? 1 : 0;
}

/* ---- hold ---- */

static void dial(void *ctx, zmq_pollitem_t *item, const char *endpoint, const uint8_t *server_pk, FILE *keys)
{
    uint8_t pk[32], sk[32], frame[64];
    int zero = 0, heartbeat = 5000, timeout = 15000;
    Sluis__Frame f = SLUIS__FRAME__INIT;
    Sluis__Hello h = SLUIS__HELLO__INIT;
    void *s = zmq_socket(ctx, ZMQ_DEALER);
    if (!s || fread(pk, 32, 1, keys) != 1 || fread(sk, 32, 1, keys) != 1)
        die("socket or key", SLUIS_IO, NULL);
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_setsockopt(s, ZMQ_HEARTBEAT_IVL, &heartbeat, sizeof(heartbeat)); /* as client.c has them */
    zmq_setsockopt(s, ZMQ_HEARTBEAT_TIMEOUT, &timeout, sizeof(timeout));
    zmq_setsockopt(s, ZMQ_HEARTBEAT_TTL, &timeout, sizeof(timeout));
    zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_pk, 32);
    zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, pk, 32);
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, sk, 32);
    h.version_min = h.version_max = 1;
    h.program = (char *)(uintptr_t) "idle";
    h.credit = 64;
    f.f_case = SLUIS__FRAME__F_HELLO;
    f.hello = &h;
    size_t n = sluis__frame__pack(&f, frame);
    if (zmq_connect(s, endpoint) || zmq_send(s, frame, n, 0) < 0)
        die(endpoint, SLUIS_IO, NULL);
    *item = (zmq_pollitem_t){.socket = s, .events = ZMQ_POLLIN};
}

/* Takes what came; true when the last of the directory is among it, which comes behind the welcome. */
static bool take(void *socket)
{
    static uint8_t frame[FRAME_MAX];
    int n = zmq_recv(socket, frame, sizeof(frame), ZMQ_DONTWAIT);
    if (n < 0)
        return false;
    Sluis__Frame *f = sluis__frame__unpack(NULL, (size_t)n, frame);
    if (!f || f->f_case == SLUIS__FRAME__F_REFUSED)
        die("hello", SLUIS_DENIED, NULL);
    bool last = f->f_case == SLUIS__FRAME__F_DIRECTORY_PART &&
                f->directory_part->from + f->directory_part->part.len == f->directory_part->bytes;
    sluis__frame__free_unpacked(f, NULL);
    return last;
}

static int run_hold(const char *endpoint, const char *pk_hex, const char *file, unsigned count)
{
    uint8_t server_pk[32];
    void *ctx = zmq_ctx_new();
    FILE *keys = fopen(file, "rb");
    zmq_pollitem_t *items = calloc(count + 1, sizeof(*items));
    bool *there = calloc(count, sizeof(*there)), said = false;
    unsigned ready = 0;
    uint64_t until = clock_mono_us() + UINT64_C(1000) * READY_MS;
    need("server_pk", hex_decode(server_pk, 32, pk_hex, strlen(pk_hex)));
    zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, (int)count + 16);
    if (!keys || !items || !there)
        die(file, SLUIS_IO, NULL);
    for (unsigned i = 0; i < count; i++)
        dial(ctx, &items[i], endpoint, server_pk, keys);
    items[count] = (zmq_pollitem_t){.fd = STDIN_FILENO, .events = ZMQ_POLLIN};
    while (!items[count].revents) {
        zmq_poll(items, (int)count + 1, 1000);
        for (unsigned i = 0; i < count; i++) {
            if ((items[i].revents & ZMQ_POLLIN) && take(items[i].socket) && !there[i]) {
                there[i] = true;
                ready++;
            }
        }
        if (ready < count && clock_mono_us() > until)
            die("some have no welcome", SLUIS_TIMEOUT, NULL);
        if (ready == count && !said) {
            said = true;
            printf("ready\n");
            fflush(stdout);
        }
    }
    return 0; /* the process ends, and with it the connections */
}

int main(int argc, char **argv)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    need("crypto", crypto_start());
    if (argc == 6 && strcmp(argv[1], "enrol") == 0)
        return run_enrol(argv[2], argv[3], (unsigned)atoi(argv[4]), argv[5]);
    if (argc == 6 && strcmp(argv[1], "hold") == 0)
        return run_hold(argv[2], argv[3], argv[4], (unsigned)atoi(argv[5]));
    fprintf(stderr, "usage: bench_idle enrol STORE KEYS COUNT FILE | hold ENDPOINT SERVER_PK FILE COUNT\n");
    return 2;
}
