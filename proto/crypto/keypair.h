/* A private key and what it is for. One key, one use. The secret lives in locked memory and is wiped.
 * Thread: pure. */
#ifndef SLUIS_CRYPTO_KEYPAIR_H
#define SLUIS_CRYPTO_KEYPAIR_H

#include "base/error.h"
#include "crypto/crypto.h"

typedef struct {
    key_use use;
    uint64_t created;
    uint8_t pk[PK_LEN];
    keyid id;
    uint8_t *sk; /* owned, locked: 64 bytes for Ed25519 uses (sign, log, root, directory, witness), 32 for
                    seal and CURVE */
} keypair;

const char *key_use_name(key_use use); /* "sign", "seal", "curve", "log", "root", "directory", "witness" */
sluis_err key_use_parse(key_use *out, const char *name);

sluis_err keypair_generate(keypair *out, key_use use, uint64_t now_ms);
/* From 32 given secret bytes (seed or scalar): fixed keys for test vectors. */
sluis_err keypair_from_seed(keypair *out, key_use use, const uint8_t seed[static 32], uint64_t created);
void keypair_close(keypair *k); /* wipes; idempotent */

#endif
