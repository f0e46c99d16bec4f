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
#include "registry/keyslots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_LEN     4096
#define HEADER_FIXED   32
#define FORMAT_VERSION 1
#define SLOT_LEN       128
#define SLOT_P         8
#define SLOT_SID       40
#define SLOT_NONCE     56 /* and the associated data end here */
#define SLOT_SEALED    80
#define PROBE_SLOTS    8 /* read at once while probing */
#define SCAN_SLOTS     4096
#define CAPACITY_MIN   16
#define CAPACITY_MAX   (UINT64_C(1) << 32)
#define TORN_RETRIES   4

static const char magic[16] = "sluis-keyslots\n";

enum { SLOT_FREE = 0, SLOT_LIVE = 1, SLOT_ERASED = 2 };

typedef struct {
    uint8_t kp[KEY_LEN], kw[KEY_LEN], kh[KEY_LEN];
} slot_secrets;

struct keyslots {
    int fd;
    bool writable, dirty;
    uint64_t capacity;
    atomic_uint_fast64_t live, erased;
    slot_secrets *secrets; /* locked memory */
    row_keys *rows;
};

/* ---- the file ---- */

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

static bool all_zero(const uint8_t *p, size_t n)
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
static sluis_err file_create(const char *path, uint64_t capacity, const slot_secrets *secrets, sluis_fail *f)
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
    hash_one(header + HEADER_FIXED, "sluis1-slots", secrets->kh, header, HEADER_FIXED);
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

static sluis_err header_check(keyslots *k, const char *path, sluis_fail *f)
{
    uint8_t header[HEADER_LEN], mac[HASH_LEN];
    struct stat st;

    if (fstat(k->fd, &st))
        return fail_set(f, SLUIS_IO, path, "cannot be examined: %s", strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
        return fail_set(f, SLUIS_PERMISSION, path, "must be a file of this user with mode 0600");
    sluis_err err = read_at(k->fd, header, sizeof(header), 0);
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
    hash_one(mac, "sluis1-slots", k->secrets->kh, header, HEADER_FIXED);
    if (!secret_equal(mac, header + HEADER_FIXED, HASH_LEN))
        return fail_set(f, SLUIS_CORRUPT, path,
                        "was made with another master key, or its header was changed; give the master key "
                        "that this key file was made with");
    k->capacity = get_u64(header + 24);
    if (get_u32(header + 20) != SLOT_LEN || k->capacity < CAPACITY_MIN || k->capacity > CAPACITY_MAX ||
        !all_zero(header + HEADER_FIXED + HASH_LEN, HEADER_LEN - HEADER_FIXED - HASH_LEN))
        return fail_set(f, SLUIS_CORRUPT, path, "has a damaged header");
    if (st.st_size != slot_offset(k->capacity))
        return fail_set(f, SLUIS_CORRUPT, path, "has %lld bytes instead of %lld", (long long)st.st_size,
                        (long long)slot_offset(k->capacity));
    return SLUIS_OK;
}

/* Calls each(ctx, slot number, slot) for all slots in order. */
typedef sluis_err (*slot_fn)(void *ctx, uint64_t slot, const uint8_t *raw);

static sluis_err scan(keyslots *k, slot_fn each, void *ctx)
{
    uint8_t *chunk = malloc((size_t)SCAN_SLOTS * SLOT_LEN);
    sluis_err err = chunk ? SLUIS_OK : SLUIS_NOMEM;

    for (uint64_t at = 0; !err && at < k->capacity; at += SCAN_SLOTS) {
        uint64_t n = k->capacity - at < SCAN_SLOTS ? k->capacity - at : SCAN_SLOTS;
        err = read_at(k->fd, chunk, (size_t)n * SLOT_LEN, slot_offset(at));
        for (uint64_t i = 0; !err && i < n; i++)
            err = each(ctx, at + i, chunk + i * SLOT_LEN);
    }
    free(chunk);
    return err;
}

static sluis_err count_slot(void *ctx, uint64_t slot, const uint8_t *raw)
{
    keyslots *k = ctx;

    (void)slot;
    if (raw[0] == SLOT_LIVE)
        atomic_fetch_add(&k->live, 1);
    else if (raw[0] == SLOT_ERASED)
        atomic_fetch_add(&k->erased, 1);
    return SLUIS_OK;
}

/* ---- opening ---- */

static sluis_err keys_derive(keyslots *k, const uint8_t km[static 32])
{
    k->secrets = secret_alloc(sizeof(*k->secrets));
    if (!k->secrets)
        return SLUIS_NOMEM;
    hash_one(k->secrets->kp, "sluis1-k-pseud", km, NULL, 0);
    hash_one(k->secrets->kw, "sluis1-k-wrap", km, NULL, 0);
    hash_one(k->secrets->kh, "sluis1-k-slots", km, NULL, 0);
    return row_keys_new(&k->rows, km);
}

static sluis_err open_any(keyslots **out, const char *path, bool writable, uint64_t capacity,
                          const uint8_t km[static 32], sluis_fail *f)
{
    sluis_err err;
    keyslots *k = calloc(1, sizeof(*k));

    if (!k)
        return fail_set(f, SLUIS_NOMEM, path, "out of memory");
    k->fd = -1;
    k->writable = writable;
    if ((err = keys_derive(k, km))) {
        fail_set(f, err, path, "no locked memory for its keys: raise the limit (ulimit -l)");
        goto fail;
    }
    if (writable && access(path, F_OK) && errno == ENOENT &&
        (err = file_create(path, capacity, k->secrets, f)))
        goto fail;
    k->fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC);
    if (k->fd < 0) {
        err = fail_set(f, errno == ENOENT ? SLUIS_NOT_FOUND : SLUIS_IO, path, "cannot be opened: %s",
                       strerror(errno));
        goto fail;
    }
    if (writable && flock(k->fd, LOCK_EX | LOCK_NB)) {
        err = fail_set(f, SLUIS_CONFLICT, path, "is in use by another process");
        goto fail;
    }
    if ((err = header_check(k, path, f)))
        goto fail;
    if ((err = scan(k, count_slot, k))) {
        fail_set(f, err, path, "cannot be read");
        goto fail;
    }
    *out = k;
    return SLUIS_OK;
fail:
    keyslots_close(&k);
    return err;
}

