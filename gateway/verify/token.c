#include "verify/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "http/json.h"
#include "verify/jose.h"

#define ES256_LEN 64   /* bytes of a signature */
#define LOOK_MS   1000 /* between two looks of a cache at the file */

typedef struct {
    uint8_t hash[HASH_LEN];
    token_claims claims; /* expires 0: a free slot */
} verified;

struct token_cache {
    char *path; /* of the file of keys */
    jose_mark mark;
    uint64_t looked, changed;          /* ms: at the file last, and when it was seen to have changed */
    verified slots[TOKEN_CACHE_SLOTS]; /* by the first bytes of the hash; the newest wins */
};

struct token_verifier {
    jose_keys *keys;
    char *path; /* of the file they came from */
    jose_mark mark;
    char *issuer;
    uint64_t max_lifetime_ms;
    token_cache *cache;
};

static sluis_err refuse(sluis_fail *f, const char *where, const char *why)
{
    return fail_set(f, SLUIS_UNAUTHENTICATED, where, "%s", why);
}

/* RFC 4648 section 5 without padding, and its one canonical spelling only. */
static sluis_err base64url_decode(buffer *out, const char *s, size_t n)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        const char *at = s[i] ? strchr(alphabet, s[i]) : NULL;
        if (!at)
            return SLUIS_INVALID;
        bits = (bits << 6 | (uint32_t)(at - alphabet)) & 0xfff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buffer_u8(out, (uint8_t)(bits >> have));
        }
    }
    if (n % 4 == 1 || (bits & ((1u << have) - 1)))
        return SLUIS_INVALID;
    return out->err;
}

static json_t *decode_object(const char *s, size_t n)
{
    buffer b;
    json_t *o = NULL;
    buffer_init(&b, TOKEN_MAX_BYTES);
    if (base64url_decode(&b, s, n) || json_request_parse(&o, buffer_bytes(&b), NULL))
        o = NULL;
    buffer_close(&b);
    if (o && !json_is_object(o)) {
        json_decref(o);
        o = NULL;
    }
    return o;
}

/* ES256's 64 bytes (RFC 7518, 3.4), so that a token has one text: the library reads other spellings, too. */
static bool signature_spelt(const char *s, size_t n)
{
    buffer b;
    buffer_init(&b, TOKEN_MAX_BYTES);
    const bool ok = !base64url_decode(&b, s, n) && b.n == ES256_LEN;
    buffer_close(&b);
    return ok;
}

static bool is_str(const json_t *o, const char *name, const char *value)
{
    const char *s = json_str(o, name);
    return s && strcmp(s, value) == 0;
}

/* Only the three members we know, so that nothing in a header can point at another key or algorithm. */
static sluis_err check_header(const json_t *h, const char **kid, sluis_fail *f)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)h, key, value)
    {
        if (strcmp(key, "alg") != 0 && strcmp(key, "typ") != 0 && strcmp(key, "kid") != 0)
            return refuse(f, "token.header", "in de header van een token staan alleen alg, typ en kid");
    }
    if (!is_str(h, "alg", "ES256"))
        return refuse(f, "token.alg", "alleen ES256 wordt aangenomen");
    if (!is_str(h, "typ", "JWT"))
        return refuse(f, "token.typ", "typ moet JWT zijn");
    *kid = json_str(h, "kid");
    if (!*kid || !**kid || strlen(*kid) > JOSE_KID_MAX)
        return refuse(f, "token.kid", "de header moet zijn sleutel noemen: kid");
    return SLUIS_OK;
}

static bool for_us(const json_t *aud)
{
    if (json_is_string(aud))
        return strcmp(json_string_value(aud), TOKEN_AUDIENCE) == 0;
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *s = json_string_value(json_array_get(aud, i));
        if (s && strcmp(s, TOKEN_AUDIENCE) == 0)
            return true;
    }
    return false;
}

static sluis_err read_name(char out[static NAME_MAX_LEN + 1], const json_t *c, const char *name,
                           sluis_fail *f)
{
    char where[32] = "token.";
    const char *s = json_str(c, name);
    strcat(where, name);
    if (!s || !name_valid(s))
        return refuse(f, where, "deze claim moet een naam zijn: [a-z0-9][a-z0-9._:-]{0,63}");
    memcpy(out, s, strlen(s) + 1);
    return SLUIS_OK;
}

/* Seconds, as a whole number between 1970 and 2100. */
static sluis_err read_time(uint64_t *out_ms, const json_t *c, const char *name, sluis_fail *f)
{
    char where[32] = "token.";
    const json_t *v = json_object_get(c, name);
    json_int_t s = json_is_integer(v) ? json_integer_value(v) : -1;
    strcat(where, name);
    if (s < 0 || s > INT64_C(4102444800))
        return refuse(f, where, "deze claim moet een tijd in hele seconden zijn");
    *out_ms = (uint64_t)s * 1000;
    return SLUIS_OK;
}

