#include "base/file_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (1u << 20)

static sluis_err write_all(int out, const char *p, size_t n)
{
    while (n) {
        ssize_t put = write(out, p, n);
        if (put == 0 || (put < 0 && errno != EINTR))
            return SLUIS_IO;
        if (put > 0) {
            p += put;
            n -= (size_t)put;
        }
    }
    return SLUIS_OK;
}

sluis_err file_copy(const char *from, const char *to, sluis_fail *f)
{
    char *chunk = malloc(CHUNK);
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    sluis_err e = !chunk   ? fail_set(f, SLUIS_NOMEM, to, "out of memory")
                  : in < 0 ? fail_set(f, SLUIS_IO, from, "cannot be read: %s", strerror(errno))
                           : SLUIS_OK;
    if (!e && (out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        e = fail_set(f, SLUIS_IO, to, "cannot be made: %s; a new file in a writable folder is needed",
                     strerror(errno));
    for (ssize_t n; !e && (n = read(in, chunk, CHUNK)) != 0;) {
        if (n < 0 && errno != EINTR)
            e = fail_set(f, SLUIS_IO, from, "cannot be read: %s", strerror(errno));
        else if (n > 0 && write_all(out, chunk, (size_t)n))
            e = fail_set(f, SLUIS_IO, to, "cannot be written: %s", strerror(errno));
    }
    if (!e && fsync(out))
        e = fail_set(f, SLUIS_IO, to, "cannot be written: %s", strerror(errno));
    free(chunk);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return e;
}
