/* A program that is killed before any of the calls with which it changes a folder of keys: the old or the new
 * is there, whole, and after keydisk_finish nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/keydisk.h"
#include "crypto/seal_ring.h"

#define KILLED 9

static char dir[] = "/tmp/sluis-keydisk-XXXXXX", path[64];
static sluis_fail f;
static int left = -1; /* calls until the end; -1: none */

static void count(void)
{
    if (left == 0)
        _exit(KILLED);
    left -= left > 0;
}

#define REAL(name)                                                                                           \
    __typeof__(&name) real;                                                                                  \
    void *found = dlsym(RTLD_NEXT, #name);                                                                   \
    memcpy(&real, &found, sizeof real);                                                                      \
    count()

int fsync(int fd)
{
    REAL(fsync);
    return real(fd);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    return real(from, to);
}

int link(const char *from, const char *to)
{
    REAL(link);
    return real(from, to);
}

int unlink(const char *name)
{
    REAL(unlink);
    return real(name);
}

ssize_t write(int fd, const void *p, size_t n)
{
    REAL(write);
    return real(fd, p, n);
}

static uint8_t old_seed[32], new_seed[32];

/* How many files there are, and whether one holds these 32 bytes. */
static int look(const uint8_t *secret, bool *found)
{
    uint8_t text[4096];
    char name[400];
    int n = 0;
    DIR *d = opendir(dir);
    *found = false;
    for (struct dirent *x; (x = readdir(d));) {
        if (x->d_name[0] == '.')
            continue;
        n++;
        snprintf(name, sizeof name, "%s/%s", dir, x->d_name);
        FILE *in = fopen(name, "rb");
        size_t got = fread(text, 1, sizeof text, in);
        fclose(in);
        for (size_t i = 0; i + 32 <= got; i++)
            *found = *found || memcmp(text + i, secret, 32) == 0;
    }
    closedir(d);
    return n;
}

static void remove_all(void)
{
    char name[400];
    DIR *d = opendir(dir);
    for (struct dirent *x; (x = readdir(d));) {
        snprintf(name, sizeof name, "%s/%s", dir, x->d_name);
        if (x->d_name[0] != '.')
            assert_int_equal(unlink(name), 0);
    }
    closedir(d);
}

static void put_old(void)
{
    keypair k;
    assert_int_equal(keypair_from_seed(&k, USE_SEAL, old_seed, 7), SLUIS_OK);
    assert_int_equal(keyfile_write(path, &k, &f), SLUIS_OK);
    keypair_close(&k);
}

/* Whether it was killed before call k (else it came to its end). */
static bool killed_at(int k, void (*what)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        left = k;
        what();
        left = -1;
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == KILLED || WEXITSTATUS(status) == 0));
    return WEXITSTATUS(status) == KILLED;
}

static bool holds(const uint8_t *seed, size_t at)
{
    uint8_t raw[200];
    size_t n;
    return keydisk_read(raw, sizeof raw, &n, path, NULL) == SLUIS_OK && n >= at + 32 &&
           memcmp(raw + at, seed, 32) == 0;
}

static void put_new(void)
{
    if (keydisk_write_new(path, 0600, new_seed, sizeof new_seed, NULL))
        _exit(1);
}

static void a_new_file_is_whole_or_not_there(void **state)
{
    bool found, killed = true, was_there = false, was_not = false;
    int k = 0;
    (void)state;
    for (; killed; k++) {
        killed = killed_at(k, put_new);
        bool there = access(path, F_OK) == 0;
        assert_true(!there || holds(new_seed, 0));
        assert_int_equal(keydisk_finish(dir, &f), SLUIS_OK);
        assert_int_equal(look(new_seed, &found), there);
        assert_true(found == there && there == (access(path, F_OK) == 0));
        /* and without that, when it is made again */
        remove_all();
        killed_at(k, put_new);
        if (access(path, F_OK) != 0)
            put_new();
        assert_true(holds(new_seed, 0));
        was_there = was_there || (there && killed);
        was_not = was_not || !there;
        remove_all();
    }
    assert_true(k >= 5 && was_there && was_not);
}

static void replace(void)
{
    uint8_t raw[85] = {0};
    memcpy(raw, new_seed, 32);
    if (keydisk_replace(path, raw, sizeof raw, NULL))
        _exit(1);
}

static void destroy(void)
{
    if (keydisk_destroy(path, NULL))
        _exit(1);
}

static void a_replaced_file_is_the_old_or_the_new(void **state)
{
    bool found, was_old = false, was_new = false, killed = true;
    int k = 0;
    (void)state;
    for (; killed; k++) {
        put_old();
        killed = killed_at(k, replace);
        bool is_old = holds(old_seed, 21), is_new = holds(new_seed, 0);
        assert_true(is_old != is_new);
        assert_int_equal(keydisk_finish(dir, &f), SLUIS_OK);
        assert_true(is_old == holds(old_seed, 21) && is_new == holds(new_seed, 0));
        assert_int_equal(look(is_old ? new_seed : old_seed, &found), 2); /* key and .pub */
        assert_false(found);
        was_old = was_old || is_old;
        was_new = was_new || (is_new && killed);
        remove_all();
    }
    assert_true(k >= 9 && was_old && was_new);
}

