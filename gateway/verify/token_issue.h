/* Makes tokens for tests, the demo and trying things out: `sluisctl token`. In production the municipality's
 * own identity provider issues them and the gateway has only its public keys. Thread: an issuer belongs to
 * one thread. */
#ifndef SLUIS_VERIFY_TOKEN_ISSUE_H
#define SLUIS_VERIFY_TOKEN_ISSUE_H

#include "verify/token.h"

typedef struct token_issuer token_issuer;

/* New ES256 key (private JWK, mode 0600) and the JWKS file for the gateway; neither file may exist. */
sluis_err token_issuer_make(const char *key_path, const char *jwks_path, const char *kid, sluis_fail *f);

sluis_err token_issuer_open(token_issuer **out, const char *key_path, const char *issuer, sluis_fail *f);
void token_issuer_close(token_issuer **i);

/* Writes the compact token for these claims: iat = now, exp = claims->expires (UTC ms, cut to seconds). */
sluis_err token_issue(const token_issuer *i, const token_claims *claims, uint64_t now_ms,
                      char out[static TOKEN_MAX_BYTES + 1], sluis_fail *f);

#endif
