#include "kit.h"

#include "crypto/merkle.h"
#include "wire/receipt.h"

#define LOG    "gem.test/journal/1"
#define LEAVES 7

static keypair log_key;
static uint8_t leaves[LEAVES][LEAF_LEN], hashes[LEAVES][HASH_LEN], salts[LEAVES][SALT_LEN];
static buffer records[LEAVES];
static char note[NOTE_MAX];
static size_t note_len;

static int start(void **state)
{
    (void)state;
    checkpoint cp = {.origin = LOG, .size = LEAVES};
    if (crypto_start())
        return 1;
    key_make(&log_key, USE_LOG, 77);
    for (size_t i = 0; i < LEAVES; i++) {
        Sluis__Record r = SLUIS__RECORD__INIT;
        leaf l = {.version = 1, .klass = 3, .keep_until = 20781};
        r.type = SLUIS__RECORD_TYPE__R_MESSAGE;
        r.when = T0 + i;
        r.from = (char *)(uintptr_t)OIN_GEM;
        buffer_init(&records[i], 4096);
        if (wire_pack(&records[i], &r.base))
            return 1;
        random_bytes(salts[i], SALT_LEN);
        record_commitment(l.commitment, salts[i], buffer_bytes(&records[i]));
        leaf_encode(leaves[i], &l);
        merkle_leaf(hashes[i], leaves[i], LEAF_LEN);
    }
    merkle_root(TREE_JOURNAL, cp.root, (const uint8_t(*)[HASH_LEN])hashes, LEAVES);
    return checkpoint_sign(note, sizeof note, &note_len, &cp, LOG, &log_key) ? 1 : 0;
}

static int stop(void **state)
{
    (void)state;
    keypair_close(&log_key);
    for (size_t i = 0; i < LEAVES; i++)
        buffer_close(&records[i]);
    return 0;
}

static void receipt_of(buffer *out, size_t i)
{
    uint8_t path[MERKLE_MAX_PATH][HASH_LEN];
    size_t len;
    merkle_path(TREE_JOURNAL, path, &len, (const uint8_t(*)[HASH_LEN])hashes, LEAVES, i);
    buffer_clear(out);
    assert_int_equal(receipt_pack(out, leaves[i], i, salts[i], buffer_bytes(&records[i]),
                                  (const uint8_t(*)[HASH_LEN])path, len, BYTES(note, note_len)),
                     SLUIS_OK);
}

static void a_leaf_is_forty_bytes(void **state)
{
    (void)state;
    leaf l = {.version = 1, .klass = 2, .keep_until = 0x01020304}, back;
    uint8_t raw[LEAF_LEN];
    memset(l.commitment, 0xcc, HASH_LEN);
    leaf_encode(raw, &l);
    assert_memory_equal(raw, "\x01\x02\x00\x00\x01\x02\x03\x04\xcc", 9);
    assert_int_equal(leaf_decode(&back, raw), SLUIS_OK);
    assert_int_equal(back.klass, 2);
    assert_int_equal(back.keep_until, 0x01020304);
    assert_memory_equal(back.commitment, l.commitment, HASH_LEN);
    raw[3] = 1;
    assert_int_equal(leaf_decode(&back, raw), SLUIS_INVALID);
    raw[3] = 0;
    raw[0] = 2;
    assert_int_equal(leaf_decode(&back, raw), SLUIS_VERSION);
}

static void every_leaf_has_its_receipt(void **state)
{
    (void)state;
    buffer b;
    receipt_cache last = {.n = 0};
    buffer_init(&b, 1 << 16);
    for (size_t i = 0; i < LEAVES; i++) {
        receipt_facts facts;
        arena *a = arena_new(1 << 16);
        receipt_of(&b, i);
        assert_int_equal(receipt_verify(&facts, a, buffer_bytes(&b), LOG, (pubkeys[]){pubkeys_of(log_key.pk)},
                                        i % 2 ? &last : NULL, NULL),
                         SLUIS_OK);
        assert_int_equal(facts.index, i);
        assert_int_equal(facts.leaf.klass, 3);
        assert_int_equal(facts.cp.size, LEAVES);
        assert_string_equal(facts.cp.origin, LOG);
        assert_int_equal(facts.record->when, T0 + i);
        assert_string_equal(facts.record->from, OIN_GEM);
        arena_free(&a);
    }
    assert_int_equal(last.n, note_len);
    buffer_close(&b);
}

