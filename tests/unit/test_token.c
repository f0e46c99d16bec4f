/* Tokens: each refusal once, with tokens that are otherwise good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "verify/jose.h"
#include "verify/token.h"
#include "verify/token_issue.h"

#define NOW UINT64_C(1795500000000)
#define ISS "https://idp.gemeente.example"

typedef struct {
    char dir[64], key[96], jwks[96], key2[96], jwks2[96];
    token_issuer *issuer;
    jose_signer *signer;
    token_verifier *v;
} rig;

static int setup(void **state)
{
    static rig g;
    sluis_fail f = {0};
    g = (rig){0};
    crypto_start();
    strcpy(g.dir, "/tmp/sluis-token-XXXXXX");
    assert_non_null(mkdtemp(g.dir));
    snprintf(g.key, sizeof g.key, "%s/key.json", g.dir);
    snprintf(g.jwks, sizeof g.jwks, "%s/jwks.json", g.dir);
    snprintf(g.key2, sizeof g.key2, "%s/key2.json", g.dir);
    snprintf(g.jwks2, sizeof g.jwks2, "%s/jwks2.json", g.dir);
    assert_int_equal(token_issuer_make(g.key, g.jwks, "sleutel-1", &f), SLUIS_OK);
    assert_int_equal(token_issuer_open(&g.issuer, g.key, ISS, &f), SLUIS_OK);
    assert_int_equal(jose_signer_load(&g.signer, g.key, &f), SLUIS_OK);
    assert_int_equal(token_verifier_new(&g.v, g.jwks, ISS, &f), SLUIS_OK);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    rig *g = *state;
    const char *files[] = {g->key, g->jwks, g->key2, g->jwks2};
    token_verifier_free(&g->v);
    token_issuer_close(&g->issuer);
    jose_signer_free(&g->signer);
    for (size_t i = 0; i < 4; i++)
        unlink(files[i]);
    return rmdir(g->dir);
}

static token_claims some(void)
{
    token_claims c = {
        .app = "wmo-suite", .function = "consulent", .employee = "mw-7f3a", .expires = NOW + 3600000};
    strcpy(c.oin.s, "00000099000000001000");
    return c;
}

static void test_round_trip(void **state)
{
    rig *g = *state;
    char token[TOKEN_MAX_BYTES + 1];
    token_claims c = some(), got;
    sluis_fail f = {0};
    assert_int_equal(token_issue(g->issuer, &c, NOW, token, &f), SLUIS_OK);
    for (int i = 0; i < 2; i++) { /* the second time from the cache */
        memset(&got, 0, sizeof got);
        assert_int_equal(token_verify(g->v, token, NOW, &got, &f), SLUIS_OK);
        assert_string_equal(got.app, "wmo-suite");
        assert_string_equal(got.function, "consulent");
        assert_string_equal(got.employee, "mw-7f3a");
        assert_string_equal(got.oin.s, "00000099000000001000");
        assert_int_equal(got.expires, NOW + 3600000);
    }
    /* Times are checked on a cache hit too. */
    assert_int_equal(token_verify(g->v, token, NOW + 3600000 + 59999, &got, &f), SLUIS_OK);
    assert_int_equal(token_verify(g->v, token, NOW + 3600000 + 60000, &got, &f), SLUIS_UNAUTHENTICATED);
    assert_string_equal(f.where, "token.exp");
    assert_string_equal(f.text, "60 s geleden verlopen (60 s klokverschil is toegestaan)");
    fail_clear(&f);
    assert_int_equal(token_verify(g->v, token, NOW - 61000, &got, &f), SLUIS_UNAUTHENTICATED);
    assert_string_equal(f.where, "token.nbf");
    assert_non_null(strstr(f.text, "61 s"));
}

