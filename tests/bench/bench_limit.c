/* What the libraries and the disk alone let a round trip cost: the work that no implementation of the same
 * promises can leave out, done here and nothing else, in the sizes, numbers and batches that the gateway has
 * under the load of bench_roundtrip. README.md says what is in it and what is not. Prints one JSON object.
 *
 * Full load: the writer, the checks of the gateway, the two ends and both ends of CURVE are processes that do
 * the work of ROUNDS round trips each, side by side; nobody waits for anybody. One at a time: the same work
 * in a row, waiting for each sync and each frame. This file may use the libraries directly: it measures them.
 */
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "bench/limit_work.h"

#define ROUNDS      6000
#define LONE        300
#define SUBMIT      1900 /* bytes of a frame: an envelope */
#define DELIVER     2600 /* and its receipt */
#define PERSONS     10000
#define BUFFER      4096
#define VALUES      LIMIT_VALUES
#define MAP         (UINT64_C(1) << 32)
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the steps ---- */

/* Of one message, its body sealed to two. Core, commitment, body and header are hashed, the tree has a node a
 * message. */
static const step send_one[] = {{PACK, 1, M_BODY}, {PACK, 1, M_CORE}, {HASH, 1, 430},
                                {KEYED, 2, 32},    {SEAL, 1, 1200},   {HASH, 1, 1200},
                                {SEAL, 2, 32},     {HASH, 1, 600},    {HASH, 1, 64}};
static const step check_one[] = {{UNPACK, 1, M_CORE}, {HASH, 1, 600}, {HASH, 1, 1200}, {HASH, 4, 64}};
static const step open_one[] = {
    {HASH, 1, 430}, {OPEN, 1, 32}, {KEYED, 2, 32}, {OPEN, 1, 1200}, {UNPACK, 1, M_BODY}};
static const step receipt_one[] = {{UNPACK, 1, M_RECORD}, {KEYED, 1, 300}, {SHA, 1, 41}, {SHA, 7, 65}};

/* Of one round trip at the writer: two entries, checks of rows, a request's row written twice and read once,
 * a case read, the dossier, ten values opened and sealed. */
static const step write_routed[] = {{PACK, 2, M_RECORD}, {KEYED, 2, 300}, {SHA, 2, 41},    {SHA, 4, 65},
                                    {SEAL, 2, 330},      {KEYED, 7, 80},  {KEYED, 2, 1850}};
static const step write_values[] = {{KEYED, 7, 80},          {UNPACK, 1, M_BODY},      {PACK, 2, M_RECORD},
                                    {UNPACK, 1, M_RECORD},   {SEAL, 2, 500},           {SEAL, 1, 900},
                                    {OPEN, 1, 500},          {OPEN, VALUES, 180},      {SEAL, VALUES, 180},
                                    {PACK, VALUES, M_DATUM}, {UNPACK, VALUES, M_DATUM}};

#define WORK(d, steps) desk_work(d, steps, COUNT_OF(steps))

/* What of a message the ends do: it is sealed and hashed; checked, opened, its receipt checked. */
static void at_the_ends(desk *d)
{
    WORK(d, send_one);
    WORK(d, check_one);
    WORK(d, open_one);
    WORK(d, receipt_one);
}

/* ---- the store ---- */

enum { T_ENTRY, T_MESSAGE, T_APPINDEX, T_OUTBOX, T_DATUM, T_HISTORY, T_DOSSIER, T_META, TREES };

typedef struct {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi tree[TREES];
    uint64_t n;                        /* round trips written */
    uint64_t taken;                    /* of them, whose messages are gone from the outbox */
    uint64_t version[PERSONS], chance; /* of each person's values; a sequence of persons */
} shelf;

/* A key of len bytes that begins with a u64 and has tail at its end. */
static void key_of(uint8_t *out, size_t len, uint64_t head, uint64_t tail)
{
    memset(out, 0x5a, len);
    put_u64(out, head);
    if (len >= 16)
        put_u64(out + len - 8, tail);
    else if (len > 8)
        out[8] = (uint8_t)tail;
}

