/* The inclusion and consistency proofs of github.com/transparency-dev/merkle (testdata), good and broken, in
 * the journal's tree. Some hold texts of another length where a hash belongs ("don't care"); our functions
 * take 32 bytes only, so the SHA-256 of such a text stands in: equal stay equal, different stay different.
 * An empty one is no hash: the reader of a proof refuses it, as the reference does by its length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fts.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/merkle.h"

static struct {
    unsigned inclusion, consistency, accepted, refused, stand_ins;
} seen;

static bool hash_field(const json_t *v, uint8_t out[static HASH_LEN])
{
    uint8_t raw[128];
    size_t n = 0;
    const char *s = json_string_value(v);
    assert_non_null(s);
    assert_int_equal(base64_decode(raw, sizeof raw, &n, s, strlen(s)), SLUIS_OK);
    if (n == HASH_LEN) {
        memcpy(out, raw, HASH_LEN);
    } else {
        sha256(out, &BYTES(raw, n), 1);
        seen.stand_ins++;
    }
    return n > 0;
}

static bool proof_field(const json_t *doc, uint8_t (*path)[HASH_LEN], size_t *len)
{
    size_t i;
    json_t *v, *proof = json_object_get(doc, "proof");
    bool whole = true;
    *len = json_array_size(proof);
    assert_true(*len <= MERKLE_MAX_PATH);
    json_array_foreach(proof, i, v) whole = hash_field(v, path[i]) && whole;
    return whole;
}

/* Read as reals, since one index is 2^64 - 1 and jansson's integers are signed; the others are small. */
static uint64_t number(const json_t *doc, const char *key)
{
    const json_t *v = json_object_get(doc, key);
    assert_true(json_is_real(v));
    double d = json_real_value(v);
    return d >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)d;
}

static bool accepts(const json_t *doc)
{
    uint8_t path[MERKLE_MAX_PATH][HASH_LEN], a[HASH_LEN], b[HASH_LEN];
    const uint8_t(*p)[HASH_LEN] = (const uint8_t(*)[HASH_LEN])path;
    bool inclusion = json_object_get(doc, "leafIdx") != NULL;
    inclusion ? seen.inclusion++ : seen.consistency++;
    size_t len;
    if (!hash_field(json_object_get(doc, inclusion ? "leafHash" : "root1"), a) ||
        !hash_field(json_object_get(doc, inclusion ? "root" : "root2"), b) || !proof_field(doc, path, &len))
        return false;
    if (inclusion)
        return merkle_verify_inclusion(TREE_JOURNAL, a, number(doc, "leafIdx"), number(doc, "treeSize"), p,
                                       len, b) == SLUIS_OK;
    return merkle_verify_consistency(number(doc, "size1"), number(doc, "size2"), a, b, p, len) == SLUIS_OK;
}

static void check_file(const char *path)
{
    json_error_t err;
    json_t *doc = json_load_file(path, JSON_DECODE_INT_AS_REAL, &err);
    assert_non_null(doc);
    json_t *want_error = json_object_get(doc, "wantErr");
    assert_true(json_is_boolean(want_error));
    bool ok = accepts(doc);
    if (ok == json_is_true(want_error))
        fail_msg("%s: %s, though it should be %s", path, ok ? "accepted" : "refused",
                 ok ? "refused" : "accepted");
    ok ? seen.accepted++ : seen.refused++;
    json_decref(doc);
}

static void all_files(void **state)
{
    (void)state;
    const char *shared = getenv("SLUIS_SHARED");
    char root[4096];
    snprintf(root, sizeof root, "%s/vectors/merkle", shared ? shared : "../shared");
    if (access(root, R_OK) != 0) {
        print_message("skipped: ../shared/vectors/merkle not there\n");
        skip();
    }
    FTS *walk = fts_open((char *[]){root, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    assert_non_null(walk);
    for (FTSENT *e; (e = fts_read(walk)) != NULL;)
        if (e->fts_info == FTS_F && e->fts_namelen > 5 &&
            strcmp(e->fts_name + e->fts_namelen - 5, ".json") == 0)
            check_file(e->fts_path);
    fts_close(walk);
    print_message("merkle: %u inclusion, %u consistency; %u accepted, %u refused (%u stand-in hashes)\n",
                  seen.inclusion, seen.consistency, seen.accepted, seen.refused, seen.stand_ins);
    assert_true(seen.inclusion + seen.consistency > 100);
    assert_true(seen.accepted >= 10 && seen.refused >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_files)};
    return crypto_start() != SLUIS_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
