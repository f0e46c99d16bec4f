/* Private keys on disk. A keyfile holds one key of one use, mode 0600, owned by the user that runs the
 * program; anything looser is refused (PERMISSION). The secret lives in locked memory and is wiped.
 *
 *  "sluis-key-1\n" | use u8 | created u64 ms | secret 32 (Ed25519: the seed) | H("sluis1-keyfile",-,all
 * before) 32
 *
 * Under a passphrase (passes and memory of Argon2id are read back within the bounds of passphrase_key):
 *
 *  "sluis-key-2\n" | use u8 | created u64 ms | pk 32 (0 for a bare secret) | salt 16 | passes u32 | KiB u32 |
 *  nonce 24 | AE(Argon2id(passphrase, salt), nonce, all before the nonce, secret 32) 48 | H as above 32
 *
 * The public half stands beside it in <path>.pub: "<use name> <hex pk> <hex key id>\n". */
#ifndef SLUIS_CRYPTO_KEYFILE_H
#define SLUIS_CRYPTO_KEYFILE_H

#include "crypto/keypair.h"
#include "crypto/passphrase.h"

/* Writes path (0600, never overwrites: EXISTS) and path.pub, both synced. */
sluis_err keyfile_write(const char *path, const keypair *k, sluis_fail *f);
sluis_err keyfile_read(keypair *out, const char *path, key_use expected, sluis_fail *f);
/* The same under a passphrase; p NULL: without one. A file without protection is read with and without;
 * UNAUTHENTICATED: the file needs a passphrase, or another. */
sluis_err keyfile_seal(const char *path, const keypair *k, passphrase *p, sluis_fail *f);
sluis_err keyfile_open(keypair *out, const char *path, key_use expected, passphrase *p, sluis_fail *f);

/* Removes .pub, and the file as keydisk_destroy does: a crash leaves the key, or nothing that looks like one.
 * What a file system or a disk keeps of overwritten blocks is out of reach: an encrypted volume is advised.
 * OK when it is not there. */
sluis_err keyfile_destroy(const char *path, sluis_fail *f);

/* What a keyfile says of itself, without its passphrase; the rules of reading hold. pk and id are zero for a
 * bare secret. */
typedef struct {
    unsigned version; /* 2: under a passphrase */
    uint8_t use;      /* key_use; 0: a bare secret */
    uint64_t created;
    uint8_t pk[PK_LEN];
    keyid id;
} keyfile_facts;
sluis_err keyfile_inspect(keyfile_facts *out, const char *path, sluis_fail *f);

/* Any key file or bare secret, from under one passphrase to under another (NULL: none): the file is the old
 * one or the new one, whatever happens (keydisk_replace). Its public half stays as it is. */
sluis_err keyfile_reseal(const char *path, passphrase *from, passphrase *to, sluis_fail *f);

/* The key at next (and its .pub) takes the place of the one at path, whose bytes are written over; next is
 * then gone. No passphrase is needed: the file goes as it is. A crash leaves path with the old key or the new
 * one, and the same call goes on from there. NOT_FOUND: there is no next, and nothing was changed. */
sluis_err keyfile_succeed(const char *path, const char *next, sluis_fail *f);

/* A bare 32-byte symmetric secret (the registry's master key KM), same file rules, use byte 0. */
sluis_err secretfile_write(const char *path, sluis_fail *f);                 /* fresh random */
sluis_err secretfile_read(uint8_t **out32, const char *path, sluis_fail *f); /* owned: secret_free */
sluis_err secretfile_seal(const char *path, passphrase *p, sluis_fail *f);
sluis_err secretfile_open(uint8_t **out32, const char *path, passphrase *p, sluis_fail *f);

#endif
