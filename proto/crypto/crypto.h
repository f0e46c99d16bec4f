/* The only file that knows libsodium: the constructions of the format, nothing else.
 * H, AE and the tags are those of proto/README.md ("Constructions"). A tag has one use.
 * Thread: pure, except where a type is named; crypto_start() once before any other call. */
#ifndef SLUIS_CRYPTO_CRYPTO_H
#define SLUIS_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define HASH_LEN    32
#define KEY_LEN     32
#define PK_LEN      32
#define SIG_LEN     64
#define SIGN_SK_LEN 64
#define NONCE_LEN   24
#define TAG_LEN     16
#define KEYID_LEN   16
#define WRAP_LEN    (KEY_LEN + TAG_LEN) /* 48 */
#define BODY_BLOCK  512                 /* sodium_pad block of the body */

typedef enum {
    USE_SIGN = 1,
    USE_SEAL = 2,
    USE_CURVE = 3,
    USE_LOG = 4,
    USE_ROOT = 5,
    USE_DIRECTORY = 6,
    USE_WITNESS = 7
} key_use;

typedef struct {
    uint8_t b[KEYID_LEN];
} keyid;

sluis_err crypto_start(void);

/* H(tag, key, m) over the concatenation of parts[0..n). key NULL means none, else 32 bytes. */
void hash_tagged(uint8_t out[static HASH_LEN], const char *tag, const uint8_t *key, const bytes *parts,
                 size_t n);
void hash_one(uint8_t out[static HASH_LEN], const char *tag, const uint8_t *key, const void *m, size_t len);
void sha256(uint8_t out[static HASH_LEN], const bytes *parts, size_t n);

/* AE = XChaCha20-Poly1305 (IETF). out holds n + TAG_LEN; open needs n >= TAG_LEN and writes n - TAG_LEN. */
void ae_seal(uint8_t *out, const uint8_t key[static KEY_LEN], const uint8_t nonce[static NONCE_LEN], bytes ad,
             bytes plain);
sluis_err ae_open(uint8_t *out, const uint8_t key[static KEY_LEN], const uint8_t nonce[static NONCE_LEN],
                  bytes ad, bytes sealed);

/* A key from a passphrase: Argon2id 1.3 (RFC 9106), one lane. INVALID outside passes 1..16, memory 8 KiB..1
 * GiB; NOMEM. */
#define SALT_PASS_LEN 16
sluis_err passphrase_key(uint8_t out[static KEY_LEN], bytes pass, const uint8_t salt[static SALT_PASS_LEN],
                         uint32_t passes, uint32_t memory_kib);

/* Ed25519, detached. Verify refuses small-order and non-canonical keys and signatures. */
void sign_keys(uint8_t pk[static PK_LEN], uint8_t sk[static SIGN_SK_LEN], const uint8_t seed[static KEY_LEN]);
void sign_detached(uint8_t sig[static SIG_LEN], const uint8_t sk[static SIGN_SK_LEN], const void *m,
                   size_t n);
sluis_err sign_verify(const uint8_t sig[static SIG_LEN], const uint8_t pk[static PK_LEN], const void *m,
                      size_t n);

/* X25519; a small-order peer key is refused (INVALID). */
void x25519_public(uint8_t pk[static PK_LEN], const uint8_t sk[static KEY_LEN]);
sluis_err x25519(uint8_t out[static KEY_LEN], const uint8_t sk[static KEY_LEN],
                 const uint8_t pk[static PK_LEN]);

keyid keyid_of(key_use use, const uint8_t pk[static PK_LEN]);
bool keyid_equal(const keyid *a, const keyid *b);

void random_bytes(void *out, size_t n);
/* A fresh random nonce, cheaper than random_bytes. Never for a secret. */
void random_nonce(uint8_t out[static NONCE_LEN]);
bool secret_equal(const void *a, const void *b, size_t n); /* constant time */
void wipe(void *p, size_t n);
/* Locked, guarded memory (sodium_malloc); NULL when the lock limit is reached. secret_free wipes. */
void *secret_alloc(size_t n);
void secret_free(void *p);

/* ISO/IEC 7816-4 padding to BODY_BLOCK. pad: b gets the padding appended. unpad: *n shrinks or BAD_SEAL. */
sluis_err pad_body(buffer *b);
sluis_err unpad_body(const uint8_t *p, size_t *n);

/* Base64 (RFC 4648, padded, strict). out of enc holds 4*((n+2)/3)+1 bytes. */
void base64_encode(char *out, size_t outcap, const void *p, size_t n);
sluis_err base64_decode(uint8_t *out, size_t cap, size_t *n, const char *s, size_t len);

#endif