static void put(shelf *s, int tree, size_t key_len, uint64_t head, uint64_t tail, size_t n, unsigned flags)
{
    static uint8_t value[BUFFER];
    uint8_t key[64];
    key_of(key, key_len, head, tail);
    MDB_val k = {key_len, key}, v = {n, value};
    limit_check(mdb_put(s->txn, s->tree[tree], &k, &v, flags), "mdb_put");
}

static void get(shelf *s, int tree, size_t key_len, uint64_t head, uint64_t tail)
{
    uint8_t key[64];
    key_of(key, key_len, head, tail);
    MDB_val k = {key_len, key}, v;
    int rc = mdb_get(s->txn, s->tree[tree], &k, &v);
    limit_check(rc && rc != MDB_NOTFOUND, "mdb_get");
}

static void del(shelf *s, int tree, size_t key_len, uint64_t head, uint64_t tail)
{
    uint8_t key[64];
    key_of(key, key_len, head, tail);
    MDB_val k = {key_len, key};
    limit_check(mdb_del(s->txn, s->tree[tree], &k, NULL), "mdb_del");
}

static void begin(shelf *s)
{
    limit_check(mdb_txn_begin(s->env, NULL, 0, &s->txn), "mdb_txn_begin");
}

static void commit(shelf *s)
{
    for (uint64_t i = 0; i < 3; i++)
        put(s, T_META, 9, i, 0, 200, 0);
    limit_check(mdb_txn_commit(s->txn), "mdb_txn_commit");
}

/* Names of trees are given by number: nobody reads them. */
static shelf *shelf_open(const char *dir, const char *name)
{
    char path[512], tree[12];
    shelf *s = calloc(1, sizeof(*s));
    limit_check(!s, "memory");
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    limit_check(mkdir(path, 0700), path);
    limit_check(mdb_env_create(&s->env) || mdb_env_set_mapsize(s->env, MAP) ||
                    mdb_env_set_maxdbs(s->env, TREES) || mdb_env_open(s->env, path, 0, 0600),
                "lmdb");
    limit_check(mdb_txn_begin(s->env, NULL, 0, &s->txn), "mdb_txn_begin");
    for (int i = 0; i < TREES; i++) {
        snprintf(tree, sizeof(tree), "%d", i);
        limit_check(mdb_dbi_open(s->txn, tree, MDB_CREATE, &s->tree[i]), "mdb_dbi_open");
    }
    for (uint64_t p = 0; p < PERSONS; p++)
        for (uint64_t i = 0; i < VALUES; i++)
            put(s, T_DATUM, 44, p * VALUES + i, 0, 225, 0);
    commit(s);
    s->chance = 1;
    return s;
}

/* One message: leaf, record and event; an index of its transaction, and that it was seen; its place in the
 * outbox, two a page. r: the round trip; second: its answer. */
static void write_message(shelf *s, uint64_t r, bool second)
{
    uint64_t entry = 2 * r + second;
    get(s, T_MESSAGE, 37, r, 1 + second);
    put(s, T_ENTRY, 9, entry, 1, 40, MDB_APPEND);
    put(s, T_ENTRY, 9, entry, 2, 330, MDB_APPEND);
    put(s, T_MESSAGE, 25, r, 3 + second, 16, 0);
    put(s, T_MESSAGE, 37, r, 1 + second, 64, 0);
    put(s, T_OUTBOX, 28, entry, 0, 1850, MDB_APPEND);
}

/* What the recipients have taken of the round trips before r. */
static void take_from_outbox(shelf *s, uint64_t r)
{
    for (; s->taken < r; s->taken++) {
        del(s, T_OUTBOX, 28, 2 * s->taken, 0);
        del(s, T_OUTBOX, 28, 2 * s->taken + 1, 0);
    }
}

