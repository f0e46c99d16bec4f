/* Enrolment requests, signed entries in the store, and the directory built from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "parties/parties.h"

#define FROM    UINT64_C(1795478400000) /* 2026-11-24 */
#define UNTIL   UINT64_C(1827014400000) /* 2027-11-24 */
#define NOW     (FROM + 3600000)
#define TEXT(s) ((char *)(uintptr_t)(s))

static const store_options options = {GATEWAY_STORE, .map_bytes = 1u << 24, .quota_bytes = 1u << 24,
                                      .max_readers = 8};
static const oin school = {"00000099000000002000"}, ggd = {"00000099000000003000"};

typedef struct {
    store *s;
    arena *a;
    keypair dir, keys[3]; /* sign, seal, curve */
    char path[64];
} fixture;

static int setup(void **state)
{
    static const key_use uses[] = {USE_SIGN, USE_SEAL, USE_CURVE};
    fixture *x = calloc(1, sizeof *x);
    sluis_fail f = {0};
    if (!x || store_open_memory(&x->s, &options, &f) || keypair_generate(&x->dir, USE_DIRECTORY, NOW))
        return 1;
    x->a = arena_new(1u << 20);
    for (size_t i = 0; i < 3; i++)
        if (keypair_generate(&x->keys[i], uses[i], NOW))
            return 1;
    snprintf(x->path, sizeof x->path, "/tmp/sluis-enrol-%d.json", (int)getpid());
    unlink(x->path);
    *state = x;
    return x->a == NULL;
}

static int teardown(void **state)
{
    fixture *x = *state;
    store_close(&x->s);
    arena_free(&x->a);
    keypair_close(&x->dir);
    for (size_t i = 0; i < 3; i++)
        keypair_close(&x->keys[i]);
    unlink(x->path);
    free(x);
    return 0;
}

static size_t slurp(const char *path, char *out, size_t cap)
{
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    size_t n = fread(out, 1, cap - 1, in);
    fclose(in);
    out[n] = '\0';
    return n;
}

/* Writes an enrolment of who and reads it back as the operator would complete it. */
static Sluis__PartyEntry enrolled(fixture *x, const oin *who)
{
    char json[8192];
    Sluis__PartyEntry e;
    sluis_fail f = {0};
    unlink(x->path);
    assert_int_equal(enrolment_write(x->path, who, x->keys, 3, FROM + 5, UNTIL + 5, &f), SLUIS_OK);
    size_t n = slurp(x->path, json, sizeof json);
    if (enrolment_parse(&e, x->a, json, n, &f))
        fail_msg("%s: %s", f.where, f.text);
    e.name = TEXT("Testschool");
    e.domain = TEXT("onderwijs");
    return e;
}

static sluis_err put(fixture *x, Sluis__PartyEntry *e, bool replace, sluis_fail *f)
{
    store_txn *t;
    assert_int_equal(store_begin_write(x->s, &t, false), SLUIS_OK);
    sluis_err err = parties_put(t, e, &x->dir, replace, f);
    if (err)
        store_abort(&t);
    else
        assert_int_equal(store_commit(&t), SLUIS_OK);
    return err;
}

static sluis_err load(fixture *x, directory **d, uint64_t *version, sluis_fail *f)
{
    store_txn *t;
    assert_int_equal(store_begin_read(x->s, &t), SLUIS_OK);
    sluis_err err = parties_version(t, version);
    if (!err)
        err = parties_load(t, x->dir.pk, d, f);
    store_abort(&t);
    return err;
}

static void an_enrolment_comes_back_as_it_was(void **state)
{
    fixture *x = *state;
    Sluis__PartyEntry e = enrolled(x, &school);
    assert_string_equal(e.oin, school.s);
    assert_int_equal(e.n_keys, 3);
    assert_int_equal(e.valid_from, FROM);
    assert_int_equal(e.valid_until, UNTIL);
    assert_int_equal(e.n_suites, 1);
    assert_int_equal(e.suites[0], 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(e.keys[i]->use, x->keys[i].use);
        assert_memory_equal(e.keys[i]->pk.data, x->keys[i].pk, PK_LEN);
        assert_int_equal(e.keys[i]->valid_from, FROM);
        assert_int_equal(e.keys[i]->valid_until, UNTIL);
    }
}

