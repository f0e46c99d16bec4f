/* Bearer tokens: JWT (RFC 7519) in JWS compact form, signed ES256 by the municipality's identity provider.
 *
 *   header   exactly alg "ES256", typ "JWT", kid; any other member (crit, jku, jwk, x5u, x5c, ...) refuses
 *   claims   iss = the configured issuer, aud = "sluis" (or a list with it), sub = employee pseudonym,
 *            app = application id, oin = organisation acted for, functie, iat, nbf (optional), exp;
 *            exp - iat at most the configured lifetime; clocks may differ by TOKEN_SKEW_MS
 *
 * A token verified before is taken from a bounded cache, by its hash; its times are checked on every use.
 * The file of keys is looked at before each use of a verifier, and about once a second by a cache: when it
 * has changed, what was verified with the keys of before is forgotten. Errors: UNAUTHENTICATED with the
 * reason in words, never the token's content. Thread: a verifier or a cache belongs to one thread; make one a
 * worker. */
#ifndef SLUIS_VERIFY_TOKEN_H
#define SLUIS_VERIFY_TOKEN_H

#include "base/ids.h"
#include "flow/claims.h"

typedef struct token_verifier token_verifier;
typedef struct token_cache token_cache;

#define TOKEN_MAX_BYTES   4096
#define TOKEN_SKEW_MS     60000
#define TOKEN_LIFETIME_MS (12 * 3600 * 1000) /* longest exp - iat unless set otherwise */
#define TOKEN_AUDIENCE    "sluis"
#define TOKEN_CACHE_SLOTS 1024

/* Reads the JWKS file, and again when it has changed. A file that is wrong then changes nothing: the keys of
 * before stay in force, and the log names the file and what is wrong with it. */
sluis_err token_verifier_new(token_verifier **out, const char *jwks_path, const char *issuer, sluis_fail *f);
void token_verifier_free(token_verifier **v);
void token_verifier_set_lifetime(token_verifier *v, uint64_t max_ms);

sluis_err token_verify(token_verifier *v, const char *token, uint64_t now_ms, token_claims *out,
                       sluis_fail *f);

/* For who verifies nothing himself: what others have verified, the newest TOKEN_CACHE_SLOTS at most. */
sluis_err token_cache_new(token_cache **out, const char *jwks_path);
void token_cache_free(token_cache **c);
/* Before a token is looked for: forgets all when the file has changed. */
void token_cache_follow(token_cache *c, uint64_t now_ms);
/* Of a token that a verifier took, which was given it at `since`: not kept when that was before the file was
 * seen to have changed. */
void token_cache_keep(token_cache *c, const char *token, const token_claims *claims, uint64_t since_ms);
/* NOT_FOUND: it must be verified. UNAUTHENTICATED: it is over, or not valid yet. */
sluis_err token_cache_find(const token_cache *c, const char *token, uint64_t now_ms, token_claims *out,
                           sluis_fail *f);

#endif