static void write_request(shelf *s, uint64_t r)
{
    get(s, T_MESSAGE, 17, r, 0);
    put(s, T_ENTRY, 9, 2 * r, 9, 150, MDB_APPEND);
    put(s, T_MESSAGE, 17, r, 0, 500, 0);
    put(s, T_APPINDEX, 22, r, 0, 16, MDB_APPEND);
    put(s, T_DOSSIER, 24, s->chance % PERSONS, r, 500, 0);
}

/* Ten values take the place of those before them, which are kept. */
static void write_answer(shelf *s, uint64_t r)
{
    uint64_t p = s->chance % PERSONS;
    get(s, T_MESSAGE, 17, r, 0);
    put(s, T_ENTRY, 9, 2 * r + 1, 9, 150, MDB_APPEND);
    put(s, T_MESSAGE, 17, r, 0, 950, 0);
    for (uint64_t i = 0; i < VALUES; i++) {
        get(s, T_DATUM, 44, p * VALUES + i, s->version[p]);
        put(s, T_HISTORY, 52, r * VALUES + i, 0, 225, MDB_APPEND);
        del(s, T_DATUM, 44, p * VALUES + i, s->version[p]);
        put(s, T_DATUM, 44, p * VALUES + i, s->version[p] + 1, 225, 0);
    }
    s->version[p]++;
    s->chance = s->chance * 48271 % 2147483647;
}

static void write_round(shelf *s, desk *d, bool whole)
{
    uint64_t r = s->n++;
    WORK(d, write_routed);
    write_message(s, r, false);
    if (whole)
        write_request(s, r);
    write_message(s, r, true);
    if (!whole)
        return;
    WORK(d, write_values);
    write_answer(s, r);
}

/* ---- CURVE ---- */

static const char server_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char server_secret[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

static _Noreturn void echo_server(const char *endpoint)
{
    void *s = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
    int one = 1;
    zmq_setsockopt(s, ZMQ_CURVE_SERVER, &one, sizeof(one));
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, server_secret, sizeof(server_secret));
    limit_check(zmq_bind(s, endpoint), endpoint);
    for (;;) {
        static char route[256], frame[DELIVER];
        int r = zmq_recv(s, route, sizeof(route), 0);
        zmq_recv(s, frame, sizeof(frame), 0);
        zmq_send(s, route, (size_t)r, ZMQ_SNDMORE);
        zmq_send(s, frame, DELIVER, 0);
    }
}

static void *echo_client(const char *endpoint)
{
    char pk[41], sk[41];
    void *s = zmq_socket(zmq_ctx_new(), ZMQ_DEALER);
    zmq_curve_keypair(pk, sk);
    zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_public, sizeof(server_public));
    zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, pk, sizeof(pk));
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, sk, sizeof(sk));
    limit_check(zmq_connect(s, endpoint), endpoint);
    return s;
}

static void send_one_frame(void *s)
{
    static char frame[SUBMIT];
    limit_check(zmq_send(s, frame, sizeof(frame), 0) < 0, "send");
}

static void take_one_frame(void *s)
{
    static char frame[DELIVER];
    limit_check(zmq_recv(s, frame, sizeof(frame), 0) < 0, "recv");
}

/* ---- full load: each a process ---- */

typedef enum { WRITER, GATE, ENDS, FRAMES, PARTS } part;
static const char *const part_names[PARTS] = {"writer", "gate", "ends", "curve_ends"};

/* How the load is spread. [0]: requests, [1]: answers. */
typedef struct {
    const char *name, *figure;
    bool whole;    /* the whole path; else routed */
    int window;    /* messages outstanding */
    int commit;    /* round trips a commit */
    int batch[2];  /* messages that share a signature, */
    int taken[2];  /* of them, who takes one of them takes so many, */
    int proven[2]; /* and so many under a checkpoint */
} pattern;

/* As seen; at 16 outstanding the most that there can be: all of them in each commit and signature. Each of 64
 * senders has some two messages in a commit: it signs these alone, and sees signature and checkpoint of
 * their answers alone. */
