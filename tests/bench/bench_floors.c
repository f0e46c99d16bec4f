/* The floors under a round trip, measured with the libraries themselves in the same run:
 * Ed25519 verifications, fdatasync, synced LMDB commits, and a CURVE echo of one frame. Prints one JSON
 * object. This file may use the libraries directly: it measures them, not us. */
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"

#define ECHO_BYTES 2600 /* about one envelope with its receipt */
#define WINDOW     256

static void check(int bad, const char *what)
{
    if (bad) {
        perror(what);
        exit(1);
    }
}

static double ed25519_verify_per_s(size_t bytes)
{
    unsigned char pk[32], sk[64], sig[64], m[1024] = {0};
    crypto_sign_keypair(pk, sk);
    crypto_sign_detached(sig, NULL, m, bytes, sk);
    uint64_t start = clock_mono_us(), n = 0;
    while (clock_mono_us() - start < 500000) {
        check(crypto_sign_verify_detached(sig, m, bytes, pk), "verify");
        n++;
    }
    return (double)n * 1e6 / (double)(clock_mono_us() - start);
}

/* What the batches and checkpoints sign: some hundred bytes. */
static double ed25519_sign_128_per_s(void)
{
    unsigned char pk[32], sk[64], sig[64], m[128] = {0};
    crypto_sign_keypair(pk, sk);
    uint64_t start = clock_mono_us(), n = 0;
    for (; clock_mono_us() - start < 500000; n++)
        check(crypto_sign_detached(sig, NULL, m, sizeof(m), sk), "sign");
    return (double)n * 1e6 / (double)(clock_mono_us() - start);
}

static int by_value(const void *a, const void *b)
{
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    return (p > q) - (p < q);
}

static uint32_t fdatasync_p50_us(const char *dir)
{
    char path[512], block[4096] = {0};
    uint32_t took[400];
    snprintf(path, sizeof(path), "%s/sync", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    check(fd < 0 || posix_fallocate(fd, 0, 1 << 20), path);
    check(fdatasync(fd), path);
    for (int i = 0; i < 400; i++) {
        check(pwrite(fd, block, sizeof(block), (i % 256) * 4096) != sizeof(block), path);
        uint64_t start = clock_mono_us();
        check(fdatasync(fd), path);
        took[i] = (uint32_t)(clock_mono_us() - start);
    }
    close(fd);
    qsort(took, 400, sizeof(took[0]), by_value);
    return took[200];
}

static double lmdb_sync_commits_per_s(const char *dir)
{
    char path[512], value[1024] = {0};
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    snprintf(path, sizeof(path), "%s/lmdb", dir);
    check(mkdir(path, 0700), path);
    check(mdb_env_create(&env) || mdb_env_set_mapsize(env, 1 << 28) || mdb_env_open(env, path, 0, 0600),
          "lmdb");
    check(mdb_txn_begin(env, NULL, 0, &txn) || mdb_dbi_open(txn, NULL, 0, &dbi) || mdb_txn_commit(txn),
          "lmdb");
    uint64_t start = clock_mono_us(), n = 0;
    for (; clock_mono_us() - start < 1000000; n++) {
        MDB_val k = {sizeof(n), &n}, v = {sizeof(value), value};
        check(mdb_txn_begin(env, NULL, 0, &txn) || mdb_put(txn, dbi, &k, &v, 0) || mdb_txn_commit(txn),
              "lmdb");
    }
    mdb_env_close(env);
    return (double)n * 1e6 / (double)(clock_mono_us() - start);
}

static const char server_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char server_secret[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

/* Another process, as a party is. */
static void echo_server(const char *endpoint)
{
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_ROUTER);
    int one = 1;
    zmq_setsockopt(s, ZMQ_CURVE_SERVER, &one, sizeof(one));
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, server_secret, sizeof(server_secret));
    check(zmq_bind(s, endpoint), endpoint);
    for (;;) {
        char route[256], frame[ECHO_BYTES];
        int r = zmq_recv(s, route, sizeof(route), 0), n = zmq_recv(s, frame, sizeof(frame), 0);
        zmq_send(s, route, (size_t)r, ZMQ_SNDMORE);
        zmq_send(s, frame, (size_t)n, 0);
    }
}

static double curve_echo_per_s(const char *dir)
{
    char endpoint[64], pk[41], sk[41], frame[ECHO_BYTES] = {0};
    (void)dir;
    snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%d", 20000 + (int)getpid() % 20000);
    pid_t child = fork();
    check(child < 0, "fork");
    if (child == 0)
        echo_server(endpoint);
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_DEALER);
    zmq_curve_keypair(pk, sk);
    zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_public, sizeof(server_public));
    zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, pk, sizeof(pk));
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, sk, sizeof(sk));
    check(zmq_connect(s, endpoint), endpoint);
    for (int i = 0; i < WINDOW; i++)
        check(zmq_send(s, frame, sizeof(frame), 0) < 0, "send");
    check(zmq_recv(s, frame, sizeof(frame), 0) < 0, "recv");
    uint64_t start = clock_mono_us(), n = 0;
    for (; clock_mono_us() - start < 2000000; n++) {
        check(zmq_send(s, frame, sizeof(frame), 0) < 0, "send");
        check(zmq_recv(s, frame, sizeof(frame), 0) < 0, "recv");
    }
    double rate = (double)n * 1e6 / (double)(clock_mono_us() - start);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return rate;
}

int main(int argc, char **argv)
{
    if (argc != 2 || sodium_init() < 0) {
        fprintf(stderr, "usage: bench_floors EMPTY_FOLDER\n");
        return 2;
    }
    printf("{\"floor_ed25519_verify_per_s\": %.1f, ", ed25519_verify_per_s(1024));
    printf("\"floor_ed25519_verify_128_per_s\": %.1f, ", ed25519_verify_per_s(128));
    printf("\"floor_ed25519_sign_128_per_s\": %.1f, ", ed25519_sign_128_per_s());
    printf("\"floor_fdatasync_p50_us\": %u, ", fdatasync_p50_us(argv[1]));
    printf("\"floor_lmdb_sync_commits_per_s\": %.1f, ", lmdb_sync_commits_per_s(argv[1]));
    printf("\"floor_curve_echo_per_s_w256\": %.1f}\n", curve_echo_per_s(argv[1]));
    return 0;
}