/* Old and new keys beside each other, each with days of its own; what ends first. */
static void a_rotation_has_both(void **state)
{
    fixture *x = *state;
    keypair next[3];
    enrolment_key list[6];
    char json[16384];
    Sluis__PartyEntry e;
    directory *d = NULL;
    uint64_t version, ours, theirs, agreed;
    sluis_fail f = {0};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(keypair_generate(&next[i], (key_use)(USE_SIGN + i), NOW), SLUIS_OK);
        list[i] = (enrolment_key){&next[i], FROM, UNTIL};
        list[3 + i] = (enrolment_key){&x->keys[i], FROM - DAY_MS, FROM + 35 * DAY_MS};
    }
    assert_int_equal(enrolment_write_keys(x->path, &school, list, 6, &f), SLUIS_OK);
    size_t n = slurp(x->path, json, sizeof json);
    assert_int_equal(enrolment_parse(&e, x->a, json, n, &f), SLUIS_OK);
    e.name = TEXT("Testschool");
    e.domain = TEXT("onderwijs");
    assert_int_equal(put(x, &e, false, &f), SLUIS_OK);
    assert_int_equal(load(x, &d, &version, &f), SLUIS_OK);

    const party *p = directory_find(d, &school);
    const party_key *k = NULL;
    assert_int_equal(directory_current(d, p, USE_SEAL, NOW, &k, NULL), SLUIS_OK);
    assert_memory_equal(k->pk, next[1].pk, PK_LEN);
    assert_int_equal(directory_key(d, p, USE_SEAL, &x->keys[1].id, NOW, &k, NULL), SLUIS_OK);
    assert_int_equal(directory_key(d, p, USE_SEAL, &x->keys[1].id, FROM + 35 * DAY_MS, &k, NULL),
                     SLUIS_KEY_NOT_VALID);
    assert_ptr_equal(directory_by_curve(d, x->keys[2].pk, NOW), p);
    assert_ptr_equal(directory_by_curve(d, next[2].pk, NOW), p);
    assert_int_equal(party_expires(p, NOW), UNTIL); /* the old ones end sooner, and need not be renewed */
    parties_expire(d, &ggd, NOW, &ours, &theirs, &agreed);
    assert_int_equal(ours, UINT64_MAX);
    assert_int_equal(agreed, UINT64_MAX);
    assert_int_equal(theirs, UNTIL);
    parties_expire(d, &school, NOW, &ours, &theirs, &agreed);
    assert_int_equal(ours, UNTIL);
    assert_int_equal(theirs, UINT64_MAX);
    directory_unref(&d);

    e.keys[0]->revoked = NOW; /* of the signing keys, the old one is left */
    assert_int_equal(put(x, &e, true, &f), SLUIS_OK);
    assert_int_equal(load(x, &d, &version, &f), SLUIS_OK);
    assert_int_equal(party_expires(directory_find(d, &school), NOW), FROM + 35 * DAY_MS);
    directory_unref(&d);
    for (size_t i = 0; i < 3; i++)
        keypair_close(&next[i]);
}

static void writing_refuses(void **state)
{
    fixture *x = *state;
    sluis_fail f = {0};
    enrolled(x, &school);
    assert_int_equal(enrolment_write(x->path, &school, x->keys, 3, FROM, UNTIL, &f), SLUIS_EXISTS);
    unlink(x->path);
    fail_clear(&f);
    assert_int_equal(enrolment_write(x->path, &school, x->keys + 1, 2, FROM, UNTIL, &f), SLUIS_INVALID);
    fail_clear(&f);
    assert_int_equal(enrolment_write(x->path, &school, x->keys, 3, FROM, FROM + 1, &f), SLUIS_INVALID);
    fail_clear(&f);
    assert_int_equal(enrolment_write("/nergens/x.json", &school, x->keys, 3, FROM, UNTIL, &f),
                     SLUIS_NOT_FOUND);
    assert_int_equal(access(x->path, F_OK), -1);
}

static void a_directory_grows(void **state)
{
    fixture *x = *state;
    directory *d = NULL;
    uint64_t version;
    sluis_fail f = {0};
    assert_int_equal(load(x, &d, &version, &f), SLUIS_OK);
    assert_int_equal(version, 0);
    assert_int_equal(directory_count(d), 0);
    assert_int_equal(directory_version(d), 0);
    directory_unref(&d);

    Sluis__PartyEntry e = enrolled(x, &school);
    assert_int_equal(put(x, &e, false, &f), SLUIS_OK);
    assert_int_equal(e.version, 1);
    assert_int_equal(put(x, &e, false, &f), SLUIS_EXISTS);
    assert_string_equal(f.where, school.s);
    fail_clear(&f);
    e.name = TEXT("Testschool, nieuwe naam");
    assert_int_equal(put(x, &e, true, &f), SLUIS_OK);

    for (size_t i = 0; i < 3; i++) { /* a CURVE key belongs to one party */
        keypair_close(&x->keys[i]);
        assert_int_equal(keypair_generate(&x->keys[i], (key_use)(USE_SIGN + i), NOW), SLUIS_OK);
    }
    Sluis__PartyEntry other = enrolled(x, &ggd);
    other.domain = TEXT("ggd");
    assert_int_equal(put(x, &other, false, &f), SLUIS_OK);

    assert_int_equal(load(x, &d, &version, &f), SLUIS_OK);
    assert_int_equal(version, 3);
    assert_int_equal(directory_version(d), 3);
    assert_int_equal(directory_count(d), 2);
    const party *p = directory_find(d, &school);
    assert_string_equal(p->name, "Testschool, nieuwe naam");
    assert_string_equal(p->domain, "onderwijs");
    assert_string_equal(directory_by_curve(d, x->keys[2].pk, NOW)->oin.s, ggd.s);
    directory_unref(&d);
}

