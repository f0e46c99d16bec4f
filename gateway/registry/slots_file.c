/* The key file.
 *
 *    0  16  "sluis-keyslots\n" and a zero byte
 *   16   4  format version u32 = 1
 *   20   4  bytes of a slot u32 = 128
 *   24   8  slots u64 that it was made with
 *   32  32  H("sluis1-slots", Kh, all before), Kh = H("sluis1-k-slots", KM, "")
 *   64  64  once it was enlarged: slots u64 it has since then | 24 zero | H("sluis1-slots", Kh, all before)
 * 32 128  64  enlarged again, and so on; zero up to 4096; then the slots, as keyslots.h has them
 *
 * Enlarging: the new slots are allocated, zero, and synced; then 64 bytes of the header say so. Until these
 * are whole on disk the file is the smaller one, with zeros behind it.
 *
 * A slot never crosses a disk sector, and is written by one pwrite. Reads are pread, not a mapping: a failing
 * disk is then an error and not a signal. */
#include "registry/slots_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_LEN     4096
#define RECORD_LEN     64
#define RECORD_FIXED   32
#define PART_MIN       64
#define AT_CAPACITY    24 /* in the first record */
#define CHUNK_LEN      65536
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

static void record_check(uint8_t out[static HASH_LEN], const uint8_t *header, unsigned part,
                         const uint8_t kh[static KEY_LEN])
{
    hash_one(out, "sluis1-slots", kh, header, part * RECORD_LEN + RECORD_FIXED);
}

