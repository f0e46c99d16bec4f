#include "verify/jose.h"

#include <errno.h>
#include <fcntl.h>
#include <rhonabwy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "http/json.h"

struct jose_keys {
    jwks_t *set;
};

struct jose_signer {
    jwk_t *key;
};

/* ---- files -------------------------------------------------------------------------------------------- */

static sluis_err read_file(buffer *out, const char *path, bool secret, sluis_fail *f)
{
    char block[4096];
    struct stat st;
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        fail_set(f, SLUIS_IO, path, "%s", strerror(errno));
        goto done;
    }
    if (secret && (st.st_mode & 077)) {
        close(fd);
        return fail_set(f, SLUIS_PERMISSION, path,
                        "a private key may be readable by its owner only: chmod 600");
    }
    while ((n = read(fd, block, sizeof block)) > 0)
        buffer_add(out, block, (size_t)n);
    wipe(block, sizeof block);
    if (out->err || n < 0)
        fail_set(f, out->err ? out->err : SLUIS_IO, path, "cannot be read, or is larger than %zu bytes",
                 out->max);
done:
    if (fd >= 0)
        close(fd);
    return n == 0 && !out->err ? SLUIS_OK : out->err ? out->err : SLUIS_IO;
}

static sluis_err write_file(const char *path, mode_t mode, const char *text, sluis_fail *f)
{
    size_t n = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return fail_set(f, errno == EEXIST ? SLUIS_EXISTS : SLUIS_IO, path, "%s", strerror(errno));
    bool ok = write(fd, text, n) == (ssize_t)n && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    close(fd);
    return ok ? SLUIS_OK : fail_set(f, SLUIS_IO, path, "cannot be written");
}

