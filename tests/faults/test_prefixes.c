/* A power cut at every moment: the writes and syncs of a working gateway are recorded, and each prefix of
 * them is put on disk with the writes not yet synced lost, kept, kept in part, or torn. Each must open,
 * verify, and hold what had been acknowledged by then. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "faults/exchange.h"
#include "faults/shim_io.h"

#define CALLS_MAX     20000
#define PROMISES_MAX  256
#define SECTOR        512
#define EXCHANGES     6
#define EXCHANGES_ALL 40  /* in the long form */
#define BOUNDED       150 /* positions that make check looks at */
#define ANSWER_MS     8000
#define FILES         2

enum { LOST, KEPT, IN_PART, TORN, VARIANTS };

typedef struct {
    shim_call call;
    uint8_t *data; /* owned */
} event;

typedef struct {
    promise p;
    size_t at; /* events seen when the acknowledgement had come */
} due;

typedef struct {
    event *events;
    size_t count;
    due due[PROMISES_MAX];
    size_t due_count;
    rig rig;
    char dir[64]; /* of the replayed image */
    int fd[FILES];
    uint64_t seed;
} history;

static void remember(void *ctx, const shim_call *c)
{
    history *h = ctx;
    if (h->count == CALLS_MAX)
        abort();
    event *e = &h->events[h->count++];
    e->call = *c;
    if (c->kind == SHIM_WRITE) {
        e->data = malloc(c->length);
        if (!e->data)
            abort();
        memcpy(e->data, c->data, c->length);
    }
}

static void promised(void *ctx, const exchange *x, size_t records)
{
    history *h = ctx;
    due *d = &h->due[h->due_count++];
    memcpy(d->p.tx, x->tx, UUID_LEN);
    d->p.records = records;
    d->at = h->count;
}

/* The gateway at work: what it wrote, and what it acknowledged when. */
static void work(history *h, int exchanges)
{
    exchange x;
    assert_true(exchange_join(&h->rig, ANSWER_MS));
    for (int i = 0; i < exchanges; i++) {
        exchange_begin(&h->rig, &x);
        x.told = promised;
        x.ctx = h;
        assert_true(exchange_go_on(&h->rig, &x, ANSWER_MS));
        exchange_close(&x);
    }
}

/* ---- an image ---- */

static size_t index_of(const shim_call *c)
{
    return c->file == 'k';
}

static void put(history *h, const event *e, uint64_t length)
{
    int fd = h->fd[index_of(&e->call)];
    struct stat st;
    if (e->call.kind == SHIM_WRITE) {
        assert_int_equal(pwrite(fd, e->data, length, (off_t)e->call.offset), (ssize_t)length);
        return;
    }
    assert_int_equal(fstat(fd, &st), 0);
    off_t end = (off_t)(e->call.offset + e->call.length); /* allocation ahead, or a cut to this length */
    if (e->call.kind == SHIM_TRUNCATE || st.st_size < end)
        assert_int_equal(ftruncate(fd, end), 0);
}

typedef struct {
    size_t at[CALLS_MAX]; /* events not yet synced, in order */
    size_t count;
} pending;

static uint64_t draw(history *h)
{
    h->seed = h->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return h->seed >> 33;
}

typedef struct {
    off_t size[FILES];
    uint8_t *old[CALLS_MAX];
    size_t of[CALLS_MAX], length[CALLS_MAX], count;
} undo;

static void put_for_now(history *h, undo *u, size_t at, uint64_t length)
{
    const event *e = &h->events[at];
    if (e->call.kind == SHIM_WRITE) {
        uint8_t *old = malloc(length);
        assert_non_null(old);
        ssize_t n = pread(h->fd[index_of(&e->call)], old, length, (off_t)e->call.offset);
        u->old[u->count] = old;
        u->of[u->count] = at;
        u->length[u->count++] = n < 0 ? 0 : (size_t)n;
    }
    put(h, e, length);
}

static void take_back(history *h, undo *u)
{
    while (u->count) {
        u->count--;
        const event *e = &h->events[u->of[u->count]];
        if (u->length[u->count])
            assert_int_equal(pwrite(h->fd[index_of(&e->call)], u->old[u->count], u->length[u->count],
                                    (off_t)e->call.offset),
                             (ssize_t)u->length[u->count]);
        free(u->old[u->count]);
    }
    for (size_t i = 0; i < FILES; i++)
        assert_int_equal(ftruncate(h->fd[i], u->size[i]), 0);
}

