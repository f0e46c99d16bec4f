#include "crypto/keypair.h"

#include <string.h>

static const struct {
    key_use use;
    const char *name;
} uses[] = {
    {USE_SIGN, "sign"}, {USE_SEAL, "seal"},           {USE_CURVE, "curve"},     {USE_LOG, "log"},
    {USE_ROOT, "root"}, {USE_DIRECTORY, "directory"}, {USE_WITNESS, "witness"},
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
