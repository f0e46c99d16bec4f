/* ES256 (RFC 7518 section 3.4) over a set of keys (JWKS, RFC 7517). This pair alone knows rhonabwy; what a
 * token says is read by token.c. Keys come from the operator's file only: nothing in a token names a place to
 * fetch one. Thread: a set belongs to one thread. */
#ifndef SLUIS_VERIFY_JOSE_H
#define SLUIS_VERIFY_JOSE_H

#include "base/bytes.h"

typedef struct jose_keys jose_keys;
typedef struct jose_signer jose_signer;

#define JOSE_FILE_MAX (64u << 10)
#define JOSE_KEYS_MAX 16
#define JOSE_KID_MAX  64

/* Which file stands at a path: another one, or one that was written since, has another mark. All zero: none
 * that can be looked at. */
typedef struct {
    uint64_t device, inode, size, changed_ns;
} jose_mark;
void jose_mark_of(jose_mark *out, const char *path);

/* Every key must be EC P-256, public only, with a kid of its own; "use" absent or "sig", "alg" absent or
 * "ES256". */
sluis_err jose_keys_load(jose_keys **out, const char *path, sluis_fail *f);
void jose_keys_free(jose_keys **k);
/* compact: header.payload.signature. UNKNOWN_KEY; BAD_SIGNATURE. */
sluis_err jose_verify(const jose_keys *k, const char *kid, const char *compact, size_t n);

/* New key pair: private JWK to key_path (mode 0600), a JWKS with its public half to jwks_path. Neither may
 * exist. */
sluis_err jose_key_new(const char *key_path, const char *jwks_path, const char *kid, sluis_fail *f);
sluis_err jose_signer_load(jose_signer **out, const char *key_path,
                           sluis_fail *f); /* refuses modes beyond 0600 */
void jose_signer_free(jose_signer **s);
/* Appends the compact form of payload under header {alg ES256, typ JWT, kid}. */
sluis_err jose_sign(const jose_signer *s, bytes payload, buffer *out);

#endif