sluis_err keyslots_open(keyslots **out, const char *path, uint64_t capacity, const uint8_t km[static 32],
                        sluis_fail *f)
{
    return open_any(out, path, true, capacity, km, f);
}

sluis_err keyslots_open_readonly(keyslots **out, const char *path, const uint8_t km[static 32], sluis_fail *f)
{
    return open_any(out, path, false, 0, km, f);
}

void keyslots_close(keyslots **k)
{
    if (!*k)
        return;
    if ((*k)->fd >= 0)
        close((*k)->fd);
    secret_free((*k)->secrets);
    row_keys_free(&(*k)->rows);
    free(*k);
    *k = NULL;
}

/* ---- names ---- */

void keyslots_subject(const keyslots *k, uint8_t p[static HASH_LEN], const char bsn[static BSN_LEN])
{
    hash_one(p, "sluis1-subject", k->secrets->kp, bsn, BSN_LEN);
}

void keyslots_own(const keyslots *k, uint8_t p[static HASH_LEN], const char *own)
{
    hash_one(p, "sluis1-own-id", k->secrets->kp, own, strlen(own));
}

void keyslots_period(const keyslots *k, uint8_t p[static HASH_LEN], uint8_t klass, uint32_t day)
{
    uint8_t m[5] = {klass};

    put_u32(m + 1, day);
    hash_one(p, "sluis1-period", k->secrets->kp, m, sizeof(m));
}

const row_keys *keyslots_rows(const keyslots *k)
{
    return k->rows;
}

/* ---- slots ---- */

