/* Keyfile, 85 bytes:
 *
 *   0  "sluis-key-1\n" 12 | 12  use u8 | 13  created u64 ms | 21  secret 32 | 53  H("sluis1-keyfile",-,0..53)
 * 32
 *
 * A bare secret is the same with use 0. */
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define MAGIC      "sluis-key-1\n"
#define MAGIC_LEN  12
#define FAMILY     "sluis-key-" /* what later versions will share */
#define AT_USE     12
#define AT_CREATED 13
#define AT_SECRET  21
#define AT_CHECK   53
#define FILE_LEN   85
#define USE_BARE   0
#define PATH_CAP   4096

static const struct {
    key_use use;
    const char *name;
} uses[] = {
    {USE_SIGN, "sign"}, {USE_SEAL, "seal"}, {USE_CURVE, "curve"},
    {USE_LOG, "log"},   {USE_ROOT, "root"}, {USE_DIRECTORY, "directory"},
};

const char *key_use_name(key_use use)
{
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (uses[i].use == use)
            return uses[i].name;
    return "unknown";
}

sluis_err key_use_parse(key_use *out, const char *name)
{
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (strcmp(uses[i].name, name) == 0) {
            *out = uses[i].use;
            return SLUIS_OK;
        }
    return SLUIS_INVALID;
}

static bool is_x25519(key_use use)
{
    return use == USE_SEAL || use == USE_CURVE;
}

sluis_err keypair_from_seed(keypair *out, key_use use, const uint8_t seed[static 32], uint64_t created)
{
    keypair k = {.use = use, .created = created};
    k.sk = secret_alloc(is_x25519(use) ? KEY_LEN : SIGN_SK_LEN);
    if (!k.sk)
        return SLUIS_NOMEM;
    if (is_x25519(use)) {
        memcpy(k.sk, seed, KEY_LEN);
        x25519_public(k.pk, k.sk);
    } else {
        sign_keys(k.pk, k.sk, seed);
    }
    k.id = keyid_of(use, k.pk);
    *out = k;
    return SLUIS_OK;
}

sluis_err keypair_generate(keypair *out, key_use use, uint64_t now_ms)
{
    uint8_t seed[32];
    random_bytes(seed, sizeof seed);
    sluis_err e = keypair_from_seed(out, use, seed, now_ms);
    wipe(seed, sizeof seed);
    return e;
}

void keypair_close(keypair *k)
{
    secret_free(k->sk);
    *k = (keypair){0};
}

static void encode(uint8_t out[static FILE_LEN], uint8_t use, uint64_t created,
                   const uint8_t secret[static 32])
{
    memcpy(out, MAGIC, MAGIC_LEN);
    out[AT_USE] = use;
    put_u64(out + AT_CREATED, created);
    memcpy(out + AT_SECRET, secret, 32);
    hash_one(out + AT_CHECK, "sluis1-keyfile", NULL, out, AT_CHECK);
}

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

/* A new file, whole and synced, or none. */
static sluis_err write_new(const char *path, mode_t mode, const void *p, size_t n, sluis_fail *f)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return fail_errno(f, path, "create it");
    sluis_err e = SLUIS_OK;
    if (!write_all(fd, p, n) || fsync(fd) != 0)
        e = fail_errno(f, path, "write it");
    if (close(fd) != 0 && !e)
        e = fail_errno(f, path, "close it");
    if (e)
        unlink(path);
    return e;
}

