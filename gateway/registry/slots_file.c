/* The key file.
 *
 *    0  16  "sluis-keyslots\n" and a zero byte
 *   16   4  format version u32 = 1
 *   20   4  bytes of a slot u32 = 128
 *   24   8  capacity u64, slots
 *   32  32  H("sluis1-slots", Kh, bytes 0..31), Kh = H("sluis1-k-slots", KM, "")
 *   64      zero up to 4096; then the slots, as keyslots.h has them
 *
 * A slot never crosses a disk sector, and is written by one pwrite. Reads are pread, not a mapping: a failing
 * disk is then an error and not a signal. */
#include "registry/slots_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_LEN     4096
#define HEADER_FIXED   32
#define FORMAT_VERSION 1
#define CAPACITY_MIN   16
#define CAPACITY_MAX   (UINT64_C(1) << 32)

static const char magic[16] = "sluis-keyslots\n";

static off_t slot_offset(uint64_t slot)
{
    return (off_t)(HEADER_LEN + slot * SLOT_LEN);
}

static sluis_err read_at(int fd, void *p, size_t n, off_t at)
{
    uint8_t *to = p;

    while (n) {
        ssize_t r = pread(fd, to, n, at);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return r ? SLUIS_IO : SLUIS_CORRUPT;
        to += r;
        at += r;
        n -= (size_t)r;
    }
    return SLUIS_OK;
}

static sluis_err write_at(int fd, const void *p, size_t n, off_t at)
{
    const uint8_t *from = p;

    while (n) {
        ssize_t r = pwrite(fd, from, n, at);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return errno == ENOSPC ? SLUIS_NO_SPACE : SLUIS_IO;
        from += r;
        at += r;
        n -= (size_t)r;
    }
    return SLUIS_OK;
}

