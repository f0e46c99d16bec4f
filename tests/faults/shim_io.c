#include "faults/shim_io.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* A test's own instrument: the one place with globals, since it stands where the C library does. */
static shim_control own;
static shim_control *control = &own;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*recorder)(void *ctx, const shim_call *c);
static void *recorder_ctx;

/* POSIX lets a pointer to a function come from dlsym; C does not. */
#define REAL(name)                                                                                           \
    static __typeof__(&name) real;                                                                           \
    if (!real) {                                                                                             \
        void *found = dlsym(RTLD_NEXT, #name);                                                               \
        memcpy(&real, &found, sizeof real);                                                                  \
    }

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("SLUIS_SHIM");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *p = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p != MAP_FAILED)
        control = p;
}

shim_control *shim_io_control(void)
{
    return control;
}

void shim_io_record(void (*each)(void *ctx, const shim_call *c), void *ctx)
{
    pthread_mutex_lock(&lock);
    recorder = each;
    recorder_ctx = ctx;
    pthread_mutex_unlock(&lock);
}

/* Whether it is a folder named "keys", or lies in one. */
static bool of_keys(const char *path)
{
    const char *name = strrchr(path, '/'), *end = name ? name : path;
    if (name && strcmp(name, "/keys") == 0)
        return true;
    return end - path >= 5 && strncmp(end - 5, "/keys", 5) == 0;
}

/* Which file of a store or a folder of keys this is, 0: none. */
static char file_of(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return 0;
    path[n] = '\0';
    const char *name = strrchr(path, '/');
    if (!name)
        return 0;
    return strcmp(name, "/data.mdb") == 0          ? 'd'
           : strncmp(name, "/keys.slots", 11) == 0 ? 'k'
           : of_keys(path)                         ? 'f'
                                                   : 0;
}

/* Counts the call; true: it is to fail, and errno says how. */
static bool fails(char file, int kind)
{
    if (!file)
        return false;
    if (file == 'f')
        kind = SHIM_KEYS;
    uint64_t at = atomic_fetch_add(&control->points, 1) + 1;
    uint64_t from = atomic_load(&control->from);
    if (!from || at < from || !(atomic_load(&control->kinds) & (uint32_t)kind) ||
        atomic_load(&control->failed) >= atomic_load(&control->count))
        return false;
    atomic_fetch_add(&control->failed, 1);
    int error = atomic_load(&control->error);
    if (error == SHIM_KILL)
        raise(SIGKILL);
    errno = error;
    return true;
}

/* Of a store's folder, or of a file in one, or of a folder of keys. */
static char file_named(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (of_keys(path))
        return 'f';
    return strncmp(name, "store", 5) == 0 || strcmp(name, "data.mdb") == 0 ? 'd' : 0;
}

static void record(char file, int fd, int kind, const void *data, uint64_t length, off_t offset)
{
    if (!file || file == 'f')
        return;
    int flags = fcntl(fd, F_GETFL);
    const shim_call c = {.kind = kind,
                         .file = file,
                         .durable = kind == SHIM_WRITE && (flags & O_DSYNC),
                         .offset = (uint64_t)offset,
                         .length = length,
                         .data = data};
    if (recorder)
        recorder(recorder_ctx, &c);
}

/* Recording a call and doing it are one step, so that the record has the file's own order. */
#define DO(file, call, kind, data, length, offset)                                                           \
    pthread_mutex_lock(&lock);                                                                               \
    call;                                                                                                    \
    if (r >= 0)                                                                                              \
        record(file, fd, kind, data, length, offset);                                                        \
    pthread_mutex_unlock(&lock);

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    REAL(pwrite)
    char file = file_of(fd);
    ssize_t r;
    if (!file)
        return real(fd, data, n, at);
    if (fails(file, fcntl(fd, F_GETFL) & O_DSYNC ? SHIM_META : SHIM_WRITE))
        return -1;
    DO(file, r = real(fd, data, n, at), SHIM_WRITE, data, (uint64_t)r, at);
    return r;
}