typedef struct {
    const char *what;
    sluis_err err;
    void (*edit)(Sluis__Receipt *r);
} forgery;

static uint8_t spare[64];

static void other_record(Sluis__Receipt *r)
{
    r->record = data_of(records[3].p, records[3].n);
}
static void other_salt(Sluis__Receipt *r)
{
    r->salt.data[0] ^= 1;
}
static void other_index(Sluis__Receipt *r)
{
    r->index++;
}
static void other_class(Sluis__Receipt *r)
{
    r->leaf.data[1]++;
}
static void other_term(Sluis__Receipt *r)
{
    r->leaf.data[7]++;
}
static void path_cut(Sluis__Receipt *r)
{
    r->n_path--;
}
static void path_changed(Sluis__Receipt *r)
{
    r->path[0].data[0] ^= 1;
}
static void path_narrow(Sluis__Receipt *r)
{
    r->path[0].len = 31;
}
static void leaf_short(Sluis__Receipt *r)
{
    r->leaf.len = 39;
}
static void leaf_later(Sluis__Receipt *r)
{
    r->leaf.data[0] = 2;
}
static void salt_short(Sluis__Receipt *r)
{
    r->salt = data_of(spare, 31);
}
static void note_changed(Sluis__Receipt *r)
{
    r->checkpoint.data[strlen(LOG) + 1] = '8';
}
static void note_none(Sluis__Receipt *r)
{
    r->checkpoint.len = 0;
}

static const forgery forgeries[] = {
    {"another record", SLUIS_BAD_COMMITMENT, other_record},
    {"another salt", SLUIS_BAD_COMMITMENT, other_salt},
    {"another index", SLUIS_INVALID, other_index},
    {"another class", SLUIS_INVALID, other_class},
    {"another term", SLUIS_INVALID, other_term},
    {"a path cut short", SLUIS_INVALID, path_cut},
    {"a path changed", SLUIS_INVALID, path_changed},
    {"a path of 31 bytes", SLUIS_INVALID, path_narrow},
    {"a leaf of 39 bytes", SLUIS_INVALID, leaf_short},
    {"a leaf of a later version", SLUIS_VERSION, leaf_later},
    {"a salt of 31 bytes", SLUIS_INVALID, salt_short},
    {"a checkpoint of another size", SLUIS_BAD_SIGNATURE, note_changed},
    {"no checkpoint", SLUIS_INVALID, note_none},
};

static void forged_receipts_are_refused(void **state)
{
    (void)state;
    buffer good, bad;
    receipt_cache last = {.n = 0};
    buffer_init(&good, 1 << 16);
    buffer_init(&bad, 1 << 16);
    receipt_of(&good, 2);
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        receipt_facts facts;
        ProtobufCMessage *m;
        arena *a = arena_new(1 << 18);
        assert_int_equal(receipt_verify(&facts, a, buffer_bytes(&good), LOG,
                                        (pubkeys[]){pubkeys_of(log_key.pk)}, &last, NULL),
                         SLUIS_OK);
        assert_int_equal(wire_unpack(&m, &sluis__receipt__descriptor, a, buffer_bytes(&good), NULL),
                         SLUIS_OK);
        forgeries[i].edit((Sluis__Receipt *)m);
        buffer_clear(&bad);
        assert_int_equal(wire_pack(&bad, m), SLUIS_OK);
        for (int cached = 0; cached < 2; cached++) {
            sluis_err err = receipt_verify(&facts, a, buffer_bytes(&bad), LOG,
                                           (pubkeys[]){pubkeys_of(log_key.pk)}, cached ? &last : NULL, NULL);
            if (err != forgeries[i].err)
                fail_msg("%s: %s", forgeries[i].what, error_token(err));
            assert_null(facts.record);
        }
        arena_free(&a);
    }
    buffer_close(&good);
    buffer_close(&bad);
}

static void another_log_key_or_name_is_refused(void **state)
{
    (void)state;
    buffer b;
    receipt_facts facts;
    keypair other;
    arena *a = arena_new(1 << 18);
    buffer_init(&b, 1 << 16);
    key_make(&other, USE_LOG, 78);
    receipt_of(&b, 0);
    assert_int_equal(
        receipt_verify(&facts, a, buffer_bytes(&b), LOG, (pubkeys[]){pubkeys_of(other.pk)}, NULL, NULL),
        SLUIS_UNKNOWN_KEY);
    assert_int_equal(receipt_verify(&facts, a, buffer_bytes(&b), "gem.test/journal/2",
                                    (pubkeys[]){pubkeys_of(log_key.pk)}, NULL, NULL),
                     SLUIS_UNKNOWN_KEY);
    for (size_t n = 0; n < b.n; n++)
        assert_int_not_equal(
            receipt_verify(&facts, a, BYTES(b.p, n), LOG, (pubkeys[]){pubkeys_of(log_key.pk)}, NULL, NULL),
            SLUIS_OK);
    keypair_close(&other);
    buffer_close(&b);
    arena_free(&a);
}

