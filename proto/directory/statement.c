#include "directory/statement.h"

#include <stdlib.h>
#include <string.h>

#define SMALL 2048 /* statements up to this size need no heap */

/* prefix and said in one piece: in small when it fits there, else owned by the caller. */
static uint8_t *join(uint8_t small[static SMALL], size_t *n, const char *prefix, bytes said)
{
    size_t head = strlen(prefix);
    if (said.n > SIZE_MAX - head)
        return NULL;
    *n = head + said.n;
    uint8_t *p = *n <= SMALL ? small : malloc(*n);
    if (!p)
        return NULL;
    memcpy(p, prefix, head);
    if (said.n)
        memcpy(p + head, said.p, said.n);
    return p;
}

sluis_err statement_sign(uint8_t sig[static SIG_LEN], const char *prefix, bytes said, const keypair *key)
{
    uint8_t small[SMALL];
    size_t n;
    uint8_t *p = join(small, &n, prefix, said);
    if (!p)
        return SLUIS_NOMEM;
    sign_detached(sig, key->sk, p, n);
    if (p != small)
        free(p);
    return SLUIS_OK;
}

sluis_err statement_verify(const uint8_t sig[static SIG_LEN], const char *prefix, bytes said,
                           const uint8_t pk[static PK_LEN])
{
    uint8_t small[SMALL];
    size_t n;
    uint8_t *p = join(small, &n, prefix, said);
    if (!p)
        return SLUIS_NOMEM;
    sluis_err err = sign_verify(sig, pk, p, n) ? SLUIS_BAD_SIGNATURE : SLUIS_OK;
    if (p != small)
        free(p);
    return err;
}
