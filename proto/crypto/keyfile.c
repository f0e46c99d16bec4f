/* Keyfile, 85 bytes:
 *
 *   0  "sluis-key-1\n" 12 | 12  use u8 | 13  created u64 ms | 21  secret 32 | 53  H("sluis1-keyfile",-,0..53)
 * 32
 *
 * A bare secret is the same with use 0. Under a passphrase, 181 bytes:
 *
 *   0  "sluis-key-2\n" 12 | 12  use u8 | 13  created u64 ms | 21  pk 32 | 53  salt 16 | 69  passes u32 | 73
 * KiB u32 | 77  nonce 24 | 101  AE(Argon2id, nonce, 0..77, secret) 48 | 149  H("sluis1-keyfile",-,0..149) 32
 */
#include "crypto/keyfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keydisk.h"
#include "crypto/pubfile.h"

#define MAGIC      "sluis-key-1\n"
#define MAGIC_LEN  12
#define FAMILY     "sluis-key-" /* what later versions will share */
#define AT_USE     12
#define AT_CREATED 13
#define AT_SECRET  21
#define AT_CHECK   53
#define FILE_LEN   85
#define MAGIC_2    "sluis-key-2\n"
#define AT_PK      21
#define AT_SALT    53
#define AT_PASSES  69
#define AT_KIB     73
#define AT_NONCE   77
#define AT_SEALED  101
#define AT_CHECK_2 149
#define FILE_2_LEN 181
/* Argon2id, the second recommended choice of RFC 9106, section 4: 3 passes over 64 MiB. */
#define PASSES     3
#define MEMORY_KIB (64u << 10)
#define USE_BARE   0

static void encode(uint8_t out[static FILE_LEN], uint8_t use, uint64_t created,
                   const uint8_t secret[static 32])
{
    memcpy(out, MAGIC, MAGIC_LEN);
    out[AT_USE] = use;
    put_u64(out + AT_CREATED, created);
    memcpy(out + AT_SECRET, secret, 32);
    hash_one(out + AT_CHECK, "sluis1-keyfile", NULL, out, AT_CHECK);
}

static sluis_err file_key(const uint8_t *raw, passphrase *p, const uint8_t **key)
{
    return passphrase_derive(p, raw + AT_SALT, get_u32(raw + AT_PASSES), get_u32(raw + AT_KIB), key);
}

/* Files sealed in one run share their salt, and so the work of opening them; each has a nonce of its own. */
static sluis_err encode_sealed(uint8_t out[static FILE_2_LEN], uint8_t use, uint64_t created,
                               const uint8_t *pk, const uint8_t secret[static 32], passphrase *p)
{
    const uint8_t *key;
    memset(out, 0, FILE_2_LEN);
    memcpy(out, MAGIC_2, MAGIC_LEN);
    out[AT_USE] = use;
    put_u64(out + AT_CREATED, created);
    if (pk)
        memcpy(out + AT_PK, pk, PK_LEN);
    if (p->passes == PASSES && p->memory_kib == MEMORY_KIB)
        memcpy(out + AT_SALT, p->salt, SALT_PASS_LEN);
    else
        random_bytes(out + AT_SALT, SALT_PASS_LEN);
    put_u32(out + AT_PASSES, PASSES);
    put_u32(out + AT_KIB, MEMORY_KIB);
    random_bytes(out + AT_NONCE, NONCE_LEN);
    sluis_err e = file_key(out, p, &key);
    if (e)
        return e;
    ae_seal(out + AT_SEALED, key, out + AT_NONCE, BYTES(out, AT_NONCE), BYTES(secret, 32));
    hash_one(out + AT_CHECK_2, "sluis1-keyfile", NULL, out, AT_CHECK_2);
    return SLUIS_OK;
}

static bool is_sealed(const uint8_t *raw)
{
    return memcmp(raw, MAGIC_2, MAGIC_LEN) == 0;
}