static void a_destroyed_file_is_there_or_gone(void **state)
{
    bool found, killed = true, was_there = false, was_gone = false;
    int k = 0;
    (void)state;
    for (; killed; k++) {
        put_old();
        killed = killed_at(k, destroy);
        bool there = holds(old_seed, 21);
        assert_int_equal(keydisk_finish(dir, &f), SLUIS_OK);
        assert_true(there == holds(old_seed, 21));
        assert_int_equal(look(old_seed, &found), there ? 2 : 1);
        assert_true(found == there);
        was_there = was_there || there;
        was_gone = was_gone || (!there && killed);
        remove_all();
    }
    assert_true(k >= 6 && was_there && was_gone);
    assert_int_equal(keydisk_destroy(path, NULL), SLUIS_NOT_FOUND);
}

static void renew(void)
{
    seal_ring *r = NULL, *next = NULL;
    if (seal_ring_load(&r, dir, NULL, NULL) || seal_ring_renew(&next, r, dir, NULL, 9, NULL))
        _exit(1);
}

/* One key or two, each whole, and the next start takes what there is. */
static void a_ring_is_renewed_or_not(void **state)
{
    bool found, killed = true, once = false, twice = false;
    int k = 0;
    (void)state;
    for (; killed; k++) {
        seal_ring *r = NULL;
        put_old();
        killed = killed_at(k, renew);
        if (seal_ring_load(&r, dir, NULL, &f))
            fail_msg("call %d: %s: %s", k, f.where, f.text);
        size_t n = seal_ring_count(r);
        int files = look(old_seed, &found);
        assert_true(found && (n == 1 || n == 2));
        assert_true(n == 1 ? files == 2 || files == 3 : files == 4); /* a .pub may have come before its key */
        once = once || n == 1;
        twice = twice || (n == 2 && killed);
        seal_ring_unref(&r);
        remove_all();
    }
    assert_true(k >= 7 && once && twice);
}

static void destroy_key(void)
{
    if (keyfile_destroy(path, NULL))
        _exit(1);
}

static void a_key_of_a_ring_is_there_or_gone(void **state)
{
    bool found, killed = true;
    int k = 0;
    (void)state;
    for (; killed; k++) {
        seal_ring *r = NULL;
        keypair other;
        char second[80];
        put_old();
        snprintf(second, sizeof second, "%s/seal.8.key", dir);
        assert_int_equal(keypair_generate(&other, USE_SEAL, 8), SLUIS_OK);
        assert_int_equal(keyfile_write(second, &other, &f), SLUIS_OK);
        keypair_close(&other);
        killed = killed_at(k, destroy_key);
        if (seal_ring_load(&r, dir, NULL, &f))
            fail_msg("call %d: %s: %s", k, f.where, f.text);
        look(old_seed, &found);
        assert_int_equal(seal_ring_count(r), found ? 2 : 1);
        assert_true(killed || !found);
        seal_ring_unref(&r);
        remove_all();
    }
    assert_true(k >= 7);
}

/* The bytes of the file are written over in place, before its name goes. */
static void what_is_destroyed_is_written_over(void **state)
{
    uint8_t raw[85];
    struct stat st;
    (void)state;
    put_old();
    int fd = open(path, O_RDONLY);
    assert_int_equal(keydisk_destroy(path, &f), SLUIS_OK);
    assert_int_equal(pread(fd, raw, sizeof raw, 0), sizeof raw);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(st.st_size, 85);
    assert_memory_not_equal(raw, "sluis-key-1\n", 12);
    assert_memory_not_equal(raw + 21, old_seed, 32);
    close(fd);
    remove_all();
}

static void one_program_or_many(void **state)
{
    int a, b, c;
    (void)state;
    assert_int_equal(keydisk_lock(&a, dir, false, &f), SLUIS_OK);
    assert_int_equal(keydisk_lock(&b, dir, false, &f), SLUIS_OK);
    assert_int_equal(keydisk_lock(&c, dir, true, &f), SLUIS_CONFLICT);
    assert_non_null(strstr(f.text, "stop it first"));
    close(a);
    close(b);
    assert_int_equal(keydisk_lock(&c, dir, true, NULL), SLUIS_OK);
    assert_int_equal(keydisk_lock(&a, dir, false, NULL), SLUIS_CONFLICT);
    close(c);
}

static int start(void **state)
{
    (void)state;
    if (crypto_start() != SLUIS_OK || !mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/seal.key", dir);
    memset(old_seed, 0x61, 32);
    memset(new_seed, 0x62, 32);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_file_is_whole_or_not_there),
        cmocka_unit_test(a_replaced_file_is_the_old_or_the_new),
        cmocka_unit_test(a_destroyed_file_is_there_or_gone),
        cmocka_unit_test(a_ring_is_renewed_or_not),
        cmocka_unit_test(a_key_of_a_ring_is_there_or_gone),
        cmocka_unit_test(what_is_destroyed_is_written_over),
        cmocka_unit_test(one_program_or_many),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