static const pattern patterns[] = {
    {"whole", "limit_roundtrips_per_s_w256", true, 256, 62, {16, 16}, {16, 16}, {62, 62}},
    {"routed", "limit_routed_roundtrips_per_s_w256", false, 256, 62, {16, 16}, {16, 16}, {62, 62}},
    {"w16", "limit_roundtrips_per_s_w16", true, 16, 8, {16, 16}, {16, 16}, {8, 8}},
    {"64x4", "limit_roundtrips_per_s_64x4", true, 256, 62, {2, 16}, {2, 2}, {62, 2}},
};

typedef struct {
    const char *dir;
    const pattern *as;
    char endpoint[64];
    int ready[2], go[2];
    double *cpu_us; /* of each part, us; shared by all */
} load;

static double used(const struct rusage *r)
{
    return 1e6 * (double)(r->ru_utime.tv_sec + r->ru_stime.tv_sec) +
           (double)(r->ru_utime.tv_usec + r->ru_stime.tv_usec);
}

/* CPU time of this process, us. */
static double cpu_us(void)
{
    struct rusage r;
    limit_check(getrusage(RUSAGE_SELF, &r), "getrusage");
    return used(&r);
}

/* Everything is prepared; what the process has used until then. */
static double wait_for_go(const load *l)
{
    char c = 0;
    limit_check(write(l->ready[1], &c, 1) != 1 || read(l->go[0], &c, 1) != 0, "start");
    return cpu_us();
}

static double run_writer(const load *l, desk *d)
{
    shelf *s = shelf_open(l->dir, l->as->name);
    double before = wait_for_go(l);
    while (s->n < ROUNDS) {
        begin(s);
        take_from_outbox(s, s->n);
        for (int i = 0; i < l->as->commit && s->n < ROUNDS; i++)
            write_round(s, d, l->as->whole);
        desk_sign(d);
        commit(s);
    }
    return cpu_us() - before;
}

/* Requests and answers take turns: message i is the first of n[0], or n[1], of its kind. */
static bool first_of(const int n[static 2], int i)
{
    return i / 2 % n[i % 2] == 0;
}

static double run_gate(const load *l, desk *d)
{
    double before = wait_for_go(l);
    for (int i = 0; i < 2 * ROUNDS; i++) {
        WORK(d, check_one);
        if (l->as->whole)
            WORK(d, open_one);
        if (first_of(l->as->batch, i))
            desk_verify(d);
    }
    return cpu_us() - before;
}

static double run_ends(const load *l, desk *d)
{
    double before = wait_for_go(l);
    for (int i = 0; i < 2 * ROUNDS; i++) {
        at_the_ends(d);
        if (first_of(l->as->batch, i))
            desk_sign(d);
        if (first_of(l->as->taken, i))
            desk_verify(d);
        if (first_of(l->as->proven, i))
            desk_verify(d);
    }
    return cpu_us() - before;
}

static double run_frames(const load *l)
{
    void *s = echo_client(l->endpoint);
    send_one_frame(s);
    take_one_frame(s);
    double before = wait_for_go(l);
    for (int i = 0; i < l->as->window; i++)
        send_one_frame(s);
    for (int i = 0; i < 2 * ROUNDS - l->as->window; i++) {
        take_one_frame(s);
        send_one_frame(s);
    }
    for (int i = 0; i < l->as->window; i++)
        take_one_frame(s);
    return cpu_us() - before;
}

static pid_t start(const load *l, part p)
{
    pid_t child = fork();
    limit_check(child < 0, "fork");
    if (child)
        return child;
    close(l->go[1]);
    desk *d = desk_open();
    l->cpu_us[p] = p == WRITER ? run_writer(l, d)
                   : p == GATE ? run_gate(l, d)
                   : p == ENDS ? run_ends(l, d)
                               : run_frames(l);
    _exit(0);
}

static pid_t start_server(load *l)
{
    snprintf(l->endpoint, sizeof(l->endpoint), "tcp://127.0.0.1:%d", 20000 + (int)getpid() % 20000);
    pid_t child = fork();
    limit_check(child < 0, "fork");
    if (child == 0)
        echo_server(l->endpoint);
    return child;
}