static void slot_seal(const keyslots *k, uint8_t raw[static SLOT_LEN], const uint8_t p[static HASH_LEN],
                      const slot_key *s)
{
    memset(raw, 0, SLOT_LEN);
    raw[0] = SLOT_LIVE;
    memcpy(raw + SLOT_P, p, HASH_LEN);
    memcpy(raw + SLOT_SID, s->sid.b, ID_LEN);
    random_bytes(raw + SLOT_NONCE, NONCE_LEN);
    ae_seal(raw + SLOT_SEALED, k->secrets->kw, raw + SLOT_NONCE, BYTES(raw, SLOT_NONCE),
            BYTES(s->key, KEY_LEN));
}

static sluis_err slot_open(const keyslots *k, const uint8_t raw[static SLOT_LEN], slot_key *out)
{
    if (raw[0] != SLOT_LIVE || ae_open(out->key, k->secrets->kw, raw + SLOT_NONCE, BYTES(raw, SLOT_NONCE),
                                       BYTES(raw + SLOT_SEALED, KEY_LEN + TAG_LEN)))
        return SLUIS_CORRUPT;
    memcpy(out->sid.b, raw + SLOT_SID, ID_LEN);
    return SLUIS_OK;
}

static uint64_t home_of(const keyslots *k, const uint8_t p[static HASH_LEN])
{
    return get_u64(p) % k->capacity;
}

/* Where P stands (OK; raw is its slot), or the free slot that ends its chain (NOT_FOUND). */
static sluis_err probe(const keyslots *k, const uint8_t p[static HASH_LEN], uint64_t *slot,
                       uint8_t raw[static SLOT_LEN])
{
    uint8_t chunk[PROBE_SLOTS * SLOT_LEN];
    uint64_t at = home_of(k, p);

    for (uint64_t seen = 0; seen < k->capacity;) {
        uint64_t n = k->capacity - at < PROBE_SLOTS ? k->capacity - at : PROBE_SLOTS;
        sluis_err err = read_at(k->fd, chunk, (size_t)n * SLOT_LEN, slot_offset(at));
        if (err)
            return err;
        for (uint64_t i = 0; i < n; i++) {
            const uint8_t *one = chunk + i * SLOT_LEN;
            if (one[0] == SLOT_ERASED || (one[0] == SLOT_LIVE && memcmp(one + SLOT_P, p, HASH_LEN)))
                continue;
            *slot = at + i;
            memcpy(raw, one, SLOT_LEN);
            if (one[0] == SLOT_LIVE)
                return SLUIS_OK;
            return all_zero(one, SLOT_LEN) ? SLUIS_NOT_FOUND : SLUIS_CORRUPT;
        }
        seen += n;
        at = (at + n) % k->capacity;
    }
    return SLUIS_FULL;
}

static sluis_err find(keyslots *k, const uint8_t p[static HASH_LEN], slot_key *out)
{
    uint8_t raw[SLOT_LEN];
    sluis_err err = SLUIS_OK;

    for (int i = 0; i < TORN_RETRIES; i++) {
        err = probe(k, p, &out->slot, raw);
        if (!err)
            err = slot_open(k, raw, out);
        if (err != SLUIS_CORRUPT)
            break;
    }
    return err;
}

sluis_err keyslots_find(keyslots *k, const uint8_t p[static HASH_LEN], slot_key *out)
{
    sluis_err err = find(k, p, out);

    return err == SLUIS_FULL ? SLUIS_NOT_FOUND : err;
}

sluis_err keyslots_get(keyslots *k, uint64_t slot, slot_key *out)
{
    uint8_t raw[SLOT_LEN];
    sluis_err err = SLUIS_OK;

    if (slot >= k->capacity)
        return SLUIS_NOT_FOUND;
    out->slot = slot;
    for (int i = 0; i < TORN_RETRIES; i++) {
        if ((err = read_at(k->fd, raw, sizeof(raw), slot_offset(slot))))
            return err;
        if (raw[0] == SLOT_ERASED || all_zero(raw, SLOT_LEN))
            return SLUIS_NOT_FOUND;
        if (!(err = slot_open(k, raw, out)))
            break;
    }
    return err;
}