bool slots_file_zero(const uint8_t *p, size_t n)
{
    uint8_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

static void header_fixed(uint8_t out[static HEADER_FIXED], uint64_t capacity)
{
    memcpy(out, magic, sizeof(magic));
    put_u32(out + 16, FORMAT_VERSION);
    put_u32(out + 20, SLOT_LEN);
    put_u64(out + 24, capacity);
}

static sluis_err sync_folder(const char *path)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;

    if (n >= sizeof(dir))
        return SLUIS_TOO_BIG;
    memcpy(dir, path, n);
    dir[n] = 0;
    int fd = open(n ? dir : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return SLUIS_IO;
    sluis_err err = fsync(fd) ? SLUIS_IO : SLUIS_OK;
    close(fd);
    return err;
}

/* Under another name first, so that a crash never leaves half a key file under the real one. */
static sluis_err file_create(const char *path, uint64_t capacity, const uint8_t kh[static KEY_LEN],
                             sluis_fail *f)
{
    uint8_t header[HEADER_LEN] = {0};
    char temp[4096];
    int code;

    if (capacity < CAPACITY_MIN || capacity > CAPACITY_MAX)
        return fail_set(f, SLUIS_INVALID, path, "a key file holds %d to %llu slots, not %llu", CAPACITY_MIN,
                        (unsigned long long)CAPACITY_MAX, (unsigned long long)capacity);
    if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
        return fail_set(f, SLUIS_TOO_BIG, "", "the path of the key file is too long");
    int fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_set(f, SLUIS_IO, temp, "cannot be created: %s", strerror(errno));
    header_fixed(header, capacity);
    hash_one(header + HEADER_FIXED, "sluis1-slots", kh, header, HEADER_FIXED);
    sluis_err err = SLUIS_OK;
    if ((code = posix_fallocate(fd, 0, slot_offset(capacity))))
        err = fail_set(f, code == ENOSPC ? SLUIS_NO_SPACE : SLUIS_IO, temp, "cannot be allocated: %s",
                       strerror(code));
    else if ((err = write_at(fd, header, sizeof(header), 0)) || fsync(fd))
        err = fail_set(f, err ? err : SLUIS_IO, temp, "cannot be written: %s", strerror(errno));
    close(fd);
    if (!err && (rename(temp, path) || sync_folder(path)))
        err = fail_set(f, SLUIS_IO, path, "cannot be put in place: %s", strerror(errno));
    if (err)
        unlink(temp);
    return err;
}

static sluis_err header_check(slots_file *s, const char *path, const uint8_t kh[static KEY_LEN],
                              sluis_fail *f)
{
    uint8_t header[HEADER_LEN], mac[HASH_LEN];
    struct stat st;

    if (fstat(s->fd, &st))
        return fail_set(f, SLUIS_IO, path, "cannot be examined: %s", strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
        return fail_set(f, SLUIS_PERMISSION, path, "must be a file of this user with mode 0600");
    sluis_err err = read_at(s->fd, header, sizeof(header), 0);
    if (err)
        return fail_set(f, err, path, "is too short for its header, or cannot be read");
    if (memcmp(header, magic, sizeof(magic)))
        return fail_set(f, SLUIS_CORRUPT, path, "is not a key file");
    const uint32_t version = get_u32(header + 16);
    if (version != FORMAT_VERSION)
        return fail_set(
            f, SLUIS_VERSION, path,
            version > FORMAT_VERSION
                ? "has format version %u, of a newer release; this program reads %d: run the newer one"
                : "has format version %u; this program reads %d",
            (unsigned)version, FORMAT_VERSION);
    hash_one(mac, "sluis1-slots", kh, header, HEADER_FIXED);
    if (!secret_equal(mac, header + HEADER_FIXED, HASH_LEN))
        return fail_set(f, SLUIS_CORRUPT, path,
                        "was made with another master key, or its header was changed; give the master key "
                        "that this key file was made with");
    s->capacity = get_u64(header + 24);
    if (get_u32(header + 20) != SLOT_LEN || s->capacity < CAPACITY_MIN || s->capacity > CAPACITY_MAX ||
        !slots_file_zero(header + HEADER_FIXED + HASH_LEN, HEADER_LEN - HEADER_FIXED - HASH_LEN))
        return fail_set(f, SLUIS_CORRUPT, path, "has a damaged header");
    if (st.st_size != slot_offset(s->capacity))
        return fail_set(f, SLUIS_CORRUPT, path, "has %lld bytes instead of %lld", (long long)st.st_size,
                        (long long)slot_offset(s->capacity));
    return SLUIS_OK;
}

sluis_err slots_file_open(slots_file *out, const char *path, bool writable, uint64_t capacity,
                          const uint8_t kh[static KEY_LEN], sluis_fail *f)
{
    slots_file s = {.fd = -1};
    sluis_err err;

    if (writable && access(path, F_OK) && errno == ENOENT && (err = file_create(path, capacity, kh, f)))
        return err;
    s.fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC);
    if (s.fd < 0)
        return fail_set(f, errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_IO, path, "cannot be opened: %s",
                        strerror(errno));
    if (writable && flock(s.fd, LOCK_EX | LOCK_NB))
        err = fail_set(f, SLUIS_CONFLICT, path, "is in use by another process");
    else
        err = header_check(&s, path, kh, f);
    if (err)
        slots_file_close(&s);
    else
        *out = s;
    return err;
}

void slots_file_close(slots_file *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

sluis_err slots_file_read(const slots_file *s, uint8_t *out, uint64_t slot, uint64_t n)
{
    return read_at(s->fd, out, (size_t)n * SLOT_LEN, slot_offset(slot));
}

sluis_err slots_file_write(const slots_file *s, const uint8_t raw[static SLOT_LEN], uint64_t slot)
{
    return write_at(s->fd, raw, SLOT_LEN, slot_offset(slot));
}

sluis_err slots_file_sync(const slots_file *s)
{
    return fdatasync(s->fd) ? SLUIS_IO : SLUIS_OK;
}