static sluis_err check_times(const token_claims *c, uint64_t now_ms, sluis_fail *f)
{
    if (now_ms >= c->expires + TOKEN_SKEW_MS)
        return fail_set(f, SLUIS_UNAUTHENTICATED, "token.exp",
                        "%llu s geleden verlopen (60 s klokverschil is toegestaan)",
                        (unsigned long long)((now_ms - c->expires) / 1000));
    if (c->not_before > now_ms + TOKEN_SKEW_MS)
        return fail_set(f, SLUIS_UNAUTHENTICATED, "token.nbf",
                        "pas over %llu s geldig (60 s klokverschil is toegestaan): vergelijk de klokken",
                        (unsigned long long)((c->not_before - now_ms) / 1000));
    return SLUIS_OK;
}

static sluis_err read_claims(const token_verifier *v, const json_t *c, token_claims *out, sluis_fail *f)
{
    uint64_t iat = 0, nbf = 0;
    const char *o = json_str(c, "oin");
    if (!is_str(c, "iss", v->issuer))
        return refuse(f, "token.iss", "niet de uitgever die deze gateway aanneemt");
    if (!for_us(json_object_get(c, "aud")))
        return refuse(f, "token.aud", "niet bedoeld voor \"" TOKEN_AUDIENCE "\"");
    if (!o || oin_parse(&out->oin, o, strlen(o)))
        return refuse(f, "token.oin", "deze claim moet een OIN van 20 tekens zijn");
    sluis_err e = read_name(out->employee, c, "sub", f);
    if (!e)
        e = read_name(out->app, c, "app", f);
    if (!e)
        e = read_name(out->function, c, "functie", f);
    if (!e)
        e = read_time(&iat, c, "iat", f);
    if (!e)
        e = read_time(&out->expires, c, "exp", f);
    if (!e && json_object_get(c, "nbf"))
        e = read_time(&nbf, c, "nbf", f);
    out->not_before = nbf > iat ? nbf : iat;
    if (e)
        return e;
    if (out->expires <= iat || out->expires - iat > v->max_lifetime_ms)
        return fail_set(f, SLUIS_UNAUTHENTICATED, "token.exp",
                        "een token leeft ten hoogste %llu s na zijn iat",
                        (unsigned long long)(v->max_lifetime_ms / 1000));
    return SLUIS_OK;
}

/* The two dots of header.payload.signature; false when there are more, fewer, or an empty part. */
static bool split(const char *token, size_t n, size_t *dot1, size_t *dot2)
{
    const char *a = memchr(token, '.', n), *b = a ? memchr(a + 1, '.', n - (size_t)(a - token) - 1) : NULL;
    if (!b || a == token || b == a + 1 || b + 1 == token + n ||
        memchr(b + 1, '.', n - (size_t)(b - token) - 1))
        return false;
    *dot1 = (size_t)(a - token);
    *dot2 = (size_t)(b - token);
    return true;
}

static sluis_err verify_new(token_verifier *v, const char *token, size_t n, token_claims *out, sluis_fail *f)
{
    size_t d1, d2;
    const char *kid = NULL;
    json_t *header = NULL, *claims = NULL;
    if (!split(token, n, &d1, &d2))
        return refuse(f, "token", "een token heeft drie delen: header.payload.signature");
    sluis_err e = SLUIS_OK;
    if (!(header = decode_object(token, d1)))
        e = refuse(f, "token.header", "geen base64url van één JSON-object");
    if (!e)
        e = check_header(header, &kid, f);
    if (!e && !signature_spelt(token + d2 + 1, n - d2 - 1))
        e = refuse(f, "token", "de handtekening is geen base64url van 64 bytes");
    if (!e) {
        sluis_err bad = jose_verify(v->keys, kid, token, n);
        if (bad)
            e = refuse(f, "token",
                       bad == SLUIS_UNKNOWN_KEY ? "zijn kid staat niet in het sleutelbestand"
                                                : "de handtekening past niet");
    }
    if (!e && !(claims = decode_object(token + d1 + 1, d2 - d1 - 1)))
        e = refuse(f, "token.payload", "geen base64url van één JSON-object");
    if (!e)
        e = read_claims(v, claims, out, f);
    json_decref(header);
    json_decref(claims);
    return e;
}