/* The secret of a checked file, into locked memory. */
static sluis_err take_secret(uint8_t *out32, const uint8_t *raw, passphrase *p, const char *path,
                             sluis_fail *f)
{
    const uint8_t *key;
    if (!is_sealed(raw)) {
        memcpy(out32, raw + AT_SECRET, 32);
        return SLUIS_OK;
    }
    if (!p || !p->n)
        return fail_set(f, SLUIS_UNAUTHENTICATED, path, "is under a passphrase: set passphrase_file");
    sluis_err e = file_key(raw, p, &key);
    if (e)
        return fail_set(f, e, path,
                        e == SLUIS_INVALID ? "asks for more work than this program does"
                                           : "too little memory for its passphrase");
    e = ae_open(out32, key, raw + AT_NONCE, BYTES(raw, AT_NONCE), BYTES(raw + AT_SEALED, 48));
    return e ? fail_set(f, SLUIS_UNAUTHENTICATED, path, "the passphrase is not the one it was sealed with")
             : SLUIS_OK;
}

/* How many bytes of out the file is; under p, when there is one. */
static sluis_err encode_as(uint8_t out[static FILE_2_LEN], size_t *n, uint8_t use, uint64_t created,
                           const uint8_t *pk, const uint8_t secret[static 32], passphrase *p,
                           const char *path, sluis_fail *f)
{
    *n = p ? FILE_2_LEN : FILE_LEN;
    if (!p)
        encode(out, use, created, secret);
    else if (encode_sealed(out, use, created, pk, secret, p))
        return fail_set(f, SLUIS_NOMEM, path, "too little memory for the passphrase");
    return SLUIS_OK;
}

static sluis_err write_secret(const char *path, uint8_t use, uint64_t created, const uint8_t *pk,
                              const uint8_t secret[static 32], passphrase *p, sluis_fail *f)
{
    uint8_t raw[FILE_2_LEN];
    size_t n;
    sluis_err e = encode_as(raw, &n, use, created, pk, secret, p, path, f);
    if (!e)
        e = keydisk_write_new(path, 0600, raw, n, f);
    wipe(raw, sizeof raw);
    return e;
}

sluis_err keyfile_seal(const char *path, const keypair *k, passphrase *p, sluis_fail *f)
{
    char pub[KEYDISK_PATH], pk[2 * PK_LEN + 1], id[2 * KEYID_LEN + 1], line[128];
    if (snprintf(pub, sizeof pub, "%s.pub", path) >= (int)sizeof pub)
        return fail_set(f, SLUIS_TOO_BIG, path, "path longer than %d bytes", KEYDISK_PATH - 5);
    hex_encode(pk, k->pk, sizeof k->pk);
    hex_encode(id, k->id.b, sizeof k->id.b);
    int n = snprintf(line, sizeof line, "%s %s %s\n", key_use_name(k->use), pk, id);

    /* An Ed25519 secret key is seed | public key: its first half is what the file holds. */
    sluis_err e = write_secret(path, (uint8_t)k->use, k->created, k->pk, k->sk, p, f);
    if (e)
        return e;
    if ((e = keydisk_write_new(pub, 0644, line, (size_t)n, f)) != SLUIS_OK)
        goto no_pub;
    if ((e = keydisk_sync_folder(path, f)) != SLUIS_OK)
        goto no_sync;
    return SLUIS_OK;
no_sync:
    unlink(pub);
no_pub:
    unlink(path);
    return e;
}

sluis_err keyfile_write(const char *path, const keypair *k, sluis_fail *f)
{
    return keyfile_seal(path, k, NULL, f);
}

sluis_err secretfile_write(const char *path, sluis_fail *f)
{
    return secretfile_seal(path, NULL, f);
}

sluis_err secretfile_seal(const char *path, passphrase *p, sluis_fail *f)
{
    uint8_t secret[32];
    if (strlen(path) >= KEYDISK_PATH)
        return fail_set(f, SLUIS_TOO_BIG, path, "path longer than %d bytes", KEYDISK_PATH - 1);
    random_bytes(secret, sizeof secret);
    sluis_err e = write_secret(path, USE_BARE, clock_ms(), NULL, secret, p, f);
    wipe(secret, sizeof secret);
    if (e)
        return e;
    if ((e = keydisk_sync_folder(path, f)) != SLUIS_OK)
        unlink(path);
    return e;
}

