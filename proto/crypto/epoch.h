/* Sealing epochs: the sender's short-lived X25519 pair and the wrapping keys derived under it.
 * A new pair at start, then every 5 minutes or 10,000 messages; the secret stays in locked memory.
 * kek_cache holds derived KEKs for the receiving side too, bounded, oldest out. Thread: one owner each. */
#ifndef SLUIS_CRYPTO_EPOCH_H
#define SLUIS_CRYPTO_EPOCH_H

#include "base/ids.h"
#include "crypto/crypto.h"

#define EPOCH_MAX_MS       (5 * 60 * 1000)
#define EPOCH_MAX_MESSAGES 10000

typedef struct epoch epoch;
typedef struct kek_cache kek_cache;

/* The fields that bind a KEK, fixed widths, in the order hashed after the shared secret. */
typedef struct {
    uint16_t suite;
    uint8_t epoch_pk[PK_LEN];
    uint8_t recipient_pk[PK_LEN];
    oin sender;
    keyid signing_key;
    oin recipient;
    keyid sealing_key;
} kek_binding;

/* S = X25519(own_sk, peer_pk); KEK = H("sluis1-kek", S, binding). S is wiped. */
sluis_err kek_derive(uint8_t kek[static KEY_LEN], const uint8_t own_sk[static KEY_LEN],
                     const uint8_t peer_pk[static PK_LEN], const kek_binding *b);

sluis_err epoch_new(epoch **out);
void epoch_free(epoch **e);
/* Counts one message; renews the pair when it is spent. pk stays valid until the next call. */
const uint8_t *epoch_use(epoch *e, uint64_t now_ms);
/* KEK for one recipient under the current pair (b->epoch_pk must be it); cached. */
sluis_err epoch_kek(epoch *e, uint8_t kek[static KEY_LEN], const kek_binding *b);

/* Receiving side: KEKs for (epoch_pk, own sealing key), at most cap of them. */
sluis_err kek_cache_new(kek_cache **out, size_t cap);
void kek_cache_free(kek_cache **c);
sluis_err kek_cache_get(kek_cache *c, uint8_t kek[static KEY_LEN], const uint8_t own_sk[static KEY_LEN],
                        const kek_binding *b);

#endif
