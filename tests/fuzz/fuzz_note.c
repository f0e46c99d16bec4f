/* Any bytes as a checkpoint and as a verifier key. What opens must sign back to the same bytes when it holds
 * our signature alone; a key string that parses must format to itself. */
#include <stdlib.h>
#include <string.h>

#include "crypto/note.h"

#define NAME "gw.example/journal/1"

static void try_checkpoint(const keypair *key, const char *note, size_t n)
{
    checkpoint c;
    char again[NOTE_MAX];
    size_t len;
    if (checkpoint_open(&c, note, n, NAME, (pubkeys[]){pubkeys_of(key->pk)}, NULL) != SLUIS_OK)
        return;
    if (checkpoint_sign(again, sizeof again, &len, &c, NAME, key) != SLUIS_OK || len > n)
        abort();
    const char *text_end = strstr(again, "\n\n");
    if (memcmp(again, note, (size_t)(text_end - again)) != 0)
        abort();
}

static void try_verifier(const char *s)
{
    char name[ORIGIN_MAX + 1], again[ORIGIN_MAX + 100];
    uint8_t pk[PK_LEN];
    if (verifier_parse(name, pk, s) == SLUIS_OK && verifier_format(again, sizeof again, name, pk) != SLUIS_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32] = {1};
    keypair key;
    if (crypto_start() != SLUIS_OK || keypair_from_seed(&key, USE_LOG, seed, 0) != SLUIS_OK)
        abort();
    try_checkpoint(&key, (const char *)data, size);
    char *s = malloc(size + 1);
    if (size)
        memcpy(s, data, size);
    s[size] = '\0';
    try_verifier(s);
    free(s);
    keypair_close(&key);
    return 0;
}