static void what_a_directory_refuses_is_not_stored(void **state)
{
    fixture *x = *state;
    directory *d = NULL;
    uint64_t version;
    sluis_fail f = {0};
    Sluis__PartyEntry e = enrolled(x, &school);
    e.keys[1]->signature.data[0] ^= 1;
    assert_int_equal(put(x, &e, false, &f), SLUIS_BAD_SIGNATURE);
    assert_string_equal(f.where, school.s);
    fail_clear(&f);
    e = enrolled(x, &school);
    e.keys[0]->valid_until += DAY_MS;
    assert_int_equal(put(x, &e, false, &f), SLUIS_BAD_SIGNATURE);
    fail_clear(&f);
    e = enrolled(x, &school);
    e.domain = TEXT("Een school");
    assert_int_equal(put(x, &e, false, &f), SLUIS_INVALID);
    fail_clear(&f);
    e = enrolled(x, &school);
    e.oin = TEXT("1234");
    assert_int_equal(put(x, &e, false, &f), SLUIS_INVALID);
    fail_clear(&f);
    assert_int_equal(load(x, &d, &version, &f), SLUIS_OK);
    assert_int_equal(version, 0);
    assert_int_equal(directory_count(d), 0);
    directory_unref(&d);
}

/* Rows that were exchanged, put back, or signed by somebody else. */
static void a_changed_store_is_found_out(void **state)
{
    fixture *x = *state;
    directory *d = NULL;
    uint64_t version;
    store_txn *t;
    bytes v;
    uint8_t first[4096], meta[16];
    sluis_fail f = {0};
    keypair thief;
    Sluis__PartyEntry e = enrolled(x, &school);
    assert_int_equal(put(x, &e, false, &f), SLUIS_OK);
    assert_int_equal(store_begin_read(x->s, &t), SLUIS_OK);
    assert_int_equal(store_get(t, TABLE_PARTY, BYTES(school.s, OIN_LEN), &v), SLUIS_OK);
    size_t n = v.n;
    assert_true(n < sizeof first);
    memcpy(first, v.p, n);
    store_abort(&t);
    assert_int_equal(put(x, &e, true, &f), SLUIS_OK);

#define WITH(table, key, value, error)                                                                       \
    do {                                                                                                     \
        bytes was, at = key;                                                                                 \
        uint8_t kept[4096];                                                                                  \
        size_t had = 0;                                                                                      \
        assert_int_equal(store_begin_write(x->s, &t, false), SLUIS_OK);                                      \
        if (!store_get(t, table, at, &was))                                                                  \
            memcpy(kept, was.p, had = was.n);                                                                \
        assert_int_equal(store_put(t, table, at, value), SLUIS_OK);                                          \
        assert_int_equal(store_commit(&t), SLUIS_OK);                                                        \
        fail_clear(&f);                                                                                      \
        assert_int_equal(load(x, &d, &version, &f), error);                                                  \
        assert_null(d);                                                                                      \
        assert_int_equal(store_begin_write(x->s, &t, false), SLUIS_OK);                                      \
        if (had)                                                                                             \
            assert_int_equal(store_put(t, table, at, BYTES(kept, had)), SLUIS_OK);                           \
        else                                                                                                 \
            assert_int_equal(store_delete(t, table, at), SLUIS_OK);                                          \
        assert_int_equal(store_commit(&t), SLUIS_OK);                                                        \
    } while (0)
    WITH(TABLE_PARTY, BYTES(school.s, OIN_LEN), BYTES(first, n), SLUIS_CORRUPT);
    WITH(TABLE_PARTY, BYTES(ggd.s, OIN_LEN), BYTES(first, n), SLUIS_CORRUPT);
    put_u64(meta, 7);
    put_u64(meta + 8, ~UINT64_C(7));
    WITH(TABLE_META, bytes_str("directory"), BYTES_OF(meta), SLUIS_CORRUPT);
    meta[0] ^= 1;
    WITH(TABLE_META, bytes_str("directory"), BYTES_OF(meta), SLUIS_CORRUPT);
    WITH(TABLE_META, bytes_str("directory"), BYTES(meta, 8), SLUIS_CORRUPT);
    buffer forged;
    buffer_init(&forged, ENTRY_MAX);
    assert_int_equal(keypair_generate(&thief, USE_DIRECTORY, NOW), SLUIS_OK);
    assert_int_equal(entry_sign(&forged, &e, &thief), SLUIS_OK);
    WITH(TABLE_PARTY, BYTES(school.s, OIN_LEN), buffer_bytes(&forged), SLUIS_BAD_SIGNATURE);
#undef WITH
    buffer_close(&forged);
    keypair_close(&thief);
    fail_clear(&f);
    assert_int_equal(load(x, &d, &version, &f), SLUIS_OK);
    directory_unref(&d);
}

