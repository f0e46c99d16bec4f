#include "ctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_CAP 4096

static bool write_all(int fd, const void *p, size_t n)
{
    const char *from = p;
    while (n) {
        ssize_t w = write(fd, from, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return false;
        from += w;
        n -= (size_t)w;
    }
    return true;
}

/* Closes fd. */
static sluis_err fill(int fd, const char *path, const void *p, size_t n, sluis_fail *f)
{
    bool ok = write_all(fd, p, n) && fsync(fd) == 0;
    int why = errno;
    ok = close(fd) == 0 && ok;
    if (ok)
        return SLUIS_OK;
    unlink(path);
    return fail_set(f, SLUIS_IO, path, "cannot be written: %s", strerror(why));
}

sluis_err file_write_new(const char *path, const void *p, size_t n, mode_t mode, sluis_fail *f)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return fail_set(f, errno == EEXIST ? SLUIS_EXISTS : SLUIS_IO, path, "cannot be made: %s",
                        strerror(errno));
    return fill(fd, path, p, n, f);
}

static sluis_err sync_folder_of(const char *path, sluis_fail *f)
{
    char dir[PATH_CAP];
    const char *slash = strrchr(path, '/');
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok ? SLUIS_OK : fail_set(f, SLUIS_IO, dir, "cannot be synced: %s", strerror(errno));
}

sluis_err file_replace(const char *path, const void *p, size_t n, mode_t mode, sluis_fail *f)
{
    char temp[PATH_CAP];
    if (snprintf(temp, sizeof temp, "%s.new", path) >= (int)sizeof temp)
        return fail_set(f, SLUIS_TOO_BIG, "", "the path is too long");
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return fail_set(f, SLUIS_IO, temp, "cannot be made: %s", strerror(errno));
    sluis_err e = fill(fd, temp, p, n, f);
    if (e)
        return e;
    if (rename(temp, path)) {
        unlink(temp);
        return fail_set(f, SLUIS_IO, path, "cannot be put in place: %s", strerror(errno));
    }
    return sync_folder_of(path, f);
}