/* Puts a file in the place of another, as whoever changes keys does. */
static void replace(const char *path, const char *text)
{
    char next[128];
    snprintf(next, sizeof next, "%s.next", path);
    FILE *out = fopen(next, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(rename(next, path), 0);
}

static void copy(const char *path, const char *from)
{
    char text[2048] = "";
    FILE *in = fopen(from, "r");
    assert_non_null(in);
    assert_true(fread(text, 1, sizeof text - 1, in) > 0);
    fclose(in);
    replace(path, text);
}

static sluis_err says(token_verifier *v, const char *token, sluis_fail *f)
{
    token_claims got;
    fail_clear(f);
    return token_verify(v, token, NOW, &got, f);
}

/* The issuer has another key: the tokens of before are refused from then on, also one that was verified; a
 * file that is wrong changes nothing. */
static void test_rotation(void **state)
{
    static const char *const wrong[] = {"", "{\"keys\": []}", "[]"};
    rig *g = *state;
    char old[TOKEN_MAX_BYTES + 1], new[TOKEN_MAX_BYTES + 1], path[96], key[96], jwks[96];
    token_claims c = some();
    token_issuer *issuer = NULL;
    token_verifier *v = NULL;
    sluis_fail f = {0};
    snprintf(path, sizeof path, "%s/rotated.json", g->dir);
    snprintf(key, sizeof key, "%s/next-key.json", g->dir);
    snprintf(jwks, sizeof jwks, "%s/next-jwks.json", g->dir);
    copy(path, g->jwks);
    assert_int_equal(token_verifier_new(&v, path, ISS, &f), SLUIS_OK);
    assert_int_equal(token_issuer_make(key, jwks, "sleutel-2", &f), SLUIS_OK);
    assert_int_equal(token_issuer_open(&issuer, key, ISS, &f), SLUIS_OK);
    assert_int_equal(token_issue(g->issuer, &c, NOW, old, &f), SLUIS_OK);
    assert_int_equal(token_issue(issuer, &c, NOW, new, &f), SLUIS_OK);
    assert_int_equal(says(v, old, &f), SLUIS_OK);
    assert_int_equal(says(v, new, &f), SLUIS_UNAUTHENTICATED);
    assert_string_equal(f.text, "zijn kid staat niet in het sleutelbestand");
    copy(path, jwks);
    assert_int_equal(says(v, old, &f), SLUIS_UNAUTHENTICATED);
    assert_string_equal(f.text, "zijn kid staat niet in het sleutelbestand");
    assert_int_equal(says(v, new, &f), SLUIS_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        replace(path, wrong[i]);
        assert_int_equal(says(v, new, &f), SLUIS_OK);
        assert_int_equal(says(v, old, &f), SLUIS_UNAUTHENTICATED);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(says(v, new, &f), SLUIS_OK);
    copy(path, g->jwks);
    assert_int_equal(says(v, old, &f), SLUIS_OK);
    token_issuer_close(&issuer);
    token_verifier_free(&v);
    unlink(path);
    unlink(key);
    unlink(jwks);
}

/* A cache looks once a second; what was given to be verified before it saw the change is not kept after it.
 */
static void test_cache_at_rotation(void **state)
{
    rig *g = *state;
    char path[96];
    token_claims c = some(), got;
    token_cache *known = NULL;
    snprintf(path, sizeof path, "%s/rotated.json", g->dir);
    replace(path, "one");
    assert_int_equal(token_cache_new(&known, path), SLUIS_OK);
    token_cache_follow(known, NOW);
    token_cache_keep(known, "a.b.c", &c, NOW);
    token_cache_follow(known, NOW + 5000);
    assert_int_equal(token_cache_find(known, "a.b.c", NOW, &got, NULL), SLUIS_OK);
    replace(path, "other");
    token_cache_follow(known, NOW + 5999);
    assert_int_equal(token_cache_find(known, "a.b.c", NOW, &got, NULL), SLUIS_OK);
    token_cache_follow(known, NOW + 6000);
    assert_int_equal(token_cache_find(known, "a.b.c", NOW, &got, NULL), SLUIS_NOT_FOUND);
    token_cache_keep(known, "a.b.c", &c, NOW + 6000);
    assert_int_equal(token_cache_find(known, "a.b.c", NOW, &got, NULL), SLUIS_NOT_FOUND);
    token_cache_keep(known, "a.b.c", &c, NOW + 6001);
    assert_int_equal(token_cache_find(known, "a.b.c", NOW, &got, NULL), SLUIS_OK);
    token_cache_free(&known);
    unlink(path);
}

/* What was verified elsewhere: no other token, and its times as ever. */
static void test_cache(void **state)
{
    rig *g = *state;
    char token[TOKEN_MAX_BYTES + 1], other[TOKEN_MAX_BYTES + 1];
    token_claims c = some(), verified, got = {.expires = 0};
    token_cache *known = NULL;
    sluis_fail f = {0};
    assert_int_equal(token_cache_new(&known, g->jwks), SLUIS_OK);
    assert_int_equal(token_issue(g->issuer, &c, NOW, token, &f), SLUIS_OK);
    assert_int_equal(token_cache_find(known, token, NOW, &got, &f), SLUIS_NOT_FOUND);
    assert_int_equal(token_verify(g->v, token, NOW, &verified, &f), SLUIS_OK);
    token_cache_keep(known, token, &verified, NOW);
    assert_int_equal(token_cache_find(known, token, NOW, &got, &f), SLUIS_OK);
    assert_memory_equal(&got, &verified, sizeof got);
    strcpy(other, token);
    other[strlen(other) - 1] ^= 1;
    assert_int_equal(token_cache_find(known, other, NOW, &got, &f), SLUIS_NOT_FOUND);
    assert_int_equal(token_cache_find(known, token, NOW - 61000, &got, &f), SLUIS_UNAUTHENTICATED);
    assert_string_equal(f.where, "token.nbf");
    fail_clear(&f);
    assert_int_equal(token_cache_find(known, token, NOW + 3660000, &got, &f), SLUIS_UNAUTHENTICATED);
    assert_string_equal(f.where, "token.exp");
    token_cache_free(&known);
    assert_null(known);
}

static void expect(rig *g, const char *token, const char *where)
{
    token_claims got;
    sluis_fail f = {0};
    sluis_err e = token_verify(g->v, token, NOW, &got, &f);
    if (e != SLUIS_UNAUTHENTICATED || strcmp(f.where, where) != 0)
        print_error("wanted %s, got %s: %s\n", where, f.where, f.text);
    assert_int_equal(e, SLUIS_UNAUTHENTICATED);
    assert_string_equal(f.where, where);
}

static void test_claims(void **state)
{
    rig *g = *state;
    static const char good[] =
        "{\"iss\":\"" ISS
        "\",\"aud\":\"sluis\",\"sub\":\"mw-1\",\"app\":\"a\",\"oin\":\"00000099000000001000\","
        "\"functie\":\"consulent\",\"iat\":1795500000,\"exp\":1795503600}";
    static const struct {
        const char *from, *to, *where;
    } cases[] = {
        {"", "", ""},
        {"\"sluis\"", "[\"x\",\"sluis\"]", ""},
        {"1795503600}", "1795503600,\"nbf\":1795500059}", ""},
        {"idp", "idq", "token.iss"},
        {"\"sluis\"", "\"sluisx\"", "token.aud"},
        {"\"sluis\"", "[]", "token.aud"},
        {"\"sluis\"", "null", "token.aud"},
        {"mw-1", "Jan Jansen", "token.sub"},
        {"\"mw-1\"", "7", "token.sub"},
        {"\"a\"", "\"\"", "token.app"},
        {"00000099000000001000", "0000009900000000100", "token.oin"},
        {"\"consulent\"", "null", "token.functie"},
        {"\"functie\":\"consulent\",", "", "token.functie"},
        {":1795500000", ":\"1795500000\"", "token.iat"},
        {":1795500000", ":1795500000.5", "token.iat"},
        {"\"iat\":1795500000,", "", "token.iat"},
        {":1795500000", ":1795500061", "token.nbf"},
        {":1795503600", ":1795543201", "token.exp"},
        {":1795503600", ":1795500000", "token.exp"},
        {":1795503600", ":99999999999999", "token.exp"},
        {",\"exp\":1795503600", "", "token.exp"},
        {"1795503600}", "1795503600,\"nbf\":1795500061}", "token.nbf"},
        {"1795503600}", "1795503600,\"exp\":1795503600}", "token.payload"},
        {"1795503600}", "1795503600", "token.payload"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        const char *at = strstr(good, cases[i].from);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, cases[i].to,
                 at + strlen(cases[i].from));
        buffer b;
        buffer_init(&b, 8192);
        assert_int_equal(jose_sign(g->signer, bytes_str(text), &b), SLUIS_OK);
        buffer_u8(&b, 0);
        if (cases[i].where[0]) {
            expect(g, (char *)b.p, cases[i].where);
        } else {
            token_claims got;
            sluis_fail f = {0};
            sluis_err e = token_verify(g->v, (char *)b.p, NOW, &got, &f);
            if (e)
                print_error("%s: %s %s\n", text, f.where, f.text);
            assert_int_equal(e, SLUIS_OK);
        }
        buffer_close(&b);
    }
}

static void base64url(char *out, const char *s)
{
    char plain[4096];
    base64_encode(plain, sizeof plain, s, strlen(s));
    size_t n = strcspn(plain, "=");
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(plain[i] == '+' ? '-' : plain[i] == '/' ? '_' : plain[i]);
    out[n] = 0;
}

static void test_headers(void **state)
{
    rig *g = *state;
    static const struct {
        const char *header, *where;
    } cases[] = {
        {"{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"sleutel-1\"}", "token.alg"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"sleutel-1\"}", "token.alg"},
        {"{\"typ\":\"JWT\",\"kid\":\"sleutel-1\"}", "token.alg"},
        {"{\"alg\":\"ES256\",\"kid\":\"sleutel-1\"}", "token.typ"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\"}", "token.kid"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"\"}", "token.kid"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"onbekend\"}", "token"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"sleutel-1\",\"crit\":[\"exp\"]}", "token.header"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"sleutel-1\",\"jku\":\"http://127.0.0.1/\"}",
         "token.header"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"sleutel-1\",\"x5u\":\"http://127.0.0.1/\"}",
         "token.header"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"sleutel-1\",\"jwk\":{}}", "token.header"},
        {"{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"sleutel-1\"}", "token.header"},
        {"[]", "token.header"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[2048], token[TOKEN_MAX_BYTES];
        base64url(head, cases[i].header);
        snprintf(token, sizeof token, "%s.e30.AAAA", head);
        expect(g, token, cases[i].where);
    }
}

static void test_forms(void **state)
{
    rig *g = *state;
    char token[TOKEN_MAX_BYTES + 1], other[TOKEN_MAX_BYTES + 8];
    token_claims c = some();
    assert_int_equal(token_issue(g->issuer, &c, NOW, token, NULL), SLUIS_OK);
    expect(g, "", "token");
    expect(g, "a", "token");
    expect(g, "a.b", "token");
    expect(g, "a.b.", "token");
    expect(g, "..", "token");
    snprintf(other, sizeof other, "%s.x", token);
    expect(g, other, "token");
    snprintf(other, sizeof other, "%s", token);
    size_t n = strlen(other);
    other[n - 5] = other[n - 5] == 'A' ? 'B' : 'A';
    expect(g, other, "token"); /* signature */
    snprintf(other, sizeof other, "%s", token);
    char *payload = strchr(other, '.') + 1;
    payload[3] = payload[3] == 'A' ? 'B' : 'A';
    expect(g, other, "token");
    memset(other, 'a', sizeof other - 1);
    other[sizeof other - 1] = 0;
    expect(g, other, "token");
    snprintf(other, sizeof other, "=%s", token);
    expect(g, other, "token.header");
}

/* A good token by another text: padded, or with bits set that no byte has. */
static void test_spelling(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    rig *g = *state;
    char token[TOKEN_MAX_BYTES + 1], other[TOKEN_MAX_BYTES + 8];
    token_claims c = some(), got;
    sluis_fail f = {0};
    assert_int_equal(token_issue(g->issuer, &c, NOW, token, NULL), SLUIS_OK);
    snprintf(other, sizeof other, "%s==", token);
    expect(g, other, "token");
    snprintf(other, sizeof other, "%s", token);
    char *last = other + strlen(other) - 1;
    *last = alphabet[(strchr(alphabet, *last) - alphabet) ^ 1];
    expect(g, other, "token");
    assert_int_equal(token_verify(g->v, token, NOW, &got, &f), SLUIS_OK);
}

static void test_other_key(void **state)
{
    rig *g = *state;
    char token[TOKEN_MAX_BYTES + 1];
    token_issuer *other = NULL;
    token_claims c = some();
    assert_int_equal(token_issuer_make(g->key2, g->jwks2, "sleutel-1", NULL), SLUIS_OK);
    assert_int_equal(token_issuer_open(&other, g->key2, ISS, NULL), SLUIS_OK);
    assert_int_equal(token_issue(other, &c, NOW, token, NULL), SLUIS_OK);
    token_issuer_close(&other);
    expect(g, token, "token");
}

static void test_lifetime(void **state)
{
    rig *g = *state;
    char token[TOKEN_MAX_BYTES + 1];
    token_claims c = some();
    c.expires = NOW + 7000000;
    token_verifier_set_lifetime(g->v, 3600000);
    assert_int_equal(token_issue(g->issuer, &c, NOW, token, NULL), SLUIS_OK);
    expect(g, token, "token.exp");
    token_verifier_set_lifetime(g->v, TOKEN_LIFETIME_MS);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_key_files(void **state)
{
    rig *g = *state;
    sluis_fail f = {0};
    jose_keys *k = NULL;
    jose_signer *s = NULL;
    assert_int_equal(token_issuer_make(g->key, g->jwks, "sleutel-1", &f), SLUIS_EXISTS);
    static const char *const bad[] = {
        "",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"a\"}]}",
        /* a public key without kid: the coordinates are those of RFC 7517, appendix A.1 */
        ("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
         "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}"),
    };
    char path[128];
    snprintf(path, sizeof path, "%s/bad.json", g->dir);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(path, bad[i]);
        fail_clear(&f);
        assert_int_equal(jose_keys_load(&k, path, &f), SLUIS_INVALID);
    }
    unlink(path);
    fail_clear(&f);
    assert_int_equal(jose_keys_load(&k, g->key, &f), SLUIS_INVALID); /* a private key is not a set */
    assert_int_equal(chmod(g->key, 0644), 0);
    fail_clear(&f);
    assert_int_equal(jose_signer_load(&s, g->key, &f), SLUIS_PERMISSION);
    assert_int_equal(chmod(g->key, 0600), 0);
    assert_int_equal(jose_signer_load(&s, g->jwks, &f), SLUIS_PERMISSION);
    assert_int_equal(jose_keys_load(&k, "/nonexistent", &f), SLUIS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_cache),
        cmocka_unit_test(test_rotation),   cmocka_unit_test(test_cache_at_rotation),
        cmocka_unit_test(test_claims),     cmocka_unit_test(test_headers),
        cmocka_unit_test(test_forms),      cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_other_key),  cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_key_files)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