sluis_err keyslots_add(keyslots *k, const uint8_t p[static HASH_LEN], slot_key *out)
{
    uint8_t raw[SLOT_LEN];
    sluis_err err = find(k, p, out);

    if (err != SLUIS_NOT_FOUND)
        return err;
    if (!k->writable)
        return SLUIS_PERMISSION;
    if (4 * (atomic_load(&k->live) + atomic_load(&k->erased) + 1) > 3 * k->capacity)
        return SLUIS_FULL;
    out->sid = id_random();
    random_bytes(out->key, KEY_LEN);
    slot_seal(k, raw, p, out);
    k->dirty = true;
    if ((err = write_at(k->fd, raw, sizeof(raw), slot_offset(out->slot)))) {
        wipe(out, sizeof(*out));
        return err;
    }
    atomic_fetch_add(&k->live, 1);
    return SLUIS_OK;
}

sluis_err keyslots_sync(keyslots *k)
{
    if (!k->dirty)
        return SLUIS_OK;
    if (fdatasync(k->fd))
        return SLUIS_IO;
    k->dirty = false;
    return SLUIS_OK;
}

sluis_err keyslots_erase(keyslots *k, uint64_t slot)
{
    uint8_t raw[SLOT_LEN];

    if (!k->writable)
        return SLUIS_PERMISSION;
    if (slot >= k->capacity)
        return SLUIS_NOT_FOUND;
    sluis_err err = read_at(k->fd, raw, sizeof(raw), slot_offset(slot));
    if (err)
        return err;
    if (raw[0] == SLOT_ERASED)
        return SLUIS_OK;
    if (raw[0] == SLOT_FREE)
        return all_zero(raw, SLOT_LEN) ? SLUIS_NOT_FOUND : SLUIS_CORRUPT;
    random_bytes(raw, sizeof(raw));
    raw[0] = SLOT_ERASED;
    if ((err = write_at(k->fd, raw, sizeof(raw), slot_offset(slot))))
        return err;
    if (fdatasync(k->fd))
        return SLUIS_IO;
    k->dirty = false;
    atomic_fetch_sub(&k->live, 1);
    atomic_fetch_add(&k->erased, 1);
    return SLUIS_OK;
}

void keyslots_usage(const keyslots *k, uint64_t *live, uint64_t *erased, uint64_t *capacity)
{
    *live = atomic_load(&k->live);
    *erased = atomic_load(&k->erased);
    *capacity = k->capacity;
}

/* ---- verification ---- */

typedef struct {
    keyslots *k;
    uint64_t live;
    sluis_fail *f;
} verify_state;

static sluis_err verify_slot(void *ctx, uint64_t slot, const uint8_t *raw)
{
    verify_state *v = ctx;
    uint8_t seen[SLOT_LEN];
    slot_key key;
    uint64_t found;
    char where[32];

    snprintf(where, sizeof(where), "slot %llu", (unsigned long long)slot);
    if (raw[0] == SLOT_ERASED)
        return SLUIS_OK;
    if (raw[0] == SLOT_FREE)
        return all_zero(raw, SLOT_LEN) ? SLUIS_OK
                                       : fail_set(v->f, SLUIS_CORRUPT, where, "is free but not empty");
    if (raw[0] != SLOT_LIVE)
        return fail_set(v->f, SLUIS_CORRUPT, where, "has the unknown state %u", raw[0]);
    sluis_err err = slot_open(v->k, raw, &key);
    wipe(&key, sizeof(key));
    if (err)
        return fail_set(v->f, SLUIS_CORRUPT, where, "fails its check: bytes were changed");
    if (probe(v->k, raw + SLOT_P, &found, seen) || found != slot)
        return fail_set(v->f, SLUIS_CORRUPT, where,
                        "cannot be reached: a slot before it was emptied, or holds the same name");
    v->live++;
    return SLUIS_OK;
}

sluis_err keyslots_verify(keyslots *k, uint64_t *live, sluis_fail *f)
{
    verify_state v = {.k = k, .f = f};
    sluis_err err = scan(k, verify_slot, &v);

    if (err)
        return fail_set(f, err, "key file", "cannot be read");
    *live = v.live;
    return SLUIS_OK;
}