/* Leaf 2 in a tree of three leaves, as it was when the receipt was given, then under the checkpoint of all.
 */
static void a_receipt_is_renewed(void **state)
{
    (void)state;
    buffer old, proof, out;
    sluis_fail f = {0};
    char early[NOTE_MAX];
    size_t early_len, len;
    uint8_t path[MERKLE_MAX_PATH][HASH_LEN];
    checkpoint cp = {.origin = LOG, .size = 3};
    receipt_facts facts;
    arena *a = arena_new(1 << 16);
    buffer_init(&old, 1 << 16);
    buffer_init(&proof, 1 << 16);
    buffer_init(&out, 1 << 16);
    merkle_root(TREE_JOURNAL, cp.root, (const uint8_t(*)[HASH_LEN])hashes, 3);
    assert_int_equal(checkpoint_sign(early, sizeof early, &early_len, &cp, LOG, &log_key), SLUIS_OK);
    merkle_path(TREE_JOURNAL, path, &len, (const uint8_t(*)[HASH_LEN])hashes, 3, 2);
    assert_int_equal(receipt_pack(&old, leaves[2], 2, salts[2], buffer_bytes(&records[2]),
                                  (const uint8_t(*)[HASH_LEN])path, len, BYTES(early, early_len)),
                     SLUIS_OK);
    merkle_path(TREE_JOURNAL, path, &len, (const uint8_t(*)[HASH_LEN])hashes, LEAVES, 2);
    assert_int_equal(receipt_pack(&proof, leaves[2], 2, NULL, BYTES(NULL, 0),
                                  (const uint8_t(*)[HASH_LEN])path, len, BYTES(note, note_len)),
                     SLUIS_OK);
    assert_int_equal(
        receipt_verify(&facts, a, buffer_bytes(&proof), LOG, (pubkeys[]){pubkeys_of(log_key.pk)}, NULL, NULL),
        SLUIS_INVALID);
    assert_int_equal(receipt_renew(&out, buffer_bytes(&old), buffer_bytes(&proof), LOG,
                                   (pubkeys[]){pubkeys_of(log_key.pk)}, &f),
                     SLUIS_OK);
    assert_int_equal(
        receipt_verify(&facts, a, buffer_bytes(&out), LOG, (pubkeys[]){pubkeys_of(log_key.pk)}, NULL, NULL),
        SLUIS_OK);
    assert_int_equal(facts.index, 2);
    assert_int_equal(facts.cp.size, LEAVES);
    assert_int_equal(facts.record->when, T0 + 2);
    size_t n = out.n;
    receipt_of(&proof, 1); /* another entry's */
    assert_int_equal(receipt_renew(&out, buffer_bytes(&old), buffer_bytes(&proof), LOG,
                                   (pubkeys[]){pubkeys_of(log_key.pk)}, &f),
                     SLUIS_CONFLICT);
    merkle_path(TREE_JOURNAL, path, &len, (const uint8_t(*)[HASH_LEN])hashes, LEAVES,
                1); /* its leaf, another's path */
    buffer_clear(&proof);
    assert_int_equal(receipt_pack(&proof, leaves[2], 2, NULL, BYTES(NULL, 0),
                                  (const uint8_t(*)[HASH_LEN])path, len, BYTES(note, note_len)),
                     SLUIS_OK);
    fail_clear(&f);
    assert_int_equal(receipt_renew(&out, buffer_bytes(&old), buffer_bytes(&proof), LOG,
                                   (pubkeys[]){pubkeys_of(log_key.pk)}, &f),
                     SLUIS_INVALID);
    assert_int_equal(out.n, n); /* a failure appends nothing */
    buffer_close(&old);
    buffer_close(&proof);
    buffer_close(&out);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_is_forty_bytes),
        cmocka_unit_test(every_leaf_has_its_receipt),
        cmocka_unit_test(forged_receipts_are_refused),
        cmocka_unit_test(a_receipt_is_renewed),
        cmocka_unit_test(another_log_key_or_name_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
