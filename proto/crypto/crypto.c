#include "crypto/crypto.h"

#include <assert.h>
#include <endian.h>
#include <sodium.h>
#include <string.h>

sluis_err crypto_start(void)
{
    return sodium_init() < 0 ? SLUIS_INTERNAL : SLUIS_OK;
}

void hash_tagged(uint8_t out[static HASH_LEN], const char *tag, const uint8_t *key, const bytes *parts,
                 size_t n)
{
    uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = {0};
    crypto_generichash_blake2b_state st;
    size_t len = strlen(tag);
    assert(len <= sizeof personal);
    memcpy(personal, tag, len);
    crypto_generichash_blake2b_init_salt_personal(&st, key, key ? KEY_LEN : 0, HASH_LEN, NULL, personal);
    for (size_t i = 0; i < n; i++)
        crypto_generichash_blake2b_update(&st, parts[i].p, parts[i].n);
    crypto_generichash_blake2b_final(&st, out, HASH_LEN);
    if (key)
        sodium_memzero(&st, sizeof st);
}

void hash_one(uint8_t out[static HASH_LEN], const char *tag, const uint8_t *key, const void *m, size_t len)
{
    hash_tagged(out, tag, key, &BYTES(m, len), 1);
}

void sha256(uint8_t out[static HASH_LEN], const bytes *parts, size_t n)
{
    crypto_hash_sha256_state st;
    crypto_hash_sha256_init(&st);
    for (size_t i = 0; i < n; i++)
        crypto_hash_sha256_update(&st, parts[i].p, parts[i].n);
    crypto_hash_sha256_final(&st, out);
}

void ae_seal(uint8_t *out, const uint8_t key[static KEY_LEN], const uint8_t nonce[static NONCE_LEN], bytes ad,
             bytes plain)
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain.p, plain.n, ad.p, ad.n, NULL, nonce, key);
}

sluis_err ae_open(uint8_t *out, const uint8_t key[static KEY_LEN], const uint8_t nonce[static NONCE_LEN],
                  bytes ad, bytes sealed)
{
    if (sealed.n < TAG_LEN || crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p, sealed.n,
                                                                         ad.p, ad.n, nonce, key) != 0)
        return SLUIS_BAD_SEAL;
    return SLUIS_OK;
}

sluis_err passphrase_key(uint8_t out[static KEY_LEN], bytes pass, const uint8_t salt[static SALT_PASS_LEN],
                         uint32_t passes, uint32_t memory_kib)
{
    if (passes < 1 || passes > 16 || memory_kib < 8 || memory_kib > 1u << 20)
        return SLUIS_INVALID;
    return crypto_pwhash(out, KEY_LEN, (const char *)pass.p, pass.n, salt, passes, (size_t)memory_kib << 10,
                         crypto_pwhash_ALG_ARGON2ID13) == 0
               ? SLUIS_OK
               : SLUIS_NOMEM;
}

void sign_keys(uint8_t pk[static PK_LEN], uint8_t sk[static SIGN_SK_LEN], const uint8_t seed[static KEY_LEN])
{
    crypto_sign_seed_keypair(pk, sk, seed);
}

void sign_detached(uint8_t sig[static SIG_LEN], const uint8_t sk[static SIGN_SK_LEN], const void *m, size_t n)
{
    crypto_sign_detached(sig, NULL, m, n, sk);
}

sluis_err sign_verify(const uint8_t sig[static SIG_LEN], const uint8_t pk[static PK_LEN], const void *m,
                      size_t n)
{
    return crypto_sign_verify_detached(sig, m, n, pk) == 0 ? SLUIS_OK : SLUIS_BAD_SIGNATURE;
}

void x25519_public(uint8_t pk[static PK_LEN], const uint8_t sk[static KEY_LEN])
{
    crypto_scalarmult_base(pk, sk);
}

sluis_err x25519(uint8_t out[static KEY_LEN], const uint8_t sk[static KEY_LEN],
                 const uint8_t pk[static PK_LEN])
{
    return crypto_scalarmult(out, sk, pk) == 0 ? SLUIS_OK : SLUIS_INVALID;
}