#define PK "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY                                                                                                  \
    "{\"use\":\"sign\",\"pk\":\"" PK "\",\"valid_from\":\"2026-11-24\",\"valid_until\":\"2027-11-24\","      \
    "\"signature\":\"" PK PK "\"}"
#define WHOLE "{\"oin\":\"00000099000000002000\",\"keys\":[" KEY "]}"

static void a_malformed_enrolment_is_refused(void **state)
{
    fixture *x = *state;
    static const struct {
        const char *find, *by, *where;
    } changes[] = {
        {"{\"oin\"", "[\"oin\"", "enrolment"},
        {"\"oin\":", "\"oin\":\"00000099000000002000\",\"oin\":", "enrolment"},
        {"\"oin\":", "\"naam\":\"x\",\"oin\":", "enrolment"},
        {"\"oin\":\"00000099000000002000\"", "\"oin\":12", "enrolment"},
        {"\"00000099000000002000\"", "\"0000009900000000200\"", "oin"},
        {"\"keys\":[", "\"sleutels\":[", "keys"},
        {"\"keys\":[" KEY "]", "\"keys\":[]", "keys"},
        {"\"keys\":[" KEY "]", "\"keys\":{}", "keys"},
        {"\"sign\"", "\"seal\"", "keys"},
        {"\"sign\"", "\"log\"", "keys[0]"},
        {"\"sign\"", "\"x\"", "keys[0]"},
        {"\"use\":\"sign\",", "", "keys[0]"},
        {"\"use\":", "\"gebruik\":", "keys[0]"},
        {"\"use\":", "\"extra\":1,\"use\":", "keys[0]"},
        {"\"pk\":\"0", "\"pk\":\"", "keys[0]"},
        {"\"pk\":\"0", "\"pk\":\"g", "keys[0]"},
        {"\"signature\":\"0", "\"signature\":\"00", "keys[0]"},
        {"2026-11-24", "2026-11-31", "keys[0]"},
        {"2027-11-24", "2026-11-24", "keys[0]"},
        {"2027-11-24", "2027-11-24T00:00:00Z", "keys[0]"},
        {"]}", "]} x", "enrolment"},
    };
    Sluis__PartyEntry e;
    sluis_fail f = {0};
    assert_int_equal(enrolment_parse(&e, x->a, WHOLE, strlen(WHOLE), &f), SLUIS_OK);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char json[2048];
        const char *at = strstr(WHOLE, changes[i].find);
        assert_non_null(at);
        snprintf(json, sizeof json, "%.*s%s%s", (int)(at - WHOLE), WHOLE, changes[i].by,
                 at + strlen(changes[i].find));
        fail_clear(&f);
        if (enrolment_parse(&e, x->a, json, strlen(json), &f) != SLUIS_INVALID)
            fail_msg("change %zu was accepted", i);
        if (strcmp(f.where, changes[i].where) != 0)
            fail_msg("change %zu: %s: %s", i, f.where, f.text);
    }
    char *big = calloc(1, ENROLMENT_MAX + 2);
    assert_non_null(big);
    memset(big, ' ', ENROLMENT_MAX + 1);
    memcpy(big, WHOLE, strlen(WHOLE));
    assert_int_equal(enrolment_parse(&e, x->a, big, ENROLMENT_MAX + 1, &f), SLUIS_TOO_BIG);
    assert_int_equal(enrolment_parse(&e, x->a, big, ENROLMENT_MAX, &f), SLUIS_OK);
    assert_int_equal(enrolment_parse(&e, x->a, "", 0, &f), SLUIS_INVALID);
    free(big);
}

int main(void)
{
    crypto_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_enrolment_comes_back_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rotation_has_both, setup, teardown),
        cmocka_unit_test_setup_teardown(writing_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(a_directory_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_directory_refuses_is_not_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_store_is_found_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_malformed_enrolment_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