static sluis_err check_format(const uint8_t *raw, size_t n, const char *path, sluis_fail *f)
{
    uint8_t check[HASH_LEN];
    if (n < MAGIC_LEN || memcmp(raw, FAMILY, sizeof FAMILY - 1) != 0)
        return fail_set(f, SLUIS_INVALID, path, "is not a keyfile");
    if (memcmp(raw, MAGIC, MAGIC_LEN) != 0 && !is_sealed(raw))
        return fail_set(f, SLUIS_VERSION, path, "is a keyfile of a version this program does not know");
    size_t len = is_sealed(raw) ? FILE_2_LEN : FILE_LEN, at = len - HASH_LEN;
    if (n != len)
        return fail_set(f, SLUIS_CORRUPT, path, "is not %zu bytes long: restore it from its copy", len);
    hash_one(check, "sluis1-keyfile", NULL, raw, at);
    if (memcmp(check, raw + at, HASH_LEN) != 0)
        return fail_set(f, SLUIS_CORRUPT, path, "fails its own checksum: restore it from its copy");
    return SLUIS_OK;
}

static sluis_err no_lock(const char *path, sluis_fail *f)
{
    return fail_set(f, SLUIS_NOMEM, path,
                    "no locked memory left for keys: raise the memlock limit (ulimit -l)");
}

/* raw: FILE_2_LEN + 1 bytes of locked memory, so that a longer file shows. */
static sluis_err read_checked(uint8_t *raw, const char *path, sluis_fail *f)
{
    size_t n = 0;
    sluis_err e = keydisk_read(raw, FILE_2_LEN + 1, &n, path, f);
    return e ? e : check_format(raw, n, path, f);
}

static const char *use_in_file(uint8_t use)
{
    return use == USE_BARE ? "bare secret" : key_use_name((key_use)use);
}

/* The file's bytes and the secret in it, both in locked memory, the caller's to free. use: which is
 * wanted. */
static sluis_err open_file(uint8_t **raw, uint8_t **secret, const char *path, uint8_t use, passphrase *p,
                           sluis_fail *f)
{
    *raw = secret_alloc(FILE_2_LEN + 1);
    *secret = secret_alloc(32);
    if (!*raw || !*secret)
        return no_lock(path, f);
    sluis_err e = read_checked(*raw, path, f);
    if (!e && (*raw)[AT_USE] != use)
        e = fail_set(f, SLUIS_INVALID, path, "holds a key for use \"%s\"; here a %s%s%s is needed",
                     use_in_file((*raw)[AT_USE]), use == USE_BARE ? "" : "\"", use_in_file(use),
                     use == USE_BARE ? "" : "\" key");
    return e ? e : take_secret(*secret, *raw, p, path, f);
}

sluis_err keyfile_open(keypair *out, const char *path, key_use expected, passphrase *p, sluis_fail *f)
{
    uint8_t *raw = NULL, *secret = NULL;
    sluis_err e = open_file(&raw, &secret, path, (uint8_t)expected, p, f);
    if (!e && (e = keypair_from_seed(out, expected, secret, get_u64(raw + AT_CREATED))) != SLUIS_OK)
        no_lock(path, f);
    secret_free(raw);
    secret_free(secret);
    return e;
}

sluis_err keyfile_read(keypair *out, const char *path, key_use expected, sluis_fail *f)
{
    return keyfile_open(out, path, expected, NULL, f);
}

sluis_err secretfile_open(uint8_t **out32, const char *path, passphrase *p, sluis_fail *f)
{
    uint8_t *raw = NULL, *secret = NULL;
    sluis_err e = open_file(&raw, &secret, path, USE_BARE, p, f);
    if (e)
        secret_free(secret);
    else
        *out32 = secret;
    secret_free(raw);
    return e;
}

sluis_err secretfile_read(uint8_t **out32, const char *path, sluis_fail *f)
{
    return secretfile_open(out32, path, NULL, f);
}