static sluis_err look(history *h, const pending *p, int variant, size_t position, undo *u, sluis_fail *f)
{
    char keys[96];
    promise list[PROMISES_MAX];
    size_t n = 0;
    struct stat st;
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(fstat(h->fd[i], &st), 0);
        u->size[i] = st.st_size;
    }
    for (size_t i = 0; i < p->count && variant != LOST; i++) {
        const shim_call *c = &h->events[p->at[i]].call;
        bool last = i + 1 == p->count;
        if (variant == IN_PART && draw(h) % 2)
            continue;
        uint64_t length = variant == TORN && last && c->length > SECTOR
                              ? SECTOR * (1 + draw(h) % (c->length / SECTOR))
                              : c->length;
        put_for_now(h, u, p->at[i], length < c->length ? length : c->length);
    }
    for (size_t i = 0; i < h->due_count; i++)
        if (h->due[i].at <= position)
            list[n++] = h->due[i].p;
    snprintf(keys, sizeof(keys), "%s/keys", h->rig.dir);
    sluis_err e = folder_check(h->dir, keys, &h->rig.settings, list, n, f);
    take_back(h, u);
    return e;
}

static void open_image(history *h)
{
    char path[96];
    strcpy(h->dir, "/tmp/sluis-prefix-XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    snprintf(path, sizeof(path), "%s/store", h->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/store/data.mdb", h->dir);
    h->fd[0] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    snprintf(path, sizeof(path), "%s/keys.slots", h->dir);
    h->fd[1] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(h->fd[0] >= 0 && h->fd[1] >= 0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static void close_image(history *h)
{
    for (size_t i = 0; i < FILES; i++)
        close(h->fd[i]);
    nftw(h->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What a sync of a file makes durable. */
static void settle(history *h, pending *p, char file)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        const event *e = &h->events[p->at[i]];
        if (e->call.file == file)
            put(h, e, e->call.length);
        else
            p->at[kept++] = p->at[i];
    }
    p->count = kept;
}

/* Replays from the start; looks at every stride-th position from `from` on. lying: a disk that drops what it
 * was told to sync. Returns how many looks found something wrong; the first is in f. */
static size_t replay(history *h, size_t from, size_t stride, bool lying, size_t *looks, sluis_fail *first)
{
    pending *p = calloc(1, sizeof(*p));
    undo *u = calloc(1, sizeof(*u));
    size_t wrong = 0;
    assert_non_null(p);
    assert_non_null(u);
    open_image(h);
    *looks = 0;
    for (size_t i = 0; i < h->count; i++) {
        const event *e = &h->events[i];
        if (e->call.kind == SHIM_SYNC) {
            if (lying && i >= from)
                p->count = 0;
            else
                settle(h, p, e->call.file);
        } else if (e->call.durable) {
            put(h, e, e->call.length);
        } else {
            p->at[p->count++] = i;
        }
        if (i + 1 < from || (i % stride && e->call.kind == SHIM_WRITE && !e->call.durable))
            continue;
        for (int v = LOST; v < (p->count ? VARIANTS : KEPT); v++, ++*looks) {
            sluis_fail f = {0};
            if (look(h, p, v, i + 1, u, &f) == SLUIS_OK)
                continue;
            if (!wrong++)
                fail_set(first, SLUIS_CORRUPT, "prefix", "%zu of %zu, variant %d, %zu not synced: %s: %s",
                         i + 1, h->count, v, p->count, f.where, f.text);
        }
    }
    close_image(h);
    free(p);
    free(u);
    return wrong;
}

static void test_prefixes(void **state)
{
    const char *seed = getenv("SLUIS_SEED");
    bool whole = getenv("TORTURE_KILLS") != NULL;
    history *h = calloc(1, sizeof(*h));
    size_t looks = 0, lied = 0, syncs = 0;
    sluis_fail f = {0};
    (void)state;
    assert_non_null(h);
    h->events = calloc(CALLS_MAX, sizeof(*h->events));
    assert_non_null(h->events);
    h->seed = seed ? strtoull(seed, NULL, 10) : 1;
    shim_io_record(remember, h);
    rig_open(&h->rig);
    size_t from =
        h->count; /* the gateway stands: what comes before is a first start, which may be repeated */
    work(h, whole ? EXCHANGES_ALL : EXCHANGES);
    shim_io_record(NULL, NULL);
    assert_true(h->count > from);
    for (size_t i = from; i < h->count; i++)
        syncs += h->events[i].call.kind == SHIM_SYNC || h->events[i].call.durable;
    size_t stride = whole ? 1 : (h->count - from) / BOUNDED + 1;
    size_t wrong = replay(h, from, stride, false, &looks, &f);
    print_message("prefixes: %zu writes and syncs (%zu of them durable points), %zu images opened and "
                  "verified, %zu wrong\n",
                  h->count - from, syncs, looks, wrong);
    assert_string_equal(f.text, "");
    assert_int_equal(wrong, 0);
    /* The check itself: a disk that lies about syncing must be found out. */
    assert_true(replay(h, from, stride, true, &lied, &f) > 0);
    rig_close(&h->rig);
    for (size_t i = 0; i < h->count; i++)
        free(h->events[i].data);
    free(h->events);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_prefixes)};
    return cmocka_run_group_tests_name("prefixes", tests, NULL, NULL);
}
