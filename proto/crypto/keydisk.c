#include "crypto/keydisk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"

#define NEW        ".new"
#define GONE       ".gone"
#define PART       ".part"
#define SUFFIX     8
#define CHUNK      512
#define SECRET_MAX (64u << 10) /* bytes written over; no file of a secret is larger */

static sluis_err fail_errno(sluis_fail *f, const char *path, const char *doing)
{
    int saved = errno;
    switch (saved) {
    case EEXIST:
        return fail_set(f, SLUIS_EXISTS, path,
                        "exists already; keys are never overwritten: move it away first");
    case ENOENT:
        return fail_set(f, SLUIS_NOT_FOUND, path, "no such file; make it with `sluisctl key new`");
    case ELOOP:
        return fail_set(f, SLUIS_PERMISSION, path, "is a symbolic link; name the file itself");
    case EACCES:
    case EPERM:
        return fail_set(f, SLUIS_PERMISSION, path, "cannot %s: %s; run as the owner of the keys", doing,
                        strerror(saved));
    case ENOSPC:
    case EDQUOT:
        return fail_set(f, SLUIS_NO_SPACE, path, "cannot %s: %s", doing, strerror(saved));
    default:
        return fail_set(f, SLUIS_IO, path, "cannot %s: %s", doing, strerror(saved));
    }
}

static bool write_all(int fd, const void *p, size_t n)
{
    for (const uint8_t *at = p; n > 0;) {
        ssize_t w = write(fd, at, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return false;
        at += w;
        n -= (size_t)w;
    }
    return true;
}

sluis_err keydisk_sync_folder(const char *path, sluis_fail *f)
{
    char dir[KEYDISK_PATH] = ".";
    const char *slash = strrchr(path, '/');
    if (slash)
        snprintf(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(f, dir, "open the folder");
    sluis_err e = fsync(fd) == 0 ? SLUIS_OK : fail_errno(f, dir, "sync the folder");
    close(fd);
    return e;
}

static sluis_err check_owner(int fd, const char *path, sluis_fail *f)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail_errno(f, path, "look at it");
    if (!S_ISREG(st.st_mode))
        return fail_set(f, SLUIS_PERMISSION, path, "is not a regular file");
    if (st.st_uid != geteuid())
        return fail_set(f, SLUIS_PERMISSION, path, "belongs to user %u, this program runs as %u: chown it",
                        (unsigned)st.st_uid, (unsigned)geteuid());
    if (st.st_mode & 077)
        return fail_set(f, SLUIS_PERMISSION, path, "mode %04o opens it to others: chmod 600 it",
                        (unsigned)(st.st_mode & 07777));
    return SLUIS_OK;
}

static sluis_err read_all(int fd, uint8_t *out, size_t cap, size_t *n, const char *path, sluis_fail *f)
{
    *n = 0;
    while (*n < cap) {
        ssize_t r = read(fd, out + *n, cap - *n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return fail_errno(f, path, "read it");
        if (r == 0)
            break;
        *n += (size_t)r;
    }
    return SLUIS_OK;
}

sluis_err keydisk_read(uint8_t *out, size_t cap, size_t *n, const char *path, sluis_fail *f)
{
    *n = 0;
    /* Without O_NONBLOCK a FIFO in the file's place would hold the program here. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_errno(f, path, "open it");
    sluis_err e = check_owner(fd, path, f);
    if (!e)
        e = read_all(fd, out, cap, n, path, f);
    close(fd);
    return e;
}

static sluis_err beside(char out[static KEYDISK_PATH], const char *path, const char *suffix, sluis_fail *f)
{
    if (strlen(path) + SUFFIX > KEYDISK_PATH)
        return fail_set(f, SLUIS_TOO_BIG, path, "path longer than %d bytes", KEYDISK_PATH - SUFFIX);
    snprintf(out, KEYDISK_PATH, "%.*s%s", KEYDISK_PATH - SUFFIX, path, suffix);
    return SLUIS_OK;
}

/* Writes over what the file holds, in place, and syncs it. */
static sluis_err write_over(int fd, const char *path, sluis_fail *f)
{
    uint8_t noise[CHUNK];
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail_errno(f, path, "look at it");
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)SECRET_MAX)
        return fail_set(f, SLUIS_INVALID, path, "is no file of a secret: remove it by hand");
    for (off_t left = st.st_size; left > 0;) {
        size_t n = left < CHUNK ? (size_t)left : CHUNK;
        random_bytes(noise, n);
        if (!write_all(fd, noise, n))
            return fail_errno(f, path, "write over it");
        left -= (off_t)n;
    }
    return fsync(fd) == 0 ? SLUIS_OK : fail_errno(f, path, "write over it");
}

static sluis_err end_file(const char *path, sluis_fail *f)
{
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? SLUIS_OK : fail_errno(f, path, "open it");
    sluis_err e = write_over(fd, path, f);
    if (close(fd) != 0 && !e)
        e = fail_errno(f, path, "close it");
    if (!e && unlink(path) != 0 && errno != ENOENT)
        e = fail_errno(f, path, "remove it");
    return e ? e : keydisk_sync_folder(path, f);
}

/* gone (or a part): a second name of what is in its place loses only that name. */
static sluis_err end_gone(const char *path, const char *gone, sluis_fail *f)
{
    struct stat a, b;
    if (lstat(gone, &b) != 0)
        return errno == ENOENT ? SLUIS_OK : fail_errno(f, gone, "look at it");
    if (lstat(path, &a) != 0 || a.st_ino != b.st_ino || a.st_dev != b.st_dev)
        return end_file(gone, f);
    return unlink(gone) == 0 ? keydisk_sync_folder(path, f) : fail_errno(f, gone, "remove it");
}

static sluis_err make_file(const char *path, mode_t mode, const void *p, size_t n, sluis_fail *f)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return errno == ENOENT
                   ? fail_set(f, SLUIS_NOT_FOUND, path, "the folder that it is to be in is not there")
                   : fail_errno(f, path, "create it");
    sluis_err e = SLUIS_OK;
    if (!write_all(fd, p, n) || fsync(fd) != 0)
        e = fail_errno(f, path, "write it");
    if (close(fd) != 0 && !e)
        e = fail_errno(f, path, "close it");
    if (e)
        unlink(path);
    return e;
}