sluis_err keyfile_inspect(keyfile_facts *out, const char *path, sluis_fail *f)
{
    uint8_t *raw = secret_alloc(FILE_2_LEN + 1);
    keypair k = {0};
    if (!raw)
        return no_lock(path, f);
    *out = (keyfile_facts){0};
    sluis_err e = read_checked(raw, path, f);
    if (!e) {
        out->version = is_sealed(raw) ? 2 : 1;
        out->use = raw[AT_USE];
        out->created = get_u64(raw + AT_CREATED);
    }
    if (!e && out->version == 2) {
        memcpy(out->pk, raw + AT_PK, PK_LEN);
    } else if (!e && out->use != USE_BARE) {
        if ((e = keypair_from_seed(&k, (key_use)out->use, raw + AT_SECRET, out->created)))
            no_lock(path, f);
        memcpy(out->pk, k.pk, PK_LEN);
    }
    if (!e && out->use != USE_BARE)
        out->id = keyid_of((key_use)out->use, out->pk);
    keypair_close(&k);
    secret_free(raw);
    return e;
}

sluis_err keyfile_reseal(const char *path, passphrase *from, passphrase *to, sluis_fail *f)
{
    uint8_t *raw = secret_alloc(FILE_2_LEN + 1), *secret = secret_alloc(32), *next = secret_alloc(FILE_2_LEN);
    keypair k = {0};
    size_t n = 0;
    sluis_err e = raw && secret && next ? read_checked(raw, path, f) : no_lock(path, f);
    if (!e)
        e = take_secret(secret, raw, from, path, f);
    if (!e && raw[AT_USE] != USE_BARE && keypair_from_seed(&k, (key_use)raw[AT_USE], secret, 0))
        e = no_lock(path, f);
    if (!e)
        e = encode_as(next, &n, raw[AT_USE], get_u64(raw + AT_CREATED), raw[AT_USE] == USE_BARE ? NULL : k.pk,
                      secret, to, path, f);
    if (!e)
        e = keydisk_replace(path, next, n, f);
    keypair_close(&k);
    secret_free(raw);
    secret_free(secret);
    secret_free(next);
    return e;
}

sluis_err keyfile_succeed(const char *path, const char *next, sluis_fail *f)
{
    char pub[KEYDISK_PATH], next_pub[KEYDISK_PATH];
    keyfile_facts old, new;
    uint8_t *raw = NULL;
    size_t n = 0;
    if (snprintf(pub, sizeof pub, "%s.pub", path) >= (int)sizeof pub ||
        snprintf(next_pub, sizeof next_pub, "%s.pub", next) >= (int)sizeof next_pub)
        return fail_set(f, SLUIS_TOO_BIG, path, "path longer than %d bytes", KEYDISK_PATH - 5);
    sluis_err e = keyfile_inspect(&new, next, f);
    if (!e)
        e = keyfile_inspect(&old, path, f);
    if (!e && (old.use != new.use || old.use == USE_BARE))
        e = fail_set(f, SLUIS_INVALID, next, "is of another use than %s", path);
    if (!e && !(raw = secret_alloc(FILE_2_LEN + 1)))
        e = no_lock(path, f);
    if (!e && !keyid_equal(&old.id, &new.id)) {
        e = keydisk_read(raw, FILE_2_LEN + 1, &n, next, f);
        if (!e)
            e = keydisk_replace(path, raw, n, f);
    }
    secret_free(raw);
    pubkeys one = pubkeys_of(new.pk);
    if (!e)
        e = pubfile_replace(pub, (key_use) new.use, &one, f);
    return e ? e : keyfile_destroy(next, f);
}

sluis_err keyfile_destroy(const char *path, sluis_fail *f)
{
    char pub[KEYDISK_PATH];
    if (snprintf(pub, sizeof pub, "%s.pub", path) >= (int)sizeof pub)
        return fail_set(f, SLUIS_TOO_BIG, path, "path longer than %d bytes", KEYDISK_PATH - 5);
    if (unlink(pub) != 0 && errno != ENOENT)
        return fail_set(f, SLUIS_IO, pub, "cannot be removed: %s", strerror(errno));
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return SLUIS_OK;
    return keydisk_destroy(path, f);
}
