/* A passphrase for private keys, in locked memory. It comes from a file, a descriptor or the terminal; never
 * from the command line or the environment, which others can read. Thread: pure. */
#ifndef SLUIS_CRYPTO_PASSPHRASE_H
#define SLUIS_CRYPTO_PASSPHRASE_H

#include "crypto/crypto.h"

#define PASSPHRASE_MIN 12 /* bytes */
#define PASSPHRASE_MAX 1024

typedef struct {
    uint8_t *text; /* owned, locked; NULL: none */
    size_t n;
    uint8_t *key; /* owned, locked: what it gave last, for these; NULL: nothing yet */
    uint8_t salt[SALT_PASS_LEN];
    uint32_t passes, memory_kib;
} passphrase;

/* from: a file's path, "credential:NAME" (of systemd: the file NAME in $CREDENTIALS_DIRECTORY), "fd:N", or
 * "tty" (asks). The first line counts. PERMISSION: others can read the file. INVALID: too short. NOT_FOUND.
 */
sluis_err passphrase_open(passphrase *out, const char *from, sluis_fail *f);
/* The key it gives (crypto.h, passphrase_key), borrowed until the next call. Kept: files that share a salt
 * cost the work once. */
sluis_err passphrase_derive(passphrase *p, const uint8_t salt[static SALT_PASS_LEN], uint32_t passes,
                            uint32_t memory_kib, const uint8_t **key);
void passphrase_close(passphrase *p); /* wipes; idempotent */

#endif