sluis_err keydisk_write_new(const char *path, mode_t mode, const void *p, size_t n, sluis_fail *f)
{
    char part[KEYDISK_PATH];
    sluis_err e = beside(part, path, PART, f);
    if (!e)
        e = end_gone(path, part, f); /* of an attempt that was cut off */
    if (!e)
        e = make_file(part, mode, p, n, f);
    if (!e && link(part, path) != 0) {
        e = fail_errno(f, path, "create it");
        end_file(part, NULL);
    }
    if (!e && unlink(part) != 0)
        e = fail_errno(f, part, "remove it");
    return e;
}

sluis_err keydisk_replace(const char *path, const void *p, size_t n, sluis_fail *f)
{
    char next[KEYDISK_PATH], gone[KEYDISK_PATH];
    sluis_err e = beside(next, path, NEW, f);
    if (!e)
        e = beside(gone, path, GONE, f);
    if (!e)
        e = end_file(next, f);
    if (!e)
        e = end_gone(path, gone, f);
    if (!e)
        e = keydisk_write_new(next, 0600, p, n, f);
    if (!e && link(path, gone) != 0)
        e = fail_errno(f, path, "give it a second name");
    if (!e && rename(next, path) != 0)
        e = fail_errno(f, path, "replace it");
    if (!e)
        e = keydisk_sync_folder(path, f);
    return e ? e : end_gone(path, gone, f);
}

sluis_err keydisk_destroy(const char *path, sluis_fail *f)
{
    char gone[KEYDISK_PATH];
    sluis_err e = beside(gone, path, GONE, f);
    if (!e)
        e = end_gone(path, gone, f);
    if (!e && rename(path, gone) != 0)
        e = fail_errno(f, path, "move it out of its place");
    if (!e)
        e = keydisk_sync_folder(path, f);
    return e ? e : end_file(gone, f);
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

sluis_err keydisk_finish(const char *folder, sluis_fail *f)
{
    char left[KEYDISK_PATH], path[KEYDISK_PATH];
    sluis_err e = SLUIS_OK;
    DIR *d = opendir(folder);
    if (!d)
        return fail_errno(f, folder, "open the folder");
    for (const struct dirent *x; !e && (x = readdir(d));) {
        bool next = ends_with(x->d_name, ".key" NEW) || ends_with(x->d_name, ".key" NEW ".pub");
        const char *second = ends_with(x->d_name, ".key" GONE) ? GONE : PART;
        if (!next && !ends_with(x->d_name, second))
            continue;
        if (snprintf(left, sizeof left, "%s/%s", folder, x->d_name) >= (int)sizeof left)
            e = fail_set(f, SLUIS_TOO_BIG, folder, "path longer than %d bytes", KEYDISK_PATH - 1);
        else if (next)
            e = end_file(left, f);
        else {
            memcpy(path, left, sizeof path);
            path[strlen(path) - strlen(second)] = '\0';
            e = end_gone(path, left, f);
        }
    }
    closedir(d);
    return e;
}

sluis_err keydisk_lock(int *fd, const char *folder, bool alone, sluis_fail *f)
{
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return fail_errno(f, folder, "open the folder");
    if (flock(*fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
        return SLUIS_OK;
    sluis_err e =
        errno == EWOULDBLOCK
            ? fail_set(f, SLUIS_CONFLICT, folder, "%s",
                       alone ? "a program runs on these keys: stop it first"
                             : "sluisctl is changing how these keys are kept: start when it is done")
            : fail_errno(f, folder, "lock the folder");
    close(*fd);
    *fd = -1;
    return e;
}
