#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/note.h"

#define NAME "gw.example/journal/1"

static keypair key, other;
static char note[NOTE_MAX + 2];
static size_t len;
static sluis_fail f;

static int start(void **state)
{
    (void)state;
    uint8_t a[32] = {1}, b[32] = {2};
    return crypto_start() != SLUIS_OK || keypair_from_seed(&key, USE_LOG, a, 0) != SLUIS_OK ||
           keypair_from_seed(&other, USE_LOG, b, 0) != SLUIS_OK;
}

static int stop(void **state)
{
    (void)state;
    keypair_close(&key);
    keypair_close(&other);
    return 0;
}

static int sign_one(void **state)
{
    (void)state;
    checkpoint c = {.origin = NAME, .size = 20852163};
    memset(c.root, 0xab, sizeof c.root);
    fail_clear(&f);
    return checkpoint_sign(note, sizeof note, &len, &c, NAME, &key) != SLUIS_OK;
}

static sluis_err open_text(const char *text, size_t n)
{
    checkpoint c;
    fail_clear(&f);
    return checkpoint_open(&c, text, n, NAME, (pubkeys[]){pubkeys_of(key.pk)}, &f);
}

/* Signs any text as our key would: what remains to be refused is its form. */
static sluis_err open_signed(const char *text)
{
    char whole[NOTE_MAX], b64[100];
    uint8_t raw[68], h[32];
    static const uint8_t sep[] = {'\n', 1};
    sha256(h, (bytes[]){bytes_str(NAME), BYTES_OF(sep), BYTES_OF(key.pk)}, 3);
    memcpy(raw, h, 4);
    sign_detached(raw + 4, key.sk, text, strlen(text));
    base64_encode(b64, sizeof b64, raw, sizeof raw);
    int n = snprintf(whole, sizeof whole, "%s\n\xe2\x80\x94 %s %s\n", text, NAME, b64);
    return open_text(whole, (size_t)n);
}

static void round_trip(void **state)
{
    (void)state;
    checkpoint c;
    assert_memory_equal(
        note, NAME "\n20852163\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n\n\xe2\x80\x94 " NAME " ",
        20 + 1 + 9 + 45 + 1 + 4 + 20 + 1);
    assert_int_equal(note[len - 1], '\n');
    assert_int_equal(strlen(note), len);
    assert_int_equal(checkpoint_open(&c, note, len, NAME, (pubkeys[]){pubkeys_of(key.pk)}, &f), SLUIS_OK);
    assert_string_equal(c.origin, NAME);
    assert_true(c.size == 20852163);
    for (size_t i = 0; i < HASH_LEN; i++)
        assert_int_equal(c.root[i], 0xab);
}

/* The example key and note of golang.org/x/mod/sumdb/note, the reference implementation of signed-note. */
static void reference_verifier_key(void **state)
{
    (void)state;
    char name[ORIGIN_MAX + 1], again[200];
    uint8_t pk[32];
    static const char vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_int_equal(verifier_parse(name, pk, vkey), SLUIS_OK);
    assert_string_equal(name, "PeterNeumann");
    assert_int_equal(verifier_format(again, sizeof again, name, pk), SLUIS_OK);
    assert_string_equal(again, vkey);
    static const char text[] = "If you think cryptography is the answer to your problem,\n"
                               "then you don't know what your problem is.\n";
    uint8_t raw[68];
    size_t n;
    static const char sig[] =
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    assert_int_equal(base64_decode(raw, sizeof raw, &n, sig, strlen(sig)), SLUIS_OK);
    assert_int_equal(n, 68);
    assert_memory_equal(raw, "\xc7\x4f\x20\xa3", 4);
    assert_int_equal(sign_verify(raw + 4, pk, text, sizeof text - 1), SLUIS_OK);
}

static void verifier_keys_are_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumenn+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcT2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    };
    char name[ORIGIN_MAX + 1], small[20];
    uint8_t pk[32];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(verifier_parse(name, pk, bad[i]), SLUIS_INVALID);
    assert_int_equal(verifier_format(small, sizeof small, NAME, key.pk), SLUIS_TOO_BIG);
    assert_int_equal(verifier_format(small, sizeof small, "a+b", key.pk), SLUIS_INVALID);
}

/* Any flipped bit, any shorter or longer text is refused. */
static void nothing_may_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < len; i++)
        for (int bit = 0; bit < 8; bit++) {
            note[i] = (char)(note[i] ^ (1 << bit));
            assert_int_not_equal(open_text(note, len), SLUIS_OK);
            note[i] = (char)(note[i] ^ (1 << bit));
        }
    for (size_t n = 0; n < len; n++)
        assert_int_not_equal(open_text(note, n), SLUIS_OK);
    note[len] = '\n';
    assert_int_not_equal(open_text(note, len + 1), SLUIS_OK);
    assert_int_equal(open_text(note, len), SLUIS_OK);
}