/* Makes the new names in path's folder durable. */
static sluis_err sync_folder(const char *path, sluis_fail *f)
{
    char dir[PATH_CAP] = ".";
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

static sluis_err write_secret(const char *path, uint8_t use, uint64_t created,
                              const uint8_t secret[static 32], sluis_fail *f)
{
    uint8_t raw[FILE_LEN];
    encode(raw, use, created, secret);
    sluis_err e = write_new(path, 0600, raw, sizeof raw, f);
    wipe(raw, sizeof raw);
    return e;
}

sluis_err keyfile_write(const char *path, const keypair *k, sluis_fail *f)
{
    char pub[PATH_CAP], pk[2 * PK_LEN + 1], id[2 * KEYID_LEN + 1], line[128];
    if (snprintf(pub, sizeof pub, "%s.pub", path) >= (int)sizeof pub)
        return fail_set(f, SLUIS_TOO_BIG, path, "path longer than %d bytes", PATH_CAP - 5);
    hex_encode(pk, k->pk, sizeof k->pk);
    hex_encode(id, k->id.b, sizeof k->id.b);
    int n = snprintf(line, sizeof line, "%s %s %s\n", key_use_name(k->use), pk, id);

    /* An Ed25519 secret key is seed | public key: its first half is what the file holds. */
    sluis_err e = write_secret(path, (uint8_t)k->use, k->created, k->sk, f);
    if (e)
        return e;
    if ((e = write_new(pub, 0644, line, (size_t)n, f)) != SLUIS_OK)
        goto no_pub;
    if ((e = sync_folder(path, f)) != SLUIS_OK)
        goto no_sync;
    return SLUIS_OK;
no_sync:
    unlink(pub);
no_pub:
    unlink(path);
    return e;
}

sluis_err secretfile_write(const char *path, sluis_fail *f)
{
    uint8_t secret[32];
    if (strlen(path) >= PATH_CAP)
        return fail_set(f, SLUIS_TOO_BIG, path, "path longer than %d bytes", PATH_CAP - 1);
    random_bytes(secret, sizeof secret);
    sluis_err e = write_secret(path, USE_BARE, clock_ms(), secret, f);
    wipe(secret, sizeof secret);
    if (e)
        return e;
    if ((e = sync_folder(path, f)) != SLUIS_OK)
        unlink(path);
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

/* Reads at most cap bytes. */
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

static sluis_err check_format(const uint8_t *raw, size_t n, const char *path, sluis_fail *f)
{
    uint8_t check[HASH_LEN];
    if (n < MAGIC_LEN || memcmp(raw, FAMILY, sizeof FAMILY - 1) != 0)
        return fail_set(f, SLUIS_INVALID, path, "is not a keyfile");
    if (memcmp(raw, MAGIC, MAGIC_LEN) != 0)
        return fail_set(f, SLUIS_VERSION, path, "is a keyfile of a version this program does not know");
    if (n != FILE_LEN)
        return fail_set(f, SLUIS_CORRUPT, path, "is not %d bytes long: restore it from its copy", FILE_LEN);
    hash_one(check, "sluis1-keyfile", NULL, raw, AT_CHECK);
    if (memcmp(check, raw + AT_CHECK, HASH_LEN) != 0)
        return fail_set(f, SLUIS_CORRUPT, path, "fails its own checksum: restore it from its copy");
    return SLUIS_OK;
}

static sluis_err no_lock(const char *path, sluis_fail *f)
{
    return fail_set(f, SLUIS_NOMEM, path,
                    "no locked memory left for keys: raise the memlock limit (ulimit -l)");
}

/* raw: FILE_LEN + 1 bytes of locked memory, so that a longer file shows. */
static sluis_err read_checked(uint8_t *raw, const char *path, sluis_fail *f)
{
    size_t n = 0;
    /* Without O_NONBLOCK a FIFO in the key's place would hold the program here. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_errno(f, path, "open it");
    sluis_err e = check_owner(fd, path, f);
    if (!e)
        e = read_all(fd, raw, FILE_LEN + 1, &n, path, f);
    close(fd);
    return e ? e : check_format(raw, n, path, f);
}

static const char *use_in_file(uint8_t use)
{
    return use == USE_BARE ? "bare secret" : key_use_name((key_use)use);
}

sluis_err keyfile_read(keypair *out, const char *path, key_use expected, sluis_fail *f)
{
    uint8_t *raw = secret_alloc(FILE_LEN + 1);
    if (!raw)
        return no_lock(path, f);
    sluis_err e = read_checked(raw, path, f);
    if (!e && raw[AT_USE] != expected)
        e = fail_set(f, SLUIS_INVALID, path, "holds a key for use \"%s\"; here a \"%s\" key is needed",
                     use_in_file(raw[AT_USE]), key_use_name(expected));
    if (!e && (e = keypair_from_seed(out, expected, raw + AT_SECRET, get_u64(raw + AT_CREATED))) != SLUIS_OK)
        no_lock(path, f);
    secret_free(raw);
    return e;
}

sluis_err secretfile_read(uint8_t **out32, const char *path, sluis_fail *f)
{
    uint8_t *raw = secret_alloc(FILE_LEN + 1), *secret = NULL;
    if (!raw)
        return no_lock(path, f);
    sluis_err e = read_checked(raw, path, f);
    if (!e && raw[AT_USE] != USE_BARE)
        e = fail_set(f, SLUIS_INVALID, path, "holds a key for use \"%s\"; here a bare secret is needed",
                     use_in_file(raw[AT_USE]));
    if (!e && !(secret = secret_alloc(32)))
        e = no_lock(path, f);
    if (!e) {
        memcpy(secret, raw + AT_SECRET, 32);
        *out32 = secret;
    }
    secret_free(raw);
    return e;
}

sluis_err keyfile_inspect(keyfile_facts *out, const char *path, sluis_fail *f)
{
    uint8_t *raw = secret_alloc(FILE_LEN + 1);
    keypair k = {0};
    if (!raw)
        return no_lock(path, f);
    *out = (keyfile_facts){.version = 1};
    sluis_err e = read_checked(raw, path, f);
    if (!e) {
        out->use = raw[AT_USE];
        out->created = get_u64(raw + AT_CREATED);
    }
    if (!e && out->use != USE_BARE &&
        (e = keypair_from_seed(&k, (key_use)out->use, raw + AT_SECRET, out->created)))
        no_lock(path, f);
    memcpy(out->pk, k.pk, PK_LEN);
    out->id = k.id;
    keypair_close(&k);
    secret_free(raw);
    return e;
}
