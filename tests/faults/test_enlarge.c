/* The key file is enlarged, and the power goes, or a call fails. Each write, allocation and sync of it is
 * recorded; after each the file is put on disk with every choice of what was not synced yet, the last write
 * whole or cut off at each byte. Then it has the old size or the new, every key, and none that was erased;
 * and it can be enlarged. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "faults/shim_io.h"
#include "registry/keyslots.h"

#define SLOTS     64 /* of the file as it is made; each time it gets as many more */
#define FIRST     40 /* names in it: room is left */
#define NAMES     44
#define CALLS_MAX 16
#define IMAGE_MAX (4096 + 4 * SLOTS * 128)
#define FAILED    ((uint32_t)(SHIM_WRITE | SHIM_SYNC | SHIM_ALLOCATE | SHIM_TRUNCATE))

typedef struct {
    shim_call call;
    uint8_t data[256]; /* of a write */
} event;

typedef struct {
    char dir[64], path[96];
    uint8_t km[32];
    slot_key made[NAMES];
    uint8_t before[IMAGE_MAX]; /* the file when recording began */
    size_t length;
    event events[CALLS_MAX];
    size_t count;
    size_t images;
} bench;

static void name_of(uint8_t p[32], unsigned i)
{
    hash_one(p, "test-name", NULL, &i, sizeof(i));
}

static keyslots *opened(bench *b)
{
    keyslots *k = NULL;
    sluis_fail f = {0};
    if (keyslots_open(&k, b->path, SLOTS, b->km, &f))
        fail_msg("%s: %s", f.where, f.text);
    return k;
}

static uint64_t slots_of(const keyslots *k)
{
    uint64_t live, erased, slots;
    keyslots_usage(k, &live, &erased, &slots);
    return slots;
}

/* Every fourth is erased. */
static void add(bench *b, keyslots *k, unsigned i)
{
    uint8_t p[32];
    name_of(p, i);
    assert_int_equal(keyslots_add(k, p, &b->made[i]), SLUIS_OK);
    assert_int_equal(keyslots_sync(k), SLUIS_OK);
    if (i % 4 == 3)
        assert_int_equal(keyslots_erase(k, b->made[i].slot), SLUIS_OK);
}

static void all_there(bench *b, keyslots *k, unsigned names)
{
    uint8_t p[32];
    slot_key s;
    uint64_t live;
    sluis_fail f = {0};
    for (unsigned i = 0; i < names; i++) {
        name_of(p, i);
        assert_int_equal(keyslots_find(k, p, &s), i % 4 == 3 ? SLUIS_NOT_FOUND : SLUIS_OK);
        if (i % 4 != 3)
            assert_memory_equal(&s, &b->made[i], sizeof(s));
    }
    if (keyslots_verify(k, &live, &f))
        fail_msg("%s: %s", f.where, f.text);
    assert_int_equal(live, names - names / 4);
}

static void make(bench *b)
{
    memset(b, 0, sizeof(*b));
    assert_int_equal(crypto_start(), SLUIS_OK);
    strcpy(b->dir, "/tmp/sluis-enlarge-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof(b->path), "%s/keys.slots", b->dir);
    b->km[0] = 7;
    keyslots *k = opened(b);
    for (unsigned i = 0; i < FIRST; i++)
        add(b, k, i);
    keyslots_close(&k);
}

static void unmake(bench *b)
{
    assert_int_equal(unlink(b->path), 0);
    assert_int_equal(rmdir(b->dir), 0);
}

static void take_image(bench *b)
{
    int fd = open(b->path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, b->before, sizeof(b->before));
    assert_true(n > 0 && n < (ssize_t)sizeof(b->before));
    b->length = (size_t)n;
    close(fd);
}

static void remember(void *ctx, const shim_call *c)
{
    bench *b = ctx;
    if (b->count == CALLS_MAX || (c->kind == SHIM_WRITE && c->length > sizeof(b->events[0].data)))
        abort();
    event *e = &b->events[b->count++];
    e->call = *c;
    if (c->kind == SHIM_WRITE)
        memcpy(e->data, c->data, c->length);
}

static void put(int fd, const event *e, uint64_t length)
{
    struct stat st;
    off_t end = (off_t)(e->call.offset + e->call.length);
    assert_int_equal(fstat(fd, &st), 0);
    if (e->call.kind == SHIM_WRITE)
        assert_int_equal(pwrite(fd, e->data, length, (off_t)e->call.offset), (ssize_t)length);
    else if (e->call.kind == SHIM_TRUNCATE || (e->call.kind == SHIM_ALLOCATE && st.st_size < end))
        assert_int_equal(ftruncate(fd, end), 0);
}

/* The file after the first n calls: those before `synced` whole, of the others those whose bit is set in
 * chosen; the last of these, when it is a write, no longer than cut. */
static void put_image(bench *b, size_t n, size_t synced, unsigned chosen, uint64_t cut)
{
    int fd = open(b->path, O_RDWR | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, b->before, b->length, 0), (ssize_t)b->length);
    for (size_t i = 0; i < n; i++) {
        const event *e = &b->events[i];
        bool last = i + 1 == n;
        if (i < synced || chosen & 1u << (i - synced))
            put(fd, e, last && cut < e->call.length ? cut : e->call.length);
    }
    close(fd);
    b->images++;
}