keyid keyid_of(key_use use, const uint8_t pk[static PK_LEN])
{
    uint8_t u = (uint8_t)use, h[HASH_LEN];
    hash_tagged(h, "sluis1-keyid", NULL, (bytes[]){{&u, 1}, {pk, PK_LEN}}, 2);
    keyid id;
    memcpy(id.b, h, sizeof id.b);
    return id;
}

bool keyid_equal(const keyid *a, const keyid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Nonces are public and needed by the dozen a message: the kernel is asked for many at once. The stock
 * belongs to its thread and is used front to back, once; no process of ours forks after it has begun. */
void random_nonce(uint8_t out[static NONCE_LEN])
{
    static _Thread_local uint8_t stock[64 * NONCE_LEN];
    static _Thread_local size_t left;
    if (left == 0) {
        randombytes_buf(stock, sizeof(stock));
        left = sizeof(stock);
    }
    memcpy(out, stock + sizeof(stock) - left, NONCE_LEN);
    left -= NONCE_LEN;
}

void random_bytes(void *out, size_t n)
{
    randombytes_buf(out, n);
}

bool secret_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

void *secret_alloc(size_t n)
{
    /* The block ends at a guard page; a size in sixteens keeps its start aligned for any type. */
    size_t size = (n + 15) & ~(size_t)15;
    if (n == 0 || size < n)
        return NULL;
    void *p = sodium_malloc(size);
    /* sodium_malloc does not say when its own lock failed; locking twice is harmless. */
    if (p && sodium_mlock(p, size) != 0) {
        sodium_free(p);
        p = NULL;
    }
    return p;
}

void secret_free(void *p)
{
    sodium_free(p);
}

sluis_err pad_body(buffer *b)
{
    static const uint8_t padding[BODY_BLOCK] = {0x80};
    buffer_add(b, padding, BODY_BLOCK - b->n % BODY_BLOCK);
    return b->err;
}

/* The last byte that is not zero stands in the last block and is 0x80. As sodium_unpad, whatever is padded
 * takes the same steps, but eight bytes at once. */
sluis_err unpad_body(const uint8_t *p, size_t *n)
{
    uint64_t word = 0, at = 0, found = 0;
    if (*n == 0 || *n % BODY_BLOCK != 0)
        return SLUIS_BAD_SEAL;
    const uint8_t *block = p + *n - BODY_BLOCK;
    for (uint64_t i = BODY_BLOCK / 8; i-- > 0;) {
        uint64_t w;
        memcpy(&w, block + 8 * i, sizeof w);
        w = le64toh(w);
        uint64_t some = (w | (0 - w)) >> 63, take = 0 - (some & ~found);
        word |= w & take;
        at |= i & take;
        found |= some;
    }
    unsigned byte = 7 - (unsigned)__builtin_clzll(word | 1) / 8;
    if (word >> (8 * byte) != 0x80)
        return SLUIS_BAD_SEAL;
    *n = *n - BODY_BLOCK + (size_t)(8 * at + byte);
    return SLUIS_OK;
}

void base64_encode(char *out, size_t outcap, const void *p, size_t n)
{
    assert(outcap >= sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL));
    sodium_bin2base64(out, outcap, p, n, sodium_base64_VARIANT_ORIGINAL);
}

sluis_err base64_decode(uint8_t *out, size_t cap, size_t *n, const char *s, size_t len)
{
    size_t pads = len >= 1 && s[len - 1] == '=' ? (len >= 2 && s[len - 2] == '=' ? 2 : 1) : 0;
    if (len % 4 != 0)
        return SLUIS_INVALID;
    if (len / 4 * 3 - pads > cap)
        return SLUIS_TOO_BIG;
    for (size_t i = 0; i < len; i++) /* libsodium 1.0.18 takes bytes from 0x80 on for digits */
        if ((unsigned char)s[i] >= 0x80)
            return SLUIS_INVALID;
    if (sodium_base642bin(out, cap, s, len, NULL, n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return SLUIS_INVALID;
    return SLUIS_OK;
}