/* LMDB seeks, and then writes several pages at once. */
ssize_t writev(int fd, const struct iovec *v, int count)
{
    REAL(writev)
    char file = file_of(fd);
    if (!file)
        return real(fd, v, count);
    if (fails(file, SHIM_WRITE))
        return -1;
    pthread_mutex_lock(&lock);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t r = real(fd, v, count);
    uint64_t left = r < 0 ? 0 : (uint64_t)r;
    for (int i = 0; i < count && left; i++) {
        uint64_t part = v[i].iov_len < left ? v[i].iov_len : left;
        record(file, fd, SHIM_WRITE, v[i].iov_base, part, at);
        at += (off_t)part;
        left -= part;
    }
    pthread_mutex_unlock(&lock);
    return r;
}

/* Of a folder of keys only: a store is not written to like this. */
ssize_t write(int fd, const void *data, size_t n)
{
    REAL(write)
    return file_of(fd) == 'f' && fails('f', SHIM_KEYS) ? -1 : real(fd, data, n);
}

int fdatasync(int fd)
{
    REAL(fdatasync)
    char file = file_of(fd);
    int r;
    if (!file)
        return real(fd);
    if (fails(file, SHIM_SYNC))
        return -1;
    DO(file, r = real(fd), SHIM_SYNC, NULL, 0, 0);
    return r;
}

int fsync(int fd)
{
    REAL(fsync)
    char file = file_of(fd);
    int r;
    if (!file)
        return real(fd);
    if (fails(file, SHIM_SYNC))
        return -1;
    DO(file, r = real(fd), SHIM_SYNC, NULL, 0, 0);
    return r;
}

int ftruncate(int fd, off_t n)
{
    REAL(ftruncate)
    char file = file_of(fd);
    int r;
    if (!file)
        return real(fd, n);
    if (fails(file, SHIM_TRUNCATE))
        return -1;
    DO(file, r = real(fd, n), SHIM_TRUNCATE, NULL, (uint64_t)n, 0);
    return r;
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
    REAL(fallocate)
    char file = file_of(fd);
    int r;
    if (!file)
        return real(fd, mode, at, n);
    if (fails(file, SHIM_ALLOCATE))
        return -1;
    DO(file, r = real(fd, mode, at, n), SHIM_ALLOCATE, NULL, (uint64_t)n, at);
    return r;
}

/* Returns the error, and leaves errno alone. */
int posix_fallocate(int fd, off_t at, off_t n)
{
    REAL(posix_fallocate)
    char file = file_of(fd);
    int saved = errno;
    if (!file)
        return real(fd, at, n);
    if (fails(file, SHIM_ALLOCATE)) {
        int error = errno;
        errno = saved;
        return error;
    }
    pthread_mutex_lock(&lock);
    int error = real(fd, at, n);
    if (error == 0)
        record(file, fd, SHIM_ALLOCATE, NULL, (uint64_t)n, at);
    pthread_mutex_unlock(&lock);
    return error;
}

/* What large-file builds call: the same, by another name. */
ssize_t pwrite64(int fd, const void *data, size_t n, off_t at) __attribute__((alias("pwrite")));
int ftruncate64(int fd, off_t n) __attribute__((alias("ftruncate")));
int fallocate64(int fd, int mode, off_t at, off_t n) __attribute__((alias("fallocate")));
int posix_fallocate64(int fd, off_t at, off_t n) __attribute__((alias("posix_fallocate")));

/* A change of names: counted and failed, not recorded (a recorder replays one folder's files). */
int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    REAL(renameat)
    return fails(file_named(from), SHIM_NAME) ? -1 : real(from_dir, from, to_dir, to);
}

int rename(const char *from, const char *to)
{
    REAL(rename)
    return of_keys(from) && fails('f', SHIM_KEYS) ? -1 : real(from, to);
}

int link(const char *from, const char *to)
{
    REAL(link)
    return of_keys(from) && fails('f', SHIM_KEYS) ? -1 : real(from, to);
}

int unlink(const char *path)
{
    REAL(unlink)
    return fails(file_named(path), SHIM_NAME) ? -1 : real(path);
}

int rmdir(const char *path)
{
    REAL(rmdir)
    return fails(file_named(path), SHIM_NAME) ? -1 : real(path);
}
