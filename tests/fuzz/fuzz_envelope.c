/* Any bytes as an envelope: decoded, verified and opened with the fixed keys of
 * tests/data/envelope_vectors.json (signing seed 02…, sealing secret 05…). Opening is tried whatever the
 * signature says. */
#include <stdlib.h>
#include <string.h>

#include "wire/envelope.h"

typedef struct {
    keypair sign, seal;
    oin own;
    root_cache *roots;
    kek_cache *keks;
} keys;

static keys *keys_of(void)
{
    static keys k;
    static bool ready;
    uint8_t secret[32];
    if (ready)
        return &k;
    memset(secret, 2, sizeof secret);
    if (crypto_start() || keypair_from_seed(&k.sign, USE_SIGN, secret, 0))
        abort();
    memset(secret, 5, sizeof secret);
    if (keypair_from_seed(&k.seal, USE_SEAL, secret, 0) ||
        oin_parse(&k.own, "00000099000000002000", OIN_LEN) || root_cache_new(&k.roots, 16) ||
        kek_cache_new(&k.keks, 16))
        abort();
    ready = true;
    return &k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    keys *k = keys_of();
    envelope *e;
    buffer plain;
    sluis_fail f = {0};
    sluis_err err = envelope_decode(&e, BYTES(data, n), 65536, &f);
    if (err) {
        if (e || f.code != err || !f.where[0])
            abort();
        return 0;
    }
    buffer_init(&plain, 65536);
    envelope_check_times(e, UINT64_C(1795500000000), NULL);
    envelope_check_kind(e, NULL);
    envelope_verify(e, k->sign.pk, k->roots, NULL);
    envelope_open(e, &k->own, &k->seal, k->keks, &plain, NULL);
    buffer_close(&plain);
    envelope_free(&e);
    return 0;
}
