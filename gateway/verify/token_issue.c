#include "verify/token_issue.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "verify/jose.h"

struct token_issuer {
    jose_signer *signer;
    char *issuer;
};

sluis_err token_issuer_make(const char *key_path, const char *jwks_path, const char *kid, sluis_fail *f)
{
    if (!name_valid(kid))
        return fail_set(f, SLUIS_INVALID, "kid", "a key id is a name: [a-z0-9][a-z0-9._:-]{0,63}");
    return jose_key_new(key_path, jwks_path, kid, f);
}

sluis_err token_issuer_open(token_issuer **out, const char *key_path, const char *issuer, sluis_fail *f)
{
    token_issuer *i = calloc(1, sizeof *i);
    sluis_err e = i && (i->issuer = strdup(issuer)) ? jose_signer_load(&i->signer, key_path, f) : SLUIS_NOMEM;
    if (e)
        token_issuer_close(&i);
    else
        *out = i;
    return e;
}

void token_issuer_close(token_issuer **i)
{
    if (!*i)
        return;
    jose_signer_free(&(*i)->signer);
    free((*i)->issuer);
    free(*i);
    *i = NULL;
}

sluis_err token_issue(const token_issuer *i, const token_claims *c, uint64_t now_ms,
                      char out[static TOKEN_MAX_BYTES + 1], sluis_fail *f)
{
    buffer b;
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "iss", i->issuer, "aud", TOKEN_AUDIENCE,
                          "sub", c->employee, "app", c->app, "oin", c->oin.s, "functie", c->function, "iat",
                          (json_int_t)(now_ms / 1000), "exp", (json_int_t)(c->expires / 1000));
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    buffer_init(&b, TOKEN_MAX_BYTES);
    sluis_err e = text ? jose_sign(i->signer, bytes_str(text), &b) : SLUIS_NOMEM;
    if (e) {
        fail_set(f, e, "token", "cannot sign: %s", error_text(e));
    } else {
        memcpy(out, b.p, b.n);
        out[b.n] = 0;
    }
    buffer_close(&b);
    free(text);
    json_decref(o);
    return e;
}
