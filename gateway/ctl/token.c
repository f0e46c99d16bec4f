/* `token` and `token new-issuer`: an identity provider for trying things out. A real one issues its own
 * tokens; the gateway only ever holds public keys (jwks.json). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "verify/token_issue.h"

#define PATH_CAP 1024
#define TTL_MAX  (12 * 3600)
#define KEY_FILE "issuer.jwk"
#define KID      "sluis-test-1"

static sluis_err join(char out[static PATH_CAP], const char *dir, const char *name, sluis_fail *f)
{
    int n = snprintf(out, PATH_CAP, "%s/%s", dir, name);
    return n > 0 && n < PATH_CAP ? SLUIS_OK : fail_set(f, SLUIS_TOO_BIG, "--dir", "is too long");
}

ctl_exit ctl_token_new_issuer(ctl_call *c)
{
    char key[PATH_CAP], jwks[PATH_CAP];
    sluis_fail f = {0};
    const char *dir = ctl_value(c, "dir");
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        fail_set(&f, SLUIS_IO, dir, "cannot be made: %s", strerror(errno));
        return ctl_failed(c, &f);
    }
    if (join(key, dir, KEY_FILE, &f) || join(jwks, dir, "jwks.json", &f) ||
        token_issuer_make(key, jwks, KID, &f))
        return ctl_failed(c, &f);
    ctl_print(c, json_pack("{s:b,s:s,s:s}", "ok", 1, "key", key, "jwks", jwks));
    return CTL_OK;
}

static sluis_err fill(char *out, size_t cap, const ctl_call *c, const char *option, bool name, sluis_fail *f)
{
    const char *s = ctl_value(c, option);
    if (strlen(s) >= cap || (name && !name_valid(s)))
        return fail_set(f, SLUIS_INVALID, option, "takes a name such as wmo-intake");
    memcpy(out, s, strlen(s) + 1);
    return SLUIS_OK;
}

ctl_exit ctl_token(ctl_call *c)
{
    char key[PATH_CAP], token[TOKEN_MAX_BYTES + 1];
    sluis_fail f = {0};
    token_issuer *issuer = NULL;
    token_claims claims = {0};
    uint64_t now = clock_ms();
    claims.expires = now + (uint64_t)ctl_number(c, "ttl", 1, TTL_MAX) * 1000;
    const char *who = ctl_value(c, "oin");
    if (oin_parse(&claims.oin, who, strlen(who)))
        fail_set(&f, SLUIS_INVALID, "--oin", "is not an organisation number of 20 characters");
    if (f.code || fill(claims.app, sizeof claims.app, c, "app", true, &f) ||
        fill(claims.function, sizeof claims.function, c, "function", true, &f) ||
        fill(claims.employee, sizeof claims.employee, c, "employee", true, &f) ||
        join(key, ctl_value(c, "dir"), KEY_FILE, &f) ||
        token_issuer_open(&issuer, key, ctl_value(c, "issuer"), &f) ||
        token_issue(issuer, &claims, now, token, &f)) {
        token_issuer_close(&issuer);
        return ctl_failed(c, &f);
    }
    token_issuer_close(&issuer);
    if (c->json)
        ctl_print(c, json_pack("{s:b,s:s,s:I}", "ok", 1, "token", token, "expires",
                               (json_int_t)(claims.expires / 1000)));
    else
        puts(token);
    return CTL_OK;
}