#define ROOT "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="

static void form_is_strict_even_when_signed(void **state)
{
    (void)state;
    assert_int_equal(open_signed(NAME "\n0\n" ROOT "\n"), SLUIS_OK);
    assert_int_equal(open_signed(NAME "\n18446744073709551615\n" ROOT "\n"), SLUIS_OK);
    assert_int_equal(open_signed("an origin of words\n1\n" ROOT "\n"), SLUIS_OK);
    static const struct {
        const char *text, *where;
    } bad[] = {
        {"\n1\n" ROOT "\n", "checkpoint line 1"},
        {"a\tb\n1\n" ROOT "\n", "checkpoint line 1"},
        {"a\r\n1\n" ROOT "\n", "checkpoint line 1"},
        {"\xff\n1\n" ROOT "\n", "checkpoint line 1"},
        {NAME "\n\n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n01\n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n00\n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n+1\n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n-1\n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n1 \n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n0x1\n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n18446744073709551616\n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n99999999999999999999\n" ROOT "\n", "checkpoint line 2"},
        {NAME "\n1\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6t=\n", "checkpoint line 3"},
        {NAME "\n1\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urqw==\n", "checkpoint line 3"},
        {NAME "\n1\n" ROOT " \n", "checkpoint line 3"},
        {NAME "\n1\n\n", "checkpoint line 3"},
        {NAME "\n1\n" ROOT "\nextension\n", "checkpoint line 4"},
        {NAME "\n1\n" ROOT "\n ", "checkpoint line 4"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(open_signed(bad[i].text), SLUIS_INVALID);
        assert_string_equal(f.where, bad[i].where);
    }
}

static size_t add_line(size_t at, const char *line)
{
    return at + (size_t)snprintf(note + at, sizeof note - at, "%s", line);
}

static void witness_lines_are_let_be(void **state)
{
    (void)state;
    /* key hash 4, timestamp 8, signature 64: a cosignature's shape */
    uint8_t raw[76] = {1, 2, 3, 4};
    char b64[110], line[300];
    base64_encode(b64, sizeof b64, raw, sizeof raw);
    snprintf(line, sizeof line, "\xe2\x80\x94 witness.example/w %s\n", b64);
    size_t n = len;
    for (int i = 0; i < 10; i++)
        n = add_line(n, line);
    assert_int_equal(open_text(note, n), SLUIS_OK);

    static const char *const bad[] = {
        "\xe2\x80\x94 w !\n",
        "\xe2\x80\x94 w AQIDBA==\n",
        "\xe2\x80\x94 w\n",
        "\xe2\x80\x94  AQIDBAU=\n",
        "- w AQIDBAU=\n",
        "\xe2\x80\x94 w+x AQIDBAU=\n",
        "\xe2\x80\x94 w AQIDBAU= \n",
        "\xe2\x80\x94 w AQIDBAU=",
        "\n",
        "junk\n",
        "\xe2\x80\x94 w  AQIDBAU=\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(open_text(note, add_line(len, bad[i])), SLUIS_INVALID);
    assert_int_equal(open_text(note, add_line(len, "\xe2\x80\x94 w AQIDBAU=\n")), SLUIS_OK);
    n = len;
    for (int i = 1; i < 16; i++)
        n = add_line(n, "\xe2\x80\x94 w AQIDBAU=\n");
    assert_int_equal(open_text(note, n), SLUIS_OK);
    assert_int_equal(open_text(note, add_line(n, "\xe2\x80\x94 w AQIDBAU=\n")), SLUIS_INVALID);
}

static void our_line_stands_once(void **state)
{
    (void)state;
    char copy[sizeof note];
    memcpy(copy, note, sizeof note);
    assert_int_equal(open_text(note, add_line(len, strstr(copy, "\n\n") + 2)), SLUIS_INVALID);
}

static void other_keys_and_names(void **state)
{
    (void)state;
    checkpoint c;
    assert_int_equal(checkpoint_open(&c, note, len, NAME, (pubkeys[]){pubkeys_of(other.pk)}, NULL),
                     SLUIS_UNKNOWN_KEY);
    assert_int_equal(
        checkpoint_open(&c, note, len, "gw.example/journal/2", (pubkeys[]){pubkeys_of(key.pk)}, &f),
        SLUIS_UNKNOWN_KEY);
    assert_string_equal(f.text, "no signature of gw.example/journal/2 with the key asked for");
    char text[sizeof note];
    memcpy(text, note, sizeof note);
    note[22] = '9';
    assert_int_equal(open_text(note, len), SLUIS_BAD_SIGNATURE);
    char *no_signature = strstr(text, "\n\n") + 2;
    assert_int_equal(open_text(text, (size_t)(no_signature - text)), SLUIS_UNKNOWN_KEY);
}

static void too_big(void **state)
{
    (void)state;
    static char big[NOTE_MAX + 1];
    assert_int_equal(open_text(big, sizeof big), SLUIS_TOO_BIG);
}

static void signing_checks_its_arguments(void **state)
{
    (void)state;
    checkpoint c = {.origin = NAME};
    size_t n = 0;
    char small[100];
    assert_int_equal(checkpoint_sign(small, sizeof small, &n, &c, NAME, &key), SLUIS_TOO_BIG);
    assert_int_equal(checkpoint_sign(note, sizeof note, &n, &c, "a b", &key), SLUIS_INVALID);
    assert_int_equal(checkpoint_sign(note, sizeof note, &n, &c, "", &key), SLUIS_INVALID);
    c.origin[3] = '\n';
    assert_int_equal(checkpoint_sign(note, sizeof note, &n, &c, NAME, &key), SLUIS_INVALID);
    c = (checkpoint){.origin = NAME};
    keypair sign = key;
    sign.use = USE_SIGN;
    assert_int_equal(checkpoint_sign(note, sizeof note, &n, &c, NAME, &sign), SLUIS_INVALID);
    assert_int_equal(n, 0);
    memset(c.origin, 'o', ORIGIN_MAX);
    assert_int_equal(checkpoint_sign(note, sizeof note, &n, &c, NAME, &key), SLUIS_OK);
    assert_int_equal(open_text(note, n), SLUIS_OK);
}

/* A log that goes over to another key: both sign, and who knows either takes it. */
static void two_keys(void **state)
{
    (void)state;
    uint8_t seed[32] = {9};
    keypair next;
    checkpoint c;
    assert_int_equal(keypair_from_seed(&next, USE_LOG, seed, 0), SLUIS_OK);
    pubkeys old_key = pubkeys_of(key.pk), new_key = pubkeys_of(next.pk), both = old_key, none = {.n = 0};
    assert_int_equal(pubkeys_add(&both, next.pk), SLUIS_OK);
    assert_int_equal(checkpoint_open(&c, note, len, NAME, &both, &f),
                     SLUIS_OK); /* signed by the first alone */
    assert_int_equal(checkpoint_open(&c, note, len, NAME, &new_key, NULL), SLUIS_UNKNOWN_KEY);
    assert_int_equal(checkpoint_open(&c, note, len, NAME, &none, NULL), SLUIS_UNKNOWN_KEY);
    assert_int_equal(checkpoint_sign_too(note, len + 8, &len, NAME, &next), SLUIS_TOO_BIG);
    assert_int_equal(checkpoint_sign_too(note, sizeof note, &len, NAME, &next), SLUIS_OK);
    assert_int_equal(checkpoint_open(&c, note, len, NAME, &old_key, &f), SLUIS_OK);
    assert_int_equal(checkpoint_open(&c, note, len, NAME, &new_key, &f), SLUIS_OK);
    note[len - 10] = note[len - 10] == 'A' ? 'B' : 'A'; /* in the second signature: the newest key decides */
    assert_int_equal(checkpoint_open(&c, note, len, NAME, &both, NULL), SLUIS_BAD_SIGNATURE);
    assert_int_equal(checkpoint_open(&c, note, len, NAME, &old_key, NULL), SLUIS_OK);
    keypair_close(&next);
}

/* ---- cosignatures ---- */

#define WITNESS "witness.example"

static void witness_key(keypair *w, uint8_t n)
{
    uint8_t seed[32] = {n};
    assert_int_equal(keypair_from_seed(w, USE_WITNESS, seed, 0), SLUIS_OK);
}

static void cosigned(void **state)
{
    (void)state;
    keypair w, w2;
    uint64_t seconds = 0;
    witness_key(&w, 3);
    witness_key(&w2, 4);
    assert_int_equal(cosignature_open(&seconds, note, len, WITNESS, w.pk, &f), SLUIS_UNKNOWN_KEY);
    assert_int_equal(checkpoint_cosign(note, sizeof note, &len, WITNESS, &w, 1795500000), SLUIS_OK);
    assert_int_equal(open_text(note, len), SLUIS_OK); /* the log's own signature stands */
    assert_int_equal(cosignature_open(&seconds, note, len, WITNESS, w.pk, &f), SLUIS_OK);
    assert_int_equal(seconds, 1795500000);
    assert_int_equal(cosignature_open(&seconds, note, len, WITNESS, w2.pk, &f), SLUIS_UNKNOWN_KEY);
    assert_int_equal(cosignature_open(&seconds, note, len, "other.example", w.pk, &f), SLUIS_UNKNOWN_KEY);
    assert_int_equal(checkpoint_cosign(note, sizeof note, &len, WITNESS, &w, 1), SLUIS_EXISTS);
    assert_int_equal(checkpoint_cosign(note, sizeof note, &len, "second.example", &w2, 2), SLUIS_OK);
    assert_int_equal(cosignature_open(&seconds, note, len, "second.example", w2.pk, &f), SLUIS_OK);
    assert_int_equal(seconds, 2);
    assert_int_equal(cosignature_open(&seconds, note, len, WITNESS, w.pk, &f), SLUIS_OK);
    keypair_close(&w);
    keypair_close(&w2);
}

/* Of the text, and of the witness's own line, time included, no bit may change. */
static void nothing_cosigned_may_change(void **state)
{
    (void)state;
    keypair w;
    uint64_t seconds;
    size_t before = len, text = (size_t)(strstr(note, "\n\n") + 1 - note);
    witness_key(&w, 3);
    assert_int_equal(checkpoint_cosign(note, sizeof note, &len, WITNESS, &w, 1795500000), SLUIS_OK);
    for (size_t i = 0; i < len; i++) {
        if (i == text)
            i = before; /* the log's line is checkpoint_open's */
        for (int bit = 0; bit < 8; bit++) {
            note[i] ^= (char)(1 << bit);
            assert_int_not_equal(cosignature_open(&seconds, note, len, WITNESS, w.pk, &f), SLUIS_OK);
            note[i] ^= (char)(1 << bit);
        }
    }
    assert_int_equal(cosignature_open(&seconds, note, len, WITNESS, w.pk, &f), SLUIS_OK);
    for (size_t n = 0; n < len; n++)
        assert_int_not_equal(cosignature_open(&seconds, note, n, WITNESS, w.pk, &f), SLUIS_OK);
    keypair_close(&w);
}

static void cosigning_checks_its_arguments(void **state)
{
    (void)state;
    keypair w;
    witness_key(&w, 3);
    size_t n = len;
    assert_int_equal(checkpoint_cosign(note, sizeof note, &n, WITNESS, &key, 1), SLUIS_INVALID); /* its use */
    assert_int_equal(checkpoint_cosign(note, sizeof note, &n, "a name", &w, 1), SLUIS_INVALID);
    assert_int_equal(checkpoint_cosign(note, n + 20, &n, WITNESS, &w, 1), SLUIS_TOO_BIG);
    assert_int_equal(n, len);
    n = len - 1;
    assert_int_equal(checkpoint_cosign(note, sizeof note, &n, WITNESS, &w, 1), SLUIS_INVALID); /* no note */
    keypair_close(&w);
}

/* A witness's key is no log's, and the other way round. */
static void cosigner_keys(void **state)
{
    (void)state;
    keypair w;
    char text[256], name[ORIGIN_MAX + 1];
    uint8_t pk[PK_LEN];
    witness_key(&w, 3);
    assert_int_equal(cosigner_format(text, sizeof text, WITNESS, w.pk), SLUIS_OK);
    assert_int_equal(cosigner_parse(name, pk, text), SLUIS_OK);
    assert_string_equal(name, WITNESS);
    assert_memory_equal(pk, w.pk, PK_LEN);
    assert_int_equal(verifier_parse(name, pk, text), SLUIS_INVALID);
    assert_int_equal(verifier_format(text, sizeof text, WITNESS, w.pk), SLUIS_OK);
    assert_int_equal(cosigner_parse(name, pk, text), SLUIS_INVALID);
    keypair_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(round_trip, sign_one),
        cmocka_unit_test(reference_verifier_key),
        cmocka_unit_test(verifier_keys_are_strict),
        cmocka_unit_test_setup(nothing_may_change, sign_one),
        cmocka_unit_test(form_is_strict_even_when_signed),
        cmocka_unit_test_setup(witness_lines_are_let_be, sign_one),
        cmocka_unit_test_setup(our_line_stands_once, sign_one),
        cmocka_unit_test_setup(other_keys_and_names, sign_one),
        cmocka_unit_test(too_big),
        cmocka_unit_test(signing_checks_its_arguments),
        cmocka_unit_test_setup(two_keys, sign_one),
        cmocka_unit_test_setup(cosigned, sign_one),
        cmocka_unit_test_setup(nothing_cosigned_may_change, sign_one),
        cmocka_unit_test_setup(cosigning_checks_its_arguments, sign_one),
        cmocka_unit_test(cosigner_keys),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