/* header: the records before this one. end: the slots that the file has with this part. */
static void record_put(uint8_t header[static HEADER_LEN], unsigned part, uint64_t end,
                       const uint8_t kh[static KEY_LEN])
{
    uint8_t *record = header + part * RECORD_LEN;

    memset(record, 0, RECORD_LEN);
    if (part == 0) {
        memcpy(record, magic, sizeof(magic));
        put_u32(record + 16, FORMAT_VERSION);
        put_u32(record + 20, SLOT_LEN);
    }
    put_u64(record + (part ? 0 : AT_CAPACITY), end);
    record_check(record + RECORD_FIXED, header, part, kh);
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

static sluis_err not_so_many(uint64_t capacity, const char *path, sluis_fail *f)
{
    return fail_set(f, SLUIS_INVALID, path, "a key file holds %d to %llu slots, not %llu", CAPACITY_MIN,
                    (unsigned long long)CAPACITY_MAX, (unsigned long long)capacity);
}

/* Under another name first, so that a crash never leaves half a key file under the real one. */
static sluis_err file_create(const char *path, uint64_t capacity, const uint8_t kh[static KEY_LEN],
                             sluis_fail *f)
{
    uint8_t header[HEADER_LEN] = {0};
    char temp[4096];
    int code;

    if (capacity < CAPACITY_MIN || capacity > CAPACITY_MAX)
        return not_so_many(capacity, path, f);
    if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
        return fail_set(f, SLUIS_TOO_BIG, "", "the path of the key file is too long");
    int fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_set(f, SLUIS_IO, temp, "cannot be created: %s", strerror(errno));
    record_put(header, 0, capacity, kh);
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

/* Whether the file is zero from here to its end. */
static sluis_err tail_zero(int fd, off_t at, off_t end, bool *zero)
{
    uint8_t *chunk = malloc(CHUNK_LEN);
    sluis_err err = chunk ? SLUIS_OK : SLUIS_NOMEM;

    for (*zero = true; !err && *zero && at < end; at += CHUNK_LEN) {
        size_t n = end - at < CHUNK_LEN ? (size_t)(end - at) : CHUNK_LEN;
        err = read_at(fd, chunk, n, at);
        *zero = slots_file_zero(chunk, n);
    }
    free(chunk);
    return err;
}

/* The parts behind the first. What an enlargement left that did not come to its end is passed over: slots
 * that are zero, and of its record anything. Slots that are not zero were counted once, so then the header is
 * damaged. */
static sluis_err parts_check(slots_file *s, const uint8_t header[static HEADER_LEN], off_t size,
                             const char *path, const uint8_t kh[static KEY_LEN], sluis_fail *f)
{
    uint8_t mac[HASH_LEN];
    bool zero = true;

    for (s->parts = 1; s->parts < SLOTS_PARTS; s->parts++) {
        const uint8_t *record = header + s->parts * RECORD_LEN;
        record_check(mac, header, s->parts, kh);
        if (!secret_equal(mac, record + RECORD_FIXED, HASH_LEN))
            break;
        s->end[s->parts] = get_u64(record);
    }
    const off_t end = slot_offset(slots_file_capacity(s));
    size_t rest = s->parts * RECORD_LEN;
    if (size > end && s->parts < SLOTS_PARTS)
        rest += RECORD_LEN;
    if (!slots_file_zero(header + rest, HEADER_LEN - rest))
        return fail_set(f, SLUIS_CORRUPT, path, "has a damaged header");
    sluis_err err = size > end ? tail_zero(s->fd, end, size, &zero) : SLUIS_OK;
    if (err)
        return fail_set(f, err, path, "cannot be read to its end: %s", error_text(err));
    if (size < end || !zero)
        return fail_set(f, SLUIS_CORRUPT, path, "has %lld bytes instead of %lld", (long long)size,
                        (long long)end);
    return SLUIS_OK;
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
    record_check(mac, header, 0, kh);
    if (!secret_equal(mac, header + RECORD_FIXED, HASH_LEN))
        return fail_set(f, SLUIS_CORRUPT, path,
                        "was made with another master key, or its header was changed; give the master key "
                        "that this key file was made with");
    s->end[0] = get_u64(header + AT_CAPACITY);
    if (get_u32(header + 20) != SLOT_LEN || s->end[0] < CAPACITY_MIN || s->end[0] > CAPACITY_MAX)
        return fail_set(f, SLUIS_CORRUPT, path, "has a damaged header");
    return parts_check(s, header, st.st_size, path, kh, f);
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

uint64_t slots_file_capacity(const slots_file *s)
{
    return s->end[s->parts - 1];
}

/* Zero slots up to this one, on disk. */
static sluis_err allocate(const slots_file *s, uint64_t to, const char *path, sluis_fail *f)
{
    const off_t from = slot_offset(slots_file_capacity(s)), end = slot_offset(to);
    struct stat st;

    if (fstat(s->fd, &st))
        return fail_set(f, SLUIS_IO, path, "cannot be examined: %s", strerror(errno));
    off_t before = st.st_size < end ? st.st_size : end; /* more, of zeros, an enlargement may have left */
    int code = posix_fallocate(s->fd, from, end - from);
    if (ftruncate(s->fd, code ? before : end) || fsync(s->fd))
        return fail_set(f, SLUIS_IO, path, "cannot be enlarged: %s", strerror(errno));
    if (!code)
        return SLUIS_OK;
    bool full = code == ENOSPC || code == EDQUOT;
    return fail_set(f, full ? SLUIS_NO_SPACE : SLUIS_IO, path, "cannot be enlarged: %s", strerror(code));
}

sluis_err slots_file_enlarge(slots_file *s, uint64_t capacity, const uint8_t kh[static KEY_LEN],
                             const char *path, sluis_fail *f)
{
    uint8_t header[HEADER_LEN];
    const uint64_t now = slots_file_capacity(s), to = capacity < now + PART_MIN ? now + PART_MIN : capacity;
    const off_t at = (off_t)s->parts * RECORD_LEN;

    if (to > CAPACITY_MAX)
        return not_so_many(to, path, f);
    if (s->parts == SLOTS_PARTS)
        return fail_set(f, SLUIS_FULL, path,
                        "has %llu slots and was enlarged %d times, as often as it can be: set "
                        "limits.key_slots to what it has",
                        (unsigned long long)now, SLOTS_PARTS - 1);
    sluis_err err = allocate(s, to, path, f);
    if (err)
        return err;
    if ((err = read_at(s->fd, header, sizeof(header), 0)))
        return fail_set(f, err, path, "its header cannot be read: %s", error_text(err));
    record_put(header, s->parts, to, kh);
    if ((err = write_at(s->fd, header + at, RECORD_LEN, at)) || fsync(s->fd))
        return fail_set(f, err ? err : SLUIS_IO, path, "cannot be written: %s", strerror(errno));
    s->end[s->parts++] = to;
    return SLUIS_OK;
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