static double stop_server(pid_t server)
{
    struct rusage r;
    kill(server, SIGKILL);
    limit_check(wait4(server, NULL, 0, &r) != server, "the echo");
    return used(&r);
}

static void full_load(const char *dir, const pattern *as)
{
    load l = {.dir = dir, .as = as};
    pid_t child[PARTS], server = start_server(&l);
    double total, broker;
    int status;
    char c;
    l.cpu_us = mmap(NULL, PARTS * sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    limit_check(l.cpu_us == MAP_FAILED || pipe(l.ready) || pipe(l.go), "preparation");
    for (part p = 0; p < PARTS; p++)
        child[p] = start(&l, p);
    for (part p = 0; p < PARTS; p++)
        limit_check(read(l.ready[0], &c, 1) != 1, "a part did not begin");
    uint64_t began = clock_mono_us();
    close(l.go[1]);
    for (part p = 0; p < PARTS; p++)
        limit_check(waitpid(child[p], &status, 0) != child[p] || status != 0, part_names[p]);
    double took = (double)(clock_mono_us() - began);
    total = broker = stop_server(server);
    broker += l.cpu_us[WRITER] + l.cpu_us[GATE];
    for (part p = 0; p < PARTS; p++) {
        printf("\"limit_%s_%s_cpu_us\": %.1f, ", as->name, part_names[p], l.cpu_us[p] / ROUNDS);
        total += l.cpu_us[p];
    }
    printf("\"limit_%s_broker_cpu_us\": %.1f, \"limit_%s_cpu_us\": %.1f, \"%s\": %.1f, ", as->name,
           broker / ROUNDS, as->name, total / ROUNDS, as->figure, ROUNDS * 1e6 / took);
    fflush(stdout);
    munmap(l.cpu_us, PARTS * sizeof(double));
    close(l.go[0]);
    close(l.ready[0]);
    close(l.ready[1]);
}

/* ---- one at a time ---- */

static int by_value(const void *a, const void *b)
{
    uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return (p > q) - (p < q);
}

/* A message in a row: sent, checked, committed, delivered, opened. */
static void lone_message(shelf *s, desk *d, void *socket, bool second)
{
    uint64_t r = s->n;
    WORK(d, send_one);
    desk_sign(d);
    send_one_frame(socket);
    take_one_frame(socket);
    WORK(d, check_one);
    WORK(d, open_one);
    desk_verify(d);
    begin(s);
    write_message(s, r, second);
    if (second) {
        take_from_outbox(s, r);
        WORK(d, write_routed);
        WORK(d, write_values);
        write_answer(s, r);
        s->n++;
    } else {
        write_request(s, r);
    }
    desk_sign(d);
    commit(s);
    WORK(d, check_one);
    WORK(d, open_one);
    WORK(d, receipt_one);
    desk_verify(d);
    desk_verify(d);
}

static void one_at_a_time(const char *dir)
{
    load l = {.dir = dir};
    static uint64_t took[LONE];
    pid_t server = start_server(&l);
    void *socket = echo_client(l.endpoint);
    desk *d = desk_open();
    shelf *s = shelf_open(dir, "lone");
    send_one_frame(socket);
    take_one_frame(socket);
    for (int i = 0; i < LONE; i++) {
        uint64_t began = clock_mono_us();
        lone_message(s, d, socket, false);
        lone_message(s, d, socket, true);
        took[i] = clock_mono_us() - began;
    }
    stop_server(server);
    qsort(took, LONE, sizeof(took[0]), by_value);
    printf("\"limit_us_w1\": %llu", (unsigned long long)took[LONE / 2]);
}

int main(int argc, char **argv)
{
    if (argc != 2 || crypto_start()) {
        fprintf(stderr, "usage: bench_limit EMPTY_FOLDER\n");
        return 2;
    }
    printf("{");
    fflush(stdout);
    for (size_t i = 0; i < COUNT_OF(patterns); i++)
        full_load(argv[1], &patterns[i]);
    one_at_a_time(argv[1]);
    printf("}\n");
    return 0;
}