sluis_err token_verifier_new(token_verifier **out, const char *jwks_path, const char *issuer, sluis_fail *f)
{
    token_verifier *v = calloc(1, sizeof *v);
    sluis_err e = v && (v->issuer = strdup(issuer)) && (v->path = strdup(jwks_path))
                      ? token_cache_new(&v->cache, jwks_path)
                      : SLUIS_NOMEM;
    if (!e) {
        jose_mark_of(&v->mark, v->path);
        e = jose_keys_load(&v->keys, v->path, f);
    }
    if (e) {
        token_verifier_free(&v);
        return e;
    }
    v->max_lifetime_ms = TOKEN_LIFETIME_MS;
    *out = v;
    return SLUIS_OK;
}

void token_verifier_free(token_verifier **v)
{
    if (!*v)
        return;
    jose_keys_free(&(*v)->keys);
    token_cache_free(&(*v)->cache);
    free((*v)->issuer);
    free((*v)->path);
    free(*v);
    *v = NULL;
}

static void forget(token_cache *c)
{
    memset(c->slots, 0, sizeof c->slots);
}

void token_verifier_set_lifetime(token_verifier *v, uint64_t max_ms)
{
    v->max_lifetime_ms = max_ms;
    forget(v->cache);
}

/* The issuer has other keys: its operator put another file in the place of this one. */
static void follow(token_verifier *v)
{
    jose_mark now;
    jose_keys *keys = NULL;
    sluis_fail why = {0};
    jose_mark_of(&now, v->path);
    if (memcmp(&now, &v->mark, sizeof now) == 0)
        return;
    v->mark = now;
    if (jose_keys_load(&keys, v->path, &why)) {
        log_write(LOG_ERROR, "verify.keys", "file", v->path, "text", why.text, "keys", "those of before",
                  NULL);
        return;
    }
    jose_keys_free(&v->keys);
    v->keys = keys;
    forget(v->cache);
    log_write(LOG_INFO, "verify.keys", "file", v->path, "keys", "those of this file", NULL);
}

sluis_err token_cache_new(token_cache **out, const char *jwks_path)
{
    token_cache *c = *out = calloc(1, sizeof *c);
    if (!c || !(c->path = strdup(jwks_path))) {
        token_cache_free(out);
        return SLUIS_NOMEM;
    }
    jose_mark_of(&c->mark, c->path);
    return SLUIS_OK;
}

void token_cache_free(token_cache **c)
{
    if (*c)
        free((*c)->path);
    free(*c);
    *c = NULL;
}

void token_cache_follow(token_cache *c, uint64_t now_ms)
{
    jose_mark now;
    if (now_ms >= c->looked && now_ms - c->looked < LOOK_MS)
        return;
    c->looked = now_ms;
    jose_mark_of(&now, c->path);
    if (memcmp(&now, &c->mark, sizeof now) == 0)
        return;
    c->mark = now;
    c->changed = now_ms;
    forget(c);
}

static size_t slot_of(uint8_t hash[static HASH_LEN], const char *token)
{
    hash_one(hash, "sluis1-token", NULL, token, strlen(token));
    return get_u16(hash) % TOKEN_CACHE_SLOTS;
}

static void keep(token_cache *c, const char *token, const token_claims *claims)
{
    uint8_t hash[HASH_LEN];
    verified *slot = &c->slots[slot_of(hash, token)];
    memcpy(slot->hash, hash, HASH_LEN);
    slot->claims = *claims;
}

void token_cache_keep(token_cache *c, const char *token, const token_claims *claims, uint64_t since_ms)
{
    if (since_ms > c->changed)
        keep(c, token, claims);
}

sluis_err token_cache_find(const token_cache *c, const char *token, uint64_t now_ms, token_claims *out,
                           sluis_fail *f)
{
    uint8_t hash[HASH_LEN];
    const verified *slot = &c->slots[slot_of(hash, token)];
    if (!slot->claims.expires || memcmp(slot->hash, hash, HASH_LEN) != 0)
        return SLUIS_NOT_FOUND;
    sluis_err e = check_times(&slot->claims, now_ms, f);
    if (!e)
        *out = slot->claims;
    return e;
}

sluis_err token_verify(token_verifier *v, const char *token, uint64_t now_ms, token_claims *out,
                       sluis_fail *f)
{
    token_claims claims = {.expires = 0};
    size_t n = strnlen(token, TOKEN_MAX_BYTES + 1);
    if (n == 0)
        return refuse(f, "token", "geen token");
    if (n > TOKEN_MAX_BYTES)
        return refuse(f, "token", "groter dan 4096 bytes");
    follow(v);
    sluis_err e = token_cache_find(v->cache, token, now_ms, out, f);
    if (e != SLUIS_NOT_FOUND)
        return e;
    e = verify_new(v, token, n, &claims, f);
    if (!e)
        e = check_times(&claims, now_ms, f);
    if (e)
        return e;
    keep(v->cache, token, &claims);
    *out = claims;
    return SLUIS_OK;
}