void jose_mark_of(jose_mark *out, const char *path)
{
    struct stat st;
    *out = (jose_mark){0};
    if (stat(path, &st) == 0)
        *out = (jose_mark){.device = st.st_dev,
                           .inode = st.st_ino,
                           .size = (uint64_t)st.st_size,
                           .changed_ns =
                               (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec};
}

/* ---- verifying ---------------------------------------------------------------------------------------- */

static sluis_err bad_key(sluis_fail *f, const char *path, size_t i, const char *why)
{
    return fail_set(f, SLUIS_INVALID, path, "key %zu: %s", i + 1, why);
}

static bool absent_or(jwk_t *key, const char *name, const char *value)
{
    const char *got = r_jwk_get_property_str(key, name);
    return !got || strcmp(got, value) == 0;
}

static sluis_err check_key(jwk_t *key, const char *path, size_t i, sluis_fail *f)
{
    unsigned bits = 0;
    int type = r_jwk_key_type(key, &bits, 0);
    const char *kid = r_jwk_get_property_str(key, "kid"), *curve = r_jwk_get_property_str(key, "crv");
    if (type & R_KEY_TYPE_PRIVATE)
        return bad_key(f, path, i, "is private; only public keys belong in this file");
    if (!(type & R_KEY_TYPE_EC) || !curve || strcmp(curve, "P-256") != 0)
        return bad_key(f, path, i, "is not an EC key on P-256, which ES256 needs");
    if (!kid || !kid[0] || strlen(kid) > JOSE_KID_MAX)
        return bad_key(f, path, i, "needs a kid of 1 to 64 characters");
    if (!absent_or(key, "use", "sig") || !absent_or(key, "alg", "ES256"))
        return bad_key(f, path, i, "is for another use or algorithm");
    if (r_jwk_get_property_str(key, "x5u"))
        return bad_key(f, path, i, "names an x5u address; addresses are never followed");
    return SLUIS_OK;
}

static sluis_err check_set(jwks_t *set, const char *path, sluis_fail *f)
{
    size_t n = r_jwks_size(set);
    sluis_err e = SLUIS_OK;
    if (n == 0 || n > JOSE_KEYS_MAX)
        return fail_set(f, SLUIS_INVALID, path, "holds %zu keys; 1 to %d are allowed", n, JOSE_KEYS_MAX);
    for (size_t i = 0; !e && i < n; i++) {
        jwk_t *key = r_jwks_get_at(set, i);
        e = check_key(key, path, i, f);
        for (size_t k = 0; !e && k < i; k++) {
            jwk_t *other = r_jwks_get_at(set, k);
            if (strcmp(r_jwk_get_property_str(key, "kid"), r_jwk_get_property_str(other, "kid")) == 0)
                e = bad_key(f, path, i, "has the kid of another key");
            r_jwk_free(other);
        }
        r_jwk_free(key);
    }
    return e;
}

sluis_err jose_keys_load(jose_keys **out, const char *path, sluis_fail *f)
{
    buffer text;
    json_t *json = NULL;
    sluis_fail bad = {0};
    jose_keys *k = calloc(1, sizeof *k);
    buffer_init(&text, JOSE_FILE_MAX);
    sluis_err e = k ? read_file(&text, path, false, f) : SLUIS_NOMEM;
    if (!e && (e = json_request_parse(&json, buffer_bytes(&text), &bad)))
        fail_set(f, e, path, "is not JSON: %s: %s", bad.where, bad.text);
    if (!e && (r_jwks_init(&k->set) != RHN_OK || r_jwks_import_from_json_t(k->set, json) != RHN_OK))
        e = fail_set(f, SLUIS_INVALID, path, "is not a JWKS: {\"keys\": [...]}");
    if (!e)
        e = check_set(k->set, path, f);
    if (e)
        jose_keys_free(&k);
    else
        *out = k;
    json_decref(json);
    buffer_close(&text);
    return e;
}

void jose_keys_free(jose_keys **k)
{
    if (!*k)
        return;
    r_jwks_free((*k)->set);
    free(*k);
    *k = NULL;
}

sluis_err jose_verify(const jose_keys *k, const char *kid, const char *compact, size_t n)
{
    sluis_err e = SLUIS_BAD_SIGNATURE;
    jws_t *jws = NULL;
    jwk_t *key = r_jwks_get_by_kid(k->set, kid);
    if (!key)
        return SLUIS_UNKNOWN_KEY;
    if (r_jws_init(&jws) == RHN_OK &&
        r_jws_advanced_compact_parsen(jws, compact, n, R_PARSE_NONE, 0) == RHN_OK &&
        r_jws_get_alg(jws) == R_JWA_ALG_ES256 && r_jws_verify_signature(jws, key, 0) == RHN_OK)
        e = SLUIS_OK;
    r_jws_free(jws);
    r_jwk_free(key);
    return e;
}

/* ---- signing: demonstration and tests; a real identity provider keeps its own key ---------------------- */

sluis_err jose_key_new(const char *key_path, const char *jwks_path, const char *kid, sluis_fail *f)
{
    sluis_err e = SLUIS_NOMEM;
    jwk_t *secret = NULL, *open_half = NULL;
    json_t *set = NULL;
    char *key_text = NULL, *set_text = NULL;
    if (r_jwk_init(&secret) != RHN_OK || r_jwk_init(&open_half) != RHN_OK)
        goto done;
    if (r_jwk_generate_key_pair(secret, open_half, R_KEY_TYPE_EC, 256, kid) != RHN_OK) {
        e = fail_set(f, SLUIS_INTERNAL, kid, "cannot make an ES256 key");
        goto done;
    }
    set = json_pack("{s:[o]}", "keys", r_jwk_export_to_json_t(open_half));
    set_text = set ? json_dumps(set, JSON_INDENT(2)) : NULL;
    key_text = r_jwk_export_to_json_str(secret, 1);
    if (!key_text || !set_text)
        goto done;
    e = write_file(key_path, 0600, key_text, f);
    if (!e)
        e = write_file(jwks_path, 0644, set_text, f);
done:
    if (key_text)
        wipe(key_text, strlen(key_text));
    free(key_text);
    free(set_text);
    json_decref(set);
    r_jwk_free(secret);
    r_jwk_free(open_half);
    return e;
}

sluis_err jose_signer_load(jose_signer **out, const char *key_path, sluis_fail *f)
{
    buffer text;
    jose_signer *s = calloc(1, sizeof *s);
    buffer_init(&text, JOSE_FILE_MAX);
    sluis_err e = s ? read_file(&text, key_path, true, f) : SLUIS_NOMEM;
    buffer_u8(&text, 0);
    if (!e &&
        (text.err || r_jwk_init(&s->key) != RHN_OK ||
         r_jwk_import_from_json_str(s->key, (char *)text.p) != RHN_OK ||
         !(r_jwk_key_type(s->key, NULL, 0) & R_KEY_TYPE_PRIVATE) || !r_jwk_get_property_str(s->key, "kid")))
        e = fail_set(f, SLUIS_INVALID, key_path, "is not a private JWK with a kid");
    buffer_close(&text);
    if (e)
        jose_signer_free(&s);
    else
        *out = s;
    return e;
}

void jose_signer_free(jose_signer **s)
{
    if (!*s)
        return;
    r_jwk_free((*s)->key);
    free(*s);
    *s = NULL;
}

sluis_err jose_sign(const jose_signer *s, bytes payload, buffer *out)
{
    jws_t *jws = NULL;
    char *compact = NULL;
    if (r_jws_init(&jws) == RHN_OK && r_jws_set_alg(jws, R_JWA_ALG_ES256) == RHN_OK &&
        r_jws_set_header_str_value(jws, "typ", "JWT") == RHN_OK &&
        r_jws_set_header_str_value(jws, "kid", r_jwk_get_property_str(s->key, "kid")) == RHN_OK &&
        r_jws_set_payload(jws, payload.p, payload.n) == RHN_OK)
        compact = r_jws_serialize(jws, s->key, 0);
    if (compact)
        buffer_add(out, compact, strlen(compact));
    r_free(compact);
    r_jws_free(jws);
    return !compact ? SLUIS_INTERNAL : out->err;
}