/* done: the enlargement was over, and said so. */
static void look(bench *b, unsigned names, uint64_t was, bool done)
{
    keyslots *k = opened(b);
    uint64_t slots = slots_of(k);
    assert_true(slots == was + SLOTS || (slots == was && !done));
    all_there(b, k, names);
    assert_int_equal(keyslots_enlarge(k, was + SLOTS, b->path, NULL), SLUIS_OK);
    assert_int_equal(slots_of(k), was + SLOTS);
    keyslots_close(&k);
    k = opened(b);
    assert_int_equal(slots_of(k), was + SLOTS);
    all_there(b, k, names);
    keyslots_close(&k);
}

static void cut_short_everywhere(bench *b, unsigned names, uint64_t was)
{
    size_t synced = 0;
    for (size_t n = 0; n <= b->count; n++) {
        const event *last = n ? &b->events[n - 1] : NULL;
        if (last && last->call.kind == SHIM_SYNC)
            synced = n;
        for (unsigned chosen = 0; chosen < 1u << (n - synced); chosen++) {
            put_image(b, n, synced, chosen, UINT64_MAX);
            look(b, names, was, n == b->count);
        }
        for (uint64_t cut = 1; last && last->call.kind == SHIM_WRITE && cut < last->call.length; cut++) {
            put_image(b, n, synced, ~0u, cut);
            look(b, names, was, false);
        }
    }
}

static void test_power(void **state)
{
    bench *b = malloc(sizeof(*b));
    size_t images = 0;
    (void)state;
    assert_non_null(b);
    make(b);
    for (unsigned step = 1, names = FIRST; step <= 2; step++, names++) {
        uint64_t was = step * SLOTS;
        keyslots *k = opened(b);
        assert_int_equal(slots_of(k), was);
        take_image(b);
        b->count = 0;
        shim_io_record(remember, b);
        assert_int_equal(keyslots_enlarge(k, was + SLOTS, b->path, NULL), SLUIS_OK);
        shim_io_record(NULL, NULL);
        keyslots_close(&k);
        assert_true(b->count >= 4 && b->events[b->count - 1].call.kind == SHIM_SYNC);
        cut_short_everywhere(b, names, was);
        k = opened(b);
        assert_int_equal(slots_of(k), was + SLOTS);
        add(b, k, names);
        keyslots_close(&k);
    }
    images = b->images;
    print_message("enlarging: %zu images opened and verified\n", images);
    assert_true(images > 2 * 64);
    unmake(b);
    free(b);
}

/* Without space it goes on as it is. After any other failure it is closed, and the next start finds it. */
static void test_failing_calls(void **state)
{
    static const int errors[] = {ENOSPC, EIO};
    shim_control *shim = shim_io_control();
    bench *b = malloc(sizeof(*b));
    unsigned no_space = 0, broken = 0;
    (void)state;
    assert_non_null(b);
    for (size_t n = 0; n < 2; n++) {
        sluis_err e = SLUIS_INTERNAL;
        for (uint64_t at = 1; e; at++) {
            sluis_fail f = {0};
            struct stat st;
            make(b);
            keyslots *k = opened(b);
            shim->kinds = FAILED;
            shim->error = errors[n];
            shim->count = 1;
            shim->failed = 0;
            shim->from = shim->points + at;
            e = keyslots_enlarge(k, 2 * SLOTS, b->path, &f);
            shim->from = 0;
            assert_int_equal(shim->failed != 0, e != SLUIS_OK);
            assert_true(!e || e == SLUIS_NO_SPACE || e == SLUIS_IO);
            if (e) {
                assert_string_equal(f.where, b->path);
                assert_true(strstr(f.text, strerror(errors[n])) != NULL);
            }
            unsigned names = FIRST;
            if (e == SLUIS_NO_SPACE) {
                assert_int_equal(slots_of(k), SLOTS);
                assert_int_equal(stat(b->path, &st), 0);
                if (no_space++ == 0) /* the first call: nothing was allocated, nothing is left */
                    assert_int_equal(st.st_size, 4096 + SLOTS * 128);
                add(b, k, names++);
            }
            broken += e == SLUIS_IO;
            keyslots_close(&k);
            look(b, names, SLOTS, e == SLUIS_OK);
            unmake(b);
        }
    }
    print_message("enlarging: %u without space, %u broken\n", no_space, broken);
    assert_true(no_space >= 2 && broken >= 5);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_power), cmocka_unit_test(test_failing_calls)};
    return cmocka_run_group_tests_name("enlarge", tests, NULL, NULL);
}
